package org.flashpaper.demo

import kotlin.time.Duration
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import org.flashpaper.BridgePart
import org.flashpaper.ClockError
import org.flashpaper.Entry
import org.flashpaper.Flashpaper
import org.flashpaper.FlashpaperException
import org.flashpaper.Input
import org.flashpaper.Stage
import org.flashpaper.Tor
import org.flashpaper.testing.Op
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class StartModelTest {
    @Test
    fun `nothing starts Tor before the touch`() = story {
        assertEquals(Tor.Off, fake.state.value.tor)
        app.toForeground()
        app.touch()
        app.networkChanged()
        on<StartModel>().choose(Entrance.BRIDGES)
        on<StartModel>().choose(Entrance.DIRECT)
        app.settings()
        app.back()
        app.toBackground()
        app.toForeground()
        settle()
        assertEquals(Tor.Off, fake.state.value.tor)
        on<StartModel>().start()
        settle()
        assertEquals(Tor.Ready, fake.state.value.tor)
    }

    @Test
    fun `one touch makes the first burner`() = story {
        val start = on<StartModel>().state.value
        assertEquals(Text(TextKey.START_MAKE), start.button)
        assertTrue(start.canStart)
        assertFalse(start.canLook)
        on<StartModel>().start()
        settle()
        val burner = fake.state.value.burners.single()
        assertEquals(listOf(Screen.Burners, Screen.Contacts(burner.id)), app.state.value.way)
    }

    @Test
    fun `bridges need lines, and are kept by the app`() = story {
        val start = on<StartModel>()
        start.choose(Entrance.BRIDGES)
        assertFalse(start.state.value.canStart)
        assertEquals(Text(TextKey.START_BRIDGES_MISSING), start.state.value.bridges?.fault)
        start.writeBridges("192.0.2.1:443 $KEY")
        assertTrue(start.state.value.canStart)
        assertNull(start.state.value.bridges?.fault)
        assertEquals(Text(TextKey.START_BRIDGES_EXPLANATION), start.state.value.explanation)
        assertEquals(Entry.Bridges(listOf("192.0.2.1:443 $KEY")), device.choices.entry)
        processEnds()
        assertEquals(listOf(false, true), on<StartModel>().state.value.entrances.map { it.chosen })
        assertFalse("${device.choices} ${on<StartModel>().state.value}".contains("192.0.2.1"))
    }

    @Test
    fun `a wrong bridge line leads back to where it can be mended`() = story {
        on<StartModel>().choose(Entrance.BRIDGES)
        on<StartModel>().writeBridges("nonsense")
        fake.fail(Op.START_TOR, FlashpaperException.InvalidInput(Input.Bridge(1, BridgePart.ADDRESS)))
        on<StartModel>().start()
        val fault = on<StartModel>().state.value
        assertEquals(Text(TextKey.START_BRIDGES_FAULT, Number(1)) to null, fault.bridges?.fault to fault.problem)
        on<StartModel>().writeBridges("192.0.2.1:443 $KEY")
        assertNull(on<StartModel>().state.value.bridges?.fault)
        fake.fail(Op.START_TOR, FlashpaperException.InvalidInput(Input.Bridge(1, BridgePart.TRANSPORT)))
        on<StartModel>().start()
        assertEquals(Text(TextKey.START_BRIDGES_TRANSPORT, Number(1)), on<StartModel>().state.value.bridges?.fault)
    }

    @Test
    fun `after the end of the process the burners are there, and Tor waits for a touch`() = story {
        firstBurner()
        processEnds()
        val start = on<StartModel>()
        assertEquals(Tor.Off, fake.state.value.tor)
        assertEquals(Text(TextKey.START_CONNECT), start.state.value.button)
        start.showBurners()
        assertEquals(1, on<BurnersModel>().state.value.rows.size)
        assertEquals(Tor.Off, fake.state.value.tor)
        on<BurnersModel>().connect()
        on<StartModel>().start()
        assertEquals(Screen.Burners, screen)
        assertEquals(Tor.Ready, fake.state.value.tor)
        assertEquals(1, fake.state.value.burners.size)
    }

    @Test
    fun `a try by the old way is given up for another one`() = story {
        var wasCancelled = false
        // The call that starts Tor has no end of its own here.
        device.opened = { library ->
            object : Flashpaper by library {
                override suspend fun startTor(entry: Entry, deadline: Duration) = try {
                    if (entry == Entry.Direct) library.startTor(entry, deadline) else awaitCancellation()
                } catch (cancelled: CancellationException) {
                    wasCancelled = true
                    throw cancelled
                }
            }
        }
        processEnds()
        on<StartModel>().choose(Entrance.BRIDGES)
        on<StartModel>().writeBridges("192.0.2.1:443 ${"A".repeat(40)}")
        on<StartModel>().start()
        on<CreatingModel>().cancel()
        assertEquals(TextKey.TOR_CONNECTING to false, on<BurnersModel>().state.value.run { tor.key to canConnect })
        app.settings(null)
        on<SettingsModel>().setEntrance(Entrance.DIRECT)
        app.back()
        // The library ends a call that is cancelled.
        assertEquals(TextKey.TOR_OFF to true, on<BurnersModel>().state.value.run { tor.key to canConnect })
        assertTrue(wasCancelled)
        on<BurnersModel>().connect()
        on<StartModel>().start()
        settle()
        on<ContactsModel>()
    }

    @Test
    fun `Tor that goes on by the old way after an error ends when another one is chosen`() = story {
        var begun: Entry? = null
        device.opened = { library ->
            object : Flashpaper by library {
                override suspend fun startTor(entry: Entry, deadline: Duration) {
                    begun = entry
                    if (entry != Entry.Direct) return library.startTor(entry, deadline)
                    fake.setTor(Tor.Connecting(0f, Stage.CONNECTING))
                    throw FlashpaperException.TorBlocked()
                }

                override suspend fun stopTor() {
                    delay(1.seconds)
                    library.stopTor()
                }
            }
        }
        processEnds()
        on<StartModel>().start()
        on<CreatingModel>().cancel()
        app.settings(null)
        on<SettingsModel>().setEntrance(Entrance.BRIDGES)
        on<SettingsModel>().writeBridges("192.0.2.1:443 ${"A".repeat(40)}")
        app.back()
        // At once: the end of the old one does not take the new one with it.
        app.session.connect()
        settle()
        assertEquals(Entry.Direct, begun)
        pass(5.seconds)
        assertEquals(Tor.Ready, fake.state.value.tor)
        assertEquals(Entry.Bridges(listOf("192.0.2.1:443 ${"A".repeat(40)}")), begun)
        fake.setTor(Tor.Connecting(0f, Stage.CONNECTING))
        app.settings(null)
        on<SettingsModel>().setEntrance(Entrance.DIRECT)
        pass(5.seconds)
        assertEquals(Tor.Off, fake.state.value.tor)
    }

    @Test
    fun `a try that no relay has answered is told as it ends, although Tor goes on`() = story {
        device.opened = { library ->
            object : Flashpaper by library {
                override suspend fun startTor(entry: Entry, deadline: Duration) = throw FlashpaperException.TorBlocked()
            }
        }
        processEnds()
        on<StartModel>().start()
        app.session.known.value = app.session.known.value.run { copy(library = library?.copy(tor = Tor.Connecting(0f, Stage.CONNECTING))) }
        assertEquals(TextKey.PROBLEM_TOR_BLOCKED, on<CreatingModel>().state.value.problem?.sign?.key)
    }

    @Test
    fun `no network, Tor blocked and a wrong clock are told with what to do, while it goes on trying`() = story {
        val cases = mapOf(
            FlashpaperException.Offline() to (TextKey.PROBLEM_OFFLINE to TextKey.PROBLEM_OFFLINE_ADVICE),
            FlashpaperException.TorBlocked() to (TextKey.PROBLEM_TOR_BLOCKED to TextKey.PROBLEM_TOR_BLOCKED_ADVICE),
            FlashpaperException.ClockWrong(ClockError.Slow(90.minutes)) to (TextKey.PROBLEM_CLOCK to TextKey.PROBLEM_CLOCK_SLOW),
            FlashpaperException.ClockWrong(null) to (TextKey.PROBLEM_CLOCK to TextKey.PROBLEM_CLOCK_ADVICE),
        )
        for ((error, words) in cases) {
            fake.fail(Op.START_TOR, error)
            on<StartModel>().start()
            fake.setTor(Tor.Blocked(error))
            val problem = checkNotNull(on<CreatingModel>().state.value.problem)
            assertEquals(words, problem.sign.key to problem.advice.key)
            assertTrue(!problem.canRetry && on<CreatingModel>().state.value.canRetry)
            on<CreatingModel>().cancel()
            assertEquals(words.first, on<BurnersModel>().state.value.problem?.sign?.key)
            fake.setTor(Tor.Off)
            on<BurnersModel>().connect()
            assertEquals(words.first, on<StartModel>().state.value.problem?.sign?.key)
        }
    }

    @Test
    fun `how far Tor is is told`() = story {
        fake.fail(Op.START_TOR, FlashpaperException.Timeout())
        on<StartModel>().start()
        fake.setTor(Tor.Connecting(0.5f, Stage.DIRECTORY))
        val creating = on<CreatingModel>().state.value
        assertEquals(Text(TextKey.CREATING_CONNECTING) to 0.25f, creating.title to creating.fraction)
        assertEquals(listOf(TextKey.TOR_DIRECTORY), creating.steps.map { it.key })
        app.back()
        assertEquals(TextKey.TOR_DIRECTORY to 0.5f, on<BurnersModel>().state.value.run { tor.key to fraction })
        fake.setTor(Tor.Ready)
        assertEquals(TextKey.TOR_READY to null, on<BurnersModel>().state.value.run { tor.key to fraction })
    }

    private companion object {
        const val KEY = "0123456789ABCDEF0123456789ABCDEF01234567"
    }
}
