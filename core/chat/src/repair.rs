//! Repair of a mailbox that has lost rows.

use std::sync::Arc;

use crate::contact::{PeerId, Relationship};
use crate::mailbox::Mailbox;
use crate::message::{FailReason, MessageId, MessageState};

/// Makes the best of what is left when rows are lost: no number is given again, so that nothing good is overwritten and
/// nothing is taken for somebody else's. `last_kept`: the last message and the last peer of history.
pub fn mend(mailbox: &mut Mailbox, last_kept: Option<(MessageId, PeerId)>) {
    let (last_message, last_peer) = last_kept.unzip();
    let message = mailbox.messages.keys().copied().chain(last_message).max().unwrap_or_default();
    let stanza = mailbox.stanzas.keys().next_back().copied().unwrap_or_default();
    let position = &mailbox.position;
    if position.message < message || position.stanza < stanza {
        let position = Arc::make_mut(&mut mailbox.position);
        position.message = position.message.max(message);
        position.stanza = position.stanza.max(stanza);
    }
    let named = mailbox.messages.values().map(|entry| entry.peer);
    let named = named.chain(mailbox.stanzas.values().map(|stanza| stanza.peer)).chain(mailbox.sessions.keys().copied());
    let named: Vec<PeerId> = named.chain(mailbox.seen.keys().copied()).collect();
    for peer in named {
        // The peer's address is lost; what they wrote is not.
        mailbox.peers.entry(peer).or_default();
    }
    for peer in mailbox.peers.keys() {
        mailbox.seen.entry(*peer).or_default();
    }
    // History may name peers that were forgotten.
    let last = mailbox.peers.keys().copied().chain(last_peer).max().unwrap_or_default();
    if mailbox.position.peer < last {
        Arc::make_mut(&mut mailbox.position).peer = last;
    }
    // An earlier version knew by the texts that it had kept.
    let written_to = mailbox.messages.values().filter(|entry| !entry.came()).map(|entry| entry.peer);
    let contacts =
        mailbox.peers.iter().filter(|(_, peer)| peer.relationship == Relationship::Contact).map(|(row, _)| *row);
    for row in written_to.chain(contacts).collect::<Vec<_>>() {
        if let Some(peer) = mailbox.peers.get_mut(&row).filter(|peer| !peer.was_contact) {
            Arc::make_mut(peer).was_contact = true;
        }
    }
    for stored in mailbox.sessions.values_mut().filter(|stored| stored.state.is_empty()) {
        // It has ended with its process.
        let stored = Arc::make_mut(stored);
        (stored.key, stored.version, stored.finished) = (None, None, false);
    }
    let nobody = |peer: &PeerId| mailbox.peers.get(peer).is_some_and(|peer| peer.jid.is_lost());
    let rows = mailbox.rows(|entry| nobody(&entry.peer) && entry.state.is_on_its_way());
    mailbox.set_all(rows, MessageState::Failed { reason: FailReason::AddressLost });
    // A text that was sent and has no stanza any more has lost them: it is queued again.
    let carried = |row: &MessageId| mailbox.stanzas.values().any(|stanza| stanza.message == Some(*row));
    let torn: Vec<MessageId> = mailbox.rows(|entry| entry.state == MessageState::Sent);
    let torn = torn.into_iter().filter(|row| !carried(row)).collect();
    mailbox.set_all(torn, MessageState::Queued);
}
