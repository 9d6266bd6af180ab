import FlashpaperTesting
import Foundation
import Testing

@testable import FlashpaperDemoModel

/// A store does not lock itself while somebody writes: the keyboard touches no screen of the app's.
@MainActor
@Suite struct TouchTests {
    private let scene: Scene

    init() async throws {
        scene = try await Scene()
    }

    /// Four minutes of the five pass, something is written, and four more pass.
    private func keepsAwake(_ write: () -> Void, at location: SourceLocation = #_sourceLocation) {
        scene.app.touch()
        scene.device.fake.advance(by: .seconds(240))
        write()
        scene.device.fake.advance(by: .seconds(240))
        #expect(scene.device.fake.state.life == .awake, sourceLocation: location)
    }

    @Test func whileNobodyWritesItLocks() {
        scene.device.fake.advance(by: .seconds(300))
        #expect(scene.device.fake.state.life == .locked)
    }

    @Test func inAChatAndWhileVerifying() async throws {
        let chat = try await scene.inPrivate()
        keepsAwake { chat.write("a long let") }
        chat.act(.verify)
        let verify = try #require(scene.app.verify)
        keepsAwake { verify.writeQuestion("Whose") }
        keepsAwake { verify.writeSecret("ca") }
    }

    @Test func amongContacts() throws {
        let contacts = try #require(scene.app.contacts)
        keepsAwake { contacts.writeAddress("frien") }
    }

    @Test func inTheSettings() throws {
        scene.app.settings(scene.burner)
        let settings = try #require(scene.app.settings)
        keepsAwake { settings.writeBridges("192.0.2.1") }
        keepsAwake { settings.writePassphrase("o") }
        keepsAwake { settings.writeAgain("o") }
        keepsAwake { settings.writeDuress("t") }
        keepsAwake { settings.writeDuressAgain("t") }
        keepsAwake { settings.writeLabel("For") }
    }

    @Test func atTheStartAndWhileABurnerIsBroughtBack() throws {
        scene.app.go(to: .start)
        let start = try #require(scene.app.start)
        keepsAwake { start.writeBridges("192.0.2.1") }
        scene.app.go(to: .restore)
        let restore = try #require(scene.app.restore)
        keepsAwake { restore.writeWords("apple riv") }
        keepsAwake { restore.writeServer("example") }
    }

    @Test func whileAServersQuestionIsAnswered() async throws {
        let form = QuestionForm(
            title: "", instructions: "",
            fields: [
                FlashpaperTesting.Field(label: "Letters", kind: .text, required: true),
                FlashpaperTesting.Field(label: "Rules", kind: .yesNo, required: true),
                FlashpaperTesting.Field(label: "Colour", kind: .one(options: ["red", "blue"]), required: false),
            ])
        scene.device.fake.ask(form)
        scene.app.go(to: .creating)
        try await until { scene.app.creating?.state.question != nil }
        let creating = try #require(scene.app.creating)
        keepsAwake { creating.write(0, "X7") }
        keepsAwake { creating.setYes(1, true) }
        keepsAwake { creating.choose(2, 1) }
    }
}
