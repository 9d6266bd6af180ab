package org.flashpaper.demo

import org.flashpaper.FlashpaperException
import org.flashpaper.Input
import org.flashpaper.MeantWord
import org.flashpaper.Tor
import org.flashpaper.WordsError
import org.flashpaper.testing.Op
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class RestoreModelTest {
    private val words = List(12) { "abandon" }.joinToString(" ")

    private fun Story.open(): RestoreModel {
        on<StartModel>().restore()
        return on()
    }

    @Test
    fun `words and a server bring a burner back, and the touch connects`() = story {
        val model = open()
        assertFalse(model.state.value.canRestore)
        assertEquals(Text(TextKey.RESTORE_CONNECTS), model.state.value.first)
        model.writeWords("  ${words.uppercase()} ")
        model.writeServer("example.org ")
        assertEquals(Tor.Off, fake.state.value.tor)
        assertFalse("${model.state.value}".contains("abandon"))
        model.restore()
        assertTrue(screen is Screen.Contacts)
        assertEquals(1, fake.state.value.burners.size)
    }

    @Test
    fun `what is wrong with words or server is told where it was written`() = story {
        val model = open()
        model.writeWords("one two")
        model.writeServer("example.org")
        model.restore()
        settle()
        assertEquals(Text(TextKey.RESTORE_COUNT, Number(2)) to null, model.state.value.run { words.fault to problem })
        model.writeWords(words)
        assertNull(model.state.value.words.fault)
        fun refused(input: Input): RestoreState {
            fake.fail(Op.RESTORE, FlashpaperException.InvalidInput(input))
            model.restore()
            settle()
            return model.state.value
        }
        val unknown = refused(Input.Words(WordsError.Unknown(3, MeantWord("abandon"))))
        assertEquals(Text(TextKey.RESTORE_UNKNOWN, Number(3), Verbatim("abandon")), unknown.words.fault)
        assertEquals(Text(TextKey.RESTORE_CHECKSUM), refused(Input.Words(WordsError.Checksum)).words.fault)
        assertEquals(Text(TextKey.RESTORE_BAD_SERVER), refused(Input.Server).server.fault)
        assertTrue(model.state.value.canRestore)
    }

    @Test
    fun `what the server says is told, and what was written stays`() = story {
        val model = open()
        model.writeWords(words)
        model.writeServer("example.org")
        val cases = mapOf(
            FlashpaperException.NoSuchBurner() to TextKey.RESTORE_NONE,
            FlashpaperException.AlreadyHere() to TextKey.RESTORE_HERE,
            FlashpaperException.Timeout() to TextKey.PROBLEM_TIMEOUT,
        )
        for ((error, title) in cases) {
            fake.fail(Op.RESTORE, error)
            model.restore()
            settle()
            assertEquals(title, model.state.value.problem?.sign?.key)
            assertEquals(words, model.state.value.words.text.text)
        }
    }

    @Test
    fun `while Tor is blocked it waits, and can be stopped`() = story {
        val model = open()
        model.writeWords(words)
        model.writeServer("example.org")
        fake.fail(Op.START_TOR, FlashpaperException.TorBlocked())
        model.restore()
        settle()
        assertTrue(model.state.value.isBusy)
        assertEquals(TextKey.PROBLEM_TOR_BLOCKED, model.state.value.problem?.sign?.key)
        model.cancel()
        settle()
        assertFalse(model.state.value.isBusy)
        model.cancel()
        assertEquals(Screen.Start, screen)
    }

    @Test
    fun `nothing connects before words and server are there, and the button is touched`() = story {
        on<StartModel>().restore()
        val model = on<RestoreModel>()
        model.restore()
        model.writeWords("absorb winter copper lunar fossil ridge empty tackle novel garden whisper unhappy")
        model.restore()
        model.writeServer("example.org")
        settle()
        assertEquals(Tor.Off to true, fake.state.value.tor to model.state.value.canRestore)
        model.restore()
        settle()
        assertEquals(Tor.Ready, fake.state.value.tor)
    }
}
