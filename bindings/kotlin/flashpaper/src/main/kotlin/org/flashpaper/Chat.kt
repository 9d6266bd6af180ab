package org.flashpaper

import java.util.UUID
import kotlin.time.Duration
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.StateFlow

/** A burner's conversation with one peer. */
public interface Chat {
    /** The peer's bare JID. */
    public val peer: Jid

    /** The present, or the last before the conversation was gone or the library was locked. */
    public val state: StateFlow<ChatState>

    /**
     * The last messages, at most `limit`, in their order: the present ones first, then again whenever they have changed. A slow
     * reader misses pages between, never the newest. It ends when the burner is gone or the library is locked or closed.
     */
    public fun timeline(limit: Int = 100): Flow<List<Message>>

    /**
     * The messages before this one, at most `limit`, in their order. The first of a page is the place to go on from, and may be
     * forgotten by then: it is a position. An empty page is the end.
     */
    public suspend fun before(message: MessageId, limit: Int = 100): List<Message>

    /** One message. Throws [FlashpaperException.NoSuchMessage]. */
    public suspend fun message(message: MessageId): Message

    /**
     * Sends a text, in private, as soon as that is possible: it is stored when this returns, and sent in the order of these
     * calls. It waits for a private conversation, which needs the peer to be there ([MessageState.WaitingForPeer]); where that
     * takes longer than [within], it fails. A peer that is written to is a contact.
     *
     * Of one burner's last 64 keys each names one message: a call with a key that was used before gives that message again. So
     * a call that was cancelled can be made once more with the same key, and the text is sent once.
     */
    public suspend fun send(text: String, within: Duration? = null, key: String = newKey()): MessageId

    /** Sends a failed message again, as a new one, and forgets the failed one. Gives the new one. */
    public suspend fun retry(message: MessageId): MessageId

    /** Forgets a message here. It does not leave any more if it has not left. */
    public suspend fun delete(message: MessageId)

    /** The user has read all that came from this peer up to this message. Until then it is kept, also over a crash. */
    public suspend fun read(upTo: MessageId)

    /** The user has seen this one message: one that came, or that one failed. Until then it is kept, also over a crash. */
    public suspend fun taken(message: MessageId)

    /** Accepts a stranger as a contact. Where they have asked for a private conversation, it is begun with an OTR query message. */
    public suspend fun accept()

    /**
     * Keeps the peer away, or not any more: nothing that they send is taken in, and the own server is told so where it knows
     * blocking (XEP-0191). They see no presence from then on. A private conversation ends without a word, and texts to them
     * that have not left do not leave any more. Nothing but this call ends a block.
     */
    public suspend fun setBlocked(blocked: Boolean)

    /** The user's own name for the peer; null or a blank one takes it away. It never leaves the device. */
    public suspend fun setLabel(label: String?)

    /**
     * Sets how long texts are kept once they were read, or with null that they do not go by themselves, as at first. It is for
     * texts that are read from then on. A Flashpaper peer is told inside the encryption, and does the same
     * ([Notice.TimerChanged]); of two settings the later counts. With other clients, and until [ChatState.timerIsShared] says
     * otherwise, texts go here alone. Nothing keeps a peer from keeping a text. Less than a second or more than 366 days throws
     * [Input.Timer].
     */
    public suspend fun setTimer(after: Duration?)

    /** Begins a private conversation, or renews the one there is. Texts begin one by themselves. */
    public suspend fun startPrivate()

    /**
     * Ends the private conversation: the peer is told, and texts that wait go on waiting for a new one. Those that were sent
     * and not confirmed fail as [FailReason.UNREAD].
     */
    public suspend fun endPrivate()

    /** Says that texts may go to this key of the peer's, though another one was known or expected. */
    public suspend fun acceptKey(key: Fingerprint)

    /**
     * Says that the user has compared this key, on the telephone say, or takes that back: no text goes to it then before it is
     * accepted again ([acceptKey]), nor, once one key was compared, to others that were not.
     */
    public suspend fun setVerified(key: Fingerprint, verified: Boolean)

    /**
     * Compares a secret with the peer (SMP), with a question that tells which secret is meant. That both know it verifies the
     * peer; [Event.Comparison] tells. It serves to check a key that has changed, too: the holder of that key sees the question,
     * and learns of the secret whether one guess was right.
     */
    public suspend fun compare(secret: String, question: String? = null)

    /**
     * Answers a comparison that the peer has asked for ([ChatState.question]); `question` is the one that the user was shown,
     * if there was one. With a question it verifies the user to the peer, not the other way. Throws
     * [FlashpaperException.NothingAsked] where the peer asks something else by now.
     */
    public suspend fun answer(secret: String, question: String?)

    /** Ends a comparison without a result. */
    public suspend fun abortComparison()

    public companion object {
        /** A key for [send] that was never used before. */
        public fun newKey(): String = UUID.randomUUID().toString()
    }
}
