package org.flashpaper.demo

import android.os.Bundle
import android.view.inputmethod.EditorInfo
import androidx.activity.ComponentActivity
import androidx.activity.compose.BackHandler
import androidx.activity.compose.setContent
import androidx.activity.enableEdgeToEdge
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.runtime.collectAsState
import androidx.compose.runtime.getValue
import androidx.compose.ui.ExperimentalComposeUiApi
import androidx.compose.ui.graphics.asImageBitmap
import androidx.compose.ui.platform.InterceptPlatformTextInput
import androidx.compose.ui.platform.PlatformTextInputMethodRequest
import org.flashpaper.demo.ui.App
import org.flashpaper.demo.ui.LocalDevice
import org.flashpaper.demo.ui.LocalWording
import org.flashpaper.demo.ui.design.FlashpaperTheme

/** The one activity that shows Compose. It needs AndroidX, so that it is only read here: all that it can leave to others is there. */
class MainActivity : ComponentActivity() {
    private val app get() = application as DemoApplication

    @OptIn(ExperimentalComposeUiApi::class)
    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        // What Android 15 does by itself, on older ones too; the screens keep clear of the system's bars.
        enableEdgeToEdge()
        val device = AndroidDevice(this) { bitmap(it)?.asImageBitmap() }
        setContent {
            val state by app.model.state.collectAsState()
            BackHandler(state.canGoBack) { app.model.back() }
            InterceptPlatformTextInput({ request, next -> next.startInputMethod(Quiet(request)) }) {
                CompositionLocalProvider(LocalWording provides wording(this), LocalDevice provides device) {
                    FlashpaperTheme { App(app.model) }
                }
            }
        }
    }

    override fun onUserInteraction() = app.model.touch()

    private class Quiet(private val request: PlatformTextInputMethodRequest) : PlatformTextInputMethodRequest {
        override fun createInputConnection(outAttributes: EditorInfo) =
            request.createInputConnection(outAttributes).also { outAttributes.keepNothing() }
    }
}
