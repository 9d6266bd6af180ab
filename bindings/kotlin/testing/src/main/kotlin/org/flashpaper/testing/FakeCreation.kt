package org.flashpaper.testing

import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import org.flashpaper.Answer
import org.flashpaper.AnswerFault
import org.flashpaper.Burner
import org.flashpaper.BurnerId
import org.flashpaper.CreateOptions
import org.flashpaper.Creation
import org.flashpaper.Event
import org.flashpaper.FieldAnswer
import org.flashpaper.FieldKind
import org.flashpaper.FlashpaperException
import org.flashpaper.Input
import org.flashpaper.Jid
import org.flashpaper.Progress
import org.flashpaper.Question
import org.flashpaper.QuestionEnd
import org.flashpaper.QuestionForm
import org.flashpaper.Route
import org.flashpaper.Step
import org.flashpaper.Tor
import org.flashpaper.internal.end

/** A fake's creation. It is done at once, but for the questions that a test has it ask. */
internal class FakeCreation(private val world: World, private val options: CreateOptions) : Creation {
    private val present = MutableStateFlow<Progress>(Progress.Starting)
    private val forms = ArrayDeque<QuestionForm>()

    init {
        try {
            world.callNow(Op.CREATE) {
                check(options)
                needTor()
                this@FakeCreation.forms.addAll(forms)
                forms.clear()
                creations.add(this@FakeCreation)
                goOn()
            }
        } catch (e: FlashpaperException) {
            present.value = Progress.Failed(e)
        }
    }

    override val progress: StateFlow<Progress> = present.asStateFlow()

    override suspend fun answer(question: Question.Id, answer: Answer): Unit = world.call(Op.ANSWER_QUESTION) {
        val asked = (this@FakeCreation.present.value as? Progress.Asks)?.question
        if (asked?.id != question) throw FlashpaperException.NoSuchQuestion()
        val end = when (answer) {
            is Answer.Fields -> {
                check(asked.form, answer.answers)
                this@FakeCreation.forms.removeFirst()
                QuestionEnd.ANSWERED
            }
            Answer.AnotherPicture -> QuestionEnd.REPLACED
            Answer.GiveUp -> {
                this@FakeCreation.forms.removeFirst()
                QuestionEnd.DECLINED
            }
        }
        report(Event.QuestionEnded(asked.burner, question, end))
        if (end == QuestionEnd.DECLINED) declined(asked) else goOn()
    }

    override suspend fun await(): Burner {
        val id = present.end(orCancel = ::cancel)
        return FakeBurner(world.script { account(id).state() }, world)
    }

    override fun cancel(): Unit = world.script { ends(FlashpaperException.Cancelled()) }

    // Within the world's lock:

    private fun goOn() {
        val server = Jid(options.server ?: "example.org")
        val form = forms.firstOrNull()
        if (form != null) {
            val question = Question(Question.Id(world.nextQuestion()), world.nextBurnerId(), server, form)
            world.report(Event.Question(question.burner, question.id))
            present.value = Progress.Asks(question)
            return
        }
        val id = world.add(options).id
        val sealed = Step.Sealed(server, options.route ?: Route.EXIT)
        for (step in listOf(sealed, Step.Connected(null), Step.Secured, Step.Registered, Step.LoggedIn, Step.Reachable)) {
            tell(id, server, step)
        }
        world.creations.remove(this)
        present.value = Progress.Done(id)
    }

    private fun tell(burner: BurnerId, server: Jid, step: Step) {
        world.report(Event.Creating(burner, step))
        present.value = Progress.Working(server, step)
    }

    /** The server is given up: there are others, unless the app has named this one. */
    private fun declined(asked: Question) {
        val why = FlashpaperException.Declined()
        if (options.server != null) return ends(why)
        tell(asked.burner, asked.server, Step.MovingOn(asked.server, why))
        goOn()
    }

    fun ends(error: FlashpaperException) {
        if (world.creations.remove(this)) present.value = Progress.Failed(error)
    }

    /** An open question ends, and the creation waits. */
    fun sleeps() {
        val asked = endQuestion(QuestionEnd.SUSPENDED) ?: return
        present.value = Progress.Working(asked.server, null)
    }

    fun wakes() {
        if (present.value !is Progress.Working) return
        if (world.tor == Tor.Off) ends(FlashpaperException.TorNotStarted()) else goOn()
    }

    /** An open question ends with its stream. Where the app named no server, the next one would be tried, which needs Tor. */
    fun losesTor() {
        endQuestion(QuestionEnd.EXPIRED) ?: return
        ends(if (options.server == null) FlashpaperException.TorNotStarted() else FlashpaperException.QuestionExpired())
    }

    private fun endQuestion(end: QuestionEnd): Question? =
        (present.value as? Progress.Asks)?.question?.also { world.report(Event.QuestionEnded(it.burner, it.id, end)) }
}

/** Whether answers fit, as the real library looks at them. */
private fun check(form: QuestionForm, answers: Map<Int, FieldAnswer>) {
    for ((place, answer) in answers) {
        if (form.fields.getOrNull(place)?.kind?.takes(answer) != true) refuse(AnswerFault.Unfit(place))
    }
    form.fields.forEachIndexed { place, field -> if (field.required && place !in answers) refuse(AnswerFault.Missing(place)) }
    val answered = form.fields.withIndex().count { (place, field) -> field.isChallenge && !field.required && place in answers }
    if (answered < form.choose) refuse(AnswerFault.TooFew)
}

private fun refuse(fault: AnswerFault): Nothing = throw FlashpaperException.InvalidInput(Input.Answer(fault))

private fun FieldKind.takes(answer: FieldAnswer): Boolean = when (this) {
    FieldKind.Text, FieldKind.Secret, FieldKind.Lines, FieldKind.Address, FieldKind.Addresses -> answer is FieldAnswer.Text
    FieldKind.YesNo -> answer is FieldAnswer.YesNo
    is FieldKind.One -> answer is FieldAnswer.Chosen && answer.places.size == 1 && answer.places[0] in options.indices
    is FieldKind.Some -> answer is FieldAnswer.Chosen && answer.places.all { it in options.indices }
}
