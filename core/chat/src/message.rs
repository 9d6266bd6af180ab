//! A text, in or out, and what may become of it.
//!
//! A text that goes out is `Queued`, or `WaitingForPeer` while there is no private conversation → `Sent`: encrypted, and
//! stored as the stanzas that carry it before they leave → `Acked` (its server has them) → `Delivered` (the peer's client
//! says inside the encryption that it has it) or `Reported` (a receipt outside says so: any server may have written that).
//! A server's receipt never removes a text, nor keeps it from being sent again. A bounce fails a text,
//! even a forged one: the user is told, and the text stays until the app has seen it. A text that comes in is stored before
//! its server is told so, and stays until the app has taken it.

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::contact::PeerId;
use crate::limits;
use crate::time::UnixTime;
use crate::trust::{Fingerprint, Security};

/// Names a message of a burner. Rises in the order in which messages came or were written; never used twice.
/// The default names none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, Zeroize)]
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

/// Numbers a text inside a private conversation: by it the protocol says that it may not have been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Zeroize)]
pub(crate) struct TextId(pub(crate) u64);

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
    /// It waits for a private conversation: the peer was asked for one, and has to be there to answer. An account that does
    /// not exist looks like one that is away.
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
    /// It will not arrive. It is kept until [`crate::Talk::take`].
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
    /// The user has blocked the peer before it left.
    Blocked,
}

/// A message, in or out.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Entry {
    pub(crate) peer: PeerId,
    /// The name of an outgoing text inside the encryption: random, and unlike every id outside.
    #[serde(alias = "id")]
    pub(crate) label: String,
    pub(crate) text: String,
    /// When it came or was written.
    pub(crate) at: UnixTime,
    #[zeroize(skip)]
    pub(crate) state: MessageState,
    /// How private it was.
    #[zeroize(skip)]
    pub(crate) security: Security,
    /// When it is given up if it has not left.
    pub(crate) until: Option<UnixTime>,
    /// How it went out. Stored under the name that vaults have.
    #[serde(rename = "went")]
    pub(crate) transmission: Option<Transmission>,
    /// It may arrive twice, as the peer's client cannot tell.
    pub(crate) again: bool,
    /// When it goes, as the timer of its conversation had it once it was read here, or had left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ends: Option<UnixTime>,
}

/// What is known of whether the peer has read a text that has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Zeroize)]
#[serde(from = "Knowledge", into = "Knowledge")]
pub(crate) enum Reading {
    /// The private conversation is to say, by this number in it.
    Awaited(TextId),
    /// Since then it may be unread: until it is known what the peer's client does with doubles.
    Doubted(UnixTime),
    /// It was read, as far as will ever be known, or a doubt was decided on.
    Settled,
}

/// [`Reading`] as it is stored.
#[derive(Serialize, Deserialize)]
struct Knowledge {
    number: Option<TextId>,
    doubted: Option<UnixTime>,
}

impl From<Knowledge> for Reading {
    fn from(Knowledge { number, doubted }: Knowledge) -> Self {
        match (doubted, number) {
            (Some(since), _) => Self::Doubted(since),
            (None, Some(number)) => Self::Awaited(number),
            (None, None) => Self::Settled,
        }
    }
}

impl From<Reading> for Knowledge {
    fn from(reading: Reading) -> Self {
        let (number, doubted) = match reading {
            Reading::Awaited(number) => (Some(number), None),
            Reading::Doubted(since) => (None, Some(since)),
            Reading::Settled => (None, None),
        };
        Self { number, doubted }
    }
}

/// How a text went out.
#[derive(Clone, Serialize, Deserialize, Zeroize)]
pub(crate) struct Transmission {
    /// Whether the peer has read it.
    #[serde(flatten)]
    pub(crate) reading: Reading,
    /// The key that it went to: it goes to no other.
    pub(crate) key: Fingerprint,
    /// When.
    pub(crate) at: UnixTime,
    /// The ids of the stanzas that carry it: several, where it went in pieces.
    #[serde(alias = "pieces")]
    pub(crate) ids: Vec<String>,
}

impl Entry {
    /// One that has just come or was just written.
    pub(crate) fn new(
        peer: PeerId,
        (label, text): (String, String),
        at: UnixTime,
        state: MessageState,
        security: Security,
    ) -> Self {
        let (until, transmission, again, ends) = (None, None, false, None);
        Self { peer, label, text, at, state, security, until, transmission, again, ends }
    }

    /// Who it is from, or to.
    #[must_use]
    pub const fn peer(&self) -> PeerId {
        self.peer
    }

    /// When it left, or was written.
    pub(crate) const fn left(&self) -> UnixTime {
        match &self.transmission {
            Some(sent) => sent.at,
            None => self.at,
        }
    }

    /// What a text that came takes of the room that a peer has, in bytes. One that was written here takes none.
    pub(crate) fn size(&self) -> usize {
        if self.came() { limits::around(&self.text) } else { 0 }
    }

    /// The timer of its conversation runs: the app has it, or it has left.
    pub(crate) const fn is_timed(&self) -> bool {
        matches!(self.state, MessageState::Taken | MessageState::Delivered) || self.may_be_unread()
    }

    /// It is to be encrypted.
    pub(crate) const fn waits(&self) -> bool {
        matches!(self.state, MessageState::Queued | MessageState::WaitingForPeer)
    }

    /// The peer has written it.
    pub(crate) const fn came(&self) -> bool {
        matches!(self.state, MessageState::Received | MessageState::Taken)
    }

    /// When it is given up. One that has left may have been read: to send it again is not to send
    /// it late.
    pub(crate) fn given_up(&self) -> Option<UnixTime> {
        self.until.filter(|_| self.waits() && self.transmission.is_none())
    }

    /// It was sent, and the peer has not said inside the encryption that it has it.
    pub(crate) const fn may_be_unread(&self) -> bool {
        matches!(self.state, MessageState::Sent | MessageState::Acked | MessageState::Reported)
    }

    /// Its number in the private conversation, which is to say whether it was read.
    pub(crate) fn awaited(&self) -> Option<TextId> {
        if let Reading::Awaited(number) = self.transmission.as_ref()?.reading { Some(number) } else { None }
    }

    /// Since when it may be unread.
    pub(crate) fn doubted(&self) -> Option<UnixTime> {
        if let Reading::Doubted(since) = self.transmission.as_ref()?.reading { Some(since) } else { None }
    }

    /// OTR has confirmed it, or nothing can any more.
    pub(crate) const fn is_confirmed(&self) -> bool {
        match &self.transmission {
            Some(sent) => matches!(sent.reading, Reading::Settled),
            None => true,
        }
    }

    /// Nothing is to come of it any more.
    pub(crate) const fn is_over(&self) -> bool {
        match self.state {
            MessageState::Reported => self.is_confirmed(),
            state => state.is_done(),
        }
    }
}
