//! Points in time, as callers have them and as JSON.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use flashpaper_chat::UnixTime;
use serde::{Serialize, Serializer};

/// A point in time as a caller has it.
pub(crate) fn system_time(at: UnixTime) -> SystemTime {
    UNIX_EPOCH.checked_add(Duration::from_secs(at.0)).unwrap_or(UNIX_EPOCH)
}

/// A caller's point in time. What is before 1970 is 1970.
pub(crate) fn unix_time(at: SystemTime) -> UnixTime {
    UnixTime(at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
}

/// As JSON: seconds since 1970.
pub(crate) fn unix_seconds<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    unix_time(*time).serialize(serializer)
}

/// [`unix_seconds`], or nothing.
pub(crate) fn maybe_unix_seconds<S: Serializer>(time: &Option<SystemTime>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(unix_time).serialize(serializer)
}
