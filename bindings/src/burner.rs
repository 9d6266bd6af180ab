//! Burners, without what is said in them.

use std::fmt;
use std::time::SystemTime;

use flashpaper::{BurnerId, BurnerState, Route};

uniffi::custom_type!(BurnerId, String, { remote, try_lift: |id| Ok(id.into()), lower: |id| id.to_string() });

/// A burner account as an app shows it. Printing one does not show the address.
#[derive(uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Burner {
    /// Its name within this installation.
    pub id: BurnerId,
    /// Its bare JID.
    pub jid: String,
    /// How its server is reached.
    pub via: Route,
    /// How far it is.
    pub state: BurnerState,
    /// When it was made, by the device's clock.
    pub created: SystemTime,
}

impl From<flashpaper::Burner> for Burner {
    fn from(burner: flashpaper::Burner) -> Self {
        let flashpaper::Burner { id, jid, via, state, created } = burner;
        Self { id, jid, via, state, created }
    }
}

// The generated languages would print every field.
impl fmt::Debug for Burner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Burner").field("id", &self.id.to_string()).field("state", &self.state).finish_non_exhaustive()
    }
}

/// How far a burner is.
#[uniffi::remote(Enum)]
pub enum BurnerState {
    /// Its creation was not finished; the next start settles it.
    Pending,
    /// It can be used.
    Active,
    /// Its removal was not finished; the next start goes on.
    Burning,
}

/// How a server is reached.
#[uniffi::remote(Enum)]
pub enum Route {
    /// By its onion address: no exit, and no name to resolve.
    Onion,
    /// By its domain, through an exit relay.
    Exit,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printing_a_burner_does_not_show_the_address() {
        let burner = Burner {
            id: BurnerId::from("1f".to_owned()),
            jid: "someone@burner.test".to_owned(),
            via: Route::Exit,
            state: BurnerState::Active,
            created: SystemTime::UNIX_EPOCH,
        };
        assert_eq!(format!("{burner:?}"), r#"Burner { id: "1f", state: Active, .. }"#);
    }
}
