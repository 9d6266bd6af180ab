import FlashpaperKit

// How a conversation stands, what that means, and what can be done.

extension Mode {
    init(_ burner: BurnerState, _ chat: FlashpaperKit.ChatState) {
        self =
            switch (chat.relationship, chat.security) {
            case _ where burner.phase == .burning: .burning
            case (.blocked, _): .blocked
            case (.stranger, _): .stranger
            case _ where burner.connection == .quarantined: .quarantined
            case (.contact, .plaintext): chat.outbox > 0 ? .waiting : .plain
            case (.contact, .private): chat.hasVerifiedUs ? .theyVerifiedYou : .private
            case (.contact, .verified): .verified
            case (.contact, .finished): .finished
            case (.contact, .keyChanged): .keyChanged
            }
    }

    /// The lock: word, icon and colour, no two alike.
    var sign: Sign {
        switch self {
        case .plain: Sign(.open, .modePlain, .quiet)
        case .waiting: Sign(.waiting, .modeWaiting, .caution)
        case .private: Sign(.lock, .modePrivate, .calm)
        case .verified: Sign(.shield, .modeVerified, .good)
        case .theyVerifiedYou: Sign(.lockHalf, .modeVerifiedYou, .calm)
        case .keyChanged: Sign(.keyChanged, .modeKeyChanged, .danger)
        case .finished: Sign(.ended, .modeFinished, .caution)
        case .blocked: Sign(.blocked, .modeBlocked, .quiet)
        case .stranger: Sign(.stranger, .modeStranger, .caution)
        case .quarantined: Sign(.held, .modeQuarantined, .danger)
        case .burning: Sign(.fire, .modeBurning, .danger)
        }
    }

    /// What it means.
    var explanation: Phrase {
        switch self {
        case .plain: Phrase(.modePlainText)
        case .waiting: Phrase(.modeWaitingText)
        case .private: Phrase(.modePrivateText)
        case .verified: Phrase(.modeVerifiedText)
        case .theyVerifiedYou: Phrase(.modeVerifiedYouText)
        case .keyChanged: Phrase(.modeKeyChangedText)
        case .finished: Phrase(.modeFinishedText)
        case .blocked: Phrase(.modeBlockedText)
        case .stranger: Phrase(.modeStrangerText)
        case .quarantined: Phrase(.modeQuarantinedText)
        case .burning: Phrase(.modeBurningText)
        }
    }

    /// Somebody else may be at the other end, or nothing can be written: the user has to know why.
    var mustRead: Bool { self == .keyChanged || !canWrite }

    /// In the empty input, or why nothing can be written.
    var hint: Phrase {
        switch self {
        case .plain, .waiting: Phrase(.chatHintWaits)
        case .private, .verified, .theyVerifiedYou: Phrase(.chatHint)
        case .keyChanged: Phrase(.chatHintKey)
        case .finished: Phrase(.chatHintFinished)
        case .blocked: Phrase(.chatHintBlocked)
        case .stranger: Phrase(.chatHintStranger)
        case .quarantined, .burning: Phrase(.chatHintNever)
        }
    }

    /// A text can be written; with a changed key or an ended conversation it waits for the user.
    var canWrite: Bool {
        switch self {
        case .plain, .waiting, .private, .verified, .theyVerifiedYou, .keyChanged, .finished: true
        case .blocked, .stranger, .quarantined, .burning: false
        }
    }

    /// The one thing that is best done now. Of a changed key it is to verify: to accept it blindly is beside, and asks once more.
    func main(isAsked: Bool) -> ActButton<ChatAct>? {
        switch self {
        case .plain, .finished: button(.startPrivate)
        case .private, .theyVerifiedYou: button(isAsked ? .answer : .verify)
        case .verified: isAsked ? button(.answer) : nil
        case .keyChanged: button(.verify)
        case .blocked: button(.unblock)
        case .stranger: button(.accept)
        case .waiting, .quarantined, .burning: nil
        }
    }

    /// What else can be done.
    var others: [ActButton<ChatAct>] {
        let acts: [ChatAct] =
            switch self {
            case .plain, .stranger: [.block]
            case .waiting: [.startPrivate, .block]
            case .private, .theyVerifiedYou: [.endPrivate, .block]
            case .verified: [.verify, .endPrivate, .block]
            case .keyChanged: [.acceptKey, .endPrivate, .block]
            case .finished: [.endPrivate, .block]
            case .blocked, .quarantined, .burning: []
            }
        return acts.map(button)
    }

    private func button(_ act: ChatAct) -> ActButton<ChatAct> {
        switch act {
        case .startPrivate:
            ActButton(act: act, text: Phrase(self == .finished ? .chatRenewPrivate : .chatStartPrivate))
        case .endPrivate: ActButton(act: act, text: Phrase(.chatEndPrivate), tone: .quiet)
        case .verify: ActButton(act: act, text: Phrase(.chatVerify))
        case .answer: ActButton(act: act, text: Phrase(.chatAnswer))
        case .acceptKey: ActButton(act: act, text: Phrase(.chatAcceptKey), tone: .danger)
        case .accept: ActButton(act: act, text: Phrase(.chatAccept))
        case .block: ActButton(act: act, text: Phrase(.chatBlock), tone: .danger)
        case .unblock: ActButton(act: act, text: Phrase(.chatUnblock))
        }
    }
}

extension FlashpaperKit.ChatState {
    /// The contact has verified the key that is in use on this side.
    fileprivate var hasVerifiedUs: Bool { keys.contains { $0.fingerprint == key && $0.verifiedUs } }
}

extension Security {
    /// Nobody else can read it: a comparison of secrets is possible.
    var isPrivate: Bool { [.private, .verified, .keyChanged].contains(self) }
}
