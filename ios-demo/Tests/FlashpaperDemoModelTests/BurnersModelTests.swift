import FlashpaperKit
import FlashpaperLab
import Foundation
import Testing

@testable import FlashpaperDemoModel

extension OnTheLab {
    /// The first screen's story, on the lab.
    @MainActor
    @Suite struct BurnersModelTests {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)

        @Test func oneTap() async throws {
            let lab = try Lab()
            let before = lab.accounts()
            let model = BurnersModel { [folder] in
                try await FlashpaperLibrary.open(Config(folder: folder, key: .file, privateNetwork: lab.facts))
            }
            #expect(model.state == BurnersState())
            model.create()
            #expect(model.state.work == .idle, "there is no Tor to make a burner over")

            model.start()
            model.start()
            try await reach(model) { $0.canCreate }
            #expect(model.state.privateNetwork)

            model.create()
            model.create()
            try await reach(model) { isCreating($0, after: .registered) }
            #expect(model.state.burners.isEmpty)
            try await reach(model) { $0.work == .idle && $0.burners.contains { $0.phase == .active } }
            #expect(model.state.notice == nil)
            let burner = try #require(model.state.burners.first)
            #expect(model.state.burners == [burner])
            #expect(burner.phase == .active)

            model.create()
            try await reach(model) { isCreating($0, after: .registered) }
            model.cancel()
            try await reach(model) { $0.work == .idle }
            #expect(model.state.notice == nil)
            try await reach(model) { $0.burners == [burner] }

            model.create()
            try await reach(model) { if case .creating(let steps) = $0.work { !steps.isEmpty } else { false } }
            model.cancel()
            try await reach(model) { $0.work == .idle && $0.burners == [burner] }

            try await lab.without("prosody") {
                model.create()
                try await reach(model) { $0.work == .idle }
                #expect(model.state.notice == .failed(.serverUnreachable))
            }
            model.dismiss()
            #expect(model.state.notice == nil)

            model.burn(burner.id)
            try await reach(model) { state in
                if case .burning(burner.id, let steps) = state.work { steps.contains(.removed) } else { false }
            }
            try await reach(model) { $0.work == .idle && $0.burners.isEmpty }
            #expect(model.state.notice == .burned(.proven))
            #expect(model.state.burners.isEmpty)
            #expect(lab.accounts() == before)

            await model.close()
            #expect(model.state.tor == .off)
            #expect(model.state.privateNetwork, "the mark has gone")
            model.start()
            try await reach(model) { $0.canCreate }
            await model.close()
        }

        @Test func aServersQuestionIsPartOfTheState() async throws {
            let lab = try Lab()
            try lab.order("serve captcha")
            let model = BurnersModel(options: CreateOptions(server: "captcha.lab.test")) { [folder] in
                try await FlashpaperLibrary.open(Config(folder: folder, key: .file, privateNetwork: lab.facts))
            }
            model.decline()
            model.start()
            try await reach(model) { $0.canCreate }
            model.create()
            try await reach(model) { $0.question != nil }
            let first = try #require(model.state.question)
            let pictured = first.form.fields.firstIndex { $0.picture != nil }
            let place = try #require(pictured)
            model.answer([place: .yesNo(true)])
            try await reach(model) { $0.notice != nil }
            let unfit = FlashpaperError.invalidInput(.answer(.unfit(field: place)))
            #expect(model.state.notice == .failed(unfit))
            #expect(model.state.question == first)

            model.askAnew()
            try await reach(model) { $0.question != nil && $0.question?.id != first.id }
            #expect(model.state.notice == nil)
            let shown = try lab.order("captcha captcha")
            model.answer([place: .text(shown)])
            // Twice is once.
            model.answer([place: .text("too late")])
            try await reach(model) { $0.work == .idle && $0.burners.contains { $0.phase == .active } }
            #expect(model.state.notice == nil && model.state.question == nil)
            let burner = try #require(model.state.burners.first)
            #expect(burner.jid.rawValue.hasSuffix("@captcha.lab.test"))

            model.create()
            try await reach(model) { $0.question != nil }
            model.decline()
            try await reach(model) { $0.work == .idle && $0.question == nil }
            #expect(model.state.notice == .failed(.declined))

            model.burn(burner.id)
            try await reach(model) { $0.work == .idle && $0.burners.isEmpty }
            await model.close()
            try lab.order("stop captcha")
        }

        @Test func aFolderThatCannotBeOpenedIsANotice() async throws {
            let lab = try Lab()
            let model = BurnersModel { [folder] in
                try await FlashpaperLibrary.open(
                    Config(folder: folder, key: .passphrase(Data()), privateNetwork: lab.facts))
            }
            model.start()
            try await reach(model) { $0.notice != nil }
            #expect(model.state.notice == .failed(.invalidInput(.passphrase)))
            await model.close()
        }

        private func isCreating(_ state: BurnersState, after step: Step) -> Bool {
            if case .creating(let steps) = state.work { steps.contains(step) } else { false }
        }

        private func reach(_ model: BurnersModel, _ wanted: (BurnersState) -> Bool) async throws {
            let deadline = ContinuousClock.now + .seconds(90)
            while !wanted(model.state) {
                try #require(ContinuousClock.now < deadline, "stuck at \(model.state)")
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }
}
