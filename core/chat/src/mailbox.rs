//! The messages that one burner has to send and has received, as they are stored. Other modules change them.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::contact::{Peer, PeerId, Relationship};
use crate::encryption::stored::Stored;
use crate::error::ChatError;
use crate::event::Changed;
use crate::message::{Entry, MessageId, MessageState};
use crate::seen::{Mark, Seen};
use crate::stanza::{OutgoingStanza, StanzaId, Stream};
use crate::table::Table;
use crate::time::UnixTime;

/// Everything of one burner but its account. Clones share what is not changed.
#[derive(Default, Clone)]
pub struct Mailbox {
    /// Texts, in and out, of which something is to come: what is done is handed over by [`crate::retention::sweep`].
    pub messages: Table<MessageId, Entry>,
    /// Peers.
    pub peers: Table<PeerId, Peer>,
    /// Stanzas that the server may not have yet.
    pub stanzas: Table<StanzaId, OutgoingStanza>,
    /// What has come before, by peer.
    pub seen: Table<PeerId, Seen>,
    /// OTR sessions, by peer.
    pub sessions: Table<PeerId, Stored>,
    /// Where everything is.
    pub position: Arc<Position>,
}

/// Where everything is.
#[derive(Default, Clone, Serialize, Deserialize)]
pub struct Position {
    pub(crate) stream: Option<Stream>,
    /// What was given last: no number is given twice.
    pub(crate) message: MessageId,
    #[serde(rename = "wire")]
    pub(crate) stanza: StanzaId,
    #[serde(default)]
    pub(crate) peer: PeerId,
    /// The latest time that was seen: a clock that is set back does not make anything last longer.
    pub(crate) latest: UnixTime,
    /// Under which keys the app has written last, and the messages.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub(crate) keys: VecDeque<(u64, MessageId)>,
}

impl Mailbox {
    /// The row of a peer; a new one where there is none.
    pub fn peer(&mut self, jid: &Address) -> PeerId {
        if let Some(row) = self.find(jid) {
            return row;
        }
        let row = self.next(|position| &mut position.peer);
        let mut peer = Peer::default();
        peer.jid = jid.clone();
        self.peers.insert(row, Arc::new(peer));
        self.seen.insert(row, Arc::default());
        row
    }

    /// The row of a peer that is known.
    #[must_use]
    pub fn find(&self, jid: &Address) -> Option<PeerId> {
        self.peers.iter().find(|(_, peer)| peer.jid == *jid).map(|(row, _)| *row)
    }

    /// A peer, to be changed.
    pub fn peer_mut(&mut self, row: PeerId) -> Option<&mut Peer> {
        self.peers.get_mut(&row).map(Arc::make_mut)
    }

    /// The bare JID of a peer; empty where it was lost.
    #[must_use]
    pub fn jid(&self, row: PeerId) -> Address {
        self.peers.get(&row).map(|peer| peer.jid.clone()).unwrap_or_default()
    }

    pub(crate) fn relationship(&self, row: PeerId) -> Relationship {
        self.peers.get(&row).map(|peer| peer.relationship).unwrap_or_default()
    }

    /// The user wants to talk to them.
    pub fn befriend(&mut self, row: PeerId) {
        if let Some(peer) = self.peer_mut(row) {
            peer.befriend();
        }
    }

    /// # Errors
    /// [`ChatError::PeerBlocked`].
    pub fn check_unblocked(&self, row: PeerId) -> Result<(), ChatError> {
        if self.relationship(row) == Relationship::Blocked { Err(ChatError::PeerBlocked) } else { Ok(()) }
    }

    pub(crate) fn has_seen(&self, peer: PeerId, mark: Mark) -> bool {
        self.seen.get(&peer).is_some_and(|seen| seen.has(mark))
    }

    pub(crate) fn add(&mut self, entry: Entry) -> MessageId {
        let id = self.next(|position| &mut position.message);
        self.messages.insert(id, Arc::new(entry));
        id
    }

    pub(crate) fn next<Id: Copy + From<u64> + Into<u64>>(&mut self, of: impl FnOnce(&mut Position) -> &mut Id) -> Id {
        let last = of(Arc::make_mut(&mut self.position));
        *last = Id::from((*last).into() + 1);
        *last
    }

    pub(crate) fn rows(&self, wanted: impl Fn(&Entry) -> bool) -> Vec<MessageId> {
        self.messages.iter().filter(|(_, entry)| wanted(entry)).map(|(row, _)| *row).collect()
    }

    pub(crate) fn set(&mut self, row: MessageId, state: MessageState) -> Changed {
        let Some(entry) = self.messages.get_mut(&row).filter(|entry| entry.state != state) else { return Vec::new() };
        Arc::make_mut(entry).state = state;
        vec![(row, state)]
    }

    pub(crate) fn set_all(&mut self, rows: Vec<MessageId>, state: MessageState) -> Changed {
        rows.into_iter().flat_map(|row| self.set(row, state)).collect()
    }

    /// The latest time that a mailbox has seen, by its position as it is stored.
    pub fn latest_of(position: &[u8]) -> UnixTime {
        serde_json::from_slice(position).map_or_else(|_| UnixTime::default(), |position: Position| position.latest)
    }
}
