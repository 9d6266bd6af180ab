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

    @ObservationIgnored private let library: Flashpaper
    @ObservationIgnored private let id: BurnerId
    @ObservationIgnored private var peer: String?
    @ObservationIgnored private var shown = page
    /// A link that names another key than the one in use: to add it once more is the user's yes.
    @ObservationIgnored private var doubted: String?
    @ObservationIgnored private var news: [PeerNews] = []
    @ObservationIgnored private var taking: Set<MessageId> = []
    @ObservationIgnored private var working: Task<Void, Never>?
    @ObservationIgnored private var watching: Task<Void, Never>?

    init(_ library: Flashpaper, _ burner: Burner) {
        self.library = library
        id = burner.id
        state = ConversationsState(burner: burner)
        // Subscribed before anything is looked at.
        let events = library.events()
        watching = Task { [weak self] in
            for await event in events { self?.seen(event) }
        }
        look()
        act { [self] in
            // A chat shows what was said before.
            try await library.setHistory(.untilBurn, of: id)
            try await library.connect(id)
            state.own = OwnKey(fingerprint: try await library.fingerprint(of: id), uri: try await library.uri(of: id))
        }
    }

    /// Adds a contact, by address or `xmpp:` URI, and opens the chat.
    public func add(_ address: String) {
        act { [self] in
            let decided = address == doubted
            doubted = nil
            do {
                if decided {
                    open(try await library.expectKey(address, of: id))
                } else {
                    open(try await library.addContact(address, to: id))
                }
            } catch FlashpaperError.OtherKeyInUse {
                doubted = address
                throw FlashpaperError.OtherKeyInUse
            }
        }
    }

    /// Opens the chat with a peer. What came counts as read once it is shown.
    public func open(_ peer: String) {
        self.peer = peer
        shown = page
        look()
    }

    /// Shows a page of earlier messages, too.
    public func showEarlier() {
        shown += page
        look()
    }

    /// Goes back to the contacts.
    public func leave() {
        peer = nil
        look()
    }

    /// Sends a text in private, now or as soon as the peer is there.
    public func send(_ text: String) {
        inChat { [library, id] in try await library.send(text, from: id, to: $0) }
    }

    /// Answers a stranger from now on.
    public func accept() {
        inChat { [library, id] in try await library.accept($0, of: id) }
    }

    /// Keeps the peer away, or not any more.
    public func block(_ blocked: Bool) {
        inChat { [library, id] in try await library.setBlocked(blocked, peer: $0, of: id) }
    }

    /// Begins a private conversation, or renews it.
    public func startPrivate() {
        inChat { [library, id] in try await library.startPrivate(with: $0, of: id) }
    }

    /// Ends the private conversation.
    public func endPrivate() {
        inChat { [library, id] in try await library.endPrivate(with: $0, of: id) }
    }

    /// Lets texts go to a key that was not known before.
    public func acceptKey(_ key: Fingerprint) {
        inChat { [library, id] in try await library.acceptKey(key, of: $0, for: id) }
    }

    /// The user has compared the digits of a key, or takes that back.
    public func setVerified(_ verified: Bool, key: Fingerprint) {
        inChat { [library, id] in try await library.setVerified(verified, key: key, of: $0, for: id) }
    }

    /// Compares a secret with the peer, who is shown the question.
    public func compare(_ secret: String, question: String?) {
        inChat { [library, id] in try await library.compare(secret, question: question, with: $0, of: id) }
    }

    /// Answers the peer's question.
    public func answer(_ secret: String, to question: String?) {
        inChat { [library, id] in try await library.answerComparison(secret, question: question, with: $0, of: id) }
    }

    /// Ends the comparison that is going on.
    public func abortComparison() {
        inChat { [library, id] in try await library.abortComparison(with: $0, of: id) }
    }

    /// Takes away what the user is told: in the chat, or in the list of contacts.
    public func dismiss() {
        news.removeAll { peer == nil || $0.peer == peer }
        state.failed = nil
        look()
    }

    /// Ends the watching. What was asked for and has not begun is not done.
    func close() async {
        for task in [working, watching] {
            task?.cancel()
            await task?.value
        }
    }

    private func inChat(_ body: @escaping @MainActor (String) async throws -> Void) {
        // The peer of the moment of the tap.
        guard let peer else { return }
        act { try await body(peer) }
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
        case .connection(id, _), .message(id, _, _), .conversation(id, _), .lagged: break
        // A question stays in the conversation until it is answered.
        case .comparison(id, _, .asked): break
        case .comparison(id, let peer, let comparison): tell(peer, .compared(comparison))
        case .notice(id, let peer, let notice): tell(peer, .noticed(notice))
        default: return
        }
        look()
    }

    private func tell(_ peer: String, _ told: ChatNews) {
        news.removeAll { $0.peer == peer }
        news = Array((news + [PeerNews(peer: peer, news: told)]).suffix(mostNews))
    }

    private func look() {
        // Nothing is shown of one that was burned, locked or closed meanwhile: the first screen tells.
        guard let status = try? library.snapshot().burners.first(where: { $0.burner.id == id }) else { return }
        state.burner = status.burner
        state.connection = status.connection
        state.contacts = status.conversations
        state.news = news
        if let why = status.unreadable { state.failed = why }
        let conversation = status.conversations.first { $0.peer == peer }
        // One more than is shown tells whether there are earlier ones.
        guard let conversation,
            let messages = try? library.messages(of: id, with: conversation.peer, limit: shown + 1)
        else {
            state.chat = nil
            return
        }
        let chat = ChatState(
            conversation: conversation, messages: Array(messages.suffix(shown)), hasEarlier: messages.count > shown,
            news: news.first { $0.peer == conversation.peer }?.news)
        state.chat = chat
        for message in chat.messages where message.state == .received && taking.insert(message.id).inserted {
            act { [library, id] in try await library.taken(message.id, of: id) }
        }
    }
}
