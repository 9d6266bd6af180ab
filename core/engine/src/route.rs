//! How a server is reached.

use serde::{Deserialize, Serialize};

/// How a server is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// By its onion address: no exit, and no name to resolve.
    Onion,
    /// By its domain, through an exit relay.
    Exit,
}

/// How a server may be reached.
#[derive(Clone, Copy)]
pub(crate) struct Way {
    pub(crate) first: Route,
    /// Where the onion service does not answer, by the exit: nobody has chosen a route.
    pub(crate) then_exit: bool,
}
