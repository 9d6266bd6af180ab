import FlashpaperKit
import Observation

/// Of so many peers there is news: strangers can make more.
private let mostNews = 20

/// So many messages of a chat are shown at first, and so many more each time that earlier ones are asked for.
private let page = 100

/// A burner's contacts, and one chat: what is true and what can be done. It decides nothing, and knows no SwiftUI.
@MainActor
@Observable
public final class ConversationsModel {
    public private(set) var state: ConversationsState

    @ObservationIgnored private let burner: any Burner
    @ObservationIgnored private var chat: (any Chat)?
    @ObservationIgnored private var messages: [Message] = []
    @ObservationIgnored private var shown = page
    /// A link that names another key than the one in use: to add it once more is the user's yes.
    @ObservationIgnored private var doubted: String?
    @ObservationIgnored private var news: [PeerNews] = []
    @ObservationIgnored private var readUpTo: MessageID?
    @ObservationIgnored private var reading: Task<Void, Never>?
    @ObservationIgnored private var working: Task<Void, Never>?
    @ObservationIgnored private var watching: [Task<Void, Never>] = []

    init(_ library: any Flashpaper, _ burner: any Burner) {
        self.burner = burner
        state = ConversationsState(burner: burner.state)
        // Subscribed before anything is looked at.
        let (events, states) = (library.events(), burner.states())
        watching = [
            Task { [weak self] in
                for await numbered in events { self?.seen(numbered.event) }
            },
            Task { [weak self] in
                for await _ in states { self?.look() }
            },
        ]
        act { [self] in
            // A chat shows what was said before.
            try await burner.setHistory(.untilBurn)
            try await burner.connect()
            state.own = OwnKey(fingerprint: try await burner.fingerprint(), uri: try await burner.link())
        }
    }

    /// Adds a contact, by address or `xmpp:` URI, and opens the chat.
    public func add(_ address: String) {
        act { [self] in
            let decided = address == doubted
            doubted = nil
            do {
                show(decided ? try await burner.expectKey(address) : try await burner.add(address))
            } catch FlashpaperError.otherKeyInUse {
                doubted = address
                throw FlashpaperError.otherKeyInUse
            }
        }
    }

    /// Opens the chat with a peer. What came counts as read once it is shown.
    public func open(_ peer: JID) {
        if let chat = burner.chat(with: peer) { show(chat) }
    }

    /// Shows a page of earlier messages, too.
    public func showEarlier() {
        shown += page
        follow()
    }

    /// Goes back to the contacts.
    public func leave() {
        chat = nil
        follow()
    }

    /// Sends a text in private, now or as soon as the peer is there.
    public func send(_ text: String) {
        inChat { try await $0.send(text) }
    }

    /// Answers a stranger from now on.
    public func accept() {
        inChat { try await $0.accept() }
    }

    /// Keeps the peer away, or not any more.
    public func block(_ blocked: Bool) {
        inChat { try await $0.setBlocked(blocked) }
    }

    /// Begins a private conversation, or renews it.
    public func startPrivate() {
        inChat { try await $0.startPrivate() }
    }

    /// Ends the private conversation.
    public func endPrivate() {
        inChat { try await $0.endPrivate() }
    }

    /// Lets texts go to a key that was not known before.
    public func acceptKey(_ key: Fingerprint) {
        inChat { try await $0.acceptKey(key) }
    }

    /// The user has compared the digits of a key, or takes that back.
    public func setVerified(_ verified: Bool, key: Fingerprint) {
        inChat { try await $0.setVerified(verified, key: key) }
    }

    /// Compares a secret with the peer, who is shown the question.
    public func compare(_ secret: String, question: String?) {
        inChat { try await $0.compare(secret, question: question) }
    }

    /// Answers the peer's question.
    public func answer(_ secret: String, to question: String?) {
        inChat { try await $0.answer(secret, to: question) }
    }

    /// Ends the comparison that is going on.
    public func abortComparison() {
        inChat { try await $0.abortComparison() }
    }

    /// Takes away what the user is told: in the chat, or in the list of contacts.
    public func dismiss() {
        news.removeAll { chat == nil || $0.peer == chat?.peer }
        state.failed = nil
        look()
    }

    /// Ends the watching. What was asked for and has not begun is not done.
    func close() async {
        reading?.cancel()
        for task in watching + [working].compactMap({ $0 }) {
            task.cancel()
            await task.value
        }
    }

    private func show(_ chat: any Chat) {
        self.chat = chat
        shown = page
        follow()
    }

    /// Reads the messages of the chat that is open, from now on.
    private func follow() {
        reading?.cancel()
        messages = []
        readUpTo = nil
        // One more than is shown tells whether there are earlier ones.
        if let pages = chat?.timeline(limit: shown + 1) {
            reading = Task { [weak self] in
                for await page in pages where !Task.isCancelled {
                    self?.messages = page
                    self?.look()
                }
            }
        } else {
            look()
        }
    }

    private func inChat(_ body: @escaping @MainActor (any Chat) async throws -> Void) {
        // The peer of the moment of the tap.
        guard let chat else { return }
        act { try await body(chat) }
    }

    /// One after the other, in the order of the taps.
    private func act(_ body: @escaping @MainActor () async throws -> Void) {
        working = Task { [before = working] in
            await withTaskCancellationHandler {
                await before?.value
            } onCancel: {
                before?.cancel()
            }
            do {
                try Task.checkCancellation()
                try await body()
                look()
            } catch let error as FlashpaperError {
                state.failed = error
            } catch {
                // Cancelled by `close`.
            }
        }
    }

    private func seen(_ event: Event) {
        switch event {
        // A question stays in the conversation until it is answered.
        case .comparison(burner.id, _, .asked): return
        case .comparison(burner.id, let peer, let comparison): tell(peer, .compared(comparison))
        case .notice(burner.id, let peer, let notice): tell(peer, .noticed(notice))
        default: return
        }
        look()
    }

    private func tell(_ peer: JID, _ told: ChatNews) {
        news.removeAll { $0.peer == peer }
        news = Array((news + [PeerNews(peer: peer, news: told)]).suffix(mostNews))
    }

    private func look() {
        state.burner = burner.state
        state.news = news
        if let why = state.burner.unreadable { state.failed = why }
        guard let chat else {
            state.chat = nil
            return
        }
        state.chat = OpenChat(
            conversation: chat.state, messages: Array(messages.suffix(shown)), hasEarlier: messages.count > shown,
            news: news.first { $0.peer == chat.peer }?.news)
        if let last = messages.last(where: { $0.state == .received })?.id, last != readUpTo {
            readUpTo = last
            act { try await chat.read(upTo: last) }
        }
    }
}
