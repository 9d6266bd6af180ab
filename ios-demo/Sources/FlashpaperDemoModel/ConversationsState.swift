import FlashpaperKit

/// All that the screens of one burner show. Like all below, it prints nobody's address, key or words.
public struct ConversationsState: Equatable, Sendable {
    public internal(set) var burner: BurnerState
    public var connection: Connection { burner.connection }
    /// Strangers last.
    public var contacts: [ChatState] { burner.chats + burner.requests }
    public internal(set) var own: OwnKey?
    public internal(set) var chat: OpenChat?
    /// What the user is told of peers, the latest last: also of those that are in no chat.
    public internal(set) var news: [PeerNews] = []
    /// What the user asked for last, and cannot be done.
    public internal(set) var failed: FlashpaperError?
}

/// What the burner's peers compare or scan.
public struct OwnKey: Equatable, Sendable, CustomStringConvertible, CustomReflectable {
    public let fingerprint: Fingerprint
    public let uri: String

    public var description: String { "OwnKey(..)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// The chat that is open. Its lock is the conversation's `security`.
public struct OpenChat: Equatable, Sendable {
    public let conversation: ChatState
    /// The last ones.
    public let messages: [Message]
    /// There are messages before these.
    public let hasEarlier: Bool
    public let news: ChatNews?
}

/// What the user is told of a peer.
public struct PeerNews: Equatable, Sendable, CustomStringConvertible, CustomReflectable {
    public let peer: JID
    public let news: ChatNews

    public var description: String { "PeerNews(..)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// What the user is told until it is dismissed or replaced.
public enum ChatNews: Equatable, Sendable {
    case compared(Comparison)
    case noticed(FlashpaperKit.Notice)
}
