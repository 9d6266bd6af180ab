import FlashpaperKit
import FlashpaperLab
import Foundation
import Testing

@testable import FlashpaperDemoModel

extension OnTheLab {
    /// A burner's conversation with somebody who has another client and the real libotr.
    @MainActor
    @Suite struct ConversationsModelTests {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)

        @Test func aPrivateTalkFromTheFirstTapToTheBurn() async throws {
            let lab = try Lab()
            let before = lab.accounts()
            let burners = BurnersModel { [folder] in
                try await FlashpaperLibrary.open(Config(folder: folder, key: .file, privateNetwork: lab.facts))
            }
            burners.start()
            try await reach("Tor") { burners.state.canCreate }
            burners.create()
            try await reach("a burner") { burners.state.work == .idle && !burners.state.burners.isEmpty }
            let burner = try #require(burners.state.burners.first)
            burners.open(burner.id)
            let model = try #require(burners.conversations)
            try await reach("online") { model.state.connection == .online && model.state.own != nil }
            let own = try #require(model.state.own)
            let digits = own.fingerprint.digits.replacingOccurrences(of: " ", with: "")
            #expect(own.uri == "xmpp:\(burner.jid.rawValue)?otr-fingerprint=\(digits)")

            model.add(burner.jid.rawValue)
            try await reach("no contact of itself") { model.state.failed == .invalidInput(.address) }
            model.dismiss()

            let peer = try lab.peer()
            try peer.does("receipts on")
            model.add(peer.jid)
            try await reach("a chat") { security(model) == .plaintext }
            model.send("hello")
            try await peer.hears("hello")
            try await reach("reported") { said("hello", model)?.state == .reported && security(model) == .private }
            try peer.does("say good day")
            try await reach("an answer") { said("good day", model)?.state == .taken }
            #expect(said("good day", model)?.security == .private)
            var dumped = ""
            dump(model.state.own, to: &dumped)
            for secret in [peer.jid, burner.jid.rawValue, "hello", "good day", own.fingerprint.digits, digits] {
                let part = secret.prefix { $0 != "@" }
                #expect(!"\(model.state)\(dumped)".contains(part), "what could get into a log")
            }

            model.compare("cat", question: "Whose house is it?")
            try await peer.tells("smp_asked", "Whose house is it?")
            try peer.does("answer cat")
            try await reach("a result") {
                model.state.chat?.news == .compared(.verified) && security(model) == .verified
            }
            model.dismiss()
            try peer.does("question Where did we meet?\tParis")
            try await reach("a question") {
                model.state.chat?.conversation.question == .asked(question: "Where did we meet?")
            }
            model.answer("Rome", to: "Where did we meet?")
            try await reach("another result") { model.state.chat?.news == .compared(.different) }
            try await peer.tells("smp_different")

            try lab.order("cut")
            try await reach("a cut") { if case .waiting = model.state.connection { true } else { false } }
            model.send("over a new circuit")
            try await peer.hears("over a new circuit")
            try await reach("reported again") { said("over a new circuit", model)?.state == .reported }
            #expect(security(model) == .verified)

            try peer.does("end")
            try await reach("the end") { security(model) == .finished }
            model.send("not in the clear")
            try await reach("a text that waits") { said("not in the clear", model) != nil }
            model.startPrivate()
            try await peer.hears("not in the clear")
            try await reach("a new beginning") { security(model) == .verified }

            model.endPrivate()
            try await peer.tells("finished")
            try await reach("an end of our own") { security(model) == .plaintext }
            // Another client of the same person has another key.
            let other = try lab.peer(insteadOf: peer)
            try other.does("receipts on")
            try other.does("to \(burner.jid.rawValue)")
            try other.does("start")
            try await reach("another key") { security(model) == .keyChanged }
            model.send("to the right one")
            try await reach("another text that waits") { said("to the right one", model) != nil }
            #expect(try !other.seen().contains("to the right one"))
            model.acceptKey(try #require(model.state.chat?.conversation.key))
            try await other.hears("to the right one")
            try await reach("private again") { security(model) == .private }

            // Nobody there: all of these wait.
            model.add("nobody-at-all@burner.test")
            try await reach("an empty chat") { model.state.chat?.messages == [] }
            for number in 0..<205 { model.send("\(number)") }
            try await reach("the last text") { said("204", model) != nil }
            let last = try #require(model.state.chat)
            #expect(last.messages.map(\.text) == (105..<205).map(String.init) && last.hasEarlier)
            let shown = { model.state.chat.map { ($0.messages.map(\.text), $0.hasEarlier) } }
            model.showEarlier()
            try await reach("a page more") { shown().map { $0 == ((5..<205).map(String.init), true) } ?? false }
            model.showEarlier()
            try await reach("all") { shown().map { $0 == ((0..<205).map(String.init), false) } ?? false }
            model.open(JID(rawValue: "nobody-at-all@burner.test"))
            try await reach("the last page") { model.state.chat?.messages.map(\.id) == last.messages.map(\.id) }

            // What happens while no chat is open is told beside the list.
            model.leave()
            try other.does("raw ?OTR:AAMDnone.")
            try await reach("news") { model.state.chat == nil && !model.state.news.isEmpty }
            #expect(model.state.news.map(\.peer) == [JID(rawValue: other.jid)])
            model.dismiss()
            #expect(model.state.news == [])

            // A circuit may fail once more after the cut: the person taps again.
            try await reach("burned, but \(String(describing: burners.state.notice))") {
                guard burners.state.work == .idle else { return false }
                if burners.state.notice == .burned(.proven) { return true }
                burners.burn(burner.id)
                return false
            }
            try await other.tells("finished")
            #expect(burners.conversations == nil)
            try other.end()
            #expect(lab.accounts() == before)
            await burners.close()
        }

        private func security(_ model: ConversationsModel) -> Security? {
            model.state.chat?.conversation.security
        }

        private func said(_ text: String, _ model: ConversationsModel) -> Message? {
            model.state.chat?.messages.first { $0.text == text }
        }

        private func reach(_ what: @autoclosure () -> String, _ wanted: () -> Bool) async throws {
            let deadline = ContinuousClock.now + .seconds(90)
            while !wanted() {
                try #require(ContinuousClock.now < deadline, "not reached: \(what())")
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }
}
