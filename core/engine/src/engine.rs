//! The engine itself: what is open, what runs, and what it is asked for.

use std::collections::HashMap;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use flashpaper_tor as tor;
use flashpaper_tor::Tor;
use flashpaper_xmpp::{Ids, Tls, bare_jid};
use futures::FutureExt as _;
use rand::rngs::StdRng;
use rand::{CryptoRng, RngExt as _, SeedableRng as _};
use serde::{Deserialize, Serialize, Serializer};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use zeroize::{Zeroize as _, Zeroizing};

use crate::config::{Config, Key, Network};
use crate::directory::{Directory, Server};
use crate::error::Input;
use crate::event::{BurnerId, Connection, Event, Events, Reporter};
use crate::mailbox::{Changed, Mailbox};
use crate::message::{History, Message, MessageId, MessageState};
use crate::online::{self, Ending, Line, Profile};
use crate::seams::{Clock, Dial, Dialers, Seams};
use crate::snapshot::{BurnerStatus, Snapshot, SyncReport, TorStatus};
use crate::store::{Account, Content, State, Store, VaultReport};
use crate::{BurnReport, CreateOptions, Error, burn, clearing, create, limits, link};

/// The library. One per home folder; cheap to clone, all clones are the same engine.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

impl Engine {
    /// Opens the home folder. No network is touched, nor will it be before [`Engine::start_tor`]. A folder that this process
    /// has open already gives the same engine: closing it closes it for all.
    ///
    /// # Errors
    /// The folder cannot be used, is in use by another process or for another network, is sealed with another key, or is
    /// damaged; the configuration is invalid.
    pub async fn open(config: Config) -> Result<Self, Error> {
        Self::open_with(config, Seams::real()).await
    }

    /// [`Engine::open`] with other seams, for tests.
    #[doc(hidden)]
    pub async fn open_with(config: Config, seams: Seams) -> Result<Self, Error> {
        let Config { home, key, network } = config;
        let Seams { clock, mut rng } = seams;
        let mut open = OPEN.lock().await;
        open.retain(|engine| engine.strong_count() > 0);
        let same = |inner: &Arc<Inner>| same_folder(&inner.home, &home) && !inner.closing.is_cancelled();
        if let Some(inner) = open.iter().filter_map(Weak::upgrade).find(same) {
            if inner.network != network {
                return Err(Error::InUse);
            }
            let again = Arc::clone(&inner);
            blocking(move || again.open_again(&key)).await?;
            return Ok(Self { inner });
        }
        let (tor_network, tls, directory) = match network.clone() {
            Network::Public => (tor::Network::Public, Tls::public_roots(), Directory::built_in()?),
            Network::Private(private) => {
                let tls =
                    Tls::only_roots_in(&private.ca_pem).map_err(|_| Error::InvalidInput { input: Input::Network })?;
                (tor::Network::Private(private.arti), tls, Directory::new(private.servers))
            }
        };
        let tor =
            tor::Config { state_dir: home.join("tor/state"), cache_dir: home.join("tor/cache"), network: tor_network };
        let folder = home.clone();
        let (store, rng) = blocking(move || Store::open(&folder, &key, &mut *rng).map(|s| (s, rng))).await?;
        let inner = Arc::new(Inner {
            home,
            network,
            tor_config: tor,
            tls,
            directory,
            reporter: Reporter::new(),
            clock,
            rng: Mutex::new(rng),
            store: Mutex::new(Access::Open(Box::new(store))),
            tor: Mutex::new(None),
            starting: tokio::sync::Mutex::default(),
            ending: tokio::sync::Mutex::default(),
            reported: Mutex::new(None),
            lines: Mutex::default(),
            profile: Mutex::default(),
            dialers: Mutex::new(None),
            dials: Mutex::default(),
            runtime: Handle::current(),
            locks: Mutex::default(),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
        });
        open.push(Arc::downgrade(&inner));
        inner.sweep()?;
        Ok(Self { inner })
    }

    /// What was wrong with the sealed store when it was opened.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub fn vault_report(&self) -> Result<VaultReport, Error> {
        self.inner.with_store(|store| Ok(store.report()))
    }

    /// Has another key open the folder from now on, and only that. Takes as long as [`Engine::open`].
    ///
    /// # Errors
    /// Storage errors: nothing has changed. [`Error::InvalidInput`], [`Error::Closed`].
    pub async fn change_key(&self, key: Key) -> Result<(), Error> {
        let inner = Arc::clone(&self.inner);
        let change = move || inner.with_store(|store| inner.with_rng(|rng| store.change_key(&inner.home, &key, rng)));
        blocking(change).await
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
        let lines = lock(&self.inner.lines).clone();
        let status = |content: &Content, account: &Account| BurnerStatus {
            burner: Burner::of(account),
            connection: lines.get(&account.id).map(|line| line.connection()).unwrap_or_default(),
            history: account.history,
            conversations: content.mailbox(&account.id).conversations(),
        };
        let burners = self.inner.read(|content| content.accounts.iter().map(|a| status(content, a)).collect())?;
        Ok(Snapshot { sequence, tor, burners })
    }

    /// Reports an event once the slowest reader is not far behind. For tests of what carries events to an app.
    #[doc(hidden)]
    pub async fn report_for_tests(&self, event: Event) {
        self.inner.reporter.report_paced(event).await;
    }

    /// Connects to Tor, then settles what an earlier run left behind, for a minute at most. Called again after an error it
    /// goes on trying.
    ///
    /// # Errors
    /// Why Tor is not ready within `deadline`; storage errors.
    pub async fn start_tor(&self, deadline: Duration) -> Result<(), Error> {
        let inner = Arc::clone(&self.inner);
        let work = async move {
            let tor = inner.running_tor().await?;
            let ready = inner.closing.run_until_cancelled(tor.ready(deadline)).await.ok_or(Error::Closed)?;
            inner.report_tor(&tor.status().borrow_and_update());
            drop(tor);
            ready?;
            // What takes longer is left to the next start.
            timeout(limits::SETTLING, clearing::settle_all(&inner)).await.unwrap_or(Ok(()))
        };
        self.inner.supervised(work).await
    }

    /// What [`Engine::start_tor`] does once it has dialers. For tests: with other dialers there is no Tor.
    #[doc(hidden)]
    pub async fn start_on(&self, dialers: Arc<dyn Dialers>) -> Result<(), Error> {
        *lock(&self.inner.dialers) = Some(dialers);
        lock(&self.inner.dials).clear();
        let inner = Arc::clone(&self.inner);
        self.inner.supervised(async move { clearing::settle_all(&inner).await }).await
    }

    /// All accounts that are known, in the order of their creation.
    ///
    /// # Errors
    /// [`Error::Closed`].
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
        server.endpoints(route.unwrap_or_else(|| server.preferred_route())).map(drop)
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
        let unclaimed = self.inner.supervised(async move { create::create(&inner, options, &cancel).await }).await?;
        unclaimed.claim()
    }

    /// The recovery words of a burner, until they are dropped; `None` if it has none.
    ///
    /// # Errors
    /// [`Error::NoSuchBurner`], [`Error::Closed`].
    pub fn recovery_words(&self, id: &BurnerId) -> Result<Option<Zeroizing<String>>, Error> {
        let account = self.inner.account(&id.0)?;
        Ok(account.words.clone().map(Zeroizing::new))
    }

    /// Forgets the recovery words: the person has written them down, or does not want them.
    ///
    /// # Errors
    /// Storage errors, [`Error::Closed`].
    pub fn drop_recovery_words(&self, id: &BurnerId) -> Result<(), Error> {
        self.inner.commit(|content| {
            for account in content.accounts.iter_mut().filter(|a| a.id == id.0) {
                account.words.zeroize();
                account.words = None;
            }
        })
    }

    /// Removes an account at its server, shows that it is gone, and forgets it here. Goes on when the future is dropped.
    ///
    /// # Errors
    /// [`Error::NoSuchBurner`], [`Error::ServerRefused`] (the burner stays), and storage errors. That the server could
    /// not be reached is no error: see [`crate::BurnOutcome::Queued`].
    pub async fn burn(&self, id: &BurnerId) -> Result<BurnReport, Error> {
        let (inner, id) = (Arc::clone(&self.inner), id.clone());
        self.inner.supervised(async move { burn::burn(&inner, &id).await }).await
    }

    /// Has a burner connect, and stay connected through everything that can be waited for; [`Event::Connection`] tells
    /// how it goes. Where several are, each waits for a moment of its own.
    ///
    /// # Errors
    /// [`Error::NoSuchBurner`], [`Error::TorNotStarted`], [`Error::Suspended`], [`Error::VaultLocked`], [`Error::Closed`].
    pub fn connect(&self, id: &BurnerId) -> Result<(), Error> {
        if self.inner.account(&id.0)?.state != State::Active {
            return Err(Error::NoSuchBurner);
        }
        self.inner.isolated()?;
        self.inner.with_store(|store| if store.is_suspended() { Err(Error::Suspended) } else { Ok(()) })?;
        Inner::pick_up(&self.inner, id);
        Ok(())
    }

    /// Ends a burner's connection. Its server keeps what comes, for as long as it does that.
    ///
    /// # Errors
    /// [`Error::NoSuchBurner`], [`Error::VaultLocked`], [`Error::Closed`].
    pub fn disconnect(&self, id: &BurnerId) -> Result<(), Error> {
        self.inner.account(&id.0)?;
        self.inner.hang_up(id, Ending::Goodbye);
        Ok(())
    }

    /// Sends a text to a bare JID, now or as soon as that is possible: it is stored when this returns, and sent in the order
    /// of these calls. Plain XMPP: both servers can read it.
    ///
    /// # Errors
    /// [`Error::InvalidInput`]: no address, one of this installation's own, or a text that cannot be sent. Storage errors,
    /// [`Error::NoSuchBurner`], [`Error::Suspended`], [`Error::VaultLocked`], [`Error::Closed`].
    pub fn send(&self, id: &BurnerId, to: &str, text: &str) -> Result<MessageId, Error> {
        let to = bare_jid(to).ok_or(Error::InvalidInput { input: Input::Address })?;
        let sendable = |c: char| matches!(c, '\t' | '\n' | ' '..='\u{fffd}' | '\u{10000}'..);
        if text.is_empty() || text.len() > limits::TEXT || !text.chars().all(sendable) {
            return Err(Error::InvalidInput { input: Input::Text });
        }
        // Two burners that write to each other are known to belong together.
        if self.burners()?.iter().any(|burner| burner.jid == to) {
            return Err(Error::InvalidInput { input: Input::Address });
        }
        if self.inner.account(&id.0)?.state != State::Active {
            return Err(Error::NoSuchBurner);
        }
        let stanza = self.inner.ids().draw();
        let mut queued = None;
        self.inner.update(&id.0, |mailbox, now| {
            let message = mailbox.queue(&to, stanza, text, now);
            queued = Some(message);
            vec![(message, MessageState::Queued)]
        })?;
        if let Some(line) = lock(&self.inner.lines).get(&id.0) {
            line.has_work();
        }
        queued.ok_or(Error::Internal)
    }

    /// A burner's messages that are not done or are kept, with one peer (a bare JID) or all, in their order.
    ///
    /// # Errors
    /// [`Error::NoSuchBurner`], [`Error::VaultLocked`], [`Error::Closed`].
    pub fn messages(&self, id: &BurnerId, with: Option<&str>) -> Result<Vec<Message>, Error> {
        let with = with.map(|with| bare_jid(with).ok_or(Error::InvalidInput { input: Input::Address })).transpose()?;
        self.inner.account(&id.0)?;
        self.inner.read(|content| content.mailbox(&id.0).list(with.as_deref()))
    }

    /// One message.
    ///
    /// # Errors
    /// [`Error::NoSuchMessage`], [`Error::NoSuchBurner`], [`Error::VaultLocked`], [`Error::Closed`].
    pub fn message(&self, id: &BurnerId, message: MessageId) -> Result<Message, Error> {
        self.inner.account(&id.0)?;
        self.inner.read(|content| content.mailbox(&id.0).message(message))?.ok_or(Error::NoSuchMessage)
    }

    /// Says that the app has a message that came, or has seen that one failed: until then it is kept, also over a crash.
    ///
    /// # Errors
    /// Storage errors, [`Error::NoSuchBurner`], [`Error::Suspended`], [`Error::VaultLocked`], [`Error::Closed`].
    pub fn taken(&self, id: &BurnerId, message: MessageId) -> Result<(), Error> {
        self.inner.account(&id.0)?;
        self.inner.update(&id.0, |mailbox, _| mailbox.take(message).into_iter().collect())
    }

    /// Sets what is kept of a burner's messages that are done. What is not to be kept any more is forgotten at once.
    ///
    /// # Errors
    /// As [`Engine::taken`].
    pub fn set_history(&self, id: &BurnerId, history: History) -> Result<(), Error> {
        self.inner.account(&id.0)?;
        self.inner.commit(|content| content.set_history(&id.0, history))?;
        self.inner.update(&id.0, |_, _| Vec::new())
    }

    /// How soon a dead connection has to be noticed, for all burners.
    pub fn set_profile(&self, profile: Profile) {
        *lock(&self.inner.profile) = profile;
        lock(&self.inner.lines).values().for_each(|line| line.has_work());
    }

    /// Hints that the device's network may be another: connections are asked whether they live, and those that wait to try
    /// again do so now.
    pub fn network_changed(&self) {
        lock(&self.inner.lines).values().for_each(|line| line.network_changed());
    }

    /// Looks at a server without making an account: can it be reached, is its certificate right, does it take accounts?
    ///
    /// # Errors
    /// Why it cannot be used.
    pub async fn probe(&self, server: Option<&str>, route: Option<Route>) -> Result<Probe, Error> {
        let server = self.inner.choose_server(server, route)?;
        let route = route.unwrap_or_else(|| server.preferred_route());
        let dial = self.inner.isolated()?;
        let connection = link::open(&self.inner, &*dial, &server, route, &mut |_| ()).await?;
        Ok(Probe {
            domain: server.domain.as_str().to_owned(),
            via: route,
            registration: connection.offers_registration(),
        })
    }

    /// Lets go of the network and the folder within `deadline` (3 seconds will do), for a phone's sleep: no traffic, no
    /// wake-up, no lock. Servers keep connections apart for some minutes, to be taken up again. What is under way ends as
    /// if the process did; [`Engine::resume`] settles it. The key stays in memory, see [`Engine::lock`].
    pub async fn suspend(&self, deadline: Duration) {
        let until = Instant::now() + deadline;
        let lines: Vec<_> = lock(&self.inner.lines).values().cloned().collect();
        lines.iter().for_each(|line| line.end(Ending::Pause));
        for line in lines {
            // One that does not end in time has stored what it has.
            if timeout_at(until, line.over()).await.is_err() {
                line.abort().await;
            }
        }
        if let Some(tor) = &*lock(&self.inner.tor) {
            tor.suspend();
        }
        let inner = Arc::clone(&self.inner);
        let _ = blocking(move || {
            lock(&inner.store).suspend();
            Ok(())
        })
        .await;
    }

    /// Ends [`Engine::suspend`]: opens the folder again, and has those burners connect that were.
    ///
    /// # Errors
    /// As [`Engine::open`]; it stays suspended then.
    pub async fn resume(&self) -> Result<(), Error> {
        let inner = Arc::clone(&self.inner);
        blocking(move || inner.with_store(|store| store.resume(&inner.home))).await?;
        self.inner.sweep()?;
        if let Some(tor) = &*lock(&self.inner.tor) {
            tor.resume();
        }
        let ids: Vec<_> = lock(&self.inner.lines).keys().cloned().collect();
        for id in ids {
            Inner::pick_up(&self.inner, &BurnerId(id));
        }
        let inner = Arc::clone(&self.inner);
        if inner.isolated().is_ok() {
            self.inner
                .spawn(async move { timeout(limits::SETTLING, clearing::settle_all(&inner)).await.unwrap_or(Ok(())) });
        }
        Ok(())
    }

    /// What a phone's background task does: resumes, starts Tor where it was not, connects every burner, waits until what
    /// there is has come and gone, and suspends; all within `deadline`, but for 3 seconds.
    ///
    /// # Errors
    /// As [`Engine::resume`] and [`Engine::start_tor`]. That a burner cannot connect is no error: see [`SyncReport`].
    pub async fn sync_once(&self, deadline: Duration) -> Result<SyncReport, Error> {
        let before: Vec<_> = lock(&self.inner.lines).keys().cloned().collect();
        let report = self.sync_until(Instant::now() + deadline).await;
        self.suspend(limits::SUSPENDING).await;
        // The app finds those connected that were.
        lock(&self.inner.lines).retain(|id, _| before.contains(id));
        report
    }

    async fn sync_until(&self, until: Instant) -> Result<SyncReport, Error> {
        self.resume().await?;
        self.start_tor(until - Instant::now()).await?;
        for burner in self.burners()?.into_iter().filter(|burner| burner.state == BurnerState::Active) {
            self.connect(&burner.id)?;
        }
        let lines: Vec<_> = lock(&self.inner.lines).values().cloned().collect();
        let mut complete = true;
        for line in lines {
            complete &= timeout_at(until, line.drained()).await.is_ok() && line.connection() == Connection::Online;
        }
        let (mut unread, mut outbox) = (0, 0);
        for conversation in self.snapshot()?.burners.iter().flat_map(|burner| &burner.conversations) {
            unread += conversation.unread;
            outbox += conversation.outbox;
        }
        Ok(SyncReport { unread, outbox, complete })
    }

    /// [`Engine::suspend`], and takes all keys and contents out of memory. [`Engine::open`] with the key opens this engine
    /// again; until then every call that needs them fails with [`Error::VaultLocked`].
    pub async fn lock(&self) {
        self.suspend(limits::SUSPENDING).await;
        lock(&self.inner.lines).clear();
        *lock(&self.inner.store) = Access::Locked;
    }

    /// Cancels creations, waits for removals up to 30 seconds, ends Tor, and lets go of the folder.
    pub async fn close(self) {
        let _whoever_is_second_waits = self.inner.ending.lock().await;
        self.inner.closing.cancel();
        self.inner.tasks.close();
        // What is not done in time is in the store, and done at the next start.
        let _ = timeout(limits::CLOSING, self.inner.tasks.wait()).await;
        lock(&self.inner.lines).clear();
        lock(&self.inner.dialers).take();
        lock(&self.inner.dials).clear();
        let tor = lock(&self.inner.tor).take();
        if let Some(tor) = tor.and_then(Arc::into_inner) {
            tor.close().await;
        }
        *lock(&self.inner.store) = Access::Closed;
        self.inner.reporter.end();
    }
}

/// Whether there is a store to work with.
enum Access {
    Open(Box<Store>),
    /// See [`Engine::lock`].
    Locked,
    Closed,
}

impl Access {
    const fn store(&mut self) -> Result<&mut Store, Error> {
        match self {
            Self::Open(store) => Ok(store),
            Self::Locked => Err(Error::VaultLocked),
            Self::Closed => Err(Error::Closed),
        }
    }

    fn suspend(&mut self) {
        if let Self::Open(store) = std::mem::replace(self, Self::Closed) {
            *self = Self::Open(Box::new(store.suspend()));
        }
    }
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

/// How a server is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// By its onion address: no exit, and no name to resolve.
    Onion,
    /// By its domain, through an exit relay.
    Exit,
}

/// A burner account as an app shows it. Its `Debug` does not show the address.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Burner {
    /// Its name within this installation.
    pub id: BurnerId,
    /// Its bare JID.
    pub jid: String,
    /// How its server is reached.
    pub via: Route,
    /// How far it is.
    pub state: BurnerState,
    /// When it was made, by the device's clock. As JSON: seconds since 1970.
    #[serde(serialize_with = "unix_seconds")]
    pub created: SystemTime,
}

impl Burner {
    pub(crate) fn of(account: &Account) -> Self {
        Self {
            id: BurnerId(account.id.clone()),
            jid: format!("{}@{}", account.username, account.domain),
            via: account.route,
            state: match account.state {
                State::Pending => BurnerState::Pending,
                State::Active => BurnerState::Active,
                State::Burning | State::Unwanted => BurnerState::Burning,
            },
            created: UNIX_EPOCH + Duration::from_secs(account.created),
        }
    }
}

impl fmt::Debug for Burner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Burner").field("id", &self.id).field("state", &self.state).finish_non_exhaustive()
    }
}

pub(crate) fn unix_seconds<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
}

/// How far a burner is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BurnerState {
    /// Its creation was not finished; the next start settles it.
    Pending,
    /// It can be used.
    Active,
    /// Its removal was not finished; the next start goes on.
    Burning,
}

/// What [`Engine::probe`] found.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Probe {
    /// The server.
    pub domain: String,
    /// How it was reached.
    pub via: Route,
    /// Whether it says that it takes accounts.
    pub registration: bool,
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe").field("registration", &self.registration).finish_non_exhaustive()
    }
}

/// The engines of this process. Held while one is opened.
static OPEN: tokio::sync::Mutex<Vec<Weak<Inner>>> = tokio::sync::Mutex::const_new(Vec::new());

fn same_folder(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Argon2id takes long on purpose, and a key store may ask a person.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Internal)?
}

/// What all of the engine's work shares.
pub(crate) struct Inner {
    home: PathBuf,
    network: Network,
    tor_config: tor::Config,
    pub(crate) tls: Tls,
    directory: Directory,
    pub(crate) reporter: Reporter,
    pub(crate) clock: Box<dyn Clock>,
    rng: Mutex<Box<dyn CryptoRng + Send>>,
    store: Mutex<Access>,
    tor: Mutex<Option<Arc<Tor>>>,
    /// Held while Tor is started.
    starting: tokio::sync::Mutex<()>,
    /// Held while all is ended.
    ending: tokio::sync::Mutex<()>,
    /// Tor's status as it was last reported.
    reported: Mutex<Option<TorStatus>>,
    /// The connections that were asked for, by account.
    lines: Mutex<HashMap<String, Arc<Line>>>,
    profile: Mutex<Profile>,
    dialers: Mutex<Option<Arc<dyn Dialers>>>,
    /// Each account's own dialer, for as long as the process lives.
    dials: Mutex<HashMap<String, Arc<dyn Dial>>>,
    /// Where background work runs: it is also begun where a caller drops something outside of any runtime.
    runtime: Handle,
    /// Who works on an account: one at a time.
    locks: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    tasks: TaskTracker,
    pub(crate) closing: CancellationToken,
}

impl Inner {
    pub(crate) fn now(&self) -> u64 {
        self.clock.unix_seconds()
    }

    pub(crate) fn with_rng<T>(&self, draw: impl FnOnce(&mut dyn CryptoRng) -> T) -> T {
        draw(&mut **lock(&self.rng))
    }

    /// Ids for one session, unrelated to those of any other.
    pub(crate) fn ids(&self) -> Ids {
        Ids::new(Box::new(self.with_rng(|rng| StdRng::from_rng(rng))))
    }

    pub(crate) fn read<T>(&self, look: impl FnOnce(&Content) -> T) -> Result<T, Error> {
        self.with_store(|store| Ok(look(store.content())))
    }

    /// Changes what is stored; on return it is on disk.
    pub(crate) fn commit<T>(&self, change: impl FnOnce(&mut Content) -> T) -> Result<T, Error> {
        self.with_store(|store| self.with_rng(|rng| store.commit(rng, change)))
    }

    /// Changes a burner's mailbox; on return that is on disk, what is done and not to be kept is gone, and the changes are
    /// reported.
    pub(crate) fn update(&self, id: &str, change: impl FnOnce(&mut Mailbox, u64) -> Changed) -> Result<(), Error> {
        let now = self.now();
        // By a clock that is known to be wrong nothing expires.
        let clock_wrong = lock(&self.reported)
            .as_ref()
            .is_some_and(|status| matches!(status.blocked, Some(Error::ClockWrong { .. })));
        self.with_store(|store| {
            let history = store.content().account(id)?.history;
            let change = |content: &mut Content| {
                let mailbox = content.mailbox_mut(id);
                let changed = change(mailbox, now);
                mailbox.sweep(history, if clock_wrong { 0 } else { now });
                changed
            };
            // Reported before anybody else changes the same.
            for (message, state) in self.with_rng(|rng| store.commit(rng, change))? {
                self.reporter.report(Event::Message { burner: BurnerId(id.to_owned()), message, state });
            }
            Ok(())
        })
    }

    /// Forgets what has expired while nobody looked.
    fn sweep(&self) -> Result<(), Error> {
        let ids: Vec<String> = self.read(|content| content.accounts.iter().map(|a| a.id.clone()).collect())?;
        ids.iter().try_for_each(|id| self.update(id, |_, _| Vec::new()))
    }

    fn with_store<T>(&self, work: impl FnOnce(&mut Store) -> Result<T, Error>) -> Result<T, Error> {
        work(lock(&self.store).store()?)
    }

    /// What [`Engine::open`] does where the folder is open already.
    fn open_again(&self, key: &Key) -> Result<(), Error> {
        let mut access = lock(&self.store);
        match &mut *access {
            Access::Open(store) if !store.is_suspended() => store.check_key(&self.home, key),
            Access::Open(_) | Access::Locked => {
                *access = Access::Open(Box::new(self.with_rng(|rng| Store::open(&self.home, key, rng))?));
                if let Some(tor) = &*lock(&self.tor) {
                    tor.resume();
                }
                Ok(())
            }
            Access::Closed => Err(Error::Closed),
        }
    }

    pub(crate) fn profile(&self) -> Profile {
        *lock(&self.profile)
    }

    /// Has a burner's connection begin, unless it has.
    fn pick_up(inner: &Arc<Self>, id: &BurnerId) {
        let mut lines = lock(&inner.lines);
        if lines.get(&id.0).is_some_and(|line| !line.is_over()) {
            return;
        }
        let line = Arc::new(Line::new());
        let wait = if lines.iter().any(|(other, line)| *other != id.0 && !line.is_over()) {
            inner.with_rng(|rng| limits::SPREAD.mul_f64(rng.random_range(0.0..1.0)))
        } else {
            Duration::ZERO
        };
        lines.insert(id.0.clone(), Arc::clone(&line));
        let (inner_of_task, id) = (Arc::clone(inner), id.clone());
        inner.spawn(async move {
            line.run(online::live(&inner_of_task, &id, &line, wait)).await;
            Ok(())
        });
    }

    /// Has a burner's connection end.
    pub(crate) fn hang_up(&self, id: &BurnerId, ending: Ending) {
        if let Some(line) = lock(&self.lines).remove(&id.0) {
            line.end(ending);
        }
    }

    /// The account's next streams share no circuit with those before.
    pub(crate) fn new_circuits(&self, id: &str) {
        lock(&self.dials).remove(id);
    }

    pub(crate) fn account(&self, id: &str) -> Result<Account, Error> {
        self.read(|content| content.account(id).cloned())?
    }

    /// A dialer with circuits of its own.
    pub(crate) fn isolated(&self) -> Result<Arc<dyn Dial>, Error> {
        lock(&self.dialers).as_ref().map(|d| d.isolated()).ok_or(Error::TorNotStarted)
    }

    /// The dialer of an account: the same for all of its streams.
    pub(crate) fn dial_of(&self, id: &str) -> Result<Arc<dyn Dial>, Error> {
        let fresh = self.isolated()?;
        Ok(Arc::clone(lock(&self.dials).entry(id.to_owned()).or_insert(fresh)))
    }

    /// Held by whoever works on an account.
    pub(crate) fn lock_of(&self, id: &str) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(lock(&self.locks).entry(id.to_owned()).or_default())
    }

    /// Forgets an account and what belongs to it.
    pub(crate) fn forget(&self, id: &str) -> Result<(), Error> {
        lock(&self.dials).remove(id);
        lock(&self.locks).remove(id);
        self.commit(|content| content.forget(id))
    }

    pub(crate) fn choose_server(&self, named: Option<&str>, route: Option<Route>) -> Result<Server, Error> {
        if let Some(domain) = named {
            return self.directory.named(domain);
        }
        let in_use: Vec<String> = self.read(|c| c.accounts.iter().map(|a| a.domain.clone()).collect())?;
        let in_use: Vec<&str> = in_use.iter().map(String::as_str).collect();
        self.with_rng(|rng| self.directory.draw(route, &in_use, rng))
    }

    pub(crate) fn server_of(&self, account: &Account) -> Result<Server, Error> {
        self.directory.named(&account.domain)
    }

    /// Begins work that closing waits for.
    pub(crate) fn spawn(&self, work: impl Future<Output = Result<(), Error>> + Send + 'static) {
        self.tasks.spawn_on(work, &self.runtime);
    }

    /// Runs work that outlives the caller's future. A panic in it, or in a library below, becomes an error.
    fn supervised<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> impl Future<Output = Result<T, Error>> + Send {
        let (sender, result) = oneshot::channel();
        // On the heap: it is large, and the caller's thread may have a small stack.
        let work = Box::pin(AssertUnwindSafe(work).catch_unwind());
        let work = async move {
            let done = work.await.unwrap_or(Err(Error::Internal));
            // When the caller is gone, what was made for it is dropped here, while closing still waits for this.
            let _ = sender.send(done);
        };
        if !self.tasks.is_closed() {
            self.tasks.spawn_on(work, &self.runtime);
        }
        // Closed: the sender was dropped.
        async { result.await.map_err(|_| Error::Closed)? }
    }

    /// The one Tor client, started if it was not.
    async fn running_tor(self: &Arc<Self>) -> Result<Arc<Tor>, Error> {
        let _one_at_a_time = self.starting.lock().await;
        if let Some(tor) = &*lock(&self.tor) {
            return Ok(Arc::clone(tor));
        }
        if matches!(self.tor_config.network, tor::Network::Private(_)) {
            self.reporter.report(Event::PrivateNetwork);
        }
        self.reporter.report(Event::TorStarting);
        let tor = Arc::new(Tor::start(self.tor_config.clone()).await?);
        *lock(&self.tor) = Some(Arc::clone(&tor));
        let (mut status, inner, closing) = (tor.status(), Arc::downgrade(self), self.closing.clone());
        tokio::spawn(closing.run_until_cancelled_owned(async move {
            while status.changed().await.is_ok() {
                let Some(inner) = inner.upgrade() else { return };
                inner.report_tor(&status.borrow_and_update());
            }
        }));
        Ok(tor)
    }

    /// Told by whoever sees a status first; told once. When it tells that Tor is ready, streams can be opened.
    fn report_tor(&self, status: &tor::Status) {
        if status.is_ready()
            && let Some(tor) = &*lock(&self.tor)
        {
            let dialers: Arc<dyn Dialers> = Arc::clone(tor) as _;
            lock(&self.dialers).get_or_insert(dialers);
        }
        let blocked = status.blocked.map(|b| Error::from(tor::NotReady { blocked: Some(b) }));
        let status = TorStatus { fraction: status.fraction, ready: status.is_ready(), blocked };
        if lock(&self.reported).replace(status.clone()).as_ref() != Some(&status) {
            let TorStatus { fraction, ready, blocked } = status;
            self.reporter.report(Event::Tor { fraction, ready, blocked });
        }
    }
}

/// No code panics while it holds one of these; if one ever does, what it guards is still whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
