package org.flashpaper.demo.ui.design

import androidx.compose.material3.LocalTextStyle
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.platform.LocalDensity
import androidx.compose.ui.text.TextLayoutResult
import androidx.compose.ui.text.TextStyle
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.text.style.TextDirection
import org.flashpaper.demo.Arg
import org.flashpaper.demo.Verbatim
import org.flashpaper.demo.ui.words

/** Words of the app. Where a word is wider than the place it gets smaller letters: it is never broken. */
@Composable
internal fun Say(
    text: String,
    modifier: Modifier = Modifier,
    style: TextStyle = LocalTextStyle.current,
    color: Color = Color.Unspecified,
    align: TextAlign? = null,
) {
    var size by remember(text, style) { mutableStateOf(1f) }
    Text(
        text,
        modifier,
        color,
        textAlign = align,
        style = style.copy(fontSize = style.fontSize * size, lineHeight = style.lineHeight * size),
        onTextLayout = { if (size > SMALLEST && breaksWord(it)) size *= SMALLER },
    )
}

@Composable
internal fun Say(
    text: Arg,
    modifier: Modifier = Modifier,
    style: TextStyle = LocalTextStyle.current,
    color: Color = Color.Unspecified,
    align: TextAlign? = null,
) {
    if (text is Verbatim) {
        // In the direction of its letters: an address that goes on in the next line is not turned by a Persian screen.
        Say(breakable(text.text), modifier, style.copy(textDirection = TextDirection.Content), color, align)
    } else {
        Say(words(text), modifier, style, color, align)
    }
}

/** The user has asked Android for letters that need another arrangement. */
@Composable
internal fun isLargeText(): Boolean = LocalDensity.current.fontScale >= LARGE

private fun breaksWord(layout: TextLayoutResult): Boolean {
    val text = layout.layoutInput.text
    return (0 until layout.lineCount - 1).any {
        val end = layout.getLineEnd(it)
        end in 1 until text.length && text[end - 1].isLetterOrDigit() && text[end].isLetterOrDigit()
    }
}

/** An address may go on in the next line behind its signs. */
private fun breakable(address: String): String = address.replace(Regex("""(?<=[@/])(?=\w)"""), "\u200b")

private const val LARGE = 1.5f
private const val SMALLER = 0.92f
private const val SMALLEST = 0.4f
