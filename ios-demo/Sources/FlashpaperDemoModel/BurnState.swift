import FlashpaperKit
import Foundation

/// Burns a burner, by a button that has to be held.
public struct BurnState: Equatable, Sendable {
    public let badge: BurnerBadge
    public let address: Verbatim
    /// What will happen: with Tor, or without.
    public let explanation: Phrase
    /// 0 to 1: how long the button was held, of the time that is needed.
    public let held: Double
    public let canHold: Bool
    public let button: Phrase
    /// For people who cannot hold: the name of a screen reader's action, which asks once more.
    public let action: Phrase
    public let isBurning: Bool
    /// The steps that are done.
    public let steps: [Sign]
    public let problem: Problem?
}

/// How a burn went.
public struct BurnReportState: Equatable, Sendable {
    /// The burner that was.
    public let badge: BurnerBadge
    public let sign: Sign
    /// What it means.
    public let explanation: Phrase
    /// What stood in the way.
    public let reason: Phrase?
    public let canRetry: Bool
    public let isBusy: Bool
}

/// Ends everything on this device. The second touch is a slide.
public struct PanicState: Equatable, Sendable {
    /// 0 to 1: how far the slider is.
    public let slid: Double
    public let canSlide: Bool
    /// What it does.
    public let explanation: Phrase
    /// For people who cannot slide: the name of a screen reader's action, which asks once more.
    public let action: Phrase
    /// It is done: nothing is left here.
    public let done: Sign?
    /// It is done, but for this.
    public let problem: Problem?
    /// Leaves the screen, whatever is left.
    public let canClose: Bool
}

/// The store is locked.
public struct UnlockState: Equatable, Sendable {
    /// Why: it has locked itself, or has a passphrase.
    public let explanation: Phrase
    /// Nil: no passphrase is needed, the device's key store is asked.
    public let passphrase: Field?
    public let canUnlock: Bool
    public let isBusy: Bool
    public let problem: Problem?
}
