package org.flashpaper.demo

import org.flashpaper.MessageId

/** How a conversation stands. */
enum class Mode {
    /** There is no private conversation, and nothing waits. */
    PLAIN,
    /** Texts wait until the contact is online. */
    WAITING,
    PRIVATE,
    VERIFIED,
    /** The contact has verified the user, not the other way. */
    THEY_VERIFIED_YOU,
    KEY_CHANGED,
    /** The contact has ended it. */
    FINISHED,
    BLOCKED,
    /** A stranger waits for an answer. */
    STRANGER,
    /** The burner's server holds messages back. */
    QUARANTINED,
    /** The burner is being burnt. */
    BURNING,
}

/** One conversation of one burner. */
data class ChatState(
    val badge: BurnerBadge,
    val name: Verbatim,
    val mode: Mode,
    /** The lock. */
    val lock: Sign,
    /** What the lock means, in one or two sentences. */
    val explanation: Text,
    /** The explanation is not to be folded away, however large the letters are. */
    val mustRead: Boolean,
    /** What is best done now; null: nothing. */
    val main: Button<ChatAct>?,
    /** What else can be done. */
    val others: List<Button<ChatAct>>,
    val presence: Text?,
    /** The burner is not connected. */
    val offline: Sign?,
    /** The last is the newest, at which a view opens. */
    val bubbles: List<Bubble>,
    val hasEarlier: Boolean,
    /** In the place of bubbles where there are none. */
    val empty: Text?,
    val draft: Verbatim,
    /** In the empty input; where nothing can be written: why not. */
    val hint: Text,
    val canWrite: Boolean,
    val canSend: Boolean,
    /** Who gets the text from whom, for people who cannot see the badge. */
    val sendLabel: Text,
    val confirmation: Confirmation?,
    val note: Note?,
)

enum class ChatAct { START_PRIVATE, END_PRIVATE, VERIFY, ANSWER, ACCEPT_KEY, ACCEPT, BLOCK, UNBLOCK }

/** From whom a text is, and how it came. */
enum class BubbleKind {
    MINE,
    THEIRS,
    /** It came unprotected: anybody on the way may have read or written it. */
    THEIRS_IN_THE_CLEAR,
    /** It came encrypted, by a key that is not accepted. */
    THEIRS_BY_OTHER_KEY,
}

data class Bubble(
    val id: MessageId,
    val kind: BubbleKind,
    val text: Verbatim,
    /** Where in the text a link is. */
    val links: List<IntRange>,
    val at: Moment,
    val sign: Sign,
    /** It is the first of those that were not read when the chat was opened: a line is above it. */
    val isFirstUnread: Boolean,
    val canRetry: Boolean,
    /** Read aloud in the place of the bubble: who, what, how far. */
    val spoken: Text,
)

interface ChatActions {
    fun write(draft: String)

    fun send()

    fun act(act: ChatAct)

    fun showEarlier()

    fun retry(message: MessageId)

    fun delete(message: MessageId)

    /** The text was put on the clipboard, which the platform clears. */
    fun copied()

    /** A link in a text was touched. It would be opened outside of Tor: asks first. */
    fun touchLink(link: String)

    fun confirm()

    /** No to what is asked. */
    fun cancel()

    /** The note was read. */
    fun dismiss()
}
