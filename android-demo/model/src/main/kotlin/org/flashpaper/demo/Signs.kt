// What the library tells, as words with a picture and a colour.

package org.flashpaper.demo

import java.time.Clock
import java.time.Instant
import org.flashpaper.BurnOutcome
import org.flashpaper.BurnerState
import org.flashpaper.Connection
import org.flashpaper.FailReason
import org.flashpaper.FlashpaperException
import org.flashpaper.Message
import org.flashpaper.MessageState
import org.flashpaper.Phase
import org.flashpaper.Security
import org.flashpaper.Stage
import org.flashpaper.Step
import org.flashpaper.Tor
import org.flashpaper.VaultReport
import org.flashpaper.demo.TextKey.*

internal fun sign(tor: Tor): Sign = when (tor) {
    Tor.Off -> Sign(Mark.OFFLINE, Text(TOR_OFF), Tone.QUIET)
    is Tor.Connecting -> when (tor.stage) {
        Stage.CONNECTING -> Sign(Mark.CONNECTING, Text(TOR_CONNECTING), Tone.CALM)
        Stage.DIRECTORY, Stage.READY -> Sign(Mark.CONNECTING, Text(TOR_DIRECTORY), Tone.CALM)
        Stage.STOPPED -> Sign(Mark.OFFLINE, Text(TOR_STOPPED), Tone.CAUTION)
    }
    Tor.Ready -> Sign(Mark.TOR, Text(TOR_READY), Tone.GOOD)
    is Tor.Blocked -> Sign(Mark.WARNING, Text(TOR_BLOCKED), Tone.CAUTION)
}

internal fun sign(step: Step): Sign = when (step) {
    is Step.Sealed -> done(Text(STEP_SEALED, Verbatim(step.server.value)))
    is Step.OtherRoute -> Sign(Mark.INFO, Text(STEP_OTHER_ROUTE), Tone.QUIET)
    is Step.MovingOn -> Sign(Mark.FAILED, Text(STEP_MOVING_ON, Verbatim(step.from.value)), Tone.CAUTION)
    is Step.Working -> Sign(Mark.WAITING, Text(STEP_WORKING, Number(step.percent)), Tone.CALM)
    is Step.ServerSays -> Sign(Mark.INFO, Text(STEP_SERVER_SAYS), Tone.QUIET)
    is Step.Connected -> done(Text(STEP_CONNECTED))
    Step.Secured -> done(Text(STEP_SECURED))
    Step.Registered -> done(Text(STEP_REGISTERED))
    Step.LoggedIn -> done(Text(STEP_LOGGED_IN))
    Step.Reachable -> done(Text(STEP_REACHABLE))
    Step.Removed -> done(Text(STEP_REMOVED))
    Step.Disabled -> done(Text(STEP_DISABLED))
    Step.ProvenGone -> done(Text(STEP_PROVEN_GONE))
}

private fun done(text: Text) = Sign(Mark.TICK, text, Tone.GOOD)

internal fun sign(connection: Connection): Sign = when (connection) {
    Connection.Offline -> Sign(Mark.OFFLINE, Text(BURNER_OFFLINE), Tone.QUIET)
    Connection.Connecting -> Sign(Mark.CONNECTING, Text(BURNER_CONNECTING), Tone.CALM)
    Connection.Online -> Sign(Mark.ONLINE, Text(BURNER_ONLINE), Tone.GOOD)
    Connection.Quarantined -> Sign(Mark.HELD, Text(MODE_QUARANTINED), Tone.DANGER)
    is Connection.Waiting -> Sign(Mark.CONNECTING, Text(BURNER_WAITING), Tone.CAUTION)
    is Connection.Ended -> Sign(Mark.FAILED, Text(BURNER_ENDED), Tone.DANGER)
}

/** Why a burner is not connected, or is and talks to nobody. */
internal val Connection.why: FlashpaperException?
    get() = when (this) {
        is Connection.Waiting -> why
        is Connection.Ended -> why
        Connection.Quarantined -> FlashpaperException.Quarantined()
        Connection.Offline, Connection.Connecting, Connection.Online -> null
    }

internal fun sign(burner: BurnerState): Sign = when (burner.phase) {
    Phase.PENDING -> Sign(Mark.WAITING, Text(BURNER_UNFINISHED), Tone.QUIET)
    Phase.BURNING -> Sign(Mark.FIRE, Text(TextKey.BURNER_BURNING), Tone.DANGER)
    Phase.ACTIVE ->
        if (burner.unreadable == null) sign(burner.connection) else Sign(Mark.WARNING, Text(BURNER_UNREADABLE), Tone.DANGER)
}

internal fun expiry(burner: BurnerState, clock: Clock): Sign? =
    burner.expiresAt?.let { Sign(Mark.EXPIRY, Text(BURNER_EXPIRES, moment(it, clock)), Tone.CAUTION) }

internal fun moment(at: Instant, clock: Clock): Moment {
    fun day(of: Instant) = of.atZone(clock.zone).toLocalDate()
    return Moment(at, withDay = day(at) != day(clock.instant()))
}

/** What is wrong with the store. */
internal fun warnings(vault: VaultReport): List<Sign> = listOfNotNull(
    LASTING_LOST.takeIf { vault.lost > 0 },
    LASTING_INCOMPLETE.takeIf { vault.incomplete },
    LASTING_OLD_KEY.takeIf { vault.oldKeyKept },
).map { Sign(Mark.WARNING, Text(it), Tone.CAUTION) }

internal fun sign(message: Message): Sign {
    val sign = when (val state = message.state) {
        MessageState.Received, MessageState.Taken -> came(message.security)
        MessageState.Queued -> Sign(Mark.WAITING, Text(MESSAGE_QUEUED), Tone.QUIET)
        MessageState.WaitingForPeer -> Sign(Mark.WAITING, Text(MESSAGE_WAITING), Tone.CAUTION)
        MessageState.Sent -> Sign(Mark.TICK, Text(MESSAGE_SENT), Tone.QUIET)
        MessageState.Acked -> Sign(Mark.AT_SERVER, Text(MESSAGE_ACKED), Tone.CALM)
        MessageState.Reported -> Sign(Mark.TICKS, Text(MESSAGE_REPORTED), Tone.CALM)
        MessageState.Delivered -> Sign(Mark.TICKS, Text(MESSAGE_DELIVERED), Tone.GOOD)
        is MessageState.Failed -> Sign(Mark.FAILED, Text(reason(state.reason)), Tone.DANGER)
    }
    return if (message.maybeTwice) sign.copy(text = Text(MESSAGE_MAYBE_TWICE, sign.text)) else sign
}

private fun came(security: Security): Sign = when (security) {
    Security.PLAINTEXT -> Sign(Mark.OPEN, Text(MESSAGE_IN_THE_CLEAR), Tone.DANGER)
    Security.PRIVATE, Security.FINISHED -> Sign(Mark.LOCK, Text(MESSAGE_IN_PRIVATE), Tone.CALM)
    Security.VERIFIED -> Sign(Mark.SHIELD, Text(MESSAGE_VERIFIED), Tone.GOOD)
    Security.KEY_CHANGED -> Sign(Mark.KEY_CHANGED, Text(MESSAGE_BY_OTHER_KEY), Tone.DANGER)
}

private fun reason(reason: FailReason): TextKey = when (reason) {
    FailReason.REFUSED -> MESSAGE_REFUSED
    FailReason.UNREACHABLE -> MESSAGE_UNREACHABLE
    FailReason.ADDRESS_LOST -> MESSAGE_ADDRESS_LOST
    FailReason.UNREAD -> MESSAGE_UNREAD
    FailReason.OTHER_KEY -> MESSAGE_OTHER_KEY
    FailReason.NO_ANSWER -> MESSAGE_NO_ANSWER
    FailReason.TOO_LONG -> MESSAGE_TOO_LONG
    FailReason.BLOCKED -> MESSAGE_BLOCKED
}

/** Asks once more before something that cannot be taken back. */
internal fun sure(title: TextKey, text: Text, yes: TextKey) = Confirmation(Text(title), text, Text(yes), Text(CANCEL), Tone.DANGER)

/** How sure it is that a burner is gone, and what that means. */
internal fun signs(outcome: BurnOutcome): Pair<Sign, Text> = when (outcome) {
    BurnOutcome.PROVEN -> Sign(Mark.SHIELD, Text(REPORT_PROVEN), Tone.GOOD) to Text(REPORT_PROVEN_TEXT)
    BurnOutcome.DISABLED -> Sign(Mark.TICK, Text(REPORT_DISABLED), Tone.GOOD) to Text(REPORT_DISABLED_TEXT)
    BurnOutcome.ALREADY_GONE -> Sign(Mark.TICK, Text(REPORT_ALREADY_GONE), Tone.GOOD) to Text(REPORT_ALREADY_GONE_TEXT)
    BurnOutcome.UNPROVEN -> Sign(Mark.WARNING, Text(REPORT_UNPROVEN), Tone.CAUTION) to Text(REPORT_UNPROVEN_TEXT)
    BurnOutcome.QUEUED -> Sign(Mark.WAITING, Text(REPORT_QUEUED), Tone.CAUTION) to Text(REPORT_QUEUED_TEXT)
}
