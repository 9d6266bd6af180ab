import FlashpaperKit
import FlashpaperLab
import Foundation
import Testing

extension OnTheLab {
    /// The product's story on a private Tor network, with a real XMPP server and a peer with the real libotr.
    @Suite struct StoryTests {
        let home: Home

        init() throws {
            home = try Home()
        }

        private var lab: Lab { home.lab }

        @Test func aBurnerIsMadeKeptByAKeySourceAndBurned() async throws {
            let before = lab.accounts()
            let keys = Keys()
            try await home.with(.source(keys)) { library in
                let events = library.events()
                try await library.startTor()
                #expect(library.state.network == .private && library.state.tor == .ready)
                let creation = library.create(CreateOptions(server: "burner.test", recoverable: true))
                var steps: [Step] = []
                for await numbered in events {
                    if case .creating(_, let step) = numbered.event { steps.append(step) }
                    if steps.last == .reachable { break }
                }
                let burner = try await creation.burner
                #expect(steps.first == .sealed(server: JID(rawValue: "burner.test"), via: burner.state.via))
                #expect(lab.accounts().subtracting(before).count == 1)

                let words = try #require(try await burner.recoveryWords())
                #expect(String(decoding: words, as: UTF8.self).split(separator: " ").count == 12)
                await #expect(throws: FlashpaperError.alreadyHere) {
                    try await library.restore(words: words, server: "burner.test")
                }
                try await burner.dropRecoveryWords()
                #expect(try await !burner.wordsLeft())
                let sealedBy = keys.slots
                #expect(try await burner.burn() == BurnReport(outcome: .proven))
                #expect(lab.accounts() == before)
                #expect(keys.slots.count == 1 && keys.slots != sealedBy, "the key that had sealed it is gone")
            }
        }

        @Test func aTalkWithLibotrFromTheFirstTextToTheBurn() async throws {
            let peer = try lab.peer()
            try peer.does("receipts on")
            try await home.with { library in
                try await library.startTor()
                let burner = try await library.create(burnerTest).burner
                try await burner.setHistory(.untilBurn)
                try await burner.connect()
                let chat = try await burner.add(peer.jid)
                let message = try await chat.send("hello")
                #expect(chat.state.outbox == 1)
                try await peer.hears("hello")
                try await reach(chat.timeline(), "reported") { $0.first { $0.id == message }?.state == .reported }
                try await reach(chat.states(), "private") { $0.security == .private }

                try peer.does("say good day")
                var came: Message?
                try await reach(chat.timeline(), "an answer") { page in
                    came = page.first { $0.text == "good day" }
                    return came != nil
                }
                #expect(came?.security == .private && came?.state == .received)
                try await chat.read(upTo: try #require(came).id)
                #expect(chat.state.unread == 0)

                let events = library.events()
                try await chat.compare("dog", question: "Whose house was it?")
                try await peer.tells("smp_asked", "Whose house was it?")
                try peer.does("answer cat")
                let jid = JID(rawValue: peer.jid)
                func told(_ comparison: Comparison) async -> Bool {
                    let event = Event.comparison(burner: burner.id, peer: jid, comparison: comparison)
                    return await events.first { $0.event == event } != nil
                }
                #expect(await told(.different))
                #expect(chat.state.security == .private)
                try await chat.compare("cat", question: "Whose house was it?")
                try await Task.sleep(for: .milliseconds(300))
                try await peer.tells("smp_asked", "Whose house was it?")
                try peer.does("answer cat")
                #expect(await told(.verified))
                try await reach(chat.states(), "verified") { $0.security == .verified }

                // Over a sleep, and in a background task.
                try await library.suspend()
                #expect(library.state.tor == .off && burner.state.connection == .offline)
                let report = try await library.sync(deadline: .seconds(180))
                #expect(report.complete && library.state.life == .suspended)
                try await library.resume()
                try await reach(burner.states(), "online") { $0.connection == .online }
                try await chat.send("still here")
                try await peer.hears("still here")
                #expect(try await burner.burn().outcome == .proven)
                try await peer.tells("finished")
            }
            try peer.end()
        }

        @Test func aQuestionIsAnsweredByAPersonAndASecondBurnerIsMadeElsewhere() async throws {
            try lab.order("serve captcha")
            try await home.with { library in
                try await library.startTor()
                let captcha = CreateOptions(server: "captcha.lab.test")
                let creation = library.create(captcha)
                let asked = try await question(creation)
                #expect(asked.server.rawValue == "captcha.lab.test")
                let challenge = asked.form.fields.firstIndex { $0.isChallenge }
                let place = try #require(challenge)
                let picture = try #require(asked.form.fields[place].picture)
                #expect(picture.format == .png && picture.bytes.dropFirst().prefix(3) == Data("PNG".utf8))
                for misplaced in [-1, asked.form.fields.count] {
                    let unfit = FlashpaperError.invalidInput(.answer(.unfit(field: misplaced)))
                    await #expect(throws: unfit) {
                        try await creation.answer(asked.id, .fields([place: .text("123456"), misplaced: .yesNo(true)]))
                    }
                }
                try await creation.answer(asked.id, .anotherPicture)
                let again = try await question(creation, not: asked.id)
                await #expect(throws: FlashpaperError.noSuchQuestion) { try await creation.answer(asked.id, .fields([:])) }
                try await creation.answer(again.id, .fields([place: .text(try lab.order("captcha captcha"))]))
                let first = try await creation.burner
                #expect(first.state.jid.rawValue.hasSuffix("@captcha.lab.test"))

                let refused = library.create(captcha)
                try await refused.answer(try await question(refused).id, .giveUp)
                await #expect(throws: FlashpaperError.declined) { try await refused.burner }
                await #expect(throws: FlashpaperError.unanswerable(.nobodyToAsk)) {
                    try await library.create(CreateOptions(server: "captcha.lab.test", asksNothing: true)).burner
                }

                let second = try await library.create(burnerTest).burner
                #expect(library.state.burners.map(\.id) == [first.id, second.id])
                let burned = try await library.burnAll()
                #expect(Set(burned.map(\.burner)) == [first.id, second.id])
                #expect(burned.allSatisfy { $0.report?.outcome == .proven && $0.failed == nil })
            }
            try lab.order("stop captcha")
        }

        @Test func aServerThatRefusesIsLeftForTheNextOneWhichAsks() async throws {
            for server in ["closed", "captcha"] { try lab.order("serve \(server)") }
            let facts = try lab.facts(servers: ["closed.lab.test": "yes", "captcha.lab.test": "captcha"])
            try await home.with(facts: facts) { library in
                try await library.startTor()
                let events = library.events()
                let creation = library.create()
                let asked = try await question(creation)
                #expect(asked.server.rawValue == "captcha.lab.test")
                var moved: Step?
                for await numbered in events {
                    guard case .creating(_, let step) = numbered.event, case .movingOn = step else { continue }
                    moved = step
                    break
                }
                #expect(moved == .movingOn(from: JID(rawValue: "closed.lab.test"), why: .registrationClosed))
                let place = try #require(asked.form.fields.firstIndex { $0.isChallenge })
                try await creation.answer(asked.id, .fields([place: .text(try lab.order("captcha captcha"))]))
                let burner = try await creation.burner
                #expect(burner.state.jid.rawValue.hasSuffix("@captcha.lab.test"))
                #expect(try await burner.burn().outcome == .proven)
            }
            for server in ["closed", "captcha"] { try lab.order("stop \(server)") }
        }

        @Test func aCancelledCreationLeavesNothing() async throws {
            let before = lab.accounts()
            try await home.with { library in
                try await library.startTor()
                let events = library.events()
                let creation = library.create(burnerTest)
                let waiting = Task { try await creation.burner }
                for await numbered in events {
                    if case .creating(_, .registered) = numbered.event { break }
                }
                #expect(lab.accounts().subtracting(before).count == 1)
                let cancelled = ContinuousClock.now
                waiting.cancel()
                await #expect(throws: CancellationError.self) { try await waiting.value }
                #expect(ContinuousClock.now - cancelled < .seconds(5))
                #expect(await creation.progress().reduce(nil) { $1 } == .failed(.cancelled))
                try await reach(library.states(), "forgotten") { $0.burners.isEmpty }
                #expect(lab.accounts() == before)
            }
        }

        @Test func aCancelledSyncSuspendsAndACancelledSendIsNotDoubled() async throws {
            try await home.with { library in
                try await library.startTor()
                let burner = try await library.create(burnerTest).burner
                let chat = try await burner.add("nobody-at-all@burner.test")
                for _ in 0..<20 {
                    // The cancellation comes before the call, within it or behind it.
                    let sending = Task { try await chat.send("once", within: nil, key: "the key") }
                    await Task.yield()
                    sending.cancel()
                    _ = try? await sending.value
                }
                let message = try await chat.send("once", within: nil, key: "the key")
                #expect(await chat.timeline().first { _ in true }?.map(\.id) == [message])

                try await burner.connect()
                try await library.suspend()
                let syncing = Task { try await library.sync(deadline: .seconds(60)) }
                try await reach(library.states(), "awake") { $0.life == .awake }
                syncing.cancel()
                await #expect(throws: CancellationError.self) { try await syncing.value }
                #expect(library.state.life == .suspended)
                try await library.resume()
                try await reach(burner.states(), "online") { $0.connection == .online }
                #expect(try await burner.burn().outcome == .proven)
            }
        }

        @Test func aTextThatFailsIsSentAgainOnlyWhenAsked() async throws {
            try await home.with { library in
                try await library.startTor()
                let burner = try await library.create(burnerTest).burner
                try await burner.connect()
                let chat = try await burner.add("nobody-at-all@burner.test")
                let late = try await chat.send("hi", within: .seconds(1))
                try await reach(chat.timeline(), "failed") { $0.first { $0.id == late }?.state == .failed(.noAnswer) }
                let again = try await chat.retry(late)
                await #expect(throws: FlashpaperError.noSuchMessage) { try await chat.message(late) }
                #expect(try await chat.message(again).text == "hi")
                try await chat.delete(again)
                try await reach(chat.timeline(), "empty") { $0.isEmpty }
                try await burner.burn()
            }
        }

        @Test func wordsBringABurnerBackWithItsKey() async throws {
            try await home.with { library in
                try await library.startTor()
                let burner = try await library.create(CreateOptions(server: "burner.test", recoverable: true)).burner
                let (jid, key) = (burner.state.jid, try await burner.fingerprint())
                let words = try #require(try await burner.recoveryWords())
                // Another phone.
                await library.close()
                let other = try Home()
                try await other.with { library in
                    await #expect(throws: FlashpaperError.invalidInput(.words(.count(1)))) {
                        try await library.restore(words: Data("one".utf8), server: "burner.test")
                    }
                    try await library.startTor()
                    let restored = try await library.restore(words: words, server: "burner.test")
                    #expect(restored.state.jid == jid)
                    #expect(try await restored.fingerprint() == key)
                    #expect(try await restored.burn().outcome == .proven)
                }
            }
        }

        @Test func aBurnerExpiresByItself() async throws {
            let before = lab.accounts()
            try await home.with { library in
                try await library.startTor()
                let burner = try await library.create(burnerTest).burner
                let events = library.events()
                try await burner.setExpiry(.now + 2)
                #expect(burner.state.expiresAt != nil)
                #expect(await events.first { $0.event == .expired(burner: burner.id) } != nil)
                try await reach(library.states(), "burnt") { $0.burners.isEmpty }
                for _ in 0..<300 where lab.accounts() != before { try await Task.sleep(for: .milliseconds(100)) }
                #expect(lab.accounts() == before)
            }
        }

        @Test func aPanicWithAnAccountLeavesATicketThatAnotherFolderRedeems() async throws {
            let before = lab.accounts()
            let library = try await home.open()
            try await library.startTor()
            _ = try await library.create(burnerTest).burner
            let panicked = FlashpaperLibrary.panicWithTicket(folder: home.folder)
            #expect(panicked.report == PanicReport())
            try await reach(library.states(), "closed") { $0.life == .closed && $0.burners.isEmpty }
            let ticket = try #require(panicked.ticket)
            await library.close()
            #expect(lab.accounts().subtracting(before).count == 1)
            let other = try Home()
            try await other.with { library in
                #expect(try await library.redeem(ticket).count == 1)
                #expect(try await library.pendingRemovals().count == 1)
                // Starting Tor takes the removal up by itself.
                try await library.startTor()
                while let removal = try await library.pendingRemovals().first {
                    do {
                        #expect(try await library.burn(removal.burner).outcome == .proven)
                    } catch FlashpaperError.noSuchBurner {}
                }
                #expect(lab.accounts() == before)
            }
        }

        @Test func bridgesAreTheOnlyWayWhereTheyAreAsked() async throws {
            try await home.with { library in
                await #expect(throws: FlashpaperError.invalidInput(.bridge(line: 2, part: .address))) {
                    try await library.startTor(.bridges(["", "no bridge"]))
                }
                let transport = Transport(name: "obfs4", address: "192.0.2.1:4000")
                await #expect(throws: FlashpaperError.invalidInput(.transport)) {
                    try await library.startTor(.bridges([], transports: [transport]))
                }
                // A bridge that is not there: nothing is tried directly.
                let gone = "127.0.0.1:9 0123456789ABCDEF0123456789ABCDEF01234567"
                await #expect(throws: FlashpaperError.self) {
                    try await library.startTor(.bridges([gone]), deadline: .seconds(3))
                }
                #expect(library.state.tor != .ready)
                // A wait without end can be cancelled.
                let waiting = Task { () async throws in
                    try await library.startTor(.bridges([gone]), deadline: .seconds(Int64.max))
                }
                try await Task.sleep(for: .milliseconds(200))
                waiting.cancel()
                await #expect(throws: FlashpaperError.cancelled) { try await waiting.value }
                try await library.startTor(.bridges([lab.bridge()]))
                #expect(library.state.tor == .ready)
                #expect(try await library.create(burnerTest).burner.burn().outcome == .proven)
            }
            try lab.order("stop bridge")
        }

        private func question(_ creation: any Creation, not other: Question.ID? = nil) async throws -> Question {
            for await progress in creation.progress() {
                if case .asks(let question) = progress, question.id != other { return question }
            }
            _ = try await creation.burner
            throw Lab.Failure(reason: "nothing was asked")
        }
    }
}
