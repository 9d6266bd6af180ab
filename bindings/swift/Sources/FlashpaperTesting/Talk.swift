import FlashpaperAPI

/// A fake's conversation.
struct Talk {
    let peer: JID
    var label: String?
    var relationship: Relationship
    /// A stranger has asked for a private conversation, and waits for the user.
    var asksForPrivate = false
    /// That of the private conversation, if there is one.
    private(set) var key: Fingerprint?
    private(set) var keys: [PeerKey] = []
    private(set) var expected: Fingerprint?
    private var isFinished = false
    var isPresent = false
    var question: Comparison?
    var timer: Duration?
    var unread = 0
    var outbox = 0
    /// The secret that the user compares with.
    var secret: String?

    init(peer: JID, relationship: Relationship) {
        self.peer = peer
        self.relationship = relationship
    }

    var state: ChatState {
        ChatState(
            peer: peer, label: label, relationship: relationship, security: security,
            version: isPrivate ? 3 : nil, key: key, keys: keys, expected: expected, present: isPresent,
            question: question, timer: timer, timerIsShared: false, unread: unread, outbox: outbox)
    }

    var isPrivate: Bool { key != nil }

    var security: Security {
        guard let used = keys.first(where: { $0.fingerprint == key }) else { return isFinished ? .finished : .plaintext }
        return used.verified ? .verified : used.accepted ? .private : .keyChanged
    }

    mutating func begin(with new: Fingerprint) {
        key = new
        isFinished = false
        note(new)
    }

    mutating func end(by peer: Bool) {
        (key, question, secret) = (nil, nil, nil)
        isFinished = peer
    }

    // MARK: Who the peer is

    func checkUnblocked() throws(FlashpaperError) {
        if relationship == .blocked { throw .peerBlocked }
    }

    /// The user wants to talk to them.
    mutating func befriend() throws(FlashpaperError) {
        try checkUnblocked()
        relationship = .contact
        asksForPrivate = false
    }

    // MARK: Keys

    /// The first key is taken as it comes; another one waits for the user's word, and so does one that is not the expected.
    private mutating func note(_ new: Fingerprint) {
        if !keys.contains(where: { $0.fingerprint == new }) {
            keys.append(PeerKey(fingerprint: new, accepted: expected.map { $0 == new } ?? keys.isEmpty))
        }
    }

    /// Only this key is to be the peer's. `decided`: the user has said so, knowing that another is in use or expected.
    mutating func expect(_ key: Fingerprint, decided: Bool) throws(FlashpaperError) {
        let others = keys.filter { $0.fingerprint != key }
        let isVerified = keys.contains { $0.fingerprint == key && $0.verified }
        if !isVerified, others.contains(where: \.verified) { throw .otherKeyVerified }
        let isOtherExpected = expected.map { $0 != key } ?? false
        if !decided, isOtherExpected || others.contains(where: { $0.accepted && !$0.verified }) { throw .otherKeyInUse }
        expected = key
        keys = keys.map { $0.with(accepted: $0.verified || $0.fingerprint == key) }
    }

    /// Texts may go to this key, also to one that was never used.
    mutating func accept(_ key: Fingerprint) {
        if expected != key { expected = nil }
        note(key)
        change(key) { $0.with(accepted: true) }
    }

    /// This key is the peer's. Others that were only taken as they came have to be accepted anew.
    mutating func verify(_ key: Fingerprint) {
        accept(key)
        change(key) { $0.with(verified: true) }
        keys = keys.map { $0.with(accepted: $0.verified) }
    }

    /// Another client of the user's has this key as verified, which weighs no more than what is expected here. Whether it was
    /// taken in.
    mutating func learnVerified(_ key: Fingerprint) -> Bool {
        guard expected ?? key == key else { return false }
        verify(key)
        return true
    }

    /// The user takes back that this key is the peer's.
    mutating func distrust(_ key: Fingerprint) {
        change(key) { $0.with(verified: false, accepted: false) }
    }

    /// What a comparison comes to. A question of the peer's shows nothing of the peer.
    mutating func compared(_ isEqual: Bool, askedByPeer: Bool = false, _ burner: BurnerID, _ inner: inout Inner) {
        secret = nil
        if isEqual, let key {
            if askedByPeer { change(key) { $0.with(verifiedUs: true) } } else { verify(key) }
        }
        let result: Comparison = !isEqual ? .different : askedByPeer ? .verifiedUs : .verified
        inner.report(.comparison(burner: burner, peer: peer, comparison: result))
    }

    private mutating func change(_ fingerprint: Fingerprint, _ body: (PeerKey) -> PeerKey) {
        keys = keys.map { $0.fingerprint == fingerprint ? body($0) : $0 }
    }
}

extension PeerKey {
    fileprivate func with(verified: Bool? = nil, verifiedUs: Bool? = nil, accepted: Bool? = nil) -> PeerKey {
        PeerKey(
            fingerprint: fingerprint, verified: verified ?? self.verified, verifiedUs: verifiedUs ?? self.verifiedUs,
            accepted: accepted ?? self.accepted)
    }
}
