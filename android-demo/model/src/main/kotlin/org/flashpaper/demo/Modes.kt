// How a conversation stands, what that means, and what can be done.

package org.flashpaper.demo

import org.flashpaper.BurnerState
import org.flashpaper.ChatState as Conversation
import org.flashpaper.Comparison
import org.flashpaper.Connection
import org.flashpaper.Notice as PeerNotice
import org.flashpaper.Phase
import org.flashpaper.Relationship
import org.flashpaper.Security
import org.flashpaper.State
import org.flashpaper.demo.ChatAct.*
import org.flashpaper.demo.TextKey.*

internal fun mode(burner: BurnerState, chat: Conversation): Mode = when {
    burner.phase == Phase.BURNING -> Mode.BURNING
    chat.relationship == Relationship.BLOCKED -> Mode.BLOCKED
    chat.relationship == Relationship.STRANGER -> Mode.STRANGER
    burner.connection == Connection.Quarantined -> Mode.QUARANTINED
    else -> when (chat.security) {
        Security.PLAINTEXT -> if (chat.outbox > 0) Mode.WAITING else Mode.PLAIN
        Security.PRIVATE ->
            if (chat.keys.any { it.fingerprint == chat.key && it.verifiedUs }) Mode.THEY_VERIFIED_YOU else Mode.PRIVATE
        Security.VERIFIED -> Mode.VERIFIED
        Security.FINISHED -> Mode.FINISHED
        Security.KEY_CHANGED -> Mode.KEY_CHANGED
    }
}

internal fun lock(mode: Mode): Sign = when (mode) {
    Mode.PLAIN -> Sign(Mark.OPEN, Text(MODE_PLAIN), Tone.QUIET)
    Mode.WAITING -> Sign(Mark.WAITING, Text(MODE_WAITING), Tone.CAUTION)
    Mode.PRIVATE -> Sign(Mark.LOCK, Text(MODE_PRIVATE), Tone.CALM)
    Mode.VERIFIED -> Sign(Mark.SHIELD, Text(MODE_VERIFIED), Tone.GOOD)
    Mode.THEY_VERIFIED_YOU -> Sign(Mark.LOCK_HALF, Text(MODE_VERIFIED_YOU), Tone.CALM)
    Mode.KEY_CHANGED -> Sign(Mark.KEY_CHANGED, Text(MODE_KEY_CHANGED), Tone.DANGER)
    Mode.FINISHED -> Sign(Mark.ENDED, Text(MODE_FINISHED), Tone.CAUTION)
    Mode.BLOCKED -> Sign(Mark.BLOCKED, Text(MODE_BLOCKED), Tone.QUIET)
    Mode.STRANGER -> Sign(Mark.STRANGER, Text(MODE_STRANGER), Tone.CAUTION)
    Mode.QUARANTINED -> Sign(Mark.HELD, Text(MODE_QUARANTINED), Tone.DANGER)
    Mode.BURNING -> Sign(Mark.FIRE, Text(MODE_BURNING), Tone.DANGER)
}

internal fun explanation(mode: Mode): Text = Text(
    when (mode) {
        Mode.PLAIN -> MODE_PLAIN_TEXT
        Mode.WAITING -> MODE_WAITING_TEXT
        Mode.PRIVATE -> MODE_PRIVATE_TEXT
        Mode.VERIFIED -> MODE_VERIFIED_TEXT
        Mode.THEY_VERIFIED_YOU -> MODE_VERIFIED_YOU_TEXT
        Mode.KEY_CHANGED -> MODE_KEY_CHANGED_TEXT
        Mode.FINISHED -> MODE_FINISHED_TEXT
        Mode.BLOCKED -> MODE_BLOCKED_TEXT
        Mode.STRANGER -> MODE_STRANGER_TEXT
        Mode.QUARANTINED -> MODE_QUARANTINED_TEXT
        Mode.BURNING -> MODE_BURNING_TEXT
    },
)

internal fun hint(mode: Mode): Text = Text(
    when (mode) {
        Mode.PLAIN, Mode.WAITING -> CHAT_HINT_WAITS
        Mode.PRIVATE, Mode.VERIFIED, Mode.THEY_VERIFIED_YOU -> CHAT_HINT
        Mode.KEY_CHANGED -> CHAT_HINT_KEY
        Mode.FINISHED -> CHAT_HINT_FINISHED
        Mode.BLOCKED -> CHAT_HINT_BLOCKED
        Mode.STRANGER -> CHAT_HINT_STRANGER
        Mode.QUARANTINED, Mode.BURNING -> CHAT_HINT_NEVER
    },
)

/** A text can be written; with a changed key or an ended conversation it waits for the user. */
internal fun canWrite(mode: Mode): Boolean = when (mode) {
    Mode.PLAIN, Mode.WAITING, Mode.PRIVATE, Mode.VERIFIED, Mode.THEY_VERIFIED_YOU, Mode.KEY_CHANGED, Mode.FINISHED -> true
    Mode.BLOCKED, Mode.STRANGER, Mode.QUARANTINED, Mode.BURNING -> false
}

/** Something is wrong, or nothing can be written: the user has to know why. */
internal fun mustRead(mode: Mode): Boolean = mode == Mode.KEY_CHANGED || !canWrite(mode)

/** The one thing that is best done now. Of a changed key it is to verify: to accept it blindly is beside, and asks once more. */
internal fun mainAct(mode: Mode, isAsked: Boolean): ChatAct? = when (mode) {
    Mode.PLAIN, Mode.FINISHED -> START_PRIVATE
    Mode.PRIVATE, Mode.THEY_VERIFIED_YOU -> if (isAsked) ANSWER else VERIFY
    Mode.VERIFIED -> if (isAsked) ANSWER else null
    Mode.KEY_CHANGED -> VERIFY
    Mode.BLOCKED -> UNBLOCK
    Mode.STRANGER -> ACCEPT
    Mode.WAITING, Mode.QUARANTINED, Mode.BURNING -> null
}

internal fun otherActs(mode: Mode): List<ChatAct> = when (mode) {
    Mode.PLAIN -> listOf(BLOCK)
    Mode.WAITING -> listOf(START_PRIVATE, BLOCK)
    Mode.PRIVATE, Mode.THEY_VERIFIED_YOU -> listOf(END_PRIVATE, BLOCK)
    Mode.VERIFIED -> listOf(VERIFY, END_PRIVATE, BLOCK)
    Mode.KEY_CHANGED -> listOf(ACCEPT_KEY, END_PRIVATE, BLOCK)
    Mode.FINISHED -> listOf(END_PRIVATE, BLOCK)
    Mode.STRANGER -> listOf(BLOCK)
    Mode.BLOCKED, Mode.QUARANTINED, Mode.BURNING -> emptyList()
}

internal fun button(act: ChatAct, mode: Mode): Button<ChatAct> = when (act) {
    START_PRIVATE -> Button(act, Text(if (mode == Mode.FINISHED) CHAT_RENEW_PRIVATE else CHAT_START_PRIVATE))
    END_PRIVATE -> Button(act, Text(CHAT_END_PRIVATE), Tone.QUIET)
    VERIFY -> Button(act, Text(CHAT_VERIFY))
    ANSWER -> Button(act, Text(CHAT_ANSWER))
    ACCEPT_KEY -> Button(act, Text(CHAT_ACCEPT_KEY), Tone.DANGER)
    ACCEPT -> Button(act, Text(CHAT_ACCEPT))
    BLOCK -> Button(act, Text(CHAT_BLOCK), Tone.DANGER)
    UNBLOCK -> Button(act, Text(CHAT_UNBLOCK))
}

/** What a user is told of a contact. */
internal fun told(news: News): Note = when {
    news.comparison != null -> result(news.comparison).let { Note(it.text, it.tone) }
    news.notice != null -> Note(Text(words(news.notice)), Tone.CAUTION)
    else -> error("news of nothing")
}

/** How a comparison of secrets has ended. */
internal fun result(comparison: Comparison): Sign = when (comparison) {
    is Comparison.Asked -> Sign(Mark.INFO, Text(NOTE_ASKED), Tone.CALM)
    Comparison.Verified -> Sign(Mark.SHIELD, Text(VERIFY_SAME), Tone.GOOD)
    Comparison.VerifiedUs -> Sign(Mark.LOCK_HALF, Text(VERIFY_SAME_YOU), Tone.GOOD)
    Comparison.Different -> Sign(Mark.FAILED, Text(VERIFY_DIFFERENT), Tone.DANGER)
    Comparison.Aborted -> Sign(Mark.INFO, Text(VERIFY_ABORTED), Tone.QUIET)
}

private fun words(notice: PeerNotice): TextKey = when (notice) {
    PeerNotice.Unreadable -> NOTE_UNREADABLE
    // Its words are anybody's, so they are not shown.
    is PeerNotice.PeerError -> NOTE_PEER_ERROR
    PeerNotice.OtherVersion -> NOTE_OTHER_VERSION
    PeerNotice.Mirror -> NOTE_MIRROR
    PeerNotice.Malformed -> NOTE_MALFORMED
    PeerNotice.OtherKey -> NOTE_OTHER_KEY
    PeerNotice.InboxFull -> NOTE_INBOX_FULL
    PeerNotice.TimerChanged -> NOTE_TIMER
    PeerNotice.StrangerForgotten -> NOTE_STRANGER_FORGOTTEN
}

internal val Security.isPrivate: Boolean
    get() = this in setOf(Security.PRIVATE, Security.VERIFIED, Security.KEY_CHANGED)

/** Whether there is a private chat to verify the contact in. */
internal fun State.isPrivate(screen: Screen.Verify): Boolean = burners.any { burner ->
    burner.id == screen.burner && (burner.chats + burner.requests).any { it.peer == screen.peer && it.security.isPrivate }
}
