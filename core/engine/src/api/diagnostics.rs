//! Looking at servers, and at the engine itself.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use flashpaper_chat::Conversation;
use serde::Serialize;

use super::Engine;
use crate::event::{BurnerId, Connection, Step};
use crate::network::connect as link;
use crate::snapshot::{Snapshot, TorStatus};
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

    /// How the engine is, for a report to its developers: a text in lines that a user reads before sharing it. It has counts, codes and
    /// kinds; no address, no name of a host, no key, no text, and no time.
    #[must_use]
    pub fn diagnostics(&self) -> String {
        let Snapshot { sequence, revision: _, life, network, tor, vault, burners, questions } = self.snapshot();
        let tor = tor.map_or_else(
            || "off".to_owned(),
            |TorStatus { fraction, stage, blocked, .. }| {
                let blocked = blocked.map_or_else(String::new, |why| format!(", {}", why.code()));
                format!("{stage:?} at {:.0} %{blocked}", fraction * 100.0)
            },
        );
        let mut text = format!(
            "flashpaper {} ({} {})\nlife: {life:?}\nnetwork: {network:?}\nTor: {tor}\nevents: {sequence}\nquestions: {}\n\
             vault: {} lost, incomplete: {}, old key kept: {}\nremovals that wait: {}\nburners: {}\n",
            env!("CARGO_PKG_VERSION"),
            std::env::consts::OS,
            std::env::consts::ARCH,
            questions.len(),
            vault.lost,
            vault.incomplete,
            vault.old_key_kept,
            self.pending_removals().map_or(0, |waiting| waiting.len()),
            burners.len(),
        );
        for status in burners {
            let (connection, why) = match &status.connection {
                Connection::Offline => ("offline", None),
                Connection::Connecting => ("connecting", None),
                Connection::Online => ("online", None),
                Connection::Quarantined => ("quarantined", None),
                Connection::Waiting { why } => ("waiting", Some(why)),
                Connection::Ended { why } => ("ended", Some(why)),
            };
            let sum = |of: fn(&Conversation) -> u32| status.conversations.iter().map(of).sum::<u32>();
            let _ = writeln!(
                text,
                "- {:?} by {:?}: {connection}{}; {} conversations, {} unread, {} in the outbox{}",
                status.burner.state,
                status.burner.via,
                why.map_or_else(String::new, |why| format!(" ({})", why.code())),
                status.conversations.len(),
                sum(|conversation| conversation.unread),
                sum(|conversation| conversation.outbox),
                status.unreadable.map_or_else(String::new, |why| format!("; {}", why.code())),
            );
        }
        text
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
