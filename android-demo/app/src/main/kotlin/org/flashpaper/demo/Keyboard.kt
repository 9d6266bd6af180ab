package org.flashpaper.demo

import android.view.inputmethod.EditorInfo

/** Asks the keyboard to learn nothing of what is typed here, to suggest nothing, and not to show it outside of the app. */
fun EditorInfo.keepNothing() {
    imeOptions = imeOptions or EditorInfo.IME_FLAG_NO_PERSONALIZED_LEARNING or EditorInfo.IME_FLAG_NO_EXTRACT_UI
    inputType = inputType or EditorInfo.TYPE_TEXT_FLAG_NO_SUGGESTIONS
}
