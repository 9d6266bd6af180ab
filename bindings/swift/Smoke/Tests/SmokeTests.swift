import FlashpaperKit
import Foundation
import Testing

@Suite struct SmokeTests {
    @Test func aFolderIsOpenedClosedAndWiped() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        let library = try await FlashpaperLibrary.open(Config(folder: folder, key: .file))
        await library.close()
        #expect(try !FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
        FlashpaperLibrary.panic(folder: folder)
        let left = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect((left ?? []).isEmpty)
    }
}
