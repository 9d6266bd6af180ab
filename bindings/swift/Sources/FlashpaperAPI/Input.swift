/// Which input is invalid.
public enum Input: Equatable, Sendable {
    /// Not the name of a public server.
    case server
    /// An onion route to a server without a known onion address.
    case onion
    /// Not the file of a private network.
    case network
    /// An empty passphrase.
    case passphrase
    /// A passphrase that is the duress passphrase, too, or the other way round: another one will do.
    case samePassphrase
    /// A duress passphrase, where no passphrase opens the folder: that has to be set first.
    case noPassphrase
    /// Not an address (a bare JID).
    case address
    /// A text that cannot be sent, or a secret that is blank.
    case text(TextFault)
    /// Not a fingerprint, or not a file of them.
    case fingerprints
    /// An update of the server directory that is not taken.
    case directory(DirectoryFault)
    /// Not a bridge line; the first line is 1. Where there is none at all, the first lacks its address.
    case bridge(line: Int, part: BridgePart)
    /// A transport with a malformed name, or with an address that is not this device's own.
    case transport
    /// A DNS server's address that is not of the public network.
    case resolver
    /// Not a link of an invitation to a server, or one to another server.
    case invitation
    /// Recovery words that are none.
    case words(WordsError)
    /// Recovery words, with an invitation that reserves a name: they would lead to another account.
    case reservedName
    /// A time of expiry that is past.
    case expiry
    /// A time of no length, after which the library is to lock itself.
    case autoLock
    /// Not a ticket of a panic, or a damaged one, or one of a later version.
    case ticket
    /// A timer of a conversation of less than a second, or of more than 366 days.
    case timer
    /// A negative duration. Only this face of the library has this case: nothing was called.
    case timeSpan
    /// Answers that do not fit a question.
    case answer(AnswerFault)
}

/// Why a text cannot be sent.
public enum TextFault: Equatable, Sendable {
    /// There is nothing in it; in a secret: nothing that a user could see.
    case empty
    /// It is too long, in bytes of UTF-8.
    case tooLong(bytes: UInt64, limit: UInt64)
    /// It has a character that XML cannot carry (XML 1.0 section 2.2): its number in Unicode, and where it stands in
    /// characters; the first is 1.
    case character(code: UInt32, at: UInt64)
}

/// What of a bridge line is wrong or missing.
public enum BridgePart: Equatable, Sendable {
    /// Where the bridge is.
    case address
    /// By which keys the bridge is known: it needs that of its RSA key, and no key twice.
    case fingerprint
    /// The name of the transport: malformed, or no transport of that name runs.
    case transport
    /// An argument of the transport, as `key=value`.
    case argument
}

/// Why answers do not fit a question. The places of fields begin with 0.
public enum AnswerFault: Equatable, Sendable {
    /// A field that is required has no answer.
    case missing(field: Int)
    /// An answer is of another kind than its field, too long, or of something that is not there.
    case unfit(field: Int)
    /// Fewer of the challenges are answered than have to be.
    case tooFew
}

/// Why an update of the server directory is not taken. Nothing has changed.
public enum DirectoryFault: Equatable, Sendable {
    /// It is larger than 256 KiB, or has more than 1000 servers.
    case tooLarge
    /// It is none, or not signed by those who make this library, or was changed since.
    case signature
    /// It is older than the last one that was taken.
    case tooOld
    /// A line is wrong; the first is 1.
    case malformed(line: UInt64, RowFault)
}

/// What is wrong with a line of the server directory.
public enum RowFault: Equatable, Sendable {
    /// The columns' names are other ones.
    case header
    /// It is no row of as many columns as have names.
    case columns
    /// Not the domain of a public server.
    case domain
    /// Not an onion address of version 3.
    case onion
    /// Not two ports.
    case ports
    /// None of the kinds of registration.
    case registration
    /// None of the words for a server's stance on Tor.
    case tor
    /// A note or source is too long, or has characters that steer, or there is no source.
    case text
    /// Not a day, or one after that of the update.
    case seen
    /// Another line has the same domain.
    case twice
}

/// What is wrong with typed recovery words.
public enum WordsError: Equatable, Sendable {
    /// Not twelve, but so many.
    case count(Int)
    /// A word is not in the list: which, counted from 1, and the word of the list that is most like it.
    case unknown(at: Int, nearest: MeantWord)
    /// All are in the list, but not together: one is mistyped, or two are swapped.
    case checksum
}

/// A word of the list of recovery words, nearly always one of the user's own. Printing it does not show it.
public struct MeantWord: Equatable, Sendable, Discreet {
    /// The word, to show to the user who types.
    public let word: String

    public init(word: String) {
        self.word = word
    }
}
