//! The key exchange that is begun with all clients of the peer.

use std::time::Duration;

use super::ake::Initiative;
use super::limits::{AKE_PATIENCE, RENEW_EVERY};

/// A commit to whichever instances there are.
pub(super) struct ToAll {
    pub(super) initiative: Initiative,
    pub(super) since: Duration,
    /// It has led to a private conversation; other instances may answer it still.
    pub(super) used: bool,
}

impl ToAll {
    /// Once one instance has answered, others have a moment for it: the commitment is no secret any more.
    pub(super) fn until(&self) -> Duration {
        self.since.saturating_add(if self.used { RENEW_EVERY } else { AKE_PATIENCE })
    }
}
