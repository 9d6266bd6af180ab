import FlashpaperTesting
import Foundation
import Testing

/// The fake, without the native library and in milliseconds.
@Suite(.timeLimit(.minutes(1))) struct FakeTests {
    let fake = FakeFlashpaper()
    let friend = JID(rawValue: "friend@example.org")

    @Test func theContractHolds() async throws {
        let began = ContinuousClock.now
        try await Contract { FakeFlashpaper() }.run()
        #expect(ContinuousClock.now - began < .seconds(2))
    }

    @Test func aContractThatIsBrokenIsTold() async throws {
        let failing = FakeFlashpaper()
        failing.fail(.startTor, with: .torBlocked)
        // The first call is refused for its duration before it is scripted to fail.
        await #expect(throws: FlashpaperError.torBlocked) { try await Contract { failing }.run() }
        let notEmpty = FakeFlashpaper()
        notEmpty.setVault(VaultReport(lost: 1))
        await #expect(throws: Contract.Broken.self) { try await Contract { notEmpty }.run() }
    }

    @Test func aTextWaitsForItsPeerAndAnswersCome() async throws {
        let (burner, chat) = try await talking()
        let message = try await chat.send("hello")
        #expect(try await chat.message(message).state == .waitingForPeer)
        let peer = fake.peer(friend)
        peer.comesOnline()
        #expect(peer.heard == ["hello"])
        #expect(chat.state.security == .private && chat.state.present)
        #expect(try await chat.message(message).state == .delivered)
        let answer = try #require(peer.sends("good day", to: burner.id))
        #expect(chat.state.unread == 1)
        try await chat.read(upTo: answer)
        #expect(chat.state.unread == 0)
        #expect(try await chat.message(answer).state == .taken)
    }

    @Test func timePassesOnlyWhenTheTestSaysSo() async throws {
        let (burner, chat) = try await talking()
        let message = try await chat.send("hello", within: .seconds(60))
        fake.advance(by: .seconds(59))
        #expect(try await chat.message(message).state == .waitingForPeer)
        fake.advance(by: .seconds(1))
        #expect(try await chat.message(message).state == .failed(.noAnswer))
        let again = try await chat.retry(message)
        await #expect(throws: FlashpaperError.noSuchMessage) { try await chat.message(message) }
        #expect(try await chat.message(again).text == "hello")

        try await burner.setExpiry(fake.now + 100)
        let sleeper = try await fake.create().burner
        try await sleeper.setExpiry(fake.now + 101)
        let events = fake.events()
        fake.advance(by: .seconds(100))
        #expect(await events.first { $0.event == .expired(burner: burner.id) } != nil)
        #expect(fake.state.burners.map(\.id) == [sleeper.id])
        try await fake.suspend()
        fake.advance(by: .seconds(1))
        #expect(fake.state.burners.map(\.id) == [sleeper.id])
        try await fake.resume()
        try #require(fake.state.burners.isEmpty)
        #expect(await events.first { $0.event == .expired(burner: sleeper.id) } != nil)

        try await fake.setAutoLock(after: .seconds(10))
        fake.advance(by: .seconds(9))
        fake.touch()
        fake.advance(by: .seconds(9))
        #expect(fake.state.life == .awake)
        for _ in 0..<3 { fake.emit(.torStarting) }
        let read = await events.first { $0.event == .torStarting }
        fake.advance(by: .seconds(1))
        #expect(fake.state.life == .locked)
        // Two of them were not read.
        #expect(await events.first { _ in true }?.event == .lagged(lost: 2))
        #expect(await events.first { _ in true } == read.map { Numbered(number: $0.number + 3, event: .locked) })
        await #expect(throws: FlashpaperError.vaultLocked) { try await fake.resume() }
        fake.unlock()
        try await fake.resume()
        #expect(fake.state.life == .awake)
    }

    @Test func aTextThatWasWrittenOfflineLeavesWhenItsBurnerConnects() async throws {
        let (burner, chat) = try await talking()
        let peer = fake.peer(friend)
        peer.comesOnline()
        try await burner.disconnect()
        try await chat.send("later")
        #expect(peer.heard.isEmpty)
        try await burner.connect()
        #expect(peer.heard == ["later"] && chat.state.security == .private)
    }

    @Test func aKeyThatChangesStopsTheTalkUntilItIsAccepted() async throws {
        let (burner, chat) = try await talking()
        let peer = fake.peer(friend)
        peer.comesOnline()
        try await chat.startPrivate()
        try await chat.compare("cat", question: "Whose house was it?")
        peer.knows("cat")
        #expect(chat.state.security == .verified)
        let events = fake.events()
        peer.changesKey()
        #expect(chat.state.security == .keyChanged)
        #expect(await events.first { $0.event == .notice(burner: burner.id, peer: friend, notice: .otherKey) } != nil)
        try await chat.send("to the right one")
        #expect(peer.heard.isEmpty)
        try await chat.acceptKey(peer.key)
        #expect(peer.heard == ["to the right one"] && chat.state.security == .private)

        peer.asks("Where did we meet?", secret: "Paris", of: burner.id)
        #expect(chat.state.question == .asked(question: "Where did we meet?"))
        await #expect(throws: FlashpaperError.nothingAsked) { try await chat.answer("Rome", to: "another") }
        try await chat.answer("Rome", to: "Where did we meet?")
        #expect(chat.state.question == nil)
        let different = Event.comparison(burner: burner.id, peer: friend, comparison: .different)
        #expect(await events.first { $0.event == different } != nil)
        peer.asks("Where did we meet?", secret: "Paris", of: burner.id)
        try await chat.answer("Paris", to: "Where did we meet?")
        let used = chat.state.keys.first { $0.fingerprint == chat.state.key }
        #expect(chat.state.security == .private && used?.verified == false && used?.verifiedUs == true)
        peer.endsPrivate()
        #expect(chat.state.security == .finished)
    }

    @Test func aComparisonHasWaitingTextsLeave() async throws {
        let (_, chat) = try await talking()
        let peer = fake.peer(friend)
        peer.comesOnline()
        try await chat.startPrivate()
        let first = peer.key
        peer.changesKey()
        try await chat.send("once compared")
        try await chat.compare("cat")
        #expect(peer.heard.isEmpty)
        peer.knows("cat")
        #expect(peer.heard == ["once compared"] && chat.state.security == .verified)
        #expect(chat.state.keys.first { $0.fingerprint == first }?.accepted == false)
        peer.changesKey()
        try await chat.send("at once")
        try await chat.compare("cat")
        #expect(peer.heard == ["once compared", "at once"])
    }

    @Test func noTextGoesToAnotherKeyThanTheExpected() async throws {
        let (burner, chat) = try await talking()
        let peer = fake.peer(friend)
        peer.comesOnline()
        try await chat.startPrivate()
        func link(_ key: Fingerprint) -> String {
            "xmpp:\(friend.rawValue)?otr-fingerprint=\(key.digits.filter { $0 != " " })"
        }
        try await burner.expectKey(link(try #require(Fingerprint(String(repeating: "ab", count: 20)))))
        #expect(chat.state.security == .keyChanged)
        try await chat.send("to the right one")
        #expect(peer.heard.isEmpty)
        try await burner.expectKey(link(peer.key))
        #expect(peer.heard == ["to the right one"] && chat.state.security == .private)
        // Of another key, the first conversation with it is as the user has said.
        peer.goesOffline()
        try await chat.endPrivate()
        peer.changesKey()
        try await chat.setVerified(true, key: peer.key)
        peer.comesOnline()
        try await chat.startPrivate()
        #expect(chat.state.security == .verified)
    }

    @Test func whatWasNotConfirmedIsUnreadOnceItsConversationEnds() async throws {
        let (_, chat) = try await talking()
        let peer = fake.peer(friend)
        peer.comesOnline()
        peer.confirms(false)
        let ends: [() async throws -> Void] = [{ try await chat.endPrivate() }, { try await chat.setBlocked(true) }]
        for end in ends {
            let message = try await chat.send("hello")
            #expect(try await chat.message(message).state == .acked)
            try await end()
            #expect(try await chat.message(message).state == .failed(.unread))
        }
    }

    @Test func aKeyThatIsVerifiedAfterTheEndBeginsNothing() async throws {
        let (_, chat) = try await talking()
        let peer = fake.peer(friend)
        peer.comesOnline()
        try await chat.startPrivate()
        try await chat.endPrivate()
        try await chat.setVerified(true, key: peer.key)
        #expect(chat.state.security == .plaintext)
        try await chat.startPrivate()
        #expect(chat.state.security == .verified)
    }

    @Test func fingerprintsOfAnotherClientAreTakenInLineByLine() async throws {
        let (burner, chat) = try await talking()
        let peer = fake.peer(friend)
        let digits = peer.key.digits.filter { $0 != " " }
        func line(_ account: String, _ trust: String) -> String {
            "\(friend.rawValue)\t\(account)\tprpl-jabber\t\(digits)\t\(trust)"
        }
        let file = [line("me", "verified"), "", "no line", line("me", ""), line("you", "verified"), " "].joined(separator: "\r\n")
        #expect(try await burner.importFingerprints(file, account: "me") == Imported(keys: 1, unreadLines: [3]))
        peer.comesOnline()
        try await chat.startPrivate()
        #expect(chat.state.security == .verified)
        await #expect(throws: FlashpaperError.invalidInput(.fingerprints)) {
            try await burner.importFingerprints("no line\nnor this")
        }
        #expect(try await burner.importFingerprints("\n") == Imported(keys: 0, unreadLines: []))
        let stranger = JID(rawValue: "stranger@example.org")
        try await burner.add("xmpp:\(stranger.rawValue)?otr-fingerprint=\(String(repeating: "ab", count: 20))")
        let other = file.replacing(friend.rawValue, with: stranger.rawValue)
        #expect(try await burner.importFingerprints(other, account: "me").keys == 0, "another is expected")
    }

    @Test func whatMayBeLeftOutIsAsInKotlin() async throws {
        let (burner, chat) = try await talking()
        let key = UUID().uuidString
        let message = try await chat.send("once", key: key)
        #expect(try await chat.send("once", key: key) == message)
        let last = try await chat.send("then")
        #expect(try await chat.before(last).map(\.id) == [message])
        #expect(try await burner.messages(before: last).map(\.id) == [message])
        #expect(try await burner.messages().map(\.id) == [message, last])
        await #expect(throws: FlashpaperError.notPrivate) { try await chat.compare("cat") }
    }

    @Test func aStrangerIsARequestUntilAccepted() async throws {
        let (burner, _) = try await talking()
        let stranger = fake.peer(JID(rawValue: "stranger@example.org"))
        stranger.sends("hi", to: burner.id)
        #expect(burner.state.requests.map(\.peer) == [stranger.jid])
        let chat = try #require(burner.chat(with: stranger.jid))
        stranger.comesOnline()
        stranger.startsPrivate(with: burner.id)
        #expect(chat.state.security == .plaintext && !chat.state.present && burner.state.requests.count == 1)
        try await chat.accept()
        #expect(burner.state.requests.isEmpty && burner.state.chats.count == 2)
        #expect(chat.state.security == .private && chat.state.present)
        try await chat.setBlocked(true)
        stranger.startsPrivate(with: burner.id)
        #expect(stranger.sends("hi again", to: burner.id) == nil)
        await #expect(throws: FlashpaperError.peerBlocked) { try await chat.send("no") }
        #expect(chat.state.relationship == .blocked && chat.state.security == .plaintext && !chat.state.present)
        // What was asked for while they were blocked was not heard.
        try await chat.setBlocked(false)
        try await chat.accept()
        #expect(chat.state.security == .plaintext && chat.state.present)
        try await chat.setBlocked(true)
        try await chat.setBlocked(false)
        try await chat.startPrivate()
        #expect(chat.state.relationship == .contact && chat.state.security == .private)
    }

    @Test func aCreationAsksAndEndsAsAnswered() async throws {
        try await fake.startTor()
        let field = Field(label: "What you see", kind: .text, required: true, isChallenge: true)
        let form = QuestionForm(title: "A title", instructions: "", fields: [field])
        fake.ask(form)
        let creation = fake.create()
        let first = try await question(creation)
        await #expect(throws: FlashpaperError.invalidInput(.answer(.missing(field: 0)))) {
            try await creation.answer(first, .fields([:]))
        }
        await #expect(throws: FlashpaperError.invalidInput(.answer(.unfit(field: 0)))) {
            try await creation.answer(first, .fields([0: .yesNo(true)]))
        }
        try await creation.answer(first, .anotherPicture)
        await #expect(throws: FlashpaperError.noSuchQuestion) { try await creation.answer(first, .giveUp) }
        // A sleep ends a question, and the server asks anew.
        try await fake.suspend()
        try await fake.resume()
        let second = try await question(creation)
        #expect(second != first)
        try await creation.answer(second, .fields([0: .text("w84pd")]))
        #expect(try await creation.burner.state.phase == .active)

        fake.ask(form)
        let refused = fake.create(CreateOptions(server: "example.org"))
        try await refused.answer(try await question(refused), .giveUp)
        await #expect(throws: FlashpaperError.declined) { try await refused.burner }

        // One that may choose its server goes on elsewhere.
        fake.ask(form)
        let choosing = fake.create()
        let events = fake.events()
        try await choosing.answer(try await question(choosing), .giveUp)
        let made = try await choosing.burner.id
        #expect(fake.state.burners.map(\.id).last == made)
        let moved = Step.movingOn(from: JID(rawValue: "example.org"), why: .declined)
        #expect(await events.first { $0.event == .creating(burner: made, step: moved) } != nil)

        fake.ask(form)
        let cancelled = fake.create()
        let waiting = Task { try await cancelled.burner }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        #expect(await cancelled.progress().first { _ in true } == .failed(.cancelled))
        #expect(fake.state.burners.count == 2)
    }

    @Test func everyCallCanBeScriptedToFailOnce() async throws {
        let (burner, chat) = try await talking()
        fake.fail(.send, with: .storageFull)
        await #expect(throws: FlashpaperError.storageFull) { try await chat.send("hello") }
        try await chat.send("hello")
        fake.fail(.sync, with: .torBlocked)
        await #expect(throws: FlashpaperError.torBlocked) { try await fake.sync(deadline: .seconds(1)) }
        fake.fail(.create, with: .rateLimited(retryAfter: .seconds(60)))
        await #expect(throws: FlashpaperError.rateLimited(retryAfter: .seconds(60))) { try await fake.create().burner }
        let incomplete = SyncReport(unread: 3, outbox: 2, complete: false)
        fake.nextSync(is: incomplete)
        #expect(try await fake.sync(deadline: .seconds(1)) == incomplete)
        #expect(try await fake.sync(deadline: .seconds(1)).complete)
        try await fake.resume()
        fake.nextBurn(is: BurnReport(outcome: .queued, reason: .auth))
        #expect(try await burner.burn() == BurnReport(outcome: .queued, reason: .auth))
        #expect(try await fake.pendingRemovals().map(\.burner) == [burner.id])
        #expect(try await fake.burn(burner.id).outcome == .proven)
        #expect(try await fake.pendingRemovals().isEmpty)
        await #expect(throws: FlashpaperError.invalidInput(.ticket)) { try await fake.redeem(Data("ticket".utf8)) }
    }

    @Test func aTicketGivesThoseOfItsAccountsThatWait() async throws {
        func removal(_ id: String, _ jid: JID) -> PendingRemoval {
            PendingRemoval(
                burner: BurnerID(rawValue: id), jid: jid, since: fake.now, until: fake.now + 60, confirmed: false)
        }
        let (burner, _) = try await talking()
        let wiped = try await fake.create().burner
        try await wiped.wipe()
        let first = removal("1f", friend)
        fake.nextTicket(is: [first])
        #expect(try await fake.redeem(Data("ticket".utf8)) == [first.burner])
        // By other names: one that waits already, one that is a burner here, and one that is new.
        let second = removal("2c", JID(rawValue: "second@example.org"))
        fake.nextTicket(is: [removal("2a", friend), removal("2b", burner.state.jid), second])
        #expect(try await fake.redeem(Data("ticket".utf8)) == [first.burner, second.burner])
        #expect(try await fake.pendingRemovals().map(\.burner) == [wiped.id, first.burner, second.burner])
    }

    @Test func torEndsWithTheLastBurnerAndRemovalAndStartsForTheNextBurner() async throws {
        let (burner, _) = try await talking()
        fake.nextBurn(is: BurnReport(outcome: .queued, reason: .auth))
        try await burner.burn()
        #expect(fake.state.tor == .ready, "a removal waits for its server")
        _ = try await fake.burn(burner.id)
        #expect(fake.state.tor == .off)
        let created = try await fake.create().burner
        #expect(fake.state.tor == .ready)
        try await created.burn()
        let words = Data(repeatElement("word", count: 12).joined(separator: " ").utf8)
        let restored = try await fake.restore(words: words, server: "example.org", route: nil)
        #expect(fake.state.tor == .ready)
        try await restored.burn()
        try await fake.stopTor()
        await #expect(throws: FlashpaperError.torNotStarted) { try await fake.create().burner }
        await #expect(throws: FlashpaperError.torNotStarted) {
            try await fake.restore(words: words, server: "example.org", route: nil)
        }
    }

    @Test func whatNeedsTorSaysWhyThereIsNone() async throws {
        let (burner, _) = try await talking()
        let words = Data(repeatElement("word", count: 12).joined(separator: " ").utf8)
        let wrong = FlashpaperError.clockWrong(by: nil)
        let faults: [(Tor, FlashpaperError)] = [(.blocked(wrong), wrong), (.connecting(0.5, .directory), .torBlocked)]
        for (tor, why) in faults {
            fake.setTor(tor)
            await #expect(throws: why) { try await fake.create().burner }
            await #expect(throws: why) { try await fake.restore(words: words, server: "example.org") }
        }
        #expect(try await burner.burn() == BurnReport(outcome: .queued, reason: .torBlocked))
        fake.setTor(.blocked(wrong))
        #expect(try await fake.burn(burner.id) == BurnReport(outcome: .queued, reason: wrong))
    }

    @Test func wordsThatAreHereAreToldWithoutTor() async throws {
        try await fake.startTor()
        let words = Data(repeatElement("word", count: 12).joined(separator: " ").utf8)
        _ = try await fake.restore(words: words, server: "example.org")
        try await fake.stopTor()
        await #expect(throws: FlashpaperError.alreadyHere) { try await fake.restore(words: words, server: "example.org") }
    }

    @Test func burnersWaitForTorThatWasStoppedAndQuestionsEndWithIt() async throws {
        let (burner, _) = try await talking()
        let form = QuestionForm(
            title: "A title", instructions: "", fields: [Field(label: "What you see", kind: .text, required: true)])
        func asking(_ server: String?) -> any Creation {
            fake.ask(form)
            return fake.create(CreateOptions(server: server))
        }
        let (anywhere, named) = (asking(nil), asking("example.org"))
        try await fake.stopTor()
        #expect(burner.state.connection == .waiting(.torNotStarted))
        await #expect(throws: FlashpaperError.torNotStarted) { try await anywhere.burner }
        await #expect(throws: FlashpaperError.questionExpired) { try await named.burner }
        try await fake.startTor()
        #expect(burner.state.connection == .online)

        let asleep = asking("example.org")
        try await fake.suspend()
        try await fake.stopTor()
        try await fake.resume()
        #expect(burner.state.connection == .waiting(.torNotStarted))
        await #expect(throws: FlashpaperError.torNotStarted) { try await asleep.burner }
    }

    @Test func torThatIsBlockedAndASleepThatSyncs() async throws {
        let (burner, chat) = try await talking()
        fake.setTor(.blocked(.clockWrong(by: nil)))
        #expect(burner.state.connection == .waiting(.clockWrong(by: nil)))
        fake.setTor(.ready)
        #expect(burner.state.connection == .online)
        fake.setConnection(of: burner.id, to: .quarantined)
        #expect(burner.state.connection == .quarantined)
        try await chat.send("waits")
        try await fake.suspend()
        #expect(burner.state.connection == .offline && fake.state.tor == .off)
        #expect(try await fake.sync(deadline: .seconds(20)) == SyncReport(unread: 0, outbox: 1, complete: true))
        #expect(fake.state.life == .suspended)
    }

    @Test func whatWasMissedIsToldByItsNumber() async throws {
        for _ in 0..<2000 { fake.emit(.torStarting) }
        let told = await fake.events(since: 10).first { _ in true }
        #expect(told == Numbered(number: 2000, event: .lagged(lost: 1990)))
    }

    private func talking() async throws -> (any Burner, any Chat) {
        try await fake.startTor()
        let burner = try await fake.create().burner
        // The last states of messages are there to look at.
        try await burner.setHistory(.untilBurn)
        try await burner.connect()
        return (burner, try await burner.add(friend.rawValue))
    }

    private func question(_ creation: any Creation) async throws -> Question.ID {
        for await case .asks(let question) in creation.progress() { return question.id }
        throw FlashpaperError.closed
    }
}
