import FlashpaperAPI
import Foundation

struct FakeBurner: Burner {
    let id: BurnerID
    private let world: World
    private let watched: Watched<BurnerState>

    init(_ state: BurnerState, _ world: World) {
        id = state.id
        self.world = world
        watched = Watched(state, in: world.present)
    }

    var state: BurnerState { watched.value }

    func states() -> AsyncStream<BurnerState> { watched.stream() }

    func connect() async throws {
        try change(.connect) { account, inner in
            guard inner.tor != .off else { throw FlashpaperError.torNotStarted }
            account.isWanted = true
        }
        world.script { $0.reconnect(id) }
    }

    func disconnect() async throws {
        try change(.disconnect) { account, _ in account.isWanted = false }
        world.script { $0.reconnect(id) }
    }

    func add(_ address: String) async throws -> any Chat {
        try chat(try change(.add) { try $0.add(address, decided: false, &$1) })
    }

    func expectKey(_ address: String) async throws -> any Chat {
        try chat(try change(.expectKey) { try $0.add(address, decided: true, &$1) })
    }

    func chat(with peer: JID) -> (any Chat)? {
        let present = world.present.value.burners.first { $0.id == id }
        return present?.chat(with: peer).map { FakeChat(id, $0, world) }
    }

    func messages(before message: MessageID?, limit: Int) async throws -> [Message] {
        try world.call(.messages) { try $0.account(id).page(with: nil, before: message, limit: limit) }
    }

    func link() async throws -> String {
        let key = try await fingerprint().digits.filter { $0 != " " }
        return try change(.link) { account, _ in "xmpp:\(account.jid.rawValue)?otr-fingerprint=\(key)" }
    }

    func fingerprint() async throws -> Fingerprint {
        try change(.fingerprint) { account, inner in inner.key(0xF000 + (Int(account.id.rawValue, radix: 16) ?? 0)) }
    }

    func setLabel(_ label: String?) async throws {
        try change(.setLabel) { account, _ in account.label = label?.notBlank }
    }

    func setHistory(_ history: History) async throws {
        let history = try history.checked()
        try change(.setHistory) { account, _ in account.setHistory(history) }
    }

    func setExpiry(_ time: Date?) async throws {
        try change(.setExpiry) { account, inner in
            if let time, !(time > inner.now) { throw FlashpaperError.invalidInput(.expiry) }
            account.expiresAt = time
        }
    }

    func setIdleTimeout(_ timeout: Duration) async throws {
        _ = try timeout.checked()
        try change(.setIdleTimeout) { _, _ in }
    }

    func setVersion2(_ may: Bool) async throws {
        try change(.setVersion2) { _, _ in }
    }

    func importFingerprints(_ file: String, account name: String?) async throws -> Imported {
        try change(.importFingerprints) { account, inner in
            var (read, unread) = ([(parts: [String], key: Fingerprint)](), [Int]())
            for (place, line) in file.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
                let parts = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
                if parts.count > 3, let key = Fingerprint(parts[3]) {
                    read.append((parts, key))
                } else if String(line).notBlank != nil {
                    unread.append(place + 1)
                }
            }
            guard !read.isEmpty || unread.isEmpty else { throw FlashpaperError.invalidInput(.fingerprints) }
            let verified = read.filter { parts, _ in
                (name ?? parts[1]) == parts[1] && parts.count > 4 && parts[4].notBlank != nil
            }
            var taken = 0
            for (parts, key) in verified {
                let index = account.talk(with: JID(rawValue: parts[0]), .stranger)
                if account.talks[index].learnVerified(key) { taken += 1 }
                inner.report(.conversation(burner: account.id, peer: account.talks[index].peer))
                account.flush(index, &inner)
            }
            return Imported(keys: taken, unreadLines: unread)
        }
    }

    func wordsLeft() async throws -> Bool {
        try change(.wordsLeft) { account, _ in account.words != nil }
    }

    func recoveryWords() async throws -> Data? {
        try change(.recoveryWords) { account, _ in account.words }
    }

    func dropRecoveryWords() async throws {
        try change(.dropRecoveryWords) { account, _ in
            account.droppedWords = account.words ?? account.droppedWords
            account.words = nil
        }
    }

    func burn() async throws -> BurnReport {
        try world.call(.burn) { try $0.burn(id) }
    }

    func wipe() async throws {
        try world.call(.wipe) { inner in
            let account = try inner.account(id)
            inner.accounts.removeAll { $0.id == id }
            inner.wait(for: id, account.jid, since: nil, confirmed: false)
        }
    }

    private func chat(_ peer: JID) throws -> any Chat {
        FakeChat(id, try world.read { inner in
            let account = try inner.account(id)
            return account.talks[try account.place(peer)].state
        }, world)
    }

    private func change<T>(_ op: Op, _ body: (inout Account, inout Inner) throws -> T) throws -> T {
        try world.change(op, id, body)
    }
}

extension World {
    func change<T>(_ op: Op, _ id: BurnerID, _ body: (inout Account, inout Inner) throws -> T) throws -> T {
        try call(op) { inner in
            var result: T?
            _ = try inner.account(id)
            try inner.change(id) { result = try body(&$0, &$1) }
            return result!
        }
    }
}

extension String {
    /// Nil where there are only blanks.
    var notBlank: String? { contains { !$0.isWhitespace } ? self : nil }
}
