import FlashpaperDemoModel
import SwiftUI

/// Direct or bridges, and one button. Nothing touches a network before it.
struct StartView: View {
    let model: StartModel
    let app: AppModel

    var body: some View {
        List {
            Section {
                VStack(spacing: 12) {
                    Image(systemName: Mark.fire.symbol).font(.largeTitle).foregroundStyle(.orange).accessibilityHidden(true)
                    Text(TextKey.startTitle).font(.title2.bold()).multilineTextAlignment(.center).accessibilityAddTraits(.isHeader)
                    Text(TextKey.startIntro).foregroundStyle(.secondary).multilineTextAlignment(.center)
                }
                .frame(maxWidth: .infinity)
            }
            Section {
                OptionsRow(title: TextKey.startEntrance.string, options: model.state.entrances, choose: model.choose)
                    .pickerStyle(.segmented)
                if let bridges = model.state.bridges {
                    FieldRow(title: TextKey.startBridgesField.string, field: bridges, isLong: true, keyboard: .asciiCapable, write: model.writeBridges)
                }
            } header: {
                Text(TextKey.startEntrance)
            } footer: {
                Text(model.state.explanation)
            }
            if let problem = model.state.problem { Section { ProblemRow(problem: problem, retry: nil) } }
            Section {
                Button(action: model.start) {
                    HStack {
                        if model.state.isBusy { ProgressView() }
                        Text(model.state.button)
                    }
                    .frame(maxWidth: .infinity)
                }
                .buttonStyle(.borderedProminent)
                .controlSize(.large)
                .disabled(!model.state.canStart)
                if model.state.canLook { Button(TextKey.startLook.string, systemImage: "list.bullet", action: model.showBurners) }
                if model.state.canRestore {
                    Button(TextKey.startRestore.string, systemImage: "arrow.uturn.backward", action: model.restore)
                }
            } footer: {
                Text(TextKey.startNothingYet)
            }
        }
        .navigationTitle(TextKey.appName.string)
        .navigationBarTitleDisplayMode(.inline)
        .toolbar {
            ToolbarItem(placement: .topBarLeading) { SettingsButton { app.settings() } }
        }
    }
}

struct SettingsButton: View {
    let action: @MainActor () -> Void

    var body: some View {
        Button(TextKey.settings.string, systemImage: "gearshape", action: action)
            .labelStyle(.iconOnly)
            .accessibilityLabel(TextKey.settings.string)
    }
}
