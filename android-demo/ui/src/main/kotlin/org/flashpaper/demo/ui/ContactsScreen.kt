package org.flashpaper.demo.ui

import androidx.compose.material3.MaterialTheme
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.unit.dp
import org.flashpaper.demo.ContactRow
import org.flashpaper.demo.ContactsActions
import org.flashpaper.demo.ContactsState
import org.flashpaper.demo.Text
import org.flashpaper.demo.TextKey
import org.flashpaper.demo.ui.design.Ask
import org.flashpaper.demo.ui.design.Body
import org.flashpaper.demo.ui.design.Chip
import org.flashpaper.demo.ui.design.Choices
import org.flashpaper.demo.ui.design.Empty
import org.flashpaper.demo.ui.design.Frame
import org.flashpaper.demo.ui.design.Heading
import org.flashpaper.demo.ui.design.Initial
import org.flashpaper.demo.ui.design.Item
import org.flashpaper.demo.ui.design.ListRow
import org.flashpaper.demo.ui.design.Note
import org.flashpaper.demo.ui.design.Page
import org.flashpaper.demo.ui.design.Portrait
import org.flashpaper.demo.ui.design.ProblemCard
import org.flashpaper.demo.ui.design.Say
import org.flashpaper.demo.ui.design.SignLine
import org.flashpaper.demo.ui.design.Vectors
import org.flashpaper.demo.ui.design.Weight
import org.flashpaper.demo.ui.design.WideAct

/** The contacts of one burner, strangers who ask, and how to get more. */
@Composable
fun ContactsScreen(frame: Frame, state: ContactsState, actions: ContactsActions) {
    var sheet by rememberSaveable { mutableStateOf(ContactsSheet.NONE) }
    val bottom = @Composable {
        Foot {
            WideAct(words(TextKey.CONTACTS_ADD), { sheet = ContactsSheet.ADD }, icon = Vectors.plus)
            if (state.own != null) WideAct(words(TextKey.CONTACTS_OWN), { sheet = ContactsSheet.OWN }, Weight.SECOND, Vectors.code)
        }
    }
    Page(frame, Text(TextKey.CONTACTS_TITLE), state.badge, { Tools(frame, state, actions) }, state.note, actions::dismiss, bottom) {
        Body {
            if (state.address != state.badge.label) Note(state.address)
            Chip(state.connection)
            state.expiry?.let { SignLine(it) }
            state.problem?.let { ProblemCard(it, actions::retry) }
            if (state.hasWords) WideAct(words(TextKey.CONTACTS_WORDS), actions::words, Weight.SECOND, Vectors.words)
            if (state.requests.isNotEmpty()) Heading(Text(TextKey.CONTACTS_REQUESTS))
            state.requests.forEach { Row(it, actions) }
            if (state.requests.isNotEmpty() && state.contacts.isNotEmpty()) Heading(Text(TextKey.CONTACTS_TITLE))
            state.contacts.forEach { Row(it, actions) }
            state.empty?.let { Empty(it) { Portrait(state.badge, 72.dp) } }
        }
    }
    when (sheet) {
        ContactsSheet.NONE -> {}
        ContactsSheet.ADD -> AddSheet(frame, state, actions) { sheet = ContactsSheet.NONE }
        ContactsSheet.OWN -> state.own?.let { OwnSheet(frame, state.badge, it) { sheet = ContactsSheet.NONE } }
    }
    state.confirmation?.let { Ask(frame, it, actions::confirm, actions::cancel) }
}

/** Which part lies over the contacts. */
internal enum class ContactsSheet { NONE, ADD, OWN }

/** Burning is not beside what is touched often: it is in the menu, and its own screen has a button to be held. */
@Composable
private fun Tools(frame: Frame, state: ContactsState, actions: ContactsActions) {
    var open by remember { mutableStateOf(false) }
    val items = listOfNotNull(
        Item(words(TextKey.SETTINGS), Vectors.settings) { frame.actions.settings(state.badge.burner) },
        if (state.canBurn) Item(words(TextKey.CONTACTS_BURN), Vectors.flame, actions::burn) else null,
    )
    Choices(open, { open = it }, items)
}

@Composable
private fun Row(row: ContactRow, actions: ContactsActions) {
    ListRow({ Initial(row.name) }, row.unread, { actions.open(row.peer) }) {
        Say(row.name, style = MaterialTheme.typography.titleMedium)
        Chip(row.sign)
        row.presence?.let { Note(it) }
        row.news?.let { Say(it, style = MaterialTheme.typography.bodyMedium, color = MaterialTheme.colorScheme.primary) }
    }
}
