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
        try world.change(.delete, burner) { account, _ in try account.delete(message) }
    }

    func read(upTo message: MessageID) async throws {
        try world.change(.read, burner) { $0.read(upTo: message, from: peer, &$1) }
    }

    func taken(_ message: MessageID) async throws {
        try world.change(.taken, burner) { try $0.take(message, &$1) }
    }

    func accept() async throws {
        try change(.accept) { talk, _ in talk.relationship = .contact }
    }

    func setBlocked(_ blocked: Bool) async throws {
        try world.change(.setBlocked, burner) { account, inner in
            let index = try account.place(peer)
            account.talks[index].relationship = blocked ? .blocked : .contact
            if blocked {
                account.talks[index].end(by: false)
                for message in account.messages where message.peer == peer {
                    if message.state == .queued || message.state == .waitingForPeer {
                        account.fail(message.id, .blocked, &inner)
                    }
                }
            }
            inner.report(.conversation(burner: burner, peer: peer))
        }
    }

    func setLabel(_ label: String?) async throws {
        try change(.setLabel) { talk, _ in talk.label = label?.notBlank }
    }

    func setTimer(after time: Duration?) async throws {
        let time = try time?.checked()
        if let time, time < .seconds(1) || time > .seconds(366 * 86_400) { throw FlashpaperError.invalidInput(.timer) }
        try change(.setTimer) { talk, _ in talk.timer = time }
    }

    func startPrivate() async throws {
        try world.change(.startPrivate, burner) { $0.startPrivate(try $0.place(peer), &$1) }
    }

    func endPrivate() async throws {
        try change(.endPrivate) { talk, _ in talk.end(by: false) }
    }

    func acceptKey(_ key: Fingerprint) async throws {
        try changeKey(.acceptKey, key) {
            PeerKey(
                fingerprint: $0.fingerprint, verified: $0.verified, verifiedUs: $0.verifiedUs, accepted: true)
        }
    }

    func setVerified(_ verified: Bool, key: Fingerprint) async throws {
        try changeKey(.setVerified, key) {
            PeerKey(fingerprint: $0.fingerprint, verified: verified, verifiedUs: $0.verifiedUs, accepted: verified)
        }
    }

    func compare(_ secret: String, question: String?) async throws {
        try checkSecret(secret)
        try change(.compare) { talk, inner in
            guard talk.isPrivate else { throw FlashpaperError.notPrivate }
            talk.secret = secret
            if let known = inner.people[peer]?.secret { talk.compared(known == secret, burner, &inner) }
        }
    }

    func answer(_ secret: String, to question: String?) async throws {
        try checkSecret(secret)
        try change(.answer) { talk, inner in
            guard talk.question == .asked(question: question) else { throw FlashpaperError.nothingAsked }
            talk.question = nil
            talk.compared(inner.people[peer]?.secret == secret, askedByPeer: question != nil, burner, &inner)
        }
    }

    func abortComparison() async throws {
        try change(.abortComparison) { talk, inner in
            talk.question = nil
            talk.secret = nil
            inner.report(.comparison(burner: burner, peer: peer, comparison: .aborted))
        }
    }

    private func checkSecret(_ secret: String) throws {
        guard secret.notBlank != nil else { throw FlashpaperError.invalidInput(.text(.empty)) }
    }

    private func change(_ op: Op, _ body: (inout Talk, inout Inner) throws -> Void) throws {
        try world.change(op, burner) { account, inner in
            try body(&account.talks[try account.place(peer)], &inner)
            inner.report(.conversation(burner: burner, peer: peer))
        }
    }

    private func changeKey(_ op: Op, _ key: Fingerprint, _ body: (PeerKey) -> PeerKey) throws {
        try world.change(op, burner) { account, inner in
            let index = try account.place(peer)
            account.talks[index].change(key, body)
            inner.report(.conversation(burner: burner, peer: peer))
            account.flush(index, &inner)
        }
    }
}

extension Talk {
    /// What a comparison comes to. A question of the peer's shows nothing of the peer.
    mutating func compared(_ isEqual: Bool, askedByPeer: Bool = false, _ burner: BurnerID, _ inner: inout Inner) {
        secret = nil
        if isEqual, let key {
            change(key) {
                PeerKey(
                    fingerprint: $0.fingerprint, verified: $0.verified || !askedByPeer,
                    verifiedUs: $0.verifiedUs || askedByPeer, accepted: $0.accepted || !askedByPeer)
            }
        }
        let result: Comparison = !isEqual ? .different : askedByPeer ? .verifiedUs : .verified
        inner.report(.comparison(burner: burner, peer: peer, comparison: result))
    }
}
