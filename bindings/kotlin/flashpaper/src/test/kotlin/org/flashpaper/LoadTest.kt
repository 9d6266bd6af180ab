package org.flashpaper

import java.util.concurrent.TimeUnit.MINUTES
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.filter
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout
import org.flashpaper.internal.Library
import org.flashpaper.internal.LibraryChat
import org.flashpaper.internal.ffi.Engine
import org.flashpaper.internal.ffi.uniffiContinuationHandleMap
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.assertThrows

/** What many events and calls leave behind. */
@Timeout(5, unit = MINUTES)
class LoadTest {
    private val home = Home()

    @Test
    fun tenThousandEventsComeInOrderAndNothingGrows() = home.with { library ->
        val count = 10_000
        val seen = mutableListOf<Numbered>()
        var before = 0 to 0
        coroutineScope {
            val events = library.events().filter { it.event is Event.Tor }
            launch { library.engine.reportForTests(count.toUInt()) }
            events.take(count).collect {
                seen.add(it)
                // The first ones start threads that stay.
                if (seen.size == count / 10) before = threadsAndFiles()
            }
        }
        assertEquals(List(count) { it.toFloat() / count }, seen.map { (it.event as Event.Tor).fraction })
        assertEquals(List(count) { seen[0].number + it }, seen.map { it.number })
        assertNoGrowth(before)
    }

    @Test
    fun aLateReaderIsToldHowManyItHasMissedAndGoesOn() = home.with { library ->
        library.engine.reportForTests(10_000u)
        val last = library.state.reaches { it.number >= 10_000 }.number
        val seen = mutableListOf<Numbered>()
        coroutineScope {
            library.events(1).first {
                seen.add(it)
                if (it.number == last) launch { library.engine.reportForTests(3u) }
                it.number == last + 3
            }
        }
        assertEquals(Event.Lagged(seen[0].number - 1), seen[0].event)
        assertEquals(List(seen.size) { seen[0].number + it }, seen.map { it.number })
    }

    @Test
    fun aThousandCallsLeaveNothing() = home.with { library ->
        suspend fun calls(count: Int) = repeat(count) {
            library.pendingRemovals()
            library.state.first()
            library.events()
            home.open()
            LibraryChat(library as Library, BurnerId("1f"), ChatState(Jid("nobody@burner.test"))).timeline().collect {}
            assertThrows<FlashpaperException.TorNotStarted> { library.create(BURNER_TEST).await() }
        }
        calls(100)
        val before = threadsAndFiles()
        val waiting = uniffiContinuationHandleMap.size
        calls(1_000)
        assertNoGrowth(before)
        assertEquals(waiting, uniffiContinuationHandleMap.size, "calls of Rust that have not come back")
    }

    @Test
    fun eventsAreSubscribedWhenTheyAreAskedFor() = home.with { library ->
        val events = library.events()
        library.engine.reportForTests(3u)
        withTimeout(10.seconds) {
            val first = events.first().number
            assertEquals(listOf(first + 1, first + 2), events.take(2).toList().map { it.number }, "collecting again goes on")
        }
    }

    private fun assertNoGrowth(before: Pair<Int, Int>) {
        val after = threadsAndFiles()
        assertTrue(after.first - before.first < 16 && after.second - before.second < 8, "$before, then $after")
    }

    private val Flashpaper.engine: Engine
        get() = (this as Library).engine
}
