package org.flashpaper.demo.ui

import androidx.compose.foundation.isSystemInDarkTheme
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.material.Button
import androidx.compose.material.LinearProgressIndicator
import androidx.compose.material.MaterialTheme
import androidx.compose.material.OutlinedButton
import androidx.compose.material.Surface
import androidx.compose.material.Text
import androidx.compose.material.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.ImageBitmap
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import org.flashpaper.BurnerState
import org.flashpaper.Phase
import org.flashpaper.Picture
import org.flashpaper.Step
import org.flashpaper.demo.BurnersActions
import org.flashpaper.demo.BurnersState
import org.flashpaper.demo.Notice
import org.flashpaper.demo.TorState
import org.flashpaper.demo.Work

/**
 * The first screen: one button that makes a burner, and what happens. It only reads the state and calls the actions.
 *
 * @param decode reads a picture of a server's question, as the platform does; it has at most 2048 pixels a side.
 */
@Composable
fun BurnersScreen(
    state: BurnersState,
    actions: BurnersActions,
    dark: Boolean = isSystemInDarkTheme(),
    decode: (Picture) -> ImageBitmap?,
) {
    Page("Flashpaper", dark) {
        if (state.privateNetwork) Warning("Test network: nothing here is private")
        words(state.vault).forEach { Warning(it) }
        Tor(state.tor, actions)
        WorkInHand(state, actions)
        state.question?.let { QuestionCard(it, actions, decode) }
        state.notice?.let { NoticeCard(it, actions) }
        Burners(state, actions)
    }
}

@Composable
private fun Warning(text: String) {
    Surface(Modifier.fillMaxWidth(), color = MaterialTheme.colors.error) {
        Text(text, Modifier.padding(12.dp))
    }
}

@Composable
private fun Tor(tor: TorState, actions: BurnersActions) {
    Column(Modifier.fillMaxWidth(), verticalArrangement = Arrangement.spacedBy(8.dp)) {
        when (tor) {
            TorState.Off -> OutlinedButton(actions::start) { Text("Connect to Tor") }
            is TorState.Connecting -> {
                Text("Connecting to Tor: ${(tor.fraction * 100).toInt()} %")
                LinearProgressIndicator(tor.fraction, Modifier.fillMaxWidth())
            }
            TorState.Ready -> Text("Connected to Tor")
            is TorState.Blocked -> {
                Text(words(tor.error), color = MaterialTheme.colors.error)
                if (tor.canRetry) OutlinedButton(actions::start) { Text("Try again") }
            }
        }
    }
}

@Composable
private fun WorkInHand(state: BurnersState, actions: BurnersActions) {
    when (val work = state.work) {
        Work.Idle -> Button(actions::create, Modifier.fillMaxWidth(), enabled = state.canCreate) { Text("New burner") }
        is Work.Creating -> {
            Steps("Making a burner", work.steps)
            OutlinedButton(actions::cancel, Modifier.fillMaxWidth()) { Text("Cancel") }
        }
        is Work.Burning -> Steps("Burning", work.steps)
    }
}

@Composable
private fun Steps(title: String, steps: List<Step>) {
    Column(
        Modifier.fillMaxWidth().semantics { liveRegion = LiveRegionMode.Polite },
        verticalArrangement = Arrangement.spacedBy(4.dp),
    ) {
        Text(title, style = MaterialTheme.typography.subtitle1)
        LinearProgressIndicator(Modifier.fillMaxWidth())
        steps.forEach { Text("✓ ${words(it)}") }
    }
}

@Composable
private fun NoticeCard(notice: Notice, actions: BurnersActions) {
    val text = when (notice) {
        is Notice.Failed -> words(notice.error)
        is Notice.Burned -> words(notice.outcome)
    }
    Told(text, actions::dismiss)
}

@Composable
private fun Burners(state: BurnersState, actions: BurnersActions) {
    Text("Burners", Modifier.semantics { heading() }, style = MaterialTheme.typography.h6)
    if (state.burners.isEmpty()) Text("None yet")
    val canBurn = state.tor == TorState.Ready && state.work == Work.Idle
    for (burner in state.burners) BurnerRow(burner, canBurn, actions)
}

@Composable
private fun BurnerRow(burner: BurnerState, canBurn: Boolean, actions: BurnersActions) {
    Row(Modifier.fillMaxWidth(), verticalAlignment = Alignment.CenterVertically) {
        Column(Modifier.weight(1f)) {
            Text(burner.jid.value)
            Text(words(burner), style = MaterialTheme.typography.caption)
        }
        val open = Modifier.semantics { contentDescription = "Open ${burner.jid.value}" }
        TextButton({ actions.open(burner.id) }, open, enabled = burner.phase == Phase.ACTIVE) { Text("Open") }
        val description = Modifier.semantics { contentDescription = "Burn ${burner.jid.value}" }
        OutlinedButton({ actions.burn(burner.id) }, description, enabled = canBurn) { Text("Burn") }
    }
}
