package org.flashpaper.testing

import java.time.Instant
import kotlin.time.Duration
import kotlinx.coroutines.flow.StateFlow
import org.flashpaper.Burner
import org.flashpaper.BurnerId
import org.flashpaper.BurnerState
import org.flashpaper.BurnReport
import org.flashpaper.Chat
import org.flashpaper.Fingerprint
import org.flashpaper.FlashpaperException
import org.flashpaper.History
import org.flashpaper.Imported
import org.flashpaper.Input
import org.flashpaper.Jid
import org.flashpaper.Message
import org.flashpaper.MessageId
import org.flashpaper.Tor
import org.flashpaper.internal.chat
import org.flashpaper.internal.checked

internal class FakeBurner(first: BurnerState, private val world: World) : Burner {
    override val id: BurnerId = first.id
    override val state: StateFlow<BurnerState> = world.present.burner(first)

    override suspend fun connect(): Unit = world.change(Op.CONNECT, id) {
        if (world.tor == Tor.Off) throw FlashpaperException.TorNotStarted()
        isWanted = true
        world.reconnect(this)
    }

    override suspend fun disconnect(): Unit = world.change(Op.DISCONNECT, id) {
        isWanted = false
        world.reconnect(this)
    }

    override suspend fun add(address: String): Chat = handle(world.change(Op.ADD, id) { add(address, isDecided = false) })

    override suspend fun expectKey(address: String): Chat =
        handle(world.change(Op.EXPECT_KEY, id) { add(address, isDecided = true) })

    override fun chat(peer: Jid): Chat? = world.present.value.chat(id, peer)?.let { FakeChat(id, it, world) }

    override suspend fun messages(before: MessageId?, limit: Int): List<Message> =
        world.change(Op.MESSAGES, id) { page(null, before, limit) }

    override suspend fun link(): String {
        val key = fingerprint().digits.filter { it != ' ' }
        return world.change(Op.LINK, id) { "xmpp:${jid.value}?otr-fingerprint=$key" }
    }

    override suspend fun fingerprint(): Fingerprint =
        world.change(Op.FINGERPRINT, id) { world.key(0xF000 + id.value.toInt(16)) }

    override suspend fun setLabel(label: String?): Unit =
        world.change(Op.SET_LABEL, id) { this.label = label?.ifBlank { null } }

    override suspend fun setHistory(history: History) {
        if (history is History.Expire) history.after.checked()
        world.change(Op.SET_HISTORY, id) { setHistory(history) }
    }

    override suspend fun setExpiry(at: Instant?): Unit = world.change(Op.SET_EXPIRY, id) {
        if (at != null && at <= world.now) throw FlashpaperException.InvalidInput(Input.Expiry)
        setExpiry(at)
    }

    override suspend fun setIdleTimeout(timeout: Duration) {
        timeout.checked()
        world.change(Op.SET_IDLE_TIMEOUT, id) {}
    }

    override suspend fun setVersion2(may: Boolean): Unit = world.change(Op.SET_VERSION_2, id) {}

    override suspend fun importFingerprints(file: String, account: String?): Imported =
        world.change(Op.IMPORT_FINGERPRINTS, id) {
            val unread = mutableListOf<Int>()
            val read = mutableListOf<Pair<List<String>, Fingerprint>>()
            file.lines().forEachIndexed { place, line ->
                val parts = line.split('\t')
                val key = parts.getOrNull(3)?.let(Fingerprint::parse)
                if (key != null) read.add(parts to key) else if (line.isNotBlank()) unread.add(place + 1)
            }
            if (read.isEmpty() && unread.isNotEmpty()) throw FlashpaperException.InvalidInput(Input.Fingerprints)
            val verified = read.filter { (parts, _) -> (account ?: parts[1]) == parts[1] && !parts.getOrNull(4).isNullOrBlank() }
            val taken = verified.count { (parts, key) ->
                val talk = talkOrNew(Jid(parts[0]))
                talk.learnVerified(key).also { changed(talk) }
            }
            Imported(taken, unread)
        }

    override suspend fun wordsLeft(): Boolean = world.change(Op.WORDS_LEFT, id) { words != null }

    override suspend fun recoveryWords(): ByteArray? =
        world.change(Op.RECOVERY_WORDS, id) { words?.encodeToByteArray() }

    override suspend fun dropRecoveryWords(): Unit = world.change(Op.DROP_RECOVERY_WORDS, id) {
        droppedWords = words ?: droppedWords
        words = null
    }

    override suspend fun burn(): BurnReport = world.call(Op.BURN) { burn(id) }

    override suspend fun wipe(): Unit = world.call(Op.WIPE) { wipe(id) }

    private fun handle(peer: Jid): Chat = FakeChat(id, world.script { account(id).talk(peer).state }, world)
}
