//! The time that things expire by.

use std::time::Duration;

/// The latest time that was seen: a clock that is set back makes nothing last longer.
pub(crate) struct HighWater {
    /// Since 1970.
    time: Duration,
    /// When it was that, since the device was started.
    at: Duration,
}

impl HighWater {
    /// `stored`: the mark of an earlier run, in seconds since 1970.
    pub(crate) fn new(stored: u64, since_boot: Duration) -> Self {
        Self { time: Duration::from_secs(stored), at: since_boot }
    }

    /// The time that things expire by, in seconds since 1970. `wall`: the time of day in the same unit; `None` where Tor says
    /// that the clock is wrong: only the time that has passed counts then.
    pub(crate) fn rise(&mut self, wall: Option<u64>, since_boot: Duration) -> u64 {
        let passed = self.time.saturating_add(since_boot.saturating_sub(self.at));
        self.time = wall.map_or(passed, |wall| passed.max(Duration::from_secs(wall)));
        self.at = since_boot;
        self.time.as_secs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_000_000;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_clock_set_back_makes_nothing_last_longer() {
        let mut mark = HighWater::new(NOW, at(10));
        assert_eq!(mark.rise(Some(NOW - 500), at(10)), NOW, "not before what an earlier run has seen");
        assert_eq!(mark.rise(Some(NOW + 100), at(20)), NOW + 100);
        assert_eq!(mark.rise(Some(0), at(50)), NOW + 130, "what has passed since counts");
    }

    #[test]
    fn while_tor_says_that_the_clock_is_wrong_only_what_has_passed_counts() {
        let mut mark = HighWater::new(NOW, at(10));
        assert_eq!(mark.rise(None, at(10)), NOW);
        assert_eq!(mark.rise(None, at(70)), NOW + 60);
        // Looked at often, no part of a second is lost.
        for tenths in 700..=800 {
            mark.rise(None, Duration::from_millis(tenths * 100));
        }
        assert_eq!(mark.rise(None, at(80)), NOW + 70);
        assert_eq!(mark.rise(Some(NOW * 2), at(80)), NOW * 2, "once it is right");
    }
}
