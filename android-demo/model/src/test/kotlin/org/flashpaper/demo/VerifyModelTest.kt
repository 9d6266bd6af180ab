package org.flashpaper.demo

import org.flashpaper.Event
import org.flashpaper.FlashpaperException
import org.flashpaper.Jid
import org.flashpaper.Notice as PeerNotice
import org.flashpaper.testing.FakePeer
import org.flashpaper.testing.Op
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class VerifyModelTest {
    private fun Story.verify(): Pair<VerifyModel, FakePeer> {
        val (chat, peer) = chat()
        chat.act(ChatAct.START_PRIVATE)
        settle()
        chat.act(ChatAct.VERIFY)
        return on<VerifyModel>() to peer
    }

    @Test
    fun `the same secret verifies, however it is typed`() = story {
        val (model, peer) = verify()
        peer.knows("the old cat")
        assertFalse(model.state.value.canCompare)
        model.writeQuestion("Who lives here?")
        model.writeSecret("  The OLD\u00A0 Cat ")
        assertFalse("${model.state.value}".contains("OLD"))
        assertTrue(model.state.value.canCompare)
        model.compare()
        settle()
        assertEquals(TextKey.VERIFY_SAME to Tone.GOOD, model.state.value.result?.run { key to tone })
        assertEquals("" to null, model.state.value.run { secret.text.text to waits })
        assertEquals(TextKey.MODE_VERIFIED, model.state.value.lock.key)
        // Back leads to the chat, and the result is not told there once more.
        app.back()
        assertEquals(Mode.VERIFIED to null, on<ChatModel>().state.value.run { mode to note })
    }

    @Test
    fun `another secret is a mistake or somebody else`() = story {
        val (model, peer) = verify()
        peer.knows("cat")
        model.writeSecret("dog")
        model.compare()
        settle()
        assertEquals(Text(TextKey.VERIFY_DIFFERENT), model.state.value.result?.text)
        assertEquals(Text(TextKey.VERIFY_DIFFERENT_TEXT), model.state.value.resultText)
        model.dismiss()
        assertNull(model.state.value.result)
    }

    @Test
    fun `it waits for the answer, and can be stopped`() = story {
        val (model, _) = verify()
        model.writeSecret("cat")
        model.compare()
        settle()
        assertEquals(Text(TextKey.VERIFY_WAITS) to true, model.state.value.run { waits to canAbort })
        assertFalse(model.state.value.canCompare)
        model.abort()
        settle()
        assertEquals(Text(TextKey.VERIFY_ABORTED) to null, model.state.value.run { result?.text to waits })
    }

    @Test
    fun `one that waits is there again on the way back, until it has ended`() = story {
        val (model, _) = verify()
        model.writeSecret("cat")
        model.compare()
        settle()
        val again = {
            app.back()
            on<ChatModel>().act(ChatAct.VERIFY)
            on<VerifyModel>().state.value
        }
        assertEquals(Text(TextKey.VERIFY_WAITS) to true, again().run { waits to canAbort })
        on<VerifyModel>().abort()
        settle()
        assertNull(again().waits)
        on<VerifyModel>().run {
            writeSecret("cat")
            compare()
        }
        app.back()
        on<ChatModel>().act(ChatAct.END_PRIVATE)
        settle()
        on<ChatModel>().act(ChatAct.START_PRIVATE)
        settle()
        on<ChatModel>().act(ChatAct.VERIFY)
        assertNull(on<VerifyModel>().state.value.waits)
    }

    @Test
    fun `a result that comes where nobody looks is told in the chat`() = story {
        val (model, peer) = verify()
        model.writeSecret("cat")
        model.compare()
        settle()
        app.back()
        peer.knows("cat")
        assertEquals(Text(TextKey.VERIFY_SAME) to Tone.GOOD, on<ChatModel>().state.value.note?.run { text to tone })
    }

    @Test
    fun `no notice hides that a secret was another`() = story {
        val (model, peer) = verify()
        model.writeSecret("cat")
        model.compare()
        settle()
        app.back()
        peer.knows("dog")
        val different = Text(TextKey.VERIFY_DIFFERENT)
        assertEquals(different, on<ChatModel>().state.value.note?.text)
        val burner = fake.state.value.burners.single().id
        fake.emit(Event.Notice(burner, peer.jid, PeerNotice.PeerError("bye")))
        for (stranger in 1..30) fake.emit(Event.Notice(burner, Jid("s$stranger@example.net"), PeerNotice.Malformed))
        assertEquals(different, on<ChatModel>().state.value.note?.text)
        on<ChatModel>().dismiss()
        fake.emit(Event.Notice(burner, peer.jid, PeerNotice.PeerError("bye")))
        assertEquals(Text(TextKey.NOTE_PEER_ERROR), on<ChatModel>().state.value.note?.text)
    }

    @Test
    fun `the contact's question is answered, which verifies the user alone`() = story {
        val (model, peer) = verify()
        peer.asks("Where did we meet?", "paris", fake.state.value.burners.single().id)
        settle()
        val asked = model.state.value
        assertEquals("Where did we meet?" to Text(TextKey.VERIFY_ANSWER), asked.asked?.question?.text to asked.button)
        assertEquals(Text(TextKey.VERIFY_ASKED_EXPLANATION), asked.explanation)
        model.writeSecret("Paris")
        model.compare()
        settle()
        assertEquals(Text(TextKey.VERIFY_SAME_YOU) to TextKey.MODE_VERIFIED_YOU, model.state.value.run { result?.text to lock.key })

        peer.asks(null, "rome", fake.state.value.burners.single().id)
        settle()
        assertEquals(Text(TextKey.VERIFY_ASKED_PLAIN_EXPLANATION) to Asked(null), model.state.value.let { it.explanation to it.asked })
        model.writeSecret("Rome")
        model.compare()
        settle()
        assertEquals(Text(TextKey.VERIFY_SAME), model.state.value.result?.text)
    }

    @Test
    fun `a blank secret proves nothing`() = story {
        val (model, _) = verify()
        model.writeSecret(" \u3000 ")
        model.compare()
        settle()
        assertEquals(Text(TextKey.VERIFY_EMPTY) to null, model.state.value.run { secret.fault to waits })
    }

    @Test
    fun `digits are read aloud, and count for the key that was shown`() = story {
        val (model, peer) = verify()
        model.choose(VerifyWay.DIGITS)
        settle()
        val shown = model.state.value
        assertEquals(Text(TextKey.VERIFY_DIGITS_EXPLANATION), shown.explanation)
        assertEquals(List(10) { 4 } to List(10) { 4 }, shown.own?.map { it.text.length } to shown.theirs?.map { it.text.length })
        assertTrue(shown.canConfirmDigits)
        model.confirmDigits()
        settle()
        assertEquals(TextKey.MODE_VERIFIED to true, model.state.value.run { lock.key to canTakeBack })
        assertFalse(model.state.value.canConfirmDigits)
        model.takeBack()
        settle()
        assertEquals(TextKey.MODE_KEY_CHANGED, model.state.value.lock.key)
        // A key that comes at the moment of the touch was not compared.
        peer.changesKey()
        model.confirmDigits()
        settle()
        assertEquals(TextKey.MODE_KEY_CHANGED, model.state.value.lock.key)
    }

    @Test
    fun `a changed key is verified by a secret`() = story {
        val (model, peer) = verify()
        peer.changesKey()
        settle()
        assertEquals(TextKey.MODE_KEY_CHANGED, model.state.value.lock.key)
        peer.knows("cat")
        model.writeSecret("cat")
        model.compare()
        settle()
        assertEquals(TextKey.MODE_VERIFIED, model.state.value.lock.key)
    }

    @Test
    fun `without a private chat it says so`() = story {
        val (model, peer) = verify()
        peer.endsPrivate()
        settle()
        assertEquals(Text(TextKey.VERIFY_NOT_PRIVATE) to false, model.state.value.run { explanation to secret.enabled })
        assertNull(model.state.value.theirs)
        model.writeSecret("cat")
        assertFalse(model.state.value.canCompare)
    }

    @Test
    fun `what does not work is told, and the secret stays`() = story {
        val (model, _) = verify()
        fake.fail(Op.COMPARE, FlashpaperException.Storage())
        model.writeSecret("cat")
        model.compare()
        settle()
        assertEquals(TextKey.PROBLEM_DAMAGED to "cat", model.state.value.run { note?.text?.key to secret.text.text })
        assertNull(model.state.value.waits)
    }
}
