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
import org.flashpaper.demo.BurnActions
import org.flashpaper.demo.BurnReportActions
import org.flashpaper.demo.BurnReportState
import org.flashpaper.demo.BurnState
import org.flashpaper.demo.Text
import org.flashpaper.demo.TextKey
import org.flashpaper.demo.ui.design.Body
import org.flashpaper.demo.ui.design.Frame
import org.flashpaper.demo.ui.design.HoldButton
import org.flashpaper.demo.ui.design.Note
import org.flashpaper.demo.ui.design.Page
import org.flashpaper.demo.ui.design.Portrait
import org.flashpaper.demo.ui.design.Say
import org.flashpaper.demo.ui.design.SignCard
import org.flashpaper.demo.ui.design.Weight
import org.flashpaper.demo.ui.design.WideAct

/** Burns a burner: a button to be held. */
@Composable
fun BurnScreen(frame: Frame, state: BurnState, actions: BurnActions) {
    val bottom = @Composable {
        Foot {
            if (state.isBurning) {
                Busy(words(TextKey.BURN_BUSY))
            } else {
                HoldButton(
                    words(state.button), state.held, state.canHold, actions::holdStarted, actions::holdEnded,
                    words(state.action), actions::burnWithoutHolding,
                )
            }
        }
    }
    Page(frame, Text(TextKey.BURN_TITLE), state.badge, bottom = bottom) {
        Body {
            Column(Modifier.fillMaxWidth().padding(vertical = 16.dp), Arrangement.spacedBy(12.dp), Alignment.CenterHorizontally) {
                Portrait(state.badge, 72.dp)
                Say(state.address, style = MaterialTheme.typography.titleLarge, align = TextAlign.Center)
            }
            Say(state.explanation, style = MaterialTheme.typography.bodyLarge)
            state.problem?.let { SignCard(it.sign, it.advice) }
            Steps(state.steps)
        }
    }
}

/** How a burn went. */
@Composable
fun BurnReportScreen(frame: Frame, state: BurnReportState, actions: BurnReportActions) {
    val bottom = @Composable {
        Foot {
            if (state.isBusy) Busy(words(TextKey.BURN_BUSY))
            if (state.canRetry) WideAct(words(TextKey.REPORT_RETRY), actions::retry, Weight.SECOND, enabled = !state.isBusy)
            WideAct(words(TextKey.CLOSE), actions::close)
        }
    }
    Page(frame, Text(TextKey.REPORT_TITLE), state.badge, bottom = bottom, speaks = TextKey.BURNER_SPOKE) {
        Body {
            SignCard(state.sign, state.explanation)
            state.reason?.let { Note(it) }
        }
    }
}
