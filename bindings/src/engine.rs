//! The engine, on threads of its own: an app's threads do not work for it. A call that is not asynchronous returns at once. What
//! it does with messages and peers is in `conversations`.

use std::collections::HashMap;
use std::fmt;
use std::future::ready;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use flashpaper::{BurnReport, Burned, BurnerId, Error, Profile, QuestionId, Route, Spread, SyncReport};
use tokio::runtime::Runtime;
use tokio_util::task::AbortOnDropHandle;
use zeroize::Zeroizing;

use crate::access::TorAccess;
use crate::burn::PendingRemoval;
use crate::burner::Burner;
use crate::cancel::{CancelToken, token, unless_cancelled};
use crate::config::{Config, Key, engine_config};
use crate::create::CreateOptions;
use crate::creation::Creation;
use crate::event::Events;
use crate::question::{Answer, answers};
use crate::snapshot::Snapshot;
use crate::watched::States;

/// The library, opened on one folder. Dropped without `shutdown`, it is closed in the background.
#[derive(uniffi::Object)]
pub struct Engine {
    pub(crate) engine: flashpaper::Engine,
    is_closed: AtomicBool,
}

/// The engines of this process.
static OPEN: Mutex<Vec<Weak<Engine>>> = Mutex::new(Vec::new());

#[uniffi::export]
impl Engine {
    /// Opens the home folder. No network is touched, nor will it be before `start_tor` or `sync_once`. A folder that this process
    /// has open already gives the same engine, unlocked: closing it closes it for all. One that was suspended or locked is
    /// suspended then.
    ///
    /// With the duress passphrase it gives an empty engine: see `set_duress`.
    ///
    /// # Errors
    /// The folder cannot be used, is in use by another process or for another network, is sealed with another key, or is
    /// damaged; the key store does not hand its key out; the configuration is invalid.
    #[uniffi::constructor]
    pub async fn open(config: Config, cancel: Option<Arc<CancelToken>>) -> Result<Arc<Self>, Error> {
        let config = engine_config(config, cfg!(feature = "lab"))?;
        let engine = run(cancel, Box::pin(flashpaper::Engine::open(config))).await?;
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|engine| engine.strong_count() > 0);
        if let Some(same) = open.iter().filter_map(Weak::upgrade).find(|open| open.engine == engine) {
            return Ok(same);
        }
        let opened = Arc::new(Self { engine, is_closed: AtomicBool::new(false) });
        open.push(Arc::downgrade(&opened));
        Ok(opened)
    }

    /// Connects to Tor, then settles what an earlier run left behind, for a minute at most. After an error Tor goes on trying
    /// by itself, less and less often; called again, it starts anew at once. Where Tor runs by another way than `access` it
    /// ends, with all connections, and starts anew: over bridges nothing is ever tried directly. Then those burners connect
    /// that were to stay connected when the last process ended. Cancelled before Tor is ready, a Tor that this call has started
    /// ends, unless another call waits for it.
    ///
    /// # Errors
    /// Why Tor is not ready within `deadline`; `InvalidInput` for what is no bridge, and nothing has changed then;
    /// `Suspended`, `Closed`, storage errors, `KeyDenied`.
    pub async fn start_tor(
        &self,
        access: TorAccess,
        deadline: Duration,
        cancel: Option<Arc<CancelToken>>,
    ) -> Result<(), Error> {
        let (engine, access) = (self.engine.clone(), access.try_into()?);
        self.run(None, async move {
            let ready = engine.start_tor_until(access, deadline, token(cancel)).await;
            // After an error Tor goes on trying, and they wait for it.
            let again = engine.reconnect();
            ready.and(again)
        })
        .await
    }

    /// Ends Tor, with all connections: there is no traffic until `start_tor` or `sync_once`, and `resume` does not bring it
    /// back. Burners that were to be connected wait for the next start. A call that waits for Tor fails with `TorNotStarted`. May
    /// be called at any time, also while the engine is suspended or locked.
    ///
    /// # Errors
    /// `Closed`.
    pub async fn stop_tor(&self) -> Result<(), Error> {
        let engine = self.engine.clone();
        self.run(None, async move { engine.stop_tor().await }).await
    }

    /// Brings a burner back from its twelve recovery words (UTF-8) and the domain of its server: the same address, and the same
    /// key for its peers. Logs in to see that it is there; never registers. Contacts are those that the server knows;
    /// conversations are not kept anywhere but on the phone that had them. Cancelled, nothing was stored.
    ///
    /// # Errors
    /// `InvalidInput` with `Words`, before any network. `NoSuchBurner`: the server knows no such account. `AlreadyHere`.
    pub async fn restore(
        &self,
        words: Vec<u8>,
        server: String,
        route: Option<Route>,
        cancel: Option<Arc<CancelToken>>,
    ) -> Result<Burner, Error> {
        let (engine, words) = (self.engine.clone(), Zeroizing::new(words));
        let restore = async move {
            let words = Zeroizing::new(String::from_utf8_lossy(&words).into_owned());
            engine.restore(&words, &server, route).await.map(Burner::from)
        };
        self.run(cancel, restore).await
    }

    /// Answers what a server asks: the creation goes on. The answers are by the places of their fields, of which the first is 0.
    ///
    /// # Errors
    /// `InvalidInput`: the answers do not fit, and the question stays open. `NoSuchQuestion`.
    pub async fn answer(&self, id: QuestionId, answers: HashMap<u32, Answer>) -> Result<(), Error> {
        let answers = self::answers(answers);
        self.blocking(move |engine| engine.answer(id, answers)).await
    }

    /// Has the server ask anew, with another picture: this question ends, and another one follows.
    ///
    /// # Errors
    /// `NoSuchQuestion`.
    pub async fn ask_anew(&self, id: QuestionId) -> Result<(), Error> {
        self.blocking(move |engine| engine.ask_anew(id)).await
    }

    /// Does not answer: the server is given up. A creation that may choose its server goes on elsewhere, another one ends with
    /// `Declined`. To give up altogether, cancel the creation.
    ///
    /// # Errors
    /// `NoSuchQuestion`.
    pub async fn decline(&self, id: QuestionId) -> Result<(), Error> {
        self.blocking(move |engine| engine.decline(id)).await
    }

    /// Has another key open the folder from now on, and only that. Takes as long as `open`. The duress passphrase stays,
    /// unless there is no passphrase any more.
    pub async fn change_key(&self, key: Key) -> Result<(), Error> {
        let engine = self.engine.clone();
        self.run(None, async move { engine.change_key(key.into()).await }).await
    }

    /// Sets the duress passphrase, in the place of an earlier one, or takes it away. Who types it at `open`, or to unlock,
    /// does what `panic` does, and gets an empty engine, which the same passphrase opens from then on: nothing in it tells that
    /// there was another. Whether one is set can be told neither from the folder nor from how long opening it takes.
    ///
    /// It keeps nothing from somebody who has a copy of the folder: it does nothing to that, and can be tried on it. Takes as
    /// long as `open`.
    ///
    /// # Errors
    /// `InvalidInput`: it is empty or the passphrase itself, or the folder has none. Otherwise as `change_key`.
    pub async fn set_duress(&self, passphrase: Option<Vec<u8>>) -> Result<(), Error> {
        let (engine, passphrase) = (self.engine.clone(), passphrase.map(Zeroizing::new));
        self.run(None, async move { engine.set_duress(passphrase).await }).await
    }

    /// Takes an update of the server directory: a file that those who make this library have signed, however the app came by
    /// it. It counts from now on, also after a restart. What it does not name stays as it is. With a private network it is
    /// checked, and not taken.
    ///
    /// # Errors
    /// `Input.Directory` says what is wrong with it; storage errors, `Suspended`, `VaultLocked`, `Closed`. Nothing has
    /// changed then.
    pub async fn update_directory(&self, file: Vec<u8>) -> Result<(), Error> {
        let engine = self.engine.clone();
        self.run(None, async move { engine.update_directory(file).await }).await
    }

    /// Takes a list of servers that the user has made: a file of the server directory, unsigned, in the place of the one before.
    /// Its servers are drawn like those of the directory; where both know a server, the list counts. It is kept sealed, until `None`
    /// takes it away. With a private network it is checked, and not taken.
    ///
    /// # Errors
    /// `Input.Directory` says what is wrong with it, and in which line; storage errors, `Suspended`, `VaultLocked`,
    /// `Closed`. Nothing has changed then.
    pub async fn set_own_servers(&self, file: Option<Vec<u8>>) -> Result<(), Error> {
        let engine = self.engine.clone();
        self.run(None, async move { engine.set_own_servers(file).await }).await
    }

    /// Forgets the recovery words: the user has written them down, or does not want them.
    pub async fn drop_recovery_words(&self, id: BurnerId) -> Result<(), Error> {
        self.blocking(move |engine| engine.drop_recovery_words(&id)).await
    }

    /// Removes an account at its server, shows that it is gone, and forgets it here. Its peers are told that private conversations
    /// end, where it is connected. Where the server cannot be asked now, all but the removal is forgotten, and that is tried again by
    /// itself: see `pending_removals`, which this takes, too, to try at once. With the last burner goes what they share: Tor
    /// ends, its files are removed, and what was learnt of servers and the lists that the app has handed in are forgotten. The
    /// next creation starts Tor again. Cancelling ends the wait, not the burn.
    pub async fn burn(&self, id: BurnerId, cancel: Option<Arc<CancelToken>>) -> Result<BurnReport, Error> {
        let engine = self.engine.clone();
        self.run(cancel, async move { engine.burn(&id).await }).await
    }

    /// `burn` for all burners and for the removals that wait, each at a random moment within 5 seconds. Cancelling ends the wait, not
    /// the burns.
    ///
    /// # Errors
    /// `VaultLocked`, `Closed`. What fails for one keeps no other: see `Burned.failed`.
    pub async fn burn_all(&self, cancel: Option<Arc<CancelToken>>) -> Result<Vec<Burned>, Error> {
        let engine = self.engine.clone();
        self.run(cancel, async move { engine.burn_all().await }).await
    }

    /// Takes a burner off this device at once, without a network: all but its removal is forgotten, and that goes on by itself. Peers
    /// are not told.
    pub async fn wipe(&self, id: BurnerId) -> Result<(), Error> {
        let engine = self.engine.clone();
        self.run(None, async move { engine.wipe(&id).await }).await
    }

    /// Takes the ticket of a panic, in any open folder: the removals of its accounts wait for their servers here from now on, as
    /// `pending_removals` has them, and for as long as others. What is there already is not doubled; an account that is a burner
    /// of this folder stays one. Gives the removals of its accounts that wait. No network is needed.
    ///
    /// # Errors
    /// `InvalidInput` with `Ticket`: nothing has changed. Storage errors: called again, it goes on. `Suspended`,
    /// `VaultLocked`, `Closed`.
    pub async fn redeem(&self, ticket: Vec<u8>) -> Result<Vec<BurnerId>, Error> {
        let (engine, ticket) = (self.engine.clone(), Zeroizing::new(ticket));
        let redeem = async move {
            let ticket = Zeroizing::new(String::from_utf8_lossy(&ticket).into_owned());
            engine.redeem(&ticket).await
        };
        self.run(None, redeem).await
    }

    /// The removals that wait for their servers, the oldest first. They are tried again by themselves while Tor runs, by circuits of
    /// their own: first after ten to twenty minutes, then less and less often, up to every six hours, and at each start.
    /// After 30 days one is dropped, which `Event.Settled` tells.
    ///
    /// # Errors
    /// `VaultLocked`, `Closed`.
    pub async fn pending_removals(&self) -> Result<Vec<PendingRemoval>, Error> {
        let waiting = self.blocking(flashpaper::Engine::pending_removals).await?;
        Ok(waiting.into_iter().map(PendingRemoval::from).collect())
    }

    /// Has a burner burnt by itself at this time, or never: in the background, and as `burn` does. The time is that of the
    /// device's clock: one that is set back does not put it off, and while Tor says that the clock is wrong nothing is burnt by
    /// it. Before Tor runs nobody can say that. Where no engine is awake at that time, it is done once one is. `Event.Expiring` reminds before, `Event.Expired` tells that it begins.
    ///
    /// # Errors
    /// `InvalidInput` with `Expiry`: the time is past. Storage errors, `NoSuchBurner`, also for one that is being burnt,
    /// `Suspended`, `VaultLocked`, `Closed`.
    pub async fn set_expiry(&self, id: BurnerId, at: Option<SystemTime>) -> Result<(), Error> {
        self.blocking(move |engine| engine.set_expiry(&id, at)).await
    }

    /// Lets go of the network and the folder within `deadline`, ten minutes at most, for a phone's sleep: Tor ends, and there is no
    /// traffic, no wake-up but that of `set_auto_lock` and, unless a key store asks a user meanwhile, no lock. 3 seconds
    /// will do; several burners end at random moments within it, so that a longer one tells less that they are of one phone.
    /// Servers keep connections apart for some minutes, to be taken up again. What is under way ends as if the process did;
    /// `resume` settles it. A creation with an open question waits: the server asks anew then. The key and what is
    /// stored stay in memory, see `lock`.
    ///
    /// # Errors
    /// `Timeout`: it is suspended, and something of it ends later: Tor, or work that a key store keeps waiting.
    /// `Closed`.
    pub async fn suspend(&self, deadline: Duration) -> Result<(), Error> {
        let engine = self.engine.clone();
        self.run(None, async move { engine.suspend(deadline).await }).await
    }

    /// Ends `suspend`: opens the folder again, starts Tor if it ran, and has those burners connect that were, each at a
    /// random moment (see `set_spread`). Does nothing where the engine is awake.
    pub async fn resume(&self) -> Result<(), Error> {
        let engine = self.engine.clone();
        self.run(None, async move { engine.resume().await }).await
    }

    /// What a phone's background task does: resumes, starts Tor as `start_tor` does, connects those burners that the app wants
    /// connected (by `connect`, in this process or an earlier one, and not `disconnect` since), waits until what there is
    /// has come and gone, and suspends, also an engine that was awake; all within `deadline`, but for 3 seconds and the time
    /// that a key source takes to open the folder. Several are connected one after the other, in random order and apart as far as
    /// `deadline` allows. Any other call that has the engine sleep, wake, lock or close ends it early. Cancelled it ends early,
    /// too: it suspends, and returns then.
    ///
    /// # Errors
    /// As `resume` and `start_tor`; `Cancelled` when it was ended early. That a burner cannot connect is no error: see
    /// `SyncReport`. For what is no bridge nothing has changed.
    pub async fn sync_once(
        &self,
        access: TorAccess,
        deadline: Duration,
        cancel: Option<Arc<CancelToken>>,
    ) -> Result<SyncReport, Error> {
        let (engine, access) = (self.engine.clone(), access.try_into()?);
        self.run(None, async move { engine.sync_until(access, deadline, token(cancel)).await }).await
    }

    /// `suspend`, and takes all keys and contents out of memory. `open` with the key opens this engine again; until then
    /// every call that needs them fails with `VaultLocked`. `Event.Locked` tells it.
    ///
    /// # Errors
    /// `Timeout`: it is locked, but something under way has kept a key or contents in memory, and ends later.
    /// `Closed`.
    pub async fn lock(&self) -> Result<(), Error> {
        let engine = self.engine.clone();
        self.run(None, async move { engine.lock().await }).await
    }

    /// Cancels creations, waits for removals up to 30 seconds, ends Tor, and lets go of the folder. Every later call
    /// throws `Closed`, every subscription ends.
    ///
    /// Goes on to its end when the caller stops waiting.
    pub async fn shutdown(&self) {
        self.is_closed.store(true, SeqCst);
        self.engine.clone().close().await;
    }
}

#[uniffi::export]
impl Engine {
    /// Subscribes to what happens after an event (see `Snapshot.sequence`), or from now on.
    pub fn events(&self, since: Option<u64>) -> Arc<Events> {
        Arc::new(Events::new(self.engine.events(since)))
    }

    /// The number of the last event; 0 before the first.
    pub fn sequence(&self) -> u64 {
        self.engine.sequence()
    }

    /// Begins to make an account, and shows that it can be reached. `suspend` ends it, too, unless a question is open: no stream
    /// outlives a sleep, so that the question ends, and the server asks another one of a new identity once the app calls
    /// `resume`.
    pub fn create(&self, options: CreateOptions) -> Arc<Creation> {
        Arc::new(self.engine.create(options.into()).into())
    }

    /// Everything that a screen shows, at one moment. Nothing is missing between it and `events` since its `sequence`; what
    /// happens while it is taken may be in both.
    pub async fn snapshot(&self) -> Result<Snapshot, Error> {
        self.blocking(|engine| Ok(engine.snapshot().into())).await
    }

    /// `snapshot` as it changes. Of a closed engine it gives one, which is the last; else that comes as the engine is
    /// closed. It changes at most every 20 milliseconds.
    pub fn states(&self) -> Arc<States> {
        Arc::new(self.engine.states().into())
    }

    /// How the engine is, for a report to its developers: a text in lines that a user reads before sharing it. It has counts, codes and
    /// kinds; no address, no name of a host, no key, no text, and no time.
    pub async fn diagnostics(&self) -> Result<String, Error> {
        self.blocking(|engine| Ok(engine.diagnostics())).await
    }

    /// Has a burner connect, and stay connected through everything that can be waited for; `Event.Connection` tells how
    /// it goes. Where there are several burners it begins at a random moment within 5 seconds. One that waits by itself is
    /// hurried so: it is for the burner that a user looks at.
    pub async fn connect(&self, id: BurnerId) -> Result<(), Error> {
        self.blocking(move |engine| engine.connect(&id)).await
    }

    /// Ends a burner's connection. Its server keeps what comes, for as long as it does that.
    pub async fn disconnect(&self, id: BurnerId) -> Result<(), Error> {
        self.blocking(move |engine| engine.disconnect(&id)).await
    }

    /// How soon a dead connection has to be noticed, for all burners.
    pub fn set_profile(&self, profile: Profile) {
        self.engine.set_profile(profile);
    }

    /// How far apart the connections of several burners are kept, from now on: within two minutes, if nothing else is said.
    /// It is not stored: the app sets it after each opening. Of several burners that are connected when it becomes
    /// `OneAtATime` one stays, drawn at random.
    pub fn set_spread(&self, spread: Spread) {
        self.engine.set_spread(spread);
    }

    /// Has the engine lock itself, as `lock` does, once nobody has called `touch` for so long: by a clock that counts what the
    /// device sleeps, and also where the engine is suspended. `Event.Locked` tells it. `None`: it never does, as at first. It is
    /// not stored: the app sets it after each opening. It lasts over locking; the time begins now, and anew whenever `open`
    /// is given the key. Where a time that was set before is over, the engine locks itself, and nothing is set.
    ///
    /// A device that sleeps runs nothing: what was due meanwhile is done within a minute of its waking, and before `resume`,
    /// `sync_once` or `touch` do anything else.
    ///
    /// # Errors
    /// `InvalidInput` with `AutoLock`: the time is zero. Nothing has changed then.
    pub async fn set_auto_lock(&self, after: Option<Duration>) -> Result<(), Error> {
        self.blocking(move |engine| engine.set_auto_lock(after)).await
    }

    /// The user does something: the time of `set_auto_lock` begins anew, unless it is over.
    pub fn touch(&self) {
        self.engine.touch();
    }

    /// Hints that the device's network may be another: connections are asked whether they live, and those that wait try
    /// again; several burners each at a random moment (see `set_spread`).
    pub fn network_changed(&self) {
        self.engine.network_changed();
    }

    /// Whether options make sense and our own cap allows another account: all that can be told without a network.
    ///
    /// # Errors
    /// What `create` would end with at once.
    pub async fn check_options(&self, options: CreateOptions) -> Result<(), Error> {
        self.blocking(move |engine| engine.check_options(&options.into())).await
    }

    /// Whether a burner has recovery words that were not dropped.
    pub async fn words_left(&self, id: BurnerId) -> Result<bool, Error> {
        self.blocking(move |engine| engine.words_left(&id)).await
    }

    /// The recovery words of a burner as UTF-8, until they are dropped; nothing if it has none. Wipe them after use.
    pub async fn recovery_words(&self, id: BurnerId) -> Result<Option<Vec<u8>>, Error> {
        let words = self.blocking(move |engine| engine.recovery_words(&id)).await?;
        Ok(words.map(|words| words.as_bytes().to_vec()))
    }
}

#[cfg(feature = "lab")]
#[uniffi::export]
impl Engine {
    /// Reports `count` Tor events with a rising fraction, as fast as they are read. For tests.
    pub async fn report_for_tests(&self, count: u32) -> Result<(), Error> {
        let engine = self.engine.clone();
        let report = async move {
            for i in 0..count {
                let fraction = i as f32 / count as f32;
                let stage = flashpaper::TorStage::Connecting;
                engine.report_for_tests(flashpaper::Event::Tor { fraction, stage, ready: false, blocked: None }).await;
            }
            Ok(())
        };
        self.run(None, report).await
    }
}

impl Engine {
    /// Runs work on the threads while the caller waits.
    fn run<T: Send + 'static>(
        &self,
        cancel: Option<Arc<CancelToken>>,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Work<T> {
        let is_closed = self.is_closed.load(SeqCst);
        if is_closed { Box::pin(ready(Err(Error::Closed))) } else { run(cancel, Box::pin(work)) }
    }

    /// Does on a thread that may wait what may wait for a disk: the others drive the connections.
    pub(crate) fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&flashpaper::Engine) -> Result<T, Error> + Send + 'static,
    ) -> Work<T> {
        let engine = self.engine.clone();
        let work: Box<dyn FnOnce() -> Result<T, Error> + Send> = Box::new(move || work(&engine));
        self.run(None, async move { tokio::task::spawn_blocking(work).await.unwrap_or(Err(Error::Internal)) })
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Engine(..)")
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if !self.is_closed.load(SeqCst) {
            drop(self.engine.clone().close());
        }
    }
}

/// The threads that all engines of a process work on, for as long as it lives: an engine that two callers have opened must not end
/// with the threads of one of them. Idle, they take no time.
static THREADS: OnceLock<Runtime> = OnceLock::new();

fn threads() -> Result<&'static Runtime, Error> {
    if let Some(threads) = THREADS.get() {
        return Ok(threads);
    }
    let made = flashpaper::Engine::runtime(2).map_err(|_| Error::Internal)?;
    if let Err(second) = THREADS.set(made) {
        // Another caller was quicker. Nothing runs on these.
        second.shutdown_background();
    }
    THREADS.get().ok_or(Error::Internal)
}

/// A call's work. With a type of its own each call would have a copy of the code that runs it.
type Work<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// Runs work on the threads while the caller waits. A caller that stops waiting cancels it.
fn run<T: Send + 'static>(cancel: Option<Arc<CancelToken>>, work: Work<T>) -> Work<T> {
    Box::pin(unless_cancelled(cancel, async {
        let task = AbortOnDropHandle::new(threads()?.spawn(work));
        task.await.unwrap_or(Err(Error::Internal))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(home: &tempfile::TempDir) -> Config {
        Config {
            home: home.path().to_str().unwrap().to_owned(),
            key: Key::File,
            resolvers: None,
            private_network: None,
        }
    }

    #[tokio::test]
    async fn a_folder_that_is_open_gives_the_same_engine() {
        let home = tempfile::TempDir::new().unwrap();
        let first = Engine::open(config(&home), None).await.unwrap();
        let second = Engine::open(config(&home), None).await.unwrap();
        // An app that lets go of its engine takes no thread from another.
        drop(first);
        second.change_key(Key::Passphrase { utf8: b"swordfish".to_vec() }).await.unwrap();
        assert_eq!(Engine::open(config(&home), None).await.err(), Some(Error::VaultLocked));
        second.shutdown().await;
        assert_eq!(second.pending_removals().await.err(), Some(Error::Closed));
    }

    #[tokio::test]
    async fn openings_of_one_folder_that_overlap_give_an_engine_that_outlives_either_caller() {
        let home = tempfile::TempDir::new().unwrap();
        let (first, second) = tokio::join!(Engine::open(config(&home), None), Engine::open(config(&home), None));
        let (first, second) = (first.unwrap(), second.unwrap());
        assert!(Arc::ptr_eq(&first, &second));
        drop(first);
        second.suspend(Duration::from_secs(3)).await.unwrap();
        // This one has ended before it has an engine.
        drop(Box::pin(Engine::open(config(&home), None)));
        second.resume().await.unwrap();
        assert!(Engine::open(config(&home), None).await.is_ok());
        second.shutdown().await;
    }

    #[tokio::test]
    async fn a_folder_that_was_let_go_opens_again_at_once() {
        let home = tempfile::TempDir::new().unwrap();
        for _ in 0..20 {
            let engine = Engine::open(config(&home), None).await.unwrap();
            let states = engine.states();
            drop(engine);
            let again = Engine::open(config(&home), None).await.unwrap();
            assert!(again.pending_removals().await.is_ok());
            while states.next().await.is_some() {}
        }
    }

    #[tokio::test]
    async fn a_state_is_the_present_first_then_each_other_one_and_at_last_that_it_is_closed() {
        let home = tempfile::TempDir::new().unwrap();
        let engine = Engine::open(config(&home), None).await.unwrap();
        let states = engine.states();
        let life = async || states.next().await.map(|state| state.life);
        assert_eq!(life().await, Some(flashpaper::Life::Awake));
        engine.suspend(Duration::MAX).await.unwrap();
        assert_eq!(life().await, Some(flashpaper::Life::Suspended));
        engine.lock().await.unwrap();
        assert_eq!(life().await, Some(flashpaper::Life::Locked));
        let again = Engine::open(config(&home), None).await.unwrap();
        assert_eq!(life().await, Some(flashpaper::Life::Suspended));
        again.resume().await.unwrap();
        assert_eq!(life().await, Some(flashpaper::Life::Awake));
        again.shutdown().await;
        assert_eq!(life().await, Some(flashpaper::Life::Closed));
        assert_eq!(life().await, None);
        assert!(engine.states().next().await.is_some_and(|state| state.life == flashpaper::Life::Closed));
    }
}
