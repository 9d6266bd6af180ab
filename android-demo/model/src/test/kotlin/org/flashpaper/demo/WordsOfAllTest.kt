package org.flashpaper.demo

import java.io.File
import java.time.Instant
import kotlin.time.Duration.Companion.minutes
import org.flashpaper.BurnerId
import org.flashpaper.ChatState as Conversation
import org.flashpaper.ClockError
import org.flashpaper.Comparison
import org.flashpaper.Connection
import org.flashpaper.FailReason
import org.flashpaper.FlashpaperException
import org.flashpaper.FormFault
import org.flashpaper.Input
import org.flashpaper.Jid
import org.flashpaper.Message
import org.flashpaper.MessageId
import org.flashpaper.MessageState
import org.flashpaper.Notice as PeerNotice
import org.flashpaper.PeerKey
import org.flashpaper.Phase
import org.flashpaper.Security
import org.flashpaper.TextFault
import org.flashpaper.WebPage
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** What everything that the library can tell is called. */
class WordsOfAllTest {
    @Test
    fun `what the models keep prints no text of the user's`() {
        val sources = File("src/main/kotlin").walk().filter { it.extension == "kt" }.joinToString("\n") { it.readText() }
        val printed = Regex("data class (\\w+)\\([^)]*: String\\b").findAll(sources).map { it.groupValues[1] }.toList()
        // It has a toString of its own.
        assertEquals(listOf("Choices"), printed)
    }

    @Test
    fun `every error has a title and another sentence with what to do`() {
        val errors = FlashpaperException::class.java.declaredClasses.map { kind ->
            val maker = kind.constructors.single()
            maker.newInstance(*maker.parameterTypes.map(::example).toTypedArray()) as FlashpaperException
        }
        assertTrue(errors.size > 50)
        for (error in errors) {
            val problem = problem(error)
            assertNotEquals(problem.sign.key, problem.advice.key, error.code)
            assertTrue(problem.sign.tone in setOf(Tone.CAUTION, Tone.DANGER, Tone.QUIET), error.code)
            note(error)
        }
    }

    private fun example(type: Class<*>): Any? = when (type) {
        Input::class.java -> Input.Address
        FormFault::class.java -> FormFault.KIND
        WebPage::class.java -> WebPage("https://example.org")
        else -> null
    }

    @Test
    fun `times and clocks are told in minutes`() {
        val fast = FlashpaperException.ClockWrong(ClockError.Fast(90.minutes))
        assertEquals(Text(TextKey.PROBLEM_CLOCK_FAST, Number(90)), problem(fast).advice)
        assertEquals(Text(TextKey.PROBLEM_WAIT_MINUTES, Number(3)), problem(FlashpaperException.RateLimited(2.5.minutes)).advice)
        val character = FlashpaperException.InvalidInput(Input.Text(TextFault.Character(0, 7)))
        assertEquals(Text(TextKey.CHAT_CHARACTER, Number(7)), note(character).text)
    }

    @Test
    fun `no two ways of a conversation look alike`() {
        val locks = Mode.entries.map(::lock)
        assertEquals(Mode.entries.size, locks.map { it.mark }.toSet().size)
        assertEquals(Mode.entries.size, locks.map { it.key }.toSet().size)
        assertEquals(Mode.entries.size, Mode.entries.map { explanation(it).key }.toSet().size)
        // Those that matter most have a colour each, too.
        assertEquals(4, listOf(Mode.PRIVATE, Mode.VERIFIED, Mode.KEY_CHANGED, Mode.FINISHED).map { lock(it).tone }.toSet().size)
        assertEquals(Tone.GOOD, lock(Mode.VERIFIED).tone)
        assertEquals(listOf(Mode.VERIFIED), Mode.entries.filter { lock(it).tone == Tone.GOOD })
    }

    @Test
    fun `no two states of a text look alike`() {
        fun message(state: MessageState) = Message(MessageId(1), Jid("a@b.example"), "", Instant.EPOCH, state, Security.PRIVATE)
        val states = listOf(
            MessageState.Queued, MessageState.WaitingForPeer, MessageState.Sent, MessageState.Acked, MessageState.Reported,
            MessageState.Delivered, MessageState.Received,
        ) + FailReason.entries.map { MessageState.Failed(it) }
        assertEquals(states.size, states.map { sign(message(it)).key }.toSet().size)
        val twice = sign(message(MessageState.Sent).copy(maybeTwice = true)).text
        assertEquals(Text(TextKey.MESSAGE_MAYBE_TWICE, Text(TextKey.MESSAGE_SENT)), twice)
    }

    @Test
    fun `no two things that are told once are alike`() {
        val notices = listOf(
            PeerNotice.Unreadable, PeerNotice.PeerError("never shown"), PeerNotice.OtherVersion, PeerNotice.Mirror, PeerNotice.Malformed,
            PeerNotice.OtherKey, PeerNotice.InboxFull, PeerNotice.TimerChanged, PeerNotice.StrangerForgotten,
        ).map { News(BurnerId("1"), Jid("a@b.example"), null, it) }
        val comparisons = listOf(Comparison.Asked("?"), Comparison.Verified, Comparison.VerifiedUs, Comparison.Different, Comparison.Aborted)
        assertEquals(notices.size, notices.map { told(it).text }.toSet().size)
        assertEquals(comparisons.size, comparisons.map { result(it).text }.toSet().size)
        assertTrue(notices.none { "${told(it)}".contains("never shown") })
    }

    @Test
    fun `a conversation that both sides need is told, too`() = story {
        firstBurner()
        val burner = fake.state.value.burners.single()
        val plain = Conversation(Jid("a@b.example"))
        assertEquals(Mode.WAITING, mode(burner, plain.copy(outbox = 1)))
        assertEquals(Mode.BURNING, mode(burner.copy(phase = Phase.BURNING), plain))
        assertEquals(Mode.QUARANTINED, mode(burner.copy(connection = Connection.Quarantined), plain))
        val key = fake.peer(plain.peer).key
        val private = plain.copy(security = Security.PRIVATE, key = key, keys = listOf(PeerKey(key, verifiedUs = true)))
        assertEquals(Mode.THEY_VERIFIED_YOU, mode(burner, private))
    }

    @Test
    fun `a secret is compared as it is meant`() {
        for (typed in listOf("cat", "Cat", " CAT ", "\u00A0cat\u3000", "\uFF23\uFF21\uFF34")) assertEquals("cat", normalised(typed), typed)
        assertEquals("the old cat", normalised("The  old\tCAT"))
        // The dotless i of Turkish is another letter, and a capital one is by no language's rule.
        assertEquals("title", normalised("TITLE"))
        assertEquals("\u00E9t\u00E9", normalised("E\u0301te\u0301"))
        assertNotEquals(normalised("cat"), normalised("c at"))
        assertEquals("", normalised(" \u2003 "))
        // The same as in the iOS app: a sigma has one form, an accent that stands alone leaves its blank.
        assertEquals("\u03BF\u03B4\u03BF\u03C3", normalised("\u039F\u0394\u039F\u03A3"))
        assertEquals(normalised("\u039F\u0394\u039F\u03A3"), normalised("\u03BF\u03B4\u03BF\u03C2"))
        assertEquals("a \u0301b c", normalised("a\u00B4b\u0085c"))
    }
}
