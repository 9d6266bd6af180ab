import FlashpaperKit
import Observation

/// A burner that is being made. It begins with the screen, and ends with it.
@MainActor
@Observable
public final class CreatingModel: ScreenModel, EventReader {
    public private(set) var state: CreatingState

    @ObservationIgnored private unowned let app: AppModel
    @ObservationIgnored private var working: Task<Void, Never>?
    @ObservationIgnored private var creation: (any Creation)?
    /// Each attempt has an identity of its own, of which the steps tell.
    @ObservationIgnored private var making: BurnerID?
    @ObservationIgnored private var steps: [Step] = []
    @ObservationIgnored private var sheet: AnswerSheet?
    @ObservationIgnored private var failed: FlashpaperError?

    init(_ app: AppModel) {
        self.app = app
        state = CreatingState(
            title: Phrase(.creatingTitle), fraction: nil, steps: [], serverSays: nil, question: nil, page: nil, problem: nil,
            canRetry: false)
        start()
    }

    /// Ends the creation; what the server may have made is removed.
    public func cancel() { app.back() }

    public func retry() {
        guard state.canRetry else { return }
        if app.tor != .ready { app.startTor() }
        if working == nil { start() }
        refresh()
    }

    public func write(_ place: Int, _ text: String) { change(place, text.isEmpty ? nil : .text(text)) }

    public func setYes(_ place: Int, _ yes: Bool) { change(place, .yesNo(yes)) }

    /// Chooses an option, or, where several can be chosen, takes it back.
    public func choose(_ place: Int, _ option: Int) {
        app.touch()
        sheet?.choose(place, option)
        refresh()
    }

    public func send() {
        guard let sheet, !sheet.isSent else { return }
        reply(.fields(sheet.answers))
    }

    /// Has the server ask anew, with another picture.
    public func askAnew() { reply(.anotherPicture) }

    /// Does not answer: another server is tried.
    public func decline() { reply(.giveUp) }

    func leave() {
        // A task that is cancelled while it waits for the burner cancels the creation.
        working?.cancel()
        working = nil
    }

    func seen(_ event: Event) {
        guard creation != nil, case .creating(let burner, let step) = event else { return }
        if case .sealed = step {
            making = burner
            // What was tried before stays to be read.
            steps = steps.filter { if case .movingOn = $0 { true } else { false } }
        }
        if burner == making { steps = steps.followed(by: step) }
    }

    private func start() {
        failed = nil
        steps = []
        working = app.act { [weak self, app] _ in
            defer { self?.ended() }
            let library = try await app.waitForTor()
            let recoverable = app.recoverable
            var options = app.options
            options.recoverable = recoverable
            let creation = library.create(options)
            self?.creation = creation
            let asking = Task { [weak self] in
                for await progress in creation.progress() { self?.follow(progress) }
            }
            defer { asking.cancel() }
            let burner = try await creation.burner
            app.made(burner.id, withWords: recoverable)
        } failed: { [weak self] in
            self?.failed = $0
        }
        refresh()
    }

    private func ended() {
        creation = nil
        working = nil
        sheet = nil
    }

    private func follow(_ progress: CreationProgress) {
        if case .asks(let question) = progress {
            if sheet?.question.id != question.id { sheet = AnswerSheet(question) }
        } else {
            sheet = nil
        }
        refresh()
    }

    private func change(_ place: Int, _ answer: FieldAnswer?) {
        app.touch()
        sheet?.change(place, answer)
        refresh()
    }

    private func reply(_ answer: Answer) {
        // Which of two replies the library gets first is open.
        guard let creation, let question = sheet?.question, sheet?.isSent == false else { return }
        sheet?.isSent = true
        app.act { _ in
            try await creation.answer(question.id, answer)
        } failed: { [weak self] error in
            // That it has ended meanwhile is told by the creation.
            self?.sheet?.isSent = false
            if case .invalidInput(.answer(let fault)) = error { self?.sheet?.fault = fault }
        }
        refresh()
    }

    func refresh() {
        let tor = app.tor
        let isReady = tor == .ready || creation != nil
        // The button to try again is the screen's own.
        let problem = (failed ?? (isReady ? nil : app.torProblem)).map { Problem($0) }.map {
            Problem(sign: $0.sign, advice: $0.advice, canRetry: false)
        }
        var page: PageState?
        if case .needsWeb(let web) = failed {
            page = PageState(address: Verbatim(web.url), warning: Phrase(.creatingPageWarning))
        }
        let says = steps.compactMap { if case .serverSays(let words) = $0 { words.text } else { nil } }.last
        let title: TextKey =
            failed != nil ? .creatingFailed : sheet != nil ? .creatingQuestion : isReady ? .creatingTitle : .creatingConnecting
        state = CreatingState(
            title: Phrase(title), fraction: problem == nil && sheet == nil ? fraction(tor, isReady) : nil,
            steps: [isReady ? Sign(.tick, .torReady, .good) : Sign(tor)] + steps.map { Sign($0) },
            serverSays: says.map { Verbatim($0) }, question: sheet?.state, page: page, problem: problem,
            canRetry: problem != nil)
    }

    /// Tor is half of the way; the six steps of an account are the other.
    private func fraction(_ tor: Tor, _ isReady: Bool) -> Double {
        guard isReady else { return (tor.fraction ?? 0) / 2 }
        let done = steps.filter { step in
            switch step {
            case .sealed, .connected, .secured, .registered, .loggedIn, .reachable: true
            default: false
            }
        }
        return 0.5 + Double(done.count) / 12
    }
}

extension Tor {
    /// 0 to 1 while it connects.
    var fraction: Double? {
        if case .connecting(let fraction, _) = self { Double(fraction) } else { nil }
    }
}
