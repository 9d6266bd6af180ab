//! Messages and conversations, as an app sees them.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Serialize, Serializer};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::address::Address;
use crate::contact::{Peer, PeerId, Relationship};
use crate::event::Comparison;
use crate::mailbox::Mailbox;
use crate::message::{Entry, MessageId, MessageState};
use crate::retention::{History, expires, is_done};
use crate::time::UnixTime;
use crate::trust::{Fingerprint, PeerKey, Security};

/// A message. Its `Debug` shows neither peer nor text.
#[derive(Clone, PartialEq, Eq, Serialize, Zeroize, ZeroizeOnDrop)]
pub struct Message {
    /// Its name.
    #[zeroize(skip)]
    pub id: MessageId,
    /// The peer's bare JID, as the own server vouches for it. Empty where that was lost to a failing device.
    pub peer: Address,
    /// The text. One that came may hold anything.
    pub text: String,
    /// When it was written here, or came, by the device's clock. As JSON: seconds since 1970.
    #[zeroize(skip)]
    #[serde(serialize_with = "unix_seconds")]
    pub at: SystemTime,
    /// What is known of it.
    #[zeroize(skip)]
    pub state: MessageState,
    /// How private it came or left; of one that has not left yet: nothing is said.
    #[zeroize(skip)]
    pub security: Security,
    /// It was sent again to a client that does not know what it gets twice.
    #[zeroize(skip)]
    pub maybe_twice: bool,
}

fn unix_seconds<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
}

fn maybe_seconds<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(|time| time.as_secs()).serialize(serializer)
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("id", &self.id).field("state", &self.state).finish_non_exhaustive()
    }
}

/// A burner's conversation with one peer. Its `Debug` does not show the peer.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Conversation {
    /// The peer's bare JID.
    pub peer: Address,
    /// The user's name for the peer.
    pub label: Option<String>,
    /// Who the peer is to the burner.
    pub relationship: Relationship,
    /// How private what is written now would be.
    pub security: Security,
    /// The version of OTR that the private conversation is in: 3, or 2 with a client that has nothing newer. That one counts
    /// as one client, whichever it runs in.
    pub version: Option<u8>,
    /// The key that it would go to.
    pub key: Option<Fingerprint>,
    /// The keys that the peer has used.
    pub keys: Vec<PeerKey>,
    /// The one key that the peer is to have, if it is known from elsewhere.
    pub expected: Option<Fingerprint>,
    /// A client of the peer's is known to be there.
    pub present: bool,
    /// The peer waits for an answer to a comparison, with this question if there is one.
    pub question: Option<Comparison>,
    /// How long a text is kept once it was read: from when the app has said that it has it ([`crate::Talk::take`]), or from when it has
    /// left, but for as long as something may come of it. `None`: it does not go by itself. As JSON: seconds.
    #[serde(serialize_with = "maybe_seconds")]
    pub timer: Option<Duration>,
    /// The peer's client has said that it goes by that timer, too. Where it has not, as no client of another kind does, texts go here
    /// alone.
    pub timer_is_shared: bool,
    /// Messages that came and were not taken.
    pub unread: u32,
    /// Messages that the own server does not have yet.
    pub outbox: u32,
}

impl fmt::Debug for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unread, outbox) = (&self.unread, &self.outbox);
        let security = &self.security;
        let conversation = &mut f.debug_struct("Conversation");
        conversation.field("security", security).field("unread", unread).field("outbox", outbox).finish_non_exhaustive()
    }
}

/// A message as an app sees it, of those that something is to come of or of history. `None`: it has expired, or its peer was
/// forgotten. `now` is the time that things expire by.
#[must_use]
pub fn message(mailbox: &Mailbox, id: MessageId, entry: &Entry, history: History, now: UnixTime) -> Option<Message> {
    let time = now.max(mailbox.position.latest);
    if is_done(entry, time) && expires(entry, history).is_some_and(|at| at <= time) {
        return None;
    }
    Some(Message {
        id,
        peer: mailbox.peers.get(&entry.peer)?.jid.clone(),
        text: entry.text.clone(),
        at: SystemTime::checked_add(&UNIX_EPOCH, Duration::from_secs(entry.at.0)).unwrap_or(UNIX_EPOCH),
        state: entry.state,
        security: entry.security,
        maybe_twice: entry.again,
    })
}

/// All conversations, in the order in which they began.
#[must_use]
pub fn conversations(mailbox: &Mailbox) -> Vec<Conversation> {
    let mut conversations: BTreeMap<PeerId, Conversation> =
        mailbox.peers.iter().map(|(row, peer)| (*row, conversation(mailbox, *row, peer))).collect();
    for entry in mailbox.messages.values() {
        let Some(conversation) = conversations.get_mut(&entry.peer) else { continue };
        conversation.unread += u32::from(entry.state == MessageState::Received);
        conversation.outbox += u32::from(entry.waits() || entry.state == MessageState::Sent);
    }
    conversations.into_values().collect()
}

/// Without its figures.
fn conversation(mailbox: &Mailbox, row: PeerId, peer: &Peer) -> Conversation {
    let session = mailbox.sessions.get(&row);
    let key = session.and_then(|session| session.key);
    let security = match session {
        Some(session) if session.finished => Security::Finished,
        _ => key.map_or(Security::Plaintext, |key| peer.trust.security(key)),
    };
    Conversation {
        peer: peer.jid.clone(),
        label: peer.label.clone(),
        relationship: peer.relationship,
        security,
        version: session.and_then(|session| session.version),
        key,
        keys: peer.trust.shown_keys(),
        expected: peer.trust.expected,
        timer: peer.timer.after(),
        timer_is_shared: peer.timer.is_shared(),
        unread: 0,
        outbox: 0,
        present: false,
        question: None,
    }
}
