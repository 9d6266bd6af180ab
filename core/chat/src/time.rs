//! Points in time.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

/// A point in time by the device's clock: seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, Zeroize)]
pub struct UnixTime(pub u64);

impl UnixTime {
    /// The time so much later.
    #[must_use]
    pub const fn after(self, time: Duration) -> Self {
        Self(self.0.saturating_add(time.as_secs()))
    }

    /// How long it is from here to a later time; nothing to an earlier one.
    #[must_use]
    pub const fn until(self, later: Self) -> Duration {
        Duration::from_secs(later.0.saturating_sub(self.0))
    }

    /// How far both are apart.
    pub(crate) const fn distance(self, other: Self) -> Duration {
        Duration::from_secs(self.0.abs_diff(other.0))
    }
}
