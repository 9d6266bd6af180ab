//! The time that things expire by.

use std::time::Duration;

use flashpaper_chat::UnixTime;

/// The latest time that was seen: a clock that is set back makes nothing last longer.
pub(crate) struct HighWater {
    /// Since 1970.
    time: Duration,
    /// When it was that, since the device was started.
    at: Duration,
}

impl HighWater {
    /// `stored`: the mark of an earlier run.
    pub(crate) fn new(stored: UnixTime, since_boot: Duration) -> Self {
        Self { time: Duration::from_secs(stored.0), at: since_boot }
    }

    /// The time that things expire by. `wall`: the time of day; `None` where Tor says
    /// that the clock is wrong: only the time that has passed counts then.
    pub(crate) fn rise(&mut self, wall: Option<UnixTime>, since_boot: Duration) -> UnixTime {
        let passed = self.time.saturating_add(since_boot.saturating_sub(self.at));
        self.time = wall.map_or(passed, |wall| passed.max(Duration::from_secs(wall.0)));
        self.at = since_boot;
        UnixTime(self.time.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime(1_000_000);

    fn later(seconds: u64) -> UnixTime {
        NOW.after(at(seconds))
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_clock_set_back_makes_nothing_last_longer() {
        let mut mark = HighWater::new(NOW, at(10));
        assert_eq!(mark.rise(Some(UnixTime(NOW.0 - 500)), at(10)), NOW, "not before what an earlier run has seen");
        assert_eq!(mark.rise(Some(later(100)), at(20)), later(100));
        assert_eq!(mark.rise(Some(UnixTime(0)), at(50)), later(130), "what has passed since counts");
    }

    #[test]
    fn while_tor_says_that_the_clock_is_wrong_only_what_has_passed_counts() {
        let mut mark = HighWater::new(NOW, at(10));
        assert_eq!(mark.rise(None, at(10)), NOW);
        assert_eq!(mark.rise(None, at(70)), later(60));
        // Looked at often, no part of a second is lost.
        for tenths in 700..=800 {
            mark.rise(None, Duration::from_millis(tenths * 100));
        }
        assert_eq!(mark.rise(None, at(80)), later(70));
        assert_eq!(mark.rise(Some(later(NOW.0)), at(80)), later(NOW.0), "once it is right");
    }
}
