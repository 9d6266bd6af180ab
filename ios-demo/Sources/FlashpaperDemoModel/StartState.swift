import FlashpaperKit
import Foundation

/// How the Tor network is entered.
public enum Entrance: String, Equatable, Sendable, CaseIterable, Codable {
    /// By its public relays.
    case direct
    /// By bridges, which the user has got from somebody.
    case bridges
}

/// The first screen. Nothing touches a network before its button.
public struct StartState: Equatable, Sendable {
    public let entrances: [Option<Entrance>]
    /// What the chosen entrance means.
    public let explanation: Phrase
    /// The lines of bridges; nil where none are needed.
    public let bridges: Field?
    /// The one button: makes the first burner, or connects.
    public let button: Phrase
    public let canStart: Bool
    /// Tor or the store is being started.
    public let isBusy: Bool
    /// There are burners to look at without a network.
    public let canLook: Bool
    public let canRestore: Bool
    public let problem: Problem?
}

/// A burner that is being made.
public struct CreatingState: Equatable, Sendable {
    /// What goes on, in one line.
    public let title: Phrase
    /// 0 to 1; nil where nobody can tell.
    public let fraction: Double?
    /// What is done, and what goes on, in order.
    public let steps: [Sign]
    /// What the server says to its new user, word by word.
    public let serverSays: Verbatim?
    /// What the server asks; the creation waits for an answer.
    public let question: QuestionState?
    /// The server makes accounts on a web page only: its address, to be copied, and why it is not opened.
    public let page: PageState?
    public let problem: Problem?
    public let canRetry: Bool
}

public struct PageState: Equatable, Sendable {
    public let address: Verbatim
    public let warning: Phrase
}

/// A server's question. All its words are the server's.
public struct QuestionState: Equatable, Sendable {
    public let server: Phrase
    public let title: Verbatim?
    public let instructions: Verbatim?
    public let fields: [QuestionField]
    public let fault: Phrase?
    public let canSend: Bool
    public let canAskAnew: Bool
}

/// How one thing is answered.
public enum FieldMode: String, Equatable, Sendable, CaseIterable {
    case line, secret, lines, yesNo, one, some
}

public struct QuestionField: Equatable, Sendable {
    /// Names it in the actions.
    public let place: Int
    public let label: Verbatim
    public let mode: FieldMode
    public let required: Bool
    public let isChallenge: Bool
    /// For the modes that are written.
    public let text: Verbatim
    /// For `FieldMode.yesNo`.
    public let yes: Bool
    /// For `FieldMode.one` and `FieldMode.some`.
    public let options: [QuestionOption]
    public let picture: QuestionPicture?
    public let fault: Phrase?
}

public struct QuestionOption: Equatable, Sendable {
    public let place: Int
    public let label: Verbatim
    public let chosen: Bool
}

/// A PNG or JPEG file. Printing one does not show it.
public struct QuestionPicture: Equatable, Sendable, Discreet {
    public let bytes: Data
    public let width: Int
    public let height: Int
}
