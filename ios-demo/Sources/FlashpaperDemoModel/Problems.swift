import FlashpaperKit

extension Problem {
    /// What a user is told of an error: what happened, and what to do about it.
    init(_ error: FlashpaperError) {
        switch error {
        case .offline: self.init(.offline, .problemOffline, .problemOfflineAdvice)
        case .torBlocked: self.init(.tor, .problemTorBlocked, .problemTorBlockedAdvice)
        case .clockWrong(let by): self.init(Sign(.clock, .problemClock, .caution), by.advice)
        case .obsolete, .vaultTooNew: self.init(.warning, .problemObsolete, .problemObsoleteAdvice, .danger)
        case .serverUnreachable, .onionUnreachable, .serverFailed:
            self.init(.server, .problemServerAway, .problemServerAwayAdvice)
        case .timeout: self.init(.waiting, .problemTimeout, .problemTimeoutAdvice)
        case .untrusted, .noSafeLogin, .noSafeDelivery:
            self.init(.server, .problemServerUnsafe, .problemServerUnsafeAdvice, .danger, canRetry: true)
        case .registrationClosed, .unanswerable, .needsInvite, .weakPassword, .policyDenied, .namesTaken, .reservedNameTaken,
            .serverRefused, .serverBroken, .noServer:
            self.init(.server, .problemServerRefused, .problemServerRefusedAdvice)
        case .quarantined: self.init(.held, .problemQuarantined, .problemQuarantinedAdvice, .danger, canRetry: true)
        case .needsWeb: self.init(.server, .problemWeb, .problemWebAdvice)
        case .rateLimited(let after): self.init(Sign(.waiting, .problemWait, .caution), Phrase(waiting: after))
        case .badAnswer, .questionExpired: self.init(.failed, .problemBadAnswer, .problemBadAnswerAdvice)
        case .declined: self.init(.info, .problemDeclined, .problemDeclinedAdvice)
        case .auth: self.init(.server, .problemLogin, .problemLoginAdvice, .danger)
        case .noSuchBurner: self.init(.info, .problemGone, .problemGoneAdvice, canRetry: false)
        case .unreadable: self.init(.warning, .problemUnreadable, .problemUnreadableAdvice, .danger)
        case .vaultLocked, .keyLocked: self.init(.lock, .problemLocked, .problemLockedAdvice)
        case .keyDenied, .keyUnavailable: self.init(.lock, .problemKeyDenied, .problemKeyDeniedAdvice)
        case .keyLost: self.init(.warning, .problemKeyLost, .problemKeyLostAdvice, .danger)
        case .vaultDamaged, .storage: self.init(.warning, .problemDamaged, .problemDamagedAdvice, .danger)
        case .storageFull: self.init(.warning, .problemFull, .problemFullAdvice)
        case .inUse: self.init(.warning, .problemInUse, .problemInUseAdvice)
        case .invalidInput, .alreadyHere, .noSuchPeer, .peerBlocked, .otherKeyVerified, .otherKeyInUse:
            self.init(.failed, .problemInput, .problemInputAdvice, canRetry: false)
        case .suspended, .cancelled, .closed, .noSuchQuestion, .noSuchMessage, .notPrivate, .nothingAsked, .outboxFull:
            self.init(.info, .problemEnded, .problemEndedAdvice)
        case .torNotStarted: self.init(.offline, .torOff, .problemEndedAdvice)
        case .internal:
            self.init(
                Sign(.warning, .problemBroken, .danger), Phrase(.problemBrokenAdvice, .verbatim(Verbatim(error.code))))
        }
    }

    init(_ sign: Sign, _ advice: Phrase, canRetry: Bool = true) {
        self.init(sign: sign, advice: advice, canRetry: canRetry)
    }

    private init(_ mark: Mark, _ title: TextKey, _ advice: TextKey, _ tone: Tone = .caution, canRetry: Bool? = nil) {
        self.init(Sign(mark, title, tone), Phrase(advice), canRetry: canRetry ?? (tone == .caution))
    }
}

extension Note {
    /// The same in one sentence, for what was asked for and cannot be done.
    init(_ error: FlashpaperError) {
        let text: Phrase =
            switch error {
            case .invalidInput(.address): Phrase(.contactsBadAddress)
            case .invalidInput(.text(.empty)): Phrase(.verifyEmpty)
            case .invalidInput(.text(.tooLong)): Phrase(.chatTooLong)
            case .invalidInput(.text(.character(_, let at))): Phrase(.chatCharacter, .number(Int(at)))
            case .peerBlocked: Phrase(.contactsBlocked)
            case .otherKeyVerified: Phrase(.contactsOtherVerified)
            case .outboxFull: Phrase(.chatOutboxFull)
            case .notPrivate: Phrase(.verifyNotPrivate)
            default: Problem(error).sign.text
            }
        self.init(text: text, tone: .caution)
    }
}

extension ClockError? {
    fileprivate var advice: Phrase {
        switch self {
        case .slow(let by): Phrase(.problemClockSlow, .number(Int(by.components.seconds / 60)))
        case .fast(let by): Phrase(.problemClockFast, .number(Int(by.components.seconds / 60)))
        case nil: Phrase(.problemClockAdvice)
        }
    }
}

extension Phrase {
    fileprivate init(waiting after: Duration?) {
        self = after.map { Phrase(.problemWaitMinutes, .number(Int($0.components.seconds / 60) + 1)) } ?? Phrase(.problemWaitAdvice)
    }
}
