import FlashpaperKit
import FlashpaperLab
import Foundation
import Testing

/// An app: this target imports what an app does, with the rules of member visibility and of strict concurrency on.
@Suite struct AppTests {
    @Test(.timeLimit(.minutes(2))) func theFirstExampleOfTheReadmeRuns() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        let lab = try Lab()
        let friend = try lab.peer()
        let (jid, facts) = (friend.jid, lab.facts)
        async let outcome = start(folder: folder, key: .file, friend: jid, privateNetwork: facts)
        try await friend.hears("hello")
        try await friend.tells("smp_asked", "What was our dog called?")
        try friend.does("answer rex")
        #expect(try await outcome == .proven)
        try friend.end()
    }

    @Test func itIsWhatStandsThere() throws {
        let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        let start = try String(contentsOf: here.appendingPathComponent("Start.swift"), encoding: .utf8)
        let readme = try String(contentsOf: here.appendingPathComponent("../../README.md"), encoding: .utf8)
        let body = start.split(separator: "\n").filter { $0.hasPrefix("    ") && !$0.contains("return") }
        let example = readme.components(separatedBy: "```")[1].split(separator: "\n").dropFirst()
        let shown = example.map { $0.replacingOccurrences(of: "key: key)", with: "key: key, privateNetwork: privateNetwork)") }
        #expect(shown == body.map { String($0.dropFirst(4)) })
    }

    /// Members of each kind of value are seen through the one import.
    @Test func membersOfAllTypesAreSeen() async throws {
        let error = FlashpaperError.invalidInput(.text(.empty))
        #expect(error.code == "invalid_input" && error.action == .correctInput && !error.isRetryable)
        #expect(PictureFormat.png.mediaType == "image/png")
        #expect(JID(rawValue: "someone@burner.test").description == "JID(..)")
        #expect(MessageID(rawValue: 1) < MessageID(rawValue: 2))
        #expect(KeySlot.allCases.count == 2)
    }

    /// A model of an app, on its main actor.
    @MainActor final class Model {
        private(set) var burners: [BurnerState] = []

        func follow(_ library: any Flashpaper) async {
            for await state in library.states() {
                burners = state.burners
                if state.life == .closed { return }
            }
        }
    }

    @Test func aModelOfTheMainActorFollowsTheState() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        let library = try await FlashpaperLibrary.open(
            Config(folder: folder, key: .file, privateNetwork: Lab().facts))
        let model = await MainActor.run { Model() }
        async let followed: Void = model.follow(library)
        await library.close()
        await followed
        #expect(await model.burners.isEmpty)
    }
}
