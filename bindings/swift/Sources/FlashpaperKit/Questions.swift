import FlashpaperCore

// What servers ask of the user before they make an account.

extension Flashpaper {
    /// What a server asks of the user, while it is open: ``Snapshot``'s questions are all of them.
    public func question(_ id: QuestionId) throws -> Question {
        try engine.question(id: id)
    }

    /// Answers what a server asks, by the places of the fields in its form: the creation goes on. Answers that do not fit
    /// throw ``FlashpaperError/InvalidInput(input:)``, and the question stays open.
    public func answer(_ id: QuestionId, with answers: [Int: Answer]) async throws {
        // What is no place of a field stays none.
        let byField = answers.map { (UInt32(exactly: $0) ?? .max, $1) }
        try await engine.answer(id: id, answers: Dictionary(byField) { first, _ in first })
    }

    /// Has the server ask anew, with another picture: this question ends, and another one follows.
    public func askAnew(_ id: QuestionId) async throws {
        try await engine.askAnew(id: id)
    }

    /// Does not answer: the server is given up. A creation that may choose its server goes on elsewhere, another one
    /// throws ``FlashpaperError/Declined``. To give up altogether, cancel the creation's task.
    public func decline(_ id: QuestionId) async throws {
        try await engine.decline(id: id)
    }
}

extension PictureFormat {
    /// Its media type, as HTTP names it.
    public var mediaType: String {
        switch self {
        case .png: "image/png"
        case .jpeg: "image/jpeg"
        }
    }
}
