//! Background work: what closing waits for, and what ends when the engine falls asleep.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Mutex;

use futures::FutureExt as _;
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Error;
use crate::locks::lock;
use crate::stack::leaving_no_stack;

/// Background work of an engine.
pub(crate) struct Tasks {
    tracker: TaskTracker,
    /// What tells readers how it is, and at last that there is an end.
    telling: TaskTracker,
    /// Where it runs: it is also begun where a caller drops something outside of any runtime.
    runtime: Handle,
    /// Cancelled while the engine is asleep: what works on an account ends with it.
    awake: Mutex<CancellationToken>,
    /// What the app has last asked for. A sync is awake for a while, and asleep at its end.
    rest: watch::Sender<Rest>,
    /// Cancelled as the engine is closed.
    pub(crate) closing: CancellationToken,
    /// Cancelled by a panic, which waits for nothing: all of it is dropped, with what it holds in memory.
    abandoned: CancellationToken,
}

/// Whether an engine is to be awake.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Rest {
    #[default]
    Awake,
    Asleep,
    /// Asleep, and nothing is to be left in memory.
    Locked,
}

impl Rest {
    const fn why(self) -> Error {
        match self {
            Self::Awake | Self::Asleep => Error::Suspended,
            Self::Locked => Error::VaultLocked,
        }
    }
}

impl Tasks {
    /// To be made within a runtime.
    pub(crate) fn new() -> Self {
        Self {
            tracker: TaskTracker::new(),
            telling: TaskTracker::new(),
            runtime: Handle::current(),
            awake: Mutex::default(),
            rest: watch::Sender::default(),
            closing: CancellationToken::new(),
            abandoned: CancellationToken::new(),
        }
    }

    /// Begins work that closing waits for. A panic in it ends it.
    pub(crate) fn spawn_always<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<Option<T>> {
        let work = AssertUnwindSafe(on_heap(work)).catch_unwind();
        let work = self.abandoned.clone().run_until_cancelled_owned(work);
        self.tracker.spawn_on(async { work.await?.ok() }, &self.runtime)
    }

    /// Begins work that closing waits for, and that ends when the engine falls asleep. What became of it is reported by events.
    pub(crate) fn spawn(&self, work: impl Future<Output = Result<(), Error>> + Send + 'static) {
        self.spawn_always(self.awake().run_until_cancelled_owned(on_heap(work)));
    }

    /// Begins work that tells readers how it is, and at last that there is an end.
    pub(crate) fn spawn_telling(&self, work: impl Future<Output = ()> + Send + 'static) {
        drop(self.telling.spawn_on(on_heap(work), &self.runtime));
    }

    /// Begins work that may wait for the user, and that closing waits for.
    pub(crate) fn spawn_blocking(&self, work: impl FnOnce() + Send + 'static) {
        self.tracker.spawn_blocking_on(|| leaving_no_stack(work), &self.runtime);
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
        let (awake, rest, work) = (self.awake(), self.rest.subscribe(), on_heap(work));
        self.supervised(async move {
            let done = awake.run_until_cancelled_owned(work).await;
            done.unwrap_or_else(|| Err(rest.borrow().why()))
        })
    }

    /// Cancelled when the engine falls asleep.
    pub(crate) fn awake(&self) -> CancellationToken {
        lock(&self.awake).clone()
    }

    /// Ends what works on accounts.
    pub(crate) fn fall_asleep(&self) {
        self.rest.send_if_modified(|rest| {
            let was_awake = *rest == Rest::Awake;
            if was_awake {
                *rest = Rest::Asleep;
            }
            was_awake
        });
        lock(&self.awake).cancel();
    }

    /// Ends what waits for a sleep to end. What a sleep ends from here on is told of the lock.
    pub(crate) fn lock(&self) {
        self.rest.send_replace(Rest::Locked);
    }

    /// The key was given: it is asleep, if it was locked.
    pub(crate) fn unlock(&self) {
        self.rest.send_if_modified(|rest| {
            let was_locked = *rest == Rest::Locked;
            if was_locked {
                *rest = Rest::Asleep;
            }
            was_locked
        });
    }

    /// Why nothing can be done while the engine is not awake.
    pub(crate) fn why_asleep(&self) -> Error {
        self.rest.borrow().why()
    }

    /// The sleep has ended.
    pub(crate) fn resume(&self) {
        self.rest.send_replace(Rest::Awake);
    }

    /// Waits until the app has the engine resume.
    pub(crate) async fn resumed(&self) -> Result<(), Error> {
        let mut rest = self.rest.subscribe();
        let rest = rest.wait_for(|rest| *rest != Rest::Asleep).await.map_err(|_| Error::Closed)?;
        if *rest == Rest::Awake { Ok(()) } else { Err(rest.why()) }
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

    /// Whether the app has closed it, and not a panic.
    pub(crate) fn are_closed(&self) -> bool {
        self.closing.is_cancelled() && !self.abandoned.is_cancelled()
    }

    /// Drops what is going on where it is.
    pub(crate) fn abandon(&self) {
        self.close();
        self.abandoned.cancel();
    }

    /// The runtime that all of it runs on.
    pub(crate) const fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Returns when all has ended, once closed.
    pub(crate) async fn ended(&self) {
        self.tracker.wait().await;
    }

    /// Returns when readers are told of the end, once there are no events any more.
    pub(crate) async fn told(&self) {
        self.telling.close();
        self.telling.wait().await;
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
    let work: Box<dyn FnOnce() -> Result<T, Error> + Send> = Box::new(work);
    tokio::task::spawn_blocking(|| leaving_no_stack(work)).await.map_err(|_| Error::Internal)?
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_wait_for_the_end_of_a_sleep_is_ended_by_the_app_alone_and_by_a_lock_with_an_error() {
        let tasks = Tasks::new();
        assert_eq!(tasks.resumed().now_or_never(), Some(Ok(())));
        tasks.fall_asleep();
        assert_eq!(tasks.resumed().now_or_never(), None);
        // A sync.
        tasks.wake();
        assert_eq!(tasks.resumed().now_or_never(), None);
        tasks.fall_asleep();
        let waits = tasks.resumed();
        tasks.lock();
        assert_eq!(waits.now_or_never(), Some(Err(Error::VaultLocked)));
        tasks.wake();
        tasks.resume();
        assert_eq!(tasks.resumed().now_or_never(), Some(Ok(())));
    }

    #[tokio::test]
    async fn what_a_lock_ends_is_told_of_the_lock_until_the_key_is_given() {
        let tasks = Tasks::new();
        let ends = tasks.while_awake(std::future::pending::<Result<(), Error>>());
        tasks.lock();
        tasks.fall_asleep();
        assert_eq!(ends.await, Err(Error::VaultLocked));
        let begun = || tasks.while_awake(async { Ok(()) });
        assert_eq!(begun().await, Err(Error::VaultLocked));
        tasks.unlock();
        assert_eq!(begun().await, Err(Error::Suspended));
    }
}
