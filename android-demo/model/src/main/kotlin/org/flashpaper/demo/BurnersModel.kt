package org.flashpaper.demo

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.takeWhile
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import org.flashpaper.Answer
import org.flashpaper.BurnerId
import org.flashpaper.CreateOptions
import org.flashpaper.Creation
import org.flashpaper.Event
import org.flashpaper.FieldAnswer
import org.flashpaper.Flashpaper
import org.flashpaper.FlashpaperException
import org.flashpaper.Life
import org.flashpaper.NetworkKind
import org.flashpaper.Phase
import org.flashpaper.Progress
import org.flashpaper.Step

/** What a screen can ask for. */
interface BurnersActions {
    /** Opens the library and connects to Tor; after a failure, tries again. Does nothing while that is done. */
    fun start()

    /** The one tap: makes a burner. Does nothing unless [BurnersState.canCreate]. */
    fun create()

    /** Ends a creation that is under way. */
    fun cancel()

    /** Answers [BurnersState.question], by the places of its fields. What does not fit is a notice, and it stays open. */
    fun answer(answers: Map<Int, FieldAnswer>)

    /** Has the server ask anew, with another picture. */
    fun askAnew()

    /** Does not answer: the creation goes on at another server. */
    fun decline()

    /** Burns an account; does nothing without Tor, or while other work is under way. */
    fun burn(id: BurnerId)

    /** Opens a burner's conversations, and connects it; does nothing before it can be used. */
    fun open(id: BurnerId)

    /** Goes back to the burners. The one that was open stays connected. */
    fun leave()

    /** Takes the notice away. */
    fun dismiss()
}

/**
 * The first screen's model: what is true and what can be done. It knows no Android.
 *
 * @param scope where all of it runs, one thing at a time: the main dispatcher of an app.
 * @param options what kind of burner the one tap makes.
 * @param open how the library is opened: the app's folder and key.
 */
class BurnersModel(
    private val scope: CoroutineScope,
    private val options: CreateOptions = CreateOptions(),
    private val open: suspend () -> Flashpaper,
) : BurnersActions {
    private val current = MutableStateFlow(BurnersState())
    private val opened = MutableStateFlow<ConversationsModel?>(null)
    private var library: Flashpaper? = null
    private var creation: Creation? = null
    private var making: BurnerId? = null
    private var starting: Job? = null
    private var started = false
    private var working: Job? = null
    private var replying: Job? = null
    private var watching: Job? = null

    val state: StateFlow<BurnersState> = current.asStateFlow()

    /** The burner that is open, if one is. */
    val conversations: StateFlow<ConversationsModel?> = opened.asStateFlow()

    override fun start() {
        if (started || starting?.isActive == true) return
        current.update { if (it.tor is TorState.Blocked) it.copy(tor = it.tor.copy(canRetry = false)) else it }
        starting = scope.launch {
            val library = try {
                library()
            } catch (error: FlashpaperException) {
                current.update { it.copy(notice = Notice.Failed(error)) }
                return@launch
            }
            try {
                library.startTor()
                started = true
            } catch (error: FlashpaperException) {
                current.update {
                    // Tor may be ready all the same: then it is what an earlier run left that could not be settled.
                    if (it.tor == TorState.Ready) it.copy(notice = Notice.Failed(error))
                    else it.copy(tor = TorState.Blocked(error, canRetry = true))
                }
            }
        }
    }

    override fun create() {
        if (!state.value.canCreate) return
        work(Work.Creating(emptyList())) { make(it.create(options)) }
    }

    override fun cancel() {
        if (state.value.work is Work.Creating) working?.cancel()
    }

    override fun answer(answers: Map<Int, FieldAnswer>) = reply(Answer.Fields(answers))

    override fun askAnew() = reply(Answer.AnotherPicture)

    override fun decline() = reply(Answer.GiveUp)

    override fun burn(id: BurnerId) {
        if (state.value.work != Work.Idle || state.value.tor != TorState.Ready) return
        work(Work.Burning(id, emptyList())) { library ->
            val report = library.burn(id)
            current.update { it.copy(notice = Notice.Burned(report.outcome)) }
        }
    }

    override fun open(id: BurnerId) {
        val library = library ?: return
        val burner = library.burner(id)?.takeIf { it.state.value.phase == Phase.ACTIVE } ?: return
        leave()
        opened.value = ConversationsModel(scope, library, burner)
    }

    override fun leave() {
        val conversations = opened.value ?: return
        opened.value = null
        scope.launch { conversations.close() }
    }

    override fun dismiss() = current.update { it.copy(notice = null) }

    /** Ends everything that is under way and lets go of the folder. */
    suspend fun close(): Unit = withContext(NonCancellable) {
        listOfNotNull(starting, working).forEach { it.cancelAndJoin() }
        opened.value?.close()
        opened.value = null
        library?.close()
        library = null
        started = false
        watching?.join()
        current.update { BurnersState(privateNetwork = it.privateNetwork) }
    }

    private suspend fun library(): Flashpaper = library ?: open().also { opened ->
        library = opened
        val events = opened.events()
        watching = scope.launch {
            launch { events.collect { seen(it.event) } }
            opened.state.takeWhile { it.life != Life.CLOSED }.collect { list() }
        }
        list()
    }

    /** Waits for a burner, and shows what its server asks meanwhile. */
    private suspend fun make(creation: Creation) = coroutineScope {
        this@BurnersModel.creation = creation
        val asking = launch {
            creation.progress.collect { now -> current.update { it.copy(question = (now as? Progress.Asks)?.question) } }
        }
        try {
            creation.await()
        } finally {
            asking.cancel()
            current.update { it.copy(question = null) }
        }
    }

    private fun work(kind: Work, block: suspend (Flashpaper) -> Unit) {
        val library = library ?: return
        current.update { it.copy(work = kind, notice = null) }
        working = scope.launch {
            try {
                block(library)
            } catch (error: FlashpaperException) {
                current.update { it.copy(notice = Notice.Failed(error)) }
            } finally {
                current.update { it.copy(work = Work.Idle) }
                list()
            }
        }
    }

    private fun reply(answer: Answer) {
        val creation = creation ?: return
        val question = state.value.question ?: return
        // Which of two replies the engine gets first is open.
        if (replying?.isActive == true) return
        dismiss()
        replying = scope.launch {
            try {
                creation.answer(question.id, answer)
            } catch (_: FlashpaperException.NoSuchQuestion) {
                // It has ended meanwhile, which the creation tells.
            } catch (error: FlashpaperException) {
                current.update { it.copy(notice = Notice.Failed(error)) }
            }
        }
    }

    private fun seen(event: Event) {
        when (event) {
            is Event.TorStarting -> current.update { it.copy(tor = TorState.Connecting(0f)) }
            is Event.Tor -> current.update { it.copy(tor = torState(event)) }
            is Event.Creating -> step(event.burner, event.step)
            is Event.Burning -> step(event.burner, event.step)
            // The library's state tells these, too.
            is Event.PrivateNetwork, is Event.Question, is Event.QuestionEnded, is Event.Settled, is Event.Expired, is Event.Lagged -> {}
            // There is no screen for these.
            is Event.Restoring, is Event.Expiring, is Event.Locked -> {}
            // The conversations' own.
            is Event.Connection, is Event.OtherRoute, is Event.Message, is Event.Conversation, is Event.Comparison, is Event.Notice -> {}
        }
    }

    private fun torState(event: Event.Tor): TorState {
        val blocked = event.blocked
        return when {
            event.ready -> TorState.Ready
            blocked != null -> TorState.Blocked(blocked, canRetry = starting?.isActive != true)
            else -> TorState.Connecting(event.fraction)
        }
    }

    /** What is cleared away in the background is not the user's work. */
    private fun step(burner: BurnerId, step: Step) = current.update {
        val work = it.work
        when {
            // Each attempt of a creation begins with an identity of its own.
            work is Work.Creating && step is Step.Sealed -> {
                making = burner
                it.copy(work = Work.Creating(work.steps.filterIsInstance<Step.MovingOn>() + step))
            }
            work is Work.Creating && burner == making -> it.copy(work = Work.Creating(work.steps.followedBy(step)))
            work is Work.Burning && burner == work.burner -> it.copy(work = work.copy(steps = work.steps + step))
            else -> it
        }
    }

    /** How far a proof of work is replaces how far it was. */
    private fun List<Step>.followedBy(step: Step) =
        if (step is Step.Working && lastOrNull() is Step.Working) dropLast(1) + step else this + step

    private fun list() {
        val now = library?.state?.value ?: return
        val isPrivate = now.network == NetworkKind.PRIVATE
        current.update {
            // The one that is being made is shown by its steps.
            val burners = now.burners.filterNot { burner -> it.work is Work.Creating && burner.phase == Phase.PENDING }
            it.copy(privateNetwork = isPrivate, burners = burners, vault = now.vault)
        }
        // What is burned is left.
        val open = opened.value?.state?.value?.burner?.id
        if (open != null && now.burners.none { it.id == open }) leave()
    }
}
