import FlashpaperAPI
import Foundation

/// A burner of the real library.
final class LibraryBurner: Burner {
    let id: BurnerID
    private let library: Library
    private let watched: Watched<BurnerState>

    init(_ library: Library, _ state: BurnerState) {
        id = state.id
        self.library = library
        watched = Watched(state, in: library.present, keeping: library)
    }

    private var engine: FfiEngine { library.engine }

    var state: BurnerState { watched.value }

    func states() -> AsyncStream<BurnerState> { watched.stream() }

    func connect() async throws {
        try await library.change { try await engine.connect(id: id.rawValue) }
    }

    func disconnect() async throws {
        try await library.change { try await engine.disconnect(id: id.rawValue) }
    }

    func add(_ address: String) async throws -> any Chat {
        handle(try await library.change { try await engine.addContact(id: id.rawValue, address: address) })
    }

    func expectKey(_ address: String) async throws -> any Chat {
        handle(try await library.change { try await engine.expectKey(id: id.rawValue, address: address) })
    }

    func chat(with peer: JID) -> (any Chat)? {
        let present = library.state.burners.first { $0.id == id }
        return present?.chat(with: peer).map { LibraryChat(library, id, $0) }
    }

    func messages(before message: MessageID?, limit: Int) async throws -> [Message] {
        try await call {
            let limit = UInt32(clamping: limit)
            return try await engine.messages(id: id.rawValue, with: nil, before: message?.rawValue, limit: limit).map(\.face)
        }
    }

    func link() async throws -> String {
        try await call { try await engine.uri(id: id.rawValue) }
    }

    func fingerprint() async throws -> Fingerprint {
        try await call { try await engine.fingerprint(id: id.rawValue).fingerprint() }
    }

    func setLabel(_ label: String?) async throws {
        try await library.change { try await engine.setLabel(id: id.rawValue, peer: nil, label: label) }
    }

    func setHistory(_ history: History) async throws {
        let history = try history.ffi()
        try await library.change { try await engine.setHistory(id: id.rawValue, history: history) }
    }

    func setExpiry(_ time: Date?) async throws {
        try await library.change { try await engine.setExpiry(id: id.rawValue, at: time?.ffi) }
    }

    func setIdleTimeout(_ timeout: Duration) async throws {
        let seconds = try timeout.checkedSeconds()
        try await call { try await engine.setIdleTimeout(id: id.rawValue, timeout: seconds) }
    }

    func setVersion2(_ may: Bool) async throws {
        try await call { try await engine.setVersion2(id: id.rawValue, may: may) }
    }

    func importFingerprints(_ file: String, account: String?) async throws -> Imported {
        try await library.change {
            try await engine.importFingerprints(id: id.rawValue, file: file, account: account).face
        }
    }

    func wordsLeft() async throws -> Bool {
        try await call { try await engine.wordsLeft(id: id.rawValue) }
    }

    func recoveryWords() async throws -> Data? {
        try await call { try await engine.recoveryWords(id: id.rawValue) }
    }

    func dropRecoveryWords() async throws {
        try await call { try await engine.dropRecoveryWords(id: id.rawValue) }
    }

    func burn() async throws -> BurnReport {
        try await library.burn(id)
    }

    func wipe() async throws {
        try await library.change { try await engine.wipe(id: id.rawValue) }
    }

    private func handle(_ peer: String) -> any Chat {
        let jid = JID(rawValue: peer)
        return chat(with: jid) ?? LibraryChat(library, id, ChatState(peer: jid))
    }
}
