import FlashpaperKit
import FlashpaperLab
import Foundation
import Testing

@testable import FlashpaperDemoModel

/// What goes another way than the user would like. A part of the same suite, because one Tor client may run in a process.
extension StoryOnTheLab {
    @Test func aStrangerWritesFirst() async throws {
        let app = app()
        await app.launched()
        app.start?.start()
        try await reach { app.contacts?.state.connection == Sign(.online, .burnerOnline, .good) }
        let contacts = try #require(app.contacts)
        let (stranger, other) = (try lab.peer(), try lab.peer())
        for peer in [stranger, other] {
            try peer.does("to \(contacts.state.address.text)")
            try peer.does("raw is it still there?")
        }
        try await reach { contacts.state.requests.count == 2 && contacts.state.requests.allSatisfy { $0.unread == 1 } }
        #expect(contacts.state.requests.allSatisfy { $0.sign == Sign(.stranger, .contactsRequest, .caution) })

        contacts.open(JID(rawValue: stranger.jid))
        let chat = try #require(app.chat)
        try await reach { chat.state.bubbles.map(\.kind) == [.theirsInTheClear] }
        #expect(chat.state.mode == .stranger && !chat.state.canWrite && chat.state.main?.act == .accept)
        chat.act(.accept)
        try await reach { chat.state.mode == .plain && contacts.state.requests.count == 1 }
        try await say("it is", in: chat)
        try await stranger.hears("it is")
        try await reach { chat.state.mode == .private }

        app.back()
        contacts.open(JID(rawValue: other.jid))
        let blocked = try #require(app.chat)
        blocked.act(.block)
        blocked.confirm()
        try await reach { blocked.state.mode == .blocked && contacts.state.requests.isEmpty }
        let before = blocked.state.bubbles.count
        try other.does("raw are you there?")
        // Behind it, on the same way, comes something that is let through.
        try stranger.does("say and the bell?")
        try await reach { contacts.state.contacts.first { $0.peer.rawValue == stranger.jid }?.unread == 1 }
        #expect(blocked.state.bubbles.count == before && !blocked.state.canWrite)

        app.back()
        contacts.burn()
        try await burn(app)
        for peer in [stranger, other] { try peer.end() }
        await app.close()
    }

    @Test func torIsBlockedByABridgeThatIsNotThereThenGoesDirectly() async throws {
        let app = app()
        await app.launched()
        app.start?.choose(.bridges)
        app.start?.writeBridges("127.0.0.1:9 0123456789ABCDEF0123456789ABCDEF01234567")
        app.start?.start()
        try await Task.sleep(for: .seconds(3))
        #expect(app.library?.state.tor != .ready && app.creating?.state.title == Phrase(.creatingConnecting))
        app.creating?.cancel()
        #expect(app.burners?.state.canCreate == false && app.burners?.state.whyNot == Phrase(.burnersNotConnected))

        // As the user mends it, who does not wait for the three minutes to end: another way, and the one button again.
        app.settings()
        app.settings?.setEntrance(.direct)
        app.back()
        try await reach { app.burners?.state.canConnect == true }
        app.burners?.connect()
        app.start?.start()
        try await reach { app.contacts?.state.own != nil }
        app.contacts?.burn()
        try await burn(app)
        await app.close()
    }

    @Test func theNetworkIsLostAndComesBack() async throws {
        let app = app()
        await app.launched()
        app.start?.start()
        try await reach { app.contacts?.state.connection == Sign(.online, .burnerOnline, .good) }
        let contacts = try #require(app.contacts)
        let peer = try lab.peer()
        contacts.add(peer.jid)
        try await reach { app.chat != nil }
        let chat = try #require(app.chat)
        do {
            for relay in relays { try lab.order("stop \(relay)") }
            try await reach { chat.state.offline == Sign(.connecting, .burnerWaiting, .caution) }
            try await say("when it is back", in: chat)
            #expect(chat.state.canWrite && sign("when it is back", chat) == .messageQueued)
            try lab.order("reset")
        } catch {
            try lab.order("reset")
            throw error
        }
        app.networkChanged()
        try await peer.hears("when it is back")
        app.back()
        contacts.burn()
        try await burn(app)
        try peer.end()
        await app.close()
    }

    private var relays: [String] { (0..<3).map { "auth\($0)" } + (0..<4).map { "exit\($0)" } }

    @Test func aBurnWithoutItsServerWaitsAndIsProvenLater() async throws {
        let before = lab.accounts()
        let app = app(CreateOptions(server: "burner.test", route: .exit))
        await app.launched()
        app.start?.start()
        try await reach { app.contacts?.state.own != nil }
        try await lab.without("prosody") {
            app.contacts?.burn()
            app.burn?.burnWithoutHolding()
            app.burn?.burnWithoutHolding()
            try await reach { app.burnReport != nil }
            #expect(app.burnReport?.state.sign == Sign(.waiting, .reportQueued, .caution))
            #expect(app.burnReport?.state.reason == Phrase(.reportReason, .phrase(Phrase(.problemServerAway))))
        }
        #expect(lab.accounts().subtracting(before).count == 1)
        app.show([.burners])
        let burners = try #require(app.burners)
        #expect(burners.state.rows.isEmpty)
        // It goes by itself, or when the user asks for it.
        try await reach {
            if let row = burners.state.removals.first(where: { $0.canRetry }), app.burnReport == nil { burners.removeNow(row.burner) }
            if app.burnReport?.state.canRetry == true { app.burnReport?.retry() }
            return lab.accounts() == before
        }
        await app.close()
    }

    @Test func aServerThatRemovesNothing() async throws {
        try lab.order("serve undeletable")
        let app = app(CreateOptions(server: "undeletable.lab.test"))
        await app.launched()
        app.start?.start()
        try await reach { app.contacts?.state.own != nil }
        app.contacts?.burn()
        app.burn?.burnWithoutHolding()
        app.burn?.burnWithoutHolding()
        try await reach { app.burnReport != nil }
        #expect(app.burnReport?.state.sign == Sign(.tick, .reportDisabled, .good) && app.burnReport?.state.canRetry == false)
        await app.close()
        try lab.order("stop undeletable")
    }

    @Test(arguments: [
        ("closed", Sign(.server, .problemServerRefused, .caution)),
        ("quarantine", Sign(.held, .problemQuarantined, .danger)),
    ]) func aServerThatTakesNobodyAndOneThatLetsTalkToNobody(server: String, told: Sign) async throws {
        try lab.order("serve \(server)")
        let app = app(CreateOptions(server: "\(server).lab.test"))
        await app.launched()
        app.start?.start()
        try await reach { app.creating?.state.title == Phrase(.creatingFailed) }
        #expect(app.creating?.state.problem?.sign == told)
        app.creating?.cancel()
        try await reach { app.burners?.state.rows.isEmpty == true }
        await app.close()
        try lab.order("stop \(server)")
    }
}
