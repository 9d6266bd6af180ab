package org.flashpaper.demo

import android.Manifest.permission.POST_NOTIFICATIONS
import android.app.Activity
import android.content.Intent
import android.os.Build
import androidx.compose.ui.graphics.ImageBitmap
import kotlinx.coroutines.flow.StateFlow
import org.flashpaper.demo.ui.Device

/** What the screens need of Android. [decode] makes a picture of a file: that is Compose's own, and not the framework's. */
class AndroidDevice(private val activity: Activity, private val decode: (ByteArray) -> ImageBitmap?) : Device {
    private val app = activity.application as DemoApplication

    override val settings: StateFlow<DeviceSettings> get() = app.platform.settings

    override fun copy(text: String) = app.clipboard.copy(text)

    override fun share(text: String) {
        val send = Intent(Intent.ACTION_SEND).setType("text/plain").putExtra(Intent.EXTRA_TEXT, text)
        activity.startActivity(Intent.createChooser(send, null))
    }

    override fun scan(found: (String) -> Unit) {
        app.scanned = found
        activity.startActivity(Intent(activity, ScanActivity::class.java))
    }

    override fun picture(file: ByteArray): ImageBitmap? = decode(file)

    override fun stayConnected(on: Boolean) {
        app.platform.staysConnected = on
        val service = Intent(activity, StayConnected::class.java)
        if (on) {
            // Refused, the service runs all the same, and nothing tells of new texts.
            if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) activity.requestPermissions(arrayOf(POST_NOTIFICATIONS), 0)
            activity.startForegroundService(service)
        } else {
            activity.stopService(service)
        }
    }

    override fun forgetTrigger() = app.platform.triggers.forget()
}
