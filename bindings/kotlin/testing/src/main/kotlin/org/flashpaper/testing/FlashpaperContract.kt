package org.flashpaper.testing

import java.time.Instant
import kotlin.coroutines.cancellation.CancellationException
import kotlin.time.Duration.Companion.INFINITE
import kotlin.time.Duration.Companion.ZERO
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import org.flashpaper.Answer
import org.flashpaper.BurnOutcome
import org.flashpaper.Burned
import org.flashpaper.Burner
import org.flashpaper.BurnerId
import org.flashpaper.Chat
import org.flashpaper.Connection
import org.flashpaper.CreateOptions
import org.flashpaper.Event
import org.flashpaper.FailReason
import org.flashpaper.Fingerprint
import org.flashpaper.Flashpaper
import org.flashpaper.FlashpaperException
import org.flashpaper.History
import org.flashpaper.Input
import org.flashpaper.Jid
import org.flashpaper.Life
import org.flashpaper.MessageState
import org.flashpaper.Numbered
import org.flashpaper.PeerKey
import org.flashpaper.Phase
import org.flashpaper.Profile
import org.flashpaper.Progress
import org.flashpaper.Question
import org.flashpaper.Relationship
import org.flashpaper.Security
import org.flashpaper.Spread
import org.flashpaper.Step
import org.flashpaper.TextFault
import org.flashpaper.Tor
import org.flashpaper.VaultReport
import org.flashpaper.WordsError
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Assertions.fail
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

/**
 * The rules that an app can count on, as a suite that runs over [FakeFlashpaper] and over the real library: a fake that keeps others
 * would lie to the tests of an app. Run it over a fake of your own, too.
 *
 * ```kotlin
 * class MyFakeKeepsTheContract : FlashpaperContract() {
 *     override fun run(test: suspend (Flashpaper) -> Unit) = runTest { test(MyFake()) }
 * }
 * ```
 */
public abstract class FlashpaperContract {
    /** A server that makes accounts without asking anything; null where any will do. */
    protected open val server: String? = null

    /** Runs [test] on a library that was just opened on an empty folder. */
    protected abstract fun run(test: suspend (Flashpaper) -> Unit)

    private val options
        get() = CreateOptions(server)

    @Test
    public fun `before Tor was started nothing is there and what cannot work is told`(): Unit = run { library ->
        try {
            checkOpened(library)
            checkDurations(library)
            checkWithoutTor(library)
        } finally {
            library.close()
        }
        checkClosed(library)
    }

    @Test
    public fun `a burner lives from its creation to its burn`(): Unit = run { library ->
        try {
            val events = library.events()
            library.startTor()
            assertEquals(Tor.Ready, library.state.value.tor, "the state has what a call has done once it returns")
            val burner = checkCreation(library)
            checkEvents(library, events)
            val chat = checkContacts(burner)
            checkKeys(burner, chat)
            checkTexts(chat)
            checkCancelled(library, chat)
            checkBlocked(burner, chat)
            checkSleep(library, burner, chat)
            checkBurn(library, burner, chat)
            checkLocked(library)
        } finally {
            library.close()
        }
        checkClosed(library)
    }

    private suspend fun checkOpened(library: Flashpaper) {
        val state = library.state.value
        assertEquals(Life.AWAKE to Tor.Off, state.life to state.tor, "an empty folder is awake, without Tor")
        assertTrue(state.burners.isEmpty(), "an empty folder has no burners")
        assertEquals(state, library.state.first(), "the state begins with the present")
        assertEquals(VaultReport(), state.vault, "nothing is wrong with a new store")
        assertNull(library.burner(BurnerId("none")), "there is no burner of that name")
        assertTrue(library.pendingRemovals().isEmpty(), "no removal waits")
    }

    private suspend fun checkDurations(library: Flashpaper) {
        val negative = (-1).seconds
        val told = FlashpaperException.InvalidInput(Input.TimeSpan)
        refused(told) { library.startTor(deadline = negative) }
        refused(told) { library.suspend(negative) }
        refused(told) { library.sync(-INFINITE) }
        refused(told) { library.setAutoLock(negative) }
        refused(FlashpaperException.InvalidInput(Input.AutoLock)) { library.setAutoLock(ZERO) }
        refused(told) { library.setSpread(Spread.Within(negative)) }
        library.setAutoLock(INFINITE)
        library.touch()
        library.setAutoLock(null)
        library.setSpread(Spread.Within(INFINITE))
        library.setSpread(Spread.Within(ZERO))
        library.setProfile(Profile.FOREGROUND)
        library.networkChanged()
        assertEquals(Life.AWAKE, library.state.value.life, "a call that is refused changes nothing")
    }

    private suspend fun checkWithoutTor(library: Flashpaper) {
        library.checkOptions(options)
        refused(FlashpaperException.InvalidInput(Input.Server)) { library.checkOptions(CreateOptions("127.0.0.1")) }
        val creation = library.create(options)
        refused(FlashpaperException.TorNotStarted()) { creation.await() }
        assertEquals(Progress.Failed(FlashpaperException.TorNotStarted()), creation.progress.value, "progress ends with the error")
        refused(FlashpaperException.InvalidInput(Input.Words(WordsError.Count(2)))) {
            library.restore("two words".encodeToByteArray(), "example.org")
        }
        refused(FlashpaperException.NoSuchBurner()) { library.burn(BurnerId("none")) }
        assertTrue(library.state.value.burners.isEmpty(), "a creation that failed leaves nothing")
    }

    private suspend fun checkCreation(library: Flashpaper): Burner {
        val creation = library.create(options)
        refused(FlashpaperException.NoSuchQuestion()) { creation.answer(Question.Id(Long.MAX_VALUE), Answer.GiveUp) }
        val burner = creation.await()
        assertEquals(Progress.Done(burner.id), creation.progress.value, "progress ends with the burner")
        assertEquals(burner.id, creation.await().id, "the burner can be asked for again")
        creation.cancel()
        assertEquals(listOf(burner.id), library.state.value.burners.map { it.id }, "it is in the state at once")
        assertEquals(burner.id, library.burner(burner.id)?.id, "it can be looked up by its name")
        val state = burner.state.value
        assertEquals(Phase.ACTIVE to Connection.Offline, state.phase to state.connection, "nobody has connected it")
        assertEquals(state, burner.state.first(), "a burner's state begins with the present")
        assertFalse("${library.state.value}".contains(state.jid.value.substringBefore('@')), "printing shows no address")

        burner.setLabel("a name")
        assertEquals("a name", burner.state.value.label, "a label is in the state at once")
        assertFalse("${burner.state.value}".contains("a name"), "printing shows no label")
        burner.setLabel(" ")
        assertNull(burner.state.value.label, "a blank label is none")
        for (past in listOf(Instant.EPOCH, Instant.MIN)) {
            refused(FlashpaperException.InvalidInput(Input.Expiry)) { burner.setExpiry(past) }
        }
        val told = FlashpaperException.InvalidInput(Input.TimeSpan)
        refused(told) { burner.setHistory(History.Expire((-1).seconds)) }
        refused(told) { burner.setIdleTimeout((-1).seconds) }
        burner.setHistory(History.UntilBurn)
        assertEquals(History.UntilBurn, burner.state.value.history, "which texts are kept is in the state at once")
        assertFalse(burner.wordsLeft(), "words are there only if asked for")
        assertNull(burner.recoveryWords(), "words are there only if asked for")
        val digits = burner.fingerprint().digits.filter { it != ' ' }
        assertEquals("xmpp:${state.jid.value}?otr-fingerprint=$digits", burner.link(), "a link has the address and the key")
        return burner
    }

    private suspend fun checkEvents(library: Flashpaper, events: Flow<Numbered>) {
        val numbers = mutableListOf(events.first().number)
        // Collecting again goes on behind it.
        events.first { numbered ->
            numbers.add(numbered.number)
            (numbered.event as? Event.Creating)?.step == Step.Reachable
        }
        val first = numbers.first()
        assertEquals(List(numbers.size) { first + it }, numbers, "events are seen from the call on, and their numbers have no gap")
        val again = library.events(first)
        assertEquals(first + 1, again.first().number, "events go on behind a number")
        coroutineScope {
            val reading = launch(start = UNDISPATCHED) { again.collect {} }
            assertThrows<IllegalStateException>("events have one collector at a time") { again.first() }
            reading.cancelAndJoin()
        }
    }

    private suspend fun checkContacts(burner: Burner): Chat {
        for (wrong in listOf("", "nobody", burner.state.value.jid.value)) {
            refused(FlashpaperException.InvalidInput(Input.Address)) { burner.add(wrong) }
        }
        val peer = Jid("nobody-at-all@${burner.state.value.jid.value.substringAfter('@')}")
        assertNull(burner.chat(peer), "there is no conversation yet")
        val chat = burner.add(peer.value)
        assertEquals(listOf(peer, peer), listOf(chat.peer, burner.chat(peer)?.peer), "a contact can be looked up at once")
        val state = chat.state.value
        assertEquals(Relationship.CONTACT to Security.PLAINTEXT, state.relationship to state.security, "nothing is private by itself")
        assertEquals(state, chat.state.first(), "a chat's state begins with the present")
        assertEquals(listOf(peer), burner.state.value.chats.map { it.peer }, "it is no stranger")
        assertTrue(burner.state.value.requests.isEmpty(), "it is no stranger")
        chat.setLabel("somebody")
        assertEquals("somebody", chat.state.value.label, "a peer's label is in the state at once")
        refused(FlashpaperException.InvalidInput(Input.Timer)) { chat.setTimer(1.milliseconds) }
        refused(FlashpaperException.InvalidInput(Input.TimeSpan)) { chat.setTimer((-1).seconds) }
        refused(FlashpaperException.NotPrivate()) { chat.compare("secret") }
        refused(FlashpaperException.NothingAsked()) { chat.answer("secret", null) }
        return chat
    }

    private suspend fun checkKeys(burner: Burner, chat: Chat) {
        val (first, second) = listOf("ab", "cd").map { checkNotNull(Fingerprint.parse(it.repeat(20))) }
        fun link(key: Fingerprint) = "xmpp:${chat.peer.value}?otr-fingerprint=${key.digits.filter { it != ' ' }}"
        chat.acceptKey(first)
        assertEquals(listOf(PeerKey(first)), chat.state.value.keys, "a key can be accepted before it is used")
        refused(FlashpaperException.OtherKeyInUse()) { burner.add(link(second)) }
        burner.expectKey(link(second))
        val withdrawn = listOf(PeerKey(first, accepted = false))
        assertEquals(withdrawn to second, chat.state.value.run { keys to expected }, "no text goes to another key than the expected")
        chat.acceptKey(first)
        assertEquals(listOf(PeerKey(first)) to null, chat.state.value.run { keys to expected }, "none is expected then")
        chat.setVerified(second, true)
        val verified = withdrawn + PeerKey(second, verified = true)
        assertEquals(verified, chat.state.value.keys, "a key can be verified before it is used; others are to be accepted anew then")
        refused(FlashpaperException.OtherKeyVerified()) { burner.expectKey(link(first)) }
        chat.setVerified(second, false)
        val refuted = withdrawn + PeerKey(second, accepted = false)
        assertEquals(refuted, chat.state.value.keys, "no text goes to a key that is not verified any more")
        assertEquals(Security.PLAINTEXT, chat.state.value.security, "what is said of keys begins no conversation")
    }

    private suspend fun checkTexts(chat: Chat) {
        refused(FlashpaperException.InvalidInput(Input.Text(TextFault.Empty))) { chat.send("") }
        refused(FlashpaperException.InvalidInput(Input.TimeSpan)) { chat.send("text", within = (-1).seconds) }
        assertTrue(chat.timeline().first().isEmpty(), "a text that was refused is not there")
        val message = chat.send("one", key = "key")
        assertEquals(message, chat.send("one", key = "key"), "the same key is the same message")
        val second = chat.send("two")
        assertTrue(second > message, "the names of messages rise")
        assertEquals(2, chat.state.value.outbox, "a text that was sent is in the state at once")
        assertEquals(listOf(message, second), chat.timeline().first().map { it.id }, "a timeline begins with the present")
        assertEquals(listOf(second), chat.timeline(1).first().map { it.id }, "a timeline has the last ones")
        assertEquals(MessageState.Queued, chat.message(message).state, "a text waits where nobody is connected")
        assertEquals(listOf(message), chat.before(second, 10).map { it.id }, "a page ends before its message")
        assertTrue(chat.before(message, 10).isEmpty(), "an empty page is the end")
        assertTrue(chat.before(second, -1).isEmpty(), "a negative limit is none")
        assertFalse("${chat.message(message)}".contains("one"), "printing shows no text")
        chat.delete(second)
        assertEquals(1, chat.state.value.outbox, "a text that was deleted is not in the state any more")
        refused(FlashpaperException.NoSuchMessage()) { chat.message(second) }
        // What is not there any more cannot be in the way.
        chat.delete(second)
        chat.taken(second)
        chat.timeline().first { page -> page.map { it.id } == listOf(message) }
    }

    private suspend fun checkCancelled(library: Flashpaper, chat: Chat): Unit = coroutineScope {
        val before = chat.timeline().first()
        val calls = listOf<suspend () -> Any>(
            { chat.send("never") },
            { library.sync(1.minutes) },
            { library.suspend() },
            { library.burnAll() },
        )
        for (call in calls) {
            val made = async(start = UNDISPATCHED) {
                try {
                    awaitCancellation()
                } catch (_: CancellationException) {
                    // Only a call that begins after it is sure to have done nothing.
                    call()
                }
            }
            made.cancel()
            try {
                made.await()
                fail("a coroutine that was cancelled makes no call")
            } catch (_: CancellationException) {
            }
            made.join()
        }
        assertEquals(Life.AWAKE, library.state.value.life, "a call that was cancelled before it began changes nothing")
        assertEquals(before, chat.timeline().first(), "a text that was cancelled before is not there")
    }

    private suspend fun checkBlocked(burner: Burner, chat: Chat) {
        chat.setBlocked(false)
        assertEquals(Relationship.CONTACT, chat.state.value.relationship, "who was not blocked stays who they are")
        val message = chat.send("never")
        chat.setBlocked(true)
        val blocked = chat.state.value
        assertEquals(Relationship.BLOCKED to 0, blocked.relationship to blocked.outbox, "nothing waits for somebody who is blocked")
        assertEquals(MessageState.Failed(FailReason.BLOCKED), chat.message(message).state, "a text fails that had not left")
        val calls = listOf<suspend () -> Any>(
            { chat.accept() },
            { chat.startPrivate() },
            { chat.send("text") },
            { chat.retry(message) },
            { burner.add(chat.peer.value) },
        )
        for (call in calls) refused(FlashpaperException.PeerBlocked(), call)
        chat.taken(message)
        refused(FlashpaperException.NoSuchMessage()) { chat.message(message) }
        chat.setBlocked(false)
        val state = burner.state.value
        assertEquals(listOf(chat.peer), state.requests.map { it.peer }, "who is not blocked any more is a stranger")
        assertTrue(state.chats.isEmpty(), "who is not blocked any more is a stranger")
        chat.startPrivate()
        assertEquals(Relationship.CONTACT, chat.state.value.relationship, "somebody whom the user begins to talk to is a contact")
    }

    private suspend fun checkSleep(library: Flashpaper, burner: Burner, chat: Chat) {
        library.suspend()
        val state = library.state.value
        assertEquals(Life.SUSPENDED to Tor.Off, state.life to state.tor, "a suspended library has no Tor")
        assertEquals(listOf(burner.id), state.burners.map { it.id }, "a suspended library shows its burners")
        refused(FlashpaperException.Suspended()) { chat.send("text") }
        refused(FlashpaperException.Suspended()) { burner.connect() }
        val asleep = listOf(Burned(burner.id, report = null, FlashpaperException.Suspended()))
        assertEquals(asleep, library.burnAll(), "a suspended library burns none, and says why")
        library.suspend()
        library.resume()
        assertEquals(Life.AWAKE, library.state.value.life, "it is awake again")
        library.startTor()
        library.resume()
        checkStop(library, burner)
    }

    private suspend fun checkStop(library: Flashpaper, burner: Burner) {
        burner.connect()
        burner.state.first { it.connection == Connection.Online }
        library.stopTor()
        assertEquals(Tor.Off, library.state.value.tor, "it is off once the call returns")
        burner.state.first { it.connection != Connection.Online }
        refused(FlashpaperException.TorNotStarted()) { burner.connect() }
        refused(FlashpaperException.TorNotStarted()) { library.create(options).await() }
        library.startTor()
        // By itself.
        burner.state.first { it.connection == Connection.Online }
        library.stopTor()
        library.suspend()
        library.resume()
        assertEquals(Tor.Off, library.state.value.tor, "a sleep does not bring it back")
        burner.state.first { it.connection == Connection.Waiting(FlashpaperException.TorNotStarted()) }
        library.suspend()
        library.stopTor()
        library.resume()
        library.startTor()
        assertEquals(Tor.Ready, library.state.value.tor, "it starts again")
    }

    private suspend fun checkBurn(library: Flashpaper, burner: Burner, chat: Chat) {
        val last = burner.state.value
        val events = library.events()
        // Nobody reads the state in between.
        burner.setLabel("the last")
        chat.setLabel("the last")
        assertEquals(BurnOutcome.PROVEN, burner.burn().outcome, "where the server can be asked, a burn is proven")
        assertTrue(library.state.value.burners.isEmpty(), "it is gone at once")
        assertNull(library.burner(burner.id), "it is gone at once")
        assertEquals(last.id to last.jid, burner.state.value.run { id to jid }, "its last state stays")
        assertEquals("the last" to "the last", burner.state.value.label to chat.state.value.label, "its very last state stays")
        refused(FlashpaperException.NoSuchBurner()) { burner.connect() }
        refused(FlashpaperException.NoSuchBurner()) { chat.send("text") }
        // It ends.
        chat.timeline().collect {}
        val next = library.create(options).await()
        val begins = events.first { it.event is Event.Creating || it.event == Event.TorStarting }.event
        assertEquals(Event.TorStarting, begins, "Tor ends with the last burner, and the next creation starts it")
        assertEquals(Tor.Ready, library.state.value.tor, "Tor runs again")
        assertEquals(BurnOutcome.PROVEN, next.burn().outcome, "where the server can be asked, a burn is proven")
    }

    private suspend fun checkLocked(library: Flashpaper) {
        val since = library.state.value.number - 1
        val behind = library.events(since)
        library.lock()
        val lost = behind.first()
        assertEquals(Event.Lagged(lost.number - since), lost.event, "a lock takes what was not read")
        assertEquals(Numbered(lost.number + 1, Event.Locked), behind.first(), "it is told all the same")
        refused(FlashpaperException.VaultLocked()) { library.pendingRemovals() }
        library.stopTor()
        library.suspend()
        val upToDate = library.events()
        library.lock()
        assertEquals(Event.Locked, upToDate.first().event, "who has read all has lost nothing")
        library.setAutoLock(null)
        assertEquals(Life.LOCKED, library.state.value.life, "these work while it is locked, and do not unlock it")
    }

    private suspend fun checkClosed(library: Flashpaper): Unit = coroutineScope {
        assertEquals(Life.CLOSED, library.state.value.life, "the last state is closed")
        // They end.
        library.events().collect {}
        refused(FlashpaperException.Closed()) { library.startTor() }
        refused(FlashpaperException.Closed()) { library.create(options).await() }
        assertNotNull(library.diagnostics())
        library.close()
    }

    private suspend fun refused(expected: FlashpaperException, call: suspend () -> Any?) {
        val thrown = try {
            call()
            null
        } catch (e: FlashpaperException) {
            e
        }
        assertEquals(expected, thrown)
    }
}
