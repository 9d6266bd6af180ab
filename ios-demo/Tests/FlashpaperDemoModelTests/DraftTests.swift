import FlashpaperTesting
import Foundation
import Testing

@testable import FlashpaperDemoModel

/// Texts that are not sent yet.
@MainActor
@Suite struct DraftTests {
    @Test(arguments: [
        (FlashpaperError.invalidInput(.text(.tooLong(bytes: 20_000, limit: 10_000))), TextKey.chatTooLong),
        (.outboxFull, .chatOutboxFull), (.storageFull, .chatNotSent), (.suspended, .chatNotSent),
    ])
    func aTextThatIsNotTakenStays(_ error: FlashpaperError, _ told: TextKey) async throws {
        let scene = try await Scene()
        let chat = try await scene.chatting()
        scene.device.fake.fail(.send, with: error)
        chat.write("hello")
        chat.send()
        try await until { chat.state.note != nil }
        #expect(chat.state.draft == Verbatim("hello") && chat.state.note?.text == Phrase(told))
        chat.dismiss()
        #expect(chat.state.note == nil && chat.state.canSend)
        // It stays while another screen is shown, too, and is sent once.
        scene.app.back()
        scene.app.contacts?.open(Scene.friendName)
        let again = try #require(scene.app.chat)
        #expect(again.state.draft == Verbatim("hello"))
        again.send()
        try await until { again.state.bubbles.count == 1 }
    }

    @Test func aTextThatWasStoredAfterAllIsNotSentTwiceAndAChangedOneIsAnother() async throws {
        let scene = try await Scene()
        let chat = try await scene.chatting()
        let screen = scene.app.state.screen
        let library = try #require(scene.device.fake.burner(scene.burner)?.chat(with: Scene.friendName))
        func fails(_ chat: ChatModel) async throws -> String {
            scene.device.fake.fail(.send, with: .storageFull)
            chat.send()
            try await until { chat.state.note != nil }
            chat.dismiss()
            return try #require(scene.app.drafts[screen]?.key)
        }
        chat.write("hello")
        let key = try await fails(chat)
        // The library had stored it before it failed.
        _ = try await library.send("hello", within: nil, key: key)
        chat.write("hello")
        scene.app.back()
        scene.app.contacts?.open(Scene.friendName)
        let again = try #require(scene.app.chat)
        #expect(try await fails(again) == key, "another key for the same text")
        again.send()
        try await until { again.state.draft == Verbatim("") }
        #expect(again.state.bubbles.map(\.text.text) == ["hello"])
        again.write("and")
        let first = try await fails(again)
        _ = try await library.send("and", within: nil, key: first)
        again.write("and now")
        #expect(scene.app.drafts[screen]?.key != first)
        again.send()
        try await until { again.state.bubbles.map(\.text.text) == ["hello", "and", "and now"] }
    }
}
