import FlashpaperDemoModel
import SwiftUI

/// All burners.
struct BurnersView: View {
    let model: BurnersModel
    let app: AppModel

    var body: some View {
        List {
            Section {
                SignLabel(sign: model.state.tor)
                if let fraction = model.state.fraction { ProgressView(value: fraction) }
                if let problem = model.state.problem { ProblemRow(problem: problem, retry: model.retryTor) }
                if model.state.canConnect { Button(TextKey.burnersConnect.string, action: model.connect) }
            }
            if let note = model.state.note { Section { NoteRow(note: note, dismiss: model.dismiss) } }
            Section {
                if let empty = model.state.empty { Text(empty).foregroundStyle(.secondary) }
                ForEach(model.state.rows, id: \.badge.burner) { row in
                    Button { model.open(row.badge.burner) } label: { BurnerRowView(row: row) }
                        .buttonStyle(.plain)
                        .disabled(!row.canOpen)
                        .swipeActions { settings(row) }
                        .contextMenu { settings(row) }
                }
            }
            Section {
                Button(action: model.create) {
                    Label(TextKey.burnersMake.string, systemImage: Mark.fire.symbol).frame(maxWidth: .infinity)
                }
                .buttonStyle(.borderedProminent)
                .controlSize(.large)
                .disabled(!model.state.canCreate)
                Toggle(
                    TextKey.burnersRecoverable.string,
                    isOn: Binding { model.state.recoverable } set: { model.setRecoverable($0) })
                Button(TextKey.burnersRestore.string, systemImage: "arrow.uturn.backward", action: model.restore)
            } footer: {
                VStack(alignment: .leading) {
                    if let whyNot = model.state.whyNot { Text(whyNot) }
                    if model.state.recoverable { Text(TextKey.burnersRecoverableExplanation) }
                }
            }
            if !model.state.removals.isEmpty {
                Section(TextKey.burnersRemovals.string) {
                    ForEach(model.state.removals, id: \.burner) { RemovalRowView(row: $0, model: model) }
                }
            }
        }
        .navigationTitle(TextKey.burnersTitle.string)
        .toolbar {
            ToolbarItem(placement: .topBarLeading) { SettingsButton { app.settings() } }
        }
    }

    private func settings(_ row: BurnerRow) -> some View {
        Button(TextKey.settings.string, systemImage: "gearshape") { app.settings(row.badge.burner) }
    }
}

private struct BurnerRowView: View {
    let row: BurnerRow

    var body: some View {
        HStack(alignment: .top, spacing: 12) {
            BurnerPicture(badge: row.badge, size: 44)
            VStack(alignment: .leading, spacing: 3) {
                NameLine(name: row.badge.label, unread: row.unread)
                if row.address != row.badge.label {
                    Text(name: row.address).font(.footnote).foregroundStyle(.secondary).privacySensitive()
                }
                SignLabel(sign: row.sign).font(.subheadline)
                if let expiry = row.expiry { SignLabel(sign: expiry).font(.subheadline) }
            }
            .frame(maxWidth: .infinity, alignment: .leading)
        }
        .accessibilityElement(children: .combine)
    }
}

/// A name, and beside or below it how many texts were not read.
struct NameLine: View {
    let name: Verbatim
    let unread: Int

    var body: some View {
        ViewThatFits {
            HStack {
                Text(name: name).font(.headline).privacySensitive()
                UnreadMark(number: unread)
            }
            VStack(alignment: .leading) {
                Text(name: name).font(.headline).privacySensitive()
                UnreadMark(number: unread)
            }
        }
    }
}

/// So many texts that were not read.
struct UnreadMark: View {
    let number: Int

    var body: some View {
        if number > 0 {
            Text(Words.string(.unread, [.number(number)]))
                .font(.footnote.weight(.semibold))
                .foregroundStyle(.white)
                .padding(.horizontal, 8)
                .padding(.vertical, 3)
                .background(Color.accentColor, in: Capsule())
        }
    }
}

private struct RemovalRowView: View {
    let row: RemovalRow
    let model: BurnersModel

    var body: some View {
        VStack(alignment: .leading, spacing: 4) {
            Text(name: row.address).privacySensitive()
            SignLabel(sign: row.sign).font(.subheadline)
            Button(TextKey.burnersRemoveNow.string) { model.removeNow(row.burner) }
                .buttonStyle(.borderless)
                .disabled(!row.canRetry)
        }
    }
}
