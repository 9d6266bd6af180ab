package org.flashpaper.demo.ui

import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.MaterialTheme
import androidx.compose.runtime.Composable
import androidx.compose.runtime.collectAsState
import androidx.compose.runtime.getValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.unit.dp
import org.flashpaper.demo.BurnerSettings
import org.flashpaper.demo.Licence
import org.flashpaper.demo.PassphraseState
import org.flashpaper.demo.SettingsActions
import org.flashpaper.demo.SettingsState
import org.flashpaper.demo.Text
import org.flashpaper.demo.TextKey
import org.flashpaper.demo.Tone
import org.flashpaper.demo.ui.design.Act
import org.flashpaper.demo.ui.design.Ask
import org.flashpaper.demo.ui.design.Body
import org.flashpaper.demo.ui.design.Choice
import org.flashpaper.demo.ui.design.Entry
import org.flashpaper.demo.ui.design.Frame
import org.flashpaper.demo.ui.design.Group
import org.flashpaper.demo.ui.design.Heading
import org.flashpaper.demo.ui.design.Kind
import org.flashpaper.demo.ui.design.Note
import org.flashpaper.demo.ui.design.Page
import org.flashpaper.demo.ui.design.Say
import org.flashpaper.demo.ui.design.SignLine
import org.flashpaper.demo.ui.design.Toggle
import org.flashpaper.demo.ui.design.Weight

/** The settings of the app, and those of a burner where the way here led from one. */
@Composable
fun SettingsScreen(frame: Frame, state: SettingsState, actions: SettingsActions) {
    Page(frame, Text(TextKey.SETTINGS), state.burner?.badge, note = state.note, dismiss = actions::dismiss) {
        Body {
            state.burner?.let { OfBurner(it, actions) }
            Heading(Text(TextKey.SETTINGS_CONNECTION))
            Choice(state.entrances, actions::setEntrance)
            state.bridges?.let { Entry(it, Text(TextKey.START_BRIDGES_FIELD), Kind.LINES, actions::writeBridges) }
            Note(Text(TextKey.SETTINGS_CONNECTION_NEXT))
            Heading(Text(TextKey.SETTINGS_AUTO_LOCK))
            Choice(state.autoLock, actions::setAutoLock)
            Passphrases(state.passphrase, actions)
            OfDevice()
            Heading(Text(TextKey.SETTINGS_LICENCES))
            Licences(state.licences)
        }
    }
    state.confirmation?.let { Ask(frame, it, actions::confirm, actions::cancel) }
}

@Composable
private fun ColumnScope.OfBurner(burner: BurnerSettings, actions: SettingsActions) {
    Heading(Text(TextKey.SETTINGS_BURNER))
    Entry(burner.label, Text(TextKey.SETTINGS_LABEL), Kind.LINE, actions::writeLabel)
    Heading(Text(TextKey.SETTINGS_HISTORY))
    Choice(burner.history, actions::setHistory, burner.enabled)
    Heading(Text(TextKey.SETTINGS_EXPIRY))
    Choice(burner.expiry, actions::setExpiry, burner.enabled)
    Note(burner.expiresAt)
}

@Composable
private fun ColumnScope.Passphrases(state: PassphraseState, actions: SettingsActions) {
    Heading(Text(TextKey.SETTINGS_PASSPHRASE))
    SignLine(state.sign, MaterialTheme.typography.bodyLarge)
    Entry(state.passphrase, Text(TextKey.PASSPHRASE_FIELD), Kind.PASSPHRASE, actions::writePassphrase)
    Entry(state.again, Text(TextKey.PASSPHRASE_AGAIN), Kind.PASSPHRASE, actions::writeAgain)
    Act(words(TextKey.SAVE), actions::setPassphrase, Weight.SECOND, enabled = state.canSet)
    if (state.canRemove) Act(words(TextKey.REMOVE), actions::removePassphrase, Weight.SECOND, tone = Tone.DANGER)
    if (state.isBusy) Busy(words(TextKey.PASSPHRASE_BUSY))
    Heading(Text(TextKey.SETTINGS_DURESS))
    Note(state.duressExplanation)
    Entry(state.duress, Text(TextKey.DURESS_FIELD), Kind.PASSPHRASE, actions::writeDuress)
    Entry(state.duressAgain, Text(TextKey.PASSPHRASE_AGAIN), Kind.PASSPHRASE, actions::writeDuressAgain)
    Act(words(TextKey.SAVE), actions::setDuress, Weight.SECOND, enabled = state.canSetDuress)
    if (state.canRemoveDuress) Act(words(TextKey.REMOVE), actions::removeDuress, Weight.SECOND, tone = Tone.DANGER)
}

/** What only this kind of device has. */
@Composable
private fun ColumnScope.OfDevice() {
    val device = LocalDevice.current
    val settings by device.settings.collectAsState()
    Toggle(Text(TextKey.STAY_CONNECTED), Text(TextKey.STAY_CONNECTED_EXPLANATION), settings.staysConnected, device::stayConnected)
    Heading(Text(TextKey.TRIGGER_TITLE))
    SignLine(settings.trigger, MaterialTheme.typography.bodyLarge)
    if (settings.canForgetTrigger) Act(words(TextKey.REMOVE), device::forgetTrigger, Weight.SECOND)
}

@Composable
private fun Licences(licences: List<Licence>) {
    Group {
        licences.forEach {
            Say(it.name, Modifier.padding(start = 16.dp, top = 8.dp, end = 16.dp), MaterialTheme.typography.bodyLarge)
            Say(
                it.licence,
                Modifier.padding(start = 16.dp, end = 16.dp, bottom = 8.dp),
                MaterialTheme.typography.bodySmall,
                MaterialTheme.colorScheme.onSurfaceVariant,
            )
        }
    }
}
