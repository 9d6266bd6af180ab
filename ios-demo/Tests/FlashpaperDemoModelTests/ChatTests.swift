import FlashpaperTesting
import Foundation
import Testing

@testable import FlashpaperDemoModel

/// One conversation in all its states.
@MainActor
@Suite struct ChatTests {
    @Test func aTextWaitsForItsContactAndIsTaken() async throws {
        let scene = try await Scene()
        let chat = try await scene.chatting()
        #expect(chat.state.mode == .plain && chat.state.main?.act == .startPrivate)
        #expect(chat.state.empty == Phrase(.chatEmpty) && chat.state.hint == Phrase(.chatHintWaits))
        #expect(!chat.state.canSend)
        chat.write("hello")
        #expect(chat.state.canSend)
        chat.send()
        #expect(chat.state.draft == Verbatim("hello"), "cleared before it was stored")
        try await until { chat.state.mode == .waiting && chat.state.draft == Verbatim("") }
        // Each state of a text is told by an event of its own, which the model comes to later.
        try await until { chat.state.bubbles.map(\.sign) == [Sign(.waiting, .messageWaiting, .caution)] }
        #expect(chat.state.main == nil)
        scene.friend.comesOnline()
        try await until { chat.state.mode == .private }
        // The burner keeps nothing, but what is on the screen stays there.
        try await until { chat.state.bubbles.map(\.sign) == [Sign(.ticks, .messageDelivered, .good)] }
        #expect(scene.friend.heard == ["hello"])
    }

    @Test func theLockHasAWordAnIconAndAColourForEachState() async throws {
        #expect(Set(Mode.allCases.map(\.sign.mark)).count == Mode.allCases.count, "two states look alike")
        #expect(Set(Mode.allCases.map(\.sign.text.key)).count == Mode.allCases.count)
        #expect(Mode.allCases.filter(\.mustRead) == [.keyChanged, .blocked, .stranger, .quarantined, .burning])
        let scene = try await Scene()
        let chat = try await scene.inPrivate()
        #expect(chat.state.main?.act == .verify && chat.state.explanation == Phrase(.modePrivateText))
        chat.act(.verify)
        let verify = try #require(scene.app.verify)
        try await until { verify.state.canConfirmDigits }
        verify.confirmDigits()
        try await until { chat.state.mode == .verified }
        scene.app.back()
        #expect(chat.state.main == nil && chat.state.others.map(\.act) == [.verify, .endPrivate, .block])
        scene.friend.endsPrivate()
        try await until { chat.state.mode == .finished }
        #expect(chat.state.main == ActButton(act: .startPrivate, text: Phrase(.chatRenewPrivate)))
        chat.act(.startPrivate)
        try await until { chat.state.mode == .verified }
        chat.act(.endPrivate)
        try await until { chat.state.mode == .plain }
    }

    @Test func aChangedKeyIsVerifiedFirst() async throws {
        let scene = try await Scene()
        let chat = try await scene.inPrivate()
        scene.friend.changesKey()
        try await until { chat.state.mode == .keyChanged }
        #expect(chat.state.main?.act == .verify, "accepting must not be the big button")
        #expect(chat.state.mustRead)
        try await until { chat.state.note?.text == Phrase(.noteOtherKey) }
        chat.write("to the right one")
        chat.send()
        try await until { chat.state.bubbles.count == 1 }
        #expect(scene.friend.heard.isEmpty)
        chat.act(.acceptKey)
        #expect(chat.state.confirmation?.title == Phrase(.chatAcceptKeySure) && chat.state.confirmation?.tone == .danger)
        chat.cancel()
        #expect(chat.state.confirmation == nil && chat.state.mode == .keyChanged)
        #expect(chat.state.note?.text == Phrase(.noteOtherKey), "No to a question takes a warning away")
        chat.act(.acceptKey)
        // One that comes while the user thinks is not the one that was shown.
        scene.friend.changesKey()
        chat.confirm()
        try await until { chat.state.confirmation == nil }
        try await Task.sleep(for: .milliseconds(20))
        #expect(chat.state.mode == .keyChanged && scene.friend.heard.isEmpty)
        chat.act(.acceptKey)
        chat.confirm()
        try await until { chat.state.mode == .private }
        #expect(scene.friend.heard == ["to the right one"])
    }

    @Test func aStrangerWaitsForAnAnswer() async throws {
        let scene = try await Scene()
        let stranger = scene.device.fake.peer(JID(rawValue: "stranger@example.org"))
        stranger.sends("hi", to: scene.burner)
        try await until { scene.app.contacts?.state.requests.count == 1 }
        let row = try #require(scene.app.contacts?.state.requests.first)
        #expect(row.sign == Sign(.stranger, .contactsRequest, .caution) && row.unread == 1 && row.presence == nil)
        scene.app.contacts?.open(stranger.jid)
        let chat = try #require(scene.app.chat)
        #expect(chat.state.mode == .stranger && !chat.state.canWrite && chat.state.hint == Phrase(.chatHintStranger))
        try await until { chat.state.bubbles.count == 1 }
        #expect(chat.state.bubbles[0].kind == .theirsInTheClear && chat.state.bubbles[0].sign.tone == .danger)
        chat.act(.accept)
        try await until { chat.state.mode == .plain }
        chat.act(.block)
        chat.confirm()
        try await until { chat.state.mode == .blocked }
        #expect(chat.state.main?.act == .unblock && !chat.state.canWrite)
        chat.act(.unblock)
        try await until { chat.state.mode == .stranger && chat.state.main?.act == .accept }
    }

    /// The library forgets it before anybody has seen it.
    @Test(arguments: 0..<20) func aTextThatIsDeliveredAtOnceIsShown(_: Int) async throws {
        let scene = try await Scene()
        let chat = try await scene.inPrivate()
        for number in 1...3 {
            chat.write("text \(number)")
            chat.send()
            try await until { chat.state.draft == Verbatim("") && chat.state.bubbles.count == number }
        }
        try await until { chat.state.bubbles.allSatisfy { $0.sign == Sign(.ticks, .messageDelivered, .good) } }
    }

    @Test func whatIsShownIsReadAndNotBefore() async throws {
        let scene = try await Scene()
        let chat = try await scene.inPrivate()
        scene.app.back()
        scene.friend.sends("one", to: scene.burner)
        scene.friend.sends("two", to: scene.burner)
        try await until { scene.app.contacts?.state.contacts.first?.unread == 2 }
        scene.app.back()
        try await until { scene.app.burners?.state.rows.first?.unread == 2 }
        scene.app.burners?.open(scene.burner)
        scene.app.contacts?.open(Scene.friendName)
        let again = try #require(scene.app.chat)
        #expect(again !== chat)
        try await until { again.state.bubbles.map(\.text.text) == ["one", "two"] }
        #expect(again.state.bubbles.map(\.isFirstUnread) == [true, false])
        try await until { scene.device.fake.state.burners[0].chats[0].unread == 0 }
        #expect(again.state.bubbles.count == 2, "what is on the screen is not taken away")
        scene.app.cover()
        scene.friend.sends("three", to: scene.burner)
        try await until { again.state.bubbles.count == 3 }
        try await Task.sleep(for: .milliseconds(20))
        #expect(scene.device.fake.state.burners[0].chats[0].unread == 1, "read behind the cover")
        await scene.app.toForeground().value
        try await until { scene.device.fake.state.burners[0].chats[0].unread == 0 }
    }

    @Test func aFailedTextIsSentAgainOrDeleted() async throws {
        let scene = try await Scene()
        let chat = try await scene.chatting()
        chat.write("hello")
        chat.send()
        try await until { chat.state.bubbles.count == 1 }
        let message = chat.state.bubbles[0].id
        #expect(!chat.state.bubbles[0].canRetry)
        scene.friend.fails(message, .unreachable, at: scene.burner)
        try await until { chat.state.bubbles[0].canRetry }
        #expect(chat.state.bubbles[0].sign == Sign(.failed, .messageUnreachable, .danger))
        chat.retry(message)
        try await until { chat.state.bubbles.count == 1 && chat.state.bubbles[0].id != message }
        let next = chat.state.bubbles[0].id
        chat.delete(next)
        #expect(chat.state.confirmation?.yes == Phrase(.delete) && chat.state.bubbles.count == 1)
        chat.confirm()
        try await until { chat.state.bubbles.isEmpty }
    }

    @Test func aLinkIsAskedForBeforeItLeavesTor() async throws {
        let scene = try await Scene()
        let chat = try await scene.inPrivate()
        scene.friend.sends("look: https://example.org/a?b=1 or http://x.example!", to: scene.burner)
        try await until { chat.state.bubbles.count == 1 }
        let text = chat.state.bubbles[0].text.text
        let links = chat.state.bubbles[0].links.map { range in String(Array(text)[range]) }
        #expect(links == ["https://example.org/a?b=1", "http://x.example!"])
        chat.touchLink(links[0])
        #expect(chat.state.confirmation?.text == Phrase(.chatLinkText, .verbatim(Verbatim(links[0]))))
        let asked = try #require(Mirror(reflecting: chat).children.first { $0.label?.contains("wish") == true }?.value)
        var dumped = ""
        dump(asked, to: &dumped)
        #expect(!dumped.contains(links[0]) && !"\(asked)".contains(links[0]), "what could get into a log")
        chat.cancel()
        #expect(scene.device.links.isEmpty)
        chat.touchLink(links[0])
        chat.confirm()
        #expect(scene.device.links == [links[0]])
    }

    @Test func earlierMessagesComeByThePage() async throws {
        let scene = try await Scene()
        let chat = try await scene.chatting()
        for number in 0..<105 { _ = try await scene.device.fake.burner(scene.burner)?.chat(with: Scene.friendName)?.send("\(number)") }
        try await until { chat.state.bubbles.last?.text.text == "104" }
        #expect(chat.state.bubbles.count == 100 && chat.state.hasEarlier)
        chat.showEarlier()
        try await until { chat.state.bubbles.count == 105 }
        #expect(!chat.state.hasEarlier && chat.state.bubbles[0].text.text == "0")
    }

    @Test func aQuarantinedOrOfflineBurnerSaysSo() async throws {
        let scene = try await Scene()
        var chat = try await scene.chatting()
        scene.device.fake.setConnection(of: scene.burner, to: .quarantined)
        try await until { chat.state.mode == .quarantined }
        #expect(!chat.state.canWrite && chat.state.lock.mark == .held && chat.state.offline == nil)
        scene.app.back()
        #expect(scene.app.contacts?.state.connection == Sign(.held, .modeQuarantined, .danger))
        #expect(scene.app.contacts?.state.problem?.sign.text == Phrase(.problemQuarantined))
        #expect(scene.app.contacts?.state.problem?.canRetry == false)
        scene.app.back()
        #expect(scene.app.burners?.state.rows.map(\.sign) == [Sign(.held, .modeQuarantined, .danger)])
        scene.app.show([.burners, .contacts(scene.burner), .chat(scene.burner, Scene.friendName)])
        chat = try #require(scene.app.chat)
        scene.device.fake.setTor(.blocked(.offline))
        try await until { chat.state.mode == .plain }
        #expect(chat.state.offline == Sign(.connecting, .burnerWaiting, .caution))
        #expect(chat.state.canWrite, "a text can wait")
        #expect(scene.app.contacts == nil)
        scene.app.back()
        try await until { scene.app.contacts?.state.problem?.sign.text == Phrase(.problemOffline) }
    }

    /// A reply goes out as the burner of its screen, never as another one that is there, too.
    @Test func eachScreenBelongsToOneBurner() async throws {
        let scene = try await Scene()
        let chat = try await scene.chatting()
        let other = try await scene.device.fake.create().burner
        let otherChat = try await other.add(Scene.friendName.rawValue)
        try await until { chat.state.badge.burner == scene.burner }
        #expect(chat.state.badge.burner != other.id)
        chat.write("from the first")
        chat.send()
        try await until { chat.state.bubbles.count == 1 }
        #expect(otherChat.state.outbox == 0)
        #expect(chat.state.sendLabel.args.last == .verbatim(chat.state.badge.label))
        #expect(BurnerBadge(scene.device.fake.state.burners[0]).seed != BurnerBadge(scene.device.fake.state.burners[1]).seed)
    }

    @Test func printingAStateShowsNobody() async throws {
        let scene = try await Scene()
        let chat = try await scene.inPrivate()
        scene.friend.sends("a secret text", to: scene.burner)
        chat.write("a draft")
        try await until { chat.state.bubbles.count == 1 }
        var dumped = ""
        dump(chat.state, to: &dumped)
        dump(scene.app.state, to: &dumped)
        scene.app.back()
        let contacts = try #require(scene.app.contacts?.state)
        dump(contacts, to: &dumped)
        for secret in ["a secret text", "a draft", "friend@", "burner1@", contacts.own?.fingerprint[9].text ?? "?"] {
            #expect(!"\(chat.state)\(contacts)\(dumped)".contains(secret))
        }
    }
}
