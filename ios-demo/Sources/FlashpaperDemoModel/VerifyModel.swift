import FlashpaperKit
import Foundation
import Observation

/// Shows that a contact of one burner is who they say.
@MainActor
@Observable
public final class VerifyModel: ScreenModel, EventReader {
    public private(set) var state: VerifyState

    @ObservationIgnored private unowned let app: AppModel
    @ObservationIgnored private let burner: any Burner
    @ObservationIgnored private let chat: any Chat
    @ObservationIgnored private var way = VerifyWay.secret
    @ObservationIgnored private var question = ""
    @ObservationIgnored private var secret = ""
    @ObservationIgnored private var fault: Phrase?
    @ObservationIgnored private var result: Comparison?
    @ObservationIgnored private var own: Fingerprint?
    @ObservationIgnored private var note: Note?
    @ObservationIgnored private let order = Order()

    init?(_ app: AppModel, _ id: BurnerID, _ peer: JID) {
        guard let burner = app.library?.burner(id), let chat = burner.chat(with: peer) else { return nil }
        self.app = app
        self.burner = burner
        self.chat = chat
        state = VerifyState(
            badge: BurnerBadge(burner.state), name: chat.state.name, lock: Mode(burner.state, chat.state).sign, ways: [],
            explanation: Phrase(.verifyNotPrivate), asked: nil, question: Field(), secret: Field(),
            button: Phrase(.verifyCompare), canCompare: false, waits: nil, canAbort: false, result: nil, resultText: nil,
            own: nil, theirs: nil, canConfirmDigits: false, canTakeBack: false, note: nil)
        act { [weak self] in self?.own = try await burner.fingerprint() }
    }

    /// A comparison goes on where the screen is left, and is there again on the way back.
    private var waits: Bool {
        get { app.comparing.contains(.verify(burner.id, chat.peer)) }
        set {
            let screen = Screen.verify(burner.id, chat.peer)
            if newValue { app.comparing.insert(screen) } else { app.comparing.remove(screen) }
        }
    }

    public func choose(_ way: VerifyWay) {
        self.way = way
        refresh()
    }

    public func writeQuestion(_ question: String) {
        app.touch()
        self.question = question
        refresh()
    }

    public func writeSecret(_ secret: String) {
        app.touch()
        self.secret = secret
        fault = nil
        refresh()
    }

    /// Compares the secret with the contact's, or answers their question.
    public func compare() {
        guard state.canCompare else { return }
        let typed = normalised(secret)
        guard !typed.isEmpty else {
            fault = Phrase(.verifyEmpty)
            return refresh()
        }
        let ours = question.trimmingCharacters(in: .whitespacesAndNewlines)
        waits = true
        result = nil
        act { [weak self, chat, asked] in
            if let asked {
                try await chat.answer(typed, to: asked.question?.text)
            } else {
                try await chat.compare(typed, question: ours.isEmpty ? nil : ours)
            }
            self?.secret = ""
        }
    }

    public func abort() {
        guard state.canAbort else { return }
        act { [weak self, chat] in
            try await chat.abortComparison()
            self?.waits = false
        }
    }

    /// The digits are the same.
    public func confirmDigits() { if state.canConfirmDigits { setVerified(true) } }

    /// The contact is not verified any more.
    public func takeBack() { if state.canTakeBack { setVerified(false) } }

    public func dismiss() {
        note = nil
        result = nil
        refresh()
    }

    func seen(_ event: Event) {
        guard case .comparison(burner.id, chat.peer, let comparison) = event else { return }
        if case .asked = comparison {
            result = nil
        } else {
            waits = false
            result = comparison
            // It is seen here.
            app.news.dismiss(burner.id, chat.peer)
        }
    }

    func refresh() {
        let now = chat.state
        let mode = Mode(burner.state, now)
        let isDigits = way == .digits
        let key = isPrivate ? now.key : nil
        let isVerified = now.keys.contains { $0.fingerprint == key && $0.verified }
        state = VerifyState(
            badge: BurnerBadge(burner.state), name: now.name, lock: mode.sign,
            ways: [
                Option(value: .secret, text: Phrase(.verifySecret), chosen: !isDigits),
                Option(value: .digits, text: Phrase(.verifyDigits), chosen: isDigits),
            ],
            explanation: Phrase(explanation), asked: asked,
            question: Field(text: Verbatim(question), enabled: isPrivate && !waits && asked == nil),
            secret: Field(text: Verbatim(secret), fault: fault, enabled: isPrivate && !waits),
            button: Phrase(asked == nil ? .verifyCompare : .verifyAnswer),
            canCompare: isPrivate && !waits && !secret.isEmpty, waits: waits ? Phrase(.verifyWaits) : nil,
            canAbort: waits || asked != nil, result: result.map { Sign($0) },
            resultText: result == .different ? Phrase(.verifyDifferentText) : nil, own: own?.groups, theirs: key?.groups,
            canConfirmDigits: key != nil && own != nil && !isVerified, canTakeBack: isVerified, note: note)
    }

    private var isPrivate: Bool { chat.state.security.isPrivate }

    private var asked: Asked? {
        if case .asked(let question) = chat.state.question { Asked(question: question.map { Verbatim($0) }) } else { nil }
    }

    private var explanation: TextKey {
        guard isPrivate else { return .verifyNotPrivate }
        guard way == .secret else { return .verifyDigitsExplanation }
        guard let asked else { return .verifySecretExplanation }
        return asked.question == nil ? .verifyAskedPlainExplanation : .verifyAskedExplanation
    }

    /// Of the digits that are on the screen, not of a key that comes meanwhile.
    private func setVerified(_ verified: Bool) {
        guard let shown = state.theirs, let key = Fingerprint(shown.map(\.text).joined()) else { return }
        act { [chat] in try await chat.setVerified(verified, key: key) }
    }

    private func act(_ body: @escaping @MainActor () async throws -> Void) {
        note = nil
        app.act(in: order) { _ in try await body() } failed: { [weak self] error in
            self?.waits = false
            self?.note = Note(error)
        }
        refresh()
    }
}

/// A secret as it is compared: as the same person means it on any keyboard. Compatibility forms are one (Unicode NFKC), capital
/// letters count as small ones by no language's rule, a sigma at the end of a word as any other, and blanks count once between
/// words and not at the ends. The library compares bytes, so both sides have to do the same: the Android app does.
func normalised(_ secret: String) -> String {
    let small = secret.precomposedStringWithCompatibilityMapping.lowercased().unicodeScalars.map { $0 == "\u{3C2}" ? "\u{3C3}" : $0 }
    // By scalars: an accent that stands alone is no part of the blank before it.
    return small.split { $0.properties.isWhitespace }
        .map { word in String(String.UnicodeScalarView(word)) }.joined(separator: " ")
}
