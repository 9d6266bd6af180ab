//! The engine's types as UniFFI sees them: copies that do not compile once they differ from the engine's. Those whose
//! printing would show a secret, an address or a host are types of this crate, converted by hand.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use flashpaper::{
    Action, Address, BurnOutcome, BurnReport, BurnerId, BurnerState, ClockError, Connection, Error as FlashpaperError,
    History, Input, MessageId, MessageState, Network, PrivateNetwork, Profile, Route, Settlement, Spread, Step,
    SyncReport, TextFault, TorStatus, VaultReport, WebPage,
};
use zeroize::Zeroizing;

use crate::key_source::{Adapter, KeySource};
use crate::messages::{Comparison, Conversation, Notice};

/// What an engine is opened with. Printing it shows nothing of it.
#[derive(uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Config {
    /// The folder that holds everything, private to the app. Made when absent, mode 0700.
    pub home: String,
    /// What seals the accounts.
    pub key: Key,
    /// A private network's description (JSON), for tests. Only a library built with feature `lab` accepts one.
    #[uniffi(default = None)]
    pub private_network: Option<String>,
}

/// What seals the accounts in the folder. Printing it shows no passphrase.
#[derive(uniffi::Enum)]
#[uniffi::export(Debug)]
pub enum Key {
    /// A random key in a file beside them: it protects a copy of the other files alone, not the folder.
    File,
    /// A passphrase, stretched by Argon2id. The app wipes its array.
    Passphrase {
        /// Its bytes.
        utf8: Vec<u8>,
    },
    /// The platform's key store, and a passphrase in addition where there is one: both are needed then.
    Source {
        /// The key store.
        source: Arc<dyn KeySource>,
        /// As the other's.
        #[uniffi(default = None)]
        passphrase: Option<Vec<u8>>,
    },
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Config(..)")
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "Key.File",
            Self::Passphrase { .. } => "Key.Passphrase(..)",
            Self::Source { .. } => "Key.Source(..)",
        })
    }
}

impl From<Key> for flashpaper::Key {
    fn from(key: Key) -> Self {
        match key {
            Key::File => Self::File,
            Key::Passphrase { utf8 } => Self::Passphrase(Zeroizing::new(utf8)),
            Key::Source { source, passphrase } => {
                Self::Source { source: Arc::new(Adapter(source)), passphrase: passphrase.map(Zeroizing::new) }
            }
        }
    }
}

pub(crate) fn engine_config(config: Config, with_lab: bool) -> Result<flashpaper::Config, FlashpaperError> {
    let key = config.key.into();
    let network = match config.private_network {
        None => Network::Public,
        Some(json) if with_lab => Network::Private(PrivateNetwork::parse(&json)?),
        Some(_) => return Err(FlashpaperError::InvalidInput { input: Input::Network }),
    };
    Ok(flashpaper::Config { home: config.home.into(), key, network })
}

/// A stable name of an error for programs, in `snake_case`.
#[uniffi::export]
pub fn error_code(error: FlashpaperError) -> String {
    error.code().to_owned()
}

/// The one thing to suggest to the person.
#[uniffi::export]
pub fn error_action(error: FlashpaperError) -> Action {
    error.action()
}

/// Whether the same call may succeed later without any change.
#[uniffi::export]
pub fn error_retryable(error: FlashpaperError) -> bool {
    error.retryable()
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
    /// The address, as the server gave it. Opened outside Tor it links the person to the account.
    pub url: String,
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Page(..)")
    }
}

uniffi::custom_type!(BurnerId, String, { remote, try_lift: |id| Ok(id.into()), lower: |id| id.to_string() });

/// What kind of burner to make. The default is what one tap does. Printing it does not show the server.
#[derive(uniffi::Record)]
#[uniffi::export(Debug)]
pub struct CreateOptions {
    /// The server's domain; a random good one of the directory when absent.
    #[uniffi(default = None)]
    pub server: Option<String>,
    /// The route, and no other. When absent: the onion address where there is one, and the exit where that does not answer.
    #[uniffi(default = None)]
    pub route: Option<Route>,
    /// Derive the identity from twelve recovery words instead of drawing each part. The words are evidence that links
    /// whoever holds them to the account; `Engine.recoveryWords` has them until they are dropped.
    #[uniffi(default = false)]
    pub recoverable: bool,
}

impl From<CreateOptions> for flashpaper::CreateOptions {
    fn from(options: CreateOptions) -> Self {
        let CreateOptions { server, route, recoverable } = options;
        Self { server, route, recoverable }
    }
}

impl fmt::Debug for CreateOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateOptions").field("route", &self.route).finish_non_exhaustive()
    }
}

/// How a server is reached.
#[uniffi::remote(Enum)]
pub enum Route {
    /// By its onion address: no exit, and no name to resolve.
    Onion,
    /// By its domain, through an exit relay.
    Exit,
}

/// A burner account as an app shows it. Printing one does not show the address.
#[derive(uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Burner {
    /// Its name within this installation.
    pub id: BurnerId,
    /// Its bare JID.
    pub jid: String,
    /// How its server is reached.
    pub via: Route,
    /// How far it is.
    pub state: BurnerState,
    /// When it was made, by the device's clock.
    pub created: SystemTime,
}

impl From<flashpaper::Burner> for Burner {
    fn from(burner: flashpaper::Burner) -> Self {
        let flashpaper::Burner { id, jid, via, state, created } = burner;
        Self { id, jid, via, state, created }
    }
}

// The generated languages would print every field.
impl fmt::Debug for Burner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Burner").field("id", &self.id.to_string()).field("state", &self.state).finish_non_exhaustive()
    }
}

/// How far a burner is.
#[uniffi::remote(Enum)]
pub enum BurnerState {
    /// Its creation was not finished; the next start settles it.
    Pending,
    /// It can be used.
    Active,
    /// Its removal was not finished; the next start goes on.
    Burning,
}

/// How a burn ended.
#[uniffi::remote(Record)]
pub struct BurnReport {
    /// How sure it is that the account is gone.
    pub outcome: BurnOutcome,
    /// What stood in the way, for the outcomes that are not final.
    pub reason: Option<FlashpaperError>,
}

/// What was wrong with the sealed store when it was opened, and with what was read since. What is not counted here is good.
#[uniffi::remote(Record)]
pub struct VaultReport {
    /// Records that can never be read again: changed, or moved, by a failing device or by somebody. Where one is an
    /// account's own, what is left of that account goes with the next burn.
    pub lost: u32,
    /// Records were removed or replaced by older ones. Only somebody with access to the folder can do that. The rest may be out
    /// of date.
    /// Private conversations begin anew, as a session that was used must not be used again.
    pub incomplete: bool,
    /// The key of the store could not be changed at the opening, as each one does, or the key store could not delete one
    /// that is not used any more, or what was removed could not be written over: older records may be readable. It is tried
    /// again at the next opening.
    pub old_key_kept: bool,
}

/// How sure it is that an account is gone. A server may keep other data of it for longer; nobody can see that from here.
#[uniffi::remote(Enum)]
pub enum BurnOutcome {
    /// It could log in, was removed, and then could not log in on a new stream with a checked certificate. Forgotten.
    Proven,
    /// It could not log in before anything was removed. The server has said so twice, ten minutes apart and by other circuits,
    /// or has confirmed the removal before. Forgotten.
    AlreadyGone,
    /// The server confirmed the removal, but that the login is refused could not be shown. The next start goes on.
    Unproven,
    /// The server could not be asked, or it has refused the login (`Auth`) for the first time. A server with a broken password
    /// check does that, too, so it is asked again ten to twenty minutes later. The next start goes on, too.
    Queued,
}

/// One event. Printing one shows no address and nobody's words.
#[derive(Debug, uniffi::Enum)]
#[uniffi::export(Debug)]
pub enum Event {
    /// Not the public Tor network: nothing here is private. Reported once, when Tor is started.
    PrivateNetwork,
    /// From here on there is network traffic.
    TorStarting,
    /// Tor's status.
    Tor {
        /// 0.0 to 1.0; it may fall back.
        fraction: f32,
        /// Streams can be opened.
        ready: bool,
        /// What blocks it: the error that a call would give.
        blocked: Option<FlashpaperError>,
    },
    /// A creation reached a step.
    Creating {
        /// Which burner.
        burner: BurnerId,
        /// The step that is done.
        step: Step,
    },
    /// A burn reached a step.
    Burning {
        /// Which burner.
        burner: BurnerId,
        /// The step that is done.
        step: Step,
    },
    /// What an earlier run, or an attempt that failed, left behind was looked at: list the burners again.
    Settled {
        /// Which burner.
        burner: BurnerId,
        /// What became of it.
        outcome: Settlement,
    },
    /// A burner's connection to its server has changed.
    Connection {
        /// Which burner.
        burner: BurnerId,
        /// How it is now.
        connection: Connection,
    },
    /// A burner that is to be connected takes another route: its server's onion service does not answer, and no route was
    /// chosen for it.
    OtherRoute {
        /// Which burner.
        burner: BurnerId,
        /// The route.
        via: Route,
    },
    /// A message came, or is in another state: `Engine.message` has it, unless it is done and nobody wanted it kept.
    Message {
        /// Whose.
        burner: BurnerId,
        /// Which.
        message: MessageId,
        /// What is known of it now.
        state: MessageState,
    },
    /// A conversation has changed: how private it is, its keys, who the peer is to the burner, whether it is there. See
    /// `Engine.conversation`.
    Conversation {
        /// Whose.
        burner: BurnerId,
        /// With whom.
        peer: Address,
    },
    /// News of a comparison of secrets.
    Comparison {
        /// Whose.
        burner: BurnerId,
        /// With whom.
        peer: Address,
        /// What.
        comparison: Comparison,
    },
    /// Something that a person in a conversation should know of.
    Notice {
        /// Whose.
        burner: BurnerId,
        /// With whom.
        peer: Address,
        /// What.
        notice: Notice,
    },
    /// Events were lost because this reader was too slow: take a new `Engine.snapshot`.
    Lagged {
        /// How many.
        lost: u64,
    },
}

impl From<flashpaper::Event> for Event {
    fn from(event: flashpaper::Event) -> Self {
        use flashpaper::Event as Of;
        match event {
            Of::PrivateNetwork => Self::PrivateNetwork,
            Of::TorStarting => Self::TorStarting,
            Of::Tor { fraction, ready, blocked } => Self::Tor { fraction, ready, blocked },
            Of::Creating { burner, step } => Self::Creating { burner, step },
            Of::Burning { burner, step } => Self::Burning { burner, step },
            Of::Settled { burner, outcome } => Self::Settled { burner, outcome },
            Of::Connection { burner, connection } => Self::Connection { burner, connection },
            Of::OtherRoute { burner, via } => Self::OtherRoute { burner, via },
            Of::Message { burner, message, state } => Self::Message { burner, message, state },
            Of::Conversation { burner, peer } => Self::Conversation { burner, peer },
            Of::Comparison { burner, peer, comparison } => {
                Self::Comparison { burner, peer, comparison: comparison.into() }
            }
            Of::Notice { burner, peer, notice } => Self::Notice { burner, peer, notice: notice.into() },
            Of::Lagged { lost } => Self::Lagged { lost },
        }
    }
}

/// How a burner is connected to its server.
#[uniffi::remote(Enum)]
pub enum Connection {
    /// Not, and it does not try: nobody asked for it, or the engine is suspended.
    Offline,
    /// Not yet.
    Connecting,
    /// It is: messages come and go.
    Online,
    /// Not now; it tries again by itself.
    Waiting {
        /// Why not.
        why: FlashpaperError,
    },
    /// Not, and to try again would not help.
    Ended {
        /// Why.
        why: FlashpaperError,
    },
}

/// How soon a dead connection has to be noticed: what wakes the phone.
#[uniffi::remote(Enum)]
pub enum Profile {
    /// A person looks at the app: after a minute of silence the server is asked, and has half a minute.
    Foreground,
    /// Nobody looks: after five minutes the server is asked, and has a minute.
    Background,
}

/// How far apart the connections of several burners are kept.
#[uniffi::remote(Enum)]
pub enum Spread {
    /// What happens by itself (coming back after a sleep, a cut or another network) happens to each burner at a random moment
    /// within this time, at most ten minutes. Zero: at once, for all of them, which links them.
    Within {
        /// The time.
        time: Duration,
    },
    /// Never two at one time. One that is asked for while another is connected has that end first.
    OneAtATime,
}

/// Everything that a screen shows, at one moment. Printing it shows nobody's address.
#[derive(Debug, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Snapshot {
    /// The number of the last event that is surely in it: `Engine.events` goes on from there.
    pub sequence: u64,
    /// Tor's status; nothing before it was started.
    pub tor: Option<TorStatus>,
    /// What is wrong with the sealed store. A person should be told of all that is not as by default.
    pub vault: VaultReport,
    /// All burners, in the order of their creation.
    pub burners: Vec<BurnerStatus>,
}

impl From<flashpaper::Snapshot> for Snapshot {
    fn from(snapshot: flashpaper::Snapshot) -> Self {
        let flashpaper::Snapshot { sequence, tor, vault, burners } = snapshot;
        Self { sequence, tor, vault, burners: burners.into_iter().map(BurnerStatus::from).collect() }
    }
}

/// Tor's status.
#[uniffi::remote(Record)]
pub struct TorStatus {
    /// 0.0 to 1.0; it may fall back.
    pub fraction: f32,
    /// Streams can be opened.
    pub ready: bool,
    /// What blocks it: the error that a call would give.
    pub blocked: Option<FlashpaperError>,
}

/// A burner and how it is. Printing one shows nobody's address or name.
#[derive(uniffi::Record)]
#[uniffi::export(Debug)]
pub struct BurnerStatus {
    /// The burner.
    pub burner: Burner,
    /// How it is connected.
    pub connection: Connection,
    /// The person's name for it.
    pub label: Option<String>,
    /// What is kept of its messages.
    pub history: History,
    /// Its conversations, in the order in which they began.
    pub conversations: Vec<Conversation>,
    /// Why its conversations cannot be read: there are none here then. The burner can be burnt.
    pub unreadable: Option<FlashpaperError>,
}

impl From<flashpaper::BurnerStatus> for BurnerStatus {
    fn from(status: flashpaper::BurnerStatus) -> Self {
        let flashpaper::BurnerStatus { burner, connection, label, history, conversations, unreadable } = status;
        let conversations = conversations.into_iter().map(Conversation::from).collect();
        Self { burner: burner.into(), connection, label, history, conversations, unreadable }
    }
}

impl fmt::Debug for BurnerStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (burner, connection) = (&self.burner, &self.connection);
        let (history, conversations) = (&self.history, &self.conversations);
        let status = &mut f.debug_struct("BurnerStatus");
        status.field("burner", burner).field("connection", connection);
        status.field("history", history).field("conversations", conversations);
        status.field("unreadable", &self.unreadable).finish_non_exhaustive()
    }
}

/// What `Engine.sync_once` came to.
#[uniffi::remote(Record)]
pub struct SyncReport {
    /// Messages of all burners that came, now or before, and were not taken.
    pub unread: u32,
    /// Messages of all burners that their servers do not have yet.
    pub outbox: u32,
    /// Every burner was connected, and nothing is left to come or go.
    pub complete: bool,
}

/// A step of a creation or burn that is done.
#[uniffi::remote(Enum)]
pub enum Step {
    /// The identity is drawn and sealed; the server does not know of it yet.
    Sealed {
        /// The route that will be used.
        via: Route,
    },
    /// The server's onion service does not answer, and no route was chosen: another is taken.
    OtherRoute {
        /// The route.
        via: Route,
    },
    /// A stream through Tor is open, or, by an exit, on its way: that nothing listens there shows in the next step.
    Connected {
        /// The circuit's name in this process, for comparing only.
        circuit: Option<String>,
    },
    /// TLS is up and the certificate is the domain's.
    Secured,
    /// The server has made the account.
    Registered,
    /// SASL succeeded and a resource is bound.
    LoggedIn,
    /// A ping to the own address came back (XEP-0199): the account can be reached.
    Reachable,
    /// The server has confirmed the removal.
    Removed,
    /// The server has refused the same credentials on a new stream.
    ProvenGone,
}

/// What became of an account that an earlier run left behind.
#[uniffi::remote(Enum)]
pub enum Settlement {
    /// It exists and is a burner now.
    Kept,
    /// It was removed at the server.
    Removed,
    /// The server does not know it.
    Absent,
    /// Nothing could be learnt; the next start looks again.
    Unknown,
}

/// What went wrong. The text is for developers; an app picks its own words by the kind, or by `errorAction`.
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
    /// `Engine.startTor` was not called yet.
    TorNotStarted,
    /// The server's host does not exist, refuses connections or closes them.
    ServerUnreachable,
    /// The server's onion service does not answer.
    OnionUnreachable,
    /// No answer within the deadline.
    Timeout,
    /// The server has no valid certificate for its domain, or no TLS: nothing secret was sent.
    Untrusted,
    /// The server offers no login that keeps the password secret (SCRAM): it was not sent.
    NoSafeLogin,
    /// The server cannot say which messages it has: a lost connection would swallow some.
    NoSafeDelivery,
    /// The server makes no accounts in band.
    RegistrationClosed,
    /// The server wants a form or CAPTCHA answered.
    NeedsForm,
    /// The server makes accounts on a web page only.
    NeedsWeb {
        /// The page.
        page: WebPage,
    },
    /// The server or this installation's own cap asks to wait.
    RateLimited {
        /// How long, if it is known.
        retry_after: Option<Duration>,
    },
    /// Every drawn name was taken already.
    NamesTaken,
    /// The server refuses what was asked of it.
    ServerRefused,
    /// The server does not know the account or its password.
    Auth,
    /// The server broke the protocol.
    ServerBroken,
    /// No entry of the server directory fits.
    NoServer,
    /// There is no such burner here.
    NoSuchBurner,
    /// There is no such message: it was done, and nobody wanted it kept.
    NoSuchMessage,
    /// The burner does not know that peer.
    NoSuchPeer,
    /// The peer is blocked: that is to be taken back first (`Engine.set_blocked`).
    PeerBlocked,
    /// There is no private conversation to do that in.
    NotPrivate,
    /// There is no comparison to answer: nobody has asked, or it has ended.
    NothingAsked,
    /// The person has verified another key of that peer's than the one that was handed in. Nothing was changed: if the new one
    /// is right, that is to be taken back first (`Engine.set_verified`).
    OtherKeyVerified,
    /// A link names another key than the one that is in use with that peer, or expected of it. Nothing was changed: the user
    /// has to decide (`Engine.expect_key`).
    OtherKeyInUse,
    /// Wrong passphrase or key for this folder, or `Engine.lock` was called: open it again.
    VaultLocked,
    /// The sealed store is damaged as a whole. Of single records that are, `VaultReport` tells.
    VaultDamaged,
    /// A burner's conversations cannot be read: there is more of them than memory has room for, or the store is damaged there.
    /// The burner can be burnt.
    Unreadable,
    /// A later version of this library wrote the store.
    VaultTooNew,
    /// The key store does not hand out the key now: the person declined, or the device is locked. Nothing has changed
    /// here; of a burn, what is left to do is done by the next start or call.
    KeyDenied,
    /// The key is gone from the key store, or its file, while sealed accounts exist; or this is another key store.
    KeyLost,
    /// The device is full.
    StorageFull,
    /// The folder cannot be read or written, or the key store fails.
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
    /// Not an address (a bare JID).
    Address,
    /// A text that cannot be sent, or a secret that is blank.
    Text {
        /// Why not.
        fault: TextFault,
    },
    /// Not a fingerprint, or not a file of them.
    Fingerprints,
}

/// Why a text cannot be sent.
#[uniffi::remote(Enum)]
pub enum TextFault {
    /// There is nothing in it; in a secret: nothing that a person could see.
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

/// The one thing to suggest to the person.
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

    fn config(private_network: Option<&str>) -> Config {
        Config { home: String::new(), key: Key::File, private_network: private_network.map(str::to_owned) }
    }

    #[test]
    fn a_library_for_apps_accepts_no_private_network() {
        let network = r#"{"network":{"arti":"","ca_pem":"","servers":[]}}"#;
        let refused = engine_config(config(Some(network)), false);
        assert_eq!(refused.err(), Some(FlashpaperError::InvalidInput { input: Input::Network }));
        assert!(matches!(engine_config(config(Some(network)), true).unwrap().network, Network::Private(_)));
        assert!(matches!(engine_config(config(None), false).unwrap().network, Network::Public));
    }

    #[test]
    fn printing_a_burner_does_not_show_the_address() {
        let burner = Burner {
            id: BurnerId::from("1f".to_owned()),
            jid: "someone@burner.test".to_owned(),
            via: Route::Exit,
            state: BurnerState::Active,
            created: SystemTime::UNIX_EPOCH,
        };
        assert_eq!(format!("{burner:?}"), r#"Burner { id: "1f", state: Active, .. }"#);
        let key = Key::Passphrase { utf8: b"secret".to_vec() };
        assert_eq!(format!("{key:?}"), "Key.Passphrase(..)");
        let error = FlashpaperError::NeedsWeb { page: WebPage::from("https://burner.test/".to_owned()) };
        assert_eq!(format!("{error:?}"), "NeedsWeb { page: WebPage(..) }");
    }
}
