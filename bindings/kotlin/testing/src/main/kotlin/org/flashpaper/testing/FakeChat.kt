package org.flashpaper.testing

import kotlin.time.Duration
import kotlin.time.Duration.Companion.days
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.conflate
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.takeWhile
import kotlinx.coroutines.flow.filterNotNull
import org.flashpaper.BurnerId
import org.flashpaper.Chat
import org.flashpaper.ChatState
import org.flashpaper.Comparison
import org.flashpaper.Event
import org.flashpaper.Fingerprint
import org.flashpaper.FlashpaperException
import org.flashpaper.Input
import org.flashpaper.Jid
import org.flashpaper.Life
import org.flashpaper.Message
import org.flashpaper.MessageId
import org.flashpaper.PeerKey
import org.flashpaper.Relationship
import org.flashpaper.TextFault
import org.flashpaper.internal.checked

internal class FakeChat(private val burner: BurnerId, first: ChatState, private val world: World) : Chat {
    override val peer: Jid = first.peer
    override val state: StateFlow<ChatState> = world.present.chat(burner, first)

    override fun timeline(limit: Int): Flow<List<Message>> =
        world.changes.map { page(limit) }.takeWhile { it != null }.filterNotNull().distinctUntilChanged().conflate()

    private fun page(limit: Int): List<Message>? = synchronized(world) {
        val isShown = world.life == Life.AWAKE || world.life == Life.SUSPENDED
        world.accounts.firstOrNull { isShown && it.id == burner }?.page(peer, null, limit)
    }

    override suspend fun before(message: MessageId, limit: Int): List<Message> =
        world.change(Op.MESSAGES, burner) { page(peer, message, limit) }

    override suspend fun message(message: MessageId): Message = world.change(Op.MESSAGE, burner) { message(message) }

    override suspend fun send(text: String, within: Duration?, key: String): MessageId {
        val time = within?.checked()
        return world.change(Op.SEND, burner) { send(text, peer, time, key) }
    }

    override suspend fun retry(message: MessageId): MessageId =
        world.change(Op.RETRY, burner) { retry(message, Chat.newKey()) }

    override suspend fun delete(message: MessageId): Unit = world.change(Op.DELETE, burner) { delete(message) }

    override suspend fun read(upTo: MessageId): Unit = world.change(Op.READ, burner) { read(upTo, peer) }

    override suspend fun taken(message: MessageId): Unit = world.change(Op.TAKEN, burner) { take(message) }

    override suspend fun accept(): Unit = change(Op.ACCEPT) { change { copy(relationship = Relationship.CONTACT) } }

    override suspend fun setBlocked(blocked: Boolean): Unit = world.change(Op.SET_BLOCKED, burner) {
        block(talk(peer), blocked)
        world.report(Event.Conversation(burner, peer))
    }

    override suspend fun setLabel(label: String?): Unit =
        change(Op.SET_LABEL) { change { copy(label = label?.ifBlank { null }) } }

    override suspend fun setTimer(after: Duration?) {
        val time = after?.checked()
        if (time != null && time !in 1.seconds..366.days) throw FlashpaperException.InvalidInput(Input.Timer)
        change(Op.SET_TIMER) { change { copy(timer = time) } }
    }

    override suspend fun startPrivate(): Unit = world.change(Op.START_PRIVATE, burner) { startPrivate(talk(peer)) }

    override suspend fun endPrivate(): Unit = change(Op.END_PRIVATE) { end(byPeer = false) }

    override suspend fun acceptKey(key: Fingerprint): Unit = changeKey(Op.ACCEPT_KEY, key) { copy(accepted = true) }

    override suspend fun setVerified(key: Fingerprint, verified: Boolean): Unit =
        changeKey(Op.SET_VERIFIED, key) { copy(verified = verified, accepted = verified) }

    override suspend fun compare(secret: String, question: String?) {
        check(secret)
        change(Op.COMPARE) {
            if (!isPrivate) throw FlashpaperException.NotPrivate()
            this.secret = secret
            world.meet(peer).secret?.let { world.report(Event.Comparison(burner, peer, compared(it == secret))) }
        }
    }

    override suspend fun answer(secret: String, question: String?) {
        check(secret)
        change(Op.ANSWER) {
            if (state.question != Comparison.Asked(question)) throw FlashpaperException.NothingAsked()
            change { copy(question = null) }
            val result = compared(world.meet(peer).secret == secret, askedByPeer = question != null)
            world.report(Event.Comparison(burner, peer, result))
        }
    }

    override suspend fun abortComparison(): Unit = change(Op.ABORT_COMPARISON) {
        change { copy(question = null) }
        secret = null
        world.report(Event.Comparison(burner, peer, Comparison.Aborted))
    }

    private fun check(secret: String) {
        if (secret.isBlank()) throw FlashpaperException.InvalidInput(Input.Text(TextFault.Empty))
    }

    private suspend fun change(op: Op, body: Talk.() -> Unit): Unit = world.change(op, burner) {
        talk(peer).body()
        world.report(Event.Conversation(burner, peer))
    }

    private suspend fun changeKey(op: Op, key: Fingerprint, body: PeerKey.() -> PeerKey): Unit = world.change(op, burner) {
        talk(peer).changeKey(key, body)
        world.report(Event.Conversation(burner, peer))
        flush(talk(peer))
    }
}
