import FlashpaperDemoModel
import SwiftUI

/// The app's settings, and those of a burner.
struct SettingsView: View {
    let model: SettingsModel

    var body: some View {
        Form {
            if let note = model.state.note { Section { NoteRow(note: note, dismiss: model.dismiss) } }
            if let burner = model.state.burner { BurnerRows(burner: burner, model: model) }
            Section {
                OptionsRow(title: TextKey.startEntrance.string, options: model.state.entrances, choose: model.setEntrance)
                if let bridges = model.state.bridges {
                    FieldRow(title: TextKey.startBridgesField.string, field: bridges, isLong: true, keyboard: .asciiCapable, write: model.writeBridges)
                }
            } header: {
                Text(TextKey.settingsConnection)
            } footer: {
                Text(TextKey.settingsConnectionNext)
            }
            Section {
                OptionsRow(title: TextKey.settingsAutoLock.string, options: model.state.autoLock, choose: model.setAutoLock)
            }
            PassphraseRows(state: model.state.passphrase, model: model)
            Section(TextKey.settingsLicences.string) {
                ForEach(model.state.licences.indices, id: \.self) { place in
                    VStack(alignment: .leading) {
                        Text(model.state.licences[place].name)
                        Text(model.state.licences[place].licence).font(.footnote).foregroundStyle(.secondary)
                    }
                }
            }
        }
        .navigationTitle(TextKey.settings.string)
        .navigationBarTitleDisplayMode(.inline)
        .asks(model.state.confirmation, yes: model.confirm, no: model.cancel)
        .belongs(to: model.state.burner?.badge)
    }
}

private struct BurnerRows: View {
    let burner: BurnerSettings
    let model: SettingsModel

    var body: some View {
        Section {
            FieldRow(title: TextKey.settingsLabel.string, field: burner.label, write: model.writeLabel)
            OptionsRow(title: TextKey.settingsHistory.string, options: burner.history, choose: model.setHistory)
            OptionsRow(title: TextKey.settingsExpiry.string, options: burner.expiry, choose: model.setExpiry)
            Text(burner.expiresAt).foregroundStyle(.secondary)
        } header: {
            Text(TextKey.settingsBurner)
        }
        .disabled(!burner.enabled)
    }
}

private struct PassphraseRows: View {
    let state: PassphraseState
    let model: SettingsModel

    var body: some View {
        Section(TextKey.settingsPassphrase.string) {
            SignLabel(sign: state.sign)
            FieldRow(title: TextKey.passphraseField.string, field: state.passphrase, isSecret: true, write: model.writePassphrase)
            FieldRow(title: TextKey.passphraseAgain.string, field: state.again, isSecret: true, write: model.writeAgain)
            Button(TextKey.save.string, action: model.setPassphrase).disabled(!state.canSet)
            if state.canRemove { Button(TextKey.remove.string, role: .destructive, action: model.removePassphrase) }
            if state.isBusy {
                HStack {
                    ProgressView()
                    Text(TextKey.passphraseBusy)
                }
            }
        }
        Section {
            FieldRow(title: TextKey.duressField.string, field: state.duress, isSecret: true, write: model.writeDuress)
            FieldRow(title: TextKey.passphraseAgain.string, field: state.duressAgain, isSecret: true, write: model.writeDuressAgain)
            Button(TextKey.save.string, action: model.setDuress).disabled(!state.canSetDuress)
            if state.canRemoveDuress { Button(TextKey.remove.string, role: .destructive, action: model.removeDuress) }
        } header: {
            Text(TextKey.settingsDuress)
        } footer: {
            Text(state.duressExplanation)
        }
    }
}
