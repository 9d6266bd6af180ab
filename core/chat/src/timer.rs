//! The timer of a conversation: how long each side keeps a text once it was read. One side sets it for both, and tells the other
//! inside the encryption: by itself, and again along with each text, so that a lost message does no harm.
//!
//! Settings have numbers. The later one counts, on both sides; of two with one number the shorter time.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::ChatError;
use crate::limits;

/// One setting, as it goes to the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Setting {
    /// 0: nobody has set one.
    pub(crate) number: u32,
    /// 0: texts do not go by themselves.
    pub(crate) seconds: u32,
}

/// What is known of a conversation's timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Timer {
    #[serde(flatten)]
    setting: Setting,
    /// The peer's client has said that it goes by this, too.
    shared: bool,
}

/// What a setting of the peer's comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It counts from now on.
    Adopted,
    /// It is the one that counts here, and that the peer goes by it was not known.
    Agreed,
    /// Nothing: it is older, or known.
    Nothing,
    /// It is none.
    Invalid,
}

impl Setting {
    /// Of two settings the one with the higher rank counts.
    fn rank(self) -> (u32, u32) {
        (self.number, self.seconds.checked_sub(1).map_or(0, |seconds| u32::MAX - seconds))
    }

    fn is_valid(self) -> bool {
        self.number > 0 && Duration::from_secs(self.seconds.into()) <= limits::LONGEST_TIMER
    }
}

impl Timer {
    /// How long a text is kept once it was read; `None`: it does not go by itself.
    pub(crate) fn after(&self) -> Option<Duration> {
        (self.setting.seconds > 0).then(|| Duration::from_secs(self.setting.seconds.into()))
    }

    /// Whether the peer's client has said that it goes by it, too.
    pub(crate) const fn is_shared(&self) -> bool {
        self.shared
    }

    /// Nobody has ever set one.
    pub(crate) fn is_unset(&self) -> bool {
        self.told().is_none()
    }

    /// What is to be told to the peer, if anybody has ever set one.
    pub(crate) fn told(&self) -> Option<Setting> {
        (self.setting.number > 0).then_some(self.setting)
    }

    /// The user sets it. Whether it has changed.
    pub(crate) fn set(&mut self, after: Option<Duration>) -> Result<bool, ChatError> {
        let seconds = match after {
            None => 0,
            Some(after) if after > limits::LONGEST_TIMER || after.as_secs() == 0 => return Err(ChatError::BadTimer),
            Some(after) => u32::try_from(after.as_secs()).map_err(|_| ChatError::BadTimer)?,
        };
        if seconds == self.setting.seconds {
            return Ok(false);
        }
        let number = self.setting.number.saturating_add(1);
        *self = Self { setting: Setting { number, seconds }, shared: false };
        Ok(true)
    }

    /// The peer's client tells what it goes by.
    pub(crate) fn hear(&mut self, setting: Setting) -> Heard {
        if !setting.is_valid() {
            return Heard::Invalid;
        }
        if setting.rank() < self.setting.rank() || (setting == self.setting && self.shared) {
            return Heard::Nothing;
        }
        let heard = if setting == self.setting { Heard::Agreed } else { Heard::Adopted };
        *self = Self { setting, shared: true };
        heard
    }
}
