//! A stanza to a peer, as it is stored, and a stream that is to be taken up again.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::contact::PeerId;
use crate::encryption;
use crate::message::MessageId;
use crate::time::UnixTime;

/// Names a stanza of a burner: the number of its row. Rises in the order in which stanzas leave. The default names none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
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
    pub(crate) number: Option<StreamNumber>,
}

/// Stanzas to be sent now, in their order, each with the JID that it goes to.
pub type Numbered = Vec<(String, Arc<OutgoingStanza>)>;

impl OutgoingStanza {
    pub(crate) fn is_query(&self) -> bool {
        matches!(&self.kind, StanzaKind::Encrypted { body, .. } if encryption::is_query(body))
    }
}

/// What a stanza says.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub enum StanzaKind {
    /// A message of the protocol that encrypts.
    #[serde(rename = "Otr")]
    Encrypted {
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

/// The number of a stanza on its stream, which is the count of those up to it. Numbers wrap around (XEP-0198, section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Zeroize)]
pub struct StreamNumber(pub u32);

impl StreamNumber {
    /// The number of the stanza so many later.
    #[must_use]
    pub const fn plus(self, count: u32) -> Self {
        Self(self.0.wrapping_add(count))
    }

    /// Whether a server that has everything up to this number has that stanza.
    #[must_use]
    pub const fn covers(self, number: Self) -> bool {
        self.0.wrapping_sub(number.0) < 1 << 31
    }
}

/// Where to take a stream up again, as it is stored.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stream {
    pub(crate) id: String,
    pub(crate) jid: String,
    pub(crate) handled: StreamNumber,
    #[serde(default)]
    pub(crate) sent: Option<StreamNumber>,
}
