package org.flashpaper.demo

import kotlin.time.Duration.Companion.days
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.minutes
import kotlin.time.toJavaDuration
import org.flashpaper.FlashpaperException
import org.flashpaper.History
import org.flashpaper.testing.Op
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class SettingsModelTest {
    private fun Story.open(): SettingsModel {
        app.settings(firstBurner())
        return on()
    }

    private val SettingsModel.own
        get() = checkNotNull(state.value.burner)

    @Test
    fun `without a burner there are the app's own`() = story {
        app.settings()
        val state = on<SettingsModel>().state.value
        assertNull(state.burner)
        // What the views are made of, too.
        assertTrue(state.licences.map { it.name.text }.containsAll(listOf("Flashpaper", "Jetpack Compose", "ZXing")))
        assertEquals(listOf(AutoLock.FIVE_MINUTES), state.autoLock.filter { it.chosen }.map { it.value })
        on<SettingsModel>().setHistory(HistoryChoice.UNTIL_BURN)
        settle()
        assertNull(on<SettingsModel>().state.value.note)
    }

    @Test
    fun `a name, what is kept, and when it burns itself`() = story {
        val model = open()
        model.writeLabel("For the flat ")
        settle()
        val burner = { fake.state.value.burners.single() }
        assertEquals("For the flat" to "For the flat", burner().label to model.own.badge.label.text)
        assertEquals(HistoryChoice.NONE, model.own.history.single { it.chosen }.value)
        for ((choice, history) in mapOf(
            HistoryChoice.ONE_DAY to History.Expire(1.days),
            HistoryChoice.ONE_WEEK to History.Expire(7.days),
            HistoryChoice.UNTIL_BURN to History.UntilBurn,
            HistoryChoice.NONE to History.None,
        )) {
            model.setHistory(choice)
            model.confirm()
            settle()
            assertEquals(history to choice, burner().history to model.own.history.single { it.chosen }.value)
        }
        assertEquals(Text(TextKey.EXPIRY_NONE) to ExpiryChoice.NEVER, model.own.expiresAt to model.own.expiry.single { it.chosen }.value)
        model.setExpiry(ExpiryChoice.ONE_HOUR)
        model.confirm()
        settle()
        assertEquals(fake.now + 1.hours.toJavaDuration(), burner().expiresAt)
        assertEquals(TextKey.EXPIRY_AT, model.own.expiresAt.key)
        model.setExpiry(ExpiryChoice.NEVER)
        settle()
        assertNull(burner().expiresAt)
        assertEquals(Text(TextKey.SETTINGS_SAVED), model.state.value.note?.text)
    }

    @Test
    fun `who chooses to keep less is asked first`() = story {
        val model = open()
        val history = { fake.state.value.burners.single().history }
        val kept = listOf(HistoryChoice.UNTIL_BURN, HistoryChoice.ONE_WEEK, HistoryChoice.ONE_DAY, HistoryChoice.NONE)
        model.setHistory(HistoryChoice.UNTIL_BURN)
        settle()
        assertEquals(History.UntilBurn to null, history() to model.state.value.confirmation)
        for ((more, less) in kept.zipWithNext()) {
            val before = history()
            model.setHistory(less)
            settle()
            assertEquals(Text(TextKey.HISTORY_SURE) to Tone.DANGER, model.state.value.confirmation?.run { title to tone })
            assertEquals(before to more, history() to model.own.history.single { it.chosen }.value)
            model.cancel()
            model.confirm()
            settle()
            assertEquals(before, history())
            model.setHistory(less)
            model.confirm()
            settle()
            assertNull(model.state.value.confirmation)
            assertEquals(less, model.own.history.single { it.chosen }.value)
        }
        // To keep more, or the same, deletes nothing.
        for (choice in listOf(HistoryChoice.NONE) + kept.reversed()) {
            model.setHistory(choice)
            settle()
            assertNull(model.state.value.confirmation)
            assertEquals(choice, model.own.history.single { it.chosen }.value)
        }
    }

    @Test
    fun `no burner is to burn itself without a second yes`() = story {
        val model = open()
        val expiry = { fake.state.value.burners.single().expiresAt }
        for (choice in ExpiryChoice.entries - ExpiryChoice.NEVER) {
            model.setExpiry(choice)
            settle()
            assertEquals(Text(TextKey.EXPIRY_SURE), model.state.value.confirmation?.title)
            assertNull(expiry())
            model.cancel()
            model.confirm()
            settle()
            assertNull(expiry())
        }
        model.setExpiry(ExpiryChoice.ONE_HOUR)
        val told = checkNotNull(model.state.value.confirmation).text
        val time = fake.now + 1.hours.toJavaDuration()
        assertEquals(Text(TextKey.EXPIRY_SURE_TEXT, Moment(time, withDay = false)), told)
        pass(1.minutes)
        model.confirm()
        settle()
        // The time that was told.
        assertEquals(time, expiry())
        model.setExpiry(ExpiryChoice.NEVER)
        settle()
        assertEquals(null to null, model.state.value.confirmation to expiry())
    }

    @Test
    fun `the time of the lock counts at once, and after the end of the process`() = story {
        val model = open()
        model.setAutoLock(AutoLock.ONE_MINUTE)
        assertEquals(AutoLock.ONE_MINUTE, model.state.value.autoLock.single { it.chosen }.value)
        pass(2.minutes)
        assertEquals(Screen.Unlock, screen)
        on<UnlockModel>().unlock()
        processEnds()
        pass(2.minutes)
        assertEquals(Screen.Unlock, screen)
        on<UnlockModel>().unlock()
        settle()
        app.settings()
        on<SettingsModel>().setAutoLock(AutoLock.NEVER)
        pass(2.days)
        assertTrue(screen is Screen.Settings)
    }

    @Test
    fun `the way to connect can be changed, for the next time`() = story {
        val model = open()
        model.setEntrance(Entrance.BRIDGES)
        assertEquals(Text(TextKey.SETTINGS_CONNECTION_NEXT), model.state.value.note?.text)
        assertEquals(Text(TextKey.START_BRIDGES_MISSING), model.state.value.bridges?.fault)
        model.writeBridges("192.0.2.1:443 ${"A".repeat(40)}")
        assertNull(model.state.value.bridges?.fault)
        assertEquals(Entrance.BRIDGES, device.choices.entrance)
    }

    @Test
    fun `a passphrase in addition to the device's key, and an emergency passphrase`() = story {
        val model = open()
        val passphrase = { model.state.value.passphrase }
        assertEquals(TextKey.PASSPHRASE_NONE to Text(TextKey.DURESS_NEEDS_PASSPHRASE), passphrase().run { sign.key to duressExplanation })
        model.writeDuress("fire")
        assertFalse(passphrase().canSetDuress)
        assertFalse(passphrase().canSet)
        model.writePassphrase("open sesame")
        assertFalse(passphrase().canSet)
        model.writeAgain("open sesame")
        assertFalse("${model.state.value}".run { contains("sesame") || contains("fire") })
        model.setPassphrase()
        settle()
        assertEquals(TextKey.PASSPHRASE_SET to "", passphrase().let { it.sign.key to it.passphrase.text.text })
        assertEquals(Text(TextKey.PASSPHRASE_SAVED), model.state.value.note?.text)

        model.writeDuress("open sesame")
        model.writeDuressAgain("open sesame")
        model.setDuress()
        settle()
        assertEquals(Text(TextKey.PASSPHRASE_SAME), passphrase().duress.fault)
        model.writeDuress("fire")
        model.writeDuressAgain("fire")
        model.setDuress()
        settle()
        assertEquals(Text(TextKey.DURESS_SAVED) to "", model.state.value.run { note?.text to passphrase().duress.text.text })
        model.removeDuress()
        settle()
        assertEquals(Text(TextKey.DURESS_REMOVE_SURE) to Tone.DANGER, model.state.value.confirmation?.run { title to tone })
        assertEquals(Text(TextKey.DURESS_SAVED), model.state.value.note?.text)
        model.confirm()
        settle()
        assertEquals(Text(TextKey.DURESS_REMOVED), model.state.value.note?.text)
        model.removePassphrase()
        settle()
        assertEquals(Text(TextKey.PASSPHRASE_REMOVE_SURE) to Tone.DANGER, model.state.value.confirmation?.run { title to tone })
        assertEquals(TextKey.PASSPHRASE_SET, passphrase().sign.key)
        model.confirm()
        settle()
        assertEquals(TextKey.PASSPHRASE_NONE, passphrase().sign.key)
        assertFalse(passphrase().canRemove)
    }

    @Test
    fun `a new passphrase is typed twice, and a slip changes nothing`() = story {
        val model = open()
        val state = { model.state.value.passphrase }
        val differs = Text(TextKey.PASSPHRASE_DIFFERS)
        model.writeAgain("open sesame")
        assertFalse(state().canSet)
        model.writePassphrase("open sesame!")
        assertTrue(state().canSet)
        model.setPassphrase()
        settle()
        assertEquals(Triple(differs, null, TextKey.PASSPHRASE_NONE), state().run { Triple(again.fault, passphrase.fault, sign.key) })
        assertFalse(state().isBusy)
        assertNull(model.state.value.note)
        model.writeAgain("open sesame!")
        assertNull(state().again.fault)
        model.setPassphrase()
        settle()
        assertEquals(TextKey.PASSPHRASE_SET to "", state().run { sign.key to again.text.text })

        model.writeDuress("fire")
        assertFalse(state().canSetDuress)
        model.writeDuressAgain("fir")
        model.setDuress()
        settle()
        assertEquals(differs to null, state().duressAgain.fault to model.state.value.note?.takeIf { it.text.key == TextKey.DURESS_SAVED })
        model.writeDuress("fir")
        assertNull(state().duressAgain.fault)
        model.setDuress()
        settle()
        assertEquals(Text(TextKey.DURESS_SAVED) to "", model.state.value.run { note?.text to passphrase.duressAgain.text.text })
    }

    @Test
    fun `what does not work is told, and what was written stays`() = story {
        val model = open()
        fake.fail(Op.CHANGE_KEY, FlashpaperException.KeyDenied())
        model.writePassphrase("open sesame")
        model.writeAgain("open sesame")
        model.setPassphrase()
        settle()
        assertEquals(TextKey.PROBLEM_KEY_DENIED, model.state.value.note?.text?.key)
        assertEquals("open sesame", model.state.value.passphrase.passphrase.text.text)
        assertFalse(model.state.value.passphrase.isBusy)
        model.dismiss()
        assertNull(model.state.value.note)
    }

    @Test
    fun `what was changed is changed where the screen is left at once`() = story {
        val model = open()
        model.writeLabel("For the flat")
        model.setHistory(HistoryChoice.UNTIL_BURN)
        app.back()
        settle()
        assertEquals("For the flat" to History.UntilBurn, fake.state.value.burners.single().run { label to history })
    }

    @Test
    fun `a burner that is gone takes its settings along`() = story {
        val model = open()
        fake.burn(model.own.badge.burner)
        assertEquals(listOf(Screen.Burners), way())
    }
}
