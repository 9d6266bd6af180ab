import FlashpaperKit
import Foundation

/// What the models need of the device.
public struct Platform: Sendable {
    /// Opens the library's folder with the device's key, and with a passphrase in addition where there is one.
    let open: @Sendable (_ passphrase: Data?) async throws -> any Flashpaper
    /// The key to be used from now on, with a passphrase or without.
    let key: @Sendable (_ passphrase: Data?) -> Key
    /// Ends everything: keys and files. Needs nothing open.
    let panic: @Sendable () -> PanicReport
    let choices: any ChoiceStore
    /// Empties the clipboard of what this app has put there.
    let forgetCopied: @MainActor @Sendable () -> Void
    /// Hands a link to another app, outside of Tor.
    let openLink: @MainActor @Sendable (String) -> Void
    let sleep: @Sendable (Duration) async throws -> Void
    let now: @Sendable () -> Date

    public init(
        open: @escaping @Sendable (_ passphrase: Data?) async throws -> any Flashpaper,
        key: @escaping @Sendable (_ passphrase: Data?) -> Key, panic: @escaping @Sendable () -> PanicReport,
        choices: any ChoiceStore, forgetCopied: @escaping @MainActor @Sendable () -> Void,
        openLink: @escaping @MainActor @Sendable (String) -> Void,
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) },
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.open = open
        self.key = key
        self.panic = panic
        self.choices = choices
        self.forgetCopied = forgetCopied
        self.openLink = openLink
        self.sleep = sleep
        self.now = now
    }
}

/// What the user has chosen for the whole app. The library keeps none of it. Printing it shows no bridge.
public struct Choices: Equatable, Sendable, Codable, Discreet {
    public internal(set) var entrance = Entrance.direct
    public internal(set) var bridges = ""
    public internal(set) var autoLock = AutoLock.fiveMinutes

    public init() {}

    /// How Tor is entered.
    var entry: Entry {
        switch entrance {
        case .direct: .direct
        case .bridges: .bridges(bridges.split(whereSeparator: \.isNewline).map(String.init))
        }
    }
}

/// Where the choices are kept, also over the end of the process.
public protocol ChoiceStore: Sendable {
    func load() -> Choices
    func save(_ choices: Choices)
    /// Leaves nothing of them.
    func clear()
}

extension AutoLock {
    var duration: Duration? {
        switch self {
        case .oneMinute: .seconds(60)
        case .fiveMinutes: .seconds(5 * 60)
        case .oneHour: .seconds(3600)
        case .never: nil
        }
    }
}
