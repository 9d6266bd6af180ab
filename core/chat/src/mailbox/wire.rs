//! Stanzas on their way to the server: each stays until the server has it, and is sent again as it is, in the same order.

use std::sync::Arc;

use flashpaper_xmpp::Resumption;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{Changed, Mailbox};
use crate::contact::Standing;
use crate::limits;
use crate::message::MessageState;

/// What data messages of OTR's begin with (versions 3 and 2, type 3), in base64.
const DATA: [&str; 2] = ["?OTR:AAMD", "?OTR:AAID"];
/// What every other message of OTR's begins with.
const BINARY: &str = "?OTR:";
const QUERY: &str = "?OTRv";

/// A stanza to a peer.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Wire {
    pub(crate) peer: u64,
    /// Which of the peer's clients; any, where absent.
    pub(crate) resource: Option<String>,
    /// Its id outside the encryption.
    pub id: String,
    /// What it says.
    pub what: What,
    /// The text that it holds, or a piece of.
    pub(crate) message: Option<u64>,
    /// When it was made, in seconds since 1970.
    pub(crate) at: u64,
    /// While it is on its way: its number on the stream.
    pub(crate) number: Option<u32>,
}

impl Wire {
    fn is_query(&self) -> bool {
        matches!(&self.what, What::Otr { body, .. } if body.starts_with(QUERY))
    }
}

/// What a stanza says.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub enum What {
    /// A message of OTR's.
    Otr {
        /// The message.
        body: String,
        /// It is the last of its text.
        wants_receipt: bool,
    },
    /// A receipt outside the encryption (XEP-0184).
    Receipt {
        /// The id of the message that was read.
        received: String,
    },
}

/// Whether a message of OTR's belongs to a key exchange: it holds no text.
pub(crate) fn is_of_exchange(body: &str) -> bool {
    body.starts_with(QUERY) || body.starts_with(BINARY) && !is_data(body)
}

fn is_data(body: &str) -> bool {
    DATA.iter().any(|data| body.starts_with(data))
}

/// Whether a message of OTR's is a data message, or the first piece of one: it may hold a text.
pub(crate) fn holds_data(body: &str) -> bool {
    DATA.iter().any(|data| body.contains(data))
}

/// Whether a server that has everything up to a number has this stanza. Numbers wrap around (XEP-0198, section 4).
pub const fn covers(up_to: u32, number: u32) -> bool {
    up_to.wrapping_sub(number) < 1 << 31
}

impl Mailbox {
    /// One that holds no text is left out where too many of them wait: the peer decides how many answers there are. A query
    /// takes the place of one that has not left.
    pub(crate) fn add_wire(&mut self, wire: Wire) {
        if wire.is_query() {
            self.wires.retain(|_, other| other.peer != wire.peer || other.number.is_some() || !other.is_query());
        }
        let is_like_it = |other: &Wire| other.message.is_none() && other.peer == wire.peer;
        let is_answer = wire.message.is_none();
        if is_answer && self.wires.values().filter(|other| is_like_it(other)).count() >= limits::ANSWERS {
            return;
        }
        let row = self.next(|position| &mut position.wire);
        self.wires.insert(row, Arc::new(wire));
    }

    /// Whether something waits to be sent.
    pub fn has_wires(&self) -> bool {
        self.wires.values().any(|wire| wire.number.is_none())
    }

    /// Numbers what is sent next, at most so much: from here on whoever goes on with the stream knows what the server's
    /// count stands for. What is of use for a moment only, as a step of a key exchange, is not sent late; a query begins one
    /// whenever it comes.
    pub fn number_wires(&mut self, first: u32, room: usize, now: u64) -> Vec<(String, Arc<Wire>)> {
        let is_step =
            |wire: &Wire| matches!(&wire.what, What::Otr { body, .. } if wire.message.is_none() && !is_data(body));
        let late =
            |wire: &Wire| is_step(wire) && !wire.is_query() && now > wire.at.saturating_add(limits::EXCHANGE_WIRES);
        let known = |wire: &Wire| self.peers.get(&wire.peer).is_some_and(|peer| !peer.jid.is_empty());
        self.wires.retain(|_, wire| wire.number.is_some() || known(wire) && !late(wire));
        let waiting = self.wires.values_mut().filter(|wire| wire.number.is_none());
        let mut numbered = Vec::new();
        for (wire, offset) in waiting.take(room).zip(0_u32..) {
            Arc::make_mut(wire).number = Some(first.wrapping_add(offset));
            let Some(peer) = self.peers.get(&wire.peer) else { continue };
            let to = match &wire.resource {
                Some(resource) => format!("{}/{resource}", peer.jid),
                None => peer.jid.clone(),
            };
            numbered.push((to, Arc::clone(wire)));
        }
        numbered
    }

    /// The server has everything up to this number.
    pub fn acked(&mut self, up_to: u32) -> Changed {
        let done: Vec<u64> = self
            .wires
            .iter()
            .filter(|(_, wire)| wire.number.is_some_and(|number| covers(up_to, number)))
            .map(|(row, _)| *row)
            .collect();
        let mut changed = Vec::new();
        for row in done {
            let Some(wire) = self.wires.remove(&row) else { continue };
            let Some(message) = wire.message else { continue };
            let rest = self.wires.values().any(|other| other.message == Some(message));
            if !rest && self.messages.get(&message).is_some_and(|entry| entry.state == MessageState::Sent) {
                changed.extend(self.set(message, MessageState::Acked));
            }
        }
        changed
    }

    /// A stream has begun, or goes on: what the server has not said it has, up to now, is to be sent again; but nothing to
    /// somebody who was blocked meanwhile, and no text that has failed, as it has by a block that is over.
    pub fn restarted(&mut self, acked: Option<u32>) -> Changed {
        let changed = acked.map(|up_to| self.acked(up_to)).unwrap_or_default();
        let standing = |peer: &u64| self.peers.get(peer).map(|peer| peer.standing);
        let failed = |wire: &Wire| {
            let entry = wire.message.and_then(|row| self.messages.get(&row));
            entry.is_some_and(|entry| matches!(entry.state, MessageState::Failed { .. }))
        };
        self.wires.retain(|_, wire| standing(&wire.peer) != Some(Standing::Blocked) && !failed(wire));
        for wire in self.wires.values_mut().filter(|wire| wire.number.is_some()) {
            Arc::make_mut(wire).number = None;
        }
        changed
    }

    /// Where to take the stream up again.
    #[must_use]
    pub fn resumption(&self) -> Option<Resumption> {
        let Stream { id, jid, handled, sent } = self.position.stream.clone()?;
        Some(Resumption { id, jid, handled, sent })
    }

    /// Keeps where to take the stream up again.
    pub fn set_resumption(&mut self, resumption: Option<Resumption>) {
        let stream = resumption.map(|Resumption { id, jid, handled, sent }| Stream { id, jid, handled, sent });
        if self.position.stream != stream {
            Arc::make_mut(&mut self.position).stream = stream;
        }
    }
}

/// [`Resumption`] as it is stored.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stream {
    id: String,
    jid: String,
    handled: u32,
    #[serde(default)]
    sent: Option<u32>,
}
