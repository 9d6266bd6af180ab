import FlashpaperKit
import FlashpaperLab
import Foundation
import Testing

extension OnTheLab {
    /// A process that dies, and the next one.
    @Suite struct DeathTests {
        let home: Home

        init() throws {
            home = try Home()
        }

        @Test(.enabled(if: Child.folder == nil)) func theNextProcessFindsAllThatWasStored() async throws {
            let before = home.lab.accounts()
            let child = try Child("aProcessThatDies", in: home.folder)
            _ = try await child.says()
            await #expect(throws: FlashpaperError.inUse) { try await home.open() }
            child.end()

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

        @Test(.enabled(if: Child.folder != nil)) func aProcessThatDies() async throws {
            let folder = try #require(Child.folder)
            let library = try await FlashpaperLibrary.open(
                Config(folder: folder, key: .file, privateNetwork: home.lab.facts))
            try await library.startTor()
            let burner = try await library.create(burnerTest).burner
            try await burner.setLabel("before")
            try await burner.connect()
            try await burner.add("nobody-at-all@burner.test").send("from before")
            try Child.say("ready")
            try await Task.sleep(for: .seconds(120))
        }
    }
}
