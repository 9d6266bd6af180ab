package org.flashpaper.demo

import java.io.File
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit.MINUTES
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.asCoroutineDispatcher
import org.flashpaper.History
import org.flashpaper.Jid
import org.flashpaper.Lab
import org.flashpaper.Life
import org.flashpaper.Spread
import org.flashpaper.Tor
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.io.TempDir

/** The whole story with the real library, real relays, a real server, and people with another client and the real libotr. */
@Timeout(20, unit = MINUTES)
class StoryOnTheLabTest {
    // Stands for an app's main thread.
    private val main = Executors.newSingleThreadExecutor().asCoroutineDispatcher()

    @Test
    fun `from the first touch over a question, a chat and a new key to the burn`(@TempDir folder: File) = onPhone(main, folder) { phone ->
        val before = Lab.accounts()
        phone.on<StartModel> { it.state.value.canStart }
        assertEquals(Tor.Off, phone.now.tor)
        assertEquals(listOf(TextKey.LASTING_PRIVATE_NETWORK), phone.app.state.value.warnings.map { it.key })

        // One touch.
        phone.on<StartModel>().start()
        phone.on<CreatingModel> { model -> model.state.value.steps.any { it.key == TextKey.STEP_REGISTERED } }
        val contacts = phone.on<ContactsModel>()
        val burner = (contacts.screen as Screen.Contacts).burner
        val address = phone.now.burners.single().jid.value
        contacts.reaches { it.connection.key == TextKey.BURNER_ONLINE && it.own != null }
        val own = checkNotNull(contacts.state.value.own)
        assertEquals("xmpp:$address?otr-fingerprint=${own.fingerprint.joinToString("") { it.text }}", own.link.text)
        assertEquals(History.None, phone.now.burners.single().history)

        contacts.writeAddress(address)
        contacts.add()
        contacts.reaches { it.add.fault?.key == TextKey.CONTACTS_BAD_ADDRESS }

        val peer = Lab.peer()
        peer.does("receipts on")
        contacts.add(peer.jid)
        val chat = phone.on<ChatModel>()
        assertEquals(Mode.PLAIN, chat.state.value.mode)
        chat.says("hello")
        peer.hears("hello")
        chat.reaches { it.shows("hello")?.sign?.key == TextKey.MESSAGE_REPORTED && it.mode == Mode.PRIVATE && it.draft.text.isEmpty() }
        peer.does("say good day")
        chat.reaches { it.shows("good day")?.sign?.key == TextKey.MESSAGE_IN_PRIVATE }
        // It is read, and stays on the screen.
        phone.until("reading") { phone.now.burners.single().chats.single().unread == 0 }
        assertEquals("good day", chat.state.value.shows("good day")?.text?.text)
        for (secret in listOf(peer.jid.substringBefore('@'), address.substringBefore('@'), "hello", "good day")) {
            assertFalse("${chat.state.value}${phone.app.state.value}${contacts.state.value}".contains(secret), "what could get into a log")
        }

        chat.act(ChatAct.VERIFY)
        val verify = phone.on<VerifyModel>()
        verify.writeQuestion("Who lives there?")
        verify.writeSecret(" CAT")
        verify.compare()
        peer.tells("smp_asked", "Who lives there?")
        peer.does("answer cat")
        verify.reaches { it.result?.key == TextKey.VERIFY_SAME && it.lock.key == TextKey.MODE_VERIFIED }
        peer.does("question Where did we meet?\tparis")
        verify.reaches { it.asked?.question?.text == "Where did we meet?" }
        verify.writeSecret("Rome")
        verify.compare()
        verify.reaches { it.result?.key == TextKey.VERIFY_DIFFERENT }
        peer.tells("smp_different")
        phone.app.back()

        Lab.order("cut")
        chat.reaches { it.offline?.key == TextKey.BURNER_WAITING }
        chat.says("over a new circuit")
        peer.hears("over a new circuit")
        chat.reaches { it.shows("over a new circuit")?.sign?.key == TextKey.MESSAGE_REPORTED && it.mode == Mode.VERIFIED }

        peer.does("end")
        chat.reaches { it.mode == Mode.FINISHED }
        chat.says("not in the clear")
        chat.reaches { it.shows("not in the clear") != null }
        chat.act(ChatAct.START_PRIVATE)
        peer.hears("not in the clear")
        chat.reaches { it.mode == Mode.VERIFIED }
        chat.act(ChatAct.END_PRIVATE)
        peer.tells("finished")
        chat.reaches { it.mode == Mode.PLAIN }

        // Another client of the same person has another key.
        val other = Lab.peer(insteadOf = peer)
        other.does("receipts on")
        other.does("to $address")
        other.does("start")
        chat.reaches { it.mode == Mode.KEY_CHANGED && it.main?.act == ChatAct.VERIFY }
        chat.says("to the right one")
        chat.reaches { it.shows("to the right one") != null && it.draft.text.isEmpty() }
        chat.act(ChatAct.ACCEPT_KEY)
        assertFalse(other.seen().contains("to the right one"))
        chat.confirm()
        other.hears("to the right one")
        chat.reaches { it.mode == Mode.PRIVATE }

        // What happens while no chat is open is told beside the contact.
        phone.app.back()
        other.does("raw ?OTR:AAMDnone.")
        contacts.reaches { it.contacts.single().news != null }

        // Nobody there: these wait.
        contacts.add("nobody-at-all@burner.test")
        val waiting = phone.on<ChatModel> { it.screen == Screen.Chat(burner, Jid("nobody-at-all@burner.test")) }
        repeat(105) {
            waiting.says("$it")
            waiting.reaches { now -> now.draft.text.isEmpty() }
        }
        waiting.reaches { it.mode == Mode.WAITING && it.bubbles.size == 100 && it.hasEarlier }
        assertEquals((5..104).map { "$it" }, waiting.texts())
        waiting.showEarlier()
        waiting.reaches { it.bubbles.size == 105 && !it.hasEarlier }
        waiting.write("half a thou")

        // The process ends: what waits is in the store, Tor is not started, and the device's key opens it.
        phone.processEnds()
        phone.on<StartModel> { it.state.value.button.key == TextKey.START_CONNECT }
        assertEquals(Tor.Off, phone.now.tor)
        phone.on<StartModel>().start()
        phone.on<BurnersModel> { it.state.value.tor.key == TextKey.TOR_READY }
        phone.on<BurnersModel>().open(burner)
        phone.on<ContactsModel>().reaches { it.connection.key == TextKey.BURNER_ONLINE }
        // What was not sent was in memory alone.
        phone.on<ContactsModel>().open(Jid("nobody-at-all@burner.test"))
        assertEquals("", phone.on<ChatModel>().state.value.draft.text)
        phone.app.back()
        assertEquals(History.None, phone.now.burners.single().history)

        phone.burn(burner).proven()
        other.tells("finished")
        other.end()
        assertEquals(before, Lab.accounts())
    }

    @Test
    fun `asleep, locked, with a passphrase, burnt without Tor, and a panic`(@TempDir folder: File) = onPhone(main, folder) { phone ->
        val before = Lab.accounts()
        phone.on<StartModel> { it.state.value.canStart }
        phone.on<StartModel>().start()
        val contacts = phone.on<ContactsModel>()
        val burner = (contacts.screen as Screen.Contacts).burner
        contacts.reaches { it.connection.key == TextKey.BURNER_ONLINE }

        phone.app.toBackground()
        phone.until("sleep") { phone.now.life == Life.SUSPENDED }
        phone.app.toForeground()
        phone.until("waking") { phone.now.life == Life.AWAKE }

        phone.app.settings(burner)
        phone.on<SettingsModel>().run {
            writePassphrase("open sesame")
            writeAgain("open sesame")
            setPassphrase()
            reaches { it.passphrase.sign.key == TextKey.PASSPHRASE_SET }
        }
        phone.library.lock()
        val unlock = phone.on<UnlockModel>()
        unlock.writePassphrase("wrong")
        unlock.unlock()
        unlock.reaches { it.passphrase?.fault?.key == TextKey.PROBLEM_PASSPHRASE && !it.isBusy }
        unlock.writePassphrase("open sesame")
        unlock.unlock()
        phone.on<BurnersModel> { it.state.value.rows.size == 1 }

        // Without Tor the burn is queued, and goes on once there is Tor.
        phone.processEnds()
        phone.on<UnlockModel>().run {
            writePassphrase("open sesame")
            unlock()
        }
        phone.on<StartModel> { it.state.value.canLook }.showBurners()
        // Beside another burner a removal would wait for up to two minutes.
        phone.library.setSpread(Spread.Within(Duration.ZERO))
        phone.on<BurnersModel>().open(burner)
        val report = phone.burn(burner)
        assertEquals(TextKey.REPORT_QUEUED, report.state.value.sign.key)
        assertFalse(report.state.value.canRetry)
        report.close()
        phone.on<StartModel>().start()
        phone.on<ContactsModel>()
        phone.app.reset(Screen.Burners)
        // The removal goes on by itself once there is Tor.
        phone.on<BurnersModel>().reaches { it.removals.isEmpty() }
        assertEquals(before.size + 1, Lab.accounts().size)
        val last = phone.now.burners.single().id
        phone.app.reset(Screen.Burners, Screen.Contacts(last))
        phone.burn(last).proven()
        assertEquals(before, Lab.accounts())

        phone.app.panic()
        phone.on<PanicModel>().run {
            slide(1f)
            letGo()
        }
        assertEquals(TextKey.PANIC_DONE, phone.on<PanicModel>().state.value.done?.key)
        assertTrue(phone.keys.isEmpty)
        phone.on<PanicModel>().close()
        phone.on<StartModel>().reaches { it.canStart }
    }

    @Test
    fun `a way into Tor that is blocked, strangers, and a server that is away at the burn`(@TempDir folder: File) = onPhone(main, folder, patience = 30.seconds) { phone ->
        val before = Lab.accounts()
        phone.on<StartModel> { it.state.value.canStart }.run {
            choose(Entrance.BRIDGES)
            // Nobody is there.
            writeBridges("127.0.0.1:9 0123456789ABCDEF0123456789ABCDEF01234567")
            start()
        }
        val creating = phone.on<CreatingModel>()
        creating.reaches { it.problem?.sign?.key == TextKey.PROBLEM_TOR_BLOCKED }
        creating.cancel()
        // The user does not wait for another try.
        phone.on<BurnersModel>().retryTor()
        phone.app.settings(null)
        phone.on<SettingsModel>().setEntrance(Entrance.DIRECT)
        phone.app.back()
        phone.on<BurnersModel> { it.state.value.canConnect }.connect()
        phone.on<StartModel>().start()
        val contacts = phone.on<ContactsModel>()
        val burner = (contacts.screen as Screen.Contacts).burner
        contacts.reaches { it.connection.key == TextKey.BURNER_ONLINE }
        val address = phone.now.burners.single().jid.value

        val stranger = Lab.peer()
        stranger.does("to $address")
        stranger.does("say good evening")
        contacts.reaches { it.requests.singleOrNull()?.unread == 1 && it.contacts.isEmpty() }
        contacts.open(Jid(stranger.jid))
        val asked = phone.on<ChatModel>()
        asked.reaches { it.mode == Mode.STRANGER && it.shows("good evening") != null && !it.canWrite }
        asked.act(ChatAct.ACCEPT)
        asked.reaches { it.canWrite }
        asked.says("who are you?")
        stranger.hears("who are you?")
        phone.app.back()
        contacts.reaches { it.requests.isEmpty() && it.contacts.size == 1 }

        val pest = Lab.peer()
        pest.does("to $address")
        pest.does("say buy this")
        contacts.reaches { it.requests.size == 1 }
        contacts.open(Jid(pest.jid))
        val blocked = phone.on<ChatModel>()
        blocked.act(ChatAct.BLOCK)
        blocked.confirm()
        blocked.reaches { it.mode == Mode.BLOCKED && it.main?.act == ChatAct.UNBLOCK }
        pest.does("say buy this, too")
        stranger.does("say still there")
        phone.until("what came after it") { phone.now.burners.single().chats.sumOf { it.unread } == 1 }
        assertNull(blocked.state.value.shows("buy this, too"))
        pest.end()
        stranger.end()

        Lab.without("prosody") {
            val report = phone.burn(burner).state.value
            assertTrue(report.sign.key in setOf(TextKey.REPORT_UNPROVEN, TextKey.REPORT_QUEUED) && report.reason != null, "$report")
        }
        phone.on<BurnReportModel>().proven()
        assertEquals(before, Lab.accounts())
    }

    private fun ChatState.shows(text: String): Bubble? = bubbles.find { it.text.text == text }
}
