import FlashpaperKit
import Foundation

/// All burners.
public struct BurnersState: Equatable, Sendable {
    public let tor: Sign
    /// 0 to 1 while Tor connects.
    public let fraction: Double?
    /// What is wrong with Tor, and what to do.
    public let problem: Problem?
    /// Leads to the first screen, where the user connects.
    public let canConnect: Bool
    public let rows: [BurnerRow]
    /// In the place of rows where there are none.
    public let empty: Phrase?
    /// Removals that wait for their servers.
    public let removals: [RemovalRow]
    public let canCreate: Bool
    /// Why no burner can be made now.
    public let whyNot: Phrase?
    /// The next burner can be brought back from twelve words.
    public let recoverable: Bool
    public let note: Note?
}

public struct BurnerRow: Equatable, Sendable {
    public let badge: BurnerBadge
    public let address: Verbatim
    public let sign: Sign
    public let expiry: Sign?
    /// Texts that came and were not read, of all its contacts; 0: there is no mark.
    public let unread: Int
    public let canOpen: Bool
}

public struct RemovalRow: Equatable, Sendable {
    public let burner: BurnerID
    public let address: Verbatim
    public let sign: Sign
    public let canRetry: Bool
}

/// Brings a burner back.
public struct RestoreState: Equatable, Sendable {
    public let words: Field
    public let server: Field
    public let canRestore: Bool
    /// What happens first: Tor is connected.
    public let first: Phrase?
    public let isBusy: Bool
    /// The step that goes on.
    public let step: Phrase?
    public let problem: Problem?
}

/// A burner's recovery words, shown once.
public struct WordsState: Equatable, Sendable {
    public let badge: BurnerBadge
    /// Nil: they are hidden.
    public let words: [Verbatim]?
    /// Needed beside the words.
    public let server: Verbatim
    public let canShow: Bool
    /// They were seen: the user says that they are written down, and they are forgotten.
    public let canFinish: Bool
    public let canDecline: Bool
    public let confirmation: Confirmation?
    /// There are none any more.
    public let gone: Phrase?
    public let note: Note?
}
