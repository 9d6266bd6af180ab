//! When messages of history expire, as far as that is known. History is on disk alone: it is looked through once, page by page,
//! and after that only where something is due. A clock that was wrong for a while leaves it out of order.

use std::collections::BTreeMap;
use std::ops::Range;

use flashpaper_chat::{MessageId, UnixTime};

/// Of what was not looked at: it may be due at any time.
const UNKNOWN: UnixTime = UnixTime(0);

/// By the first number of each section, which ends where the next begins: when its first message expires. `None`: none does.
pub(super) struct Expiries(BTreeMap<u64, Option<UnixTime>>);

impl Default for Expiries {
    fn default() -> Self {
        Self([(0, Some(UNKNOWN))].into())
    }
}

impl Expiries {
    /// The numbers of a section that has to be looked through.
    pub(super) fn due(&self, now: UnixTime) -> Option<Range<u64>> {
        let mut from = self.0.iter().skip_while(|(_, at)| at.is_none_or(|at| at > now)).map(|(from, _)| *from);
        Some(from.next()?..from.next().unwrap_or(u64::MAX))
    }

    /// A section was looked through, up to a number or to its end.
    pub(super) fn looked_through(&mut self, from: u64, up_to: Option<u64>, expires: Option<UnixTime>) {
        self.0.insert(from, expires);
        self.0.extend(up_to.map(|rest| (rest, Some(UNKNOWN))));
    }

    /// A message is kept that expires then.
    pub(super) fn add(&mut self, message: MessageId, at: UnixTime) {
        if let Some((_, first)) = self.0.range_mut(..=u64::from(message)).next_back() {
            *first = Some(first.map_or(at, |first| first.min(at)));
        }
    }

    /// When the next message expires.
    pub(super) fn next(&self) -> Option<UnixTime> {
        self.0.values().flatten().min().copied()
    }
}
