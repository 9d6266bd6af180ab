//! Input of a caller's that cannot be used.

use flashpaper_tor::BridgePart;

use super::directory::DirectoryFault;
use crate::identity::WordsError;

/// Which input is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Input {
    /// Not the name of a public server.
    #[error("server name")]
    Server,
    /// An onion route to a server without a known onion address.
    #[error("no onion address of that server is known")]
    Onion,
    /// Not the file of a private network.
    #[error("network file")]
    Network,
    /// An empty passphrase.
    #[error("passphrase")]
    Passphrase,
    /// A passphrase that is the duress passphrase, too, or the other way round: another one will do.
    #[error("the passphrase and the duress passphrase are the same")]
    SamePassphrase,
    /// A duress passphrase, where no passphrase opens the folder: that has to be set first.
    #[error("the folder has no passphrase")]
    NoPassphrase,
    /// Not an address (a bare JID).
    #[error("address")]
    Address,
    /// A text that cannot be sent, or a secret that is blank.
    #[error("text")]
    Text {
        /// Why not.
        fault: TextFault,
    },
    /// Not a file of fingerprints.
    #[error("fingerprints")]
    Fingerprints,
    /// Not a bridge line. Where there is none at all, the first lacks its address.
    #[error("bridge line {line}: {part}")]
    Bridge {
        /// Which line; the first is 1.
        line: u32,
        /// What of it is wrong or missing.
        part: BridgePart,
    },
    /// A transport with a malformed name, or with an address that is not this device's own.
    #[error("transport")]
    Transport,
    /// A DNS server's address that is not of the public network.
    #[error("DNS server")]
    Resolver,
    /// Not a link of an invitation to a server, or one to another server.
    #[error("invitation")]
    Invitation,
    /// Recovery words that are none.
    #[error("recovery words: {fault}")]
    Words {
        /// Why not.
        fault: WordsError,
    },
    /// Recovery words, with an invitation that reserves a name: they would lead to another account.
    #[error("recovery words do not go with a reserved name")]
    ReservedName,
    /// A time of expiry that is past.
    #[error("time of expiry")]
    Expiry,
    /// A time of no length, after which an engine is to lock itself.
    #[error("time of the auto-lock")]
    AutoLock,
    /// Not a ticket of a panic, or a damaged one, or one of a later version.
    #[error("ticket")]
    Ticket,
    /// A timer of a conversation of less than a second, or of more than 366 days.
    #[error("timer")]
    Timer,
    /// An update of the server directory that is not taken.
    #[error("server directory: {fault}")]
    Directory {
        /// Why not.
        fault: DirectoryFault,
    },
    /// Answers that do not fit a question.
    #[error("answer")]
    Answer {
        /// Why not.
        fault: AnswerFault,
    },
}

/// Why answers do not fit a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerFault {
    /// A field that is required has no answer.
    Missing {
        /// The place of the field; the first is 0.
        field: u32,
    },
    /// An answer is of another kind than its field, too long, or of something that is not there.
    Unfit {
        /// The place of the field; the first is 0.
        field: u32,
    },
    /// Fewer of the challenges are answered than have to be.
    TooFew,
}

/// Why a text cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextFault {
    /// There is nothing in it; in a secret: nothing that a user could see.
    Empty,
    /// It is too long.
    TooLong {
        /// How many bytes of UTF-8 it has.
        bytes: u64,
        /// How many it may have.
        limit: u64,
    },
    /// It has a character that XML cannot carry (XML 1.0 section 2.2).
    Character {
        /// The first of them: its number in Unicode.
        code: u32,
        /// Where it stands, in characters; the first is 1.
        at: u64,
    },
}
