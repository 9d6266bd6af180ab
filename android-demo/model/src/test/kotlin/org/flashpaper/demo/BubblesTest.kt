package org.flashpaper.demo

import kotlin.time.Duration.Companion.days
import org.flashpaper.FailReason
import org.flashpaper.History
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Test

/** The texts of a conversation. */
class BubblesTest {
    private val ChatModel.conversation
        get() = state.value

    private fun Story.talk() = fake.state.value.burners.last().run { (chats + requests).last() }

    @Test
    fun `a text in the clear is another kind of bubble`() = story {
        val (chat, peer) = chat()
        val id = fake.state.value.burners.single().id
        peer.sends("in the clear", id)
        chat.act(ChatAct.START_PRIVATE)
        settle()
        peer.sends("in private", id)
        peer.changesKey()
        peer.sends("by another key", id)
        settle()
        val bubbles = chat.conversation.bubbles
        val kinds = listOf(BubbleKind.THEIRS_IN_THE_CLEAR, BubbleKind.THEIRS, BubbleKind.THEIRS_BY_OTHER_KEY)
        assertEquals(kinds, bubbles.map { it.kind })
        assertEquals(listOf(Tone.DANGER, Tone.CALM, Tone.DANGER), bubbles.map { it.sign.tone })
        val (name, text, sign) = Triple(Verbatim("juliet@example.net"), Verbatim("in private"), Text(TextKey.MESSAGE_IN_PRIVATE))
        assertEquals(Text(TextKey.CHAT_SPOKEN_THEIRS, name, text, sign), bubbles[1].spoken)
    }

    @Test
    fun `what came is read once it is on the screen, and not while the app is covered`() = story {
        val (chat, peer) = chat()
        val id = fake.state.value.burners.single().id
        peer.sends("seen", id)
        settle()
        assertEquals(0, talk().unread)
        device.staysConnected = true
        app.toBackground()
        settle()
        peer.sends("not seen", id)
        settle()
        assertEquals(1, talk().unread)
        assertEquals("not seen", chat.conversation.bubbles.single { it.isFirstUnread }.text.text)
        app.toForeground()
        settle()
        assertEquals(0, talk().unread)
        // A burner that keeps nothing: what is read stays until the chat is left.
        assertEquals(listOf("seen", "not seen"), chat.texts())
        app.back()
        on<ContactsModel>().open(peer.jid)
        settle()
        assertEquals(emptyList<String>(), on<ChatModel>().texts())
        assertEquals(Text(TextKey.CHAT_EMPTY), on<ChatModel>().conversation.empty)
    }

    @Test
    fun `a text that is to go by time goes from the screen, too`() = story {
        val (chat, peer) = chat()
        val id = fake.state.value.burners.single().id
        fake.setAutoLock(null)
        fake.burner(id)?.setHistory(History.Expire(1.days))
        peer.sends("for a day", id)
        settle()
        assertEquals(listOf("for a day"), chat.texts())
        pass(2.days)
        assertEquals(emptyList<String>(), chat.texts())
    }

    @Test
    fun `a failed text says why, and is sent again or deleted`() = story {
        val (chat, peer) = chat()
        val id = fake.state.value.burners.single().id
        peer.confirms(false)
        chat.says("hello")
        settle()
        val sent = chat.conversation.bubbles.single()
        assertEquals(TextKey.MESSAGE_ACKED to false, sent.sign.key to sent.canRetry)
        chat.retry(sent.id)
        settle()
        assertEquals(listOf("hello"), peer.heard)
        peer.fails(sent.id, FailReason.UNREAD, id)
        settle()
        assertEquals(TextKey.MESSAGE_UNREAD to true, chat.conversation.bubbles.single().run { sign.key to canRetry })
        chat.retry(sent.id)
        settle()
        assertEquals(listOf("hello", "hello"), peer.heard)
        assertEquals(listOf("hello"), chat.texts())
        val again = chat.conversation.bubbles.single().id
        chat.delete(again)
        settle()
        assertEquals(Text(TextKey.DELETE), chat.conversation.confirmation?.yes)
        assertEquals(1, chat.conversation.bubbles.size)
        chat.confirm()
        settle()
        assertEquals(emptyList<String>(), chat.texts())
        assertNull(chat.conversation.note)
    }

    @Test
    fun `every reason and state of a text has its word`() = story {
        val (chat, peer) = chat()
        val id = fake.state.value.burners.single().id
        peer.confirms(false)
        chat.says("hello")
        settle()
        val message = chat.conversation.bubbles.single().id
        val words = FailReason.entries.map { reason ->
            peer.fails(message, reason, id)
            settle()
            chat.conversation.bubbles.single().run {
                assertEquals(Mark.FAILED to Tone.DANGER, sign.mark to sign.tone)
                assertEquals(reason != FailReason.ADDRESS_LOST, canRetry)
                sign.key
            }
        }
        assertEquals(FailReason.entries.size, words.toSet().size)
        peer.delivers(message, id)
        settle()
        assertEquals(TextKey.MESSAGE_DELIVERED, chat.conversation.bubbles.single().sign.key)
    }

    @Test
    fun `a hundred texts are shown, and a hundred more by a touch`() = story {
        val (chat, peer) = chat()
        peer.goesOffline()
        settle()
        repeat(205) { fake.burner(fake.state.value.burners.single().id)?.chat(peer.jid)?.send("$it") }
        settle()
        assertEquals((105..204).map { "$it" } to true, chat.texts() to chat.conversation.hasEarlier)
        chat.showEarlier()
        settle()
        assertEquals((5..204).map { "$it" } to true, chat.texts() to chat.conversation.hasEarlier)
        chat.showEarlier()
        settle()
        assertEquals((0..204).map { "$it" } to false, chat.texts() to chat.conversation.hasEarlier)
    }

    @Test
    fun `a link leaves Tor only after a yes`() = story {
        val (chat, peer) = chat()
        peer.sends("see https://example.org/a?b=c and HTTP://example.net", fake.state.value.burners.single().id)
        settle()
        val bubble = chat.conversation.bubbles.single()
        assertEquals(listOf("https://example.org/a?b=c", "HTTP://example.net"), bubble.links.map { bubble.text.text.substring(it) })
        chat.touchLink("https://example.org/a?b=c")
        assertEquals(emptyList<String>(), device.links)
        assertEquals(Text(TextKey.CHAT_LINK_TEXT, Verbatim("https://example.org/a?b=c")), chat.conversation.confirmation?.text)
        chat.confirm()
        assertEquals(listOf("https://example.org/a?b=c"), device.links)
        assertNull(chat.conversation.confirmation)
        chat.copied()
        assertEquals(Text(TextKey.COPIED), chat.conversation.note?.text)
    }
}
