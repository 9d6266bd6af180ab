package org.flashpaper

import java.io.File
import java.lang.management.ManagementFactory
import java.util.concurrent.TimeUnit.MINUTES
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlin.time.measureTime
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.selects.select
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.MethodOrderer.OrderAnnotation
import org.junit.jupiter.api.Order
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import org.junit.jupiter.api.TestInstance.Lifecycle.PER_CLASS
import org.junit.jupiter.api.TestMethodOrder
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.io.TempDir

/** The whole height of the product from Kotlin: one library on one lab, from its opening to its end. */
@TestInstance(PER_CLASS)
@TestMethodOrder(OrderAnnotation::class)
@Timeout(5, unit = MINUTES)
class FlashpaperTest {
    private lateinit var folder: File
    private lateinit var library: Flashpaper

    @BeforeAll
    fun open(@TempDir folder: File) = runBlocking {
        this@FlashpaperTest.folder = folder
        library = open("right".toByteArray())
    }

    @AfterAll
    fun close() = runBlocking { library.close() }

    @Test
    @Order(1)
    fun whatCannotWorkIsToldAtOnce() = runBlocking {
        assertThrows<FlashpaperException.TorNotStarted> { library.createBurner() }
        assertThrows<FlashpaperException.NoSuchBurner> { library.burn("none") }
        assertThrows<FlashpaperException.VaultLocked> { open("wrong".toByteArray()) }
        val server = assertThrows<FlashpaperException.InvalidInput> { library.checkOptions(CreateOptions("127.0.0.1")) }
        assertEquals(Input.Server, server.input)
        val network = assertThrows<FlashpaperException.InvalidInput> {
            Flashpaper.open(File(folder, "other"), Key.File, privateNetwork = "{}")
        }
        assertEquals(Input.Network, network.input)
        val key = assertThrows<FlashpaperException.InvalidInput> { library.acceptKey("none", "someone@burner.test", "0123") }
        assertEquals(Input.Fingerprints, key.input)
        val news = Event.Notice("7", "someone@burner.test", Notice.PeerError("their words"))
        assertEquals("Notice { burner: BurnerId(\"7\"), peer: Address(..), notice: PeerError(..) }", "$news")
        assertEquals("Key.Passphrase(..) Config(..)", "${Key.Passphrase("pw".toByteArray())} ${Config("home", Key.File)}")
        assertEquals("Key.Source(..)", "${Key.Source(Keys(), "pw".toByteArray())}")
        assertEquals("invalid_input", network.code)
        assertEquals(Action.CORRECT_INPUT, network.action)
        assertFalse(network.retryable)
    }

    @Test
    @Order(2)
    fun aFolderThatIsOpenGivesTheSameLibrary() = runBlocking {
        val again = open("right".toByteArray())
        again.changeKey(Key.Passphrase("new".toByteArray()))
        assertThrows<FlashpaperException.VaultLocked> { open("right".toByteArray()) }
        // Whoever lets go of theirs takes nothing from the other.
        again.engine.destroy()
        library.changeKey(Key.Passphrase("right".toByteArray()))
        assertEquals(VaultReport(0u, incomplete = false, oldKeyKept = false), library.vaultReport())
    }

    @Test
    @Order(3)
    fun aPanicEndsWhatIsOpenAndItsKeys() = runBlocking {
        val keys = Keys()
        val home = File(folder, "panicked")
        val opened = Flashpaper.open(home, Key.Source(keys), Lab.facts)
        assertEquals(1, keys.slots.size)
        repeat(2) { assertEquals(PanicReport(null, null), Flashpaper.panic(home, keys)) }
        assertTrue(keys.slots.isEmpty() && !home.exists())
        assertThrows<FlashpaperException.Closed> { opened.burners() }
        opened.close()
    }

    @Test
    @Order(3)
    fun aPanicWithoutAccountsLeavesNoTicketAndWhatIsNoneIsTold() = runBlocking {
        val home = File(folder, "ticketed")
        val opened = Flashpaper.open(home, Key.File, Lab.facts)
        val bad = assertThrows<FlashpaperException.InvalidInput> { opened.redeem("no ticket".toByteArray()) }
        assertEquals(Input.Ticket, bad.input)
        val panicked = Flashpaper.panicWithTicket(home)
        assertEquals(PanicReport(null, null) to null, panicked.report to panicked.ticket)
        assertEquals("TicketedPanic { report: PanicReport { key_kept: None, files_left: None }, .. }", "$panicked")
        assertThrows<FlashpaperException.Closed> { opened.burners() }
        opened.close()
    }

    @Test
    @Order(3)
    fun whatNobodyTouchesLocksItselfAndTheKeyBringsItBack() = runBlocking {
        val home = File(folder, "left alone")
        val opened = Flashpaper.open(home, Key.File, Lab.facts)
        val none = assertThrows<FlashpaperException.InvalidInput> { opened.setAutoLock(Duration.ZERO) }
        assertEquals(Input.AutoLock, none.input)
        val locked = inBackground { opened.events().first { it is Event.Locked } }
        opened.setAutoLock(1.seconds)
        opened.touch()
        withTimeout(60.seconds) { locked.await() }
        assertThrows<FlashpaperException.VaultLocked> { opened.burners() }
        val again = Flashpaper.open(home, Key.File, Lab.facts)
        opened.setAutoLock(null)
        assertTrue(again.burners().isEmpty() && opened.burners().isEmpty())
        opened.close()
    }

    @Test
    @Order(3)
    fun theDuressPassphraseOpensAnEmptyFolder() = runBlocking {
        val home = File(folder, "duress")
        suspend fun open(passphrase: String) = Flashpaper.open(home, Key.Passphrase(passphrase.toByteArray()), Lab.facts)
        val opened = open("right")
        val same = assertThrows<FlashpaperException.InvalidInput> { opened.setDuress("right".toByteArray()) }
        assertEquals(Input.SamePassphrase, same.input)
        opened.setDuress("duress".toByteArray())
        val empty = open("duress")
        assertThrows<FlashpaperException.Closed> { opened.burners() }
        assertTrue(empty.burners().isEmpty())
        assertThrows<FlashpaperException.VaultLocked> { open("right") }
        empty.close()
        opened.close()
    }

    @Test
    @Order(3)
    fun aKeySourceOpensWhatItHasSealed() = runBlocking {
        val keys = Keys()
        val passphrase = { "in addition".toByteArray() }
        val home = File(folder, "sealed")
        suspend fun open(key: Key) = Flashpaper.open(home, key, Lab.facts)
        open(Key.Source(keys)).run {
            changeKey(Key.Source(keys, passphrase()))
            close()
        }
        assertEquals(listOf(KeySlot.FIRST), keys.slots)
        assertThrows<FlashpaperException.VaultLocked> { open(Key.Source(keys)) }
        assertThrows<FlashpaperException.VaultLocked> { open(Key.Source(keys, "wrong".toByteArray())) }
        assertThrows<FlashpaperException.VaultLocked> { open(Key.Passphrase(passphrase())) }

        val failures = mapOf(
            KeySourceException.Denied() to FlashpaperException.KeyDenied::class,
            KeySourceException.Lost() to FlashpaperException.KeyLost::class,
            KeySourceException.Full() to FlashpaperException.StorageFull::class,
            KeySourceException.Failed() to FlashpaperException.Storage::class,
            // What no contract has.
            IllegalStateException("a bug in the app") to FlashpaperException.Storage::class,
        )
        for ((failure, expected) in failures) {
            keys.failure = failure
            assertEquals(expected, assertThrows<FlashpaperException> { open(Key.Source(keys, passphrase())) }::class)
        }
        assertEquals(Action.UNLOCK, FlashpaperException.KeyDenied().action)
        keys.failure = null
        open(Key.Source(keys, passphrase())).close()
        keys.delete(KeySlot.SECOND)
        assertThrows<FlashpaperException.KeyLost> { open(Key.Source(keys, passphrase())) }
        Unit
    }

    @Test
    @Order(4)
    fun tenThousandEventsComeInOrderOnTheSameThreads() = runBlocking {
        val count = 10_000
        val threads = ManagementFactory.getThreadMXBean()
        threads.resetPeakThreadCount()
        val before = threads.threadCount
        val fractions = inBackground {
            library.events().filterIsInstance<Event.Tor>().take(count).toList().map { it.fraction }
        }
        library.engine.reportForTests(count.toUInt())
        assertEquals(List(count) { it.toFloat() / count.toFloat() }, fractions.await())
        // Now the reader waits for each one.
        repeat(300) {
            val next = inBackground { library.events().first() }
            library.engine.reportForTests(1u)
            next.await()
        }
        // Some are the coroutines' own. JNA attaches a thread of the library for as long as it wakes a coroutine.
        assertTrue(threads.peakThreadCount - before < 20, "$before, then ${threads.peakThreadCount}")
    }

    @Test
    @Order(5)
    fun torBecomesReadyAndIsSeenToBe() = runBlocking {
        val seen = inBackground {
            val events = mutableListOf<Event>()
            library.events().first { event -> events.add(event) && event is Event.Tor && event.ready }
            events
        }
        library.startTor()
        val events = withTimeout(10.seconds) { seen.await() }
        assertEquals(listOf(Event.PrivateNetwork, Event.TorStarting), events.take(2))
        assertNull((events.last() as Event.Tor).blocked)
    }

    @Test
    @Order(6)
    fun aBurnerIsMadeListedAndBurned() = runBlocking {
        val before = Lab.accounts()
        val steps = inBackground { steps { it is Step.Reachable } }
        val burner = library.createBurner(CreateOptions(server = "burner.test", recoverable = true))
        assertEquals(listOf(burner), library.burners())
        assertEquals(BurnerState.ACTIVE, burner.state)
        assertTrue(burner.jid.endsWith("@burner.test"))
        assertFalse("$burner".contains(burner.jid.substringBefore('@')), "an address could get into a log")
        assertEquals(1, (Lab.accounts() - before).size)
        assertEquals(Step.Sealed("burner.test", burner.via), steps.await().first())

        val words = checkNotNull(library.recoveryWords(burner.id))
        assertTrue(library.wordsLeft(burner.id))
        library.dropRecoveryWords(burner.id)
        assertNull(library.recoveryWords(burner.id))
        assertFalse(library.wordsLeft(burner.id))
        assertThrows<FlashpaperException.AlreadyHere> { library.restore(words, "burner.test") }
        val mistyped = "zzzz" + words.decodeToString().dropWhile { it != ' ' }
        val fault = assertThrows<FlashpaperException.InvalidInput> { library.restore(mistyped.toByteArray(), "burner.test") }
        val unknown = (fault.input as Input.Words).fault as WordsError.Unknown
        assertEquals(1u, unknown.at)
        assertFalse("$fault $unknown".contains(unknown.nearest.word), "a word of the user's could get into a log")

        val keys = Keys()
        library.changeKey(Key.Source(keys, "right".toByteArray()))
        val sealedBy = keys.slots.single()
        assertEquals(BurnReport(BurnOutcome.PROVEN, null), library.burn(burner.id))
        assertEquals(emptyList<Burner>(), library.burners())
        assertEquals(before, Lab.accounts())
        assertEquals(KeySlot.entries - sealedBy, keys.slots, "the key that had sealed it is gone")
        library.changeKey(Key.Passphrase("right".toByteArray()))
        assertEquals(emptyList<KeySlot>(), keys.slots)
    }

    @Test
    @Order(7)
    fun aTextWaitsAndASleepEndsWithEverybodyConnected() = runBlocking {
        val burner = library.createBurner(CreateOptions("burner.test"))
        val nobody = "nobody-at-all@burner.test"
        val bad = assertThrows<FlashpaperException.InvalidInput> { library.send(burner.id, nobody, "") }
        assertEquals(Input.Text(TextFault.Empty), bad.input)
        // It waits, as nobody has connected.
        val text = library.send(burner.id, nobody, "hello")
        assertEquals(listOf(MessageState.Queued), library.messages(burner.id, nobody).map { it.state })
        assertFalse("${library.snapshot()}${library.message(burner.id, text)}".contains("nobody-at-all"))
        val second = library.send(burner.id, nobody, "again")
        val page = { before: MessageId?, limit: Int -> library.messages(burner.id, nobody, before, limit).map { it.id } }
        assertEquals(listOf(text, second), page(null, 2))
        assertEquals(listOf(listOf(second), listOf(text), emptyList()), listOf(page(null, 1), page(second, 1), page(text, 1)))
        assertEquals(emptyList<MessageId>(), page(null, -1))

        val snapshot = library.snapshot()
        assertEquals(listOf(2u), snapshot.burners.single().conversations.map { it.outbox })
        // There is nobody, which looks like somebody who is away.
        val asked = inBackground { library.events(snapshot.sequence).first { it is Event.Message && it.state is MessageState.WaitingForPeer } }
        library.connect(burner.id)
        withTimeout(60.seconds) { asked.await() }
        val late = library.send(burner.id, "nobody-else@burner.test", "in vain", within = 1.seconds)
        withTimeout(60.seconds) { library.events(snapshot.sequence).first { it is Event.Message && it.message == late && it.state is MessageState.Failed } }
        assertEquals(MessageState.Failed(FailReason.NO_ANSWER), library.message(burner.id, late).state)
        library.taken(burner.id, late)
        assertThrows<FlashpaperException.NoSuchMessage> { library.message(burner.id, late) }

        library.suspend()
        assertEquals(Connection.Offline, library.snapshot().burners.single().connection)
        assertThrows<FlashpaperException.Suspended> { library.send(burner.id, nobody, "hello") }
        val online = inBackground { library.events().first { it is Event.Connection && it.connection is Connection.Online } }
        library.resume()
        withTimeout(60.seconds) { online.await() }
        library.lock()
        assertThrows<FlashpaperException.VaultLocked> { library.burners() }
        library = open("right".toByteArray())
        assertEquals(SyncReport(0u, outbox = 2u, complete = true), library.syncOnce(60.seconds))
        library.resume()
        assertEquals(BurnOutcome.PROVEN, library.burn(burner.id).outcome)
    }

    @Test
    @Order(8)
    fun aServerThatIsDownIsATypedError() = runBlocking {
        Lab.without("prosody") {
            val options = CreateOptions("burner.test", Route.EXIT)
            val error = assertThrows<FlashpaperException.ServerUnreachable> { library.createBurner(options) }
            assertEquals(Action.TRY_LATER, error.action)
        }
        assertEquals(emptyList<Burner>(), library.burners())
    }

    @Test
    @Order(9)
    fun aCancelledCreationEndsAtOnceAndLeavesNothing() = runBlocking {
        val before = Lab.accounts()
        val registered = inBackground { steps { it is Step.Registered } }
        val creation = inBackground { library.createBurner(CreateOptions("burner.test")) }
        // A creation that fails must not leave this waiting.
        select {
            registered.onAwait {}
            creation.onAwait {}
        }
        assertEquals(1, (Lab.accounts() - before).size)
        val took = measureTime {
            creation.cancel()
            creation.join()
        }
        assertTrue(creation.isCancelled && took < 5.seconds, "$took")
        withTimeout(60.seconds) {
            while (library.burners().isNotEmpty()) delay(50)
        }
        assertEquals(before, Lab.accounts())
    }

    @Test
    @Order(10)
    fun aServersQuestionIsAnsweredByAPerson() = runBlocking {
        Lab.order("serve captcha")
        val server = CreateOptions("captcha.lab.test")
        val questions = library.events(library.snapshot().sequence).filterIsInstance<Event.Question>()
        val creation = inBackground { library.createBurner(server) }
        val first = withTimeout(60.seconds) { questions.first() }
        val asked = library.question(first.question)
        assertEquals(listOf(asked.id), library.snapshot().questions.map { it.id })
        assertEquals("captcha.lab.test" to first.burner, asked.server to asked.burner)
        val place = asked.form.fields.indexOfFirst { it.isChallenge }
        val picture = checkNotNull(asked.form.fields[place].picture)
        assertEquals("image/png", picture.format.mediaType)
        assertEquals("PNG", picture.bytes.decodeToString(1, 4))
        assertTrue(picture.width in 1u..2048u && picture.height in 1u..2048u, "${picture.width} x ${picture.height}")
        for (misplaced in listOf(-1, asked.form.fields.size)) {
            val unfit = assertThrows<FlashpaperException.InvalidInput> {
                library.answer(asked.id, mapOf(place to Answer.Text("123456"), misplaced to Answer.YesNo(true)))
            }
            assertEquals(Input.Answer(AnswerFault.Unfit(misplaced.toUInt())), unfit.input)
        }

        library.askAnew(asked.id)
        val second = withTimeout(60.seconds) { questions.first { it.question != asked.id } }
        assertThrows<FlashpaperException.NoSuchQuestion> { library.answer(asked.id, emptyMap()) }
        library.answer(second.question, mapOf(place to Answer.Text(Lab.order("captcha captcha"))))
        val burner = withTimeout(90.seconds) { creation.await() }
        assertTrue(burner.jid.endsWith("@captcha.lab.test"))
        assertEquals(emptyList<Question>(), library.snapshot().questions)
        assertEquals(BurnOutcome.PROVEN, library.burn(burner.id).outcome)
        Lab.order("stop captcha")
        Unit
    }

    @Test
    @Order(11)
    fun afterClosingEveryCallSaysSoAndAnotherMayOpen() = runBlocking {
        val end = inBackground { library.events().toList() }
        library.close()
        end.await()
        assertThrows<FlashpaperException.Closed> { library.burners() }
        assertThrows<FlashpaperException.Closed> { library.startTor() }
        assertThrows<FlashpaperException.Closed> { library.createBurner() }
        assertEquals(emptyList<Event>(), library.events().toList())
        library.close()
        assertThrows<FlashpaperException.VaultLocked> { open("wrong".toByteArray()) }
        library = open("right".toByteArray())
    }

    @Test
    @Order(12)
    fun closingInACancelledCoroutineClosesAllTheSame() = runBlocking {
        library.startTor()
        val user = inBackground {
            try {
                awaitCancellation()
            } finally {
                library.close()
            }
        }
        user.cancel()
        user.join()
        withTimeout(60.seconds) {
            while (runCatching { library.burners() }.isSuccess) delay(20)
        }
        library = withTimeout(60.seconds) { reopened() }
    }

    /** Opens again as soon as the folder is free. */
    private suspend fun reopened(): Flashpaper {
        while (true) {
            try {
                return open("right".toByteArray())
            } catch (_: FlashpaperException.InUse) {
                delay(20)
            }
        }
    }

    private suspend fun open(passphrase: ByteArray) =
        Flashpaper.open(File(folder, "home"), Key.Passphrase(passphrase), Lab.facts)

    /** The steps of a creation up to one. */
    private suspend fun steps(until: (Step) -> Boolean): List<Step> {
        val steps = mutableListOf<Step>()
        library.events().filterIsInstance<Event.Creating>().first { steps.add(it.step) && until(it.step) }
        return steps
    }

    /** Runs until its first wait before it returns: a subscription has begun then. */
    private fun <T> inBackground(work: suspend CoroutineScope.() -> T): Deferred<T> =
        CoroutineScope(Dispatchers.Default).async(start = UNDISPATCHED, block = work)
}
