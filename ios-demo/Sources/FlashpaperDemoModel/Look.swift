import FlashpaperKit
import Foundation

// What all screens are made of. Each value says how something is to look; a view has a picture or a colour for each, and decides
// nothing.

/// A small picture beside a word, never in its place.
public enum Mark: String, Equatable, Sendable, CaseIterable {
    /// An open lock.
    case open
    /// A clock: something waits.
    case waiting
    /// A closed lock.
    case lock
    /// A closed lock with a person: only the other side has verified.
    case lockHalf
    /// A shield with a tick.
    case shield
    /// A key with an exclamation mark.
    case keyChanged
    /// A closed lock that is struck through.
    case ended
    /// A circle that is struck through.
    case blocked
    /// A person with a question mark.
    case stranger
    /// A hand that stops: a server holds messages back.
    case held
    /// A flame.
    case fire
    /// A tick.
    case tick
    /// A tick in a circle: a server has it.
    case atServer
    /// Two ticks.
    case ticks
    /// An exclamation mark in a circle.
    case failed
    /// A cloud that is struck through: not connected.
    case offline
    /// Two arrows in a circle: it is connecting.
    case connecting
    /// A dot in a circle: connected.
    case online
    /// An onion: Tor.
    case tor
    /// A letter i in a circle.
    case info
    /// A triangle with an exclamation mark.
    case warning
    /// A clock with a wrong hand.
    case clock
    /// A server.
    case server
    /// An hour glass.
    case expiry
}

/// How serious something is. A view has one colour for each, in light and in dark.
public enum Tone: String, Equatable, Sendable, CaseIterable {
    /// Grey: nothing to know.
    case quiet
    /// Blue: goes on, or is good in part.
    case calm
    /// Green: as it should be.
    case good
    /// Amber: look at it.
    case caution
    /// Red: dangerous, or failed.
    case danger
}

/// Word, icon and colour together: none of the three stands alone.
public struct Sign: Equatable, Sendable {
    public let mark: Mark
    public let text: Phrase
    public let tone: Tone
}

/// Something that does not work, and what to do about it.
public struct Problem: Equatable, Sendable {
    public let sign: Sign
    public let advice: Phrase
    /// To try again may help.
    public let canRetry: Bool
}

/// What is told once, until it is dismissed or replaced.
public struct Note: Equatable, Sendable {
    public let text: Phrase
    public let tone: Tone
}

/// A button: `act` is handed back when it is touched.
public struct ActButton<A: Equatable & Sendable>: Equatable, Sendable {
    public let act: A
    public let text: Phrase
    public private(set) var tone: Tone = .calm
}

/// One of several things to choose from.
public struct Option<A: Equatable & Sendable>: Equatable, Sendable {
    public let value: A
    public let text: Phrase
    public let chosen: Bool
}

/// Asks once more before something that cannot be taken back.
public struct Confirmation: Equatable, Sendable {
    public let title: Phrase
    public let text: Phrase
    public let yes: Phrase
    public let no: Phrase
    public let tone: Tone
}

/// A field that a person writes in. Printing one does not show it.
public struct Field: Equatable, Sendable {
    public let text: Verbatim
    public let fault: Phrase?
    public let enabled: Bool

    public init(text: Verbatim = Verbatim(""), fault: Phrase? = nil, enabled: Bool = true) {
        self.text = text
        self.fault = fault
        self.enabled = enabled
    }
}

/// Who speaks. It is on each screen that belongs to a burner.
public struct BurnerBadge: Equatable, Sendable {
    public let burner: BurnerID
    /// The user's name for it, or else its address.
    public let label: Verbatim
    public let color: BurnerColor
    /// The picture is drawn from its bits.
    public let seed: UInt64
}

/// A burner's colour. Each has a light and a dark shade; none is a colour of a `Tone`.
public enum BurnerColor: String, Equatable, Sendable, CaseIterable {
    case teal, indigo, violet, pink, brown, olive, slate, plum
}
