import FlashpaperKit
import Foundation

/// The contacts of one burner.
public struct ContactsState: Equatable, Sendable {
    public let badge: BurnerBadge
    public let address: Verbatim
    public let connection: Sign
    /// Why it is not connected, and what to do.
    public let problem: Problem?
    public let expiry: Sign?
    /// Strangers who wait for an answer.
    public let requests: [ContactRow]
    public let contacts: [ContactRow]
    /// In the place of rows where there are none.
    public let empty: Phrase?
    public let add: Field
    public let canAdd: Bool
    /// What a contact scans or opens; nil until it is there.
    public let own: OwnCode?
    /// There are recovery words to be written down.
    public let hasWords: Bool
    public let canBurn: Bool
    public let confirmation: Confirmation?
    public let note: Note?
}

public struct ContactRow: Equatable, Sendable {
    public let peer: JID
    public let name: Verbatim
    public let sign: Sign
    public let presence: Phrase?
    /// Texts that came and were not read; 0: there is no mark.
    public let unread: Int
    /// What is to be known of them, in one sentence.
    public let news: Phrase?
}

/// The burner's address and key: as a picture to scan, and as a link.
public struct OwnCode: Equatable, Sendable {
    public let link: Verbatim
    public let fingerprint: [Verbatim]
}
