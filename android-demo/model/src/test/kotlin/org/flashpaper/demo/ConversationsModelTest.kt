package org.flashpaper.demo

import java.io.File
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit.MINUTES
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.flashpaper.BurnOutcome
import org.flashpaper.Comparison
import org.flashpaper.Config
import org.flashpaper.Connection
import org.flashpaper.Flashpaper
import org.flashpaper.FlashpaperException
import org.flashpaper.Jid
import org.flashpaper.Key
import org.flashpaper.Lab
import org.flashpaper.Message
import org.flashpaper.MessageState
import org.flashpaper.Security
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout
import org.junit.jupiter.api.io.TempDir

/** A burner's conversation with somebody who has another client and the real libotr. */
@Timeout(5, unit = MINUTES)
class ConversationsModelTest {
    // Stands for an app's main thread.
    private val main = Executors.newSingleThreadExecutor().asCoroutineDispatcher()

    @Test
    fun aPrivateTalkFromTheFirstTapToTheBurn(@TempDir folder: File) = runBlocking(main) {
        val before = Lab.accounts()
        val burners = BurnersModel(this) { Flashpaper.open(Config(folder, Key.File, privateNetwork = Lab.facts)) }
        burners.start()
        burners.reaches { it.canCreate }
        burners.create()
        val burner = burners.reaches { it.work == Work.Idle && it.burners.isNotEmpty() }.burners.single()
        burners.open(burner.id)
        val model = checkNotNull(burners.conversations.value)
        val own = checkNotNull(model.reaches { it.connection is Connection.Online && it.own != null }.own)
        assertEquals("xmpp:${burner.jid.value}?otr-fingerprint=${own.fingerprint.digits.replace(" ", "")}", own.uri)

        model.add(burner.jid.value)
        assertTrue(model.reaches { it.failed != null }.failed is FlashpaperException.InvalidInput, "a burner has itself as a contact")
        model.dismiss()

        val peer = Lab.peer()
        peer.does("receipts on")
        model.add(peer.jid)
        assertEquals(Security.PLAINTEXT, model.reaches { it.chat != null }.chat?.conversation?.security)
        model.send("hello")
        peer.hears("hello")
        model.reaches { it.says("hello")?.state is MessageState.Reported && it.security == Security.PRIVATE }
        peer.does("say good day")
        val read = model.reaches { it.says("good day")?.state is MessageState.Taken }
        assertEquals(Security.PRIVATE, read.says("good day")?.security)
        for (secret in listOf(peer.jid.substringBefore('@'), burner.jid.value.substringBefore('@'), "hello", "good day", own.fingerprint.digits)) {
            assertFalse("$read".contains(secret), "what could get into a log: $read")
        }

        model.compare("cat", "Whose house is it?")
        peer.tells("smp_asked", "Whose house is it?")
        peer.does("answer cat")
        val verified = model.reaches { it.chat?.news != null && it.security == Security.VERIFIED }
        assertEquals(ChatNews.Compared(Comparison.Verified), verified.chat?.news)
        model.dismiss()
        peer.does("question Where did we meet?\tParis")
        model.reaches { it.chat?.conversation?.question == Comparison.Asked("Where did we meet?") }
        model.answer("Rome", "Where did we meet?")
        assertEquals(ChatNews.Compared(Comparison.Different), model.reaches { it.chat?.news != null }.chat?.news)
        peer.tells("smp_different")

        Lab.order("cut")
        model.reaches { it.connection is Connection.Waiting }
        model.send("over a new circuit")
        peer.hears("over a new circuit")
        model.reaches { it.says("over a new circuit")?.state is MessageState.Reported && it.security == Security.VERIFIED }

        peer.does("end")
        model.reaches { it.security == Security.FINISHED }
        model.send("not in the clear")
        model.reaches { it.says("not in the clear") != null }
        model.startPrivate()
        peer.hears("not in the clear")
        model.reaches { it.security == Security.VERIFIED }

        model.endPrivate()
        peer.tells("finished")
        model.reaches { it.security == Security.PLAINTEXT }
        // Another client of the same person has another key.
        val other = Lab.peer(insteadOf = peer)
        other.does("receipts on")
        other.does("to ${burner.jid.value}")
        other.does("start")
        val changed = model.reaches { it.security == Security.KEY_CHANGED }
        model.send("to the right one")
        model.reaches { it.says("to the right one") != null }
        assertFalse(other.seen().contains("to the right one"))
        model.acceptKey(checkNotNull(changed.chat?.conversation?.key))
        other.hears("to the right one")
        model.reaches { it.security == Security.PRIVATE }

        // Nobody there: all of these wait.
        model.add("nobody-at-all@burner.test")
        model.reaches { it.chat?.messages?.isEmpty() == true }
        repeat(205) { model.send("$it") }
        val last = checkNotNull(model.reaches { it.says("204") != null }.chat)
        assertEquals((105..204).map { "$it" } to true, last.messages.map { it.text } to last.hasEarlier)
        model.showEarlier()
        val more = checkNotNull(model.reaches { it.chat?.messages?.size == 200 }.chat)
        assertEquals((5..204).map { "$it" } to true, more.messages.map { it.text } to more.hasEarlier)
        model.showEarlier()
        val all = checkNotNull(model.reaches { it.chat?.messages?.size == 205 }.chat)
        assertEquals((0..204).map { "$it" } to false, all.messages.map { it.text } to all.hasEarlier)
        model.open(Jid("nobody-at-all@burner.test"))
        model.reaches { state -> state.chat?.messages?.map { it.id } == last.messages.map { it.id } }

        // What happens while no chat is open is told beside the list.
        model.leave()
        other.does("raw ?OTR:AAMDnone.")
        val told = model.reaches { it.chat == null && it.news.isNotEmpty() }
        assertEquals(Jid(other.jid), told.news.single().peer)
        model.dismiss()
        model.reaches { it.news.isEmpty() }

        // A circuit may fail once more after the cut: the person taps again.
        val proven = Notice.Burned(BurnOutcome.PROVEN)
        burners.reaches {
            if (it.work == Work.Idle && it.notice != proven) burners.burn(burner.id)
            it.work == Work.Idle && it.notice == proven
        }
        other.tells("finished")
        assertEquals(null, burners.conversations.value)
        other.end()
        assertEquals(before, Lab.accounts())
        burners.close()
    }

    private val ConversationsState.security: Security?
        get() = chat?.conversation?.security

    private fun ConversationsState.says(text: String): Message? = chat?.messages?.find { it.text == text }

    private suspend fun BurnersModel.reaches(wanted: (BurnersState) -> Boolean): BurnersState =
        withTimeout(90.seconds) { state.first(wanted) }

    private suspend fun ConversationsModel.reaches(wanted: (ConversationsState) -> Boolean): ConversationsState =
        withTimeout(90.seconds) { state.first(wanted) }
}
