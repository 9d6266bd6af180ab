import FlashpaperTesting
import Foundation
import Testing

@testable import FlashpaperDemoModel

/// Nothing that happens by itself takes the panic screen away: it goes beneath, and Back leads there.
@MainActor
@Suite struct PanicTests {
    private func isBeneath(_ way: [Screen], _ app: AppModel) async throws {
        try await until { app.state.way == way + [.panic] }
        app.back()
        #expect(app.state.way == way)
    }

    @Test func aBurnThatEnds() async throws {
        let scene = try await Scene()
        let id = scene.burner
        scene.app.contacts?.burn()
        scene.app.burn?.burnWithoutHolding()
        scene.app.burn?.burnWithoutHolding()
        scene.app.panic()
        try await isBeneath([.burners, .burnReport(id)], scene.app)
    }

    @Test func aStoreThatLocksItself() async throws {
        let scene = try await Scene()
        let chat = try await scene.chatting()
        chat.write("a draft")
        scene.app.panic()
        try await scene.device.fake.lock()
        try await until { scene.app.drafts.isEmpty }
        try await isBeneath([.unlock], scene.app)
    }

    /// A first burner is made, and its server asks something.
    private func asked(_ device: Device, _ app: AppModel) async throws -> CreatingModel {
        await app.launched()
        device.fake.ask(QuestionForm(title: "", instructions: "", fields: []))
        app.start?.start()
        try await until { app.creating?.state.question != nil }
        return try #require(app.creating)
    }

    @Test func aBurnerThatIsMade() async throws {
        let device = Device()
        let app = device.app()
        let creating = try await asked(device, app)
        app.panic()
        creating.send()
        try await until { device.fake.state.burners.count == 1 }
        try await isBeneath([.burners, .contacts(device.fake.state.burners[0].id)], app)
    }

    @Test func aFaultInTheBridges() async throws {
        let device = Device()
        let app = device.app()
        await app.launched()
        app.start?.choose(.bridges)
        app.start?.writeBridges("no bridge")
        device.fake.fail(.startTor, with: .invalidInput(.bridge(line: 1, part: .address)))
        app.start?.start()
        app.panic()
        try await isBeneath([.start], app)
    }

    @Test func aBurnerThatIsGone() async throws {
        let scene = try await Scene()
        _ = try await scene.chatting()
        scene.app.panic()
        _ = try await scene.device.fake.burn(scene.burner)
        try await isBeneath([.burners], scene.app)
    }

    @Test func aStoreThatIsClosed() async throws {
        let scene = try await Scene()
        scene.app.panic()
        await scene.device.fake.close()
        try await isBeneath([.start], scene.app)
    }

    @Test func aContactThatIsAdded() async throws {
        let scene = try await Scene()
        scene.app.contacts?.add(Scene.friendName.rawValue)
        scene.app.panic()
        try await isBeneath([.burners, .contacts(scene.burner), .chat(scene.burner, Scene.friendName)], scene.app)
    }

    @Test func aStoreThatOpensOrDoesNot() async throws {
        let scene = try await Scene()
        try await scene.device.fake.lock()
        try await until { scene.app.unlock != nil }
        scene.device.refuse(.keyDenied)
        scene.app.unlock?.unlock()
        scene.app.panic()
        try await until { scene.app.notOpened == .keyDenied }
        try await isBeneath([.unlock], scene.app)
        scene.app.unlock?.unlock()
        scene.app.panic()
        try await isBeneath([.burners], scene.app)
    }

    @Test func aStoreThatOpensBehindAPanicIsClosed() async throws {
        let scene = try await Scene()
        try await scene.device.fake.lock()
        try await until { scene.app.unlock != nil }
        scene.app.unlock?.unlock()
        scene.app.panic()
        // The task of the unlocking has begun, and waits for the store.
        await Task.yield()
        #expect(scene.app.isOpening)
        scene.app.panicking?.slide(1)
        scene.app.panicking?.letGo()
        try await until { scene.device.fake.state.life == .closed && !scene.app.isOpening }
        #expect(scene.app.library == nil && scene.app.state.way == [.panic])
    }

    @Test func afterAPanicNothingComesAnyMore() async throws {
        let device = Device()
        let app = device.app()
        let creating = try await asked(device, app)
        app.panic()
        creating.send()
        app.panicking?.slide(1)
        app.panicking?.letGo()
        try await Task.sleep(for: .milliseconds(50))
        #expect(app.state.way == [.panic] && app.library == nil && app.panicking?.state.done != nil)
    }
}
