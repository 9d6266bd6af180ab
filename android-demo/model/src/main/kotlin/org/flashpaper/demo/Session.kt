package org.flashpaper.demo

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.flow.MutableSharedFlow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext
import org.flashpaper.BurnReport
import org.flashpaper.Burner
import org.flashpaper.BurnerId
import org.flashpaper.Chat
import org.flashpaper.Comparison
import org.flashpaper.Event
import org.flashpaper.Flashpaper
import org.flashpaper.FlashpaperException
import org.flashpaper.Input
import org.flashpaper.Jid
import org.flashpaper.Key
import org.flashpaper.Life
import org.flashpaper.Notice as PeerNotice
import org.flashpaper.Profile
import org.flashpaper.Stage
import org.flashpaper.State
import org.flashpaper.Tor

private val OPEN = setOf(Life.AWAKE, Life.SUSPENDED)

/** Of so many peers there is news: strangers can make more. */
private const val MOST_NEWS = 20

/** What the models of all screens know. */
internal data class Known(
    val choices: Choices,
    /** The library's present; null before it is open. */
    val library: State? = null,
    val isOpening: Boolean = false,
    /** Why the store was not opened the last time. */
    val openFault: FlashpaperException? = null,
    /** The store was opened with a passphrase. */
    val hasPassphrase: Boolean = false,
    val isConnecting: Boolean = false,
    /** Why Tor was not started the last time. */
    val torFault: FlashpaperException? = null,
    /** The next burner can be brought back from words. */
    val recoverable: Boolean = false,
    val news: List<News> = emptyList(),
    val covered: Boolean = false,
) {
    val tor: Tor
        get() = library?.tor ?: Tor.Off

    /** An error that stands in the way of Tor now. */
    val torProblem: FlashpaperException?
        get() = when (val tor = tor) {
            is Tor.Blocked -> tor.why
            Tor.Off -> torFault
            // It goes on by itself, but nobody is asked to wait before any relay has answered.
            is Tor.Connecting -> torFault.takeIf { tor.stage == Stage.CONNECTING }
            // Then it is what an earlier run left that could not be settled.
            Tor.Ready -> null
        }

    /** Why the lines of bridges are none. */
    val bridgeFault: Input.Bridge?
        get() = (torFault as? FlashpaperException.InvalidInput)?.input as? Input.Bridge

    fun news(burner: BurnerId, peer: Jid): News? = news.find { it.burner == burner && it.peer == peer }
}

/** What a user is told of a contact, until it is dismissed or replaced. */
internal data class News(val burner: BurnerId, val peer: Jid, val comparison: Comparison?, val notice: PeerNotice?)

/** A text that was not sent yet. */
internal class Draft(val text: String) {
    /** The same for each try to send it, so that one which was stored after all is not sent twice. Another text has another key. */
    val key = Chat.newKey()
}

/** A burn that has ended. The burner itself is gone, so its badge is kept. */
internal data class Burnt(val badge: BurnerBadge, val report: BurnReport)

/** The open library, and what goes on whichever screen is shown. */
internal class Session(val scope: CoroutineScope, val platform: Platform) {
    val known = MutableStateFlow(Known(platform.load()))
    val events = MutableSharedFlow<Event>(extraBufferCapacity = 64)
    val burnt = mutableMapOf<BurnerId, Burnt>()

    /** What was written and not sent. */
    val drafts = mutableMapOf<Screen, Draft>()

    /** The screens of comparisons that wait for the contact. */
    val comparing = mutableSetOf<Screen.Verify>()

    var library: Flashpaper? = null
        private set

    /** The user has touched the button that connects, since the store was opened first. */
    var hasConnected = false
        private set
    private val opening = Mutex()
    private val living = Mutex()
    private var watching: Job? = null
    private var connecting: Job? = null

    fun burner(id: BurnerId): Burner? = library?.burner(id)

    fun choose(change: (Choices) -> Choices) {
        known.update { it.copy(choices = change(it.choices)) }
        platform.save(known.value.choices)
    }

    fun choose(entrance: Entrance) {
        giveUpTry()
        choose { it.copy(entrance = entrance) }
    }

    /** Other lines of bridges: what was wrong with the old ones is past. */
    fun writeBridges(lines: String) {
        giveUpTry()
        choose { it.copy(bridges = lines) }
        known.update { it.copy(torFault = null) }
    }

    /**
     * Opens the store, or wakes it. Throws why it cannot be opened. The passphrase is wiped. It goes on where the screen that asked
     * for it is left: by the emergency passphrase the library that was open closes, which leads away, before the empty one is there.
     */
    suspend fun open(passphrase: ByteArray? = null): Flashpaper = withContext(NonCancellable) { opening.withLock { openNow(passphrase) } }

    private suspend fun openNow(passphrase: ByteArray?): Flashpaper {
        known.update { it.copy(isOpening = true, openFault = null) }
        try {
            val opened = library?.takeIf { it.state.value.life in OPEN } ?: openAnew(passphrase)
            if (!known.value.covered) opened.resume()
            return opened
        } catch (error: FlashpaperException) {
            known.update { it.copy(openFault = error) }
            throw error
        } finally {
            passphrase?.fill(0)
            known.update { it.copy(isOpening = false) }
        }
    }

    private suspend fun openAnew(passphrase: ByteArray?): Flashpaper {
        val opened = platform.open(Key.Source(platform.keys, passphrase))
        watch(opened)
        if (passphrase != null && isEmpty(opened)) {
            platform.forget()
            asInstalled()
            // Who had bridges is not led to the public relays by a choice that was made for them: this one cannot be started as it is.
            known.update { it.copy(choices = it.choices.copy(entrance = Entrance.BRIDGES)) }
        }
        opened.setAutoLock(known.value.choices.autoLock.time)
        known.update { it.copy(hasPassphrase = passphrase != null) }
        return opened
    }

    /**
     * A passphrase that opens a store with nothing in it may have been the emergency passphrase. The library does not tell, so that
     * nobody can find out that there was one; what the app has kept beside the store, bridges above all, would. So it goes in
     * every such case: who has a passphrase and no burner chooses anew.
     */
    private suspend fun isEmpty(opened: Flashpaper): Boolean =
        opened.state.value.burners.isEmpty() && opened.pendingRemovals().isEmpty()

    private fun asInstalled() {
        hasConnected = false
        known.update { it.copy(choices = Choices(), recoverable = false) }
    }

    private fun watch(opened: Flashpaper) {
        watching?.cancel()
        library = opened
        val told = opened.events()
        watching = scope.launch {
            launch { told.collect { seen(it.event) } }
            opened.state.collect { now ->
                comparing.retainAll { now.isPrivate(it) }
                known.update { it.copy(library = now) }
            }
        }
        known.update { it.copy(library = opened.state.value) }
    }

    private suspend fun seen(event: Event) {
        when (event) {
            // A question stays in the conversation until it is answered.
            is Event.Comparison -> if (event.comparison !is Comparison.Asked) {
                comparing -= Screen.Verify(event.burner, event.peer)
                tell(News(event.burner, event.peer, event.comparison, null))
            }
            is Event.Notice -> tell(News(event.burner, event.peer, null, event.notice))
            else -> {}
        }
        events.emit(event)
    }

    /** Anybody on the way can bring a notice about: it hides no comparison that showed another secret, nor do many. */
    private fun tell(news: News) = known.update {
        val (before, others) = it.news.partition { old -> old.burner == news.burner && old.peer == news.peer }
        if (news.notice != null && before.any { old -> old.comparison == Comparison.Different }) return@update it
        val all = others + news
        val least = all.firstOrNull { old -> old.comparison != Comparison.Different } ?: all.first()
        it.copy(news = if (all.size > MOST_NEWS) all - least else all)
    }

    fun dismiss(burner: BurnerId, peer: Jid) =
        known.update { it.copy(news = it.news.filterNot { news -> news.burner == burner && news.peer == peer }) }

    /** Connects to Tor, by the way that the user has chosen. Only what the user touches leads here. */
    fun connect() {
        val before = connecting
        before?.cancel()
        hasConnected = true
        known.update { it.copy(isConnecting = true, torFault = null) }
        val job = scope.launch(start = CoroutineStart.LAZY) {
            try {
                // A Tor that is being ended is not to take this one with it.
                before?.join()
                open().startTor(known.value.choices.entry)
            } catch (error: FlashpaperException) {
                known.update { it.copy(torFault = error) }
            } finally {
                // Another one may have begun.
                if (connecting == coroutineContext[Job]) known.update { it.copy(isConnecting = false) }
            }
        }
        connecting = job
        job.start()
    }

    /**
     * Another way was chosen: Tor by the old one, if it is not ready, ends. It would go on trying also where the call has failed.
     */
    private fun giveUpTry() {
        if (known.value.tor == Tor.Ready) return
        val before = connecting
        before?.cancel()
        known.update { it.copy(isConnecting = false) }
        connecting = scope.launch(start = CoroutineStart.UNDISPATCHED) {
            withContext(NonCancellable) {
                before?.join()
                try {
                    library?.stopTor()
                } catch (_: FlashpaperException.Closed) {
                    // It has ended.
                }
            }
        }
    }

    /** Waits until Tor is ready. What stands in its way is shown, and the user may have mended it. */
    suspend fun ready(): Flashpaper {
        known.first { it.tor == Tor.Ready }
        return library ?: throw FlashpaperException.Closed()
    }

    suspend fun toBackground() = change { if (platform.staysConnected) it.setProfile(Profile.BACKGROUND) else it.suspend() }

    suspend fun toForeground() = change {
        it.resume()
        it.setProfile(Profile.FOREGROUND)
    }

    /** One after the other: which of two came last is what counts. */
    private suspend fun change(life: suspend (Flashpaper) -> Unit): Unit = living.withLock { library?.let { life(it) } }

    /** Forgets all that came out of the store. */
    fun forget() {
        connecting?.cancel()
        burnt.clear()
        drafts.clear()
        comparing.clear()
        known.update { Known(it.choices, library = it.library, hasPassphrase = it.hasPassphrase, covered = it.covered) }
    }

    /** Ends everything of this device, and what the app has kept outside of the store. */
    fun panic() = try {
        platform.panic()
    } finally {
        letGo()
        asInstalled()
    }

    suspend fun close() {
        connecting?.cancel()
        // After an opening that goes on.
        opening.withLock {
            library?.close()
            letGo()
        }
    }

    /** The library is closed: opening begins anew. */
    fun letGo() {
        watching?.cancel()
        library = null
        hasConnected = false
        forget()
        known.update { it.copy(library = null, hasPassphrase = false) }
    }
}
