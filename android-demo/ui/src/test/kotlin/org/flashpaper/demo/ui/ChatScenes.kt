package org.flashpaper.demo.ui

import org.flashpaper.BurnerId
import org.flashpaper.Connection
import org.flashpaper.FailReason
import org.flashpaper.FlashpaperException
import org.flashpaper.History
import org.flashpaper.Phase
import org.flashpaper.Tor
import org.flashpaper.demo.BurnersModel
import org.flashpaper.demo.ChatAct
import org.flashpaper.demo.ChatModel
import org.flashpaper.demo.ContactsModel
import org.flashpaper.demo.TextKey
import org.flashpaper.demo.VerifyModel
import org.flashpaper.demo.VerifyWay
import org.flashpaper.testing.FakePeer
import org.flashpaper.testing.Op

private const val FRIEND = "friend@example.net"

/** Each state of a conversation, and how somebody is verified. */
internal val CHATS: List<Scene> = listOf(
    Scene("chat-plain") {
        chat().sends("hi, is this you?", only)
    },
    Scene("chat-waiting") {
        chat().goesOffline()
        says("Are you still looking for a flat?")
    },
    Scene("chat-private") { private() },
    Scene("chat-messages") {
        val friend = chat()
        friend.sends("hi, is this you?", only)
        for (text in listOf("Yes. One moment, I make it private.", "The flat is on the third floor.", "Shall we meet at noon?")) says(text)
        val last = on<ChatModel>().state.value.bubbles.last()
        friend.confirms(false)
        says("I bring the papers.")
        friend.sends("Good day! Here it is: https://example.org/flat/12", only)
        friend.fails(last.id, FailReason.UNREACHABLE, only)
    },
    Scene("chat-verified") {
        val friend = private()
        fake.burner(only)?.chat(friend.jid)?.setVerified(friend.key, true)
        friend.sends("See you at noon.", only)
    },
    Scene("chat-they-verified-you") {
        val friend = private()
        friend.asks("Where did we meet?", "paris", only)
        fake.burner(only)?.chat(friend.jid)?.answer("paris", "Where did we meet?")
    },
    Scene("chat-burning") {
        val friend = private()
        var phase = Phase.ACTIVE
        reopen { library -> Changed(library) { it.copy(phase = phase) } }
        openChat(friend) { phase = Phase.BURNING }
    },
    Scene("chat-asked") {
        private().asks("Where did we meet?", "paris", only)
    },
    Scene("chat-key-changed") {
        val friend = private()
        friend.changesKey()
        friend.sends("I have a new phone.", only)
    },
    Scene("chat-key-accept") {
        private().changesKey()
        on<ChatModel>().act(ChatAct.ACCEPT_KEY)
    },
    Scene("chat-menu", touch = TextKey.MORE) { private().changesKey() },
    Scene("chat-finished") { private().endsPrivate() },
    Scene("chat-stranger") {
        val burner = burner()
        val stranger = peer("stranger@example.com")
        stranger.sends("hello, do you sell the bicycle?", burner)
        on<ContactsModel>().open(stranger.jid)
    },
    Scene("chat-blocked") {
        val friend = private()
        fake.burner(only)?.chat(friend.jid)?.setBlocked(true)
    },
    Scene("chat-held-back") {
        private()
        fake.setConnection(only, Connection.Quarantined)
    },
    Scene("chat-offline") {
        private()
        fake.setTor(Tor.Blocked(FlashpaperException.Offline()))
    },
    Scene("chat-link") {
        private().sends("Here it is: https://example.org/flat/12", only)
        on<ChatModel>().touchLink("https://example.org/flat/12")
    },
    Scene("chat-empty") { chat() },
    Scene("chat-not-sent") {
        chat()
        fake.fail(Op.SEND, FlashpaperException.OutboxFull())
        says("Do not lose me.")
    },
    Scene("verify-secret") {
        verify()
        on<VerifyModel>().writeQuestion("Where did we meet?")
        on<VerifyModel>().writeSecret("on the red bridge")
    },
    Scene("verify-waits") {
        verify()
        on<VerifyModel>().writeSecret("on the red bridge")
        on<VerifyModel>().compare()
    },
    Scene("verify-same") {
        verify().knows("on the red bridge")
        on<VerifyModel>().writeSecret("On the red bridge")
        on<VerifyModel>().compare()
    },
    Scene("verify-different") {
        verify().knows("at the station")
        on<VerifyModel>().writeSecret("on the red bridge")
        on<VerifyModel>().compare()
    },
    Scene("verify-asked") { verify().asks("Where did we meet?", "paris", only) },
    Scene("verify-digits") {
        verify()
        on<VerifyModel>().choose(VerifyWay.DIGITS)
    },
)

private val Stage.only: BurnerId
    get() = fake.state.value.burners.single().id

/** A chat with somebody who is online. The texts stay. */
private suspend fun Stage.chat(): FakePeer {
    fake.burner(burner())?.setHistory(History.UntilBurn)
    val friend = peer(FRIEND)
    friend.comesOnline()
    on<ContactsModel>().add(FRIEND)
    settle()
    return friend
}

private suspend fun Stage.private(): FakePeer = chat().also {
    says("Good day! Is the flat still free?")
    it.sends("Yes. Can you come at noon?", only)
    settle()
}

private suspend fun Stage.says(text: String) = on<ChatModel>().run {
    write(text)
    send()
    settle()
}

private fun Stage.openChat(friend: FakePeer, before: () -> Unit = {}) {
    on<BurnersModel>().open(only)
    settle()
    before()
    on<ContactsModel>().open(friend.jid)
    settle()
}

private suspend fun Stage.verify(): FakePeer = private().also {
    on<ChatModel>().act(ChatAct.VERIFY)
    settle()
}
