import FlashpaperTesting
import Foundation
import Testing

@testable import FlashpaperDemoModel

/// Contacts, and how they are verified.
@MainActor
@Suite struct ContactTests {
    @Test func aContactIsAddedByAddressOrLink() async throws {
        let scene = try await Scene()
        let contacts = try #require(scene.app.contacts)
        #expect(contacts.state.empty == Phrase(.contactsEmpty) && !contacts.state.canAdd && contacts.state.canBurn)
        #expect(contacts.state.own?.fingerprint.count == 10)
        contacts.writeAddress("not an address")
        contacts.add()
        try await until { contacts.state.add.fault == Phrase(.contactsBadAddress) }
        contacts.writeAddress("not an address either")
        #expect(contacts.state.add.fault == nil)
        contacts.add("xmpp:friend@example.org?otr-fingerprint=\(String(repeating: "ab", count: 20))")
        try await until { scene.app.chat != nil }
        scene.app.back()
        // Another key than the one that is expected: the user is asked.
        contacts.add("xmpp:friend@example.org?otr-fingerprint=\(String(repeating: "cd", count: 20))")
        try await until { contacts.state.confirmation?.title == Phrase(.contactsOtherKey) }
        contacts.cancel()
        #expect(contacts.state.confirmation == nil && scene.app.contacts === contacts)
        contacts.add("xmpp:friend@example.org?otr-fingerprint=\(String(repeating: "cd", count: 20))")
        try await until { contacts.state.confirmation != nil }
        contacts.confirm()
        try await until { scene.app.chat != nil }
        let expected = try #require(scene.device.fake.state.burners[0].chats[0].expected)
        #expect(expected.digits.hasPrefix("CDCD"))
    }

    @Test func whoIsElsewhereWhenAContactHasBeenAddedStaysThere() async throws {
        let scene = try await Scene()
        let contacts = try #require(scene.app.contacts)
        contacts.add("friend@example.org")
        try await until { scene.app.chat != nil }
        scene.app.back()
        contacts.add("tybalt@example.net")
        contacts.open(JID(rawValue: "friend@example.org"))
        try await until { contacts.state.contacts.count == 2 }
        try await Task.sleep(for: .milliseconds(50))
        #expect(scene.app.chat?.state.name == Verbatim("friend@example.org"))
    }

    @Test func aSecretIsComparedAsPeopleMeanIt() async throws {
        #expect(normalised("  The   CAT\n") == "the cat" && normalised("ﬁne Ⅳ") == "fine iv" && normalised(" \t").isEmpty)
        // The same as in the Android app: a sigma has one form, an accent that stands alone leaves its blank.
        #expect(normalised("ΟΔΟΣ") == "οδοσ" && normalised("οδος") == "οδοσ" && normalised("a´b\u{85}c") == "a \u{301}b c")
        let scene = try await Scene()
        let chat = try await scene.inPrivate()
        chat.act(.verify)
        let verify = try #require(scene.app.verify)
        verify.writeSecret("  ")
        verify.compare()
        #expect(verify.state.secret.fault == Phrase(.verifyEmpty))
        scene.friend.knows("cat")
        verify.writeQuestion("Whose house?")
        verify.writeSecret(" Cat ")
        verify.compare()
        try await until { verify.state.result == Sign(.shield, .verifySame, .good) }
        #expect(chat.state.mode == .verified && verify.state.canTakeBack && verify.state.waits == nil)
        #expect(verify.state.secret.text == Verbatim(""))
        #expect(chat.state.note == nil, "it was seen on its own screen")
        verify.takeBack()
        try await until { chat.state.mode == .keyChanged }
    }

    @Test func anotherSecretIsNotTheEndOfIt() async throws {
        let scene = try await Scene()
        let chat = try await scene.inPrivate()
        chat.act(.verify)
        let verify = try #require(scene.app.verify)
        verify.writeSecret("cat")
        verify.compare()
        try await until { verify.state.waits != nil && verify.state.canAbort }
        #expect(!verify.state.canCompare)
        scene.friend.knows("dog")
        try await until { verify.state.result == Sign(.failed, .verifyDifferent, .danger) }
        #expect(verify.state.resultText == Phrase(.verifyDifferentText) && verify.state.waits == nil)
        verify.writeSecret("cat")
        verify.compare()
        try await until { verify.state.result != nil }
        verify.dismiss()
        #expect(verify.state.result == nil)
    }

    /// A comparison begins, and its screen is left.
    private func comparing(_ scene: Scene) async throws -> ChatModel {
        let chat = try await scene.inPrivate()
        chat.act(.verify)
        let verify = try #require(scene.app.verify)
        verify.writeSecret("cat")
        verify.compare()
        try await until { verify.state.secret.text.text.isEmpty }
        scene.app.back()
        return chat
    }

    @Test func aComparisonGoesOnWhereItsScreenIsLeft() async throws {
        let scene = try await Scene()
        let chat = try await comparing(scene)
        chat.act(.verify)
        let again = try #require(scene.app.verify)
        #expect(again.state.waits != nil && again.state.canAbort && !again.state.secret.enabled, "it is forgotten")
        scene.app.back()
        scene.friend.knows("dog")
        try await until { chat.state.note?.text == Phrase(.verifyDifferent) }
        // No notice hides that, as anybody on the way can bring one about.
        let friend = try #require(scene.device.fake.state.burners[0].chats.first?.peer)
        scene.device.fake.emit(.notice(burner: scene.burner, peer: friend, notice: .peerError(text: "bye")))
        for number in 1...30 {
            scene.device.fake.emit(.notice(burner: scene.burner, peer: JID(rawValue: "s\(number)@example.net"), notice: .malformed))
        }
        try await until { scene.app.news.note(scene.burner, JID(rawValue: "s30@example.net")) != nil }
        #expect(chat.state.note?.text == Phrase(.verifyDifferent))
        chat.act(.verify)
        #expect(scene.app.verify?.state.waits == nil, "it has ended")
    }

    @Test func aComparisonEndsWithItsPrivateChat() async throws {
        let scene = try await Scene()
        let chat = try await comparing(scene)
        #expect(scene.app.comparing.count == 1)
        scene.friend.endsPrivate()
        try await until { chat.state.mode == .finished }
        #expect(scene.app.comparing.isEmpty)
    }

    @Test func theContactAsks() async throws {
        let scene = try await Scene()
        let chat = try await scene.inPrivate()
        scene.friend.asks("Where did we meet?", secret: "paris", of: scene.burner)
        try await until { chat.state.main?.act == .answer }
        chat.act(.answer)
        let verify = try #require(scene.app.verify)
        #expect(verify.state.asked == Asked(question: Verbatim("Where did we meet?")))
        #expect(verify.state.explanation == Phrase(.verifyAskedExplanation) && verify.state.button == Phrase(.verifyAnswer))
        verify.writeSecret("PARIS")
        verify.compare()
        try await until { verify.state.result == Sign(.lockHalf, .verifySameYou, .good) }
        try await until { chat.state.mode == .theyVerifiedYou }
        #expect(chat.state.lock == Sign(.lockHalf, .modeVerifiedYou, .calm) && chat.state.main?.act == .verify)
        scene.friend.asks(nil, secret: "rome", of: scene.burner)
        try await until { verify.state.asked == Asked(question: nil) && verify.state.result == nil }
        verify.abort()
        try await until { verify.state.asked == nil }
    }

    @Test func digitsAreThoseOnTheScreen() async throws {
        let scene = try await Scene()
        let chat = try await scene.inPrivate()
        chat.act(.verify)
        let verify = try #require(scene.app.verify)
        verify.choose(.digits)
        try await until { verify.state.own?.count == 10 && verify.state.theirs?.count == 10 }
        #expect(verify.state.explanation == Phrase(.verifyDigitsExplanation))
        scene.friend.endsPrivate()
        try await until { verify.state.explanation == Phrase(.verifyNotPrivate) }
        #expect(!verify.state.canConfirmDigits && !verify.state.canCompare)
        scene.app.back()
        #expect(scene.app.chat === chat, "back from here leads to the chat")
    }
}
