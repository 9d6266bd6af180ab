package org.flashpaper.demo

import org.flashpaper.FlashpaperException
import org.flashpaper.testing.Op
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class WordsModelTest {
    private suspend fun Story.open(): WordsModel {
        on<StartModel>().start()
        settle()
        app.back()
        on<BurnersModel>().setRecoverable(true)
        on<BurnersModel>().create()
        return on()
    }

    @Test
    fun `the words are shown by a touch, and forgotten by two`() = story {
        val model = open()
        assertNull(model.state.value.words)
        assertFalse(model.state.value.canFinish)
        model.show()
        settle()
        assertEquals(12, model.state.value.words?.size)
        assertEquals("example.org", model.state.value.server.text)
        assertFalse("${model.state.value}".contains(checkNotNull(model.state.value.words).first().text))
        model.finish()
        assertNotNull(model.state.value.confirmation)
        model.cancel()
        model.confirm()
        settle()
        assertTrue(screen is Screen.Words)
        model.finish()
        model.confirm()
        assertTrue(screen is Screen.Contacts)
        assertFalse(on<ContactsModel>().state.value.hasWords)
        val burner = fake.state.value.burners.last()
        assertEquals(false, fake.burner(burner.id)?.wordsLeft())
    }

    @Test
    fun `who does not want them is asked, too`() = story {
        val model = open()
        model.decline()
        model.confirm()
        assertTrue(screen is Screen.Contacts)
    }

    @Test
    fun `where they are gone it is told`() = story {
        val model = open()
        fake.state.value.burners.last().let { fake.burner(it.id)?.dropRecoveryWords() }
        model.show()
        settle()
        assertEquals(Text(TextKey.WORDS_GONE) to false, model.state.value.run { gone to canShow })
    }

    @Test
    fun `what does not work is told`() = story {
        val model = open()
        fake.fail(Op.RECOVERY_WORDS, FlashpaperException.Storage())
        model.show()
        settle()
        assertEquals(TextKey.PROBLEM_DAMAGED, model.state.value.note?.text?.key)
        model.dismiss()
        assertNull(model.state.value.note)
    }
}
