import FlashpaperDemoModel
import SwiftUI

/// Brings a burner back from its words.
struct RestoreView: View {
    let model: RestoreModel

    var body: some View {
        List {
            Section {
                FieldRow(title: TextKey.restoreWords.string, field: model.state.words, isLong: true, keyboard: .asciiCapable, write: model.writeWords)
                FieldRow(title: TextKey.restoreServer.string, field: model.state.server, keyboard: .URL, write: model.writeServer)
            } footer: {
                Text(TextKey.restoreExplanation)
            }
            if let problem = model.state.problem { Section { ProblemRow(problem: problem, retry: nil) } }
            Section {
                Button(TextKey.restoreButton.string, action: model.restore)
                    .buttonStyle(.borderedProminent)
                    .disabled(!model.state.canRestore)
                if model.state.isBusy {
                    HStack {
                        ProgressView()
                        if let step = model.state.step { Text(step) }
                    }
                    Button(TextKey.cancel.string, role: .cancel, action: model.cancel)
                }
            } footer: {
                if let first = model.state.first { Text(first) }
            }
        }
        .navigationTitle(TextKey.restoreTitle.string)
        .navigationBarTitleDisplayMode(.inline)
    }
}

/// A burner's recovery words, shown once.
struct WordsView: View {
    let model: WordsModel

    var body: some View {
        List {
            Section {
                if let note = model.state.note { NoteRow(note: note, dismiss: model.dismiss) }
                if let gone = model.state.gone { Text(gone) }
                if let words = model.state.words {
                    ForEach(words.indices, id: \.self) { place in
                        Text(Words.string(.wordsWord, [.number(place + 1), .verbatim(words[place])])).font(.body.monospaced())
                    }
                }
                Text(Words.string(.wordsServer, [.verbatim(model.state.server)]))
                if model.state.canShow { Button(TextKey.wordsShow.string, systemImage: "eye", action: model.show) }
            } header: {
                Text(TextKey.wordsExplanation)
            } footer: {
                Text(TextKey.wordsWarning)
            }
            .privacySensitive()
            Section {
                Button(TextKey.wordsFinish.string, action: model.finish).disabled(!model.state.canFinish)
                Button(TextKey.wordsDecline.string, role: .destructive, action: model.decline).disabled(!model.state.canDecline)
            }
        }
        .navigationTitle(TextKey.wordsTitle.string)
        .navigationBarTitleDisplayMode(.inline)
        .asks(model.state.confirmation, yes: model.confirm, no: model.cancel)
        .belongs(to: model.state.badge)
    }
}
