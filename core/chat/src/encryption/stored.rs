//! A session as it is stored.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::time::UnixTime;
use crate::trust::Fingerprint;

/// A conversation's OTR session, as it is stored: to be used once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Stored {
    /// What resumes it, in base64.
    pub state: String,
    /// When it was used.
    pub(crate) used: UnixTime,
    /// The key that texts go to.
    pub key: Option<Fingerprint>,
    /// Which of the peer's clients they go to.
    #[serde(default)]
    pub(crate) resource: Option<String>,
    /// The version of OTR that it is in.
    #[serde(default)]
    pub(crate) version: Option<u8>,
    /// The peer has ended it.
    pub(crate) finished: bool,
}

impl Stored {
    /// What is left of one, as it was stored, when it must not be used again.
    pub fn ended(json: &[u8]) -> Option<Self> {
        let mut stored: Self = serde_json::from_slice(json).ok()?;
        stored.state.zeroize();
        Some(stored)
    }

    pub(crate) fn state(&self) -> Option<Zeroizing<Vec<u8>>> {
        BASE64_STANDARD.decode(&self.state).ok().map(Zeroizing::new)
    }

    /// When it has rested for too long, if it is private. `idle_timeout` zero: it ends with its
    /// process.
    pub(crate) fn ends(&self, idle_timeout: Duration) -> Option<UnixTime> {
        (!idle_timeout.is_zero() && self.key.is_some() && !self.finished).then(|| self.used.after(idle_timeout))
    }
}
