import FlashpaperTesting
import Foundation
import Testing

@testable import FlashpaperDemoModel

/// What the device does to the app, and what is kept.
@MainActor
@Suite struct LifeTests {
    @Test func leavingTheScreenSuspends() async throws {
        let scene = try await Scene()
        let chat = try await scene.inPrivate()
        scene.app.cover()
        #expect(scene.app.state.covered)
        await scene.app.toBackground().value
        #expect(scene.device.fake.state.life == .suspended)
        #expect(scene.app.chat === chat, "the way is kept")
        await scene.app.toForeground().value
        #expect(scene.device.fake.state.life == .awake && !scene.app.state.covered)
        try await until { chat.state.offline == nil }
        // The last of two that cross is what counts.
        scene.app.toBackground()
        await scene.app.toForeground().value
        #expect(scene.device.fake.state.life == .awake)
    }

    /// A question lies above the cover, and what it tells would be in the picture of the app switcher.
    @Test func aQuestionIsGoneWhenTheAppIsCovered() async throws {
        let scene = try await Scene()
        let chat = try await scene.inPrivate()
        scene.app.settings(scene.burner)
        let settings = try #require(scene.app.settings)
        settings.setExpiry(.oneHour)
        chat.act(.block)
        #expect(settings.state.confirmation != nil && chat.state.confirmation != nil)
        scene.app.cover()
        #expect(settings.state.confirmation == nil && chat.state.confirmation == nil)
        settings.confirm()
        chat.confirm()
        try await Task.sleep(for: .milliseconds(20))
        #expect(scene.device.fake.state.burners[0].expiresAt == nil && chat.state.mode == .private, "done without a yes")
    }

    @Test func aLockedStoreLeadsToUnlock() async throws {
        let scene = try await Scene()
        let chat = try await scene.inPrivate()
        chat.write("a draft")
        try await scene.device.fake.lock()
        try await until { scene.app.state.way == [.unlock] }
        #expect(scene.app.drafts.isEmpty)
        // A touch of the screen that was there does nothing.
        chat.send()
        chat.refresh()
        #expect(scene.app.unlock?.state.passphrase == nil && scene.app.unlock?.state.explanation == Phrase(.unlockExplanation))
        scene.app.unlock?.unlock()
        try await until { scene.app.state.way == [.burners] }
        #expect(scene.device.fake.state.life == .awake)
    }

    @Test func itLocksItselfAfterATimeWithoutATouch() async throws {
        let scene = try await Scene()
        scene.device.fake.advance(by: .seconds(299))
        scene.app.touch()
        scene.device.fake.advance(by: .seconds(299))
        #expect(scene.device.fake.state.life == .awake)
        scene.device.fake.advance(by: .seconds(1))
        try await until { scene.app.state.way == [.unlock] }
        scene.app.unlock?.unlock()
        try await until { scene.app.burners != nil }
        scene.app.settings()
        scene.app.settings?.setAutoLock(.never)
        try await Task.sleep(for: .milliseconds(20))
        scene.device.fake.advance(by: .seconds(100_000))
        #expect(scene.device.fake.state.life == .awake)
        #expect(scene.device.choices.load().autoLock == .never)
    }

    @Test(arguments: [
        (FlashpaperError.keyDenied, TextKey.problemKeyDenied), (.keyLocked, .problemLocked), (.keyLost, .problemKeyLost),
        (.inUse, .problemInUse), (.vaultDamaged, .problemDamaged),
    ])
    func aStoreThatDoesNotOpenSaysWhy(_ error: FlashpaperError, _ title: TextKey) async throws {
        let device = Device()
        device.refuse(error)
        let app = device.app()
        await app.launched()
        let unlock = try #require(app.unlock)
        #expect(unlock.state.problem?.sign.text == Phrase(title) && unlock.state.passphrase == nil)
        #expect(app.state.canPanic)
        unlock.unlock()
        try await until { app.state.way == [.start] }
    }

    @Test func aPassphraseIsAskedForWhereTheStoreHasOne() async throws {
        let device = Device()
        device.refuse(.vaultLocked)
        let app = device.app()
        await app.launched()
        let unlock = try #require(app.unlock)
        #expect(unlock.state.passphrase == Field() && !unlock.state.canUnlock && unlock.state.problem == nil)
        unlock.writePassphrase("wrong")
        device.refuse(.vaultLocked)
        unlock.unlock()
        try await until { unlock.state.passphrase?.fault == Phrase(.problemPassphrase) }
        unlock.writePassphrase("right")
        #expect(unlock.state.passphrase?.fault == nil)
        unlock.unlock()
        try await until { app.state.way == [.start] }
        #expect(app.hasPassphrase)
    }

    /// The process ends without a word: what the store has is there again, and Tor is not started by itself.
    @Test func anotherProcessBeginsAtTheStore() async throws {
        let scene = try await Scene()
        let chat = try await scene.chatting()
        chat.write("hello")
        chat.send()
        try await until { chat.state.bubbles.count == 1 }
        scene.device.fake.setTor(.off)
        let again = scene.device.app()
        await again.launched()
        #expect(again.state.way == [.start] && again.start?.state.canLook == true)
        #expect(again.start?.state.button == Phrase(.startConnect))
        again.start?.showBurners()
        #expect(again.burners?.state.canConnect == true && again.burners?.state.canCreate == false)
        #expect(again.burners?.state.whyNot == Phrase(.burnersNotConnected))
        again.burners?.open(scene.burner)
        again.contacts?.open(Scene.friendName)
        try await until { again.chat?.state.bubbles.map(\.text.text) == ["hello"] }
        #expect(scene.device.fake.state.tor == .off)
    }

    /// Nobody sees that there was another store: neither at the first screen nor in what the app has kept beside it.
    @Test func theDuressPassphraseLeavesAnAppLikeAnyWithAPassphraseAndNoBurner() async throws {
        let (scene, empty) = (try await Scene(), Device().app())
        await empty.launched()
        try await empty.library?.lock()
        try await until { empty.unlock != nil }
        empty.unlock?.writePassphrase("any")
        empty.unlock?.unlock()
        try await until { empty.state.way == [.start] && empty.library != nil }
        try await scene.choosesAndLocks()
        scene.device.isForced()
        scene.app.unlock?.writePassphrase("duress")
        scene.app.unlock?.unlock()
        try await until { scene.app.state.way == [.start] && scene.app.library != nil }
        #expect(scene.device.choices.load() == Choices() && scene.app.choices == empty.choices && scene.device.forgotten == 1)
        #expect(scene.app.start?.state == empty.start?.state && scene.app.state == empty.state)
        // Its bridges are gone, and nothing goes to the public relays before the user has chosen them.
        #expect(scene.app.start?.state.canStart == false)
        scene.app.start?.choose(.direct)
        #expect(scene.app.start?.state.canStart == true)
        // Its time to lock itself is that of a new app, too.
        scene.device.fake.advance(by: .seconds(300))
        #expect(scene.device.fake.state.life == .locked)
    }

    @Test(arguments: [true, false])
    func anotherPassphraseLeavesTheChoices(_ burns: Bool) async throws {
        let scene = try await Scene()
        if burns {
            // No burner is left, but a removal that waits: the store is not empty.
            scene.device.fake.nextBurn(is: BurnReport(outcome: .queued))
            _ = try await scene.device.fake.burn(scene.burner)
        }
        try await scene.choosesAndLocks()
        scene.app.unlock?.writePassphrase("open sesame")
        scene.app.unlock?.unlock()
        try await until { scene.app.unlock == nil }
        #expect(scene.device.choices.load().autoLock == .oneHour && scene.device.forgotten == 0)
    }

    @Test func choicesThatCouldNotBeReadAtTheLaunchAreReadAsTheStoreOpens() async throws {
        let device = Device()
        let app = device.app()
        var kept = Choices()
        (kept.entrance, kept.bridges) = (.bridges, "192.0.2.1:443")
        device.choices.save(kept)
        await app.launched()
        #expect(app.choices == kept && app.start?.state.bridges?.text == Verbatim("192.0.2.1:443"))
    }

    @Test func whatIsClosedBeginsAnew() async throws {
        let scene = try await Scene()
        _ = try await scene.chatting()
        await scene.device.fake.close()
        try await until { scene.app.state.way == [.start] }
        let start = try #require(scene.app.start)
        #expect(scene.app.library == nil && start.state.canStart && !start.state.canRestore)
        scene.device.isForced()
        start.start()
        try await until { scene.app.contacts != nil }
        await scene.app.close()
    }

    @Test func torThatIsLostIsToldAndStartedAnew() async throws {
        let scene = try await Scene()
        scene.app.back()
        scene.device.fake.setTor(.connecting(0.5, .directory))
        try await until { scene.app.burners?.state.fraction == 0.5 }
        #expect(scene.app.burners?.state.canCreate == false)
        scene.device.fake.setTor(.blocked(.torBlocked))
        try await until { scene.app.burners?.state.problem?.sign.text == Phrase(.problemTorBlocked) }
        scene.app.burners?.retryTor()
        try await until { scene.app.burners?.state.canCreate == true && scene.app.burners?.state.problem == nil }
    }
}
