package org.flashpaper

import java.time.Instant
import kotlin.time.Duration

/** A burner's conversation with one peer. Printing one shows neither the peer nor its keys. */
public data class ChatState(
    /** The peer's bare JID. */
    public val peer: Jid,
    /** The user's name for the peer. */
    public val label: String? = null,
    /** Who the peer is to the burner. */
    public val relationship: Relationship = Relationship.CONTACT,
    /** How private a text that is written now would be. */
    public val security: Security = Security.PLAINTEXT,
    /** The version of OTR of the private conversation: 3, or 2 with a client that has nothing newer. */
    public val version: Int? = null,
    /** The key that a text would go to. */
    public val key: Fingerprint? = null,
    /** The keys that the peer has used. */
    public val keys: List<PeerKey> = emptyList(),
    /** The one key that the peer is to have, if it is known from elsewhere. */
    public val expected: Fingerprint? = null,
    /** A client of the peer's is known to be there. */
    public val present: Boolean = false,
    /** The peer waits for an answer to a comparison. */
    public val question: Comparison? = null,
    /** How long a text is kept once it was read; null: it does not go by itself. See [Chat.setTimer]. */
    public val timer: Duration? = null,
    /** The peer's client has said that it goes by that timer, too. Where it has not, texts go here alone. */
    public val timerIsShared: Boolean = false,
    /** Messages that came and were not read. */
    public val unread: Int = 0,
    /** Messages that the own server does not have yet. */
    public val outbox: Int = 0,
) {
    override fun toString(): String = "ChatState($security, unread: $unread, outbox: $outbox, ..)"
}

/** Who a peer is to a burner. */
public enum class Relationship {
    /** Somebody who has written or asked for presence, and gets no answer: see [Chat.accept]. */
    STRANGER,
    /** Added, accepted or written to. */
    CONTACT,
    /** Kept away, by the server too where it can (XEP-0191). */
    BLOCKED,
}

/** How private a text that is written now would be: the lock that a screen shows. */
public enum class Security {
    /** There is no private conversation. Nothing is sent until there is one. */
    PLAINTEXT,
    /**
     * Encrypted, to a key that nobody has compared: it came first, and so may be one of the own server's or of the peer's,
     * which could read and change everything. A screen should say so until the key is verified.
     */
    PRIVATE,
    /** Encrypted, to a key that is known to be the peer's. */
    VERIFIED,
    /** The peer has ended the private conversation. Nothing is sent until the user begins a new one, or ends it too. */
    FINISHED,
    /**
     * Encrypted, but to another key than the one that was known or expected, or to one that is not verified any more. Nothing
     * is sent until the user has accepted it, or ends the conversation.
     */
    KEY_CHANGED,
}

/** A key that a peer has used. Printing one does not show it. */
public data class PeerKey(
    /** Its fingerprint. */
    public val fingerprint: Fingerprint,
    /** The user has compared it, or a comparison of secrets has shown that it is the peer's. */
    public val verified: Boolean = false,
    /** The peer has compared ours, by a question that the user has answered. */
    public val verifiedUs: Boolean = false,
    /** Texts may go to it. */
    public val accepted: Boolean = true,
)

/** How a comparison of secrets (SMP) stands. Printing one shows no question. */
public sealed interface Comparison {
    /** The peer wants to compare: [Chat.answer]. The question is the peer's, if there is one. */
    public data class Asked(public val question: String?) : Comparison {
        override fun toString(): String = "Asked(..)"
    }

    /** Both know the same secret: the peer's key is verified. */
    public data object Verified : Comparison

    /** Both know the same secret, but the question was the peer's: it has verified the user, not the other way. */
    public data object VerifiedUs : Comparison

    /** They do not know the same secret. */
    public data object Different : Comparison

    /** It ended without a result. */
    public data object Aborted : Comparison
}

/** Something that a user in a conversation should know of. Printing one shows no words. */
public sealed interface Notice {
    /** A message could not be read. If the peer's client keeps its texts it comes again. */
    public data object Unreadable : Notice

    /**
     * Somebody says, in the peer's name and in the clear, that something went wrong. Anybody on the way can say so: never show
     * the text as the peer's words.
     */
    public data class PeerError(public val text: String) : Notice {
        override fun toString(): String = "PeerError(..)"
    }

    /**
     * The peer's client, or somebody in its name, speaks another version of OTR only; so is told, too, of version 2 in the name
     * of a peer that has spoken version 3.
     */
    public data object OtherVersion : Notice

    /** Somebody sends our own messages back. */
    public data object Mirror : Notice

    /** A message that breaks the rules of its form: ignored. */
    public data object Malformed : Notice

    /**
     * A private conversation has begun with a key that was not accepted. No text goes there, and texts that come from there are
     * marked as [Security.KEY_CHANGED].
     */
    public data object OtherKey : Notice

    /**
     * So many texts of the peer's were not read that no more are taken in, nor confirmed. Once there is room, the texts that a
     * Flashpaper peer has sent meanwhile come again; those of others are lost.
     */
    public data object InboxFull : Notice

    /** The peer has set how long texts are kept ([ChatState.timer]), here as there. */
    public data object TimerChanged : Notice

    /** So many strangers wait for an answer that the one who had waited longest was forgotten, to make room for this one. */
    public data object StrangerForgotten : Notice
}

/** A message. Printing one shows neither peer nor text. */
public data class Message(
    /** Its name; rises in the order in which messages came or were written. */
    public val id: MessageId,
    /** The peer's bare JID, as the own server vouches for it. Empty where that was lost to a failing device. */
    public val peer: Jid,
    /** The text. One that came may hold anything. */
    public val text: String,
    /** When it was written here, or came, by the device's clock. */
    public val at: Instant,
    /** How far it is. */
    public val state: MessageState,
    /** How private it came or left; of one that has not left yet: nothing is said. */
    public val security: Security,
    /** It was sent again to a client that does not know what it gets twice. */
    public val maybeTwice: Boolean = false,
) {
    override fun toString(): String = "Message(${id.value}, $state, ..)"
}

/** How far a message is. */
public sealed interface MessageState {
    /** It came, and the app has not said that it was read: it is kept, whatever happens. */
    public data object Received : MessageState

    /** It came, and was read. */
    public data object Taken : MessageState

    /** It waits to be sent. */
    public data object Queued : MessageState

    /**
     * It waits for a private conversation: the peer was asked for one, and has to be there to answer. An account that does not
     * exist looks like one that is away.
     */
    public data object WaitingForPeer : MessageState

    /** It was encrypted and sent; whether the own server has it is not known. */
    public data object Sent : MessageState

    /** The own server has it (XEP-0198). */
    public data object Acked : MessageState

    /**
     * A receipt outside the encryption says that the peer's client has it (XEP-0184). Any server on the way can write one: the
     * text is kept until OTR has confirmed it, and fails as [FailReason.UNREAD] or is sent again if that does not come.
     */
    public data object Reported : MessageState

    /** The peer's client has it: it said so inside the encryption, as Flashpaper does and others do not. */
    public data object Delivered : MessageState

    /** It will not arrive. It is kept until [Chat.taken], [Chat.retry] or [Chat.delete]. */
    public data class Failed(public val reason: FailReason) : MessageState
}

/** Why a message will not arrive. */
public enum class FailReason {
    /** A server sent it back: there is no such peer, or it takes nothing from us. That is the servers' word. */
    REFUSED,
    /** A server sent it back for now: the peer's server cannot be reached, say. It can be sent again. */
    UNREACHABLE,
    /** To whom it was to go was lost to a failing device. */
    ADDRESS_LOST,
    /**
     * The private conversation is lost or over, and the peer may not have read it. It can be sent again. A receipt that comes
     * late makes it [MessageState.Delivered] after all.
     */
    UNREAD,
    /** It was written for another key than the peer has now. */
    OTHER_KEY,
    /** The peer was not there in time. */
    NO_ANSWER,
    /** It does not fit through the network. */
    TOO_LONG,
    /** The user has blocked the peer before it left. */
    BLOCKED,
}

/** Which messages are kept once they are done: those that were read or delivered. */
public sealed interface History {
    /** None. */
    public data object None : History

    /** All, until the burner is burnt. */
    public data object UntilBurn : History

    /** Each for so long after it was written or came, by the clock; one that is set back does not prolong it. */
    public data class Expire(public val after: Duration) : History
}

/** The result of an import of fingerprints. */
public data class Imported(
    /** How many keys were taken in, and are kept. */
    public val keys: Int,
    /** The numbers of the lines that cannot be read, from 1. */
    public val unreadLines: List<Int>,
)
