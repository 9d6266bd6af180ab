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
        let index = talk(with: jid, .stranger)
        try talks[index].checkUnblocked()
        if let key { try talks[index].expect(key, decided: decided) }
        inner.meet(jid)
        try accept(index, &inner)
        inner.report(.conversation(burner: id, peer: jid))
        flush(index, &inner)
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

    /// Makes somebody a contact. Who has asked for a private conversation as a stranger gets it.
    mutating func accept(_ index: Int, _ inner: inout Inner) throws(FlashpaperError) {
        let asks = talks[index].asksForPrivate
        try talks[index].befriend()
        if asks { startPrivate(index, &inner) }
    }

    /// A peer asks for a private conversation. A stranger gets no answer before they are accepted.
    mutating func isAskedForPrivate(by peer: JID, _ inner: inout Inner) {
        let index = talk(with: peer, .stranger)
        switch talks[index].relationship {
        case .contact: startPrivate(index, &inner)
        case .stranger:
            talks[index].asksForPrivate = true
            inner.report(.conversation(burner: id, peer: peer))
        case .blocked: break
        }
        flush(index, &inner)
    }

    /// A peer comes or goes, which is heard of contacts alone.
    mutating func hear(_ index: Int, _ inner: inout Inner) {
        guard talks[index].relationship == .contact else { return }
        see(index, inner)
        inner.report(.conversation(burner: id, peer: talks[index].peer))
    }

    private mutating func see(_ index: Int, _ inner: Inner) {
        let isHeard = connection == .online && talks[index].relationship == .contact
        talks[index].isPresent = isHeard && inner.people[talks[index].peer]?.isOnline == true
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
    }

    /// The user ends a private conversation: what the peer has not confirmed in it they cannot confirm any more.
    mutating func endPrivate(_ index: Int, _ inner: inout Inner) {
        talks[index].end(by: false)
        for message in messages where message.peer == talks[index].peer && message.state == .acked {
            fail(message.id, .unread, &inner)
        }
    }

    /// The user keeps a peer away, or not any more: they are a stranger then.
    mutating func setBlocked(_ blocked: Bool, _ index: Int, _ inner: inout Inner) {
        if blocked {
            talks[index].relationship = .blocked
            endPrivate(index, &inner)
            for message in waiting(for: talks[index].peer) { fail(message.id, .blocked, &inner) }
        } else if talks[index].relationship == .blocked {
            talks[index].relationship = .stranger
        }
    }

    // MARK: Messages

    mutating func send(
        _ text: String, to index: Int, within limit: Duration?, key: String, _ inner: inout Inner
    ) throws(FlashpaperError) -> MessageID {
        if let known = keys.first(where: { $0.key == key }) { return known.message }
        guard !text.isEmpty else { throw .invalidInput(.text(.empty)) }
        let bytes = UInt64(text.utf8.count)
        guard bytes <= longestText else { throw .invalidInput(.text(.tooLong(bytes: bytes, limit: longestText))) }
        try talks[index].befriend()
        let message = append(text, from: index, .queued, talks[index].security, inner)
        if let limit { waits[message] = inner.now + seconds(limit) }
        keys.append((key, message))
        if keys.count > keptKeys { keys.removeFirst() }
        inner.report(.message(burner: id, message: message, state: .queued))
        flush(index, &inner)
        return message
    }

    /// Lets texts leave that can. Where some wait, a private conversation begins as soon as it can.
    mutating func flush(_ index: Int, _ inner: inout Inner) {
        see(index, inner)
        guard connection == .online else { return }
        let waiting = self.waiting(for: talks[index].peer)
        if !waiting.isEmpty, talks[index].security == .plaintext { startPrivate(index, &inner) }
        let talk = talks[index]
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
        delete(message)
        return new
    }

    /// Of one that is not there nothing is to be forgotten.
    mutating func delete(_ message: MessageID) {
        messages.removeAll { $0.id == message }
        count()
    }

    mutating func read(upTo last: MessageID, from peer: JID, _ inner: inout Inner) {
        for message in messages where message.peer == peer && message.id <= last && message.state == .received {
            set(message.id, .taken, &inner)
        }
    }

    mutating func take(_ message: MessageID, _ inner: inout Inner) {
        switch messages.first(where: { $0.id == message })?.state {
        case .received: set(message, .taken, &inner)
        case .failed: delete(message)
        default: break
        }
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
            if messages.contains(where: { $0.id == message && $0.waits }) { fail(message, .noAnswer, &inner) }
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

    private func waiting(for peer: JID) -> [Message] {
        messages.filter { $0.peer == peer && $0.waits }
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
    fileprivate var waits: Bool { state == .queued || state == .waitingForPeer }
}
