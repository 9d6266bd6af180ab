import Foundation

/// A burner's conversation with one peer. Printing one shows neither the peer nor its keys.
public struct ChatState: Equatable, Sendable, Identifiable, Discreet {
    /// The peer's bare JID.
    public let peer: JID
    /// The user's name for the peer.
    public let label: String?
    /// Who the peer is to the burner.
    public let relationship: Relationship
    /// How private a text that is written now would be.
    public let security: Security
    /// The version of OTR of the private conversation: 3, or 2 with a client that has nothing newer.
    public let version: Int?
    /// The key that a text would go to.
    public let key: Fingerprint?
    /// The keys that the peer has used.
    public let keys: [PeerKey]
    /// The one key that the peer is to have, if it is known from elsewhere.
    public let expected: Fingerprint?
    /// A client of the peer's is known to be there.
    public let present: Bool
    /// The peer waits for an answer to a comparison.
    public let question: Comparison?
    /// How long a text is kept once it was read; nil: it does not go by itself. See ``Chat/setTimer(after:)``.
    public let timer: Duration?
    /// The peer's client has said that it goes by that timer, too. Where it has not, texts go here alone.
    public let timerIsShared: Bool
    /// Messages that came and were not read.
    public let unread: Int
    /// Messages that the own server does not have yet.
    public let outbox: Int

    public init(
        peer: JID, label: String? = nil, relationship: Relationship = .contact, security: Security = .plaintext,
        version: Int? = nil, key: Fingerprint? = nil, keys: [PeerKey] = [], expected: Fingerprint? = nil,
        present: Bool = false, question: Comparison? = nil, timer: Duration? = nil, timerIsShared: Bool = false,
        unread: Int = 0, outbox: Int = 0
    ) {
        self.peer = peer
        self.label = label
        self.relationship = relationship
        self.security = security
        self.version = version
        self.key = key
        self.keys = keys
        self.expected = expected
        self.present = present
        self.question = question
        self.timer = timer
        self.timerIsShared = timerIsShared
        self.unread = unread
        self.outbox = outbox
    }

    public var id: JID { peer }

    public var description: String { "ChatState(\(security), unread: \(unread), outbox: \(outbox), ..)" }
}

/// Who a peer is to a burner.
public enum Relationship: Equatable, Sendable {
    /// Somebody who has written or asked for presence, and gets no answer: see ``Chat/accept()``.
    case stranger
    /// Added, accepted or written to.
    case contact
    /// Kept away, by the server too where it can (XEP-0191).
    case blocked
}

/// How private a text that is written now would be: the lock that a screen shows.
public enum Security: Equatable, Sendable {
    /// There is no private conversation. Nothing is sent until there is one.
    case plaintext
    /// Encrypted, to a key that nobody has compared: it came first, and so may be one of the own server's or of the peer's,
    /// which could read and change everything. A screen should say so until the key is verified.
    case `private`
    /// Encrypted, to a key that is known to be the peer's.
    case verified
    /// The peer has ended the private conversation. Nothing is sent until the user begins a new one, or ends it too.
    case finished
    /// Encrypted, but to another key than the one that was known or expected, or to one that is not verified any more.
    /// Nothing is sent until the user has accepted it, or ends the conversation.
    case keyChanged
}

/// A key that a peer has used. Printing one does not show it.
public struct PeerKey: Equatable, Sendable {
    /// Its fingerprint.
    public let fingerprint: Fingerprint
    /// The user has compared it, or a comparison of secrets has shown that it is the peer's.
    public let verified: Bool
    /// The peer has compared ours, by a question that the user has answered.
    public let verifiedUs: Bool
    /// Texts may go to it.
    public let accepted: Bool

    public init(fingerprint: Fingerprint, verified: Bool = false, verifiedUs: Bool = false, accepted: Bool = true) {
        self.fingerprint = fingerprint
        self.verified = verified
        self.verifiedUs = verifiedUs
        self.accepted = accepted
    }
}

/// How a comparison of secrets (SMP) stands. Printing one shows no question.
public enum Comparison: Equatable, Sendable, Discreet {
    /// The peer wants to compare: ``Chat/answer(_:to:)``. The question is the peer's, if there is one.
    case asked(question: String?)
    /// Both know the same secret: the peer's key is verified.
    case verified
    /// Both know the same secret, but the question was the peer's: it has verified the user, not the other way.
    case verifiedUs
    /// They do not know the same secret.
    case different
    /// It ended without a result.
    case aborted

    public var description: String {
        switch self {
        case .asked: "asked(..)"
        case .verified: "verified"
        case .verifiedUs: "verifiedUs"
        case .different: "different"
        case .aborted: "aborted"
        }
    }
}

/// Something that a user in a conversation should know of. Printing one shows no words.
public enum Notice: Equatable, Sendable, Discreet {
    /// A message could not be read. If the peer's client keeps its texts it comes again.
    case unreadable
    /// Somebody says, in the peer's name and in the clear, that something went wrong. Anybody on the way can say so: never
    /// show the text as the peer's words.
    case peerError(text: String)
    /// The peer's client, or somebody in its name, speaks another version of OTR only; so is told, too, of version 2 in the
    /// name of a peer that has spoken version 3.
    case otherVersion
    /// Somebody sends our own messages back.
    case mirror
    /// A message that breaks the rules of its form: ignored.
    case malformed
    /// A private conversation has begun with a key that was not accepted. No text goes there, and texts that come from there
    /// are marked as ``Security/keyChanged``.
    case otherKey
    /// So many texts of the peer's were not read that no more are taken in, nor confirmed. Once there is room, the texts that
    /// a Flashpaper peer has sent meanwhile come again; those of others are lost.
    case inboxFull
    /// The peer has set how long texts are kept (``ChatState/timer``), here as there.
    case timerChanged
    /// So many strangers wait for an answer that the one who had waited longest was forgotten, to make room for this one.
    case strangerForgotten

    public var description: String {
        switch self {
        case .unreadable: "unreadable"
        case .peerError: "peerError(..)"
        case .otherVersion: "otherVersion"
        case .mirror: "mirror"
        case .malformed: "malformed"
        case .otherKey: "otherKey"
        case .inboxFull: "inboxFull"
        case .timerChanged: "timerChanged"
        case .strangerForgotten: "strangerForgotten"
        }
    }
}

/// A message. Printing one shows neither peer nor text.
public struct Message: Equatable, Sendable, Identifiable, Discreet {
    /// Its name; rises in the order in which messages came or were written.
    public let id: MessageID
    /// The peer's bare JID, as the own server vouches for it. Empty where that was lost to a failing device.
    public let peer: JID
    /// The text. One that came may hold anything.
    public let text: String
    /// When it was written here, or came, by the device's clock.
    public let at: Date
    /// How far it is.
    public let state: MessageState
    /// How private it came or left; of one that has not left yet: nothing is said.
    public let security: Security
    /// It was sent again to a client that does not know what it gets twice.
    public let maybeTwice: Bool

    public init(
        id: MessageID, peer: JID, text: String, at: Date, state: MessageState, security: Security,
        maybeTwice: Bool = false
    ) {
        self.id = id
        self.peer = peer
        self.text = text
        self.at = at
        self.state = state
        self.security = security
        self.maybeTwice = maybeTwice
    }

    public var description: String { "Message(\(id.rawValue), \(state), ..)" }
}

/// How far a message is.
public enum MessageState: Equatable, Sendable {
    /// It came, and the app has not said that it was read: it is kept, whatever happens.
    case received
    /// It came, and was read.
    case taken
    /// It waits to be sent.
    case queued
    /// It waits for a private conversation: the peer was asked for one, and has to be there to answer. An account that does
    /// not exist looks like one that is away.
    case waitingForPeer
    /// It was encrypted and sent; whether the own server has it is not known.
    case sent
    /// The own server has it (XEP-0198).
    case acked
    /// A receipt outside the encryption says that the peer's client has it (XEP-0184). Any server on the way can write one:
    /// the text is kept until OTR has confirmed it, and fails as ``FailReason/unread`` or is sent again if that does not come.
    case reported
    /// The peer's client has it: it said so inside the encryption, as Flashpaper does and others do not.
    case delivered
    /// It will not arrive. It is kept until ``Chat/taken(_:)``, ``Chat/retry(_:)`` or ``Chat/delete(_:)``.
    case failed(FailReason)
}

/// Why a message will not arrive.
public enum FailReason: Equatable, Sendable {
    /// A server sent it back: there is no such peer, or it takes nothing from us. That is the servers' word.
    case refused
    /// A server sent it back for now: the peer's server cannot be reached, say. It can be sent again.
    case unreachable
    /// To whom it was to go was lost to a failing device.
    case addressLost
    /// The private conversation is lost or over, and the peer may not have read it. It can be sent again. A receipt that comes
    /// late makes it ``MessageState/delivered`` after all.
    case unread
    /// It was written for another key than the peer has now.
    case otherKey
    /// The peer was not there in time.
    case noAnswer
    /// It does not fit through the network.
    case tooLong
    /// The user has blocked the peer before it left.
    case blocked
}

/// Which messages are kept once they are done: those that were read or delivered.
public enum History: Equatable, Sendable {
    /// None.
    case none
    /// All, until the burner is burnt.
    case untilBurn
    /// Each for so long after it was written or came, by the clock; one that is set back does not prolong it.
    case expire(after: Duration)
}

/// The result of an import of fingerprints.
public struct Imported: Equatable, Sendable {
    /// How many keys were taken in, and are kept.
    public let keys: Int
    /// The numbers of the lines that cannot be read, from 1.
    public let unreadLines: [Int]

    public init(keys: Int, unreadLines: [Int]) {
        self.keys = keys
        self.unreadLines = unreadLines
    }
}
