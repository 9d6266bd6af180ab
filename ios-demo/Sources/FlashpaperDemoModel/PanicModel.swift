import FlashpaperKit
import Observation

/// So far the slider has to go.
private let end = 0.95

/// Ends everything on this device. The first touch leads here, the second is a slide.
@MainActor
@Observable
public final class PanicModel: ScreenModel {
    public private(set) var state: PanicState

    @ObservationIgnored private unowned let app: AppModel
    @ObservationIgnored private var slid = 0.0
    @ObservationIgnored private var report: PanicReport?

    init(_ app: AppModel) {
        self.app = app
        state = PanicState(slid: 0, canSlide: true, explanation: Phrase(.panicExplanation), done: nil, problem: nil)
    }

    public func slide(_ fraction: Double) {
        guard state.canSlide else { return }
        slid = min(max(fraction, 0), 1)
        refresh()
    }

    /// Lets go: at the end of the way it is done, before it nothing has happened.
    public func letGo() {
        let isThere = slid >= end
        slid = 0
        if isThere && report == nil { panic() }
        refresh()
    }

    public func retry() {
        if report != nil { panic() }
        refresh()
    }

    /// To the first screen of an empty app, or back where nothing was done.
    public func close() {
        if report == nil { app.back() } else { app.startAnew() }
    }

    func refresh() {
        let left: TextKey? = report?.keyKept != nil ? .panicKeyKept : report?.filesLeft != nil ? .panicFilesLeft : nil
        state = PanicState(
            slid: slid, canSlide: report == nil, explanation: Phrase(.panicExplanation),
            done: report == PanicReport() ? Sign(.tick, .panicDone, .good) : nil,
            problem: left.map { Problem(Sign(.warning, $0, .danger), Phrase(.panicLeftAdvice)) })
    }

    /// At once, on this thread: nothing may come between the touch and the end.
    private func panic() { report = app.endEverything() }
}
