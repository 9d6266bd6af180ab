package org.flashpaper.demo

import org.flashpaper.FlashpaperException
import org.flashpaper.PanicReport
import org.flashpaper.Tor
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class PanicModelTest {
    @Test
    fun `a touch and a slide end everything, and the app begins anew`() = story {
        val id = firstBurner()
        app.settings()
        on<SettingsModel>().setEntrance(Entrance.BRIDGES)
        app.panic()
        val panic = on<PanicModel>()
        panic.slide(1f)
        assertEquals(0, device.panics)
        panic.letGo()
        assertEquals(1, device.panics)
        assertEquals(listOf(Screen.Panic), app.state.value.way)
        assertEquals(TextKey.PANIC_DONE, panic.state.value.done?.key)
        assertEquals(Choices(), device.choices)
        settle()
        assertEquals(listOf(Screen.Panic), app.state.value.way)
        panic.close()
        assertEquals(Screen.Start, screen)
        assertEquals(Tor.Off to emptyList<Any>(), fake.state.value.tor to fake.state.value.burners)
        app.settings(id)
        assertEquals(Screen.Start, screen)
        firstBurner()
    }

    @Test
    fun `half a slide does nothing`() = story {
        firstBurner()
        app.panic()
        val panic = on<PanicModel>()
        panic.slide(0.9f)
        assertEquals(0.9f, panic.state.value.slid)
        panic.letGo()
        assertEquals(0f to 0, panic.state.value.slid to device.panics)
        panic.close()
        assertTrue(screen is Screen.Contacts)
    }

    @Test
    fun `it is two touches from every screen`() = story {
        val (chat, _) = chat()
        chat.act(ChatAct.START_PRIVATE)
        settle()
        chat.act(ChatAct.VERIFY)
        val id = fake.state.value.burners.single().id
        val screens = app.state.value.way + listOf(
            Screen.Start, Screen.Restore, Screen.Settings(null), Screen.Settings(id), Screen.Words(id), Screen.Burn(id), Screen.Unlock,
        )
        for (screen in screens) {
            app.reset(screen)
            assertTrue(app.state.value.canPanic, "$screen")
            app.panic()
            assertEquals(Screen.Panic, this.screen)
            assertFalse(app.state.value.canPanic)
        }
    }

    @Test
    fun `what could not be deleted is told, and tried again`() = story {
        firstBurner()
        device.panicReport = PanicReport(keyKept = FlashpaperException.KeyUnavailable())
        app.panic()
        val panic = on<PanicModel>()
        panic.slide(1f)
        panic.letGo()
        assertEquals(TextKey.PANIC_KEY_KEPT to null, panic.state.value.run { problem?.sign?.key to done })
        device.panicReport = PanicReport(filesLeft = FlashpaperException.Storage())
        panic.retry()
        assertEquals(TextKey.PANIC_FILES_LEFT, panic.state.value.problem?.sign?.key)
        device.panicReport = PanicReport()
        panic.retry()
        assertNull(panic.state.value.problem)
        assertEquals(3, device.panics)
    }

    @Test
    fun `a panic from elsewhere leads to the first screen`() = story {
        chat()
        device.panic()
        assertEquals(listOf(Screen.Start), way())
        firstBurner()
    }
}
