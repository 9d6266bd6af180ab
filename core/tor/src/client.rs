//! The one Tor client of a process: its start, its status, its end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arti_client::{HasKind, StreamPrefs, TorClient};
use futures::StreamExt;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::dialer::{Dialer, Running};
use crate::directory::{self, LOOK_AGAIN};
use crate::error::{NotReady, StartError};
use crate::network::{Config, arti_config};
use crate::obsolete;
use crate::runtime::{self, ArtiRuntime};
use crate::status::{Blockage, Status};

/// The running Tor client. Dropping it ends it without waiting; [`Tor::close`] waits.
#[derive(Debug)]
pub struct Tor {
    running: Arc<Running>,
    runtime: Arc<OwnRuntime>,
    /// Somebody has waited for it in vain.
    disappointed: Arc<AtomicBool>,
}

impl Tor {
    /// Starts the client: from here on it connects to relays, and goes on trying until it is closed.
    ///
    /// # Errors
    /// See [`StartError`]. That the network cannot be reached is no error here but a [`Status`].
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let only_one = OnlyOne::claim()?;
        let arti_config = arti_config(&config)?;
        let directory = directory::Watch::new(&config.cache_dir);
        // Arti takes the process's provider. One set by the app before us serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();

        let obsolete = Arc::new(Notify::new());
        let runtime = OwnRuntime::start(&obsolete, only_one)?;
        let create = async {
            let arti_runtime = runtime::current().map_err(|_| StartError::Resources)?;
            let builder = TorClient::with_runtime(arti_runtime).config(arti_config);
            builder.create_unbootstrapped_async().await.map_err(|e| StartError::from_arti(e.kind()))
        };
        let client = runtime.handle.spawn(create).await.map_err(|_| StartError::Internal)??;

        let (status_sender, status) = watch::channel(Status::starting());
        let (again, sender) = (Arc::clone(&client), status_sender.clone());
        runtime.handle.spawn(supervised(move || bootstrap(Arc::clone(&again))));
        let again = Arc::clone(&client);
        runtime.handle.spawn(supervised(move || report_status(Arc::clone(&again), directory.clone(), sender.clone())));
        end_when_obsolete(obsolete, &runtime, status_sender);
        let running = Arc::new(Running { client, handle: runtime.handle.clone(), status });
        Ok(Self { running, runtime, disappointed: Arc::default() })
    }

    /// The status as a stream: the current one at once, then every change. Fast changes are coalesced.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Status> {
        self.running.status.clone()
    }

    /// Waits until streams can be opened. Cancel safe; does not keep the client alive.
    ///
    /// # Errors
    /// [`NotReady`] when `deadline` is over, and before it when waiting cannot help (clock, obsolete).
    pub fn ready(&self, deadline: Duration) -> impl Future<Output = Result<(), NotReady>> + Send + use<> {
        let (mut status, disappointed) = (self.status(), Arc::clone(&self.disappointed));
        let settled =
            |s: &Status| s.is_ready() || matches!(s.blocked, Some(Blockage::ClockWrong(Some(_)) | Blockage::Obsolete));
        async move {
            // Whatever ended the wait, the last status says how far it came.
            let _ = timeout(deadline, status.wait_for(settled)).await;
            let last = status.borrow();
            if last.is_ready() {
                return Ok(());
            }
            disappointed.store(true, Ordering::Release);
            Err(NotReady { blocked: last.blocked })
        }
    }

    /// Whether a new client may be ready sooner than this one: a wait for it has ended in vain, and it is not ready. Arti waits for
    /// up to minutes before it looks again for a relay that did not answer.
    #[must_use]
    pub fn is_stuck(&self) -> bool {
        self.disappointed.load(Ordering::Acquire) && !self.status().borrow().is_ready()
    }

    /// A dialer: its streams share circuits with each other and with no other dialer's.
    #[must_use]
    pub fn isolated(&self) -> Dialer {
        let mut prefs = StreamPrefs::new();
        prefs.new_isolation_group().optimistic();
        Dialer::new(Arc::downgrade(&self.running), prefs)
    }

    /// Ends the client and waits until its threads are gone. Streams that are still open fail.
    pub async fn close(self) {
        let Self { running, runtime, .. } = self;
        drop(running);
        // Waiting for threads blocks, so it is done on a thread where that is allowed.
        let _ = tokio::task::spawn_blocking(move || runtime.end(Some(CLOSE_LIMIT))).await;
    }
}

/// How long `close` waits for Arti's threads. They are idle in milliseconds unless a disk hangs.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// Arti runs on threads of its own: to end them is the only way to end all of its tasks.
#[derive(Debug)]
struct OwnRuntime {
    handle: Handle,
    runtime: Mutex<Option<(Runtime, OnlyOne, DropGuard)>>,
    /// Cancelled once it has ended.
    ended: CancellationToken,
}

impl OwnRuntime {
    fn start(obsolete: &Arc<Notify>, only_one: OnlyOne) -> Result<Arc<Self>, StartError> {
        let obsolete = Arc::clone(obsolete);
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("flashpaper-tor")
            .on_thread_start(move || obsolete::watch_this_thread(&obsolete))
            .enable_all()
            .build()
            .map_err(|_| StartError::Resources)?;
        let (handle, ended) = (runtime.handle().clone(), CancellationToken::new());
        let runtime = Mutex::new(Some((runtime, only_one, ended.clone().drop_guard())));
        Ok(Arc::new(Self { handle, runtime, ended }))
    }

    /// Ends all tasks, waiting for their threads up to `limit`, or not at all. A second call only waits for the first.
    fn end(&self, limit: Option<Duration>) {
        let mut slot = self.runtime.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((runtime, _only_one, _ended)) = slot.take() {
            match limit {
                Some(limit) => runtime.shutdown_timeout(limit),
                None => runtime.shutdown_background(),
            }
        }
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        self.end(None);
    }
}

/// Proof that this is the only client of the process.
#[derive(Debug)]
struct OnlyOne;

static CLAIMED: AtomicBool = AtomicBool::new(false);

impl OnlyOne {
    fn claim() -> Result<Self, StartError> {
        let was_claimed = CLAIMED.swap(true, Ordering::AcqRel);
        if was_claimed { Err(StartError::AlreadyRunning) } else { Ok(Self) }
    }
}

impl Drop for OnlyOne {
    fn drop(&mut self) {
        CLAIMED.store(false, Ordering::Release);
    }
}

/// Begins a task again that a panic of Arti's ends.
async fn supervised<F: Future<Output = ()> + Send + 'static>(mut task: impl FnMut() -> F) {
    const AGAIN_AFTER: Duration = Duration::from_secs(1);
    while tokio::spawn(task()).await.is_err_and(|error| error.is_panic()) {
        sleep(AGAIN_AFTER).await;
    }
}

/// Arti retries by itself; what it gives up on is tried again here, for as long as the client lives.
async fn bootstrap(client: Arc<TorClient<ArtiRuntime>>) {
    const AGAIN_AFTER: Duration = Duration::from_secs(5);
    while client.bootstrap().await.is_err() {
        sleep(AGAIN_AFTER).await;
    }
}

/// Turns Arti's progress and the dates of its consensus into our status.
async fn report_status(
    client: Arc<TorClient<ArtiRuntime>>,
    mut directory: directory::Watch,
    sender: watch::Sender<Status>,
) {
    let mut events = client.bootstrap_events();
    loop {
        let status = Status::read(&client.bootstrap_status(), directory.judge(&client));
        let settled = status.is_ready();
        sender.send_if_modified(|old| {
            let changed = *old != status;
            *old = status;
            changed
        });
        let event = if settled {
            events.next().await
        } else {
            tokio::select! { event = events.next() => event, () = sleep(LOOK_AGAIN) => continue }
        };
        if event.is_none() {
            return;
        }
    }
}

/// Runs on the caller's runtime, because it ends Arti's. Who waits for a status is told of the client's end by the end of all
/// senders.
fn end_when_obsolete(obsolete: Arc<Notify>, runtime: &Arc<OwnRuntime>, status: watch::Sender<Status>) {
    let (ended, runtime) = (runtime.ended.clone(), Arc::downgrade(runtime));
    tokio::spawn(async move {
        tokio::select! {
            () = obsolete.notified() => {
                if let Some(runtime) = runtime.upgrade() {
                    // Waits, as in `close`: a thread that still runs may report another status after this one.
                    let _ = tokio::task::spawn_blocking(move || runtime.end(Some(CLOSE_LIMIT))).await;
                }
                status.send_replace(Status::obsolete());
            }
            () = ended.cancelled() => {}
        }
    });
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    /// Plays what Arti does when it finds itself obsolete: log one event, sleep, end the process (here: tell us).
    async fn play_obsolete(announced: bool, late: Arc<AtomicBool>) {
        if announced {
            tracing::error!(target: "arti_client::protostatus", "a protocol is missing");
        } else {
            tracing::error!(target: "arti_client::client", "something else is wrong");
        }
        sleep(Duration::from_millis(500)).await;
        late.store(true, Ordering::Release);
    }

    #[tokio::test]
    async fn a_task_that_panics_begins_again() {
        let turns = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&turns);
        let task = move || {
            let turn = counted.fetch_add(1, Ordering::AcqRel);
            async move { assert_ne!(turn, 0, "a bug of Arti's") }
        };
        timeout(Duration::from_secs(30), supervised(task)).await.unwrap();
        assert_eq!(turns.load(Ordering::Acquire), 2);
    }

    #[tokio::test]
    async fn an_obsolete_client_is_ended_before_it_ends_the_process() {
        for announced in [true, false] {
            let (obsolete, late) = (Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
            let only_one = OnlyOne::claim().unwrap();
            let runtime = OwnRuntime::start(&obsolete, only_one).unwrap();
            let (sender, mut status) = watch::channel(Status::starting());
            runtime.handle.spawn(play_obsolete(announced, Arc::clone(&late)));
            end_when_obsolete(obsolete, &runtime, sender);
            let told =
                timeout(Duration::from_millis(1500), status.wait_for(|s| *s == Status::obsolete())).await.is_ok();
            sleep(Duration::from_millis(1000)).await;
            assert_eq!((told, late.load(Ordering::Acquire)), (announced, !announced));
        }
    }
}
