package org.flashpaper.demo.ui

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.MaterialTheme
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.dp
import org.flashpaper.demo.PanicActions
import org.flashpaper.demo.PanicState
import org.flashpaper.demo.Text
import org.flashpaper.demo.TextKey
import org.flashpaper.demo.UnlockActions
import org.flashpaper.demo.UnlockState
import org.flashpaper.demo.ui.design.Body
import org.flashpaper.demo.ui.design.Entry
import org.flashpaper.demo.ui.design.Frame
import org.flashpaper.demo.ui.design.Kind
import org.flashpaper.demo.ui.design.Page
import org.flashpaper.demo.ui.design.ProblemCard
import org.flashpaper.demo.ui.design.Say
import org.flashpaper.demo.ui.design.SignCard
import org.flashpaper.demo.ui.design.Slide
import org.flashpaper.demo.ui.design.Vectors
import org.flashpaper.demo.ui.design.WideAct

/** Ends everything on this device: the second touch, a slide. */
@Composable
fun PanicScreen(frame: Frame, state: PanicState, actions: PanicActions) {
    val bottom = @Composable {
        Foot {
            if (state.canClose) {
                WideAct(words(TextKey.CLOSE), actions::close)
            } else {
                Slide(
                    words(TextKey.PANIC_SLIDE), state.slid, state.canSlide, actions::slide, actions::letGo,
                    words(state.action), actions::withoutSliding,
                )
            }
        }
    }
    Page(frame, Text(TextKey.PANIC), bottom = bottom) {
        Body {
            state.done?.let { SignCard(it, null) }
            state.problem?.let { ProblemCard(it, actions::retry) }
            if (!state.canClose) {
                Say(Text(TextKey.PANIC_TITLE), style = MaterialTheme.typography.headlineSmall)
                Say(state.explanation, style = MaterialTheme.typography.bodyLarge)
            }
        }
    }
}

/** The store is locked. */
@Composable
fun UnlockScreen(frame: Frame, state: UnlockState, actions: UnlockActions) {
    val bottom = @Composable {
        Foot {
            if (state.isBusy) Busy(words(TextKey.UNLOCK_BUSY))
            WideAct(words(TextKey.UNLOCK_BUTTON), actions::unlock, icon = Vectors.key, enabled = state.canUnlock)
        }
    }
    Page(frame, Text(TextKey.APP_NAME), bottom = bottom) {
        Body {
            Column(Modifier.fillMaxWidth().padding(vertical = 24.dp), Arrangement.spacedBy(12.dp), Alignment.CenterHorizontally) {
                Emblem(Vectors.lock)
                Say(Text(TextKey.UNLOCK_TITLE), style = MaterialTheme.typography.headlineSmall, align = TextAlign.Center)
                Say(state.explanation, style = MaterialTheme.typography.bodyLarge, align = TextAlign.Center)
            }
            state.passphrase?.let { Entry(it, Text(TextKey.UNLOCK_FIELD), Kind.PASSPHRASE, actions::writePassphrase) }
            state.problem?.let { ProblemCard(it, actions::unlock) }
        }
    }
}
