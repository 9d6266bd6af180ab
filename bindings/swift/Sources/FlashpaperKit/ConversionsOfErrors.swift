import FlashpaperAPI

// Errors as apps see them. Each switch names every case, so that a new one does not compile before it has its place.

extension FfiFlashpaperError {
    var face: FlashpaperError {
        switch self {
        case .Offline: .offline
        case .TorBlocked: .torBlocked
        case .ClockWrong(let by): .clockWrong(by: by?.face)
        case .Obsolete: .obsolete
        case .TorNotStarted: .torNotStarted
        case .ServerUnreachable: .serverUnreachable
        case .OnionUnreachable: .onionUnreachable
        case .Timeout: .timeout
        case .Untrusted: .untrusted
        case .NoSafeLogin: .noSafeLogin
        case .NoSafeDelivery: .noSafeDelivery
        case .RegistrationClosed: .registrationClosed
        case .Unanswerable(let fault): .unanswerable(fault.face)
        case .NeedsInvite: .needsInvite
        case .BadAnswer: .badAnswer
        case .Declined: .declined
        case .QuestionExpired: .questionExpired
        case .NoSuchQuestion: .noSuchQuestion
        case .WeakPassword: .weakPassword
        case .PolicyDenied: .policyDenied
        case .Quarantined: .quarantined
        case .NeedsWeb(let page): .needsWeb(WebPage(url: page.url))
        case .RateLimited(let after): .rateLimited(retryAfter: after?.duration)
        case .NamesTaken: .namesTaken
        case .ReservedNameTaken: .reservedNameTaken
        case .ServerRefused: .serverRefused
        case .ServerFailed: .serverFailed
        case .Auth: .auth
        case .ServerBroken: .serverBroken
        case .NoServer: .noServer
        case .NoSuchBurner: .noSuchBurner
        case .AlreadyHere: .alreadyHere
        case .NoSuchMessage: .noSuchMessage
        case .NoSuchPeer: .noSuchPeer
        case .PeerBlocked: .peerBlocked
        case .OutboxFull: .outboxFull
        case .NotPrivate: .notPrivate
        case .NothingAsked: .nothingAsked
        case .OtherKeyVerified: .otherKeyVerified
        case .OtherKeyInUse: .otherKeyInUse
        case .VaultLocked: .vaultLocked
        case .VaultDamaged: .vaultDamaged
        case .Unreadable: .unreadable
        case .VaultTooNew: .vaultTooNew
        case .KeyDenied: .keyDenied
        case .KeyLocked: .keyLocked
        case .KeyUnavailable: .keyUnavailable
        case .KeyLost: .keyLost
        case .StorageFull: .storageFull
        case .Storage: .storage
        case .Suspended: .suspended
        case .InUse: .inUse
        case .Cancelled: .cancelled
        case .Closed: .closed
        case .InvalidInput(let input): .invalidInput(input.face)
        case .Internal: .internal
        }
    }
}

extension FfiClockError {
    fileprivate var face: ClockError {
        switch self {
        case .slow(let by): .slow(by: by.duration)
        case .fast(let by): .fast(by: by.duration)
        }
    }
}

extension FfiFormFault {
    fileprivate var face: FormFault {
        switch self {
        case .nobodyToAsk: .nobodyToAsk
        case .kind: .kind
        case .work: .work
        case .picture: .picture
        case .pictureLost: .pictureLost
        }
    }
}

extension FfiInput {
    fileprivate var face: Input {
        switch self {
        case .server: .server
        case .onion: .onion
        case .network: .network
        case .passphrase: .passphrase
        case .samePassphrase: .samePassphrase
        case .noPassphrase: .noPassphrase
        case .address: .address
        case .text(let fault): .text(fault.face)
        case .fingerprints: .fingerprints
        case .directory(let fault): .directory(fault.face)
        case .bridge(let line, let part): .bridge(line: Int(line), part: part.face)
        case .transport: .transport
        case .resolver: .resolver
        case .invitation: .invitation
        case .words(let fault): .words(fault.face)
        case .reservedName: .reservedName
        case .expiry: .expiry
        case .autoLock: .autoLock
        case .ticket: .ticket
        case .timer: .timer
        case .answer(let fault): .answer(fault.face)
        }
    }
}

extension FfiTextFault {
    fileprivate var face: TextFault {
        switch self {
        case .empty: .empty
        case .tooLong(let bytes, let limit): .tooLong(bytes: bytes, limit: limit)
        case .character(let code, let at): .character(code: code, at: at)
        }
    }
}

extension FfiBridgePart {
    fileprivate var face: BridgePart {
        switch self {
        case .address: .address
        case .fingerprint: .fingerprint
        case .transport: .transport
        case .argument: .argument
        }
    }
}

extension FfiAnswerFault {
    fileprivate var face: AnswerFault {
        switch self {
        case .missing(let field): .missing(field: Int(field))
        case .unfit(let field): .unfit(field: Int(field))
        case .tooFew: .tooFew
        }
    }
}

extension FfiDirectoryFault {
    fileprivate var face: DirectoryFault {
        switch self {
        case .tooLarge: .tooLarge
        case .signature: .signature
        case .tooOld: .tooOld
        case .malformed(let line, let fault): .malformed(line: line, fault.face)
        }
    }
}

extension FfiRowFault {
    fileprivate var face: RowFault {
        switch self {
        case .header: .header
        case .columns: .columns
        case .domain: .domain
        case .onion: .onion
        case .ports: .ports
        case .registration: .registration
        case .tor: .tor
        case .text: .text
        case .seen: .seen
        case .twice: .twice
        }
    }
}

extension FfiWordsError {
    fileprivate var face: WordsError {
        switch self {
        case .count(let words): .count(Int(words))
        case .unknown(let at, let nearest): .unknown(at: Int(at), nearest: MeantWord(word: nearest.word))
        case .checksum: .checksum
        }
    }
}

extension KeySourceError {
    var ffi: FfiKeySourceError {
        switch self {
        case .needsUserAuth: .NeedsUserAuth
        case .lockedUntilFirstUnlock: .LockedUntilFirstUnlock
        case .invalidated: .Invalidated
        case .full: .Full
        case .unavailable: .Unavailable
        }
    }
}
