package org.flashpaper.testing

import java.time.Instant
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.toJavaDuration
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.delay
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import kotlinx.coroutines.test.TestScope
import org.flashpaper.BurnOutcome
import org.flashpaper.BurnReport
import org.flashpaper.BurnerId
import org.flashpaper.Connection
import org.flashpaper.CreateOptions
import org.flashpaper.Event
import org.flashpaper.Fingerprint
import org.flashpaper.FlashpaperException
import org.flashpaper.Input
import org.flashpaper.Jid
import org.flashpaper.Life
import org.flashpaper.NetworkKind
import org.flashpaper.Numbered
import org.flashpaper.PendingRemoval
import org.flashpaper.Profile
import org.flashpaper.QuestionForm
import org.flashpaper.Route
import org.flashpaper.Settlement
import org.flashpaper.Spread
import org.flashpaper.Stage
import org.flashpaper.State
import org.flashpaper.Step
import org.flashpaper.SyncReport
import org.flashpaper.Tor
import org.flashpaper.VaultReport
import org.flashpaper.internal.Present
import org.flashpaper.internal.forOneCollector

/** How many events are kept for readers that begin later, as the real library does it. */
private const val KEPT_EVENTS = 1024

/** All that a fake holds. One call at a time changes it: what it is to throw, it throws before it changes anything. */
internal class World(private val scope: TestScope, private val network: NetworkKind, private val began: Instant) {
    var life = Life.AWAKE
    var tor: Tor = Tor.Off
    var vault = VaultReport()
    val accounts = mutableListOf<Account>()
    val removals = mutableListOf<PendingRemoval>()
    val people = mutableMapOf<Jid, Person>()
    val creations = mutableListOf<FakeCreation>()
    var passphrase: List<Byte>? = null
    var duress: List<Byte>? = null
    var profile = Profile.FOREGROUND
    var spread: Spread = Spread.Within(2.minutes)
    var networkChanges = 0

    // Scripted:
    val failures = mutableMapOf<Op, ArrayDeque<FlashpaperException>>()
    val forms = ArrayDeque<QuestionForm>()
    val burnReports = ArrayDeque<BurnReport>()
    val syncReports = ArrayDeque<SyncReport>()
    val redemptions = ArrayDeque<List<PendingRemoval>>()

    private var number = 0L

    /** Tor runs, would if the library were awake, or has ended with the last burner. */
    private var torIsWanted = false

    /** The last events. Of one that was forgotten, nothing is left. */
    private val log = ArrayDeque<Event?>()
    private var nextBurner = 1
    private var nextQuestion = 1L
    private var autoLock: Pair<Duration, Instant>? = null

    val present = Present(state())

    /** How often anything has changed: timelines look again. */
    val changes: MutableStateFlow<Long> = MutableStateFlow(0L)

    /** By the virtual clock of the test. */
    @OptIn(ExperimentalCoroutinesApi::class)
    val now: Instant
        get() = began + scope.testScheduler.currentTime.milliseconds.toJavaDuration()

    /** Does what a test or a call without an error does. */
    fun <T> script(body: World.() -> T): T = synchronized(this) { body().also { publish() } }

    /**
     * Does what a call does: it can be cancelled before, has to be let by the life cycle, and may be scripted to fail. It works while
     * the library is awake, or up to another [Life].
     */
    suspend fun <T> call(op: Op, upTo: Life = Life.AWAKE, body: World.() -> T): T {
        currentCoroutineContext().ensureActive()
        return callNow(op, upTo, body)
    }

    fun <T> callNow(op: Op, upTo: Life = Life.AWAKE, body: World.() -> T): T = script {
        if (life > upTo) {
            throw when (life) {
                Life.SUSPENDED -> FlashpaperException.Suspended()
                Life.LOCKED -> FlashpaperException.VaultLocked()
                Life.AWAKE, Life.CLOSED -> FlashpaperException.Closed()
            }
        }
        failures[op]?.removeFirstOrNull()?.let { throw it }
        body()
    }

    suspend fun <T> change(op: Op, id: BurnerId, body: Account.() -> T): T = call(op) { account(id).body() }

    private fun publish() {
        present.value = state()
        changes.update { it + 1 }
    }

    private fun state(): State {
        val isShown = life == Life.AWAKE || life == Life.SUSPENDED
        return State(
            number = number,
            life = life,
            network = network,
            tor = if (life == Life.AWAKE) tor else Tor.Off,
            burners = if (isShown) accounts.map { it.state() } else emptyList(),
            vault = vault,
        )
    }

    // Events

    /** Collecting again goes on behind the last event that came. */
    fun events(since: Long?): Flow<Numbered> {
        var last = synchronized(this) { minOf(since ?: number, number) }
        return forOneCollector {
            while (true) {
                val seen = changes.value
                val (next, isOver) = synchronized(this@World) { behind(last) to (life == Life.CLOSED) }
                if (next != null) {
                    last = next.number
                    emit(next)
                } else if (isOver) {
                    break
                } else {
                    changes.first { it != seen }
                }
            }
        }
    }

    /** What comes behind an event; null if there is nothing yet. */
    private fun behind(last: Long): Numbered? {
        val first = number - log.size + 1
        if (last + 1 < first) return Numbered(number, Event.Lagged(number - last))
        val ahead = log.subList((last + 1 - first).toInt(), log.size)
        val forgotten = ahead.takeWhile { it == null }.size.toLong()
        if (forgotten > 0) return Numbered(last + forgotten, Event.Lagged(forgotten))
        return ahead.firstOrNull()?.let { Numbered(last + 1, it) }
    }

    fun report(event: Event) {
        number += 1
        log.add(event)
        if (log.size > KEPT_EVENTS) log.removeFirst()
    }

    // Life

    /** [Tor] is as the test or a call says. */
    fun reachTor(new: Tor) {
        tor = new
        torIsWanted = new != Tor.Off
        report(
            when (new) {
                Tor.Off -> Event.Tor(0f, Stage.STOPPED, false, null)
                is Tor.Connecting -> Event.Tor(new.fraction, new.stage, false, null)
                Tor.Ready -> Event.Tor(1f, Stage.READY, true, null)
                is Tor.Blocked -> Event.Tor(0f, Stage.CONNECTING, false, new.why)
            },
        )
        accounts.forEach(::reconnect)
    }

    fun startTor() {
        if (network == NetworkKind.PRIVATE) report(Event.PrivateNetwork)
        report(Event.TorStarting)
        reachTor(Tor.Ready)
    }

    fun stopTor() {
        tor = Tor.Off
        torIsWanted = false
        waitForTor()
        creations.toList().forEach { it.losesTor() }
    }

    /** For what makes a burner: Tor that has ended with the last one starts again. */
    fun needTor() {
        if (tor == Tor.Off && torIsWanted) startTor()
        torFault()?.let { throw it }
    }

    /** What the real library throws where it has waited for Tor; null where Tor is ready. */
    private fun torFault(): FlashpaperException? = when (val now = tor) {
        Tor.Off -> FlashpaperException.TorNotStarted()
        is Tor.Connecting -> FlashpaperException.TorBlocked()
        is Tor.Blocked -> now.why
        Tor.Ready -> null
    }

    fun fallAsleep() {
        if (life != Life.AWAKE) return
        life = Life.SUSPENDED
        accounts.forEach { it.connection = Connection.Offline }
        creations.toList().forEach { it.sleeps() }
    }

    fun wakeUp() {
        if (life != Life.SUSPENDED) return
        life = Life.AWAKE
        if (torIsWanted) reachTor(Tor.Ready) else waitForTor()
    }

    fun lock() {
        fallAsleep()
        creations.toList().forEach { it.ends(FlashpaperException.VaultLocked()) }
        life = Life.LOCKED
        // Who has not read it has lost it.
        log.fill(null)
        report(Event.Locked)
    }

    /** The time of the automatic lock begins anew with each opening. */
    fun unlock() {
        if (life != Life.LOCKED) return
        life = Life.SUSPENDED
        setAutoLock(autoLock?.first)
    }

    fun close(): Unit = script {
        if (life != Life.CLOSED) {
            creations.toList().forEach { it.ends(FlashpaperException.Closed()) }
            tor = Tor.Off
            life = Life.CLOSED
        }
    }

    /** Looks at the clock once it is so late. */
    fun lookAt(time: Instant) {
        scope.backgroundScope.launch {
            delay(java.time.Duration.between(now, time).toMillis())
            script { pass() }
        }
    }

    fun setAutoLock(after: Duration?) {
        autoLock = after?.let { it to now + it.toJavaDuration() }
        autoLock?.let { (_, at) -> lookAt(at) }
    }

    fun touch() {
        val (time, at) = autoLock ?: return
        if (at > now) setAutoLock(time)
    }

    /** Does what time has brought. */
    fun pass() {
        if (life != Life.AWAKE && life != Life.SUSPENDED) return
        for (account in accounts.toList()) {
            account.pass()
            val at = account.expiresAt
            if (life == Life.AWAKE && at != null && at <= now) {
                report(Event.Expired(account.id))
                if (burn(account.id).outcome == BurnOutcome.PROVEN) report(Event.Settled(account.id, Settlement.REMOVED))
            }
        }
        autoLock?.let { (_, at) -> if (at <= now) lock() }
    }

    // Accounts

    fun account(id: BurnerId): Account = accounts.firstOrNull { it.id == id } ?: throw FlashpaperException.NoSuchBurner()

    fun check(options: CreateOptions) {
        options.server?.let { server ->
            val isAddress = server.all { it.isDigit() || it == '.' }
            if ('.' !in server || isAddress || server.any { it == '@' || it.isWhitespace() }) {
                throw FlashpaperException.InvalidInput(Input.Server)
            }
        }
        options.expiresAt?.let { if (it <= now) throw FlashpaperException.InvalidInput(Input.Expiry) }
    }

    fun nextBurnerId(): BurnerId = BurnerId(nextBurner.toString(16))

    fun nextQuestion(): Long = nextQuestion++

    fun add(options: CreateOptions, droppedWords: String? = null): Account {
        val id = nextBurnerId()
        val jid = Jid("burner${nextBurner++}@${options.server ?: "example.org"}")
        val account = Account(this, id, jid, options.route ?: Route.EXIT, now)
        account.setExpiry(options.expiresAt)
        account.droppedWords = droppedWords
        if (options.recoverable) account.words = List(12) { "word${id.value}" }.joinToString(" ")
        accounts.add(account)
        return account
    }

    fun reconnect(account: Account) {
        val connection =
            if (!account.isWanted || life != Life.AWAKE) {
                Connection.Offline
            } else {
                when (val now = tor) {
                    Tor.Off -> Connection.Offline
                    is Tor.Connecting -> Connection.Connecting
                    Tor.Ready -> Connection.Online
                    is Tor.Blocked -> Connection.Waiting(now.why)
                }
            }
        setConnection(account, connection)
    }

    /** Burners that are to be connected, while the library is awake. */
    private fun waitForTor() = setWanted(Connection.Waiting(FlashpaperException.TorNotStarted()))

    private fun setWanted(connection: Connection) {
        if (life == Life.AWAKE) accounts.filter { it.isWanted }.forEach { setConnection(it, connection) }
    }

    fun setConnection(account: Account, connection: Connection) {
        if (connection == account.connection) return
        account.connection = connection
        report(Event.Connection(account.id, connection))
        account.talks.forEach(account::flush)
    }

    fun burn(id: BurnerId): BurnReport {
        val pending = removals.firstOrNull { it.burner == id }
        val jid = pending?.jid ?: account(id).jid
        val usual = torFault()?.let { BurnReport(BurnOutcome.QUEUED, it) } ?: BurnReport(BurnOutcome.PROVEN)
        val report = burnReports.removeFirstOrNull() ?: usual
        forget(id)
        when (report.outcome) {
            BurnOutcome.PROVEN -> listOf(Step.Removed, Step.ProvenGone).forEach { report(Event.Burning(id, it)) }
            BurnOutcome.DISABLED -> report(Event.Burning(id, Step.Disabled))
            BurnOutcome.ALREADY_GONE -> report(Event.Burning(id, Step.ProvenGone))
            BurnOutcome.UNPROVEN, BurnOutcome.QUEUED ->
                remove(id, jid, pending?.since ?: now, report.outcome == BurnOutcome.UNPROVEN)
        }
        if (accounts.isEmpty() && removals.isEmpty() && creations.isEmpty()) tor = Tor.Off
        return report
    }

    fun wipe(id: BurnerId) {
        val jid = account(id).jid
        forget(id)
        remove(id, jid, now, confirmed = false)
    }

    private fun forget(id: BurnerId) {
        accounts.removeAll { it.id == id }
        removals.removeAll { it.burner == id }
    }

    private fun remove(id: BurnerId, jid: Jid, since: Instant, confirmed: Boolean) {
        removals.add(PendingRemoval(id, jid, since, since + java.time.Duration.ofDays(30), confirmed))
    }

    // People

    fun meet(jid: Jid): Person = people.getOrPut(jid) { Person(key(people.size + 1)) }

    fun changeKey(person: Person) {
        person.key = key(0xE000 + nextBurner++)
    }

    fun key(number: Int): Fingerprint = checkNotNull(Fingerprint.parse(number.toString(16).padStart(40, '0')))
}

/** Somebody at the other end. */
internal class Person(var key: Fingerprint) {
    var isOnline = false
    var confirms = true

    /** All that they have read. */
    val heard = mutableListOf<String>()

    /** The secret that they compare with. */
    var secret: String? = null
}
