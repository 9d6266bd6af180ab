package org.flashpaper.demo

import org.flashpaper.BridgePart
import org.flashpaper.BurnerId
import org.flashpaper.FlashpaperException
import org.flashpaper.Input
import org.flashpaper.Jid
import org.flashpaper.PanicReport
import org.flashpaper.Tor
import org.flashpaper.testing.Op
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
            app.back()
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
        // Neither is a dead end.
        assertEquals(true to true, panic.state.value.run { canClose to problem?.canRetry })
        device.panicReport = PanicReport()
        panic.retry()
        assertNull(panic.state.value.problem)
        panic.retry()
        assertEquals(3, device.panics)
    }

    @Test
    fun `what could not be deleted can be left`() = story {
        firstBurner()
        device.panicReport = PanicReport(filesLeft = FlashpaperException.Storage())
        app.panic()
        assertFalse(on<PanicModel>().state.value.canClose)
        on<PanicModel>().slide(1f)
        on<PanicModel>().letGo()
        on<PanicModel>().close()
        assertEquals(listOf(Screen.Start), way())
        firstBurner()
    }

    @Test
    fun `without sliding it takes two touches`() = story {
        firstBurner()
        app.panic()
        val panic = on<PanicModel>()
        assertEquals(Text(TextKey.PANIC_ACCESSIBLE), panic.state.value.action)
        panic.withoutSliding()
        assertEquals(0 to Text(TextKey.PANIC_ACCESSIBLE_AGAIN), device.panics to panic.state.value.action)
        panic.withoutSliding()
        assertEquals(1 to TextKey.PANIC_DONE, device.panics to panic.state.value.done?.key)
        panic.withoutSliding()
        assertEquals(1, device.panics)
    }

    /** What comes while the panic screen is shown goes beneath it, where Back leads. */
    private fun beneath(before: suspend Story.() -> Unit, come: suspend Story.() -> Unit, beneath: Story.() -> List<Screen>) = story {
        before()
        app.panic()
        val panic = app.shown.value
        come()
        settle()
        assertEquals(beneath() + Screen.Panic, way())
        assertTrue(app.shown.value === panic)
        (panic as PanicModel).slide(1f)
        assertEquals(0, device.panics)
        app.back()
        assertEquals(beneath(), way())
    }

    private val Story.burner
        get() = fake.state.value.burners.single().id

    @Test
    fun `a burn that ends leaves the panic screen`() {
        var id: BurnerId? = null
        beneath({
            id = firstBurner()
            on<ContactsModel>().burn()
            repeat(2) { on<BurnModel>().burnWithoutHolding() }
        }, {}, { listOf(Screen.Burners, Screen.BurnReport(checkNotNull(id))) })
    }

    @Test
    fun `a lock leaves the panic screen`() = beneath({ chat() }, { fake.lock() }, { listOf(Screen.Unlock) })

    @Test
    fun `a burner that is made leaves the panic screen`() =
        beneath({ on<StartModel>().start() }, {}, { listOf(Screen.Burners, Screen.Contacts(burner)) })

    @Test
    fun `a contact that is added leaves the panic screen`() {
        val friend = Jid("juliet@example.net")
        beneath(
            {
                firstBurner()
                on<ContactsModel>().add(friend.value)
            },
            {},
            { listOf(Screen.Burners, Screen.Contacts(burner), Screen.Chat(burner, friend)) },
        )
    }

    @Test
    fun `words that are forgotten leave the panic screen`() = beneath(
        {
            app.session.known.value = app.session.known.value.copy(recoverable = true)
            on<StartModel>().start()
            on<WordsModel>().decline()
            on<WordsModel>().confirm()
        },
        {},
        { listOf(Screen.Burners, Screen.Contacts(burner)) },
    )

    @Test
    fun `a fault in the bridges leaves the panic screen`() = beneath(
        {
            fake.fail(Op.START_TOR, FlashpaperException.InvalidInput(Input.Bridge(1, BridgePart.ADDRESS)))
            on<StartModel>().start()
        },
        {},
        { listOf(Screen.Start) },
    )

    @Test
    fun `a burner that is gone leaves the panic screen`() = beneath({ chat() }, { fake.burnAll() }, { listOf(Screen.Burners) })

    @Test
    fun `a closed library leaves the panic screen`() = beneath({ chat() }, { fake.close() }, { listOf(Screen.Start) })

    @Test
    fun `a store that does not open leaves the panic screen`() = beneath(
        { chat() },
        {
            app.toBackground()
            settle()
            fake.fail(Op.RESUME, FlashpaperException.KeyDenied())
            app.toForeground()
        },
        { listOf(Screen.Unlock) },
    )

    @Test
    fun `a panic from elsewhere leads to the first screen`() = story {
        chat()
        device.panic()
        assertEquals(listOf(Screen.Start), way())
        firstBurner()
    }
}
