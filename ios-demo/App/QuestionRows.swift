import FlashpaperDemoModel
import FlashpaperKit
import SwiftUI

/// What a server asks before it makes an account. Its words are shown as its own.
struct QuestionRows: View {
    let question: Question
    let model: BurnersModel
    @State private var answers: [Int: FieldAnswer]

    init(question: Question, model: BurnersModel) {
        self.question = question
        self.model = model
        let presets = question.form.fields.enumerated().compactMap { place, field in field.preset.map { (place, $0) } }
        _answers = State(initialValue: Dictionary(uniqueKeysWithValues: presets))
    }

    var body: some View {
        if !question.form.title.isEmpty { Text(question.form.title) }
        if !question.form.instructions.isEmpty { Text(question.form.instructions) }
        ForEach(question.form.fields.indices, id: \.self) { place in
            AnswerRows(field: question.form.fields[place], answer: $answers[place])
        }
        Button("Answer") { model.answer(answers) }
        Button("Ask me something else", action: model.askAnew)
        Button("Take another server", action: model.decline)
    }
}

private struct AnswerRows: View {
    let field: Field
    @Binding var answer: FieldAnswer?

    var body: some View {
        // It has at most 2048 pixels a side.
        if let picture = field.picture, let image = UIImage(data: picture.bytes) {
            Image(uiImage: image).resizable().scaledToFit().accessibilityLabel("What the server shows")
        }
        switch field.kind {
        case .text: TextField(label, text: text)
        case .address: TextField(label, text: text).keyboardType(.emailAddress)
        case .secret: SecureField(label, text: text)
        case .lines, .addresses: TextField(label, text: text, axis: .vertical)
        case .yesNo: Toggle(label, isOn: yes)
        case .one(let options):
            Picker(label, selection: one) {
                ForEach(options.indices, id: \.self) { Text(options[$0]).tag(Int?.some($0)) }
            }
        case .some(let options):
            Text(label)
            ForEach(options.indices, id: \.self) { Toggle(options[$0], isOn: chosen($0)) }
        }
    }

    private var label: String { field.required ? field.label : "\(field.label) (may be left out)" }

    private var text: Binding<String> {
        Binding {
            if case .text(let text) = answer { text } else { "" }
        } set: {
            answer = $0.isEmpty ? nil : .text($0)
        }
    }

    private var yes: Binding<Bool> {
        Binding { answer == .yesNo(true) } set: { answer = .yesNo($0) }
    }

    private var places: [Int] {
        if case .chosen(let places) = answer { places } else { [] }
    }

    private var one: Binding<Int?> {
        Binding { places.first } set: { place in answer = place.map { .chosen([$0]) } }
    }

    private func chosen(_ place: Int) -> Binding<Bool> {
        Binding { places.contains(place) } set: { isOn in
            let others = places.filter { $0 != place }
            answer = .chosen(isOn ? others + [place] : others)
        }
    }
}
