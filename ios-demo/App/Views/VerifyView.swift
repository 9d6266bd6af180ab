import FlashpaperDemoModel
import SwiftUI

/// Shows that a contact is who they say: by a secret that both know, or by digits that are read aloud.
struct VerifyView: View {
    let model: VerifyModel

    var body: some View {
        Form {
            Section {
                Text(model.state.name).font(.headline).privacySensitive()
                SignLabel(sign: model.state.lock)
                if let result = model.state.result { SignLabel(sign: result).font(.headline) }
                if let text = model.state.resultText { Text(text) }
            }
            if let note = model.state.note { Section { NoteRow(note: note, dismiss: model.dismiss) } }
            Section {
                OptionsRow(title: TextKey.verifyTitle.string, options: model.state.ways, choose: model.choose)
                    .pickerStyle(.segmented)
            } footer: {
                Text(model.state.explanation)
            }
            if model.state.ways.contains(where: { $0.value == .digits && $0.chosen }) {
                DigitRows(model: model)
            } else {
                SecretRows(model: model)
            }
        }
        .navigationTitle(TextKey.verifyTitle.string)
        .navigationBarTitleDisplayMode(.inline)
        .belongs(to: model.state.badge)
    }
}

private struct SecretRows: View {
    let model: VerifyModel

    var body: some View {
        Section {
            if let asked = model.state.asked {
                if let question = asked.question {
                    Text(TextKey.verifyAsked).font(.subheadline).foregroundStyle(.secondary)
                    Text(question).font(.headline)
                } else {
                    Text(TextKey.verifyAskedNothing)
                }
            } else {
                FieldRow(title: TextKey.verifyQuestionField.string, field: model.state.question, write: model.writeQuestion)
            }
            FieldRow(title: TextKey.verifySecretField.string, field: model.state.secret, write: model.writeSecret)
            Button(model.state.button.string, action: model.compare)
                .buttonStyle(.borderedProminent)
                .disabled(!model.state.canCompare)
            if let waits = model.state.waits {
                HStack {
                    ProgressView()
                    Text(waits)
                }
            }
            if model.state.canAbort { Button(TextKey.verifyStop.string, role: .cancel, action: model.abort) }
        }
    }
}

private struct DigitRows: View {
    let model: VerifyModel

    var body: some View {
        if let own = model.state.own { Section(TextKey.verifyOwn.string) { DigitsView(groups: own) } }
        Section(Words.string(.verifyTheirs, [.verbatim(model.state.name)])) {
            if let theirs = model.state.theirs { DigitsView(groups: theirs) } else { Text(TextKey.verifyTheirsNone) }
            if model.state.canConfirmDigits {
                Button(TextKey.verifyConfirm.string, systemImage: Mark.shield.symbol, action: model.confirmDigits)
                    .buttonStyle(.borderedProminent)
            }
            if model.state.canTakeBack { Button(TextKey.verifyTakeBack.string, role: .destructive, action: model.takeBack) }
        }
    }
}

/// Digits in groups, each read aloud digit by digit.
struct DigitsView: View {
    let groups: [Verbatim]

    var body: some View {
        VStack(alignment: .leading, spacing: 6) {
            // Two groups a line, so that the eye does not get lost.
            ForEach(Array(stride(from: 0, to: groups.count, by: 2)), id: \.self) { first in
                HStack(spacing: 24) {
                    ForEach(groups[first..<min(first + 2, groups.count)].indices, id: \.self) { place in
                        Text(groups[place])
                            .font(.title3.monospaced())
                            .accessibilityLabel(groups[place].text.map(String.init).joined(separator: " "))
                    }
                }
            }
        }
        // Hexadecimal digits are written from left to right in every language.
        .environment(\.layoutDirection, .leftToRight)
        .privacySensitive()
        .textSelection(.enabled)
    }
}
