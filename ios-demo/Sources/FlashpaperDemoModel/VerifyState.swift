import FlashpaperKit
import Foundation

/// How a contact is verified.
public enum VerifyWay: String, Equatable, Sendable, CaseIterable {
    /// A question that only the contact can answer.
    case secret
    /// The digits of both keys, read aloud.
    case digits
}

/// Shows that a contact is who they say.
public struct VerifyState: Equatable, Sendable {
    public let badge: BurnerBadge
    public let name: Verbatim
    public let lock: Sign
    public let ways: [Option<VerifyWay>]
    /// What to do, in one or two sentences.
    public let explanation: Phrase
    /// The contact asks, and waits for an answer.
    public let asked: Asked?
    public let question: Field
    public let secret: Field
    /// Compares, or answers.
    public let button: Phrase
    public let canCompare: Bool
    /// The contact has to answer yet.
    public let waits: Phrase?
    public let canAbort: Bool
    public let result: Sign?
    /// What to do about it.
    public let resultText: Phrase?
    /// The user's own digits, in groups to be read aloud.
    public let own: [Verbatim]?
    /// The contact's, where a key is known.
    public let theirs: [Verbatim]?
    public let canConfirmDigits: Bool
    public let canTakeBack: Bool
    public let note: Note?
}

/// `question` is the contact's; nil: they compare without one.
public struct Asked: Equatable, Sendable {
    public let question: Verbatim?
}
