//! A connection's turn with its burner.

use std::sync::Arc;

use flashpaper_chat::{Changed, Mailbox, Talk};
use tokio::sync::OwnedMutexGuard;

use crate::Error;
use crate::burner::LiveBurner;
use crate::tasks::blocking;

/// A connection's turn with its burner. A change that is on its way to the disk as the connection is cut off keeps the turn
/// until it is there: it must not come behind those of the next connection.
pub(super) struct Turn {
    pub(super) burner: Arc<LiveBurner>,
    lock: Arc<OwnedMutexGuard<()>>,
}

impl Turn {
    pub(super) async fn of(burner: &Arc<LiveBurner>) -> Self {
        let lock = Arc::new(Arc::clone(&burner.work).lock_owned().await);
        Self { burner: Arc::clone(burner), lock }
    }

    /// [`LiveBurner::converse`] on a thread that may wait.
    pub(super) async fn converse<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Talk<'_>) -> T + Send + 'static,
    ) -> Result<T, Error> {
        self.keep(move |burner| burner.converse(work)).await
    }

    /// [`LiveBurner::change_later`] on a thread that may wait.
    pub(super) async fn change_later(
        &self,
        change: impl FnOnce(&mut Mailbox) -> Changed + Send + 'static,
    ) -> Result<bool, Error> {
        self.keep(move |burner| burner.change_later(change)).await
    }

    /// [`LiveBurner::write_rest`] on a thread that may wait.
    pub(super) async fn write_rest(&self) -> Result<(), Error> {
        self.keep(LiveBurner::write_rest).await
    }

    /// Keeps the turn for something, whatever becomes of the connection meanwhile.
    async fn keep<T: Send + 'static>(
        &self,
        work: impl FnOnce(&LiveBurner) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (burner, lock) = (Arc::clone(&self.burner), Arc::clone(&self.lock));
        blocking(move || {
            let done = work(&burner);
            drop(lock);
            done
        })
        .await
    }
}
