import FlashpaperKit
import Foundation
import Observation

/// So many messages are shown at first, and so many more each time that earlier ones are asked for.
private let pageLength = 100

/// One conversation of one burner: all that is done here is done as this burner, and with this peer.
@MainActor
@Observable
public final class ChatModel: ScreenModel, EventReader {
    private enum Wish: Equatable { case acceptKey(Fingerprint), block, delete(MessageID), link(Verbatim) }

    public private(set) var state: ChatState

    @ObservationIgnored private unowned let app: AppModel
    @ObservationIgnored private let burner: any Burner
    @ObservationIgnored private let chat: any Chat
    @ObservationIgnored private let screen: Screen
    @ObservationIgnored private var pages = Pages()
    @ObservationIgnored private var shown = pageLength
    @ObservationIgnored private var isSending = false
    @ObservationIgnored private var wish: Wish?
    @ObservationIgnored private var note: Note?
    @ObservationIgnored private var firstUnread: MessageID?
    @ObservationIgnored private var isFirstPage = true
    @ObservationIgnored private var wasRead: Set<MessageID> = []
    @ObservationIgnored private var reading: Task<Void, Never>?
    @ObservationIgnored private let order = Order()

    init?(_ app: AppModel, _ id: BurnerID, _ peer: JID) {
        guard let burner = app.library?.burner(id), let chat = burner.chat(with: peer) else { return nil }
        self.app = app
        self.burner = burner
        self.chat = chat
        screen = .chat(id, peer)
        let mode = Mode(burner.state, chat.state)
        state = ChatState(
            badge: BurnerBadge(burner.state), name: chat.state.name, mode: mode, lock: mode.sign, explanation: mode.explanation,
            mustRead: mode.mustRead, main: nil, others: [], presence: nil, offline: nil, bubbles: [], hasEarlier: false, empty: nil,
            draft: Verbatim(""), hint: mode.hint, canWrite: false, canSend: false, sendLabel: Phrase(.chatHint), confirmation: nil, note: nil)
        follow()
    }

    public func write(_ draft: String) {
        app.touch()
        if draft != self.draft { app.drafts[screen] = draft.isEmpty ? nil : Draft(text: draft) }
        refresh()
    }

    /// Sends the draft. It stays in the input until the library has stored it.
    public func send() {
        guard state.canSend, let draft = app.drafts[screen] else { return }
        isSending = true
        note = nil
        act { [self] in
            defer { isSending = false }
            let id = try await chat.send(draft.text, within: nil, key: draft.key)
            pages.add(await sent(id, draft.text))
            // It is the library's now. What was written meanwhile is not.
            if self.draft == draft.text { app.drafts[screen] = nil }
            firstUnread = nil
        } failed: { [self] error in
            note = error.isOfText ? Note(error) : Note(text: Phrase(.chatNotSent), tone: .danger)
        }
        refresh()
    }

    public func act(_ act: ChatAct) {
        guard ([state.main].compactMap { $0 } + state.others).contains(where: { $0.act == act }) else { return }
        switch act {
        case .startPrivate: self.act { [chat] in try await chat.startPrivate() }
        case .endPrivate: self.act { [chat] in try await chat.endPrivate() }
        case .verify, .answer: app.go(to: .verify(burner.id, chat.peer))
        // The key of this moment, not one that comes while the user thinks.
        case .acceptKey: wish = chat.state.key.map { .acceptKey($0) }
        case .accept: self.act { [chat] in try await chat.accept() }
        case .block: wish = .block
        case .unblock: self.act { [chat] in try await chat.setBlocked(false) }
        }
        refresh()
    }

    /// Shows a page of earlier messages, too.
    public func showEarlier() {
        shown += pageLength
        follow()
    }

    public func retry(_ message: MessageID) {
        guard state.bubbles.contains(where: { $0.id == message && $0.canRetry }) else { return }
        act { [self] in
            try await chat.retry(message)
            pages.delete(message)
        }
    }

    public func delete(_ message: MessageID) {
        wish = .delete(message)
        refresh()
    }

    /// The text was put on the clipboard, which the device clears.
    public func copied() {
        note = Note(text: Phrase(.copied), tone: .quiet)
        refresh()
    }

    /// A link in a text was touched. It would be opened outside of Tor: asks first.
    public func touchLink(_ link: String) {
        wish = .link(Verbatim(link))
        refresh()
    }

    public func confirm() {
        let wish = self.wish
        self.wish = nil
        switch wish {
        case .acceptKey(let key): act { [chat] in try await chat.acceptKey(key) }
        case .block: act { [chat] in try await chat.setBlocked(true) }
        case .delete(let message): act { [self] in try await forget(message) }
        case .link(let link): app.platform.openLink(link.text)
        case nil: break
        }
        refresh()
    }

    public func cancel() {
        wish = nil
        refresh()
    }

    public func dismiss() {
        note = nil
        app.news.dismiss(burner.id, chat.peer)
        refresh()
    }

    func covered() { cancel() }

    func leave() { reading?.cancel() }

    func seen(_ event: Event) {
        if case .message(burner.id, let message, let state) = event { pages.seen(message, state) }
    }

    func refresh() {
        let (now, of) = (chat.state, burner.state)
        let mode = Mode(of, now)
        let badge = BurnerBadge(of)
        let isBlank = draft.allSatisfy(\.isWhitespace)
        state = ChatState(
            badge: badge, name: now.name, mode: mode, lock: mode.sign, explanation: mode.explanation,
            mustRead: mode.mustRead, main: mode.main(isAsked: now.question != nil), others: mode.others,
            presence: now.relationship == .contact ? Phrase(now.present ? .contactsOnline : .contactsAway) : nil,
            // A server that holds back is the lock's own word.
            offline: of.connection == .online || mode == .quarantined ? nil : Sign(of.connection),
            bubbles: pages.messages.map {
                Bubble(
                    $0, from: now.name, isFirstUnread: $0.id == firstUnread, canRetry: mode.canWrite, at: app.platform.now())
            },
            hasEarlier: pages.hasEarlier, empty: pages.messages.isEmpty ? Phrase(.chatEmpty) : nil, draft: Verbatim(draft),
            hint: mode.hint, canWrite: mode.canWrite, canSend: mode.canWrite && !isBlank && !isSending,
            sendLabel: Phrase(.chatSendLabel, .verbatim(now.name), .verbatim(badge.label)),
            confirmation: wish.map { confirmation($0) }, note: note ?? app.news.note(burner.id, chat.peer))
        read()
    }

    /// What was written and not sent. It stays while another screen is shown.
    private var draft: String { app.drafts[screen]?.text ?? "" }

    /// Reads the messages from now on.
    private func follow() {
        reading?.cancel()
        // One more than is shown tells whether there are earlier ones.
        let timeline = chat.timeline(limit: shown + 1)
        reading = Task { [weak self, shown] in
            for await page in timeline where !Task.isCancelled { self?.turn(page, shown) }
        }
    }

    private func turn(_ page: [Message], _ limit: Int) {
        let keepsForgotten = burner.state.history == .none && chat.state.timer == nil
        pages.turn(page, limit: limit, keepsForgotten: keepsForgotten)
        if isFirstPage || !isSeen { firstUnread = firstUnread ?? pages.firstUnread }
        isFirstPage = false
        refresh()
    }

    private var isSeen: Bool { app.state.screen == screen && !app.state.covered }

    /// What is on the screen counts as read: not before, and not while the app is covered.
    private func read() {
        guard isSeen, let last = pages.lastUnread, wasRead.insert(last).inserted else { return }
        act { [chat] in try await chat.read(upTo: last) }
    }

    /// A burner that keeps nothing may have forgotten a text before a page had it: it was delivered at once.
    private func sent(_ id: MessageID, _ text: String) async -> Message {
        let gone = Message(
            id: id, peer: chat.peer, text: text, at: app.platform.now(), state: .delivered, security: chat.state.security)
        return (try? await chat.message(id)) ?? gone
    }

    private func forget(_ message: MessageID) async throws {
        do {
            try await chat.delete(message)
        } catch FlashpaperError.noSuchMessage {
            // It was on the screen alone.
        }
        pages.delete(message)
    }

    /// One after the other, in the order of the touches.
    private func act(
        _ body: @escaping @MainActor () async throws -> Void, failed: (@MainActor (FlashpaperError) -> Void)? = nil
    ) {
        app.act(in: order) { _ in try await body() } failed: { [weak self] in
            if let failed { failed($0) } else { self?.note = Note($0) }
        }
    }

    private func confirmation(_ wish: Wish) -> Confirmation {
        let no = Phrase(.cancel)
        return switch wish {
        case .acceptKey:
            Confirmation(
                title: Phrase(.chatAcceptKeySure), text: Phrase(.chatAcceptKeyText), yes: Phrase(.chatAcceptKeyYes), no: no,
                tone: .danger)
        case .block:
            Confirmation(
                title: Phrase(.chatBlockSure), text: Phrase(.chatBlockText), yes: Phrase(.chatBlock), no: no, tone: .danger)
        case .delete:
            Confirmation(
                title: Phrase(.chatDeleteSure), text: Phrase(.chatDeleteText), yes: Phrase(.delete), no: no, tone: .danger)
        case .link(let link):
            Confirmation(
                title: Phrase(.chatLinkTitle), text: Phrase(.chatLinkText, .verbatim(link)),
                yes: Phrase(.chatLinkOpen), no: no, tone: .caution)
        }
    }
}

/// A text that was not sent yet.
struct Draft: Discreet {
    let text: String
    /// The same for each try to send this text, so that one which was stored after all is not sent twice. Another text has another.
    let key = UUID().uuidString
}

extension FlashpaperKit.ChatState {
    /// The user's name for the peer, or else its address.
    var name: Verbatim { Verbatim(label ?? peer.rawValue) }
}

extension FlashpaperError {
    /// It is about the text itself.
    fileprivate var isOfText: Bool {
        if case .invalidInput(.text) = self { true } else { self == .outboxFull }
    }
}
