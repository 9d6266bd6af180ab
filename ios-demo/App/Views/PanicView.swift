import FlashpaperDemoModel
import SwiftUI

/// Ends everything on this device: the second touch is a slide.
struct PanicView: View {
    let model: PanicModel

    var body: some View {
        List {
            Section {
                if let done = model.state.done {
                    SignLabel(sign: done).font(.title2.bold())
                } else if model.state.canSlide {
                    Text(model.state.explanation)
                }
                if let problem = model.state.problem { ProblemRow(problem: problem, retry: model.retry) }
            }
            if model.state.canSlide {
                Section {
                    VStack(spacing: 8) {
                        Text(TextKey.panicSlide).font(.headline).foregroundStyle(.red)
                        Slider(
                            value: Binding { model.state.slid } set: { model.slide($0) },
                            onEditingChanged: { isMoved in if !isMoved { model.letGo() } }
                        )
                        .tint(.red)
                        .accessibilityLabel(TextKey.panicSlide.string)
                        // A screen reader moves a slider in steps and lets go of none: its action asks for a second touch.
                        .accessibilityAction(named: model.state.action.string, model.withoutSliding)
                    }
                }
            }
            if model.state.canClose { Section { Button(TextKey.close.string, action: model.close) } }
        }
        .navigationTitle(TextKey.panicTitle.string)
        .navigationBarTitleDisplayMode(.inline)
    }
}

/// The store is locked.
struct UnlockView: View {
    let model: UnlockModel

    var body: some View {
        List {
            Section {
                Text(model.state.explanation)
                if let passphrase = model.state.passphrase {
                    FieldRow(title: TextKey.unlockField.string, field: passphrase, isSecret: true, write: model.writePassphrase)
                        .onSubmit(model.unlock)
                }
                Button(TextKey.unlockButton.string, systemImage: Mark.open.symbol, action: model.unlock)
                    .buttonStyle(.borderedProminent)
                    .disabled(!model.state.canUnlock)
                if model.state.isBusy {
                    HStack {
                        ProgressView()
                        Text(TextKey.unlockBusy)
                    }
                }
            }
            if let problem = model.state.problem { Section { ProblemRow(problem: problem, retry: nil) } }
        }
        .navigationTitle(TextKey.unlockTitle.string)
        .navigationBarTitleDisplayMode(.inline)
    }
}
