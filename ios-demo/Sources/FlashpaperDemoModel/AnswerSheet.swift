import FlashpaperKit

/// A server's question, and what the user has answered so far.
struct AnswerSheet {
    let question: Question
    private(set) var answers: [Int: FieldAnswer]
    var fault: AnswerFault?
    /// A reply is on its way.
    var isSent = false

    init(_ question: Question) {
        self.question = question
        let presets = question.form.fields.enumerated().compactMap { place, field in field.preset.map { (place, $0) } }
        answers = Dictionary(uniqueKeysWithValues: presets)
    }

    mutating func change(_ place: Int, _ answer: FieldAnswer?) {
        answers[place] = answer
        fault = nil
    }

    mutating func choose(_ place: Int, _ option: Int) {
        guard question.form.fields.indices.contains(place) else { return }
        let old = chosen(place)
        switch question.form.fields[place].kind {
        case .some: change(place, .chosen(old.contains(option) ? old.filter { $0 != option } : (old + [option]).sorted()))
        default: change(place, .chosen([option]))
        }
    }

    var state: QuestionState {
        let form = question.form
        return QuestionState(
            server: Phrase(.creatingQuestionFrom, .verbatim(Verbatim(question.server.rawValue))),
            title: form.title.allSatisfy(\.isWhitespace) ? nil : Verbatim(form.title),
            instructions: form.instructions.allSatisfy(\.isWhitespace) ? nil : Verbatim(form.instructions),
            fields: form.fields.enumerated().map { state($0, $1) },
            fault: fault == .tooFew ? Phrase(.creatingTooFew) : nil, canSend: !isSent,
            canAskAnew: !isSent && form.fields.contains { $0.picture != nil })
    }

    private func state(_ place: Int, _ field: FlashpaperKit.Field) -> QuestionField {
        let mode: FieldMode =
            switch field.kind {
            case .text, .address: .line
            case .secret: .secret
            case .lines, .addresses: .lines
            case .yesNo: .yesNo
            case .one: .one
            case .some: .some
            }
        let fault: Phrase? =
            switch self.fault {
            case .missing(place): Phrase(.creatingMissing)
            case .unfit(place): Phrase(.creatingUnfit)
            default: nil
            }
        return QuestionField(
            place: place, label: Verbatim(field.label), mode: mode, required: field.required, isChallenge: field.isChallenge,
            text: Verbatim(text(place)), yes: answers[place] == .yesNo(true), options: options(place, field.kind),
            picture: field.picture.map { QuestionPicture(bytes: $0.bytes, width: $0.width, height: $0.height) }, fault: fault)
    }

    private func text(_ place: Int) -> String {
        if case .text(let text) = answers[place] { text } else { "" }
    }

    private func chosen(_ place: Int) -> [Int] {
        if case .chosen(let places) = answers[place] { places } else { [] }
    }

    private func options(_ place: Int, _ kind: FieldKind) -> [QuestionOption] {
        switch kind {
        case .one(let options), .some(let options):
            options.enumerated().map {
                QuestionOption(place: $0, label: Verbatim($1), chosen: chosen(place).contains($0))
            }
        default: []
        }
    }
}
