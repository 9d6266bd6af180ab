package org.flashpaper.demo.ui

import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Tab
import androidx.compose.material3.TabRow
import androidx.compose.runtime.Composable
import org.flashpaper.demo.Asked
import org.flashpaper.demo.Mark
import org.flashpaper.demo.Sign
import org.flashpaper.demo.Text
import org.flashpaper.demo.TextKey
import org.flashpaper.demo.Tone
import org.flashpaper.demo.VerifyActions
import org.flashpaper.demo.VerifyState
import org.flashpaper.demo.VerifyWay
import org.flashpaper.demo.ui.design.Banner
import org.flashpaper.demo.ui.design.Body
import org.flashpaper.demo.ui.design.Digits
import org.flashpaper.demo.ui.design.Entry
import org.flashpaper.demo.ui.design.Frame
import org.flashpaper.demo.ui.design.Kind
import org.flashpaper.demo.ui.design.Note
import org.flashpaper.demo.ui.design.Page
import org.flashpaper.demo.ui.design.Say
import org.flashpaper.demo.ui.design.SignCard
import org.flashpaper.demo.ui.design.Vectors
import org.flashpaper.demo.ui.design.Weight
import org.flashpaper.demo.ui.design.WideAct

/** Shows that a contact is who they say: by a secret, or by the digits of both keys. */
@Composable
fun VerifyScreen(frame: Frame, state: VerifyState, actions: VerifyActions) {
    Page(frame, state.name, state.badge, note = state.note, dismiss = actions::dismiss) {
        Banner(state.lock)
        if (state.ways.isNotEmpty()) {
            TabRow(state.ways.indexOfFirst { it.chosen }.coerceAtLeast(0)) {
                state.ways.forEach { way ->
                    Tab(
                        way.chosen,
                        { actions.choose(way.value) },
                        unselectedContentColor = MaterialTheme.colorScheme.onSurfaceVariant,
                        text = { Say(way.text, style = MaterialTheme.typography.titleSmall) },
                    )
                }
            }
        }
        Body {
            Say(Text(TextKey.VERIFY_TITLE), style = MaterialTheme.typography.headlineSmall)
            Note(state.explanation)
            state.result?.let { SignCard(it, state.resultText) }
            when (state.ways.firstOrNull { it.chosen }?.value) {
                VerifyWay.DIGITS -> ByDigits(state, actions)
                else -> BySecret(state, actions)
            }
        }
    }
}

@Composable
private fun ColumnScope.BySecret(state: VerifyState, actions: VerifyActions) {
    when (val asked = state.asked) {
        null -> Entry(state.question, Text(TextKey.VERIFY_QUESTION_FIELD), Kind.LINE, actions::writeQuestion)
        else -> Question(asked)
    }
    Entry(state.secret, Text(TextKey.VERIFY_SECRET_FIELD), Kind.LINE, actions::writeSecret)
    WideAct(words(state.button), actions::compare, enabled = state.canCompare, icon = Vectors.shield)
    state.waits?.let { Busy(words(it)) }
    if (state.canAbort) WideAct(words(TextKey.VERIFY_STOP), actions::abort, Weight.TEXT)
}

@Composable
private fun Question(asked: Asked) {
    when (val question = asked.question) {
        null -> Note(Text(TextKey.VERIFY_ASKED_NOTHING))
        else -> SignCard(Sign(Mark.INFO, Text(TextKey.VERIFY_ASKED), Tone.CALM), question)
    }
}

@Composable
private fun ColumnScope.ByDigits(state: VerifyState, actions: VerifyActions) {
    val theirs = Text(TextKey.VERIFY_THEIRS, state.name)
    state.own?.let { Digits(Text(TextKey.VERIFY_OWN), it) }
    when (val digits = state.theirs) {
        null -> SignCard(Sign(Mark.INFO, theirs, Tone.QUIET), Text(TextKey.VERIFY_THEIRS_NONE))
        else -> Digits(theirs, digits)
    }
    if (state.canConfirmDigits) WideAct(words(TextKey.VERIFY_CONFIRM), actions::confirmDigits, icon = Vectors.shield)
    if (state.canTakeBack) WideAct(words(TextKey.VERIFY_TAKE_BACK), actions::takeBack, Weight.SECOND, tone = Tone.DANGER)
}
