import FlashpaperDemoModel
import FlashpaperKit
import SwiftUI

/// The sample app: one window, one model.
@main
struct FlashpaperDemoApp: App {
    @State private var model = BurnersModel {
        // Kept out of backups: what is burned must not come back from one.
        var folder = URL.applicationSupportDirectory.appending(path: "flashpaper", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var values = URLResourceValues()
        values.isExcludedFromBackup = true
        try folder.setResourceValues(values)
        return try await FlashpaperLibrary.open(Config(folder: folder, key: .file))
    }

    var body: some Scene {
        WindowGroup {
            BurnersView(model: model)
                .task { model.start() }
        }
    }
}
