import FlashpaperCore
import Foundation

// What is asked of the library about messages and peers.

extension Flashpaper {
    /// Sends a text to a bare JID, in private, as soon as that is possible: it is stored when this returns, and sent in
    /// the order of these calls. It waits for a private conversation, which needs the peer to be there
    /// (``MessageState/waitingForPeer``); where that takes longer than `limit`, it fails. A peer that is written to is a
    /// contact.
    @discardableResult
    public func send(
        _ text: String, from id: BurnerId, to peer: String, within limit: Duration? = nil
    ) async throws -> MessageId {
        try await engine.send(id: id, to: peer, text: text, within: limit.map { max($0, .zero) / .seconds(1) })
    }

    /// A page of a burner's messages that are not done or are kept, with one peer (a bare JID) or all: at most `limit`, the
    /// last ones before the message `before`, or the last of all, in their order. The first message of a page is the
    /// `before` of the next one, and may be forgotten by then: it is a position. An empty page is the end.
    public func messages(
        of id: BurnerId, with peer: String? = nil, before: MessageId? = nil, limit: Int = 100
    ) throws -> [Message] {
        try engine.messages(id: id, with: peer, before: before, limit: UInt32(clamping: limit))
    }

    /// One message.
    public func message(_ message: MessageId, of id: BurnerId) throws -> Message {
        try engine.message(id: id, message: message)
    }

    /// Says that the app has a message that came, or has seen that one failed: until then it is kept, also over a crash.
    public func taken(_ message: MessageId, of id: BurnerId) async throws {
        try await engine.taken(id: id, message: message)
    }

    /// Sets what is kept of a burner's messages that are done. What is not to be kept any more is forgotten at once.
    public func setHistory(_ history: History, of id: BurnerId) async throws {
        try await engine.setHistory(id: id, history: history)
    }

    /// Adds somebody as a contact, by bare JID or `xmpp:` URI, and asks to see when they are there. A fingerprint in the
    /// URI is the one key that they are to have from now on. Gives the bare JID.
    @discardableResult
    public func addContact(_ address: String, to id: BurnerId) async throws -> String {
        try await engine.addContact(id: id, address: address)
    }

    /// Does what `addContact` does, where that throws `OtherKeyInUse`: the user has decided that the link's key is right.
    /// No text goes to the other then.
    @discardableResult
    public func expectKey(_ address: String, of id: BurnerId) async throws -> String {
        try await engine.expectKey(id: id, address: address)
    }

    /// Accepts a stranger as a contact. A private conversation that they have asked for begins with a query of ours.
    public func accept(_ peer: String, of id: BurnerId) async throws {
        try await engine.accept(id: id, peer: peer)
    }

    /// Keeps somebody away, or not any more: what they send is not taken in, and the own server is told so where it
    /// knows blocking (XEP-0191). They see no presence from then on. A private conversation ends without a word, and
    /// what was written to them and has not left does not leave any more. Nothing but this call ends a block.
    public func setBlocked(_ blocked: Bool, peer: String, of id: BurnerId) async throws {
        try await engine.setBlocked(id: id, peer: peer, blocked: blocked)
    }

    /// The user's own name for a burner, or for a peer of it; nil or a blank one takes it away. It never leaves the
    /// device.
    public func setLabel(_ label: String?, of id: BurnerId, peer: String? = nil) async throws {
        try await engine.setLabel(id: id, peer: peer, label: label)
    }

    /// The burner's address with its key, as an `xmpp:` URI for a QR code.
    public func uri(of id: BurnerId) async throws -> String {
        try await engine.uri(id: id)
    }

    /// The fingerprint of the burner's own key, for the peer to compare: 40 digits in five groups.
    public func fingerprint(of id: BurnerId) async throws -> Fingerprint {
        try await engine.fingerprint(id: id)
    }

    /// One conversation, as a screen shows it. ``Event/conversation(burner:peer:)`` tells when to ask again.
    public func conversation(with peer: String, of id: BurnerId) throws -> Conversation {
        try engine.conversation(id: id, peer: peer)
    }

    /// Begins a private conversation, or renews the one there is. Texts begin one by themselves.
    public func startPrivate(with peer: String, of id: BurnerId) async throws {
        try await engine.startPrivate(id: id, peer: peer)
    }

    /// Ends the private conversation: the peer is told, and what waits goes on waiting for a new one.
    public func endPrivate(with peer: String, of id: BurnerId) async throws {
        try await engine.endPrivate(id: id, peer: peer)
    }

    /// Says that texts may go to this key of a peer's, though another one was known or expected.
    public func acceptKey(_ fingerprint: Fingerprint, of peer: String, for id: BurnerId) async throws {
        try await engine.acceptKey(id: id, peer: peer, fingerprint: fingerprint)
    }

    /// Says that the user has compared this key, on the telephone say, or takes that back: no text goes to it then
    /// before it is accepted again (``acceptKey(_:of:for:)``), nor, once one key was compared, to others that were
    /// not.
    public func setVerified(
        _ verified: Bool, key fingerprint: Fingerprint, of peer: String, for id: BurnerId
    ) async throws {
        try await engine.setVerified(id: id, peer: peer, fingerprint: fingerprint, verified: verified)
    }

    /// Compares a secret with the peer (SMP), with a question that tells which secret is meant. That both know it
    /// verifies the peer; ``Event/comparison(burner:peer:comparison:)`` tells. It serves to check a key that has
    /// changed, too: the holder of that key sees the question, and learns of the secret whether one guess was right.
    public func compare(
        _ secret: String, question: String? = nil, with peer: String, of id: BurnerId
    ) async throws {
        try await engine.compare(id: id, peer: peer, secret: secret, question: question)
    }

    /// Answers a comparison that the peer has asked for (``Conversation``'s question); `question` is the one that the user
    /// was shown, if there was one. With a question it verifies the user to the peer, not the other way.
    public func answerComparison(
        _ secret: String, question: String?, with peer: String, of id: BurnerId
    ) async throws {
        try await engine.answerComparison(id: id, peer: peer, secret: secret, question: question)
    }

    /// Ends a comparison without a result.
    public func abortComparison(with peer: String, of id: BurnerId) async throws {
        try await engine.abortComparison(id: id, peer: peer)
    }

    /// How long a burner's private conversations may rest and be gone on with, over the end of the process, too. Zero:
    /// none outlives the process, and nothing of them is stored.
    public func setIdleTimeout(_ timeout: Duration, of id: BurnerId) async throws {
        try await engine.setIdleTimeout(id: id, timeout: max(timeout, .zero) / .seconds(1))
    }

    /// Sets how long the texts of a conversation are kept once they were read, or with nil that they do not go by themselves,
    /// as at first: from when the app has said that it has one, or from when one has left, but for as long as something may
    /// come of it; of what is kept as history, too. It is for texts that are read from then on. A Flashpaper peer is told
    /// inside the encryption, and does the same (``Notice/timerChanged``); of two settings the later counts. With clients of
    /// another kind, and until the conversation's `timerIsShared` says otherwise, texts go here alone. Nothing keeps a peer from
    /// keeping a text.
    public func setTimer(of id: BurnerId, with peer: String, to after: Duration?) async throws {
        try await engine.setTimer(id: id, peer: peer, after: after.map { max($0, .zero) / .seconds(1) })
    }

    /// Whether a peer that offers nothing newer may be spoken to in version 2 of OTR (``Conversation/version``), as at
    /// first, or not. Private conversations in version 2 end when it may not be.
    public func setVersion2(_ may: Bool, of id: BurnerId) async throws {
        try await engine.setVersion2(id: id, may: may)
    }

    /// Takes in which keys the user has verified with another client: the text of libotr's `otr.fingerprints`. Lines
    /// of other accounts are passed over where `account` is given, and so are lines that cannot be read, which are
    /// named. Nobody becomes a contact by it; a key that is expected of a peer stays the only one.
    @discardableResult
    public func importFingerprints(
        _ file: String, account: String? = nil, for id: BurnerId
    ) async throws -> Imported {
        try await engine.importFingerprints(id: id, file: file, account: account)
    }
}
