//! Texts that wait, on their way out: a private conversation is asked for, then they are encrypted and numbered.

use std::sync::Arc;

use crate::contact::{PeerId, Relationship};
use crate::encryption::open::recipient;
use crate::encryption::session::{NotSent, Partner};
use crate::event::Changed;
use crate::mailbox::Mailbox;
use crate::message::{FailReason, MessageId, MessageState};
use crate::outbox::{self, Encrypted};
use crate::stanza::StreamNumber;
use crate::trust::Trust;
use crate::work::Work;
use crate::{inbox, presence, redelivery, stanza_queue};

/// Whether there may be something to encrypt or to send.
#[must_use]
pub fn has_work(mailbox: &Mailbox) -> bool {
    let waits = !outbox::waiting(mailbox).is_empty() || !redelivery::doubting(mailbox).is_empty();
    stanza_queue::has_unsent(mailbox) || waits || !inbox::missed(mailbox).is_empty()
}

/// The server has the stanzas up to these numbers, and by them knows of these peers what they are to the burner. Needs no
/// [`crate::Talk`], and may be stored with a later change: after a crash the server says it again.
#[must_use]
pub fn acknowledged(mailbox: &mut Mailbox, up_to: &[StreamNumber], known: &[(PeerId, Relationship)]) -> Changed {
    known.iter().for_each(|(peer, relationship)| presence::server_knows(mailbox, *peer, *relationship));
    up_to.iter().flat_map(|up_to| stanza_queue::acked(mailbox, *up_to)).collect()
}

/// Confirms what has come, encrypts texts that wait, at most so many, and asks for private conversations where there are
/// none.
pub(crate) fn pump(work: &mut Work<'_>, room: usize) {
    work.confirm();
    work.news.messages.extend(outbox::give_up(work.mailbox, work.now));
    ask_for_missed(work);
    for peer in redelivery::doubting(work.mailbox) {
        work.news.messages.extend(redelivery::redeliver(work.mailbox, peer, work.now));
    }
    let mut left = room;
    // What is behind a text that cannot be sent yet keeps its place, also where a new session is to say which that are.
    let mut stuck = redelivery::doubting(work.mailbox);
    for peer in inbox::missed(work.mailbox) {
        stuck.extend(work.look(peer, |session| session.is_beginning()).then_some(peer));
    }
    for (row, peer) in outbox::waiting(work.mailbox) {
        if left > 0 && !stuck.contains(&peer) {
            if send(work, row, peer) {
                left -= 1;
            } else {
                stuck.insert(peer);
            }
        }
    }
    for (row, peer) in outbox::waiting(work.mailbox) {
        let session = work.sessions.open.get(peer);
        if session.is_some_and(|session| session.recipient().is_none() && !session.is_finished()) {
            work.set(row, MessageState::WaitingForPeer);
        }
    }
}

/// Begins a private conversation, or renews the one there is.
pub(crate) fn start(work: &mut Work<'_>, peer: PeerId) {
    work.sessions.asked.insert(peer, work.clock);
    let outputs = work.with(peer, |session| session.start());
    work.carry_out(peer, None, outputs);
    work.news.conversations.insert(peer);
}

/// Whether a text needs no more waiting.
fn send(work: &mut Work<'_>, row: MessageId, peer: PeerId) -> bool {
    if !work.is_contact(peer) || !outbox::has_room(work.mailbox, peer, work.now) {
        return false;
    }
    let Some(Partner { client, key, .. }) = choose(work, peer) else {
        ask(work, peer);
        return false;
    };
    let is_accepted = |trust: &Trust| trust.accepts(key);
    if !work.trust(peer).is_some_and(is_accepted) || !work.look(peer, |session| session.is_ready()) {
        return false;
    }
    let Some(entry) = work.mailbox.messages.get(&row).map(Arc::clone) else { return true };
    if entry.transmission.as_ref().is_some_and(|sent| sent.key != key) {
        work.set(row, MessageState::Failed { reason: FailReason::OtherKey });
        return true;
    }
    let deduplicates = work.trust(peer).and_then(|trust| trust.key(key)).is_some_and(|key| key.deduplicates);
    let text = outbox::wording(&entry, deduplicates);
    let timer = work.mailbox.peers.get(&peer).and_then(|known| known.timer.told());
    let sent = work.with(peer, |session| session.send(&text, &entry.label, timer));
    let (number, bodies) = match sent {
        Ok(sent) => sent,
        Err(NotSent::NotReady) => return false,
        Err(NotSent::TooLong) => {
            work.set(row, MessageState::Failed { reason: FailReason::TooLong });
            return true;
        }
    };
    let pieces = bodies.into_iter().map(|body| (work.ids.draw(), body)).collect();
    let resource = work.sessions.open.resource(peer, client);
    let encrypted = Encrypted { peer, key, number, resource, pieces };
    work.news.messages.extend(outbox::send(work.mailbox, row, encrypted, work.now));
    true
}

/// Asks a peer for a private conversation, unless it was asked a moment ago or has ended one.
fn ask(work: &mut Work<'_>, peer: PeerId) {
    let (beginning, finished) = work.look(peer, |session| (session.is_beginning(), session.is_finished()));
    if !beginning && !finished && !work.sessions.was_asked_lately(peer, work.clock) {
        start(work, peer);
    }
}

/// Has contacts send again what there was no room for: a new session tells them that it was not read.
fn ask_for_missed(work: &mut Work<'_>) {
    for peer in inbox::missed(work.mailbox) {
        if work.look(peer, |session| session.is_finished()) {
            // They have ended it, and know what was not read by then.
            inbox::clear_missed(work.mailbox, peer);
        } else {
            ask(work, peer);
        }
    }
}

/// Has texts go where [`recipient`] says.
pub(crate) fn choose(work: &mut Work<'_>, peer: PeerId) -> Option<Partner> {
    let known = work.mailbox.peers.get(&peer).map(Arc::clone);
    work.look(peer, |session| {
        let chosen = recipient(session, known.as_ref().map(|known| &known.trust))?;
        // Another client's session is private then: it can be selected.
        let is_other = session.recipient().is_some_and(|current| current.client != chosen.client);
        if is_other {
            session.select(chosen.client).ok()?;
        }
        Some(chosen)
    })
}
