//! What all of the engine's work shares, and what it stands on: the store, Tor, tasks, the connections.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use flashpaper_tor as tor;
use flashpaper_tor::Tor;
use flashpaper_xmpp::{Ids, Tls};
use futures::FutureExt as _;
use rand::rngs::StdRng;
use rand::{CryptoRng, RngExt as _, SeedableRng as _};
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{Key, Network};
use crate::directory::{Directory, Server};
use crate::event::{BurnerId, Event, Reporter};
use crate::mailbox::{Changed, Mailbox};
use crate::online::{self, Ending, Line, Profile};
use crate::seams::{Clock, Dial, Dialers};
use crate::snapshot::TorStatus;
use crate::store::{Account, Content, Store};
use crate::{Error, Route, limits};

/// Whether there is a store to work with.
pub(crate) enum Access {
    Open(Box<Store>),
    /// See [`crate::Engine::lock`].
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

    pub(crate) fn suspend(&mut self) {
        *self = match std::mem::replace(self, Self::Closed) {
            Self::Open(store) => Self::Open(Box::new(store.suspend())),
            other => other,
        };
    }
}

/// What all of the engine's work shares.
pub(crate) struct Inner {
    pub(crate) home: PathBuf,
    pub(crate) network: Network,
    tor_config: tor::Config,
    pub(crate) tls: Tls,
    directory: Directory,
    pub(crate) reporter: Reporter,
    pub(crate) clock: Box<dyn Clock>,
    rng: Mutex<Box<dyn CryptoRng + Send>>,
    pub(crate) store: Mutex<Access>,
    tor: Mutex<Option<Arc<Tor>>>,
    /// Held while Tor is started or ended. Whether it was started, and is to be whenever the engine is awake.
    starting: tokio::sync::Mutex<bool>,
    /// Tor's status as it was last reported.
    pub(crate) reported: Mutex<Option<TorStatus>>,
    dialers: watch::Sender<Option<Arc<dyn Dialers>>>,
    /// Each account's own dialer, for as long as Tor runs.
    dials: Mutex<HashMap<String, Arc<dyn Dial>>>,
    /// The connections that were asked for, by account.
    pub(crate) lines: Mutex<HashMap<String, Arc<Line>>>,
    pub(crate) profile: Mutex<Profile>,
    /// Where background work runs: it is also begun where a caller drops something outside of any runtime.
    runtime: Handle,
    /// Who works on an account: one at a time.
    locks: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    pub(crate) tasks: TaskTracker,
    /// Held by whoever has the engine fall asleep or wake.
    pub(crate) life: tokio::sync::Mutex<()>,
    /// Cancelled while the engine is asleep: what works on an account ends with it.
    awake: Mutex<CancellationToken>,
    /// Cancelled to end [`crate::Engine::sync_once`].
    sync: Mutex<CancellationToken>,
    /// Held while all is ended.
    pub(crate) ending: tokio::sync::Mutex<()>,
    pub(crate) closing: CancellationToken,
}

/// What an [`Inner`] begins with.
pub(crate) struct Parts {
    pub(crate) home: PathBuf,
    pub(crate) network: Network,
    pub(crate) tor_config: tor::Config,
    pub(crate) tls: Tls,
    pub(crate) directory: Directory,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) rng: Box<dyn CryptoRng + Send>,
    pub(crate) store: Store,
}

impl Inner {
    pub(crate) fn new(Parts { home, network, tor_config, tls, directory, clock, rng, store }: Parts) -> Self {
        Self {
            home,
            network,
            tor_config,
            tls,
            directory,
            reporter: Reporter::new(),
            clock,
            rng: Mutex::new(rng),
            store: Mutex::new(Access::Open(Box::new(store))),
            tor: Mutex::default(),
            starting: tokio::sync::Mutex::default(),
            reported: Mutex::default(),
            dialers: watch::Sender::default(),
            dials: Mutex::default(),
            lines: Mutex::default(),
            profile: Mutex::default(),
            runtime: Handle::current(),
            locks: Mutex::default(),
            tasks: TaskTracker::new(),
            life: tokio::sync::Mutex::default(),
            awake: Mutex::default(),
            sync: Mutex::default(),
            ending: tokio::sync::Mutex::default(),
            closing: CancellationToken::new(),
        }
    }

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
    pub(crate) fn sweep(&self) -> Result<(), Error> {
        let ids: Vec<String> = self.read(|content| content.accounts.iter().map(|a| a.id.clone()).collect())?;
        ids.iter().try_for_each(|id| self.update(id, |_, _| Vec::new()))
    }

    pub(crate) fn with_store<T>(&self, work: impl FnOnce(&mut Store) -> Result<T, Error>) -> Result<T, Error> {
        work(lock(&self.store).store()?)
    }

    /// What [`crate::Engine::open`] does where the folder is open already; whether the engine was asleep or locked.
    pub(crate) fn open_again(&self, key: &Key) -> Result<bool, Error> {
        let mut access = lock(&self.store);
        match &mut *access {
            Access::Open(store) if !store.is_suspended() => store.check_key(&self.home, key).map(|()| false),
            Access::Open(_) | Access::Locked => {
                *access = Access::Open(Box::new(self.with_rng(|rng| Store::open(&self.home, key, rng))?));
                Ok(true)
            }
            Access::Closed => Err(Error::Closed),
        }
    }

    pub(crate) fn profile(&self) -> Profile {
        *lock(&self.profile)
    }

    /// Has a burner's connection begin, unless it has.
    pub(crate) fn pick_up(inner: &Arc<Self>, id: &BurnerId) {
        let mut lines = lock(&inner.lines);
        if inner.closing.is_cancelled() || lines.get(&id.0).is_some_and(|line| !line.is_over()) {
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
        self.dialers.borrow().as_ref().map(|d| d.isolated()).ok_or(Error::TorNotStarted)
    }

    /// Waits until there are dialers.
    pub(crate) async fn dialing(&self) {
        // The sender is ours.
        let _ = self.dialers.subscribe().wait_for(Option::is_some).await;
    }

    /// Whether there are dialers, or will be.
    pub(crate) fn can_dial(&self) -> bool {
        lock(&self.tor).is_some() || self.dialers.borrow().is_some()
    }

    /// Those before are of no use any more.
    pub(crate) fn set_dialers(&self, dialers: Option<Arc<dyn Dialers>>) {
        self.dialers.send_replace(dialers);
        lock(&self.dials).clear();
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

    /// Begins work that closing waits for, and that ends when the engine falls asleep.
    pub(crate) fn spawn(&self, work: impl Future<Output = Result<(), Error>> + Send + 'static) {
        let awake = lock(&self.awake).clone();
        self.tasks.spawn_on(awake.run_until_cancelled_owned(work), &self.runtime);
    }

    /// Runs work that outlives the caller's future. A panic in it, or in a library below, becomes an error.
    pub(crate) fn supervised<T: Send + 'static>(
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

    /// [`Inner::supervised`] until the engine falls asleep.
    pub(crate) fn while_awake<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> impl Future<Output = Result<T, Error>> + Send {
        let awake = lock(&self.awake).clone();
        self.supervised(async move { awake.run_until_cancelled_owned(work).await.unwrap_or(Err(Error::Suspended)) })
    }

    /// Ends what works on accounts.
    pub(crate) fn put_work_to_sleep(&self) {
        lock(&self.awake).cancel();
    }

    /// Has work begin again; whether it could not before.
    pub(crate) fn wake_work(&self) -> bool {
        let mut awake = lock(&self.awake);
        let was_asleep = awake.is_cancelled();
        if was_asleep {
            *awake = CancellationToken::new();
        }
        was_asleep
    }

    /// Ends a sync that is under way; a token for the next.
    pub(crate) fn interrupt_sync(&self) -> CancellationToken {
        let next = self.closing.child_token();
        std::mem::replace(&mut *lock(&self.sync), next.clone()).cancel();
        next
    }

    /// Has the one Tor client run. In an engine that is woken: if it ran before.
    pub(crate) async fn run_tor(self: &Arc<Self>, only_again: bool) -> Result<(), Error> {
        let mut was_started = self.starting.lock().await;
        if lock(&self.tor).is_some() || only_again && !*was_started {
            return Ok(());
        }
        if matches!(self.tor_config.network, tor::Network::Private(_)) {
            self.reporter.report(Event::PrivateNetwork);
        }
        self.reporter.report(Event::TorStarting);
        let tor = Arc::new(Tor::start(self.tor_config.clone()).await?);
        let mut status = tor.status();
        *lock(&self.tor) = Some(tor);
        *was_started = true;
        let (inner, closing) = (Arc::downgrade(self), self.closing.clone());
        tokio::spawn(closing.run_until_cancelled_owned(async move {
            while status.changed().await.is_ok() {
                let Some(inner) = inner.upgrade() else { return };
                inner.report_tor(&status.borrow_and_update());
            }
        }));
        Ok(())
    }

    /// Waits until Tor can be used.
    pub(crate) async fn tor_ready(&self, deadline: Duration) -> Result<(), Error> {
        let (ready, mut status) = {
            let tor = lock(&self.tor);
            let tor = tor.as_ref().ok_or(Error::TorNotStarted)?;
            (tor.ready(deadline), tor.status())
        };
        let ready = self.closing.run_until_cancelled(ready).await.ok_or(Error::Closed)?;
        self.report_tor(&status.borrow_and_update());
        Ok(ready?)
    }

    /// Ends Tor, and waits until nothing of it is left.
    pub(crate) async fn end_tor(&self) {
        let _one_at_a_time = self.starting.lock().await;
        let Some(tor) = lock(&self.tor).take() else { return };
        self.set_dialers(None);
        *lock(&self.reported) = None;
        if let Some(tor) = Arc::into_inner(tor) {
            tor.close().await;
        }
    }

    /// Told by whoever sees a status first; told once. When it tells that Tor is ready, streams can be opened.
    fn report_tor(&self, status: &tor::Status) {
        if status.is_ready()
            && let Some(tor) = &*lock(&self.tor)
        {
            let first = |dialers: &mut Option<Arc<dyn Dialers>>| {
                dialers.is_none() && dialers.replace(Arc::clone(tor) as _).is_none()
            };
            self.dialers.send_if_modified(first);
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
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
