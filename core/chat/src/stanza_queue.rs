//! Stanzas on their way to the server: each stays until the server has it, and is sent again as it is, in the same order.

use std::sync::Arc;

use flashpaper_xmpp::Resumption;

use crate::contact::{PeerId, Standing};
use crate::event::Changed;
use crate::limits;
use crate::mailbox::Mailbox;
use crate::message::{MessageId, MessageState};
use crate::stanza::{Stream, What, Wire, covers, is_data};

/// One that holds no text is left out where too many of them wait: the peer decides how many answers there are. A query
/// takes the place of one that has not left.
pub(crate) fn add(mailbox: &mut Mailbox, wire: Wire) {
    if wire.is_query() {
        mailbox.wires.retain(|_, other| other.peer != wire.peer || other.number.is_some() || !other.is_query());
    }
    let is_like_it = |other: &Wire| other.message.is_none() && other.peer == wire.peer;
    let is_answer = wire.message.is_none();
    if is_answer && mailbox.wires.values().filter(|other| is_like_it(other)).count() >= limits::ANSWERS {
        return;
    }
    let row = mailbox.next(|position| &mut position.wire);
    mailbox.wires.insert(row, Arc::new(wire));
}

/// Whether something waits to be sent.
pub fn has_unsent(mailbox: &Mailbox) -> bool {
    mailbox.wires.values().any(|wire| wire.number.is_none())
}

/// Numbers what is sent next, at most so much: from here on whoever goes on with the stream knows what the server's
/// count stands for. What is of use for a moment only, as a step of a key exchange, is not sent late; a query begins one
/// whenever it comes.
pub fn number(mailbox: &mut Mailbox, first: u32, room: usize, now: u64) -> Vec<(String, Arc<Wire>)> {
    let is_step =
        |wire: &Wire| matches!(&wire.what, What::Otr { body, .. } if wire.message.is_none() && !is_data(body));
    let late = |wire: &Wire| is_step(wire) && !wire.is_query() && now > wire.at.saturating_add(limits::EXCHANGE_WIRES);
    let known = |wire: &Wire| mailbox.peers.get(&wire.peer).is_some_and(|peer| !peer.jid.is_empty());
    mailbox.wires.retain(|_, wire| wire.number.is_some() || known(wire) && !late(wire));
    let waiting = mailbox.wires.values_mut().filter(|wire| wire.number.is_none());
    let mut numbered = Vec::new();
    for (wire, offset) in waiting.take(room).zip(0_u32..) {
        Arc::make_mut(wire).number = Some(first.wrapping_add(offset));
        let Some(peer) = mailbox.peers.get(&wire.peer) else { continue };
        let to = match &wire.resource {
            Some(resource) => format!("{}/{resource}", peer.jid),
            None => peer.jid.clone(),
        };
        numbered.push((to, Arc::clone(wire)));
    }
    numbered
}

/// The server has everything up to this number.
pub fn acked(mailbox: &mut Mailbox, up_to: u32) -> Changed {
    let done: Vec<u64> = mailbox
        .wires
        .iter()
        .filter(|(_, wire)| wire.number.is_some_and(|number| covers(up_to, number)))
        .map(|(row, _)| *row)
        .collect();
    let mut changed = Vec::new();
    for row in done {
        let Some(wire) = mailbox.wires.remove(&row) else { continue };
        let Some(message) = wire.message else { continue };
        let rest = mailbox.wires.values().any(|other| other.message == Some(message));
        if !rest && mailbox.messages.get(&message).is_some_and(|entry| entry.state == MessageState::Sent) {
            changed.extend(mailbox.set(message, MessageState::Acked));
        }
    }
    changed
}

/// A stream has begun, or goes on: what the server has not said it has, up to now, is to be sent again; but nothing to
/// somebody who was blocked meanwhile, and no text that has failed, as it has by a block that is over.
pub fn restarted(mailbox: &mut Mailbox, up_to: Option<u32>) -> Changed {
    let changed = up_to.map(|up_to| acked(mailbox, up_to)).unwrap_or_default();
    let standing = |peer: &PeerId| mailbox.peers.get(peer).map(|peer| peer.standing);
    let failed = |wire: &Wire| {
        let entry = wire.message.and_then(|row| mailbox.messages.get(&row));
        entry.is_some_and(|entry| matches!(entry.state, MessageState::Failed { .. }))
    };
    mailbox.wires.retain(|_, wire| standing(&wire.peer) != Some(Standing::Blocked) && !failed(wire));
    for wire in mailbox.wires.values_mut().filter(|wire| wire.number.is_some()) {
        Arc::make_mut(wire).number = None;
    }
    changed
}

/// Where to take the stream up again.
#[must_use]
pub fn resumption(mailbox: &Mailbox) -> Option<Resumption> {
    let Stream { id, jid, handled, sent } = mailbox.position.stream.clone()?;
    Some(Resumption { id, jid, handled, sent })
}

/// Keeps where to take the stream up again.
pub fn set_resumption(mailbox: &mut Mailbox, resumption: Option<Resumption>) {
    let stream = resumption.map(|Resumption { id, jid, handled, sent }| Stream { id, jid, handled, sent });
    if mailbox.position.stream != stream {
        Arc::make_mut(&mut mailbox.position).stream = stream;
    }
}

/// A text is not to leave any more, as far as it has not.
pub(crate) fn withdraw(mailbox: &mut Mailbox, message: MessageId) {
    // One that has a number stays: the server's count stands for it.
    mailbox.wires.retain(|_, wire| wire.message != Some(message) || wire.number.is_some());
}
