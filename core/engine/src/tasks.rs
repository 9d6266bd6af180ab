//! Background work: what closing waits for, and what ends when the engine falls asleep.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Mutex;

use futures::FutureExt as _;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Error;
use crate::locks::lock;

/// Background work of an engine.
pub(crate) struct Tasks {
    tracker: TaskTracker,
    /// Where it runs: it is also begun where a caller drops something outside of any runtime.
    runtime: Handle,
    /// Cancelled while the engine is asleep: what works on an account ends with it.
    awake: Mutex<CancellationToken>,
    /// Cancelled as the engine is closed.
    pub(crate) closing: CancellationToken,
}

impl Tasks {
    /// To be made within a runtime.
    pub(crate) fn new() -> Self {
        Self {
            tracker: TaskTracker::new(),
            runtime: Handle::current(),
            awake: Mutex::default(),
            closing: CancellationToken::new(),
        }
    }

    /// Begins work that closing waits for. A panic in it ends it.
    pub(crate) fn spawn_always<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<Option<T>> {
        let work = AssertUnwindSafe(on_heap(work)).catch_unwind();
        self.tracker.spawn_on(async { work.await.ok() }, &self.runtime)
    }

    /// Begins work that closing waits for, and that ends when the engine falls asleep. What became of it is reported by events.
    pub(crate) fn spawn(&self, work: impl Future<Output = Result<(), Error>> + Send + 'static) {
        self.spawn_always(lock(&self.awake).clone().run_until_cancelled_owned(on_heap(work)));
    }

    /// Begins work that may wait for the user, and that closing waits for.
    pub(crate) fn spawn_blocking(&self, work: impl FnOnce() + Send + 'static) {
        self.tracker.spawn_blocking_on(work, &self.runtime);
    }

    /// Runs work that outlives the caller's future. A panic in it, or in a library below, becomes an error.
    pub(crate) fn supervised<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> impl Future<Output = Result<T, Error>> + Send {
        let (sender, result) = oneshot::channel();
        let work = AssertUnwindSafe(on_heap(work)).catch_unwind();
        if !self.tracker.is_closed() {
            self.spawn_always(async move {
                let done = work.await.unwrap_or(Err(Error::Internal));
                // When the caller is gone, what was made for it is dropped here, while closing still waits for this.
                let _ = sender.send(done);
            });
        }
        // Closed: the sender was dropped.
        async { result.await.map_err(|_| Error::Closed)? }
    }

    /// [`Tasks::supervised`] until the engine falls asleep.
    pub(crate) fn while_awake<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> impl Future<Output = Result<T, Error>> + Send {
        let (awake, work) = (lock(&self.awake).clone(), on_heap(work));
        self.supervised(async move { awake.run_until_cancelled_owned(work).await.unwrap_or(Err(Error::Suspended)) })
    }

    /// Ends what works on accounts.
    pub(crate) fn fall_asleep(&self) {
        lock(&self.awake).cancel();
    }

    pub(crate) fn are_asleep(&self) -> bool {
        lock(&self.awake).is_cancelled()
    }

    /// Has work begin again; whether it could not before.
    pub(crate) fn wake(&self) -> bool {
        let mut awake = lock(&self.awake);
        let was_asleep = awake.is_cancelled();
        if was_asleep {
            *awake = CancellationToken::new();
        }
        was_asleep
    }

    /// Nothing supervised begins any more.
    pub(crate) fn close(&self) {
        self.closing.cancel();
        self.tracker.close();
    }

    /// Returns when all has ended, once closed.
    pub(crate) async fn ended(&self) {
        self.tracker.wait().await;
    }
}

/// Work is large, is moved by each function that it goes through, and an app's threads may have small stacks.
fn on_heap<T>(work: impl Future<Output = T> + Send + 'static) -> Pin<Box<dyn Future<Output = T> + Send>> {
    Box::pin(work)
}

/// Work on a thread that may wait: for a disk, for Argon2id, for a key store that asks the user.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Internal)?
}
