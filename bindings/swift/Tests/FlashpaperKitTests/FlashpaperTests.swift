import FlashpaperLab
import Foundation
import Testing

@testable import FlashpaperKit

/// The whole height of the product from Swift, on one lab. One Tor client may run in a process, so one test at a time.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct FlashpaperTests {
    let lab: Lab
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)

    init() throws {
        lab = try Lab()
    }

    @Test func whatCannotWorkIsToldAtOnce() async throws {
        try await withLibrary { library in
            await #expect(throws: FlashpaperError.TorNotStarted) { try await library.createBurner() }
            await #expect(throws: FlashpaperError.NoSuchBurner) { try await library.burn("none") }
            let again = try await open()
            try await again.changeKey(.passphrase(utf8: Data("new".utf8)))
            await #expect(throws: FlashpaperError.VaultLocked) { try await open() }
            #expect(try library.vaultReport() == VaultReport(lost: 0, incomplete: false, oldKeyKept: false))
            let address = CreateOptions(server: "127.0.0.1")
            #expect(throws: FlashpaperError.InvalidInput(input: .server)) { try library.checkOptions(address) }
            await #expect(throws: FlashpaperError.InvalidInput(input: .fingerprints)) {
                try await library.acceptKey("0123", of: "someone@burner.test", for: "none")
            }
            let news = Event.notice(burner: "7", peer: "someone@burner.test", notice: .peerError(text: "their words"))
            #expect("\(news)" == #"Notice { burner: BurnerId("7"), peer: Address(..), notice: PeerError(..) }"#)
        }
        let network = FlashpaperError.InvalidInput(input: .network)
        await #expect(throws: network) { try await Flashpaper.open(folder: folder, key: .file, privateNetwork: "{}") }
        #expect(network.code == "invalid_input")
        #expect(network.localizedDescription == "invalid_input")
        #expect(network.action == .correctInput)
        #expect(!network.isRetryable)
    }

    @Test func aPanicEndsWhatIsOpenAndItsKeys() async throws {
        let keys = Keys()
        let home = folder.appendingPathComponent("panicked")
        let opened = try await Flashpaper.open(folder: home, key: .source(source: keys), privateNetwork: lab.facts)
        #expect(keys.slots.count == 1)
        for _ in 1...2 {
            #expect(Flashpaper.panic(folder: home, source: keys) == PanicReport(keyKept: nil, filesLeft: nil))
        }
        #expect(keys.slots.isEmpty && !FileManager.default.fileExists(atPath: home.path))
        #expect(throws: FlashpaperError.Closed) { try opened.burners() }
        await opened.close()
    }

    @Test func aPanicWithoutAccountsLeavesNoTicketAndWhatIsNoneIsTold() async throws {
        let home = folder.appendingPathComponent("ticketed")
        let opened = try await Flashpaper.open(folder: home, key: .file, privateNetwork: lab.facts)
        await #expect(throws: FlashpaperError.InvalidInput(input: .ticket)) {
            try await opened.redeem(Data("no ticket".utf8))
        }
        let panicked = Flashpaper.panicWithTicket(folder: home)
        #expect(panicked.report == PanicReport(keyKept: nil, filesLeft: nil) && panicked.ticket == nil)
        #expect("\(panicked)" == "TicketedPanic { report: PanicReport { key_kept: None, files_left: None }, .. }")
        #expect(throws: FlashpaperError.Closed) { try opened.burners() }
        await opened.close()
    }

    @Test func whatNobodyTouchesLocksItselfAndTheKeyBringsItBack() async throws {
        let home = folder.appendingPathComponent("left alone")
        let opened = try await Flashpaper.open(folder: home, key: .file, privateNetwork: lab.facts)
        #expect(throws: FlashpaperError.InvalidInput(input: .autoLock)) { try opened.setAutoLock(after: .zero) }
        let events = opened.events()
        try opened.setAutoLock(after: .seconds(1))
        opened.touch()
        for await event in events {
            if case .locked = event { break }
        }
        #expect(throws: FlashpaperError.VaultLocked) { try opened.burners() }
        let again = try await Flashpaper.open(folder: home, key: .file, privateNetwork: lab.facts)
        try opened.setAutoLock(after: nil)
        #expect(try again.burners().isEmpty && opened.burners().isEmpty)
        await opened.close()
    }

    @Test func theDuressPassphraseOpensAnEmptyFolder() async throws {
        let home = folder.appendingPathComponent("duress")
        func open(_ passphrase: String) async throws -> Flashpaper {
            let key = Key.passphrase(utf8: Data(passphrase.utf8))
            return try await Flashpaper.open(folder: home, key: key, privateNetwork: lab.facts)
        }
        let opened = try await open("right")
        await #expect(throws: FlashpaperError.InvalidInput(input: .samePassphrase)) {
            try await opened.setDuress(Data("right".utf8))
        }
        try await opened.setDuress(Data("duress".utf8))
        let empty = try await open("duress")
        #expect(throws: FlashpaperError.Closed) { try opened.burners() }
        #expect(try empty.burners().isEmpty)
        await #expect(throws: FlashpaperError.VaultLocked) { try await open("right") }
        await empty.close()
        await opened.close()
    }

    @Test func aKeySourceOpensWhatItHasSealed() async throws {
        let keys = Keys()
        let passphrase = Data("in addition".utf8)
        func open(_ key: Key) async throws -> Flashpaper {
            try await Flashpaper.open(folder: folder, key: key, privateNetwork: lab.facts)
        }
        let library = try await open(.source(source: keys))
        try await library.changeKey(.source(source: keys, passphrase: passphrase))
        #expect(keys.slots == [.first])
        await library.close()
        await #expect(throws: FlashpaperError.VaultLocked) { try await open(.source(source: keys)) }
        await #expect(throws: FlashpaperError.VaultLocked) { try await open(.passphrase(utf8: passphrase)) }
        let wrong = Data("wrong".utf8)
        await #expect(throws: FlashpaperError.VaultLocked) { try await open(.source(source: keys, passphrase: wrong)) }

        let failures: [(any Error, FlashpaperError)] = [
            (KeySourceError.Denied, .KeyDenied), (KeySourceError.Lost, .KeyLost), (KeySourceError.Full, .StorageFull),
            (KeySourceError.Failed, .Storage),
            // What no contract has.
            (CocoaError(.featureUnsupported), .Storage),
        ]
        for (failure, expected) in failures {
            keys.failure = failure
            await #expect(throws: expected) { try await open(.source(source: keys, passphrase: passphrase)) }
        }
        #expect(FlashpaperError.KeyDenied.action == .unlock)
        keys.failure = nil
        try await open(.source(source: keys, passphrase: passphrase)).close()
        try keys.delete(slot: .second)
        await #expect(throws: FlashpaperError.KeyLost) { try await open(.source(source: keys, passphrase: passphrase)) }
        #expect("\(Key.source(source: keys, passphrase: passphrase))" == "Key.Source(..)")
    }

    @Test func tenThousandEventsComeInOrderOnTheSameThreads() async throws {
        let count = 10_000
        try await withLibrary { library in
            let events = library.events()
            async let reported: Void = library.engine.reportForTests(count: UInt32(count))
            var fractions: [Float] = []
            var threads: [Int] = []
            for await case .tor(let fraction, _, _, _) in events {
                fractions.append(fraction)
                if fractions.count % 100 == 0 {
                    threads.append(try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count)
                }
                if fractions.count == count { break }
            }
            try await reported
            #expect(fractions == (0..<count).map { Float($0) / Float(count) })
            // A thread for each event would be thousands.
            #expect(threads.max()! - threads.min()! < 20)
        }
    }

    @Test func aBurnerIsMadeListedAndBurned() async throws {
        let before = lab.accounts()
        try await withLibrary { library in
            let tor = library.events()
            try await library.startTor()
            var seen: [Event] = []
            for await event in tor {
                seen.append(event)
                if case .tor(_, _, true, nil) = event { break }
            }
            #expect(seen.prefix(2) == [.privateNetwork, .torStarting])

            let steps = library.events()
            let burner = try await library.createBurner(CreateOptions(server: "burner.test", recoverable: true))
            var done: [Step] = []
            for await case .creating(burner.id, let step) in steps {
                done.append(step)
                if step == .reachable { break }
            }
            #expect(done.first == .sealed(server: "burner.test", via: burner.via))
            #expect(try library.burners() == [burner])
            #expect(burner.state == .active)
            #expect(burner.jid.hasSuffix("@burner.test"))
            #expect(!"\(burner)".contains(burner.jid.prefix { $0 != "@" }), "an address could get into a log")
            #expect(lab.accounts().subtracting(before).count == 1)

            let words = try #require(try library.recoveryWords(of: burner.id))
            #expect(String(decoding: words, as: UTF8.self).split(separator: " ").count == 12)
            try await library.dropRecoveryWords(of: burner.id)
            #expect(try library.recoveryWords(of: burner.id) == nil)

            let keys = Keys()
            try await library.changeKey(.source(source: keys))
            let sealedBy = keys.slots
            #expect(try await library.burn(burner.id) == BurnReport(outcome: .proven, reason: nil))
            #expect(try library.burners() == [])
            #expect(lab.accounts() == before)
            #expect(keys.slots.count == 1 && keys.slots != sealedBy, "the key that had sealed it is gone")
            try await library.changeKey(.file)
            #expect(keys.slots == [])
        }
    }

    @Test func aTextWaitsAndASleepEndsWithEverybodyConnected() async throws {
        try await withLibrary { library in
            try await library.startTor()
            let burner = try await library.createBurner(CreateOptions(server: "burner.test"))
            let nobody = "nobody-at-all@burner.test"
            let bad = FlashpaperError.InvalidInput(input: .text(fault: .empty))
            await #expect(throws: bad) { try await library.send("", from: burner.id, to: nobody) }
            // It waits, as nobody has connected.
            let text = try await library.send("hello", from: burner.id, to: nobody)
            #expect(try library.messages(of: burner.id, with: nobody).map(\.state) == [.queued])
            let second = try await library.send("again", from: burner.id, to: nobody)
            let page = { (before: MessageId?, limit: Int) throws -> [MessageId] in
                try library.messages(of: burner.id, with: nobody, before: before, limit: limit).map(\.id)
            }
            #expect(try page(nil, 2) == [text, second])
            #expect(try [page(nil, 1), page(second, 1), page(text, 1)] == [[second], [text], []])
            #expect(try page(nil, -1) == [])
            let snapshot = try library.snapshot()
            #expect(!"\(snapshot)\(try library.message(text, of: burner.id))".contains("nobody-at-all"))
            #expect(snapshot.burners.first?.conversations.map(\.outbox) == [2])
            try await library.connect(burner.id)
            // There is nobody, which looks like somebody who is away.
            for await case .message(burner.id, text, .waitingForPeer) in library.events(since: snapshot.sequence) { break }
            let late = try await library.send("hi", from: burner.id, to: "nobody-else@burner.test", within: .seconds(1))
            for await case .message(burner.id, late, .failed(reason: .noAnswer)) in library.events(since: snapshot.sequence) {
                break
            }
            try await library.taken(late, of: burner.id)
            #expect(throws: FlashpaperError.NoSuchMessage) { try library.message(late, of: burner.id) }

            try await library.suspend()
            #expect(try library.snapshot().burners.first?.connection == .offline)
            await #expect(throws: FlashpaperError.Suspended) { try await library.send("hi", from: burner.id, to: nobody) }
            let events = library.events()
            try await library.resume()
            for await case .connection(burner.id, .online) in events { break }
            try await library.lock()
            #expect(throws: FlashpaperError.VaultLocked) { try library.burners() }
            _ = try await open()
            #expect(try await library.syncOnce(deadline: .seconds(60)) == SyncReport(unread: 0, outbox: 2, complete: true))
            try await library.resume()
            #expect(try await library.burn(burner.id).outcome == .proven)
        }
    }

    @Test func aServerThatIsDownIsATypedError() async throws {
        try await withLibrary { library in
            try await library.startTor()
            try await lab.without("prosody") {
                let options = CreateOptions(server: "burner.test", route: .exit)
                await #expect(throws: FlashpaperError.ServerUnreachable) { try await library.createBurner(options) }
            }
            #expect(FlashpaperError.ServerUnreachable.action == .tryLater)
            #expect(try library.burners() == [])
        }
    }

    @Test func aCancelledCreationEndsAtOnceAndLeavesNothing() async throws {
        let before = lab.accounts()
        try await withLibrary { library in
            try await library.startTor()
            let events = library.events()
            let creation = Task { try await library.createBurner(CreateOptions(server: "burner.test")) }
            Task {
                // A creation that fails must not leave the loop below waiting.
                if case .failure(let error) = await creation.result, !(error is CancellationError) {
                    await library.close()
                }
            }
            for await case .creating(_, .registered) in events { break }
            #expect(lab.accounts().subtracting(before).count == 1)
            let cancelled = ContinuousClock.now
            creation.cancel()
            await #expect(throws: CancellationError.self) { try await creation.value }
            #expect(ContinuousClock.now - cancelled < .seconds(5))
            while try !library.burners().isEmpty { try await Task.sleep(for: .milliseconds(50)) }
            #expect(lab.accounts() == before)
        }
    }

    @Test func aServersQuestionIsAnsweredByAPerson() async throws {
        try lab.order("serve captcha")
        try await withLibrary { library in
            try await library.startTor()
            let server = CreateOptions(server: "captcha.lab.test")
            let events = library.events()
            let creation = creating(server, library)
            let (burner, id) = try await nextQuestion(events)
            let asked = try library.question(id)
            #expect(try library.snapshot().questions == [asked])
            #expect(asked.server == "captcha.lab.test" && asked.burner == burner)
            let challenge = asked.form.fields.firstIndex { $0.isChallenge }
            let place = try #require(challenge)
            let picture = try #require(asked.form.fields[place].picture)
            #expect(picture.format.mediaType == "image/png")
            #expect(picture.bytes.dropFirst().prefix(3) == Data("PNG".utf8))
            #expect((1...2048).contains(picture.width) && (1...2048).contains(picture.height))
            for misplaced in [-1, asked.form.fields.count] {
                let field = UInt32(exactly: misplaced) ?? .max
                let unfit = FlashpaperError.InvalidInput(input: .answer(fault: .unfit(field: field)))
                await #expect(throws: unfit) {
                    try await library.answer(id, with: [place: .text(text: "123456"), misplaced: .yesNo(yes: true)])
                }
            }

            try await library.askAnew(id)
            let (_, second) = try await nextQuestion(events)
            await #expect(throws: FlashpaperError.NoSuchQuestion) { try await library.answer(id, with: [:]) }
            let shown = try lab.order("captcha captcha")
            try await library.answer(second, with: [place: .text(text: shown)])
            let made = try await creation.value
            #expect(made.jid.hasSuffix("@captcha.lab.test"))
            #expect(try library.snapshot().questions == [])
            #expect(try await library.burn(made.id).outcome == .proven)

            let refused = creating(server, library)
            let (_, third) = try await nextQuestion(events)
            try await library.decline(third)
            await #expect(throws: FlashpaperError.Declined) { try await refused.value }
            for await case .questionEnded(_, third, let end) in events {
                #expect(end == .declined)
                break
            }
        }
        try lab.order("stop captcha")
    }

    @Test func aCancelledReaderEndsWithItsTask() async throws {
        try await withLibrary { library in
            let events = library.events()
            let reader = Task { for await _ in events {} }
            // It waits by now.
            try await Task.sleep(for: .milliseconds(200))
            reader.cancel()
            await reader.value
        }
    }

    @Test func afterClosingEveryCallSaysSoAndAnotherMayOpen() async throws {
        let library = try await open()
        let events = library.events()
        await library.close()
        for await _ in events {}
        #expect(throws: FlashpaperError.Closed) { try library.burners() }
        await #expect(throws: FlashpaperError.Closed) { try await library.startTor() }
        await #expect(throws: FlashpaperError.Closed) { try await library.createBurner() }
        for await _ in library.events() {}
        await library.close()
        try await withLibrary { _ in }
    }

    private func open() async throws -> Flashpaper {
        try await Flashpaper.open(folder: folder, key: .file, privateNetwork: lab.facts)
    }

    /// A creation that ends the library's events if it fails: nobody waits for a question in vain then.
    private func creating(_ options: CreateOptions, _ library: Flashpaper) -> Task<Burner, any Error> {
        Task {
            do {
                return try await library.createBurner(options)
            } catch {
                if error as? FlashpaperError != .Declined { await library.close() }
                throw error
            }
        }
    }

    private func nextQuestion(_ events: AsyncStream<Event>) async throws -> (BurnerId, QuestionId) {
        for await case .question(let burner, let question) in events { return (burner, question) }
        throw FlashpaperError.Closed
    }

    private func withLibrary(_ body: (Flashpaper) async throws -> Void) async throws {
        let library = try await open()
        do {
            try await body(library)
        } catch {
            await library.close()
            throw error
        }
        await library.close()
        try FileManager.default.removeItem(at: folder)
    }
}
