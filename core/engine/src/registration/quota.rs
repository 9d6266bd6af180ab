//! Our own cap on registrations: it keeps this library from being of use for making accounts in bulk.

use std::time::Duration;

use crate::{Error, limits};

/// Whether another registration may be tried after those of the last hour. `tried`: when, in seconds since 1970. A clock
/// that was set back does not lift the cap.
pub(crate) fn check(tried: &[u64], now: u64) -> Result<(), Error> {
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
pub(crate) fn count(tried: &mut Vec<u64>, now: u64) -> Result<(), Error> {
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
    fn a_clock_that_was_set_back_waits_an_hour_and_not_longer() {
        let tried = [NOW; limits::CAP];
        assert_eq!(check(&tried, NOW - 86_400), wait(3600));
        assert_eq!(check(&[u64::MAX; limits::CAP], NOW), wait(3600));
    }
}
