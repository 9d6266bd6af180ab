//! Burner accounts as an app shows them.

use std::fmt;
use std::time::SystemTime;

use serde::Serialize;

use crate::account::{Account, State};
use crate::event::BurnerId;
use crate::route::Route;
use crate::time::{system_time, unix_seconds};

/// A burner account as an app shows it. Its `Debug` does not show the address.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Burner {
    /// Its name within this installation.
    pub id: BurnerId,
    /// Its bare JID.
    pub jid: String,
    /// How its server is reached.
    pub via: Route,
    /// How far it is.
    pub state: BurnerState,
    /// When it was made, by the device's clock. As JSON: seconds since 1970.
    #[serde(serialize_with = "unix_seconds")]
    pub created: SystemTime,
}

impl Burner {
    pub(crate) fn of(account: &Account) -> Self {
        Self {
            id: BurnerId(account.id.clone()),
            jid: account.jid(),
            via: account.route,
            state: match account.state {
                State::Pending => BurnerState::Pending,
                State::Active => BurnerState::Active,
                State::Burning | State::Unwanted | State::Queued => BurnerState::Burning,
            },
            created: system_time(account.created),
        }
    }
}

impl fmt::Debug for Burner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Burner").field("id", &self.id).field("state", &self.state).finish_non_exhaustive()
    }
}

/// How far a burner is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BurnerState {
    /// Its creation was not finished; the next start settles it.
    Pending,
    /// It can be used.
    Active,
    /// Its removal was not finished; the next start goes on.
    Burning,
}
