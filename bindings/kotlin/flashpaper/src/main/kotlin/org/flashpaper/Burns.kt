package org.flashpaper

import java.time.Instant

/** How a burn ended. */
public data class BurnReport(
    /** How sure it is that the account is gone. */
    public val outcome: BurnOutcome,
    /** What stood in the way, for the outcomes that are not final. */
    public val reason: FlashpaperException? = null,
)

/** How sure it is that an account is gone. A server may keep other data of it for longer; nobody can see that from here. */
public enum class BurnOutcome {
    /** It could log in, was removed, and then could not log in on a new stream with a checked certificate. Forgotten. */
    PROVEN,
    /**
     * Its server removes no accounts. It could log in, was given a password that nobody keeps, and then could not log in on a
     * new stream with a checked certificate. Its contacts were taken off the server's list. Forgotten.
     */
    DISABLED,
    /**
     * It could not log in before anything was removed. The server has said so twice, ten minutes apart and by other circuits,
     * or has confirmed the removal before. Forgotten.
     */
    ALREADY_GONE,
    /**
     * The server confirmed the removal, but that the login is refused could not be shown; or it neither removes the account nor
     * takes another password. All but the removal is forgotten: see [Flashpaper.pendingRemovals].
     */
    UNPROVEN,
    /**
     * The server could not be asked, or it has refused the login for the first time. A server with a broken password check does
     * that, too. All but the removal is forgotten: see [Flashpaper.pendingRemovals].
     */
    QUEUED,
}

/** The result of a burn of all burners, for one of them. */
public data class Burned(
    /** Which burner. */
    public val burner: BurnerId,
    /** How its burn ended. */
    public val report: BurnReport?,
    /** Why it has no report: the error that burning it alone would have thrown. */
    public val failed: FlashpaperException? = null,
)

/** A removal that waits for its server. Printing one does not show the address. */
public data class PendingRemoval(
    /** The name that the burner had within this installation. [Flashpaper.burn] takes it, and tries at once. */
    public val burner: BurnerId,
    /** The bare JID that is to be removed. */
    public val jid: Jid,
    /** Since when it waits, by the device's clock. */
    public val since: Instant,
    /** When it is dropped: 30 days later. */
    public val until: Instant,
    /** The server has confirmed the removal, or that it took a password that nobody keeps: only the proof is missing. */
    public val confirmed: Boolean,
)

/** What a panic has not done: nothing, by default. Called again, it tries once more. */
public data class PanicReport(
    /** Why the key store has kept a key. */
    public val keyKept: FlashpaperException? = null,
    /** Why files are left. */
    public val filesLeft: FlashpaperException? = null,
)

/** What a panic has not done, and the ticket that it leaves. Printing one does not show the ticket. */
public class TicketedPanic(
    /** What it has not done. */
    public val report: PanicReport,
    /**
     * The ticket, as UTF-8. It is a secret, and not encrypted: where it is kept is the app's to decide. Wipe the bytes after
     * use.
     */
    public val ticket: ByteArray?,
) {
    override fun toString(): String = "TicketedPanic($report, ..)"
}
