import FlashpaperKit
import FlashpaperLab
import FlashpaperTesting
import Foundation
import Testing

extension OnTheLab {
    @Suite struct ContractTests {
        @Test func theRealLibraryKeepsWhatTheFakeKeeps() async throws {
            let lab = try Lab()
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
            try await Contract(server: "burner.test") {
                try await FlashpaperLibrary.open(Config(folder: folder, key: .file, privateNetwork: lab.facts))
            }.run()
            try FileManager.default.removeItem(at: folder)
        }
    }
}
