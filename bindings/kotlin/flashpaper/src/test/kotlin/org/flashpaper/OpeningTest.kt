package org.flashpaper

import java.lang.ref.WeakReference
import java.util.concurrent.TimeUnit.MINUTES
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.measureTime
import kotlinx.coroutines.CoroutineStart.UNDISPATCHED
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.flashpaper.internal.Library
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.assertThrows

/** Opening, keys and ends: without a network. */
@Timeout(2, unit = MINUTES)
class OpeningTest {
    private val home = Home()

    @Test
    fun aPanicNeedsNothingOpenAndEndsTheRest() = runBlocking {
        val keys = Keys()
        val library = home.open(Key.Source(keys))
        val events = library.events()
        assertEquals(1, keys.slots.size)
        repeat(2) {
            val took = measureTime { assertEquals(PanicReport(), Flashpaper.panic(home.folder, keys)) }
            assertTrue(took < 1.seconds, "$took")
        }
        assertTrue(keys.slots.isEmpty() && !home.folder.exists())
        events.toList()
        library.state.reaches { it.life == Life.CLOSED }
        assertThrows<FlashpaperException.Closed> { library.burnAll() }
        library.close()
    }

    @Test
    fun aPanicWithoutAccountsLeavesNoTicket() = runBlocking {
        val library = home.open()
        val bad = assertThrows<FlashpaperException.InvalidInput> { library.redeem("none".toByteArray()) }
        assertEquals(Input.Ticket, bad.input)
        val panicked = Flashpaper.panicWithTicket(home.folder)
        assertEquals(PanicReport() to null, panicked.report to panicked.ticket)
        library.close()
    }

    @Test
    fun aLibraryThatNobodyTouchesLocksItselfAndTheKeyBringsItBack() = home.with { library ->
        library.setAutoLock(1.seconds)
        library.touch()
        library.state.reaches { it.life == Life.LOCKED }
        assertThrows<FlashpaperException.VaultLocked> { library.pendingRemovals() }
        val again = home.open()
        assertEquals(Life.SUSPENDED, again.state.value.life)
        again.setAutoLock(null)
        again.resume()
        library.state.reaches { it.life == Life.AWAKE }
    }

    @Test
    fun theDuressPassphraseOpensAnEmptyFolder() = runBlocking {
        fun key(passphrase: String) = Key.Passphrase(passphrase.toByteArray())
        val library = home.open(key("right"))
        val same = assertThrows<FlashpaperException.InvalidInput> { library.setDuress("right".toByteArray()) }
        assertEquals(Input.SamePassphrase, same.input)
        library.setDuress("duress".toByteArray())
        val empty = home.open(key("duress"))
        assertThrows<FlashpaperException.Closed> { library.pendingRemovals() }
        assertTrue(empty.state.value.burners.isEmpty())
        assertThrows<FlashpaperException.VaultLocked> { home.open(key("right")) }
        empty.close()
        library.close()
    }

    @Test
    fun aKeySourceOpensItsSealAndEachFailureHasItsKind() = runBlocking {
        val keys = Keys()
        fun both() = Key.Source(keys, "in addition".toByteArray())
        home.open(Key.Source(keys)).run {
            changeKey(both())
            close()
        }
        assertEquals(listOf(KeySlot.FIRST), keys.slots)
        val others = listOf(
            Key.Source(keys),
            Key.Source(keys, "wrong".toByteArray()),
            Key.Passphrase("in addition".toByteArray()),
        )
        for (key in others) assertThrows<FlashpaperException.VaultLocked> { home.open(key) }
        val failures = mapOf(
            KeySourceException.NeedsUserAuth() to FlashpaperException.KeyDenied(),
            KeySourceException.LockedUntilFirstUnlock() to FlashpaperException.KeyLocked(),
            KeySourceException.Invalidated() to FlashpaperException.KeyLost(),
            KeySourceException.Full() to FlashpaperException.StorageFull(),
            KeySourceException.Unavailable() to FlashpaperException.KeyUnavailable(),
            // No contract has these.
            IllegalStateException("a secret of the app's") to FlashpaperException.KeyUnavailable(),
            StackOverflowError() to FlashpaperException.KeyUnavailable(),
        )
        for ((failure, expected) in failures) {
            keys.failure = failure
            assertEquals(expected, assertThrows<FlashpaperException> { home.open(both()) })
        }
        keys.failure = null
        home.open(both()).close()
        keys.delete(KeySlot.SECOND)
        assertThrows<FlashpaperException.KeyLost> { home.open(both()) }
        Unit
    }

    @Test
    fun aFolderThatIsOpenGivesTheSameLibraryAtTheSameTime() = runBlocking {
        val (first, second) = coroutineScope { List(2) { async { home.open() } }.map { it.await() } }
        assertSame(first, second)
        first.suspend()
        second.state.reaches { it.life == Life.SUSPENDED }
        val third = home.open()
        assertEquals(Life.SUSPENDED, third.state.value.life, "opening does not wake")
        third.resume()
        first.close()
        assertThrows<FlashpaperException.Closed> { second.resume() }
        home.use { assertEquals(Life.AWAKE, it.state.value.life) }
    }

    @Test
    fun anOpeningThatIsCancelledLetsGoOfTheFolderUnlessItWasOpen() = runBlocking {
        suspend fun cancelled(opened: (Library) -> Boolean) = coroutineScope {
            val opening = launch(start = UNDISPATCHED) { home.open() }
            // It cannot come back to this thread meanwhile: it is cancelled when it has the folder open.
            while (Library.opened.values.none(opened)) Thread.sleep(10)
            opening.cancelAndJoin()
            assertTrue(opening.isCancelled)
        }
        cancelled { it.openings == 1 }
        assertTrue(Library.opened.isEmpty())
        home.use { library ->
            cancelled { it.openings == 2 }
            assertEquals(Life.AWAKE, library.state.value.life)
            library.pendingRemovals()
        }
    }

    @Test
    fun anOpeningThatIsCancelledClosesNoLibraryThatAnotherOneIsGiven() = runBlocking {
        repeat(10) {
            val first = launch(start = UNDISPATCHED) { home.open() }
            val second = async(Dispatchers.Default) { home.open() }
            // The first one cannot come back to this thread meanwhile.
            while (Library.opened.isEmpty()) Thread.sleep(1)
            first.cancel()
            val library = second.await()
            library.pendingRemovals()
            first.join()
            library.pendingRemovals()
            library.close()
            assertTrue(Library.opened.isEmpty())
        }
    }

    @Test
    fun aCallThatEndsSoonIsDoneAndTellsItThoughItsCoroutineIsCancelledMeanwhile() = home.with { library ->
        var isTold = false
        coroutineScope {
            val changing = launch(start = UNDISPATCHED) {
                library.changeKey(Key.Passphrase("swordfish".toByteArray()))
                isTold = true
            }
            changing.cancelAndJoin()
        }
        assertTrue(isTold)
        library.lock()
        assertThrows<FlashpaperException.VaultLocked> { home.open() }
        home.open(Key.Passphrase("swordfish".toByteArray()))
    }

    @Test
    fun aLibraryThatIsClosedIsCollected() = runBlocking {
        suspend fun closed() = home.open().let {
            it.create(BURNER_TEST)
            it.close()
            WeakReference(it) to WeakReference((it as Library).engine)
        }
        val (library, engine) = closed()
        withTimeout(20.seconds) {
            while (library.get() != null || engine.get() != null) {
                System.gc()
                delay(100.milliseconds)
            }
        }
    }

    @Test
    fun deadlinesOfAllLengthsAreTaken() = home.with { library ->
        library.suspend(Duration.INFINITE)
        assertEquals(Life.SUSPENDED, library.state.value.life)
        library.resume()
        try {
            library.suspend(Duration.ZERO)
        } catch (_: FlashpaperException.Timeout) {
            // No time at all may be too short, and that is told.
        }
        library.state.reaches { it.life == Life.SUSPENDED }
        library.lock()
        assertEquals(Life.LOCKED, library.state.value.life)
        assertTrue(library.state.value.burners.isEmpty())
        assertThrows<FlashpaperException.VaultLocked> { library.resume() }
    }

    @Test
    fun aReaderEndsWithItsCoroutine() = home.with { library ->
        val events = library.events()
        coroutineScope {
            val reader = async { events.toList() }
            val state = async { library.state.collect {} }
            reader.cancel()
            state.cancel()
        }
        withTimeout(10.seconds) { library.close() }
    }

    @Test
    fun diagnosticsTellNoAddress() = home.with { library ->
        val text = library.diagnostics()
        assertTrue(text.isNotBlank())
        assertFalse(text.contains("burner.test") || text.contains(home.folder.path), text)
    }
}
