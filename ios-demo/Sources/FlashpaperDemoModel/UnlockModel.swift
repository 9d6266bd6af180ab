import FlashpaperKit
import Foundation
import Observation

/// The store is locked, or could not be opened.
@MainActor
@Observable
public final class UnlockModel: ScreenModel {
    public private(set) var state: UnlockState

    @ObservationIgnored private unowned let app: AppModel
    @ObservationIgnored private var passphrase = ""
    @ObservationIgnored private var wasTyped = false

    init(_ app: AppModel) {
        self.app = app
        state = UnlockState(
            explanation: Phrase(.unlockExplanation), passphrase: nil, canUnlock: true, isBusy: false, problem: nil)
    }

    public func writePassphrase(_ passphrase: String) {
        app.touch()
        self.passphrase = passphrase
        wasTyped = false
        refresh()
    }

    public func unlock() {
        guard state.canUnlock else { return }
        let typed = passphrase.isEmpty ? nil : Data(passphrase.utf8)
        passphrase = ""
        wasTyped = typed != nil
        Task { [app] in if await app.open(typed) { app.home() } }
    }

    func leave() { passphrase = "" }

    func refresh() {
        let fault = app.notOpened
        let isWrong = fault == .vaultLocked
        let needsPassphrase = app.hasPassphrase || isWrong
        let wrong = isWrong && wasTyped ? Phrase(.problemPassphrase) : nil
        state = UnlockState(
            explanation: Phrase(needsPassphrase ? .unlockExplanationPassphrase : .unlockExplanation),
            passphrase: needsPassphrase ? Field(text: Verbatim(passphrase), fault: wrong, enabled: !app.isOpening) : nil,
            canUnlock: !app.isOpening && (!needsPassphrase || !passphrase.isEmpty), isBusy: app.isOpening,
            problem: isWrong ? nil : fault.map { Problem($0) })
    }
}
