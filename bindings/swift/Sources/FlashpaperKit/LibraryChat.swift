import FlashpaperAPI
import Foundation

/// A conversation of the real library.
final class LibraryChat: Chat {
    let peer: JID
    private let id: String
    private let library: Library
    private let watched: Watched<ChatState>

    init(_ library: Library, _ burner: BurnerID, _ state: ChatState) {
        peer = state.peer
        id = burner.rawValue
        self.library = library
        watched = Watched(state, of: burner, in: library.present, keeping: library)
    }

    private var engine: FfiEngine { library.engine }

    var state: ChatState { watched.value }

    func states() -> AsyncStream<ChatState> { watched.stream() }

    func timeline(limit: Int) -> AsyncStream<[Message]> {
        let timeline = engine.timeline(id: id, peer: peer.rawValue, limit: UInt32(clamping: limit))
        return library.stream { await timeline.next()?.map(\.face) } onCancel: { timeline.finish() }
    }

    func before(_ message: MessageID, limit: Int) async throws -> [Message] {
        try await call {
            let page = try await engine.messages(
                id: id, with: peer.rawValue, before: message.rawValue, limit: UInt32(clamping: limit))
            return page.map(\.face)
        }
    }

    func message(_ message: MessageID) async throws -> Message {
        try await call { try await engine.message(id: id, message: message.rawValue).face }
    }

    func send(_ text: String, within limit: Duration?, key: String) async throws -> MessageID {
        let seconds = try limit?.checkedSeconds()
        return try await library.change {
            MessageID(
                rawValue: try await engine.send(id: id, to: peer.rawValue, text: text, within: seconds, key: key))
        }
    }

    func retry(_ message: MessageID) async throws -> MessageID {
        try await library.change { MessageID(rawValue: try await engine.retry(id: id, message: message.rawValue)) }
    }

    func delete(_ message: MessageID) async throws {
        try await library.change { try await engine.delete(id: id, message: message.rawValue) }
    }

    func read(upTo message: MessageID) async throws {
        try await library.change { try await engine.read(id: id, peer: peer.rawValue, upTo: message.rawValue) }
    }

    func taken(_ message: MessageID) async throws {
        try await library.change { try await engine.taken(id: id, message: message.rawValue) }
    }

    func accept() async throws {
        try await library.change { try await engine.accept(id: id, peer: peer.rawValue) }
    }

    func setBlocked(_ blocked: Bool) async throws {
        try await library.change { try await engine.setBlocked(id: id, peer: peer.rawValue, blocked: blocked) }
    }

    func setLabel(_ label: String?) async throws {
        try await library.change { try await engine.setLabel(id: id, peer: peer.rawValue, label: label) }
    }

    func setTimer(after time: Duration?) async throws {
        let seconds = try time?.checkedSeconds()
        try await library.change { try await engine.setTimer(id: id, peer: peer.rawValue, after: seconds) }
    }

    func startPrivate() async throws {
        try await library.change { try await engine.startPrivate(id: id, peer: peer.rawValue) }
    }

    func endPrivate() async throws {
        try await library.change { try await engine.endPrivate(id: id, peer: peer.rawValue) }
    }

    func acceptKey(_ key: Fingerprint) async throws {
        try await library.change { try await engine.acceptKey(id: id, peer: peer.rawValue, fingerprint: key.digits) }
    }

    func setVerified(_ verified: Bool, key: Fingerprint) async throws {
        try await library.change {
            try await engine.setVerified(id: id, peer: peer.rawValue, fingerprint: key.digits, verified: verified)
        }
    }

    func compare(_ secret: String, question: String?) async throws {
        try await library.change {
            try await engine.compare(id: id, peer: peer.rawValue, secret: secret, question: question)
        }
    }

    func answer(_ secret: String, to question: String?) async throws {
        try await library.change {
            try await engine.answerComparison(id: id, peer: peer.rawValue, secret: secret, question: question)
        }
    }

    func abortComparison() async throws {
        try await library.change { try await engine.abortComparison(id: id, peer: peer.rawValue) }
    }
}
