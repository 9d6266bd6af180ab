import FlashpaperKit
import Observation

/// Direct or bridges, and one button: nothing but the button starts Tor.
@MainActor
@Observable
public final class StartModel: ScreenModel {
    public private(set) var state: StartState

    @ObservationIgnored private unowned let app: AppModel

    init(_ app: AppModel) {
        self.app = app
        state = Self.state(app)
    }

    public func choose(_ entrance: Entrance) {
        app.choose(entrance)
        refresh()
    }

    public func writeBridges(_ lines: String) {
        app.writeBridges(lines)
        refresh()
    }

    /// The one button: connects, and makes the first burner if there is none. A store that was closed is opened again.
    public func start() {
        guard state.canStart else { return }
        if app.library != nil { connect() } else { Task { if await app.open(nil) { connect() } } }
    }

    /// Shows the burners without connecting.
    public func showBurners() { if state.canLook { app.show([.burners]) } }

    public func restore() { if state.canRestore { app.go(to: .restore) } }

    func refresh() { state = Self.state(app) }

    private func connect() {
        app.startTor()
        app.lead(to: app.library?.state.burners.isEmpty == false ? [.burners] : [.burners, .creating])
    }

    private static func state(_ app: AppModel) -> StartState {
        let burners = app.library?.state.burners ?? []
        let isDirect = app.choices.entrance == .direct
        let isBusy = app.isOpening || app.isStarting
        return StartState(
            entrances: app.entrances, explanation: Phrase(isDirect ? .startDirectExplanation : .startBridgesExplanation),
            bridges: app.bridges, button: Phrase(isBusy ? .startBusy : burners.isEmpty ? .startMake : .startConnect),
            canStart: !isBusy && (isDirect || !app.choices.bridges.allSatisfy(\.isWhitespace)),
            isBusy: isBusy, canLook: !burners.isEmpty, canRestore: !isBusy && app.library != nil,
            problem: app.bridgeFault == nil ? app.torProblem.map { Problem($0) } : nil)
    }
}

extension AppModel {
    var entrances: [Option<Entrance>] {
        [
            Option(value: .direct, text: Phrase(.startDirect), chosen: choices.entrance == .direct),
            Option(value: .bridges, text: Phrase(.startBridges), chosen: choices.entrance == .bridges),
        ]
    }

    /// The field for the lines of bridges, where some are needed.
    var bridges: Field? {
        guard choices.entrance == .bridges else { return nil }
        let isBlank = choices.bridges.allSatisfy(\.isWhitespace)
        return Field(text: Verbatim(choices.bridges), fault: isBlank ? Phrase(.startBridgesMissing) : bridgeFault)
    }

    /// What is wrong with the lines of bridges, since Tor was to go by them.
    var bridgeFault: Phrase? {
        switch notStarted {
        case .invalidInput(.bridge(let line, .transport)): Phrase(.startBridgesTransport, .number(line))
        case .invalidInput(.bridge(let line, _)): Phrase(.startBridgesFault, .number(line))
        default: nil
        }
    }

    func choose(_ entrance: Entrance) {
        giveUpTry()
        change { $0.entrance = entrance }
    }

    func writeBridges(_ lines: String) {
        touch()
        forgetBridgeFault()
        giveUpTry()
        change { $0.bridges = lines }
    }
}
