import Foundation

/// A value of the present, and streams of it that begin with it. A slow reader sees the newest.
package final class Present<Value: Sendable>: Sendable {
    private struct Inner {
        var value: Value
        var revision: UInt64
        var readers: [UUID: AsyncStream<Value>.Continuation] = [:]
        var followers: [Follower] = []
        var isOver = false

        mutating func change(_ body: (inout Value) -> Void) {
            guard !isOver else { return }
            body(&value)
            for follower in followers { follower.tell(value) }
            for reader in readers.values { reader.yield(value) }
        }
    }

    private struct Follower {
        weak var owner: AnyObject?
        let tell: @Sendable (Value) -> Void
    }

    private let inner: Locked<Inner>

    package init(_ value: Value, revision: UInt64 = 0) {
        inner = Locked(Inner(value: value, revision: revision))
    }

    package var value: Value { inner.with { $0.value } }

    /// Takes a new value. After ``finish()`` there is none.
    package func set(_ value: Value) {
        change { $0 = value }
    }

    /// Changes the value, and tells all readers in the order of the changes.
    package func change(_ body: (inout Value) -> Void) {
        inner.with { $0.change(body) }
    }

    /// Takes a new value, unless that of a later revision was taken: it comes late then.
    package func set(_ value: Value, revision: UInt64) where Value: Equatable {
        inner.with { inner in
            guard revision >= inner.revision else { return }
            inner.revision = revision
            if value != inner.value { inner.change { $0 = value } }
        }
    }

    /// Ends all streams, behind the last value, which this may change.
    package func finish(_ body: ((inout Value) -> Void)? = nil) {
        let readers = inner.with { inner in
            if let body { inner.change(body) }
            inner.isOver = true
            inner.followers = []
            defer { inner.readers = [:] }
            return inner.readers
        }
        for reader in readers.values { reader.finish() }
    }

    /// Tells the present and each new value, before any reader sees it, for as long as `owner` is there.
    package func follow(for owner: AnyObject, _ tell: @escaping @Sendable (Value) -> Void) {
        inner.with { inner in
            tell(inner.value)
            inner.followers.removeAll { $0.owner == nil }
            if !inner.isOver { inner.followers.append(Follower(owner: owner, tell: tell)) }
        }
    }

    /// - Parameter owner: who changes the value: they stay for as long as there is the stream.
    package func stream(keeping owner: (any Sendable)? = nil) -> AsyncStream<Value> {
        let (stream, reader) = AsyncStream.makeStream(of: Value.self, bufferingPolicy: .bufferingNewest(1))
        let id = UUID()
        let isOver = inner.with { inner in
            reader.yield(inner.value)
            if !inner.isOver { inner.readers[id] = reader }
            return inner.isOver
        }
        if isOver {
            reader.finish()
        } else {
            reader.onTermination = { [weak self] _ in
                withExtendedLifetime(owner) { self?.inner.with { $0.readers[id] = nil } }
            }
        }
        return stream
    }

    /// The present of a part, then each other one. `.some(nil)`: nothing is known now. `nil`: the part is gone, and the stream
    /// ends.
    package func stream<Part: Equatable & Sendable>(
        beginning first: Part, keeping owner: (any Sendable)? = nil, _ part: @escaping @Sendable (Value) -> Part??
    ) -> AsyncStream<Part> {
        let (stream, reader) = AsyncStream.makeStream(of: Part.self, bufferingPolicy: .bufferingNewest(1))
        reader.yield(first)
        let all = self.stream(keeping: owner)
        let reading = Task {
            var last = first
            for await value in all {
                guard let known = part(value) else { break }
                guard let next = known, next != last else { continue }
                last = next
                reader.yield(next)
            }
            reader.finish()
        }
        reader.onTermination = { _ in reading.cancel() }
        return stream
    }
}

/// A part of the library's state, that keeps its last value when the whole has it no more.
package final class Watched<Part: Equatable & Sendable>: Sendable {
    private let whole: Present<FlashpaperState>
    private let owner: (any Sendable)?
    private let last: Locked<Part>
    private let find: @Sendable (FlashpaperState) -> Part??

    /// - Parameters:
    ///   - owner: as in ``Present/stream(keeping:)``.
    ///   - find: `.some(nil)` where nothing is known now, nil where the part is gone.
    package init(
        _ first: Part, in whole: Present<FlashpaperState>, keeping owner: (any Sendable)?,
        _ find: @escaping @Sendable (FlashpaperState) -> Part??
    ) {
        (self.whole, self.owner, self.find) = (whole, owner, find)
        let last = Locked(first)
        self.last = last
        whole.follow(for: last) { [weak last] in
            if case .some(.some(let now)) = find($0) { last?.with { $0 = now } }
        }
    }

    package var value: Part { last.with { $0 } }

    package func stream() -> AsyncStream<Part> { whole.stream(beginning: value, keeping: owner, find) }
}

extension Watched<BurnerState> {
    package convenience init(
        _ first: BurnerState, in whole: Present<FlashpaperState>, keeping owner: (any Sendable)? = nil
    ) {
        self.init(first, in: whole, keeping: owner) { [id = first.id] in $0.find(id) }
    }
}

extension Watched<ChatState> {
    package convenience init(
        _ first: ChatState, of burner: BurnerID, in whole: Present<FlashpaperState>, keeping owner: (any Sendable)? = nil
    ) {
        self.init(first, in: whole, keeping: owner) { [peer = first.peer] in
            $0.find(burner).map { $0?.chat(with: peer) }
        }
    }
}

extension FlashpaperState {
    fileprivate func find(_ id: BurnerID) -> BurnerState?? {
        switch life {
        case .locked: .some(nil)
        case .closed: .none
        case .awake, .suspended: burners.first { $0.id == id }.map { .some($0) }
        }
    }
}

extension Present<CreationProgress> {
    /// Waits for the end of a creation. Where the waiting task is cancelled, `cancel` is called.
    package func end(orCancel cancel: () -> Void) async throws -> BurnerID {
        for await progress in stream() {
            switch progress {
            case .starting, .working, .asks: continue
            case .failed(let error): throw error
            case .done(let id): return id
            }
        }
        cancel()
        throw CancellationError()
    }
}

/// A value that one thread at a time sees.
package final class Locked<Value>: @unchecked Sendable {
    private let lock = NSLock()
    private var value: Value

    package init(_ value: Value) {
        self.value = value
    }

    package func with<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        lock.lock()
        defer { lock.unlock() }
        return try body(&value)
    }
}
