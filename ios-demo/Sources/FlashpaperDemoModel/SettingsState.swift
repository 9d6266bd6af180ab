import FlashpaperKit
import Foundation

/// Which texts a burner keeps once they are read or delivered.
public enum HistoryChoice: String, Equatable, Sendable, CaseIterable {
    case none, oneDay, oneWeek, untilBurn
}

/// When a burner is burnt by itself.
public enum ExpiryChoice: String, Equatable, Sendable, CaseIterable {
    case never, oneHour, oneDay, oneWeek, oneMonth
}

/// After how much rest the store locks itself.
public enum AutoLock: String, Equatable, Sendable, CaseIterable, Codable {
    case oneMinute, fiveMinutes, oneHour, never
}

/// The app's settings.
public struct SettingsState: Equatable, Sendable {
    /// A burner's own, where the screen belongs to one.
    public let burner: BurnerSettings?
    public let entrances: [Option<Entrance>]
    public let bridges: Field?
    public let autoLock: [Option<AutoLock>]
    public let passphrase: PassphraseState
    public let licences: [Licence]
    public let confirmation: Confirmation?
    public let note: Note?
}

public struct BurnerSettings: Equatable, Sendable {
    public let badge: BurnerBadge
    public let label: Field
    public let history: [Option<HistoryChoice>]
    public let expiry: [Option<ExpiryChoice>]
    /// When it is burnt by itself.
    public let expiresAt: Phrase
    public let enabled: Bool
}

/// The passphrase in addition to the device's key, and the duress passphrase, which does a panic.
public struct PassphraseState: Equatable, Sendable {
    public let sign: Sign
    public let passphrase: Field
    /// The same once more: a slip of a finger would lock the user out.
    public let again: Field
    public let canSet: Bool
    public let canRemove: Bool
    public let duress: Field
    public let duressAgain: Field
    /// What it does, or why there can be none.
    public let duressExplanation: Phrase
    public let canSetDuress: Bool
    public let canRemoveDuress: Bool
    public let isBusy: Bool
}

/// A part of the app that others have made.
public struct Licence: Equatable, Sendable {
    public let name: Verbatim
    public let licence: Verbatim
}
