package org.flashpaper.demo.ui

import androidx.compose.runtime.Composable
import org.flashpaper.demo.RestoreActions
import org.flashpaper.demo.RestoreState
import org.flashpaper.demo.Text
import org.flashpaper.demo.TextKey
import org.flashpaper.demo.ui.design.Body
import org.flashpaper.demo.ui.design.Entry
import org.flashpaper.demo.ui.design.Frame
import org.flashpaper.demo.ui.design.Kind
import org.flashpaper.demo.ui.design.Note
import org.flashpaper.demo.ui.design.Page
import org.flashpaper.demo.ui.design.ProblemCard
import org.flashpaper.demo.ui.design.Weight
import org.flashpaper.demo.ui.design.WideAct

/** Brings a burner back from its words. */
@Composable
fun RestoreScreen(frame: Frame, state: RestoreState, actions: RestoreActions) {
    val bottom = @Composable {
        Foot {
            WideAct(words(TextKey.RESTORE_BUTTON), actions::restore, enabled = state.canRestore)
            if (state.isBusy) WideAct(words(TextKey.CANCEL), actions::cancel, Weight.TEXT)
        }
    }
    Page(frame, Text(TextKey.RESTORE_TITLE), bottom = bottom) {
        Body {
            Note(Text(TextKey.RESTORE_EXPLANATION))
            Entry(state.words, Text(TextKey.RESTORE_WORDS), Kind.LINES, actions::writeWords)
            Entry(state.server, Text(TextKey.RESTORE_SERVER), Kind.ADDRESS, actions::writeServer)
            state.first?.let { Note(it) }
            state.step?.let { Busy(words(it)) }
            state.problem?.let { ProblemCard(it, actions::restore) }
        }
    }
}
