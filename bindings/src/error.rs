//! Errors, and what an app does with one.

use std::fmt;
use std::time::Duration;

use flashpaper::{
    Action, AnswerFault, BridgePart, ClockError, DirectoryFault, Error as FlashpaperError, FormFault, Input, ListWord,
    RowFault, TextFault, WebPage, WordsError,
};

/// A stable name for programs, in `snake_case`.
#[uniffi::export]
pub fn error_code(error: FlashpaperError) -> String {
    error.code().to_owned()
}

/// What to suggest to the user.
#[uniffi::export]
pub fn error_action(error: FlashpaperError) -> Action {
    error.action()
}

/// Whether the same call may succeed later without any change.
#[uniffi::export]
pub fn error_retryable(error: FlashpaperError) -> bool {
    error.retryable()
}

/// What went wrong. The text is for developers; an app picks its own words by `errorCode`.
#[uniffi::remote(Error)]
pub enum FlashpaperError {
    /// The device has no network.
    Offline,
    /// Tor cannot be reached, though there may be a network: filtered, or all relays down.
    TorBlocked,
    /// The clock is wrong, by at least this much where it is known; Tor cannot work until it is set.
    ClockWrong {
        /// Which way and how far.
        by: Option<ClockError>,
    },
    /// The Tor network demands a newer version of this library.
    Obsolete,
    /// Tor does not run: it was not started yet, or was stopped. `Engine.startTor` starts it.
    TorNotStarted,
    /// The server's host does not exist, refuses connections or closes them.
    ServerUnreachable,
    /// The server's onion service does not answer.
    OnionUnreachable,
    /// No answer within the deadline.
    Timeout,
    /// The server has no valid certificate for its domain, or no TLS, or offers less than it could before, as if somebody in
    /// between had taken it away: nothing secret was sent.
    Untrusted,
    /// The server offers no login that keeps the password secret (SCRAM): it was not sent.
    NoSafeLogin,
    /// The server cannot say which messages it has (XEP-0198): a lost connection would swallow some.
    NoSafeDelivery,
    /// The server makes no accounts in band, or takes no invitations where one was shown.
    RegistrationClosed,
    /// The server wants a form answered, and that cannot be done.
    Unanswerable {
        /// Why not.
        fault: FormFault,
    },
    /// The server makes accounts for those with an invitation, and there was none, or it is not accepted (any more).
    NeedsInvite,
    /// What was answered to the server's question is wrong, or came too late.
    BadAnswer,
    /// The question was declined.
    Declined,
    /// Nobody has answered the question while the server waited.
    QuestionExpired,
    /// That question is not open: it was answered, or the server does not wait any more.
    NoSuchQuestion,
    /// The server does not take the password that was drawn.
    WeakPassword,
    /// The server's rules forbid the account.
    PolicyDenied,
    /// The server has made the account, but lets it talk to nobody.
    Quarantined,
    /// The server makes accounts on a web page only.
    NeedsWeb {
        /// The page.
        page: WebPage,
    },
    /// The server or this installation's own cap asks to wait.
    RateLimited {
        /// How long: known of our own cap alone. Servers say it in a text for people, if at all.
        retry_after: Option<Duration>,
    },
    /// Every drawn name was taken already.
    NamesTaken,
    /// The name that the invitation reserves is taken: by who has it, another invitation is needed. To send the same name again, on
    /// other circuits, would link them, and get the same answer.
    ReservedNameTaken,
    /// The server refuses what was asked of it.
    ServerRefused,
    /// The server has a fault of its own, or one behind it does not answer.
    ServerFailed,
    /// The server does not know the account or its password.
    Auth,
    /// The server broke the protocol.
    ServerBroken,
    /// No entry of the server directory fits.
    NoServer,
    /// There is no such burner here; or, as one is restored, its server knows no account of these words.
    NoSuchBurner,
    /// The burner that is to be restored is here already.
    AlreadyHere,
    /// There is no such message: it was done, and nobody wanted it kept.
    NoSuchMessage,
    /// The burner does not know that peer.
    NoSuchPeer,
    /// The peer is blocked: that is to be taken back first (`Engine.set_blocked`).
    PeerBlocked,
    /// So many texts of this burner, or to this peer, are on their way that no more is taken, as memory has no room for them: once
    /// some have arrived or failed there is. A text that is not to wait for ever is sent with a time to wait. Nothing is lost:
    /// this one was not taken.
    OutboxFull,
    /// There is no private conversation to do that in.
    NotPrivate,
    /// There is no comparison to answer: nobody has asked, or it has ended.
    NothingAsked,
    /// The user has verified another key of that peer's than the one that was handed in. Nothing was changed: if the new one
    /// is right, that is to be taken back first (`Engine.set_verified`).
    OtherKeyVerified,
    /// A link names another key than the one that is in use with that peer, or expected of it. Nothing was changed: the user
    /// has to decide (`Engine.expect_key`).
    OtherKeyInUse,
    /// Wrong passphrase or key for this folder, or the engine is locked (`Engine.lock`, `Engine.set_auto_lock`): open it again.
    VaultLocked,
    /// The sealed store is damaged as a whole. Of single records that are, `VaultReport` tells.
    VaultDamaged,
    /// A burner's conversations cannot be read: there is more of them than memory has room for, or the store is damaged there.
    /// The burner can be burnt.
    Unreadable,
    /// A later version of this library wrote the store.
    VaultTooNew,
    /// The key store does not hand out the key now: its user has to agree, and has not. Nothing has changed here; of a burn,
    /// what is left to do is done by the next start or call.
    KeyDenied,
    /// The key store hands no key out before the device was unlocked for the first time since its start: wait for that.
    /// Nothing has changed here, as with `KeyDenied`.
    KeyLocked,
    /// The key store fails, which may pass. Nothing has changed here, as with `KeyDenied`.
    KeyUnavailable,
    /// The key is gone from the key store, or its file, while sealed accounts exist; or this is another key store.
    KeyLost,
    /// The device is full.
    StorageFull,
    /// The folder cannot be read or written.
    Storage,
    /// The engine is suspended: resume it first.
    Suspended,
    /// Another process uses the folder, or this one has a Tor client already.
    InUse,
    /// The call was cancelled.
    Cancelled,
    /// The engine was closed.
    Closed,
    /// Something that the caller handed in cannot be used.
    InvalidInput {
        /// Which.
        input: Input,
    },
    /// A bug in this library.
    Internal,
}

uniffi::custom_type!(WebPage, Page, {
    remote,
    try_lift: |page| Ok(page.url.into()),
    lower: |page| Page { url: page.url().to_owned() },
});

/// A page on which a server makes accounts. Printing it does not show the address.
#[derive(uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Page {
    /// The address, as the server gave it. Opened outside Tor it links the user to the account.
    pub url: String,
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Page(..)")
    }
}

/// Why a server's form cannot be answered. Nothing was told to the server.
#[uniffi::remote(Enum)]
pub enum FormFault {
    /// It asks something of the user, and nobody is to be asked (`CreateOptions.asks_nothing`).
    NobodyToAsk,
    /// It asks for what nobody can answer here: a sound, a film, a choice of nothing.
    Kind,
    /// Its proof of work would take too long, or none was found.
    Work,
    /// Its picture cannot be shown: neither PNG nor JPEG, too large, or another than was named.
    Picture,
    /// Its picture could not be fetched, or not by the route that was asked for.
    PictureLost,
}

/// Which input is invalid.
#[uniffi::remote(Enum)]
pub enum Input {
    /// Not the name of a public server.
    Server,
    /// An onion route to a server without a known onion address.
    Onion,
    /// Not the file of a private network.
    Network,
    /// An empty passphrase.
    Passphrase,
    /// A passphrase that is the duress passphrase, too, or the other way round: another one will do.
    SamePassphrase,
    /// A duress passphrase, where no passphrase opens the folder: that has to be set first.
    NoPassphrase,
    /// Not an address (a bare JID).
    Address,
    /// A text that cannot be sent, or a secret that is blank.
    Text {
        /// Why not.
        fault: TextFault,
    },
    /// Not a fingerprint, or not a file of them.
    Fingerprints,
    /// An update of the server directory that is not taken.
    Directory {
        /// Why not.
        fault: DirectoryFault,
    },
    /// Not a bridge line. Where there is none at all, the first lacks its address.
    Bridge {
        /// Which line; the first is 1.
        line: u32,
        /// What of it is wrong or missing.
        part: BridgePart,
    },
    /// A transport with a malformed name, or with an address that is not this device's own.
    Transport,
    /// A DNS server's address that is not of the public network.
    Resolver,
    /// Not a link of an invitation to a server, or one to another server.
    Invitation,
    /// Recovery words that are none.
    Words {
        /// Why not.
        fault: WordsError,
    },
    /// Recovery words, with an invitation that reserves a name: they would lead to another account.
    ReservedName,
    /// A time of expiry that is past.
    Expiry,
    /// A time of no length, after which an engine is to lock itself.
    AutoLock,
    /// Not a ticket of a panic, or a damaged one, or one of a later version.
    Ticket,
    /// A timer of a conversation of less than a second, or of more than 366 days.
    Timer,
    /// Answers that do not fit a question.
    Answer {
        /// Why not.
        fault: AnswerFault,
    },
}

uniffi::custom_type!(ListWord, MeantWord, {
    remote,
    try_lift: |meant| ListWord::find(&meant.word).ok_or_else(|| FlashpaperError::Internal.into()),
    lower: |word| MeantWord { word: word.expose().to_owned() },
});

/// A word of the list of recovery words, nearly always one of the user's own. Printing it does not show it.
#[derive(uniffi::Record)]
#[uniffi::export(Debug)]
pub struct MeantWord {
    /// The word, to show to the user who types.
    pub word: String,
}

impl fmt::Debug for MeantWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MeantWord(..)")
    }
}

/// What is wrong with typed words.
#[uniffi::remote(Enum)]
pub enum WordsError {
    /// Not twelve.
    Count {
        /// How many.
        words: u32,
    },
    /// A word is not in the list.
    Unknown {
        /// Which, counted from 1.
        at: u32,
        /// The word of the list that is most like it.
        nearest: ListWord,
    },
    /// All are in the list, but not together: one is mistyped, or two are swapped.
    Checksum,
}

/// What of a bridge line is wrong or missing.
#[uniffi::remote(Enum)]
pub enum BridgePart {
    /// Where the bridge is.
    Address,
    /// What the bridge is known by: it needs that of its RSA key, and no key twice.
    Fingerprint,
    /// The name of the transport: malformed, or no transport of that name runs.
    Transport,
    /// What the transport is to be told, as `key=value`.
    Argument,
}

/// Why answers do not fit a question.
#[uniffi::remote(Enum)]
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
#[uniffi::remote(Enum)]
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

/// Why an update of the server directory is not taken. Nothing has changed.
#[uniffi::remote(Enum)]
pub enum DirectoryFault {
    /// It is larger than 256 KiB, or has more than 1000 servers.
    TooLarge,
    /// It is none, or not signed by those who make this library, or was changed since.
    Signature,
    /// It is older than the last one that was taken.
    TooOld,
    /// A line is wrong.
    Malformed {
        /// Which; the first is 1.
        line: u64,
        /// What is wrong with it.
        fault: RowFault,
    },
}

/// What is wrong with a line of the server directory.
#[uniffi::remote(Enum)]
pub enum RowFault {
    /// The columns' names are other ones.
    Header,
    /// It is no row of as many columns as have names.
    Columns,
    /// Not the domain of a public server.
    Domain,
    /// Not an onion address of version 3.
    Onion,
    /// Not two ports.
    Ports,
    /// None of the kinds of registration.
    Registration,
    /// None of the words for what is made of Tor.
    Tor,
    /// A note or source is too long, or has characters that steer, or there is no source.
    Text,
    /// Not a day, or one after that of the update.
    Seen,
    /// Another line has the same domain.
    Twice,
}

/// The one thing to suggest to the user.
#[uniffi::remote(Enum)]
pub enum Action {
    /// Look after the device's network.
    CheckNetwork,
    /// Set the clock.
    SetClock,
    /// Update the app.
    UpdateApp,
    /// Do the same again later.
    TryLater,
    /// Take another server.
    ChooseServer,
    /// Give the right passphrase, or let the key store hand out its key.
    Unlock,
    /// Make space on the device.
    FreeSpace,
    /// Close the other app or window.
    CloseOther,
    /// Give other input.
    CorrectInput,
    /// Nothing helps but a report to the developers, or a new start.
    Report,
    /// Nothing is to be done.
    Nothing,
}

/// Which way our clock is off, and at least how far, in whole minutes.
#[uniffi::remote(Enum)]
pub enum ClockError {
    /// Our clock is behind.
    Slow {
        /// At least how far.
        by: Duration,
    },
    /// Our clock is ahead.
    Fast {
        /// At least how far.
        by: Duration,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printing_an_error_does_not_show_the_page() {
        let error = FlashpaperError::NeedsWeb { page: WebPage::from("https://burner.test/".to_owned()) };
        assert_eq!(format!("{error:?}"), "NeedsWeb { page: WebPage(..) }");
    }
}
