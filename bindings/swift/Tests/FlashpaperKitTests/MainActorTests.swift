import FlashpaperLab
import Foundation
import Testing

@testable import FlashpaperKit

private let limit = Duration.milliseconds(4)

extension OnTheLab {
    /// That no call holds the actor that makes it: an app's main actor, which has other work.
    @Suite struct MainActorTests {
        @Test func aCallThatHoldsTheActorIsFound() async throws {
            let held = try #require(await tooLong { try await longest { usleep(20_000) } })
            #expect(try #require(held.last) >= .milliseconds(20))
            #expect(try await tooLong { try await longest {} } == nil)
            let calls = Locked(0)
            let oneInSix = try await tooLong {
                try await longest {
                    let count = calls.with {
                        $0 += 1
                        return $0
                    }
                    if count % 6 == 0 { usleep(5_000) }
                }
            }
            #expect(oneInSix != nil)
        }

        @Test(.enabled(if: Child.folder == nil)) func theFirstCallOfAProcessDoesNotHoldTheMainActor() async throws {
            let held = try await tooLong(5) {
                let home = try Home()
                let child = try Child("aProcessThatOpens", in: home.folder)
                let said = try await child.says()
                child.end()
                try FileManager.default.removeItem(at: home.folder)
                return .microseconds(try #require(Int(said)))
            }
            #expect(held == nil, "the first open holds its actor")
        }

        /// Opens the folder as the first call of the library, and says for how many microseconds that held the main actor.
        @Test(.enabled(if: Child.folder != nil)) func aProcessThatOpens() async throws {
            let folder = try #require(Child.folder)
            // What concurrency loads, and the measuring, is not the library's.
            for _ in 0..<2 { _ = try await longest { try await Task.sleep(for: .milliseconds(1)) } }
            let isOpen = Locked(false)
            let held = try await longest {
                _ = try await FlashpaperLibrary.open(Config(folder: folder, key: .file))
                isOpen.with { $0 = true }
            }
            try Child.say(isOpen.with { $0 } ? "\(Int(held / .microseconds(1)))" : "not opened")
        }

        @Test func noCallHoldsTheMainActor() async throws {
            try await Home().with { library in
                try await library.startTor()
                let burner = try await library.create(CreateOptions(server: "burner.test", recoverable: true)).burner
                let chat = try await burner.add("nobody-at-all@burner.test")
                let message = try await chat.send("first")
                let writing = Task.detached {
                    // It ends where the library sleeps, or is gone.
                    while true { try await chat.delete(try await chat.send("written meanwhile")) }
                }
                for (name, call) in try calls(library, burner, chat, message) {
                    // The first one may load something.
                    _ = try await longest(call)
                    #expect(try await tooLong { try await longest(call) } == nil, "\(name) holds its actor")
                }
                writing.cancel()
            }
        }

        private func calls(
            _ library: any Flashpaper, _ burner: any Burner, _ chat: any Chat, _ message: MessageID
        ) throws -> [(String, Call)] {
            let key = try #require(Fingerprint(String(repeating: "0", count: 40)))
            let none = BurnerID(rawValue: "none")
            let nowhere = CreateOptions(server: "127.0.0.1")
            let home = try Home()
            let other = Config(folder: home.folder, key: .file, privateNetwork: home.lab.facts)
            return [
                ("state", {
                    _ = (library.state, burner.state, chat.state)
                    for await _ in chat.states() { break }
                }),
                ("events", { _ = library.events() }),
                ("first event", { for await _ in library.events(since: 0) { break } }),
                ("burner", { _ = library.burner(burner.id) }),
                ("chat", { _ = burner.chat(with: chat.peer) }),
                ("timeline", { for await _ in chat.timeline() { break } }),
                ("create", {
                    let creation = library.create(nowhere)
                    creation.cancel()
                    _ = creation.progress()
                }),
                ("await", { _ = try await library.create(nowhere).burner }),
                ("answer a question", {
                    try await library.create(nowhere).answer(Question.ID(rawValue: 7), .giveUp)
                }),
                ("touch", { library.touch() }),
                ("networkChanged", { library.networkChanged() }),
                ("setProfile", { library.setProfile(.foreground) }),
                ("setSpread", { try library.setSpread(.within(.zero)) }),
                ("startTor", { try await library.startTor() }),
                ("checkOptions", { try await library.checkOptions(burnerTest) }),
                ("restore", { _ = try await library.restore(words: Data("two words".utf8), server: "burner.test") }),
                ("burn none", { _ = try await library.burn(none) }),
                ("pendingRemovals", { _ = try await library.pendingRemovals() }),
                ("redeem", { try await library.redeem(Data("none".utf8)) }),
                ("setAutoLock", { try await library.setAutoLock(after: nil) }),
                ("changeKey", { try await library.changeKey(.file) }),
                ("setDuress", { try await library.setDuress(nil) }),
                ("updateDirectory", { try await library.updateDirectory(Data("none".utf8)) }),
                ("setOwnServers", { try await library.setOwnServers(nil) }),
                ("diagnostics", { _ = await library.diagnostics() }),
                ("connect", { try await burner.connect() }),
                ("disconnect", { try await burner.disconnect() }),
                ("add", { try await burner.add("somebody@burner.test") }),
                ("expectKey", { try await burner.expectKey("somebody@burner.test") }),
                ("all messages", { _ = try await burner.messages() }),
                ("link", { _ = try await burner.link() }),
                ("fingerprint", { _ = try await burner.fingerprint() }),
                ("label", { try await burner.setLabel("a name") }),
                ("setHistory", { try await burner.setHistory(.untilBurn) }),
                ("setExpiry", { try await burner.setExpiry(nil) }),
                ("setIdleTimeout", { try await burner.setIdleTimeout(.seconds(60)) }),
                ("setVersion2", { try await burner.setVersion2(true) }),
                ("importFingerprints", { try await burner.importFingerprints("") }),
                ("words", { _ = (try await burner.wordsLeft(), try await burner.recoveryWords()) }),
                ("message", { _ = try await chat.message(message) }),
                ("before", { _ = try await chat.before(message) }),
                ("send", { try await chat.send("hello") }),
                ("retry", { try await chat.retry(message) }),
                ("delete", { try await chat.delete(try await chat.send("gone")) }),
                ("read", { try await chat.read(upTo: message) }),
                ("taken", { try await chat.taken(message) }),
                ("accept", { try await chat.accept() }),
                ("a peer's label", { try await chat.setLabel("somebody") }),
                ("setTimer", { try await chat.setTimer(after: .seconds(60)) }),
                ("startPrivate", { try await chat.startPrivate() }),
                ("endPrivate", { try await chat.endPrivate() }),
                ("acceptKey", { try await chat.acceptKey(key) }),
                ("setVerified", { try await chat.setVerified(true, key: key) }),
                ("compare", { try await chat.compare("secret") }),
                ("answer", { try await chat.answer("secret", to: nil) }),
                ("abortComparison", { try await chat.abortComparison() }),
                ("setBlocked", {
                    try await chat.setBlocked(true)
                    try await chat.setBlocked(false)
                }),
                ("stopTor", { try await library.stopTor() }),
                ("suspend", {
                    try await library.suspend()
                    try await library.resume()
                }),
                ("sync", {
                    _ = try await library.sync(deadline: .seconds(10))
                    try await library.resume()
                }),
                ("open", { await (try await FlashpaperLibrary.open(other)).close() }),
                ("burnAll", { _ = try await library.burnAll() }),
                ("lock", { try await library.lock() }),
                ("close", { await library.close() }),
            ]
        }

        /// The times for which calls held their actor, if more than one in `calls` was long. One may be: a call waits for a lock
        /// now and then, and a machine stands still. If there are more, four times as many calls decide, by the same rate: a
        /// coincidence does not last, a fault does.
        private func tooLong(_ calls: Int = 12, _ held: () async throws -> Duration) async throws -> [Duration]? {
            var times: [Duration] = []
            var areTooMany: Bool { times.count { $0 >= limit } > times.count / calls }
            for _ in 0..<calls { times.append(try await held()) }
            if areTooMany {
                for _ in 0..<3 * calls { times.append(try await held()) }
            }
            return areTooMany ? times.sorted() : nil
        }
    }
}

private typealias Call = @Main @Sendable () async throws -> Void

/// For how long a call holds the actor that makes it, at most.
private func longest(_ call: @escaping Call) async throws -> Duration {
    try await Task { @Main in
        do {
            try await call()
        } catch is FlashpaperError {
            // It is about the actor.
        }
    }.value
    return Main.executor.takeLongest()
}

/// In the place of the main actor: one thread at a time, that measures how long each thing holds it.
@globalActor
private actor Main {
    static let shared = Main()
    static let executor = MeasuringExecutor()

    nonisolated var unownedExecutor: UnownedSerialExecutor { Self.executor.asUnownedSerialExecutor() }
}

private final class MeasuringExecutor: SerialExecutor, @unchecked Sendable {
    private let queue = DispatchQueue(label: "main")
    /// Read and written on the queue alone.
    private var longest = Duration.zero

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { [self] in
            // The clock is read first and last: what is taken away is within the time from which it is taken.
            let (began, robbed) = (ContinuousClock.now, self.robbed())
            job.runSynchronously(on: asUnownedSerialExecutor())
            let robbedMeanwhile = self.robbed() - robbed
            longest = max(longest, ContinuousClock.now - began - robbedMeanwhile)
        }
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    /// Waits until all is measured: what it ran has gone on with its caller before it was over itself.
    func takeLongest() -> Duration {
        queue.sync {
            defer { longest = .zero }
            return longest
        }
    }

    /// For how long this thread could have run, but others had the processor: no call is to blame for that.
    private func robbed() -> Duration {
        let text = try? String(contentsOfFile: "/proc/thread-self/schedstat", encoding: .utf8)
        return .nanoseconds(Int64(text?.split(separator: " ").dropFirst().first ?? "") ?? 0)
    }
}
