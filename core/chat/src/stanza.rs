//! A stanza to a peer, as it is stored, and a stream that is to be taken up again.

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::contact::PeerId;
use crate::encryption::wire;
use crate::message::MessageId;
use crate::time::UnixTime;

/// Names a stanza of a burner: the number of its row. Rises in the order in which stanzas leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StanzaId(u64);

impl From<u64> for StanzaId {
    fn from(row: u64) -> Self {
        Self(row)
    }
}

impl From<StanzaId> for u64 {
    fn from(StanzaId(row): StanzaId) -> Self {
        row
    }
}

/// A stanza to a peer.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct OutgoingStanza {
    pub(crate) peer: PeerId,
    /// Which of the peer's clients; any, where absent.
    pub(crate) resource: Option<String>,
    /// Its id outside the encryption.
    pub id: String,
    /// What it says.
    #[serde(rename = "what")]
    pub kind: StanzaKind,
    /// The text that it holds, or a piece of.
    pub(crate) message: Option<MessageId>,
    /// When it was made.
    pub(crate) at: UnixTime,
    /// While it is on its way: its number on the stream.
    pub(crate) number: Option<u32>,
}

impl OutgoingStanza {
    pub(crate) fn is_query(&self) -> bool {
        matches!(&self.kind, StanzaKind::Otr { body, .. } if wire::is_query(body))
    }
}

/// What a stanza says.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub enum StanzaKind {
    /// A message of OTR's.
    Otr {
        /// The message.
        body: String,
        /// It is the last of its text.
        wants_receipt: bool,
    },
    /// A receipt outside the encryption (XEP-0184).
    Receipt {
        /// The id of the message that was read.
        received: String,
    },
}

/// Whether a server that has everything up to a number has this stanza. Numbers wrap around (XEP-0198, section 4).
pub const fn covers(up_to: u32, number: u32) -> bool {
    up_to.wrapping_sub(number) < 1 << 31
}

/// Where to take a stream up again, as it is stored.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stream {
    pub(crate) id: String,
    pub(crate) jid: String,
    pub(crate) handled: u32,
    #[serde(default)]
    pub(crate) sent: Option<u32>,
}
