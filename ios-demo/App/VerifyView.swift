import FlashpaperDemoModel
import FlashpaperKit
import SwiftUI

/// Two ways to know that a key is the peer's: digits to compare, or a secret that both know.
struct VerifyView: View {
    let model: ConversationsModel
    @State private var question = ""
    @State private var secret = ""

    var body: some View {
        List {
            if let chat = model.state.chat {
                Text(words(for: chat.conversation.security))
                if let failed = model.state.failed {
                    TellRow(text: words(for: failed), dismiss: model.dismiss)
                }
                if let news = chat.news {
                    TellRow(text: words(for: news), dismiss: model.dismiss)
                }
                ForEach(keys(of: chat.conversation), id: \.self) { key in
                    Section("Digits: compare them on another way") {
                        LabeledContent("Yours", value: model.state.own?.fingerprint.digits ?? "…").monospaced()
                        LabeledContent("Theirs", value: key.digits).monospaced()
                        Toggle("I have compared them", isOn: isVerified(key, chat.conversation))
                    }
                }
                Section("A secret") { secretRows(chat.conversation) }
            }
        }
        .navigationTitle("Verify")
    }

    @ViewBuilder private func secretRows(_ peer: ChatState) -> some View {
        if case .asked(let asked) = peer.question {
            Text("The peer asks: \(asked ?? "for a secret that you both know")")
            EntryRow(prompt: "Answer", button: "Answer", text: $secret) { model.answer($0, to: asked) }
        } else {
            Text("Ask what only the two of you know.")
            TextField("Question, readable by the peer", text: $question)
            EntryRow(prompt: "The right answer", button: "Ask", text: $secret) {
                model.compare($0, question: question.isEmpty ? nil : question)
            }
        }
        Button("End the comparison", role: .cancel, action: model.abortComparison)
    }

    /// The one in use, and those that are verified: of one of a lost phone, say, that can be taken back.
    private func keys(of peer: ChatState) -> [Fingerprint] {
        let verified = peer.keys.filter { $0.verified && $0.fingerprint != peer.key }
        return [peer.key].compactMap { $0 } + verified.map(\.fingerprint)
    }

    private func isVerified(_ key: Fingerprint, _ peer: ChatState) -> Binding<Bool> {
        Binding {
            peer.keys.contains { $0.fingerprint == key && $0.verified }
        } set: {
            model.setVerified($0, key: key)
        }
    }
}
