import FlashpaperAPI

/// An account that the real library makes.
final class LibraryCreation: Creation {
    private let library: Library
    private let creation: FfiCreation
    private let present: Present<CreationProgress>

    init(_ library: Library, _ creation: FfiCreation) {
        self.library = library
        self.creation = creation
        let present = Present(CreationProgress.starting)
        self.present = present
        Task.detached {
            while let next = await creation.progress() { present.set(next.face) }
            do {
                let made = try await creation.burner(cancel: nil)
                // Who hears of it finds it in the state.
                await library.look()
                present.set(.done(BurnerID(rawValue: made.id)))
            } catch {
                present.set(.failed(face(error) as? FlashpaperError ?? .internal))
            }
            present.finish()
        }
    }

    func progress() -> AsyncStream<CreationProgress> { present.stream() }

    func answer(_ question: Question.ID, _ answer: Answer) async throws {
        let (engine, id) = (library.engine, question.rawValue)
        try await call {
            switch answer {
            case .fields(let fields):
                let byPlace = try fields.map { (try $0.place(inField: $0), try $1.ffi(inField: $0)) }
                try await engine.answer(id: id, answers: Dictionary(uniqueKeysWithValues: byPlace))
            case .anotherPicture: try await engine.askAnew(id: id)
            case .giveUp: try await engine.decline(id: id)
            }
        }
    }

    var burner: any Burner {
        get async throws {
            _ = try await present.end(orCancel: cancel)
            return library.handle(try await call { try await creation.burner(cancel: nil) })
        }
    }

    func cancel() { creation.cancel() }
}
