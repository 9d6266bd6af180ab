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
        let first = await snapshots.next()
        let present = Present(first?.face ?? .closed, revision: first?.revision ?? 0)
        self.snapshots = snapshots
        self.present = present
        watching = Task.detached { [weak present] in
            while let next = await snapshots.next() { present?.set(next.face, revision: next.revision) }
            present?.finish { $0 = $0.ended }
        }
    }

    deinit {
        snapshots.finish()
    }

    /// Makes a call that changes something that ``state`` shows: it shows it when this returns.
    func change<T>(_ body: () async throws -> T) async throws -> T {
        try await looking { try await call(body) }
    }

    /// ``change(_:)`` for a long call.
    func cancellableChange<T: Sendable>(_ body: @Sendable (FfiCancelToken) async throws -> T) async throws -> T {
        try await looking { try await cancellable(body) }
    }

    /// A call that fails may have changed something as well.
    private func looking<T>(_ body: () async throws -> T) async throws -> T {
        let result: Result<T, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        await look()
        return try result.get()
    }

    func look() async {
        if let now = try? await engine.snapshot() { present.set(now.face, revision: now.revision) }
    }

    var state: FlashpaperState { present.value }

    func states() -> AsyncStream<FlashpaperState> { present.stream(keeping: self) }

    func events(since number: UInt64?) -> AsyncStream<Numbered> {
        let events = engine.events(since: number)
        return stream { await events.next()?.face } onCancel: { events.finish() }
    }

    /// A stream of the engine's. The library stays for as long as there is the stream.
    func stream<T>(
        _ next: @escaping @Sendable () async -> T?, onCancel: @escaping @Sendable () -> Void
    ) -> AsyncStream<T> {
        AsyncStream {
            defer { withExtendedLifetime(self) {} }
            return await next()
        } onCancel: {
            onCancel()
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

    func stopTor() async throws {
        try await change { try await engine.stopTor() }
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
        try await change { try await engine.suspend(deadline: seconds) }
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
        try await change { try await engine.setDuress(passphrase: passphrase) }
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

    func setSpread(_ spread: Spread) throws(FlashpaperError) { engine.setSpread(spread: try spread.ffi()) }
}

extension FlashpaperState {
    /// Of a library that was closed before it had told any state.
    fileprivate static let closed = FlashpaperState(
        number: 0, life: .closed, network: .public, tor: .off, burners: [], vault: VaultReport())

    fileprivate var ended: FlashpaperState {
        FlashpaperState(number: number, life: .closed, network: network, tor: .off, burners: [], vault: vault)
    }
}
