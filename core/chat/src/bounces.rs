//! Whether the own server lets a burner write to nobody (a quarantine), as far as bounces tell: core/docs/decisions/042.

use std::collections::BTreeSet;

use crate::address::Address;
use crate::contact::{Peer, Subscription};
use crate::mailbox::Mailbox;

/// Accounts at so many other servers have to be out of reach: a peer answers for one.
const SERVERS: usize = 2;

/// The servers of those to whom what was written has come back as forbidden. Known in memory only.
#[derive(Default)]
pub(crate) struct Bounces(BTreeSet<String>);

impl Bounces {
    /// What was written to somebody came back.
    pub(crate) fn add(&mut self, from: &Address) {
        self.0.insert(server(from).to_owned());
    }

    /// Whether nobody can be written to from this server.
    pub(crate) fn show_quarantine(&self, mailbox: &Mailbox, own: &Address) -> bool {
        let others = self.0.iter().filter(|from| *from != server(own)).count();
        others >= SERVERS && !mailbox.peers.values().any(|peer| has_answered(peer))
    }
}

/// Whether something that was written to a peer has been answered.
fn has_answered(peer: &Peer) -> bool {
    !peer.trust.keys.is_empty() || peer.confirms || peer.subscription == Subscription::Granted
}

fn server(address: &Address) -> &str {
    address.as_str().rsplit('@').next().unwrap_or_default()
}
