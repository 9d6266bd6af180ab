import Foundation

/// Flashpaper, opened on one folder: throw-away XMPP accounts over an embedded Tor client.
///
/// It stays open until ``close()``, or until the app has let go of it and of each burner, chat, creation and stream of it: then it
/// closes in the background.
///
/// Functions throw ``FlashpaperError``, and `CancellationError` when their task is cancelled; ``startTor(_:deadline:)``, which
/// throws nothing else, then throws ``FlashpaperError/cancelled``. None of them holds the calling thread: those that wait for
/// a disk or a network are asynchronous. A negative duration throws ``Input/timeSpan``; one above 30 years counts as 30 years.
public protocol Flashpaper: Sendable {
    /// The present. It is kept up by itself; ``states()`` tells each change.
    var state: FlashpaperState { get }

    /// The present state first, then each new one. A slow reader misses those between, never the newest. It ends after the state
    /// with ``Life/closed``. Every call gives a stream of its own. The library stays open for as long as there is one, or one
    /// of a burner's, a chat's or of events.
    func states() -> AsyncStream<FlashpaperState>

    /// What happens after an event (``FlashpaperState/number``), or from now on, in order, for one reader. Nothing is lost
    /// between this call and the first turn of a loop over it. It ends when the library is closed.
    func events(since number: UInt64?) -> AsyncStream<Numbered>

    /// Connects to Tor, then settles the remains of an earlier run, for a minute at most. After an error Tor goes on trying by
    /// itself, less and less often; called again, it starts anew at once. Where Tor runs by another way than `entry` it ends,
    /// with all connections, and starts anew: over bridges nothing is ever tried directly. Burners that were to stay connected
    /// when the last process ended (``Burner/connect()``) connect again, each at a random moment: see ``setSpread(_:)``.
    /// Cancelled before Tor is ready, a Tor that this call has started ends, unless another call waits for it.
    ///
    /// Throws why Tor is not ready within `deadline`; for a bridge line that is none ``Input/bridge(line:part:)``, and nothing
    /// has changed then.
    func startTor(_ entry: Entry, deadline: Duration) async throws(FlashpaperError)

    /// Ends Tor, with all connections: there is no traffic until ``startTor(_:deadline:)`` or ``sync(deadline:entry:)``, and
    /// ``resume()`` does not bring it back. Burners that were to be connected wait for the next start. A call that waits for Tor
    /// throws ``FlashpaperError/torNotStarted``. May be called at any time, also while the library is suspended or locked.
    func stopTor() async throws

    /// Begins to make an account, and to show that it can be reached.
    func create(_ options: CreateOptions) -> any Creation

    /// Throws the error that ``create(_:)`` would end with at once: all that can be told without a network.
    func checkOptions(_ options: CreateOptions) async throws

    /// Brings a burner back from its twelve recovery words (UTF-8; wipe them afterwards) and the domain of its server: the same
    /// address, and the same key for its peers. Logs in to see that it is there; never registers. Contacts are those that the
    /// server knows; conversations are kept nowhere but on the phone that had them. Cancelled, nothing was stored.
    ///
    /// Throws ``Input/words(_:)`` before any network; ``FlashpaperError/noSuchBurner`` where the server knows no account of
    /// these words; ``FlashpaperError/alreadyHere``.
    func restore(words: Data, server: String, route: Route?) async throws -> any Burner

    /// A burner of the present state; nil if there is none of this name.
    func burner(_ id: BurnerID) -> (any Burner)?

    /// ``Burner/burn()`` by name: also of a removal that waits, which it tries at once.
    func burn(_ id: BurnerID) async throws -> BurnReport

    /// Burns all burners and tries the removals that wait, each at a random moment within 5 seconds. A failure of one keeps no
    /// other: see ``Burned/failed``. Cancelling ends the wait, not the burns.
    func burnAll() async throws -> [Burned]

    /// The removals that wait for their servers, the oldest first. They are tried again by themselves while Tor runs, by
    /// circuits of their own: first after ten to twenty minutes, then less and less often, up to every six hours, and at each
    /// start. After 30 days one is dropped, which ``Event/settled(burner:outcome:)`` tells.
    func pendingRemovals() async throws -> [PendingRemoval]

    /// Takes the ticket of a panic, in any open folder: the removals of its accounts wait for their servers here from now on.
    /// One that is there already is not doubled; an account that is a burner of this folder stays one. Gives the removals of
    /// its accounts that wait. No network is needed. Throws ``Input/ticket``.
    @discardableResult
    func redeem(_ ticket: Data) async throws -> [BurnerID]

    /// Lets go of the network and the folder within `deadline`, for the device's sleep: Tor ends, and there is no traffic, no
    /// wake-up but that of ``setAutoLock(after:)``, and no lock. Work under way ends as if the process did; ``resume()``
    /// settles it. A creation with an open question waits: the server asks anew then. Several burners end at random moments
    /// within it: a longer one tells less that they are of one phone. The key and the store's content stay in memory, see
    /// ``lock()``.
    ///
    /// Throws ``FlashpaperError/timeout`` where something was still there at the end of it.
    func suspend(deadline: Duration) async throws

    /// Ends ``suspend(deadline:)``: opens the folder again, starts Tor if it ran, and has those burners connect that were, each
    /// at a random moment (see ``setSpread(_:)``). Does nothing where the library is awake.
    func resume() async throws

    /// A background task's work: resumes, starts Tor by `entry`, connects those burners that the app wants connected (by
    /// ``Burner/connect()``, in this process or an earlier one, and not ``Burner/disconnect()`` since), waits until all that
    /// there is has come and gone, and suspends; all within `deadline`, but for 3 seconds and the time that a key source takes to
    /// open the folder. Several are connected one after the other, in random order and apart as far as `deadline` allows.
    /// Cancelled, it suspends, and throws when that is done.
    ///
    /// It is for moments when nobody looks at the app: it suspends also where the library was awake, which ends all connections. A
    /// background task skips it while ``state`` has ``Life/awake`` and another Tor than ``Tor/off``.
    ///
    /// That a burner cannot connect is no error: see ``SyncReport``. The library keeps no bridges over a process's end, so an
    /// app that goes by bridges hands them in here, too.
    func sync(deadline: Duration, entry: Entry) async throws -> SyncReport

    /// Suspends, and takes all keys and contents out of memory. Opening the folder with the key opens this library again; until
    /// then every call that needs them throws ``FlashpaperError/vaultLocked``. ``Event/locked`` tells it.
    ///
    /// Throws where a key stayed in memory.
    func lock() async throws

    /// Has the library lock itself, as ``lock()`` does, once nobody has called ``touch()`` for so long: by a clock that counts
    /// the device's sleep, and also where it is suspended. Nil: it never does, as at first. It is not stored: the app sets it
    /// after each opening. It lasts over locking; the time begins now, and anew whenever the folder is opened with the key.
    ///
    /// A device that sleeps runs nothing: a lock that was due meanwhile is done within a minute of its waking, and before
    /// ``resume()``, ``sync(deadline:entry:)`` or ``touch()`` do anything else. No time at all throws ``Input/autoLock``.
    func setAutoLock(after time: Duration?) async throws

    /// The user does something: the time of ``setAutoLock(after:)`` begins anew, unless it is over.
    func touch()

    /// Has another key open the folder from now on, and only that. Takes as long as opening. The duress passphrase stays, unless
    /// there is no passphrase any more.
    func changeKey(_ key: Key) async throws

    /// Sets the duress passphrase, in the place of an earlier one, or takes it away. Who types it at opening does a panic, and
    /// gets an empty library, which the same passphrase opens from then on: nothing in it tells that there was another. Whether
    /// one is set can be told neither from the folder nor from how long opening it takes. It does nothing to a copy of the
    /// folder. Wipe the bytes afterwards.
    ///
    /// Throws ``Input/passphrase``, ``Input/samePassphrase`` or ``Input/noPassphrase``.
    func setDuress(_ passphrase: Data?) async throws

    /// Takes an update of the server directory: a file that those who make this library have signed, however the app came by
    /// it. It counts from now on, also after a restart. An entry that it does not name stays as it is. Throws
    /// ``Input/directory(_:)``; nothing has changed then.
    func updateDirectory(_ file: Data) async throws

    /// Takes a list of servers that the user has made: a file of the server directory, unsigned, in the place of the one before.
    /// Its servers are drawn like those of the directory; where both know a server, the list counts. It is kept sealed, until
    /// nil takes it away. Throws ``Input/directory(_:)``; nothing has changed then.
    func setOwnServers(_ file: Data?) async throws

    /// A text for a report to the developers, which the user reads before sharing it. There is no address, host, key or word of
    /// anybody in it.
    func diagnostics() async -> String

    /// Cancels creations, waits for removals up to 30 seconds, ends Tor, and lets go of the folder. Every later call throws
    /// ``FlashpaperError/closed``, every stream ends. Goes on to its end when the task is cancelled.
    func close() async

    /// Hints that the device's network may be another: connections are asked whether they live, and those that wait try again;
    /// several burners each at a random moment (see ``setSpread(_:)``).
    func networkChanged()

    /// How soon a dead connection has to be noticed, for all burners.
    func setProfile(_ profile: Profile)

    /// How far apart the connections of several burners are kept, from now on: within two minutes, if nothing else is said. It
    /// is not stored: the app sets it after each opening. Of several burners that are connected when it becomes
    /// ``Spread/oneAtATime`` one stays, drawn at random.
    func setSpread(_ spread: Spread) throws(FlashpaperError)
}

extension Flashpaper {
    /// ``events(since:)`` from now on.
    public func events() -> AsyncStream<Numbered> { events(since: nil) }

    /// ``startTor(_:deadline:)`` within three minutes.
    public func startTor(_ entry: Entry = .direct) async throws(FlashpaperError) {
        try await startTor(entry, deadline: .seconds(180))
    }

    /// ``create(_:)`` of one at any server.
    public func create() -> any Creation { create(CreateOptions()) }

    /// ``restore(words:server:route:)`` by any route.
    public func restore(words: Data, server: String) async throws -> any Burner {
        try await restore(words: words, server: server, route: nil)
    }

    /// ``suspend(deadline:)`` within three seconds.
    public func suspend() async throws { try await suspend(deadline: .seconds(3)) }

    /// ``sync(deadline:entry:)`` by Tor's public relays.
    public func sync(deadline: Duration) async throws -> SyncReport {
        try await sync(deadline: deadline, entry: .direct)
    }
}

/// One account that is being made.
///
/// ``Flashpaper/suspend(deadline:)`` ends it, unless a question is open: the server asks another one of a new identity once the
/// library is resumed.
public protocol Creation: Sendable {
    /// The present first, then each change. A slow reader misses those between, never the newest. It ends after
    /// ``CreationProgress/done(_:)`` or ``CreationProgress/failed(_:)``.
    func progress() -> AsyncStream<CreationProgress>

    /// Answers a server's question: the creation goes on. Answers that do not fit throw ``Input/answer(_:)``, and the question
    /// stays open. Throws ``FlashpaperError/noSuchQuestion``.
    func answer(_ question: Question.ID, _ answer: Answer) async throws

    /// Waits for the burner. It may be read again. A task that is cancelled while it waits cancels the creation.
    var burner: any Burner { get async throws }

    /// Ends the creation at once; an account that may have been made is removed in the background. One that was done at that
    /// very moment stays, and is in ``Flashpaper/state``. Letting go of this object does not end it.
    func cancel()
}

/// How far a creation is.
public enum CreationProgress: Equatable, Sendable {
    /// It has begun.
    case starting
    /// This server is asked; the step is the last that was done.
    case working(server: JID, step: Step?)
    /// A server asks something of the user: ``Creation/answer(_:_:)``.
    case asks(Question)
    /// The burner can be used.
    case done(BurnerID)
    /// There is none.
    case failed(FlashpaperError)
}

/// One burner account. Once it is gone its state stays as it was, and every call throws ``FlashpaperError/noSuchBurner``.
public protocol Burner: Sendable, Identifiable<BurnerID> {
    /// The present, or the last before it was gone or the library was locked.
    var state: BurnerState { get }

    /// The present state first, then each new one. It ends when the burner is gone or the library closed.
    func states() -> AsyncStream<BurnerState>

    /// Has the burner connect, and stay connected through everything that can be waited for, over the end of the process, too,
    /// once Tor is started again; ``BurnerState/connection`` tells how it goes. Where there are several burners it begins at a
    /// random moment within 5 seconds. One that waits by itself is hurried so: it is for the burner that a user looks at.
    func connect() async throws

    /// Ends the connection. The server keeps messages that come, for as long as it does that.
    func disconnect() async throws

    /// Adds somebody as a contact, by bare JID or `xmpp:` URI, and asks to see when they are there. A fingerprint in the URI
    /// (`otr-fingerprint`) is the one key that they are to have from now on.
    ///
    /// Throws ``Input/address``: no address, or one of this installation's own. ``FlashpaperError/otherKeyVerified``: a link
    /// must not take the place of a key that a user has compared. ``FlashpaperError/otherKeyInUse``: nor, without a word, of one
    /// that is in use or expected: ask, then call ``expectKey(_:)``. ``FlashpaperError/peerBlocked``.
    @discardableResult
    func add(_ address: String) async throws -> any Chat

    /// Does what ``add(_:)`` does, where that throws ``FlashpaperError/otherKeyInUse``: the user has decided that the link's key
    /// is right. No text goes to the other then.
    @discardableResult
    func expectKey(_ address: String) async throws -> any Chat

    /// A conversation of the present state; nil if there is none with this peer.
    func chat(with peer: JID) -> (any Chat)?

    /// A page of messages with all peers that are not done or are kept: see ``Chat/before(_:limit:)``.
    func messages(before message: MessageID?, limit: Int) async throws -> [Message]

    /// The address with the key, as an `xmpp:` URI for a QR code. The first time it takes a tenth of a second.
    func link() async throws -> String

    /// The fingerprint of the own key, for the peer to compare. The first time it takes a tenth of a second.
    func fingerprint() async throws -> Fingerprint

    /// The user's own name for the burner; nil or a blank one takes it away. It never leaves the device.
    func setLabel(_ label: String?) async throws

    /// Sets which messages that are done are kept. Those that are not to be kept any more are forgotten at once.
    func setHistory(_ history: History) async throws

    /// Has the burner burnt by itself at this time, or never: in the background, and as ``burn()`` does. The time is that of the
    /// device's clock: one that is set back does not put it off, and while Tor says that the clock is wrong nothing is burnt by
    /// it. Where the library is not awake at that time, it is done once it is. A time that is past throws ``Input/expiry``.
    func setExpiry(_ time: Date?) async throws

    /// How long private conversations may rest and be gone on with, over the end of the process, too: a week at first. One that
    /// has rested for longer ends once the burner is connected and everything that waited has come, and its peer is told. Zero:
    /// none outlives the process, and nothing of them is stored.
    func setIdleTimeout(_ timeout: Duration) async throws

    /// Whether a peer that offers nothing newer may be spoken to in version 2 of OTR (``ChatState/version``), as at first, or
    /// not. Private conversations in version 2 end when it may not be.
    func setVersion2(_ may: Bool) async throws

    /// Takes in which keys the user has verified with another client: the text of libotr's `otr.fingerprints`. Lines of other
    /// accounts are passed over where `account` is given, and so are lines that cannot be read, which are named. Nobody becomes
    /// a contact by it; a key that is expected of a peer stays the only one. Throws ``Input/fingerprints`` where no line can be
    /// read.
    @discardableResult
    func importFingerprints(_ file: String, account: String?) async throws -> Imported

    /// Whether there are recovery words that were not dropped.
    func wordsLeft() async throws -> Bool

    /// The recovery words as UTF-8, until they are dropped; nil if there are none. Wipe them after use.
    func recoveryWords() async throws -> Data?

    /// Forgets the recovery words: the user has written them down, or does not want them.
    func dropRecoveryWords() async throws

    /// Removes the account at its server, shows that it is gone, and forgets it here. Its peers are told that private
    /// conversations end, where it is connected. Where the server cannot be asked now, all but the removal is forgotten, and
    /// that is tried again by itself: see ``Flashpaper/pendingRemovals()``. With the last burner goes all that they share: Tor
    /// ends, its files are removed, and everything learnt of servers is forgotten. The next creation starts Tor again.
    /// Cancelling ends the wait, not the burn.
    @discardableResult
    func burn() async throws -> BurnReport

    /// Takes the burner off this device at once, without a network: all but its removal is forgotten, and that goes on by
    /// itself. Peers are not told.
    func wipe() async throws
}

extension Burner {
    /// ``importFingerprints(_:account:)`` of all accounts.
    @discardableResult
    public func importFingerprints(_ file: String) async throws -> Imported {
        try await importFingerprints(file, account: nil)
    }

    /// The last page of ``messages(before:limit:)``.
    public func messages(limit: Int = 100) async throws -> [Message] {
        try await messages(before: nil, limit: limit)
    }

    /// ``messages(before:limit:)`` of a hundred messages.
    public func messages(before message: MessageID?) async throws -> [Message] {
        try await messages(before: message, limit: 100)
    }
}

/// A burner's conversation with one peer.
public protocol Chat: Sendable {
    /// The peer's bare JID.
    var peer: JID { get }

    /// The present, or the last before the conversation was gone or the library was locked.
    var state: ChatState { get }

    /// The present state first, then each new one. It ends when the burner is gone or the library closed.
    func states() -> AsyncStream<ChatState>

    /// The last messages, at most `limit`, in their order: the present ones first, then again whenever they have changed. A slow
    /// reader misses pages between, never the newest. It ends when the burner is gone or the library is locked or closed.
    func timeline(limit: Int) -> AsyncStream<[Message]>

    /// The messages before this one, at most `limit`, in their order. The first of a page is the place to go on from, and may
    /// be forgotten by then: it is a position. An empty page is the end.
    func before(_ message: MessageID, limit: Int) async throws -> [Message]

    /// One message. Throws ``FlashpaperError/noSuchMessage``.
    func message(_ message: MessageID) async throws -> Message

    /// Sends a text, in private, as soon as that is possible: it is stored when this returns, and sent in the order of these
    /// calls. It waits for a private conversation, which needs the peer to be there (``MessageState/waitingForPeer``); where that
    /// takes longer than `within`, it fails. A peer that is written to is a contact.
    ///
    /// Of one burner's last 64 keys each names one message: a call with a key that was used before gives that message again. So
    /// a call that was cancelled can be made once more with the same key, and the text is sent once.
    @discardableResult
    func send(_ text: String, within limit: Duration?, key: String) async throws -> MessageID

    /// Sends a failed message again, as a new one, and forgets the failed one. Gives the new one.
    @discardableResult
    func retry(_ message: MessageID) async throws -> MessageID

    /// Forgets a message here. It does not leave any more if it has not left.
    func delete(_ message: MessageID) async throws

    /// The user has read all that came from this peer up to this message. Until then it is kept, also over a crash.
    func read(upTo message: MessageID) async throws

    /// The user has seen this one message: one that came, or that one failed. Until then it is kept, also over a crash.
    func taken(_ message: MessageID) async throws

    /// Accepts a stranger as a contact. Where they have asked for a private conversation, it is begun with an OTR query message.
    func accept() async throws

    /// Keeps the peer away, or not any more: nothing that they send is taken in, and the own server is told so where it knows
    /// blocking (XEP-0191). They see no presence from then on. A private conversation ends without a word, and texts to them
    /// that have not left do not leave any more. Nothing but this call ends a block.
    func setBlocked(_ blocked: Bool) async throws

    /// The user's own name for the peer; nil or a blank one takes it away. It never leaves the device.
    func setLabel(_ label: String?) async throws

    /// Sets how long texts are kept once they were read, or with nil that they do not go by themselves, as at first. It is for
    /// texts that are read from then on. A Flashpaper peer is told inside the encryption, and does the same
    /// (``Notice/timerChanged``); of two settings the later counts. With other clients, and until ``ChatState/timerIsShared``
    /// says otherwise, texts go here alone. Nothing keeps a peer from keeping a text. Less than a second or more than 366 days
    /// throws ``Input/timer``.
    func setTimer(after time: Duration?) async throws

    /// Begins a private conversation, or renews the one there is. Texts begin one by themselves.
    func startPrivate() async throws

    /// Ends the private conversation: the peer is told, and texts that wait go on waiting for a new one. Those that were sent
    /// and not confirmed fail as ``FailReason/unread``.
    func endPrivate() async throws

    /// Says that texts may go to this key of the peer's, though another one was known or expected.
    func acceptKey(_ key: Fingerprint) async throws

    /// Says that the user has compared this key, on the telephone say, or takes that back: no text goes to it then before it is
    /// accepted again (``acceptKey(_:)``), nor, once one key was compared, to others that were not.
    func setVerified(_ verified: Bool, key: Fingerprint) async throws

    /// Compares a secret with the peer (SMP), with a question that tells which secret is meant. That both know it verifies the
    /// peer; ``Event/comparison(burner:peer:comparison:)`` tells. It serves to check a key that has changed, too: the holder of
    /// that key sees the question, and learns of the secret whether one guess was right.
    func compare(_ secret: String, question: String?) async throws

    /// Answers a comparison that the peer has asked for (``ChatState/question``); `question` is the one that the user was shown,
    /// if there was one. With a question it verifies the user to the peer, not the other way. Throws
    /// ``FlashpaperError/nothingAsked`` where the peer asks something else by now.
    func answer(_ secret: String, to question: String?) async throws

    /// Ends a comparison without a result.
    func abortComparison() async throws
}

extension Chat {
    /// ``timeline(limit:)`` of a hundred messages.
    public func timeline() -> AsyncStream<[Message]> { timeline(limit: 100) }

    /// ``before(_:limit:)`` of a hundred messages.
    public func before(_ message: MessageID) async throws -> [Message] { try await before(message, limit: 100) }

    /// ``send(_:within:key:)`` with a key of its own.
    @discardableResult
    public func send(_ text: String, within limit: Duration? = nil) async throws -> MessageID {
        try await send(text, within: limit, key: UUID().uuidString)
    }

    /// ``send(_:within:key:)`` that waits for as long as it takes.
    @discardableResult
    public func send(_ text: String, key: String) async throws -> MessageID {
        try await send(text, within: nil, key: key)
    }

    /// ``compare(_:question:)`` without a question.
    public func compare(_ secret: String) async throws { try await compare(secret, question: nil) }
}
