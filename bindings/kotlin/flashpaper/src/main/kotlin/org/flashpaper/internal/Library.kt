package org.flashpaper.internal

import java.util.concurrent.ConcurrentHashMap
import kotlin.time.Duration
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext
import org.flashpaper.Burned
import org.flashpaper.Burner
import org.flashpaper.BurnerId
import org.flashpaper.BurnReport
import org.flashpaper.CreateOptions
import org.flashpaper.Creation
import org.flashpaper.Entry
import org.flashpaper.Flashpaper
import org.flashpaper.FlashpaperException
import org.flashpaper.Key
import org.flashpaper.Life
import org.flashpaper.NetworkKind
import org.flashpaper.Numbered
import org.flashpaper.PendingRemoval
import org.flashpaper.Profile
import org.flashpaper.Route
import org.flashpaper.Spread
import org.flashpaper.State
import org.flashpaper.SyncReport
import org.flashpaper.Tor
import org.flashpaper.VaultReport
import org.flashpaper.internal.ffi.Burner as FfiBurner
import org.flashpaper.internal.ffi.CancelToken
import org.flashpaper.internal.ffi.Engine
import org.flashpaper.internal.ffi.Snapshot
import org.flashpaper.internal.ffi.States
import org.flashpaper.internal.ffi.UniffiWithHandle

/** The real Flashpaper. */
internal class Library(val engine: Engine, states: States, first: State) : Flashpaper {
    val present = Present(first)

    /** What goes on beside the calls. Each thing in it ends by itself once the library is closed. */
    val scope = CoroutineScope(Dispatchers.IO + SupervisorJob())

    /** How new the present is: not each change of it has an event with a number. */
    private var revision = 0uL

    /** How many openings were given this library, without those that were cancelled. */
    var openings = 0
        private set

    private val watching: Job = scope.launch {
        states.use {
            while (true) follow(it.next() ?: break)
        }
        synchronized(present) {
            present.value = present.value.copy(life = Life.CLOSED, tor = Tor.Off, burners = emptyList())
        }
        opening.withLock { opened.values.remove(this@Library) }
    }

    override val state: StateFlow<State> = present.state

    /** Makes a call that changes something that [state] shows: it shows it when this returns. */
    suspend fun <T> change(body: suspend () -> T): T = call {
        try {
            body()
        } finally {
            look()
        }
    }

    /** [change] for a long call. */
    suspend fun <T> cancellableChange(body: suspend (CancelToken) -> T): T = cancellable {
        try {
            body(it)
        } finally {
            look()
        }
    }

    /** Has [state] show the present. Where the library has just been closed it shows that by itself, and no call fails by it. */
    suspend fun look() {
        try {
            follow(translated { engine.snapshot() })
        } catch (_: FlashpaperException) {
        }
    }

    /** Takes a newer state. One that was taken before the present one and comes late is dropped, and so is any after the end. */
    private fun follow(next: Snapshot): Unit = synchronized(present) {
        if (next.revision >= revision && present.value.life != Life.CLOSED) {
            revision = next.revision
            present.value = next.face()
        }
    }

    override fun events(since: Long?): Flow<Numbered> = numbered(engine, since)

    override suspend fun startTor(entry: Entry, deadline: Duration) {
        val within = deadline.ffi()
        cancellableChange { engine.startTor(entry.ffi(), within, it) }
    }

    override suspend fun stopTor(): Unit = change { engine.stopTor() }

    override fun create(options: CreateOptions): Creation = LibraryCreation(this, engine.create(options.ffi()))

    override suspend fun checkOptions(options: CreateOptions): Unit = call { engine.checkOptions(options.ffi()) }

    override suspend fun restore(words: ByteArray, server: String, route: Route?): Burner =
        handle(cancellableChange { engine.restore(words, server, route?.ffi(), it) })

    override fun burner(id: BurnerId): Burner? = present.value.burner(id)?.let { LibraryBurner(this, it) }

    fun handle(burner: FfiBurner): Burner = burner(BurnerId(burner.id)) ?: LibraryBurner(this, burner.face())

    override suspend fun burn(id: BurnerId): BurnReport = cancellableChange { engine.burn(id.value, it).face() }

    override suspend fun burnAll(): List<Burned> =
        cancellableChange { token -> engine.burnAll(token).map { it.face() } }

    override suspend fun pendingRemovals(): List<PendingRemoval> = call { engine.pendingRemovals().map { it.face() } }

    override suspend fun redeem(ticket: ByteArray): List<BurnerId> = call { engine.redeem(ticket).map(::BurnerId) }

    override suspend fun suspend(deadline: Duration) {
        val within = deadline.ffi()
        change { engine.suspend(within) }
    }

    override suspend fun resume(): Unit = change { engine.resume() }

    override suspend fun sync(deadline: Duration, entry: Entry): SyncReport {
        val within = deadline.ffi()
        return cancellableChange { engine.syncOnce(entry.ffi(), within, it).face() }
    }

    override suspend fun lock(): Unit = change { engine.lock() }

    override suspend fun setAutoLock(after: Duration?) {
        val time = after?.ffi()
        call { engine.setAutoLock(time) }
    }

    override fun touch(): Unit = engine.touch()

    override suspend fun changeKey(key: Key): Unit = change { engine.changeKey(key.ffi()) }

    override suspend fun setDuress(passphrase: ByteArray?): Unit = change { engine.setDuress(passphrase) }

    override suspend fun updateDirectory(file: ByteArray): Unit = call { engine.updateDirectory(file) }

    override suspend fun setOwnServers(file: ByteArray?): Unit = call { engine.setOwnServers(file) }

    override suspend fun diagnostics(): String =
        try {
            call { engine.diagnostics() }
        } catch (e: FlashpaperException) {
            e.code
        }

    override suspend fun close(): Unit = withContext(NonCancellable) {
        call { engine.shutdown() }
        watching.join()
    }

    override fun networkChanged(): Unit = engine.networkChanged()

    override fun setProfile(profile: Profile): Unit = engine.setProfile(profile.ffi())

    override fun setSpread(spread: Spread): Unit = engine.setSpread(spread.ffi())

    companion object {
        private val opening = Mutex()

        /** How many openings go on. */
        private var goingOn = 0

        /** The libraries that are open, by [identity]. */
        val opened = ConcurrentHashMap<Long, Library>()

        /** While an opening goes on, no library is closed that it may be given. */
        suspend fun beginOpening(): Unit = opening.withLock { goingOn += 1 }

        /**
         * An opening has ended. The last one closes each library that only openings were given that were cancelled: nobody else would.
         *
         * @param unwanted what it was given, if it was cancelled then.
         */
        suspend fun endOpening(unwanted: Library?) {
            val closed = opening.withLock {
                unwanted?.let { it.openings -= 1 }
                goingOn -= 1
                opened.values.filter { goingOn == 0 && it.openings == 0 }.onEach { it.engine.shutdown() }
            }
            closed.forEach { it.watching.join() }
        }

        /** The one library of an engine: opening a folder again gives the same. */
        suspend fun of(engine: Engine): Library = opening.withLock {
            val name = identity(engine)
            val library = opened[name]?.also {
                engine.close()
                it.look()
            } ?: engine.states().let { Library(engine, it, it.next()?.face() ?: CLOSED) }.also { opened[name] = it }
            library.also { it.openings += 1 }
        }

        /** The same for two objects of one engine: its address, while one of them is held. */
        private fun identity(engine: Engine): Long =
            engine.uniffiCloneHandle().also { Engine(UniffiWithHandle, it).close() }

        /** The state of a library that was closed before it told its first one. */
        private val CLOSED = State(0, Life.CLOSED, NetworkKind.PUBLIC, Tor.Off, emptyList(), VaultReport())
    }
}
