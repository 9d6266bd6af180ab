//! Randomness: one source, asked anew for each secret.
//!
//! A generator that is seeded once and kept can be computed backwards: a look at the memory gives all that it ever drew, also
//! session keys that were erased. So none is kept, by sessions, ids or anything else. A test looks for them in all sources.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::rand_core::{TryCryptoRng, TryRng};
use rand::{CryptoRng, Rng as _};

/// A handle to the source. It is locked for no longer than one draw.
#[derive(Clone)]
pub struct Random(Arc<Mutex<Box<dyn CryptoRng + Send>>>);

impl Random {
    /// Everything is drawn from `source` when it is needed.
    #[must_use]
    pub fn new(source: Box<dyn CryptoRng + Send>) -> Self {
        Self(Arc::new(Mutex::new(source)))
    }
}

impl TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(lock(&self.0).next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(lock(&self.0).next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        lock(&self.0).fill_bytes(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Random {}

/// What panics while it holds the source leaves it as good as before.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
