//! Texts that the peer may not have read: sent again, or told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::contact::{PeerId, Relationship};
use crate::event::Changed;
use crate::mailbox::Mailbox;
use crate::message::{Entry, FailReason, MessageId, MessageState, Reading, TextId};
use crate::outbox::deduplicates;
use crate::stanza::OutgoingStanza;
use crate::time::UnixTime;
use crate::trust::Fingerprint;
use crate::{inbox, limits, stanza_queue};

/// Texts that the peer may not have read: see [`redeliver`].
pub(crate) fn unread(mailbox: &mut Mailbox, peer: PeerId, numbers: &[TextId], now: UnixTime) {
    let named = |entry: &Entry| entry.awaited().is_some_and(|number| numbers.contains(&number));
    let rows = mailbox.rows(|entry| entry.peer == peer && entry.may_be_unread() && named(entry));
    // What is not changed stays shared: a copy would be written to disk.
    rows.into_iter().for_each(|row| doubt(mailbox, row, now));
}

/// The peer has read all but these; but what goes to a key that sends receipts inside the encryption is
/// confirmed by those alone. OTR tells by keys, and a server can drop one of several texts under the same keys.
pub(crate) fn confirm_others(mailbox: &mut Mailbox, peer: PeerId, unconfirmed: &[TextId]) {
    let read = |entry: &Entry| entry.awaited().is_some_and(|number| !unconfirmed.contains(&number));
    let rows = mailbox.rows(|entry| entry.peer == peer && read(entry) && !deduplicates(mailbox, entry));
    rows.into_iter().for_each(|row| set_reading(mailbox, row, Reading::Settled));
}

/// Sessions with these keys are over: what such a key has sent no receipt for, though it sends them, may be unread.
pub(crate) fn session_over(mailbox: &mut Mailbox, peer: PeerId, is_over: impl Fn(Fingerprint) -> bool, now: UnixTime) {
    let is_over = |entry: &Entry| entry.transmission.as_ref().is_some_and(|sent| is_over(sent.key));
    let is_it = |entry: &Entry| entry.peer == peer && awaits(entry) && is_over(entry);
    let rows = mailbox.rows(|entry| is_it(entry) && deduplicates(mailbox, entry));
    rows.into_iter().for_each(|row| doubt(mailbox, row, now));
}

/// This key is known now to send receipts inside the encryption. One for what OTR had confirmed by then may have been under keys
/// that are replaced: such a text is sent again, and so is its receipt.
pub(crate) fn sends_receipts(mailbox: &mut Mailbox, peer: PeerId, key: Fingerprint, now: UnixTime) {
    let is_under_key = |entry: &Entry| entry.transmission.as_ref().is_some_and(|sent| sent.key == key);
    let rows = mailbox.rows(|entry| {
        entry.peer == peer && entry.state == MessageState::Acked && entry.is_confirmed() && is_under_key(entry)
    });
    rows.into_iter().for_each(|row| doubt(mailbox, row, now));
}

fn doubt(mailbox: &mut Mailbox, row: MessageId, now: UnixTime) {
    set_reading(mailbox, row, Reading::Doubted(now));
}

fn set_reading(mailbox: &mut Mailbox, row: MessageId, reading: Reading) {
    if let Some(sent) = mailbox.messages.get_mut(&row).and_then(|entry| Arc::make_mut(entry).transmission.as_mut()) {
        sent.reading = reading;
    }
}

/// It was sent, and its private conversation is to say whether it was read.
fn awaits(entry: &Entry) -> bool {
    entry.may_be_unread() && entry.awaited().is_some()
}

/// Whether a receipt inside the encryption is to come from the holder of this key, which texts may go to.
pub(crate) fn awaits_receipt(mailbox: &Mailbox, peer: PeerId, key: Fingerprint) -> bool {
    let is_under_key = |entry: &Entry| entry.transmission.as_ref().is_some_and(|sent| sent.key == key);
    let is_it = |entry: &Entry| entry.peer == peer && awaits(entry) && is_under_key(entry);
    let is_accepted = mailbox.peers.get(&peer).is_some_and(|peer| peer.trust.accepts(key));
    is_accepted && mailbox.messages.values().any(|entry| is_it(entry) && deduplicates(mailbox, entry))
}

/// A session ends from this side: what it has not confirmed nothing will.
pub(crate) fn fail_unconfirmed(mailbox: &mut Mailbox, peer: PeerId) -> Changed {
    let rows = mailbox.rows(|entry| entry.peer == peer && awaits(entry));
    rows.iter().for_each(|row| set_reading(mailbox, *row, Reading::Settled));
    mailbox.set_all(rows, MessageState::Failed { reason: FailReason::Unread })
}

/// Nothing that a session has said or would say leaves any more. Texts that had not left wait again.
pub(crate) fn forget_session(mailbox: &mut Mailbox, peer: PeerId) -> Changed {
    mailbox.sessions.remove(&peer);
    let waits = |stanza: &OutgoingStanza| stanza.peer == peer && stanza.number.is_none();
    let torn: BTreeSet<MessageId> =
        mailbox.stanzas.values().filter(|stanza| waits(stanza)).filter_map(|w| w.message).collect();
    mailbox.stanzas.retain(|_, stanza| !waits(stanza));
    for row in &torn {
        if let Some(entry) = mailbox.messages.get_mut(row) {
            Arc::make_mut(entry).transmission = None;
        }
    }
    mailbox.set_all(torn.into_iter().collect(), MessageState::Queued)
}

/// Decides on texts that may be unread. A client that knows what it gets twice is sent all of them again, in their order.
/// It says so as soon as there are new keys: another one that does not is sent the last, if it was young, and the rest
/// is told.
pub(crate) fn redeliver(mailbox: &mut Mailbox, peer: PeerId, now: UnixTime) -> Changed {
    let rows = mailbox.rows(|entry| entry.peer == peer && entry.may_be_unread() && entry.doubted().is_some());
    let mut changed = Vec::new();
    for (row, is_last) in rows.iter().rev().zip(std::iter::once(true).chain(std::iter::repeat(false))) {
        let Some(entry) = mailbox.messages.get(row) else { continue };
        let deduplicates = deduplicates(mailbox, entry);
        let Some(entry) = mailbox.messages.get_mut(row) else { continue };
        let Some((since, sent)) = entry.doubted().zip(entry.transmission.as_ref()) else { continue };
        // The clock may have been set forwards or back meanwhile.
        if !deduplicates && now.distance(since) < limits::RESEND_GRACE {
            continue;
        }
        let again = is_last && since < sent.at.after(limits::RESEND_WITHIN);
        let entry = Arc::make_mut(entry);
        entry.again |= again && !deduplicates;
        set_reading(mailbox, *row, Reading::Settled);
        stanza_queue::withdraw(mailbox, *row);
        let reason = FailReason::Unread;
        let state = if deduplicates || again { MessageState::Queued } else { MessageState::Failed { reason } };
        changed.extend(mailbox.set(*row, state));
    }
    changed
}

/// Peers that have texts in doubt.
pub(crate) fn doubting(mailbox: &Mailbox) -> BTreeSet<PeerId> {
    let doubted = |entry: &&Arc<Entry>| entry.may_be_unread() && entry.doubted().is_some();
    mailbox.messages.values().filter(doubted).map(|entry| entry.peer).collect()
}

/// When the next of the texts that are in doubt is decided on.
pub fn next_decision(mailbox: &Mailbox) -> Option<UnixTime> {
    let doubted = mailbox.messages.values().filter(|entry| entry.may_be_unread());
    doubted.filter_map(|entry| entry.doubted()).map(|since| since.after(limits::RESEND_GRACE)).min()
}

/// A session is lost on this side: OTR will not say any more what was not read.
pub(crate) fn session_lost(mailbox: &mut Mailbox, peer: PeerId, now: UnixTime) {
    mailbox.sessions.remove(&peer);
    doubt_all(mailbox, peer, now);
}

/// No session is left that could confirm a text.
pub(crate) fn doubt_all(mailbox: &mut Mailbox, peer: PeerId, now: UnixTime) {
    let theirs = mailbox.messages.values().filter(|entry| entry.peer == peer);
    let numbers: Vec<TextId> = theirs.filter_map(|entry| entry.awaited()).collect();
    unread(mailbox, peer, &numbers, now);
}

/// The server has lost its memory: what it had taken and no peer has confirmed is queued again, where the peer's client
/// tells what it has and knows what it gets twice. Where that is not known, a new session is to say what was not read.
pub(crate) fn forgotten_by_server(mailbox: &mut Mailbox, now: UnixTime) -> Changed {
    let is_late = |entry: &Entry| now >= entry.left().after(limits::CONFIRMED_WITHIN);
    let is_there = |entry: &Entry| matches!(entry.state, MessageState::Acked | MessageState::Reported);
    let may_be_lost =
        |entry: &Entry| is_there(entry) && !is_late(entry) && mailbox.relationship(entry.peer) != Relationship::Blocked;
    let forgotten = mailbox.rows(|entry| may_be_lost(entry) && deduplicates(mailbox, entry));
    let is_unsure = |entry: &Entry| entry.state == MessageState::Acked && !entry.is_confirmed() && may_be_lost(entry);
    let unsure = mailbox.rows(|entry| is_unsure(entry) && !deduplicates(mailbox, entry));
    for row in unsure {
        // What says that the client knows doubles may be lost, too. A new session says it again, and what was not read.
        if let Some(peer) = mailbox.messages.get(&row).map(|entry| entry.peer) {
            inbox::mark_missed(mailbox, peer);
        }
    }
    let mut first: BTreeMap<PeerId, MessageId> = BTreeMap::new();
    for row in &forgotten {
        if let Some(entry) = mailbox.messages.get(row) {
            first.entry(entry.peer).or_insert(*row);
        }
    }
    // What is behind one of them on its way must not overtake it.
    let behind = |row: MessageId, entry: &Entry| first.get(&entry.peer).is_some_and(|first| row > *first);
    let sent = mailbox.messages.iter().filter(|(_, entry)| entry.state == MessageState::Sent);
    let sent: Vec<MessageId> = sent.filter(|(row, entry)| behind(**row, entry)).map(|(row, _)| *row).collect();
    sent.iter().for_each(|row| stanza_queue::withdraw(mailbox, *row));
    mailbox.set_all([forgotten, sent].concat(), MessageState::Queued)
}
