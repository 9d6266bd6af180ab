import FlashpaperAPI
import Foundation

/// The real Flashpaper.
final class Library: Flashpaper {
    let engine: FfiEngine
    let present: Present<FlashpaperState>
    private let snapshots: FfiStates
    private let watching: Task<Void, Never>

    init(_ engine: FfiEngine) async {
        self.engine = engine
        let snapshots = engine.states()
        let first = await snapshots.next()?.face
        let present = Present(first ?? .closed)
        self.snapshots = snapshots
        self.present = present
        watching = Task.detached {
            while let next = await snapshots.next() { present.follow(next.face) }
            present.follow(present.value.ended)
            present.finish()
        }
    }

    deinit {
        snapshots.finish()
    }

    /// Makes a call that changes something that ``state`` shows: it shows it when this returns.
    func change<T>(_ body: () async throws -> T) async throws -> T {
        let result = try await call(body)
        await look()
        return result
    }

    /// ``change(_:)`` for a long call.
    func cancellableChange<T: Sendable>(_ body: @Sendable (FfiCancelToken) async throws -> T) async throws -> T {
        let result = try await cancellable(body)
        await look()
        return result
    }

    func look() async {
        if let now = try? await engine.snapshot() { present.follow(now.face) }
    }

    var state: FlashpaperState { present.value }

    func states() -> AsyncStream<FlashpaperState> { present.stream() }

    func events(since number: UInt64?) -> AsyncStream<Numbered> {
        let events = engine.events(since: number)
        return AsyncStream {
            await events.next()?.face
        } onCancel: {
            events.finish()
        }
    }

    func startTor(_ entry: Entry, deadline: Duration) async throws(FlashpaperError) {
        let seconds = try deadline.checkedSeconds()
        do {
            try await cancellableChange { [engine] in
                try await engine.startTor(access: entry.ffi, deadline: seconds, cancel: $0)
            }
        } catch {
            throw error as? FlashpaperError ?? .cancelled
        }
    }

    func create(_ options: CreateOptions) -> any Creation {
        LibraryCreation(self, engine.create(options: options.ffi))
    }

    func checkOptions(_ options: CreateOptions) async throws {
        try await call { try await engine.checkOptions(options: options.ffi) }
    }

    func restore(words: Data, server: String, route: Route?) async throws -> any Burner {
        let burner = try await cancellableChange { [engine] in
            try await engine.restore(words: words, server: server, route: route?.ffi, cancel: $0)
        }
        return handle(burner)
    }

    func burner(_ id: BurnerID) -> (any Burner)? {
        state.burners.first { $0.id == id }.map { LibraryBurner(self, $0) }
    }

    func handle(_ burner: FfiBurner) -> any Burner {
        self.burner(BurnerID(rawValue: burner.id)) ?? LibraryBurner(self, burner.face)
    }

    func burn(_ id: BurnerID) async throws -> BurnReport {
        try await cancellableChange { [engine] in try await engine.burn(id: id.rawValue, cancel: $0).face }
    }

    func burnAll() async throws -> [Burned] {
        try await cancellableChange { [engine] in try await engine.burnAll(cancel: $0).map(\.face) }
    }

    func pendingRemovals() async throws -> [PendingRemoval] {
        try await call { try await engine.pendingRemovals().map(\.face) }
    }

    func redeem(_ ticket: Data) async throws -> [BurnerID] {
        try await call { try await engine.redeem(ticket: ticket).map(BurnerID.init(rawValue:)) }
    }

    func suspend(deadline: Duration) async throws {
        let seconds = try deadline.checkedSeconds()
        do {
            try await change { try await engine.suspend(deadline: seconds) }
        } catch {
            await look()
            throw error
        }
    }

    func resume() async throws {
        try await change { try await engine.resume() }
    }

    func sync(deadline: Duration, entry: Entry) async throws -> SyncReport {
        let seconds = try deadline.checkedSeconds()
        return try await cancellableChange { [engine] in
            try await engine.syncOnce(access: entry.ffi, deadline: seconds, cancel: $0).face
        }
    }

    func lock() async throws {
        try await change { try await engine.lock() }
    }

    func setAutoLock(after time: Duration?) async throws {
        let seconds = try time?.checkedSeconds()
        try await call { try await engine.setAutoLock(after: seconds) }
    }

    func touch() { engine.touch() }

    func changeKey(_ key: Key) async throws {
        try await change { try await engine.changeKey(key: key.ffi) }
    }

    func setDuress(_ passphrase: Data?) async throws {
        try await call { try await engine.setDuress(passphrase: passphrase) }
    }

    func updateDirectory(_ file: Data) async throws {
        try await call { try await engine.updateDirectory(file: file) }
    }

    func setOwnServers(_ file: Data?) async throws {
        try await call { try await engine.setOwnServers(file: file) }
    }

    func diagnostics() async -> String {
        do {
            return try await engine.diagnostics()
        } catch {
            return (face(error) as? FlashpaperError ?? .internal).code
        }
    }

    func close() async {
        await engine.shutdown()
        await watching.value
    }

    func networkChanged() { engine.networkChanged() }

    func setProfile(_ profile: Profile) { engine.setProfile(profile: profile.ffi) }

    func setSpread(_ spread: Spread) { engine.setSpread(spread: spread.ffi) }
}

extension Present<FlashpaperState> {
    /// Takes a newer state. One that was taken before the present one and comes late is dropped.
    fileprivate func follow(_ next: FlashpaperState) {
        change { if next.number >= $0.number, next != $0 { $0 = next } }
    }
}

extension FlashpaperState {
    /// Nothing was ever known.
    fileprivate static let closed = FlashpaperState(
        number: 0, life: .closed, network: .public, tor: .off, burners: [], vault: VaultReport())

    fileprivate var ended: FlashpaperState {
        FlashpaperState(number: number, life: .closed, network: network, tor: .off, burners: [], vault: vault)
    }
}
