import FlashpaperKit

/// All that the first screen shows.
public struct BurnersState: Equatable, Sendable {
    public internal(set) var tor = TorState.off
    /// This is not the public Tor network: nothing on the screen is private. Once set it stays.
    public internal(set) var privateNetwork = false
    /// What is wrong with the sealed store; nothing by default.
    public internal(set) var vault = VaultReport()
    public internal(set) var burners: [BurnerState] = []
    public internal(set) var work = Work.idle
    /// What the server asks the user before it makes the burner; `work` waits for an answer.
    public internal(set) var question: Question?
    public internal(set) var notice: Notice?

    /// Whether the button makes a burner now.
    public var canCreate: Bool { tor == .ready && work == .idle }
}

/// How far Tor is.
public enum TorState: Equatable, Sendable {
    case off
    /// `fraction` of the way, 0 to 1; it may fall back.
    case connecting(fraction: Float)
    case ready
    /// It goes on trying by itself; `canRetry`: the user may do more, having mended something.
    case blocked(FlashpaperError, canRetry: Bool)
}

/// What is being done for the user, one thing at a time, with the steps that are behind.
public enum Work: Equatable, Sendable {
    case idle
    case creating(steps: [Step])
    case burning(BurnerID, steps: [Step])
}

/// What the user is told until it is dismissed or replaced.
public enum Notice: Equatable, Sendable {
    case failed(FlashpaperError)
    case burned(BurnOutcome)
}
