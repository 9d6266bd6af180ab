//! A burner's account as it is stored, from before the server can know of it until after it is gone.

use std::time::{Duration, SystemTime};

use data_encoding::HEXLOWER;
use flashpaper_chat::{History, UnixTime};
use flashpaper_xmpp::Binding;
use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::identity::{Identity, OtrSeeds};
use crate::route::Way;
use crate::time::unix_time;
use crate::{Error, Input, Route, limits};

/// One account, from before the server can know of it until after it is gone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Account {
    /// Names the account within this installation; random, and nothing outside knows it.
    pub(crate) id: String,
    pub(crate) domain: String,
    /// The user has named the server, by its domain or by an invitation.
    #[serde(default)]
    pub(crate) named: bool,
    pub(crate) username: String,
    pub(crate) password: Zeroizing<String>,
    /// The recovery words, until they were shown or declined.
    pub(crate) words: Option<Zeroizing<String>>,
    #[zeroize(skip)]
    pub(crate) route: Route,
    /// Where its onion service does not answer, by the exit.
    #[serde(default)]
    pub(crate) then_exit: bool,
    #[zeroize(skip)]
    pub(crate) state: State,
    /// Or, of a removal in the queue, when it was put there.
    pub(crate) created: UnixTime,
    #[zeroize(skip)]
    #[serde(default)]
    pub(crate) history: History,
    /// What its long-term OTR key is made from; a removal in the queue has none.
    pub(crate) otr: Option<OtrSeeds>,
    /// Its OTR instance tag.
    pub(crate) tag: u32,
    /// The user's name for it. It never leaves the device.
    pub(crate) label: Option<String>,
    /// How long an OTR session may rest and be used again, in whole seconds; 0: no session outlives the process.
    #[zeroize(skip)]
    #[serde(rename = "session_life", with = "seconds")]
    pub(crate) idle_timeout: Duration,
    /// The app has asked for it to be connected.
    #[serde(default)]
    pub(crate) wanted: bool,
    /// The server has confirmed that it removed the account, or that it took a password that nobody keeps.
    #[serde(default)]
    pub(crate) removed: bool,
    /// The server has refused to remove the account.
    #[serde(default)]
    pub(crate) denied: bool,
    /// When the server refused the login for the first time as it was asked whether the account exists.
    #[serde(default)]
    pub(crate) refused: Option<UnixTime>,
    /// A login was bound to its TLS connection: no other kind is tried any more.
    #[serde(default)]
    pub(crate) binds: bool,
    /// What its logins were that were not bound.
    #[zeroize(skip)]
    #[serde(default)]
    pub(crate) unbound: Unbound,
    /// No conversation is in version 2 of OTR.
    #[serde(default)]
    pub(crate) version_3_only: bool,
    /// When it is burnt by itself.
    #[zeroize(skip)]
    #[serde(default)]
    pub(crate) expiry: Option<Expiry>,
}

/// The end of a burner that was set beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Expiry {
    pub(crate) at: UnixTime,
    /// When its user is to be reminded, until that is done.
    pub(crate) remind_at: Option<UnixTime>,
    /// The latest time that was seen, now and then: a clock that is set back between two runs puts nothing off.
    pub(crate) seen: UnixTime,
}

impl Expiry {
    /// The user is reminded an hour before, or when a tenth of the time is left where that is less. `now`: the time that things
    /// expire by.
    ///
    /// # Errors
    /// [`Error::InvalidInput`]: it is past.
    pub(crate) fn parse(at: SystemTime, now: UnixTime) -> Result<Self, Error> {
        // It is stored in seconds, and a burner must not end before its time.
        let at = unix_time(at.checked_add(Duration::from_nanos(999_999_999)).unwrap_or(at));
        if at <= now {
            return Err(Error::InvalidInput { input: Input::Expiry });
        }
        let before = limits::REMINDER.min(now.until(at) / 10);
        Ok(Self { at, remind_at: Some(UnixTime(at.0.saturating_sub(before.as_secs()))), seen: now })
    }
}

/// A time as it is stored: in seconds.
mod seconds {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        time.as_secs().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_secs)
    }
}

/// What the logins of an account were that were not bound to their TLS connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unbound {
    /// It has never logged in.
    New,
    /// The server did not offer to bind them.
    #[default]
    NotOffered,
    /// The server has refused one that was bound, and let one in that was not.
    Needed,
}

/// How much is known of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// It may or may not be at the server.
    Pending,
    /// It is at the server, and wanted.
    Active,
    /// It was at the server, and has to go.
    Burning,
    /// It may or may not be at the server, and has to go.
    Unwanted,
    /// It was at the server, and has to go. Its removal is all that is left of it here.
    Queued,
}

impl Account {
    /// One that no server knows of yet.
    pub(crate) fn new(identity: Identity, domain: &str, way: Way, created: UnixTime, rng: &mut dyn CryptoRng) -> Self {
        Self {
            id: Self::new_id(rng),
            domain: domain.to_owned(),
            named: false,
            username: identity.username.clone(),
            password: identity.password.clone(),
            words: None,
            route: way.first,
            then_exit: way.then_exit,
            state: State::Pending,
            created,
            history: History::default(),
            otr: Some(identity.otr.clone()),
            tag: identity.tag,
            label: None,
            idle_timeout: limits::IDLE_TIMEOUT,
            wanted: false,
            removed: false,
            denied: false,
            refused: None,
            binds: false,
            unbound: Unbound::New,
            version_3_only: false,
            expiry: None,
        }
    }

    /// A name for an account within an installation.
    pub(crate) fn new_id(rng: &mut dyn CryptoRng) -> String {
        let mut id = [0; 8];
        rng.fill_bytes(&mut id);
        HEXLOWER.encode(&id)
    }

    /// What its removal needs, under a name within the installation, and nothing else of it.
    pub(crate) fn for_removal(&self, id: String, now: UnixTime) -> Self {
        Self {
            id,
            domain: self.domain.clone(),
            named: self.named,
            username: self.username.clone(),
            password: self.password.clone(),
            words: None,
            route: self.route,
            then_exit: self.then_exit,
            state: State::Queued,
            created: now,
            history: History::default(),
            otr: None,
            tag: 0,
            label: None,
            idle_timeout: Duration::ZERO,
            wanted: false,
            removed: self.removed,
            denied: self.denied,
            refused: self.refused,
            binds: self.binds,
            unbound: self.unbound,
            version_3_only: false,
            expiry: None,
        }
    }

    /// What its long-term OTR key is made from.
    ///
    /// # Errors
    /// [`Error::NoSuchBurner`]: it is a removal in the queue.
    pub(crate) fn otr(&self) -> Result<&OtrSeeds, Error> {
        self.otr.as_ref().ok_or(Error::NoSuchBurner)
    }

    pub(crate) fn jid(&self) -> String {
        format!("{}@{}", self.username, self.domain)
    }

    pub(crate) const fn way(&self) -> Way {
        Way { first: self.route, then_exit: self.then_exit }
    }

    /// A login has succeeded. Whether it was bound to its TLS connection only counts now: what is offered before, anybody in
    /// between can say.
    pub(crate) const fn note_login(&mut self, shown: Binding) {
        self.binds |= matches!(shown, Binding::Bound);
        self.unbound = match (shown, self.unbound) {
            (Binding::Unbound, _) => Unbound::Needed,
            (Binding::NotOffered, Unbound::New) => Unbound::NotOffered,
            (_, before) => before,
        };
        // A refusal before it was the server's fault.
        self.refused = None;
    }

    /// Whether the user has not ruled the exit out.
    pub(crate) fn may_use_exit(&self) -> bool {
        self.route == Route::Exit || self.then_exit
    }

    pub(crate) const fn set_state(&mut self, state: State) {
        self.state = state;
        if matches!(state, State::Active) {
            self.refused = None;
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;

    pub(crate) fn account(id: &str) -> Account {
        let (rng, way) = (&mut StdRng::seed_from_u64(1), Way { first: Route::Exit, then_exit: false });
        let created = UnixTime(id.as_bytes()[0].into());
        let mut account = Account::new(Identity::random(rng), "jabber.example", way, created, rng);
        (account.id, account.username) = (id.into(), "nobody".into());
        (account.password, account.tag) = ("correct horse".to_owned().into(), 0x100);
        (account.idle_timeout, account.unbound) = (Duration::ZERO, Unbound::default());
        account
    }

    #[test]
    fn an_account_of_the_onion_route_alone_may_use_no_exit() {
        for (route, then_exit, may) in
            [(Route::Exit, false, true), (Route::Onion, true, true), (Route::Onion, false, false)]
        {
            let mut account = account("a");
            (account.route, account.then_exit) = (route, then_exit);
            assert_eq!(account.may_use_exit(), may);
        }
    }
}
