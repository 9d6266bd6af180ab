import FlashpaperKit

/// Does one thing after the other, in the order of the touches.
@MainActor
final class Order {
    private var last: Task<Void, Never>?

    func add(_ body: @escaping @MainActor () async -> Void) -> Task<Void, Never> {
        let task = Task { [before = last] in
            await before?.value
            await body()
        }
        last = task
        return task
    }
}

/// A screen that listens to events.
@MainActor
protocol EventReader {
    func seen(_ event: Event)
}
