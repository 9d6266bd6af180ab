package org.flashpaper.demo

import kotlin.time.Duration
import org.flashpaper.ClockError
import org.flashpaper.FlashpaperException
import org.flashpaper.FlashpaperException.*
import org.flashpaper.Input
import org.flashpaper.TextFault
import org.flashpaper.demo.TextKey.*

/** What a user is told of an error: what happened, and what to do about it. */
internal fun problem(error: FlashpaperException): Problem = when (error) {
    is Offline -> caution(Mark.OFFLINE, PROBLEM_OFFLINE, PROBLEM_OFFLINE_ADVICE)
    is TorBlocked -> caution(Mark.TOR, PROBLEM_TOR_BLOCKED, PROBLEM_TOR_BLOCKED_ADVICE)
    is ClockWrong -> caution(Mark.CLOCK, PROBLEM_CLOCK, clock(error.by))
    is Obsolete, is VaultTooNew -> danger(Mark.WARNING, PROBLEM_OBSOLETE, PROBLEM_OBSOLETE_ADVICE)
    is ServerUnreachable, is OnionUnreachable, is ServerFailed ->
        caution(Mark.SERVER, PROBLEM_SERVER_AWAY, PROBLEM_SERVER_AWAY_ADVICE)
    is Timeout -> caution(Mark.WAITING, PROBLEM_TIMEOUT, PROBLEM_TIMEOUT_ADVICE)
    is Untrusted, is NoSafeLogin, is NoSafeDelivery ->
        danger(Mark.SERVER, PROBLEM_SERVER_UNSAFE, PROBLEM_SERVER_UNSAFE_ADVICE, canRetry = true)
    is RegistrationClosed, is Unanswerable, is NeedsInvite, is WeakPassword, is PolicyDenied, is NamesTaken, is ReservedNameTaken,
    is ServerRefused, is ServerBroken, is NoServer,
    -> caution(Mark.SERVER, PROBLEM_SERVER_REFUSED, PROBLEM_SERVER_REFUSED_ADVICE)
    is Quarantined -> danger(Mark.HELD, PROBLEM_QUARANTINED, PROBLEM_QUARANTINED_ADVICE, canRetry = true)
    is NeedsWeb -> caution(Mark.SERVER, PROBLEM_WEB, PROBLEM_WEB_ADVICE)
    is RateLimited -> caution(Mark.WAITING, PROBLEM_WAIT, wait(error.retryAfter))
    is BadAnswer, is QuestionExpired -> caution(Mark.FAILED, PROBLEM_BAD_ANSWER, PROBLEM_BAD_ANSWER_ADVICE)
    is Declined -> caution(Mark.INFO, PROBLEM_DECLINED, PROBLEM_DECLINED_ADVICE)
    is Auth -> danger(Mark.SERVER, PROBLEM_LOGIN, PROBLEM_LOGIN_ADVICE)
    is NoSuchBurner -> caution(Mark.INFO, PROBLEM_GONE, PROBLEM_GONE_ADVICE, canRetry = false)
    is Unreadable -> danger(Mark.WARNING, PROBLEM_UNREADABLE, PROBLEM_UNREADABLE_ADVICE)
    is VaultLocked, is KeyLocked -> caution(Mark.LOCK, PROBLEM_LOCKED, PROBLEM_LOCKED_ADVICE)
    is KeyDenied, is KeyUnavailable -> caution(Mark.LOCK, PROBLEM_KEY_DENIED, PROBLEM_KEY_DENIED_ADVICE)
    is KeyLost -> danger(Mark.WARNING, PROBLEM_KEY_LOST, PROBLEM_KEY_LOST_ADVICE)
    is VaultDamaged, is Storage -> danger(Mark.WARNING, PROBLEM_DAMAGED, PROBLEM_DAMAGED_ADVICE)
    is StorageFull -> caution(Mark.WARNING, PROBLEM_FULL, PROBLEM_FULL_ADVICE)
    is InUse -> caution(Mark.WARNING, PROBLEM_IN_USE, PROBLEM_IN_USE_ADVICE)
    is InvalidInput, is AlreadyHere, is NoSuchPeer, is PeerBlocked, is OtherKeyVerified, is OtherKeyInUse ->
        caution(Mark.FAILED, PROBLEM_INPUT, PROBLEM_INPUT_ADVICE, canRetry = false)
    is Suspended, is Cancelled, is Closed, is NoSuchQuestion, is NoSuchMessage, is NotPrivate, is NothingAsked, is OutboxFull ->
        caution(Mark.INFO, PROBLEM_ENDED, PROBLEM_ENDED_ADVICE)
    is TorNotStarted -> caution(Mark.OFFLINE, TOR_OFF, PROBLEM_ENDED_ADVICE)
    is Internal ->
        danger(Mark.WARNING, PROBLEM_BROKEN, Text(PROBLEM_BROKEN_ADVICE, Verbatim(error.code)), canRetry = true)
}

/** The same in one sentence, for what was asked for and cannot be done. */
internal fun note(error: FlashpaperException): Note = Note(
    when (error) {
        is InvalidInput -> when (val input = error.input) {
            Input.Address -> Text(CONTACTS_BAD_ADDRESS)
            is Input.Text -> text(input.fault)
            else -> problem(error).sign.text
        }
        is PeerBlocked -> Text(CONTACTS_BLOCKED)
        is OtherKeyVerified -> Text(CONTACTS_OTHER_VERIFIED)
        is OutboxFull -> Text(CHAT_OUTBOX_FULL)
        is NotPrivate -> Text(VERIFY_NOT_PRIVATE)
        else -> problem(error).sign.text
    },
    Tone.CAUTION,
)

private fun text(fault: TextFault): Text = when (fault) {
    TextFault.Empty -> Text(VERIFY_EMPTY)
    is TextFault.TooLong -> Text(CHAT_TOO_LONG)
    is TextFault.Character -> Text(CHAT_CHARACTER, Number(fault.at.toInt()))
}

private fun clock(by: ClockError?): Text = when (by) {
    is ClockError.Slow -> Text(PROBLEM_CLOCK_SLOW, Number(by.by.inWholeMinutes.toInt()))
    is ClockError.Fast -> Text(PROBLEM_CLOCK_FAST, Number(by.by.inWholeMinutes.toInt()))
    null -> Text(PROBLEM_CLOCK_ADVICE)
}

private fun wait(time: Duration?): Text =
    if (time == null) Text(PROBLEM_WAIT_ADVICE) else Text(PROBLEM_WAIT_MINUTES, Number(time.inWholeMinutes.toInt() + 1))

private fun caution(mark: Mark, title: TextKey, advice: TextKey, canRetry: Boolean = true) =
    caution(mark, title, Text(advice), canRetry)

private fun caution(mark: Mark, title: TextKey, advice: Text, canRetry: Boolean = true) =
    Problem(Sign(mark, Text(title), Tone.CAUTION), advice, canRetry)

private fun danger(mark: Mark, title: TextKey, advice: TextKey, canRetry: Boolean = false) =
    danger(mark, title, Text(advice), canRetry)

private fun danger(mark: Mark, title: TextKey, advice: Text, canRetry: Boolean) =
    Problem(Sign(mark, Text(title), Tone.DANGER), advice, canRetry)
