//! Who is there, the handshake by which contacts see that of each other, and what the server is told of blocks.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use flashpaper_xmpp::{PresenceNews, Subscription as Step};

use crate::address::Address;
use crate::contact::{Announcement, Peer, PeerId, Relationship, Subscription};
use crate::event::News;
use crate::mailbox::Mailbox;
use crate::stanza::StreamNumber;
use crate::{inbox, limits};

/// Clients that are there, by the row of the peer.
#[derive(Default, Clone)]
pub(crate) struct Present(HashMap<PeerId, BTreeSet<String>>);

impl Present {
    pub(crate) fn is_there(&self, peer: PeerId) -> bool {
        self.0.get(&peer).is_some_and(|clients| !clients.is_empty())
    }

    fn came(&mut self, peer: PeerId, resource: String) {
        let clients = self.0.entry(peer).or_default();
        if clients.len() < limits::CLIENTS {
            clients.insert(resource);
        }
    }

    fn left(&mut self, peer: PeerId, resource: &str) {
        if let Some(clients) = self.0.get_mut(&peer) {
            clients.remove(resource);
        }
    }
}

/// What a connection has told the server of peers, up to which stanza, where the server has not said that it has it.
#[derive(Default)]
pub struct Announced(Vec<(PeerId, Relationship, StreamNumber)>);

impl Announced {
    /// Whom the server is to be told of now.
    #[must_use]
    pub fn due(&self, mailbox: &Mailbox) -> Vec<(PeerId, Arc<Peer>)> {
        let mut due = introductions(mailbox);
        due.retain(|(row, peer)| {
            let last = self.0.iter().rfind(|(announced, ..)| announced == row);
            last.is_none_or(|(_, relationship, _)| *relationship != peer.relationship)
        });
        due
    }

    /// The server was told of a peer by stanzas up to this one.
    pub fn record(&mut self, row: PeerId, relationship: Relationship, up_to: StreamNumber) {
        self.0.push((row, relationship, up_to));
    }

    /// What the server knows, as it has the stanzas up to these numbers.
    pub fn known_by(&mut self, acked: &[StreamNumber]) -> Vec<(PeerId, Relationship)> {
        let is_known = |number: StreamNumber| acked.iter().any(|up_to| up_to.covers(number));
        let known = self.0.extract_if(.., |(.., number)| is_known(*number));
        known.map(|(row, relationship, _)| (row, relationship)).collect()
    }
}

/// Somebody's presence. Gives the steps of the handshake to answer with.
pub(crate) fn hear(
    mailbox: &mut Mailbox,
    present: &mut Present,
    news: &mut News,
    from: &Address,
    resource: Option<String>,
    presence: PresenceNews,
) -> Vec<Step> {
    let known = mailbox.find(from).filter(|peer| mailbox.relationship(*peer) == Relationship::Contact);
    let Some(row) = known else {
        if presence == PresenceNews::Subscription(Step::Subscribe) {
            asked_by_stranger(mailbox, news, from);
        }
        return Vec::new();
    };
    news.conversations.insert(row);
    match presence {
        PresenceNews::Available => present.came(row, resource.unwrap_or_default()),
        PresenceNews::Unavailable => present.left(row, &resource.unwrap_or_default()),
        PresenceNews::Forbidden => {}
        PresenceNews::Subscription(step) => {
            let Some(peer) = mailbox.peer_mut(row) else { return Vec::new() };
            match step {
                Step::Subscribe => {
                    peer.wants_presence = true;
                    return vec![Step::Subscribed];
                }
                Step::Subscribed => peer.subscription = Subscription::Granted,
                Step::Unsubscribe => peer.wants_presence = false,
                Step::Unsubscribed => peer.subscription = Subscription::Refused,
            }
        }
    }
    Vec::new()
}

/// Whether an account was asked to be seen, and has not said.
pub(crate) fn was_asked(mailbox: &Mailbox, from: &Address) -> bool {
    let peer = mailbox.find(from).and_then(|row| mailbox.peers.get(&row));
    peer.is_some_and(|peer| {
        peer.relationship == Relationship::Contact
            && peer.subscription == Subscription::Unanswered
            && peer.announcement == Announcement::Done
    })
}

fn asked_by_stranger(mailbox: &mut Mailbox, news: &mut News, from: &Address) {
    let row = mailbox.find(from).unwrap_or_else(|| inbox::new_stranger(mailbox, news, from));
    if let Some(stranger) = mailbox.peer_mut(row).filter(|peer| peer.relationship == Relationship::Stranger) {
        stranger.wants_presence = true;
        news.conversations.insert(row);
    }
}

/// Marks somebody as blocked, or not any more; their server is to be told.
pub(crate) fn set_blocked(mailbox: &mut Mailbox, row: PeerId, blocked: bool) {
    if let Some(peer) = mailbox.peer_mut(row).filter(|peer| (peer.relationship == Relationship::Blocked) != blocked) {
        peer.relationship = if blocked { Relationship::Blocked } else { Relationship::Stranger };
        peer.wants_presence = false;
        if peer.subscription == Subscription::Granted {
            peer.subscription = Subscription::Unanswered;
        }
        peer.announcement = Announcement::BlockDue;
    }
}

/// Contacts with a presence handshake that is to be taken a step further, and peers that the server is to be told to block,
/// or not to block any more.
pub(crate) fn introductions(mailbox: &Mailbox) -> Vec<(PeerId, Arc<Peer>)> {
    let due = |peer: &Peer| {
        let is_due = match peer.announcement {
            Announcement::HandshakeDue => peer.relationship == Relationship::Contact,
            Announcement::BlockDue => true,
            Announcement::Done => false,
        };
        is_due && !peer.jid.is_lost()
    };
    mailbox.peers.iter().filter(|(_, peer)| due(peer)).map(|(row, peer)| (*row, Arc::clone(peer))).collect()
}

/// The steps of the handshake that are due with somebody.
pub fn steps(peer: &Peer) -> impl Iterator<Item = Step> {
    let is_contact = peer.relationship == Relationship::Contact;
    let answer = (is_contact && peer.wants_presence).then_some(Step::Subscribed);
    let question = (is_contact && peer.subscription != Subscription::Granted).then_some(Step::Subscribe);
    answer.into_iter().chain(question)
}

/// The server has been told of somebody; who has changed meanwhile is told of once more.
pub(crate) fn server_knows(mailbox: &mut Mailbox, row: PeerId, relationship: Relationship) {
    if let Some(peer) = mailbox.peer_mut(row).filter(|peer| peer.relationship == relationship) {
        let is_contact = relationship == Relationship::Contact;
        peer.announcement = if is_contact { Announcement::Done } else { Announcement::HandshakeDue };
    }
}

/// A stream is new: who has not answered is asked again.
pub(crate) fn introduce_again(mailbox: &mut Mailbox) {
    let silent = |peer: &Peer| peer.announcement == Announcement::Done && peer.subscription == Subscription::Unanswered;
    for peer in mailbox.peers.values_mut().filter(|peer| silent(peer)) {
        Arc::make_mut(peer).announcement = Announcement::HandshakeDue;
    }
}
