import FlashpaperKit
import Observation

/// All burners, and removals that wait for their servers.
@MainActor
@Observable
public final class BurnersModel: ScreenModel {
    public private(set) var state: BurnersState

    @ObservationIgnored private unowned let app: AppModel
    @ObservationIgnored private var removals: [PendingRemoval] = []
    @ObservationIgnored private var removing: Set<BurnerID> = []
    @ObservationIgnored private var note: Note?
    @ObservationIgnored private var asking: Task<Void, Never>?
    @ObservationIgnored private var askedAt: FlashpaperState?

    init(_ app: AppModel) {
        self.app = app
        state = BurnersState(
            tor: Sign(.off), fraction: nil, problem: nil, canConnect: false, rows: [], empty: nil, removals: [],
            canCreate: false, whyNot: nil, recoverable: false, note: nil)
    }

    /// The one touch: makes a burner.
    public func create() { if state.canCreate { app.go(to: .creating) } }

    public func setRecoverable(_ recoverable: Bool) {
        app.recoverable = recoverable
        refresh()
    }

    public func restore() { app.go(to: .restore) }

    /// Leads to the first screen, where the user connects.
    public func connect() { app.go(to: .start) }

    /// Starts Tor anew, where it has a problem.
    public func retryTor() { if state.problem != nil { app.startTor() } }

    /// Opens a burner's contacts, and connects it.
    public func open(_ burner: BurnerID) {
        guard state.rows.contains(where: { $0.badge.burner == burner && $0.canOpen }) else { return }
        app.go(to: .contacts(burner))
    }

    /// Tries a removal that waits.
    public func removeNow(_ burner: BurnerID) {
        guard state.removals.contains(where: { $0.burner == burner && $0.canRetry }), let library = app.library else { return }
        removing.insert(burner)
        note = nil
        let row = state.removals.first { $0.burner == burner }
        app.act { [weak self] _ in
            defer { self?.removing.remove(burner) }
            let report = try await library.burn(burner)
            self?.askedAt = nil
            if let row { self?.app.burnt(BurnerBadge(burner, row.address), report) }
        } failed: { [weak self] error in
            // One that is not there went by itself at this moment.
            self?.askedAt = nil
            if error != .noSuchBurner { self?.note = Note(error) }
        }
        refresh()
    }

    public func dismiss() {
        note = nil
        refresh()
    }

    func refresh() {
        let now = app.library?.state
        let tor = app.tor
        askForRemovals()
        let burners = Self.shown(now?.burners ?? [], begun: app.begun)
        state = BurnersState(
            tor: Sign(tor), fraction: tor.fraction, problem: app.torProblem.map { Problem($0) }, canConnect: tor != .ready && !app.isStarting,
            rows: burners.map(row),
            empty: burners.isEmpty ? Phrase(.burnersEmpty) : nil,
            removals: removals.map {
                RemovalRow(
                    burner: $0.burner, address: Verbatim($0.jid.rawValue),
                    sign: Sign(
                        mark: .waiting, text: Phrase(.burnersRemoval, .moment(Moment($0.until, at: app.platform.now()))),
                        tone: .caution),
                    canRetry: tor == .ready && removing.isEmpty)
            },
            canCreate: tor == .ready, whyNot: tor == .ready ? nil : Phrase(.burnersNotConnected),
            recoverable: app.recoverable, note: note)
    }

    /// One that this run has begun has a screen of its own, or is being given up. One that an earlier run has begun waits for Tor.
    static func shown(_ burners: [BurnerState], begun: Set<BurnerID>) -> [BurnerState] {
        burners.filter { $0.phase != .pending || !begun.contains($0.id) }
    }

    private func row(_ burner: BurnerState) -> BurnerRow {
        BurnerRow(
            badge: BurnerBadge(burner), address: Verbatim(burner.jid.rawValue), sign: Sign(burner),
            expiry: Sign(expiryOf: burner, at: app.platform.now()),
            unread: (burner.chats + burner.requests).reduce(0) { $0 + $1.unread }, canOpen: burner.phase == .active)
    }

    /// The library tells no change of them, but something else changes with each.
    private func askForRemovals() {
        guard let library = app.library, asking == nil, askedAt != library.state else { return }
        askedAt = library.state
        asking = Task { [weak self] in
            let removals = (try? await library.pendingRemovals()) ?? []
            guard let self else { return }
            asking = nil
            if removals != self.removals {
                self.removals = removals
                refresh()
            }
        }
    }
}
