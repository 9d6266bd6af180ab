import FlashpaperKit
import Foundation
import Observation

/// The app's settings, and those of a burner.
@MainActor
@Observable
public final class SettingsModel: ScreenModel {
    /// What deletes something, and is done when it is confirmed.
    private enum Wish { case history(HistoryChoice), expiry(Date), noPassphrase, noDuress }

    public private(set) var state: SettingsState

    @ObservationIgnored private unowned let app: AppModel
    @ObservationIgnored private let burner: (any Burner)?
    @ObservationIgnored private var label: String?
    @ObservationIgnored private var passphrase = Twice()
    @ObservationIgnored private var duress = Twice()
    @ObservationIgnored private var isBusy = false
    @ObservationIgnored private var wish: Wish?
    @ObservationIgnored private var note: Note?
    @ObservationIgnored private let order = Order()

    init(_ app: AppModel, _ id: BurnerID?) {
        self.app = app
        burner = id.flatMap { app.library?.burner($0) }
        label = burner?.state.label
        state = SettingsState(
            burner: nil, entrances: [], bridges: nil, autoLock: [],
            passphrase: PassphraseState(
                sign: Sign(.info, .passphraseNone, .quiet), passphrase: Field(), again: Field(), canSet: false, canRemove: false,
                duress: Field(), duressAgain: Field(), duressExplanation: Phrase(.duressExplanation), canSetDuress: false,
                canRemoveDuress: false, isBusy: false),
            licences: Licence.all, confirmation: nil, note: nil)
    }

    public func writeLabel(_ label: String) {
        app.touch()
        self.label = label
        act { [burner] _ in try await burner?.setLabel(label.trimmingCharacters(in: .whitespaces)) }
    }

    /// One that keeps less than today's deletes what is older: it asks first.
    public func setHistory(_ history: HistoryChoice) {
        guard let burner else { return }
        if history.history.length < burner.state.history.length {
            ask(.history(history))
        } else {
            change { try await $0.setHistory(history.history) }
        }
    }

    /// Any but never burns the burner one day: it asks first.
    public func setExpiry(_ expiry: ExpiryChoice) {
        guard burner != nil else { return }
        if let duration = expiry.duration {
            ask(.expiry(app.platform.now() + duration))
        } else {
            change { try await $0.setExpiry(nil) }
        }
    }

    public func confirm() {
        let wish = self.wish
        self.wish = nil
        switch wish {
        case .history(let history): change { try await $0.setHistory(history.history) }
        // The time that was shown.
        case .expiry(let time): change { try await $0.setExpiry(time) }
        case .noPassphrase: if state.passphrase.canRemove { change(to: nil, told: .passphraseRemoved) }
        case .noDuress: if state.passphrase.canRemoveDuress { setDuress(nil, told: .duressRemoved) }
        case nil: break
        }
        refresh()
    }

    /// Counts from the next connection.
    public func setEntrance(_ entrance: Entrance) {
        app.choose(entrance)
        note = Note(text: Phrase(.settingsConnectionNext), tone: .quiet)
        refresh()
    }

    public func writeBridges(_ lines: String) {
        app.writeBridges(lines)
        refresh()
    }

    public func setAutoLock(_ after: AutoLock) {
        app.change { $0.autoLock = after }
        act { try await $0.setAutoLock(after: after.duration) }
    }

    public func writePassphrase(_ passphrase: String) {
        app.touch()
        self.passphrase.write(first: passphrase)
        refresh()
    }

    public func writeAgain(_ passphrase: String) {
        app.touch()
        self.passphrase.write(again: passphrase)
        refresh()
    }

    public func setPassphrase() {
        guard state.passphrase.canSet else { return }
        if let typed = passphrase.typed() { change(to: typed, told: .passphraseSaved) } else { refresh() }
    }

    public func removePassphrase() {
        if state.passphrase.canRemove { ask(.noPassphrase) }
    }

    public func writeDuress(_ passphrase: String) {
        app.touch()
        duress.write(first: passphrase)
        refresh()
    }

    public func writeDuressAgain(_ passphrase: String) {
        app.touch()
        duress.write(again: passphrase)
        refresh()
    }

    public func setDuress() {
        guard state.passphrase.canSetDuress else { return }
        if let typed = duress.typed() { setDuress(typed, told: .duressSaved) } else { refresh() }
    }

    public func removeDuress() {
        if state.passphrase.canRemoveDuress { ask(.noDuress) }
    }

    public func cancel() {
        wish = nil
        refresh()
    }

    public func dismiss() {
        note = nil
        refresh()
    }

    func covered() { cancel() }

    func leave() {
        passphrase = Twice()
        duress = Twice()
    }

    func refresh() {
        let choices = app.choices
        let canSet = app.library != nil && !isBusy
        let canSetDuress = canSet && app.hasPassphrase
        state = SettingsState(
            burner: burner.map { settings($0.state) },
            entrances: app.entrances,
            bridges: app.bridges,
            autoLock: AutoLock.allCases.map { Option(value: $0, text: Phrase($0.key), chosen: $0 == choices.autoLock) },
            passphrase: PassphraseState(
                sign: app.hasPassphrase ? Sign(.lock, .passphraseSet, .good) : Sign(.info, .passphraseNone, .quiet),
                passphrase: passphrase.field(enabled: canSet), again: passphrase.againField(enabled: canSet),
                canSet: canSet && passphrase.isWhole, canRemove: canSet && app.hasPassphrase,
                duress: duress.field(enabled: canSetDuress), duressAgain: duress.againField(enabled: canSetDuress),
                duressExplanation: Phrase(app.hasPassphrase ? .duressExplanation : .duressNeedsPassphrase),
                canSetDuress: canSetDuress && duress.isWhole, canRemoveDuress: canSetDuress,
                isBusy: isBusy),
            licences: Licence.all, confirmation: wish.map { confirmation($0) }, note: note)
    }

    private func settings(_ now: BurnerState) -> BurnerSettings {
        let moment = now.expiresAt.map { Moment($0, at: app.platform.now()) }
        return BurnerSettings(
            badge: BurnerBadge(now), label: Field(text: Verbatim(label ?? "")),
            history: HistoryChoice.allCases.map {
                Option(value: $0, text: Phrase($0.key), chosen: $0.history == now.history)
            },
            // The time that is left is told in words: only "never" can be seen among the choices.
            expiry: ExpiryChoice.allCases.map {
                Option(value: $0, text: Phrase($0.key), chosen: $0 == .never && now.expiresAt == nil)
            },
            expiresAt: moment.map { Phrase(.expiryAt, .moment($0)) } ?? Phrase(.expiryNone), enabled: now.phase == .active)
    }

    private func ask(_ wish: Wish) {
        self.wish = wish
        refresh()
    }

    private func confirmation(_ wish: Wish) -> Confirmation {
        let (title, text, yes) =
            switch wish {
            case .history: (TextKey.historySure, Phrase(.historySureText), TextKey.historySureYes)
            case .expiry(let time):
                (.expirySure, Phrase(.expirySureText, .moment(Moment(time, at: app.platform.now()))), .expirySureYes)
            case .noPassphrase: (.passphraseRemoveSure, Phrase(.passphraseRemoveText), .remove)
            case .noDuress: (.duressRemoveSure, Phrase(.duressRemoveText), .remove)
            }
        return Confirmation(title: Phrase(title), text: text, yes: Phrase(yes), no: Phrase(.cancel), tone: .danger)
    }

    private func change(_ body: @escaping @MainActor (any Burner) async throws -> Void) {
        guard let burner else { return }
        act { [weak self] _ in
            try await body(burner)
            self?.note = Note(text: Phrase(.settingsSaved), tone: .quiet)
        }
    }

    private func change(to passphrase: String?, told: TextKey) {
        seal(passphrase, told) { [weak self] in self?.passphrase.fault = $0 } by: { [self] library, typed in
            try await library.changeKey(app.platform.key(typed))
            app.hasPassphrase = typed != nil
            self.passphrase = Twice()
        }
    }

    private func setDuress(_ passphrase: String?, told: TextKey) {
        seal(passphrase, told) { [weak self] in self?.duress.fault = $0 } by: { [self] library, typed in
            try await library.setDuress(typed)
            duress = Twice()
        }
    }

    /// The bytes of a passphrase are wiped whatever happens.
    private func seal(
        _ passphrase: String?, _ told: TextKey, refused: @escaping @MainActor (Phrase) -> Void,
        by body: @escaping @MainActor (any Flashpaper, Data?) async throws -> Void
    ) {
        isBusy = true
        act { [self] library in
            var typed = passphrase.map { Data($0.utf8) }
            defer {
                typed?.wipe()
                isBusy = false
            }
            try await body(library, typed)
            note = Note(text: Phrase(told), tone: .quiet)
        } failed: { [weak self] error in
            if error == .invalidInput(.samePassphrase) { refused(Phrase(.passphraseSame)) } else { self?.note = Note(error) }
        }
    }

    /// One after the other, in the order of the touches.
    private func act(
        _ body: @escaping @MainActor (any Flashpaper) async throws -> Void,
        failed: (@MainActor (FlashpaperError) -> Void)? = nil
    ) {
        note = nil
        app.act(in: order, body) { [weak self] in
            if let failed { failed($0) } else { self?.note = Note($0) }
        }
        refresh()
    }
}

/// A new passphrase, which is typed twice.
private struct Twice: Discreet {
    private var first = ""
    private var again = ""
    private var differs = false
    /// Why it was not taken.
    var fault: Phrase?

    var isWhole: Bool { !first.isEmpty && !again.isEmpty }

    mutating func write(first: String? = nil, again: String? = nil) {
        self.first = first ?? self.first
        self.again = again ?? self.again
        differs = false
        fault = nil
    }

    /// Nil where the two are not the same.
    mutating func typed() -> String? {
        differs = first != again
        return differs ? nil : first
    }

    func field(enabled: Bool) -> Field { Field(text: Verbatim(first), fault: fault, enabled: enabled) }

    func againField(enabled: Bool) -> Field {
        Field(text: Verbatim(again), fault: differs ? Phrase(.passphraseDiffers) : nil, enabled: enabled)
    }
}
