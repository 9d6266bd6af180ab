//! Our own cap on registrations: it keeps this library from being of use for making accounts in bulk.

use std::sync::Mutex;
use std::time::Duration;

use crate::locks::lock;
use crate::{Error, limits};

/// When registrations were tried, in seconds since 1970, as it is on disk.
pub(crate) struct Registrations {
    tried: Mutex<Vec<u64>>,
    /// Held while one is stored: who reads does not wait for that.
    adding: Mutex<()>,
}

impl Registrations {
    pub(crate) const fn new(tried: Vec<u64>) -> Self {
        Self { tried: Mutex::new(tried), adding: Mutex::new(()) }
    }

    /// Whether another registration may be tried now.
    pub(crate) fn check(&self, now: u64) -> Result<(), Error> {
        check(&lock(&self.tried), now)
    }

    /// Counts one that is tried now, if it may be and `store` succeeds.
    pub(super) fn add<T>(&self, now: u64, store: impl FnOnce(&[u64]) -> Result<T, Error>) -> Result<T, Error> {
        let _adding = lock(&self.adding);
        let mut tried = lock(&self.tried).clone();
        count(&mut tried, now)?;
        let stored = store(&tried)?;
        *lock(&self.tried) = tried;
        Ok(stored)
    }

    /// Takes over what was read from the disk.
    pub(crate) fn replace(&self, tried: Vec<u64>) {
        *lock(&self.tried) = tried;
    }
}

/// Whether another registration may be tried after those of the last hour. `tried`: when, in seconds since 1970. A clock
/// that was set back does not lift the cap.
fn check(tried: &[u64], now: u64) -> Result<(), Error> {
    let window = limits::CAP_WINDOW.as_secs();
    let recent = tried.iter().map(|at| at.saturating_add(window)).filter(|until| now < *until);
    let (count, first) = recent.fold((0, u64::MAX), |(count, first), until| (count + 1, first.min(until)));
    if count < limits::CAP {
        return Ok(());
    }
    let wait = Duration::from_secs((first - now).min(window));
    Err(Error::RateLimited { retry_after: Some(wait) })
}

/// Counts a registration that is tried now, if it may be.
fn count(tried: &mut Vec<u64>, now: u64) -> Result<(), Error> {
    check(tried, now)?;
    let window = limits::CAP_WINDOW.as_secs();
    tried.retain(|at| now < at.saturating_add(window));
    tried.push(now);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_000_000;

    fn wait(seconds: u64) -> Result<(), Error> {
        Err(Error::RateLimited { retry_after: Some(Duration::from_secs(seconds)) })
    }

    #[test]
    fn five_an_hour_are_tried_and_the_first_makes_room_when_it_is_an_hour_old() {
        let mut tried = Vec::new();
        for minute in 0..5 {
            assert_eq!(count(&mut tried, NOW + 60 * minute), Ok(()));
        }
        assert_eq!(count(&mut tried, NOW + 300), wait(3300));
        assert_eq!(tried.len(), limits::CAP, "what is refused does not count");
        assert_eq!(check(&tried, NOW + 3599), wait(1));
        assert_eq!(count(&mut tried, NOW + 3600), Ok(()));
        assert_eq!(tried, [NOW + 60, NOW + 120, NOW + 180, NOW + 240, NOW + 3600], "those of an hour ago are dropped");
        assert_eq!(check(&tried, NOW + 3600), wait(60));
    }

    #[test]
    fn a_registration_counts_once_it_is_stored_and_the_count_is_read_meanwhile() {
        let registrations = Registrations::new(vec![NOW; limits::CAP - 1]);
        let failed = registrations.add(NOW, |tried| {
            assert_eq!((tried.len(), registrations.check(NOW)), (limits::CAP, Ok(())));
            Err::<(), _>(Error::StorageFull)
        });
        assert_eq!((failed, registrations.check(NOW)), (Err(Error::StorageFull), Ok(())));
        assert_eq!(registrations.add(NOW, |_| Ok(())), Ok(()));
        assert_eq!(registrations.check(NOW), wait(3600));
        assert_eq!(registrations.add(NOW, |_| Ok(())), wait(3600));
        registrations.replace(Vec::new());
        assert_eq!(registrations.check(NOW), Ok(()));
    }

    #[test]
    fn a_clock_that_was_set_back_waits_an_hour_and_not_longer() {
        let tried = [NOW; limits::CAP];
        assert_eq!(check(&tried, NOW - 86_400), wait(3600));
        assert_eq!(check(&[u64::MAX; limits::CAP], NOW), wait(3600));
    }
}
