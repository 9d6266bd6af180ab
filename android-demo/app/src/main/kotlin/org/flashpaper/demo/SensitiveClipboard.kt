package org.flashpaper.demo

import android.content.ClipData
import android.content.ClipDescription
import android.content.ClipboardManager
import android.content.Context
import android.os.Build
import android.os.Handler
import android.os.Looper
import android.os.PersistableBundle

/**
 * A clipboard that forgets: keyboards and Android's own preview do not show what is on it, and after a minute it is taken away.
 */
class SensitiveClipboard(context: Context) {
    private val clipboard = context.service<ClipboardManager>()
    private val handler = Handler(Looper.getMainLooper())
    private var holds = false

    fun copy(text: String) {
        val clip = ClipData.newPlainText("", text)
        clip.description.extras = PersistableBundle().apply { putBoolean(SENSITIVE, true) }
        clipboard.setPrimaryClip(clip)
        holds = true
        handler.removeCallbacksAndMessages(null)
        handler.postDelayed(::clear, KEPT)
    }

    /**
     * Another app's text may be there by now. Android lets nobody read the clipboard in the background, so that the app cannot
     * tell; it remembers only that it has put something there.
     */
    fun clear() {
        if (!holds) return
        holds = false
        handler.removeCallbacksAndMessages(null)
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) clipboard.clearPrimaryClip() else clipboard.setPrimaryClip(ClipData.newPlainText("", ""))
    }

    private companion object {
        /** Known to keyboards before Android 13, too, by this name. */
        val SENSITIVE = if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) ClipDescription.EXTRA_IS_SENSITIVE else "android.content.extra.IS_SENSITIVE"

        /** Milliseconds. */
        const val KEPT = 60_000L
    }
}
