#![doc = include_str!("../README.md")]

mod burn;
mod burner;
mod config;
mod connection;
mod conversations;
mod create;
mod directory;
mod engine;
mod error;
mod event;
mod expiry;
mod high_water;
mod identity;
mod inner;
mod key_source;
mod life;
mod limits;
mod network;
mod reconcile;
mod refusal;
mod route;
mod seams;
mod snapshot;
mod spread;
mod store;
mod tasks;

pub use burn::{BurnOutcome, BurnReport};
pub use burner::{Burner, BurnerState};
pub use config::{Config, Key, Network, PrivateNetwork};
pub use connection::handle::Profile;
pub use create::CreateOptions;
pub use engine::{Engine, Probe};
pub use error::{Action, Error, Input, TextFault, WebPage};
pub use event::{BurnerId, Connection, Event, Events, Settlement, Step};
pub use flashpaper_chat::fingerprints::Imported;
pub use flashpaper_chat::{
    Address, Comparison, Conversation, FailReason, Fingerprint, History, Message, MessageId, MessageState, Notice,
    PeerKey, Security, Standing,
};
pub use flashpaper_tor::Clock as ClockError;
pub use identity::{RecoveryWords, WordsError};
pub use key_source::{KeySlot, KeySource, KeySourceError};
pub use route::Route;
#[doc(hidden)]
pub use seams::{ByteStream, Clock, Dial, Dialed, Dialers, Seams};
pub use snapshot::{BurnerStatus, Snapshot, SyncReport, TorStatus};
pub use spread::Spread;
pub use store::VaultReport;
