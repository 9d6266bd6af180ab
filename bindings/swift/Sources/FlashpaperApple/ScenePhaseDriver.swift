#if canImport(UIKit) && canImport(SwiftUI)
import FlashpaperAPI
import SwiftUI
import UIKit

/// Suspends the library when the app leaves the screen, and resumes it when it comes back. iOS lets an app that is not on the
/// screen run for some seconds: messages come in while it is open, and when ``BGSync`` has its turn.
///
/// **It was parsed, and never compiled or run: there was no Mac.**
///
/// `scenePhase` is to be read in the `App`, where it is that of all windows together; in a view it is that of one window.
///
/// ```swift
/// WindowGroup { ... }
///     .onChange(of: scenePhase) { _, phase in driver.follow(phase) }
/// ```
@MainActor
public final class ScenePhaseDriver {
    private let library: any Flashpaper
    private let deadline: Duration
    private let onError: @MainActor (any Error) -> Void
    private var working: Task<Void, Never>?

    /// - Parameters:
    ///   - deadline: of suspending. iOS gives about 30 seconds at most, and often less.
    ///   - onError: is told why it could not be resumed or suspended.
    public init(
        _ library: any Flashpaper, deadline: Duration = .seconds(3),
        onError: @escaping @MainActor (any Error) -> Void = { _ in }
    ) {
        self.library = library
        self.deadline = deadline
        self.onError = onError
    }

    /// Does what a scene's phase asks for, one after the other.
    public func follow(_ phase: ScenePhase) {
        switch phase {
        case .active:
            library.touch()
            library.setProfile(.foreground)
            work { [library] in try await library.resume() }
        // A banner or the app switcher is in front: it may be back at once.
        case .inactive: library.setProfile(.background)
        case .background: suspend()
        @unknown default: break
        }
    }

    private func suspend() {
        let time = MoreTime()
        work { [library, deadline] in
            defer { time.end() }
            try await library.suspend(deadline: deadline)
        }
    }

    private func work(_ body: @escaping @MainActor () async throws -> Void) {
        working = Task { [before = working, onError] in
            await before?.value
            do { try await body() } catch { onError(error) }
        }
    }
}
#endif
