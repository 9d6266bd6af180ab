import FlashpaperAPI

/// Somebody whom the burners of a ``FakeFlashpaper`` talk to. It answers private conversations by itself while it is online.
public struct FakePeer: Sendable {
    /// Its bare JID.
    public let jid: JID
    let world: World

    init(jid: JID, world: World) {
        self.jid = jid
        self.world = world
    }

    /// The key that it has now.
    public var key: Fingerprint { person { $0.key } }

    /// All texts that it has read, in their order.
    public var heard: [String] { person { $0.heard } }

    /// It is there: texts that waited for it leave.
    public func comesOnline() {
        change { $0.isOnline = true }
        talks { $0.hear($1, &$2) }
    }

    /// It is not there any more.
    public func goesOffline() {
        change { $0.isOnline = false }
        talks { $0.hear($1, &$2) }
    }

    /// Sends a text to a burner; gives its name there, or nil where the user has blocked it or the burner is gone.
    @discardableResult
    public func sends(_ text: String, to burner: BurnerID) -> MessageID? {
        world.script { inner in
            var message: MessageID?
            inner.change(burner) { message = $0.receive(text, from: jid, &$1) }
            return message
        }
    }

    /// Whether it says by itself that it has a text, as at first. Otherwise texts stay ``MessageState/acked`` until
    /// ``delivers(_:at:)``.
    public func confirms(_ byItself: Bool) {
        change { $0.confirms = byItself }
    }

    /// Says that it has a text.
    public func delivers(_ message: MessageID, at burner: BurnerID) {
        world.script { inner in inner.change(burner) { $0.set(message, .delivered, &$1) } }
    }

    /// A server sends a text back, or the peer never reads it.
    public func fails(_ message: MessageID, _ reason: FailReason, at burner: BurnerID) {
        world.script { inner in inner.change(burner) { $0.fail(message, reason, &$1) } }
    }

    /// Begins a private conversation with another key from now on.
    public func changesKey() {
        world.script { inner in
            inner.nextBurner += 1
            let key = inner.key(0xE000 + inner.nextBurner)
            inner.people[jid]?.key = key
        }
        talks { account, index, inner in
            if account.talks[index].isPrivate { account.startPrivate(index, &inner) }
        }
    }

    /// Begins a private conversation with a burner. Where it is a stranger, that waits for ``Chat/accept()``.
    public func startsPrivate(with burner: BurnerID) {
        world.script { inner in
            inner.change(burner) { $0.isAskedForPrivate(by: jid, &$1) }
        }
    }

    /// Ends its private conversations.
    public func endsPrivate() {
        talks { account, index, inner in
            guard account.talks[index].isPrivate else { return }
            account.talks[index].end(by: true)
            inner.report(.conversation(burner: account.id, peer: jid))
        }
    }

    /// The secret that it answers comparisons with.
    public func knows(_ secret: String) {
        change { $0.secret = secret }
        talks { account, index, inner in
            if let own = account.talks[index].secret { account.talks[index].compared(own == secret, account.id, &inner) }
        }
    }

    /// Asks for a comparison with the secret that it knows.
    public func asks(_ question: String?, secret: String, of burner: BurnerID) {
        change { $0.secret = secret }
        talks { account, index, inner in
            guard account.id == burner, account.talks[index].isPrivate else { return }
            account.talks[index].question = .asked(question: question)
            inner.report(.comparison(burner: burner, peer: jid, comparison: .asked(question: question)))
        }
    }

    private func person<T>(_ body: (Person) -> T) -> T {
        world.read { body($0.people[jid]!) }
    }

    private func change(_ body: (inout Person) -> Void) {
        world.script { body(&$0.people[jid]!) }
    }

    /// All of its conversations. Whatever happens: texts leave that can by then.
    private func talks(_ body: (inout Account, Int, inout Inner) -> Void) {
        world.script { inner in
            for id in inner.accounts.map(\.id) {
                inner.change(id) { account, inner in
                    guard let index = try? account.place(jid) else { return }
                    body(&account, index, &inner)
                    account.flush(index, &inner)
                }
            }
        }
    }
}
