package org.flashpaper.demo

import kotlin.time.Duration.Companion.minutes
import kotlinx.coroutines.runBlocking
import org.flashpaper.BurnOutcome
import org.flashpaper.BurnReport
import org.flashpaper.Field as Asked
import org.flashpaper.FieldKind
import org.flashpaper.FlashpaperException
import org.flashpaper.Life
import org.flashpaper.QuestionForm
import org.flashpaper.testing.Op
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class UnlockModelTest {
    @Test
    fun `who rests for as long as was chosen has to unlock, and nothing of the store is left in the app`() = story {
        val (chat, _) = chat()
        chat.write("half a thou")
        pass(4.minutes)
        app.touch()
        pass(4.minutes)
        assertTrue(screen is Screen.Chat)
        pass(2.minutes)
        assertEquals(listOf(Screen.Unlock), app.state.value.way)
        assertEquals(Life.LOCKED, fake.state.value.life)
        assertTrue(app.session.drafts.isEmpty() && app.session.known.value.library?.burners.isNullOrEmpty())
        val unlock = on<UnlockModel>().state.value
        assertEquals(Text(TextKey.UNLOCK_EXPLANATION) to null, unlock.explanation to unlock.passphrase)
        assertTrue(unlock.canUnlock)
        // Back leads out of the app, not behind the lock.
        app.back()
        assertEquals(Screen.Unlock, screen)
        on<UnlockModel>().unlock()
        assertEquals(1, on<BurnersModel>().state.value.rows.size)
        assertEquals(Life.AWAKE, fake.state.value.life)
    }

    @Test
    fun `who types touches, in each field`() = story {
        val (chat, peer) = chat()
        chat.act(ChatAct.START_PRIVATE)
        settle()
        val id = fake.state.value.burners.single().id
        app.session.choose { it.copy(entrance = Entrance.BRIDGES) }
        fake.ask(QuestionForm("", "", listOf(Asked("Name", FieldKind.Text, required = true))))
        val fields: List<Pair<Screen, () -> Unit>> = listOf(
            Screen.Start to { on<StartModel>().writeBridges("1") },
            Screen.Restore to { on<RestoreModel>().writeWords("a") },
            Screen.Restore to { on<RestoreModel>().writeServer("a") },
            Screen.Contacts(id) to { on<ContactsModel>().writeAddress("a") },
            Screen.Chat(id, peer.jid) to { on<ChatModel>().write("a") },
            Screen.Verify(id, peer.jid) to { on<VerifyModel>().writeQuestion("a") },
            Screen.Verify(id, peer.jid) to { on<VerifyModel>().writeSecret("a") },
            Screen.Settings(id) to { on<SettingsModel>().writeLabel("a") },
            Screen.Settings(id) to { on<SettingsModel>().writeBridges("1") },
            Screen.Settings(id) to { on<SettingsModel>().writePassphrase("a") },
            Screen.Settings(id) to { on<SettingsModel>().writeAgain("a") },
            Screen.Settings(id) to { on<SettingsModel>().writeDuress("a") },
            Screen.Settings(id) to { on<SettingsModel>().writeDuressAgain("a") },
            Screen.Creating to { on<CreatingModel>().write(0, "a") },
        )
        for ((screen, write) in fields) {
            app.reset(screen)
            app.touch()
            pass(4.minutes)
            write()
            pass(4.minutes)
            assertEquals(screen, this.screen)
        }
        pass(2.minutes)
        assertEquals(Screen.Unlock, screen)
    }

    @Test
    fun `each locked call leads to the unlocking, from each screen`() = story {
        val (chat, peer) = chat()
        chat.act(ChatAct.START_PRIVATE)
        settle()
        val id = fake.state.value.burners.single().id
        val touches: List<Pair<Op, () -> Unit>> = listOf(
            Op.SEND to {
                app.reset(Screen.Burners, Screen.Chat(id, peer.jid))
                on<ChatModel>().write("hello")
                on<ChatModel>().send()
            },
            Op.ADD to {
                app.reset(Screen.Burners, Screen.Contacts(id))
                on<ContactsModel>().add("nurse@example.net")
            },
            Op.COMPARE to {
                app.reset(Screen.Verify(id, peer.jid))
                on<VerifyModel>().writeSecret("cat")
                on<VerifyModel>().compare()
            },
            Op.SET_HISTORY to {
                app.settings(id)
                on<SettingsModel>().setHistory(HistoryChoice.ONE_DAY)
            },
            Op.WORDS_LEFT to { app.reset(Screen.Words(id)) },
            Op.CREATE to { app.reset(Screen.Creating) },
        )
        for ((op, touch) in touches) {
            fake.fail(op, FlashpaperException.VaultLocked())
            touch()
            assertEquals(listOf(Screen.Unlock), way(), "$op")
            on<UnlockModel>().unlock()
            assertEquals(Screen.Burners, screen)
        }
    }

    @Test
    fun `a passphrase is asked for, and a wrong one is told`() = story {
        firstBurner()
        device.passphrase = "open sesame"
        processEnds()
        val unlock = on<UnlockModel>()
        assertEquals(Text(TextKey.UNLOCK_EXPLANATION_PASSPHRASE), unlock.state.value.explanation)
        assertNull(unlock.state.value.passphrase?.fault)
        assertFalse(unlock.state.value.canUnlock)
        unlock.writePassphrase("wrong")
        assertFalse("${unlock.state.value}".contains("wrong"))
        unlock.unlock()
        settle()
        assertEquals(Text(TextKey.PROBLEM_PASSPHRASE) to "", unlock.state.value.passphrase?.run { fault to text.text })
        unlock.writePassphrase("open sesame")
        assertNull(unlock.state.value.passphrase?.fault)
        unlock.unlock()
        assertEquals(Screen.Start, screen)
        fake.lock()
        assertNotNull(on<UnlockModel>().state.value.passphrase)
    }

    @Test
    fun `the emergency passphrase leaves the app as it was installed`() = story {
        val chosen = Choices(Entrance.BRIDGES, "192.0.2.1:443 ${"A".repeat(40)}", AutoLock.ONE_HOUR)
        for (isNew in listOf(true, false)) {
            app.reset(Screen.Start)
            on<StartModel>().choose(Entrance.DIRECT)
            if (fake.state.value.burners.isEmpty()) firstBurner()
            app.session.choose { chosen }
            device.staysConnected = true
            device.passphrase = "open sesame"
            device.duress = "fire"
            fun lock() = if (isNew) processEnds() else runBlocking { fake.lock() }
            lock()
            on<UnlockModel>().writePassphrase("open sesame")
            on<UnlockModel>().unlock()
            settle()
            // Who has burners keeps what was chosen.
            assertEquals(chosen to true, device.choices to device.staysConnected)
            lock()
            on<UnlockModel>().writePassphrase("fire")
            on<UnlockModel>().unlock()
            settle()
            assertEquals(listOf(Screen.Start), way())
            assertEquals(Choices() to false, device.choices to device.staysConnected)
            assertFalse(on<StartModel>().state.value.canLook)
            // Nothing goes to the public relays before the user has chosen them.
            assertFalse(on<StartModel>().state.value.canStart)
            on<StartModel>().choose(Entrance.DIRECT)
            assertTrue(on<StartModel>().state.value.canStart)
            // The chosen time of the lock is gone, too.
            pass(6.minutes)
            assertEquals(Screen.Unlock, screen)
            on<UnlockModel>().writePassphrase("fire")
            on<UnlockModel>().unlock()
            settle()
        }
    }

    @Test
    fun `what waits to be removed is no empty store`() = story {
        val id = firstBurner()
        fake.nextBurn(BurnReport(BurnOutcome.QUEUED))
        fake.burn(id)
        app.session.choose { it.copy(entrance = Entrance.BRIDGES) }
        device.passphrase = "open sesame"
        fake.lock()
        on<UnlockModel>().writePassphrase("open sesame")
        on<UnlockModel>().unlock()
        settle()
        assertEquals(Entrance.BRIDGES, device.choices.entrance)
    }

    @Test
    fun `a device that does not give its key out, and what to do`() = story {
        val cases = mapOf(
            FlashpaperException.KeyDenied() to TextKey.PROBLEM_KEY_DENIED,
            FlashpaperException.KeyLocked() to TextKey.PROBLEM_LOCKED,
            FlashpaperException.KeyLost() to TextKey.PROBLEM_KEY_LOST,
            FlashpaperException.InUse() to TextKey.PROBLEM_IN_USE,
            FlashpaperException.VaultDamaged() to TextKey.PROBLEM_DAMAGED,
            FlashpaperException.StorageFull() to TextKey.PROBLEM_FULL,
        )
        for ((error, title) in cases) {
            device.openFails = error
            processEnds()
            assertEquals(title, on<UnlockModel>().state.value.problem?.sign?.key)
            on<UnlockModel>().unlock()
            assertEquals(Screen.Start, screen)
        }
    }

    @Test
    fun `a key that is not given out on coming back leads to the unlocking`() = story {
        firstBurner()
        app.toBackground()
        settle()
        assertEquals(Life.SUSPENDED, fake.state.value.life)
        fake.fail(Op.RESUME, FlashpaperException.KeyDenied())
        app.toForeground()
        assertEquals(TextKey.PROBLEM_KEY_DENIED, on<UnlockModel>().state.value.problem?.sign?.key)
        on<UnlockModel>().unlock()
        settle()
        assertEquals(Life.AWAKE, fake.state.value.life)
    }
}
