package org.flashpaper.internal

import java.time.Instant
import kotlin.time.Duration
import kotlinx.coroutines.flow.StateFlow
import org.flashpaper.Burner
import org.flashpaper.BurnerId
import org.flashpaper.BurnerState
import org.flashpaper.BurnReport
import org.flashpaper.Chat
import org.flashpaper.ChatState
import org.flashpaper.Fingerprint
import org.flashpaper.FlashpaperException
import org.flashpaper.History
import org.flashpaper.Imported
import org.flashpaper.Jid
import org.flashpaper.Message
import org.flashpaper.MessageId

/** A burner of the real library. */
internal class LibraryBurner(private val library: Library, first: BurnerState) : Burner {
    override val id: BurnerId = first.id
    override val state: StateFlow<BurnerState> = library.present.burner(first)
    private val engine = library.engine

    override suspend fun connect(): Unit = library.change { engine.connect(id.value) }

    override suspend fun disconnect(): Unit = library.change { engine.disconnect(id.value) }

    override suspend fun add(address: String): Chat = handle(library.change { engine.addContact(id.value, address) })

    override suspend fun expectKey(address: String): Chat = handle(library.change { engine.expectKey(id.value, address) })

    override fun chat(peer: Jid): Chat? = library.state.value.chat(id, peer)?.let { LibraryChat(library, id, it) }

    override suspend fun messages(before: MessageId?, limit: Int): List<Message> =
        call { engine.messages(id.value, null, before?.value?.toULong(), limit.atLeastNone()).map { it.face() } }

    override suspend fun link(): String = call { engine.uri(id.value) }

    override suspend fun fingerprint(): Fingerprint =
        Fingerprint.parse(call { engine.fingerprint(id.value) }) ?: throw FlashpaperException.Internal()

    override suspend fun setLabel(label: String?): Unit = library.change { engine.setLabel(id.value, null, label) }

    override suspend fun setHistory(history: History) {
        val kept = history.ffi()
        library.change { engine.setHistory(id.value, kept) }
    }

    override suspend fun setExpiry(at: Instant?): Unit = library.change { engine.setExpiry(id.value, at?.ffi()) }

    override suspend fun setIdleTimeout(timeout: Duration) {
        val time = timeout.ffi()
        call { engine.setIdleTimeout(id.value, time) }
    }

    override suspend fun setVersion2(may: Boolean): Unit = call { engine.setVersion2(id.value, may) }

    override suspend fun importFingerprints(file: String, account: String?): Imported =
        library.change { engine.importFingerprints(id.value, file, account).face() }

    override suspend fun wordsLeft(): Boolean = call { engine.wordsLeft(id.value) }

    override suspend fun recoveryWords(): ByteArray? = call { engine.recoveryWords(id.value) }

    override suspend fun dropRecoveryWords(): Unit = call { engine.dropRecoveryWords(id.value) }

    override suspend fun burn(): BurnReport = library.burn(id)

    override suspend fun wipe(): Unit = library.change { engine.wipe(id.value) }

    private fun handle(peer: String): Chat = Jid(peer).let { chat(it) ?: LibraryChat(library, id, ChatState(it)) }
}

/** How many messages, where a negative number is none. */
internal fun Int.atLeastNone(): UInt = coerceAtLeast(0).toUInt()
