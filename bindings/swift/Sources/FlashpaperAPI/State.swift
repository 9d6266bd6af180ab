import Foundation

/// Everything that a screen shows, at one moment. Printing it shows nobody's address or name.
public struct FlashpaperState: Equatable, Sendable {
    /// The number of the last event that is surely in it: ``Flashpaper/events(since:)`` goes on from there.
    public let number: UInt64
    /// Whether the library works, sleeps, is locked or closed.
    public let life: Life
    /// Which Tor network it is for.
    public let network: NetworkKind
    /// How far Tor is.
    public let tor: Tor
    /// All burners, in the order of their creation. None while the library is locked.
    public let burners: [BurnerState]
    /// What is wrong with the sealed store. A user should be told of all that is not as by default.
    public let vault: VaultReport

    public init(
        number: UInt64, life: Life, network: NetworkKind, tor: Tor, burners: [BurnerState], vault: VaultReport
    ) {
        self.number = number
        self.life = life
        self.network = network
        self.tor = tor
        self.burners = burners
        self.vault = vault
    }
}

/// Whether the library works.
public enum Life: Equatable, Sendable {
    /// It works.
    case awake
    /// It has let go of the network and the folder: ``Flashpaper/resume()``.
    case suspended
    /// No key is in memory: it is to be opened again.
    case locked
    /// It was closed, or a panic has ended it.
    case closed
}

/// Which Tor network is used.
public enum NetworkKind: Equatable, Sendable {
    /// The Tor network.
    case `public`
    /// A network of a lab, for tests: **nothing here is private**. A screen should say so all the time.
    case `private`
}

/// How far Tor is.
public enum Tor: Equatable, Sendable {
    /// It was not started, or has ended.
    case off
    /// So far of the way, 0 to 1, at this step. It may fall back.
    case connecting(Float, Stage)
    /// Streams can be opened.
    case ready
    /// The error that a call would give. It goes on trying by itself.
    case blocked(FlashpaperError)
}

/// The steps of Tor's start, in order.
public enum Stage: Equatable, Sendable {
    /// Looking for a relay that answers.
    case connecting
    /// Fetching the consensus and the relays' descriptors.
    case directory
    /// Streams can be opened.
    case ready
    /// Ended; only a new start helps.
    case stopped
}

/// A burner account and how it is. Printing one shows nobody's address or name.
public struct BurnerState: Equatable, Sendable, Identifiable, Discreet {
    /// Its name within this installation.
    public let id: BurnerID
    /// Its bare JID.
    public let jid: JID
    /// How its server is reached.
    public let via: Route
    /// How far it is.
    public let phase: Phase
    /// When it was made, by the device's clock.
    public let created: Date
    /// The user's name for it.
    public let label: String?
    /// How it is connected.
    public let connection: Connection
    /// Which of its messages that are done are kept.
    public let history: History
    /// When it is burnt by itself.
    public let expiresAt: Date?
    /// Conversations with strangers, who wait for an answer (``Chat/accept()``), in the order in which they began.
    public let requests: [ChatState]
    /// All other conversations, in the order in which they began.
    public let chats: [ChatState]
    /// Why its conversations cannot be read: there are none here then. The burner can be burnt.
    public let unreadable: FlashpaperError?

    public init(
        id: BurnerID, jid: JID, via: Route, phase: Phase, created: Date, label: String?, connection: Connection,
        history: History, expiresAt: Date?, requests: [ChatState], chats: [ChatState], unreadable: FlashpaperError?
    ) {
        self.id = id
        self.jid = jid
        self.via = via
        self.phase = phase
        self.created = created
        self.label = label
        self.connection = connection
        self.history = history
        self.expiresAt = expiresAt
        self.requests = requests
        self.chats = chats
        self.unreadable = unreadable
    }

    /// The conversation with this peer, a stranger's or another.
    public func chat(with peer: JID) -> ChatState? {
        chats.first { $0.peer == peer } ?? requests.first { $0.peer == peer }
    }

    public var description: String {
        "BurnerState(\(id.rawValue), \(phase), \(connection), chats: \(chats.count), requests: \(requests.count), ..)"
    }
}

/// How far a burner is.
public enum Phase: Equatable, Sendable {
    /// Its creation was not finished; the next start settles it.
    case pending
    /// It can be used.
    case active
    /// Its removal was not finished; the next start goes on.
    case burning
}

/// How a server is reached.
public enum Route: Equatable, Sendable {
    /// By its onion address: no exit, and no name to resolve.
    case onion
    /// By its domain, through an exit relay.
    case exit
}

/// How a burner is connected to its server.
public enum Connection: Equatable, Sendable {
    /// Not, and it does not try: nobody asked for it, or the library is suspended.
    case offline
    /// Not yet.
    case connecting
    /// It is: messages come and go.
    case online
    /// It is, but its server lets it talk to nobody: what went to two other servers was forbidden, and nobody has ever answered.
    /// A burner at another server is the way on.
    case quarantined
    /// Not now; it tries again by itself.
    case waiting(FlashpaperError)
    /// Not, and to try again would not help.
    case ended(FlashpaperError)
}

/// How soon a dead connection has to be noticed: that is how often the phone wakes up for it.
public enum Profile: Equatable, Sendable {
    /// A user looks at the app: after a minute of silence the server is asked, and has half a minute.
    case foreground
    /// Nobody looks: after five minutes the server is asked, and has a minute.
    case background
}

/// How far apart the connections of several burners are kept.
public enum Spread: Equatable, Sendable {
    /// Coming back by itself (after a sleep, a cut or another network) happens to each burner at a random moment within this
    /// time, at most ten minutes. Zero: at once, for all of them, which links them.
    case within(Duration)
    /// Never two at one time. One that is asked for while another is connected has that end first.
    case oneAtATime
}

/// What was wrong with the sealed store when it was opened, and with all that was read since: nothing, by default.
public struct VaultReport: Equatable, Sendable {
    /// Records that can never be read again: changed, or moved, by a failing device or by somebody. Where one is an account's
    /// own, the rest of that account goes with the next burn. Of history, which is read when it is asked for, it says that some
    /// are lost, not how many.
    public let lost: Int
    /// Records were removed or replaced by older ones, or the last ones written are not there. Only somebody with access to the
    /// folder can do that, or a device that fails. The rest may be out of date. Private conversations may begin anew.
    public let incomplete: Bool
    /// The key of the store could not be changed at the opening, as each one does, or an old one not be deleted: older records
    /// may be readable. It is tried again at the next opening.
    public let oldKeyKept: Bool

    public init(lost: Int = 0, incomplete: Bool = false, oldKeyKept: Bool = false) {
        self.lost = lost
        self.incomplete = incomplete
        self.oldKeyKept = oldKeyKept
    }
}

/// The result of ``Flashpaper/sync(deadline:entry:)``.
public struct SyncReport: Equatable, Sendable {
    /// Messages of all burners that came, now or before, and were not read.
    public let unread: Int
    /// Messages of all burners that their servers do not have yet.
    public let outbox: Int
    /// Every burner was connected, and nothing is left to come or go but what waits for a peer.
    public let complete: Bool

    public init(unread: Int, outbox: Int, complete: Bool) {
        self.unread = unread
        self.outbox = outbox
        self.complete = complete
    }
}
