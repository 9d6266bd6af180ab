//! Something to be done with a burner's conversations, by the thread that asks for it or by another one.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use flashpaper_chat::Talk;

use crate::Error;
use crate::locks::lock;

/// Something to be done with a burner's conversations.
pub(super) struct Job {
    pub(super) work: Work,
    pub(super) outcome: Arc<Outcome>,
}

pub(super) type Work = Box<dyn FnOnce(&mut Talk<'_>) + Send>;

/// What became of a job.
#[derive(Default)]
pub(super) struct Outcome {
    result: Mutex<Option<Result<(), Error>>>,
    known: Condvar,
}

impl Outcome {
    pub(super) fn set(&self, result: Result<(), Error>) {
        *lock(&self.result) = Some(result);
        self.known.notify_all();
    }

    pub(super) fn get(&self) -> Option<Result<(), Error>> {
        lock(&self.result).clone()
    }

    /// Waits until it is known, at most for so long.
    pub(super) fn wait(&self, patience: Duration) {
        let is_unknown = |result: &mut Option<_>| result.is_none();
        drop(self.known.wait_timeout_while(lock(&self.result), patience, is_unknown).map_err(PoisonError::into_inner));
    }
}
