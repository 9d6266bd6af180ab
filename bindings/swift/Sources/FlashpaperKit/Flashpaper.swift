import FlashpaperCore
import Foundation

/// Flashpaper, opened on one folder: throw-away XMPP accounts over an embedded Tor client.
///
/// All functions throw ``FlashpaperError``. The asynchronous ones work on threads of the library, and throw
/// `CancellationError` at once when their task is cancelled. The others look something up and may wait for a disk.
public final class Flashpaper: Sendable {
    let engine: Engine

    /// Opens `folder`, which is made when absent and is to be private to the app. No network is touched, nor will it be
    /// before ``startTor(deadline:access:)``.
    ///
    /// Wipe the bytes of a passphrase afterwards; a ``KeySource`` is called for as long as the library is open.
    /// `resolvers` are the DNS servers that may be asked, by TCP at an exit: public addresses with their ports, as
    /// `9.9.9.10:53`; without them those of the library, and with an empty list none. `privateNetwork` is for tests, and refused
    /// by a library that was not built for them.
    public static func open(
        folder: URL, key: Key, privateNetwork: String? = nil, resolvers: [String]? = nil
    ) async throws -> Flashpaper {
        let config = Config(home: folder.path, key: key, resolvers: resolvers, privateNetwork: privateNetwork)
        return Flashpaper(try await cancellable { try await Engine.open(config: config, cancel: $0) })
    }

    /// Ends everything of a folder at once: keys and contents in memory, the keys of `source` (the key store that sealed it,
    /// if one did), and all files. It needs no open library and no unlocked device, may be called from any thread, and again;
    /// what was open fails with `Closed` from then on. Accounts stay at their servers, where nobody knows their passwords
    /// any more.
    @discardableResult
    public static func panic(folder: URL, source: KeySource? = nil) -> PanicReport {
        FlashpaperCore.panic(home: folder.path, source: source)
    }

    /// ``panic(folder:source:)``, and leaves a ticket where the folder is open and unlocked and has accounts: ``redeem(_:)`` has
    /// their servers remove them later, from any device. With the ticket one can log into the accounts, so that it undoes
    /// a part of what a panic is for. It is UTF-8 and not encrypted; wipe the bytes after use.
    public static func panicWithTicket(folder: URL, source: KeySource? = nil) -> TicketedPanic {
        FlashpaperCore.panicWithTicket(home: folder.path, source: source)
    }

    /// Keeps this process's memory out of core dumps and from debuggers of the same user, from here on: to be called before
    /// anything secret is in it. It holds for all of the process, so that it is for the app to decide. `false`: the platform
    /// has no such thing (Linux and Android have), or has refused.
    public static func forbidDumps() -> Bool {
        FlashpaperCore.forbidDumps()
    }

    /// Keeps this process's memory out of swap, from here on. It holds for all of the process, so that it is for the app to
    /// decide. `false`: the platform has no such thing (Linux and Android have), or does not let this process lock as much
    /// memory as it likes.
    public static func forbidSwap() -> Bool {
        FlashpaperCore.forbidSwap()
    }

    private init(_ engine: Engine) {
        self.engine = engine
    }

    /// What happens after an event (``Snapshot``'s sequence), or from now on, in order, for one reader; it ends when the
    /// library is closed. Nothing is lost between this call and the first turn of a loop over it. After ``Event/lagged``
    /// take a ``snapshot()`` and go on from there.
    public func events(since: UInt64? = nil) -> AsyncStream<Event> {
        let subscription = engine.events(since: since)
        return AsyncStream {
            await subscription.next()
        } onCancel: {
            subscription.finish()
        }
    }

    /// Connects to Tor, then settles what an earlier run left behind, for a minute at most. After an error Tor goes on
    /// trying by itself, less and less often; called again, it starts anew at once. Where Tor runs by another way than
    /// `access` it ends, with all connections, and starts anew: over bridges nothing is ever tried directly.
    public func startTor(deadline: Duration = .seconds(180), access: TorAccess = .direct) async throws {
        try await cancellable { [engine] in
            try await engine.startTor(access: access, deadline: max(deadline, .zero) / .seconds(1), cancel: $0)
        }
    }

    /// Takes an update of the server directory: a file that those who make this library have signed, however the app came
    /// by it. It counts from now on, also after a restart. What it does not name stays as it is.
    public func updateDirectory(_ file: Data) async throws {
        try await engine.updateDirectory(file: file)
    }

    /// Takes a list of servers that the user has made: a file of the server directory, unsigned, in the place of the one
    /// before. Its servers are drawn like those of the directory; where both know a server, the list counts. It is kept
    /// sealed, until `nil` takes it away.
    public func setOwnServers(_ file: Data?) async throws {
        try await engine.setOwnServers(file: file)
    }

    /// Has another key open the folder from now on, and only that.
    public func changeKey(_ key: Key) async throws {
        try await engine.changeKey(key: key)
    }

    /// Sets the duress passphrase, in the place of an earlier one, or takes it away. Who types it at
    /// ``open(folder:key:privateNetwork:resolvers:)`` does what ``panic(folder:source:)`` does, and gets an empty library, which
    /// the same passphrase opens from then on: nothing in it tells that there was another. Whether one is set can be told
    /// neither from the folder nor from how long opening it takes. It does nothing to a copy of the folder. It cannot be the
    /// passphrase itself, and the folder needs one. Wipe the bytes afterwards.
    public func setDuress(_ passphrase: Data?) async throws {
        try await engine.setDuress(passphrase: passphrase)
    }

    /// What was wrong with the sealed store when it was opened, and with what was read since: lost records are to be
    /// told to the user.
    public func vaultReport() throws -> VaultReport {
        try engine.vaultReport()
    }

    /// All accounts that are known, in the order of their creation.
    public func burners() throws -> [Burner] {
        try engine.burners()
    }

    /// Throws what ``createBurner(_:)`` would end with at once: all that can be told without a network.
    public func checkOptions(_ options: CreateOptions) throws {
        try engine.checkOptions(options: options)
    }

    /// Makes an account and shows that it can be reached. When it is cancelled, what may have been made is removed in
    /// the background.
    public func createBurner(_ options: CreateOptions = CreateOptions()) async throws -> Burner {
        try await cancellable { [engine] in try await engine.createBurner(options: options, cancel: $0) }
    }

    /// Brings a burner back from its twelve recovery words (UTF-8; wipe them afterwards) and the domain of its server: the
    /// same address, and the same key for its peers. Logs in to see that it is there; never registers. Throws
    /// `InvalidInput` with `words` before any network, and `NoSuchBurner` where the server knows no such account.
    /// Cancelled, nothing was stored.
    public func restore(words: Data, server: String, route: Route? = nil) async throws -> Burner {
        try await cancellable { [engine] in
            try await engine.restore(words: words, server: server, route: route, cancel: $0)
        }
    }

    /// Whether a burner has recovery words that were not dropped.
    public func wordsLeft(of id: BurnerId) throws -> Bool {
        try engine.wordsLeft(id: id)
    }

    /// The recovery words of a burner as UTF-8, until they are dropped; nil if it has none. Wipe them after use.
    public func recoveryWords(of id: BurnerId) throws -> Data? {
        try engine.recoveryWords(id: id)
    }

    /// Forgets the recovery words: the user has written them down, or does not want them.
    public func dropRecoveryWords(of id: BurnerId) async throws {
        try await engine.dropRecoveryWords(id: id)
    }

    /// Removes an account at its server, shows that it is gone, and forgets it here. Its peers are told that private
    /// conversations end, where it is connected. Where the server cannot be asked now, all but the removal is forgotten,
    /// and that is tried again by itself: see ``pendingRemovals()``, which this takes, too, to try at once. With the last
    /// burner goes what they share: Tor ends, its files are removed, and what was learnt of servers and the lists that
    /// the app has handed in are forgotten. The next creation starts Tor again. Cancelling ends the wait, not the burn.
    public func burn(_ id: BurnerId) async throws -> BurnReport {
        try await cancellable { [engine] in try await engine.burn(id: id, cancel: $0) }
    }

    /// ``burn(_:)`` for all burners and for the removals that wait, each at a random moment within 5 seconds. What fails
    /// for one keeps no other: see ``Burned/failed``. Cancelling ends the wait, not the burns that have begun.
    public func burnAll() async throws -> [Burned] {
        try await cancellable { [engine] in try await engine.burnAll(cancel: $0) }
    }

    /// Takes a burner off this device at once, without a network: all but its removal is forgotten, and that goes on by
    /// itself. Peers are not told.
    public func wipe(_ id: BurnerId) async throws {
        try await engine.wipe(id: id)
    }

    /// Takes the ticket of ``panicWithTicket(folder:source:)``, in any open folder: the removals of its accounts wait for their
    /// servers here from now on, as ``pendingRemovals()`` has them. What is there already is not doubled; an account that is
    /// a burner of this folder stays one. Gives the removals that wait. No network is needed.
    @discardableResult
    public func redeem(_ ticket: Data) async throws -> [BurnerId] {
        try await engine.redeem(ticket: ticket)
    }

    /// The removals that wait for their servers, the oldest first. They are tried again by themselves while Tor runs, by
    /// circuits of their own: first after ten to twenty minutes, then less and less often, up to every six hours, and at
    /// each start. After 30 days one is dropped, which ``Event/settled(burner:outcome:)`` tells.
    public func pendingRemovals() throws -> [PendingRemoval] {
        try engine.pendingRemovals()
    }

    /// Has a burner burnt by itself at this time, or never: in the background, and as ``burn(_:)`` does. The time is that of the
    /// device's clock: one that is set back does not put it off, and while Tor says that the clock is wrong nothing is burnt by
    /// it. Before Tor runs nobody can say that. Where nothing is awake at that time, it is done once something is. ``Event/expiring(burner:at:)`` reminds before, ``Event/expired(burner:)`` tells that it begins. A time that is
    /// past throws ``FlashpaperError/InvalidInput(input:)``.
    public func setExpiry(of id: BurnerId, to time: Date?) async throws {
        try await engine.setExpiry(id: id, at: time)
    }

    /// Everything that a screen shows, at one moment. Nothing is missing between it and ``events(since:)`` since its
    /// sequence; what happens while it is taken may be in both.
    public func snapshot() throws -> Snapshot {
        try engine.snapshot()
    }

    /// Has a burner connect, and stay connected through everything that can be waited for; ``Event`` tells how it goes.
    /// Where there are several burners it begins at a random moment within 5 seconds. One that waits by itself is hurried
    /// so: it is for the burner that a user looks at.
    public func connect(_ id: BurnerId) async throws {
        try await engine.connect(id: id)
    }

    /// Ends a burner's connection. Its server keeps what comes, for as long as it does that.
    public func disconnect(_ id: BurnerId) async throws {
        try await engine.disconnect(id: id)
    }

    /// How soon a dead connection has to be noticed, for all burners.
    public func setProfile(_ profile: Profile) {
        engine.setProfile(profile: profile)
    }

    /// How far apart the connections of several burners are kept, from now on: within two minutes, if nothing else is
    /// said. It is not stored: the app sets it after each opening. Of several burners that are connected when it becomes
    /// ``Spread/oneAtATime`` one stays, drawn at random.
    public func setSpread(_ spread: Spread) {
        engine.setSpread(spread: spread)
    }

    /// Has the library lock itself, as ``lock()`` does, once nobody has called ``touch()`` for so long: by a clock that counts
    /// what the device sleeps, and also where it is suspended. ``Event/locked`` tells it. `nil`: it never does, as at first.
    /// It is not stored: the app sets it after each opening. It lasts over locking; the time begins now, and anew whenever
    /// ``open(folder:key:privateNetwork:resolvers:)`` is given the key. Where a time that was set before
    /// is over, the library locks itself, and nothing is set. No time at all throws
    /// ``FlashpaperError/InvalidInput(input:)``.
    ///
    /// A device that sleeps runs nothing: what was due meanwhile is done within a minute of its waking, and before
    /// ``resume()``, ``syncOnce(deadline:access:)`` or ``touch()`` do anything else.
    public func setAutoLock(after time: Duration?) throws {
        try engine.setAutoLock(after: time.map { max($0, .zero) / .seconds(1) })
    }

    /// The user does something: the time of ``setAutoLock(after:)`` begins anew, unless it is over.
    public func touch() {
        engine.touch()
    }

    /// Hints that the device's network may be another: connections are asked whether they live, and those that wait try
    /// again; several burners each at a random moment (see ``setSpread(_:)``).
    public func networkChanged() {
        engine.networkChanged()
    }

    /// Lets go of the network and the folder within `deadline`, for the device's sleep: Tor ends, and there is no
    /// traffic, no wake-up but that of ``setAutoLock(after:)`` and, unless a key store asks a user meanwhile, no lock. What is
    /// under way ends as if the process did; ``resume()`` settles it. A creation with an open question waits: the server asks anew then.
    /// Several burners end at random moments within it: a longer one tells less that they are of one phone. The key and
    /// what is stored stay in memory, see ``lock()``.
    public func suspend(deadline: Duration = .seconds(3)) async throws {
        try await engine.suspend(deadline: max(deadline, .zero) / .seconds(1))
    }

    /// Ends ``suspend(deadline:)``: opens the folder again, starts Tor if it ran, and has those burners connect that
    /// were, each at a random moment (see ``setSpread(_:)``). Does nothing where it is awake.
    public func resume() async throws {
        try await engine.resume()
    }

    /// What a background task does: resumes, starts Tor as ``startTor(deadline:access:)`` does, connects those burners that the app wants
    /// connected (by ``connect(_:)``, in this process or an earlier one, and not ``disconnect(_:)`` since), waits
    /// until what there is has come and gone, and suspends; all within `deadline`, but for 3 seconds. Several are
    /// connected one after the other, in random order and apart as far as `deadline` allows. ``suspend(deadline:)``
    /// and ``resume()`` end it early.
    public func syncOnce(deadline: Duration, access: TorAccess = .direct) async throws -> SyncReport {
        try await engine.syncOnce(access: access, deadline: max(deadline, .zero) / .seconds(1))
    }

    /// Suspends, and takes all keys and contents out of memory. ``open(folder:key:privateNetwork:)`` with the key opens
    /// this library again; until then every call that needs them throws ``FlashpaperError/VaultLocked``. ``Event/locked`` tells it.
    public func lock() async throws {
        try await engine.lock()
    }

    /// Cancels creations, waits for removals up to 30 seconds, ends Tor, and lets go of the folder. Every later call
    /// throws ``FlashpaperError/Closed``.
    public func close() async {
        await engine.shutdown()
    }
}

/// Ends a call of the library when its task is cancelled: a task's cancellation does not reach Rust by itself.
private func cancellable<T: Sendable>(_ call: @Sendable (CancelToken) async throws -> T) async throws -> T {
    try Task.checkCancellation()
    let token = CancelToken()
    return try await withTaskCancellationHandler {
        do {
            return try await call(token)
        } catch FlashpaperError.Cancelled {
            try Task.checkCancellation()
            throw FlashpaperError.Cancelled
        }
    } onCancel: {
        token.cancel()
    }
}
