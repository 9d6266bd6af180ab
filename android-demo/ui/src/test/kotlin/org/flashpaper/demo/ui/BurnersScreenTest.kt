package org.flashpaper.demo.ui

import androidx.compose.ui.res.loadImageBitmap
import androidx.compose.ui.test.assertIsDisplayed
import androidx.compose.ui.test.assertIsEnabled
import androidx.compose.ui.test.assertIsNotEnabled
import androidx.compose.ui.test.onNodeWithContentDescription
import androidx.compose.ui.test.onNodeWithText
import androidx.compose.ui.test.performClick
import androidx.compose.ui.test.performScrollTo
import androidx.compose.ui.test.performTextInput
import androidx.compose.ui.test.junit4.ComposeContentTestRule
import java.awt.image.BufferedImage
import java.awt.image.BufferedImage.TYPE_INT_RGB
import java.io.ByteArrayOutputStream
import java.time.Instant
import java.util.concurrent.TimeUnit.MINUTES
import javax.imageio.ImageIO
import org.flashpaper.Action
import org.flashpaper.BurnOutcome
import org.flashpaper.BurnerId
import org.flashpaper.BurnerState
import org.flashpaper.Connection
import org.flashpaper.Field
import org.flashpaper.FieldAnswer
import org.flashpaper.FieldKind
import org.flashpaper.FlashpaperException
import org.flashpaper.History
import org.flashpaper.Input
import org.flashpaper.Jid
import org.flashpaper.Phase
import org.flashpaper.Picture
import org.flashpaper.PictureFormat
import org.flashpaper.Question
import org.flashpaper.QuestionForm
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
        override fun answer(answers: Map<Int, FieldAnswer>) = asked.plusAssign(answers.mapValues { told(it.value) }.toString())
        override fun askAnew() = asked.plusAssign("ask anew")
        override fun decline() = asked.plusAssign("decline")
        override fun burn(id: BurnerId) = asked.plusAssign("burn ${id.value}")
        override fun open(id: BurnerId) = asked.plusAssign("open ${id.value}")
        override fun leave() = asked.plusAssign("leave")
        override fun dismiss() = asked.plusAssign("dismiss")
    }

    private val burner = BurnerState(
        BurnerId("7"), Jid("quietharbor@burner.test"), Route.ONION, Phase.ACTIVE, Instant.EPOCH, null, Connection.Offline, History.None,
        null, emptyList(), emptyList(), null,
    )
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
        onNodeWithText(burner.jid.value).assertIsDisplayed()
        onNodeWithContentDescription("Open ${burner.jid.value}").performClick()
        onNodeWithContentDescription("Burn ${burner.jid.value}").performClick()
        assertEquals(listOf("create", "open 7", "burn 7"), asked)
    }

    @Test
    fun creating() {
        val steps = listOf(Step.Sealed(Jid("burner.test"), Route.ONION), Step.Connected(null), Step.Secured, Step.Registered)
        screen("creating", ready.copy(work = Work.Creating(steps))) {
            onNodeWithText("✓ Registered").assertIsDisplayed()
            onNodeWithText("New burner").assertDoesNotExist()
            onNodeWithContentDescription("Burn ${burner.jid.value}").assertIsNotEnabled()
            onNodeWithText("Cancel").performClick()
            assertEquals(listOf("cancel"), asked)
        }
    }

    @Test
    fun aQuestion() {
        val png = ByteArrayOutputStream().also { ImageIO.write(BufferedImage(200, 60, TYPE_INT_RGB), "png", it) }
        val picture = Picture(png.toByteArray(), PictureFormat.PNG, 200, 60)
        val fields = listOf(
            Field("Enter what you see", FieldKind.Text, true, true, null, picture),
            Field("A colour", FieldKind.One(listOf("red", "green")), false, false, null, null),
        )
        val question = Question(Question.Id(3), BurnerId("8"), Jid("burner.test"), QuestionForm("Register", "Prove that you are a person", fields))
        screen("question", ready.copy(work = Work.Creating(listOf(Step.Sealed(Jid("burner.test"), Route.ONION))), question = question)) {
            onNodeWithText("burner.test asks").assertIsDisplayed()
            onNodeWithText("Prove that you are a person").assertIsDisplayed()
            onNodeWithContentDescription("What the server shows").assertIsDisplayed()
            onNodeWithText("A colour (may be left out)").assertIsDisplayed()
            onNodeWithText("Enter what you see").performTextInput("w84pd")
            onNodeWithContentDescription("green").performClick()
            onNodeWithText("Answer").performClick()
            onNodeWithText("Ask me something else").performClick()
            onNodeWithText("Take another server").performScrollTo().performClick()
            assertEquals(listOf("{0=w84pd, 1=[1]}", "ask anew", "decline"), asked)
        }
    }

    @Test
    fun burning() = screen("burning", ready.copy(work = Work.Burning(BurnerId("7"), listOf(Step.LoggedIn, Step.Removed)))) {
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
        val vault = VaultReport(lost = 2, incomplete = true, oldKeyKept = true)
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
    fun everyActionHasItsSentenceAndElevenErrorsHaveTheirOwn() {
        val sentences = listOf(
            FlashpaperException.Offline(), FlashpaperException.ClockWrong(null), FlashpaperException.Obsolete(),
            FlashpaperException.Timeout(), FlashpaperException.Untrusted(), FlashpaperException.VaultLocked(),
            FlashpaperException.StorageFull(), FlashpaperException.InUse(), FlashpaperException.InvalidInput(Input.Server),
            FlashpaperException.Internal(), FlashpaperException.Closed(), FlashpaperException.Auth(),
            FlashpaperException.NoSuchBurner(), FlashpaperException.NotPrivate(), FlashpaperException.NothingAsked(),
            FlashpaperException.PeerBlocked(), FlashpaperException.OutboxFull(), FlashpaperException.Unreadable(),
            FlashpaperException.OtherKeyVerified(), FlashpaperException.OtherKeyInUse(),
            FlashpaperException.BadAnswer(), FlashpaperException.QuestionExpired(),
        ).map { words(it) }
        assertEquals(Action.entries.size + 11, sentences.toSet().size)
    }

    /** Printing an answer shows nothing of it. */
    private fun told(answer: FieldAnswer) = when (answer) {
        is FieldAnswer.Text -> answer.text
        is FieldAnswer.YesNo -> answer.yes
        is FieldAnswer.Chosen -> answer.places
    }

    private fun screen(
        name: String,
        state: BurnersState,
        dark: Boolean = false,
        look: ComposeContentTestRule.() -> Unit,
    ) = seen(name, dark, { BurnersScreen(state, actions, dark) { loadImageBitmap(it.bytes.inputStream()) } }, look)
}
