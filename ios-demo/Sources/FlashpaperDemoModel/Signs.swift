import FlashpaperKit
import Foundation

// What the library tells, as words with a picture and a colour.

extension Sign {
    init(_ mark: Mark, _ key: TextKey, _ tone: Tone) {
        self.init(mark: mark, text: Phrase(key), tone: tone)
    }

    init(_ tor: Tor) {
        switch tor {
        case .off: self.init(.offline, .torOff, .quiet)
        case .connecting(_, .connecting): self.init(.connecting, .torConnecting, .calm)
        case .connecting(_, .directory), .connecting(_, .ready): self.init(.connecting, .torDirectory, .calm)
        case .connecting(_, .stopped): self.init(.offline, .torStopped, .caution)
        case .ready: self.init(.tor, .torReady, .good)
        case .blocked: self.init(.warning, .torBlocked, .caution)
        }
    }

    /// A step that is done.
    init(_ step: Step) {
        switch step {
        case .sealed(let server, _): self.init(done: Phrase(.stepSealed, .verbatim(Verbatim(server.rawValue))))
        case .otherRoute: self.init(.info, .stepOtherRoute, .quiet)
        case .movingOn(let from, _):
            self.init(mark: .failed, text: Phrase(.stepMovingOn, .verbatim(Verbatim(from.rawValue))), tone: .caution)
        case .working(let percent): self.init(mark: .waiting, text: Phrase(.stepWorking, .number(percent)), tone: .calm)
        case .serverSays: self.init(.info, .stepServerSays, .quiet)
        case .connected: self.init(done: Phrase(.stepConnected))
        case .secured: self.init(done: Phrase(.stepSecured))
        case .registered: self.init(done: Phrase(.stepRegistered))
        case .loggedIn: self.init(done: Phrase(.stepLoggedIn))
        case .reachable: self.init(done: Phrase(.stepReachable))
        case .removed: self.init(done: Phrase(.stepRemoved))
        case .disabled: self.init(done: Phrase(.stepDisabled))
        case .provenGone: self.init(done: Phrase(.stepProvenGone))
        }
    }

    private init(done text: Phrase) { self.init(mark: .tick, text: text, tone: .good) }

    init(_ connection: Connection) {
        switch connection {
        case .offline: self.init(.offline, .burnerOffline, .quiet)
        case .connecting: self.init(.connecting, .burnerConnecting, .calm)
        case .online: self.init(.online, .burnerOnline, .good)
        case .quarantined: self.init(.held, .modeQuarantined, .danger)
        case .waiting: self.init(.connecting, .burnerWaiting, .caution)
        case .ended: self.init(.failed, .burnerEnded, .danger)
        }
    }

    init(_ burner: BurnerState) {
        switch burner.phase {
        case .pending: self.init(.waiting, .burnerUnfinished, .quiet)
        case .burning: self.init(.fire, .burnerBurning, .danger)
        case .active where burner.unreadable != nil: self.init(.warning, .burnerUnreadable, .danger)
        case .active: self.init(burner.connection)
        }
    }

    /// When a burner is burnt by itself.
    init?(expiryOf burner: BurnerState, at now: Date) {
        guard let time = burner.expiresAt else { return nil }
        self.init(mark: .expiry, text: Phrase(.burnerExpires, .moment(Moment(time, at: now))), tone: .caution)
    }

    /// How far a message is, or how it came.
    init(_ message: Message) {
        let sign =
            switch message.state {
            case .received, .taken: Sign(came: message.security)
            case .queued: Sign(.waiting, .messageQueued, .quiet)
            case .waitingForPeer: Sign(.waiting, .messageWaiting, .caution)
            case .sent: Sign(.tick, .messageSent, .quiet)
            case .acked: Sign(.atServer, .messageAcked, .calm)
            case .reported: Sign(.ticks, .messageReported, .calm)
            case .delivered: Sign(.ticks, .messageDelivered, .good)
            case .failed(let reason): Sign(.failed, reason.key, .danger)
            }
        let text = message.maybeTwice ? Phrase(.messageMaybeTwice, .phrase(sign.text)) : sign.text
        self.init(mark: sign.mark, text: text, tone: sign.tone)
    }

    private init(came security: Security) {
        switch security {
        case .plaintext: self.init(.open, .messageInTheClear, .danger)
        case .private, .finished: self.init(.lock, .messageInPrivate, .calm)
        case .verified: self.init(.shield, .messageVerified, .good)
        case .keyChanged: self.init(.keyChanged, .messageByOtherKey, .danger)
        }
    }

    /// What is wrong as long as it is so.
    static func lasting(_ state: FlashpaperState) -> [Sign] {
        let vault = state.vault
        return [
            state.network == .private ? Sign(.warning, .lastingPrivateNetwork, .danger) : nil,
            vault.lost > 0 ? Sign(.warning, .lastingLost, .caution) : nil,
            vault.incomplete ? Sign(.warning, .lastingIncomplete, .caution) : nil,
            vault.oldKeyKept ? Sign(.warning, .lastingOldKey, .caution) : nil,
        ].compactMap { $0 }
    }
}

extension FailReason {
    fileprivate var key: TextKey {
        switch self {
        case .refused: .messageRefused
        case .unreachable: .messageUnreachable
        case .addressLost: .messageAddressLost
        case .unread: .messageUnread
        case .otherKey: .messageOtherKey
        case .noAnswer: .messageNoAnswer
        case .tooLong: .messageTooLong
        case .blocked: .messageBlocked
        }
    }
}

extension Connection {
    /// Why a burner is not connected, or cannot talk.
    var why: FlashpaperError? {
        switch self {
        case .waiting(let why), .ended(let why): why
        case .quarantined: .quarantined
        case .offline, .connecting, .online: nil
        }
    }
}

extension Moment {
    /// A time, told at another one.
    init(_ at: Date, at now: Date) {
        self.init(at: at, withDay: !Calendar.current.isDate(at, inSameDayAs: now))
    }
}

extension BurnerBadge {
    /// Colour and picture come from the burner's name within this installation, which says nothing about the account and never
    /// leaves the device: a picture that somebody has seen over a shoulder leads nowhere.
    init(_ burner: BurnerState) {
        self.init(burner.id, Verbatim(burner.label ?? burner.jid.rawValue))
    }

    init(_ burner: BurnerID, _ label: Verbatim) {
        // FNV-1a, mixed so that all bits depend on all letters.
        var bits = burner.rawValue.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        for _ in 0..<2 { bits = (bits ^ bits >> 33) &* 0xff51_afd7_ed55_8ccd }
        self.init(
            burner: burner, label: label, color: BurnerColor.allCases[Int(bits >> 61)], seed: bits >> 8)
    }

    /// Five rows of five squares, the outer columns the same on both sides.
    public var picture: [[Bool]] {
        (0..<5).map { row in [0, 1, 2, 1, 0].map { seed >> UInt64(row * 3 + $0) & 1 == 1 } }
    }
}

extension [Step] {
    /// How far a proof of work is replaces how far it was.
    func followed(by step: Step) -> [Step] {
        if case .working = step, case .working = last { dropLast() + [step] } else { self + [step] }
    }
}
