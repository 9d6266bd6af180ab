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
    @ObservationIgnored private var wasAsked = false
    @ObservationIgnored private var report: PanicReport?

    init(_ app: AppModel) {
        self.app = app
        state = PanicState(
            slid: 0, canSlide: true, explanation: Phrase(.panicExplanation), action: Phrase(.panicAccessible), done: nil,
            problem: nil, canClose: false)
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

    /// Done twice it ends everything: for people who cannot slide.
    public func withoutSliding() {
        guard state.canSlide else { return }
        if wasAsked { panic() } else { wasAsked = true }
        refresh()
    }

    /// Once more, where something is left.
    public func retry() {
        if state.problem != nil { panic() }
        refresh()
    }

    /// To the first screen of an empty app, or of one that has kept what could not be removed.
    public func close() { if state.canClose { app.startAnew() } }

    func refresh() {
        let left: TextKey? = report?.keyKept != nil ? .panicKeyKept : report?.filesLeft != nil ? .panicFilesLeft : nil
        state = PanicState(
            slid: slid, canSlide: report == nil, explanation: Phrase(.panicExplanation),
            action: Phrase(wasAsked ? .panicAccessibleAgain : .panicAccessible),
            done: report == PanicReport() ? Sign(.tick, .panicDone, .good) : nil,
            problem: left.map { Problem(Sign(.warning, $0, .danger), Phrase(.panicLeftAdvice)) }, canClose: report != nil)
    }

    /// At once, on this thread: nothing may come between the touch and the end.
    private func panic() { report = app.endEverything() }
}
