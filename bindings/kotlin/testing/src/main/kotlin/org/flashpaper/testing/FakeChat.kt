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

    override suspend fun accept(): Unit = change(Op.ACCEPT) { accept(it) }

    override suspend fun setBlocked(blocked: Boolean): Unit = change(Op.SET_BLOCKED) { block(it, blocked) }

    override suspend fun setLabel(label: String?): Unit =
        change(Op.SET_LABEL) { talk -> talk.change { copy(label = label?.ifBlank { null }) } }

    override suspend fun setTimer(after: Duration?) {
        val time = after?.checked()
        if (time != null && time !in 1.seconds..366.days) throw FlashpaperException.InvalidInput(Input.Timer)
        change(Op.SET_TIMER) { talk -> talk.change { copy(timer = time) } }
    }

    override suspend fun startPrivate(): Unit = change(Op.START_PRIVATE) {
        it.befriend()
        startPrivate(it)
    }

    override suspend fun endPrivate(): Unit = change(Op.END_PRIVATE) { endPrivate(it) }

    override suspend fun acceptKey(key: Fingerprint): Unit = change(Op.ACCEPT_KEY) { it.accept(key) }

    override suspend fun setVerified(key: Fingerprint, verified: Boolean): Unit =
        change(Op.SET_VERIFIED) { if (verified) it.verify(key) else it.distrust(key) }

    override suspend fun compare(secret: String, question: String?) {
        check(secret)
        change(Op.COMPARE) { talk ->
            if (!talk.isPrivate) throw FlashpaperException.NotPrivate()
            talk.secret = secret
            world.meet(peer).secret?.let { compared(talk, it == secret) }
        }
    }

    override suspend fun answer(secret: String, question: String?) {
        check(secret)
        change(Op.ANSWER) { talk ->
            if (talk.state.question != Comparison.Asked(question)) throw FlashpaperException.NothingAsked()
            talk.change { copy(question = null) }
            compared(talk, world.meet(peer).secret == secret, askedByPeer = question != null)
        }
    }

    override suspend fun abortComparison(): Unit = change(Op.ABORT_COMPARISON) { talk ->
        talk.change { copy(question = null) }
        talk.secret = null
        world.report(Event.Comparison(burner, peer, Comparison.Aborted))
    }

    private fun check(secret: String) {
        if (secret.isBlank()) throw FlashpaperException.InvalidInput(Input.Text(TextFault.Empty))
    }

    private suspend fun change(op: Op, body: Account.(Talk) -> Unit): Unit = world.change(op, burner) {
        val talk = talk(peer)
        body(talk)
        changed(talk)
    }
}
