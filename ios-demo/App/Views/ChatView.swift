import FlashpaperDemoModel
import SwiftUI

/// One conversation of one burner.
struct ChatView: View {
    let model: ChatModel

    var body: some View {
        ScrollView {
            VStack(spacing: 8) {
                if model.state.hasEarlier { Button(TextKey.chatEarlier.string, action: model.showEarlier).buttonStyle(.borderless) }
                if let empty = model.state.empty { Text(empty).foregroundStyle(.secondary).padding(24) }
                ForEach(model.state.bubbles, id: \.id) { BubbleView(bubble: $0, model: model) }
            }
            .padding(12)
        }
        .defaultScrollAnchor(.bottom)
        .safeAreaInset(edge: .top, spacing: 0) { LockStrip(model: model) }
        .safeAreaInset(edge: .bottom, spacing: 0) { InputBar(model: model) }
        .belongs(to: model.state.badge)
        .navigationTitle(model.state.name.text)
        .navigationBarTitleDisplayMode(.inline)
        .toolbar {
            if !model.state.others.isEmpty {
                ToolbarItem(placement: .topBarTrailing) {
                    Menu {
                        ForEach(model.state.others, id: \.act) { ActView(button: $0, model: model) }
                    } label: {
                        Image(systemName: "ellipsis.circle").accessibilityLabel(TextKey.more.string)
                    }
                }
            }
        }
        .asks(model.state.confirmation, yes: model.confirm, no: model.cancel)
    }
}

/// How private the chat is: word, icon and colour, what that means, and what is best done now.
private struct LockStrip: View {
    let model: ChatModel

    var body: some View {
        VStack(alignment: .leading, spacing: 6) {
            SignLabel(sign: model.state.lock).font(.headline)
            Text(model.state.explanation).font(model.state.mustRead ? .body : .footnote)
            if let presence = model.state.presence { Text(presence).font(.footnote).foregroundStyle(.secondary) }
            if let main = model.state.main { ActView(button: main, model: model).buttonStyle(.borderedProminent) }
            if let offline = model.state.offline { SignLabel(sign: offline).font(.footnote) }
            if let note = model.state.note { NoteRow(note: note, dismiss: model.dismiss) }
        }
        .frame(maxWidth: .infinity, alignment: .leading)
        .padding(.horizontal, 16)
        .padding(.vertical, 10)
        .background(model.state.lock.tone.color.opacity(0.12))
    }
}

private struct ActView: View {
    let button: ActButton<ChatAct>
    let model: ChatModel

    var body: some View {
        Button(button.text.string, role: button.tone == .danger ? .destructive : nil) { model.act(button.act) }
    }
}

private struct InputBar: View {
    let model: ChatModel

    var body: some View {
        HStack(alignment: .bottom, spacing: 8) {
            FieldRow(
                title: model.state.hint.string, field: Field(text: model.state.draft, enabled: model.state.canWrite),
                isLong: true, keepsTitle: false, write: model.write
            )
            .textFieldStyle(.roundedBorder)
            .lineLimit(1...6)
            Button(model.state.sendLabel.string, systemImage: "arrow.up.circle.fill", action: model.send)
                .labelStyle(.iconOnly)
                .font(.title)
                .disabled(!model.state.canSend)
                .accessibilityLabel(model.state.sendLabel.string)
        }
        .padding(.horizontal, 12)
        .padding(.vertical, 8)
        .background(.background)
    }
}
