import FlashpaperKit
import Observation

/// The first screen's model: what is true and what can be done. It knows no SwiftUI.
@MainActor
@Observable
public final class BurnersModel {
    public private(set) var state = BurnersState()
    /// The burner that is open, if one is.
    public private(set) var conversations: ConversationsModel?

    @ObservationIgnored private let options: CreateOptions?
    @ObservationIgnored private let opening: @Sendable () async throws -> any Flashpaper
    @ObservationIgnored private var library: (any Flashpaper)?
    @ObservationIgnored private var creation: (any Creation)?
    @ObservationIgnored private var making: BurnerID?
    @ObservationIgnored private var starting: Task<Void, Never>?
    @ObservationIgnored private var started = false
    @ObservationIgnored private var working: Task<Void, Never>?
    @ObservationIgnored private var isReplying = false
    @ObservationIgnored private var watching: [Task<Void, Never>] = []

    /// - Parameters:
    ///   - options: what kind of burner the one tap makes; nil: one at any server.
    ///   - open: how the library is opened: the app's folder and key.
    public init(options: CreateOptions? = nil, open: @escaping @Sendable () async throws -> any Flashpaper) {
        self.options = options
        opening = open
    }

    /// Opens the library and connects to Tor; after a failure, tries again. Does nothing while that is done.
    public func start() {
        guard starting == nil, !started else { return }
        if case .blocked(let error, _) = state.tor { state.tor = .blocked(error, canRetry: false) }
        starting = Task {
            defer { starting = nil }
            do {
                let library = try await opened()
                do throws(FlashpaperError) {
                    try await library.startTor()
                    started = true
                } catch {
                    if state.tor != .ready { state.tor = .blocked(error, canRetry: true) }
                }
                // Tor may be ready all the same: then it is what an earlier run left that could not be settled.
            } catch let error as FlashpaperError {
                state.notice = .failed(error)
            } catch {
                // Cancelled by `close`.
            }
        }
    }

    /// The one tap: makes a burner. Does nothing unless `state.canCreate`.
    public func create() {
        guard state.canCreate else { return }
        work(.creating(steps: [])) { [self] library in
            let creation = library.create(options ?? CreateOptions())
            self.creation = creation
            let asking = Task {
                for await progress in creation.progress() {
                    if case .asks(let question) = progress { state.question = question } else { state.question = nil }
                }
            }
            defer {
                asking.cancel()
                self.creation = nil
                making = nil
                state.question = nil
            }
            _ = try await creation.burner
        }
    }

    /// Ends a creation that is under way.
    public func cancel() {
        if case .creating = state.work { working?.cancel() }
    }

    /// Answers `state.question`, by the places of its fields. What does not fit is a notice, and it stays open.
    public func answer(_ answers: [Int: FieldAnswer]) {
        reply(.fields(answers))
    }

    /// Has the server ask anew, with another picture.
    public func askAnew() {
        reply(.anotherPicture)
    }

    /// Does not answer: the creation goes on at another server.
    public func decline() {
        reply(.giveUp)
    }

    /// Burns an account; does nothing without Tor, or while other work is under way.
    public func burn(_ id: BurnerID) {
        guard state.work == .idle, state.tor == .ready else { return }
        work(.burning(id, steps: [])) { [self] library in
            state.notice = .burned(try await library.burn(id).outcome)
        }
    }

    /// Opens a burner's conversations, and connects it; does nothing before it can be used.
    public func open(_ id: BurnerID) {
        guard let library, let burner = library.burner(id), burner.state.phase == .active else { return }
        leave()
        conversations = ConversationsModel(library, burner)
    }

    /// Goes back to the burners. The one that was open stays connected.
    public func leave() {
        guard let left = conversations else { return }
        conversations = nil
        Task { await left.close() }
    }

    /// Takes the notice away.
    public func dismiss() {
        state.notice = nil
    }

    /// Ends everything that is under way and lets go of the folder.
    public func close() async {
        for task in [starting, working] {
            task?.cancel()
            await task?.value
        }
        await conversations?.close()
        conversations = nil
        await library?.close()
        library = nil
        started = false
        for task in watching { await task.value }
        let privateNetwork = state.privateNetwork
        state = BurnersState()
        state.privateNetwork = privateNetwork
    }

    private func opened() async throws -> any Flashpaper {
        if let library { return library }
        let opened = try await opening()
        library = opened
        // Subscribed before anything happens that could be missed.
        let (events, states) = (opened.events(), opened.states())
        watching = [
            Task { for await numbered in events { seen(numbered.event) } },
            Task { for await _ in states { look() } },
        ]
        return opened
    }

    private func work(_ kind: Work, _ body: @escaping @MainActor (any Flashpaper) async throws -> Void) {
        guard let library else { return }
        state.work = kind
        state.notice = nil
        working = Task {
            do {
                try await body(library)
            } catch let error as FlashpaperError {
                state.notice = .failed(error)
            } catch {
                // Cancelled: the user knows.
            }
            state.work = .idle
            look()
        }
    }

    private func reply(_ answer: Answer) {
        // Which of two replies the engine gets first is open.
        guard let creation, let question = state.question, !isReplying else { return }
        dismiss()
        isReplying = true
        Task {
            defer { isReplying = false }
            do {
                try await creation.answer(question.id, answer)
            } catch let error as FlashpaperError where error != .noSuchQuestion {
                state.notice = .failed(error)
            } catch {
                // It has ended meanwhile, which the progress tells.
            }
        }
    }

    /// Every step is shown, also those that the states leave out.
    private func seen(_ event: Event) {
        switch event {
        case .creating(let burner, let step), .burning(let burner, let step): done(step, of: burner)
        default: break
        }
    }

    /// What is cleared away in the background is not the user's work.
    private func done(_ step: Step, of burner: BurnerID) {
        switch (state.work, step) {
        // Each attempt of a creation begins with an identity of its own.
        case (.creating(let steps), .sealed):
            making = burner
            look()
            state.work = .creating(steps: steps.filter { if case .movingOn = $0 { true } else { false } } + [step])
        case (.creating(let steps), _) where burner == making:
            state.work = .creating(steps: steps.followed(by: step))
        case (.burning(burner, let steps), _):
            state.work = .burning(burner, steps: steps + [step])
        default: break
        }
    }

    private func look() {
        guard let now = library?.state else { return }
        if now.network == .private { state.privateNetwork = true }
        switch now.tor {
        case .off: state.tor = .off
        case .connecting(let fraction, _): state.tor = .connecting(fraction: fraction)
        case .ready: state.tor = .ready
        case .blocked(let error): state.tor = .blocked(error, canRetry: starting == nil)
        }
        state.vault = now.vault
        // The one that is being made is not there yet.
        state.burners = now.burners.filter { $0.id != making }
        // What is burned is left.
        if let open = conversations, !state.burners.contains(where: { $0.id == open.state.burner.id }) { leave() }
    }
}

extension [Step] {
    /// How far a proof of work is replaces how far it was.
    fileprivate func followed(by step: Step) -> [Step] {
        if case .working = step, case .working = last { dropLast() + [step] } else { self + [step] }
    }
}
