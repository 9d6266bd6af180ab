//! Opening, starting, sleeping, waking and closing.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use flashpaper_chat::Random;
use flashpaper_tor as tor;
use flashpaper_xmpp::Tls;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::config::{Config, Network};
use crate::connection::handle::ConnectionHandle;
use crate::directory::Directory;
use crate::error::Input;
use crate::event::{BurnerId, Connection};
use crate::inner::{Access, Inner, Parts, lock};
use crate::seams::{Dialers, Seams};
use crate::snapshot::SyncReport;
use crate::store::{Account, State, Store};
use crate::tasks::blocking;
use crate::{Engine, Error, limits, reconcile};

/// The engines of this process. Held while one is opened.
static OPEN: tokio::sync::Mutex<Vec<Weak<Inner>>> = tokio::sync::Mutex::const_new(Vec::new());

impl Engine {
    /// Opens the home folder. No network is touched, nor will it be before [`Engine::start_tor`]. A folder that this process
    /// has open already gives the same engine, unlocked, and awake as [`Engine::resume`] has it: closing it closes it for all.
    ///
    /// # Errors
    /// The folder cannot be used, is in use by another process or for another network, is sealed with another key, or is
    /// damaged; the key store does not hand its key out; the configuration is invalid.
    pub async fn open(config: Config) -> Result<Self, Error> {
        Self::open_with(config, Seams::real()).await
    }

    /// [`Engine::open`] with other seams, for tests.
    #[doc(hidden)]
    pub async fn open_with(config: Config, seams: Seams) -> Result<Self, Error> {
        let Config { home, key, network } = config;
        let Seams { clock, rng } = seams;
        let rng = Random::new(rng);
        let mut open = OPEN.lock().await;
        open.retain(|engine| engine.strong_count() > 0);
        let same = |inner: &Arc<Inner>| same_folder(&inner.home, &home) && !inner.closing.is_cancelled();
        if let Some(inner) = open.iter().filter_map(Weak::upgrade).find(same) {
            if inner.network != network {
                return Err(Error::InUse);
            }
            inner.interrupt_sync();
            let again = Arc::clone(&inner);
            let work = async move {
                let _one_at_a_time = again.life.lock().await;
                let opened = Arc::clone(&again);
                blocking(move || opened.open_again(&key)).await
            };
            inner.supervised(work).await?;
            let engine = Self { inner };
            if engine.inner.is_asleep() {
                engine.resume().await?;
            }
            return Ok(engine);
        }
        let (tor_network, tls, directory) = match network.clone() {
            Network::Public => (tor::Network::Public, Tls::public_roots(), Directory::built_in()?),
            Network::Private(private) => {
                let tls =
                    Tls::only_roots_in(&private.ca_pem).map_err(|_| Error::InvalidInput { input: Input::Network })?;
                (tor::Network::Private(private.arti), tls, Directory::new(private.servers))
            }
        };
        let tor_config =
            tor::Config { state_dir: home.join("tor/state"), cache_dir: home.join("tor/cache"), network: tor_network };
        let folder = home.clone();
        let mut draw = rng.clone();
        let store = blocking(move || Store::open(&folder, &key, &mut draw)).await?;
        let inner = Arc::new(Inner::new(Parts { home, network, tor_config, tls, directory, clock, rng, store }));
        open.push(Arc::downgrade(&inner));
        inner.begin_to_forget();
        Ok(Self { inner })
    }

    /// Connects to Tor, then settles what an earlier run left behind, for a minute at most. Called again after an error it
    /// goes on trying.
    ///
    /// # Errors
    /// Why Tor is not ready within `deadline`; [`Error::Suspended`], [`Error::Closed`], storage errors,
    /// [`Error::KeyDenied`].
    pub async fn start_tor(&self, deadline: Duration) -> Result<(), Error> {
        let inner = Arc::clone(&self.inner);
        let work = async move {
            inner.run_tor(false).await?;
            inner.tor_ready(deadline).await?;
            // What takes longer is left to the next start.
            timeout(limits::SETTLING, reconcile::settle_all(&inner)).await.unwrap_or(Ok(()))
        };
        self.inner.while_awake(work).await
    }

    /// What [`Engine::start_tor`] does once it has dialers. For tests: with other dialers there is no Tor.
    #[doc(hidden)]
    pub async fn start_on(&self, dialers: Arc<dyn Dialers>) -> Result<(), Error> {
        self.inner.set_dialers(Some(dialers));
        let inner = Arc::clone(&self.inner);
        self.inner.while_awake(async move { reconcile::settle_all(&inner).await }).await
    }

    /// Lets go of the network and the folder within `deadline`, for a phone's sleep: Tor ends, and there is no traffic, no
    /// wake-up and, unless a key store asks a person meanwhile, no lock. 3 seconds will do; several burners end at random
    /// moments within it, so that a longer one tells less that they are of one phone. Servers keep connections apart for some minutes, to be taken up again. What
    /// is under way ends as if the process did; [`Engine::resume`] settles it. The key and what is stored stay in memory,
    /// see [`Engine::lock`]. Goes on when the future is dropped.
    pub async fn suspend(&self, deadline: Duration) {
        self.inner.interrupt_sync();
        let inner = Arc::clone(&self.inner);
        let work = async move {
            let _one_at_a_time = inner.life.lock().await;
            inner.fall_asleep(deadline, Access::suspend).await;
            Ok(())
        };
        // A closed engine sleeps for ever.
        let _ = self.inner.supervised(work).await;
    }

    /// Ends [`Engine::suspend`]: opens the folder again, starts Tor if it ran, and has those burners connect that were, each
    /// at a random moment (see [`Engine::set_spread`]). Does nothing where the engine is awake. Goes on when the future is dropped.
    ///
    /// # Errors
    /// As [`Engine::open`], and [`Error::InUse`] where Tor runs for another process; it can be called again then.
    pub async fn resume(&self) -> Result<(), Error> {
        self.inner.interrupt_sync();
        let inner = Arc::clone(&self.inner);
        let work = async move {
            let _one_at_a_time = inner.life.lock().await;
            inner.wake().await?;
            inner.pick_up_again()
        };
        self.inner.supervised(work).await
    }

    /// What a phone's background task does: resumes, starts Tor where it was not, connects those burners that the app wants
    /// connected (by [`Engine::connect`], in this process or an earlier one, and not [`Engine::disconnect`] since), waits until
    /// what there is has come and gone, and suspends; all within `deadline`, but for 3 seconds. Several are connected one
    /// after the other, in random order and apart as far as `deadline` allows. [`Engine::suspend`] and [`Engine::resume`] end
    /// it early. Goes on when the future is dropped.
    ///
    /// # Errors
    /// As [`Engine::resume`] and [`Engine::start_tor`]; [`Error::Cancelled`] when it was ended early. That a burner cannot
    /// connect is no error: see [`SyncReport`].
    pub async fn sync_once(&self, deadline: Duration) -> Result<SyncReport, Error> {
        let until = Instant::now() + deadline;
        let interrupted = self.inner.interrupt_sync();
        let inner = Arc::clone(&self.inner);
        let work = async move {
            let _one_at_a_time = inner.life.lock().await;
            let before = lock(&inner.handles).clone();
            let woken = async {
                inner.wake().await?;
                let sync = interrupted.run_until_cancelled(sync(&inner, until));
                timeout_at(until, sync).await.unwrap_or(Some(Err(Error::Timeout))).unwrap_or(Err(Error::Cancelled))
            };
            let report = woken.await;
            inner.fall_asleep(limits::SUSPENDING, Access::suspend).await;
            inner.restore(before);
            report
        };
        self.inner.supervised(work).await
    }

    /// [`Engine::suspend`], and takes all keys and contents out of memory. [`Engine::open`] with the key opens this engine
    /// again; until then every call that needs them fails with [`Error::VaultLocked`]. Goes on when the future is dropped.
    pub async fn lock(&self) {
        self.inner.interrupt_sync();
        let inner = Arc::clone(&self.inner);
        let work = async move {
            let _one_at_a_time = inner.life.lock().await;
            inner.fall_asleep(limits::SUSPENDING, |access| *access = Access::Locked).await;
            lock(&inner.handles).clear();
            inner.reporter.forget();
            Ok(())
        };
        let _ = self.inner.supervised(work).await;
    }

    /// Cancels creations, waits for removals up to 30 seconds, ends Tor, and lets go of the folder.
    pub async fn close(self) {
        let _whoever_is_second_waits = self.inner.ending.lock().await;
        self.inner.closing.cancel();
        self.inner.interrupt_sync();
        self.inner.tasks.close();
        self.inner.end_lines(Instant::now() + limits::SUSPENDING).await;
        // What is not done in time is in the store, and done at the next start.
        let _ = timeout(limits::CLOSING, self.inner.tasks.wait()).await;
        lock(&self.inner.handles).clear();
        let _ = self.inner.end_tor().await.await;
        self.inner.set_dialers(None);
        *lock(&self.inner.store) = Access::Closed;
        self.inner.forget_talks();
        self.inner.reporter.end();
    }
}

impl Inner {
    async fn fall_asleep(self: &Arc<Self>, deadline: Duration, let_go: impl FnOnce(&mut Access)) {
        let until = Instant::now() + deadline;
        self.put_work_to_sleep();
        self.end_lines(until).await;
        // What is being forgotten needs the store for that.
        let _ = timeout_at(until, self.key_unused()).await;
        let_go(&mut lock(&self.store));
        self.forget_talks();
        let ended = self.end_tor().await;
        let _ = timeout_at(until, ended).await;
    }

    pub(crate) async fn wake(self: &Arc<Self>) -> Result<(), Error> {
        let inner = Arc::clone(self);
        blocking(move || inner.reopen()).await?;
        let was_asleep = self.wake_work();
        if was_asleep {
            self.begin_to_forget();
        }
        if let Err(error) = self.run_tor(true).await {
            if was_asleep {
                self.fall_asleep(limits::SUSPENDING, Access::suspend).await;
            }
            return Err(error);
        }
        if was_asleep && self.can_dial() {
            let inner = Arc::clone(self);
            self.spawn(async move {
                inner.closing.run_until_cancelled(inner.dialing()).await;
                timeout(limits::SETTLING, reconcile::settle_all(&inner)).await.unwrap_or(Ok(()))
            });
        }
        Ok(())
    }

    /// Has those connect that were.
    fn pick_up_again(self: &Arc<Self>) -> Result<(), Error> {
        let handles = lock(&self.handles).clone();
        let again = |handle: &ConnectionHandle| handle.is_over() && !is_refused(handle);
        handles.into_iter().filter(|(_, handle)| again(handle)).try_for_each(|(id, _)| {
            let wait = self.apart(self.spread().time());
            self.pick_up(&BurnerId(id), true, wait)
        })
    }

    /// The app finds those connected that it has asked for.
    fn restore(&self, before: HashMap<String, Arc<ConnectionHandle>>) {
        let is_wanted = |id: &str| self.account(id).is_ok_and(|account| account.wanted);
        let before = before.into_iter().filter(|(id, _)| is_wanted(id)).collect::<Vec<_>>();
        let mut handles = lock(&self.handles);
        handles.retain(|_, handle| handle.is_wanted());
        for (id, handle) in before {
            handles.entry(id).or_insert(handle);
        }
    }
}

/// A server that has refused a burner is not asked again before the app says so.
fn is_refused(handle: &ConnectionHandle) -> bool {
    matches!(handle.connection(), Connection::Ended { .. })
}

async fn sync(inner: &Arc<Inner>, until: Instant) -> Result<SyncReport, Error> {
    inner.run_tor(false).await?;
    inner.tor_ready(until.saturating_duration_since(Instant::now())).await?;
    drain_wanted(inner, until).await
}

/// Has those burners that are wanted connect, and waits until what there is has come and gone.
pub(crate) async fn drain_wanted(inner: &Arc<Inner>, until: Instant) -> Result<SyncReport, Error> {
    let engine = Engine { inner: Arc::clone(inner) };
    let before = lock(&inner.handles).clone();
    let due = |account: &&Account| {
        let refused = before.get(&account.id).is_some_and(|handle| is_refused(handle));
        account.wanted && account.state == State::Active && !refused
    };
    let due: Vec<BurnerId> =
        inner.read(|content| content.accounts.iter().filter(due).map(|a| BurnerId(a.id.clone())).collect())?;
    let mut complete = true;
    let count = due.len();
    for (index, id) in inner.shuffled(due).iter().enumerate() {
        // Each has its part of what is left: one that does not come must not keep the others.
        let part = until.saturating_duration_since(Instant::now()) / u32::try_from(count - index).unwrap_or(u32::MAX);
        let end = Instant::now() + part;
        if count > 1 {
            sleep(inner.apart(inner.spread().time().min(part / 4))).await;
        }
        inner.pick_up(id, before.get(&id.0).is_some_and(|handle| handle.is_wanted()), Duration::ZERO)?;
        let Some(handle) = lock(&inner.handles).get(&id.0).cloned() else { continue };
        complete &= timeout_at(end, handle.drained()).await.is_ok() && handle.connection() == Connection::Online;
        if count > 1 {
            handle.end_by(end + limits::PARTING).await;
        }
    }
    let (mut unread, mut outbox) = (0, 0);
    for conversation in engine.snapshot()?.burners.iter().flat_map(|burner| &burner.conversations) {
        unread += conversation.unread;
        outbox += conversation.outbox;
    }
    Ok(SyncReport { unread, outbox, complete })
}

fn same_folder(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}
