//! Who a peer is to a burner.

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::address::Address;
use crate::timer::Timer;
use crate::trust::Trust;

/// Names a peer of a burner: the number of its row. The default names none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, Zeroize)]
pub struct PeerId(pub(crate) u64);

impl From<u64> for PeerId {
    fn from(row: u64) -> Self {
        Self(row)
    }
}

impl From<PeerId> for u64 {
    fn from(PeerId(row): PeerId) -> Self {
        row
    }
}

/// Who a peer is to a burner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relationship {
    /// Somebody who has written or asked for presence, and gets no answer: see [`crate::Talk::accept`].
    #[default]
    Stranger,
    /// Added, accepted or written to.
    Contact,
    /// Kept away, by the server too where it can (XEP-0191).
    Blocked,
}

/// Our subscription to a peer's presence (RFC 6121, section 3): what has come of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Flags", into = "Flags")]
pub(crate) enum Subscription {
    /// They have not said.
    #[default]
    Unanswered,
    /// They let us see when they are there.
    Granted,
    /// They do not want us to.
    Refused,
}

/// [`Subscription`] as it is stored.
#[derive(Serialize, Deserialize)]
struct Flags {
    shows_presence: bool,
    refuses: bool,
}

impl From<Flags> for Subscription {
    fn from(Flags { shows_presence, refuses }: Flags) -> Self {
        match (shows_presence, refuses) {
            (true, _) => Self::Granted,
            (false, true) => Self::Refused,
            (false, false) => Self::Unanswered,
        }
    }
}

impl From<Subscription> for Flags {
    fn from(subscription: Subscription) -> Self {
        let [shows_presence, refuses] = [Subscription::Granted, Subscription::Refused].map(|it| subscription == it);
        Self { shows_presence, refuses }
    }
}

/// Whether the server, and by it the peer, were told who the peer is to the burner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Steps", into = "Steps")]
pub(crate) enum Announcement {
    /// The steps of the presence handshake are to be sent, once they are a contact.
    #[default]
    HandshakeDue,
    /// The server is to be told that they are blocked, or not any more; then of the handshake.
    BlockDue,
    /// Nothing is to be said.
    Done,
}

/// [`Announcement`] as it is stored.
#[derive(Serialize, Deserialize)]
struct Steps {
    block_due: bool,
    introduced: bool,
}

impl From<Steps> for Announcement {
    fn from(Steps { block_due, introduced }: Steps) -> Self {
        match (block_due, introduced) {
            (true, _) => Self::BlockDue,
            (false, true) => Self::Done,
            (false, false) => Self::HandshakeDue,
        }
    }
}

impl From<Announcement> for Steps {
    fn from(announcement: Announcement) -> Self {
        let [block_due, introduced] = [Announcement::BlockDue, Announcement::Done].map(|it| announcement == it);
        Self { block_due, introduced }
    }
}

/// Somebody who was written to, or has written. Without an address: that was lost.
#[derive(Default, Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Peer {
    /// The bare JID.
    pub jid: Address,
    #[zeroize(skip)]
    /// Who they are to the burner.
    #[serde(rename = "standing")]
    pub relationship: Relationship,
    /// The user's name for them. It never leaves the device.
    pub label: Option<String>,
    /// They have asked for a private conversation, and had no answer.
    #[serde(default)]
    pub(crate) asks_for_private: bool,
    /// As a stranger they have offered version 3 of OTR.
    #[serde(default)]
    pub(crate) offers_version_3: bool,
    /// They want to see when we are there.
    pub(crate) wants_presence: bool,
    /// Whether they let us see when they are there.
    #[zeroize(skip)]
    #[serde(flatten)]
    pub(crate) subscription: Subscription,
    /// Whether the server was told who they are.
    #[zeroize(skip)]
    #[serde(flatten)]
    pub(crate) announcement: Announcement,
    /// Their client sends receipts.
    pub(crate) confirms: bool,
    /// Their keys.
    #[serde(flatten)]
    pub trust: Trust,
    /// A new session is due: it has texts of this peer sent again that could not be read or were turned away for lack of room,
    /// and our texts that the server may have lost, or that the peer may have confirmed under keys that are lost.
    #[serde(default)]
    pub(crate) missed: bool,
    /// They were a contact once: the user has chosen to know them.
    #[serde(default)]
    pub(crate) was_contact: bool,
    /// How much of what came of them is kept as history, in bytes with [`crate::limits::AROUND_TEXT`] for each text.
    #[serde(default)]
    pub(crate) kept: u64,
    /// How long texts are kept, here and there.
    #[zeroize(skip)]
    #[serde(default, skip_serializing_if = "Timer::is_unset")]
    pub(crate) timer: Timer,
}

impl Peer {
    /// The user wants to talk to them.
    pub fn befriend(&mut self) {
        if self.relationship != Relationship::Contact && self.announcement == Announcement::Done {
            self.announcement = Announcement::HandshakeDue;
        }
        // What a stranger has missed nobody can send again.
        self.missed &= self.relationship == Relationship::Contact;
        self.asks_for_private = false;
        if self.subscription == Subscription::Refused {
            self.subscription = Subscription::Unanswered;
        }
        self.relationship = Relationship::Contact;
        self.was_contact = true;
    }

    /// The server is to be told that they are blocked, or not any more.
    #[must_use]
    pub fn is_block_due(&self) -> bool {
        self.announcement == Announcement::BlockDue
    }
}
