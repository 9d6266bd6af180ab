import FlashpaperKit
import Foundation

/// How a conversation stands.
public enum Mode: String, Equatable, Sendable, CaseIterable {
    /// There is no private conversation, and nothing waits.
    case plain
    /// Texts wait until the contact is online.
    case waiting
    case `private`
    case verified
    /// The contact has verified the user, not the other way.
    case theyVerifiedYou
    case keyChanged
    /// The contact has ended it.
    case finished
    case blocked
    /// A stranger waits for an answer.
    case stranger
    /// The burner's server holds messages back.
    case quarantined
    /// The burner is being burnt.
    case burning
}

/// One conversation of one burner.
public struct ChatState: Equatable, Sendable {
    public let badge: BurnerBadge
    public let name: Verbatim
    public let mode: Mode
    /// The lock.
    public let lock: Sign
    /// What the lock means, in one or two sentences.
    public let explanation: Phrase
    /// The meaning is a warning: it is never small, nor folded away.
    public let mustRead: Bool
    /// What is best done now; nil: nothing.
    public let main: ActButton<ChatAct>?
    /// What else can be done.
    public let others: [ActButton<ChatAct>]
    public let presence: Phrase?
    /// The burner is not connected.
    public let offline: Sign?
    /// The last is the newest, at which a view opens.
    public let bubbles: [Bubble]
    public let hasEarlier: Bool
    /// In the place of bubbles where there are none.
    public let empty: Phrase?
    public let draft: Verbatim
    /// In the empty input; where nothing can be written: why not.
    public let hint: Phrase
    public let canWrite: Bool
    public let canSend: Bool
    /// Who gets the text from whom, for people who cannot see the badge.
    public let sendLabel: Phrase
    public let confirmation: Confirmation?
    public let note: Note?
}

public enum ChatAct: String, Equatable, Sendable, CaseIterable {
    case startPrivate, endPrivate, verify, answer, acceptKey, accept, block, unblock
}

/// From whom a text is, and how it came.
public enum BubbleKind: String, Equatable, Sendable, CaseIterable {
    case mine
    case theirs
    /// It came unprotected: anybody on the way may have read or written it.
    case theirsInTheClear
    /// It came encrypted, by a key that is not accepted.
    case theirsByOtherKey
}

public struct Bubble: Equatable, Sendable {
    public let id: MessageID
    public let kind: BubbleKind
    public let text: Verbatim
    /// Where in the text a link is, in characters.
    public let links: [Range<Int>]
    public let at: Moment
    public let sign: Sign
    /// It is the first of those that were not read when the chat was opened: a line is above it.
    public let isFirstUnread: Bool
    public let canRetry: Bool
    /// Read aloud in the place of the bubble: who, what, how far.
    public let spoken: Phrase
}
