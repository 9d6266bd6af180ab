import FlashpaperAPI
import Foundation

/// How many texts have a key that names them again.
private let keptKeys = 64

/// How many bytes a text may have.
private let longestText: UInt64 = 10_000

/// A fake's burner.
struct Account {
    let id: BurnerID
    let jid: JID
    let via: Route
    let created: Date
    var label: String?
    var isWanted = false
    private(set) var connection = Connection.offline
    var history = History.none
    var expiresAt: Date?
    var words: Data?
    var droppedWords: Data?
    var talks: [Talk] = []
    var messages: [Message] = []
    private var waits: [MessageID: Date] = [:]
    private var keys: [(key: String, message: MessageID)] = []
    private var nextMessage: UInt64 = 1

    init(id: BurnerID, jid: JID, via: Route, created: Date) {
        self.id = id
        self.jid = jid
        self.via = via
        self.created = created
    }

    func state(at inner: Inner) -> BurnerState {
        let chats = talks.map(\.state)
        return BurnerState(
            id: id, jid: jid, via: via, phase: .active, created: created, label: label, connection: connection,
            history: history, expiresAt: expiresAt, requests: chats.filter { $0.relationship == .stranger },
            chats: chats.filter { $0.relationship != .stranger }, unreadable: nil)
    }

    mutating func setConnection(_ new: Connection) {
        connection = new
        if new != .online {
            for index in talks.indices { talks[index].isPresent = false }
        }
    }

    // MARK: Conversations

    func place(_ peer: JID) throws(FlashpaperError) -> Int {
        guard let index = talks.firstIndex(where: { $0.peer == peer }) else { throw .noSuchPeer }
        return index
    }

    /// The conversation with a peer, which begins here if there is none.
    mutating func talk(with peer: JID, _ relationship: Relationship) -> Int {
        if let index = talks.firstIndex(where: { $0.peer == peer }) { return index }
        talks.append(Talk(peer: peer, relationship: relationship))
        return talks.count - 1
    }

    /// Adds a contact by bare JID or `xmpp:` URI, as the real library reads them.
    mutating func add(_ address: String, decided: Bool, _ inner: inout Inner) throws(FlashpaperError) -> JID {
        let (jid, key) = try read(address)
        guard !inner.accounts.contains(where: { $0.jid == jid }) else { throw .invalidInput(.address) }
        let index = talk(with: jid, .contact)
        guard talks[index].relationship != .blocked else { throw .peerBlocked }
        if let key {
            let other = talks[index].keys.filter { $0.fingerprint != key }
            if other.contains(where: \.verified) { throw .otherKeyVerified }
            let isInUse = talks[index].key.map { $0 != key } ?? false
            let isExpected = talks[index].expected.map { $0 != key } ?? false
            if !decided && (isInUse || isExpected) { throw .otherKeyInUse }
            talks[index].expected = key
        }
        talks[index].relationship = .contact
        inner.meet(jid)
        see(index, inner)
        inner.report(.conversation(burner: id, peer: jid))
        return jid
    }

    private func read(_ address: String) throws(FlashpaperError) -> (JID, Fingerprint?) {
        let bare = address.hasPrefix("xmpp:") ? String(address.dropFirst(5)) : address
        let parts = bare.split(separator: "?", maxSplits: 1)
        let names = parts.first.map { $0.split(separator: "@", omittingEmptySubsequences: false) } ?? []
        guard names.count == 2, names.allSatisfy({ !$0.isEmpty && !$0.contains { $0.isWhitespace || $0 == "/" } }) else {
            throw .invalidInput(.address)
        }
        let key = parts.dropFirst().first.flatMap { query in
            query.split(whereSeparator: { $0 == ";" || $0 == "&" }).first { $0.hasPrefix("otr-fingerprint=") }
        }
        return (JID(rawValue: String(parts[0])), key.flatMap { Fingerprint(String($0.dropFirst(16))) })
    }

    /// Takes over whether a peer is there.
    mutating func see(_ index: Int, _ inner: Inner) {
        talks[index].isPresent = connection == .online && inner.people[talks[index].peer]?.isOnline == true
    }

    /// Begins a private conversation if the peer is there.
    mutating func startPrivate(_ index: Int, _ inner: inout Inner) {
        see(index, inner)
        let peer = talks[index].peer
        guard talks[index].isPresent, let person = inner.people[peer] else { return }
        talks[index].begin(with: person.key)
        inner.report(.conversation(burner: id, peer: peer))
        if talks[index].security == .keyChanged {
            inner.report(.notice(burner: id, peer: peer, notice: .otherKey))
        }
        flush(index, &inner)
    }

    // MARK: Messages

    mutating func send(
        _ text: String, to index: Int, within limit: Duration?, key: String, _ inner: inout Inner
    ) throws(FlashpaperError) -> MessageID {
        if let known = keys.first(where: { $0.key == key }) { return known.message }
        guard !text.isEmpty else { throw .invalidInput(.text(.empty)) }
        let bytes = UInt64(text.utf8.count)
        guard bytes <= longestText else { throw .invalidInput(.text(.tooLong(bytes: bytes, limit: longestText))) }
        guard talks[index].relationship != .blocked else { throw .peerBlocked }
        talks[index].relationship = .contact
        let message = append(text, from: index, .queued, talks[index].security, inner)
        if let limit { waits[message] = inner.now + seconds(limit) }
        keys.append((key, message))
        if keys.count > keptKeys { keys.removeFirst() }
        inner.report(.message(burner: id, message: message, state: .queued))
        if talks[index].security == .plaintext { startPrivate(index, &inner) }
        flush(index, &inner)
        return message
    }

    /// Lets texts leave that can.
    mutating func flush(_ index: Int, _ inner: inout Inner) {
        see(index, inner)
        guard connection == .online else { return }
        let talk = talks[index]
        let waiting = messages.filter { $0.peer == talk.peer && ($0.state == .queued || $0.state == .waitingForPeer) }
        guard talk.isPresent, talk.security == .private || talk.security == .verified else {
            for message in waiting where message.state == .queued { set(message.id, .waitingForPeer, &inner) }
            return
        }
        for message in waiting {
            inner.people[talk.peer]?.heard.append(message.text)
            let confirms = inner.people[talk.peer]?.confirms ?? false
            set(message.id, confirms ? .delivered : .acked, &inner, security: talk.security)
        }
    }

    mutating func receive(_ text: String, from peer: JID, _ inner: inout Inner) -> MessageID? {
        let index = talk(with: peer, .stranger)
        guard talks[index].relationship != .blocked else { return nil }
        let message = append(text, from: index, .received, talks[index].security, inner)
        inner.report(.message(burner: id, message: message, state: .received))
        return message
    }

    func message(_ message: MessageID) throws(FlashpaperError) -> Message {
        guard let found = messages.first(where: { $0.id == message }) else { throw .noSuchMessage }
        return found
    }

    mutating func retry(_ message: MessageID, _ inner: inout Inner) throws(FlashpaperError) -> MessageID {
        let old = try self.message(message)
        guard case .failed = old.state else { throw .noSuchMessage }
        let index = try place(old.peer)
        let new = try send(old.text, to: index, within: nil, key: UUID().uuidString, &inner)
        messages.removeAll { $0.id == message }
        count()
        return new
    }

    mutating func delete(_ message: MessageID) throws(FlashpaperError) {
        _ = try self.message(message)
        messages.removeAll { $0.id == message }
        count()
    }

    mutating func read(upTo last: MessageID, from peer: JID, _ inner: inout Inner) {
        for message in messages where message.peer == peer && message.id <= last && message.state == .received {
            set(message.id, .taken, &inner)
        }
    }

    mutating func take(_ message: MessageID, _ inner: inout Inner) throws(FlashpaperError) {
        switch try self.message(message).state {
        case .received: set(message, .taken, &inner)
        case .failed: messages.removeAll { $0.id == message }
        default: break
        }
        count()
    }

    mutating func fail(_ message: MessageID, _ reason: FailReason, _ inner: inout Inner) {
        set(message, .failed(reason), &inner)
    }

    func page(with peer: JID?, before: MessageID?, limit: Int) -> [Message] {
        let all = messages.filter { message in
            (peer.map { $0 == message.peer } ?? true) && (before.map { message.id < $0 } ?? true)
        }
        return Array(all.suffix(max(limit, 0)))
    }

    mutating func setHistory(_ new: History) {
        history = new
        if new == .none { messages.removeAll { $0.isDone } }
    }

    /// Does what time has brought.
    mutating func pass(to inner: inout Inner) {
        for (message, at) in waits where at <= inner.now {
            waits[message] = nil
            let state = messages.first { $0.id == message }?.state
            if state == .queued || state == .waitingForPeer { set(message, .failed(.noAnswer), &inner) }
        }
        if case .expire(let after) = history {
            messages.removeAll { $0.isDone && $0.at + seconds(after) <= inner.now }
        }
    }

    /// What was sent to a peer, or is to be, and what came of it.
    mutating func set(
        _ message: MessageID, _ state: MessageState, _ inner: inout Inner, security: Security? = nil
    ) {
        guard let index = messages.firstIndex(where: { $0.id == message }) else { return }
        let old = messages[index]
        messages[index] = Message(
            id: old.id, peer: old.peer, text: old.text, at: old.at, state: state, security: security ?? old.security,
            maybeTwice: old.maybeTwice)
        if history == .none, messages[index].isDone { messages.remove(at: index) }
        inner.report(.message(burner: id, message: message, state: state))
        count()
    }

    private mutating func append(
        _ text: String, from index: Int, _ state: MessageState, _ security: Security, _ inner: Inner
    ) -> MessageID {
        let message = MessageID(rawValue: nextMessage)
        nextMessage += 1
        messages.append(
            Message(id: message, peer: talks[index].peer, text: text, at: inner.now, state: state, security: security))
        count()
        return message
    }

    private mutating func count() {
        for index in talks.indices {
            let all = messages.filter { $0.peer == talks[index].peer }
            talks[index].unread = all.count { $0.state == .received }
            talks[index].outbox = all.count { [.queued, .waitingForPeer, .sent].contains($0.state) }
        }
    }
}

extension Message {
    fileprivate var isDone: Bool { state == .taken || state == .delivered }
}

/// A fake's conversation.
struct Talk {
    let peer: JID
    var label: String?
    var relationship: Relationship
    private(set) var security = Security.plaintext
    var key: Fingerprint?
    var keys: [PeerKey] = []
    var expected: Fingerprint?
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
            version: key != nil && isPrivate ? 3 : nil, key: key, keys: keys, expected: expected, present: isPresent,
            question: question, timer: timer, timerIsShared: false, unread: unread, outbox: outbox)
    }

    var isPrivate: Bool { security == .private || security == .verified || security == .keyChanged }

    mutating func begin(with new: Fingerprint) {
        key = new
        if !keys.contains(where: { $0.fingerprint == new }) {
            let isFirst = keys.isEmpty && (expected ?? new) == new
            keys.append(PeerKey(fingerprint: new, accepted: isFirst))
        }
        look()
    }

    mutating func end(by peer: Bool) {
        security = peer ? .finished : .plaintext
        question = nil
    }

    mutating func change(_ fingerprint: Fingerprint, _ body: (PeerKey) -> PeerKey) {
        keys = keys.map { $0.fingerprint == fingerprint ? body($0) : $0 }
        if isPrivate { look() }
    }

    private mutating func look() {
        guard let used = keys.first(where: { $0.fingerprint == key }) else { return }
        security = used.verified ? .verified : used.accepted ? .private : .keyChanged
    }
}
