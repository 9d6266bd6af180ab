//! Locks within a process.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Where code panics while it holds one of these, what it guards is still whole: changes are made to copies.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
