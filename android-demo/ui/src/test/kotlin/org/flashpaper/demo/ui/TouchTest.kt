package org.flashpaper.demo.ui

import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.input.pointer.PointerEventType
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.semantics.SemanticsActions
import androidx.compose.ui.semantics.SemanticsProperties
import androidx.compose.ui.semantics.getOrNull
import androidx.compose.ui.text.input.TextFieldValue
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlinx.coroutines.test.TestScope
import kotlinx.coroutines.test.runTest
import org.flashpaper.demo.BurnModel
import org.flashpaper.demo.BurnReportModel
import org.flashpaper.demo.ChatModel
import org.flashpaper.demo.Screen
import org.flashpaper.demo.Text
import org.flashpaper.demo.TextKey
import org.flashpaper.demo.ui.design.Written
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Fingers on the screens, down to the models. */
class TouchTest {
    private val phone = Format(360, 740)
    private val Stage.screen get() = app.state.value.screen

    private fun say(key: TextKey) = phone.language.wording.say(Text(key))

    private fun on(scene: String, format: Format = phone, touch: TestScope.(Stage, Paper) -> Unit) = runTest {
        val stage = Stage(this)
        SCENES.single { it.name == scene }.play(stage)
        stage.settle()
        Paper(stage, format).use { touch(stage, it) }
    }

    private fun Paper.center(label: String): Offset = find(label).boundsInRoot.center

    @Test
    fun `nothing is burnt by a touch, and a held one burns`() = on("burn") { stage, paper ->
        val button = paper.center(say(TextKey.BURN_HOLD))
        paper.finger(PointerEventType.Press, button)
        stage.pass(500.milliseconds)
        assertTrue(paper.run { settle(); shows(say(TextKey.BURN_HOLDING)) })
        paper.finger(PointerEventType.Release, button)
        stage.pass(3000.milliseconds)
        assertEquals(1, stage.fake.state.value.burners.size)
        paper.finger(PointerEventType.Press, button)
        stage.pass(1600.milliseconds)
        assertTrue(stage.screen is Screen.BurnReport)
    }

    @Test
    fun `a held button whose screen goes burns nothing`() = on("burn") { stage, paper ->
        paper.finger(PointerEventType.Press, paper.center(say(TextKey.BURN_HOLD)))
        stage.pass(500.milliseconds)
        stage.app.panic()
        paper.settle()
        stage.pass(3000.milliseconds)
        assertEquals(1, stage.fake.state.value.burners.size)
    }

    @Test
    fun `a screen reader burns by two touches`() = on("burn") { stage, paper ->
        paper.touch(say(TextKey.BURN_HOLD))
        assertTrue(stage.screen is Screen.Burn)
        assertEquals(TextKey.BURN_ACCESSIBLE_AGAIN, stage.on<BurnModel>().state.value.action.key)
        paper.touch(say(TextKey.BURN_HOLD))
        assertTrue(stage.screen is Screen.BurnReport)
    }

    @Test
    fun `panic is a touch and a slide, in both directions of writing`() {
        for (format in listOf(phone, phone.copy(language = Language.PERSIAN))) {
            on("chat-private", format) { stage, paper ->
                val words = format.language.wording
                paper.touch(words.say(Text(TextKey.PANIC)))
                assertEquals(Screen.Panic, stage.screen)
                val slider = paper.find(words.say(Text(TextKey.PANIC_SLIDE))).boundsInRoot
                val (from, to) = (slider.left + 30 to slider.right - 5).let { if (format == phone) it else slider.right - 30 to slider.left + 5 }
                fun slide(way: Float) {
                    paper.finger(PointerEventType.Press, Offset(from, slider.center.y))
                    for (step in 1..10) paper.finger(PointerEventType.Move, Offset(from + (to - from) * way * step / 10, slider.center.y))
                    paper.finger(PointerEventType.Release, Offset(from + (to - from) * way, slider.center.y))
                }
                slide(0.5f)
                assertFalse(paper.shows(words.say(Text(TextKey.PANIC_DONE))))
                slide(1f)
                assertTrue(paper.shows(words.say(Text(TextKey.PANIC_DONE))))
            }
        }
    }

    @Test
    fun `a sheet says which burner speaks, as its screen does`() {
        for (scene in listOf("contacts-add", "contacts-own-code")) {
            runTest {
                show(SCENES.single { it.name == scene }, phone) { paper ->
                    assertEquals(2, paper.texts.count { (_, layout) -> layout.layoutInput.text.text.startsWith("You are ") }, scene)
                }
            }
        }
    }

    @Test
    fun `panic is a touch from what lies over a screen, too`() {
        for (scene in listOf("contacts-add", "contacts-own-code", "chat-key-accept", "words-forget", "settings-expiry")) {
            runTest {
                val stage = show(SCENES.single { it.name == scene }, phone) { paper ->
                    val button = paper.all(say(TextKey.PANIC)).last()
                    paper.touch(button)
                }
                assertEquals(Screen.Panic, stage.screen, scene)
            }
        }
    }

    @Test
    fun `back leads from verifying to the chat`() = on("verify-secret") { stage, paper ->
        paper.touch(say(TextKey.BACK))
        assertTrue(stage.screen is Screen.Chat)
        paper.touch(say(TextKey.BACK))
        assertTrue(stage.screen is Screen.Contacts)
    }

    @Test
    fun `a text stays where it could not be sent, and goes once it is`() = on("chat-not-sent") { stage, paper ->
        assertEquals("Do not lose me.", paper.input())
        paper.touch(phone.language.wording.say(stage.on<ChatModel>().state.value.sendLabel))
        assertEquals("", stage.on<ChatModel>().state.value.draft.text)
        assertEquals("", paper.input())
    }

    @Test
    fun `what the model has known for long undoes no letter that came since`() {
        val written = Written("")
        for (text in listOf("a", "ab", "abc")) written.write(TextFieldValue(text))
        written.follow("ab")
        assertEquals("abc", written.value.text)
        written.follow("abc")
        written.follow("")
        assertEquals("", written.value.text)
    }

    @Test
    fun `a chat opens at its newest text, with the line to write below it`() = on("chat-messages", Format(320, 500)) { _, paper ->
        val newest = paper.texts.single { (_, layout) -> layout.layoutInput.text.text.startsWith("Good day! Here it is") }.first.boundsInRoot
        val input = paper.nodes.single { it.config.contains(SemanticsActions.SetText) }.boundsInRoot
        assertTrue(newest.height > 10 && newest.bottom <= input.top)
        assertTrue(input.bottom <= 500)
        assertFalse(paper.shows("hi, is this you?"))
    }

    @Test
    fun `who scrolls is there, and nothing locks`() = on("chat-messages", Format(320, 500)) { stage, paper ->
        repeat(3) {
            stage.pass(4.minutes)
            paper.scroll(Offset(160f, 300f))
        }
        assertTrue(stage.screen is Screen.Chat)
        stage.pass(6.minutes)
        assertEquals(Screen.Unlock, stage.screen)
    }

    @Test
    fun `who was burned does not speak any more`() = on("burned") { stage, paper ->
        val label = stage.on<BurnReportModel>().state.value.badge.label
        fun shows(key: TextKey) = paper.shows(phone.language.wording.say(Text(key, label)))
        assertEquals(true to false, shows(TextKey.BURNER_SPOKE) to shows(TextKey.BURNER_SPEAKS))
    }

    @Test
    fun `a form says which answers are needed, and which are missing`() = on("creating-form") { _, paper ->
        fun count(key: TextKey) = paper.texts.count { (_, layout) -> layout.layoutInput.text.text == say(key) }
        // The box to tick is missing, the one of three is needed, the lines are neither.
        assertEquals(1 to 1, count(TextKey.CREATING_MISSING) to count(TextKey.CREATING_REQUIRED))
        assertEquals(3, paper.nodes.count { it.config.getOrNull(SemanticsProperties.Role) == Role.RadioButton })
        paper.touch("I have read the rules")
        paper.touch(say(TextKey.CREATING_SEND))
        assertEquals(1 to 1, count(TextKey.CREATING_MISSING) to count(TextKey.CREATING_REQUIRED))
        paper.touch("Asia")
        assertEquals(0 to 2, count(TextKey.CREATING_MISSING) to count(TextKey.CREATING_REQUIRED))
    }

    @Test
    fun `large letters do not fold away that the safety code has changed`() {
        val large = Format(320, 740, letters = 2f)
        on("chat-key-changed", large) { _, paper -> assertTrue(paper.shows(say(TextKey.MODE_KEY_CHANGED_TEXT))) }
        on("chat-private", large) { _, paper -> assertFalse(paper.shows(say(TextKey.MODE_PRIVATE_TEXT))) }
    }

    @Test
    fun `a link opens nothing by itself`() = on("chat-link") { stage, paper ->
        assertEquals(emptyList<String>(), stage.asked)
        paper.touch(say(TextKey.CHAT_LINK_OPEN))
        assertEquals(listOf("open https://example.org/flat/12"), stage.asked)
    }

    @Test
    fun `a text with a link has its menu as any other`() = on("chat-link") { stage, paper ->
        stage.on<ChatModel>().cancel()
        paper.settle()
        val (text, layout) = paper.texts.single { (_, layout) -> "https://" in layout.layoutInput.text.text }
        val link = text.boundsInRoot.topLeft + layout.getBoundingBox(layout.layoutInput.text.text.indexOf("https")).center
        paper.finger(PointerEventType.Press, link)
        stage.pass(600.milliseconds)
        paper.finger(PointerEventType.Release, link)
        assertTrue(paper.shows(say(TextKey.COPY)) && !paper.shows(say(TextKey.CHAT_LINK_OPEN)))
        paper.finger(PointerEventType.Press, Offset(1f, 300f))
        paper.finger(PointerEventType.Release, Offset(1f, 300f))
        paper.finger(PointerEventType.Press, link)
        paper.finger(PointerEventType.Release, link)
        assertTrue(paper.shows(say(TextKey.CHAT_LINK_OPEN)))
    }

    @Test
    fun `while the app is covered nothing of it is drawn`() = on("chat-messages") { stage, paper ->
        assertTrue(paper.texts.size > 5)
        stage.app.toBackground()
        paper.settle()
        assertEquals(emptyList<String>(), paper.texts.map { (_, layout) -> layout.layoutInput.text.text })
    }

    @Test
    fun `every picture that is a button has a label for TalkBack`() {
        for (scene in SCENES) {
            runTest {
                show(scene, phone) { paper ->
                    val mute = paper.nodes.filter { it.config.contains(SemanticsActions.OnClick) }.filter { node ->
                        val all = generateSequence(listOf(node)) { level -> level.flatMap { it.children }.ifEmpty { null } }.flatten()
                        all.none { it.config.contains(SemanticsProperties.ContentDescription) || it.config.contains(SemanticsProperties.Text) || it.config.contains(SemanticsActions.SetText) }
                    }
                    assertEquals(emptyList<Any>(), mute.map { it.boundsInRoot }, scene.name)
                }
            }
        }
    }

    private fun Paper.input() =
        nodes.single { it.config.contains(SemanticsActions.SetText) }.config.getOrNull(SemanticsProperties.EditableText)?.text
}
