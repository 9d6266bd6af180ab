//! Messages that come from peers: those known from before, room for new ones, receipts.

use std::collections::BTreeSet;
use std::sync::Arc;

use flashpaper_xmpp::ChatMessage;

use crate::address::Address;
use crate::contact::{Peer, PeerId, Relationship};
use crate::encryption::{Unanswered, holds_data};
use crate::event::{Changed, News, Notice, beginning};
use crate::mailbox::Mailbox;
use crate::message::{Entry, MessageId, MessageState};
use crate::seen::Mark;
use crate::stanza::{OutgoingStanza, StanzaKind};
use crate::time::UnixTime;
use crate::trust::Security;
use crate::{limits, stanza_queue};

/// A text that came.
pub(crate) struct Arrived<'a> {
    pub(crate) peer: PeerId,
    /// By what it is known when it comes again, as far as that can be believed.
    pub(crate) mark: Option<Mark>,
    pub(crate) text: &'a str,
    pub(crate) security: Security,
    /// The sender's client.
    pub(crate) resource: Option<&'a str>,
    /// The sender wants to know, outside the encryption, that this stanza was read.
    pub(crate) receipt: Option<&'a str>,
}

impl<'a> Arrived<'a> {
    /// What came in the clear.
    pub(crate) fn in_clear(peer: PeerId, text: &'a str, chat: &'a ChatMessage, now: UnixTime) -> Self {
        let resource = chat.resource.as_deref().unwrap_or_default();
        let sent = chat.sent.map_or(now, UnixTime);
        let mark = chat.id.as_deref().map(|id| Mark::plain(id, text, resource, sent));
        let security = Security::Plaintext;
        Self { peer, mark, text, security, resource: chat.resource.as_deref(), receipt: wanted_receipt(chat) }
    }
}

/// The id that a receipt outside the encryption is wanted for. The receipt repeats it: it must fit through the own server.
pub(crate) fn wanted_receipt(chat: &ChatMessage) -> Option<&str> {
    chat.id.as_deref().filter(|id| chat.wants_receipt && id.len() <= limits::RECEIPT_OF)
}

/// Takes a text in, unless it is known. `None`: it was. `receipt`: an id for the one that is owed.
pub(crate) fn receive(
    mailbox: &mut Mailbox,
    arrived: &Arrived<'_>,
    receipt: String,
    now: UnixTime,
) -> Option<(MessageId, MessageState)> {
    let Arrived { peer, mark, text, security, resource, receipt: wanted } = *arrived;
    let known = mark.is_some_and(|mark| mailbox.has_seen(peer, mark));
    // A stranger does not learn that there is somebody. Who sends again has missed the receipt.
    if let Some(received) = wanted.filter(|_| mailbox.relationship(peer) == Relationship::Contact) {
        let kind = StanzaKind::Receipt { received: received.to_owned() };
        let resource = resource.map(str::to_owned);
        stanza_queue::add(
            mailbox,
            OutgoingStanza { peer, resource, id: receipt, kind, message: None, at: now, number: None },
        );
    }
    if known {
        return None;
    }
    if let Some(mark) = mark {
        Arc::make_mut(mailbox.seen.entry(peer).or_default()).remember(mark);
    }
    let entry = Entry::new(peer, (String::new(), text.to_owned()), now, MessageState::Received, security);
    Some((mailbox.add(entry), MessageState::Received))
}

/// A stranger gets no answer, and no more room than a stranger is given. Of what is meant for a session it is kept that there
/// was something: see [`crate::Talk::accept`]. `receipt` as for [`receive`].
pub(crate) fn receive_from_stranger(
    mailbox: &mut Mailbox,
    announced: &mut BTreeSet<PeerId>,
    news: &mut News,
    peer: Option<PeerId>,
    (from, chat): (&Address, &ChatMessage),
    receipt: String,
    now: UnixTime,
) {
    let peer = peer.unwrap_or_else(|| new_stranger(mailbox, news, from));
    let Unanswered { text, error, asks, offers_newest } = Unanswered::read(&chat.text);
    if let Some(words) = error {
        news.notice(peer, Notice::PeerError { text: beginning(words) });
        return;
    }
    if let Some(stranger) = mailbox.peer_mut(peer).filter(|stranger| offers_newest && !stranger.offers_version_3) {
        stranger.offers_version_3 = true;
    }
    if let Some(stranger) = mailbox.peer_mut(peer).filter(|stranger| asks && !stranger.asks_for_private) {
        stranger.asks_for_private = true;
        news.conversations.insert(peer);
    }
    let Some(text) = text else {
        if holds_data(&chat.text) {
            news.notice(peer, Notice::Unreadable);
        }
        return;
    };
    if takes_from_stranger(mailbox, peer, &text) {
        clear_missed(mailbox, peer);
        news.messages.extend(receive(mailbox, &Arrived::in_clear(peer, &text, chat, now), receipt, now));
    } else {
        turn_away(mailbox, announced, news, peer);
    }
}

/// A message of somebody's of which nothing can be read: that there was one is told, also of a stranger.
pub(crate) fn unreadable(mailbox: &mut Mailbox, news: &mut News, from: &Address) {
    let peer = mailbox.find(from).unwrap_or_else(|| new_stranger(mailbox, news, from));
    if mailbox.relationship(peer) != Relationship::Blocked {
        news.notice(peer, Notice::Unreadable);
    }
}

/// The one who has waited longest gives way.
pub(crate) fn new_stranger(mailbox: &mut Mailbox, news: &mut News, from: &Address) -> PeerId {
    let strangers = strangers(mailbox);
    let oldest = strangers.first().filter(|_| strangers.len() >= limits::STRANGERS);
    if let Some(oldest) = oldest {
        forget_stranger(mailbox, *oldest);
        // What is told of one who is not there any more nobody can look up.
        news.messages.retain(|(message, _)| mailbox.messages.contains_key(message));
        news.conversations.remove(oldest);
        news.notices.retain(|(peer, _)| peer != oldest);
    }
    let peer = mailbox.peer(from);
    if oldest.is_some() {
        news.notices.push((peer, Notice::StrangerForgotten));
    }
    news.conversations.insert(peer);
    peer
}

/// There is no room for what a peer sends: see [`Notice::InboxFull`]. Said once in a connection: those in `announced` have heard it.
pub(crate) fn turn_away(mailbox: &mut Mailbox, announced: &mut BTreeSet<PeerId>, news: &mut News, peer: PeerId) {
    if mark_missed(mailbox, peer) {
        announced.remove(&peer);
    }
    if announced.insert(peer) {
        news.notices.push((peer, Notice::InboxFull));
    }
}

/// A new session is due: see [`missed`]. Whether none was.
pub(crate) fn mark_missed(mailbox: &mut Mailbox, peer: PeerId) -> bool {
    let known = mailbox.peers.get_mut(&peer).filter(|known| !known.missed);
    known.map(|known| Arc::make_mut(known).missed = true).is_some()
}

/// What was missed has come, or will not.
pub(crate) fn clear_missed(mailbox: &mut Mailbox, peer: PeerId) {
    if let Some(known) = mailbox.peers.get_mut(&peer).filter(|known| known.missed) {
        Arc::make_mut(known).missed = false;
    }
}

/// Those whom the user has nothing to do with, the oldest first. A peer with a key is there because the user has brought
/// the key.
pub(crate) fn strangers(mailbox: &Mailbox) -> Vec<PeerId> {
    let came_by_itself = |peer: &Peer| {
        peer.relationship == Relationship::Stranger
            && peer.trust.keys.is_empty()
            && peer.trust.expected.is_none()
            && peer.label.is_none()
            && !peer.was_contact
    };
    mailbox.peers.iter().filter(|(_, peer)| came_by_itself(peer)).map(|(row, _)| *row).collect()
}

/// Forgets a stranger, with what they wrote.
fn forget_stranger(mailbox: &mut Mailbox, row: PeerId) {
    mailbox.peers.remove(&row);
    mailbox.sessions.remove(&row);
    mailbox.messages.retain(|_, entry| entry.peer != row);
    mailbox.stanzas.retain(|_, stanza| stanza.peer != row);
    mailbox.seen.remove(&row);
}

/// What came of a peer's and was not taken: messages and bytes.
fn untaken(mailbox: &Mailbox, row: PeerId) -> (usize, usize) {
    let is_it = |entry: &Entry| entry.peer == row && entry.state == MessageState::Received;
    let untaken = mailbox.messages.values().filter(|entry| is_it(entry));
    untaken.fold((0, 0), |(count, bytes), entry| (count + 1, bytes + entry.text.len()))
}

/// Whether there is room for a stranger's text.
fn takes_from_stranger(mailbox: &Mailbox, row: PeerId, text: &str) -> bool {
    let (count, bytes) = untaken(mailbox, row);
    count < limits::STRANGER_TEXTS
        && bytes + text.len() <= limits::STRANGER_BYTES
        && kept(mailbox, row) < limits::STRANGER_KEPT
}

/// Whether so much of a peer's was not taken, or is kept, that nothing more is taken in.
pub(crate) fn is_full(mailbox: &Mailbox, row: PeerId) -> bool {
    let (count, bytes) = untaken(mailbox, row);
    count >= limits::CONTACT_TEXTS || bytes >= limits::CONTACT_BYTES || kept(mailbox, row) >= limits::CONTACT_KEPT
}

/// What came of a peer's and is there, history as well: bytes, with what is stored around each text.
fn kept(mailbox: &Mailbox, row: PeerId) -> usize {
    let here = mailbox.messages.values().filter(|entry| entry.peer == row).map(|entry| entry.size());
    let history = mailbox.peers.get(&row).map_or(0, |peer| peer.kept);
    here.sum::<usize>().saturating_add(usize::try_from(history).unwrap_or(usize::MAX))
}

/// Peers with which a new session is due ([`Peer::missed`]), where there is room for what they send again.
pub(crate) fn missed(mailbox: &Mailbox) -> Vec<PeerId> {
    let has_space = |row: PeerId| {
        let (count, bytes) = untaken(mailbox, row);
        let kept = kept(mailbox, row);
        count <= limits::CONTACT_TEXTS / 2 && bytes <= limits::CONTACT_BYTES / 2 && kept < limits::CONTACT_KEPT
    };
    let missed = mailbox.peers.iter().filter(|(_, peer)| peer.missed && peer.relationship == Relationship::Contact);
    missed.map(|(row, _)| *row).filter(|row| has_space(*row)).collect()
}

/// The app has it: what came is read; what failed is forgotten.
pub(crate) fn take(mailbox: &mut Mailbox, message: MessageId) -> Changed {
    match mailbox.messages.get(&message).map(|entry| entry.state) {
        Some(MessageState::Received) => return mailbox.set(message, MessageState::Taken),
        Some(MessageState::Failed { .. }) => drop(mailbox.messages.remove(&message)),
        _ => {}
    }
    Vec::new()
}
