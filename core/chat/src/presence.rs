//! Who is there, the handshake by which contacts see that of each other, and what the server is told of blocks.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use flashpaper_xmpp::{PresenceNews, Subscription as Step};

use crate::address::Address;
use crate::contact::{Announcement, Peer, PeerId, Relationship, Subscription};
use crate::event::News;
use crate::mailbox::Mailbox;
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
pub fn introductions(mailbox: &Mailbox) -> Vec<(PeerId, Arc<Peer>)> {
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
pub fn server_knows(mailbox: &mut Mailbox, row: PeerId, relationship: Relationship) {
    if let Some(peer) = mailbox.peer_mut(row).filter(|peer| peer.relationship == relationship) {
        let is_contact = relationship == Relationship::Contact;
        peer.announcement = if is_contact { Announcement::Done } else { Announcement::HandshakeDue };
    }
}

/// A stream is new: who has not answered is asked again.
pub fn introduce_again(mailbox: &mut Mailbox) {
    let silent = |peer: &Peer| peer.announcement == Announcement::Done && peer.subscription == Subscription::Unanswered;
    for peer in mailbox.peers.values_mut().filter(|peer| silent(peer)) {
        Arc::make_mut(peer).announcement = Announcement::HandshakeDue;
    }
}
