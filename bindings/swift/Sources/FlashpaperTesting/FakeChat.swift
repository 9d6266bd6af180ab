import FlashpaperAPI
import Foundation

struct FakeChat: Chat {
    let peer: JID
    private let burner: BurnerID
    private let world: World
    private let watched: Watched<ChatState>

    init(_ burner: BurnerID, _ state: ChatState, _ world: World) {
        peer = state.peer
        self.burner = burner
        self.world = world
        watched = Watched(state, of: burner, in: world.present)
    }

    var state: ChatState { watched.value }

    func states() -> AsyncStream<ChatState> { watched.stream() }

    func timeline(limit: Int) -> AsyncStream<[Message]> {
        let page: @Sendable () -> [Message]? = { [world, burner, peer] in
            world.read { inner in
                guard inner.life == .awake || inner.life == .suspended else { return nil }
                return try? inner.account(burner).page(with: peer, before: nil, limit: limit)
            }
        }
        guard let first = page() else { return AsyncStream { $0.finish() } }
        return world.changes.stream(beginning: first) { _ in page().map { .some($0) } }
    }

    func before(_ message: MessageID, limit: Int) async throws -> [Message] {
        try world.call(.messages) { try $0.account(burner).page(with: peer, before: message, limit: limit) }
    }

    func message(_ message: MessageID) async throws -> Message {
        try world.call(.message) { try $0.account(burner).message(message) }
    }

    func send(_ text: String, within limit: Duration?, key: String) async throws -> MessageID {
        let limit = try limit?.checked()
        return try world.change(.send, burner) { account, inner in
            inner.meet(peer)
            return try account.send(text, to: account.talk(with: peer, .contact), within: limit, key: key, &inner)
        }
    }

    func retry(_ message: MessageID) async throws -> MessageID {
        try world.change(.retry, burner) { try $0.retry(message, &$1) }
    }

    func delete(_ message: MessageID) async throws {
        try world.change(.delete, burner) { account, _ in account.delete(message) }
    }

    func read(upTo message: MessageID) async throws {
        try world.change(.read, burner) { $0.read(upTo: message, from: peer, &$1) }
    }

    func taken(_ message: MessageID) async throws {
        try world.change(.taken, burner) { $0.take(message, &$1) }
    }

    func accept() async throws {
        try change(.accept) { try $0.accept($1, &$2) }
    }

    func setBlocked(_ blocked: Bool) async throws {
        try change(.setBlocked) { $0.setBlocked(blocked, $1, &$2) }
    }

    func setLabel(_ label: String?) async throws {
        try change(.setLabel) { account, index, _ in account.talks[index].label = label?.notBlank }
    }

    func setTimer(after time: Duration?) async throws {
        let time = try time?.checked()
        if let time, time < .seconds(1) || time > .seconds(366 * 86_400) { throw FlashpaperError.invalidInput(.timer) }
        try change(.setTimer) { account, index, _ in account.talks[index].timer = time }
    }

    func startPrivate() async throws {
        try change(.startPrivate) { account, index, inner in
            try account.talks[index].befriend()
            account.startPrivate(index, &inner)
        }
    }

    func endPrivate() async throws {
        try change(.endPrivate) { $0.endPrivate($1, &$2) }
    }

    func acceptKey(_ key: Fingerprint) async throws {
        try change(.acceptKey) { account, index, _ in account.talks[index].accept(key) }
    }

    func setVerified(_ verified: Bool, key: Fingerprint) async throws {
        try change(.setVerified) { account, index, _ in
            if verified { account.talks[index].verify(key) } else { account.talks[index].distrust(key) }
        }
    }

    func compare(_ secret: String, question: String?) async throws {
        try checkSecret(secret)
        try change(.compare) { account, index, inner in
            guard account.talks[index].isPrivate else { throw FlashpaperError.notPrivate }
            account.talks[index].secret = secret
            if let known = inner.people[peer]?.secret { account.talks[index].compared(known == secret, burner, &inner) }
        }
    }

    func answer(_ secret: String, to question: String?) async throws {
        try checkSecret(secret)
        try change(.answer) { account, index, inner in
            guard account.talks[index].question == .asked(question: question) else { throw FlashpaperError.nothingAsked }
            account.talks[index].question = nil
            let isEqual = inner.people[peer]?.secret == secret
            account.talks[index].compared(isEqual, askedByPeer: question != nil, burner, &inner)
        }
    }

    func abortComparison() async throws {
        try change(.abortComparison) { account, index, inner in
            account.talks[index].question = nil
            account.talks[index].secret = nil
            inner.report(.comparison(burner: burner, peer: peer, comparison: .aborted))
        }
    }

    private func checkSecret(_ secret: String) throws {
        guard secret.notBlank != nil else { throw FlashpaperError.invalidInput(.text(.empty)) }
    }

    /// Whatever the user does: texts leave that can by then.
    private func change(_ op: Op, _ body: (inout Account, Int, inout Inner) throws -> Void) throws {
        try world.change(op, burner) { account, inner in
            let index = try account.place(peer)
            try body(&account, index, &inner)
            inner.report(.conversation(burner: burner, peer: peer))
            account.flush(index, &inner)
        }
    }
}
