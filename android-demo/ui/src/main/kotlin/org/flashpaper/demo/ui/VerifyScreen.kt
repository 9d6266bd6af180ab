package org.flashpaper.demo.ui

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.material.Button
import androidx.compose.material.Checkbox
import androidx.compose.material.MaterialTheme
import androidx.compose.material.OutlinedButton
import androidx.compose.material.OutlinedTextField
import androidx.compose.material.Text
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
import androidx.compose.ui.unit.dp
import org.flashpaper.Comparison
import org.flashpaper.Fingerprint
import org.flashpaper.demo.ChatState
import org.flashpaper.demo.ConversationsActions
import org.flashpaper.demo.ConversationsState

/** Two ways to know that a key is the peer's: digits to compare, or a secret that both know. */
@Composable
internal fun VerifyScreen(
    state: ConversationsState,
    chat: ChatState,
    actions: ConversationsActions,
    back: () -> Unit,
    dark: Boolean,
) {
    Page("Verify", dark, back) {
        Text(words(chat.conversation.security))
        state.failed?.let { Told(words(it), actions::dismiss) }
        chat.news?.let { Told(words(it), actions::dismiss) }
        // Of another key, of a lost phone say, it can be taken back.
        val verified = chat.conversation.keys.filter { it.verified }.map { it.fingerprint }
        (listOfNotNull(chat.conversation.key) + verified).distinct().forEach { Digits(state, chat, it, actions) }
        Secret(chat, actions)
    }
}

@Composable
private fun Digits(state: ConversationsState, chat: ChatState, key: Fingerprint, actions: ConversationsActions) {
    val verified = chat.conversation.keys.any { it.fingerprint == key && it.verified }
    Column(verticalArrangement = Arrangement.spacedBy(8.dp)) {
        Text("Digits", Modifier.semantics { heading() }, style = MaterialTheme.typography.h6)
        Text("Compare them on another way, on the telephone say. Yours:")
        Text(state.own?.fingerprint?.digits ?: "…")
        Text("Theirs:")
        Text(key.digits)
        Row(verticalAlignment = Alignment.CenterVertically) {
            val description = Modifier.semantics { contentDescription = "I have compared them" }
            Checkbox(verified, { actions.setVerified(key, it) }, description)
            Text("I have compared them")
        }
    }
}

@Composable
private fun Secret(chat: ChatState, actions: ConversationsActions) {
    val asked = chat.conversation.question as? Comparison.Asked
    Column(verticalArrangement = Arrangement.spacedBy(8.dp)) {
        Text("A secret", Modifier.semantics { heading() }, style = MaterialTheme.typography.h6)
        if (asked != null) {
            Text("The peer asks: ${asked.question ?: "for a secret that you both know"}")
            Entry("Answer", "Answer") { actions.answer(it, asked.question) }
        } else {
            var question by remember { mutableStateOf("") }
            Text("Ask what only the two of you know.")
            OutlinedTextField(question, { question = it }, Modifier.fillMaxWidth(), label = { Text("Question, readable by the peer") })
            Entry("The right answer", "Ask") { actions.compare(it, question.ifBlank { null }) }
        }
        OutlinedButton(actions::abortComparison) { Text("End the comparison") }
    }
}
