//! Messages and conversations, as an app sees them.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize, Serializer};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::contact::{Comparison, Fingerprint, PeerKey, Security, Standing};

/// Names a message of a burner. Rises in the order in which messages came or were written; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct MessageId(pub(crate) u64);

impl From<u64> for MessageId {
    fn from(id: u64) -> Self {
        Self(id)
    }
}

impl From<MessageId> for u64 {
    fn from(MessageId(id): MessageId) -> Self {
        id
    }
}

/// A message. Its `Debug` shows neither peer nor text.
#[derive(Clone, PartialEq, Eq, Serialize, Zeroize, ZeroizeOnDrop)]
pub struct Message {
    /// Its name.
    #[zeroize(skip)]
    pub id: MessageId,
    /// The peer's bare JID, as the own server vouches for it. Empty where that was lost to a failing device.
    pub peer: String,
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

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("id", &self.id).field("state", &self.state).finish_non_exhaustive()
    }
}

/// What is known of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum MessageState {
    /// It came, and the app has not said that it has it: it is kept, whatever happens.
    Received,
    /// It came, and the app has it.
    Taken,
    /// It waits to be sent.
    Queued,
    /// It waits for a private conversation: the peer was asked for one, and has to be there to answer.
    WaitingForPeer,
    /// It was encrypted and sent; whether the own server has it is not known.
    Sent,
    /// The own server has it (XEP-0198).
    Acked,
    /// A receipt outside the encryption says that the peer's client has it (XEP-0184). Any server on the way can write one:
    /// the text is kept until OTR has confirmed it, and fails as [`FailReason::Unread`] or is sent again if that does not come.
    Reported,
    /// The peer's client has it: it said so inside the encryption, as Flashpaper does and others do not.
    Delivered,
    /// It will not arrive. It is kept until [`crate::Mailbox::take`].
    Failed {
        /// Why.
        reason: FailReason,
    },
}

impl MessageState {
    /// Nothing is to come of it any more.
    pub(crate) const fn is_done(self) -> bool {
        matches!(self, Self::Taken | Self::Delivered)
    }

    /// It was written here, and may still arrive.
    pub(crate) const fn is_on_its_way(self) -> bool {
        matches!(self, Self::Queued | Self::WaitingForPeer | Self::Sent | Self::Acked | Self::Reported)
    }
}

/// Why a message will not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailReason {
    /// A server sent it back: there is no such peer, or it takes nothing from us. That is the servers' word.
    Refused,
    /// A server sent it back for now: the peer's server cannot be reached, say. It can be sent again.
    Unreachable,
    /// To whom it was to go was lost to a failing device.
    AddressLost,
    /// The private conversation is lost or over, and the peer may not have read it. It can be sent again. A receipt that comes
    /// late makes it [`MessageState::Delivered`] after all.
    Unread,
    /// It was written for another key than the peer has now.
    OtherKey,
    /// The peer was not there in time.
    NoAnswer,
    /// It does not fit through the network.
    TooLong,
    /// The person has blocked the peer before it left.
    Blocked,
}

/// What is kept of messages that are done: those that were taken or delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "keep", rename_all = "snake_case")]
pub enum History {
    /// Nothing.
    #[default]
    None,
    /// All of it, until the burner is burnt.
    UntilBurn,
    /// Each for so long after it was written or came, by the clock; one that is set back does not prolong it.
    Expire {
        /// So long.
        after: Duration,
    },
}

impl History {
    /// Whether a message that is done stays; both times in seconds since 1970.
    pub(crate) const fn keeps(self, at: u64, now: u64) -> bool {
        match self {
            Self::None => false,
            Self::UntilBurn => true,
            Self::Expire { after } => now < at.saturating_add(after.as_secs()),
        }
    }
}

/// A burner's conversation with one peer. Its `Debug` does not show the peer.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Conversation {
    /// The peer's bare JID.
    pub peer: String,
    /// The person's name for the peer.
    pub label: Option<String>,
    /// Who the peer is to the burner.
    pub standing: Standing,
    /// How private what is written now would be.
    pub security: Security,
    /// The version of OTR that the private conversation is in: 3, or 2 with a client that has nothing newer. That one counts
    /// as one client, whichever it runs in.
    pub version: Option<u8>,
    /// Whose key it would go to.
    pub key: Option<Fingerprint>,
    /// The keys that the peer has used.
    pub keys: Vec<PeerKey>,
    /// The one key that the peer is to have, if it is known from elsewhere.
    pub expected: Option<Fingerprint>,
    /// A client of the peer's is known to be there.
    pub present: bool,
    /// The peer waits for an answer to a comparison, with this question if there is one.
    pub question: Option<Comparison>,
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
