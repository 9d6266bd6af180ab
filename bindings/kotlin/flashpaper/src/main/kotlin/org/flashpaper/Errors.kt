package org.flashpaper

import kotlin.time.Duration

/**
 * What went wrong. Its message is its [code], for developers; an app picks its own words by that. Printing it shows that alone, so
 * that no log has a server's web page or a user's word. Two of the same kind with the same details are equal.
 *
 * Nothing here calls the library: errors can be made, compared and printed where it is not loaded.
 */
public sealed class FlashpaperException(
    /** A stable name for programs, in `snake_case`. */
    public val code: String,
    /** The one thing to suggest to the user. */
    public val action: Action,
    private val detail: Any? = null,
) : Exception(code) {
    /** Whether the same call may succeed later without any change. */
    public val retryable: Boolean
        get() = action == Action.TRY_LATER || action == Action.CHECK_NETWORK

    override fun equals(other: Any?): Boolean =
        other is FlashpaperException && javaClass == other.javaClass && detail == other.detail

    override fun hashCode(): Int = 31 * code.hashCode() + detail.hashCode()

    /** The device has no network. */
    public class Offline : FlashpaperException("offline", Action.CHECK_NETWORK)

    /** Tor cannot be reached, though there may be a network: filtered, or all relays down. */
    public class TorBlocked : FlashpaperException("tor_blocked", Action.CHECK_NETWORK)

    /** The clock is wrong, by at least this much where it is known. Tor cannot work until it is set. */
    public class ClockWrong(public val by: ClockError?) : FlashpaperException("clock_wrong", Action.SET_CLOCK, by)

    /** The Tor network demands a newer version of this library. */
    public class Obsolete : FlashpaperException("obsolete", Action.UPDATE_APP)

    /** Tor does not run: it was not started yet, or was stopped. [Flashpaper.startTor] starts it. */
    public class TorNotStarted : FlashpaperException("tor_not_started", Action.NOTHING)

    /** The server's host does not exist, refuses connections or closes them. */
    public class ServerUnreachable : FlashpaperException("server_unreachable", Action.TRY_LATER)

    /** The server's onion service does not answer. */
    public class OnionUnreachable : FlashpaperException("onion_unreachable", Action.TRY_LATER)

    /** No answer within the deadline. */
    public class Timeout : FlashpaperException("timeout", Action.TRY_LATER)

    /**
     * The server has no valid certificate for its domain, or no TLS, or offers less than it could before, as if somebody in
     * between had taken it away: nothing secret was sent.
     */
    public class Untrusted : FlashpaperException("untrusted", Action.CHOOSE_SERVER)

    /** The server offers no login that keeps the password secret (SCRAM): it was not sent. */
    public class NoSafeLogin : FlashpaperException("no_safe_login", Action.CHOOSE_SERVER)

    /** The server cannot say which messages it has (XEP-0198): a lost connection would swallow some. */
    public class NoSafeDelivery : FlashpaperException("no_safe_delivery", Action.CHOOSE_SERVER)

    /** The server makes no accounts in band, or takes no invitations where one was shown. */
    public class RegistrationClosed : FlashpaperException("registration_closed", Action.CHOOSE_SERVER)

    /** The server wants a form answered, and that cannot be done. */
    public class Unanswerable(public val fault: FormFault) : FlashpaperException(fault.code, fault.action, fault)

    /** The server makes accounts for those with an invitation, and there was none, or it is not accepted (any more). */
    public class NeedsInvite : FlashpaperException("needs_invite", Action.CHOOSE_SERVER)

    /** The answer to the server's question is wrong, or came too late. */
    public class BadAnswer : FlashpaperException("bad_answer", Action.TRY_LATER)

    /** The question was declined. */
    public class Declined : FlashpaperException("declined", Action.NOTHING)

    /** Nobody has answered the question while the server waited. */
    public class QuestionExpired : FlashpaperException("question_expired", Action.TRY_LATER)

    /** That question is not open: it was answered, or the server does not wait any more. */
    public class NoSuchQuestion : FlashpaperException("no_such_question", Action.NOTHING)

    /** The server does not take the password that was drawn. */
    public class WeakPassword : FlashpaperException("weak_password", Action.CHOOSE_SERVER)

    /** The server's rules forbid the account. */
    public class PolicyDenied : FlashpaperException("policy_denied", Action.CHOOSE_SERVER)

    /** The server has made the account, but lets it talk to nobody. */
    public class Quarantined : FlashpaperException("quarantined", Action.CHOOSE_SERVER)

    /** The server makes accounts on a web page only. */
    public class NeedsWeb(public val page: WebPage) : FlashpaperException("needs_web", Action.CHOOSE_SERVER, page)

    /**
     * The server or this installation's own cap asks to wait. How long is known of our own cap alone: servers say it in a text
     * for people, if at all.
     */
    public class RateLimited(public val retryAfter: Duration?) : FlashpaperException("rate_limited", Action.TRY_LATER, retryAfter)

    /** Every drawn name was taken already. */
    public class NamesTaken : FlashpaperException("names_taken", Action.TRY_LATER)

    /** The name that the invitation reserves is taken: another invitation is needed. */
    public class ReservedNameTaken : FlashpaperException("reserved_name_taken", Action.CORRECT_INPUT)

    /** The server refuses the request. */
    public class ServerRefused : FlashpaperException("server_refused", Action.CHOOSE_SERVER)

    /** The server has a fault of its own, or one behind it does not answer. */
    public class ServerFailed : FlashpaperException("server_failed", Action.TRY_LATER)

    /** The server does not know the account or its password. */
    public class Auth : FlashpaperException("auth", Action.NOTHING)

    /** The server broke the protocol. */
    public class ServerBroken : FlashpaperException("server_broken", Action.CHOOSE_SERVER)

    /** No entry of the server directory fits. */
    public class NoServer : FlashpaperException("no_server", Action.CHOOSE_SERVER)

    /** There is no such burner here; or, as one is restored, its server knows no account of these words. */
    public class NoSuchBurner : FlashpaperException("no_such_burner", Action.CORRECT_INPUT)

    /** The burner that is to be restored is here already. */
    public class AlreadyHere : FlashpaperException("already_here", Action.NOTHING)

    /** There is no such message: it was done, and nobody wanted it kept. */
    public class NoSuchMessage : FlashpaperException("no_such_message", Action.NOTHING)

    /** The burner does not know that peer. */
    public class NoSuchPeer : FlashpaperException("no_such_peer", Action.CORRECT_INPUT)

    /** The peer is blocked: that is to be taken back first ([Chat.setBlocked]). */
    public class PeerBlocked : FlashpaperException("peer_blocked", Action.NOTHING)

    /**
     * So many texts of this burner, or to this peer, are on their way that memory has no room for more. This one was not taken;
     * once some have arrived or failed there is room.
     */
    public class OutboxFull : FlashpaperException("outbox_full", Action.TRY_LATER)

    /** There is no private conversation to do that in. */
    public class NotPrivate : FlashpaperException("not_private", Action.NOTHING)

    /** There is no comparison to answer: nobody has asked, or it has ended. */
    public class NothingAsked : FlashpaperException("nothing_asked", Action.NOTHING)

    /**
     * The user has verified another key of that peer's than the one that was handed in. Nothing was changed: if the new one is
     * right, that is to be taken back first ([Chat.setVerified]).
     */
    public class OtherKeyVerified : FlashpaperException("other_key_verified", Action.NOTHING)

    /**
     * A link names another key than the one that is in use with that peer, or expected of it. Nothing was changed: the user has
     * to decide ([Burner.expectKey]).
     */
    public class OtherKeyInUse : FlashpaperException("other_key_in_use", Action.NOTHING)

    /** Wrong passphrase or key for this folder, or the library is locked: open it again. */
    public class VaultLocked : FlashpaperException("vault_locked", Action.UNLOCK)

    /** The sealed store is damaged as a whole. Of single records that are, [VaultReport] tells. */
    public class VaultDamaged : FlashpaperException("vault_damaged", Action.REPORT)

    /**
     * A burner's conversations cannot be read: there is more of them than memory has room for, or the store is damaged there.
     * The burner can be burnt.
     */
    public class Unreadable : FlashpaperException("unreadable", Action.NOTHING)

    /** A later version of this library wrote the store. */
    public class VaultTooNew : FlashpaperException("vault_too_new", Action.UPDATE_APP)

    /**
     * The key store does not hand out the key now: the user declined, or has to prove who they are. Nothing has changed here;
     * of a burn, the rest is done by the next start or call.
     */
    public class KeyDenied : FlashpaperException("key_denied", Action.UNLOCK)

    /** The key store hands out nothing before the device was unlocked for the first time since its start. */
    public class KeyLocked : FlashpaperException("key_locked", Action.UNLOCK)

    /** The key is gone from the key store, or its file, while sealed accounts exist; or this is another key store. */
    public class KeyLost : FlashpaperException("key_lost", Action.REPORT)

    /** The key store fails, which may pass or not. */
    public class KeyUnavailable : FlashpaperException("key_unavailable", Action.TRY_LATER)

    /** The device is full. */
    public class StorageFull : FlashpaperException("storage_full", Action.FREE_SPACE)

    /** The folder cannot be read or written. */
    public class Storage : FlashpaperException("storage", Action.REPORT)

    /** The library is suspended: resume it first. */
    public class Suspended : FlashpaperException("suspended", Action.NOTHING)

    /** Another process uses the folder, or this one has a Tor client already. */
    public class InUse : FlashpaperException("in_use", Action.CLOSE_OTHER)

    /** The call was cancelled. */
    public class Cancelled : FlashpaperException("cancelled", Action.NOTHING)

    /** The library was closed. */
    public class Closed : FlashpaperException("closed", Action.NOTHING)

    /** Something that the caller handed in cannot be used. */
    public class InvalidInput(public val input: Input) : FlashpaperException("invalid_input", Action.CORRECT_INPUT, input)

    /** A bug in this library. */
    public class Internal : FlashpaperException("internal", Action.REPORT)
}

/** The one thing to suggest to the user. */
public enum class Action {
    /** Look after the device's network. */
    CHECK_NETWORK,
    /** Set the clock. */
    SET_CLOCK,
    /** Update the app. */
    UPDATE_APP,
    /** Do the same again later. */
    TRY_LATER,
    /** Take another server. */
    CHOOSE_SERVER,
    /** Give the right passphrase, or let the key store hand out its key. */
    UNLOCK,
    /** Make space on the device. */
    FREE_SPACE,
    /** Close the other app or window. */
    CLOSE_OTHER,
    /** Give other input. */
    CORRECT_INPUT,
    /** Nothing helps but a report to the developers, or a new start. */
    REPORT,
    /** Nothing is to be done. */
    NOTHING,
}

/** A page on which a server makes accounts. Printing it does not show the address. */
public data class WebPage(
    /** The address, as the server gave it. Opened outside Tor it links the user to the account. */
    public val url: String,
) {
    override fun toString(): String = "WebPage(..)"
}

/** Which way our clock is off, and at least how far, in whole minutes. */
public sealed interface ClockError {
    /** Our clock is behind. */
    public data class Slow(public val by: Duration) : ClockError

    /** Our clock is ahead. */
    public data class Fast(public val by: Duration) : ClockError
}

/** Why a server's form cannot be answered. Nothing was told to the server. */
public enum class FormFault(internal val code: String, internal val action: Action) {
    /** It asks something of the user, and nobody is to be asked ([CreateOptions.asksNothing]). */
    NOBODY_TO_ASK("nobody_to_ask", Action.CHOOSE_SERVER),
    /** It asks for what nobody can answer here: a sound, a film, a choice of nothing. */
    KIND("unknown_challenge", Action.CHOOSE_SERVER),
    /** Its proof of work would take too long, or none was found. */
    WORK("too_much_work", Action.CHOOSE_SERVER),
    /** Its picture cannot be shown: neither PNG nor JPEG, too large, or another than was named. */
    PICTURE("bad_picture", Action.CHOOSE_SERVER),
    /** Its picture could not be fetched, or not by the route that was asked for. */
    PICTURE_LOST("picture_lost", Action.TRY_LATER),
}
