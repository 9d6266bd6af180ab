//! Texts that go out: their queue, how many may be on their way, and what bounces and receipts say of them.

use std::sync::Arc;
use std::time::Duration;

use crate::address::Address;
use crate::contact::{PeerId, Relationship};
use crate::error::ChatError;
use crate::event::Changed;
use crate::mailbox::Mailbox;
use crate::message::{Entry, FailReason, MessageId, MessageState, Reading, TextId, Transmission};
use crate::stanza::{OutgoingStanza, StanzaKind};
use crate::time::UnixTime;
use crate::trust::{Fingerprint, Security};
use crate::{limits, stanza_queue};

/// Puts a text into the outbox.
///
/// # Errors
/// [`ChatError::PeerBlocked`], [`ChatError::OutboxFull`].
pub(crate) fn queue(
    mailbox: &mut Mailbox,
    to: &Address,
    label: String,
    text: &str,
    now: UnixTime,
    within: Option<Duration>,
) -> Result<MessageId, ChatError> {
    if let Some(peer) = mailbox.find(to) {
        mailbox.check_unblocked(peer)?;
    }
    check_room(mailbox, to, text)?;
    let peer = mailbox.peer(to);
    if mailbox.relationship(peer) != Relationship::Contact {
        mailbox.befriend(peer);
    }
    let mut entry = Entry::new(peer, (label, text.to_owned()), now, MessageState::Queued, Security::Plaintext);
    entry.until = within.map(|within| now.after(within));
    Ok(mailbox.add(entry))
}

/// Whether there is room for one more text. Those that have failed wait for the app alone, and do not count.
pub(crate) fn check_room(mailbox: &Mailbox, to: &Address, text: &str) -> Result<(), ChatError> {
    let (to, size) = (mailbox.find(to), limits::around(text));
    let is_under_way =
        |entry: &&Arc<Entry>| !entry.came() && !entry.is_over() && !matches!(entry.state, MessageState::Failed { .. });
    let (mut all, mut to_one) = (size, size);
    for entry in mailbox.messages.values().filter(is_under_way) {
        all += limits::around(&entry.text);
        to_one += if to == Some(entry.peer) { limits::around(&entry.text) } else { 0 };
    }
    if all > limits::OUTBOX || to_one > limits::OUTBOX_TO_ONE { Err(ChatError::OutboxFull) } else { Ok(()) }
}

/// A text as it is to be encrypted for a client that knows what it gets twice, or does not.
pub(crate) fn wording(entry: &Entry, deduplicates: bool) -> String {
    if entry.again && !deduplicates { format!("[resent] {}", entry.text) } else { entry.text.clone() }
}

/// A text that was encrypted.
pub(crate) struct Encrypted {
    pub(crate) peer: PeerId,
    pub(crate) key: Fingerprint,
    pub(crate) number: TextId,
    /// The client that it goes to.
    pub(crate) resource: Option<String>,
    /// What carries it, with ids.
    pub(crate) pieces: Vec<(String, String)>,
}

/// Has a text that was encrypted leave, and stay until it is known to have arrived.
pub(crate) fn send(mailbox: &mut Mailbox, row: MessageId, encrypted: Encrypted, now: UnixTime) -> Changed {
    let Encrypted { peer, key, number, resource, pieces } = encrypted;
    let Some(known) = mailbox.peers.get(&peer) else { return Vec::new() };
    // Where there are receipts inside the encryption, none is asked for outside.
    let confirms_inside = known.trust.key(key).is_some_and(|key| key.deduplicates);
    let security = known.trust.security(key);
    let ids: Vec<String> = pieces.iter().map(|(id, _)| id.clone()).collect();
    for (id, body) in pieces {
        let wants_receipt = !confirms_inside && ids.last() == Some(&id);
        let kind = StanzaKind::Encrypted { body, wants_receipt };
        let resource = resource.clone();
        stanza_queue::add(
            mailbox,
            OutgoingStanza { peer, resource, id, kind, message: Some(row), at: now, number: None },
        );
    }
    if let Some(entry) = mailbox.messages.get_mut(&row).map(Arc::make_mut) {
        entry.security = security;
        entry.transmission = Some(Transmission { reading: Reading::Awaited(number), key, at: now, ids });
    }
    mailbox.set(row, MessageState::Sent)
}

/// Texts that wait to be encrypted: row and peer, in their order.
pub(crate) fn waiting(mailbox: &Mailbox) -> Vec<(MessageId, PeerId)> {
    mailbox.messages.iter().filter(|(_, entry)| entry.waits()).map(|(row, entry)| (*row, entry.peer)).collect()
}

/// Whether another text may be on its way to a peer: servers keep so many for a client that is away and no more.
pub(crate) fn has_room(mailbox: &Mailbox, peer: PeerId, now: UnixTime) -> bool {
    let waits = |entry: &Entry| match entry.state {
        MessageState::Sent => true,
        MessageState::Acked => deduplicates(mailbox, entry) || now < entry.left().after(limits::WINDOW_FOR),
        _ => false,
    };
    let confirms = mailbox.peers.get(&peer).is_some_and(|peer| peer.confirms);
    !confirms || mailbox.messages.values().filter(|entry| entry.peer == peer && waits(entry)).count() < limits::WINDOW
}

/// The peer's client has these texts: the holder of its key says so inside the encryption.
pub(crate) fn read(mailbox: &mut Mailbox, peer: PeerId, key: Fingerprint, labels: &[String]) -> Changed {
    let is_under_key = |entry: &Entry| entry.transmission.as_ref().is_some_and(|sent| sent.key == key);
    let is_it = |entry: &Entry| entry.peer == peer && is_under_key(entry) && labels.contains(&entry.label);
    let rows = mailbox.rows(is_it);
    if !rows.is_empty() {
        note_confirms(mailbox, peer);
    }
    rows.iter().for_each(|row| stanza_queue::withdraw(mailbox, *row));
    mailbox.set_all(rows, MessageState::Delivered)
}

/// A receipt outside the encryption. It counts for nothing where there are those inside.
pub(crate) fn reported(mailbox: &mut Mailbox, from: &Address, id: &str) -> Changed {
    let Some((row, entry)) = carried_by(mailbox, from, id) else { return Vec::new() };
    let peer = entry.peer;
    if deduplicates(mailbox, entry) {
        return Vec::new();
    }
    note_confirms(mailbox, peer);
    mailbox.set(row, MessageState::Reported)
}

/// A peer has said that it has a text.
fn note_confirms(mailbox: &mut Mailbox, row: PeerId) {
    if mailbox.peers.get(&row).is_some_and(|peer| !peer.confirms)
        && let Some(peer) = mailbox.peer_mut(row)
    {
        peer.confirms = true;
    }
}

/// Whether a text went to a key that says inside the encryption what it has, and knows what it gets twice.
pub(crate) fn deduplicates(mailbox: &Mailbox, entry: &Entry) -> bool {
    let key = mailbox
        .peers
        .get(&entry.peer)
        .zip(entry.transmission.as_ref())
        .and_then(|(peer, sent)| peer.trust.key(sent.key));
    key.is_some_and(|key| key.deduplicates)
}

/// A message came back.
pub(crate) fn refused(mailbox: &mut Mailbox, from: &Address, id: &str, reason: FailReason) -> Changed {
    let Some((row, _)) = carried_by(mailbox, from, id) else { return Vec::new() };
    stanza_queue::withdraw(mailbox, row);
    mailbox.set(row, MessageState::Failed { reason })
}

/// What asked a peer for a private conversation came back for good: nobody will answer what waits for that.
pub(crate) fn nobody_there(mailbox: &mut Mailbox, peer: PeerId) -> Changed {
    let rows = mailbox.rows(|entry| entry.peer == peer && entry.state == MessageState::WaitingForPeer);
    mailbox.set_all(rows, MessageState::Failed { reason: FailReason::Refused })
}

/// Texts to somebody who is blocked now: what has not left does not leave any more, nor again.
pub(crate) fn blocked(mailbox: &mut Mailbox, peer: PeerId) -> Changed {
    let doubted = |entry: &Entry| entry.may_be_unread() && entry.doubted().is_some();
    let rows = mailbox.rows(|entry| entry.peer == peer && (entry.waits() || doubted(entry)));
    mailbox.set_all(rows, MessageState::Failed { reason: FailReason::Blocked })
}

/// When the next text is given up.
pub fn next_given_up(mailbox: &Mailbox) -> Option<UnixTime> {
    mailbox.messages.values().filter_map(|entry| entry.given_up()).min()
}

/// Gives up texts that have waited for too long.
pub(crate) fn give_up(mailbox: &mut Mailbox, now: UnixTime) -> Changed {
    let rows = mailbox.rows(|entry| entry.given_up().is_some_and(|until| until <= now));
    mailbox.set_all(rows, MessageState::Failed { reason: FailReason::NoAnswer })
}

/// The outgoing message that this stanza carries. One that is to be sent again has no stanza yet.
fn carried_by<'a>(mailbox: &'a Mailbox, to: &Address, id: &str) -> Option<(MessageId, &'a Entry)> {
    let peer = mailbox.find(to)?;
    let has_id = |sent: &Transmission| sent.ids.iter().any(|of| of == id);
    let is_it = |entry: &Entry| entry.may_be_unread() && entry.transmission.as_ref().is_some_and(has_id);
    let (row, entry) = mailbox.messages.iter().find(|(_, entry)| entry.peer == peer && is_it(entry))?;
    Some((*row, entry))
}
