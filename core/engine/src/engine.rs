//! What the engine is asked for; how it begins and ends is in `life`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use flashpaper_chat::{History, Message, MessageId, MessageState, inbox, outbox, view};
use serde::Serialize;
use zeroize::{Zeroize as _, Zeroizing};

use crate::config::Key;
use crate::connection::handle::{Ending, Profile};
use crate::error::{Input, TextFault};
use crate::event::{BurnerId, Event, Events, Step};
use crate::inner::{Inner, lock};
use crate::network::connect as link;
use crate::snapshot::{BurnerStatus, Snapshot};
use crate::spread::Spread;
use crate::store::{Account, State, VaultReport};
use crate::tasks::blocking;
use crate::{BurnReport, Burner, CreateOptions, Error, Route, burn, create, reconcile};

/// The library. One per home folder; cheap to clone, all clones are the same engine.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

impl Engine {
    /// What was wrong with the sealed store when it was opened, and with what was read since. [`Snapshot::vault`] is the same.
    ///
    /// # Errors
    /// [`Error::VaultLocked`], [`Error::Closed`].
    pub fn vault_report(&self) -> Result<VaultReport, Error> {
        self.inner.with_store(|store| Ok(*store.report()))
    }

    /// Has another key open the folder from now on, and only that. Takes as long as [`Engine::open`].
    ///
    /// # Errors
    /// Storage errors, [`Error::KeyDenied`]: nothing has changed. [`Error::InvalidInput`], [`Error::Suspended`],
    /// [`Error::VaultLocked`], [`Error::Closed`].
    pub async fn change_key(&self, key: Key) -> Result<(), Error> {
        let inner = Arc::clone(&self.inner);
        blocking(move || inner.change_key(&key)).await
    }

    /// Subscribes to what happens after an event (see [`Snapshot::sequence`]), or from now on.
    #[must_use]
    pub fn events(&self, since: Option<u64>) -> Events {
        self.inner.reporter.subscribe(since)
    }

    /// Everything that a screen shows, at one moment. Nothing is missing between it and [`Engine::events`] since its
    /// [`Snapshot::sequence`]; what happens while it is taken may be in both.
    ///
    /// # Errors
    /// [`Error::VaultLocked`], [`Error::Closed`].
    pub fn snapshot(&self) -> Result<Snapshot, Error> {
        // Before anything else is looked at: what is reported later may be seen twice, but not never.
        let sequence = self.inner.reporter.sequence();
        let tor = lock(&self.inner.reported).clone();
        let handles = lock(&self.inner.handles).clone();
        self.inner.with_store(|store| {
            let ids: Vec<String> = store.content().accounts.iter().map(|account| account.id.clone()).collect();
            let unreadable: Vec<Option<Error>> = ids.iter().map(|id| store.fetch(id).err()).collect();
            let vault = *store.report();
            let content = store.content();
            let status = |(account, unreadable): (&Account, Option<Error>)| BurnerStatus {
                burner: Burner::of(account),
                connection: handles.get(&account.id).map(|handle| handle.connection()).unwrap_or_default(),
                history: account.history,
                label: account.label.clone(),
                conversations: self.inner.conversations(content.mailbox(&account.id), &account.id),
                unreadable,
            };
            let burners = content.accounts.iter().zip(unreadable).map(status).collect();
            Ok(Snapshot { sequence, tor, vault, burners })
        })
    }

    /// Reports an event once the slowest reader is not far behind. For tests of what carries events to an app.
    #[doc(hidden)]
    pub async fn report_for_tests(&self, event: Event) {
        self.inner.reporter.report_paced(event).await;
    }

    /// All accounts that are known, in the order of their creation.
    ///
    /// # Errors
    /// [`Error::VaultLocked`], [`Error::Closed`].
    pub fn burners(&self) -> Result<Vec<Burner>, Error> {
        self.inner.read(|content| content.accounts.iter().map(Burner::of).collect())
    }

    /// Whether options make sense and our own cap allows another account: all that can be told without a network.
    ///
    /// # Errors
    /// What [`Engine::create_burner`] would end with at once.
    pub fn check_options(&self, options: &CreateOptions) -> Result<(), Error> {
        self.check_server(options.server.as_deref(), options.route)?;
        let now = self.inner.now();
        self.inner.read(|content| create::within_cap(content, now))?
    }

    /// Whether there is a server of that kind: all that can be told without a network.
    ///
    /// # Errors
    /// What [`Engine::probe`] would end with at once.
    pub fn check_server(&self, server: Option<&str>, route: Option<Route>) -> Result<(), Error> {
        let server = self.inner.choose_server(server, route)?;
        server.endpoints(server.way(route).first).map(drop)
    }

    /// Makes an account at a random server and shows that it can be reached.
    ///
    /// Dropping the future cancels: it ends at once, and an account that may have been made is removed behind it, or at
    /// the next start if the engine is closed before that is done.
    ///
    /// # Errors
    /// The first thing that went wrong; nothing is left that the engine does not know of.
    pub async fn create_burner(&self, options: CreateOptions) -> Result<Burner, Error> {
        let cancel = self.inner.closing.child_token();
        let _cancel_when_dropped = cancel.clone().drop_guard();
        let inner = Arc::clone(&self.inner);
        let unclaimed = self.inner.while_awake(async move { create::create(&inner, options, &cancel).await }).await?;
        unclaimed.claim()
    }

    /// The recovery words of a burner, until they are dropped; `None` if it has none.
    ///
    /// # Errors
    /// [`Error::NoSuchBurner`], [`Error::VaultLocked`], [`Error::Closed`].
    pub fn recovery_words(&self, id: &BurnerId) -> Result<Option<Zeroizing<String>>, Error> {
        let account = self.inner.account(&id.0)?;
        Ok(account.words.clone().map(Zeroizing::new))
    }

    /// Forgets the recovery words: the person has written them down, or does not want them.
    ///
    /// # Errors
    /// Storage errors, [`Error::NoSuchBurner`], [`Error::Suspended`], [`Error::VaultLocked`], [`Error::Closed`].
    pub fn drop_recovery_words(&self, id: &BurnerId) -> Result<(), Error> {
        self.inner.account(&id.0)?;
        self.inner.commit(|content| {
            if let Some(account) = content.account_mut(&id.0) {
                account.words.zeroize();
                account.words = None;
            }
        })
    }

    /// Removes an account at its server, shows that it is gone, and forgets it here. Goes on when the future is dropped.
    ///
    /// # Errors
    /// [`Error::NoSuchBurner`], [`Error::ServerRefused`] (the burner stays), [`Error::Suspended`], [`Error::VaultLocked`],
    /// [`Error::Closed`]; storage errors and [`Error::KeyDenied`]: what is left to do is done when it is called again. One that
    /// has begun goes on at the next start or [`Engine::resume`]. That the server could not be reached is no error: see
    /// [`crate::BurnOutcome::Queued`].
    pub async fn burn(&self, id: &BurnerId) -> Result<BurnReport, Error> {
        let (inner, id) = (Arc::clone(&self.inner), id.clone());
        let work = async move {
            let report = burn::burn(&inner, &id).await;
            reconcile::ask_again_if_refused(&inner, &id.0);
            report
        };
        self.inner.while_awake(work).await
    }

    /// Has a burner connect, and stay connected through everything that can be waited for; [`Event::Connection`] tells
    /// how it goes. Where there are several burners it begins at a random moment within 5 seconds. One that waits by itself is
    /// hurried so: it is for the burner that a user looks at.
    ///
    /// # Errors
    /// Storage errors, [`Error::NoSuchBurner`], [`Error::TorNotStarted`], [`Error::Suspended`], [`Error::VaultLocked`], [`Error::Closed`].
    pub fn connect(&self, id: &BurnerId) -> Result<(), Error> {
        let account = self.inner.account(&id.0)?;
        if account.state != State::Active {
            return Err(Error::NoSuchBurner);
        }
        self.inner.with_store(|store| if store.is_suspended() { Err(Error::Suspended) } else { Ok(()) })?;
        if !self.inner.can_dial() {
            return Err(Error::TorNotStarted);
        }
        self.inner.set_wanted(&account, true)?;
        self.inner.pick_up(id, true, self.inner.soon())
    }

    /// Ends a burner's connection. Its server keeps what comes, for as long as it does that.
    ///
    /// # Errors
    /// Storage errors and [`Error::Suspended`]: it is ended, and [`Engine::sync_once`] may connect it in another process.
    /// [`Error::NoSuchBurner`], [`Error::VaultLocked`], [`Error::Closed`].
    pub fn disconnect(&self, id: &BurnerId) -> Result<(), Error> {
        let account = self.inner.account(&id.0)?;
        self.inner.hang_up(id, Ending::Goodbye);
        self.inner.set_wanted(&account, false)
    }

    /// How far apart the connections of several burners are kept, from now on. It is not stored: the app sets it after each
    /// opening. Of several burners that are connected when it becomes [`Spread::OneAtATime`] one stays, drawn at random.
    pub fn set_spread(&self, spread: Spread) {
        self.inner.set_spread(spread);
    }

    /// Sends a text to a bare JID, in private, as soon as that is possible: it is stored when this returns, and sent in the
    /// order of these calls. It waits for a private conversation, which needs the peer to be there; where that takes longer
    /// than `within`, it fails. Whoever is written to is a contact.
    ///
    /// # Errors
    /// [`Error::InvalidInput`]: no address, one of this installation's own, or a text that cannot be sent. [`Error::PeerBlocked`],
    /// storage errors, [`Error::NoSuchBurner`], [`Error::Suspended`], [`Error::VaultLocked`], [`Error::Closed`].
    pub fn send(&self, id: &BurnerId, to: &str, text: &str, within: Option<Duration>) -> Result<MessageId, Error> {
        let to = self.peer_address(id, to)?;
        // XML knows one line break (XML 1.0 section 2.11).
        let text = &text.replace("\r\n", "\n");
        if let Some(fault) = fault(text) {
            return Err(Error::InvalidInput { input: Input::Text { fault } });
        }
        let label = self.inner.ids().draw();
        let mut queued = Err(Error::Internal);
        self.inner.update(&id.0, |mailbox, now| {
            let unblocked = mailbox.find(&to).map_or(Ok(()), |peer| mailbox.check_unblocked(peer));
            queued = unblocked.map_err(Error::from).map(|()| outbox::queue(mailbox, &to, label, text, now, within));
            queued.iter().map(|message| (*message, MessageState::Queued)).collect()
        })?;
        self.inner.has_work(id);
        queued
    }

    /// A burner's messages that are not done or are kept, with one peer (a bare JID) or all, in their order.
    ///
    /// # Errors
    /// [`Error::Unreadable`], as for all that a burner's conversations are needed for; [`Error::NoSuchBurner`], [`Error::VaultLocked`], [`Error::Closed`].
    pub fn messages(&self, id: &BurnerId, with: Option<&str>) -> Result<Vec<Message>, Error> {
        let with = with.map(|with| self.compared(id, with)).transpose()?;
        let (history, now) = (self.inner.account(&id.0)?.history, self.inner.expiry_now());
        self.inner.look(&id.0, |mailbox| view::list(mailbox, with.as_deref(), history, now))
    }

    /// One message.
    ///
    /// # Errors
    /// [`Error::NoSuchMessage`], [`Error::NoSuchBurner`], [`Error::VaultLocked`], [`Error::Closed`].
    pub fn message(&self, id: &BurnerId, message: MessageId) -> Result<Message, Error> {
        let (history, now) = (self.inner.account(&id.0)?.history, self.inner.expiry_now());
        self.inner.look(&id.0, |mailbox| view::message(mailbox, message, history, now))?.ok_or(Error::NoSuchMessage)
    }

    /// Says that the app has a message that came, or has seen that one failed: until then it is kept, also over a crash.
    ///
    /// # Errors
    /// Storage errors, [`Error::NoSuchBurner`], [`Error::Suspended`], [`Error::VaultLocked`], [`Error::Closed`].
    pub fn taken(&self, id: &BurnerId, message: MessageId) -> Result<(), Error> {
        self.inner.account(&id.0)?;
        self.inner.update(&id.0, |mailbox, _| inbox::take(mailbox, message))?;
        // There may be room again for what was not taken in.
        self.inner.has_work(id);
        Ok(())
    }

    /// Sets what is kept of a burner's messages that are done. What is not to be kept any more is forgotten at once.
    ///
    /// # Errors
    /// As [`Engine::taken`].
    pub fn set_history(&self, id: &BurnerId, history: History) -> Result<(), Error> {
        self.inner.account(&id.0)?;
        self.inner.commit(|content| content.account_mut(&id.0).map(|account| account.history = history))?;
        self.inner.update(&id.0, |_, _| Vec::new())
    }

    /// How soon a dead connection has to be noticed, for all burners.
    pub fn set_profile(&self, profile: Profile) {
        *lock(&self.inner.profile) = profile;
        lock(&self.inner.handles).values().for_each(|handle| handle.has_work());
    }

    /// Hints that the device's network may be another: connections are asked whether they live, and those that wait try
    /// again; several burners each at a random moment (see [`Engine::set_spread`]).
    pub fn network_changed(&self) {
        self.inner.network_changed();
    }

    /// Looks at a server without making an account: can it be reached, is its certificate right, does it take accounts?
    ///
    /// # Errors
    /// Why it cannot be used.
    pub async fn probe(&self, server: Option<&str>, route: Option<Route>) -> Result<Probe, Error> {
        let server = self.inner.choose_server(server, route)?;
        let way = server.way(route);
        let inner = Arc::clone(&self.inner);
        let work = async move {
            // Circuits of its own, as each account has.
            let whose = inner.ids().draw();
            let mut via = way.first;
            let mut report = |step| {
                if let Step::OtherRoute { via: other } = step {
                    via = other;
                }
            };
            let connection = link::open(&inner, &whose, &server, way, &mut report).await;
            lock(&inner.circuits).forget(&whose);
            let registration = connection?.offers_registration();
            let domain = server.domain.as_str().to_owned();
            Ok(Probe { domain, via, onion_is_silent: via != way.first, registration })
        };
        self.inner.while_awake(work).await
    }
}

/// Why a text cannot be sent, if it cannot.
fn fault(text: &str) -> Option<TextFault> {
    if text.is_empty() {
        return Some(TextFault::Empty);
    }
    if text.len() > flashpaper_chat::limits::TEXT {
        return Some(TextFault::TooLong { bytes: text.len() as u64, limit: flashpaper_chat::limits::TEXT as u64 });
    }
    let sendable = |c: char| matches!(c, '\t' | '\n' | ' '..='\u{fffd}' | '\u{10000}'..);
    let (at, c) = text.chars().enumerate().find(|(_, c)| !sendable(*c))?;
    Some(TextFault::Character { code: c.into(), at: at as u64 + 1 })
}

/// Whether both are the same engine, not just alike.
impl PartialEq for Engine {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Engine(..)")
    }
}

/// What [`Engine::probe`] found.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Probe {
    /// The server.
    pub domain: String,
    /// How it was reached.
    pub via: Route,
    /// Its onion service did not answer.
    pub onion_is_silent: bool,
    /// Whether it says that it takes accounts.
    pub registration: bool,
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe").field("registration", &self.registration).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[test]
fn a_text_that_cannot_be_sent_says_why() {
    assert_eq!((fault("a\ttext\n\u{1f469}"), fault(&"x".repeat(10_000))), (None, None));
    assert_eq!(fault(""), Some(TextFault::Empty));
    // Each of these takes two bytes.
    let long = TextFault::TooLong { bytes: 12_346, limit: 10_000 };
    assert_eq!(fault(&"\u{e9}".repeat(6_173)), Some(long));
    for (text, code, at) in [("bell\u{7}\0", 7, 5), ("\u{e9}\r", 13, 2), ("\u{ffff}", 0xffff, 1)] {
        assert_eq!(fault(text), Some(TextFault::Character { code, at }));
    }
}
