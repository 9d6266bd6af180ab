package org.flashpaper

import java.time.Instant
import java.util.concurrent.TimeUnit.MINUTES
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlin.time.measureTime
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.transformWhile
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.assertThrows

/** The product's story on a private Tor network, with a real XMPP server and a peer with the real libotr. */
@Timeout(5, unit = MINUTES)
class StoryTest {
    private val home = Home()

    @Test
    fun aBurnerIsMadeKeptByAKeySourceAndBurned() {
        val before = Lab.accounts()
        val keys = Keys()
        home.with(Key.Source(keys)) { library ->
            val events = library.events()
            library.startTor()
            assertEquals(NetworkKind.PRIVATE to Tor.Ready, library.state.value.run { network to tor })
            val creation = library.create(CreateOptions("burner.test", recoverable = true))
            val burner = creation.await()
            val steps = events.transformWhile { numbered ->
                val step = (numbered.event as? Event.Creating)?.step
                step?.let { emit(it) }
                step != Step.Reachable
            }.toList()
            assertEquals(Step.Sealed(Jid("burner.test"), burner.state.value.via), steps.first())
            assertEquals(1, (Lab.accounts() - before).size)

            val words = checkNotNull(burner.recoveryWords())
            assertThrows<FlashpaperException.AlreadyHere> { library.restore(words, "burner.test") }
            val mistyped = "zzzz" + words.decodeToString().dropWhile { it != ' ' }
            val fault = assertThrows<FlashpaperException.InvalidInput> { library.restore(mistyped.toByteArray(), "burner.test") }
            assertEquals(1, ((fault.input as Input.Words).fault as WordsError.Unknown).at)
            burner.dropRecoveryWords()
            assertFalse(burner.wordsLeft())
            val sealedBy = keys.slots
            assertEquals(BurnReport(BurnOutcome.PROVEN), burner.burn())
            assertEquals(before, Lab.accounts())
            assertEquals(KeySlot.entries - sealedBy.toSet(), keys.slots, "the key that had sealed it is gone")
        }
    }

    @Test
    fun aTalkWithLibotrFromTheFirstTextToTheBurn() {
        val peer = Lab.peer()
        peer.does("receipts on")
        home.with { library ->
            library.startTor()
            val burner = library.create(BURNER_TEST).await()
            burner.setHistory(History.UntilBurn)
            burner.connect()
            val chat = burner.add(peer.jid)
            val message = chat.send("hello")
            peer.hears("hello")
            chat.timeline().reaches { page -> page.any { it.id == message && it.state == MessageState.Reported } }
            chat.state.reaches { it.security == Security.PRIVATE }

            peer.does("say good day")
            val came = chat.timeline().reaches { page -> page.any { it.text == "good day" } }.last()
            assertEquals(Security.PRIVATE to MessageState.Received, came.security to came.state)
            chat.state.reaches { it.unread == 1 }
            chat.read(came.id)
            assertEquals(0, chat.state.value.unread)

            val events = library.events(library.state.value.number)
            suspend fun told(comparison: Comparison) {
                val expected = Event.Comparison(burner.id, Jid(peer.jid), comparison)
                library.events(0).reaches { it.event == expected }
            }
            chat.compare("dog", "Which pet was it?")
            peer.tells("smp_asked", "Which pet was it?")
            peer.does("answer cat")
            told(Comparison.Different)
            assertEquals(Security.PRIVATE, chat.state.value.security)
            chat.compare("cat", "And now?")
            peer.tells("smp_asked", "And now?")
            peer.does("answer cat")
            told(Comparison.Verified)
            chat.state.reaches { it.security == Security.VERIFIED }
            val numbers = events.transformWhile { emit(it.number); (it.event as? Event.Comparison)?.comparison != Comparison.Verified }
                .toList()
            assertEquals(List(numbers.size) { numbers[0] + it }, numbers)

            // Over a sleep, and in a background task.
            library.suspend()
            assertEquals(Tor.Off to Connection.Offline, library.state.value.tor to burner.state.value.connection)
            val report = library.sync(180.seconds)
            assertEquals(true to Life.SUSPENDED, report.complete to library.state.value.life)
            library.resume()
            burner.state.reaches { it.connection == Connection.Online }
            chat.send("still here")
            peer.hears("still here")
            assertEquals(BurnOutcome.PROVEN, burner.burn().outcome)
            peer.tells("finished")
        }
        peer.end()
    }

    @Test
    fun aQuestionIsAnsweredByAPersonAndASecondBurnerIsMadeElsewhere() {
        Lab.order("serve captcha")
        home.with { library ->
            library.startTor()
            val captcha = CreateOptions("captcha.lab.test")
            val creation = library.create(captcha)
            val asked = creation.question()
            assertEquals("captcha.lab.test", asked.server.value)
            val place = asked.form.fields.indexOfFirst { it.isChallenge }
            val picture = checkNotNull(asked.form.fields[place].picture)
            assertEquals("image/png" to "PNG", picture.format.mediaType to picture.bytes.decodeToString(1, 4))
            for (misplaced in listOf(-1, asked.form.fields.size)) {
                val answers = mapOf(place to FieldAnswer.Text("123456"), misplaced to FieldAnswer.YesNo(true))
                val unfit = assertThrows<FlashpaperException.InvalidInput> { creation.answer(asked.id, Answer.Fields(answers)) }
                assertEquals(Input.Answer(AnswerFault.Unfit(misplaced)), unfit.input)
            }
            creation.answer(asked.id, Answer.AnotherPicture)
            val again = creation.question(not = asked.id)
            assertThrows<FlashpaperException.NoSuchQuestion> { creation.answer(asked.id, Answer.Fields(emptyMap())) }
            creation.answer(again.id, Answer.Fields(mapOf(place to FieldAnswer.Text(Lab.order("captcha captcha")))))
            val first = creation.await()
            assertTrue(first.state.value.jid.value.endsWith("@captcha.lab.test"))

            val refused = library.create(captcha)
            refused.answer(refused.question().id, Answer.GiveUp)
            assertThrows<FlashpaperException.Declined> { refused.await() }
            val silent = library.create(CreateOptions("captcha.lab.test", asksNothing = true))
            val nobody = assertThrows<FlashpaperException.Unanswerable> { silent.await() }
            assertEquals(FormFault.NOBODY_TO_ASK, nobody.fault)

            val second = library.create(BURNER_TEST).await()
            assertEquals(listOf(first.id, second.id), library.state.value.burners.map { it.id })
            val burned = library.burnAll()
            assertEquals(setOf(first.id, second.id), burned.map { it.burner }.toSet())
            assertTrue(burned.all { it.report?.outcome == BurnOutcome.PROVEN && it.failed == null })
        }
        Lab.order("stop captcha")
    }

    @Test
    fun aServerThatRefusesIsLeftForTheNextOneWhichAsks() {
        listOf("closed", "captcha").forEach { Lab.order("serve $it") }
        home.with(facts = Lab.facts(mapOf("closed.lab.test" to "yes", "captcha.lab.test" to "captcha"))) { library ->
            library.startTor()
            val events = library.events()
            val creation = library.create()
            val asked = creation.question()
            assertEquals("captcha.lab.test", asked.server.value)
            val moved = events.reaches { (it.event as? Event.Creating)?.step is Step.MovingOn }.event as Event.Creating
            assertEquals(Step.MovingOn(Jid("closed.lab.test"), FlashpaperException.RegistrationClosed()), moved.step)
            val place = asked.form.fields.indexOfFirst { it.isChallenge }
            creation.answer(asked.id, Answer.Fields(mapOf(place to FieldAnswer.Text(Lab.order("captcha captcha")))))
            val burner = creation.await()
            assertTrue(burner.state.value.jid.value.endsWith("@captcha.lab.test"))
            assertEquals(BurnOutcome.PROVEN, burner.burn().outcome)
        }
        listOf("closed", "captcha").forEach { Lab.order("stop $it") }
    }

    @Test
    fun aServerThatIsDownIsATypedError() = home.with { library ->
        library.startTor()
        Lab.without("prosody") {
            val creation = library.create(CreateOptions("burner.test", Route.EXIT))
            assertThrows<FlashpaperException.ServerUnreachable> { creation.await() }
        }
        assertTrue(library.state.value.burners.isEmpty())
    }

    @Test
    fun aCancelledCreationLeavesNothing() {
        val before = Lab.accounts()
        home.with { library ->
            library.startTor()
            val events = library.events()
            val creation = library.create(BURNER_TEST)
            coroutineScope {
                val waiting = async(start = UNDISPATCHED) { creation.await() }
                events.reaches { (it.event as? Event.Creating)?.step == Step.Registered }
                assertEquals(1, (Lab.accounts() - before).size)
                val took = measureTime {
                    waiting.cancel()
                    waiting.join()
                }
                assertTrue(took < 5.seconds && waiting.isCancelled, "$took")
            }
            creation.progress.reaches { it == Progress.Failed(FlashpaperException.Cancelled()) }
            library.state.reaches { it.burners.isEmpty() }
            until { Lab.accounts() == before }
        }
    }

    @Test
    fun aCancelledSyncSuspendsAndACancelledSendIsNotDoubled() = home.with { library ->
        library.startTor()
        val burner = library.create(BURNER_TEST).await()
        val chat = burner.add("nobody-at-all@burner.test")
        coroutineScope {
            repeat(20) { round ->
                // The cancellation comes before the call, within it or behind it.
                val sending = async(Dispatchers.Default) { chat.send("once", key = "the key") }
                repeat(round) { yield() }
                sending.cancel()
                sending.join()
            }
        }
        val message = chat.send("once", key = "the key")
        assertEquals(listOf(message), chat.timeline().first().map { it.id })

        burner.connect()
        library.suspend()
        coroutineScope {
            val syncing = async { library.sync(1.minutes) }
            library.state.reaches { it.life == Life.AWAKE }
            syncing.cancel()
            syncing.join()
            assertEquals(true to Life.SUSPENDED, syncing.isCancelled to library.state.value.life)
        }
        library.resume()
        burner.state.reaches { it.connection == Connection.Online }
        assertEquals(BurnOutcome.PROVEN, burner.burn().outcome)
    }

    @Test
    fun aTextThatFailsIsSentAgainOnlyWhenAsked() = home.with { library ->
        library.startTor()
        val burner = library.create(BURNER_TEST).await()
        burner.connect()
        val chat = burner.add("nobody-at-all@burner.test")
        val late = chat.send("hi", within = 1.seconds)
        val failed = MessageState.Failed(FailReason.NO_ANSWER)
        chat.timeline().reaches { page -> page.any { it.id == late && it.state == failed } }
        val again = chat.retry(late)
        assertThrows<FlashpaperException.NoSuchMessage> { chat.message(late) }
        assertEquals("hi", chat.message(again).text)
        chat.delete(again)
        chat.timeline().reaches { it.isEmpty() }
        burner.burn()
    }

    @Test
    fun wordsBringABurnerBackWithItsKey() = home.with { library ->
        library.startTor()
        val burner = library.create(CreateOptions("burner.test", recoverable = true)).await()
        val (jid, key) = burner.state.value.jid to burner.fingerprint()
        val words = checkNotNull(burner.recoveryWords())
        // Another phone.
        library.close()
        Home().use { other ->
            other.startTor()
            val restored = other.restore(words, "burner.test")
            assertEquals(jid to key, restored.state.value.jid to restored.fingerprint())
            assertEquals(BurnOutcome.PROVEN, restored.burn().outcome)
        }
    }

    @Test
    fun aBurnerExpiresByItself() {
        val before = Lab.accounts()
        home.with { library ->
            library.startTor()
            val burner = library.create(BURNER_TEST).await()
            val events = library.events()
            burner.setExpiry(Instant.now().plusSeconds(2))
            assertNotEquals(null, burner.state.value.expiresAt)
            events.reaches { it.event == Event.Expired(burner.id) }
            library.state.reaches { it.burners.isEmpty() }
            until { Lab.accounts() == before }
        }
    }

    @Test
    fun aPanicWithAnAccountLeavesATicketThatAnotherFolderRedeems() = runBlocking {
        val before = Lab.accounts()
        val library = home.open()
        library.startTor()
        library.create(BURNER_TEST).await()
        val panicked = Flashpaper.panicWithTicket(home.folder)
        assertEquals(PanicReport(), panicked.report)
        library.state.reaches { it.life == Life.CLOSED && it.burners.isEmpty() }
        val ticket = checkNotNull(panicked.ticket)
        library.close()
        assertEquals(1, (Lab.accounts() - before).size)
        Home().use { other ->
            assertEquals(1, other.redeem(ticket).size)
            assertEquals(1, other.pendingRemovals().size)
            // Starting Tor takes the removal up by itself.
            other.startTor()
            until { Lab.accounts() == before }
        }
    }

    @Test
    fun bridgesAreTheOnlyWayWhereTheyAreAsked() = home.with { library ->
        val line = assertThrows<FlashpaperException.InvalidInput> { library.startTor(Entry.Bridges(listOf("", "no bridge"))) }
        assertEquals(Input.Bridge(2, BridgePart.ADDRESS), line.input)
        val far = Entry.Bridges(emptyList(), listOf(Transport("obfs4", "192.0.2.1:4000")))
        assertEquals(Input.Transport, assertThrows<FlashpaperException.InvalidInput> { library.startTor(far) }.input)
        // A bridge that is not there: nothing is tried directly.
        val gone = Entry.Bridges(listOf("127.0.0.1:9 0123456789ABCDEF0123456789ABCDEF01234567"))
        assertThrows<FlashpaperException> { library.startTor(gone, 3.seconds) }
        assertNotEquals(Tor.Ready, library.state.value.tor)
        // A wait without end can be cancelled.
        coroutineScope {
            val waiting = async { library.startTor(gone, Duration.INFINITE) }
            delay(200.milliseconds)
            waiting.cancel()
            withTimeout(5.seconds) { waiting.join() }
        }
        library.startTor(Entry.Bridges(listOf(Lab.bridge())))
        assertEquals(Tor.Ready, library.state.value.tor)
        assertEquals(BurnOutcome.PROVEN, library.create(BURNER_TEST).await().burn().outcome)
        Lab.order("stop bridge")
    }

    @Test
    fun theNextProcessFindsAllThatWasStored() {
        val before = Lab.accounts()
        home.otherProcess().use { other ->
            assertEquals("ready", other.says())
            assertThrows<FlashpaperException.InUse> { runBlocking { home.open() } }
        }
        home.with { library ->
            val burner = checkNotNull(library.burner(library.state.value.burners.single().id))
            assertEquals(Phase.ACTIVE to "before", burner.state.value.run { phase to label })
            assertEquals(listOf("from before"), burner.messages().map { it.text })
            library.startTor()
            burner.state.reaches { it.connection == Connection.Online }
            assertEquals(BurnOutcome.PROVEN, burner.burn().outcome)
            assertEquals(before, Lab.accounts())
        }
    }

    private suspend fun until(condition: () -> Boolean): Unit = withTimeout(300.seconds) {
        while (!condition()) delay(100)
    }

    private suspend fun Creation.question(not: Question.Id? = null): Question {
        val reached = progress.reaches { it is Progress.Failed || it is Progress.Asks && it.question.id != not }
        return (reached as Progress.Asks).question
    }
}
