package org.flashpaper.demo.ui

import androidx.compose.ui.test.assertIsDisplayed
import androidx.compose.ui.test.assertIsEnabled
import androidx.compose.ui.test.assertIsNotEnabled
import androidx.compose.ui.test.onNodeWithContentDescription
import androidx.compose.ui.test.onNodeWithText
import androidx.compose.ui.test.performClick
import androidx.compose.ui.test.junit4.ComposeContentTestRule
import java.time.Instant
import java.util.concurrent.TimeUnit.MINUTES
import org.flashpaper.Action
import org.flashpaper.BurnOutcome
import org.flashpaper.Burner
import org.flashpaper.BurnerId
import org.flashpaper.BurnerState
import org.flashpaper.FlashpaperException
import org.flashpaper.Input
import org.flashpaper.Route
import org.flashpaper.Step
import org.flashpaper.VaultReport
import org.flashpaper.demo.BurnersActions
import org.flashpaper.demo.BurnersState
import org.flashpaper.demo.Notice
import org.flashpaper.demo.TorState
import org.flashpaper.demo.Work
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout

/** The screen in each state, as a person has it: what can be read, what can be tapped. */
@Timeout(2, unit = MINUTES)
class BurnersScreenTest {
    private val asked = mutableListOf<String>()
    private val actions = object : BurnersActions {
        override fun start() = asked.plusAssign("start")
        override fun create() = asked.plusAssign("create")
        override fun cancel() = asked.plusAssign("cancel")
        override fun burn(id: BurnerId) = asked.plusAssign("burn $id")
        override fun open(id: BurnerId) = asked.plusAssign("open $id")
        override fun leave() = asked.plusAssign("leave")
        override fun dismiss() = asked.plusAssign("dismiss")
    }

    private val burner = Burner("7", "quietharbor@burner.test", Route.ONION, BurnerState.ACTIVE, Instant.EPOCH)
    private val ready = BurnersState(TorState.Ready, burners = listOf(burner))

    @Test
    fun off() = screen("off", BurnersState()) {
        onNodeWithText("New burner").assertIsNotEnabled()
        onNodeWithText("Connect to Tor").performClick()
        assertEquals(listOf("start"), asked)
    }

    @Test
    fun connecting() = screen("connecting", BurnersState(TorState.Connecting(0.4f), privateNetwork = true)) {
        onNodeWithText("Connecting to Tor: 40 %").assertIsDisplayed()
        onNodeWithText("Test network: nothing here is private").assertIsDisplayed()
        onNodeWithText("New burner").assertIsNotEnabled()
    }

    @Test
    fun blocked() = screen("blocked", BurnersState(TorState.Blocked(FlashpaperException.ClockWrong(null), canRetry = true))) {
        onNodeWithText("The clock is wrong. Set it, then try again.").assertIsDisplayed()
        onNodeWithText("Try again").performClick()
        assertEquals(listOf("start"), asked)
    }

    @Test
    fun ready() = screen("ready", ready) {
        onNodeWithText("New burner").assertIsEnabled().performClick()
        onNodeWithText(burner.jid).assertIsDisplayed()
        onNodeWithContentDescription("Open ${burner.jid}").performClick()
        onNodeWithContentDescription("Burn ${burner.jid}").performClick()
        assertEquals(listOf("create", "open 7", "burn 7"), asked)
    }

    @Test
    fun creating() {
        val steps = listOf(Step.Sealed(Route.ONION), Step.Connected(null), Step.Secured, Step.Registered)
        screen("creating", ready.copy(work = Work.Creating(steps))) {
            onNodeWithText("✓ Registered").assertIsDisplayed()
            onNodeWithText("New burner").assertDoesNotExist()
            onNodeWithContentDescription("Burn ${burner.jid}").assertIsNotEnabled()
            onNodeWithText("Cancel").performClick()
            assertEquals(listOf("cancel"), asked)
        }
    }

    @Test
    fun burning() = screen("burning", ready.copy(work = Work.Burning("7", listOf(Step.LoggedIn, Step.Removed)))) {
        onNodeWithText("✓ Removed at the server").assertIsDisplayed()
        onNodeWithText("Cancel").assertDoesNotExist()
    }

    @Test
    fun failed() = screen("failed", ready.copy(notice = Notice.Failed(FlashpaperException.OnionUnreachable()))) {
        onNodeWithText("The server does not answer or asks to wait. Try again later.").assertIsDisplayed()
        onNodeWithText("Dismiss").performClick()
        assertEquals(listOf("dismiss"), asked)
    }

    @Test
    fun whatIsWrongWithTheStore() {
        val vault = VaultReport(lost = 2u, incomplete = true, oldKeyKept = true)
        screen("vault", ready.copy(vault = vault)) {
            onNodeWithText("A part of what was stored is lost or was tampered with.").assertIsDisplayed()
            onNodeWithText("Somebody has put older data", substring = true).assertIsDisplayed()
            onNodeWithText("The key could not be changed, or older data not be erased", substring = true).assertIsDisplayed()
        }
        assertEquals(emptyList<String>(), words(ready.vault))
    }

    @Test
    fun burnedInTheDark() {
        val burned = ready.copy(burners = emptyList(), notice = Notice.Burned(BurnOutcome.PROVEN))
        screen("burned-dark", burned, dark = true) {
            onNodeWithText("Burned: the server refuses the login.").assertIsDisplayed()
            onNodeWithText("None yet").assertIsDisplayed()
        }
    }

    @Test
    fun everyActionHasItsSentenceAndEightErrorsHaveTheirOwn() {
        val sentences = listOf(
            FlashpaperException.Offline(), FlashpaperException.ClockWrong(null), FlashpaperException.Obsolete(),
            FlashpaperException.Timeout(), FlashpaperException.Untrusted(), FlashpaperException.VaultLocked(),
            FlashpaperException.StorageFull(), FlashpaperException.InUse(), FlashpaperException.InvalidInput(Input.Server),
            FlashpaperException.Internal(), FlashpaperException.Closed(), FlashpaperException.Auth(),
            FlashpaperException.NoSuchBurner(), FlashpaperException.NotPrivate(), FlashpaperException.NothingAsked(),
            FlashpaperException.PeerBlocked(), FlashpaperException.Unreadable(),
            FlashpaperException.OtherKeyVerified(), FlashpaperException.OtherKeyInUse(),
        ).map { words(it) }
        assertEquals(Action.entries.size + 8, sentences.toSet().size)
    }

    private fun screen(
        name: String,
        state: BurnersState,
        dark: Boolean = false,
        look: ComposeContentTestRule.() -> Unit,
    ) = seen(name, dark, { BurnersScreen(state, actions, dark) }, look)
}
