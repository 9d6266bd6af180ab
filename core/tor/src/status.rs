//! How far the Tor client is, what blocks it, and whether our clock is the reason.

use arti_client::status::{BlockageKind, BootstrapStatus};
use serde::Serialize;

use crate::directory::{Clock, Dates};

/// One reading of the Tor client's state.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// How much of the way to [`Stage::Ready`] is done, 0.0 to 1.0. It may fall back when a step is tried again, and
    /// 1.0 alone does not mean that streams can be opened.
    pub fraction: f32,
    /// The step that the client is at.
    pub stage: Stage,
    /// What keeps it there, as far as it is known. The client goes on trying.
    pub blocked: Option<Blockage>,
}

impl Status {
    /// Whether streams can be opened now.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.stage == Stage::Ready && self.blocked.is_none()
    }

    pub(crate) const fn starting() -> Self {
        Self { fraction: 0.0, stage: Stage::Connecting, blocked: None }
    }

    pub(crate) const fn obsolete() -> Self {
        Self { fraction: 0.0, stage: Stage::Stopped, blocked: Some(Blockage::Obsolete) }
    }

    pub(crate) fn read(arti: &BootstrapStatus, dates: Dates) -> Self {
        let fraction = arti.as_frac();
        let ready = arti.ready_for_traffic() && dates == Dates::Fit;
        let stage = match () {
            () if ready => Stage::Ready,
            // Arti counts the connection to the first relay as 0.15 of the way.
            () if fraction < 0.15 => Stage::Connecting,
            () => Stage::Directory,
        };
        let blocked = match dates {
            // With no way to a newer directory an old one says nothing of the clock.
            Dates::ClockWrong(clock) => match arti.blocked().and_then(|b| Blockage::from_arti(&b.kind())) {
                Some(no_way @ (Blockage::Offline | Blockage::Filtered)) => Some(no_way),
                _ => Some(Blockage::ClockWrong(Some(clock))),
            },
            Dates::Fit if ready => None,
            Dates::Fit | Dates::NoneYet => arti.blocked().and_then(|b| Blockage::from_arti(&b.kind())),
        };
        Self { fraction, stage, blocked }
    }
}

/// The steps of Tor's start, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Looking for a relay that answers.
    Connecting,
    /// Fetching the consensus and the relays' descriptors.
    Directory,
    /// Streams can be opened.
    Ready,
    /// Ended; only a new start helps.
    Stopped,
}

/// What blocks the Tor client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Blockage {
    /// No TCP connection succeeds: the device is offline, or every relay is blocked.
    Offline,
    /// Connections succeed but no Tor handshake does: the network filters Tor. Bridges may help.
    Filtered,
    /// Relays cannot be reached for another reason.
    Unreachable,
    /// Relays answer but give no usable directory.
    Directory,
    /// Our clock is wrong, by at least this much where it is known. The user sets the clock; then start again.
    ClockWrong(Option<Clock>),
    /// The network requires a newer client. Only an update of the app helps.
    Obsolete,
}

impl Blockage {
    const fn from_arti(kind: &BlockageKind) -> Option<Self> {
        Some(match kind {
            // Waiting to be told to start: that comes from us, at once.
            BlockageKind::Disabled => return None,
            BlockageKind::Offline => Self::Offline,
            BlockageKind::Filtering => Self::Filtered,
            BlockageKind::ClockSkewed => Self::ClockWrong(None),
            BlockageKind::CantBootstrap => Self::Directory,
            _ => Self::Unreachable,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn full_progress_without_traffic_is_not_ready() {
        let arti = BootstrapStatus::default();
        let status = Status::read(&arti, Dates::Fit);
        assert_eq!(status.stage, Stage::Connecting);
        assert!(!status.is_ready());
        let clock = Clock::Slow { by: Duration::from_secs(86400) };
        let status = Status::read(&arti, Dates::ClockWrong(clock));
        assert_eq!(status.blocked, Some(Blockage::ClockWrong(Some(clock))));
    }
}
