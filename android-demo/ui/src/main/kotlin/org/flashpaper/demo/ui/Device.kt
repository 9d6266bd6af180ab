package org.flashpaper.demo.ui

import androidx.compose.runtime.staticCompositionLocalOf
import androidx.compose.ui.graphics.ImageBitmap
import kotlinx.coroutines.flow.StateFlow
import org.flashpaper.demo.DeviceSettings

/** What only the device can do for a screen. */
interface Device {
    val settings: StateFlow<DeviceSettings>

    /** Puts a text on the clipboard, marked as sensitive, and takes it away after a while. */
    fun copy(text: String)

    /** Hands a text to an app that the user chooses. */
    fun share(text: String)

    /** Looks for a QR code with the camera, after the user has allowed it. */
    fun scan(found: (String) -> Unit)

    /** A picture that a server has sent, as a file; null where it is none. */
    fun picture(file: ByteArray): ImageBitmap?

    /** Whether connections are kept while the app is not in front. */
    fun stayConnected(on: Boolean)

    /** The panic button of another app does no more than lock this one. */
    fun forgetTrigger()
}

val LocalDevice = staticCompositionLocalOf<Device> { error("no device") }
