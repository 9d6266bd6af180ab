//! How long things take, and how much of anything there may be.

use std::time::Duration;

/// How long an exchange may take before it is given up.
pub(super) const AKE_PATIENCE: Duration = Duration::from_secs(60);
/// How often at most we tell the peer that something was unreadable, and begin a new exchange for it.
pub(super) const RENEW_EVERY: Duration = Duration::from_secs(10);
/// How long what was on the way is waited for when a conversation is replaced or ends.
pub(super) const IN_TRANSIT: Duration = Duration::from_secs(60);
/// How long messages in opposite directions may take to cross.
pub(super) const CROSSING: Duration = Duration::from_secs(10);
/// After this long without a message of ours, one that is read is answered with an empty one, so that keys change.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(60);
/// How many texts that may be unread are known at most.
pub(super) const UNREAD_AT_MOST: usize = 1000;
/// How many instances of the peer are kept at most.
pub(super) const INSTANCES_AT_MOST: usize = 16;
/// An instance that texts do not go to and that is silent for so long is forgotten.
pub(super) const STALE: Duration = Duration::from_secs(3600);
/// How long a question may be, bytes: a record's length has 16 bits.
pub(super) const QUESTION_AT_MOST: usize = 60_000;
/// How long the name of a text may be, bytes.
pub(super) const LABEL_AT_MOST: usize = 64;
/// How many texts one receipt names at most.
pub(super) const LABELS_AT_MOST: usize = 64;
/// The greatest tag that every client accepts.
pub(super) const GREATEST_TAG: u32 = 0x1111_1111;

/// Whether so much time has gone by.
pub(super) fn has_passed(span: Duration, since: Duration, now: Duration) -> bool {
    now.saturating_sub(since) >= span
}
