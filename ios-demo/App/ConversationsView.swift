import FlashpaperDemoModel
import FlashpaperKit
import SwiftUI

/// A burner's contacts. It only reads the model and calls it.
struct ConversationsView: View {
    let model: ConversationsModel
    @State private var address = ""

    var body: some View {
        List {
            Text(words(for: model.state.connection)).font(.caption)
            if let failed = model.state.failed {
                TellRow(text: words(for: failed), dismiss: model.dismiss)
            }
            if !model.state.news.isEmpty {
                let lines = model.state.news.map { "\($0.peer.rawValue): \(words(for: $0.news))" }
                TellRow(text: lines.joined(separator: "\n"), dismiss: model.dismiss).privacySensitive()
            }
            Section("This burner") {
                Text(model.state.own?.uri ?? model.state.burner.jid.rawValue).textSelection(.enabled).privacySensitive()
            }
            Section("Conversations") {
                if model.state.contacts.isEmpty { Text("None yet").foregroundStyle(.secondary) }
                ForEach(model.state.contacts, id: \.peer) { contact in
                    Button {
                        model.open(contact.peer)
                    } label: {
                        VStack(alignment: .leading) {
                            Text(contact.label ?? contact.peer.rawValue).privacySensitive()
                            Text(words(for: contact)).font(.caption).foregroundStyle(.secondary)
                        }
                    }
                }
                EntryRow(prompt: "Address or xmpp: link", button: "Add", text: $address, done: model.add)
            }
        }
        .navigationTitle("Contacts")
        .navigationDestination(isPresented: chatIsOpen) { ChatView(model: model) }
    }

    private var chatIsOpen: Binding<Bool> {
        Binding { model.state.chat != nil } set: { if !$0 { model.leave() } }
    }
}

/// What the user is told until it is dismissed.
struct TellRow: View {
    let text: String
    let dismiss: @MainActor () -> Void

    var body: some View {
        HStack {
            Text(text)
            Spacer()
            Button("Dismiss", systemImage: "xmark", action: dismiss)
                .labelStyle(.iconOnly)
                .buttonStyle(.borderless)
        }
    }
}

/// A line to write, and a button that does something with it.
struct EntryRow: View {
    let prompt: String
    let button: String
    @Binding var text: String
    let done: @MainActor (String) -> Void

    var body: some View {
        HStack {
            TextField(prompt, text: $text)
            Button(button) {
                done(text)
                text = ""
            }
            .buttonStyle(.borderless)
            .disabled(text.isEmpty)
        }
    }
}
