// Panic from another app, by the convention of Guardian Project's PanicKit. Its signals start activities, as Android then tells for
// sure which app has sent one: of a broadcast nobody can tell.

package org.flashpaper.demo

import android.app.Activity
import android.app.AlertDialog
import android.os.Bundle
import kotlinx.coroutines.launch
import org.flashpaper.FlashpaperException

/** Somebody has pressed a panic button. The connected app's deletes everything; any other locks the app. Nothing is shown. */
class TriggerActivity : Activity() {
    private val app get() = application as DemoApplication

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        if (intent.action == TRIGGER) respond()
        finishAndRemoveTask()
    }

    private fun respond() {
        if (app.platform.triggers.isConnected(callingPackage)) {
            app.panic()
        } else {
            app.scope.launch {
                try {
                    app.platform.library.value?.lock()
                } catch (_: FlashpaperException) {
                    // It is locked or closed already.
                }
            }
        }
    }

    companion object {
        const val TRIGGER = "info.guardianproject.panic.action.TRIGGER"
    }
}

/** An app wants its panic button to delete everything here, or not any more. Only the user connects one. */
class ConnectTriggerActivity : Activity() {
    private val triggers get() = (application as DemoApplication).platform.triggers

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        val sender = callingPackage
        when {
            sender == null -> finish()
            intent.action == DISCONNECT -> {
                if (triggers.isConnected(sender)) triggers.forget()
                finish()
            }
            intent.action == CONNECT -> ask(sender)
            else -> finish()
        }
    }

    private fun ask(sender: String) {
        val name = packageManager.getApplicationInfo(sender, 0).loadLabel(packageManager)
        AlertDialog.Builder(this)
            .setTitle(name)
            .setMessage(R.string.trigger_connect)
            .setPositiveButton(R.string.trigger_yes) { _, _ -> decide(sender) }
            .setNegativeButton(R.string.trigger_no) { _, _ -> decide(null) }
            .setOnCancelListener { decide(null) }
            .show()
    }

    private fun decide(sender: String?) {
        sender?.let(triggers::connect)
        setResult(if (sender == null) RESULT_CANCELED else RESULT_OK)
        finish()
    }

    companion object {
        const val CONNECT = "info.guardianproject.panic.action.CONNECT"
        const val DISCONNECT = "info.guardianproject.panic.action.DISCONNECT"
    }
}
