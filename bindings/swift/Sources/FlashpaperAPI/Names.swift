import Foundation

/// A burner's name within this installation. It says nothing about the account.
public struct BurnerID: Hashable, Sendable, Codable, CustomStringConvertible {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    public var description: String { "BurnerID(\(rawValue))" }
}

/// The address of an account or a server, as XMPP writes it. Printing one does not show it.
public struct JID: Hashable, Sendable, Codable, Discreet {
    public let rawValue: String

    /// Takes any text. A call that gets something else than an address throws ``Input/address``.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }
}

/// A message's name within its burner. It rises in the order in which messages came or were written.
public struct MessageID: Hashable, Comparable, Sendable, Codable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Whether one came or was written before the other.
    public static func < (one: MessageID, other: MessageID) -> Bool { one.rawValue < other.rawValue }
}

/// The fingerprint of an OTR key. Printing one does not show it.
public struct Fingerprint: Hashable, Sendable, Discreet {
    /// 40 hexadecimal digits in capitals, in five groups of eight, as people compare them.
    public let digits: String

    /// Reads 40 hexadecimal digits, of either case, with blanks anywhere; nil if `text` is something else.
    public init?(_ text: String) {
        let digits = text.filter { !$0.isWhitespace }.uppercased()
        guard digits.utf8.count == 40, digits.utf8.allSatisfy({ (48...57).contains($0) || (65...70).contains($0) }) else {
            return nil
        }
        let groups = stride(from: 0, to: 40, by: 8).map { digits.dropFirst($0).prefix(8) }
        self.digits = groups.joined(separator: " ")
    }
}
