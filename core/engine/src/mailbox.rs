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

impl Entry {
    /// Whether nothing is to come of it any more, nor is it to be kept. `expires`: by the time, too.
    const fn is_done(&self, history: History, time: u64, expires: bool) -> bool {
        let by_time = matches!(history, History::Expire { .. });
        let kept = if by_time && !expires { true } else { history.keeps(self.at, time) };
        match self.state {
            MessageState::Acked => expires && time >= self.at.saturating_add(limits::CONFIRMED_WITHIN) && !kept,
            state => state.is_done() && !kept,
        }
    }
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

/// Somebody who was written to, or has written. Without an address: that was lost.
#[derive(Default, Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
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
    /// Makes the best of what is left when rows are lost: no number is given again, so that nothing good is overwritten and
    /// nothing is taken for somebody else's.
    pub(crate) fn mend(&mut self) {
        let highest = |last: Option<&u64>| last.copied().unwrap_or(0);
        let (message, receipt) = (highest(self.messages.keys().next_back()), highest(self.receipts.keys().next_back()));
        if self.position.message < message || self.position.receipt < receipt {
            let position = Arc::make_mut(&mut self.position);
            position.message = position.message.max(message);
            position.receipt = position.receipt.max(receipt);
        }
        let named = self.messages.values().map(|entry| entry.peer);
        let named = named.chain(self.receipts.values().map(|receipt| receipt.peer));
        let named: Vec<u64> = named.chain(self.seen.keys().map(|row| row / limits::SEEN)).collect();
        for peer in named {
            // Whose it was is lost; what they wrote is not.
            self.peers.entry(peer).or_default();
        }
        let nobody = |peer: &u64| self.peers.get(peer).is_some_and(|peer| peer.jid.is_empty());
        let rows = self.rows(|entry| nobody(&entry.peer) && entry.state.is_on_its_way());
        self.set_all(rows, MessageState::Failed { reason: FailReason::AddressLost });
    }

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
        let ChatMessage { from, id, text, wants_receipt, .. } = message;
        let peer = self.peer(&from);
        let hash = id.as_deref().map(|id| hash(id, &text));
        let known = hash.is_some_and(|hash| self.has_seen(peer, hash));
        // A stranger does not learn that there is somebody. Who sends again has missed the receipt.
        if let Some(id) = id.as_ref().filter(|_| wants_receipt && self.peers.get(&peer).is_some_and(|p| p.known)) {
            let row = self.next(|position| &mut position.receipt);
            self.receipts.insert(row, Arc::new(Receipt { peer, id: id.clone() }));
        }
        if known {
            return None;
        }
        if let Some(hash) = hash {
            self.remember(peer, hash);
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
    pub(crate) fn refused(&mut self, from: &str, id: &str, for_now: bool) -> Option<(MessageId, MessageState)> {
        let reason = if for_now { FailReason::Unreachable } else { FailReason::Refused };
        let state = MessageState::Failed { reason };
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
    /// tells what it has. It has the same id as before; Flashpaper drops what it has twice.
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

    /// Removes what is done, as far as nobody wants it kept. `now` is absent where the clock is not to be trusted: nothing
    /// expires then.
    pub(crate) fn sweep(&mut self, history: History, now: Option<u64>) {
        let time = now.unwrap_or(0).max(self.position.latest);
        let before = self.messages.len();
        self.messages.retain(|_, entry| !entry.is_done(history, time, now.is_some()));
        let Some(now) = now else { return };
        for entry in self.messages.values_mut().filter(|entry| entry.at > time) {
            // Its clock was wrong.
            Arc::make_mut(entry).at = time;
        }
        let expires = matches!(history, History::Expire { .. }) && !self.messages.is_empty();
        // Not each second: a write wakes the device.
        if self.position.latest < now && (before != self.messages.len() || expires && self.position.latest + 60 < now) {
            Arc::make_mut(&mut self.position).latest = now;
        }
    }

    /// When the next of what is done expires; in seconds since 1970.
    pub(crate) fn next_expiry(&self, history: History) -> Option<u64> {
        let History::Expire { after } = history else { return None };
        let done = self.messages.values().filter(|entry| entry.state.is_done());
        done.map(|entry| entry.at.saturating_add(after.as_secs())).min()
    }

    /// The messages with a peer, or all, but for those that have expired.
    pub(crate) fn list(&self, with: Option<&str>, history: History, now: u64) -> Vec<Message> {
        let time = now.max(self.position.latest);
        let messages = self.messages.iter().filter(|(_, entry)| !entry.is_done(history, time, true));
        let messages = messages.filter_map(|(row, entry)| self.show(*row, entry));
        messages.filter(|message| with.is_none_or(|with| message.peer == with)).collect()
    }

    pub(crate) fn message(&self, MessageId(row): MessageId, history: History, now: u64) -> Option<Message> {
        let entry = self.messages.get(&row)?;
        let expired = entry.is_done(history, now.max(self.position.latest), true);
        if expired { None } else { self.show(row, entry) }
    }

    pub(crate) fn conversations(&self) -> Vec<Conversation> {
        let mut conversations: BTreeMap<u64, Conversation> = BTreeMap::new();
        for (number, peer) in &self.peers {
            conversations.insert(*number, Conversation { peer: peer.jid.clone(), unread: 0, outbox: 0 });
        }
        for entry in self.messages.values() {
            let Some(conversation) = conversations.get_mut(&entry.peer) else { continue };
            conversation.unread += u32::from(entry.state == MessageState::Received);
            conversation.outbox += u32::from(matches!(entry.state, MessageState::Queued | MessageState::Sent));
        }
        conversations.into_values().collect()
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
        let mut messages = self.messages.iter();
        let found = messages.find(|(_, e)| e.peer == *peer && e.id == id && e.state.is_on_its_way())?;
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

    fn has_seen(&self, peer: u64, hash: u64) -> bool {
        self.seen.range(ring(peer)).any(|(_, seen)| seen.hash == hash)
    }

    fn remember(&mut self, peer: u64, hash: u64) {
        let last = self.seen.range(ring(peer)).map(|(_, seen)| seen.count).max().unwrap_or(0);
        let row = ring(peer).start + last % limits::SEEN;
        self.seen.insert(row, Arc::new(Seen { count: last + 1, hash }));
    }
}

/// The rows of a peer's ring.
const fn ring(peer: u64) -> std::ops::Range<u64> {
    peer * limits::SEEN..(peer + 1) * limits::SEEN
}

/// Tells the messages of one peer from each other. With the text: some clients begin their ids anew each day.
fn hash(id: &str, text: &str) -> u64 {
    let digest: [u8; 32] = Sha256::new().chain_update(id).chain_update([0]).chain_update(text).finalize().into();
    digest.first_chunk().copied().map_or(0, u64::from_be_bytes)
}

#[cfg(test)]
mod tests;
