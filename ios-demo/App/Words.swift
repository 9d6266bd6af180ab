import FlashpaperDemoModel
import FlashpaperKit

// The app's words for what the library tells. One sentence each.

func words(for error: FlashpaperError) -> String {
    switch error {
    case .auth: "The server does not accept the login."
    case .notPrivate: "There is no private conversation."
    case .nothingAsked: "Nothing is asked any more."
    case .peerBlocked: "This peer is blocked."
    case .outboxFull: "Too many texts are on their way. Try again when some have arrived."
    case .otherKeyVerified: "You have verified another key of this contact."
    case .otherKeyInUse: "This link names another key than the one in use. If it is right, add it once more."
    case .badAnswer: "The answer was wrong. Try again."
    case .unanswerable: "The server asks for what cannot be answered here. Try again: another may be drawn."
    case .questionExpired: "The question was not answered in time. Try again."
    case .noSuchBurner: "This burner is not here any more."
    case .unreadable: "The conversations cannot be read. The burner can be burned."
    case .invalidInput(.text(.tooLong(let bytes, let limit))):
        "The text is too long: \(bytes) of \(limit) bytes."
    case .invalidInput(.text(.character(_, let at))): "Character \(at) of the text cannot be sent."
    case .invalidInput(.answer(.missing(let field))): "Field \(field + 1) has to be answered."
    case .invalidInput(.answer(.unfit(let field))): "The answer to field \(field + 1) does not fit."
    case .invalidInput(.answer(.tooFew)): "More fields have to be answered."
    default: words(for: error.action, code: error.code)
    }
}

private func words(for action: Action, code: String) -> String {
    switch action {
    case .checkNetwork: "Tor cannot be reached. Check the network."
    case .setClock: "The clock is wrong. Set it, then try again."
    case .updateApp: "This app is too old for the Tor network. Update it."
    case .tryLater: "The server does not answer or asks to wait. Try again later."
    case .chooseServer: "This server cannot be used. Try again: another may be drawn."
    case .unlock: "The passphrase is wrong."
    case .freeSpace: "The device is full. Free some space."
    case .closeOther: "Another app or window uses this folder. Close it."
    case .correctInput: "This input cannot be used."
    case .report: "Something is broken. Please report it: \(code)."
    case .nothing: "It has ended."
    }
}

/// What the user is to know of the store; nothing where all is well.
func words(for vault: VaultReport) -> [String] {
    var told: [String] = []
    if vault.lost > 0 { told.append("A part of what was stored is lost or was tampered with.") }
    if vault.incomplete {
        told.append("Somebody has put older data on this device in the place of newer, or removed some. Private conversations begin anew.")
    }
    if vault.oldKeyKept { told.append("The key could not be changed, or older data not be erased: it may be readable. The next start tries again.") }
    return told
}

func words(for outcome: BurnOutcome) -> String {
    switch outcome {
    case .proven: "Burned: the server refuses the login."
    case .disabled: "Burned: the server removes no accounts, but nobody has the password any more."
    case .alreadyGone: "Burned: the server did not know it any more."
    case .unproven: "Gone from here, but not yet proven at the server. It will be tried again."
    case .queued: "Gone from here. The server could not be asked yet, or has refused once: it will be asked again."
    }
}

func words(for step: Step) -> String {
    switch step {
    case .sealed(let server, _): "Identity for \(server.rawValue) drawn and sealed"
    case .otherRoute: "Onion service does not answer: through an exit"
    case .movingOn(let from, let why): "Moving on from \(from.rawValue). \(words(for: why))"
    case .working(let percent): "Proof of work for the server: \(percent) %"
    case .serverSays(let words): "The server says: \(words.text)"
    case .connected: "Connected through Tor"
    case .secured: "Server's certificate checked"
    case .registered: "Registered"
    case .loggedIn: "Logged in"
    case .reachable: "Can be reached"
    case .removed: "Removed at the server"
    case .disabled: "The server removes no accounts: password given up"
    case .provenGone: "Shown to be gone"
    }
}

func words(for burner: BurnerState) -> String {
    let route = burner.via == .onion ? "by onion service" : "through an exit"
    return switch burner.phase {
    case .pending: "Not finished, \(route)"
    case .active: "Active, \(route)"
    case .burning: "Being removed, \(route)"
    }
}

func words(for connection: Connection) -> String {
    switch connection {
    case .offline: "Not connected"
    case .connecting: "Connecting"
    case .online: "Connected"
    case .waiting(let why): "Connection lost: it is tried again. \(words(for: why))"
    case .ended(let why): "Not connected. \(words(for: why))"
    }
}

/// The lock.
func words(for security: Security) -> String {
    switch security {
    case .plaintext: "Not private yet: nothing is sent"
    case .private: "Private, not verified: could be read by your server or your contact's server"
    case .verified: "Private and verified"
    case .finished: "The peer has ended it: nothing is sent"
    case .keyChanged: "Another key than before: nothing is sent"
    }
}

func words(for contact: ChatState) -> String {
    switch contact.relationship {
    case .stranger: "A stranger, \(contact.unread) unread"
    case .contact: "\(contact.present ? "There" : "Not seen"), \(contact.unread) unread. \(words(for: contact.security))"
    case .blocked: "Blocked"
    }
}

func words(for message: Message) -> String {
    let state = switch message.state {
    case .received, .taken: came(message.security)
    case .queued: "waits"
    case .waitingForPeer: "waits for the peer"
    case .sent: "sent"
    case .acked: "at the server"
    case .reported: "delivered, servers say"
    case .delivered: "delivered"
    case .failed(let reason): words(for: reason)
    }
    return message.maybeTwice ? "\(state), may come twice" : state
}

private func came(_ security: Security) -> String {
    switch security {
    case .plaintext: "came in the clear"
    case .private, .finished: "came in private, not verified"
    case .verified: "came in private, verified"
    case .keyChanged: "came from another key than before"
    }
}

private func words(for reason: FailReason) -> String {
    switch reason {
    case .refused: "refused: nobody there takes it"
    case .unreachable: "their server was not reached"
    case .addressLost: "for whom it was is lost"
    case .unread: "may not have been read"
    case .otherKey: "was for another key"
    case .noAnswer: "the peer was not there in time"
    case .tooLong: "too long"
    case .blocked: "blocked before it left"
    }
}

func words(for news: ChatNews) -> String {
    switch news {
    case .compared(let comparison): words(for: comparison)
    case .noticed(let notice): words(for: notice)
    }
}

private func words(for comparison: Comparison) -> String {
    switch comparison {
    case .asked: "The peer asks for a secret."
    case .verified: "The same secret: the peer is verified."
    case .verifiedUs: "The same secret: they have verified you."
    case .different: "Not the same secret. This may be somebody else."
    case .aborted: "The comparison has ended without a result."
    }
}

private func words(for notice: FlashpaperKit.Notice) -> String {
    switch notice {
    case .unreadable: "A message could not be read."
    // The words are anybody's, so they are not shown.
    case .peerError: "Somebody says that the peer could not read a message."
    case .otherVersion: "An offer of another version of OTR was refused."
    case .mirror: "Somebody sends your own messages back."
    case .malformed: "A message was broken."
    case .otherKey: "Somebody speaks for the peer with a key that you have not accepted. Nothing is sent there."
    case .inboxFull: "Too much is unread. Nothing more is taken in until you have read some."
    case .timerChanged: "The peer has changed how long texts are kept."
    case .strangerForgotten: "Too many strangers wait for an answer: the one who had waited longest was forgotten."
    }
}
