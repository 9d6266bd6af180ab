package org.flashpaper.demo

import org.flashpaper.BurnerId
import org.flashpaper.Connection
import org.flashpaper.Jid
import org.flashpaper.Life
import org.flashpaper.Profile
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class AppModelTest {
    @Test
    fun `back goes one screen back, from verifying to the chat`() = story {
        val (chat, peer) = chat()
        chat.act(ChatAct.START_PRIVATE)
        settle()
        chat.act(ChatAct.VERIFY)
        val id = fake.state.value.burners.single().id
        val way = listOf(Screen.Burners, Screen.Contacts(id), Screen.Chat(id, peer.jid), Screen.Verify(id, peer.jid))
        assertEquals(way, way())
        app.back()
        assertEquals(way.dropLast(1), way())
        assertTrue(app.shown.value === chat)
        repeat(2) { app.back() }
        assertEquals(Screen.Burners to false, screen to app.state.value.canGoBack)
        app.back()
        assertEquals(Screen.Burners, screen)
    }

    @Test
    fun `not in front the app is covered and sleeps, and in front it is there again`() = story {
        val (chat, _) = chat()
        chat.write("half a thou")
        app.toBackground()
        assertTrue(run { settle(); app.state.value.covered })
        assertEquals(Life.SUSPENDED, fake.state.value.life)
        app.toForeground()
        settle()
        assertFalse(app.state.value.covered)
        assertEquals(Life.AWAKE to Connection.Online, fake.state.value.run { life to burners.single().connection })
        assertEquals("half a thou", on<ChatModel>().state.value.draft.text)
        // In quick succession: the last one counts.
        repeat(3) {
            app.toBackground()
            app.toForeground()
        }
        settle()
        assertEquals(Life.AWAKE, fake.state.value.life)
    }

    @Test
    fun `who wants to stay connected is, and saves energy`() = story {
        firstBurner()
        device.staysConnected = true
        app.toBackground()
        settle()
        assertEquals(Life.AWAKE to Profile.BACKGROUND, fake.state.value.life to fake.profile)
        app.toForeground()
        settle()
        assertEquals(Profile.FOREGROUND, fake.profile)
    }

    @Test
    fun `another network is handed on`() = story {
        app.networkChanged()
        assertEquals(1, fake.networkChanges)
    }

    @Test
    fun `what is not there cannot be opened`() = story {
        val (_, peer) = chat()
        val way = way()
        val nobody = BurnerId("nobody")
        val screens = listOf(
            Screen.Contacts(nobody), Screen.Chat(nobody, peer.jid), Screen.Verify(nobody, peer.jid), Screen.Words(nobody),
            Screen.Burn(nobody), Screen.BurnReport(nobody), Screen.Settings(nobody),
        )
        for (screen in screens) {
            app.go(screen)
            assertEquals(way, way())
        }
        app.go(Screen.Chat(fake.state.value.burners.single().id, Jid("nobody@example.net")))
        assertEquals(way, way())
    }

    @Test
    fun `a burner that is burnt elsewhere takes its screens along`() = story {
        chat()
        fake.burnAll()
        assertEquals(listOf(Screen.Burners), way())
    }

    @Test
    fun `a closed app lets go, and opens again`() = story {
        firstBurner()
        app.close()
        assertEquals(Life.CLOSED, fake.state.value.life)
        settle()
        app.back()
        app.touch()
        app.toBackground()
        app.toForeground()
        settle()
    }
}
