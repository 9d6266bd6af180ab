import FlashpaperTesting
import Foundation
import SwiftUI
import Testing

@testable import FlashpaperDemoModel
@testable import FlashpaperDemoViews

/// A screen in a state, to be drawn.
@MainActor
struct Stage {
    let caption: String
    var language = "en"
    var size = (390, 780)
    var text = 1.0
    let play: @MainActor (Theatre) async throws -> Void
    /// What is drawn: the app, unless it is a sheet.
    var shows: @MainActor (AppModel) -> Node = { app in SwiftUI.draw(AppView(app: app) { _ in AnyView(EmptyView()) }) }

    func draw() async throws -> Node {
        let theatre = Theatre()
        await theatre.app.launched()
        try await play(theatre)
        // What was asked for is done, and what it changes is told.
        try await Task.sleep(for: .milliseconds(30))
        return shows(theatre.app)
    }
}

/// An app over the fake, with people in it.
@MainActor
final class Theatre {
    private final class Chosen: ChoiceStore {
        func load() -> Choices { Choices() }
        func save(_ choices: Choices) {}
        func clear() {}
    }

    let fake = FakeFlashpaper()
    let app: AppModel
    static let mara = JID(rawValue: "mara@chat.example")
    private let refusals = Refusals()

    private final class Refusals: @unchecked Sendable {
        private let lock = NSLock()
        private var errors: [FlashpaperError] = []
        func add(_ error: FlashpaperError) { lock.withLock { errors.append(error) } }
        func next() -> FlashpaperError? { lock.withLock { errors.isEmpty ? nil : errors.removeFirst() } }
    }

    /// The next panic leaves this.
    private let leaves = Left()

    private final class Left: @unchecked Sendable {
        private let lock = NSLock()
        private var kept = PanicReport()
        private var passing = 0
        var report: PanicReport {
            get { lock.withLock { kept } }
            set { lock.withLock { kept = newValue } }
        }
        /// So many moments pass at once, then the clock stands still.
        var moments: Int {
            get { lock.withLock { passing } }
            set { lock.withLock { passing = newValue } }
        }
    }

    init() {
        app = AppModel(
            Platform(
                open: { [fake, refusals] _ in
                    if let error = refusals.next() { throw error }
                    fake.unlock()
                    return fake
                },
                key: { $0.map { .passphrase($0) } ?? .file }, panic: { [leaves] in leaves.report }, choices: Chosen(), forgetCopied: {}, openLink: { _ in },
                sleep: { [leaves] _ in
                    leaves.moments -= 1
                    try await Task.sleep(for: leaves.moments < 0 ? .seconds(60) : .milliseconds(1))
                }, now: { [fake] in fake.now }),
            options: CreateOptions(server: "chat.example"))
    }

    func leave(_ report: PanicReport) { leaves.report = report }

    func pass(moments: Int) { leaves.moments = moments }

    func refuse(_ error: FlashpaperError) { refusals.add(error) }

    var mara: FakePeer { fake.peer(Self.mara) }
    var burner: BurnerID { fake.state.burners[0].id }

    func until(_ wanted: () -> Bool, line: Int = #line) async throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while !wanted() {
            try #require(ContinuousClock.now < deadline, "not reached in line \(line)")
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// With a burner that has a name, at its contacts.
    func withBurner() async throws -> ContactsModel {
        guard case .start(let start) = app.page(.start) else { throw CancellationError() }
        start.start()
        try await until { self.app.state.way.count == 2 && self.fake.state.burners.count == 1 && self.app.state.screen != .creating }
        try await fake.burner(burner)?.setLabel("Flea market")
        guard case .contacts(let contacts) = app.page(app.state.screen) else { throw CancellationError() }
        try await until { contacts.state.own != nil }
        return contacts
    }

    /// The burner is burnt: at the report.
    func burnt() async throws {
        app.go(to: .burn(burner))
        guard case .burn(let burn) = app.page(app.state.screen) else { throw CancellationError() }
        burn.burnWithoutHolding()
        burn.burnWithoutHolding()
        try await until { self.app.state.way.count == 2 }
    }

    /// In the chat with Mara, with some texts.
    func chatting(_ texts: Bool = true) async throws -> ChatModel {
        let contacts = try await withBurner()
        contacts.add(Self.mara.rawValue)
        try await until { self.app.state.way.count == 3 }
        try await fake.burner(burner)?.chat(with: Self.mara)?.setLabel("Mara")
        guard case .chat(let chat) = app.page(app.state.screen) else { throw CancellationError() }
        if texts {
            mara.comesOnline()
            chat.act(.startPrivate)
            try await until { chat.state.mode == .private }
            mara.sends("Is the bicycle still there?", to: burner)
            try await say("It is. Come by on Saturday at ten.", chat)
            mara.sends("Good. How do I find you?", to: burner)
            try await until { chat.state.bubbles.count == 3 }
        }
        return chat
    }

    func say(_ text: String, _ chat: ChatModel) async throws {
        let before = chat.state.bubbles.count
        chat.write(text)
        chat.send()
        try await until { chat.state.bubbles.count > before && chat.state.draft.text.isEmpty }
    }

    func verify(_ chat: ChatModel) async throws -> VerifyModel {
        app.go(to: .verify(burner, Self.mara))
        guard case .verify(let verify) = app.page(app.state.screen) else { throw CancellationError() }
        try await until { verify.state.own != nil }
        return verify
    }
}
