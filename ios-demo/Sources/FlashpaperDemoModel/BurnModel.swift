import FlashpaperKit
import Observation

/// So many steps has the bar of the button that is held, each of 50 milliseconds: one and a half seconds.
private let steps = 30

/// Burns a burner, by a button that has to be held.
@MainActor
@Observable
public final class BurnModel: ScreenModel, EventReader {
    public private(set) var state: BurnState

    @ObservationIgnored private unowned let app: AppModel
    @ObservationIgnored private let burner: any Burner
    @ObservationIgnored private var held = 0
    @ObservationIgnored private var holding: Task<Void, Never>?
    @ObservationIgnored private var isBurning = false
    @ObservationIgnored private var done: [Step] = []
    @ObservationIgnored private var failed: FlashpaperError?
    @ObservationIgnored private var wasAsked = false

    init?(_ app: AppModel, _ id: BurnerID) {
        guard let burner = app.library?.burner(id) else { return nil }
        self.app = app
        self.burner = burner
        state = BurnState(
            badge: BurnerBadge(burner.state), address: Verbatim(burner.state.jid.rawValue),
            explanation: Phrase(.burnExplanation), held: 0, canHold: true,
            button: Phrase(.burnHold), action: Phrase(.burnAccessible), isBurning: false, steps: [], problem: nil)
    }

    public func holdStarted() {
        guard state.canHold, holding == nil else { return }
        failed = nil
        holding = Task { [weak self, sleep = app.platform.sleep] in
            for step in 1...steps {
                guard (try? await sleep(.milliseconds(50))) != nil, !Task.isCancelled else { return }
                self?.hold(step)
            }
            self?.burn()
        }
    }

    /// Before its time is over nothing has happened.
    public func holdEnded() {
        holding?.cancel()
        holding = nil
        if !isBurning { hold(0) }
    }

    /// Done twice it burns.
    public func burnWithoutHolding() {
        guard state.canHold else { return }
        if wasAsked { burn() } else { wasAsked = true }
        refresh()
    }

    func seen(_ event: Event) {
        if case .burning(burner.id, let step) = event { done = done.followed(by: step) }
    }

    func covered() { holdEnded() }

    func leave() { holdEnded() }

    func refresh() {
        state = BurnState(
            badge: BurnerBadge(burner.state), address: Verbatim(burner.state.jid.rawValue),
            explanation: Phrase(app.tor == .ready ? .burnExplanation : .burnExplanationOffline),
            held: Double(held) / Double(steps), canHold: !isBurning,
            button: Phrase(isBurning ? .burnBusy : held > 0 ? .burnHolding : .burnHold),
            action: Phrase(wasAsked ? .burnAccessibleAgain : .burnAccessible), isBurning: isBurning, steps: done.map { Sign($0) },
            problem: failed.map { Problem($0) })
    }

    private func hold(_ step: Int) {
        held = step
        refresh()
    }

    /// Without Tor, too: the library keeps the removal for later.
    private func burn() {
        guard !isBurning else { return }
        isBurning = true
        wasAsked = false
        failed = nil
        let badge = state.badge
        // It goes on where the screen is left: a burn that has begun is not taken back, and the user is told how it went.
        app.act { [app, burner] _ in
            let report = try await burner.burn()
            app.burnt(badge, report)
        } failed: { [weak self] error in
            self?.isBurning = false
            self?.held = 0
            self?.failed = error
        }
        refresh()
    }
}

/// How a burn went.
@MainActor
@Observable
public final class BurnReportModel: ScreenModel {
    public private(set) var state: BurnReportState

    @ObservationIgnored private unowned let app: AppModel
    @ObservationIgnored private let burner: BurnerID
    @ObservationIgnored private var report: BurnReport
    @ObservationIgnored private var isBusy = false

    init(_ app: AppModel, _ burner: BurnerID, _ badge: BurnerBadge, _ report: BurnReport) {
        self.app = app
        self.burner = burner
        self.report = report
        state = Self.state(badge, report, canRetry: false, isBusy: false)
    }

    /// Asks the server once more.
    public func retry() {
        guard state.canRetry else { return }
        isBusy = true
        app.act { [weak self, burner] library in
            let report = try await library.burn(burner)
            self?.isBusy = false
            self?.report = report
        } failed: { [weak self] error in
            self?.isBusy = false
            // It is still as before, for this reason.
            if let report = self?.report { self?.report = BurnReport(outcome: report.outcome, reason: error) }
        }
        refresh()
    }

    public func close() { if app.library?.state.burners.isEmpty == false { app.show([.burners]) } else { app.home() } }

    func refresh() {
        let isOpen = report.outcome == .queued || report.outcome == .unproven
        let canRetry = isOpen && app.tor == .ready && !isBusy
        state = Self.state(state.badge, report, canRetry: canRetry, isBusy: isBusy)
    }

    private static func state(
        _ badge: BurnerBadge, _ report: BurnReport, canRetry: Bool, isBusy: Bool
    ) -> BurnReportState {
        let (sign, text): (Sign, TextKey) =
            switch report.outcome {
            case .proven: (Sign(.shield, .reportProven, .good), .reportProvenText)
            case .disabled: (Sign(.tick, .reportDisabled, .good), .reportDisabledText)
            case .alreadyGone: (Sign(.tick, .reportAlreadyGone, .good), .reportAlreadyGoneText)
            case .unproven: (Sign(.warning, .reportUnproven, .caution), .reportUnprovenText)
            case .queued: (Sign(.waiting, .reportQueued, .caution), .reportQueuedText)
            }
        return BurnReportState(
            badge: badge, sign: sign, explanation: Phrase(text),
            reason: report.reason.flatMap { $0 == .torNotStarted ? nil : $0 }.map { Phrase(.reportReason, .phrase(Problem($0).sign.text)) }, canRetry: canRetry,
            isBusy: isBusy)
    }
}
