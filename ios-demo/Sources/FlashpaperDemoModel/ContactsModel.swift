import FlashpaperKit
import Observation

/// The contacts of one burner. All that is done here is done as this burner.
@MainActor
@Observable
public final class ContactsModel: ScreenModel {
    public private(set) var state: ContactsState

    @ObservationIgnored private unowned let app: AppModel
    @ObservationIgnored private let burner: any Burner
    @ObservationIgnored private var address = ""
    @ObservationIgnored private var fault: Phrase?
    @ObservationIgnored private var isConnected = false
    @ObservationIgnored private var note: Note?
    /// A link that names another key than the one in use: the user is asked.
    @ObservationIgnored private var doubted: String?
    @ObservationIgnored private var own: OwnCode?
    @ObservationIgnored private var hasWords = false
    @ObservationIgnored private let order = Order()

    init?(_ app: AppModel, _ id: BurnerID) {
        guard let burner = app.library?.burner(id) else { return nil }
        self.app = app
        self.burner = burner
        state = ContactsState(
            badge: BurnerBadge(burner.state), address: Verbatim(burner.state.jid.rawValue), connection: Sign(burner.state),
            problem: nil, expiry: nil, requests: [], contacts: [], empty: nil, add: Field(), canAdd: false, own: nil,
            hasWords: false, canBurn: true, confirmation: nil, note: nil)
        act { [weak self] in
            try await self?.connect()
            let (link, fingerprint) = (try await burner.link(), try await burner.fingerprint())
            self?.own = OwnCode(link: Verbatim(link), fingerprint: fingerprint.groups)
            self?.hasWords = try await burner.wordsLeft()
        }
    }

    public func writeAddress(_ address: String) {
        app.touch()
        self.address = address
        fault = nil
        refresh()
    }

    /// Adds what was written.
    public func add() { if state.canAdd { add(address) } }

    /// Adds what was scanned, or came as a link, and opens the chat.
    public func add(_ link: String) { add(link, isDecided: false) }

    public func open(_ peer: JID) { app.go(to: .chat(burner.id, peer)) }

    /// Does something about the problem.
    public func retry() {
        if app.torProblem != nil { app.startTor() } else { act { [burner] in try await burner.connect() } }
    }

    public func words() { if hasWords { app.go(to: .words(burner.id)) } }

    public func burn() { if state.canBurn { app.go(to: .burn(burner.id)) } }

    /// The key of the link is right.
    public func confirm() {
        if let link = doubted { add(link, isDecided: true) }
        doubted = nil
        refresh()
    }

    public func cancel() {
        doubted = nil
        refresh()
    }

    public func dismiss() {
        note = nil
        refresh()
    }

    func covered() { cancel() }

    func returned() { act { [self] in hasWords = try await burner.wordsLeft() } }

    func refresh() {
        let now = burner.state
        if !isConnected, app.tor == .ready { act { [weak self] in try await self?.connect() } }
        let why = now.unreadable ?? now.connection.why ?? app.torProblem
        let isActive = now.phase == .active
        state = ContactsState(
            badge: BurnerBadge(now), address: Verbatim(now.jid.rawValue), connection: Sign(now),
            problem: why.map { problem($0) }, expiry: Sign(expiryOf: now, at: app.platform.now()),
            requests: now.requests.map { row($0) }, contacts: now.chats.map { row($0) },
            empty: now.requests.isEmpty && now.chats.isEmpty ? Phrase(.contactsEmpty) : nil,
            add: Field(text: Verbatim(address), fault: fault, enabled: isActive),
            canAdd: isActive && !address.allSatisfy(\.isWhitespace), own: own, hasWords: hasWords,
            canBurn: isActive,
            confirmation: doubted == nil
                ? nil
                : Confirmation(
                    title: Phrase(.contactsOtherKey), text: Phrase(.contactsOtherKeyText), yes: Phrase(.contactsOtherKeyYes),
                    no: Phrase(.contactsOtherKeyNo), tone: .danger),
            note: note)
    }

    private func add(_ written: String, isDecided: Bool) {
        let link = written.trimmingCharacters(in: .whitespacesAndNewlines)
        act { [self] in
            do {
                let chat = isDecided ? try await burner.expectKey(link) : try await burner.add(link)
                if address == written { address = "" }
                // Who is elsewhere by now stays there.
                if app.beneath.last == .contacts(burner.id) { app.go(to: .chat(burner.id, chat.peer)) }
            } catch FlashpaperError.otherKeyInUse {
                doubted = link
            }
        } failed: { [self] in
            fault = Note($0).text
        }
    }

    /// A server that holds this burner back does so again.
    private func problem(_ why: FlashpaperError) -> Problem {
        let problem = Problem(why)
        return Problem(sign: problem.sign, advice: problem.advice, canRetry: problem.canRetry && why != .quarantined)
    }

    /// Connects the burner, once Tor is ready; Tor itself is not started here.
    private func connect() async throws {
        guard !isConnected, let tor = app.library?.state.tor, tor != .off else { return }
        isConnected = true
        do {
            try await burner.connect()
        } catch {
            isConnected = false
            throw error
        }
    }

    /// One after the other, in the order of the touches.
    private func act(
        _ body: @escaping @MainActor () async throws -> Void, failed: (@MainActor (FlashpaperError) -> Void)? = nil
    ) {
        app.act(in: order) { _ in try await body() } failed: { [weak self] in
            if let failed { failed($0) } else { self?.note = Note($0) }
        }
    }

    private func row(_ chat: FlashpaperKit.ChatState) -> ContactRow {
        ContactRow(
            peer: chat.peer, name: chat.name,
            sign: chat.relationship == .stranger
                ? Sign(.stranger, .contactsRequest, .caution) : Mode(burner.state, chat).sign,
            presence: chat.relationship == .contact ? Phrase(chat.present ? .contactsOnline : .contactsAway) : nil,
            unread: chat.unread, news: app.news.note(burner.id, chat.peer)?.text)
    }
}

extension Fingerprint {
    /// As people read it aloud: ten groups of four.
    var groups: [Verbatim] {
        let plain = Array(digits.filter { !$0.isWhitespace })
        return stride(from: 0, to: plain.count, by: 4).map { Verbatim(String(plain[$0..<min($0 + 4, plain.count)])) }
    }
}
