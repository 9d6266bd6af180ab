package org.flashpaper.demo.ui

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.shape.RoundedCornerShape
import androidx.compose.material3.FilledIconButton
import androidx.compose.material3.Icon
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.Surface
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.unit.dp
import org.flashpaper.demo.ChatActions
import org.flashpaper.demo.ChatState
import org.flashpaper.demo.ui.design.Kind
import org.flashpaper.demo.ui.design.Portrait
import org.flashpaper.demo.ui.design.Say
import org.flashpaper.demo.ui.design.Vectors
import org.flashpaper.demo.ui.design.keyboard
import org.flashpaper.demo.ui.design.rememberWritten

/** The line to write, always in its place. The picture beside it is the burner's that the text goes out from. */
@Composable
internal fun Writing(state: ChatState, actions: ChatActions) {
    val written = rememberWritten(state.draft.text)
    Surface(color = MaterialTheme.colorScheme.surface, shadowElevation = 8.dp, tonalElevation = 2.dp) {
        Row(
            Modifier.fillMaxWidth().padding(horizontal = 12.dp, vertical = 8.dp),
            Arrangement.spacedBy(10.dp),
            Alignment.CenterVertically,
        ) {
            Portrait(state.badge, 32.dp)
            OutlinedTextField(
                written.value,
                {
                    written.write(it)
                    actions.write(it.text)
                },
                Modifier.weight(1f),
                enabled = state.canWrite,
                placeholder = { Say(state.hint, style = MaterialTheme.typography.bodyLarge) },
                keyboardOptions = keyboard(Kind.LINE),
                maxLines = 5,
                shape = RoundedCornerShape(24.dp),
            )
            FilledIconButton(actions::send, Modifier.size(48.dp), state.canSend) {
                Icon(Vectors.send, words(state.sendLabel))
            }
        }
    }
}
