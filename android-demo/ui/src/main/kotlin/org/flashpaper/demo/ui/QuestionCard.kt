package org.flashpaper.demo.ui

import androidx.compose.foundation.Image
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.material.Button
import androidx.compose.material.Card
import androidx.compose.material.Checkbox
import androidx.compose.material.MaterialTheme
import androidx.compose.material.OutlinedButton
import androidx.compose.material.OutlinedTextField
import androidx.compose.material.RadioButton
import androidx.compose.material.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.key
import androidx.compose.runtime.mutableStateMapOf
import androidx.compose.runtime.remember
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.ImageBitmap
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.input.PasswordVisualTransformation
import androidx.compose.ui.text.input.VisualTransformation
import androidx.compose.ui.unit.dp
import org.flashpaper.Field
import org.flashpaper.FieldAnswer
import org.flashpaper.FieldKind
import org.flashpaper.Picture
import org.flashpaper.Question
import org.flashpaper.demo.BurnersActions

/** What a server asks before it makes an account. Its words are shown as its own. */
@Composable
internal fun QuestionCard(question: Question, actions: BurnersActions, decode: (Picture) -> ImageBitmap?) = key(question.id) {
    val form = question.form
    val presets = form.fields.mapIndexedNotNull { place, field -> field.preset?.let { place to it } }
    val answers = remember { mutableStateMapOf(*presets.toTypedArray()) }
    Card(Modifier.fillMaxWidth()) {
        Column(Modifier.padding(12.dp), Arrangement.spacedBy(8.dp)) {
            Text("${question.server.value} asks", Modifier.semantics { heading() }, style = MaterialTheme.typography.h6)
            listOf(form.title, form.instructions).filter { it.isNotEmpty() }.forEach { Text(it) }
            form.fields.forEachIndexed { place, field ->
                AnswerRow(field, answers[place], decode) { if (it == null) answers.remove(place) else answers[place] = it }
            }
            Button({ actions.answer(answers.toMap()) }) { Text("Answer") }
            OutlinedButton(actions::askAnew) { Text("Ask me something else") }
            OutlinedButton(actions::decline) { Text("Take another server") }
        }
    }
}

@Composable
private fun AnswerRow(field: Field, answer: FieldAnswer?, decode: (Picture) -> ImageBitmap?, set: (FieldAnswer?) -> Unit) {
    val label = if (field.required) field.label else "${field.label} (may be left out)"
    val picture = field.picture?.let { shown -> remember(shown) { decode(shown) } }
    picture?.let { Image(it, "What the server shows", Modifier.fillMaxWidth()) }
    val places = (answer as? FieldAnswer.Chosen)?.places.orEmpty()
    when (val kind = field.kind) {
        FieldKind.YesNo -> Choice(label) {
            Checkbox((answer as? FieldAnswer.YesNo)?.yes == true, { set(FieldAnswer.YesNo(it)) }, it)
        }
        is FieldKind.One -> Options(label, kind.options) { place, description ->
            RadioButton(place in places, { set(FieldAnswer.Chosen(listOf(place))) }, description)
        }
        is FieldKind.Some -> Options(label, kind.options) { place, description ->
            Checkbox(place in places, { set(FieldAnswer.Chosen(if (it) places + place else places - place)) }, description)
        }
        FieldKind.Text, FieldKind.Secret, FieldKind.Lines, FieldKind.Address, FieldKind.Addresses -> OutlinedTextField(
            (answer as? FieldAnswer.Text)?.text.orEmpty(),
            { set(if (it.isEmpty()) null else FieldAnswer.Text(it)) },
            Modifier.fillMaxWidth(),
            label = { Text(label) },
            visualTransformation =
                if (kind == FieldKind.Secret) PasswordVisualTransformation() else VisualTransformation.None,
            singleLine = kind != FieldKind.Lines && kind != FieldKind.Addresses,
        )
    }
}

@Composable
private fun Options(label: String, options: List<String>, button: @Composable (Int, Modifier) -> Unit) {
    Text(label)
    options.forEachIndexed { place, option -> Choice(option) { button(place, it) } }
}

@Composable
private fun Choice(label: String, button: @Composable (Modifier) -> Unit) {
    Row(verticalAlignment = Alignment.CenterVertically) {
        button(Modifier.semantics { contentDescription = label })
        Text(label)
    }
}
