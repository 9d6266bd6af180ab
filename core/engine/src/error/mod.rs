//! The one error of the public interface: a kind that says what happened, and what the app can do about it.

use std::fmt;
use std::time::Duration;

use flashpaper_tor::Clock;
use serde::{Serialize, Serializer};

mod directory;
mod form;
mod from;
mod input;

pub use self::directory::{DirectoryFault, RowFault};
pub use self::form::FormFault;
pub use self::input::{AnswerFault, Input, TextFault};

/// What went wrong. The text is for developers; an app picks its own words by [`Error::code`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The device has no network.
    #[error("offline")]
    Offline,
    /// Tor cannot be reached, though there may be a network: filtered, or all relays down.
    #[error("Tor is blocked")]
    TorBlocked,
    /// The clock is wrong, by at least this much where it is known; Tor cannot work until it is set.
    #[error("the clock is wrong")]
    ClockWrong {
        /// Which way and how far.
        by: Option<Clock>,
    },
    /// The Tor network demands a newer version of this library.
    #[error("this version is too old for the Tor network")]
    Obsolete,
    /// Tor does not run: it was not started yet, or was stopped. [`crate::Engine::start_tor`] starts it.
    #[error("Tor does not run")]
    TorNotStarted,
    /// The server's host does not exist, refuses connections or closes them.
    #[error("the server cannot be reached")]
    ServerUnreachable,
    /// The server's onion service does not answer.
    #[error("the server's onion service cannot be reached")]
    OnionUnreachable,
    /// No answer within the deadline.
    #[error("no answer in time")]
    Timeout,
    /// The server has no valid certificate for its domain, or no TLS, or offers less than it could before, as if somebody in
    /// between had taken it away: nothing secret was sent.
    #[error("the server cannot prove who it is")]
    Untrusted,
    /// The server offers no login that keeps the password secret (SCRAM): it was not sent.
    #[error("the server offers no safe login")]
    NoSafeLogin,
    /// The server cannot say which messages it has (XEP-0198): a lost connection would swallow some.
    #[error("the server cannot keep messages safe")]
    NoSafeDelivery,
    /// The server makes no accounts in band, or takes no invitations where one was shown.
    #[error("the server makes no accounts")]
    RegistrationClosed,
    /// The server wants a form answered, and that cannot be done.
    #[error("{fault}")]
    Unanswerable {
        /// Why not.
        fault: FormFault,
    },
    /// The server makes accounts for those with an invitation, and there was none, or it is not accepted (any more).
    #[error("the server wants an invitation")]
    NeedsInvite,
    /// What was answered to the server's question is wrong, or came too late.
    #[error("the answer is wrong")]
    BadAnswer,
    /// The question was declined.
    #[error("the question was declined")]
    Declined,
    /// Nobody has answered the question while the server waited.
    #[error("the question was not answered in time")]
    QuestionExpired,
    /// That question is not open: it was answered, or the server does not wait any more.
    #[error("no such question")]
    NoSuchQuestion,
    /// The server does not take the password that was drawn.
    #[error("the server does not take the password")]
    WeakPassword,
    /// The server's rules forbid the account.
    #[error("the server refuses by its rules")]
    PolicyDenied,
    /// The server has made the account, but lets it talk to nobody.
    #[error("the server keeps the account apart")]
    Quarantined,
    /// The server makes accounts on a web page only.
    #[error("the server makes accounts on a web page")]
    NeedsWeb {
        /// The page.
        page: WebPage,
    },
    /// The server or this installation's own cap asks to wait.
    #[error("too many accounts for now")]
    RateLimited {
        /// How long: known of our own cap alone. Servers say it in a text for people, if at all.
        retry_after: Option<Duration>,
    },
    /// Every drawn name was taken already.
    #[error("the drawn names were taken")]
    NamesTaken,
    /// The name that the invitation reserves is taken: by who has it, another invitation is needed. To send the same name again, on
    /// other circuits, would link them, and get the same answer.
    #[error("the name that the invitation reserves is taken")]
    ReservedNameTaken,
    /// The server refuses what was asked of it.
    #[error("the server refused")]
    ServerRefused,
    /// The server has a fault of its own, or one behind it does not answer.
    #[error("the server has a fault of its own")]
    ServerFailed,
    /// The server does not know the account or its password.
    #[error("the server does not accept the login")]
    Auth,
    /// The server broke the protocol.
    #[error("the server's answer makes no sense")]
    ServerBroken,
    /// No entry of the server directory fits.
    #[error("no server of that kind is known")]
    NoServer,
    /// There is no such burner here; or, as one is restored, its server knows no account of these words.
    #[error("no such burner")]
    NoSuchBurner,
    /// The burner that is to be restored is here already.
    #[error("the burner is here already")]
    AlreadyHere,
    /// There is no such message: it was done, and nobody wanted it kept.
    #[error("no such message")]
    NoSuchMessage,
    /// The burner does not know that peer.
    #[error("no such peer")]
    NoSuchPeer,
    /// The peer is blocked: that is to be taken back first ([`crate::Engine::set_blocked`]).
    #[error("the peer is blocked")]
    PeerBlocked,
    /// So many texts of this burner, or to this peer, are on their way that no more is taken, as memory has no room for them: once
    /// some have arrived or failed there is. A text that is not to wait for ever is sent with a time to wait. Nothing is lost:
    /// this one was not taken.
    #[error("too many texts are on their way")]
    OutboxFull,
    /// There is no private conversation to do that in.
    #[error("not private")]
    NotPrivate,
    /// There is no comparison to answer: nobody has asked, or it has ended.
    #[error("nothing was asked")]
    NothingAsked,
    /// The user has verified another key of that peer's than the one that was handed in. Nothing was changed: if the new one
    /// is right, that is to be taken back first ([`crate::Engine::set_verified`]).
    #[error("another key of the peer is verified")]
    OtherKeyVerified,
    /// A link names another key than the one that is in use with that peer, or expected of it. Nothing was changed: the user
    /// has to decide ([`crate::Engine::expect_key`]).
    #[error("another key of the peer is in use")]
    OtherKeyInUse,
    /// Wrong passphrase or key for this folder, or the engine is locked ([`crate::Engine::lock`], [`crate::Engine::set_auto_lock`]): open
    /// it again.
    #[error("the store cannot be opened with this key")]
    VaultLocked,
    /// The sealed store is damaged as a whole. Of single records that are, [`crate::VaultReport`] tells.
    #[error("the store is damaged")]
    VaultDamaged,
    /// A burner's conversations cannot be read: there is more of them than memory has room for, or the store is damaged there.
    /// The burner can be burnt.
    #[error("the conversations cannot be read")]
    Unreadable,
    /// A later version of this library wrote the store.
    #[error("the store is of a later version")]
    VaultTooNew,
    /// The key store does not hand out the key now: its user has to agree, and has not. Nothing has changed here; of a burn,
    /// what is left to do is done by the next start or call.
    #[error("the key is not available now")]
    KeyDenied,
    /// The key store hands no key out before the device was unlocked for the first time since its start: wait for that.
    /// Nothing has changed here, as with [`Error::KeyDenied`].
    #[error("the key is not available before the device is unlocked")]
    KeyLocked,
    /// The key store fails, which may pass. Nothing has changed here, as with [`Error::KeyDenied`].
    #[error("the key store fails")]
    KeyUnavailable,
    /// The key is gone from the key store, or its file, while sealed accounts exist; or this is another key store.
    #[error("the key of the store is lost")]
    KeyLost,
    /// The device is full.
    #[error("no space left")]
    StorageFull,
    /// The folder cannot be read or written.
    #[error("the folder cannot be used")]
    Storage,
    /// The engine is suspended: [`crate::Engine::resume`] it first.
    #[error("suspended")]
    Suspended,
    /// Another process uses the folder, or this one has a Tor client already.
    #[error("in use")]
    InUse,
    /// The call was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// The engine was closed.
    #[error("closed")]
    Closed,
    /// Something that the caller handed in cannot be used.
    #[error("invalid input: {input}")]
    InvalidInput {
        /// Which.
        input: Input,
    },
    /// A bug in this library.
    #[error("internal error")]
    Internal,
}

/// A page on which a server makes accounts. Its `Debug` does not show the address.
#[derive(Clone, PartialEq, Eq)]
pub struct WebPage(String);

impl WebPage {
    /// Its address, as the server gave it. Opened outside Tor it links the user to the account.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.0
    }
}

impl From<String> for WebPage {
    fn from(url: String) -> Self {
        Self(url)
    }
}

impl fmt::Debug for WebPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebPage(..)")
    }
}

/// The one thing to suggest to the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

impl Error {
    /// A stable name for programs, in `snake_case`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.traits().0
    }

    /// Whether the same call may succeed later without any change.
    #[must_use]
    pub const fn retryable(&self) -> bool {
        matches!(self.traits().1, Action::TryLater | Action::CheckNetwork)
    }

    /// How long to wait before that, if it is known.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after } => *retry_after,
            _ => None,
        }
    }

    /// What to suggest to the user.
    #[must_use]
    pub const fn action(&self) -> Action {
        self.traits().1
    }

    const fn traits(&self) -> (&'static str, Action) {
        match self {
            Self::Offline => ("offline", Action::CheckNetwork),
            Self::TorBlocked => ("tor_blocked", Action::CheckNetwork),
            Self::ClockWrong { .. } => ("clock_wrong", Action::SetClock),
            Self::Obsolete => ("obsolete", Action::UpdateApp),
            Self::TorNotStarted => ("tor_not_started", Action::Nothing),
            Self::ServerUnreachable => ("server_unreachable", Action::TryLater),
            Self::OnionUnreachable => ("onion_unreachable", Action::TryLater),
            Self::Timeout => ("timeout", Action::TryLater),
            Self::Untrusted => ("untrusted", Action::ChooseServer),
            Self::NoSafeLogin => ("no_safe_login", Action::ChooseServer),
            Self::NoSafeDelivery => ("no_safe_delivery", Action::ChooseServer),
            Self::RegistrationClosed => ("registration_closed", Action::ChooseServer),
            Self::Unanswerable { fault } => (fault.code(), fault.action()),
            Self::NeedsWeb { .. } => ("needs_web", Action::ChooseServer),
            Self::NeedsInvite => ("needs_invite", Action::ChooseServer),
            Self::BadAnswer => ("bad_answer", Action::TryLater),
            Self::Declined => ("declined", Action::Nothing),
            Self::QuestionExpired => ("question_expired", Action::TryLater),
            Self::NoSuchQuestion => ("no_such_question", Action::Nothing),
            Self::WeakPassword => ("weak_password", Action::ChooseServer),
            Self::PolicyDenied => ("policy_denied", Action::ChooseServer),
            Self::Quarantined => ("quarantined", Action::ChooseServer),
            Self::RateLimited { .. } => ("rate_limited", Action::TryLater),
            Self::NamesTaken => ("names_taken", Action::TryLater),
            Self::ReservedNameTaken => ("reserved_name_taken", Action::CorrectInput),
            Self::ServerRefused => ("server_refused", Action::ChooseServer),
            Self::ServerFailed => ("server_failed", Action::TryLater),
            Self::Auth => ("auth", Action::Nothing),
            Self::ServerBroken => ("server_broken", Action::ChooseServer),
            Self::NoServer => ("no_server", Action::ChooseServer),
            Self::NoSuchBurner => ("no_such_burner", Action::CorrectInput),
            Self::AlreadyHere => ("already_here", Action::Nothing),
            Self::NoSuchMessage => ("no_such_message", Action::Nothing),
            Self::NoSuchPeer => ("no_such_peer", Action::CorrectInput),
            Self::PeerBlocked => ("peer_blocked", Action::Nothing),
            Self::OutboxFull => ("outbox_full", Action::TryLater),
            Self::NotPrivate => ("not_private", Action::Nothing),
            Self::NothingAsked => ("nothing_asked", Action::Nothing),
            Self::OtherKeyVerified => ("other_key_verified", Action::Nothing),
            Self::OtherKeyInUse => ("other_key_in_use", Action::Nothing),
            Self::VaultLocked => ("vault_locked", Action::Unlock),
            Self::VaultDamaged => ("vault_damaged", Action::Report),
            Self::Unreadable => ("unreadable", Action::Nothing),
            Self::VaultTooNew => ("vault_too_new", Action::UpdateApp),
            Self::KeyDenied => ("key_denied", Action::Unlock),
            Self::KeyLocked => ("key_locked", Action::Unlock),
            Self::KeyUnavailable => ("key_unavailable", Action::TryLater),
            Self::KeyLost => ("key_lost", Action::Report),
            Self::StorageFull => ("storage_full", Action::FreeSpace),
            Self::Storage => ("storage", Action::Report),
            Self::Suspended => ("suspended", Action::Nothing),
            Self::InUse => ("in_use", Action::CloseOther),
            Self::Cancelled => ("cancelled", Action::Nothing),
            Self::Closed => ("closed", Action::Nothing),
            Self::InvalidInput { .. } => ("invalid_input", Action::CorrectInput),
            Self::Internal => ("internal", Action::Report),
        }
    }
}

/// As its code.
impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_suggests_something_that_fits() {
        assert!(Error::Offline.retryable());
        assert!(!Error::Untrusted.retryable());
        assert!(Error::NamesTaken.retryable() && !Error::ReservedNameTaken.retryable());
        let wait = Duration::from_secs(60);
        assert_eq!(Error::RateLimited { retry_after: Some(wait) }.retry_after(), Some(wait));
        assert_eq!(Error::ClockWrong { by: None }.action(), Action::SetClock);
    }
}
