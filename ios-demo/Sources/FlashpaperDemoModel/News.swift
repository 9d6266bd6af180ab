import FlashpaperKit

/// Of so many chats there is news: strangers can make more.
private let most = 20

/// What the user is told of contacts, until it is dismissed or replaced.
@MainActor
final class News {
    private var items: [(burner: BurnerID, peer: JID, note: Note)] = []

    func take(_ event: Event) {
        switch event {
        // A question stays in the conversation until it is answered.
        case .comparison(_, _, .asked): break
        case .comparison(let burner, let peer, let comparison):
            let result = Sign(comparison)
            tell(burner, peer, Note(text: result.text, tone: result.tone))
        // Anybody on the way can bring one about: it hides no comparison that showed another secret.
        case .notice(let burner, let peer, let notice):
            if note(burner, peer)?.tone != .danger { tell(burner, peer, Note(text: Phrase(notice.key), tone: .caution)) }
        default: break
        }
    }

    func note(_ burner: BurnerID, _ peer: JID) -> Note? { items.first { $0.burner == burner && $0.peer == peer }?.note }

    func dismiss(_ burner: BurnerID, _ peer: JID) { items.removeAll { $0.burner == burner && $0.peer == peer } }

    func clear() { items = [] }

    private func tell(_ burner: BurnerID, _ peer: JID, _ note: Note) {
        dismiss(burner, peer)
        items.append((burner, peer, note))
        if items.count > most { items.remove(at: items.firstIndex { $0.note.tone != .danger } ?? 0) }
    }
}

extension FlashpaperKit.Notice {
    fileprivate var key: TextKey {
        switch self {
        case .unreadable: .noteUnreadable
        // Its words are anybody's, so they are not shown.
        case .peerError: .notePeerError
        case .otherVersion: .noteOtherVersion
        case .mirror: .noteMirror
        case .malformed: .noteMalformed
        case .otherKey: .noteOtherKey
        case .inboxFull: .noteInboxFull
        case .timerChanged: .noteTimer
        case .strangerForgotten: .noteStrangerForgotten
        }
    }
}

extension Sign {
    /// How a comparison of secrets has ended.
    init(_ comparison: Comparison) {
        switch comparison {
        case .asked: self.init(.info, .noteAsked, .calm)
        case .verified: self.init(.shield, .verifySame, .good)
        case .verifiedUs: self.init(.lockHalf, .verifySameYou, .good)
        case .different: self.init(.failed, .verifyDifferent, .danger)
        case .aborted: self.init(.info, .verifyAborted, .quiet)
        }
    }
}
