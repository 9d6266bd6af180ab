package org.flashpaper.demo

import kotlin.time.Duration
import org.flashpaper.Burner
import org.flashpaper.BurnerId
import org.flashpaper.Chat
import org.flashpaper.Connection
import org.flashpaper.Flashpaper
import org.flashpaper.FlashpaperException
import org.flashpaper.Jid
import org.flashpaper.MessageId
import org.flashpaper.Relationship
import org.flashpaper.Tor
import org.flashpaper.testing.Op
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** How a conversation stands, and what can be done. */
class ChatModelTest {
    private val ChatModel.conversation
        get() = state.value

    private fun Story.talk() = fake.state.value.burners.last().run { (chats + requests).last() }

    @Test
    fun `a text begins a private chat, and leaves`() = story {
        val (chat, peer) = chat()
        assertEquals(Mode.PLAIN to TextKey.MODE_PLAIN, chat.conversation.run { mode to lock.key })
        assertFalse(chat.conversation.mustRead)
        assertFalse(chat.conversation.canSend)
        chat.says("hello")
        settle()
        assertEquals(listOf("hello"), peer.heard)
        assertEquals("", chat.conversation.draft.text)
        assertEquals(Mode.PRIVATE to Tone.CALM, chat.conversation.run { mode to lock.tone })
        val bubble = chat.conversation.bubbles.single()
        assertEquals(BubbleKind.MINE to TextKey.MESSAGE_DELIVERED, bubble.kind to bubble.sign.key)
        assertEquals(Text(TextKey.CHAT_SPOKEN_MINE, Verbatim("hello"), Text(TextKey.MESSAGE_DELIVERED)), bubble.spoken)
        assertFalse("${chat.conversation}".run { contains("hello") || contains("juliet") })
    }

    @Test
    fun `a text for somebody who is away waits, and says so`() = story {
        val (chat, peer) = chat()
        peer.goesOffline()
        chat.says("hello")
        settle()
        assertEquals(Mode.WAITING to TextKey.MESSAGE_WAITING, chat.conversation.run { mode to bubbles.single().sign.key })
        assertEquals(Text(TextKey.MODE_WAITING_TEXT), chat.conversation.explanation)
        peer.comesOnline()
        settle()
        assertEquals(Mode.PRIVATE to TextKey.MESSAGE_DELIVERED, chat.conversation.run { mode to bubbles.single().sign.key })
    }

    @Test
    fun `a text is kept where sending fails, and is sent once`() = story {
        val (chat, peer) = chat()
        val cases = mapOf(
            FlashpaperException.StorageFull() to TextKey.CHAT_NOT_SENT,
            FlashpaperException.OutboxFull() to TextKey.CHAT_OUTBOX_FULL,
        )
        for ((error, words) in cases) {
            fake.fail(Op.SEND, error)
            chat.says("do not lose me")
            settle()
            assertEquals("do not lose me" to words, chat.conversation.run { draft.text to note?.text?.key })
            assertTrue(chat.conversation.bubbles.isEmpty())
        }
        chat.says("x".repeat(10_001))
        settle()
        assertEquals(10_001 to TextKey.CHAT_TOO_LONG, chat.conversation.run { draft.text.length to note?.text?.key })
        chat.dismiss()
        assertNull(chat.conversation.note)
        chat.write("do not lose me")
        // Twice is once.
        chat.send()
        chat.send()
        settle()
        assertEquals(listOf("do not lose me"), peer.heard)
    }

    /** The library, with the keys of all texts that it was to send. */
    private class Keys(private val library: Flashpaper, private val keys: MutableList<String>) : Flashpaper by library {
        override fun burner(id: BurnerId): Burner? = library.burner(id)?.let(::Sender)

        private inner class Sender(private val burner: Burner) : Burner by burner {
            override fun chat(peer: Jid): Chat? = burner.chat(peer)?.let(::Conversation)
        }

        private inner class Conversation(private val chat: Chat) : Chat by chat {
            override suspend fun send(text: String, within: Duration?, key: String): MessageId {
                keys += key
                return chat.send(text, within, key)
            }
        }
    }

    @Test
    fun `a text that is sent again keeps its key, and another one has its own`() = story {
        val keys = mutableListOf<String>()
        device.opened = { Keys(it, keys) }
        processEnds()
        on<StartModel>().start()
        val (_, peer) = chat()
        fun send(text: String, error: FlashpaperException? = null) {
            error?.let { fake.fail(Op.SEND, it) }
            on<ChatModel>().says(text)
            settle()
        }
        send("do not lose me", FlashpaperException.StorageFull())
        app.back()
        on<ContactsModel>().open(peer.jid)
        send("do not lose me", FlashpaperException.StorageFull())
        send("do not lose me!", FlashpaperException.StorageFull())
        send("do not lose me!")
        send("do not lose me!")
        assertEquals(listOf("do not lose me!", "do not lose me!"), peer.heard)
        assertEquals(keys[0], keys[1])
        assertEquals(keys[2], keys[3])
        assertEquals(3, keys.toSet().size)
    }

    @Test
    fun `a text that was not sent is there again where the chat was left`() = story {
        val (chat, peer) = chat()
        chat.write("half a thou")
        app.back()
        on<ContactsModel>().open(peer.jid)
        assertEquals("half a thou", on<ChatModel>().conversation.draft.text)
    }

    @Test
    fun `a reply goes out under the burner of its screen, whatever else is open`() = story {
        val (first, juliet) = chat()
        app.reset(Screen.Burners)
        on<BurnersModel>().create()
        settle()
        val other = fake.state.value.burners.last()
        val (second, nurse) = chat("nurse@example.net")
        assertEquals(other.jid.value, second.conversation.badge.label.text)
        nurse.confirms(false)
        second.says("from the second")
        settle()
        assertEquals(emptyList<String>() to listOf("from the second"), juliet.heard to nurse.heard)
        val sent = checkNotNull(fake.burner(other.id)).messages().single()
        assertEquals(nurse.jid, sent.peer)
        assertEquals(Text(TextKey.CHAT_SEND_LABEL, Verbatim("nurse@example.net"), Verbatim(other.jid.value)), second.conversation.sendLabel)
        // The one that was left sends nothing more.
        first.says("too late")
        settle()
        assertEquals(emptyList<String>(), juliet.heard)
    }

    @Test
    fun `verified, verified by them, ended by them`() = story {
        val (chat, peer) = chat()
        chat.act(ChatAct.START_PRIVATE)
        settle()
        assertEquals(ChatAct.VERIFY, chat.conversation.main?.act)
        assertEquals(listOf(ChatAct.END_PRIVATE, ChatAct.BLOCK), chat.conversation.others.map { it.act })
        peer.asks("Who?", "romeo", fake.state.value.burners.single().id)
        settle()
        assertEquals(ChatAct.ANSWER, chat.conversation.main?.act)
        fake.burner(fake.state.value.burners.single().id)?.chat(peer.jid)?.setVerified(peer.key, true)
        settle()
        assertEquals(Mode.VERIFIED to Tone.GOOD, chat.conversation.run { mode to lock.tone })
        peer.endsPrivate()
        settle()
        assertEquals(Mode.FINISHED to ChatAct.START_PRIVATE, chat.conversation.run { mode to main?.act })
        chat.says("not in the clear")
        settle()
        assertEquals(emptyList<String>(), peer.heard)
        chat.act(ChatAct.START_PRIVATE)
        settle()
        assertEquals(listOf("not in the clear"), peer.heard)
        chat.act(ChatAct.END_PRIVATE)
        settle()
        assertEquals(Mode.PLAIN, chat.conversation.mode)
    }

    @Test
    fun `with a changed key verifying is first, and accepting needs a second yes`() = story {
        val (chat, peer) = chat()
        chat.act(ChatAct.START_PRIVATE)
        settle()
        peer.changesKey()
        chat.says("to the right one")
        settle()
        val changed = chat.conversation
        assertEquals(Mode.KEY_CHANGED to Tone.DANGER, changed.mode to changed.lock.tone)
        assertTrue(changed.mustRead)
        assertEquals(ChatAct.VERIFY, changed.main?.act)
        assertEquals(Tone.DANGER, changed.others.single { it.act == ChatAct.ACCEPT_KEY }.tone)
        assertEquals(emptyList<String>(), peer.heard)

        chat.act(ChatAct.ACCEPT_KEY)
        settle()
        assertEquals(Text(TextKey.CHAT_ACCEPT_KEY_YES), chat.conversation.confirmation?.yes)
        assertEquals(emptyList<String>(), peer.heard)
        chat.cancel()
        chat.confirm()
        settle()
        assertEquals(emptyList<String>(), peer.heard)
        chat.act(ChatAct.ACCEPT_KEY)
        // The key changes while the user thinks: the yes was to the one before.
        peer.changesKey()
        settle()
        chat.confirm()
        settle()
        assertEquals(Mode.KEY_CHANGED, chat.conversation.mode)
        chat.act(ChatAct.ACCEPT_KEY)
        chat.confirm()
        settle()
        assertEquals(listOf("to the right one"), peer.heard)
    }

    @Test
    fun `a stranger is answered only once accepted, and can be blocked`() = story {
        val id = firstBurner()
        val tybalt = fake.peer(Jid("tybalt@example.net"))
        tybalt.sends("hello", id)
        on<ContactsModel>().open(tybalt.jid)
        val chat = on<ChatModel>()
        assertEquals(Mode.STRANGER to ChatAct.ACCEPT, chat.conversation.run { mode to main?.act })
        assertNull(chat.conversation.presence)
        chat.says("I should not")
        settle()
        assertEquals(Relationship.STRANGER, talk().relationship)
        assertEquals(Text(TextKey.CHAT_HINT_STRANGER), chat.conversation.hint)
        chat.act(ChatAct.BLOCK)
        settle()
        assertEquals(Text(TextKey.CHAT_BLOCK), chat.conversation.confirmation?.yes)
        chat.confirm()
        settle()
        assertEquals(Mode.BLOCKED to ChatAct.UNBLOCK, chat.conversation.run { mode to main?.act })
        assertFalse(chat.conversation.canWrite)
        chat.act(ChatAct.UNBLOCK)
        settle()
        assertEquals(Mode.STRANGER to ChatAct.ACCEPT, chat.conversation.run { mode to main?.act })
        chat.act(ChatAct.ACCEPT)
        settle()
        assertEquals(Mode.PLAIN, chat.conversation.mode)
    }

    @Test
    fun `what cannot be touched does nothing`() = story {
        val (chat, peer) = chat()
        chat.act(ChatAct.ACCEPT_KEY)
        chat.act(ChatAct.UNBLOCK)
        chat.act(ChatAct.ACCEPT)
        settle()
        assertNull(chat.conversation.confirmation)
        assertEquals(Mode.PLAIN to emptyList<String>(), chat.conversation.mode to peer.heard)
    }

    @Test
    fun `offline and the burner's state are told in the chat`() = story {
        val (chat, _) = chat()
        assertNull(chat.conversation.offline)
        fake.setTor(Tor.Blocked(FlashpaperException.Offline()))
        settle()
        assertEquals(TextKey.BURNER_WAITING, chat.conversation.offline?.key)
        fake.setTor(Tor.Ready)
        settle()
        val burner = fake.state.value.burners.single().id
        fake.setConnection(burner, Connection.Quarantined)
        settle()
        assertEquals(Mode.QUARANTINED to false, chat.conversation.run { mode to canWrite })
        // It is connected: the lock says all.
        assertNull(chat.conversation.offline)
        app.back()
        val contacts = on<ContactsModel>().state.value
        assertEquals(TextKey.MODE_QUARANTINED to TextKey.PROBLEM_QUARANTINED, contacts.run { connection.key to problem?.sign?.key })
        assertEquals(false, contacts.problem?.canRetry)
        app.back()
        assertEquals(Sign(Mark.HELD, Text(TextKey.MODE_QUARANTINED), Tone.DANGER), on<BurnersModel>().state.value.rows.single().sign)
    }

    @Test
    fun `the app turned, and nothing is lost`() = story {
        val (chat, _) = chat()
        chat.write("half a thou")
        // A turned device makes new views: they get the same model, with all that it had.
        assertTrue(app.shown.value === chat)
        assertEquals("half a thou", on<ChatModel>().conversation.draft.text)
    }
}
