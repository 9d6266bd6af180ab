//! What one burner has to send and has received, as it is stored: data and its changes, without network or disk.
//!
//! A message that goes out is `Queued` → `Sent` (its number on the stream is stored before it leaves) → `Acked` (its server
//! has it) → `Delivered` (the peer's client has it). One that comes in is stored before its server is told so, and stays
//! until the app has taken it. What comes twice, because an acknowledgement was lost, is known by its id.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use flashpaper_xmpp::{ChatMessage, Resumption};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::limits;
use crate::message::{Conversation, FailReason, History, Message, MessageId, MessageState};

/// Everything of one burner but its account. Clones share what is not changed.
#[derive(Default, Clone)]
pub(crate) struct Mailbox {
    pub(crate) messages: Table<Entry>,
    pub(crate) peers: Table<Peer>,
    pub(crate) receipts: Table<Receipt>,
    pub(crate) seen: Table<Seen>,
    pub(crate) position: Arc<Position>,
}

/// Rows by number.
pub(crate) type Table<T> = BTreeMap<u64, Arc<T>>;

/// A message, in or out.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Entry {
    peer: u64,
    /// The stanza's.
    id: String,
    text: String,
    /// Seconds since 1970.
    at: u64,
    #[zeroize(skip)]
    state: MessageState,
    /// While it is sent: its number on the stream.
    number: Option<u32>,
}

/// Somebody who was written to, or has written.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Peer {
    jid: String,
    /// We have written to them: they may know that we are there.
    known: bool,
    /// Their client sends receipts.
    confirms: bool,
}

/// A receipt that we owe, until the server has it.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Receipt {
    peer: u64,
    /// The message's.
    id: String,
}

/// A message that has come: the last [`limits::SEEN`] of each peer, in a ring.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Seen {
    count: u64,
    hash: u64,
}

/// Where everything is.
#[derive(Default, Clone, Serialize, Deserialize)]
pub(crate) struct Position {
    stream: Option<Stream>,
    /// The numbers given last: none is given twice.
    message: u64,
    receipt: u64,
    /// The latest time that was seen, in seconds since 1970: a clock that is set back does not make anything last longer.
    latest: u64,
}

/// [`Resumption`] as it is stored.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Stream {
    id: String,
    jid: String,
    handled: u32,
}

/// What is to be sent next.
pub(crate) enum Outgoing {
    Message { row: u64, to: String, id: String, text: String },
    Receipt { row: u64, to: String, id: String },
}

/// The numbers of messages whose state has changed.
pub(crate) type Changed = Vec<(MessageId, MessageState)>;

impl Mailbox {
    /// Puts a text into the outbox.
    pub(crate) fn queue(&mut self, to: &str, id: String, text: &str, now: u64) -> MessageId {
        let peer = self.peer(to);
        if let Some(peer) = self.peers.get_mut(&peer) {
            Arc::make_mut(peer).known = true;
        }
        self.add(Entry { peer, id, text: text.to_owned(), at: now, state: MessageState::Queued, number: None })
    }

    /// Takes a message in, unless it is known. `None`: it was.
    pub(crate) fn receive(&mut self, message: ChatMessage, now: u64) -> Option<(MessageId, MessageState)> {
        let ChatMessage { from, id, text, wants_receipt } = message;
        let peer = self.peer(&from);
        let known = id.as_deref().is_some_and(|id| self.has_seen(peer, id));
        // A stranger does not learn that there is somebody. Who sends again has missed the receipt.
        if let Some(id) = id.as_ref().filter(|_| wants_receipt && self.peers.get(&peer).is_some_and(|p| p.known)) {
            let row = self.next(|position| &mut position.receipt);
            self.receipts.insert(row, Arc::new(Receipt { peer, id: id.clone() }));
        }
        if known {
            return None;
        }
        if let Some(id) = &id {
            self.remember(peer, id);
        }
        let id = id.unwrap_or_default();
        let state = MessageState::Received;
        Some((self.add(Entry { peer, id, text, at: now, state, number: None }), state))
    }

    /// The peer's client has a message.
    pub(crate) fn delivered(&mut self, from: &str, id: &str) -> Option<(MessageId, MessageState)> {
        let row = self.outgoing(from, id)?;
        let peer = self.messages.get(&row)?.peer;
        if let Some(peer) = self.peers.get_mut(&peer).filter(|peer| !peer.confirms) {
            Arc::make_mut(peer).confirms = true;
        }
        self.set(row, MessageState::Delivered);
        Some((MessageId(row), MessageState::Delivered))
    }

    /// A message came back.
    pub(crate) fn refused(&mut self, from: &str, id: &str) -> Option<(MessageId, MessageState)> {
        let state = MessageState::Failed { reason: FailReason::Refused };
        let row = self.outgoing(from, id)?;
        self.set(row, state);
        Some((MessageId(row), state))
    }

    /// The app has it: what came is read; what failed is forgotten.
    pub(crate) fn take(&mut self, MessageId(row): MessageId) -> Option<(MessageId, MessageState)> {
        match self.messages.get(&row)?.state {
            MessageState::Received => {
                self.set(row, MessageState::Taken);
                return Some((MessageId(row), MessageState::Taken));
            }
            MessageState::Failed { .. } => drop(self.messages.remove(&row)),
            _ => {}
        }
        None
    }

    /// What is to be sent next, at most so much: receipts first, then texts in their order. `sent` are receipts that are
    /// on their way.
    pub(crate) fn outgoing_next(&self, room: usize, now: u64, sent: &[u64]) -> Vec<Outgoing> {
        let jid = |peer: &u64| self.peers.get(peer).map(|peer| peer.jid.clone());
        let receipts = self.receipts.iter().filter(|(row, _)| !sent.contains(row));
        let receipts = receipts.filter_map(|(row, receipt)| {
            Some(Outgoing::Receipt { row: *row, to: jid(&receipt.peer)?, id: receipt.id.clone() })
        });
        let mut unconfirmed = self.unconfirmed(now);
        let texts = self.messages.iter().filter(|(_, entry)| entry.state == MessageState::Queued);
        let texts = texts.filter_map(move |(row, entry)| {
            let unconfirmed = unconfirmed.entry(entry.peer).or_default();
            *unconfirmed += 1;
            // Servers keep so many for a client that is away and no more.
            if *unconfirmed > limits::WINDOW && self.peers.get(&entry.peer)?.confirms {
                return None;
            }
            Some(Outgoing::Message { row: *row, to: jid(&entry.peer)?, id: entry.id.clone(), text: entry.text.clone() })
        });
        receipts.chain(texts).take(room).collect()
    }

    /// A message leaves with this number.
    pub(crate) fn sent(&mut self, row: u64, number: u32) -> (MessageId, MessageState) {
        self.set(row, MessageState::Sent);
        if let Some(entry) = self.messages.get_mut(&row) {
            Arc::make_mut(entry).number = Some(number);
        }
        (MessageId(row), MessageState::Sent)
    }

    /// The server has everything up to this number.
    pub(crate) fn acked(&mut self, up_to: u32) -> Changed {
        let covers = |number: u32| up_to.wrapping_sub(number) < 1 << 31;
        let rows = self.rows(|entry| entry.state == MessageState::Sent && entry.number.is_some_and(covers));
        self.set_all(rows, MessageState::Acked)
    }

    /// The server has a receipt.
    pub(crate) fn receipt_acked(&mut self, row: u64) {
        self.receipts.remove(&row);
    }

    /// A stream has begun, or goes on: what the server has not said it has, up to now, is queued again.
    pub(crate) fn restarted(&mut self, acked: Option<u32>) -> Changed {
        let mut changed = acked.map(|up_to| self.acked(up_to)).unwrap_or_default();
        let rows = self.rows(|entry| entry.state == MessageState::Sent);
        changed.extend(self.set_all(rows, MessageState::Queued));
        changed
    }

    /// The server has lost its memory: what it had taken and no peer has confirmed is queued again, where the peer's client
    /// tells what it has, and drops what it has twice.
    pub(crate) fn forgotten_by_server(&mut self, now: u64) -> Changed {
        let confirms = |peer: &u64| self.peers.get(peer).is_some_and(|peer| peer.confirms);
        let rows = self.rows(|entry| {
            entry.state == MessageState::Acked && confirms(&entry.peer) && now < entry.at + limits::CONFIRMED_WITHIN
        });
        self.set_all(rows, MessageState::Queued)
    }

    pub(crate) fn resumption(&self) -> Option<Resumption> {
        let Stream { id, jid, handled } = self.position.stream.clone()?;
        Some(Resumption { id, jid, handled })
    }

    /// Where to take the stream up again.
    pub(crate) fn set_resumption(&mut self, resumption: Option<Resumption>) {
        let stream = resumption.map(|Resumption { id, jid, handled }| Stream { id, jid, handled });
        if self.position.stream != stream {
            Arc::make_mut(&mut self.position).stream = stream;
        }
    }

    /// Removes what is done, as far as nobody wants it kept. The clock's way back does not count.
    pub(crate) fn sweep(&mut self, history: History, now: u64) {
        let now = now.max(self.position.latest);
        let confirmed_late = |entry: &Entry| now >= entry.at.saturating_add(limits::CONFIRMED_WITHIN);
        let keep = |entry: &Entry| match entry.state {
            MessageState::Taken | MessageState::Delivered => history.keeps(entry.at, now),
            MessageState::Acked => !confirmed_late(entry) || history.keeps(entry.at, now),
            _ => true,
        };
        let before = self.messages.len();
        self.messages.retain(|_, entry| keep(entry));
        let expires = matches!(history, History::Expire { .. }) && !self.messages.is_empty();
        // Not each second: a write wakes the device.
        if before != self.messages.len() || expires && self.position.latest + 60 < now {
            Arc::make_mut(&mut self.position).latest = now;
        }
    }

    /// The messages with a peer, or all.
    pub(crate) fn list(&self, with: Option<&str>) -> Vec<Message> {
        let messages = self.messages.iter().filter_map(|(row, entry)| self.show(*row, entry));
        messages.filter(|message| with.is_none_or(|with| message.peer == with)).collect()
    }

    pub(crate) fn message(&self, MessageId(row): MessageId) -> Option<Message> {
        self.show(row, self.messages.get(&row)?)
    }

    pub(crate) fn conversations(&self) -> Vec<Conversation> {
        let conversation = |(number, peer): (&u64, &Arc<Peer>)| {
            let count = |wanted: fn(MessageState) -> bool| {
                let entries = self.messages.values().filter(|entry| entry.peer == *number && wanted(entry.state));
                u32::try_from(entries.count()).unwrap_or(u32::MAX)
            };
            Conversation {
                peer: peer.jid.clone(),
                unread: count(|state| state == MessageState::Received),
                outbox: count(|state| matches!(state, MessageState::Queued | MessageState::Sent)),
            }
        };
        self.peers.iter().map(conversation).collect()
    }

    fn show(&self, row: u64, entry: &Entry) -> Option<Message> {
        Some(Message {
            id: MessageId(row),
            peer: self.peers.get(&entry.peer)?.jid.clone(),
            text: entry.text.clone(),
            at: SystemTime::checked_add(&UNIX_EPOCH, Duration::from_secs(entry.at)).unwrap_or(UNIX_EPOCH),
            state: entry.state,
        })
    }

    /// The peer's number; a new one for somebody new.
    fn peer(&mut self, jid: &str) -> u64 {
        if let Some((number, _)) = self.peers.iter().find(|(_, peer)| peer.jid == jid) {
            return *number;
        }
        let number = self.peers.last_key_value().map_or(0, |(last, _)| last + 1);
        self.peers.insert(number, Arc::new(Peer { jid: jid.to_owned(), known: false, confirms: false }));
        number
    }

    /// Our message to somebody that is on its way.
    fn outgoing(&self, to: &str, id: &str) -> Option<u64> {
        let (peer, _) = self.peers.iter().find(|(_, peer)| peer.jid == to)?;
        let on_its_way = |state| matches!(state, MessageState::Queued | MessageState::Sent | MessageState::Acked);
        let mut messages = self.messages.iter();
        let found = messages.find(|(_, e)| e.peer == *peer && e.id == id && on_its_way(e.state))?;
        Some(*found.0)
    }

    /// How many each peer has been sent and not confirmed. One that was not confirmed for long will not be.
    fn unconfirmed(&self, now: u64) -> BTreeMap<u64, usize> {
        let mut counts = BTreeMap::new();
        let waits = |entry: &Entry| match entry.state {
            MessageState::Sent => true,
            MessageState::Acked => now < entry.at.saturating_add(limits::WINDOW_FOR),
            _ => false,
        };
        for entry in self.messages.values().filter(|entry| waits(entry)) {
            *counts.entry(entry.peer).or_default() += 1;
        }
        counts
    }

    fn add(&mut self, entry: Entry) -> MessageId {
        let row = self.next(|position| &mut position.message);
        self.messages.insert(row, Arc::new(entry));
        MessageId(row)
    }

    fn next(&mut self, of: impl FnOnce(&mut Position) -> &mut u64) -> u64 {
        let last = of(Arc::make_mut(&mut self.position));
        *last += 1;
        *last
    }

    fn rows(&self, wanted: impl Fn(&Entry) -> bool) -> Vec<u64> {
        self.messages.iter().filter(|(_, entry)| wanted(entry)).map(|(row, _)| *row).collect()
    }

    fn set(&mut self, row: u64, state: MessageState) {
        if let Some(entry) = self.messages.get_mut(&row) {
            let entry = Arc::make_mut(entry);
            (entry.state, entry.number) = (state, None);
        }
    }

    fn set_all(&mut self, rows: Vec<u64>, state: MessageState) -> Changed {
        let set = |row| {
            self.set(row, state);
            (MessageId(row), state)
        };
        rows.into_iter().map(set).collect()
    }

    fn has_seen(&self, peer: u64, id: &str) -> bool {
        let hash = hash(id);
        self.seen.range(ring(peer)).any(|(_, seen)| seen.hash == hash)
    }

    fn remember(&mut self, peer: u64, id: &str) {
        let last = self.seen.range(ring(peer)).map(|(_, seen)| seen.count).max().unwrap_or(0);
        let row = ring(peer).start + last % limits::SEEN;
        self.seen.insert(row, Arc::new(Seen { count: last + 1, hash: hash(id) }));
    }
}

/// The rows of a peer's ring.
const fn ring(peer: u64) -> std::ops::Range<u64> {
    peer * limits::SEEN..(peer + 1) * limits::SEEN
}

/// Enough to tell the ids of one peer from each other: they choose them, and can only harm themselves.
fn hash(id: &str) -> u64 {
    let digest: [u8; 32] = Sha256::digest(id).into();
    digest.first_chunk().copied().map_or(0, u64::from_be_bytes)
}
