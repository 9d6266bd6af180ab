import FlashpaperDemoModel
import SwiftUI

/// The whole app: the screen where the user is, what holds for all screens, and what covers them.
struct AppView: View {
    let app: AppModel
    let scanner: Scanner

    var body: some View {
        ZStack {
            NavigationStack(path: Binding { Array(app.state.way.dropFirst()) } set: { app.went(back: $0.count + 1) }) {
                ScreenView(app: app, scanner: scanner, screen: app.state.way[0])
                    .navigationDestination(for: Screen.self) { ScreenView(app: app, scanner: scanner, screen: $0) }
            }
            // The picture for the app switcher shows this. A screenshot cannot be kept away on iOS.
            if app.state.covered { CoverView() }
        }
    }
}

/// A screen with what is on all of them.
struct ScreenView: View {
    let app: AppModel
    let scanner: Scanner
    let screen: Screen

    var body: some View {
        page
            .safeAreaInset(edge: .top, spacing: 0) {
                ForEach(app.state.warnings.indices, id: \.self) { WarningStrip(sign: app.state.warnings[$0]) }
            }
            .toolbar {
                if app.state.canPanic {
                    ToolbarItem(placement: .topBarTrailing) { PanicButton(app: app) }
                }
            }
    }

    @ViewBuilder private var page: some View {
        switch app.page(screen) {
        case .start(let model): StartView(model: model, app: app)
        case .creating(let model): CreatingView(model: model)
        case .burners(let model): BurnersView(model: model, app: app)
        case .restore(let model): RestoreView(model: model)
        case .contacts(let model): ContactsView(model: model, app: app, scanner: scanner)
        case .chat(let model): ChatView(model: model)
        case .verify(let model): VerifyView(model: model)
        case .words(let model): WordsView(model: model)
        case .settings(let model): SettingsView(model: model)
        case .burn(let model): BurnView(model: model)
        case .burnReport(let model): BurnReportView(model: model)
        case .panic(let model): PanicView(model: model)
        case .unlock(let model): UnlockView(model: model)
        case nil: EmptyView()
        }
    }
}

/// The first of the two touches of a panic.
struct PanicButton: View {
    let app: AppModel

    var body: some View {
        Button(TextKey.panic.string, systemImage: "exclamationmark.octagon.fill", action: app.panic)
            .labelStyle(.titleAndIcon)
            .tint(.red)
    }
}

/// What is wrong as long as the app runs.
private struct WarningStrip: View {
    let sign: Sign

    var body: some View {
        SignLabel(sign: sign)
            .font(.footnote.weight(.semibold))
            .frame(maxWidth: .infinity, alignment: .leading)
            .padding(.horizontal, 16)
            .padding(.vertical, 8)
            .background(sign.tone.color.opacity(0.15))
    }
}

/// In the place of everything while the app is not in front.
struct CoverView: View {
    var body: some View {
        VStack(spacing: 12) {
            Image(systemName: Mark.fire.symbol).font(.largeTitle).foregroundStyle(.orange)
            Text(TextKey.appName).font(.title2)
        }
        .frame(maxWidth: .infinity, maxHeight: .infinity)
        .background(.background)
    }
}
