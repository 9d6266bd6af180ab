//! Whether the consensus in use fits our clock. Streams wait until it does.
//!
//! A consensus is signed by the authorities and names the hours it is valid for. One that was just fetched and does not
//! fit shows that our clock is wrong; one from the cache may just be old.

use std::path::Path;
use std::time::{Duration, SystemTime};

use arti_client::TorClient;
use tokio::time::{Instant, sleep};
use tor_netdir::Timeliness;

use crate::runtime::ArtiRuntime;

/// Which way our clock is off, and at least how far, in whole minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// Our clock is behind.
    Slow {
        /// At least how far.
        by: Duration,
    },
    /// Our clock is ahead.
    Fast {
        /// At least how far.
        by: Duration,
    },
}

/// What the dates of the consensus say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dates {
    /// They fit our clock.
    Fit,
    /// There is no consensus, or an old one from the cache that is about to be replaced.
    NoneYet,
    /// Our clock is wrong.
    ClockWrong(Clock),
}

/// How often to look again while the dates do not fit: neither a clock that is set nor a consensus makes an event.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// How far before `valid-after` our clock may be. The authorities never sign the future, so anything beyond rounding is
/// our clock's fault; an hour forgives a wrong daylight saving setting, which Tor survives.
const SLOW_TOLERANCE: Duration = Duration::from_secs(3600);
/// How far after `valid-until`. Wider: when the authorities fail to agree, an honest clock sees old consensuses.
const FAST_TOLERANCE: Duration = Duration::from_secs(12 * 3600);
/// How long an old consensus from the cache may take to be replaced before the clock gets the blame.
const REFRESH: Duration = Duration::from_secs(120);

/// Watches the consensus from the start of a client.
#[derive(Clone)]
pub(crate) struct Watch {
    from_cache: bool,
    /// `valid-after` of the first consensus seen.
    first: Option<SystemTime>,
    /// Since when the consensus in use has looked too old.
    old_since: Option<Instant>,
}

impl Watch {
    /// To be made before the client is: it looks whether there is a cache.
    pub(crate) fn new(cache_dir: &Path) -> Self {
        Self { from_cache: cache_dir.join("dir.sqlite3").exists(), first: None, old_since: None }
    }

    pub(crate) fn judge(&mut self, client: &TorClient<ArtiRuntime>) -> Dates {
        let Some((after, until)) = lifetime(client) else { return Dates::NoneYet };
        let first = *self.first.get_or_insert(after);
        let clock = judge(after, until, SystemTime::now());
        if !matches!(clock, Some(Clock::Fast { .. })) {
            self.old_since = None;
        }
        match clock {
            None => Dates::Fit,
            Some(clock @ Clock::Slow { .. }) => Dates::ClockWrong(clock),
            Some(clock @ Clock::Fast { .. }) => {
                let old_for = self.old_since.get_or_insert_with(Instant::now).elapsed();
                let fetched = !self.from_cache || after != first;
                if fetched || old_for >= REFRESH { Dates::ClockWrong(clock) } else { Dates::NoneYet }
            }
        }
    }
}

/// Waits until the consensus in use fits our clock.
pub(crate) async fn wait_until_fit(client: &TorClient<ArtiRuntime>) {
    let fits = || lifetime(client).is_some_and(|(after, until)| judge(after, until, SystemTime::now()).is_none());
    while !fits() {
        sleep(LOOK_AGAIN).await;
    }
}

fn lifetime(client: &TorClient<ArtiRuntime>) -> Option<(SystemTime, SystemTime)> {
    let directory = client.dirmgr().ok()?.netdir(Timeliness::Unchecked).ok()?;
    Some((directory.lifetime().valid_after(), directory.lifetime().valid_until()))
}

fn judge(valid_after: SystemTime, valid_until: SystemTime, now: SystemTime) -> Option<Clock> {
    let minutes = |d: Duration| Duration::from_secs(d.as_secs() / 60 * 60);
    if let Ok(early) = valid_after.duration_since(now) {
        return (early > SLOW_TOLERANCE).then(|| Clock::Slow { by: minutes(early) });
    }
    let late = now.duration_since(valid_until).ok()?;
    (late > FAST_TOLERANCE).then(|| Clock::Fast { by: minutes(late) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_judged_by_the_consensus() {
        let hour = Duration::from_secs(3600);
        let after = SystemTime::UNIX_EPOCH + 1_000_000 * hour;
        let until = after + 3 * hour;
        let judge = |now| super::judge(after, until, now);
        assert_eq!(judge(after), None);
        assert_eq!(judge(until), None);
        assert_eq!(judge(after - hour), None);
        assert_eq!(judge(after - 24 * hour), Some(Clock::Slow { by: 24 * hour }));
        assert_eq!(judge(until + 12 * hour), None);
        assert_eq!(judge(until + 21 * hour), Some(Clock::Fast { by: 21 * hour }));
    }
}
