//! How the connections of several burners of one installation are kept from coming and going together: that would link them.

use std::time::Duration;

use rand::{CryptoRng, RngExt as _};
use serde::{Deserialize, Serialize};

use crate::limits;

/// How far apart the connections of several burners are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spread {
    /// What happens by itself (coming back after a sleep, a cut or another network) happens to each burner at a random moment
    /// within this time, at most ten minutes. Zero: at once, for all of them, which links them.
    Within {
        /// The time.
        time: Duration,
    },
    /// Never two at one time. One that is asked for while another is connected has that end first.
    OneAtATime,
}

impl Default for Spread {
    /// Within two minutes.
    fn default() -> Self {
        Self::Within { time: limits::SPREAD }
    }
}

impl Spread {
    /// What happens by itself is spread over this time.
    pub(crate) fn time(self) -> Duration {
        match self {
            Self::Within { time } => time.min(limits::LONGEST_SPREAD),
            Self::OneAtATime => limits::SPREAD,
        }
    }
}

/// A moment within a time, each as likely.
pub(crate) fn moment(rng: &mut dyn CryptoRng, within: Duration) -> Duration {
    within.mul_f64(rng.random_range(0.0..1.0))
}
