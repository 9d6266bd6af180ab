import FlashpaperKit
import Foundation
import Observation

/// Brings a burner back from its words.
@MainActor
@Observable
public final class RestoreModel: ScreenModel, EventReader {
    public private(set) var state: RestoreState

    @ObservationIgnored private unowned let app: AppModel
    @ObservationIgnored private var words = ""
    @ObservationIgnored private var server = ""
    @ObservationIgnored private var step: Step?
    @ObservationIgnored private var failed: FlashpaperError?
    @ObservationIgnored private var working: Task<Void, Never>?

    init(_ app: AppModel) {
        self.app = app
        state = RestoreState(
            words: Field(), server: Field(), canRestore: false, first: nil, isBusy: false, step: nil, problem: nil)
    }

    public func writeWords(_ words: String) { edit { $0.words = words } }

    public func writeServer(_ server: String) { edit { $0.server = server } }

    public func restore() {
        guard state.canRestore else { return }
        failed = nil
        step = nil
        // The way to connect was chosen on the first screen; this touch is the other yes.
        if app.tor != .ready { app.startTor() }
        var typed = Data(words.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ").utf8)
        working = app.act { [self, server] _ in
            defer {
                typed.wipe()
                working = nil
            }
            let library = try await app.waitForTor()
            let burner = try await library.restore(words: typed, server: server.trimmingCharacters(in: .whitespaces))
            app.made(burner.id, withWords: false)
        } failed: { [weak self] in
            self?.failed = $0
        }
        refresh()
    }

    public func cancel() {
        if working == nil { app.back() } else { leave() }
    }

    func leave() {
        working?.cancel()
        working = nil
        refresh()
    }

    func seen(_ event: Event) {
        if case .restoring(_, let step) = event { self.step = step }
    }

    func refresh() {
        let tor = app.tor
        let isBusy = working != nil
        let (wordsFault, serverFault) = (failed?.wordsFault, failed == .invalidInput(.server) ? Phrase(.restoreBadServer) : nil)
        let isFault = wordsFault != nil || serverFault != nil
        let goesOn = tor == .ready ? step.map { Sign($0).text } ?? Phrase(.restoreBusy) : Sign(tor).text
        state = RestoreState(
            words: Field(text: Verbatim(words), fault: wordsFault, enabled: !isBusy),
            server: Field(text: Verbatim(server), fault: serverFault, enabled: !isBusy),
            canRestore: !isBusy && !words.allSatisfy(\.isWhitespace) && !server.allSatisfy(\.isWhitespace),
            first: tor == .ready || isBusy ? nil : Phrase(.restoreConnects), isBusy: isBusy, step: isBusy ? goesOn : nil,
            problem: isFault ? nil : (failed ?? (isBusy ? app.torProblem : nil)).map { Problem(ofRestore: $0) })
    }

    private func edit(_ change: (RestoreModel) -> Void) {
        app.touch()
        guard working == nil else { return }
        change(self)
        failed = nil
        refresh()
    }
}

extension Problem {
    fileprivate init(ofRestore error: FlashpaperError) {
        switch error {
        case .noSuchBurner:
            self.init(Sign(.failed, .restoreNone, .caution), Phrase(.problemInputAdvice), canRetry: false)
        case .alreadyHere: self.init(Sign(.info, .restoreHere, .quiet), Phrase(.problemGoneAdvice), canRetry: false)
        default: self.init(error)
        }
    }
}

extension FlashpaperError {
    /// What is wrong with the words that were written.
    fileprivate var wordsFault: Phrase? {
        switch self {
        case .invalidInput(.words(.count(let count))): Phrase(.restoreCount, .number(count))
        case .invalidInput(.words(.unknown(let at, let nearest))):
            Phrase(.restoreUnknown, .number(at), .verbatim(Verbatim(nearest.word)))
        case .invalidInput(.words(.checksum)): Phrase(.restoreChecksum)
        default: nil
        }
    }
}

extension Data {
    /// Leaves nothing of a secret in these bytes.
    mutating func wipe() { resetBytes(in: startIndex..<endIndex) }
}
