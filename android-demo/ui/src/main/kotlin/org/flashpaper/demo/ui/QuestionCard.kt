package org.flashpaper.demo.ui

import androidx.compose.foundation.Image
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.aspectRatio
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.widthIn
import androidx.compose.foundation.selection.selectableGroup
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.runtime.Composable
import androidx.compose.runtime.remember
import androidx.compose.ui.Modifier
import androidx.compose.ui.unit.dp
import org.flashpaper.demo.CreatingActions
import org.flashpaper.demo.Field
import org.flashpaper.demo.FieldMode
import org.flashpaper.demo.QuestionField
import org.flashpaper.demo.QuestionPicture
import org.flashpaper.demo.QuestionState
import org.flashpaper.demo.Text
import org.flashpaper.demo.TextKey
import org.flashpaper.demo.ui.design.Entry
import org.flashpaper.demo.ui.design.Kind
import org.flashpaper.demo.ui.design.Note
import org.flashpaper.demo.ui.design.Pick
import org.flashpaper.demo.ui.design.Say
import org.flashpaper.demo.ui.design.Tick
import org.flashpaper.demo.ui.design.Weight
import org.flashpaper.demo.ui.design.WideAct

/** What a server asks, in its own words, which are set apart from those of the app. */
@Composable
internal fun QuestionCard(question: QuestionState, actions: CreatingActions) {
    Surface(Modifier.fillMaxWidth(), MaterialTheme.shapes.medium, tonalElevation = 3.dp) {
        Column(Modifier.padding(16.dp), Arrangement.spacedBy(12.dp)) {
            Say(question.server, style = MaterialTheme.typography.titleMedium)
            Note(Text(TextKey.CREATING_QUESTION_HINT))
            question.title?.let { Say(it, style = MaterialTheme.typography.titleSmall) }
            question.instructions?.let { Say(it, style = MaterialTheme.typography.bodyMedium) }
            question.fields.forEach { Answer(it, actions) }
            question.fault?.let { Say(it, style = MaterialTheme.typography.bodyMedium, color = MaterialTheme.colorScheme.error) }
            WideAct(words(TextKey.CREATING_SEND), actions::send, enabled = question.canSend)
            if (question.canAskAnew) WideAct(words(TextKey.CREATING_ANOTHER_PICTURE), actions::askAnew, Weight.SECOND)
            WideAct(words(TextKey.CREATING_DECLINE), actions::decline, Weight.TEXT)
        }
    }
}

@Composable
private fun Answer(field: QuestionField, actions: CreatingActions) {
    field.picture?.let { Challenge(it) }
    when (field.mode) {
        FieldMode.LINE, FieldMode.SECRET, FieldMode.LINES ->
            Entry(Field(field.text, field.fault), field.label, kind(field.mode), { actions.write(field.place, it) }, needed(field))
        FieldMode.YES_NO -> Answers(field) { Tick(field.label.text, field.yes) { actions.setYes(field.place, it) } }
        FieldMode.ONE -> Answers(field) {
            Say(field.label, style = MaterialTheme.typography.titleSmall)
            field.options.forEach { Pick(it.label.text, it.chosen) { actions.choose(field.place, it.place) } }
        }
        FieldMode.SOME -> Answers(field) {
            Say(field.label, style = MaterialTheme.typography.titleSmall)
            field.options.forEach { option -> Tick(option.label.text, option.chosen) { actions.choose(field.place, option.place) } }
        }
    }
}

/** What is touched to answer, and below it what is wrong with the answer. */
@Composable
private fun Answers(field: QuestionField, content: @Composable ColumnScope.() -> Unit) {
    Column(if (field.mode == FieldMode.ONE) Modifier.selectableGroup() else Modifier) {
        content()
        when (val fault = field.fault) {
            null -> needed(field)?.let { Say(it, style = MaterialTheme.typography.bodySmall) }
            else -> Say(fault, style = MaterialTheme.typography.bodySmall, color = MaterialTheme.colorScheme.error)
        }
    }
}

private fun needed(field: QuestionField): Text? = if (field.required) Text(TextKey.CREATING_REQUIRED) else null

private fun kind(mode: FieldMode): Kind = when (mode) {
    FieldMode.SECRET -> Kind.PASSPHRASE
    FieldMode.LINES -> Kind.LINES
    else -> Kind.LINE
}

@Composable
private fun Challenge(picture: QuestionPicture) {
    val device = LocalDevice.current
    val bitmap = remember(picture) { device.picture(picture.bytes) } ?: return
    Image(
        bitmap,
        words(TextKey.CREATING_PICTURE),
        Modifier.widthIn(max = 360.dp).fillMaxWidth().aspectRatio(bitmap.width.toFloat() / bitmap.height),
    )
}
