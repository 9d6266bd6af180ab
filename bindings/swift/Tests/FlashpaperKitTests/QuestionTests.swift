import FlashpaperKit
import Foundation
import Testing

/// What a server asks and says, as values: no engine and no lab.
@Suite struct QuestionTests {
    private let question: Question = {
        let picture = Picture(bytes: Data([1, 2, 3]), format: .jpeg, width: 290, height: 80)
        let seen = Field(
            label: "Enter what you see", kind: .text, required: true, isChallenge: true, preset: nil, picture: picture)
        let colour = Field(
            label: "A colour", kind: .one(options: ["crimson", "green"]), required: false, isChallenge: false,
            preset: .chosen(places: [1]), picture: nil)
        let form = QuestionForm(title: "A title", instructions: "What to do", fields: [seen, colour], choose: 0)
        return Question(id: 3, burner: "1f", server: "burner.test", form: form)
    }()

    @Test func printingShowsNoTextOfAServerOrAPerson() {
        let answers: [Int: Answer] = [0: .text(text: "w84pd"), 1: .yesNo(yes: true)]
        let steps: [Step] = [
            .serverSays(words: ServerWords(text: "come in")), .movingOn(from: "burner.test", why: .Quarantined),
        ]
        let options = CreateOptions(invitation: "xmpp:burner.test?register;preauth=token")
        let shown = "\(question) \(answers) \(steps) \(options) \(Event.creating(burner: "1f", step: steps[0]))"
        for text in ["burner.test", "title", "What", "Enter", "colour", "crimson", "w84pd", "come in", "token"] {
            #expect(!shown.contains(text))
        }
        #expect(shown.hasPrefix("Question { id: QuestionId(3)"))
        let asked = Event.question(burner: "1f", question: 3)
        #expect("\(asked)" == #"Question { burner: BurnerId("1f"), question: QuestionId(3) }"#)
    }

    @Test func aPictureHasItsMediaType() {
        #expect(question.form.fields[0].picture?.format.mediaType == "image/jpeg")
        #expect(PictureFormat.png.mediaType == "image/png")
    }

    @Test func newErrorsHaveTheirCodesAndActions() {
        let told: [(FlashpaperError, String, Action)] = [
            (.NeedsInvite, "needs_invite", .chooseServer), (.BadAnswer, "bad_answer", .tryLater),
            (.Declined, "declined", .nothing), (.QuestionExpired, "question_expired", .tryLater),
            (.NoSuchQuestion, "no_such_question", .nothing), (.WeakPassword, "weak_password", .chooseServer),
            (.PolicyDenied, "policy_denied", .chooseServer), (.Quarantined, "quarantined", .chooseServer),
            (.ServerFailed, "server_failed", .tryLater), (.ReservedNameTaken, "reserved_name_taken", .correctInput),
            (.Unanswerable(fault: .nobodyToAsk), "nobody_to_ask", .chooseServer),
            (.Unanswerable(fault: .kind), "unknown_challenge", .chooseServer),
            (.Unanswerable(fault: .work), "too_much_work", .chooseServer),
            (.Unanswerable(fault: .picture), "bad_picture", .chooseServer),
            (.Unanswerable(fault: .pictureLost), "picture_lost", .tryLater),
            (.InvalidInput(input: .answer(fault: .missing(field: 1))), "invalid_input", .correctInput),
        ]
        for (error, code, action) in told {
            #expect(error.code == code)
            #expect(error.action == action)
        }
    }
}
