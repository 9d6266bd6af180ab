//! What one burner has to send and has received, as it is stored: data and its changes, without network, disk or OTR.
//!
//! A text that goes out is `Queued`, or `WaitingForPeer` while there is no private conversation → `Sent`: encrypted, and
//! stored as the stanzas that carry it before they leave → `Acked` (its server has them) → `Delivered` (the peer's client
//! says inside the encryption that it has it) or `Reported` (a receipt outside says so: any server may have written that).
//! A server's receipt never removes a text, nor keeps it from being sent again. A bounce fails a text,
//! even a forged one: the user is told, and the text stays until the app has seen it. A text that comes in is stored before
//! its server is told so, and stays until the app has taken it.

mod peer;
mod seen;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::contact::{Fingerprint, Security, Standing};
use crate::message::{Conversation, FailReason, History, Message, MessageId, MessageState};
use crate::{ChatError, limits};
pub use peer::{Key, Peer};
pub(crate) use seen::Mark;
pub use seen::Seen;
pub use wire::{What, Wire, covers};
pub(crate) use wire::{holds_data, is_of_exchange};

/// Everything of one burner but its account. Clones share what is not changed.
#[derive(Default, Clone)]
pub struct Mailbox {
    /// Texts, in and out.
    pub messages: Table<Entry>,
    /// Peers.
    pub peers: Table<Peer>,
    /// Stanzas that the server may not have yet.
    pub wires: Table<Wire>,
    /// What has come before, by peer.
    pub seen: Table<Seen>,
    /// OTR sessions, by peer.
    pub sessions: Table<Stored>,
    /// Where everything is.
    pub position: Arc<Position>,
}

/// Rows by number.
pub type Table<T> = BTreeMap<u64, Arc<T>>;

/// A message, in or out.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Entry {
    pub(crate) peer: u64,
    /// The name of an outgoing text inside the encryption: random, and unlike every id outside.
    #[serde(alias = "id")]
    pub(crate) label: String,
    pub(crate) text: String,
    /// Seconds since 1970.
    at: u64,
    #[zeroize(skip)]
    pub(crate) state: MessageState,
    /// How private it was.
    #[zeroize(skip)]
    pub(crate) security: Security,
    /// When it is given up if it has not left, in seconds since 1970.
    until: Option<u64>,
    pub(crate) went: Option<Went>,
    /// It may arrive twice, as the peer's client cannot tell.
    pub(crate) again: bool,
}

/// How a text went out.
#[derive(Clone, Serialize, Deserialize, Zeroize)]
pub(crate) struct Went {
    /// OTR's number for it, by which it may say that it was not read. `None`: it was read, as far as will ever be known, or
    /// is in doubt.
    pub(crate) number: Option<u64>,
    /// To whose key: it goes to no other.
    pub(crate) key: Fingerprint,
    /// When, in seconds since 1970.
    pub(crate) at: u64,
    /// Since when it may be unread, in seconds since 1970: until it is known what the peer's client does with doubles.
    pub(crate) doubted: Option<u64>,
    /// The ids of the stanzas that carry it: several, where it went in pieces.
    #[serde(alias = "pieces")]
    pub(crate) ids: Vec<String>,
}

impl Entry {
    /// When it left, or was written; in seconds since 1970.
    const fn left(&self) -> u64 {
        match &self.went {
            Some(went) => went.at,
            None => self.at,
        }
    }

    /// It is to be encrypted.
    const fn waits(&self) -> bool {
        matches!(self.state, MessageState::Queued | MessageState::WaitingForPeer)
    }

    /// The peer has written it.
    const fn came(&self) -> bool {
        matches!(self.state, MessageState::Received | MessageState::Taken)
    }

    /// When it is given up, in seconds since 1970. One that has left may have been read: to send it again is not to send
    /// it late.
    fn given_up(&self) -> Option<u64> {
        self.until.filter(|_| self.waits() && self.went.is_none())
    }

    /// It was sent, and the peer has not said inside the encryption that it has it.
    const fn may_be_unread(&self) -> bool {
        matches!(self.state, MessageState::Sent | MessageState::Acked | MessageState::Reported)
    }

    /// OTR has confirmed it, or nothing can any more.
    const fn is_confirmed(&self) -> bool {
        match &self.went {
            Some(went) => went.number.is_none() && went.doubted.is_none(),
            None => true,
        }
    }

    /// Nothing is to come of it any more.
    const fn is_over(&self) -> bool {
        match self.state {
            MessageState::Reported => self.is_confirmed(),
            state => state.is_done(),
        }
    }

    /// Whether nothing is to come of it any more, nor is it to be kept.
    fn is_done(&self, history: History, time: u64) -> bool {
        let kept = history.keeps(self.at, time);
        // A receipt may come yet.
        let is_late = time >= self.left().saturating_add(limits::CONFIRMED_WITHIN);
        (self.is_over() || self.state == MessageState::Acked && self.is_confirmed() && is_late) && !kept
    }
}

/// A conversation's OTR session, as it is stored: to be used once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Stored {
    /// What resumes it, in base64.
    pub state: String,
    /// When it was used, in seconds since 1970.
    pub(crate) used: u64,
    /// Whose key texts go to.
    pub key: Option<Fingerprint>,
    /// Which of the peer's clients they go to.
    #[serde(default)]
    pub(crate) resource: Option<String>,
    /// The version of OTR that it is in.
    #[serde(default)]
    pub(crate) version: Option<u8>,
    /// The peer has ended it.
    pub(crate) finished: bool,
}

impl Stored {
    /// What is left of one, as it was stored, when it must not be used again.
    pub fn ended(json: &[u8]) -> Option<Self> {
        let mut stored: Self = serde_json::from_slice(json).ok()?;
        stored.state.zeroize();
        Some(stored)
    }

    pub(crate) fn state(&self) -> Option<Zeroizing<Vec<u8>>> {
        BASE64_STANDARD.decode(&self.state).ok().map(Zeroizing::new)
    }

    /// When it has rested for too long, in seconds since 1970, if it is private. `life` in seconds; 0: it ends with its
    /// process.
    pub(crate) fn ends(&self, life: u64) -> Option<u64> {
        (life > 0 && self.key.is_some() && !self.finished).then(|| self.used.saturating_add(life))
    }
}

/// Where everything is.
#[derive(Default, Clone, Serialize, Deserialize)]
pub struct Position {
    stream: Option<wire::Stream>,
    /// The numbers given last: none is given twice.
    message: u64,
    wire: u64,
    /// The latest time that was seen, in seconds since 1970: a clock that is set back does not make anything last longer.
    latest: u64,
}

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

/// The numbers of messages whose state has changed.
pub type Changed = Vec<(MessageId, MessageState)>;

impl Mailbox {
    /// Makes the best of what is left when rows are lost: no number is given again, so that nothing good is overwritten and
    /// nothing is taken for somebody else's.
    pub fn mend(&mut self) {
        let highest = |last: Option<&u64>| last.copied().unwrap_or(0);
        let (message, wire) = (highest(self.messages.keys().next_back()), highest(self.wires.keys().next_back()));
        if self.position.message < message || self.position.wire < wire {
            let position = Arc::make_mut(&mut self.position);
            position.message = position.message.max(message);
            position.wire = position.wire.max(wire);
        }
        let named = self.messages.values().map(|entry| entry.peer);
        let named = named.chain(self.wires.values().map(|wire| wire.peer)).chain(self.sessions.keys().copied());
        let named: Vec<u64> = named.chain(self.seen.keys().copied()).collect();
        for peer in named {
            // Whose it was is lost; what they wrote is not.
            self.peers.entry(peer).or_default();
        }
        for peer in self.peers.keys() {
            self.seen.entry(*peer).or_default();
        }
        for stored in self.sessions.values_mut().filter(|stored| stored.state.is_empty()) {
            // It has ended with its process.
            let stored = Arc::make_mut(stored);
            (stored.key, stored.version, stored.finished) = (None, None, false);
        }
        let nobody = |peer: &u64| self.peers.get(peer).is_some_and(|peer| peer.jid.is_empty());
        let rows = self.rows(|entry| nobody(&entry.peer) && entry.state.is_on_its_way());
        self.set_all(rows, MessageState::Failed { reason: FailReason::AddressLost });
        // A text whose stanzas are lost, but not all of them, would never be whole.
        let carried = |row: &u64| self.wires.values().any(|wire| wire.message == Some(*row));
        let torn: Vec<u64> = self.rows(|entry| entry.state == MessageState::Sent);
        let torn = torn.into_iter().filter(|row| !carried(row)).collect();
        self.set_all(torn, MessageState::Queued);
    }

    /// The row of a peer; a new one where there is none.
    pub fn peer(&mut self, jid: &str) -> u64 {
        if let Some(row) = self.find(jid) {
            return row;
        }
        let row = self.peers.keys().next_back().map_or(1, |last| last + 1);
        let mut peer = Peer::default();
        jid.clone_into(&mut peer.jid);
        self.peers.insert(row, Arc::new(peer));
        self.seen.insert(row, Arc::default());
        row
    }

    /// The row of a peer that is known.
    #[must_use]
    pub fn find(&self, jid: &str) -> Option<u64> {
        self.peers.iter().find(|(_, peer)| peer.jid == jid).map(|(row, _)| *row)
    }

    /// A peer, to be changed.
    pub fn peer_mut(&mut self, row: u64) -> Option<&mut Peer> {
        self.peers.get_mut(&row).map(Arc::make_mut)
    }

    /// The bare JID of a peer; empty where it was lost.
    #[must_use]
    pub fn jid(&self, row: u64) -> String {
        self.peers.get(&row).map(|peer| peer.jid.clone()).unwrap_or_default()
    }

    pub(crate) fn standing(&self, row: u64) -> Standing {
        self.peers.get(&row).map(|peer| peer.standing).unwrap_or_default()
    }

    /// Somebody that the person wants to talk to.
    pub fn befriend(&mut self, row: u64) {
        if let Some(peer) = self.peer_mut(row) {
            peer.introduced &= peer.standing == Standing::Contact;
            // What a stranger has missed nobody can send again.
            peer.missed &= peer.standing == Standing::Contact;
            (peer.refuses, peer.asks_for_private) = (false, false);
            peer.standing = Standing::Contact;
        }
    }

    /// # Errors
    /// [`ChatError::PeerBlocked`].
    pub fn check_unblocked(&self, row: u64) -> Result<(), ChatError> {
        if self.standing(row) == Standing::Blocked { Err(ChatError::PeerBlocked) } else { Ok(()) }
    }

    /// Texts to somebody who is blocked now: what has not left does not leave any more, nor again.
    pub(crate) fn blocked(&mut self, peer: u64) -> Changed {
        let doubted = |entry: &Entry| entry.went.as_ref().is_some_and(|went| went.doubted.is_some());
        let rows = self.rows(|entry| entry.peer == peer && (entry.waits() || entry.may_be_unread() && doubted(entry)));
        self.set_all(rows, MessageState::Failed { reason: FailReason::Blocked })
    }

    /// Puts a text into the outbox.
    pub fn queue(&mut self, to: &str, label: String, text: &str, now: u64, within: Option<Duration>) -> MessageId {
        let peer = self.peer(to);
        if self.standing(peer) != Standing::Contact {
            self.befriend(peer);
        }
        let until = within.map(|within| now.saturating_add(within.as_secs()));
        let (state, security) = (MessageState::Queued, Security::Plaintext);
        self.add(Entry {
            peer,
            label,
            text: text.to_owned(),
            at: now,
            state,
            security,
            until,
            went: None,
            again: false,
        })
    }

    /// Takes a text in, unless it is known. `None`: it was. `receipt`: an id for the one that is owed.
    pub(crate) fn receive(
        &mut self,
        arrived: &Arrived<'_>,
        receipt: String,
        now: u64,
    ) -> Option<(MessageId, MessageState)> {
        let Arrived { peer, mark, text, security, resource, receipt: wanted } = *arrived;
        let known = mark.is_some_and(|mark| self.has_seen(peer, mark));
        // A stranger does not learn that there is somebody. Who sends again has missed the receipt.
        if let Some(received) = wanted.filter(|_| self.standing(peer) == Standing::Contact) {
            let what = What::Receipt { received: received.to_owned() };
            let resource = resource.map(str::to_owned);
            self.add_wire(Wire { peer, resource, id: receipt, what, message: None, at: now, number: None });
        }
        if known {
            return None;
        }
        if let Some(mark) = mark {
            Arc::make_mut(self.seen.entry(peer).or_default()).remember(mark);
        }
        let (label, text, state) = (String::new(), text.to_owned(), MessageState::Received);
        let entry = Entry { peer, label, text, at: now, state, security, until: None, went: None, again: false };
        Some((self.add(entry), state))
    }

    pub(crate) fn has_seen(&self, peer: u64, mark: Mark) -> bool {
        self.seen.get(&peer).is_some_and(|seen| seen.has(mark))
    }

    /// Those whom the user has nothing to do with, the oldest first. A peer with a key is there because the user has brought
    /// the key; one who was written to was a contact.
    pub(crate) fn strangers(&self) -> Vec<u64> {
        let written_to: BTreeSet<u64> =
            self.messages.values().filter(|entry| !entry.came()).map(|entry| entry.peer).collect();
        let came_by_itself = |row: &u64, peer: &Peer| {
            peer.standing == Standing::Stranger
                && peer.keys.is_empty()
                && peer.expected.is_none()
                && peer.label.is_none()
                && !written_to.contains(row)
        };
        self.peers.iter().filter(|(row, peer)| came_by_itself(row, peer)).map(|(row, _)| *row).collect()
    }

    /// Forgets a stranger, with what they wrote.
    pub(crate) fn forget_stranger(&mut self, row: u64) {
        self.peers.remove(&row);
        self.sessions.remove(&row);
        self.messages.retain(|_, entry| entry.peer != row);
        self.wires.retain(|_, wire| wire.peer != row);
        self.seen.remove(&row);
    }

    /// What came of a peer's and was not taken: messages and bytes.
    fn untaken(&self, row: u64) -> (usize, usize) {
        let is_it = |entry: &Entry| entry.peer == row && entry.state == MessageState::Received;
        let untaken = self.messages.values().filter(|entry| is_it(entry));
        untaken.fold((0, 0), |(count, bytes), entry| (count + 1, bytes + entry.text.len()))
    }

    /// Whether there is room for a stranger's text.
    pub(crate) fn takes_from_stranger(&self, row: u64, text: &str) -> bool {
        let (count, bytes) = self.untaken(row);
        count < limits::STRANGER_TEXTS
            && bytes + text.len() <= limits::STRANGER_BYTES
            && self.kept(row) < limits::CONTACT_KEPT
    }

    /// Whether so much of a peer's was not taken, or is kept, that nothing more is taken in.
    pub(crate) fn is_full(&self, row: u64) -> bool {
        let (count, bytes) = self.untaken(row);
        count >= limits::CONTACT_TEXTS || bytes >= limits::CONTACT_BYTES || self.kept(row) >= limits::CONTACT_KEPT
    }

    /// What came of a peer's and is there: bytes, with what is stored around each text.
    fn kept(&self, row: u64) -> usize {
        let kept = self.messages.values().filter(|entry| entry.peer == row && entry.came());
        kept.map(|entry| entry.text.len() + limits::AROUND_TEXT).sum()
    }

    /// Peers that have texts turned away for lack of room, where there is room again: those texts may come again.
    pub fn missed(&self) -> Vec<u64> {
        let has_space = |row: u64| {
            let (count, bytes) = self.untaken(row);
            let kept = self.kept(row);
            count <= limits::CONTACT_TEXTS / 2 && bytes <= limits::CONTACT_BYTES / 2 && kept < limits::CONTACT_KEPT
        };
        let missed = self.peers.iter().filter(|(_, peer)| peer.missed && peer.standing == Standing::Contact);
        missed.map(|(row, _)| *row).filter(|row| has_space(*row)).collect()
    }

    /// The peer's client has these texts: the holder of its key says so inside the encryption.
    pub(crate) fn read(&mut self, peer: u64, key: Fingerprint, labels: &[String]) -> Changed {
        let went_there = |entry: &Entry| entry.went.as_ref().is_some_and(|went| went.key == key);
        let is_it = |entry: &Entry| entry.peer == peer && went_there(entry) && labels.contains(&entry.label);
        let rows = self.rows(is_it);
        if !rows.is_empty() {
            self.confirms(peer);
        }
        rows.iter().for_each(|row| self.drop_wires(*row));
        self.set_all(rows, MessageState::Delivered)
    }

    /// A receipt outside the encryption. It counts for nothing where there are those inside.
    pub fn reported(&mut self, from: &str, id: &str) -> Changed {
        let Some((row, entry)) = self.carried_by(from, id) else { return Vec::new() };
        let peer = entry.peer;
        if self.deduplicates(entry) {
            return Vec::new();
        }
        self.confirms(peer);
        self.set(row, MessageState::Reported)
    }

    fn confirms(&mut self, row: u64) {
        if self.peers.get(&row).is_some_and(|peer| !peer.confirms)
            && let Some(peer) = self.peer_mut(row)
        {
            peer.confirms = true;
        }
    }

    /// Whether a text went to a key that says inside the encryption what it has, and knows what it gets twice.
    fn deduplicates(&self, entry: &Entry) -> bool {
        let key = self.peers.get(&entry.peer).zip(entry.went.as_ref()).and_then(|(peer, went)| peer.key(went.key));
        key.is_some_and(|key| key.keeps_texts)
    }

    /// A message came back.
    pub(crate) fn refused(&mut self, from: &str, id: &str, reason: FailReason) -> Changed {
        let Some((row, _)) = self.carried_by(from, id) else { return Vec::new() };
        self.drop_wires(row);
        self.set(row, MessageState::Failed { reason })
    }

    /// What asked a peer for a private conversation came back for good: nobody will answer what waits for that.
    pub(crate) fn nobody_there(&mut self, peer: u64) -> Changed {
        let rows = self.rows(|entry| entry.peer == peer && entry.state == MessageState::WaitingForPeer);
        self.set_all(rows, MessageState::Failed { reason: FailReason::Refused })
    }

    /// The app has it: what came is read; what failed is forgotten.
    pub fn take(&mut self, MessageId(row): MessageId) -> Changed {
        match self.messages.get(&row).map(|entry| entry.state) {
            Some(MessageState::Received) => return self.set(row, MessageState::Taken),
            Some(MessageState::Failed { .. }) => drop(self.messages.remove(&row)),
            _ => {}
        }
        Vec::new()
    }

    /// Texts that wait to be encrypted: row and peer, in their order.
    pub fn waiting(&self) -> Vec<(u64, u64)> {
        self.messages.iter().filter(|(_, entry)| entry.waits()).map(|(row, entry)| (*row, entry.peer)).collect()
    }

    /// When the next of the texts that are in doubt is decided on; in seconds since 1970.
    pub fn next_decision(&self) -> Option<u64> {
        let doubted = self.messages.values().filter(|entry| entry.may_be_unread());
        let doubted = doubted.filter_map(|entry| entry.went.as_ref()?.doubted);
        doubted.map(|since| since.saturating_add(limits::DOUBT)).min()
    }

    /// When the next text is given up, in seconds since 1970.
    pub fn next_given_up(&self) -> Option<u64> {
        self.messages.values().filter_map(|entry| entry.given_up()).min()
    }

    /// Gives up texts that have waited for too long.
    pub(crate) fn give_up(&mut self, now: u64) -> Changed {
        let rows = self.rows(|entry| entry.given_up().is_some_and(|until| until <= now));
        self.set_all(rows, MessageState::Failed { reason: FailReason::NoAnswer })
    }

    /// Contacts whose presence handshake is to be taken a step further, or whose server is to be told of a block.
    pub fn introductions(&self) -> Vec<(u64, Arc<Peer>)> {
        let due = |peer: &Peer| {
            let handshake = peer.standing == Standing::Contact && !peer.introduced;
            !peer.jid.is_empty() && (handshake || peer.block_due)
        };
        self.peers.iter().filter(|(_, peer)| due(peer)).map(|(row, peer)| (*row, Arc::clone(peer))).collect()
    }

    /// The server has been told of somebody; who has changed meanwhile is told of once more.
    pub fn server_knows(&mut self, row: u64, standing: Standing) {
        if let Some(peer) = self.peer_mut(row).filter(|peer| peer.standing == standing) {
            (peer.block_due, peer.introduced) = (false, standing == Standing::Contact);
        }
    }

    /// A stream is new: who has not answered is asked again.
    pub fn introduce_again(&mut self) {
        let silent = |peer: &Peer| peer.introduced && !peer.shows_presence && !peer.refuses;
        for peer in self.peers.values_mut().filter(|peer| silent(peer)) {
            Arc::make_mut(peer).introduced = false;
        }
    }

    /// Whether another text may be on its way to a peer: servers keep so many for a client that is away and no more.
    pub(crate) fn has_room(&self, peer: u64, now: u64) -> bool {
        let waits = |entry: &Entry| match entry.state {
            MessageState::Sent => true,
            MessageState::Acked => self.deduplicates(entry) || now < entry.left().saturating_add(limits::WINDOW_FOR),
            _ => false,
        };
        let confirms = self.peers.get(&peer).is_some_and(|peer| peer.confirms);
        !confirms || self.messages.values().filter(|entry| entry.peer == peer && waits(entry)).count() < limits::WINDOW
    }

    /// Texts that the peer may not have read, by OTR's numbers: see [`Mailbox::settle`].
    pub(crate) fn unread(&mut self, peer: u64, numbers: &[u64], now: u64) {
        let named = |went: &Went| went.number.is_some_and(|number| numbers.contains(&number));
        let unread =
            |entry: &Entry| entry.peer == peer && entry.may_be_unread() && entry.went.as_ref().is_some_and(named);
        // What is not changed stays shared: a copy would be written to disk.
        for entry in self.messages.values_mut().filter(|entry| unread(entry)) {
            if let Some(went) = &mut Arc::make_mut(entry).went {
                (went.number, went.doubted) = (None, Some(now));
            }
        }
    }

    /// The peer has read all but these, by OTR's numbers; but what goes to a key that sends receipts inside the encryption is
    /// confirmed by those alone. OTR tells by keys, and a server can drop one of several texts under the same keys.
    pub(crate) fn confirm_others(&mut self, peer: u64, unconfirmed: &[u64]) {
        let read = |went: &Went| went.number.is_some_and(|number| !unconfirmed.contains(&number));
        let read = |entry: &Entry| entry.peer == peer && entry.went.as_ref().is_some_and(read);
        for row in self.rows(|entry| read(entry) && !self.deduplicates(entry)) {
            self.forget_number(row);
        }
    }

    /// Sessions with these keys are over: what such a key has sent no receipt for, though it sends them, may be unread.
    pub(crate) fn session_over(&mut self, peer: u64, is_over: impl Fn(Fingerprint) -> bool, now: u64) {
        let went_there = |entry: &Entry| entry.went.as_ref().is_some_and(|went| is_over(went.key));
        let rows = self.rows(|entry| entry.peer == peer && went_there(entry) && self.deduplicates(entry));
        let numbers: Vec<u64> = rows.iter().filter_map(|row| self.messages.get(row)?.went.as_ref()?.number).collect();
        self.unread(peer, &numbers, now);
    }

    /// A session ends from this side: what it has not confirmed nothing will.
    pub(crate) fn fail_unconfirmed(&mut self, peer: u64) -> Changed {
        let rows = self.rows(|entry| {
            let has_number = entry.went.as_ref().is_some_and(|went| went.number.is_some());
            entry.peer == peer && entry.may_be_unread() && has_number
        });
        rows.iter().for_each(|row| self.forget_number(*row));
        self.set_all(rows, MessageState::Failed { reason: FailReason::Unread })
    }

    fn forget_number(&mut self, row: u64) {
        if let Some(went) = self.messages.get_mut(&row).and_then(|entry| Arc::make_mut(entry).went.as_mut()) {
            went.number = None;
        }
    }

    /// Nothing that a session has said or would say leaves any more. Texts that had not left wait again.
    pub(crate) fn forget_session(&mut self, peer: u64) -> Changed {
        self.sessions.remove(&peer);
        let waits = |wire: &Wire| wire.peer == peer && wire.number.is_none();
        let torn: BTreeSet<u64> = self.wires.values().filter(|wire| waits(wire)).filter_map(|w| w.message).collect();
        self.wires.retain(|_, wire| !waits(wire));
        for row in &torn {
            if let Some(entry) = self.messages.get_mut(row) {
                Arc::make_mut(entry).went = None;
            }
        }
        self.set_all(torn.into_iter().collect(), MessageState::Queued)
    }

    /// Decides on texts that may be unread. A client that knows what it gets twice is sent all of them again, in their order.
    /// It says so as soon as there are new keys: another one that does not is sent the last, if it was young, and the rest
    /// is told.
    pub(crate) fn settle(&mut self, peer: u64, now: u64) -> Changed {
        let doubted = |entry: &Entry| entry.went.as_ref().and_then(|went| went.doubted);
        let rows = self.rows(|entry| entry.peer == peer && entry.may_be_unread() && doubted(entry).is_some());
        let mut changed = Vec::new();
        for (row, is_last) in rows.iter().rev().zip(std::iter::once(true).chain(std::iter::repeat(false))) {
            let Some(entry) = self.messages.get(row) else { continue };
            let keeps_texts = self.deduplicates(entry);
            let Some(entry) = self.messages.get_mut(row) else { continue };
            let Some(went) = &entry.went else { continue };
            let since = went.doubted.unwrap_or(now);
            // Whichever way the clock was set meanwhile.
            if !keeps_texts && now.abs_diff(since) < limits::DOUBT {
                continue;
            }
            let again = is_last && since < went.at.saturating_add(limits::RESEND_WITHIN);
            let entry = Arc::make_mut(entry);
            entry.again |= again && !keeps_texts;
            if let Some(went) = &mut entry.went {
                went.doubted = None;
            }
            self.drop_wires(*row);
            let reason = FailReason::Unread;
            let state = if keeps_texts || again { MessageState::Queued } else { MessageState::Failed { reason } };
            changed.extend(self.set(*row, state));
        }
        changed
    }

    /// Peers that have texts in doubt.
    pub fn doubting(&self) -> BTreeSet<u64> {
        let doubted = |entry: &Entry| entry.may_be_unread() && entry.went.as_ref().is_some_and(|w| w.doubted.is_some());
        self.messages.values().filter(|entry| doubted(entry)).map(|entry| entry.peer).collect()
    }

    /// A session is lost on this side: OTR will not say any more what was not read.
    pub(crate) fn session_lost(&mut self, peer: u64, now: u64) {
        self.sessions.remove(&peer);
        self.doubt_all(peer, now);
    }

    /// No session is left that could confirm a text.
    pub(crate) fn doubt_all(&mut self, peer: u64, now: u64) {
        let theirs = self.messages.values().filter(|entry| entry.peer == peer);
        let numbers: Vec<u64> = theirs.filter_map(|entry| entry.went.as_ref()?.number).collect();
        self.unread(peer, &numbers, now);
    }

    /// The server has lost its memory: what it had taken and no peer has confirmed is queued again, where the peer's client
    /// tells what it has and knows what it gets twice.
    pub fn forgotten_by_server(&mut self, now: u64) -> Changed {
        let told = |entry: &Entry| {
            let confirms =
                self.peers.get(&entry.peer).is_some_and(|peer| peer.confirms && peer.standing != Standing::Blocked);
            confirms && self.deduplicates(entry) && now < entry.left().saturating_add(limits::CONFIRMED_WITHIN)
        };
        let is_there = |entry: &Entry| matches!(entry.state, MessageState::Acked | MessageState::Reported);
        let forgotten = self.rows(|entry| is_there(entry) && told(entry));
        let mut first: BTreeMap<u64, u64> = BTreeMap::new();
        for row in &forgotten {
            first.entry(self.messages.get(row).map_or(0, |entry| entry.peer)).or_insert(*row);
        }
        // What is behind one of them on its way must not overtake it.
        let behind = |row: u64, entry: &Entry| first.get(&entry.peer).is_some_and(|first| row > *first);
        let sent = self.messages.iter().filter(|(_, entry)| entry.state == MessageState::Sent);
        let sent: Vec<u64> = sent.filter(|(row, entry)| behind(**row, entry)).map(|(row, _)| *row).collect();
        sent.iter().for_each(|row| self.drop_wires(*row));
        self.set_all([forgotten, sent].concat(), MessageState::Queued)
    }

    /// Removes what is done, as far as nobody wants it kept. `now` is the time that things expire by.
    pub fn sweep(&mut self, history: History, now: u64) {
        let time = now.max(self.position.latest);
        let before = self.messages.len();
        self.messages.retain(|_, entry| !entry.is_done(history, time));
        // Their clock was wrong.
        for entry in self.messages.values_mut().filter(|entry| entry.at > time) {
            Arc::make_mut(entry).at = time;
        }
        for session in self.sessions.values_mut().filter(|session| session.used > time) {
            Arc::make_mut(session).used = time;
        }
        let expires = matches!(history, History::Expire { .. }) && !self.messages.is_empty();
        // Not each second: a write wakes the device.
        if self.position.latest < now && (before != self.messages.len() || expires && self.position.latest + 60 < now) {
            Arc::make_mut(&mut self.position).latest = now;
        }
    }

    /// When the next of what is done expires, or the next private conversation; in seconds since 1970. `life` as for
    /// [`Stored::ends`].
    pub fn next_expiry(&self, history: History, life: u64) -> Option<u64> {
        let after = if let History::Expire { after } = history { Some(after.as_secs()) } else { None };
        let done = self.messages.values().filter(|entry| entry.is_over());
        let done = done.filter_map(|entry| Some(entry.at.saturating_add(after?)));
        done.chain(self.sessions.values().filter_map(|session| session.ends(life))).min()
    }

    /// The latest time that a mailbox has seen, by its position as it is stored; in seconds since 1970.
    pub fn latest_of(position: &[u8]) -> u64 {
        serde_json::from_slice(position).map_or(0, |position: Position| position.latest)
    }

    /// The messages with a peer, or all, but for those that have expired.
    pub fn list(&self, with: Option<&str>, history: History, now: u64) -> Vec<Message> {
        let time = now.max(self.position.latest);
        let messages = self.messages.iter().filter(|(_, entry)| !entry.is_done(history, time));
        let messages = messages.filter_map(|(row, entry)| self.show(*row, entry));
        messages.filter(|message| with.is_none_or(|with| message.peer == with)).collect()
    }

    /// One message, if it is there and has not expired.
    #[must_use]
    pub fn message(&self, MessageId(row): MessageId, history: History, now: u64) -> Option<Message> {
        let entry = self.messages.get(&row)?;
        let expired = entry.is_done(history, now.max(self.position.latest));
        if expired { None } else { self.show(row, entry) }
    }

    /// All conversations, in the order in which they began.
    #[must_use]
    pub fn conversations(&self) -> Vec<Conversation> {
        let mut conversations: BTreeMap<u64, Conversation> =
            self.peers.iter().map(|(row, peer)| (*row, self.conversation(*row, peer))).collect();
        for entry in self.messages.values() {
            let Some(conversation) = conversations.get_mut(&entry.peer) else { continue };
            conversation.unread += u32::from(entry.state == MessageState::Received);
            conversation.outbox += u32::from(entry.waits() || entry.state == MessageState::Sent);
        }
        conversations.into_values().collect()
    }

    /// Without its figures.
    fn conversation(&self, row: u64, peer: &Peer) -> Conversation {
        let session = self.sessions.get(&row);
        let key = session.and_then(|session| session.key);
        let security = match session {
            Some(session) if session.finished => Security::Finished,
            _ => key.map_or(Security::Plaintext, |key| peer.security(key)),
        };
        Conversation {
            peer: peer.jid.clone(),
            label: peer.label.clone(),
            standing: peer.standing,
            security,
            version: session.and_then(|session| session.version),
            key,
            keys: peer.shown_keys(),
            expected: peer.expected,
            unread: 0,
            outbox: 0,
            present: false,
            question: None,
        }
    }

    fn show(&self, row: u64, entry: &Entry) -> Option<Message> {
        Some(Message {
            id: MessageId(row),
            peer: self.peers.get(&entry.peer)?.jid.clone(),
            text: entry.text.clone(),
            at: SystemTime::checked_add(&UNIX_EPOCH, Duration::from_secs(entry.at)).unwrap_or(UNIX_EPOCH),
            state: entry.state,
            security: entry.security,
            maybe_twice: entry.again,
        })
    }

    /// The outgoing message that this stanza carries. One that is to be sent again has no stanza yet.
    fn carried_by(&self, to: &str, id: &str) -> Option<(u64, &Entry)> {
        let peer = self.find(to)?;
        let has_id = |went: &Went| went.ids.iter().any(|of| of == id);
        let is_it = |entry: &Entry| entry.may_be_unread() && entry.went.as_ref().is_some_and(has_id);
        let (row, entry) = self.messages.iter().find(|(_, entry)| entry.peer == peer && is_it(entry))?;
        Some((*row, entry))
    }

    fn drop_wires(&mut self, message: u64) {
        // One that has a number stays: the server's count stands for it.
        self.wires.retain(|_, wire| wire.message != Some(message) || wire.number.is_some());
    }

    fn add(&mut self, entry: Entry) -> MessageId {
        let row = self.next(|position| &mut position.message);
        self.messages.insert(row, Arc::new(entry));
        MessageId(row)
    }

    pub(super) fn next(&mut self, of: impl FnOnce(&mut Position) -> &mut u64) -> u64 {
        let last = of(Arc::make_mut(&mut self.position));
        *last += 1;
        *last
    }

    fn rows(&self, wanted: impl Fn(&Entry) -> bool) -> Vec<u64> {
        self.messages.iter().filter(|(_, entry)| wanted(entry)).map(|(row, _)| *row).collect()
    }

    pub(crate) fn set(&mut self, row: u64, state: MessageState) -> Changed {
        let Some(entry) = self.messages.get_mut(&row).filter(|entry| entry.state != state) else { return Vec::new() };
        Arc::make_mut(entry).state = state;
        vec![(MessageId(row), state)]
    }

    fn set_all(&mut self, rows: Vec<u64>, state: MessageState) -> Changed {
        rows.into_iter().flat_map(|row| self.set(row, state)).collect()
    }
}

#[cfg(test)]
mod tests;
