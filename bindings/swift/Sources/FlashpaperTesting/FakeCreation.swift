import FlashpaperAPI
import Foundation

/// A fake's creation. It is done at once, but for the questions that a test has it ask.
final class FakeCreation: Creation, Sendable {
    private let world: World
    private let options: CreateOptions
    private let present = Present(CreationProgress.starting)
    /// Guarded by the world's lock, like all that it leads to.
    private let forms = Locked<[QuestionForm]>([])

    init(_ world: World, _ options: CreateOptions) {
        self.world = world
        self.options = options
        do {
            try world.call(.create) { inner in
                try inner.check(options)
                try inner.needTor()
                forms.with { $0 = inner.forms }
                inner.forms = []
                inner.creations.append(self)
                goOn(&inner)
            }
        } catch {
            world.script { ends(with: error as? FlashpaperError ?? .cancelled, &$0) }
        }
    }

    func progress() -> AsyncStream<CreationProgress> { present.stream() }

    func answer(_ question: Question.ID, _ answer: Answer) async throws {
        try world.call(.answerQuestion) { inner in
            guard case .asks(let asked) = present.value, asked.id == question else { throw FlashpaperError.noSuchQuestion }
            let end: QuestionEnd
            switch answer {
            case .fields(let answers):
                try asked.form.check(answers)
                forms.with { _ = $0.removeFirst() }
                end = .answered
            case .anotherPicture: end = .replaced
            case .giveUp:
                forms.with { _ = $0.removeFirst() }
                end = .declined
            }
            inner.report(.questionEnded(burner: asked.burner, question: question, end: end))
            if end == .declined {
                // The server is given up: there are others, unless the app has named this one.
                guard options.server == nil else { return ends(with: .declined, &inner) }
                tell(.movingOn(from: asked.server, why: .declined), of: asked.burner, at: asked.server, &inner)
            }
            goOn(&inner)
        }
    }

    var burner: any Burner {
        get async throws {
            let id = try await present.end(orCancel: cancel)
            return FakeBurner(try world.read { inner in try inner.account(id).state(at: inner) }, world)
        }
    }

    func cancel() {
        world.script { ends(with: .cancelled, &$0) }
    }

    // MARK: Within the world's lock

    private func goOn(_ inner: inout Inner) {
        let server = JID(rawValue: options.server ?? "example.org")
        if let form = forms.with({ $0.first }) {
            let id = Question.ID(rawValue: inner.nextQuestion)
            inner.nextQuestion += 1
            let burner = BurnerID(rawValue: String(inner.nextBurner, radix: 16))
            inner.report(.question(burner: burner, question: id))
            present.set(.asks(Question(id: id, burner: burner, server: server, form: form)))
        } else {
            let id = inner.add(options)
            let steps: [Step] = [
                .sealed(server: server, via: options.route ?? .exit), .connected(circuit: nil), .secured, .registered,
                .loggedIn, .reachable,
            ]
            for step in steps { tell(step, of: id, at: server, &inner) }
            inner.creations.removeAll { $0 === self }
            present.set(.done(id))
            present.finish()
        }
    }

    private func tell(_ step: Step, of burner: BurnerID, at server: JID, _ inner: inout Inner) {
        inner.report(.creating(burner: burner, step: step))
        present.set(.working(server: server, step: step))
    }

    func ends(with error: FlashpaperError, _ inner: inout Inner) {
        inner.creations.removeAll { $0 === self }
        present.set(.failed(error))
        present.finish()
    }

    /// An open question ends, and the creation waits.
    func sleeps(_ inner: inout Inner) {
        guard let asked = endQuestion(.suspended, &inner) else { return }
        present.set(.working(server: asked.server, step: nil))
    }

    func wakes(_ inner: inout Inner) {
        guard case .working = present.value else { return }
        if inner.tor == .off { ends(with: .torNotStarted, &inner) } else { goOn(&inner) }
    }

    /// An open question ends with its stream. Where the app named no server, the next one would be tried, which needs Tor.
    func losesTor(_ inner: inout Inner) {
        guard endQuestion(.expired, &inner) != nil else { return }
        ends(with: options.server == nil ? .torNotStarted : .questionExpired, &inner)
    }

    private func endQuestion(_ end: QuestionEnd, _ inner: inout Inner) -> Question? {
        guard case .asks(let question) = present.value else { return nil }
        inner.report(.questionEnded(burner: question.burner, question: question.id, end: end))
        return question
    }
}

extension QuestionForm {
    /// Whether answers fit, as the real library looks at them.
    fileprivate func check(_ answers: [Int: FieldAnswer]) throws(FlashpaperError) {
        for (place, answer) in answers {
            guard fields.indices.contains(place), fields[place].kind.takes(answer) else {
                throw .invalidInput(.answer(.unfit(field: place)))
            }
        }
        for (place, field) in fields.enumerated() where field.required && answers[place] == nil {
            throw .invalidInput(.answer(.missing(field: place)))
        }
        let answered = fields.enumerated().count { place, field in
            field.isChallenge && !field.required && answers[place] != nil
        }
        guard answered >= choose else { throw .invalidInput(.answer(.tooFew)) }
    }
}

extension FieldKind {
    fileprivate func takes(_ answer: FieldAnswer) -> Bool {
        switch (self, answer) {
        case (.text, .text), (.secret, .text), (.lines, .text), (.address, .text), (.addresses, .text): true
        case (.yesNo, .yesNo): true
        case (.one(let options), .chosen(let places)): places.count == 1 && options.indices.contains(places[0])
        case (.some(let options), .chosen(let places)): places.allSatisfy(options.indices.contains)
        default: false
        }
    }
}
