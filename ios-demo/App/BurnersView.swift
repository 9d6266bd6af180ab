import FlashpaperDemoModel
import FlashpaperKit
import SwiftUI

/// The first screen: one button that makes a burner, and what happens. It only reads the model and calls it.
struct BurnersView: View {
    let model: BurnersModel

    var body: some View {
        NavigationStack {
            List {
                if model.state.privateNetwork { Warning(text: "Test network: nothing here is private") }
                ForEach(words(for: model.state.vault), id: \.self) { Warning(text: $0) }
                Section { TorRow(tor: model.state.tor, retry: model.start) }
                Section { WorkRows(model: model) }
                if let question = model.state.question {
                    Section("\(question.server.rawValue) asks") { QuestionRows(question: question, model: model).id(question.id) }
                }
                if let notice = model.state.notice {
                    Section { NoticeRow(notice: notice, dismiss: model.dismiss) }
                }
                Section("Burners") { BurnerRows(model: model) }
            }
            .navigationTitle("Flashpaper")
            .navigationDestination(isPresented: burnerIsOpen) {
                if let conversations = model.conversations { ConversationsView(model: conversations) }
            }
        }
    }

    private var burnerIsOpen: Binding<Bool> {
        Binding { model.conversations != nil } set: { if !$0 { model.leave() } }
    }
}

private struct Warning: View {
    let text: String

    var body: some View {
        Label(text, systemImage: "exclamationmark.triangle.fill").foregroundStyle(.red)
    }
}

private struct TorRow: View {
    let tor: TorState
    let retry: @MainActor () -> Void

    var body: some View {
        switch tor {
        case .off:
            Button("Connect to Tor", action: retry)
        case .connecting(let fraction):
            ProgressView(value: fraction) { Text("Connecting to Tor") }
        case .ready:
            Label("Connected to Tor", systemImage: "checkmark.shield")
        case .blocked(let error, let canRetry):
            VStack(alignment: .leading) {
                Label(words(for: error), systemImage: "xmark.shield")
                if canRetry { Button("Try again", action: retry).buttonStyle(.borderless) }
            }
        }
    }
}

private struct WorkRows: View {
    let model: BurnersModel

    var body: some View {
        switch model.state.work {
        case .idle:
            Button("New burner", systemImage: "flame", action: model.create)
                .disabled(!model.state.canCreate)
        case .creating(let steps):
            ProgressView { Text("Making a burner") }
            StepRows(steps: steps)
            Button("Cancel", role: .cancel, action: model.cancel)
        case .burning(_, let steps):
            ProgressView { Text("Burning") }
            StepRows(steps: steps)
        }
    }
}

private struct StepRows: View {
    let steps: [Step]

    var body: some View {
        ForEach(steps.indices, id: \.self) { index in
            Label(words(for: steps[index]), systemImage: "checkmark")
        }
    }
}

private struct NoticeRow: View {
    let notice: FlashpaperDemoModel.Notice
    let dismiss: @MainActor () -> Void

    var body: some View {
        switch notice {
        case .failed(let error): TellRow(text: words(for: error), dismiss: dismiss)
        case .burned(let outcome): TellRow(text: words(for: outcome), dismiss: dismiss)
        }
    }
}

private struct BurnerRows: View {
    let model: BurnersModel

    var body: some View {
        if model.state.burners.isEmpty {
            Text("None yet").foregroundStyle(.secondary)
        }
        ForEach(model.state.burners, id: \.id) { burner in
            HStack {
                VStack(alignment: .leading) {
                    Text(burner.jid.rawValue).privacySensitive()
                    Text(words(for: burner)).font(.caption).foregroundStyle(.secondary)
                }
                Spacer()
                Button("Open") { model.open(burner.id) }
                    .buttonStyle(.borderless)
                    .disabled(burner.phase != .active)
                    .accessibilityLabel("Open \(burner.jid.rawValue)")
                Button("Burn", role: .destructive) { model.burn(burner.id) }
                    // Else a tap anywhere on the row would burn.
                    .buttonStyle(.borderless)
                    .disabled(model.state.work != .idle || model.state.tor != .ready)
                    .accessibilityLabel("Burn \(burner.jid.rawValue)")
            }
        }
    }
}
