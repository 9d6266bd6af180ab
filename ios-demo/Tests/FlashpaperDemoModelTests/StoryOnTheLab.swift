import FlashpaperKit
import FlashpaperLab
import Foundation
import Testing

@testable import FlashpaperDemoModel

/// All tests that need the lab: one Tor client may run in a process, so one at a time.
@MainActor
@Suite(.serialized, .timeLimit(.minutes(20)))
struct StoryOnTheLab {
    let lab: Lab
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    let choices = Chosen()

    init() throws {
        lab = try Lab()
    }

    /// The app over the real library.
    func app(_ options: CreateOptions = CreateOptions()) -> AppModel {
        AppModel(
            Platform(
                open: { [folder, facts = lab.facts] passphrase in
                    let key = passphrase.map { Key.passphrase($0) } ?? .file
                    return try await FlashpaperLibrary.open(Config(folder: folder, key: key, privateNetwork: facts))
                },
                key: { $0.map { .passphrase($0) } ?? .file },
                panic: { [folder] in FlashpaperLibrary.panic(folder: folder) }, choices: choices,
                forgetCopied: {}, openLink: { _ in }),
            options: options)
    }

    @Test func fromTheFirstTouchToTheBurn() async throws {
        let before = lab.accounts()
        let app = app()
        await app.launched()
        #expect(app.state.warnings.map(\.text) == [Phrase(.lastingPrivateNetwork)])
        app.start?.start()
        var seen: Set<TextKey> = []
        try await reach {
            for step in app.creating?.state.steps ?? [] { seen.insert(step.text.key) }
            return app.contacts?.state.own != nil
        }
        #expect(seen.isSuperset(of: [.torReady, .stepSealed, .stepRegistered]))
        try await reach { app.contacts?.state.connection == Sign(.online, .burnerOnline, .good) }
        let contacts = try #require(app.contacts)
        let burner = contacts.state.badge.burner
        let own = try #require(contacts.state.own)
        let digits = own.fingerprint.map(\.text).joined()
        #expect(own.link.text == "xmpp:\(contacts.state.address.text)?otr-fingerprint=\(digits)")

        contacts.add(contacts.state.address.text)
        try await reach { contacts.state.add.fault == Phrase(.contactsBadAddress) }

        let peer = try lab.peer()
        try peer.does("receipts on")
        contacts.add(peer.jid)
        try await reach { app.chat != nil }
        let chat = try #require(app.chat)
        #expect(chat.state.mode == .plain)
        try await say("hello", in: chat)
        try await peer.hears("hello")
        try await reach { chat.state.mode == .private && sign("hello", chat) == .messageReported }
        try peer.does("say good day")
        try await reach { sign("good day", chat) == .messageInPrivate }

        chat.act(.verify)
        let verify = try #require(app.verify)
        verify.writeQuestion("Whose house is it?")
        verify.writeSecret(" Cat ")
        verify.compare()
        try await peer.tells("smp_asked", "Whose house is it?")
        try peer.does("answer cat")
        try await reach { verify.state.result == Sign(.shield, .verifySame, .good) && chat.state.mode == .verified }
        try peer.does("question Where did we meet?\tParis")
        try await reach { verify.state.asked == Asked(question: Verbatim("Where did we meet?")) }
        verify.writeSecret("Rome")
        verify.compare()
        try await reach { verify.state.result == Sign(.failed, .verifyDifferent, .danger) }
        try await peer.tells("smp_different")
        app.back()
        #expect(app.chat === chat)

        try lab.order("cut")
        try await reach { chat.state.offline == Sign(.connecting, .burnerWaiting, .caution) }
        try await say("over a new circuit", in: chat)
        try await peer.hears("over a new circuit")
        try await reach { sign("over a new circuit", chat) == .messageReported }

        try peer.does("end")
        try await reach { chat.state.mode == .finished }
        try await say("not in the clear", in: chat)
        chat.act(.startPrivate)
        try await peer.hears("not in the clear")
        try await reach { chat.state.mode == .verified }

        chat.act(.endPrivate)
        try await peer.tells("finished")
        try await reach { chat.state.mode == .plain }
        // Another client of the same person has another key.
        let other = try lab.peer(insteadOf: peer)
        try other.does("receipts on")
        try other.does("to \(contacts.state.address.text)")
        try other.does("start")
        try await reach { chat.state.mode == .keyChanged }
        try await say("to the right one", in: chat)
        #expect(try !other.seen().contains("to the right one"))
        chat.act(.acceptKey)
        chat.confirm()
        try await other.hears("to the right one")
        try await reach { chat.state.mode == .private }

        // What happens while the chat is not open is told beside the list.
        app.back()
        try other.does("raw ?OTR:AAMDnone.")
        try await reach { contacts.state.contacts.first?.news != nil }

        // Away and back: as the device does it.
        await app.toBackground().value
        await app.toForeground().value
        try await reach { contacts.state.connection == Sign(.online, .burnerOnline, .good) }

        // A circuit may fail once more: the person tries again.
        contacts.burn()
        try await burn(app)
        try await other.tells("finished")
        try other.end()
        #expect(lab.accounts() == before)
        #expect(app.state.way == [.burners, .burnReport(burner)] && app.library?.state.burners.isEmpty == true)
        app.burnReport?.close()
        // With the last burner Tor has ended, too.
        #expect(app.state.way == [.start] && app.start?.state.canLook == false)
        await app.close()
    }

    @Test func aServersQuestionAServerThatIsAwayAndACancelledCreation() async throws {
        try lab.order("serve captcha")
        let app = app(CreateOptions(server: "captcha.lab.test"))
        await app.launched()
        app.start?.start()
        try await reach { app.creating?.state.question != nil }
        let creating = try #require(app.creating)
        let first = try #require(creating.state.question)
        let place = try #require(first.fields.first { $0.picture != nil }).place
        creating.setYes(place, true)
        creating.send()
        try await reach { creating.state.question?.fields[place].fault == Phrase(.creatingUnfit) }
        let picture = first.fields[place].picture
        creating.askAnew()
        try await reach { creating.state.question.map { $0.fields[place].picture != picture } ?? false }
        creating.write(place, try lab.order("captcha captcha"))
        creating.send()
        try await reach { app.contacts?.state.own != nil }
        #expect(app.contacts?.state.address.text.hasSuffix("@captcha.lab.test") == true)

        app.back()
        app.burners?.create()
        try await reach { app.creating?.state.question != nil }
        app.creating?.decline()
        try await reach { app.creating?.state.problem?.sign.text == Phrase(.problemDeclined) }
        app.creating?.retry()
        try await reach { app.creating?.state.question != nil }
        app.creating?.cancel()
        #expect(app.state.way == [.burners] && app.burners?.state.rows.count == 1)

        app.burners?.open(try #require(app.burners?.state.rows.first).badge.burner)
        app.contacts?.burn()
        try await burn(app)
        await app.close()
        try lab.order("stop captcha")
    }

    @Test func lockedWithAPassphraseAnotherProcessAndAPanic() async throws {
        let first = app()
        await first.launched()
        first.start?.start()
        try await reach { first.contacts?.state.own != nil }
        first.settings()
        first.settings?.setAutoLock(.oneHour)
        first.settings?.writePassphrase("open sesame")
        first.settings?.writeAgain("open sesame")
        first.settings?.setPassphrase()
        try await reach { first.settings?.state.passphrase.canRemove == true }
        try await first.library?.lock()
        try await reach { first.unlock != nil }
        #expect(first.unlock?.state.passphrase != nil)
        first.unlock?.writePassphrase("wrong")
        first.unlock?.unlock()
        try await reach { first.unlock?.state.passphrase?.fault == Phrase(.problemPassphrase) }
        first.unlock?.writePassphrase("open sesame")
        first.unlock?.unlock()
        try await reach { first.burners?.state.rows.count == 1 || first.start?.state.canLook == true }
        #expect(choices.load().autoLock == .oneHour)
        await first.close()

        // As after the end of the process: nothing but the store is left.
        let again = app()
        await again.launched()
        #expect(again.unlock?.state.passphrase == Field() && again.unlock?.state.problem == nil)
        again.unlock?.writePassphrase("open sesame")
        again.unlock?.unlock()
        try await reach { again.start?.state.canLook == true }
        #expect(choices.load().autoLock == .oneHour)

        // Somebody is forced to open it: what comes is an app as it was installed, which the same passphrase opens again.
        again.settings()
        again.settings?.writeDuress("close sesame")
        again.settings?.writeDuressAgain("close sesame")
        again.settings?.setDuress()
        try await reach { again.settings?.state.note?.text == Phrase(.duressSaved) }
        try await again.library?.lock()
        try await reach { again.unlock != nil }
        again.unlock?.writePassphrase("close sesame")
        again.unlock?.unlock()
        try await reach { again.start?.state.isBusy == false && again.library != nil }
        #expect(again.start?.state.canLook == false && choices.load() == Choices())

        again.panic()
        again.panicking?.slide(1)
        again.panicking?.letGo()
        #expect(again.panicking?.state.done != nil)
        #expect(!FileManager.default.fileExists(atPath: folder.path))
        again.panicking?.close()
        try await reach { again.start?.state.canStart == true }
        #expect(again.start?.state.canLook == false)
        await again.close()
    }

    func burn(_ app: AppModel) async throws {
        app.burn?.burnWithoutHolding()
        app.burn?.burnWithoutHolding()
        try await reach {
            guard let report = app.burnReport else { return false }
            if report.state.canRetry { report.retry() }
            return report.state.sign == Sign(.shield, .reportProven, .good)
        }
    }

    func say(_ text: String, in chat: ChatModel) async throws {
        chat.write(text)
        chat.send()
        try await reach { chat.state.draft == Verbatim("") && sign(text, chat) != nil }
    }

    func sign(_ text: String, _ chat: ChatModel) -> TextKey? {
        chat.state.bubbles.last { $0.text == Verbatim(text) }?.sign.text.key
    }

    func reach(_ wanted: () -> Bool, at location: SourceLocation = #_sourceLocation) async throws {
        try await until(wanted, seconds: 300, at: location)
    }
}
