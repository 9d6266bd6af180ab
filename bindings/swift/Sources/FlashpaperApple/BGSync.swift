#if canImport(BackgroundTasks) && os(iOS)
import BackgroundTasks
import FlashpaperAPI
import Foundation

/// Has iOS wake the app now and then to fetch messages. **When, and whether at all, iOS decides**: often some hours apart, and
/// never once the user has closed the app. A task has about 30 seconds.
///
/// **It was parsed, and never compiled or run: there was no Mac.**
///
/// A library that is awake with Tor on is left alone, and nothing is reported: somebody looks at it, and a sync would end its
/// connections.
///
/// The identifier has to be among `BGTaskSchedulerPermittedIdentifiers` in Info.plist, and `fetch` among `UIBackgroundModes`.
public struct BGSync: Sendable {
    private let identifier: String
    private let entry: Entry
    private let library: @Sendable () async throws -> any Flashpaper
    private let onReport: @Sendable (Result<SyncReport, any Error>) async -> Void

    /// - Parameters:
    ///   - identifier: as in Info.plist.
    ///   - entry: how Tor is entered. Where the user has chosen bridges, the app hands them in: no process finds those of an
    ///     earlier one.
    ///   - library: opens the folder. Its key has to be one that needs no user.
    ///   - onReport: is told how it ended: the place to show a notification.
    public init(
        identifier: String, entry: Entry = .direct, library: @escaping @Sendable () async throws -> any Flashpaper,
        onReport: @escaping @Sendable (Result<SyncReport, any Error>) async -> Void = { _ in }
    ) {
        self.identifier = identifier
        self.entry = entry
        self.library = library
        self.onReport = onReport
    }

    /// To be called before the app has finished launching.
    @discardableResult
    public func register() -> Bool {
        BGTaskScheduler.shared.register(forTaskWithIdentifier: identifier, using: nil) { task in
            nonisolated(unsafe) let task = task
            let work = Task {
                try? schedule()
                let result = await sync()
                if let result { await onReport(result) }
                task.setTaskCompleted(success: result.map { (try? $0.get()) != nil } ?? true)
            }
            // A cancelled sync throws once the library is suspended: only then the task is completed.
            task.expirationHandler = { work.cancel() }
        }
    }

    /// Nil where the library is in use.
    private func sync() async -> Result<SyncReport, any Error>? {
        do {
            let library = try await library()
            let state = library.state
            if state.life == .awake, state.tor != .off { return nil }
            return .success(try await library.sync(deadline: .seconds(20), entry: entry))
        } catch {
            return .failure(error)
        }
    }

    /// Asks for a turn, not before this time: when the app leaves the screen, say.
    public func schedule(after time: Duration = .seconds(15 * 60)) throws {
        let request = BGAppRefreshTaskRequest(identifier: identifier)
        request.earliestBeginDate = Date(timeIntervalSinceNow: max(time, .zero) / .seconds(1))
        try BGTaskScheduler.shared.submit(request)
    }
}
#endif
