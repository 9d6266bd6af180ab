import Foundation

/// An event with its number.
public struct Numbered: Equatable, Sendable {
    /// It rises by one from event to event. ``Flashpaper/events(since:)`` goes on behind it.
    public let number: UInt64
    /// What happened.
    public let event: Event

    public init(number: UInt64, event: Event) {
        self.number = number
        self.event = event
    }
}

/// One event. Printing one shows no address and nobody's words.
public enum Event: Equatable, Sendable {
    /// Not the public Tor network: nothing here is private. Reported once, when Tor is started.
    case privateNetwork
    /// From here on there is network traffic.
    case torStarting
    /// Tor's status: 0 to 1, its step, whether streams can be opened, and the error that a call would give.
    case tor(fraction: Float, stage: Stage, ready: Bool, blocked: FlashpaperError?)
    /// A creation has done a step.
    case creating(burner: BurnerID, step: Step)
    /// A server asks something of the user before it makes an account: see ``Creation/progress()``.
    case question(burner: BurnerID, question: Question.ID)
    /// A question is not open any more.
    case questionEnded(burner: BurnerID, question: Question.ID, end: QuestionEnd)
    /// A burn has done a step.
    case burning(burner: BurnerID, step: Step)
    /// A restore of a burner has done a step.
    case restoring(burner: BurnerID, step: Step)
    /// Something that an earlier run, an attempt that failed or an expiry left behind was looked at.
    case settled(burner: BurnerID, outcome: Settlement)
    /// A burner expires soon: an hour before, or when a tenth of its time is left where that is less. Reported once, also
    /// where nobody listens: ``BurnerState/expiresAt`` has the time as well.
    case expiring(burner: BurnerID, at: Date)
    /// A burner has expired: it can be used no more, and is burnt as soon as there is a network. ``settled(burner:outcome:)``
    /// tells how that ended.
    case expired(burner: BurnerID)
    /// A burner's connection to its server has changed.
    case connection(burner: BurnerID, connection: Connection)
    /// A burner that is to be connected takes another route: its server's onion service does not answer, and no route was
    /// chosen for it.
    case otherRoute(burner: BurnerID, via: Route)
    /// A message came, or is in another state: ``Chat/message(_:)`` has it, unless it is done and nobody wanted it kept.
    case message(burner: BurnerID, message: MessageID, state: MessageState)
    /// A conversation has changed: how private it is, its keys, who the peer is to the burner, whether it is there.
    case conversation(burner: BurnerID, peer: JID)
    /// News of a comparison of secrets.
    case comparison(burner: BurnerID, peer: JID, comparison: Comparison)
    /// Something that a user in a conversation should know of.
    case notice(burner: BurnerID, peer: JID, notice: Notice)
    /// The library is locked, by ``Flashpaper/lock()`` or by itself (``Flashpaper/setAutoLock(after:)``): nothing can be done
    /// or seen until it is opened with the key. What was reported before and is not read yet is lost.
    case locked
    /// So many events were lost because this reader was too slow. Its number is that of the last one: the reader goes on
    /// behind it, and ``Flashpaper/state`` has the present.
    case lagged(lost: UInt64)
}

/// A step of a creation, restore or burn that is done. Printing one shows no address and nobody's words.
public enum Step: Equatable, Sendable {
    /// The identity is drawn and sealed; the server does not know of it yet.
    case sealed(server: JID, via: Route)
    /// The server's onion service does not answer, and no route was chosen: another is taken.
    case otherRoute(via: Route)
    /// The server has refused, or cannot be used: the identity is given up, and the creation goes on with another one, there
    /// or elsewhere.
    case movingOn(from: JID, why: FlashpaperError)
    /// The server wants a proof of work (XEP-0158): how far the search is, of the effort that is expected. It can need more.
    case working(percent: Int)
    /// The server says something to the new account, also to one that a crash has left.
    case serverSays(ServerWords)
    /// A stream through Tor is open, or, by an exit, on its way: that nothing listens there shows in the next step. The
    /// circuit's name in this process is for comparing only.
    case connected(circuit: String?)
    /// TLS is up and the certificate is the domain's.
    case secured
    /// The server has made the account.
    case registered
    /// SASL succeeded and a resource is bound.
    case loggedIn
    /// A ping to the own address came back (XEP-0199): the account can be reached.
    case reachable
    /// The server has confirmed the removal.
    case removed
    /// The server removes no accounts: it has taken a password that nobody keeps.
    case disabled
    /// The server has refused the same credentials on a new stream.
    case provenGone
}

/// A text of a server's, cleaned of characters that could steer a screen. Printing one does not show it.
public struct ServerWords: Equatable, Sendable, Discreet {
    /// The text, in lines.
    public let text: String

    public init(text: String) {
        self.text = text
    }
}

/// What became of an account that an earlier run left behind, or that has expired.
public enum Settlement: Equatable, Sendable {
    /// It exists and is a burner now.
    case kept
    /// It was removed at the server.
    case removed
    /// Its server removes no accounts: nobody has its password any more.
    case disabled
    /// The server does not know it.
    case absent
    /// Nothing could be learnt; it is looked at again.
    case unknown
    /// Its removal has waited for its server for 30 days, and is given up: the account may be there for good.
    case dropped
}
