//! What a burner says and hears, without network, disk, clock or tasks: what comes in and the time are handed in, and what
//! is to be stored, sent and reported is handed out. It knows nothing of the engine, which does all of that.

mod contact;
mod error;
pub mod fingerprints;
pub mod limits;
mod mailbox;
mod message;
mod random;
mod talk;

pub use contact::{Address, Comparison, Fingerprint, Notice, PeerKey, Security, Standing, is_blank, read_address, uri};
pub use error::ChatError;
pub use mailbox::{Changed, Entry, Key, Mailbox, Peer, Position, Seen, Stored, Table, What, Wire, covers};
pub use message::{Conversation, FailReason, History, Message, MessageId, MessageState};
pub use random::Random;
pub use talk::{News, Sessions, Talk, lasts};
