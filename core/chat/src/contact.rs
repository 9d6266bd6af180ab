//! Who a peer is to a burner.

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::trust::Trust;

/// Who a peer is to a burner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Somebody who has written or asked for presence, and gets no answer: see [`crate::Talk::accept`].
    #[default]
    Stranger,
    /// Added, accepted or written to.
    Contact,
    /// Kept away, by the server too where it can (XEP-0191).
    Blocked,
}

/// Somebody who was written to, or has written. Without an address: that was lost.
#[derive(Default, Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Peer {
    /// The bare JID.
    pub jid: String,
    #[zeroize(skip)]
    /// Who they are to the burner.
    pub standing: Standing,
    /// The person's name for them. It never leaves the device.
    pub label: Option<String>,
    /// They have asked for a private conversation, and had no answer.
    #[serde(default)]
    pub(crate) asks_for_private: bool,
    /// They want to see when we are there.
    pub wants_presence: bool,
    /// They have let us see when they are there.
    pub shows_presence: bool,
    /// Their server is to be told that they are blocked, or not any more.
    pub block_due: bool,
    /// Their client sends receipts.
    pub(crate) confirms: bool,
    /// They do not want us to see when they are there.
    pub(crate) refuses: bool,
    /// Steps of the presence handshake that were due were sent.
    pub(crate) introduced: bool,
    /// Their keys.
    #[serde(flatten)]
    pub trust: Trust,
    /// Texts of this peer were turned away for lack of room, and have to come again.
    #[serde(default)]
    pub(crate) missed: bool,
}

impl Peer {
    /// The person wants to talk to them.
    pub fn befriend(&mut self) {
        self.introduced &= self.standing == Standing::Contact;
        // What a stranger has missed nobody can send again.
        self.missed &= self.standing == Standing::Contact;
        (self.refuses, self.asks_for_private) = (false, false);
        self.standing = Standing::Contact;
    }
}
