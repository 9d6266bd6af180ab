import FlashpaperKit
import Foundation

/// Words of the app in the language of its user: `key` names them in the string catalogue, and `args` take the places `%1$@`,
/// `%2$@` and so on. Printing one shows nothing of what was put in.
public struct Phrase: Equatable, Sendable {
    public let key: TextKey
    public let args: [Arg]

    init(_ key: TextKey, _ args: Arg...) {
        precondition(args.count == key.places, "\(key) has \(key.places) places")
        self.key = key
        self.args = args
    }
}

/// What can be put into a ``Phrase``.
public enum Arg: Equatable, Sendable {
    case phrase(Phrase)
    case verbatim(Verbatim)
    /// In the user's digits.
    case number(Int)
    case moment(Moment)
}

/// Shown as it is, in every language: an address, a name, what somebody has written. In a sentence it keeps its own direction.
/// Printing one does not show it.
public struct Verbatim: Hashable, Sendable, Discreet {
    public let text: String

    public init(_ text: String) {
        self.text = text
    }
}

/// A time, in the user's way to write it; `withDay`: not of today, so its day is needed, too.
public struct Moment: Equatable, Sendable {
    public let at: Date
    public let withDay: Bool
}
