package org.flashpaper.demo.ui

import androidx.compose.foundation.isSystemInDarkTheme
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.text.selection.SelectionContainer
import androidx.compose.material.MaterialTheme
import androidx.compose.material.Text
import androidx.compose.material.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.semantics
import org.flashpaper.ChatState as Conversation
import org.flashpaper.demo.ConversationsActions
import org.flashpaper.demo.ConversationsState

/** A burner's contacts, or the chat that is open, or how its peer is verified. */
@Composable
fun ConversationsScreen(
    state: ConversationsState,
    actions: ConversationsActions,
    back: () -> Unit,
    dark: Boolean = isSystemInDarkTheme(),
) {
    val chat = state.chat
    var verifying by remember(chat?.conversation?.peer) { mutableStateOf(false) }
    when {
        chat == null -> Contacts(state, actions, back, dark)
        verifying -> VerifyScreen(state, chat, actions, { verifying = false }, dark)
        else -> ChatScreen(state, chat, actions, { verifying = true }, dark)
    }
}

@Composable
private fun Contacts(state: ConversationsState, actions: ConversationsActions, back: () -> Unit, dark: Boolean) {
    Page("Contacts", dark, back) {
        Text(words(state.connection), style = MaterialTheme.typography.caption)
        state.failed?.let { Told(words(it), actions::dismiss) }
        if (state.news.isNotEmpty()) Told(state.news.joinToString("\n") { "${it.peer.value}: ${words(it.news)}" }, actions::dismiss)
        SelectionContainer { Text(state.own?.uri ?: state.burner.jid.value) }
        Entry("Address or xmpp: link", "Add", actions::add)
        Text("Conversations", Modifier.semantics { heading() }, style = MaterialTheme.typography.h6)
        if (state.contacts.isEmpty()) Text("None yet")
        for (contact in state.contacts) ContactRow(contact, actions)
    }
}

@Composable
private fun ContactRow(contact: Conversation, actions: ConversationsActions) {
    Row(Modifier.fillMaxWidth(), verticalAlignment = Alignment.CenterVertically) {
        Column(Modifier.weight(1f)) {
            Text(contact.label ?: contact.peer.value)
            Text(words(contact), style = MaterialTheme.typography.caption)
        }
        val description = Modifier.semantics { contentDescription = "Open ${contact.peer.value}" }
        TextButton({ actions.open(contact.peer) }, description) { Text("Open") }
    }
}
