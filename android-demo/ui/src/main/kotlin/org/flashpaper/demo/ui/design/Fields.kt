package org.flashpaper.demo.ui.design

import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.selection.selectable
import androidx.compose.foundation.selection.selectableGroup
import androidx.compose.foundation.selection.toggleable
import androidx.compose.foundation.text.KeyboardOptions
import androidx.compose.material3.Checkbox
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.RadioButton
import androidx.compose.material3.Surface
import androidx.compose.material3.Switch
import androidx.compose.runtime.Composable
import androidx.compose.runtime.SideEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.semantics.clearAndSetSemantics
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.TextRange
import androidx.compose.ui.text.input.KeyboardCapitalization
import androidx.compose.ui.text.input.KeyboardType
import androidx.compose.ui.text.input.PasswordVisualTransformation
import androidx.compose.ui.text.input.TextFieldValue
import androidx.compose.ui.text.input.VisualTransformation
import androidx.compose.ui.unit.dp
import org.flashpaper.demo.Arg
import org.flashpaper.demo.Field
import org.flashpaper.demo.Option
import org.flashpaper.demo.ui.words

/** What is written into a field, and how. No kind lets the keyboard correct words. */
internal enum class Kind(val type: KeyboardType, val hidden: Boolean = false, val lines: Int = 1) {
    LINE(KeyboardType.Text), ADDRESS(KeyboardType.Email), PASSPHRASE(KeyboardType.Password, hidden = true), LINES(KeyboardType.Text, lines = 3)
}

/** No capital letters by themselves and no corrections: an address or a secret is as it was typed. */
internal fun keyboard(kind: Kind) =
    KeyboardOptions(capitalization = KeyboardCapitalization.None, autoCorrect = false, keyboardType = kind.type)

/** A field to write in, with its fault or else a [hint] below. Its label is on its edge, where large letters have no place. */
@Composable
internal fun Entry(field: Field, label: Arg, kind: Kind, write: (String) -> Unit, hint: Arg? = null) {
    val written = rememberWritten(field.text.text)
    val isLarge = isLargeText()
    val name = words(label)
    if (isLarge) Say(name, Modifier.clearAndSetSemantics {}, MaterialTheme.typography.labelLarge)
    OutlinedTextField(
        written.value,
        {
            written.write(it)
            write(it.text)
        },
        if (isLarge) Modifier.fillMaxWidth().semantics { contentDescription = name } else Modifier.fillMaxWidth(),
        enabled = field.enabled,
        label = if (isLarge) null else ({ Say(name) }),
        supportingText = (field.fault ?: hint)?.let { { Say(it) } },
        isError = field.fault != null,
        visualTransformation = if (kind.hidden) PasswordVisualTransformation() else VisualTransformation.None,
        keyboardOptions = keyboard(kind),
        singleLine = kind.lines == 1,
        minLines = kind.lines,
        shape = MaterialTheme.shapes.small,
    )
}

/** What stands in a field, with the cursor, which the model does not know. */
internal class Written(private var known: String) {
    var value: TextFieldValue by mutableStateOf(TextFieldValue(known, TextRange(known.length)))
        private set

    /** The user's texts that the model has not yet shown to know. */
    private val ahead = ArrayDeque<String>()

    fun write(new: TextFieldValue) {
        if (new.text != value.text) ahead.addLast(new.text)
        value = new
    }

    /** Takes the model's text if it is the model's own: an old one of the user's must not undo the last letters. */
    fun follow(text: String) {
        if (text == known) return
        known = text
        if (text in ahead) {
            repeat(ahead.indexOf(text) + 1) { ahead.removeFirst() }
        } else {
            ahead.clear()
            value = TextFieldValue(text, TextRange(text.length))
        }
    }
}

@Composable
internal fun rememberWritten(text: String): Written = remember { Written(text) }.also { written -> SideEffect { written.follow(text) } }

/** One of several. */
@Composable
internal fun <A> Choice(options: List<Option<A>>, choose: (A) -> Unit, enabled: Boolean = true) {
    Group(Modifier.selectableGroup()) {
        options.forEach { option -> Pick(words(option.text), option.chosen, enabled) { choose(option.value) } }
    }
}

/** One line of several, of which one is chosen. */
@Composable
internal fun Pick(label: String, chosen: Boolean, enabled: Boolean = true, pick: () -> Unit) =
    Line(Modifier.selectable(chosen, enabled, Role.RadioButton, pick), label) { RadioButton(chosen, null, enabled = enabled) }

/** A box to be ticked. */
@Composable
internal fun Tick(label: String, ticked: Boolean, tick: (Boolean) -> Unit) =
    Line(Modifier.toggleable(ticked, role = Role.Checkbox, onValueChange = tick), label) { Checkbox(ticked, null) }

/** A switch, with more words below its own. */
@Composable
internal fun Toggle(label: Arg, explanation: Arg, on: Boolean, turn: (Boolean) -> Unit) {
    Row(
        Modifier.fillMaxWidth().toggleable(on, role = Role.Switch, onValueChange = turn).padding(vertical = 8.dp),
        verticalAlignment = Alignment.CenterVertically,
    ) {
        Column(Modifier.weight(1f).padding(end = 16.dp)) {
            Say(label, style = MaterialTheme.typography.bodyLarge)
            Say(explanation, style = MaterialTheme.typography.bodySmall, color = MaterialTheme.colorScheme.onSurfaceVariant)
        }
        Switch(on, null)
    }
}

@Composable
private fun Line(modifier: Modifier, label: String, box: @Composable () -> Unit) {
    Row(
        modifier.fillMaxWidth().heightIn(min = 52.dp).padding(horizontal = 16.dp, vertical = 8.dp),
        verticalAlignment = Alignment.CenterVertically,
    ) {
        box()
        Say(label, Modifier.padding(start = 16.dp), MaterialTheme.typography.bodyLarge)
    }
}

/** Lines that belong together, on a ground of their own. */
@Composable
internal fun Group(modifier: Modifier = Modifier, content: @Composable ColumnScope.() -> Unit) {
    Surface(Modifier.fillMaxWidth(), MaterialTheme.shapes.medium, MaterialTheme.colorScheme.surface, tonalElevation = 2.dp) {
        Column(modifier.padding(vertical = 4.dp), content = content)
    }
}
