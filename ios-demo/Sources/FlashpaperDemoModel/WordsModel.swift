import FlashpaperKit
import Foundation
import Observation

/// A burner's recovery words: shown once, then forgotten.
@MainActor
@Observable
public final class WordsModel: ScreenModel {
    public private(set) var state: WordsState

    @ObservationIgnored private unowned let app: AppModel
    @ObservationIgnored private let burner: any Burner
    @ObservationIgnored private var words: [Verbatim]?
    @ObservationIgnored private var areThere = true
    @ObservationIgnored private var asks = false
    @ObservationIgnored private var note: Note?
    @ObservationIgnored private let order = Order()

    init?(_ app: AppModel, _ id: BurnerID) {
        guard let burner = app.library?.burner(id) else { return nil }
        self.app = app
        self.burner = burner
        state = WordsState(
            badge: BurnerBadge(burner.state), words: nil, server: Verbatim(""), canShow: false, canFinish: false,
            canDecline: false, confirmation: nil, gone: nil, note: nil)
        act { [weak self] in self?.areThere = try await burner.wordsLeft() }
    }

    /// Only now they come out of the store.
    public func show() {
        act { [weak self, burner] in
            var bytes = try await burner.recoveryWords()
            defer { bytes?.wipe() }
            self?.areThere = bytes != nil
            self?.words = bytes.map { String(decoding: $0, as: UTF8.self).split(separator: " ").map { Verbatim(String($0)) } }
        }
    }

    /// They are written down: after a second yes they are forgotten.
    public func finish() { ask(state.canFinish) }

    /// The user does not want them.
    public func decline() { ask(state.canDecline) }

    public func confirm() {
        guard asks else { return }
        asks = false
        act { [weak self, app, burner] in
            try await burner.dropRecoveryWords()
            self?.words = nil
            if app.state.screen == .words(burner.id) { app.back() }
        }
        refresh()
    }

    public func cancel() {
        asks = false
        refresh()
    }

    public func dismiss() {
        note = nil
        refresh()
    }

    func covered() { cancel() }

    func leave() { words = nil }

    func refresh() {
        let now = burner.state
        state = WordsState(
            badge: BurnerBadge(now), words: words,
            server: Verbatim(String(now.jid.rawValue.drop { $0 != "@" }.dropFirst())), canShow: areThere && words == nil,
            canFinish: areThere && words != nil, canDecline: areThere,
            confirmation: asks
                ? Confirmation(
                    title: Phrase(.wordsSure), text: Phrase(.wordsSureText), yes: Phrase(.wordsForget), no: Phrase(.wordsKeep),
                    tone: .caution) : nil,
            gone: areThere ? nil : Phrase(.wordsGone), note: note)
    }

    private func ask(_ can: Bool) {
        asks = can
        refresh()
    }

    private func act(_ body: @escaping @MainActor () async throws -> Void) {
        app.act(in: order) { _ in try await body() } failed: { [weak self] in self?.note = Note($0) }
    }
}
