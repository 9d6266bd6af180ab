import FlashpaperDemoModel
import SwiftUI

/// Burns a burner, by a button that has to be held.
struct BurnView: View {
    let model: BurnModel

    var body: some View {
        List {
            Section {
                Text(model.state.address).font(.callout.monospaced()).privacySensitive()
                Text(model.state.explanation)
            }
            if let problem = model.state.problem { Section { ProblemRow(problem: problem, retry: nil) } }
            if !model.state.steps.isEmpty {
                Section { ForEach(model.state.steps.indices, id: \.self) { SignLabel(sign: model.state.steps[$0]) } }
            }
            Section { HoldButton(model: model) }
        }
        .navigationTitle(TextKey.burnTitle.string)
        .navigationBarTitleDisplayMode(.inline)
        .belongs(to: model.state.badge)
    }
}

private struct HoldButton: View {
    let model: BurnModel

    var body: some View {
        VStack(spacing: 10) {
            Label(model.state.button.string, systemImage: Mark.fire.symbol)
                .font(.headline)
                .foregroundStyle(.white)
                .frame(maxWidth: .infinity, minHeight: 56)
                .background(.red, in: RoundedRectangle(cornerRadius: 14))
                .disabled(!model.state.canHold)
            ProgressView(value: model.state.held).tint(.red).accessibilityHidden(true)
        }
        .onLongPressGesture(minimumDuration: .infinity, maximumDistance: 80, perform: {}) { isPressing in
            if isPressing { model.holdStarted() } else { model.holdEnded() }
        }
        .accessibilityElement(children: .ignore)
        .accessibilityAddTraits(.isButton)
        .accessibilityLabel(model.state.button.string)
        // A screen reader cannot hold: its action asks for a second touch.
        .accessibilityAction(named: model.state.action.string, model.burnWithoutHolding)
    }
}

/// How a burn went.
struct BurnReportView: View {
    let model: BurnReportModel

    var body: some View {
        List {
            Section {
                SignLabel(sign: model.state.sign).font(.title2.bold())
                Text(model.state.explanation)
                if let reason = model.state.reason { Text(reason).foregroundStyle(.secondary) }
            }
            Section {
                if model.state.canRetry { Button(TextKey.reportRetry.string, systemImage: "arrow.clockwise", action: model.retry) }
                if model.state.isBusy { ProgressView() }
                Button(TextKey.close.string, action: model.close).buttonStyle(.borderedProminent)
            }
        }
        .navigationTitle(TextKey.reportTitle.string)
        .navigationBarTitleDisplayMode(.inline)
        .belongs(to: model.state.badge, says: .burnerSpoke)
    }
}
