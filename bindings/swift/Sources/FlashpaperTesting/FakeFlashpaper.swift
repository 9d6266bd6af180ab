@_exported import FlashpaperAPI
import Foundation

/// Flashpaper in memory, for the tests of an app: no native library, no network, no disk, and a clock that only the test moves.
/// It keeps the rules of the real one, as far as ``Contract`` asks for them, which runs over both.
///
/// What it does not model:
/// - **Time**: nothing takes any, so that deadlines are looked at and never run out, and no call can be cancelled once it has
///   begun. What needs a Tor that only connects throws ``FlashpaperError/torBlocked`` at once, which the real library does
///   after a minute. Nothing happens at a random moment: ``Spread``, ``Profile`` and ``networkChanged()`` are noted only.
/// - **Chats**: their timers are shown, and no text goes by them; private conversations never rest for too long; texts never
///   come twice; version 2 of OTR is never spoken. No outbox, inbox or list of strangers is ever full. An address that does not
///   exist is somebody who is away.
/// - **Servers**: any name is one that lets people register, by the route that was asked for; invitations and lists of servers
///   are taken and mean nothing. Removals that wait are tried again by ``burn(_:)`` and ``burnAll()`` alone, and never dropped.
/// - **Files**: nothing is stored. It cannot be opened again but by ``unlock()``, the duress passphrase opens nothing, and there
///   is no panic. No update of the server directory is right: none is signed.
///
/// ```swift
/// let fake = FakeFlashpaper()
/// let friend = fake.peer(JID(rawValue: "friend@example.org"))
/// friend.comesOnline()
/// fake.fail(.sync, with: .torBlocked)
/// ```
public final class FakeFlashpaper: Flashpaper, Sendable {
    let world: World

    /// - Parameters:
    ///   - network: with ``NetworkKind/private`` an app can test the warning that it shows.
    ///   - now: the time at which the clock stands still: see ``advance(by:)``.
    public init(network: NetworkKind = .public, now: Date = Date(timeIntervalSince1970: 1_800_000_000)) {
        world = World(network: network, now: now)
    }

    // MARK: What a test scripts

    /// Reports an event that this fake does not come to by itself.
    public func emit(_ event: Event) {
        world.script { $0.report(event) }
    }

    /// The next call of this kind throws this.
    public func fail(_ op: Op, with error: FlashpaperError) {
        world.script { $0.failures[op, default: []].append(error) }
    }

    /// The next creation asks this of the user, once it has a server. Several are asked one after the other. Names of burner and
    /// server are those of the creation. Where one is given up, a creation that may choose its server goes on at one of the same
    /// name.
    public func ask(_ form: QuestionForm) {
        world.script { $0.forms.append(form) }
    }

    /// Sets how far Tor is, where it was started.
    public func setTor(_ tor: Tor) {
        world.script { $0.setTor(tor) }
    }

    /// Sets how a burner is connected, until Tor or ``Burner/connect()`` changes it.
    public func setConnection(of burner: BurnerID, to connection: Connection) {
        world.script { $0.setConnection(burner, connection) }
    }

    /// The next burn ends so. Otherwise it is ``BurnOutcome/proven`` where Tor is ready, and ``BurnOutcome/queued`` where it is
    /// not.
    public func nextBurn(is report: BurnReport) {
        world.script { $0.burnReports.append(report) }
    }

    /// The next sync gives this. Otherwise it counts what is unread and what waits, and is complete.
    public func nextSync(is report: SyncReport) {
        world.script { $0.syncReports.append(report) }
    }

    /// The next ticket, whatever its bytes, is of these removals. Otherwise there is no right one.
    public func nextTicket(is removals: [PendingRemoval]) {
        world.script { $0.tickets.append(removals) }
    }

    /// Sets what is wrong with the store.
    public func setVault(_ vault: VaultReport) {
        world.script { $0.vault = vault }
    }

    /// The same as opening the real library's folder with its key, which ends ``Life/locked``.
    public func unlock() {
        world.script { inner in
            guard inner.life == .locked else { return }
            inner.life = .suspended
            inner.beginAutoLock()
        }
    }

    /// Somebody to talk to. The same address is the same person.
    public func peer(_ jid: JID) -> FakePeer {
        world.script { $0.meet(jid) }
        return FakePeer(jid: jid, world: world)
    }

    /// The clock's time.
    public var now: Date { world.read { $0.now } }

    /// Moves the clock: texts that have waited too long fail, history expires, burners expire where the library is awake or once
    /// it is, and the library locks itself. Timers of chats are not modelled.
    public func advance(by time: Duration) {
        world.script { $0.advance(by: time) }
    }

    /// The profile that was set last.
    public var profile: Profile { world.read { $0.profile } }

    /// The spread that was set last.
    public var spread: Spread { world.read { $0.spread } }

    /// How often ``networkChanged()`` was called.
    public var networkChanges: Int { world.read { $0.networkChanges } }

    // MARK: Flashpaper

    public var state: FlashpaperState { world.present.value }

    public func states() -> AsyncStream<FlashpaperState> { world.present.stream() }

    public func events(since number: UInt64?) -> AsyncStream<Numbered> { world.events(since: number) }

    public func startTor(_ entry: Entry, deadline: Duration) async throws(FlashpaperError) {
        do {
            _ = try deadline.checked()
            try world.call(.startTor) { $0.startTor() }
        } catch let error as FlashpaperError {
            throw error
        } catch {
            throw .cancelled
        }
    }

    public func stopTor() async throws {
        try world.call(.stopTor, upTo: .locked) { $0.stopTor() }
    }

    public func create(_ options: CreateOptions) -> any Creation { FakeCreation(world, options) }

    public func checkOptions(_ options: CreateOptions) async throws {
        try world.call(.checkOptions) { try $0.check(options) }
    }

    public func restore(words: Data, server: String, route: Route?) async throws -> any Burner {
        let state = try world.call(.restore) { inner in
            let count = String(decoding: words, as: UTF8.self).split(whereSeparator: \.isWhitespace).count
            guard count == 12 else { throw FlashpaperError.invalidInput(.words(.count(count))) }
            try inner.check(CreateOptions(server: server))
            guard !inner.accounts.contains(where: { $0.words == words || $0.droppedWords == words }) else {
                throw FlashpaperError.alreadyHere
            }
            try inner.needTor()
            let id = inner.add(CreateOptions(server: server, route: route), droppedWords: words)
            inner.report(.restoring(burner: id, step: .loggedIn))
            return try inner.account(id).state(at: inner)
        }
        return FakeBurner(state, world)
    }

    public func burner(_ id: BurnerID) -> (any Burner)? {
        state.burners.first { $0.id == id }.map { FakeBurner($0, world) }
    }

    public func burn(_ id: BurnerID) async throws -> BurnReport {
        try world.call(.burn) { try $0.burn(id) }
    }

    public func burnAll() async throws -> [Burned] {
        try world.call(.burnAll, upTo: .suspended) { inner in
            let all = inner.accounts.map(\.id) + inner.removals.map(\.burner)
            if inner.life == .suspended { return all.map { Burned(burner: $0, report: nil, failed: .suspended) } }
            return try all.map { Burned(burner: $0, report: try inner.burn($0)) }
        }
    }

    public func pendingRemovals() async throws -> [PendingRemoval] {
        try world.call(.pendingRemovals, upTo: .suspended) { $0.removals }
    }

    public func redeem(_ ticket: Data) async throws -> [BurnerID] {
        try world.call(.redeem) { inner in
            guard !inner.tickets.isEmpty else { throw FlashpaperError.invalidInput(.ticket) }
            return inner.tickets.removeFirst().compactMap { removal in
                if !(inner.accounts.map(\.jid) + inner.removals.map(\.jid)).contains(removal.jid) {
                    inner.removals.append(removal)
                }
                return inner.removals.first { $0.jid == removal.jid }?.burner
            }
        }
    }

    public func suspend(deadline: Duration) async throws {
        _ = try deadline.checked()
        try world.call(.suspend, upTo: .locked) { $0.fallAsleep() }
    }

    public func resume() async throws {
        try world.call(.resume, upTo: .suspended) { inner in
            inner.wakeUp()
            for creation in inner.creations { creation.wakes(&inner) }
        }
    }

    public func sync(deadline: Duration, entry: Entry) async throws -> SyncReport {
        _ = try deadline.checked()
        return try world.call(.sync, upTo: .suspended) { inner in
            inner.wakeUp()
            inner.setTor(.ready)
            let chats = inner.accounts.flatMap { $0.talks.map { $0.state } }
            let outbox = chats.reduce(0) { $0 + $1.outbox }
            let usual = SyncReport(unread: chats.reduce(0) { $0 + $1.unread }, outbox: outbox, complete: true)
            inner.fallAsleep()
            return inner.syncReports.isEmpty ? usual : inner.syncReports.removeFirst()
        }
    }

    public func lock() async throws {
        try world.call(.lock, upTo: .locked) { $0.lock() }
    }

    public func setAutoLock(after time: Duration?) async throws {
        let time = try time?.checked()
        try world.call(.setAutoLock, upTo: .locked) { inner in
            guard time != .zero else { throw FlashpaperError.invalidInput(.autoLock) }
            inner.autoLock = time.map { ($0, inner.now + seconds($0)) }
        }
    }

    public func touch() {
        world.script { inner in
            if let (_, at) = inner.autoLock, at > inner.now { inner.beginAutoLock() }
        }
    }

    public func changeKey(_ key: Key) async throws {
        try world.call(.changeKey) { inner in
            switch key {
            case .passphrase(let passphrase), .source(_, passphrase: .some(let passphrase)):
                guard !passphrase.isEmpty else { throw FlashpaperError.invalidInput(.passphrase) }
                guard passphrase != inner.duress else { throw FlashpaperError.invalidInput(.samePassphrase) }
                inner.passphrase = passphrase
            case .file, .source(_, passphrase: nil):
                inner.passphrase = nil
                inner.duress = nil
            }
        }
    }

    public func setDuress(_ passphrase: Data?) async throws {
        try world.call(.setDuress) { inner in
            if let passphrase {
                guard !passphrase.isEmpty else { throw FlashpaperError.invalidInput(.passphrase) }
                guard inner.passphrase != nil else { throw FlashpaperError.invalidInput(.noPassphrase) }
                guard passphrase != inner.passphrase else { throw FlashpaperError.invalidInput(.samePassphrase) }
            }
            inner.duress = passphrase
        }
    }

    public func updateDirectory(_ file: Data) async throws {
        // Nobody but those who make the library can sign one.
        try world.call(.updateDirectory) { _ in throw FlashpaperError.invalidInput(.directory(.signature)) }
    }

    public func setOwnServers(_ file: Data?) async throws {
        try world.call(.setOwnServers) { _ in
            guard (file?.count ?? 0) <= 256 * 1024 else { throw FlashpaperError.invalidInput(.directory(.tooLarge)) }
        }
    }

    public func diagnostics() async -> String {
        let state = state
        return "fake\nlife: \(state.life)\ntor: \(state.tor)\nburners: \(state.burners.count)\n"
    }

    public func close() async {
        world.close()
    }

    public func networkChanged() {
        world.script { $0.networkChanges += 1 }
    }

    public func setProfile(_ profile: Profile) {
        world.script { $0.profile = profile }
    }

    public func setSpread(_ spread: Spread) throws(FlashpaperError) {
        let spread = try spread.checked()
        world.script { $0.spread = spread }
    }
}
