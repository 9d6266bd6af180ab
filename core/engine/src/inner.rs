//! What all of the engine's work shares, and what it stands on: the store, Tor, tasks, the connections.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use flashpaper_chat::{Address, Changed, Conversation, Mailbox, News, PeerId, Random, Sessions, Talk, retention, view};
use flashpaper_otr as otr;
use flashpaper_otr::InstanceTag;
use flashpaper_tor as tor;
use flashpaper_tor::Tor;
use flashpaper_vault::{FreshKey, NextKey, OldKey};
use flashpaper_xmpp::{Ids, Tls};
use futures::FutureExt as _;
use rand::CryptoRng;
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{Key, Network};
use crate::connection::handle::{ConnectionHandle, Profile};
use crate::directory::{Directory, Server};
use crate::event::{BurnerId, Connection, Event, Reporter};
use crate::high_water::HighWater;
use crate::network::circuits::Circuits;
use crate::seams::{Clock, Dialers};
use crate::snapshot::TorStatus;
use crate::spread::Spread;
use crate::store::{self, Account, Content, Store};
use crate::tasks::blocking;
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
    pub(crate) tor_config: tor::Config,
    pub(crate) tls: Tls,
    directory: Directory,
    pub(crate) reporter: Reporter,
    pub(crate) clock: Box<dyn Clock>,
    rng: Random,
    pub(crate) store: Mutex<Access>,
    /// Held by whoever has the key of the store used, on a thread that may wait: a key source may ask a person. The store is
    /// not locked meanwhile.
    key_use: Mutex<()>,
    /// When the key of the store was last changed for its age, by the time since the device was started.
    renewed: Mutex<Duration>,
    pub(crate) tor: Mutex<Option<Arc<Tor>>>,
    /// Held while Tor is started or ended. Whether it was started, and is to be whenever the engine is awake.
    pub(crate) starting: Arc<tokio::sync::Mutex<bool>>,
    /// Tor's status as it was last reported.
    pub(crate) reported: Mutex<Option<TorStatus>>,
    pub(crate) dialers: watch::Sender<Option<Arc<dyn Dialers>>>,
    pub(crate) circuits: Mutex<Circuits>,
    /// The connections that were asked for, by account.
    pub(crate) handles: Mutex<HashMap<String, Arc<ConnectionHandle>>>,
    /// Connections that were told to end and may not have yet.
    pub(crate) leaving: Mutex<Vec<Arc<ConnectionHandle>>>,
    /// Each account's OTR sessions. Locked while the store is.
    talks: Mutex<HashMap<String, Sessions>>,
    /// Each account's long-term OTR key, once it was needed.
    keys: Mutex<HashMap<String, Arc<otr::Identity>>>,
    pub(crate) profile: Mutex<Profile>,
    pub(crate) spread: Mutex<Spread>,
    pub(crate) high_water: Mutex<HighWater>,
    /// When the next message or session expires may have changed.
    pub(crate) expiry: Notify,
    /// Where background work runs: it is also begun where a caller drops something outside of any runtime.
    pub(crate) runtime: Handle,
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
    pub(crate) rng: Random,
    pub(crate) store: Store,
}

impl Inner {
    pub(crate) fn new(Parts { home, network, tor_config, tls, directory, clock, rng, store }: Parts) -> Self {
        let high_water = HighWater::new(store.content().latest, clock.since_boot());
        Self {
            home,
            network,
            tor_config,
            tls,
            directory,
            reporter: Reporter::new(),
            renewed: Mutex::new(clock.since_boot()),
            clock,
            rng,
            store: Mutex::new(Access::Open(Box::new(store))),
            key_use: Mutex::default(),
            tor: Mutex::default(),
            starting: Arc::default(),
            reported: Mutex::default(),
            dialers: watch::Sender::default(),
            circuits: Mutex::default(),
            handles: Mutex::default(),
            leaving: Mutex::default(),
            talks: Mutex::default(),
            keys: Mutex::default(),
            profile: Mutex::default(),
            spread: Mutex::default(),
            high_water: Mutex::new(high_water),
            expiry: Notify::new(),
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

    pub(crate) fn rng(&self) -> Random {
        self.rng.clone()
    }

    pub(crate) fn ids(&self) -> Ids {
        Ids::new(Box::new(self.rng()))
    }

    pub(crate) fn read<T>(&self, look: impl FnOnce(&Content) -> T) -> Result<T, Error> {
        self.with_store(|store| Ok(look(store.content())))
    }

    /// Looks at a burner's mailbox, which is read from disk where it was not needed before.
    pub(crate) fn look<T>(&self, id: &str, look: impl FnOnce(&Mailbox) -> T) -> Result<T, Error> {
        self.with_store(|store| {
            store.fetch(id)?;
            Ok(look(store.content().mailbox(id)))
        })
    }

    /// Changes what is stored; on return it is on disk.
    pub(crate) fn commit<T>(&self, change: impl FnOnce(&mut Content) -> T) -> Result<T, Error> {
        self.with_store(|store| store.commit(&mut self.rng(), change))
    }

    /// Changes a burner's mailbox; on return that is on disk, what is done and not to be kept is gone, and the changes are
    /// reported.
    pub(crate) fn update(&self, id: &str, change: impl FnOnce(&mut Mailbox, u64) -> Changed) -> Result<(), Error> {
        let (now, expiry_now) = (self.now(), self.expiry_now());
        self.with_store(|store| {
            let history = store.content().account(id)?.history;
            store.fetch(id)?;
            let change = |content: &mut Content| {
                let mailbox = content.mailbox_mut(id);
                let changed = change(mailbox, now);
                retention::sweep(mailbox, history, expiry_now);
                changed
            };
            // Reported before anybody else changes the same.
            for (message, state) in store.commit(&mut self.rng(), change)? {
                self.reporter.report(Event::Message { burner: BurnerId(id.to_owned()), message, state });
            }
            self.expiry.notify_one();
            Ok(())
        })
    }

    /// [`Inner::update`] for what concerns conversations: on return their sessions are on disk, too.
    pub(crate) fn converse<T>(&self, id: &str, work: impl FnOnce(&mut Talk<'_>) -> T) -> Result<T, Error> {
        let key = self.key(id)?;
        let times = (self.now(), self.clock.since_boot());
        let expiry_now = self.expiry_now();
        let mut result = None;
        let mut told = Vec::new();
        self.with_store(|store| {
            store.fetch(id)?;
            let account = store.content().account(id)?;
            let (life, tag, history) = (account.session_life, InstanceTag(account.tag), account.history);
            let mut talks = lock(&self.talks);
            let sessions = talks.entry(id.to_owned()).or_insert_with(|| Sessions::new(key, tag));
            sessions.set_version_3_only(account.version_3_only);
            let mut sessions = Uncommitted { sessions, is_stored: false };
            let change = |content: &mut Content| {
                let mailbox = content.mailbox_mut(id);
                let mut talk = Talk::new(mailbox, sessions.sessions, self.rng(), times, life);
                result = Some(work(&mut talk));
                let news = talk.end();
                told = self.events_of(id, mailbox, &news);
                retention::sweep(mailbox, history, expiry_now);
            };
            store.commit(&mut self.rng(), change)?;
            sessions.is_stored = true;
            self.expiry.notify_one();
            // Reported before anybody else changes the same.
            told.drain(..).for_each(|event| self.reporter.report(event));
            Ok(())
        })?;
        result.ok_or(Error::Internal)
    }

    fn events_of(&self, id: &str, mailbox: &Mailbox, news: &News) -> Vec<Event> {
        let burner = || BurnerId(id.to_owned());
        let peer = |row: &PeerId| Address::from(mailbox.jid(*row));
        let messages = news.messages.iter().map(|(message, state)| Event::Message {
            burner: burner(),
            message: *message,
            state: *state,
        });
        let conversations =
            news.conversations.iter().map(|row| Event::Conversation { burner: burner(), peer: peer(row) });
        let comparisons = news.comparisons.iter().map(|(row, comparison)| Event::Comparison {
            burner: burner(),
            peer: peer(row),
            comparison: comparison.clone(),
        });
        let notices = news.notices.iter().map(|(row, notice)| Event::Notice {
            burner: burner(),
            peer: peer(row),
            notice: notice.clone(),
        });
        conversations.chain(comparisons).chain(notices).chain(messages).collect()
    }

    /// A burner's conversations, with what is not stored of them.
    pub(crate) fn conversations(&self, mailbox: &Mailbox, id: &str) -> Vec<Conversation> {
        let mut conversations = view::conversations(mailbox);
        if let Some(sessions) = lock(&self.talks).get(id) {
            for (row, conversation) in mailbox.peers.keys().zip(&mut conversations) {
                sessions.complete(*row, conversation);
            }
        }
        conversations
    }

    /// An account's long-term OTR key. It takes a tenth of a second the first time.
    pub(crate) fn key(&self, id: &str) -> Result<Arc<otr::Identity>, Error> {
        if let Some(key) = lock(&self.keys).get(id) {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(self.account(id)?.otr.key().ok_or(Error::Internal)?);
        // Not behind the back of somebody who has locked the engine meanwhile.
        self.read(|_| Arc::clone(lock(&self.keys).entry(id.to_owned()).or_insert(key)))
    }

    /// When the next of an account's sessions has something to do, by the time since the device was started.
    pub(crate) fn talk_deadline(&self, id: &str) -> Option<Duration> {
        lock(&self.talks).get(id).and_then(Sessions::deadline)
    }

    /// Whether an account's sessions are about to have something.
    pub(crate) fn is_talk_busy(&self, id: &str) -> bool {
        lock(&self.talks).get(id).is_some_and(|sessions| sessions.is_busy(self.clock.since_boot()))
    }

    /// Takes all sessions out of memory, and keys: whoever needs them has them from the store.
    pub(crate) fn forget_talks(&self) {
        lock(&self.talks).clear();
        lock(&self.keys).clear();
    }

    /// A burner has something to send that its user wants sent.
    pub(crate) fn has_work(&self, id: &BurnerId) {
        if let Some(handle) = lock(&self.handles).get(&id.0) {
            handle.has_work();
            if handle.connection() == Connection::Online {
                handle.hurry();
            }
        }
    }

    /// Has another key open the folder from now on, and only that. Takes as long as opening it.
    pub(crate) fn change_key(&self, key: &Key) -> Result<(), Error> {
        self.rekey(|next, rng| store::sealed_by(next, &self.home, key, rng), Store::change_key)
    }

    fn rekey(
        &self,
        begin: impl FnOnce(NextKey, &mut dyn CryptoRng) -> Result<NextKey, Error>,
        change: impl FnOnce(&mut Store, FreshKey, &mut dyn CryptoRng) -> Result<OldKey, Error>,
    ) -> Result<(), Error> {
        let _one_at_a_time = lock(&self.key_use);
        let mut rng = self.rng();
        let next = self.with_store(Store::next_key)?;
        let fresh = begin(next, &mut rng)?.seal(&mut rng)?;
        let old = self.with_store(|store| change(store, fresh, &mut rng))?;
        if let Some(finding) = old.delete() {
            // Where it was closed or locked meanwhile, the next opening tells.
            let _ = self.with_store(|store| {
                store.report().add(finding);
                Ok(())
            });
        }
        Ok(())
    }

    /// Opens the folder again after a sleep. Takes as long as a key source does.
    pub(crate) fn reopen(&self) -> Result<(), Error> {
        // Who is awake does not wait for a burn that asks a person.
        if self.with_store(|store| Ok(store.closed()))?.is_none() {
            return Ok(());
        }
        let _one_at_a_time = lock(&self.key_use);
        let Some(closed) = self.with_store(|store| Ok(store.closed()))? else { return Ok(()) };
        let mut reopened = Store::reopen(&self.home, &closed, &mut self.rng())?;
        // A key source may ask the user, so the key is not renewed each time that the phone wakes.
        let now = self.clock.since_boot();
        let mut renewed = lock(&self.renewed);
        if now.saturating_sub(*renewed) >= limits::RENEW {
            reopened.renew(&mut self.rng())?;
            *renewed = now;
        }
        self.with_store(|store| {
            // A finding is kept until the app has shown it.
            reopened.report().incomplete |= store.report().incomplete;
            *store = reopened;
            Ok(())
        })
    }

    pub(crate) fn with_store<T>(&self, work: impl FnOnce(&mut Store) -> Result<T, Error>) -> Result<T, Error> {
        work(lock(&self.store).store()?)
    }

    /// What [`crate::Engine::open`] does where the folder is open already: has the store open if the key is right. Nobody
    /// else has to wait while that is found out.
    pub(crate) fn open_again(&self, key: &Key) -> Result<(), Error> {
        let _one_at_a_time = lock(&self.key_use);
        let wrapped = match &mut *lock(&self.store) {
            Access::Open(store) if !store.is_suspended() => Some(store.wrapped()?),
            Access::Open(_) | Access::Locked => None,
            Access::Closed => return Err(Error::Closed),
        };
        if let Some(wrapped) = wrapped {
            return store::check_key(&wrapped, &self.home, key);
        }
        let store = Store::open(&self.home, key, &mut self.rng())?;
        match &mut *lock(&self.store) {
            Access::Closed => return Err(Error::Closed),
            access => *access = Access::Open(Box::new(store)),
        }
        Ok(())
    }

    pub(crate) fn profile(&self) -> Profile {
        *lock(&self.profile)
    }

    /// Whether everything that the server had for a burner has come: there may be something that uses a session.
    pub(crate) fn has_drained(&self, id: &str) -> bool {
        lock(&self.handles)
            .get(id)
            .is_some_and(|handle| handle.connection() == Connection::Online && handle.is_drained())
    }

    /// Notes how a burner is connected, and reports it, unless another connection has taken the place of this.
    pub(crate) fn set_connection(&self, id: &BurnerId, handle: &ConnectionHandle, connection: Connection) {
        if !handle.set(connection.clone()) {
            return;
        }
        let handles = lock(&self.handles);
        if handles.get(&id.0).is_none_or(|present| std::ptr::eq(&raw const **present, handle)) {
            self.reporter.report(Event::Connection { burner: id.clone(), connection });
        }
    }

    pub(crate) fn account(&self, id: &str) -> Result<Account, Error> {
        self.read(|content| content.account(id).cloned())?
    }

    /// Held by whoever works on an account.
    pub(crate) fn lock_of(&self, id: &str) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(lock(&self.locks).entry(id.to_owned()).or_default())
    }

    /// [`Inner::forget_now`]. Goes on when the future is dropped.
    pub(crate) async fn forget(self: &Arc<Self>, id: &str) -> Result<(), Error> {
        let (inner, id) = (Arc::clone(self), id.to_owned());
        blocking(move || inner.forget_now(&id)).await
    }

    /// Waits until nobody uses the key of the store.
    pub(crate) async fn key_unused(self: &Arc<Self>) {
        let inner = Arc::clone(self);
        let unused = move || {
            drop(lock(&inner.key_use));
            Ok(())
        };
        let _ = blocking(unused).await;
    }

    /// Forgets an account and what belongs to it. Takes as long as a key source does.
    pub(crate) fn forget_now(&self, id: &str) -> Result<(), Error> {
        self.rekey(|next, _| Ok(next), |store, fresh, rng| store.forget(id, fresh, rng))?;
        lock(&self.circuits).forget(id);
        lock(&self.locks).remove(id);
        lock(&self.talks).remove(id);
        lock(&self.keys).remove(id);
        Ok(())
    }

    pub(crate) fn choose_server(&self, named: Option<&str>, route: Option<Route>) -> Result<Server, Error> {
        if let Some(domain) = named {
            return self.directory.named(domain);
        }
        let in_use: Vec<String> = self.read(|c| c.accounts.iter().map(|a| a.domain.clone()).collect())?;
        let in_use: Vec<&str> = in_use.iter().map(String::as_str).collect();
        self.directory.draw(route, &in_use, &mut self.rng())
    }

    pub(crate) fn server_of(&self, account: &Account) -> Result<Server, Error> {
        self.directory.named(&account.domain)
    }

    /// Begins work that closing waits for, and that ends when the engine falls asleep.
    pub(crate) fn spawn(&self, work: impl Future<Output = Result<(), Error>> + Send + 'static) {
        let awake = lock(&self.awake).clone();
        // What became of it is reported by events.
        let work = AssertUnwindSafe(work).catch_unwind();
        self.tasks.spawn_on(Box::pin(awake.run_until_cancelled_owned(work)), &self.runtime);
    }

    /// Begins work that may wait for a person, and that closing waits for.
    pub(crate) fn begin_blocking(&self, work: impl FnOnce() + Send + 'static) {
        self.tasks.spawn_blocking_on(work, &self.runtime);
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

    pub(crate) fn is_asleep(&self) -> bool {
        lock(&self.awake).is_cancelled()
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
}

/// Sessions that are ahead of what is stored, until that is stored. If it never is, they are what is stored.
struct Uncommitted<'a> {
    sessions: &'a mut Sessions,
    is_stored: bool,
}

impl Drop for Uncommitted<'_> {
    fn drop(&mut self) {
        if !self.is_stored {
            self.sessions.forget();
        }
    }
}

/// No code panics while it holds one of these; if one ever does, what it guards is still whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
