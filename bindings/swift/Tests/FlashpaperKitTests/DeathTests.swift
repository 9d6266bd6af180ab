import FlashpaperKit
import FlashpaperLab
import Foundation
import Testing

/// The folder that a child process of these tests works in.
private let childsFolder = ProcessInfo.processInfo.environment["FLASHPAPER_CHILD"]

extension OnTheLab {
    /// A process that dies, and the next one.
    @Suite struct DeathTests {
        let home: Home

        init() throws {
            home = try Home()
        }

        @Test(.enabled(if: childsFolder == nil)) func theNextProcessFindsAllThatWasStored() async throws {
            let before = home.lab.accounts()
            let child = Process()
            child.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            child.arguments = ["--testing-library", "swift-testing", "--filter", "aProcessThatDies"]
            let ready = home.folder.appendingPathExtension("ready")
            let environment = ["FLASHPAPER_CHILD": home.folder.path]
            child.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
            try child.run()
            while child.isRunning, !FileManager.default.fileExists(atPath: ready.path) {
                try await Task.sleep(for: .milliseconds(50))
            }
            try #require(child.isRunning, "the child has failed")
            await #expect(throws: FlashpaperError.inUse) { try await home.open() }
            kill(child.processIdentifier, SIGKILL)
            child.waitUntilExit()

            try await home.with { library in
                let burners = library.state.burners
                #expect(burners.map(\.label) == ["before"] && burners.map(\.phase) == [.active])
                // `#require` of an `any Burner` crashes Swift 6.0.
                guard let burner = burners.first, let handle = library.burner(burner.id) else { return }
                let messages = try await handle.messages()
                #expect(messages.map(\.text) == ["from before"])
                try await library.startTor()
                try await reach(handle.states(), "online") { $0.connection == .online }
                let report = try await handle.burn()
                #expect(report.outcome == .proven)
                #expect(home.lab.accounts() == before)
            }
        }

        @Test(.enabled(if: childsFolder != nil)) func aProcessThatDies() async throws {
            let folder = URL(fileURLWithPath: try #require(childsFolder))
            let library = try await FlashpaperLibrary.open(
                Config(folder: folder, key: .file, privateNetwork: home.lab.facts))
            try await library.startTor()
            let burner = try await library.create(burnerTest).burner
            try await burner.setLabel("before")
            try await burner.connect()
            try await burner.add("nobody-at-all@burner.test").send("from before")
            try Data().write(to: folder.appendingPathExtension("ready"))
            try await Task.sleep(for: .seconds(120))
        }
    }
}
