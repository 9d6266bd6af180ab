package org.flashpaper.demo

import org.flashpaper.Answer
import org.flashpaper.AnswerFault
import org.flashpaper.Field as Asked
import org.flashpaper.FieldAnswer
import org.flashpaper.FieldKind
import org.flashpaper.Input
import org.flashpaper.Question
import org.flashpaper.demo.TextKey.*

/** A server's question, with what was answered so far. */
internal class QuestionForms(val question: Question) {
    private val fields = question.form.fields
    private val answers = fields.mapIndexedNotNull { place, field -> field.preset?.let { place to it } }.toMap().toMutableMap()
    private var fault: AnswerFault? = null

    fun state(canSend: Boolean) = QuestionState(
        server = Text(CREATING_QUESTION_FROM, Verbatim(question.server.value)),
        title = question.form.title.shown(),
        instructions = question.form.instructions.shown(),
        fields = fields.mapIndexed(::field),
        fault = if (fault == AnswerFault.TooFew) Text(CREATING_TOO_FEW) else null,
        canSend = canSend,
        canAskAnew = canSend && fields.any { it.picture != null },
    )

    private fun field(place: Int, field: Asked): QuestionField {
        val answer = answers[place]
        val chosen = (answer as? FieldAnswer.Chosen)?.places.orEmpty()
        val (mode, options) = when (val kind = field.kind) {
            FieldKind.Text, FieldKind.Address -> FieldMode.LINE to emptyList()
            FieldKind.Secret -> FieldMode.SECRET to emptyList()
            FieldKind.Lines, FieldKind.Addresses -> FieldMode.LINES to emptyList()
            FieldKind.YesNo -> FieldMode.YES_NO to emptyList()
            is FieldKind.One -> FieldMode.ONE to kind.options
            is FieldKind.Some -> FieldMode.SOME to kind.options
        }
        return QuestionField(
            place = place,
            label = Verbatim(field.label),
            mode = mode,
            required = field.required,
            isChallenge = field.isChallenge,
            text = Verbatim((answer as? FieldAnswer.Text)?.text.orEmpty()),
            yes = (answer as? FieldAnswer.YesNo)?.yes == true,
            options = options.mapIndexed { at, label -> QuestionOption(at, Verbatim(label), at in chosen) },
            picture = field.picture?.let { QuestionPicture(it.bytes, it.width, it.height) },
            fault = when (val wrong = fault) {
                is AnswerFault.Missing -> Text(CREATING_MISSING).takeIf { wrong.field == place }
                is AnswerFault.Unfit -> Text(CREATING_UNFIT).takeIf { wrong.field == place }
                AnswerFault.TooFew, null -> null
            },
        )
    }

    fun write(place: Int, text: String) {
        if (text.isEmpty()) answers.remove(place) else answers[place] = FieldAnswer.Text(text)
        fault = null
    }

    fun setYes(place: Int, yes: Boolean) {
        answers[place] = FieldAnswer.YesNo(yes)
        fault = null
    }

    fun choose(place: Int, option: Int) {
        val old = (answers[place] as? FieldAnswer.Chosen)?.places.orEmpty()
        val new = when {
            fields.getOrNull(place)?.kind !is FieldKind.Some -> listOf(option)
            option in old -> old - option
            else -> (old + option).sorted()
        }
        answers[place] = FieldAnswer.Chosen(new)
        fault = null
    }

    fun answer() = Answer.Fields(answers.toMap())

    fun refused(input: Input) {
        fault = (input as? Input.Answer)?.fault
    }

    private fun String.shown(): Verbatim? = takeIf(String::isNotBlank)?.let(::Verbatim)
}
