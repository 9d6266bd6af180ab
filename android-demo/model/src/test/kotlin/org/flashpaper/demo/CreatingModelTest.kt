package org.flashpaper.demo

import org.flashpaper.BurnerId
import org.flashpaper.Event
import org.flashpaper.Field as Asked
import org.flashpaper.FieldKind
import org.flashpaper.FlashpaperException
import org.flashpaper.Jid
import org.flashpaper.Picture
import org.flashpaper.PictureFormat
import org.flashpaper.QuestionForm
import org.flashpaper.Route
import org.flashpaper.ServerWords
import org.flashpaper.Step
import org.flashpaper.WebPage
import org.flashpaper.testing.Op
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class CreatingModelTest {
    private val picture = Picture(byteArrayOf(1, 2, 3), PictureFormat.PNG, 120, 40)
    private val letters = Asked("Letters", FieldKind.Text, required = true, isChallenge = true, picture = picture)
    private val captcha = QuestionForm("Prove it", "Type what you see", listOf(letters))

    private fun Story.asked(form: QuestionForm): CreatingModel {
        fake.ask(form)
        on<StartModel>().start()
        return on()
    }

    private val CreatingModel.question
        get() = checkNotNull(state.value.question)

    @Test
    fun `a server's picture is shown, and its answer makes the burner`() = story {
        val model = asked(captcha)
        // A slip of a finger ends no creation.
        assertFalse(app.state.value.canGoBack)
        val asked = model.question
        assertEquals(Text(TextKey.CREATING_QUESTION), model.state.value.title)
        assertEquals("Letters" to FieldMode.LINE, asked.fields.single().run { label.text to mode })
        assertEquals(QuestionPicture(byteArrayOf(1, 2, 3), 120, 40), asked.fields.single().picture)
        assertTrue(asked.canAskAnew && asked.canSend)

        model.send()
        settle()
        assertEquals(Text(TextKey.CREATING_MISSING), model.question.fields.single().fault)
        model.write(0, "xkcd")
        assertNull(model.question.fields.single().fault)
        assertEquals("xkcd", model.question.fields.single().text.text)
        assertFalse("${model.state.value}".contains("xkcd"))
        // Twice is once.
        model.send()
        model.send()
        assertTrue(screen is Screen.Contacts)
    }

    @Test
    fun `another picture is another question`() = story {
        val model = asked(captcha)
        model.write(0, "typed for the first picture")
        model.askAnew()
        settle()
        assertEquals("", model.question.fields.single().text.text)
    }

    @Test
    fun `all kinds of fields are answered`() = story {
        val form = QuestionForm(
            "", "",
            listOf(
                Asked("secret", FieldKind.Secret, required = false),
                Asked("lines", FieldKind.Lines, required = false),
                Asked("yes", FieldKind.YesNo, required = true),
                Asked("one", FieldKind.One(listOf("a", "b")), required = true),
                Asked("some", FieldKind.Some(listOf("c", "d", "e")), required = true),
            ),
        )
        val model = asked(form)
        val modes = listOf(FieldMode.SECRET, FieldMode.LINES, FieldMode.YES_NO, FieldMode.ONE, FieldMode.SOME)
        assertEquals(modes, model.question.fields.map { it.mode })
        assertNull(model.question.title)
        assertFalse(model.question.canAskAnew)
        model.setYes(2, true)
        model.choose(3, 0)
        model.choose(3, 1)
        model.choose(4, 2)
        model.choose(4, 0)
        model.choose(4, 2)
        val fields = model.question.fields
        assertTrue(fields[2].yes)
        assertEquals(listOf(false, true), fields[3].options.map { it.chosen })
        assertEquals(listOf(true, false, false), fields[4].options.map { it.chosen })
        model.write(0, "unfit")
        model.setYes(0, true)
        model.send()
        settle()
        assertEquals(Text(TextKey.CREATING_UNFIT), model.question.fields[0].fault)
        model.write(0, "")
        model.send()
        assertTrue(screen is Screen.Contacts)
    }

    @Test
    fun `too few answers are told`() = story {
        val either = Asked("either", FieldKind.Text, required = false, isChallenge = true)
        val model = asked(QuestionForm("", "", listOf(either, either), choose = 1))
        model.send()
        settle()
        assertEquals(Text(TextKey.CREATING_TOO_FEW), model.question.fault)
    }

    @Test
    fun `who does not answer goes on at another server`() = story {
        fake.ask(captcha)
        val model = asked(captcha)
        model.decline()
        settle()
        assertNotNull(model.state.value.question)
        assertNull(model.state.value.problem)
        model.decline()
        assertTrue(screen is Screen.Contacts)
    }

    @Test
    fun `who does not answer where there is no other server is told so, and may try again`() = story {
        fake.fail(Op.CREATE, FlashpaperException.Declined())
        on<StartModel>().start()
        val model = on<CreatingModel>()
        assertEquals(TextKey.PROBLEM_DECLINED, model.state.value.problem?.sign?.key)
        model.retry()
        assertTrue(screen is Screen.Contacts)
    }

    @Test
    fun `what a server refuses is told`() = story {
        val cases = mapOf(
            FlashpaperException.ServerRefused() to TextKey.PROBLEM_SERVER_REFUSED,
            FlashpaperException.Quarantined() to TextKey.PROBLEM_QUARANTINED,
            FlashpaperException.RateLimited(null) to TextKey.PROBLEM_WAIT,
            FlashpaperException.BadAnswer() to TextKey.PROBLEM_BAD_ANSWER,
            FlashpaperException.NeedsWeb(WebPage("https://example.org/join")) to TextKey.PROBLEM_WEB,
        )
        on<StartModel>().start()
        for ((error, title) in cases) {
            app.reset(Screen.Burners)
            fake.fail(Op.CREATE, error)
            on<BurnersModel>().create()
            val state = on<CreatingModel>().state.value
            assertEquals(Text(TextKey.CREATING_FAILED) to title, state.title to state.problem?.sign?.key)
            // One button for it.
            assertEquals(true to false, state.canRetry to state.problem?.canRetry)
            assertEquals(if (title == TextKey.PROBLEM_WEB) "https://example.org/join" else null, state.page?.address?.text)
            assertFalse("$state".contains("example.org/join"))
        }
    }

    @Test
    fun `to leave the screen ends the creation`() = story {
        asked(captcha)
        app.back()
        assertEquals(Screen.Burners, screen)
        assertTrue(fake.state.value.burners.isEmpty())
        // The question went with it.
        on<BurnersModel>().create()
        assertTrue(screen is Screen.Contacts)
    }

    @Test
    fun `a creation with an open question outlives a sleep`() = story {
        val model = asked(captcha)
        app.toBackground()
        settle()
        assertNull(model.state.value.question)
        app.toForeground()
        settle()
        assertNotNull(model.state.value.question)
        model.write(0, "seen")
        model.send()
        assertTrue(screen is Screen.Contacts)
    }

    @Test
    fun `the steps are told as they come`() = story {
        val model = asked(captcha)
        val (id, other) = BurnerId("a") to BurnerId("b")
        val steps = listOf(
            Step.Sealed(Jid("one.example"), Route.EXIT),
            Step.MovingOn(Jid("one.example"), FlashpaperException.ServerRefused()),
            Step.Sealed(Jid("two.example"), Route.ONION),
            Step.OtherRoute(Route.EXIT),
            Step.Working(10),
            Step.Working(20),
            Step.ServerSays(ServerWords("welcome")),
        )
        steps.forEach { fake.emit(Event.Creating(id, it)) }
        fake.emit(Event.Creating(other, Step.Registered))
        settle()
        val expected = listOf(
            TextKey.TOR_READY, TextKey.STEP_MOVING_ON, TextKey.STEP_SEALED, TextKey.STEP_OTHER_ROUTE, TextKey.STEP_WORKING,
            TextKey.STEP_SERVER_SAYS,
        )
        assertEquals(expected, model.state.value.steps.map { it.key })
        assertEquals(Text(TextKey.STEP_WORKING, Number(20)), model.state.value.steps[4].text)
        assertEquals("welcome", model.state.value.serverSays?.text)
    }
}
