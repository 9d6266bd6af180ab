package org.flashpaper.testing

import java.time.Instant
import kotlin.time.Duration
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.test.TestScope
import org.flashpaper.Burned
import org.flashpaper.Burner
import org.flashpaper.BurnerId
import org.flashpaper.BurnOutcome
import org.flashpaper.BurnReport
import org.flashpaper.Chat
import org.flashpaper.Connection
import org.flashpaper.CreateOptions
import org.flashpaper.Creation
import org.flashpaper.DirectoryFault
import org.flashpaper.Entry
import org.flashpaper.Event
import org.flashpaper.Flashpaper
import org.flashpaper.FlashpaperException
import org.flashpaper.Input
import org.flashpaper.Jid
import org.flashpaper.Key
import org.flashpaper.Life
import org.flashpaper.NetworkKind
import org.flashpaper.Numbered
import org.flashpaper.PendingRemoval
import org.flashpaper.Phase
import org.flashpaper.Profile
import org.flashpaper.QuestionForm
import org.flashpaper.Route
import org.flashpaper.Spread
import org.flashpaper.State
import org.flashpaper.Step
import org.flashpaper.SyncReport
import org.flashpaper.Tor
import org.flashpaper.VaultReport
import org.flashpaper.WordsError
import org.flashpaper.internal.burner
import org.flashpaper.internal.checked

/**
 * Flashpaper in memory, for the tests of an app: no native library, no network, no disk. It keeps the rules of the real one, as far
 * as [FlashpaperContract] asks for them, which runs over both.
 *
 * Its clock is the virtual one of [scope]: texts that have waited too long fail, burners expire, and the library locks itself as the
 * test's time goes on. With [NetworkKind.PRIVATE] an app can test the warning that it shows; [began] is the time at the start.
 *
 * It does not model these; where a test needs one, it has [emit], [fail] and the answers below:
 * - Time that a call takes: each ends at once, so that a deadline never passes. What needs a Tor that only connects throws
 *   [FlashpaperException.TorBlocked] at once, which the real library does after a minute. Waits at random moments, [Spread] and [Profile]: the last
 *   one is kept.
 * - Bridges and routes: each [Entry] works, and the route that was asked for.
 * - [Chat.setTimer], [Burner.setIdleTimeout] and [Burner.setVersion2]: they are taken, and nothing goes or ends by them.
 * - Removals that are tried again by themselves or dropped, and [Event.Expiring].
 * - What is kept over a process's end: [Phase] is always [Phase.ACTIVE], and nothing is ever unreadable.
 * - Panic, [Key]s and the file of [setOwnServers]: nothing is sealed, and no passphrase opens anything. Of recovery words only their
 *   number is looked at.
 *
 * ```kotlin
 * @Test fun `a blocked Tor is told`() = runTest {
 *     val fake = FakeFlashpaper(this)
 *     fake.fail(Op.START_TOR, FlashpaperException.TorBlocked())
 *     ...
 * }
 * ```
 */
public class FakeFlashpaper(
    scope: TestScope,
    network: NetworkKind = NetworkKind.PUBLIC,
    began: Instant = Instant.ofEpochSecond(1_800_000_000),
) : Flashpaper {
    private val world = World(scope, network, began)

    // What a test scripts:

    /** Reports an event that this fake does not come to by itself. */
    public fun emit(event: Event): Unit = world.script { report(event) }

    /** The next call of this kind throws this. */
    public fun fail(op: Op, with: FlashpaperException): Unit =
        world.script { failures.getOrPut(op, ::ArrayDeque).add(with) }

    /**
     * The next creation asks this of the user, once it has a server. Several are asked one after the other. Names of burner and
     * server are those of the creation. Where one is given up, a creation that may choose its server goes on at one of the same name.
     */
    public fun ask(form: QuestionForm): Unit = world.script { forms.add(form) }

    /** Sets how far Tor is, where it was started. */
    public fun setTor(tor: Tor): Unit = world.script { reachTor(tor) }

    /** Sets how a burner is connected, until Tor or [Burner.connect] changes it. */
    public fun setConnection(burner: BurnerId, connection: Connection): Unit = world.script {
        setConnection(account(burner), connection)
    }

    /**
     * The next burn ends so. Otherwise it is [BurnOutcome.PROVEN] where Tor is ready, and [BurnOutcome.QUEUED] where it is not.
     */
    public fun nextBurn(report: BurnReport): Unit = world.script { burnReports.add(report) }

    /** The next [sync] gives this. Otherwise it is what the chats have, and complete. */
    public fun nextSync(report: SyncReport): Unit = world.script { syncReports.add(report) }

    /** The next [redeem] finds these removals in its ticket. Otherwise no ticket is one: it is a secret of the real library. */
    public fun nextRedeem(removals: List<PendingRemoval>): Unit = world.script { redemptions.add(removals) }

    /** Sets what is wrong with the store. */
    public fun setVault(vault: VaultReport): Unit = world.script { this.vault = vault }

    /** The same as opening the real library's folder with its key, which ends [Life.LOCKED]. */
    public fun unlock(): Unit = world.script { unlock() }

    /** Somebody to talk to. The same address is the same person. */
    public fun peer(jid: Jid): FakePeer {
        world.script { meet(jid) }
        return FakePeer(jid, world)
    }

    /** The clock's time. */
    public val now: Instant
        get() = world.now

    /** The profile that was set last. */
    public val profile: Profile
        get() = world.profile

    /** The spread that was set last. */
    public val spread: Spread
        get() = world.spread

    /** How often [networkChanged] was called. */
    public val networkChanges: Int
        get() = world.networkChanges

    // Flashpaper:

    override val state: StateFlow<State> = world.present.state

    override fun events(since: Long?): Flow<Numbered> = world.events(since)

    override suspend fun startTor(entry: Entry, deadline: Duration) {
        deadline.checked()
        world.call(Op.START_TOR) { startTor() }
    }

    override suspend fun stopTor(): Unit = world.call(Op.STOP_TOR, upTo = Life.LOCKED) { stopTor() }

    override fun create(options: CreateOptions): Creation = FakeCreation(world, options)

    override suspend fun checkOptions(options: CreateOptions): Unit = world.call(Op.CHECK_OPTIONS) { check(options) }

    override suspend fun restore(words: ByteArray, server: String, route: Route?): Burner {
        val typed = words.decodeToString().split(' ').filter { it.isNotEmpty() }
        val state = world.call(Op.RESTORE) {
            if (typed.size != 12) throw FlashpaperException.InvalidInput(Input.Words(WordsError.Count(typed.size)))
            check(CreateOptions(server))
            val text = typed.joinToString(" ")
            if (accounts.any { it.words == text || it.droppedWords == text }) throw FlashpaperException.AlreadyHere()
            needTor()
            add(CreateOptions(server, route), text).also { report(Event.Restoring(it.id, Step.LoggedIn)) }.state()
        }
        return FakeBurner(state, world)
    }

    override fun burner(id: BurnerId): Burner? = state.value.burner(id)?.let { FakeBurner(it, world) }

    override suspend fun burn(id: BurnerId): BurnReport = world.call(Op.BURN) { burn(id) }

    override suspend fun burnAll(): List<Burned> = world.call(Op.BURN_ALL, upTo = Life.SUSPENDED) {
        val all = accounts.map { it.id } + removals.map { it.burner }
        if (life == Life.SUSPENDED) {
            all.map { Burned(it, report = null, FlashpaperException.Suspended()) }
        } else {
            all.map { Burned(it, burn(it)) }
        }
    }

    override suspend fun pendingRemovals(): List<PendingRemoval> =
        world.call(Op.PENDING_REMOVALS, upTo = Life.SUSPENDED) { removals.toList() }

    override suspend fun redeem(ticket: ByteArray): List<BurnerId> = world.call(Op.REDEEM) {
        val found = redemptions.removeFirstOrNull() ?: throw FlashpaperException.InvalidInput(Input.Ticket)
        found.mapNotNull { removal ->
            if (removal.jid !in accounts.map { it.jid } + removals.map { it.jid }) removals.add(removal)
            removals.firstOrNull { it.jid == removal.jid }?.burner
        }
    }

    override suspend fun suspend(deadline: Duration) {
        deadline.checked()
        world.call(Op.SUSPEND, upTo = Life.LOCKED) { fallAsleep() }
    }

    override suspend fun resume(): Unit = world.call(Op.RESUME, upTo = Life.SUSPENDED) {
        wakeUp()
        creations.toList().forEach { it.wakes() }
        pass()
    }

    override suspend fun sync(deadline: Duration, entry: Entry): SyncReport {
        deadline.checked()
        return world.call(Op.SYNC, upTo = Life.SUSPENDED) {
            wakeUp()
            reachTor(Tor.Ready)
            pass()
            val chats = accounts.flatMap { account -> account.talks.map { it.state } }
            fallAsleep()
            syncReports.removeFirstOrNull() ?: SyncReport(chats.sumOf { it.unread }, chats.sumOf { it.outbox }, complete = true)
        }
    }

    override suspend fun lock(): Unit = world.call(Op.LOCK, upTo = Life.LOCKED) { lock() }

    override suspend fun setAutoLock(after: Duration?) {
        val time = after?.checked()
        world.call(Op.SET_AUTO_LOCK, upTo = Life.LOCKED) {
            if (time == Duration.ZERO) throw FlashpaperException.InvalidInput(Input.AutoLock)
            setAutoLock(time)
        }
    }

    override fun touch(): Unit = world.script { touch() }

    override suspend fun changeKey(key: Key): Unit = world.call(Op.CHANGE_KEY) {
        val new = when (key) {
            Key.File -> null
            is Key.Passphrase -> key.utf8
            is Key.Source -> key.passphrase
        }?.toList()
        if (new != null && new.isEmpty()) throw FlashpaperException.InvalidInput(Input.Passphrase)
        if (new != null && new == duress) throw FlashpaperException.InvalidInput(Input.SamePassphrase)
        passphrase = new
        if (new == null) duress = null
    }

    override suspend fun setDuress(passphrase: ByteArray?): Unit = world.call(Op.SET_DURESS) {
        val new = passphrase?.toList()
        if (new != null) {
            if (new.isEmpty()) throw FlashpaperException.InvalidInput(Input.Passphrase)
            if (this.passphrase == null) throw FlashpaperException.InvalidInput(Input.NoPassphrase)
            if (this.passphrase == new) throw FlashpaperException.InvalidInput(Input.SamePassphrase)
        }
        duress = new
    }

    // Nobody but those who make the library can sign one.
    override suspend fun updateDirectory(file: ByteArray): Unit =
        world.call(Op.UPDATE_DIRECTORY) { throw FlashpaperException.InvalidInput(Input.Directory(DirectoryFault.Signature)) }

    override suspend fun setOwnServers(file: ByteArray?): Unit = world.call(Op.SET_OWN_SERVERS) {
        if (file != null && file.size > 256 * 1024) {
            throw FlashpaperException.InvalidInput(Input.Directory(DirectoryFault.TooLarge))
        }
    }

    override suspend fun diagnostics(): String =
        state.value.run { "fake\nlife: $life\ntor: $tor\nburners: ${burners.size}\n" }

    override suspend fun close(): Unit = world.close()

    override fun networkChanged(): Unit = world.script { networkChanges += 1 }

    override fun setProfile(profile: Profile): Unit = world.script { this.profile = profile }

    override fun setSpread(spread: Spread) {
        if (spread is Spread.Within) spread.time.checked()
        world.script { this.spread = spread }
    }
}
