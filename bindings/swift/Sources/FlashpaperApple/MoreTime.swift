#if canImport(UIKit)
import UIKit

/// Some seconds more before iOS freezes an app that leaves the screen: from ``init()`` to ``end()``, or to the end of what iOS
/// gives.
///
/// **It was parsed, and never compiled or run: there was no Mac.**
@MainActor
public final class MoreTime {
    private var held = UIBackgroundTaskIdentifier.invalid

    /// Asks for it.
    public init() {
        // iOS ends an app that keeps it for longer than it may.
        held = UIApplication.shared.beginBackgroundTask(withName: "org.flashpaper.suspend") { [self] in end() }
    }

    /// Gives back what is left of it. Called again, it does nothing.
    public func end() {
        guard held != .invalid else { return }
        UIApplication.shared.endBackgroundTask(held)
        held = .invalid
    }
}
#endif
