import FlashpaperAPI
import Foundation

/// How many events are kept for readers that begin later, as the real library does it.
private let keptEvents = 1024

func seconds(_ duration: Duration) -> TimeInterval { duration / .seconds(1) }

/// All that a fake holds, changed by one call at a time.
final class World: Sendable {
    let present: Present<FlashpaperState>
    /// How often anything has changed: timelines look again.
    let changes = Present(0)
    private let inner: Locked<Inner>

    init(network: NetworkKind, now: Date) {
        let inner = Inner(network: network, now: now)
        present = Present(inner.state)
        self.inner = Locked(inner)
    }

    func read<T>(_ body: (Inner) throws -> T) rethrows -> T {
        try inner.with { try body($0) }
    }

    /// Does what a test or a call without an error does.
    func script<T>(_ body: (inout Inner) -> T) -> T {
        inner.with { inner in
            defer { publish(inner) }
            return body(&inner)
        }
    }

    /// Does what a call does: it can be cancelled before, has to be let by the life cycle, and may be scripted to fail. It works
    /// while the library is awake, or up to another ``Life``.
    func call<T>(_ op: Op, upTo last: Life = .awake, _ body: (inout Inner) throws -> T) throws -> T {
        try Task.checkCancellation()
        return try inner.with { inner in
            try inner.checkAlive(upTo: last)
            if let error = inner.failures[op]?.first {
                inner.failures[op]?.removeFirst()
                throw error
            }
            let before = inner
            do {
                let result = try body(&inner)
                publish(inner)
                return result
            } catch {
                inner = before
                throw error
            }
        }
    }

    func events(since number: UInt64?) -> AsyncStream<Numbered> {
        let last = Locked(read { min(number ?? $0.number, $0.number) })
        // Nothing is read ahead: a lock takes what the reader has not asked for.
        return AsyncStream { [self] in
            while !Task.isCancelled {
                let seen = changes.value
                let (next, isOver) = read { inner in (inner.event(behind: last.with { $0 }), inner.life == .closed) }
                if let next {
                    last.with { $0 = next.number }
                    return next
                }
                if isOver { break }
                _ = await changes.stream().first { $0 != seen }
            }
            return nil
        }
    }

    func close() {
        script { $0.end() }
        present.finish()
        changes.finish()
    }

    private func publish(_ inner: Inner) {
        let state = inner.state
        if state != present.value { present.set(state) }
        changes.change { $0 += 1 }
    }
}

/// The fake's content.
struct Inner {
    let network: NetworkKind
    var now: Date
    var life = Life.awake
    var tor = Tor.off
    /// Tor runs, would if the library were awake, or has ended with the last burner.
    var torIsWanted = false
    var vault = VaultReport()
    var number: UInt64 = 0
    /// The last events. Of one that was forgotten, nothing is left.
    private var log: [Event?] = []
    var accounts: [Account] = []
    var removals: [PendingRemoval] = []
    var people: [JID: Person] = [:]
    var creations: [FakeCreation] = []
    var nextBurner = 1
    var nextQuestion: UInt64 = 1
    var passphrase: Data?
    var duress: Data?
    var autoLock: (Duration, Date)?
    var profile = Profile.foreground
    var spread = Spread.within(.seconds(120))
    var networkChanges = 0
    // Scripted:
    var failures: [Op: [FlashpaperError]] = [:]
    var forms: [QuestionForm] = []
    var burnReports: [BurnReport] = []
    var syncReports: [SyncReport] = []
    var tickets: [[PendingRemoval]] = []

    init(network: NetworkKind, now: Date) {
        self.network = network
        self.now = now
    }

    var state: FlashpaperState {
        let shown = life == .awake || life == .suspended
        return FlashpaperState(
            number: number, life: life, network: network, tor: life == .awake ? tor : .off,
            burners: shown ? accounts.map { $0.state(at: self) } : [], vault: vault)
    }

    func checkAlive(upTo last: Life) throws(FlashpaperError) {
        switch life {
        case .awake: break
        case .suspended: if last == .awake { throw .suspended }
        case .locked: if last != .locked { throw .vaultLocked }
        case .closed: throw .closed
        }
    }

    mutating func report(_ event: Event) {
        number += 1
        log.append(event)
        if log.count > keptEvents { log.removeFirst() }
    }

    /// What comes behind an event; nil if there is nothing yet.
    func event(behind last: UInt64) -> Numbered? {
        let first = number + 1 - UInt64(log.count)
        if last + 1 < first { return Numbered(number: number, event: .lagged(lost: number - last)) }
        let ahead = log.dropFirst(Int(last + 1 - first))
        let forgotten = UInt64(ahead.prefix { $0 == nil }.count)
        if forgotten > 0 { return Numbered(number: last + forgotten, event: .lagged(lost: forgotten)) }
        return ahead.first.flatMap { $0 }.map { Numbered(number: last + 1, event: $0) }
    }

    mutating func setTor(_ new: Tor) {
        tor = new
        torIsWanted = new != .off
        let (fraction, stage, ready, blocked): (Float, Stage, Bool, FlashpaperError?) =
            switch new {
            case .off: (0, .stopped, false, nil)
            case .connecting(let fraction, let stage): (fraction, stage, false, nil)
            case .ready: (1, .ready, true, nil)
            case .blocked(let error): (0, .connecting, false, error)
            }
        report(.tor(fraction: fraction, stage: stage, ready: ready, blocked: blocked))
        for id in accounts.map(\.id) { reconnect(id) }
    }

    mutating func startTor() {
        if network == .private { report(.privateNetwork) }
        report(.torStarting)
        setTor(.ready)
    }

    mutating func stopTor() {
        (tor, torIsWanted) = (.off, false)
        waitForTor()
        for creation in creations { creation.losesTor(&self) }
    }

    /// For what makes a burner: Tor that has ended with the last one starts again.
    mutating func needTor() throws(FlashpaperError) {
        if tor == .off, torIsWanted { startTor() }
        if let fault = torFault { throw fault }
    }

    /// What the real library throws where it has waited for Tor; nil where Tor is ready.
    private var torFault: FlashpaperError? {
        switch tor {
        case .off: .torNotStarted
        case .connecting: .torBlocked
        case .blocked(let why): why
        case .ready: nil
        }
    }

    mutating func fallAsleep() {
        guard life == .awake else { return }
        life = .suspended
        for index in accounts.indices { accounts[index].setConnection(.offline) }
        for creation in creations { creation.sleeps(&self) }
    }

    mutating func wakeUp() {
        guard life == .suspended else { return }
        life = .awake
        if torIsWanted { setTor(.ready) } else { waitForTor() }
        pass()
    }

    mutating func lock() {
        fallAsleep()
        for creation in creations { creation.ends(with: .vaultLocked, &self) }
        life = .locked
        log = log.map { _ in nil }
        report(.locked)
    }

    /// Its time begins anew.
    mutating func beginAutoLock() {
        if let (time, _) = autoLock { autoLock = (time, now + seconds(time)) }
    }

    mutating func end() {
        guard life != .closed else { return }
        for creation in creations { creation.ends(with: .closed, &self) }
        tor = .off
        life = .closed
    }

    mutating func advance(by time: Duration) {
        now += seconds(time)
        pass()
    }

    /// Does what time has brought.
    private mutating func pass() {
        if life == .awake || life == .suspended {
            for id in accounts.map(\.id) {
                change(id) { $0.pass(to: &$1) }
                if life == .awake, let account = try? account(id), let at = account.expiresAt, at <= now {
                    report(.expired(burner: id))
                    if let report = try? burn(id), report.outcome == .proven {
                        self.report(.settled(burner: id, outcome: .removed))
                    }
                }
            }
        }
        if let (_, at) = autoLock, at <= now, life == .awake || life == .suspended { lock() }
    }

    // MARK: Accounts

    func account(_ id: BurnerID) throws(FlashpaperError) -> Account {
        guard let account = accounts.first(where: { $0.id == id }) else { throw .noSuchBurner }
        return account
    }

    /// Changes an account that is here, beside a copy of the rest.
    mutating func change(_ id: BurnerID, _ body: (inout Account, inout Inner) throws -> Void) rethrows {
        guard let index = accounts.firstIndex(where: { $0.id == id }) else { return }
        var account = accounts[index]
        try body(&account, &self)
        if let index = accounts.firstIndex(where: { $0.id == id }) { accounts[index] = account }
    }

    func check(_ options: CreateOptions) throws(FlashpaperError) {
        if let server = options.server {
            let isAddress = server.allSatisfy { $0.isNumber || $0 == "." }
            guard server.contains("."), !isAddress, !server.contains(where: { $0 == "@" || $0.isWhitespace }) else {
                throw .invalidInput(.server)
            }
        }
        if let at = options.expiresAt, at <= now { throw .invalidInput(.expiry) }
    }

    mutating func add(_ options: CreateOptions, droppedWords: Data? = nil) -> BurnerID {
        let id = BurnerID(rawValue: String(nextBurner, radix: 16))
        let jid = JID(rawValue: "burner\(nextBurner)@\(options.server ?? "example.org")")
        nextBurner += 1
        var account = Account(id: id, jid: jid, via: options.route ?? .exit, created: now)
        account.expiresAt = options.expiresAt
        account.droppedWords = droppedWords
        if options.recoverable {
            account.words = Data(repeatElement("word\(id.rawValue)", count: 12).joined(separator: " ").utf8)
        }
        accounts.append(account)
        return id
    }

    mutating func reconnect(_ id: BurnerID) {
        change(id) { account, inner in
            let connection: Connection =
                switch inner.tor {
                case _ where !account.isWanted || inner.life != .awake: .offline
                case .off: .offline
                case .connecting: .connecting
                case .ready: .online
                case .blocked(let error): .waiting(error)
                }
            inner.connect(&account, connection)
        }
    }

    /// Burners that are to be connected, while the library is awake.
    private mutating func waitForTor() { setWanted(.waiting(.torNotStarted)) }

    private mutating func setWanted(_ connection: Connection) {
        guard life == .awake else { return }
        for account in accounts where account.isWanted { setConnection(account.id, connection) }
    }

    mutating func setConnection(_ id: BurnerID, _ connection: Connection) {
        change(id) { account, inner in inner.connect(&account, connection) }
    }

    private mutating func connect(_ account: inout Account, _ connection: Connection) {
        guard connection != account.connection else { return }
        account.setConnection(connection)
        report(.connection(burner: account.id, connection: connection))
        for index in account.talks.indices { account.flush(index, &self) }
    }

    mutating func burn(_ id: BurnerID) throws(FlashpaperError) -> BurnReport {
        let pending = removals.first { $0.burner == id }
        let jid = if let pending { pending.jid } else { try account(id).jid }
        let usual = BurnReport(outcome: torFault == nil ? .proven : .queued, reason: torFault)
        let report = burnReports.isEmpty ? usual : burnReports.removeFirst()
        accounts.removeAll { $0.id == id }
        removals.removeAll { $0.burner == id }
        switch report.outcome {
        case .proven:
            self.report(.burning(burner: id, step: .removed))
            self.report(.burning(burner: id, step: .provenGone))
        case .disabled: self.report(.burning(burner: id, step: .disabled))
        case .alreadyGone: self.report(.burning(burner: id, step: .provenGone))
        case .unproven, .queued: wait(for: id, jid, since: pending?.since, confirmed: report.outcome == .unproven)
        }
        if accounts.isEmpty, removals.isEmpty, creations.isEmpty { tor = .off }
        return report
    }

    mutating func wait(for id: BurnerID, _ jid: JID, since: Date?, confirmed: Bool) {
        let since = since ?? now
        removals.append(
            PendingRemoval(
                burner: id, jid: jid, since: since, until: since + 30 * 86_400, confirmed: confirmed))
    }

    // MARK: People

    mutating func meet(_ jid: JID) {
        if people[jid] == nil { people[jid] = Person(key: key(people.count + 1)) }
    }

    func key(_ number: Int) -> Fingerprint {
        let digits = String(number, radix: 16)
        return Fingerprint(String(repeating: "0", count: 40 - digits.count) + digits)!
    }
}

/// Somebody at the other end.
struct Person {
    var key: Fingerprint
    var isOnline = false
    var confirms = true
    /// All that they have read.
    var heard: [String] = []
    /// The secret that they compare with.
    var secret: String?
}
