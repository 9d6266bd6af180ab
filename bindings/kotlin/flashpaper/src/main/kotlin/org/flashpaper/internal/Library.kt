package org.flashpaper.internal

import kotlin.time.Duration
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import org.flashpaper.Burned
import org.flashpaper.Burner
import org.flashpaper.BurnerId
import org.flashpaper.BurnReport
import org.flashpaper.Config
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
import org.flashpaper.internal.ffi.States

/** The real Flashpaper. */
internal class Library private constructor(val engine: Engine, states: States, first: State) : Flashpaper {
    private val present = MutableStateFlow(first)

    /** What goes on beside the calls: until the library is closed. */
    val scope = CoroutineScope(Dispatchers.IO + SupervisorJob())

    private val watching: Job = scope.launch {
        states.use {
            while (true) follow((it.next() ?: break).face())
        }
        present.update { it.copy(life = Life.CLOSED, tor = Tor.Off, burners = emptyList()) }
    }

    override val state: StateFlow<State> = present.asStateFlow()

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

    suspend fun look(): Unit = withContext(NonCancellable) { follow(engine.snapshot().face()) }

    /** Takes a newer state. One that was taken before the present one and comes late is dropped. */
    private fun follow(next: State): Unit = present.update { if (next.number >= it.number) next else it }

    override fun events(since: Long?): Flow<Numbered> = numbered(engine, since)

    override suspend fun startTor(entry: Entry, deadline: Duration) {
        val within = deadline.ffi()
        cancellableChange { engine.startTor(entry.ffi(), within, it) }
    }

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

    override suspend fun setDuress(passphrase: ByteArray?): Unit = call { engine.setDuress(passphrase) }

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
        suspend fun open(config: Config): Flashpaper = cancellable { token ->
            val engine = Engine.open(config.ffi(), token)
            val states = engine.states()
            Library(engine, states, states.next()?.face() ?: CLOSED)
        }

        /** Nothing was ever known. */
        private val CLOSED = State(0, Life.CLOSED, NetworkKind.PUBLIC, Tor.Off, emptyList(), VaultReport())
    }
}
