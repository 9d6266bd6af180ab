package org.flashpaper.demo.ui

import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.material3.MaterialTheme
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import org.flashpaper.demo.CreatingActions
import org.flashpaper.demo.CreatingState
import org.flashpaper.demo.PageState
import org.flashpaper.demo.Sign
import org.flashpaper.demo.Text
import org.flashpaper.demo.TextKey
import org.flashpaper.demo.ui.design.Act
import org.flashpaper.demo.ui.design.Body
import org.flashpaper.demo.ui.design.Frame
import org.flashpaper.demo.ui.design.Group
import org.flashpaper.demo.ui.design.Note
import org.flashpaper.demo.ui.design.Page
import org.flashpaper.demo.ui.design.ProblemCard
import org.flashpaper.demo.ui.design.Say
import org.flashpaper.demo.ui.design.SignLine
import org.flashpaper.demo.ui.design.Vectors
import org.flashpaper.demo.ui.design.Weight
import org.flashpaper.demo.ui.design.WideAct

/** A burner that is being made: each step, and what a server asks. */
@Composable
fun CreatingScreen(frame: Frame, state: CreatingState, actions: CreatingActions) {
    val bottom = @Composable {
        Foot {
            if (state.canRetry) WideAct(words(TextKey.RETRY), actions::retry)
            WideAct(words(TextKey.CANCEL), actions::cancel, Weight.TEXT)
        }
    }
    Page(frame, Text(TextKey.CREATING_TITLE), bottom = bottom) {
        Body {
            Say(
                state.title,
                Modifier.semantics { liveRegion = LiveRegionMode.Polite },
                MaterialTheme.typography.headlineSmall,
            )
            // Where nobody can tell how far it is the bar only moves.
            when (val fraction = state.fraction) {
                null -> if (state.problem == null) LinearProgressIndicator(Modifier.fillMaxWidth())
                else -> LinearProgressIndicator(fraction, Modifier.fillMaxWidth())
            }
            state.problem?.let { ProblemCard(it, actions::retry) }
            state.page?.let { WebPage(it) }
            state.question?.let { QuestionCard(it, actions) }
            state.serverSays?.let {
                Note(Text(TextKey.CREATING_SERVER_SAYS))
                Say(it, style = MaterialTheme.typography.bodyLarge)
            }
            Steps(state.steps)
        }
    }
}

/** What is done, one below the other. */
@Composable
internal fun Steps(steps: List<Sign>) {
    if (steps.isEmpty()) return
    Group {
        steps.forEach {
            Box(Modifier.padding(horizontal = 16.dp, vertical = 8.dp)) {
                SignLine(it, MaterialTheme.typography.bodyLarge)
            }
        }
    }
}

/** A page that is not opened here: the browser would not go through Tor. */
@Composable
private fun WebPage(page: PageState) {
    val device = LocalDevice.current
    Note(Text(TextKey.CREATING_PAGE))
    Say(page.address, style = MaterialTheme.typography.bodyLarge)
    Note(page.warning)
    Act(words(TextKey.COPY), { device.copy(page.address.text) }, Weight.SECOND, icon = Vectors.copy)
}
