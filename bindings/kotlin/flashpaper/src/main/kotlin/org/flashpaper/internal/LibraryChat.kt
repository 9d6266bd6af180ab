package org.flashpaper.internal

import kotlin.time.Duration
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.conflate
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.flowOn
import org.flashpaper.BurnerId
import org.flashpaper.Chat
import org.flashpaper.ChatState
import org.flashpaper.Fingerprint
import org.flashpaper.Jid
import org.flashpaper.Message
import org.flashpaper.MessageId

/** A conversation of the real library. */
internal class LibraryChat(private val library: Library, burner: BurnerId, first: ChatState) : Chat {
    override val peer: Jid = first.peer
    override val state: StateFlow<ChatState> = library.present.chat(burner, first)
    private val id = burner.value
    private val engine = library.engine

    override fun timeline(limit: Int): Flow<List<Message>> = flow {
        engine.timeline(id, peer.value, limit.atLeastNone()).use { timeline ->
            while (true) emit((timeline.next() ?: break).map { it.face() })
        }
    }.flowOn(Dispatchers.IO).conflate()

    override suspend fun before(message: MessageId, limit: Int): List<Message> =
        call { engine.messages(id, peer.value, message.ffi(), limit.atLeastNone()).map { it.face() } }

    override suspend fun message(message: MessageId): Message = call { engine.message(id, message.ffi()).face() }

    override suspend fun send(text: String, within: Duration?, key: String): MessageId {
        val time = within?.ffi()
        return MessageId(library.change { engine.send(id, peer.value, text, time, key) }.toLong())
    }

    override suspend fun retry(message: MessageId): MessageId =
        MessageId(library.change { engine.retry(id, message.ffi()) }.toLong())

    override suspend fun delete(message: MessageId): Unit = library.change { engine.delete(id, message.ffi()) }

    override suspend fun read(upTo: MessageId): Unit = library.change { engine.read(id, peer.value, upTo.ffi()) }

    override suspend fun taken(message: MessageId): Unit = library.change { engine.taken(id, message.ffi()) }

    override suspend fun accept(): Unit = library.change { engine.accept(id, peer.value) }

    override suspend fun setBlocked(blocked: Boolean): Unit = library.change { engine.setBlocked(id, peer.value, blocked) }

    override suspend fun setLabel(label: String?): Unit = library.change { engine.setLabel(id, peer.value, label) }

    override suspend fun setTimer(after: Duration?) {
        val time = after?.ffi()
        library.change { engine.setTimer(id, peer.value, time) }
    }

    override suspend fun startPrivate(): Unit = library.change { engine.startPrivate(id, peer.value) }

    override suspend fun endPrivate(): Unit = library.change { engine.endPrivate(id, peer.value) }

    override suspend fun acceptKey(key: Fingerprint): Unit =
        library.change { engine.acceptKey(id, peer.value, key.digits) }

    override suspend fun setVerified(key: Fingerprint, verified: Boolean): Unit =
        library.change { engine.setVerified(id, peer.value, key.digits, verified) }

    override suspend fun compare(secret: String, question: String?): Unit =
        library.change { engine.compare(id, peer.value, secret, question) }

    override suspend fun answer(secret: String, question: String?): Unit =
        library.change { engine.answerComparison(id, peer.value, secret, question) }

    override suspend fun abortComparison(): Unit = library.change { engine.abortComparison(id, peer.value) }

    private fun MessageId.ffi() = value.toULong()
}
