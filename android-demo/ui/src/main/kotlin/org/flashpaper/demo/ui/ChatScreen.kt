package org.flashpaper.demo.ui

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.material.Button
import androidx.compose.material.MaterialTheme
import androidx.compose.material.OutlinedButton
import androidx.compose.material.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import org.flashpaper.Message
import org.flashpaper.MessageState
import org.flashpaper.Security
import org.flashpaper.Relationship
import org.flashpaper.demo.ChatState
import org.flashpaper.demo.ConversationsActions
import org.flashpaper.demo.ConversationsState

/** One chat: how private it is, what was said, and what can be done about either. */
@Composable
internal fun ChatScreen(
    state: ConversationsState,
    chat: ChatState,
    actions: ConversationsActions,
    verify: () -> Unit,
    dark: Boolean,
) {
    val peer = chat.conversation
    Page(peer.label ?: peer.peer.value, dark, actions::leave) {
        Text(words(state.connection), style = MaterialTheme.typography.caption)
        Lock(chat, actions, verify)
        state.failed?.let { Told(words(it), actions::dismiss) }
        chat.news?.let { Told(words(it), actions::dismiss) }
        if (chat.hasEarlier) OutlinedButton(actions::showEarlier) { Text("Earlier messages") }
        chat.messages.forEach { MessageRow(it) }
        when (peer.relationship) {
            Relationship.CONTACT -> {
                Entry("Message", "Send", actions::send)
                OutlinedButton({ actions.block(true) }) { Text("Block") }
            }
            Relationship.STRANGER -> Row(horizontalArrangement = Arrangement.spacedBy(8.dp)) {
                Button(actions::accept) { Text("Accept") }
                OutlinedButton({ actions.block(true) }) { Text("Block") }
            }
            Relationship.BLOCKED -> OutlinedButton({ actions.block(false) }) { Text("Unblock") }
        }
    }
}

@Composable
private fun Lock(chat: ChatState, actions: ConversationsActions, verify: () -> Unit) {
    val peer = chat.conversation
    Column(verticalArrangement = Arrangement.spacedBy(8.dp)) {
        Text(words(peer.security), Modifier.semantics { liveRegion = LiveRegionMode.Polite }, style = MaterialTheme.typography.subtitle1)
        if (peer.version == 2) Text(VERSION_2)
        if (peer.question != null) Text("The peer asks for a comparison: see Verify.")
        Row(horizontalArrangement = Arrangement.spacedBy(8.dp), verticalAlignment = Alignment.CenterVertically) {
            when (peer.security) {
                Security.PLAINTEXT, Security.FINISHED ->
                    if (peer.relationship == Relationship.CONTACT) Button(actions::startPrivate) { Text("Start private conversation") }
                Security.KEY_CHANGED -> peer.key?.let { key -> Button({ actions.acceptKey(key) }) { Text("Accept the new key") } }
                Security.PRIVATE, Security.VERIFIED -> {}
            }
            if (peer.security != Security.PLAINTEXT) OutlinedButton(actions::endPrivate) { Text("End") }
            if (peer.key != null) OutlinedButton(verify) { Text("Verify") }
        }
    }
}

@Composable
private fun MessageRow(message: Message) {
    val came = message.state is MessageState.Received || message.state is MessageState.Taken
    val side = if (came) Alignment.Start else Alignment.End
    Column(Modifier.fillMaxWidth(), horizontalAlignment = side) {
        Text(message.text)
        Text(words(message), style = MaterialTheme.typography.caption)
    }
}
