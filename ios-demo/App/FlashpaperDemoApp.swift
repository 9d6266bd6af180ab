import FlashpaperApple
import FlashpaperDemoModel
import FlashpaperKit
import Foundation
import Network
import SwiftUI

/// The sample app: one window, one model. Compiled on Apple's platforms only.
@main
struct FlashpaperDemoApp: App {
    @State private var app = AppModel(device())
    @Environment(\.scenePhase) private var phase
    private let network = NWPathMonitor()

    var body: some Scene {
        WindowGroup {
            AppView(app: app) { found in AnyView(ScanView(found: found)) }
                .background(Touches { app.touch() })
                .task {
                    network.pathUpdateHandler = { [app] _ in Task { @MainActor in app.networkChanged() } }
                    network.start(queue: .main)
                    await app.launched()
                }
        }
        .onChange(of: phase) { _, phase in follow(phase) }
    }

    private func follow(_ phase: ScenePhase) {
        switch phase {
        case .active: app.toForeground()
        // A banner or the app switcher is in front: it may be back at once.
        case .inactive: app.cover()
        case .background: suspend()
        @unknown default: break
        }
    }

    /// iOS freezes the app in some seconds, and gives a little more to one that asks.
    private func suspend() {
        let (time, away) = (MoreTime(), app.toBackground())
        Task {
            await away.value
            time.end()
        }
    }
}

/// The device's key store, a folder that no backup has, and what the user has chosen, in a file beside it.
private func device() -> Platform {
    // Sealed by the Secure Enclave where there is one; readable from the first unlock after a start of the device on.
    let keys = KeychainKeySource(name: "demo")
    return Platform(
        open: { passphrase in
            let folder = try DataProtection.folder()
            return try await FlashpaperLibrary.open(Config(folder: folder, key: .source(keys, passphrase: passphrase)))
        },
        key: { .source(keys, passphrase: $0) },
        panic: {
            // Also what this app has not put there, or an earlier run of it has.
            UIPasteboard.general.items = []
            // Its key goes also where the folder cannot be made or protected.
            let folder = (try? DataProtection.folder()) ?? URL.applicationSupportDirectory.appending(path: "flashpaper")
            return FlashpaperLibrary.panic(folder: folder, keys: keys)
        },
        choices: ChoiceFile(),
        forgetCopied: Clipboard.forget,
        openLink: { link in if let url = URL(string: link) { UIApplication.shared.open(url) } })
}

/// The choices in a protected file: where the bridges are is nobody's business.
private struct ChoiceFile: ChoiceStore {
    private static let folder = "choices"
    private static let name = "choices.json"
    private var file: URL? { try? DataProtection.folder(named: Self.folder).appending(path: Self.name) }

    func load() -> Choices {
        guard let file, let data = try? Data(contentsOf: file) else { return Choices() }
        return (try? JSONDecoder().decode(Choices.self, from: data)) ?? Choices()
    }

    func save(_ choices: Choices) {
        guard let file, let data = try? JSONEncoder().encode(choices) else { return }
        // What cannot be kept is asked for again at the next start.
        try? data.write(to: file, options: [.atomic, .completeFileProtectionUntilFirstUserAuthentication])
    }

    func clear() {
        // It goes also where the folder cannot be protected.
        let file = file ?? URL.applicationSupportDirectory.appending(path: "\(Self.folder)/\(Self.name)")
        try? FileManager.default.removeItem(at: file)
    }
}
