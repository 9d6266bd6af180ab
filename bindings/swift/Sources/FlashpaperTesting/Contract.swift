import FlashpaperAPI
import Foundation

/// The rules that an app can count on, as a test that runs over ``FakeFlashpaper`` and over the real library: a fake that keeps
/// others would lie to the tests of an app. Run it over a fake of your own, too.
///
/// ```swift
/// try await Contract { FakeFlashpaper() }.run()
/// ```
public struct Contract: Sendable {
    /// A rule that was not kept.
    public struct Broken: Error, CustomStringConvertible {
        /// Which, and where it stands in this library's sources.
        public let description: String
    }

    private let server: String?
    private let subject: @Sendable () async throws -> any Flashpaper

    /// - Parameters:
    ///   - server: makes accounts without asking anything; nil where any will do.
    ///   - subject: a library that was just opened on an empty folder.
    public init(server: String? = nil, subject: @escaping @Sendable () async throws -> any Flashpaper) {
        self.server = server
        self.subject = subject
    }

    /// Runs all of it, on one library, and closes that. Throws ``Broken``, or the error of a call that should have succeeded.
    public func run() async throws {
        let library = try await subject()
        do {
            try await checkOpened(library)
            try await checkDurations(library)
            try await checkWithoutTor(library)
            let events = library.events()
            try await checkTor(library)
            let burner = try await checkCreation(library)
            try await checkEvents(library, events)
            let chat = try await checkContacts(library, burner)
            try await checkKeys(burner, chat)
            try await checkTexts(chat)
            try await checkCancelled(library, chat)
            try await checkBlocked(burner, chat)
            try await checkSleep(library, burner, chat)
            try await checkBurn(library, burner, chat)
            try await checkLocked(library)
        } catch {
            await library.close()
            throw error
        }
        try await checkClosed(library)
    }

    private var options: CreateOptions { CreateOptions(server: server) }

    private func checkOpened(_ library: any Flashpaper) async throws {
        let state = library.state
        try rule(state.life == .awake && state.tor == .off && state.burners.isEmpty, "an empty folder is awake, without Tor")
        try rule(await first(of: library.states()) == state, "states begin with the present")
        try rule(state.vault == VaultReport(), "nothing is wrong with a new store")
        try rule(library.burner(BurnerID(rawValue: "none")) == nil, "there is no burner of that name")
        try rule(try await library.pendingRemovals().isEmpty, "no removal waits")
    }

    private func checkDurations(_ library: any Flashpaper) async throws {
        let negative = Duration.seconds(-1)
        let told = FlashpaperError.invalidInput(.timeSpan)
        try await refused(told) { try await library.startTor(.direct, deadline: negative) }
        try await refused(told) { try await library.suspend(deadline: negative) }
        try await refused(told) { _ = try await library.sync(deadline: negative) }
        try await refused(told) { try await library.setAutoLock(after: negative) }
        try await refused(.invalidInput(.autoLock)) { try await library.setAutoLock(after: .zero) }
        try await refused(told) { try library.setSpread(.within(negative)) }
        // So long that no clock gets there.
        let endless = Duration(secondsComponent: .max, attosecondsComponent: 0)
        try await library.setAutoLock(after: endless)
        library.touch()
        try await library.setAutoLock(after: nil)
        try library.setSpread(.within(endless))
        try library.setSpread(.within(.zero))
        library.setProfile(.foreground)
        library.networkChanged()
        try rule(library.state.life == .awake, "a call that is refused changes nothing")
    }

    private func checkWithoutTor(_ library: any Flashpaper) async throws {
        try await library.checkOptions(options)
        try await refused(.invalidInput(.server)) { try await library.checkOptions(CreateOptions(server: "127.0.0.1")) }
        let creation = library.create(options)
        try await refused(.torNotStarted) { _ = try await creation.burner }
        try rule(await last(of: creation.progress()) == .failed(.torNotStarted), "progress ends with the error")
        try await refused(.invalidInput(.words(.count(2)))) {
            _ = try await library.restore(words: Data("two words".utf8), server: "example.org")
        }
        try await refused(.noSuchBurner) { _ = try await library.burn(BurnerID(rawValue: "none")) }
        try rule(library.state.burners.isEmpty, "a creation that failed leaves nothing")
    }

    private func checkTor(_ library: any Flashpaper) async throws {
        try await library.startTor()
        try rule(library.state.tor == .ready, "the state has what a call has done once it returns")
    }

    private func checkCreation(_ library: any Flashpaper) async throws -> any Burner {
        let creation = library.create(options)
        try await refused(.noSuchQuestion) { try await creation.answer(Question.ID(rawValue: .max), .giveUp) }
        let burner = try await creation.burner
        try rule(await last(of: creation.progress()) == .done(burner.id), "progress ends with the burner")
        try rule(try await creation.burner.id == burner.id, "the burner can be asked for again")
        creation.cancel()
        try rule(library.state.burners.map(\.id) == [burner.id], "it is in the state at once")
        try rule(library.burner(burner.id)?.id == burner.id, "it can be looked up by its name")
        let state = burner.state
        try rule(state.phase == .active && state.connection == .offline, "it can be used, and nobody has connected it")
        try rule(await first(of: burner.states()) == state, "a burner's states begin with the present")
        try rule(!"\(state)".contains(state.jid.rawValue), "printing shows no address")

        try await burner.setLabel("a name")
        try rule(burner.state.label == "a name", "a label is in the state at once")
        try await burner.setLabel(" ")
        try rule(burner.state.label == nil, "a blank label is none")
        try await refused(.invalidInput(.expiry)) { try await burner.setExpiry(Date(timeIntervalSince1970: 0)) }
        try await refused(.invalidInput(.expiry)) { try await burner.setExpiry(Date(timeIntervalSince1970: .nan)) }
        try await refused(.invalidInput(.timeSpan)) { try await burner.setHistory(.expire(after: .seconds(-1))) }
        try await refused(.invalidInput(.timeSpan)) { try await burner.setIdleTimeout(.seconds(-1)) }
        try await burner.setHistory(.untilBurn)
        try rule(burner.state.history == .untilBurn, "what is kept is in the state at once")
        let (left, words) = (try await burner.wordsLeft(), try await burner.recoveryWords())
        try rule(!left && words == nil, "words are there only if asked for")
        let link = try await burner.link()
        let digits = try await burner.fingerprint().digits.filter { $0 != " " }
        try rule(link == "xmpp:\(state.jid.rawValue)?otr-fingerprint=\(digits)", "a link has the address and the key")
        return burner
    }

    private func checkEvents(_ library: any Flashpaper, _ events: AsyncStream<Numbered>) async throws {
        var numbers: [UInt64] = []
        for await numbered in events {
            numbers.append(numbered.number)
            if case .creating(_, .reachable) = numbered.event { break }
        }
        let first = try known(numbers.first)
        let counted = (0..<UInt64(numbers.count)).map { first + $0 }
        try rule(numbers == counted, "events are seen from the call on, and their numbers have no gap")
        for await again in library.events(since: first) {
            try rule(again.number == first + 1, "events go on behind a number")
            break
        }
    }

    private func checkContacts(_ library: any Flashpaper, _ burner: any Burner) async throws -> any Chat {
        for wrong in ["", "nobody", burner.state.jid.rawValue] {
            try await refused(.invalidInput(.address)) { _ = try await burner.add(wrong) }
        }
        let domain = try known(burner.state.jid.rawValue.split(separator: "@").last)
        let peer = JID(rawValue: "nobody-at-all@\(domain)")
        try rule(burner.chat(with: peer) == nil, "there is no conversation yet")
        let chat = try await burner.add(peer.rawValue)
        try rule(chat.peer == peer && burner.chat(with: peer)?.peer == peer, "a contact can be looked up at once")
        let state = chat.state
        try rule(state.relationship == .contact && state.security == .plaintext, "a contact is not private by itself")
        try rule(await first(of: chat.states()) == state, "a chat's states begin with the present")
        try rule(burner.state.chats.map(\.peer) == [peer] && burner.state.requests.isEmpty, "it is no stranger")
        try await chat.setLabel("somebody")
        try rule(chat.state.label == "somebody", "a peer's label is in the state at once")
        try await refused(.invalidInput(.timer)) { try await chat.setTimer(after: .milliseconds(1)) }
        try await refused(.invalidInput(.timeSpan)) { try await chat.setTimer(after: .seconds(-1)) }
        try await refused(.notPrivate) { try await chat.compare("secret", question: nil) }
        try await refused(.nothingAsked) { try await chat.answer("secret", to: nil) }
        return chat
    }

    private func checkKeys(_ burner: any Burner, _ chat: any Chat) async throws {
        let first = try known(Fingerprint(String(repeating: "ab", count: 20)))
        let second = try known(Fingerprint(String(repeating: "cd", count: 20)))
        func link(_ key: Fingerprint) -> String {
            "xmpp:\(chat.peer.rawValue)?otr-fingerprint=\(key.digits.filter { $0 != " " })"
        }
        try await chat.acceptKey(first)
        try rule(chat.state.keys == [PeerKey(fingerprint: first)], "a key can be accepted before it is used")
        try await refused(.otherKeyInUse) { try await burner.add(link(second)) }
        try await burner.expectKey(link(second))
        let withdrawn = [PeerKey(fingerprint: first, accepted: false)]
        try rule(chat.state.keys == withdrawn && chat.state.expected == second, "no text goes to another key than the expected")
        try await chat.acceptKey(first)
        try rule(chat.state.keys == [PeerKey(fingerprint: first)] && chat.state.expected == nil, "none is expected then")
        try await chat.setVerified(true, key: second)
        let verified = withdrawn + [PeerKey(fingerprint: second, verified: true)]
        try rule(chat.state.keys == verified, "a key can be verified before it is used, and others are to be accepted anew then")
        try await refused(.otherKeyVerified) { try await burner.expectKey(link(first)) }
        try await chat.setVerified(false, key: second)
        let refuted = withdrawn + [PeerKey(fingerprint: second, accepted: false)]
        try rule(chat.state.keys == refuted, "no text goes to a key that is not verified any more")
        try rule(chat.state.security == .plaintext, "what is said of keys begins no conversation")
    }

    private func checkTexts(_ chat: any Chat) async throws {
        try await refused(.invalidInput(.text(.empty))) { try await chat.send("") }
        try await refused(.invalidInput(.timeSpan)) { try await chat.send("text", within: .seconds(-1)) }
        let empty = await first(of: chat.timeline())
        try rule(empty == [], "a text that was refused is not there")
        let message = try await chat.send("one", within: nil, key: "key")
        try rule(try await chat.send("one", within: nil, key: "key") == message, "the same key is the same message")
        let second = try await chat.send("two")
        try rule(second > message, "the names of messages rise")
        try rule(chat.state.outbox == 2, "a text that waits is counted at once")
        for await page in chat.timeline() {
            try rule(page.map(\.id) == [message, second], "a timeline begins with the present")
            break
        }
        try rule(try await chat.message(message).state == .queued, "a text waits where nobody is connected")
        try rule(try await chat.before(second, limit: 10).map(\.id) == [message], "a page ends before its message")
        try rule(try await chat.before(message, limit: 10).isEmpty, "an empty page is the end")
        try rule(try await chat.before(second, limit: -1).isEmpty, "a negative limit is none")
        try await chat.delete(second)
        try rule(chat.state.outbox == 1, "a text that is deleted is not counted any more, at once")
        try await refused(.noSuchMessage) { _ = try await chat.message(second) }
        // What is not there any more cannot be in the way.
        try await chat.delete(second)
        try await chat.taken(second)
        for await page in chat.timeline() where page.map(\.id) == [message] { break }
    }

    private func checkCancelled(_ library: any Flashpaper, _ chat: any Chat) async throws {
        let before = try known(await first(of: chat.timeline()))
        let calls: [@Sendable () async throws -> Void] = [
            { try await chat.send("never") }, { _ = try await library.sync(deadline: .seconds(60)) },
            { try await library.suspend() }, { _ = try await library.burnAll() },
        ]
        for call in calls {
            let task = Task {
                // Only a call that begins after it is sure to have done nothing.
                while !Task.isCancelled { await Task.yield() }
                try await call()
            }
            task.cancel()
            do {
                try await task.value
                throw Broken(description: "a task that was cancelled makes no call")
            } catch is CancellationError {}
        }
        try rule(library.state.life == .awake, "a call that was cancelled before it began changes nothing")
        let after = try known(await first(of: chat.timeline()))
        try rule(after == before, "a text that was cancelled before is not there")
    }

    private func checkBlocked(_ burner: any Burner, _ chat: any Chat) async throws {
        try await chat.setBlocked(false)
        try rule(chat.state.relationship == .contact, "who was not blocked stays who they are")
        let message = try await chat.send("never")
        try await chat.setBlocked(true)
        try rule(chat.state.relationship == .blocked && chat.state.outbox == 0, "nothing waits for somebody who is blocked")
        try rule(try await chat.message(message).state == .failed(.blocked), "a text fails that had not left")
        let calls: [() async throws -> Void] = [
            { try await chat.accept() }, { try await chat.startPrivate() }, { try await chat.send("text") },
            { try await chat.retry(message) }, { try await burner.add(chat.peer.rawValue) },
        ]
        for call in calls { try await refused(.peerBlocked, call) }
        try await chat.taken(message)
        try await refused(.noSuchMessage) { _ = try await chat.message(message) }
        try await chat.setBlocked(false)
        let (requests, chats) = (burner.state.requests.map(\.peer), burner.state.chats)
        try rule(requests == [chat.peer] && chats.isEmpty, "who is not blocked any more is a stranger")
        try await chat.startPrivate()
        try rule(chat.state.relationship == .contact, "somebody whom the user begins to talk to is a contact")
    }

    private func checkSleep(_ library: any Flashpaper, _ burner: any Burner, _ chat: any Chat) async throws {
        try await library.suspend()
        try rule(library.state.life == .suspended && library.state.tor == .off, "a suspended library has no Tor")
        try rule(library.state.burners.map(\.id) == [burner.id], "a suspended library shows its burners")
        try await refused(.suspended) { try await chat.send("text") }
        try await refused(.suspended) { try await burner.connect() }
        let asleep = [Burned(burner: burner.id, report: nil, failed: .suspended)]
        try rule(try await library.burnAll() == asleep, "a suspended library burns none, and says why")
        try await library.suspend()
        try await library.resume()
        try rule(library.state.life == .awake, "it is awake again")
        try await library.startTor()
        try await library.resume()
        try await checkStop(library, burner)
    }

    private func checkStop(_ library: any Flashpaper, _ burner: any Burner) async throws {
        try await burner.connect()
        for await state in burner.states() where state.connection == .online { break }
        try await library.stopTor()
        try rule(library.state.tor == .off, "it is off once the call returns")
        for await state in burner.states() where state.connection != .online { break }
        try await refused(.torNotStarted) { try await burner.connect() }
        try await refused(.torNotStarted) { _ = try await library.create(options).burner }
        try await library.startTor()
        // By itself.
        for await state in burner.states() where state.connection == .online { break }
        try await library.stopTor()
        try await library.suspend()
        try await library.resume()
        try rule(library.state.tor == .off, "a sleep does not bring it back")
        for await state in burner.states() where state.connection == .waiting(.torNotStarted) { break }
        try await library.suspend()
        try await library.stopTor()
        try await library.resume()
        try await library.startTor()
        try rule(library.state.tor == .ready, "it starts again")
    }

    private func checkBurn(_ library: any Flashpaper, _ burner: any Burner, _ chat: any Chat) async throws {
        try await burner.setLabel("x")
        let (states, events) = (burner.states(), library.events())
        let report = try await burner.burn()
        try rule(report.outcome == .proven, "where the server can be asked, a burn is proven")
        try rule(library.state.burners.isEmpty && library.burner(burner.id) == nil, "it is gone at once")
        for await _ in states {}
        try rule(burner.state.label == "x", "the last state before it was gone stays")
        try await refused(.noSuchBurner) { try await burner.connect() }
        try await refused(.noSuchBurner) { try await chat.send("text") }
        for await _ in chat.timeline() {}
        let next = try await library.create(options).burner
        let begins = await events.first { $0.event == .torStarting || $0.event.isOfCreation }?.event
        try rule(begins == .torStarting, "Tor ends with the last burner, and the next creation starts it")
        try rule(library.state.tor == .ready, "Tor runs again")
        try rule(try await next.burn().outcome == .proven, "where the server can be asked, a burn is proven")
    }

    private func checkLocked(_ library: any Flashpaper) async throws {
        let since = library.state.number - 1
        var behind = library.events(since: since).makeAsyncIterator()
        try await library.lock()
        let lost = try known(await behind.next())
        try rule(lost.event == .lagged(lost: lost.number - since), "a lock takes what was not read")
        try rule(await behind.next() == Numbered(number: lost.number + 1, event: .locked), "it is told all the same")
        try await refused(.vaultLocked) { _ = try await library.pendingRemovals() }
        try await library.stopTor()
        try await library.suspend()
        let upToDate = library.events()
        try await library.lock()
        try rule(await first(of: upToDate)?.event == .locked, "who has read all has lost nothing")
        try await library.setAutoLock(after: nil)
        try rule(library.state.life == .locked, "these work while it is locked, and do not unlock it")
    }

    private func checkClosed(_ library: any Flashpaper) async throws {
        let (states, events) = (library.states(), library.events())
        await library.close()
        try rule(library.state.life == .closed, "the last state is closed")
        try rule(await last(of: states)?.life == .closed, "states end with it")
        for await _ in events {}
        for await _ in library.events() {}
        try await refused(.closed) { try await library.startTor() }
        try await refused(.closed) { _ = try await library.create(options).burner }
        _ = await library.diagnostics()
        await library.close()
    }

    private func rule(_ isKept: Bool, _ rule: String, line: Int = #line) throws {
        if !isKept { throw Broken(description: "\(rule) (Contract.swift:\(line))") }
    }

    private func known<T>(_ value: T?, line: Int = #line) throws -> T {
        guard let value else { throw Broken(description: "nothing there (Contract.swift:\(line))") }
        return value
    }

    private func refused(
        _ expected: FlashpaperError, line: Int = #line, _ call: () async throws -> Void
    ) async throws {
        do {
            try await call()
        } catch let error as FlashpaperError {
            return try rule(error == expected, "\(error) was thrown, not \(expected)", line: line)
        }
        throw Broken(description: "\(expected) was not thrown (Contract.swift:\(line))")
    }
}

extension Event {
    fileprivate var isOfCreation: Bool { if case .creating = self { true } else { false } }
}

private func first<T: Sendable>(of stream: AsyncStream<T>) async -> T? {
    await stream.first { _ in true }
}

private func last<T: Sendable>(of stream: AsyncStream<T>) async -> T? {
    await stream.reduce(nil) { $1 }
}
