package org.flashpaper.demo.ui

import androidx.compose.runtime.Composable
import androidx.compose.runtime.staticCompositionLocalOf
import java.text.NumberFormat
import java.util.Locale
import org.flashpaper.demo.Arg
import org.flashpaper.demo.Moment
import org.flashpaper.demo.Number
import org.flashpaper.demo.Text
import org.flashpaper.demo.TextKey
import org.flashpaper.demo.Verbatim

/** Makes words of a model's texts, in one language: from the app's strings, and with times as the device writes them. */
class Wording(private val locale: Locale, private val string: (TextKey) -> String, private val time: (Moment) -> String) {
    fun say(arg: Arg): String = when (arg) {
        is Text -> string(arg.key).format(locale, *arg.args.map { inSentence(it) }.toTypedArray())
        is Verbatim -> arg.text
        is Number -> NumberFormat.getIntegerInstance(locale).format(arg.value)
        is Moment -> time(arg)
    }

    // An address within a Persian sentence would otherwise take the sentence's full stop to its left side.
    private fun inSentence(arg: Arg): String = if (arg is Verbatim) "$ISOLATE${arg.text}$END" else say(arg)

    private companion object {
        const val ISOLATE = '\u2068'
        const val END = '\u2069'
    }
}

/** The language of the screens below. */
val LocalWording = staticCompositionLocalOf<Wording> { error("no language") }

@Composable
internal fun words(arg: Arg): String = LocalWording.current.say(arg)

@Composable
internal fun words(key: TextKey): String = words(Text(key))
