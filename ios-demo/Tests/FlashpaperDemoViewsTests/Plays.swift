import FlashpaperTesting
import Foundation

@testable import FlashpaperDemoModel

/// How the screens of several drawings come about.
@MainActor
extension Theatre {
    static let captcha = QuestionForm(
        title: "", instructions: "Please type what you see.",
        fields: [
            FlashpaperTesting.Field(
                label: "Letters", kind: .text, required: true, isChallenge: true,
                picture: Picture(
                    bytes: (try? Data(contentsOf: Files.demo.appending(path: "Drawings/letters.png"))) ?? Data(), format: .png,
                    width: 200, height: 60)),
        ])

    /// From the first screen to the making of a burner.
    func begin() async throws {
        guard case .start(let start) = app.page(.start) else { return }
        start.start()
        guard case .creating(let creating) = app.page(.creating) else { return }
        try await until { creating.state.problem != nil || creating.state.question != nil }
    }

    func twoBurners() async throws {
        _ = try await withBurner()
        let second = try await fake.create(CreateOptions(server: "post.example")).burner
        try await second.setExpiry(fake.now + 7200)
        fake.peer(JID(rawValue: "k4711@other.example")).sends("Hello", to: second.id)
        app.show([.burners])
        try await until { if case .burners(let model) = self.app.page(.burners) { model.state.rows.count == 2 } else { false } }
    }

    func contacts() async throws {
        let chat = try await chatting()
        try await verified(chat)
        app.back()
        guard case .contacts(let contacts) = app.page(app.state.screen) else { return }
        contacts.add("jo@post.example")
        try await until { self.app.state.way.count == 3 }
        app.back()
        fake.peer(JID(rawValue: "k4711@other.example")).sends("Hello, is this about the bicycle?", to: burner)
        mara.sends("See you there.", to: burner)
        try await until { contacts.state.requests.count == 1 }
    }

    func words() async throws {
        _ = try await withBurner()
        app.recoverable = true
        app.show([.burners, .creating])
        try await until { self.app.state.way.count == 3 }
        guard case .words(let words) = app.page(app.state.screen) else { return }
        try await until { words.state.canShow }
        words.show()
        try await until { words.state.words != nil }
    }

    static let form = QuestionForm(
        title: "", instructions: "Please tell us a little.",
        fields: [
            FlashpaperTesting.Field(label: "Why do you want an account?", kind: .text, required: true),
            FlashpaperTesting.Field(label: "I have read the rules", kind: .yesNo, required: true),
            FlashpaperTesting.Field(label: "Colour of the sky", kind: .one(options: ["red", "blue"]), required: false),
            FlashpaperTesting.Field(label: "Days", kind: .some(options: ["Monday", "Tuesday"]), required: false),
        ])

    func panics(_ report: PanicReport) async throws {
        _ = try await withBurner()
        leave(report)
        app.panic()
        guard case .panic(let panic) = app.page(.panic) else { return }
        panic.slide(1)
        panic.letGo()
    }

    /// A link that names another key than the one that is expected.
    func anotherCode() async throws {
        let contacts = try await withBurner()
        contacts.add("xmpp:mara@chat.example?otr-fingerprint=\(String(repeating: "ab", count: 20))")
        try await until { self.app.state.way.count == 3 }
        app.back()
        contacts.add("xmpp:mara@chat.example?otr-fingerprint=\(String(repeating: "cd", count: 20))")
        try await until { contacts.state.confirmation != nil }
    }

    func verified(_ chat: ChatModel) async throws {
        let verify = try await verify(chat)
        verify.confirmDigits()
        try await until { chat.state.mode == .verified }
        app.back()
    }
}
