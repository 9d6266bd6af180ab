package org.flashpaper.demo

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Job
import kotlinx.coroutines.launch
import org.flashpaper.Answer
import org.flashpaper.BurnerId
import org.flashpaper.CreateOptions
import org.flashpaper.Creation
import org.flashpaper.Event
import org.flashpaper.FlashpaperException
import org.flashpaper.Progress
import org.flashpaper.Step
import org.flashpaper.Tor
import org.flashpaper.demo.TextKey.*

/**
 * A burner is being made: Tor first, then an account, with all that its server asks. To leave the screen ends it: nobody waits for
 * the burner any more, and the library removes what the server may have made.
 */
class CreatingModel internal constructor(app: AppModel) : ScreenModel<CreatingState>(Screen.Creating, app), CreatingActions {
    private var creation: Creation? = null
    private var making: Job? = null
    private var burner: BurnerId? = null
    private var steps = emptyList<Step>()
    private var question: QuestionForms? = null
    private var replying: Job? = null
    private var failed: FlashpaperException? = null

    override fun now(): CreatingState {
        val known = session.known.value
        val tor = known.tor
        val isReady = tor == Tor.Ready || creation != null
        // The button to try again is a larger one, below.
        val problem = (failed ?: known.torProblem.takeUnless { isReady })?.let(::problem)?.copy(canRetry = false)
        return CreatingState(
            title = Text(
                when {
                    failed != null -> CREATING_FAILED
                    question != null -> CREATING_QUESTION
                    isReady -> CREATING_TITLE
                    else -> CREATING_CONNECTING
                },
            ),
            fraction = fraction(tor, isReady).takeIf { problem == null && question == null },
            steps = listOf(if (isReady) Sign(Mark.TICK, Text(TOR_READY), Tone.GOOD) else sign(tor)) + steps.map(::sign),
            serverSays = steps.filterIsInstance<Step.ServerSays>().lastOrNull()?.let { Verbatim(it.words.text) },
            question = question?.state(canSend = replying?.isActive != true),
            page = (failed as? FlashpaperException.NeedsWeb)?.let { PageState(Verbatim(it.page.url), Text(CREATING_PAGE_WARNING)) },
            problem = problem,
            canRetry = problem != null,
        )
    }

    /** Tor is half of the way; the steps of an account are the other. */
    private fun fraction(tor: Tor, isReady: Boolean): Float = when {
        isReady -> 0.5f + 0.5f * steps.count { it in WAY || it is Step.Sealed || it is Step.Connected } / (WAY.size + 2)
        tor is Tor.Connecting -> 0.5f * tor.fraction
        else -> 0f
    }

    override fun begin() {
        super.begin()
        scope.launch { session.events.collect { if (it is Event.Creating) seen(it.burner, it.step) } }
        make()
    }

    private fun make() {
        failed = null
        steps = emptyList()
        making = scope.launch {
            try {
                // It may have ended with the last burner, a moment before the touch.
                if (session.known.value.run { tor == Tor.Off && !isConnecting && torFault == null }) session.connect()
                val library = session.ready()
                val begun = library.create(CreateOptions(recoverable = session.known.value.recoverable))
                creation = begun
                val asking = launch { begun.progress.collect { asked(it) } }
                val made = try {
                    begun.await()
                } finally {
                    asking.cancel()
                }
                creation = null
                app.made(made.id, withWords = session.known.value.recoverable)
            } catch (error: FlashpaperException) {
                if (!app.takes(error)) failed = error
            }
            creation = null
            question = null
            look()
        }
        look()
    }

    private fun asked(progress: Progress) {
        val asked = (progress as? Progress.Asks)?.question
        if (asked?.id != question?.question?.id) question = asked?.let(::QuestionForms)
        look()
    }

    /** What is cleared away in the background is not this creation's. */
    private fun seen(of: BurnerId, step: Step) {
        if (creation == null) return
        when {
            // Each attempt begins with an identity of its own.
            step is Step.Sealed -> {
                burner = of
                steps = steps.filterIsInstance<Step.MovingOn>() + step
            }
            // How far a proof of work is replaces how far it was.
            of == burner -> steps = (if (step is Step.Working) steps.filter { it !is Step.Working } else steps) + step
        }
        look()
    }

    override fun cancel() = app.back()

    override fun retry() {
        if (!now().canRetry) return
        if (session.known.value.tor != Tor.Ready) session.connect()
        if (making?.isActive != true) make()
        look()
    }

    override fun write(place: Int, text: String) = type { question?.write(place, text) }

    override fun setYes(place: Int, yes: Boolean) = edit { it.setYes(place, yes) }

    override fun choose(place: Int, option: Int) = edit { it.choose(place, option) }

    private fun edit(change: (QuestionForms) -> Unit) {
        question?.let(change)
        look()
    }

    override fun send() = reply { it.answer() }

    override fun askAnew() = reply { Answer.AnotherPicture }

    override fun decline() = reply { Answer.GiveUp }

    private fun reply(answer: (QuestionForms) -> Answer) {
        val asked = question ?: return
        val creation = creation ?: return
        // Which of two replies the library gets first is open.
        if (replying?.isActive == true) return
        replying = scope.launch {
            try {
                creation.answer(asked.question.id, answer(asked))
            } catch (_: FlashpaperException.NoSuchQuestion) {
                // It has ended meanwhile, which the creation tells.
            } catch (error: FlashpaperException.InvalidInput) {
                asked.refused(error.input)
            } catch (error: FlashpaperException) {
                app.takes(error)
            }
        }.also { job -> job.invokeOnCompletion { if (it !is CancellationException) look() } }
        look()
    }
}

private val WAY = setOf(Step.Secured, Step.Registered, Step.LoggedIn, Step.Reachable)
