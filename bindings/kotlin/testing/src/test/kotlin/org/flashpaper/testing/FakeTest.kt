package org.flashpaper.testing

import java.time.Duration as JavaDuration
import kotlin.coroutines.cancellation.CancellationException
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.test.TestScope
import kotlinx.coroutines.test.runTest
import org.flashpaper.Answer
import org.flashpaper.AnswerFault
import org.flashpaper.BurnOutcome
import org.flashpaper.BurnReport
import org.flashpaper.Burner
import org.flashpaper.BurnerId
import org.flashpaper.Chat
import org.flashpaper.Comparison
import org.flashpaper.Connection
import org.flashpaper.CreateOptions
import org.flashpaper.Creation
import org.flashpaper.Event
import org.flashpaper.FailReason
import org.flashpaper.Field
import org.flashpaper.FieldAnswer
import org.flashpaper.FieldKind
import org.flashpaper.FlashpaperException
import org.flashpaper.History
import org.flashpaper.Imported
import org.flashpaper.Input
import org.flashpaper.Jid
import org.flashpaper.Life
import org.flashpaper.MessageState
import org.flashpaper.Notice
import org.flashpaper.Numbered
import org.flashpaper.PendingRemoval
import org.flashpaper.Phase
import org.flashpaper.Progress
import org.flashpaper.Question
import org.flashpaper.QuestionForm
import org.flashpaper.Relationship
import org.flashpaper.Security
import org.flashpaper.Stage
import org.flashpaper.Step
import org.flashpaper.SyncReport
import org.flashpaper.Tor
import org.flashpaper.VaultReport
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows

/** The fake, without the native library and in milliseconds. */
class FakeTest {
    private val friend = Jid("friend@example.org")

    @Test
    fun aContractThatIsBrokenIsTold() {
        class Broken(private val break_: (FakeFlashpaper) -> Unit) : FlashpaperContract() {
            override fun run(test: suspend (org.flashpaper.Flashpaper) -> Unit) =
                runTest { test(FakeFlashpaper(this).also(break_)) }
        }
        assertThrows<FlashpaperException.TorBlocked> {
            Broken { it.fail(Op.START_TOR, FlashpaperException.TorBlocked()) }.`a burner lives from its creation to its burn`()
        }
        assertThrows<AssertionError> {
            Broken { it.setVault(VaultReport(lost = 1)) }
                .`before Tor was started nothing is there and what cannot work is told`()
        }
    }

    @Test
    fun aTextWaitsForItsPeerAndAnswersCome() = talking { fake, burner, chat ->
        val message = chat.send("hello")
        assertEquals(MessageState.WaitingForPeer, chat.message(message).state)
        val peer = fake.peer(friend)
        peer.comesOnline()
        assertEquals(listOf("hello"), peer.heard)
        assertEquals(Security.PRIVATE to true, chat.state.value.run { security to present })
        assertEquals(MessageState.Delivered, chat.message(message).state)
        val answer = checkNotNull(peer.sends("good day", burner.id))
        assertEquals(1, chat.state.value.unread)
        chat.read(answer)
        assertEquals(0, chat.state.value.unread)
        assertEquals(MessageState.Taken, chat.message(answer).state)
    }

    @Test
    fun aTextThatWasWrittenOfflineLeavesWhenItsBurnerConnects() = talking { fake, burner, chat ->
        val peer = fake.peer(friend)
        peer.comesOnline()
        burner.disconnect()
        chat.send("later")
        assertTrue(peer.heard.isEmpty())
        burner.connect()
        assertEquals(listOf("later") to Security.PRIVATE, peer.heard to chat.state.value.security)
    }

    @Test
    fun timePassesAsTheTestsClockDoes() = talking { fake, burner, chat ->
        val message = chat.send("hello", within = 60.seconds)
        delay(59.seconds)
        assertEquals(MessageState.WaitingForPeer, chat.message(message).state)
        delay(1.seconds)
        assertEquals(MessageState.Failed(FailReason.NO_ANSWER), chat.message(message).state)
        val again = chat.retry(message)
        assertThrows<FlashpaperException.NoSuchMessage> { chat.message(message) }
        assertEquals("hello", chat.message(again).text)

        burner.setExpiry(fake.now + JavaDuration.ofSeconds(100))
        val events = fake.events()
        delay(100.seconds)
        events.first { it.event == Event.Expired(burner.id) }
        assertTrue(fake.state.value.burners.isEmpty())
        val second = fake.create(CreateOptions(expiresAt = fake.now + JavaDuration.ofSeconds(10))).await()
        fake.suspend()
        delay(20.seconds)
        assertEquals(listOf(second.id), fake.state.value.burners.map { it.id })
        fake.resume()
        assertTrue(fake.state.value.burners.isEmpty(), "one that expires in a sleep is burnt after it")

        fake.setAutoLock(10.seconds)
        delay(9.seconds)
        fake.touch()
        delay(9.seconds)
        assertEquals(Life.AWAKE, fake.state.value.life)
        val behind = fake.events()
        repeat(3) { fake.emit(Event.TorStarting) }
        val read = behind.first().number
        delay(1.seconds)
        assertEquals(Life.LOCKED, fake.state.value.life)
        // Two of them were not read.
        assertEquals(Numbered(read + 2, Event.Lagged(2)), behind.first())
        assertEquals(Numbered(read + 3, Event.Locked), behind.first())
        assertThrows<FlashpaperException.VaultLocked> { fake.resume() }
        fake.unlock()
        fake.resume()
        assertEquals(Life.AWAKE, fake.state.value.life)
    }

    @Test
    fun aKeyThatChangesStopsTheTalkUntilItIsAccepted() = talking { fake, burner, chat ->
        val peer = fake.peer(friend)
        peer.comesOnline()
        chat.startPrivate()
        chat.compare("cat", "Which pet was it?")
        peer.knows("cat")
        assertEquals(Security.VERIFIED, chat.state.value.security)
        val events = fake.events()
        peer.changesKey()
        assertEquals(Security.KEY_CHANGED, chat.state.value.security)
        events.first { it.event == Event.Notice(burner.id, friend, Notice.OtherKey) }
        chat.send("to the right one")
        assertTrue(peer.heard.isEmpty())
        chat.acceptKey(peer.key)
        assertEquals(listOf("to the right one") to Security.PRIVATE, peer.heard to chat.state.value.security)

        peer.asks("Where did we meet?", "Paris", burner.id)
        assertEquals(Comparison.Asked("Where did we meet?"), chat.state.value.question)
        assertThrows<FlashpaperException.NothingAsked> { chat.answer("Rome", "another") }
        val answered = fake.events()
        chat.answer("Rome", "Where did we meet?")
        assertNull(chat.state.value.question)
        answered.first { it.event == Event.Comparison(burner.id, friend, Comparison.Different) }
        peer.asks("Where did we meet?", "Paris", burner.id)
        chat.answer("Paris", "Where did we meet?")
        val used = chat.state.value.keys.single { it.fingerprint == chat.state.value.key }
        assertEquals(Triple(Security.PRIVATE, false, true), Triple(chat.state.value.security, used.verified, used.verifiedUs))
        peer.endsPrivate()
        assertEquals(Security.FINISHED, chat.state.value.security)
    }

    @Test
    fun aComparisonHasWaitingTextsLeave() = talking { fake, _, chat ->
        val peer = fake.peer(friend)
        peer.comesOnline()
        chat.startPrivate()
        val first = peer.key
        peer.changesKey()
        chat.send("once compared")
        chat.compare("cat")
        assertTrue(peer.heard.isEmpty())
        peer.knows("cat")
        assertEquals(listOf("once compared") to Security.VERIFIED, peer.heard to chat.state.value.security)
        assertFalse(chat.state.value.keys.single { it.fingerprint == first }.accepted)
        peer.changesKey()
        chat.send("at once")
        chat.compare("cat")
        assertEquals(listOf("once compared", "at once"), peer.heard)
    }

    @Test
    fun noTextGoesToAnotherKeyThanTheExpected() = talking { fake, burner, chat ->
        val peer = fake.peer(friend)
        peer.comesOnline()
        chat.startPrivate()
        fun link(digits: String) = "xmpp:${friend.value}?otr-fingerprint=$digits"
        burner.expectKey(link("ab".repeat(20)))
        assertEquals(Security.KEY_CHANGED, chat.state.value.security)
        chat.send("to the right one")
        assertTrue(peer.heard.isEmpty())
        burner.expectKey(link(peer.key.digits.filter { it != ' ' }))
        assertEquals(listOf("to the right one") to Security.PRIVATE, peer.heard to chat.state.value.security)
        // With another key, the first conversation is as the user has said before.
        chat.endPrivate()
        peer.changesKey()
        chat.setVerified(peer.key, true)
        chat.startPrivate()
        assertEquals(Security.VERIFIED, chat.state.value.security)
    }

    @Test
    fun whatWasNotConfirmedIsUnreadOnceItsConversationEnds() = talking { fake, _, chat ->
        val peer = fake.peer(friend)
        peer.comesOnline()
        peer.confirms(false)
        for (end in listOf<suspend () -> Unit>({ chat.endPrivate() }, { chat.setBlocked(true) })) {
            val message = chat.send("hello")
            assertEquals(MessageState.Acked, chat.message(message).state)
            end()
            assertEquals(MessageState.Failed(FailReason.UNREAD), chat.message(message).state)
        }
    }

    @Test
    fun aKeyThatIsVerifiedAfterTheEndBeginsNothing() = talking { fake, _, chat ->
        val peer = fake.peer(friend)
        peer.comesOnline()
        chat.startPrivate()
        chat.endPrivate()
        chat.setVerified(peer.key, true)
        assertEquals(Security.PLAINTEXT, chat.state.value.security)
        chat.startPrivate()
        assertEquals(Security.VERIFIED, chat.state.value.security)
    }

    @Test
    fun fingerprintsOfAnotherClientAreTakenInLineByLine() = talking { fake, burner, chat ->
        val peer = fake.peer(friend)
        val digits = peer.key.digits.filter { it != ' ' }
        fun line(account: String, trust: String) = "${friend.value}\t$account\tprpl-jabber\t$digits\t$trust"
        val file = listOf(line("me", "verified"), "", "no line", line("me", ""), line("you", "verified"), " ").joinToString("\r\n")
        assertEquals(Imported(keys = 1, unreadLines = listOf(3)), burner.importFingerprints(file, "me"))
        peer.comesOnline()
        chat.startPrivate()
        assertEquals(Security.VERIFIED, chat.state.value.security)
        val unread = assertThrows<FlashpaperException.InvalidInput> { burner.importFingerprints("no line\nnor this") }
        assertEquals(Input.Fingerprints, unread.input)
        assertEquals(Imported(keys = 0, unreadLines = emptyList()), burner.importFingerprints("\n"))
        val stranger = "stranger@example.org"
        burner.add("xmpp:$stranger?otr-fingerprint=${"ab".repeat(20)}")
        assertEquals(0, burner.importFingerprints(file.replace(friend.value, stranger), "me").keys, "another is expected")
    }

    @Test
    fun aStrangerIsARequestUntilAccepted() = talking { fake, burner, _ ->
        val stranger = fake.peer(Jid("stranger@example.org"))
        stranger.sends("hi", burner.id)
        assertEquals(listOf(stranger.jid), burner.state.value.requests.map { it.peer })
        val chat = checkNotNull(burner.chat(stranger.jid))
        fun shown() = chat.state.value.run { security to present }
        stranger.comesOnline()
        stranger.startsPrivate(burner.id)
        assertEquals(Security.PLAINTEXT to false, shown())
        assertEquals(1 to 1, burner.state.value.run { requests.size to chats.size })
        chat.accept()
        assertEquals(0 to 2, burner.state.value.run { requests.size to chats.size })
        assertEquals(Security.PRIVATE to true, shown())
        chat.setBlocked(true)
        stranger.startsPrivate(burner.id)
        assertNull(stranger.sends("hi again", burner.id))
        assertThrows<FlashpaperException.PeerBlocked> { chat.send("no") }
        assertEquals(Security.PLAINTEXT to false, shown())
        // What was asked for while they were blocked was not heard.
        chat.setBlocked(false)
        chat.accept()
        assertEquals(Security.PLAINTEXT to true, shown())
        chat.setBlocked(true)
        chat.setBlocked(false)
        chat.startPrivate()
        assertEquals(Relationship.CONTACT to Security.PRIVATE, chat.state.value.run { relationship to security })
    }

    @Test
    fun aCreationAsksAndEndsAsAnswered() = runTest {
        val fake = FakeFlashpaper(this)
        fake.startTor()
        val form = QuestionForm("A title", "", listOf(Field("What you see", FieldKind.Text, required = true, isChallenge = true)))
        fake.ask(form)
        val creation = fake.create()
        val first = creation.question()
        val missing = assertThrows<FlashpaperException.InvalidInput> { creation.answer(first, Answer.Fields(emptyMap())) }
        assertEquals(Input.Answer(AnswerFault.Missing(0)), missing.input)
        val unfit = assertThrows<FlashpaperException.InvalidInput> {
            creation.answer(first, Answer.Fields(mapOf(0 to FieldAnswer.YesNo(true))))
        }
        assertEquals(Input.Answer(AnswerFault.Unfit(0)), unfit.input)
        val negative = assertThrows<FlashpaperException.InvalidInput> {
            creation.answer(first, Answer.Fields(mapOf(-1 to FieldAnswer.Text("w84pd"))))
        }
        assertEquals(Input.Answer(AnswerFault.Unfit(-1)), negative.input)
        creation.answer(first, Answer.AnotherPicture)
        assertThrows<FlashpaperException.NoSuchQuestion> { creation.answer(first, Answer.GiveUp) }
        // A sleep ends a question, and the server asks anew.
        fake.suspend()
        fake.resume()
        val second = creation.question()
        assertNotEquals(first, second)
        creation.answer(second, Answer.Fields(mapOf(0 to FieldAnswer.Text("w84pd"))))
        assertEquals(Phase.ACTIVE, creation.await().state.value.phase)

        fake.ask(form)
        val refused = fake.create(CreateOptions("example.org"))
        refused.answer(refused.question(), Answer.GiveUp)
        assertThrows<FlashpaperException.Declined> { refused.await() }

        // One that may choose its server goes on elsewhere.
        fake.ask(form)
        val choosing = fake.create()
        val events = fake.events()
        choosing.answer(choosing.question(), Answer.GiveUp)
        val made = choosing.await().id
        val moved = Step.MovingOn(Jid("example.org"), FlashpaperException.Declined())
        events.first { it.event == Event.Creating(made, moved) }

        fake.ask(form)
        val cancelled = fake.create()
        val waiting = async(start = UNDISPATCHED) { cancelled.await() }
        waiting.cancel()
        assertThrows<CancellationException> { waiting.await() }
        assertEquals(Progress.Failed(FlashpaperException.Cancelled()), cancelled.progress.value)
        assertEquals(2, fake.state.value.burners.size)
    }

    @Test
    fun everyCallCanBeScriptedToFailOnce() = talking { fake, burner, chat ->
        fake.fail(Op.SEND, FlashpaperException.StorageFull())
        assertThrows<FlashpaperException.StorageFull> { chat.send("hello") }
        chat.send("hello")
        fake.fail(Op.SYNC, FlashpaperException.TorBlocked())
        assertThrows<FlashpaperException.TorBlocked> { fake.sync(1.seconds) }
        fake.fail(Op.CREATE, FlashpaperException.RateLimited(60.seconds))
        assertEquals(60.seconds, assertThrows<FlashpaperException.RateLimited> { fake.create().await() }.retryAfter)
        val queued = BurnReport(BurnOutcome.QUEUED, FlashpaperException.Auth())
        fake.nextBurn(queued)
        assertEquals(queued, burner.burn())
        assertEquals(listOf(burner.id), fake.pendingRemovals().map { it.burner })
        assertEquals(BurnOutcome.PROVEN, fake.burn(burner.id).outcome)
        assertTrue(fake.pendingRemovals().isEmpty())

        val unread = SyncReport(unread = 7, outbox = 1, complete = false)
        fake.nextSync(unread)
        assertEquals(unread, fake.sync(1.seconds))
        fake.resume()
        assertThrows<FlashpaperException.InvalidInput> { fake.redeem("a ticket".toByteArray()) }
    }

    @Test
    fun aTicketGivesThoseOfItsAccountsThatWait() = talking { fake, burner, _ ->
        fun removal(id: String, jid: Jid) =
            PendingRemoval(BurnerId(id), jid, fake.now, fake.now + JavaDuration.ofDays(30), confirmed = false)
        val wiped = fake.create().await()
        wiped.wipe()
        val first = removal("1f", friend)
        fake.nextRedeem(listOf(first))
        assertEquals(listOf(first.burner), fake.redeem("a ticket".toByteArray()))
        // By other names: one that waits already, one that is a burner here, and one that is new.
        val second = removal("2c", Jid("second@example.org"))
        fake.nextRedeem(listOf(removal("2a", friend), removal("2b", burner.state.value.jid), second))
        assertEquals(listOf(first.burner, second.burner), fake.redeem("a ticket".toByteArray()))
        assertEquals(listOf(wiped.id, first.burner, second.burner), fake.pendingRemovals().map { it.burner })
    }

    @Test
    fun torEndsWithTheLastBurnerAndRemovalAndStartsForTheNextBurner() = talking { fake, burner, _ ->
        fake.nextBurn(BurnReport(BurnOutcome.QUEUED, FlashpaperException.Auth()))
        burner.burn()
        assertEquals(Tor.Ready, fake.state.value.tor, "a removal waits for its server")
        fake.burn(burner.id)
        assertEquals(Tor.Off, fake.state.value.tor)
        val created = fake.create().await()
        assertEquals(Tor.Ready, fake.state.value.tor)
        created.burn()
        val words = List(12) { "word" }.joinToString(" ").encodeToByteArray()
        val restored = fake.restore(words, "example.org")
        assertEquals(Tor.Ready, fake.state.value.tor)
        restored.burn()
        fake.stopTor()
        assertThrows<FlashpaperException.TorNotStarted> { fake.create().await() }
        assertThrows<FlashpaperException.TorNotStarted> { fake.restore(words, "example.org") }
    }

    @Test
    fun whatNeedsTorSaysWhyThereIsNone() = talking { fake, burner, _ ->
        val words = List(12) { "word" }.joinToString(" ").encodeToByteArray()
        val wrong = FlashpaperException.ClockWrong(null)
        for ((tor, why) in listOf(Tor.Blocked(wrong) to wrong, Tor.Connecting(0.5f, Stage.DIRECTORY) to FlashpaperException.TorBlocked())) {
            fake.setTor(tor)
            assertEquals(why, assertThrows<FlashpaperException> { fake.create().await() })
            assertEquals(why, assertThrows<FlashpaperException> { fake.restore(words, "example.org") })
        }
        assertEquals(BurnReport(BurnOutcome.QUEUED, FlashpaperException.TorBlocked()), burner.burn())
        fake.setTor(Tor.Blocked(wrong))
        assertEquals(BurnReport(BurnOutcome.QUEUED, wrong), fake.burn(burner.id))
    }

    @Test
    fun wordsThatAreHereAreToldWithoutTor() = talking { fake, _, _ ->
        val words = List(12) { "word" }.joinToString(" ").encodeToByteArray()
        fake.restore(words, "example.org")
        fake.stopTor()
        assertThrows<FlashpaperException.AlreadyHere> { fake.restore(words, "example.org") }
    }

    @Test
    fun burnersWaitForTorThatWasStoppedAndQuestionsEndWithIt() = talking { fake, burner, _ ->
        val form = QuestionForm("A title", "", listOf(Field("What you see", FieldKind.Text, required = true)))
        suspend fun asking(server: String?) = fake.run {
            ask(form)
            create(CreateOptions(server))
        }
        val (anywhere, named) = asking(null) to asking("example.org")
        fake.stopTor()
        assertEquals(Connection.Waiting(FlashpaperException.TorNotStarted()), burner.state.value.connection)
        assertThrows<FlashpaperException.TorNotStarted> { anywhere.await() }
        assertThrows<FlashpaperException.QuestionExpired> { named.await() }
        fake.startTor()
        assertEquals(Connection.Online, burner.state.value.connection)

        val asleep = asking("example.org")
        fake.suspend()
        fake.stopTor()
        fake.resume()
        assertEquals(Connection.Waiting(FlashpaperException.TorNotStarted()), burner.state.value.connection)
        assertThrows<FlashpaperException.TorNotStarted> { asleep.await() }
    }

    @Test
    fun torThatIsBlockedAndASleepThatSyncs() = talking { fake, burner, chat ->
        val wrong = FlashpaperException.ClockWrong(null)
        fake.setTor(Tor.Blocked(wrong))
        assertEquals(Connection.Waiting(wrong), burner.state.value.connection)
        fake.setTor(Tor.Ready)
        assertEquals(Connection.Online, burner.state.value.connection)
        fake.setConnection(burner.id, Connection.Quarantined)
        assertEquals(Connection.Quarantined, burner.state.value.connection)
        chat.send("waits")
        fake.suspend()
        assertEquals(Connection.Offline to Tor.Off, burner.state.value.connection to fake.state.value.tor)
        assertEquals(SyncReport(unread = 0, outbox = 1, complete = true), fake.sync(20.seconds))
        assertEquals(Life.SUSPENDED, fake.state.value.life)
    }

    @Test
    fun eventsThatWereMissedAreToldByTheirNumber() = runTest {
        val fake = FakeFlashpaper(this)
        repeat(2000) { fake.emit(Event.TorStarting) }
        assertEquals(Numbered(2000, Event.Lagged(1990)), fake.events(10).first())
    }

    @Test
    fun anEventThatACancelledCollectorDidNotGetComesToTheNext() = runTest {
        val fake = FakeFlashpaper(this)
        val events = fake.events()
        val cancelled = launch(start = UNDISPATCHED) { events.collect {} }
        fake.emit(Event.TorStarting)
        cancelled.cancelAndJoin()
        fake.emit(Event.Locked)
        assertEquals(Event.TorStarting, events.first().event)
    }

    private fun talking(test: suspend TestScope.(FakeFlashpaper, Burner, Chat) -> Unit) = runTest {
        val fake = FakeFlashpaper(this)
        fake.startTor()
        val burner = fake.create().await()
        // The last states of messages are there to look at.
        burner.setHistory(History.UntilBurn)
        burner.connect()
        test(fake, burner, burner.add(friend.value))
    }

    private suspend fun Creation.question(): Question.Id = (progress.first { it is Progress.Asks } as Progress.Asks).question.id
}
