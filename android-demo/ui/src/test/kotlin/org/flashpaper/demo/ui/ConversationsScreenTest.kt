package org.flashpaper.demo.ui

import androidx.compose.ui.test.assertIsDisplayed
import androidx.compose.ui.test.assertIsNotEnabled
import androidx.compose.ui.test.assertIsOff
import androidx.compose.ui.test.hasSetTextAction
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.junit4.ComposeContentTestRule
import androidx.compose.ui.test.onNodeWithContentDescription
import androidx.compose.ui.test.onNodeWithText
import androidx.compose.ui.test.performClick
import androidx.compose.ui.test.performScrollTo
import androidx.compose.ui.test.performTextInput
import java.time.Instant
import java.util.concurrent.TimeUnit.MINUTES
import org.flashpaper.BurnerId
import org.flashpaper.BurnerState
import org.flashpaper.ChatState as Conversation
import org.flashpaper.Comparison
import org.flashpaper.Connection
import org.flashpaper.FailReason
import org.flashpaper.Fingerprint
import org.flashpaper.FlashpaperException
import org.flashpaper.History
import org.flashpaper.Jid
import org.flashpaper.Message
import org.flashpaper.MessageId
import org.flashpaper.MessageState
import org.flashpaper.Notice
import org.flashpaper.PeerKey
import org.flashpaper.Phase
import org.flashpaper.Route
import org.flashpaper.Security
import org.flashpaper.Relationship
import org.flashpaper.demo.ChatNews
import org.flashpaper.demo.ChatState
import org.flashpaper.demo.ConversationsActions
import org.flashpaper.demo.ConversationsState
import org.flashpaper.demo.OwnKey
import org.flashpaper.demo.PeerNews
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.Timeout

/** A burner's screens in each state, as a person has them. */
@Timeout(2, unit = MINUTES)
class ConversationsScreenTest {
    private val asked = mutableListOf<String>()
    private val actions = object : ConversationsActions {
        override fun add(address: String) = asked.plusAssign("add $address")
        override fun open(peer: Jid) = asked.plusAssign("open ${peer.value}")
        override fun showEarlier() = asked.plusAssign("earlier")
        override fun leave() = asked.plusAssign("leave")
        override fun send(text: String) = asked.plusAssign("send $text")
        override fun accept() = asked.plusAssign("accept")
        override fun block(blocked: Boolean) = asked.plusAssign("block $blocked")
        override fun startPrivate() = asked.plusAssign("start")
        override fun endPrivate() = asked.plusAssign("end")
        override fun acceptKey(key: Fingerprint) = asked.plusAssign("accept ${key.digits}")
        override fun setVerified(key: Fingerprint, verified: Boolean) = asked.plusAssign("verified ${key.digits} $verified")
        override fun compare(secret: String, question: String?) = asked.plusAssign("compare $secret, $question")
        override fun answer(secret: String, question: String?) = asked.plusAssign("answer $secret, $question")
        override fun abortComparison() = asked.plusAssign("abort")
        override fun dismiss() = asked.plusAssign("dismiss")
    }

    private val unverified = "Private, not verified: could be read by your server or your contact's server"
    private val theirs = "01234567 89ABCDEF 01234567 89ABCDEF 01234567"
    private val ours = "AAAAAAAA BBBBBBBB CCCCCCCC DDDDDDDD EEEEEEEE"
    private val burner = BurnerState(
        BurnerId("7"), Jid("quietharbor@burner.test"), Route.ONION, Phase.ACTIVE, Instant.EPOCH, null, Connection.Online, History.None,
        null, emptyList(), emptyList(), null,
    )
    private val key = checkNotNull(Fingerprint.parse(theirs))
    private val peer = Conversation(
        peer = Jid("friend@burner.test"), security = Security.PRIVATE, version = 3,
        key = key, keys = listOf(PeerKey(key)), present = true, unread = 2,
    )
    private val own = OwnKey(checkNotNull(Fingerprint.parse(ours)), "xmpp:quietharbor@burner.test?otr-fingerprint=AA")
    private val contacts = ConversationsState(burner, Connection.Online, listOf(peer), own)

    @Test
    fun contacts() = screen("contacts", contacts) {
        onNodeWithText("Connected").assertIsDisplayed()
        onNodeWithText(own.uri).assertIsDisplayed()
        onNodeWithText("There, 2 unread. $unverified").assertIsDisplayed()
        onNodeWithText("Add").assertIsNotEnabled()
        write("Address or xmpp: link", "b@burner.test")
        onNodeWithText("Add").performClick()
        onNodeWithContentDescription("Open friend@burner.test").performClick()
        onNodeWithText("Back").performClick()
        assertEquals(listOf("add b@burner.test", "open friend@burner.test", "back"), asked)
    }

    @Test
    fun anAddressThatIsNone() {
        val failed = contacts.copy(connection = Connection.Connecting, failed = FlashpaperException.NotPrivate())
        screen("contacts-failed", failed) {
            onNodeWithText("There is no private conversation.").assertIsDisplayed()
            onNodeWithText("Dismiss").performClick()
            assertEquals(listOf("dismiss"), asked)
        }
    }

    @Test
    fun newsOfPeersIsToldBesideTheListOfThem() {
        val news = listOf(
            PeerNews(Jid("burner.test"), ChatNews.Noticed(Notice.Unreadable)),
            PeerNews(Jid("stranger@burner.test"), ChatNews.Noticed(Notice.StrangerForgotten)),
        )
        screen("contacts-news", contacts.copy(news = news)) {
            onNodeWithText("burner.test: A message could not be read.", substring = true).assertIsDisplayed()
            onNodeWithText("stranger@burner.test: Too many strangers", substring = true).assertIsDisplayed()
            onNodeWithText("Dismiss").performClick()
            assertEquals(listOf("dismiss"), asked)
        }
        assertFalse("$news".contains("burner.test"), "what could get into a log: $news")
    }

    @Test
    fun aChatInPrivate() {
        val messages = listOf(
            message(1, "good day", MessageState.Taken), message(2, "hello", MessageState.Delivered),
            message(3, "later", MessageState.Failed(FailReason.OTHER_KEY)),
        )
        screen("chat", chat(peer, messages)) {
            onNodeWithText(unverified).assertIsDisplayed()
            onNodeWithText("came in private, not verified").assertIsDisplayed()
            onNodeWithText("delivered").assertIsDisplayed()
            onNodeWithText("was for another key").assertIsDisplayed()
            write("Message", "bye")
            onNodeWithText("Send").performClick()
            onNodeWithText("End").performClick()
            onNodeWithText("Block").performScrollTo().performClick()
            assertEquals(listOf("send bye", "end", "block true"), asked)
        }
    }

    @Test
    fun earlierMessagesAreAskedForWhereThereAreSome() {
        val messages = listOf(message(7, "good day", MessageState.Taken))
        screen("chat-all", chat(peer, messages)) { onNodeWithText("Earlier messages").assertDoesNotExist() }
        screen("chat-earlier", contacts.copy(chat = ChatState(peer, messages, hasEarlier = true))) {
            onNodeWithText("Earlier messages").performClick()
            onNodeWithText("good day").assertIsDisplayed()
        }
        assertEquals(listOf("earlier"), asked)
    }

    @Test
    fun everyLockHasItsWordsAndWhatCanBeDone() {
        val plain = peer.copy(security = Security.PLAINTEXT, key = null)
        screen("chat-plain", chat(plain)) {
            onNodeWithText("Not private yet: nothing is sent").assertIsDisplayed()
            onNodeWithText("Verify").assertDoesNotExist()
            onNodeWithText("Start private conversation").performClick()
        }
        screen("chat-verified-dark", chat(peer.copy(security = Security.VERIFIED)), dark = true) {
            onNodeWithText("Private and verified").assertIsDisplayed()
        }
        screen("chat-finished", chat(peer.copy(security = Security.FINISHED, key = null))) {
            onNodeWithText("The peer has ended it: nothing is sent").assertIsDisplayed()
            onNodeWithText("Start private conversation").performClick()
            onNodeWithText("End").performClick()
        }
        screen("chat-key-changed", chat(peer.copy(security = Security.KEY_CHANGED))) {
            onNodeWithText("Another key than before: nothing is sent").assertIsDisplayed()
            onNodeWithText("Accept the new key").performClick()
            onNodeWithText("End").performClick()
        }
        assertEquals(listOf("start", "start", "end", "accept $theirs", "end"), asked)
    }

    @Test
    fun eachMessageSaysHowPrivateItCame() {
        val words = mapOf(
            Security.PLAINTEXT to "came in the clear", Security.PRIVATE to "came in private, not verified",
            Security.VERIFIED to "came in private, verified", Security.KEY_CHANGED to "came from another key than before",
        )
        for ((security, word) in words) {
            val message = message(1, "good day", MessageState.Taken).copy(security = security)
            screen("message-$security".lowercase(), chat(peer, listOf(message))) { onNodeWithText(word).assertIsDisplayed() }
        }
    }

    @Test
    fun aStrangerIsAcceptedOrBlocked() {
        val stranger = peer.copy(relationship = Relationship.STRANGER, security = Security.PLAINTEXT, key = null)
        screen("chat-stranger", chat(stranger)) {
            onNodeWithText("Send").assertDoesNotExist()
            onNodeWithText("Start private conversation").assertDoesNotExist()
            onNodeWithText("Accept").performClick()
            onNodeWithText("Block").performClick()
        }
        screen("chat-blocked", chat(stranger.copy(relationship = Relationship.BLOCKED))) { onNodeWithText("Unblock").performClick() }
        assertEquals(listOf("accept", "block true", "block false"), asked)
    }

    @Test
    fun digitsAreComparedOrAQuestionAsked() = screen("verify", chat(peer)) {
        onNodeWithText("Verify").performClick()
        mainClock.advanceTimeByFrame()
        onNodeWithText(ours).assertIsDisplayed()
        onNodeWithText(theirs).assertIsDisplayed()
        onNodeWithContentDescription("I have compared them").assertIsOff().performClick()
        write("Question, readable by the peer", "whose?")
        write("The right answer", "cat")
        onNodeWithText("Ask").performScrollTo().performClick()
        assertEquals(listOf("verified $theirs true", "compare cat, whose?"), asked)
    }

    @Test
    fun aQuestionIsAnswered() = screen("answer", chat(peer.copy(question = Comparison.Asked("whose?")))) {
        onNodeWithText("The peer asks for a comparison: see Verify.").assertIsDisplayed()
        onNodeWithText("Verify").performClick()
        mainClock.advanceTimeByFrame()
        onNodeWithText("The peer asks: whose?").assertIsDisplayed()
        write("Answer", "cat")
        onNode(hasText("Answer") and !hasSetTextAction()).performScrollTo().performClick()
        onNodeWithText("End the comparison").performScrollTo().performClick()
        assertEquals(listOf("answer cat, whose?", "abort"), asked)
    }

    @Test
    fun everyNewsHasItsSentenceAndWordsOfStrangersAreNotShown() {
        val news = listOf(
            Comparison.Asked(null), Comparison.Verified, Comparison.VerifiedUs, Comparison.Different, Comparison.Aborted,
        ).map { ChatNews.Compared(it) } + listOf(
            Notice.Unreadable, Notice.PeerError("click here"), Notice.OtherVersion, Notice.Mirror, Notice.Malformed,
            Notice.OtherKey, Notice.InboxFull,
            Notice.TimerChanged,
            Notice.StrangerForgotten,
        ).map { ChatNews.Noticed(it) }
        val sentences = news.map { words(it) }
        assertEquals(news.size, sentences.toSet().size)
        assertEquals(emptyList<String>(), sentences.filter { "click" in it })
    }

    private fun chat(peer: Conversation, messages: List<Message> = emptyList()) =
        contacts.copy(chat = ChatState(peer, messages))

    private fun message(id: Long, text: String, state: MessageState) =
        Message(MessageId(id), peer.peer, text, Instant.EPOCH, state, Security.PRIVATE, maybeTwice = false)

    private fun ComposeContentTestRule.write(field: String, text: String) {
        onNode(hasText(field) and hasSetTextAction()).performScrollTo().performTextInput(text)
        mainClock.advanceTimeByFrame()
    }

    private fun screen(
        name: String,
        state: ConversationsState,
        dark: Boolean = false,
        look: ComposeContentTestRule.() -> Unit,
    ) = seen(name, dark, { ConversationsScreen(state, actions, { asked += "back" }, dark) }, look)
}
