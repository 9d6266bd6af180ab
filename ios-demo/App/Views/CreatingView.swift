import FlashpaperDemoModel
import SwiftUI

/// A burner is being made.
struct CreatingView: View {
    let model: CreatingModel

    var body: some View {
        List {
            Section {
                Text(model.state.title).font(.headline)
                if let fraction = model.state.fraction { ProgressView(value: fraction) }
                ForEach(model.state.steps.indices, id: \.self) { SignLabel(sign: model.state.steps[$0]) }
            }
            if let words = model.state.serverSays {
                Section(TextKey.creatingServerSays.string) { Text(words) }
            }
            if let question = model.state.question { QuestionRows(question: question, model: model) }
            if let page = model.state.page { PageRows(page: page) }
            if let problem = model.state.problem {
                Section { ProblemRow(problem: problem, retry: nil) }
            }
            if model.state.canRetry {
                Button(TextKey.retry.string, systemImage: "arrow.clockwise", action: model.retry)
            }
        }
        .navigationTitle(TextKey.creatingTitle.string)
        .navigationBarTitleDisplayMode(.inline)
        // To leave is to cancel.
        .navigationBarBackButtonHidden()
        .toolbar {
            ToolbarItem(placement: .cancellationAction) { Button(TextKey.cancel.string, role: .cancel, action: model.cancel) }
        }
    }
}

/// The server makes accounts on a web page only.
private struct PageRows: View {
    let page: PageState

    var body: some View {
        Section {
            Text(page.address).font(.callout.monospaced()).textSelection(.enabled)
            CopyButton(text: page.address)
        } header: {
            Text(TextKey.creatingPage)
        } footer: {
            Text(page.warning)
        }
    }
}

/// What a server asks. Its words are shown as its own.
private struct QuestionRows: View {
    let question: QuestionState
    let model: CreatingModel

    var body: some View {
        Section {
            if let title = question.title { Text(title).font(.headline) }
            if let instructions = question.instructions { Text(instructions) }
            ForEach(question.fields, id: \.place) { QuestionRow(field: $0, model: model) }
            if let fault = question.fault { Text(fault).foregroundStyle(.red) }
        } header: {
            Text(question.server)
        } footer: {
            Text(TextKey.creatingQuestionHint)
        }
        Section {
            Button(TextKey.creatingSend.string, action: model.send)
                .buttonStyle(.borderedProminent)
                .disabled(!question.canSend)
            if question.canAskAnew { Button(TextKey.creatingAnotherPicture.string, action: model.askAnew) }
            Button(TextKey.creatingDecline.string, action: model.decline)
        }
    }
}

private struct QuestionRow: View {
    let field: QuestionField
    let model: CreatingModel

    var body: some View {
        VStack(alignment: .leading, spacing: 8) {
            if field.mode != .yesNo { label }
            if let picture = field.picture {
                Image(file: picture.bytes).resizable().scaledToFit().accessibilityLabel(TextKey.creatingPicture.string)
            }
            answer
            if let fault = field.fault { Text(fault).font(.footnote).foregroundStyle(.red) }
        }
    }

    private var label: some View {
        VStack(alignment: .leading, spacing: 2) {
            Text(field.label)
            if field.required { Text(TextKey.creatingRequired).font(.caption).foregroundStyle(.secondary) }
        }
    }

    @ViewBuilder private var answer: some View {
        let place = field.place
        let written = Field(text: field.text)
        switch field.mode {
        case .line: FieldRow(title: field.label.text, field: written, isFramed: true) { model.write(place, $0) }
        case .secret: FieldRow(title: field.label.text, field: written, isSecret: true, isFramed: true) { model.write(place, $0) }
        case .lines: FieldRow(title: field.label.text, field: written, isLong: true, isFramed: true) { model.write(place, $0) }
        case .yesNo: Toggle(isOn: Binding { field.yes } set: { model.setYes(place, $0) }) { label }
        case .one:
            Picker(
                field.label.text,
                selection: Binding { field.options.first { $0.chosen }?.place } set: { if let option = $0 { model.choose(place, option) } }
            ) {
                ForEach(field.options, id: \.place) { Text($0.label).tag(Int?.some($0.place)) }
            }
            .labelsHidden()
        case .some:
            ForEach(field.options, id: \.place) { option in
                Toggle(option.label.text, isOn: Binding { option.chosen } set: { _ in model.choose(place, option.place) })
            }
        }
    }
}
