//! The engine itself: what is open, what runs, and what it is asked for.

use std::collections::HashMap;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use flashpaper_tor as tor;
use flashpaper_tor::Tor;
use flashpaper_xmpp::{Ids, Tls};
use futures::FutureExt as _;
use rand::rngs::StdRng;
use rand::{CryptoRng, SeedableRng as _};
use serde::{Deserialize, Serialize, Serializer};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use zeroize::{Zeroize as _, Zeroizing};

use crate::config::{Config, Key, Network};
use crate::directory::{Directory, Server};
use crate::event::{BurnerId, Event, Events, Reporter};
use crate::seams::{Clock, Dial, Dialers, Seams};
use crate::store::{Account, Content, State, Store, VaultReport};
use crate::{BurnReport, CreateOptions, Error, Online, burn, clearing, create, limits, link};

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
            let checked = Arc::clone(&inner);
            blocking(move || lock(&checked.store).as_ref().ok_or(Error::Closed)?.check_key(&home, &key)).await?;
            return if inner.network == network { Ok(Self { inner }) } else { Err(Error::InUse) };
        }
        let (tor_network, tls, directory) = match network.clone() {
            Network::Public => (tor::Network::Public, Tls::public_roots(), Directory::built_in()?),
            Network::Private(private) => {
                let tls = Tls::only_roots_in(&private.ca_pem)
                    .map_err(|_| Error::InvalidInput { input: crate::Input::Network })?;
                (tor::Network::Private(private.arti), tls, Directory::new(private.servers))
            }
        };
        let tor =
            tor::Config { state_dir: home.join("tor/state"), cache_dir: home.join("tor/cache"), network: tor_network };
        let folder = home.clone();
        let (store, rng) = blocking(move || Store::open(&folder, &key, &mut *rng).map(|s| (s, rng))).await?;
        let unfinished = store.content().accounts.iter().filter(|a| a.state != State::Active);
        let left_behind = unfinished.map(|a| a.id.clone()).collect();
        let inner = Arc::new(Inner {
            home,
            network,
            tor_config: tor,
            tls,
            directory,
            reporter: Reporter::new(),
            clock,
            rng: Mutex::new(rng),
            store: Mutex::new(Some(store)),
            tor: Mutex::new(None),
            starting: tokio::sync::Mutex::default(),
            ending: tokio::sync::Mutex::default(),
            left_behind,
            reported: Mutex::new(None),
            dialers: Mutex::new(None),
            dials: Mutex::default(),
            runtime: Handle::current(),
            locks: Mutex::default(),
            tasks: TaskTracker::new(),
            closing: CancellationToken::new(),
        });
        open.push(Arc::downgrade(&inner));
        Ok(Self { inner })
    }

    /// What was wrong with the sealed store when it was opened.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub fn vault_report(&self) -> Result<VaultReport, Error> {
        lock(&self.inner.store).as_ref().map(Store::report).ok_or(Error::Closed)
    }

    /// Has another key open the folder from now on, and only that. Takes as long as [`Engine::open`].
    ///
    /// # Errors
    /// Storage errors: nothing has changed. [`Error::InvalidInput`], [`Error::Closed`].
    pub async fn change_key(&self, key: Key) -> Result<(), Error> {
        let inner = Arc::clone(&self.inner);
        let change = move || {
            let mut store = lock(&inner.store);
            let store = store.as_mut().ok_or(Error::Closed)?;
            inner.with_rng(|rng| store.change_key(&inner.home, &key, rng))
        };
        blocking(change).await
    }

    /// Subscribes to what happens from now on.
    #[must_use]
    pub fn events(&self) -> Events {
        self.inner.reporter.subscribe()
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

    /// Logs a burner in and hands out what arrives, until the returned value is dropped.
    ///
    /// # Errors
    /// The server cannot be reached or does not accept the login.
    pub async fn connect(&self, id: &BurnerId) -> Result<Online, Error> {
        Online::connect(&self.inner, id).await
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

    /// Stops the periodic network traffic until the next use or [`Engine::resume`].
    pub fn suspend(&self) {
        if let Some(tor) = &*lock(&self.inner.tor) {
            tor.suspend();
        }
    }

    /// Ends [`Engine::suspend`].
    pub fn resume(&self) {
        if let Some(tor) = &*lock(&self.inner.tor) {
            tor.resume();
        }
    }

    /// Cancels creations, waits for removals up to 30 seconds, ends Tor, and lets go of the folder.
    pub async fn close(self) {
        let _whoever_is_second_waits = self.inner.ending.lock().await;
        self.inner.closing.cancel();
        self.inner.tasks.close();
        // What is not done in time is in the store, and done at the next start.
        let _ = timeout(limits::CLOSING, self.inner.tasks.wait()).await;
        lock(&self.inner.dialers).take();
        lock(&self.inner.dials).clear();
        let tor = lock(&self.inner.tor).take();
        if let Some(tor) = tor.and_then(Arc::into_inner) {
            tor.close().await;
        }
        lock(&self.inner.store).take();
        self.inner.reporter.end();
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

fn unix_seconds<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
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
    clock: Box<dyn Clock>,
    rng: Mutex<Box<dyn CryptoRng + Send>>,
    /// `None` once closed.
    store: Mutex<Option<Store>>,
    tor: Mutex<Option<Arc<Tor>>>,
    /// Held while Tor is started.
    starting: tokio::sync::Mutex<()>,
    /// Held while all is ended.
    ending: tokio::sync::Mutex<()>,
    /// Accounts that were found unfinished at the opening; those of this run have somebody who finishes them.
    pub(crate) left_behind: Vec<String>,
    /// Tor's status as it was last reported.
    reported: Mutex<Option<Event>>,
    dialers: Mutex<Option<Arc<dyn Dialers>>>,
    /// Each account's own dialer, for as long as the process lives.
    dials: Mutex<HashMap<String, Arc<dyn Dial>>>,
    /// Where background work runs: it is also begun where a caller drops something outside of any runtime.
    runtime: Handle,
    /// Who works on an account: one at a time.
    locks: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    tasks: TaskTracker,
    closing: CancellationToken,
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
        lock(&self.store).as_ref().map(|store| look(store.content())).ok_or(Error::Closed)
    }

    /// Changes what is stored; on return it is on disk.
    pub(crate) fn commit<T>(&self, change: impl FnOnce(&mut Content) -> T) -> Result<T, Error> {
        let mut store = lock(&self.store);
        let store = store.as_mut().ok_or(Error::Closed)?;
        self.with_rng(|rng| store.commit(rng, change))
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
        let event = Event::Tor { fraction: status.fraction, ready: status.is_ready(), blocked };
        if lock(&self.reported).replace(event.clone()).as_ref() != Some(&event) {
            self.reporter.report(event);
        }
    }
}

/// No code panics while it holds one of these; if one ever does, what it guards is still whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
