//! Stanzas on their way to the server: each stays until the server has it, and is sent again as it is, in the same order.

use std::sync::Arc;

use flashpaper_xmpp::Resumption;

use crate::contact::{PeerId, Relationship};
use crate::encryption;
use crate::event::Changed;
use crate::limits;
use crate::mailbox::Mailbox;
use crate::message::{MessageId, MessageState};
use crate::stanza::{Numbered, OutgoingStanza, StanzaId, StanzaKind, Stream, StreamNumber};
use crate::time::UnixTime;

/// One that holds no text is left out where too many of them wait: the peer decides how many answers there are. A query
/// takes the place of one that has not left.
pub(crate) fn add(mailbox: &mut Mailbox, stanza: OutgoingStanza) {
    if stanza.is_query() {
        mailbox.stanzas.retain(|_, other| other.peer != stanza.peer || other.number.is_some() || !other.is_query());
    }
    let is_like_it = |other: &OutgoingStanza| other.message.is_none() && other.peer == stanza.peer;
    let is_answer = stanza.message.is_none();
    if is_answer && mailbox.stanzas.values().filter(|other| is_like_it(other)).count() >= limits::ANSWERS {
        return;
    }
    let row = mailbox.next(|position| &mut position.stanza);
    mailbox.stanzas.insert(row, Arc::new(stanza));
}

/// Whether something waits to be sent.
pub(crate) fn has_unsent(mailbox: &Mailbox) -> bool {
    mailbox.stanzas.values().any(|stanza| stanza.number.is_none())
}

/// Numbers the stanzas that are sent next, at most `room`. The numbers are stored, so that the server's count can be read
/// when the stream is taken up again. A step of a key exchange is left out when it is late, as it is of no use then; a query is
/// not, as it begins an exchange at any time. `first`: the first number.
pub(crate) fn number(mailbox: &mut Mailbox, first: StreamNumber, room: usize, now: UnixTime) -> Numbered {
    let is_step = |stanza: &OutgoingStanza| matches!(&stanza.kind, StanzaKind::Encrypted { body, .. } if stanza.message.is_none() && !encryption::is_data(body));
    let late = |stanza: &OutgoingStanza| {
        is_step(stanza) && !stanza.is_query() && now > stanza.at.after(limits::EXCHANGE_STANZAS)
    };
    let known = |stanza: &OutgoingStanza| mailbox.peers.get(&stanza.peer).is_some_and(|peer| !peer.jid.is_lost());
    mailbox.stanzas.retain(|_, stanza| stanza.number.is_some() || known(stanza) && !late(stanza));
    let waiting = mailbox.stanzas.values_mut().filter(|stanza| stanza.number.is_none());
    let mut numbered = Vec::new();
    for (stanza, offset) in waiting.take(room).zip(0_u32..) {
        Arc::make_mut(stanza).number = Some(first.plus(offset));
        let Some(peer) = mailbox.peers.get(&stanza.peer) else { continue };
        let to = match &stanza.resource {
            Some(resource) => format!("{}/{resource}", peer.jid.as_str()),
            None => peer.jid.as_str().to_owned(),
        };
        numbered.push((to, Arc::clone(stanza)));
    }
    numbered
}

/// The server has everything up to this number.
pub(crate) fn acked(mailbox: &mut Mailbox, up_to: StreamNumber) -> Changed {
    let done: Vec<StanzaId> = mailbox
        .stanzas
        .iter()
        .filter(|(_, stanza)| stanza.number.is_some_and(|number| up_to.covers(number)))
        .map(|(row, _)| *row)
        .collect();
    let mut changed = Vec::new();
    for row in done {
        let Some(stanza) = mailbox.stanzas.remove(&row) else { continue };
        let Some(message) = stanza.message else { continue };
        let rest = mailbox.stanzas.values().any(|other| other.message == Some(message));
        if !rest && mailbox.messages.get(&message).is_some_and(|entry| entry.state == MessageState::Sent) {
            changed.extend(mailbox.set(message, MessageState::Acked));
        }
    }
    changed
}

/// A stream has begun, or goes on: what the server has not said it has, up to now, is to be sent again; but nothing to
/// somebody who was blocked meanwhile, and no text but one that may be unread. One that has failed, arrived, is queued again, or
/// is not there any more must not leave as it was encrypted then.
pub(crate) fn restarted(mailbox: &mut Mailbox, up_to: Option<StreamNumber>) -> Changed {
    let changed = up_to.map(|up_to| acked(mailbox, up_to)).unwrap_or_default();
    let relationship = |peer: &PeerId| mailbox.peers.get(peer).map(|peer| peer.relationship);
    let may_be_unread = |row: MessageId| mailbox.messages.get(&row).is_some_and(|entry| entry.may_be_unread());
    mailbox.stanzas.retain(|_, stanza| {
        relationship(&stanza.peer) != Some(Relationship::Blocked) && stanza.message.is_none_or(may_be_unread)
    });
    for stanza in mailbox.stanzas.values_mut().filter(|stanza| stanza.number.is_some()) {
        Arc::make_mut(stanza).number = None;
    }
    changed
}

/// Where to take the stream up again.
#[must_use]
pub fn resumption(mailbox: &Mailbox) -> Option<Resumption> {
    let Stream { id, jid, handled, sent } = mailbox.position.stream.clone()?;
    Some(Resumption { id, jid, handled: handled.0, sent: sent.map(|sent| sent.0) })
}

/// Keeps where to take the stream up again.
pub(crate) fn set_resumption(mailbox: &mut Mailbox, resumption: Option<Resumption>) {
    let stream = resumption.map(|Resumption { id, jid, handled, sent }| Stream {
        id,
        jid,
        handled: StreamNumber(handled),
        sent: sent.map(StreamNumber),
    });
    if mailbox.position.stream != stream {
        Arc::make_mut(&mut mailbox.position).stream = stream;
    }
}

/// A text is not to leave any more, as far as it has not.
pub(crate) fn withdraw(mailbox: &mut Mailbox, message: MessageId) {
    // One that has a number stays: the server's count stands for it.
    mailbox.stanzas.retain(|_, stanza| stanza.message != Some(message) || stanza.number.is_some());
}
