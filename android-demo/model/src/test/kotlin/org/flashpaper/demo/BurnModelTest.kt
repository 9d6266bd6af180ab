package org.flashpaper.demo

import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import org.flashpaper.BurnOutcome
import org.flashpaper.BurnReport
import org.flashpaper.Field
import org.flashpaper.FieldKind
import org.flashpaper.FlashpaperException
import org.flashpaper.QuestionForm
import org.flashpaper.Tor
import org.flashpaper.testing.Op
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class BurnModelTest {
    private fun Story.open(): BurnModel {
        firstBurner()
        on<ContactsModel>().burn()
        return on()
    }

    @Test
    fun `a touch that is too short burns nothing`() = story {
        val model = open()
        model.holdStarted()
        pass(1400.milliseconds)
        assertEquals(TextKey.BURN_HOLDING, model.state.value.button.key)
        assertEquals(0.9f, model.state.value.held, 0.05f)
        model.holdEnded()
        pass(10.seconds)
        assertEquals(1, fake.state.value.burners.size)
        assertEquals(0f to Text(TextKey.BURN_HOLD), model.state.value.run { held to button })
        // Short touches do not add up.
        repeat(5) {
            model.holdStarted()
            pass(500.milliseconds)
            model.holdEnded()
        }
        assertEquals(1, fake.state.value.burners.size)
    }

    @Test
    fun `held it burns, and the report says how`() = story {
        val model = open()
        val badge = model.state.value.badge
        assertEquals(Text(TextKey.BURN_EXPLANATION), model.state.value.explanation)
        model.holdStarted()
        pass(1600.milliseconds)
        assertTrue(fake.state.value.burners.isEmpty())
        val report = on<BurnReportModel>().state.value
        assertEquals(badge, report.badge)
        assertEquals(TextKey.REPORT_PROVEN to Text(TextKey.REPORT_PROVEN_TEXT), report.sign.key to report.explanation)
        assertFalse(report.canRetry)
        assertEquals(listOf(Screen.Burners, Screen.BurnReport(badge.burner)), app.state.value.way)
        on<BurnReportModel>().close()
        // Tor has ended with the last burner.
        assertEquals(Screen.Start, screen)
    }

    @Test
    fun `without Tor it burns here, and waits for the server`() = story {
        val model = open()
        fake.setTor(Tor.Off)
        settle()
        assertEquals(Text(TextKey.BURN_EXPLANATION_OFFLINE), model.state.value.explanation)
        assertTrue(model.state.value.canHold)
        model.holdStarted()
        pass(2.seconds)
        val report = on<BurnReportModel>()
        assertEquals(TextKey.REPORT_QUEUED to null, report.state.value.run { sign.key to reason })
        assertFalse(report.state.value.canRetry)
        fake.setTor(Tor.Ready)
        settle()
        assertTrue(report.state.value.canRetry)
        report.retry()
        settle()
        assertEquals(TextKey.REPORT_PROVEN, report.state.value.sign.key)
    }

    @Test
    fun `every outcome has its words, and a refused one its reason`() = story {
        val words = BurnOutcome.entries.map { outcome ->
            app.reset(Screen.Start)
            val model = open()
            fake.nextBurn(BurnReport(outcome, FlashpaperException.ServerRefused().takeIf { outcome == BurnOutcome.UNPROVEN }))
            model.holdStarted()
            pass(2.seconds)
            val report = on<BurnReportModel>().state.value
            val reason = Text(TextKey.REPORT_REASON, Text(TextKey.PROBLEM_SERVER_REFUSED))
            assertEquals(reason.takeIf { outcome == BurnOutcome.UNPROVEN }, report.reason)
            assertEquals(outcome in setOf(BurnOutcome.UNPROVEN, BurnOutcome.QUEUED), report.canRetry)
            report.sign.key to report.explanation.key
        }
        assertEquals(BurnOutcome.entries.size, words.toSet().size)
    }

    @Test
    fun `a burn that the key store refuses is told, and can be tried again`() = story {
        val model = open()
        fake.fail(Op.BURN, FlashpaperException.KeyDenied())
        model.holdStarted()
        pass(2.seconds)
        assertEquals(TextKey.PROBLEM_KEY_DENIED to true, model.state.value.run { problem?.sign?.key to canHold })
        assertEquals(0f to false, model.state.value.run { held to problem?.canRetry })
        model.holdEnded()
        model.holdStarted()
        assertNull(model.state.value.problem)
        pass(2.seconds)
        assertTrue(screen is Screen.BurnReport)
    }

    @Test
    fun `a store that is locked after a burn leads to the unlocking`() = story {
        val model = open()
        fake.fail(Op.BURN, FlashpaperException.VaultLocked())
        model.holdStarted()
        pass(2.seconds)
        assertEquals(listOf(Screen.Unlock), app.state.value.way)
    }

    @Test
    fun `a lock at the very end of a burn crashes nothing`() = story {
        val model = open()
        model.holdStarted()
        pass(2.seconds)
        fake.lock()
        assertEquals(Screen.Unlock, screen)
        on<UnlockModel>().unlock()
        assertEquals(Text(TextKey.BURNERS_EMPTY), on<BurnersModel>().state.value.empty)
    }

    @Test
    fun `who cannot hold touches twice`() = story {
        val model = open()
        assertEquals(Text(TextKey.BURN_ACCESSIBLE), model.state.value.action)
        model.burnWithoutHolding()
        settle()
        assertEquals(1 to Text(TextKey.BURN_ACCESSIBLE_AGAIN), fake.state.value.burners.size to model.state.value.action)
        model.burnWithoutHolding()
        assertTrue(screen is Screen.BurnReport)
    }

    @Test
    fun `a burn goes on where its screen is left, and its report comes`() = story {
        val model = open()
        val id = model.state.value.badge.burner
        repeat(2) { model.burnWithoutHolding() }
        app.back()
        assertEquals(listOf(Screen.Burners, Screen.BurnReport(id)), way())
    }

    @Test
    fun `a burn that ends while another burner is made takes nothing away, and is met on the way back`() = story {
        val model = open()
        val id = model.state.value.badge.burner
        fake.ask(QuestionForm("Prove it", "", listOf(Field("Letters", FieldKind.Text, required = true, isChallenge = true))))
        repeat(2) { model.burnWithoutHolding() }
        repeat(2) { app.back() }
        (app.shown.value as BurnersModel).create()
        assertTrue(fake.state.value.burners.any { it.id == id })
        assertEquals(listOf(Screen.Burners, Screen.BurnReport(id), Screen.Creating), way())
        assertTrue(fake.state.value.burners.none { it.id == id })
        assertNotNull(on<CreatingModel>().state.value.question)
        on<CreatingModel>().cancel()
        assertEquals(TextKey.REPORT_PROVEN, on<BurnReportModel>().state.value.sign.key)
    }

    @Test
    fun `an app that goes to the background while it is held burns nothing`() = story {
        val model = open()
        model.holdStarted()
        pass(1.seconds)
        app.toBackground()
        pass(5.seconds)
        app.toForeground()
        settle()
        assertEquals(1 to 0f, fake.state.value.burners.size to model.state.value.held)
    }

    @Test
    fun `to leave the screen while holding burns nothing`() = story {
        val model = open()
        model.holdStarted()
        pass(1.seconds)
        app.back()
        pass(5.seconds)
        assertEquals(1, fake.state.value.burners.size)
        assertTrue(screen is Screen.Contacts)
    }
}
