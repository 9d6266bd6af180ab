package org.flashpaper.demo

import kotlin.time.Duration.Companion.days
import kotlin.time.Duration.Companion.hours
import kotlin.time.toJavaDuration
import kotlinx.coroutines.flow.MutableStateFlow
import org.flashpaper.BurnOutcome
import org.flashpaper.BurnReport
import org.flashpaper.Connection
import org.flashpaper.Flashpaper
import org.flashpaper.FlashpaperException
import org.flashpaper.History
import org.flashpaper.Jid
import org.flashpaper.NetworkKind
import org.flashpaper.Phase
import org.flashpaper.Tor
import org.flashpaper.VaultReport
import org.flashpaper.testing.Op
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class BurnersModelTest {
    @Test
    fun `each burner has its own picture, which stays`() = story {
        firstBurner()
        app.back()
        on<BurnersModel>().create()
        settle()
        app.reset(Screen.Burners)
        val rows = on<BurnersModel>().state.value.rows
        assertEquals(2, rows.size)
        assertNotEquals(rows[0].badge.seed, rows[1].badge.seed)
        assertEquals(rows[0].address, rows[0].badge.label)
        fake.burner(rows[0].badge.burner)?.setLabel("For the flat")
        settle()
        val named = on<BurnersModel>().state.value.rows[0].badge
        assertEquals("For the flat", named.label.text)
        assertEquals(rows[0].badge, named.copy(label = rows[0].badge.label))
        assertFalse("${on<BurnersModel>().state.value}".contains("example.org"))
    }

    @Test
    fun `to open a burner connects it, and does not change what it keeps`() = story {
        val id = firstBurner()
        val burner = checkNotNull(fake.burner(id))
        assertEquals(Connection.Online, burner.state.value.connection)
        assertEquals(History.None, burner.state.value.history)
        burner.setHistory(History.Expire(1.days))
        app.back()
        on<BurnersModel>().open(id)
        settle()
        assertEquals(History.Expire(1.days), burner.state.value.history)
        assertEquals(TextKey.BURNER_ONLINE, on<ContactsModel>().state.value.connection.key)
    }

    @Test
    fun `unread texts and the expiry are on the row`() = story {
        val id = firstBurner()
        fake.peer(Jid("tybalt@example.net")).sends("hello", id)
        fake.burner(id)?.setExpiry(fake.now + 2.hours.toJavaDuration())
        app.back()
        val row = on<BurnersModel>().state.value.rows.single()
        assertEquals(1, row.unread)
        assertEquals(Text(TextKey.BURNER_EXPIRES, Moment(fake.now + 2.hours.toJavaDuration(), withDay = false)), row.expiry?.text)
        device.fake.setAutoLock(null)
        pass(3.hours)
        assertEquals(Text(TextKey.BURNERS_EMPTY), on<BurnersModel>().state.value.empty)
    }

    @Test
    fun `without Tor it can be looked at, and nothing can be made`() = story {
        firstBurner()
        app.back()
        fake.setTor(Tor.Off)
        val state = on<BurnersModel>().state.value
        assertFalse(state.canCreate)
        assertEquals(Text(TextKey.BURNERS_NOT_CONNECTED) to true, state.whyNot to state.canConnect)
        on<BurnersModel>().create()
        assertEquals(Screen.Burners, screen)
        fake.setTor(Tor.Blocked(FlashpaperException.Offline()))
        assertEquals(TextKey.PROBLEM_OFFLINE, on<BurnersModel>().state.value.problem?.sign?.key)
        on<BurnersModel>().retryTor()
        settle()
        assertNull(on<BurnersModel>().state.value.problem)
    }

    @Test
    fun `a removal that waits is told, and tried again`() = story {
        val id = firstBurner()
        fake.nextBurn(BurnReport(BurnOutcome.QUEUED, FlashpaperException.ServerUnreachable()))
        fake.burn(id)
        assertEquals(Screen.Burners, screen)
        val waiting = on<BurnersModel>().state.value.removals.single()
        assertEquals(id to true, waiting.burner to waiting.canRetry)
        fake.fail(Op.BURN, FlashpaperException.StorageFull())
        on<BurnersModel>().removeNow(id)
        settle()
        assertEquals(TextKey.PROBLEM_FULL, on<BurnersModel>().state.value.note?.text?.key)
        on<BurnersModel>().dismiss()
        assertNull(on<BurnersModel>().state.value.note)
        on<BurnersModel>().removeNow(id)
        assertEquals(Screen.BurnReport(id), screen)
        assertEquals(TextKey.REPORT_PROVEN, on<BurnReportModel>().state.value.sign.key)
    }

    @Test
    fun `a network for tests and a damaged store are told on every screen`() = story(NetworkKind.PRIVATE) {
        assertEquals(listOf(TextKey.LASTING_PRIVATE_NETWORK), app.state.value.warnings.map { it.key })
        fake.setVault(VaultReport(lost = 1, incomplete = true, oldKeyKept = true))
        settle()
        val told = listOf(TextKey.LASTING_PRIVATE_NETWORK, TextKey.LASTING_LOST, TextKey.LASTING_INCOMPLETE, TextKey.LASTING_OLD_KEY)
        assertEquals(told, app.state.value.warnings.map { it.key })
    }

    @Test
    fun `a burner that an earlier run did not finish is there, and cannot be opened`() = story {
        val id = firstBurner()
        device.opened = { library ->
            object : Flashpaper by library {
                override val state = MutableStateFlow(library.state.value.run { copy(burners = burners.map { it.copy(phase = Phase.PENDING) }) })
            }
        }
        processEnds()
        on<StartModel>().showBurners()
        val row = on<BurnersModel>().state.value.rows.single()
        assertEquals(Sign(Mark.WAITING, Text(TextKey.BURNER_UNFINISHED), Tone.QUIET) to false, row.sign to row.canOpen)
        on<BurnersModel>().open(id)
        assertEquals(Screen.Burners, screen)
    }

    @Test
    fun `a burner with words shows them first`() = story {
        on<StartModel>().start()
        settle()
        app.back()
        on<BurnersModel>().setRecoverable(true)
        assertTrue(on<BurnersModel>().state.value.recoverable)
        on<BurnersModel>().create()
        assertTrue(screen is Screen.Words)
        app.back()
        assertTrue(on<ContactsModel>().state.value.hasWords)
        on<ContactsModel>().words()
        assertTrue(screen is Screen.Words)
    }
}
