//! What comes from peers: what is known from before, how much is taken in, what is confirmed.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::contact::{Peer, Standing};
use crate::event::Changed;
use crate::mailbox::Mailbox;
use crate::message::{Entry, MessageId, MessageState};
use crate::seen::Mark;
use crate::stanza::{What, Wire};
use crate::trust::Security;
use crate::{limits, stanza_queue};

/// A text that came.
pub(crate) struct Arrived<'a> {
    pub(crate) peer: u64,
    /// By what it is known when it comes again, as far as that can be believed.
    pub(crate) mark: Option<Mark>,
    pub(crate) text: &'a str,
    pub(crate) security: Security,
    /// The sender's client.
    pub(crate) resource: Option<&'a str>,
    /// The sender wants to know, outside the encryption, that this stanza was read.
    pub(crate) receipt: Option<&'a str>,
}

/// Takes a text in, unless it is known. `None`: it was. `receipt`: an id for the one that is owed.
pub(crate) fn receive(
    mailbox: &mut Mailbox,
    arrived: &Arrived<'_>,
    receipt: String,
    now: u64,
) -> Option<(MessageId, MessageState)> {
    let Arrived { peer, mark, text, security, resource, receipt: wanted } = *arrived;
    let known = mark.is_some_and(|mark| mailbox.has_seen(peer, mark));
    // A stranger does not learn that there is somebody. Who sends again has missed the receipt.
    if let Some(received) = wanted.filter(|_| mailbox.standing(peer) == Standing::Contact) {
        let what = What::Receipt { received: received.to_owned() };
        let resource = resource.map(str::to_owned);
        stanza_queue::add(mailbox, Wire { peer, resource, id: receipt, what, message: None, at: now, number: None });
    }
    if known {
        return None;
    }
    if let Some(mark) = mark {
        Arc::make_mut(mailbox.seen.entry(peer).or_default()).remember(mark);
    }
    let (label, text, state) = (String::new(), text.to_owned(), MessageState::Received);
    let entry = Entry { peer, label, text, at: now, state, security, until: None, went: None, again: false };
    Some((mailbox.add(entry), state))
}

/// Those whom the user has nothing to do with, the oldest first. A peer with a key is there because the user has brought
/// the key; one who was written to was a contact.
pub(crate) fn strangers(mailbox: &Mailbox) -> Vec<u64> {
    let written_to: BTreeSet<u64> =
        mailbox.messages.values().filter(|entry| !entry.came()).map(|entry| entry.peer).collect();
    let came_by_itself = |row: &u64, peer: &Peer| {
        peer.standing == Standing::Stranger
            && peer.trust.keys.is_empty()
            && peer.trust.expected.is_none()
            && peer.label.is_none()
            && !written_to.contains(row)
    };
    mailbox.peers.iter().filter(|(row, peer)| came_by_itself(row, peer)).map(|(row, _)| *row).collect()
}

/// Forgets a stranger, with what they wrote.
pub(crate) fn forget_stranger(mailbox: &mut Mailbox, row: u64) {
    mailbox.peers.remove(&row);
    mailbox.sessions.remove(&row);
    mailbox.messages.retain(|_, entry| entry.peer != row);
    mailbox.wires.retain(|_, wire| wire.peer != row);
    mailbox.seen.remove(&row);
}

/// What came of a peer's and was not taken: messages and bytes.
fn untaken(mailbox: &Mailbox, row: u64) -> (usize, usize) {
    let is_it = |entry: &Entry| entry.peer == row && entry.state == MessageState::Received;
    let untaken = mailbox.messages.values().filter(|entry| is_it(entry));
    untaken.fold((0, 0), |(count, bytes), entry| (count + 1, bytes + entry.text.len()))
}

/// Whether there is room for a stranger's text.
pub(crate) fn takes_from_stranger(mailbox: &Mailbox, row: u64, text: &str) -> bool {
    let (count, bytes) = untaken(mailbox, row);
    count < limits::STRANGER_TEXTS
        && bytes + text.len() <= limits::STRANGER_BYTES
        && kept(mailbox, row) < limits::CONTACT_KEPT
}

/// Whether so much of a peer's was not taken, or is kept, that nothing more is taken in.
pub(crate) fn is_full(mailbox: &Mailbox, row: u64) -> bool {
    let (count, bytes) = untaken(mailbox, row);
    count >= limits::CONTACT_TEXTS || bytes >= limits::CONTACT_BYTES || kept(mailbox, row) >= limits::CONTACT_KEPT
}

/// What came of a peer's and is there: bytes, with what is stored around each text.
fn kept(mailbox: &Mailbox, row: u64) -> usize {
    let kept = mailbox.messages.values().filter(|entry| entry.peer == row && entry.came());
    kept.map(|entry| entry.text.len() + limits::AROUND_TEXT).sum()
}

/// Peers that have texts turned away for lack of room, where there is room again: those texts may come again.
pub fn missed(mailbox: &Mailbox) -> Vec<u64> {
    let has_space = |row: u64| {
        let (count, bytes) = untaken(mailbox, row);
        let kept = kept(mailbox, row);
        count <= limits::CONTACT_TEXTS / 2 && bytes <= limits::CONTACT_BYTES / 2 && kept < limits::CONTACT_KEPT
    };
    let missed = mailbox.peers.iter().filter(|(_, peer)| peer.missed && peer.standing == Standing::Contact);
    missed.map(|(row, _)| *row).filter(|row| has_space(*row)).collect()
}

/// The app has it: what came is read; what failed is forgotten.
pub fn take(mailbox: &mut Mailbox, MessageId(row): MessageId) -> Changed {
    match mailbox.messages.get(&row).map(|entry| entry.state) {
        Some(MessageState::Received) => return mailbox.set(row, MessageState::Taken),
        Some(MessageState::Failed { .. }) => drop(mailbox.messages.remove(&row)),
        _ => {}
    }
    Vec::new()
}
