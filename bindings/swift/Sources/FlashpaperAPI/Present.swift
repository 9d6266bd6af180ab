import Foundation

/// A value of the present, and streams of it that begin with it. A slow reader sees the newest.
package final class Present<Value: Sendable>: Sendable {
    private struct Inner {
        var value: Value
        var readers: [UUID: AsyncStream<Value>.Continuation] = [:]
        var isOver = false
    }

    private let inner: Locked<Inner>

    package init(_ value: Value) {
        inner = Locked(Inner(value: value))
    }

    package var value: Value { inner.with { $0.value } }

    /// Takes a new value. After ``finish()`` there is none.
    package func set(_ value: Value) {
        change { $0 = value }
    }

    /// Changes the value, and tells all readers in the order of the changes.
    package func change(_ body: (inout Value) -> Void) {
        inner.with { inner in
            guard !inner.isOver else { return }
            body(&inner.value)
            for reader in inner.readers.values { reader.yield(inner.value) }
        }
    }

    /// Ends all streams, behind the last value.
    package func finish() {
        let readers = inner.with { inner in
            inner.isOver = true
            defer { inner.readers = [:] }
            return inner.readers
        }
        for reader in readers.values { reader.finish() }
    }

    package func stream() -> AsyncStream<Value> {
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
            reader.onTermination = { [weak self] _ in self?.inner.with { $0.readers[id] = nil } }
        }
        return stream
    }

    /// The present of a part, then each other one. `.some(nil)`: nothing is known now. `nil`: the part is gone, and the stream
    /// ends.
    package func stream<Part: Equatable & Sendable>(
        beginning first: Part, _ part: @escaping @Sendable (Value) -> Part??
    ) -> AsyncStream<Part> {
        let (stream, reader) = AsyncStream.makeStream(of: Part.self, bufferingPolicy: .bufferingNewest(1))
        reader.yield(first)
        let all = self.stream()
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
    private let last: Present<Part>
    private let find: @Sendable (FlashpaperState) -> Part??

    /// `find`: `.some(nil)` where nothing is known now, nil where the part is gone.
    package init(
        _ first: Part, in whole: Present<FlashpaperState>, _ find: @escaping @Sendable (FlashpaperState) -> Part??
    ) {
        self.whole = whole
        self.find = find
        last = Present(first)
    }

    package var value: Part {
        if case .some(.some(let now)) = find(whole.value) { last.set(now) }
        return last.value
    }

    package func stream() -> AsyncStream<Part> { whole.stream(beginning: value, find) }
}

extension Watched<BurnerState> {
    package convenience init(_ first: BurnerState, in whole: Present<FlashpaperState>) {
        self.init(first, in: whole) { [id = first.id] in $0.find(id) }
    }
}

extension Watched<ChatState> {
    package convenience init(_ first: ChatState, of burner: BurnerID, in whole: Present<FlashpaperState>) {
        self.init(first, in: whole) { [peer = first.peer] in $0.find(burner).map { $0?.chat(with: peer) } }
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
