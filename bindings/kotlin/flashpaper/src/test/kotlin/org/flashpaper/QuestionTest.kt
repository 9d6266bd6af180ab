package org.flashpaper

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** What a server asks and says, as values: no engine and no lab. */
class QuestionTest {
    private val seen = Field(
        label = "Enter what you see",
        kind = FieldKind.Text,
        required = true,
        isChallenge = true,
        preset = null,
        picture = Picture(byteArrayOf(1, 2, 3), PictureFormat.JPEG, 290u, 80u),
    )
    private val colour = Field("A colour", FieldKind.One(listOf("crimson", "green")), false, false, Answer.Chosen(listOf(1u)), null)
    private val question = Question("3".toULong(), "1f", "burner.test", QuestionForm("A title", "What to do", listOf(seen, colour), 0u))

    @Test
    fun printingShowsNoTextOfAServerOrAPerson() {
        val answers = mapOf(0 to Answer.Text("w84pd"), 1 to Answer.YesNo(true))
        val steps = listOf(
            Step.ServerSays(ServerWords("come in")),
            Step.MovingOn("burner.test", FlashpaperException.Quarantined()),
        )
        val options = CreateOptions(invitation = "xmpp:burner.test?register;preauth=token")
        val shown = "$question $answers $steps $options ${Event.Creating("1f", steps[0])}"
        for (text in listOf("burner.test", "title", "What", "Enter", "colour", "crimson", "w84pd", "come in", "token")) {
            assertFalse(shown.contains(text), "$text in $shown")
        }
        assertTrue(shown.startsWith("Question { id: QuestionId(3)"), shown)
        val asked = Event.Question("1f", 3u)
        assertEquals("Question { burner: BurnerId(\"1f\"), question: QuestionId(3) }", "$asked")
    }

    @Test
    fun aPictureHasItsMediaType() {
        assertEquals("image/jpeg", question.form.fields[0].picture?.format?.mediaType)
        assertEquals("image/png", PictureFormat.PNG.mediaType)
    }

    @Test
    fun newErrorsHaveTheirCodesAndActions() {
        val told = mapOf(
            FlashpaperException.NeedsInvite() to ("needs_invite" to Action.CHOOSE_SERVER),
            FlashpaperException.BadAnswer() to ("bad_answer" to Action.TRY_LATER),
            FlashpaperException.Declined() to ("declined" to Action.NOTHING),
            FlashpaperException.QuestionExpired() to ("question_expired" to Action.TRY_LATER),
            FlashpaperException.NoSuchQuestion() to ("no_such_question" to Action.NOTHING),
            FlashpaperException.WeakPassword() to ("weak_password" to Action.CHOOSE_SERVER),
            FlashpaperException.ReservedNameTaken() to ("reserved_name_taken" to Action.CORRECT_INPUT),
            FlashpaperException.PolicyDenied() to ("policy_denied" to Action.CHOOSE_SERVER),
            FlashpaperException.Quarantined() to ("quarantined" to Action.CHOOSE_SERVER),
            FlashpaperException.ServerFailed() to ("server_failed" to Action.TRY_LATER),
            FlashpaperException.Unanswerable(FormFault.NOBODY_TO_ASK) to ("nobody_to_ask" to Action.CHOOSE_SERVER),
            FlashpaperException.Unanswerable(FormFault.KIND) to ("unknown_challenge" to Action.CHOOSE_SERVER),
            FlashpaperException.Unanswerable(FormFault.WORK) to ("too_much_work" to Action.CHOOSE_SERVER),
            FlashpaperException.Unanswerable(FormFault.PICTURE) to ("bad_picture" to Action.CHOOSE_SERVER),
            FlashpaperException.Unanswerable(FormFault.PICTURE_LOST) to ("picture_lost" to Action.TRY_LATER),
            FlashpaperException.InvalidInput(Input.Answer(AnswerFault.Missing(1u))) to ("invalid_input" to Action.CORRECT_INPUT),
        )
        for ((error, expected) in told) assertEquals(expected, error.code to error.action)
    }
}
