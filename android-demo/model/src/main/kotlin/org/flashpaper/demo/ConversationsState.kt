package org.flashpaper.demo

import org.flashpaper.BurnerState
import org.flashpaper.ChatState as Conversation
import org.flashpaper.Comparison
import org.flashpaper.Connection
import org.flashpaper.Fingerprint
import org.flashpaper.FlashpaperException
import org.flashpaper.Jid
import org.flashpaper.Message
import org.flashpaper.Notice as ChatNotice

/** All that the screens of one burner show. Like all below, it prints nobody's address, key or words. */
data class ConversationsState(
    val burner: BurnerState,
    val connection: Connection = Connection.Offline,
    val contacts: List<Conversation> = emptyList(),
    val own: OwnKey? = null,
    val chat: ChatState? = null,
    /** What the user is told of peers, the latest last: also of those that are in no chat. */
    val news: List<PeerNews> = emptyList(),
    /** What the user asked for last, and cannot be done. */
    val failed: FlashpaperException? = null,
)

/** What the burner's peers compare or scan. */
data class OwnKey(val fingerprint: Fingerprint, val uri: String) {
    override fun toString(): String = "OwnKey(..)"
}

/** The chat that is open. Its lock is [Conversation.security]. */
data class ChatState(
    val conversation: Conversation,
    /** The last ones. */
    val messages: List<Message>,
    /** There are messages before these. */
    val hasEarlier: Boolean = false,
    val news: ChatNews? = null,
)

/** What the user is told of a peer. */
data class PeerNews(val peer: Jid, val news: ChatNews) {
    override fun toString(): String = "PeerNews(..)"
}

/** What the user is told until it is dismissed or replaced. */
sealed interface ChatNews {
    data class Compared(val comparison: Comparison) : ChatNews

    data class Noticed(val notice: ChatNotice) : ChatNews
}
