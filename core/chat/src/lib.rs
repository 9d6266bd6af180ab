#![doc = include_str!("../README.md")]

mod address;
mod chat;
mod contact;
mod encryption;
mod error;
mod event;
pub mod fingerprints;
pub mod inbox;
pub mod limits;
mod mailbox;
mod message;
pub mod outbox;
pub mod presence;
mod random;
pub mod redelivery;
pub mod repair;
pub mod retention;
mod seen;
mod sessions;
mod stanza;
pub mod stanza_queue;
mod table;
#[cfg(test)]
mod tests;
mod time;
mod trust;
pub mod view;
mod work;

pub use address::{Address, read_address, uri};
pub use chat::Talk;
pub use contact::{Peer, PeerId, Standing};
pub use encryption::stored::Stored;
pub use encryption::verification::is_blank;
pub use error::ChatError;
pub use event::{Changed, Comparison, News, Notice};
pub use mailbox::{Mailbox, Position};
pub use message::{Entry, FailReason, MessageId, MessageState};
pub use random::Random;
pub use retention::History;
pub use seen::Seen;
pub use sessions::{Glance, Sessions};
pub use stanza::{OutgoingStanza, StanzaId, StanzaKind, StreamNumber};
pub use table::Table;
pub use time::UnixTime;
pub use trust::{Fingerprint, Key, PeerKey, Security, Trust};
pub use view::{Conversation, Message};
