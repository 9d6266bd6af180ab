// The app's words for what the library tells. One sentence each.

package org.flashpaper.demo.ui

import org.flashpaper.Action
import org.flashpaper.AnswerFault
import org.flashpaper.BurnOutcome
import org.flashpaper.BurnerState
import org.flashpaper.ChatState as Conversation
import org.flashpaper.Comparison
import org.flashpaper.Connection
import org.flashpaper.FailReason
import org.flashpaper.FlashpaperException
import org.flashpaper.Input
import org.flashpaper.Message
import org.flashpaper.MessageState
import org.flashpaper.Notice
import org.flashpaper.Phase
import org.flashpaper.Route
import org.flashpaper.Security
import org.flashpaper.Relationship
import org.flashpaper.Step
import org.flashpaper.TextFault
import org.flashpaper.VaultReport
import org.flashpaper.demo.ChatNews

internal fun words(error: FlashpaperException): String = when (error) {
    is FlashpaperException.Auth -> "The server does not accept the login."
    is FlashpaperException.NotPrivate -> "There is no private conversation."
    is FlashpaperException.NothingAsked -> "Nothing is asked any more."
    is FlashpaperException.PeerBlocked -> "This peer is blocked."
    is FlashpaperException.OutboxFull -> "Too many texts are on their way. Try again when some have arrived."
    is FlashpaperException.OtherKeyVerified -> "You have verified another key of this contact."
    is FlashpaperException.OtherKeyInUse -> "This link names another key than the one in use. If it is right, add it once more."
    is FlashpaperException.BadAnswer -> "The answer was wrong. Try again."
    is FlashpaperException.Unanswerable -> "The server asks for what cannot be answered here. Try again: another may be drawn."
    is FlashpaperException.QuestionExpired -> "The question was not answered in time. Try again."
    is FlashpaperException.NoSuchBurner -> "This burner is not here any more."
    is FlashpaperException.Unreadable -> "The conversations cannot be read. The burner can be burned."
    is FlashpaperException.InvalidInput -> words(error.input) ?: words(error.action, error.code)
    else -> words(error.action, error.code)
}

private fun words(input: Input): String? = when (input) {
    is Input.Text -> when (val fault = input.fault) {
        is TextFault.TooLong -> "The text is too long: ${fault.bytes} of ${fault.limit} bytes."
        is TextFault.Character -> "Character ${fault.at} of the text cannot be sent."
        TextFault.Empty -> null
    }
    is Input.Answer -> when (val fault = input.fault) {
        is AnswerFault.Missing -> "Field ${fault.field + 1} has to be answered."
        is AnswerFault.Unfit -> "The answer to field ${fault.field + 1} does not fit."
        AnswerFault.TooFew -> "More fields have to be answered."
    }
    else -> null
}

private fun words(action: Action, code: String): String = when (action) {
    Action.CHECK_NETWORK -> "Tor cannot be reached. Check the network."
    Action.SET_CLOCK -> "The clock is wrong. Set it, then try again."
    Action.UPDATE_APP -> "This app is too old for the Tor network. Update it."
    Action.TRY_LATER -> "The server does not answer or asks to wait. Try again later."
    Action.CHOOSE_SERVER -> "This server cannot be used. Try again: another may be drawn."
    Action.UNLOCK -> "The passphrase is wrong."
    Action.FREE_SPACE -> "The device is full. Free some space."
    Action.CLOSE_OTHER -> "Another app or window uses this folder. Close it."
    Action.CORRECT_INPUT -> "This input cannot be used."
    Action.REPORT -> "Something is broken. Please report it: $code."
    Action.NOTHING -> "It has ended."
}

/** What the user is to know of the store; nothing where all is well. */
internal fun words(vault: VaultReport): List<String> = listOfNotNull(
    "A part of what was stored is lost or was tampered with.".takeIf { vault.lost > 0 },
    "Somebody has put older data on this device in the place of newer, or removed some. Private conversations begin anew.".takeIf { vault.incomplete },
    "The key could not be changed, or older data not be erased: it may be readable. The next start tries again.".takeIf { vault.oldKeyKept },
)

internal fun words(outcome: BurnOutcome): String = when (outcome) {
    BurnOutcome.PROVEN -> "Burned: the server refuses the login."
    BurnOutcome.DISABLED -> "Burned: the server removes no accounts, but nobody has the password any more."
    BurnOutcome.ALREADY_GONE -> "Burned: the server did not know it any more."
    BurnOutcome.UNPROVEN -> "Gone from here, but not yet proven at the server. It will be tried again."
    BurnOutcome.QUEUED -> "Gone from here. The server could not be asked yet, or has refused once: it will be asked again."
}

internal fun words(step: Step): String = when (step) {
    is Step.Sealed -> "Identity for ${step.server.value} drawn and sealed"
    is Step.OtherRoute -> "Onion service does not answer: through an exit"
    is Step.MovingOn -> "Moving on from ${step.from.value}. ${words(step.why)}"
    is Step.Working -> "Proof of work for the server: ${step.percent} %"
    is Step.ServerSays -> "The server says: ${step.words.text}"
    is Step.Connected -> "Connected through Tor"
    Step.Secured -> "Server's certificate checked"
    Step.Registered -> "Registered"
    Step.LoggedIn -> "Logged in"
    Step.Reachable -> "Can be reached"
    Step.Removed -> "Removed at the server"
    Step.Disabled -> "The server removes no accounts: password given up"
    Step.ProvenGone -> "Shown to be gone"
}

internal fun words(burner: BurnerState): String {
    val route = if (burner.via == Route.ONION) "by onion service" else "through an exit"
    return when (burner.phase) {
        Phase.PENDING -> "Not finished, $route"
        Phase.ACTIVE -> "Active, $route"
        Phase.BURNING -> "Being removed, $route"
    }
}

internal fun words(connection: Connection): String = when (connection) {
    Connection.Offline -> "Not connected"
    Connection.Connecting -> "Connecting"
    Connection.Online -> "Connected"
    is Connection.Waiting -> "Connection lost: it is tried again. ${words(connection.why)}"
    is Connection.Ended -> "Not connected. ${words(connection.why)}"
}

/** The lock. */
internal fun words(security: Security): String = when (security) {
    Security.PLAINTEXT -> "Not private yet: nothing is sent"
    Security.PRIVATE -> "Private, not verified: could be read by your server or your contact's server"
    Security.VERIFIED -> "Private and verified"
    Security.FINISHED -> "The peer has ended it: nothing is sent"
    Security.KEY_CHANGED -> "Another key than before: nothing is sent"
}

/** Beside the lock. */
internal const val VERSION_2: String = "OTR version 2: the peer's app offers nothing newer"

internal fun words(contact: Conversation): String = when (contact.relationship) {
    Relationship.STRANGER -> "A stranger, ${contact.unread} unread"
    Relationship.CONTACT -> "${if (contact.present) "There" else "Not seen"}, ${contact.unread} unread. ${words(contact.security)}"
    Relationship.BLOCKED -> "Blocked"
}

internal fun words(message: Message): String {
    val state = when (val state = message.state) {
        MessageState.Received, MessageState.Taken -> came(message.security)
        MessageState.Queued -> "waits"
        MessageState.WaitingForPeer -> "waits for the peer"
        MessageState.Sent -> "sent"
        MessageState.Acked -> "at the server"
        MessageState.Reported -> "delivered, servers say"
        MessageState.Delivered -> "delivered"
        is MessageState.Failed -> words(state.reason)
    }
    return if (message.maybeTwice) "$state, may come twice" else state
}

private fun came(security: Security): String = when (security) {
    Security.PLAINTEXT -> "came in the clear"
    Security.PRIVATE, Security.FINISHED -> "came in private, not verified"
    Security.VERIFIED -> "came in private, verified"
    Security.KEY_CHANGED -> "came from another key than before"
}

private fun words(reason: FailReason): String = when (reason) {
    FailReason.REFUSED -> "refused: nobody there takes it"
    FailReason.UNREACHABLE -> "their server was not reached"
    FailReason.ADDRESS_LOST -> "for whom it was is lost"
    FailReason.UNREAD -> "may not have been read"
    FailReason.OTHER_KEY -> "was for another key"
    FailReason.NO_ANSWER -> "the peer was not there in time"
    FailReason.TOO_LONG -> "too long"
    FailReason.BLOCKED -> "blocked before it left"
}

internal fun words(news: ChatNews): String = when (news) {
    is ChatNews.Compared -> words(news.comparison)
    is ChatNews.Noticed -> words(news.notice)
}

private fun words(comparison: Comparison): String = when (comparison) {
    is Comparison.Asked -> "The peer asks for a secret."
    Comparison.Verified -> "The same secret: the peer is verified."
    Comparison.VerifiedUs -> "The same secret: they have verified you."
    Comparison.Different -> "Not the same secret. This may be somebody else."
    Comparison.Aborted -> "The comparison has ended without a result."
}

private fun words(notice: Notice): String = when (notice) {
    Notice.Unreadable -> "A message could not be read."
    // The words are anybody's, so they are not shown.
    is Notice.PeerError -> "Somebody says that the peer could not read a message."
    Notice.OtherVersion -> "An offer of another version of OTR was refused."
    Notice.Mirror -> "Somebody sends your own messages back."
    Notice.Malformed -> "A message was broken."
    Notice.OtherKey -> "Somebody speaks for the peer with a key that you have not accepted. Nothing is sent there."
    Notice.InboxFull -> "Too much is unread. Nothing more is taken in until you have read some."
    Notice.TimerChanged -> "The peer has changed how long texts are kept."
    Notice.StrangerForgotten -> "Too many strangers wait for an answer: the one who had waited longest was forgotten."
}
