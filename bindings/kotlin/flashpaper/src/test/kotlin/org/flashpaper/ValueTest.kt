package org.flashpaper

import java.io.File
import java.time.Instant
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Values, without the library. */
class ValueTest {
    @Test
    fun aFingerprintIsReadAsPeopleWriteIt() {
        val shown = "01234567 89ABCDEF 01234567 89ABCDEF 01234567"
        assertEquals(shown, Fingerprint.parse(shown)?.digits)
        assertEquals(shown, Fingerprint.parse("0123456789abcdef0123456789abcdef01234567\n")?.digits)
        for (wrong in listOf("", "0123", shown + "0", shown.replace('A', 'G'), "٠".repeat(40))) {
            assertNull(Fingerprint.parse(wrong))
        }
    }

    @Test
    fun printingShowsNothing() {
        val key = checkNotNull(Fingerprint.parse("ab".repeat(20)))
        val peer = Jid("someone@burner.test")
        val chat = ChatState(peer, "a friend", key = key, keys = listOf(PeerKey(key)), question = Comparison.Asked("who?"))
        val burner = BurnerState(
            BurnerId("1f"), peer, Route.EXIT, Phase.ACTIVE, Instant.EPOCH, "a name", Connection.Offline, History.None, null,
            emptyList(), listOf(chat), null,
        )
        val blocked = FlashpaperException.NeedsWeb(WebPage("https://page"))
        val field = Field(
            "Enter", FieldKind.One(listOf("crimson")), required = true, preset = FieldAnswer.Text("w84pd"),
            picture = Picture("picture".toByteArray(), PictureFormat.JPEG, 290, 80),
        )
        val question = Question(Question.Id(3), burner.id, peer, QuestionForm("A title", "Instruction", listOf(field)))
        val secret = "secret".toByteArray()
        val values = listOf(
            State(1, Life.AWAKE, NetworkKind.PUBLIC, Tor.Blocked(blocked), listOf(burner), VaultReport()),
            burner, chat, key, peer, blocked, question, question.form, field, field.kind,
            Answer.Fields(mapOf(0 to FieldAnswer.Text("w84pd"))), FieldAnswer.Text("w84pd"),
            Message(MessageId(1), peer, "secret", Instant.EPOCH, MessageState.Failed(FailReason.UNREAD), Security.PRIVATE),
            Event.Notice(burner.id, peer, Notice.PeerError("secret")),
            Event.Comparison(burner.id, peer, Comparison.Asked("secret")),
            Event.Creating(burner.id, Step.ServerSays(ServerWords("secret"))),
            Event.Creating(burner.id, Step.MovingOn(peer, FlashpaperException.Quarantined())),
            Step.Sealed(peer, Route.ONION), Progress.Working(peer, null), Progress.Asks(question),
            Config(File("/secret"), Key.Passphrase(secret)), Key.Passphrase(secret), Key.Source(Keys(), secret),
            Entry.Bridges(listOf("secret")), Transport("secret", "secret"),
            CreateOptions("burner.test", invitation = "secret"), MeantWord("secret"),
            FlashpaperException.InvalidInput(Input.Words(WordsError.Unknown(1, MeantWord("secret")))),
            TicketedPanic(PanicReport(), secret), PendingRemoval(burner.id, peer, Instant.EPOCH, Instant.EPOCH, false),
        )
        val hidden = listOf(
            "someone", "burner.test", "friend", "a name", "abab", "who?", "//page", "crimson", "w84pd", "title", "instruct",
            "\"enter", "secret",
        )
        for (value in values) {
            val shown = "$value".lowercase()
            for (text in hidden) assertFalse(shown.contains(text), "$text in $shown")
        }
        assertTrue("${Event.Question(burner.id, question.id)}".contains("1f"))
    }

    @Test
    fun errorsAreEqualByTheirDetails() {
        assertEquals(FlashpaperException.ClockWrong(null), FlashpaperException.ClockWrong(null))
        assertFalse(FlashpaperException.Unanswerable(FormFault.KIND) == FlashpaperException.Unanswerable(FormFault.WORK))
        assertFalse(FlashpaperException.Timeout() as Any == FlashpaperException.Offline())
    }

    @Test
    fun aPictureHasItsMediaType() {
        assertEquals("image/jpeg" to "image/png", PictureFormat.JPEG.mediaType to PictureFormat.PNG.mediaType)
    }
}
