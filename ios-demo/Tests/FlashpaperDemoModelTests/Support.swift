import FlashpaperTesting
import Foundation
import Testing

@testable import FlashpaperDemoModel

/// Choices in memory.
final class Chosen: ChoiceStore, @unchecked Sendable {
    private let lock = NSLock()
    private var choices = Choices()

    func load() -> Choices { lock.withLock { choices } }
    func save(_ choices: Choices) { lock.withLock { self.choices = choices } }
    func clear() { lock.withLock { choices = Choices() } }
}

/// A device on which nothing happens by itself.
final class Device: @unchecked Sendable {
    private(set) var fake: FakeFlashpaper
    let choices = Chosen()
    private let lock = NSLock()
    private var errors: [FlashpaperError] = []
    private var report = PanicReport()
    private var forced = false
    private var opened: [String] = []
    private var ticks: [CheckedContinuation<Void, any Error>] = []
    private(set) var panics = 0
    /// How often the clipboard was emptied.
    private(set) var forgotten = 0

    init(network: NetworkKind = .public) {
        fake = FakeFlashpaper(network: network)
    }

    /// The next passphrase is the duress passphrase: it opens an empty store, in the place of the one that was.
    func isForced() { lock.withLock { forced = true } }

    /// The next opening throws this.
    func refuse(_ error: FlashpaperError) { lock.withLock { errors.append(error) } }

    /// The next panic leaves this.
    func leaves(_ report: PanicReport) { lock.withLock { self.report = report } }

    var links: [String] { lock.withLock { opened } }

    @MainActor
    func app(_ options: CreateOptions = CreateOptions()) -> AppModel {
        AppModel(
            Platform(
                open: { [self] passphrase in
                    if let error = lock.withLock({ errors.isEmpty ? nil : errors.removeFirst() }) { throw error }
                    if lock.withLock({ forced }) {
                        let old = fake
                        fake = FakeFlashpaper()
                        lock.withLock { forced = false }
                        await old.close()
                        // The app hears of that before it gets the new one.
                        try await Task.sleep(for: .milliseconds(20))
                    }
                    fake.unlock()
                    return fake
                },
                key: { $0.map { .passphrase($0) } ?? .file },
                panic: { [self] in
                    lock.withLock {
                        panics += 1
                        return report
                    }
                },
                choices: choices, forgetCopied: { [self] in forgotten += 1 },
                openLink: { [self] link in lock.withLock { opened.append(link) } },
                sleep: { [self] _ in
                    try await withCheckedThrowingContinuation { tick in lock.withLock { ticks.append(tick) } }
                },
                now: { [self] in fake.now }),
            options: options)
    }

    /// So many times of 50 milliseconds pass.
    @MainActor
    func pass(_ number: Int) async throws {
        for _ in 0..<number {
            try await until { self.lock.withLock { !self.ticks.isEmpty } }
            lock.withLock { ticks.removeFirst() }.resume()
        }
    }

    var isTicking: Bool { lock.withLock { !ticks.isEmpty } }
}

/// Waits until something is so.
@MainActor
func until(
    _ wanted: () -> Bool, seconds: Int = 20, at location: SourceLocation = #_sourceLocation
) async throws {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while !wanted() {
        try #require(ContinuousClock.now < deadline, "not reached", sourceLocation: location)
        try await Task.sleep(for: .milliseconds(2))
    }
}

extension AppModel {
    var start: StartModel? { if case .start(let model) = page(state.screen) { model } else { nil } }
    var creating: CreatingModel? { if case .creating(let model) = page(state.screen) { model } else { nil } }
    var burners: BurnersModel? { if case .burners(let model) = page(state.screen) { model } else { nil } }
    var restore: RestoreModel? { if case .restore(let model) = page(state.screen) { model } else { nil } }
    var contacts: ContactsModel? { if case .contacts(let model) = page(state.screen) { model } else { nil } }
    var chat: ChatModel? { if case .chat(let model) = page(state.screen) { model } else { nil } }
    var verify: VerifyModel? { if case .verify(let model) = page(state.screen) { model } else { nil } }
    var words: WordsModel? { if case .words(let model) = page(state.screen) { model } else { nil } }
    var settings: SettingsModel? { if case .settings(let model) = page(state.screen) { model } else { nil } }
    var burn: BurnModel? { if case .burn(let model) = page(state.screen) { model } else { nil } }
    var burnReport: BurnReportModel? { if case .burnReport(let model) = page(state.screen) { model } else { nil } }
    var panicking: PanicModel? { if case .panic(let model) = page(state.screen) { model } else { nil } }
    var unlock: UnlockModel? { if case .unlock(let model) = page(state.screen) { model } else { nil } }
}

/// Somebody with a burner and a friend.
@MainActor
struct Scene {
    let device: Device
    let app: AppModel
    let friend: FakePeer

    static let friendName = JID(rawValue: "friend@example.org")

    init(_ device: Device = Device()) async throws {
        self.device = device
        app = device.app()
        friend = device.fake.peer(Self.friendName)
        await app.launched()
        app.start?.start()
        try await until { [app] in app.contacts != nil }
        try await until { [app] in app.contacts?.state.own != nil }
    }

    var burner: BurnerID { device.fake.state.burners[0].id }

    /// In the chat with the friend.
    func chatting() async throws -> ChatModel {
        app.contacts?.writeAddress(Self.friendName.rawValue)
        app.contacts?.add()
        try await until { app.chat != nil }
        return try #require(app.chat)
    }

    /// Bridges and a time to lock are chosen, and the store is locked.
    func choosesAndLocks() async throws {
        app.settings()
        app.settings?.setEntrance(.bridges)
        app.settings?.writeBridges("192.0.2.1:443")
        app.settings?.setAutoLock(.oneHour)
        app.recoverable = true
        app.hasPassphrase = true
        try await device.fake.lock()
        try await until { app.unlock != nil }
    }

    /// In a private chat.
    func inPrivate() async throws -> ChatModel {
        friend.comesOnline()
        let chat = try await chatting()
        chat.act(.startPrivate)
        try await until { chat.state.mode == .private }
        return chat
    }
}
