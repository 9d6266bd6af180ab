package org.flashpaper.demo.ui

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.unit.dp
import org.flashpaper.demo.Mark
import org.flashpaper.demo.Number
import org.flashpaper.demo.Sign
import org.flashpaper.demo.Text
import org.flashpaper.demo.TextKey
import org.flashpaper.demo.Tone
import org.flashpaper.demo.Verbatim
import org.flashpaper.demo.WordsActions
import org.flashpaper.demo.WordsState
import org.flashpaper.demo.ui.design.Ask
import org.flashpaper.demo.ui.design.Body
import org.flashpaper.demo.ui.design.Frame
import org.flashpaper.demo.ui.design.Note
import org.flashpaper.demo.ui.design.Page
import org.flashpaper.demo.ui.design.Say
import org.flashpaper.demo.ui.design.SignCard
import org.flashpaper.demo.ui.design.Vectors
import org.flashpaper.demo.ui.design.Weight
import org.flashpaper.demo.ui.design.WideAct
import org.flashpaper.demo.ui.design.isLargeText

/** A burner's recovery words, shown once. */
@Composable
fun WordsScreen(frame: Frame, state: WordsState, actions: WordsActions) {
    val bottom = @Composable {
        Foot {
            if (state.canShow) WideAct(words(TextKey.WORDS_SHOW), actions::show, icon = Vectors.words)
            if (state.canFinish) WideAct(words(TextKey.WORDS_FINISH), actions::finish)
            if (state.canDecline) WideAct(words(TextKey.WORDS_DECLINE), actions::decline, Weight.TEXT)
        }
    }
    Page(frame, Text(TextKey.WORDS_TITLE), state.badge, note = state.note, dismiss = actions::dismiss, bottom = bottom) {
        Body {
            when (val gone = state.gone) {
                null -> {
                    Note(Text(TextKey.WORDS_EXPLANATION))
                    SignCard(Sign(Mark.WARNING, Text(TextKey.WORDS_WARNING), Tone.CAUTION), null)
                    state.words?.let { Twelve(it) }
                    Say(Text(TextKey.WORDS_SERVER, state.server), style = MaterialTheme.typography.titleMedium)
                }
                else -> Note(gone)
            }
        }
    }
    state.confirmation?.let { Ask(frame, it, actions::confirm, actions::cancel) }
}

/** In two columns, each read from above; large letters take one. */
@Composable
private fun Twelve(words: List<Verbatim>) {
    Surface(Modifier.fillMaxWidth(), MaterialTheme.shapes.medium, tonalElevation = 3.dp) {
        Row(Modifier.padding(16.dp), Arrangement.spacedBy(16.dp)) {
            val columns = if (isLargeText()) 1 else 2
            words.withIndex().chunked(words.size / columns).forEach { column ->
                Column(Modifier.weight(1f), Arrangement.spacedBy(12.dp)) {
                    column.forEach { (index, word) ->
                        Say(Text(TextKey.WORDS_WORD, Number(index + 1), word), style = MaterialTheme.typography.titleMedium)
                    }
                }
            }
        }
    }
}
