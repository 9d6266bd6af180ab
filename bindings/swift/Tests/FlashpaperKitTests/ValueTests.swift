import FlashpaperKit
import Foundation
import Testing

/// Values, without the library.
@Suite struct ValueTests {
    @Test func aFingerprintIsReadAsPeopleWriteIt() throws {
        let shown = "01234567 89ABCDEF 01234567 89ABCDEF 01234567"
        #expect(Fingerprint(shown)?.digits == shown)
        #expect(Fingerprint("0123456789abcdef0123456789abcdef01234567\n")?.digits == shown)
        for wrong in ["", "0123", shown + "0", shown.replacingOccurrences(of: "A", with: "G"), String(repeating: "٠", count: 40)] {
            #expect(Fingerprint(wrong) == nil)
        }
    }

    @Test func printingShowsNothing() throws {
        let fingerprint = try #require(Fingerprint(String(repeating: "ab", count: 20)))
        let peer = JID(rawValue: "someone@burner.test")
        let chat = ChatState(
            peer: peer, label: "a friend", key: fingerprint, keys: [PeerKey(fingerprint: fingerprint)],
            question: .asked(question: "who?"))
        let burner = BurnerState(
            id: BurnerID(rawValue: "1f"), jid: peer, via: .exit, phase: .active, created: .now, label: "a name",
            connection: .offline, history: .none, expiresAt: nil, requests: [], chats: [chat], unreadable: nil)
        let state = FlashpaperState(
            number: 1, life: .awake, network: .public, tor: .blocked(.needsWeb(WebPage(url: "https://page"))),
            burners: [burner], vault: VaultReport())
        let picture = Picture(bytes: Data("picture".utf8), format: .jpeg, width: 290, height: 80)
        let field = Field(
            label: "Enter", kind: .one(options: ["crimson"]), required: true, preset: .text("w84pd"), picture: picture)
        let form = QuestionForm(title: "A title", instructions: "Instruction", fields: [field])
        let question = Question(id: Question.ID(rawValue: 3), burner: burner.id, server: peer, form: form)
        let values: [Any] = [
            state, burner, chat, question, form, field, Answer.fields([0: .text("w84pd")]), FieldAnswer.text("w84pd"),
            Message(
                id: MessageID(rawValue: 1), peer: peer, text: "secret", at: .now, state: .failed(.unread), security: .private),
            Event.notice(burner: burner.id, peer: peer, notice: .peerError(text: "secret")),
            Event.creating(burner: burner.id, step: .serverSays(ServerWords(text: "secret"))),
            Event.creating(burner: burner.id, step: .movingOn(from: peer, why: .quarantined)),
            Step.sealed(server: peer, via: .onion), CreationProgress.working(server: peer, step: nil),
            Config(folder: URL(fileURLWithPath: "/secret"), key: .passphrase(Data("secret".utf8))),
            Key.passphrase(Data("secret".utf8)), Entry.bridges(["secret"]), Transport(name: "secret", address: "secret"),
            CreateOptions(server: "burner.test", invitation: "secret"), MeantWord(word: "secret"),
            TicketedPanic(report: PanicReport(), ticket: Data("secret".utf8)),
            PendingRemoval(burner: burner.id, jid: peer, since: .now, until: .now, confirmed: false),
        ]
        for value in values {
            var dumped = ""
            dump(value, to: &dumped)
            let shown = "\(value) \(String(reflecting: value)) \(dumped)".lowercased()
            let hidden = [
                "someone", "burner.test", "friend", "a name", "abab", "who?", "page", "crimson", "w84pd", "title", "instruct",
                "enter", "secret",
            ]
            for text in hidden {
                #expect(!shown.contains(text), "\(type(of: value)) shows \(text)")
            }
        }
        #expect("\(Event.question(burner: burner.id, question: question.id))".contains("1f"))
    }

    @Test func aValueThatComesLateIsDropped() async {
        let present = Present(1, revision: 5)
        let values = present.stream()
        present.set(2, revision: 7)
        present.set(3, revision: 6)
        #expect(present.value == 2)
        present.finish { $0 = 9 }
        present.set(4, revision: 8)
        #expect(await values.reduce(nil) { $1 } == 9)
        #expect(present.value == 9)
    }

    @Test func aPictureHasItsMediaType() {
        #expect(PictureFormat.jpeg.mediaType == "image/jpeg")
        #expect(PictureFormat.png.mediaType == "image/png")
    }
}
