//! A day: what is known of a server is dated no closer.

use std::fmt;

use flashpaper_chat::UnixTime;
use time::{Date, Month, OffsetDateTime};

/// A day of the calendar, in UTC. The default is before all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(Date);

impl Day {
    /// `YYYY-MM-DD`, and no other form.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
        let date = Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()?;
        (date.to_string() == text).then_some(Self(date))
    }

    /// The day of a time.
    pub(crate) fn of(time: UnixTime) -> Self {
        let time = i64::try_from(time.0).ok().and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
        time.map_or(Self(Date::MAX), |time| Self(time.date()))
    }
}

impl Default for Day {
    fn default() -> Self {
        Self(Date::MIN)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_one_form() {
        for text in ["2026-07-22", "2024-02-29", "1970-01-01"] {
            assert_eq!(Day::parse(text).unwrap().to_string(), text);
        }
        for bad in ["", "2026", "2026-7-22", "2026-07-22 ", "+2026-07-22", "2026-02-29", "2026-13-01", "2026-00-01"] {
            assert_eq!(Day::parse(bad), None, "{bad}");
        }
        assert!(Day::default() < Day::parse("0001-01-01").unwrap());
    }

    #[test]
    fn a_time_has_a_day() {
        for (seconds, day) in [(0, "1970-01-01"), (86_399, "1970-01-01"), (1_790_000_000, "2026-09-21")] {
            assert_eq!(Day::of(UnixTime(seconds)).to_string(), day);
        }
        assert!(Day::of(UnixTime(u64::MAX)) > Day::of(UnixTime(1_790_000_000)));
    }
}
