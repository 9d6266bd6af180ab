package org.flashpaper.demo

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import org.flashpaper.Action
import org.flashpaper.Burner
import org.flashpaper.BurnerId
import org.flashpaper.Chat
import org.flashpaper.FlashpaperException
import org.flashpaper.Jid
import org.flashpaper.Life
import org.flashpaper.NetworkKind
import org.flashpaper.Tor
import org.flashpaper.demo.TextKey.LASTING_PRIVATE_NETWORK

/**
 * The app: the way to the screen that is shown, with a model for each screen on it. It lives as long as the process, so that a
 * turned device changes nothing. Nothing of it is stored: after the end of the process the way begins anew, at what the sealed
 * store has.
 *
 * @param scope where all of it runs, one thing at a time: the main dispatcher of an app.
 */
class AppModel(scope: CoroutineScope, platform: Platform) : AppActions {
    internal val session = Session(CoroutineScope(scope.coroutineContext + SupervisorJob(scope.coroutineContext[Job])), platform)
    private val models = mutableListOf<ScreenModel<*>>(StartModel(this))
    private val current = MutableStateFlow(AppState())
    private val top = MutableStateFlow(models.last())

    val state: StateFlow<AppState> = current.asStateFlow()

    /** The model of the screen that is shown. */
    val shown: StateFlow<ScreenModel<*>> = top.asStateFlow()

    init {
        models.forEach { it.begin() }
        session.scope.launch { session.known.collect { follow(it) } }
        open()
    }

    /** Opens the store; no network is touched. Where a key is needed it is asked for. */
    internal fun open() {
        session.known.update { it.copy(isOpening = true) }
        session.scope.launch {
            try {
                session.open()
            } catch (_: FlashpaperException) {
                // Known.openFault tells it.
            }
        }
    }

    override fun back() = leave(models.last())

    override fun panic() {
        if (state.value.canPanic) go(Screen.Panic)
    }

    override fun settings(burner: BurnerId?) {
        if (session.library != null) go(Screen.Settings(burner))
    }

    override fun toBackground() {
        session.known.update { it.copy(covered = true) }
        life { session.toBackground() }
    }

    override fun toForeground() {
        session.known.update { it.copy(covered = false) }
        life { session.toForeground() }
    }

    private fun life(change: suspend () -> Unit) {
        session.scope.launch {
            try {
                change()
            } catch (error: FlashpaperException) {
                // Of another one the library's state tells what there is to tell.
                val isShut = !takes(error) && error.action in setOf(Action.UNLOCK, Action.CLOSE_OTHER)
                if (isShut) session.known.update { it.copy(openFault = error) }
            }
        }
    }

    override fun networkChanged() {
        session.library?.networkChanged()
    }

    override fun touch() {
        session.library?.touch()
    }

    /** Lets go of the store, and ends. */
    suspend fun close() {
        models.forEach { it.end() }
        session.close()
        session.scope.cancel()
    }

    /**
     * A burn has ended: its report takes the place of all of the burner's screens. Where the user is busy elsewhere it goes beneath,
     * so that nothing is taken from under their fingers, and they meet it on the way back.
     */
    internal fun burnt(burner: BurnerId) {
        if (Screen.Unlock in beneath) return
        val report = Screen.BurnReport(burner)
        val isOf = { screen: Screen -> screen.burner == burner || screen == Screen.Burn(burner) || screen == report }
        val others = beneath.filterNot { it == Screen.Burners || isOf(it) }
        val isFree = beneath.lastOrNull().let { it == null || it == Screen.Burners || isOf(it) }
        reset(Screen.Burners, *(if (isFree) others + report else listOf(report) + others).toTypedArray())
    }

    /** Nothing of the way is left but this screen. */
    internal fun alone(model: ScreenModel<*>) = take(listOf(model.screen))

    /** After a panic: an empty app. */
    internal fun startAnew() {
        take(listOf(Screen.Start))
        open()
    }

    /** Leaves a screen that is done, if it is still on the way. */
    internal fun leave(model: ScreenModel<*>) {
        if (models.size == 1 || !models.remove(model)) return
        model.end()
        show()
        models.last().returned()
    }

    /** One screen further. */
    internal fun go(screen: Screen) {
        if (beneath.lastOrNull() == screen) return
        // A burner may be gone at the moment of the touch.
        models.add(beneath.size, (model(screen) ?: return).also { it.begin() })
        show()
    }

    /** This way and no other. A screen that is on both keeps what it has. */
    internal fun reset(vararg way: Screen) = take(way.toList() + listOf(Screen.Panic).filter { isPanic })

    private fun take(way: List<Screen>) {
        val old = models.toList()
        models.clear()
        models += way.mapNotNull { screen -> old.find { it.screen == screen } ?: model(screen)?.also { it.begin() } }
        (old - models.toSet()).forEach { it.end() }
        show()
    }

    private val isPanic: Boolean
        get() = models.last().screen == Screen.Panic

    /**
     * The way without the panic screen, which nothing that comes in the background may take from under a finger: what comes goes
     * beneath it.
     */
    internal val beneath: List<Screen>
        get() = models.map { it.screen } - Screen.Panic

    /** Whether an error says that there is nothing to go on with: then its screen is shown. */
    internal fun takes(error: FlashpaperException): Boolean {
        when (error) {
            is FlashpaperException.VaultLocked -> locked()
            is FlashpaperException.Closed -> closed()
            else -> return false
        }
        return true
    }

    /** No key is in memory, and so nothing else of the store is. */
    private fun locked() {
        if (beneath == listOf(Screen.Unlock)) return
        session.forget()
        reset(Screen.Unlock)
    }

    /** The first screen that there is something to do at: where the user has connected before, Tor comes back by itself. */
    internal fun home() {
        val now = session.library?.state?.value
        val isConnected = now?.tor != Tor.Off || session.hasConnected && now.burners.isNotEmpty()
        reset(if (isConnected) Screen.Burners else Screen.Start)
    }

    /** A burner was made or restored: its contacts come next, and before them its words, which are shown once. */
    internal fun made(burner: BurnerId, withWords: Boolean) {
        val way = listOfNotNull(Screen.Burners, Screen.Contacts(burner), Screen.Words(burner).takeIf { withWords })
        reset(*way.toTypedArray())
    }

    private fun closed() {
        session.letGo()
        reset(Screen.Start)
    }

    private fun follow(known: Known) {
        val now = session.library?.state?.value
        if (now?.life == Life.LOCKED && !known.isOpening) locked()
        if (now?.life == Life.CLOSED) closed()
        if (now?.life == Life.AWAKE || now?.life == Life.SUSPENDED) leaveWhatIsGone(now.burners.map { it.id }.toSet())
        val isShut = known.openFault != null && !known.isOpening
        if (isShut && beneath.lastOrNull() != Screen.Unlock) reset(Screen.Unlock)
        // The lines are where they can be mended.
        if (known.bridgeFault != null && Screen.Start !in beneath) reset(Screen.Start)
        current.update {
            it.copy(
                covered = known.covered,
                warnings = listOfNotNull(
                    Sign(Mark.WARNING, Text(LASTING_PRIVATE_NETWORK), Tone.DANGER).takeIf { now?.network == NetworkKind.PRIVATE },
                ) + now?.vault?.let(::warnings).orEmpty(),
            )
        }
    }

    /** Screens of a burner that is not there any more are left; its burn and the report are not. */
    private fun leaveWhatIsGone(burners: Set<BurnerId>) {
        val left = beneath.filter { screen -> screen.burner?.let { it in burners } != false }
        if (left.size < beneath.size) reset(*left.ifEmpty { listOf(Screen.Burners) }.toTypedArray())
    }

    private val Screen.burner: BurnerId?
        get() = when (this) {
            is Screen.Contacts -> burner
            is Screen.Chat -> burner
            is Screen.Verify -> burner
            is Screen.Words -> burner
            is Screen.Settings -> burner
            is Screen.Burn, is Screen.BurnReport -> null
            Screen.Start, Screen.Creating, Screen.Burners, Screen.Restore, Screen.Panic, Screen.Unlock -> null
        }

    private fun model(screen: Screen): ScreenModel<*>? = when (screen) {
        Screen.Start -> StartModel(this)
        Screen.Creating -> CreatingModel(this)
        Screen.Burners -> BurnersModel(this)
        Screen.Restore -> RestoreModel(this)
        is Screen.Contacts -> session.burner(screen.burner)?.let { ContactsModel(screen, it, this) }
        is Screen.Chat -> chat(screen.burner, screen.peer) { burner, chat -> ChatModel(screen, burner, chat, this) }
        is Screen.Verify -> chat(screen.burner, screen.peer) { burner, chat -> VerifyModel(screen, burner, chat, this) }
        is Screen.Words -> session.burner(screen.burner)?.let { WordsModel(screen, it, this) }
        is Screen.Settings -> settings(screen)
        is Screen.Burn -> session.burner(screen.burner)?.let { BurnModel(screen, it, this) }
        is Screen.BurnReport -> session.burnt[screen.burner]?.let { BurnReportModel(screen, it, this) }
        Screen.Panic -> PanicModel(this)
        Screen.Unlock -> UnlockModel(this)
    }

    private fun <M> chat(id: BurnerId, peer: Jid, model: (Burner, Chat) -> M): M? {
        val burner = session.burner(id) ?: return null
        return burner.chat(peer)?.let { model(burner, it) }
    }

    private fun settings(screen: Screen.Settings): SettingsModel? {
        val burner = screen.burner ?: return SettingsModel(screen, null, this)
        return session.burner(burner)?.let { SettingsModel(screen, it, this) }
    }

    private fun show() {
        current.update { it.copy(way = models.map { model -> model.screen }) }
        top.value = models.last()
    }
}
