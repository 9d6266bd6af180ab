import FlashpaperCore
import Foundation

extension FlashpaperError {
    /// A stable name for programs, in `snake_case`.
    public var code: String { errorCode(error: self) }

    /// The one thing to suggest to the user.
    public var action: Action { errorAction(error: self) }

    /// Whether the same call may succeed later without any change.
    public var isRetryable: Bool { errorRetryable(error: self) }
}

/// The code: a text for people is the app's to write, and no log gets to see a server's web page.
extension FlashpaperError: LocalizedError, CustomStringConvertible {
    public var errorDescription: String? { code }
    public var description: String { code }
}
