//! Our own cap on registrations: it keeps this library from being of use for making accounts in bulk.

use flashpaper_chat::UnixTime;
use std::sync::Mutex;

use crate::locks::lock;
use crate::{Error, limits};

/// When registrations were tried, as it is on disk.
pub(crate) struct Registrations {
    tried: Mutex<Vec<UnixTime>>,
    /// Held while one is stored: who reads does not wait for that.
    adding: Mutex<()>,
}

impl Registrations {
    pub(crate) const fn new(tried: Vec<UnixTime>) -> Self {
        Self { tried: Mutex::new(tried), adding: Mutex::new(()) }
    }

    /// Whether another registration may be tried now.
    pub(crate) fn check(&self, now: UnixTime) -> Result<(), Error> {
        check(&lock(&self.tried), now)
    }

    /// Counts one that is tried now, if it may be and `store` succeeds.
    pub(super) fn add<T>(
        &self,
        now: UnixTime,
        store: impl FnOnce(&[UnixTime]) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let _adding = lock(&self.adding);
        let mut tried = lock(&self.tried).clone();
        count(&mut tried, now)?;
        let stored = store(&tried)?;
        *lock(&self.tried) = tried;
        Ok(stored)
    }

    /// Takes over what was read from the disk.
    pub(crate) fn replace(&self, tried: Vec<UnixTime>) {
        *lock(&self.tried) = tried;
    }
}

/// Whether another registration may be tried after those of the last hour. `tried`: when. A clock
/// that was set back does not lift the cap.
fn check(tried: &[UnixTime], now: UnixTime) -> Result<(), Error> {
    let recent = tried.iter().map(|at| at.after(limits::CAP_WINDOW)).filter(|until| now < *until);
    let first = recent.clone().min().filter(|_| recent.count() >= limits::CAP);
    let Some(first) = first else { return Ok(()) };
    let wait = now.until(first).min(limits::CAP_WINDOW);
    Err(Error::RateLimited { retry_after: Some(wait) })
}

/// Counts a registration that is tried now, if it may be.
fn count(tried: &mut Vec<UnixTime>, now: UnixTime) -> Result<(), Error> {
    check(tried, now)?;
    tried.retain(|at| now < at.after(limits::CAP_WINDOW));
    tried.push(now);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: UnixTime = UnixTime(1_000_000);

    fn later(seconds: u64) -> UnixTime {
        NOW.after(Duration::from_secs(seconds))
    }

    fn wait(seconds: u64) -> Result<(), Error> {
        Err(Error::RateLimited { retry_after: Some(Duration::from_secs(seconds)) })
    }

    #[test]
    fn five_an_hour_are_tried_and_the_first_makes_room_when_it_is_an_hour_old() {
        let mut tried = Vec::new();
        for minute in 0..5 {
            assert_eq!(count(&mut tried, later(60 * minute)), Ok(()));
        }
        assert_eq!(count(&mut tried, later(300)), wait(3300));
        assert_eq!(tried.len(), limits::CAP, "what is refused does not count");
        assert_eq!(check(&tried, later(3599)), wait(1));
        assert_eq!(count(&mut tried, later(3600)), Ok(()));
        assert_eq!(
            tried,
            [later(60), later(120), later(180), later(240), later(3600)],
            "those of an hour ago are dropped"
        );
        assert_eq!(check(&tried, later(3600)), wait(60));
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
        assert_eq!(check(&tried, UnixTime(NOW.0 - 86_400)), wait(3600));
        assert_eq!(check(&[UnixTime(u64::MAX); limits::CAP], NOW), wait(3600));
    }
}
