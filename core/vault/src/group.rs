//! Commits of several threads that wait for the device together: while one is being synced, those that come meanwhile
//! gather, and the next sync is for all of them.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rand::CryptoRng;

use crate::batch::Batch;
use crate::error::Error;
use crate::vault::Vault;

/// A vault that threads share.
pub struct Shared {
    vault: Mutex<Vault>,
    queue: Mutex<Queue>,
    /// Some commit is over.
    over: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Waiting>,
    is_committing: bool,
}

struct Waiting {
    batch: Batch,
    /// What became of it, once it was committed.
    result: Arc<Mutex<Option<Result<(), Error>>>>,
}

impl Shared {
    /// Of one that nobody else has.
    #[must_use]
    pub fn new(vault: Vault) -> Self {
        Self { vault: Mutex::new(vault), queue: Mutex::default(), over: Condvar::new() }
    }

    /// The vault, once nobody else has it.
    #[must_use]
    pub fn into_inner(self) -> Vault {
        self.vault.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// For all else. Commits wait meanwhile.
    pub fn lock(&self) -> MutexGuard<'_, Vault> {
        locked(&self.vault)
    }

    /// Makes changes, after those that other threads have asked for before; on return they are on the device. Each batch is
    /// there as a whole or not at all, and fails alone.
    ///
    /// # Errors
    /// As [`Vault::commit`].
    pub fn commit(&self, batch: Batch, rng: &mut dyn CryptoRng) -> Result<(), Error> {
        let result = Arc::new(Mutex::new(None));
        let mut queue = locked(&self.queue);
        queue.waiting.push(Waiting { batch, result: Arc::clone(&result) });
        while queue.is_committing {
            queue = self.over.wait(queue).unwrap_or_else(PoisonError::into_inner);
            if let Some(result) = locked(&result).take() {
                return result;
            }
        }
        queue.is_committing = true;
        let turn = Turn(self);
        let waiting = std::mem::take(&mut queue.waiting);
        drop(queue);
        commit_all(&mut self.lock(), waiting, rng);
        drop(turn);
        locked(&result).take().unwrap_or(Err(Error::Internal))
    }
}

/// Commits them as one. Where that fails, each alone.
fn commit_all(vault: &mut Vault, waiting: Vec<Waiting>, rng: &mut dyn CryptoRng) {
    let go_together = waiting.len() > 1 && {
        let mut all = Batch::default();
        waiting.iter().for_each(|waiting| all.extend(waiting.batch.clone()));
        vault.commit(all, rng).is_ok()
    };
    for Waiting { batch, result } in waiting {
        *locked(&result) = Some(if go_together { Ok(()) } else { vault.commit(batch, rng) });
    }
}

/// The thread that commits. When it ends, by a panic as well, it is another's turn.
struct Turn<'a>(&'a Shared);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        locked(&self.0.queue).is_committing = false;
        self.0.over.notify_all();
    }
}

/// What a thread that has panicked left is good: a commit changes the vault in memory when it is on the device.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared(..)")
    }
}
