package org.flashpaper.demo

import android.graphics.BitmapFactory
import android.os.Bundle
import androidx.activity.ComponentActivity
import androidx.activity.compose.BackHandler
import androidx.activity.compose.setContent
import androidx.activity.enableEdgeToEdge
import androidx.compose.runtime.collectAsState
import androidx.compose.runtime.getValue
import androidx.compose.ui.graphics.asImageBitmap
import org.flashpaper.demo.ui.BurnersScreen
import org.flashpaper.demo.ui.ConversationsScreen

/** The one activity: it puts the screens around the models. */
class MainActivity : ComponentActivity() {
    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        // What Android 15 does by itself, on older ones too; the screen keeps clear of the system's bars.
        enableEdgeToEdge()
        val model = (application as DemoApplication).model
        model.start()
        setContent {
            val open by model.conversations.collectAsState()
            BackHandler(open != null) { open?.let { if (it.state.value.chat != null) it.leave() else model.leave() } }
            when (val conversations = open) {
                null -> {
                    val state by model.state.collectAsState()
                    BurnersScreen(state, model) { BitmapFactory.decodeByteArray(it.bytes, 0, it.bytes.size)?.asImageBitmap() }
                }
                else -> {
                    val state by conversations.state.collectAsState()
                    ConversationsScreen(state, conversations, model::leave)
                }
            }
        }
    }
}
