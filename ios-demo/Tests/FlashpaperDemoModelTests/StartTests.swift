import FlashpaperTesting
import Foundation
import Testing

@testable import FlashpaperDemoModel

/// From the first screen to the first burner.
@MainActor
@Suite struct StartTests {
    let device = Device()

    @Test func nothingConnectsBeforeTheButton() async throws {
        let app = device.app()
        await app.launched()
        #expect(app.state.way == [.start])
        #expect(device.fake.state.tor == .off)
        let start = try #require(app.start)
        #expect(start.state.button == Phrase(.startMake) && start.state.canStart && !start.state.canLook)
        await app.toForeground().value
        app.networkChanged()
        app.touch()
        #expect(device.fake.state.tor == .off)
        start.start()
        try await until { app.contacts != nil }
        #expect(app.state.way == [.burners, .contacts(device.fake.state.burners[0].id)])
        try await until { app.contacts?.state.connection == Sign(.online, .burnerOnline, .good) }
        #expect(device.fake.state.burners[0].history == .none, "what a burner keeps is the user's choice")
    }

    @Test func bridgesAreChosenBeforeAndKept() async throws {
        let app = device.app()
        await app.launched()
        let start = try #require(app.start)
        start.choose(.bridges)
        #expect(!start.state.canStart && start.state.bridges?.fault == Phrase(.startBridgesMissing))
        start.writeBridges("192.0.2.1:443\n\n192.0.2.2:443")
        #expect(start.state.canStart && start.state.bridges?.fault == nil)
        #expect(app.choices.entry == .bridges(["192.0.2.1:443", "192.0.2.2:443"]))
        device.fake.fail(.startTor, with: .invalidInput(.bridge(line: 2, part: .address)))
        start.start()
        try await until { app.start != nil }
        #expect(app.start?.state.bridges?.fault == Phrase(.startBridgesFault, .number(2)))
        #expect(app.start?.state.problem == nil)
        app.start?.writeBridges("192.0.2.1:443")
        #expect(app.start?.state.bridges?.fault == nil)
        let again = device.app()
        await again.launched()
        #expect(again.start?.state.bridges?.text == Verbatim("192.0.2.1:443"))
        #expect(!"\(device.choices.load())".contains("192"))
    }

    @Test(arguments: [
        (FlashpaperError.offline, TextKey.problemOffline, Mark.offline), (.torBlocked, .problemTorBlocked, .tor),
        (.clockWrong(by: .slow(by: .seconds(7200))), .problemClock, .clock), (.timeout, .problemTimeout, .waiting),
        (.obsolete, .problemObsolete, .warning),
    ])
    func whatStandsInTheWayOfTor(_ error: FlashpaperError, _ title: TextKey, _ mark: Mark) async throws {
        let app = device.app()
        await app.launched()
        device.fake.fail(.startTor, with: error)
        app.start?.start()
        try await until { app.creating?.state.title == Phrase(.creatingFailed) }
        let state = try #require(app.creating?.state)
        #expect(state.problem?.sign.text == Phrase(title) && state.problem?.sign.mark == mark)
        #expect(state.canRetry)
        app.creating?.retry()
        try await until { app.contacts != nil }
    }

    /// What the earlier try has left is no result of the new one.
    @Test func anotherTryIsWaitedFor() async throws {
        let app = device.app()
        await app.launched()
        device.fake.fail(.startTor, with: .offline)
        app.start?.start()
        try await until { app.creating?.state.title == Phrase(.creatingFailed) }
        device.fake.setTor(.blocked(.torBlocked))
        try await until { app.creating?.state.canRetry == true && app.tor == .blocked(.torBlocked) }
        for error in [FlashpaperError.offline, .torBlocked] {
            device.fake.fail(.startTor, with: error)
            app.creating?.retry()
            #expect(app.creating?.state.problem == nil && app.creating?.state.title == Phrase(.creatingConnecting))
            #expect(app.creating?.state.steps == [Sign(.connecting, .torConnecting, .calm)], "the earlier try is told as this one")
            try await until { app.creating?.state.title == Phrase(.creatingFailed) }
        }
        app.creating?.retry()
        try await until { app.contacts != nil }
    }

    @Test func aTryThatNoRelayHasAnsweredIsToldAsItEndsAlthoughTorGoesOn() async throws {
        let app = device.app()
        await app.launched()
        device.fake.fail(.startTor, with: .torBlocked)
        app.start?.start()
        device.fake.setTor(.connecting(0, .connecting))
        try await until { app.creating?.state.title == Phrase(.creatingFailed) }
        #expect(app.creating?.state.problem?.sign.text == Phrase(.problemTorBlocked))
        device.fake.setTor(.connecting(0.5, .directory))
        try await until { app.torProblem == nil }
    }

    @Test(arguments: [true, false])
    func aTryByTheOldWayIsGivenUpForAnother(_ direct: Bool) async throws {
        let app = device.app()
        await app.launched()
        app.start?.choose(.bridges)
        app.start?.writeBridges("192.0.2.1:443")
        app.start?.start()
        device.fake.setTor(.connecting(0, .connecting))
        app.creating?.cancel()
        #expect(app.burners?.state.tor == Sign(.connecting, .torConnecting, .calm) && app.burners?.state.canConnect == false)
        app.settings()
        if direct { app.settings?.setEntrance(.direct) } else { app.settings?.writeBridges("192.0.2.2:443") }
        app.back()
        #expect(!app.isStarting, "the user has to wait for a try that leads nowhere")
        // The library ends a call that is cancelled.
        device.fake.setTor(.off)
        try await until { app.burners?.state.tor == Sign(.offline, .torOff, .quiet) }
        #expect(app.burners?.state.canConnect == true && app.burners?.state.problem == nil)
        app.burners?.connect()
        app.start?.start()
        try await until { app.contacts != nil }
    }

    @Test func torThatGoesOnByTheOldWayAfterAnErrorEndsWhenAnotherIsChosen() async throws {
        let app = device.app()
        await app.launched()
        device.fake.fail(.startTor, with: .torBlocked)
        app.start?.start()
        try await until { app.creating?.state.title == Phrase(.creatingFailed) }
        device.fake.setTor(.connecting(0, .connecting))
        app.creating?.cancel()
        app.settings()
        app.settings?.setEntrance(.bridges)
        try await until { device.fake.state.tor == .off }
        device.fake.setTor(.connecting(0, .connecting))
        app.settings?.writeBridges("192.0.2.1:443")
        // At once: the end of the old one does not take the new one with it.
        app.startTor()
        try await until { device.fake.state.tor == .ready }
        await app.stopping?.value
        #expect(device.fake.state.tor == .ready)
    }

    @Test func howFarTheClockIsOff() {
        let slow = Problem(.clockWrong(by: .slow(by: .seconds(7200))))
        #expect(slow.advice == Phrase(.problemClockSlow, .number(120)))
        #expect(Problem(.clockWrong(by: nil)).advice == Phrase(.problemClockAdvice))
    }

    @Test(arguments: [
        FlashpaperError.serverRefused, .quarantined, .rateLimited(retryAfter: .seconds(90)), .registrationClosed,
        .serverUnreachable, .untrusted,
    ])
    func aServerSaysNo(_ error: FlashpaperError) async throws {
        let app = device.app()
        await app.launched()
        device.fake.fail(.create, with: error)
        app.start?.start()
        try await until { app.creating?.state.title == Phrase(.creatingFailed) }
        let problem = try #require(app.creating?.state.problem)
        #expect(problem.sign == Problem(error).sign && problem.advice == Problem(error).advice)
        #expect(app.creating?.state.canRetry == true)
        #expect(device.fake.state.burners.isEmpty)
        app.creating?.retry()
        try await until { app.contacts != nil }
    }

    @Test func aServerWantsAWebPage() async throws {
        let app = device.app()
        await app.launched()
        device.fake.fail(.create, with: .needsWeb(WebPage(url: "https://example.org/join")))
        app.start?.start()
        try await until { app.creating?.state.page != nil }
        #expect(app.creating?.state.page?.address == Verbatim("https://example.org/join"))
        #expect(app.creating?.state.problem?.sign.text == Phrase(.problemWeb))
    }

    @Test func aServersQuestionIsAnswered() async throws {
        let picture = Picture(bytes: Data([1, 2]), format: .png, width: 2, height: 1)
        let form = QuestionForm(
            title: "Hello", instructions: " ",
            fields: [
                FlashpaperTesting.Field(label: "Letters", kind: .text, required: true, isChallenge: true, picture: picture),
                FlashpaperTesting.Field(label: "Colour", kind: .one(options: ["red", "blue"]), required: false),
                FlashpaperTesting.Field(label: "Days", kind: .some(options: ["Mon", "Tue", "Wed"]), required: false),
                FlashpaperTesting.Field(label: "Sure", kind: .yesNo, required: false),
            ])
        device.fake.ask(form)
        let app = device.app()
        await app.launched()
        app.start?.start()
        try await until { app.creating?.state.question != nil }
        let model = try #require(app.creating)
        #expect(model.state.title == Phrase(.creatingQuestion) && model.state.question?.canAskAnew == true)
        #expect(model.state.question?.title == Verbatim("Hello") && model.state.question?.instructions == nil)
        #expect(model.state.question?.fields.map(\.mode) == [.line, .one, .some, .yesNo])
        model.send()
        try await until { model.state.question?.fields[0].fault == Phrase(.creatingMissing) }
        model.write(0, "abc")
        #expect(model.state.question?.fields[0].fault == nil)
        model.choose(1, 0)
        model.choose(1, 1)
        model.choose(2, 2)
        model.choose(2, 0)
        model.choose(2, 2)
        model.setYes(3, true)
        let fields = try #require(model.state.question?.fields)
        #expect(fields[1].options.map(\.chosen) == [false, true] && fields[2].options.map(\.chosen) == [true, false, false])
        #expect(fields[3].yes)
        #expect(!"\(model.state)".contains("abc") && !"\(model.state)".contains("Hello"))
        model.askAnew()
        try await until { model.state.question?.fields[0].text == Verbatim("") }
        model.write(0, "abc")
        model.send()
        // Twice is once.
        model.send()
        try await until { app.contacts != nil }
    }

    /// The double finishes each creation at once, so these are as the real library has them.
    @Test func oneThatAnEarlierRunHasBegunIsShownAsNotFinished() {
        func burner(_ id: String, _ phase: Phase) -> BurnerState {
            BurnerState(
                id: BurnerID(rawValue: id), jid: JID(rawValue: "\(id)@example.org"), via: .exit, phase: phase, created: .now, label: nil,
                connection: .offline, history: .none, expiresAt: nil, requests: [], chats: [], unreadable: nil)
        }
        let burners = [burner("a", .active), burner("b", .pending), burner("c", .pending), burner("d", .burning)]
        let shown = BurnersModel.shown(burners, begun: [BurnerID(rawValue: "a"), BurnerID(rawValue: "c")])
        #expect(shown.map(\.id.rawValue) == ["a", "b", "d"])
        #expect(Sign(burners[1]) == Sign(.waiting, .burnerUnfinished, .quiet))
    }

    @Test func theOneThatThisRunMakesHasAScreenOfItsOwn() async throws {
        let scene = try await Scene()
        try await until { scene.app.begun == [scene.burner] }
        scene.app.back()
        #expect(scene.app.burners?.state.rows.map(\.badge.burner) == [scene.burner])
    }

    @Test func aQuestionIsDeclinedOrCancelled() async throws {
        let form = QuestionForm(
            title: "", instructions: "", fields: [FlashpaperTesting.Field(label: "A", kind: .text, required: true)])
        device.fake.ask(form)
        // One that may choose its server would go on at another.
        let app = device.app(CreateOptions(server: "example.org"))
        await app.launched()
        app.start?.start()
        try await until { app.creating?.state.question != nil }
        app.creating?.decline()
        try await until { app.creating?.state.problem?.sign.text == Phrase(.problemDeclined) }
        #expect(app.creating?.state.question == nil)
        device.fake.ask(form)
        app.creating?.retry()
        try await until { app.creating?.state.question != nil }
        app.creating?.cancel()
        #expect(app.state.way == [.burners])
        try await Task.sleep(for: .milliseconds(20))
        #expect(device.fake.state.burners.isEmpty)
    }

    @Test func theTestNetworkIsMarkedOnAllScreens() async throws {
        let device = Device(network: .private)
        let app = device.app()
        await app.launched()
        #expect(app.state.warnings.map(\.text) == [Phrase(.lastingPrivateNetwork)])
        device.fake.setVault(VaultReport(lost: 1, incomplete: true, oldKeyKept: true))
        try await until { app.state.warnings.count == 4 }
    }
}
