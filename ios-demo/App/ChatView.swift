import FlashpaperDemoModel
import FlashpaperKit
import SwiftUI

/// One chat: how private it is, what was said, and what can be done about either.
struct ChatView: View {
    let model: ConversationsModel
    @State private var draft = ""

    var body: some View {
        List {
            Text(words(for: model.state.connection)).font(.caption)
            if let chat = model.state.chat {
                Section { LockRows(model: model, peer: chat.conversation) }
                if let failed = model.state.failed {
                    TellRow(text: words(for: failed), dismiss: model.dismiss)
                }
                if let news = chat.news {
                    TellRow(text: words(for: news), dismiss: model.dismiss)
                }
                Section {
                    if chat.hasEarlier { Button("Earlier messages", action: model.showEarlier) }
                    ForEach(chat.messages, id: \.id) { MessageRow(message: $0) }
                }
                Section { StandingRows(model: model, relationship: chat.conversation.relationship, draft: $draft) }
            }
        }
        .navigationTitle(model.state.chat.map { $0.conversation.label ?? $0.conversation.peer.rawValue } ?? "")
    }
}

private struct LockRows: View {
    let model: ConversationsModel
    let peer: ChatState

    var body: some View {
        Text(words(for: peer.security))
        if peer.version == 2 { Text("OTR version 2: the peer's app offers nothing newer") }
        if peer.question != nil { Text("The peer asks for a comparison: see Verify.") }
        switch peer.security {
        case .plaintext, .finished:
            if peer.relationship == .contact { Button("Start private conversation", action: model.startPrivate) }
        case .keyChanged:
            if let key = peer.key { Button("Accept the new key") { model.acceptKey(key) } }
        case .private, .verified:
            EmptyView()
        }
        if peer.security != .plaintext { Button("End", role: .destructive, action: model.endPrivate) }
        if peer.key != nil {
            NavigationLink("Verify") { VerifyView(model: model) }
        }
    }
}

private struct MessageRow: View {
    let message: Message

    var body: some View {
        VStack(alignment: came ? .leading : .trailing) {
            Text(message.text).privacySensitive()
            Text(words(for: message)).font(.caption).foregroundStyle(.secondary)
        }
        .frame(maxWidth: .infinity, alignment: came ? .leading : .trailing)
    }

    private var came: Bool { message.state == .received || message.state == .taken }
}

private struct StandingRows: View {
    let model: ConversationsModel
    let relationship: Relationship
    @Binding var draft: String

    var body: some View {
        switch relationship {
        case .contact:
            EntryRow(prompt: "Message", button: "Send", text: $draft, done: model.send)
            Button("Block", role: .destructive) { model.block(true) }
        case .stranger:
            Button("Accept", action: model.accept)
            Button("Block", role: .destructive) { model.block(true) }
        case .blocked:
            Button("Unblock") { model.block(false) }
        }
    }
}
