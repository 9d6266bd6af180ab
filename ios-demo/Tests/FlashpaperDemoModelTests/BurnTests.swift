import FlashpaperTesting
import Foundation
import Testing

@testable import FlashpaperDemoModel

/// How things end: a burner, or everything.
@MainActor
@Suite struct BurnTests {
    @Test func aBurnHasToBeHeld() async throws {
        let scene = try await Scene()
        scene.app.contacts?.burn()
        let burn = try #require(scene.app.burn)
        burn.holdStarted()
        try await scene.device.pass(29)
        try await until { burn.state.held > 0.95 }
        #expect(burn.state.button == Phrase(.burnHolding))
        burn.holdEnded()
        #expect(burn.state.held == 0 && !burn.state.isBurning)
        // The one that was left ends without a burn.
        try await scene.device.pass(1)
        try await Task.sleep(for: .milliseconds(20))
        #expect(scene.device.fake.state.burners.count == 1)
        burn.holdStarted()
        try await scene.device.pass(30)
        try await until { scene.app.burnReport != nil }
        #expect(scene.device.fake.state.burners.isEmpty)
        #expect(scene.app.state.way.count == 2 && scene.app.burnReport?.state.sign == Sign(.shield, .reportProven, .good))
        scene.app.burnReport?.close()
        // Tor has ended with the last burner.
        #expect(scene.app.state.way == [.start])
    }

    @Test func aHoldEndsWhenSomethingIsInFrontOfTheApp() async throws {
        let scene = try await Scene()
        scene.app.contacts?.burn()
        let burn = try #require(scene.app.burn)
        burn.holdStarted()
        try await scene.device.pass(20)
        try await until { burn.state.held > 0.65 && scene.device.isTicking }
        scene.app.cover()
        #expect(burn.state.held == 0)
        try await scene.device.pass(1)
        try await Task.sleep(for: .milliseconds(20))
        #expect(burn.state.held == 0 && !scene.device.isTicking && !burn.state.isBurning)
    }

    @Test func whoCannotHoldTouchesTwice() async throws {
        let scene = try await Scene()
        scene.app.contacts?.burn()
        let burn = try #require(scene.app.burn)
        burn.burnWithoutHolding()
        #expect(burn.state.action == Phrase(.burnAccessibleAgain) && !burn.state.isBurning)
        burn.burnWithoutHolding()
        try await until { scene.app.burnReport != nil }
    }

    @Test func aBurnThatIsLeftLeadsToItsReportAllTheSame() async throws {
        let scene = try await Scene()
        let id = scene.burner
        scene.app.contacts?.burn()
        scene.app.burn?.burnWithoutHolding()
        scene.app.burn?.burnWithoutHolding()
        scene.app.back()
        #expect(scene.app.contacts != nil)
        try await until { scene.app.state.way == [.burners, .burnReport(id)] }
        #expect(scene.app.burnReport?.state.sign == Sign(.shield, .reportProven, .good))
    }

    @Test func withoutTorItIsQueuedAndTriedAgain() async throws {
        let scene = try await Scene()
        scene.device.fake.setTor(.blocked(.offline))
        scene.app.contacts?.burn()
        let burn = try #require(scene.app.burn)
        try await until { burn.state.explanation == Phrase(.burnExplanationOffline) }
        #expect(burn.state.canHold, "a burn needs no Tor")
        burn.burnWithoutHolding()
        burn.burnWithoutHolding()
        try await until { scene.app.burnReport != nil }
        let report = try #require(scene.app.burnReport)
        #expect(report.state.sign == Sign(.waiting, .reportQueued, .caution) && !report.state.canRetry)
        #expect(report.state.badge.label.text.hasPrefix("burner1@"))
        scene.app.show([.burners])
        let burners = try #require(scene.app.burners)
        try await until { burners.state.removals.count == 1 }
        #expect(!burners.state.removals[0].canRetry)
        scene.device.fake.setTor(.ready)
        try await until { burners.state.removals[0].canRetry }
        burners.removeNow(burners.state.removals[0].burner)
        try await until { scene.app.burnReport?.state.sign == Sign(.shield, .reportProven, .good) }
        scene.app.show([.burners])
        try await until { scene.app.burners?.state.removals.isEmpty == true }
    }

    @Test(arguments: [
        (BurnOutcome.disabled, Mark.tick, Tone.good), (.alreadyGone, .tick, .good), (.unproven, .warning, .caution),
        (.queued, .waiting, .caution),
    ])
    func eachOutcomeIsTold(_ outcome: BurnOutcome, _ mark: Mark, _ tone: Tone) async throws {
        let scene = try await Scene()
        scene.device.fake.nextBurn(is: BurnReport(outcome: outcome, reason: .serverUnreachable))
        scene.app.contacts?.burn()
        scene.app.burn?.burnWithoutHolding()
        scene.app.burn?.burnWithoutHolding()
        try await until { scene.app.burnReport != nil }
        let report = try #require(scene.app.burnReport)
        #expect(report.state.sign.mark == mark && report.state.sign.tone == tone)
        #expect(report.state.reason == Phrase(.reportReason, .phrase(Phrase(.problemServerAway))))
        #expect(report.state.canRetry == (tone == .caution))
        if report.state.canRetry {
            report.retry()
            try await until { report.state.sign == Sign(.shield, .reportProven, .good) }
        }
    }

    @Test func aBurnThatIsRefusedLeavesEverything() async throws {
        let scene = try await Scene()
        scene.device.fake.fail(.burn, with: .keyDenied)
        scene.app.contacts?.burn()
        let burn = try #require(scene.app.burn)
        burn.burnWithoutHolding()
        burn.burnWithoutHolding()
        try await until { burn.state.problem?.sign.text == Phrase(.problemKeyDenied) }
        #expect(burn.state.canHold && scene.device.fake.state.burners.count == 1)
        scene.app.back()
        #expect(scene.app.contacts != nil)
    }

    @Test func anExpiredBurnerIsLeft() async throws {
        let scene = try await Scene()
        _ = try await scene.chatting()
        scene.app.settings(scene.burner)
        scene.app.settings?.setAutoLock(.never)
        scene.app.settings?.setExpiry(.oneHour)
        scene.app.settings?.confirm()
        try await until { scene.app.settings?.state.burner?.expiresAt.key == .expiryAt }
        scene.device.fake.advance(by: .seconds(3600))
        try await until { scene.app.state.way == [.burners] }
    }

    @Test func panicTakesTwoTouchesFromEveryScreen() async throws {
        let scene = try await Scene()
        _ = try await scene.chatting()
        scene.app.change {
            $0.entrance = .bridges
            $0.bridges = "a bridge"
            $0.autoLock = .never
        }
        scene.app.panic()
        let panic = try #require(scene.app.panicking)
        panic.slide(0.8)
        panic.letGo()
        #expect(scene.device.panics == 0 && panic.state.slid == 0, "a slip of a finger")
        #expect(!panic.state.canClose && scene.app.state.canGoBack)
        scene.app.back()
        #expect(scene.app.chat != nil)
        scene.app.panic()
        scene.device.leaves(PanicReport(filesLeft: .storage))
        scene.app.panicking?.slide(0.97)
        scene.app.panicking?.letGo()
        #expect(scene.device.panics == 1 && scene.app.state.way == [.panic])
        let after = try #require(scene.app.panicking)
        #expect(after.state.problem?.sign.text == Phrase(.panicFilesLeft) && after.state.done == nil)
        #expect(after.state.problem?.canRetry == true && after.state.canClose, "a dead end")
        #expect(scene.device.choices.load() == Choices() && scene.app.choices == Choices(), "bridges are left")
        #expect(scene.device.forgotten == 1)
        scene.device.leaves(PanicReport())
        after.retry()
        #expect(scene.device.panics == 2)
        #expect(after.state.done == Sign(.tick, .panicDone, .good) && after.state.problem == nil && after.state.canClose)
        after.close()
        #expect(scene.app.state.way == [.start])
        // As it was installed, but for the fake, which no panic ends.
        #expect(scene.app.start?.state.entrances.first { $0.chosen }?.value == .direct && scene.app.start?.state.bridges == nil)
    }

    @Test func whoCannotSlideTouchesTwice() async throws {
        let scene = try await Scene()
        scene.app.panic()
        let panic = try #require(scene.app.panicking)
        #expect(panic.state.action == Phrase(.panicAccessible))
        panic.withoutSliding()
        #expect(panic.state.action == Phrase(.panicAccessibleAgain) && scene.device.panics == 0, "one touch is a slip")
        panic.withoutSliding()
        #expect(scene.device.panics == 1 && panic.state.done != nil)
        panic.withoutSliding()
        #expect(scene.device.panics == 1)
    }

    @Test(arguments: [
        (PanicReport(keyKept: .keyDenied), TextKey.panicKeyKept), (PanicReport(filesLeft: .storage), .panicFilesLeft),
    ])
    func whatAPanicHasLeftCanBeLeft(_ report: PanicReport, _ told: TextKey) async throws {
        let scene = try await Scene()
        scene.device.leaves(report)
        scene.app.panic()
        scene.app.panicking?.slide(1)
        scene.app.panicking?.letGo()
        let panic = try #require(scene.app.panicking)
        #expect(panic.state.problem?.sign.text == Phrase(told) && panic.state.problem?.canRetry == true && panic.state.canClose)
        panic.close()
        #expect(scene.app.state.way == [.start])
    }

    @Test func aReportTakesNoScreenAwayThatIsInUse() async throws {
        let scene = try await Scene()
        let burner = scene.burner
        scene.device.fake.ask(QuestionForm(title: "", instructions: "", fields: []))
        scene.app.contacts?.burn()
        scene.app.burn?.burnWithoutHolding()
        scene.app.burn?.burnWithoutHolding()
        // The burn goes on, and the user has another made.
        scene.app.show([.burners])
        scene.app.burners?.create()
        let creating = try #require(scene.app.creating)
        try await until { creating.state.question != nil && scene.app.page(.burnReport(burner)) != nil }
        #expect(scene.app.state.way == [.burners, .burnReport(burner), .creating] && scene.app.creating === creating)
        creating.cancel()
        #expect(scene.app.burnReport?.state.sign == Sign(.shield, .reportProven, .good), "it is not met on the way back")
    }
}
