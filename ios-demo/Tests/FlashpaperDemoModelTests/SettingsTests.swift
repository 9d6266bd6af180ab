import FlashpaperTesting
import Foundation
import Testing

@testable import FlashpaperDemoModel

/// Settings, recovery words, and bringing a burner back.
@MainActor
@Suite struct SettingsTests {
    @Test func aBurnersSettings() async throws {
        let scene = try await Scene()
        scene.app.settings(scene.burner)
        let settings = try #require(scene.app.settings)
        #expect(settings.state.burner?.history.first { $0.chosen }?.value == HistoryChoice.none)
        #expect(settings.state.burner?.expiry.first { $0.chosen }?.value == .never)
        settings.writeLabel(" For work ")
        settings.setHistory(.oneWeek)
        #expect(settings.state.confirmation == nil, "to keep more deletes nothing")
        settings.setExpiry(.oneDay)
        settings.confirm()
        try await until { settings.state.burner?.expiresAt.key == .expiryAt }
        let now = scene.device.fake.state.burners[0]
        #expect(now.label == "For work" && now.history == .expire(after: .seconds(7 * 86_400)))
        #expect(now.expiresAt == scene.device.fake.now + 86_400)
        #expect(settings.state.burner?.badge.label == Verbatim("For work") && settings.state.note?.text == Phrase(.settingsSaved))
        settings.setExpiry(.never)
        try await until { settings.state.burner?.expiresAt == Phrase(.expiryNone) }
        scene.device.fake.fail(.setHistory, with: .storageFull)
        settings.setHistory(.untilBurn)
        try await until { settings.state.note?.text == Phrase(.problemFull) }
    }

    @Test(arguments: [
        (HistoryChoice.untilBurn, [HistoryChoice.oneWeek, .oneDay, .none]), (.oneWeek, [.oneDay, .none]), (.oneDay, [.none]),
        (.none, []),
    ])
    func aHistoryThatKeepsLessIsConfirmed(_ now: HistoryChoice, _ less: [HistoryChoice]) async throws {
        let scene = try await Scene()
        scene.app.settings(scene.burner)
        let settings = try #require(scene.app.settings)
        func kept() -> History { scene.device.fake.state.burners[0].history }
        for choice in HistoryChoice.allCases {
            try await scene.device.fake.burner(scene.burner)?.setHistory(now.history)
            settings.setHistory(choice)
            if less.contains(choice) {
                #expect(settings.state.confirmation?.title == Phrase(.historySure) && settings.state.confirmation?.tone == .danger)
                settings.cancel()
                try await Task.sleep(for: .milliseconds(20))
                #expect(settings.state.confirmation == nil && kept() == now.history, "deleted without a yes")
                settings.setHistory(choice)
                settings.confirm()
                #expect(settings.state.confirmation == nil)
            } else {
                #expect(settings.state.confirmation == nil)
            }
            try await until { kept() == choice.history }
        }
    }

    @Test(arguments: [ExpiryChoice.oneHour, .oneDay, .oneWeek, .oneMonth])
    func anExpiryIsConfirmed(_ choice: ExpiryChoice) async throws {
        let scene = try await Scene()
        scene.app.settings(scene.burner)
        let settings = try #require(scene.app.settings)
        func expiresAt() -> Date? { scene.device.fake.state.burners[0].expiresAt }
        settings.setExpiry(choice)
        let time = scene.device.fake.now + (choice.duration ?? 0)
        #expect(settings.state.confirmation?.title == Phrase(.expirySure))
        #expect(settings.state.confirmation?.text == Phrase(.expirySureText, .moment(Moment(time, at: scene.device.fake.now))))
        settings.cancel()
        try await Task.sleep(for: .milliseconds(20))
        #expect(settings.state.confirmation == nil && expiresAt() == nil, "set without a yes")
        settings.setExpiry(choice)
        // While the user thinks time passes: what was shown counts.
        scene.device.fake.advance(by: .seconds(60))
        settings.confirm()
        try await until { expiresAt() == time }
        settings.setExpiry(.never)
        #expect(settings.state.confirmation == nil)
        try await until { expiresAt() == nil }
    }

    @Test func passphraseAndDuressPassphrase() async throws {
        let scene = try await Scene()
        scene.app.settings()
        let settings = try #require(scene.app.settings)
        #expect(settings.state.burner == nil && !settings.state.licences.isEmpty)
        #expect(!settings.state.passphrase.duress.enabled && settings.state.passphrase.duressExplanation == Phrase(.duressNeedsPassphrase))
        settings.writePassphrase("one")
        #expect(!settings.state.passphrase.canSet, "typed once")
        settings.writeAgain("One")
        settings.setPassphrase()
        #expect(settings.state.passphrase.again.fault == Phrase(.passphraseDiffers) && !settings.state.passphrase.isBusy)
        settings.writeAgain("one")
        #expect(settings.state.passphrase.again.fault == nil && !settings.state.passphrase.canRemove)
        settings.setPassphrase()
        try await until { settings.state.passphrase.canRemove }
        #expect(settings.state.passphrase.sign == Sign(.lock, .passphraseSet, .good))
        #expect(settings.state.passphrase.passphrase.text == Verbatim("") && settings.state.passphrase.again.text == Verbatim(""))
        settings.writeDuress("one")
        #expect(!settings.state.passphrase.canSetDuress, "typed once")
        settings.writeDuressAgain("two")
        settings.setDuress()
        #expect(settings.state.passphrase.duressAgain.fault == Phrase(.passphraseDiffers) && !settings.state.passphrase.isBusy)
        settings.writeDuressAgain("one")
        settings.setDuress()
        try await until { settings.state.passphrase.duress.fault == Phrase(.passphraseSame) }
        settings.writeDuress("two")
        settings.writeDuressAgain("two")
        settings.setDuress()
        try await until { settings.state.note?.text == Phrase(.duressSaved) }
        settings.removeDuress()
        #expect(settings.state.confirmation?.title == Phrase(.duressRemoveSure))
        settings.cancel()
        try await Task.sleep(for: .milliseconds(20))
        #expect(settings.state.note?.text == Phrase(.duressSaved), "removed without a yes")
        settings.removeDuress()
        settings.confirm()
        try await until { settings.state.note?.text == Phrase(.duressRemoved) }
        settings.removePassphrase()
        #expect(settings.state.confirmation?.title == Phrase(.passphraseRemoveSure))
        settings.cancel()
        try await Task.sleep(for: .milliseconds(20))
        #expect(settings.state.passphrase.sign.text == Phrase(.passphraseSet), "removed without a yes")
        settings.removePassphrase()
        settings.confirm()
        try await until { settings.state.passphrase.sign.text == Phrase(.passphraseNone) }
    }

    @Test func theWayIntoTorIsForTheNextConnection() async throws {
        let scene = try await Scene()
        scene.app.settings()
        scene.app.settings?.setEntrance(.bridges)
        scene.app.settings?.writeBridges("192.0.2.1:443")
        #expect(scene.device.choices.load().entrance == .bridges)
        #expect(scene.app.settings?.state.note?.text == Phrase(.settingsConnectionNext))
        #expect(scene.device.fake.state.tor == .ready)
    }

    @Test func bridgesThatAreMendedInTheSettingsHaveNoFault() async throws {
        let device = Device()
        let app = device.app()
        await app.launched()
        app.start?.choose(.bridges)
        app.start?.writeBridges("no bridge")
        device.fake.fail(.startTor, with: .invalidInput(.bridge(line: 1, part: .address)))
        app.start?.start()
        try await until { app.start?.state.bridges?.fault == Phrase(.startBridgesFault, .number(1)) }
        app.settings()
        #expect(app.settings?.state.bridges?.fault == Phrase(.startBridgesFault, .number(1)))
        app.settings?.writeBridges("192.0.2.1:443")
        #expect(app.settings?.state.bridges?.fault == nil)
        app.back()
        #expect(app.start?.state.bridges == Field(text: Verbatim("192.0.2.1:443")))
    }

    @Test func wordsAreShownOnceAndForgotten() async throws {
        let scene = try await Scene()
        scene.app.back()
        scene.app.burners?.setRecoverable(true)
        #expect(scene.app.burners?.state.recoverable == true)
        scene.app.burners?.create()
        try await until { scene.app.words != nil }
        let words = try #require(scene.app.words)
        #expect(words.state.words == nil && !words.state.canFinish)
        try await until { words.state.canShow }
        words.show()
        try await until { words.state.words?.count == 12 }
        #expect(words.state.server == Verbatim("example.org"))
        words.finish()
        #expect(words.state.confirmation?.yes == Phrase(.wordsForget))
        words.cancel()
        #expect(words.state.confirmation == nil)
        words.finish()
        words.confirm()
        try await until { scene.app.contacts != nil }
        try await until { scene.app.contacts?.state.hasWords == false }
        scene.app.go(to: .words(scene.device.fake.state.burners[1].id))
        try await until { scene.app.words?.state.gone == Phrase(.wordsGone) }
    }

    @Test func aBurnerComesBackFromItsWords() async throws {
        let device = Device()
        let app = device.app()
        await app.launched()
        app.start?.restore()
        let restore = try #require(app.restore)
        #expect(!restore.state.canRestore && restore.state.first == Phrase(.restoreConnects))
        restore.restore()
        #expect(!restore.state.isBusy && !app.isStarting, "Tor is started with nothing to bring back")
        restore.writeWords("one two")
        restore.writeServer("example.org")
        #expect(restore.state.canRestore && device.fake.state.tor == .off)
        restore.restore()
        try await until { restore.state.words.fault == Phrase(.restoreCount, .number(2)) }
        restore.writeWords(Array(repeating: "word", count: 12).joined(separator: "  "))
        #expect(restore.state.words.fault == nil && restore.state.first == nil)
        restore.writeServer("no server")
        restore.restore()
        try await until { restore.state.server.fault == Phrase(.restoreBadServer) }
        restore.writeServer("example.org")
        device.fake.fail(.restore, with: .noSuchBurner)
        restore.restore()
        try await until { restore.state.problem?.sign.text == Phrase(.restoreNone) }
        restore.restore()
        try await until { app.contacts != nil }
    }
}
