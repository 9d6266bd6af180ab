package org.flashpaper.demo

import org.flashpaper.Event
import org.flashpaper.FlashpaperException
import org.flashpaper.Jid
import org.flashpaper.Notice as PeerNotice
import org.flashpaper.Tor
import org.flashpaper.testing.Op
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class ContactsModelTest {
    @Test
    fun `an empty list says what to do, with the own code`() = story {
        val id = firstBurner()
        val state = on<ContactsModel>().state.value
        assertEquals(Text(TextKey.CONTACTS_EMPTY), state.empty)
        val own = checkNotNull(state.own)
        assertEquals(fake.burner(id)?.link(), own.link.text)
        assertEquals(List(10) { 4 }, own.fingerprint.map { it.text.length })
        assertFalse(state.canAdd)
        assertFalse("$state".contains("burner1"))
    }

    @Test
    fun `a contact is added by address, and its chat opens`() = story {
        val id = firstBurner()
        val contacts = on<ContactsModel>()
        contacts.writeAddress(" juliet@example.net ")
        contacts.add()
        assertEquals(Screen.Chat(id, Jid("juliet@example.net")), screen)
        app.back()
        val row = on<ContactsModel>().state.value.contacts.single()
        assertEquals(TextKey.MODE_PLAIN to Text(TextKey.CONTACTS_AWAY), row.sign.key to row.presence)
        assertEquals("", contacts.state.value.add.text.text)
        fake.peer(Jid("juliet@example.net")).comesOnline()
        settle()
        assertEquals(Text(TextKey.CONTACTS_ONLINE), contacts.state.value.contacts.single().presence)
        contacts.open(row.peer)
        assertTrue(screen is Screen.Chat)
    }

    @Test
    fun `what cannot be added is told, and stays written`() = story {
        firstBurner()
        val contacts = on<ContactsModel>()
        contacts.writeAddress("no address")
        contacts.add()
        settle()
        assertEquals(Text(TextKey.CONTACTS_BAD_ADDRESS) to "no address", contacts.state.value.add.run { fault to text.text })
        contacts.writeAddress("juliet@example.net")
        assertNull(contacts.state.value.add.fault)
        val cases = mapOf(
            FlashpaperException.PeerBlocked() to TextKey.CONTACTS_BLOCKED,
            FlashpaperException.OtherKeyVerified() to TextKey.CONTACTS_OTHER_VERIFIED,
        )
        for ((error, words) in cases) {
            fake.fail(Op.ADD, error)
            contacts.add()
            settle()
            assertEquals(words, contacts.state.value.add.fault?.key)
        }
    }

    @Test
    fun `a link with another key asks before it counts`() = story {
        val (_, peer) = chat()
        on<ChatModel>().act(ChatAct.START_PRIVATE)
        settle()
        app.back()
        val contacts = on<ContactsModel>()
        val link = "xmpp:${peer.jid.value}?otr-fingerprint=${"AB".repeat(20)}"
        contacts.add(link)
        settle()
        assertNotNull(contacts.state.value.confirmation)
        assertNull(fake.state.value.burners.single().chats.single().expected)
        contacts.cancel()
        contacts.confirm()
        settle()
        assertNull(fake.state.value.burners.single().chats.single().expected)
        contacts.add(link)
        settle()
        contacts.confirm()
        settle()
        assertEquals("AB".repeat(20), fake.state.value.burners.single().chats.single().expected?.digits?.replace(" ", ""))
    }

    @Test
    fun `who is elsewhere when a contact has been added stays there`() = story {
        val (_, peer) = chat()
        app.back()
        val contacts = on<ContactsModel>()
        contacts.add("tybalt@example.net")
        contacts.open(peer.jid)
        settle()
        assertEquals(2, contacts.state.value.contacts.size)
        assertEquals(peer.jid, (on<ChatModel>().screen as Screen.Chat).peer)
    }

    @Test
    fun `strangers are apart, and are nobody's contact`() = story {
        val id = firstBurner()
        fake.peer(Jid("tybalt@example.net")).sends("hello", id)
        settle()
        val state = on<ContactsModel>().state.value
        assertEquals(0 to 1, state.contacts.size to state.requests.size)
        assertEquals(TextKey.CONTACTS_REQUEST to 1, state.requests.single().run { sign.key to unread })
        assertNull(state.requests.single().presence)
    }

    @Test
    fun `without Tor it says why, and connects once there is Tor`() = story {
        val id = firstBurner()
        processEnds()
        on<StartModel>().showBurners()
        on<BurnersModel>().open(id)
        assertEquals(TextKey.BURNER_OFFLINE, on<ContactsModel>().state.value.connection.key)
        assertNull(on<ContactsModel>().state.value.note)
        fake.setTor(Tor.Blocked(FlashpaperException.TorBlocked()))
        assertEquals(TextKey.PROBLEM_TOR_BLOCKED, on<ContactsModel>().state.value.problem?.sign?.key)
        fake.setTor(Tor.Off)
        app.reset(Screen.Burners, Screen.Contacts(id), Screen.Start)
        on<StartModel>().start()
        on<BurnersModel>().open(id)
        assertEquals(TextKey.BURNER_ONLINE, on<ContactsModel>().state.value.connection.key)
    }

    @Test
    fun `news of a contact is beside it until its chat has shown it`() = story {
        val (chat, peer) = chat()
        app.back()
        fake.emit(Event.Notice(fake.state.value.burners.single().id, peer.jid, PeerNotice.Unreadable))
        assertEquals(Text(TextKey.NOTE_UNREADABLE), on<ContactsModel>().state.value.run { contacts.single().news })
        on<ContactsModel>().open(peer.jid)
        settle()
        assertEquals(Text(TextKey.NOTE_UNREADABLE), on<ChatModel>().state.value.note?.text)
        on<ChatModel>().run {
            act(ChatAct.BLOCK)
            cancel()
        }
        assertEquals(null to Text(TextKey.NOTE_UNREADABLE), on<ChatModel>().state.value.run { confirmation to note?.text })
        on<ChatModel>().dismiss()
        assertNull(on<ChatModel>().state.value.note)
        app.back()
        assertNull(on<ContactsModel>().state.value.contacts.single().news)
        assertNull(chat.state.value.note)
    }
}
