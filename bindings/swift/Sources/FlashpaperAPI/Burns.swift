import Foundation

/// How a burn ended.
public struct BurnReport: Equatable, Sendable {
    /// How sure it is that the account is gone.
    public let outcome: BurnOutcome
    /// What stood in the way, for the outcomes that are not final.
    public let reason: FlashpaperError?

    public init(outcome: BurnOutcome, reason: FlashpaperError? = nil) {
        self.outcome = outcome
        self.reason = reason
    }
}

/// How sure it is that an account is gone. A server may keep other data of it for longer; nobody can see that from here.
public enum BurnOutcome: Equatable, Sendable {
    /// It could log in, was removed, and then could not log in on a new stream with a checked certificate. Forgotten.
    case proven
    /// Its server removes no accounts. It could log in, was given a password that nobody keeps, and then could not log in on a
    /// new stream with a checked certificate. Its contacts were taken off the server's list. Forgotten.
    case disabled
    /// It could not log in before anything was removed. The server has said so twice, ten minutes apart and by other circuits,
    /// or has confirmed the removal before. Forgotten.
    case alreadyGone
    /// The server confirmed the removal, but that the login is refused could not be shown; or it neither removes the account nor
    /// takes another password. All but the removal is forgotten: see ``Flashpaper/pendingRemovals()``.
    case unproven
    /// The server could not be asked, or it has refused the login for the first time. A server with a broken password check
    /// does that, too. All but the removal is forgotten: see ``Flashpaper/pendingRemovals()``.
    case queued
}

/// The result of a burn of all burners, for one of them.
public struct Burned: Equatable, Sendable {
    /// Which burner.
    public let burner: BurnerID
    /// How its burn ended.
    public let report: BurnReport?
    /// Why it has no report: the error that burning it alone would have thrown.
    public let failed: FlashpaperError?

    public init(burner: BurnerID, report: BurnReport?, failed: FlashpaperError? = nil) {
        self.burner = burner
        self.report = report
        self.failed = failed
    }
}

/// A removal that waits for its server. Printing one does not show the address.
public struct PendingRemoval: Equatable, Sendable {
    /// The name that the burner had within this installation. ``Flashpaper/burn(_:)`` takes it, and tries at once.
    public let burner: BurnerID
    /// The bare JID that is to be removed.
    public let jid: JID
    /// Since when it waits, by the device's clock.
    public let since: Date
    /// When it is dropped: 30 days later.
    public let until: Date
    /// The server has confirmed the removal, or that it took a password that nobody keeps: only the proof is missing.
    public let confirmed: Bool

    public init(burner: BurnerID, jid: JID, since: Date, until: Date, confirmed: Bool) {
        self.burner = burner
        self.jid = jid
        self.since = since
        self.until = until
        self.confirmed = confirmed
    }
}

/// What a panic has not done: nothing, by default. Called again, it tries once more.
public struct PanicReport: Equatable, Sendable {
    /// Why the key store has kept a key.
    public let keyKept: FlashpaperError?
    /// Why files are left.
    public let filesLeft: FlashpaperError?

    public init(keyKept: FlashpaperError? = nil, filesLeft: FlashpaperError? = nil) {
        self.keyKept = keyKept
        self.filesLeft = filesLeft
    }
}

/// What a panic has not done, and the ticket that it leaves. Printing one does not show the ticket.
public struct TicketedPanic: Equatable, Sendable, Discreet {
    /// What it has not done.
    public let report: PanicReport
    /// The ticket, as UTF-8. It is a secret, and not encrypted: where it is kept is the app's to decide. Wipe the bytes after
    /// use.
    public let ticket: Data?

    public init(report: PanicReport, ticket: Data?) {
        self.report = report
        self.ticket = ticket
    }

    public var description: String { "TicketedPanic(\(report), ..)" }
}
