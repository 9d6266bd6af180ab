import Foundation

/// What went wrong. Its text is its ``code``, for developers; an app picks its own words by that.
///
/// Nothing here calls the library: errors can be made, compared and printed where it is not loaded.
public enum FlashpaperError: Error, Equatable, Sendable {
    /// The device has no network.
    case offline
    /// Tor cannot be reached, though there may be a network: filtered, or all relays down.
    case torBlocked
    /// The clock is wrong, by at least this much where it is known. Tor cannot work until it is set.
    case clockWrong(by: ClockError?)
    /// The Tor network demands a newer version of this library.
    case obsolete
    /// Tor does not run: it was not started yet, or was stopped. ``Flashpaper/startTor(_:deadline:)`` starts it.
    case torNotStarted
    /// The server's host does not exist, refuses connections or closes them.
    case serverUnreachable
    /// The server's onion service does not answer.
    case onionUnreachable
    /// No answer within the deadline.
    case timeout
    /// The server has no valid certificate for its domain, or no TLS, or offers less than it could before, as if somebody in
    /// between had taken it away: nothing secret was sent.
    case untrusted
    /// The server offers no login that keeps the password secret (SCRAM): it was not sent.
    case noSafeLogin
    /// The server cannot say which messages it has (XEP-0198): a lost connection would swallow some.
    case noSafeDelivery
    /// The server makes no accounts in band, or takes no invitations where one was shown.
    case registrationClosed
    /// The server wants a form answered, and that cannot be done.
    case unanswerable(FormFault)
    /// The server makes accounts for those with an invitation, and there was none, or it is not accepted (any more).
    case needsInvite
    /// The answer to the server's question is wrong, or came too late.
    case badAnswer
    /// The question was declined.
    case declined
    /// Nobody has answered the question while the server waited.
    case questionExpired
    /// That question is not open: it was answered, or the server does not wait any more.
    case noSuchQuestion
    /// The server does not take the password that was drawn.
    case weakPassword
    /// The server's rules forbid the account.
    case policyDenied
    /// The server has made the account, but lets it talk to nobody.
    case quarantined
    /// The server makes accounts on a web page only.
    case needsWeb(WebPage)
    /// The server or this installation's own cap asks to wait. How long is known of our own cap alone: servers say it in a
    /// text for people, if at all.
    case rateLimited(retryAfter: Duration?)
    /// Every drawn name was taken already.
    case namesTaken
    /// The name that the invitation reserves is taken: another invitation is needed.
    case reservedNameTaken
    /// The server refuses the request.
    case serverRefused
    /// The server has a fault of its own, or one behind it does not answer.
    case serverFailed
    /// The server does not know the account or its password.
    case auth
    /// The server broke the protocol.
    case serverBroken
    /// No entry of the server directory fits.
    case noServer
    /// There is no such burner here; or, as one is restored, its server knows no account of these words.
    case noSuchBurner
    /// The burner that is to be restored is here already.
    case alreadyHere
    /// There is no such message: it was done, and nobody wanted it kept.
    case noSuchMessage
    /// The burner does not know that peer.
    case noSuchPeer
    /// The peer is blocked: that is to be taken back first (``Chat/setBlocked(_:)``).
    case peerBlocked
    /// So many texts of this burner, or to this peer, are on their way that memory has no room for more. This one was not
    /// taken; once some have arrived or failed there is room.
    case outboxFull
    /// There is no private conversation to do that in.
    case notPrivate
    /// There is no comparison to answer: nobody has asked, or it has ended.
    case nothingAsked
    /// The user has verified another key of that peer's than the one that was handed in. Nothing was changed: if the new one
    /// is right, that is to be taken back first (``Chat/setVerified(_:key:)``).
    case otherKeyVerified
    /// A link names another key than the one that is in use with that peer, or expected of it. Nothing was changed: the user
    /// has to decide (``Burner/expectKey(_:)``).
    case otherKeyInUse
    /// Wrong passphrase or key for this folder, or the library is locked: open it again.
    case vaultLocked
    /// The sealed store is damaged as a whole. Of single records that are, ``VaultReport`` tells.
    case vaultDamaged
    /// A burner's conversations cannot be read: there is more of them than memory has room for, or the store is damaged there.
    /// The burner can be burnt.
    case unreadable
    /// A later version of this library wrote the store.
    case vaultTooNew
    /// The key store does not hand out the key now: the user declined, or has to prove who they are. Nothing has changed here;
    /// of a burn, the rest is done by the next start or call.
    case keyDenied
    /// The key store hands out nothing before the device was unlocked for the first time since its start.
    case keyLocked
    /// The key is gone from the key store, or its file, while sealed accounts exist; or this is another key store.
    case keyLost
    /// The key store fails, which may pass or not.
    case keyUnavailable
    /// The device is full.
    case storageFull
    /// The folder cannot be read or written.
    case storage
    /// The library is suspended: resume it first.
    case suspended
    /// Another process uses the folder, or this one has a Tor client already.
    case inUse
    /// The call was cancelled.
    case cancelled
    /// The library was closed.
    case closed
    /// Something that the caller handed in cannot be used.
    case invalidInput(Input)
    /// A bug in this library.
    case `internal`
}

extension FlashpaperError {
    /// A stable name for programs, in `snake_case`.
    public var code: String { traits.code }

    /// The one thing to suggest to the user.
    public var action: Action { traits.action }

    /// Whether the same call may succeed later without any change.
    public var isRetryable: Bool { action == .tryLater || action == .checkNetwork }

    private var traits: (code: String, action: Action) {
        switch self {
        case .offline: ("offline", .checkNetwork)
        case .torBlocked: ("tor_blocked", .checkNetwork)
        case .clockWrong: ("clock_wrong", .setClock)
        case .obsolete: ("obsolete", .updateApp)
        case .torNotStarted: ("tor_not_started", .nothing)
        case .serverUnreachable: ("server_unreachable", .tryLater)
        case .onionUnreachable: ("onion_unreachable", .tryLater)
        case .timeout: ("timeout", .tryLater)
        case .untrusted: ("untrusted", .chooseServer)
        case .noSafeLogin: ("no_safe_login", .chooseServer)
        case .noSafeDelivery: ("no_safe_delivery", .chooseServer)
        case .registrationClosed: ("registration_closed", .chooseServer)
        case .unanswerable(let fault): fault.traits
        case .needsInvite: ("needs_invite", .chooseServer)
        case .badAnswer: ("bad_answer", .tryLater)
        case .declined: ("declined", .nothing)
        case .questionExpired: ("question_expired", .tryLater)
        case .noSuchQuestion: ("no_such_question", .nothing)
        case .weakPassword: ("weak_password", .chooseServer)
        case .policyDenied: ("policy_denied", .chooseServer)
        case .quarantined: ("quarantined", .chooseServer)
        case .needsWeb: ("needs_web", .chooseServer)
        case .rateLimited: ("rate_limited", .tryLater)
        case .namesTaken: ("names_taken", .tryLater)
        case .reservedNameTaken: ("reserved_name_taken", .correctInput)
        case .serverRefused: ("server_refused", .chooseServer)
        case .serverFailed: ("server_failed", .tryLater)
        case .auth: ("auth", .nothing)
        case .serverBroken: ("server_broken", .chooseServer)
        case .noServer: ("no_server", .chooseServer)
        case .noSuchBurner: ("no_such_burner", .correctInput)
        case .alreadyHere: ("already_here", .nothing)
        case .noSuchMessage: ("no_such_message", .nothing)
        case .noSuchPeer: ("no_such_peer", .correctInput)
        case .peerBlocked: ("peer_blocked", .nothing)
        case .outboxFull: ("outbox_full", .tryLater)
        case .notPrivate: ("not_private", .nothing)
        case .nothingAsked: ("nothing_asked", .nothing)
        case .otherKeyVerified: ("other_key_verified", .nothing)
        case .otherKeyInUse: ("other_key_in_use", .nothing)
        case .vaultLocked: ("vault_locked", .unlock)
        case .vaultDamaged: ("vault_damaged", .report)
        case .unreadable: ("unreadable", .nothing)
        case .vaultTooNew: ("vault_too_new", .updateApp)
        case .keyDenied: ("key_denied", .unlock)
        case .keyLocked: ("key_locked", .unlock)
        case .keyLost: ("key_lost", .report)
        case .keyUnavailable: ("key_unavailable", .tryLater)
        case .storageFull: ("storage_full", .freeSpace)
        case .storage: ("storage", .report)
        case .suspended: ("suspended", .nothing)
        case .inUse: ("in_use", .closeOther)
        case .cancelled: ("cancelled", .nothing)
        case .closed: ("closed", .nothing)
        case .invalidInput: ("invalid_input", .correctInput)
        case .internal: ("internal", .report)
        }
    }
}

/// Its code: no log gets to see a server's web page or a user's word.
extension FlashpaperError: LocalizedError, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var errorDescription: String? { code }
    public var description: String { code }
    public var debugDescription: String { code }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// The one thing to suggest to the user.
public enum Action: Equatable, Sendable, CaseIterable {
    /// Look after the device's network.
    case checkNetwork
    /// Set the clock.
    case setClock
    /// Update the app.
    case updateApp
    /// Do the same again later.
    case tryLater
    /// Take another server.
    case chooseServer
    /// Give the right passphrase, or let the key store hand out its key.
    case unlock
    /// Make space on the device.
    case freeSpace
    /// Close the other app or window.
    case closeOther
    /// Give other input.
    case correctInput
    /// Nothing helps but a report to the developers, or a new start.
    case report
    /// Nothing is to be done.
    case nothing
}

/// A page on which a server makes accounts. Printing it does not show the address.
public struct WebPage: Equatable, Sendable, Discreet {
    /// The address, as the server gave it. Opened outside Tor it links the user to the account.
    public let url: String

    public init(url: String) {
        self.url = url
    }
}

/// Which way our clock is off, and at least how far, in whole minutes.
public enum ClockError: Equatable, Sendable {
    /// Our clock is behind.
    case slow(by: Duration)
    /// Our clock is ahead.
    case fast(by: Duration)
}

/// Why a server's form cannot be answered. Nothing was told to the server.
public enum FormFault: Equatable, Sendable, CaseIterable {
    /// It asks something of the user, and nobody is to be asked (``CreateOptions/asksNothing``).
    case nobodyToAsk
    /// It asks for what nobody can answer here: a sound, a film, a choice of nothing.
    case kind
    /// Its proof of work would take too long, or none was found.
    case work
    /// Its picture cannot be shown: neither PNG nor JPEG, too large, or another than was named.
    case picture
    /// Its picture could not be fetched, or not by the route that was asked for.
    case pictureLost

    fileprivate var traits: (code: String, action: Action) {
        switch self {
        case .nobodyToAsk: ("nobody_to_ask", .chooseServer)
        case .kind: ("unknown_challenge", .chooseServer)
        case .work: ("too_much_work", .chooseServer)
        case .picture: ("bad_picture", .chooseServer)
        case .pictureLost: ("picture_lost", .tryLater)
        }
    }
}
