import FlashpaperKit

/// The messages that a chat shows. A burner that keeps nothing forgets a text once it is read or delivered; a person who looks at
/// it has to be able to read it to the end. So a text that is forgotten so stays here, in memory alone, until the chat is left.
struct Pages {
    private(set) var messages: [Message] = []
    private(set) var hasEarlier = false
    private var deleted: Set<MessageID> = []

    /// The newest messages of the library, one more than are to be shown where there are as many.
    mutating func turn(_ page: [Message], limit: Int, keepsForgotten: Bool) {
        hasEarlier = page.count > limit
        let newest = page.suffix(limit)
        let ids = Set(newest.map(\.id))
        // Before the first of a full page are those that are not shown.
        let from = hasEarlier ? newest.first?.id : nil
        let forgotten = messages.filter { old in
            keepsForgotten && !ids.contains(old.id) && !deleted.contains(old.id) && (from.map { old.id > $0 } ?? true)
        }
        messages = (forgotten + newest).sorted { $0.id < $1.id }
    }

    /// How far a message is by now, which the library may have forgotten since.
    mutating func seen(_ message: MessageID, _ state: MessageState) {
        messages = messages.map { old in
            guard old.id == message else { return old }
            return Message(
                id: old.id, peer: old.peer, text: old.text, at: old.at, state: state, security: old.security,
                maybeTwice: old.maybeTwice)
        }
    }

    /// A text that was sent just now.
    mutating func add(_ message: Message) {
        guard !messages.contains(where: { $0.id == message.id }) else { return }
        messages = (messages + [message]).sorted { $0.id < $1.id }
    }

    /// The user does not want it any more.
    mutating func delete(_ message: MessageID) {
        deleted.insert(message)
        messages.removeAll { $0.id == message }
    }

    /// The first and the last of those that came and were not read.
    var firstUnread: MessageID? { messages.first { $0.state == .received }?.id }
    var lastUnread: MessageID? { messages.last { $0.state == .received }?.id }
}
