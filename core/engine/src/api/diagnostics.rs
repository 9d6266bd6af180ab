//! Looking at servers.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::Engine;
use crate::event::{BurnerId, Step};
use crate::network::connect as link;
use crate::{Error, Route};

impl Engine {
    /// Whether there is a server of that kind: all that can be told without a network.
    ///
    /// # Errors
    /// What [`Engine::probe`] would end with at once.
    pub fn check_server(&self, server: Option<&str>, route: Option<Route>) -> Result<(), Error> {
        let server = self.context.some_server(server, route)?;
        server.endpoints(server.way(route).first).map(drop)
    }

    /// Looks at a server without making an account: can it be reached, is its certificate right, does it take accounts?
    ///
    /// # Errors
    /// Why it cannot be used.
    pub async fn probe(&self, server: Option<&str>, route: Option<Route>) -> Result<Probe, Error> {
        let server = self.context.some_server(server, route)?;
        let way = server.way(route);
        let context = Arc::clone(&self.context);
        let work = async move {
            // Circuits of its own, as each account has.
            let name = BurnerId(context.services.ids().draw());
            let mut via = way.first;
            let mut report = |step| {
                if let Step::OtherRoute { via: other } = step {
                    via = other;
                }
            };
            let connection = link::open(&context, &name, &server, way, &mut report).await;
            context.tor.forget(&name);
            let registration = connection?.offers_registration();
            let domain = server.domain.as_str().to_owned();
            Ok(Probe { domain, via, onion_is_silent: via != way.first, registration })
        };
        self.context.tasks.while_awake(work).await
    }
}

/// What [`Engine::probe`] found.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Probe {
    /// The server.
    pub domain: String,
    /// How it was reached.
    pub via: Route,
    /// Its onion service did not answer.
    pub onion_is_silent: bool,
    /// Whether it says that it takes accounts.
    pub registration: bool,
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probe").field("registration", &self.registration).finish_non_exhaustive()
    }
}
