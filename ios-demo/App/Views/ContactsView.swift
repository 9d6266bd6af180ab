import FlashpaperDemoModel
import SwiftUI

/// The contacts of one burner.
struct ContactsView: View {
    let model: ContactsModel
    let app: AppModel
    let scanner: Scanner
    @State private var addIsShown = false
    @State private var codeIsShown = false

    var body: some View {
        List {
            Section {
                SignLabel(sign: model.state.connection)
                if let problem = model.state.problem { ProblemRow(problem: problem, retry: model.retry) }
                if let expiry = model.state.expiry { SignLabel(sign: expiry) }
                if model.state.hasWords { Button(TextKey.contactsWords.string, systemImage: "list.number", action: model.words) }
            }
            if let note = model.state.note { Section { NoteRow(note: note, dismiss: model.dismiss) } }
            if !model.state.requests.isEmpty {
                Section(TextKey.contactsRequests.string) { rows(model.state.requests) }
            }
            Section {
                if let empty = model.state.empty { Text(empty).foregroundStyle(.secondary) }
                rows(model.state.contacts)
                Button(TextKey.contactsAdd.string, systemImage: "person.badge.plus") { addIsShown = true }
            }
            Section {
                Button(TextKey.contactsOwn.string, systemImage: "qrcode") { codeIsShown = true }
                    .disabled(model.state.own == nil)
                Button(TextKey.settings.string, systemImage: "gearshape") { app.settings(model.state.badge.burner) }
                Button(TextKey.contactsBurn.string, systemImage: Mark.fire.symbol, role: .destructive, action: model.burn)
                    .disabled(!model.state.canBurn)
            }
        }
        .navigationTitle(TextKey.contactsTitle.string)
        .navigationBarTitleDisplayMode(.inline)
        .belongs(to: model.state.badge)
        .sheet(isPresented: $addIsShown) { inSheet { AddView(model: model, scanner: scanner) } }
        .sheet(isPresented: $codeIsShown) { inSheet { OwnCodeView(state: model.state) } }
        .onChange(of: app.state.screen) { _, _ in close() }
    }

    private func close() {
        addIsShown = false
        codeIsShown = false
    }

    private func inSheet(@ViewBuilder _ content: () -> some View) -> some View {
        NavigationStack {
            content()
                .toolbar {
                    ToolbarItem(placement: .cancellationAction) { Button(TextKey.close.string, action: close) }
                    ToolbarItem(placement: .topBarTrailing) { PanicButton(app: app) }
                }
        }
        // The app's own cover lies below a sheet.
        .overlay { if app.state.covered { CoverView() } }
    }

    private func rows(_ rows: [ContactRow]) -> some View {
        ForEach(rows, id: \.peer) { row in
            Button { model.open(row.peer) } label: { ContactRowView(row: row) }.buttonStyle(.plain)
        }
    }
}

private struct ContactRowView: View {
    let row: ContactRow

    var body: some View {
        VStack(alignment: .leading, spacing: 3) {
            NameLine(name: row.name, unread: row.unread)
            SignLabel(sign: row.sign).font(.subheadline)
            if let news = row.news { Text(news).font(.subheadline).foregroundStyle(.orange) }
            if let presence = row.presence { Text(presence).font(.footnote).foregroundStyle(.secondary) }
        }
        .frame(maxWidth: .infinity, alignment: .leading)
        .accessibilityElement(children: .combine)
    }
}

/// Adds a contact by a scanned code, a link or an address.
struct AddView: View {
    let model: ContactsModel
    let scanner: Scanner
    @State private var scans = false

    var body: some View {
        Form {
            Section {
                if scans {
                    scanner { link in
                        scans = false
                        model.add(link)
                    }
                    Text(TextKey.contactsScanHint).font(.footnote)
                } else {
                    Button(TextKey.contactsScan.string, systemImage: "qrcode.viewfinder") { scans = true }
                }
            }
            Section {
                FieldRow(title: TextKey.contactsAddField.string, field: model.state.add, keyboard: .emailAddress, write: model.writeAddress)
                Button(TextKey.contactsAddButton.string, action: model.add).disabled(!model.state.canAdd)
            }
        }
        .navigationTitle(TextKey.contactsAdd.string)
        .navigationBarTitleDisplayMode(.inline)
        // Here, where contacts are added: a dialog of the screen below would not show above the sheet.
        .asks(model.state.confirmation, yes: model.confirm, no: model.cancel)
        .belongs(to: model.state.badge)
    }
}

/// The burner's address and key, for a contact to scan.
struct OwnCodeView: View {
    let state: ContactsState

    var body: some View {
        Form {
            if let own = state.own {
                Section {
                    Image(code: own.link.text).interpolation(.none).resizable().scaledToFit()
                        .accessibilityLabel(TextKey.contactsOwnPicture.string)
                } footer: {
                    Text(TextKey.contactsOwnExplanation)
                }
                Section {
                    Text(state.address).font(.callout.monospaced()).textSelection(.enabled)
                    CopyButton(text: own.link)
                    ShareLink(item: own.link.text) { Label(TextKey.share.string, systemImage: "square.and.arrow.up") }
                }
                Section(TextKey.verifyOwn.string) { DigitsView(groups: own.fingerprint) }
            }
        }
        .privacySensitive()
        .navigationTitle(TextKey.contactsOwn.string)
        .navigationBarTitleDisplayMode(.inline)
        .belongs(to: state.badge)
    }
}
