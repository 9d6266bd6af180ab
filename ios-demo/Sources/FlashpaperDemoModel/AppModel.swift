import FlashpaperKit
import Foundation
import Observation

/// The app: the open library, the way through the screens with a model for each, and what the device tells. It knows no SwiftUI.
///
/// It lives as long as the process. Nothing of the way is stored: after the end of the process it begins anew, at what the sealed
/// store has.
@MainActor
@Observable
public final class AppModel {
    public internal(set) var state = AppState()

    @ObservationIgnored let platform: Platform
    /// What kind of burner the one touch makes.
    @ObservationIgnored let options: CreateOptions
    @ObservationIgnored private(set) var choices: Choices
    @ObservationIgnored private(set) var library: (any Flashpaper)?
    @ObservationIgnored private(set) var isOpening = false
    /// Why the store was not opened the last time.
    @ObservationIgnored private(set) var notOpened: FlashpaperError?
    /// Why Tor was not started the last time.
    @ObservationIgnored var notStarted: FlashpaperError?
    /// How often the app itself has let go of a store: what was begun before counts no more.
    @ObservationIgnored private var era = 0
    /// A panic has ended everything, and its screen is shown.
    @ObservationIgnored private(set) var hasPanicked = false
    /// The user has touched the button that connects, since the store was opened first.
    @ObservationIgnored var hasConnected = false
    /// The store was opened with a passphrase.
    @ObservationIgnored var hasPassphrase = false
    /// The next burner can be brought back from twelve words.
    @ObservationIgnored var recoverable = false
    @ObservationIgnored let news = News()
    /// Burners that this run has begun to make.
    @ObservationIgnored private(set) var begun: Set<BurnerID> = []
    /// What was written and not sent.
    @ObservationIgnored var drafts: [Screen: Draft] = [:]
    /// The screens of comparisons that wait for the contact.
    @ObservationIgnored var comparing: Set<Screen> = []
    /// How burns went: the burners themselves may be gone.
    @ObservationIgnored var reports: [BurnerID: (BurnerBadge, BurnReport)] = [:]
    @ObservationIgnored var pages: [Screen: Page] = [:]
    /// Tor is being started.
    @ObservationIgnored var starting: Task<Void, Never>?
    /// Tor is being ended.
    @ObservationIgnored var stopping: Task<Void, Never>?
    /// How far Tor was when that began: it says nothing of this try.
    @ObservationIgnored var torBefore: Tor?
    @ObservationIgnored private var watching: [Task<Void, Never>] = []
    @ObservationIgnored private let phases = Order()

    public init(_ platform: Platform, options: CreateOptions = CreateOptions()) {
        self.platform = platform
        self.options = options
        choices = platform.choices.load()
        show([.start])
    }

    // MARK: What the device tells

    /// The app was started: opens the store, which touches no network.
    public func launched() async { await open(nil) }

    /// Something is in front of the app: a banner, or the app switcher, which makes its picture now.
    public func cover() {
        state.covered = true
        for screen in state.way { pages[screen]?.model.covered() }
    }

    /// The app is not in front any more. Once the task has ended, it may be frozen.
    @discardableResult
    public func toBackground() -> Task<Void, Never> {
        cover()
        return live { try await $0.suspend() }
    }

    /// The app is in front.
    @discardableResult
    public func toForeground() -> Task<Void, Never> {
        state.covered = false
        return live {
            try await $0.resume()
            $0.touch()
        }
    }

    /// The device has another network.
    public func networkChanged() { library?.networkChanged() }

    /// The user has touched the screen, or has written: what is written on a keyboard touches no screen of the app's.
    public func touch() { library?.touch() }

    /// One after the other: which of two came last is what counts.
    private func live(_ change: @escaping @MainActor (any Flashpaper) async throws -> Void) -> Task<Void, Never> {
        act(in: phases, change) { [weak self] error in
            // Of another one the library's state tells what there is to tell.
            guard let self, error.action == .unlock || error.action == .closeOther else { return }
            notOpened = error
            lead(to: [.unlock])
        }
    }

    // MARK: The library

    /// Opens the store, or unlocks it. Where that fails the user is asked for what it takes.
    @discardableResult
    func open(_ passphrase: Data?) async -> Bool {
        guard !isOpening else { return false }
        isOpening = true
        notOpened = nil
        refresh()
        var passphrase = passphrase
        let era = era
        defer {
            passphrase?.wipe()
            isOpening = false
            refresh()
        }
        do {
            let opened = try await platform.open(passphrase)
            // The system may have started the app before the device was unlocked, when they could not be read.
            choices = platform.choices.load()
            if passphrase != nil, try await isEmpty(opened) {
                forgetChoices()
                // Who had bridges is not led to the public relays by a choice that was made for them: this one cannot be started
                // as it is.
                choices.entrance = .bridges
            }
            try await opened.setAutoLock(after: choices.autoLock.duration)
            if !state.covered { try await opened.resume() }
            guard era == self.era else {
                // A panic came meanwhile: what it has not ended ends here.
                await opened.close()
                return false
            }
            hasPassphrase = passphrase != nil
            follow(opened)
            return true
        } catch {
            guard era == self.era else { return false }
            notOpened = error as? FlashpaperError ?? .cancelled
            lead(to: [.unlock])
            return false
        }
    }

    func change(_ body: (inout Choices) -> Void) {
        body(&choices)
        platform.choices.save(choices)
    }

    /// Does something for a screen, after what it was asked for before. What concerns the whole app leads to another screen.
    @discardableResult
    func act(
        in order: Order = Order(), _ body: @escaping @MainActor (any Flashpaper) async throws -> Void,
        failed: @escaping @MainActor (FlashpaperError) -> Void
    ) -> Task<Void, Never> {
        order.add { [weak self] in
            guard let self, let library else { return }
            let era = era
            do throws(any Error) {
                try await body(library)
            } catch {
                // Of a cancelled one nobody waits for a word, nor of one that belongs to a store that is gone.
                if era == self.era, let error = error as? FlashpaperError, !takes(error) { failed(error) }
            }
            refresh()
        }
    }

    /// Whether an error says that there is nothing to go on with: then its screen is shown.
    private func takes(_ error: FlashpaperError) -> Bool {
        switch error {
        case .vaultLocked: locked()
        case .closed: closed()
        case .cancelled: break
        default: return false
        }
        return true
    }

    /// No key is in memory, and so nothing else of the store is.
    private func locked() {
        guard beneath != [.unlock] else { return }
        forget()
        lead(to: [.unlock])
    }

    /// Opening begins anew.
    private func closed() {
        letGo()
        lead(to: [.start])
    }

    /// Ends everything of this device, and what the app has kept outside of the store. Returns what could not be done.
    func endEverything() -> PanicReport {
        let report = platform.panic()
        era += 1
        letGo()
        forgetChoices()
        hasPanicked = true
        show([.panic])
        return report
    }

    /// A passphrase that opens a store with nothing in it may have been the duress passphrase. The library does not tell, so that
    /// nobody can find out that there was one; bridges that the app has kept beside the store would. So they go in every such
    /// case: who has a passphrase and no burner chooses anew.
    private func isEmpty(_ opened: any Flashpaper) async throws -> Bool {
        guard opened.state.burners.isEmpty else { return false }
        return try await opened.pendingRemovals().isEmpty
    }

    /// The app is as it was installed: nothing is left of what was chosen or copied.
    private func forgetChoices() {
        platform.choices.clear()
        choices = platform.choices.load()
        hasConnected = false
        recoverable = false
        platform.forgetCopied()
    }

    /// After a panic: an empty app.
    func startAnew() {
        hasPanicked = false
        show([.start])
        Task { await open(nil) }
    }

    /// Lets go of the store.
    public func close() async {
        for page in pages.values { page.model.leave() }
        let library = library
        era += 1
        letGo()
        await library?.close()
    }

    private func letGo() {
        for task in watching { task.cancel() }
        watching = []
        library = nil
        hasConnected = false
        hasPassphrase = false
        forget()
    }

    /// Forgets all that came out of the store.
    private func forget() {
        starting?.cancel()
        starting = nil
        notStarted = nil
        reports = [:]
        begun = []
        drafts = [:]
        comparing = []
        recoverable = false
        news.clear()
    }

    private func follow(_ opened: any Flashpaper) {
        for task in watching { task.cancel() }
        library = opened
        // Subscribed before anything happens that could be missed.
        let (events, states) = (opened.events(), opened.states())
        watching = [
            Task { [weak self] in
                for await numbered in events { self?.seen(numbered.event) }
            },
            Task { [weak self] in
                for await _ in states where !Task.isCancelled { self?.refresh() }
            },
        ]
    }

    private func seen(_ event: Event) {
        news.take(event)
        if case .creating(let burner, .sealed) = event { begun.insert(burner) }
        if case .comparison(let burner, let peer, let comparison) = event {
            if case .asked = comparison {} else { comparing.remove(.verify(burner, peer)) }
        }
        for screen in state.way { (pages[screen]?.model as? any EventReader)?.seen(event) }
        refresh()
    }

    /// Has all screens show what is true now.
    func refresh() {
        let now = library?.state
        state.warnings = now.map(Sign.lasting) ?? []
        if now?.tor != torBefore { torBefore = nil }
        switch now?.life {
        case .locked where !isOpening && beneath != [.unlock]: return locked()
        case .closed: return closed()
        case .awake, .suspended:
            comparing = comparing.filter { now?.isPrivate($0) == true }
            // Screens of a burner that is not there any more are left.
            let there = Set(now?.burners.map(\.id) ?? [])
            let way = beneath.filter { $0.burner.map(there.contains) ?? true }
            if way != beneath { return lead(to: way.isEmpty ? [.burners] : way) }
        default: break
        }
        for screen in state.way { pages[screen]?.model.refresh() }
    }
}

extension FlashpaperState {
    /// Whether the chat that a screen verifies is private.
    fileprivate func isPrivate(_ screen: Screen) -> Bool {
        guard case .verify(let id, let peer) = screen else { return false }
        return burners.first { $0.id == id }?.chats.first { $0.peer == peer }?.security.isPrivate == true
    }
}
