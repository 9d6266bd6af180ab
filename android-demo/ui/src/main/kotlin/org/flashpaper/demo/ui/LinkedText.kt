package org.flashpaper.demo.ui

import androidx.compose.foundation.gestures.detectTapGestures
import androidx.compose.material3.LocalContentColor
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.input.pointer.pointerInput
import androidx.compose.ui.semantics.CustomAccessibilityAction
import androidx.compose.ui.semantics.customActions
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.SpanStyle
import androidx.compose.ui.text.TextLayoutResult
import androidx.compose.ui.text.buildAnnotatedString
import androidx.compose.ui.text.style.TextDecoration
import androidx.compose.ui.text.style.TextDirection
import org.flashpaper.demo.Bubble

/**
 * A text that somebody has written. Its links are underlined; a touch on one is told, and opens nothing by itself. A long touch is
 * one of the bubble.
 */
@Composable
internal fun LinkedText(bubble: Bubble, touch: (String) -> Unit, touchLong: () -> Unit) {
    // Each text has its own direction, whatever the language of the app.
    val style = MaterialTheme.typography.bodyLarge.copy(color = LocalContentColor.current, textDirection = TextDirection.Content)
    val text = bubble.text.text
    if (bubble.links.isEmpty()) return Text(text, style = style)
    var layout by remember { mutableStateOf<TextLayoutResult?>(null) }
    Text(
        buildAnnotatedString {
            append(text)
            bubble.links.forEach { addStyle(SpanStyle(textDecoration = TextDecoration.Underline), it.first, it.last + 1) }
        },
        // A finger finds a link by its place, a screen reader by its name.
        Modifier.pointerInput(bubble) {
            detectTapGestures(onLongPress = { touchLong() }) { at ->
                val place = layout?.getOffsetForPosition(at)
                bubble.links.firstOrNull { place in it }?.let { touch(text.substring(it)) }
            }
        }.semantics {
            customActions = bubble.links.map { text.substring(it) }.map { link ->
                CustomAccessibilityAction(link) {
                    touch(link)
                    true
                }
            }
        },
        style = style,
        onTextLayout = { layout = it },
    )
}
