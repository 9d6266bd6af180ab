#![doc = include_str!("../README.md")]

mod account;
mod api;
mod auto_lock;
mod burner;
mod closing;
mod config;
mod connection;
mod context;
mod directory;
mod error;
mod event;
mod event_log;
mod expiry;
mod hardening;
mod high_water;
mod identity;
mod key_source;
mod lifecycle;
mod limits;
mod locks;
mod network;
mod opening;
mod reconcile;
mod registration;
mod removal;
mod restore;
mod route;
// Tests alone may have them from outside.
#[cfg_attr(not(feature = "lab"), expect(unreachable_pub))]
mod seams;
mod services;
mod snapshot;
mod spread;
mod stack;
mod store;
mod tasks;
mod time;
mod watched;

pub use api::Engine;
pub use api::diagnostics::Probe;
pub use api::directory::{Needs, ServerProbe};
pub use api::removals::Burned;
pub use burner::summary::{Burner, BurnerState};
pub use config::{Config, Key, Network, PrivateNetwork};
pub use connection::handle::Profile;
pub use error::{Action, AnswerFault, DirectoryFault, Error, FormFault, Input, RowFault, TextFault, WebPage};
pub use event::{BurnerId, Connection, Event, QuestionEnd, QuestionId, ServerWords, Settlement, Step};
pub use event_log::Events;
pub use flashpaper_chat::fingerprints::Imported;
pub use flashpaper_chat::{
    Address, Comparison, Conversation, FailReason, Fingerprint, History, Message, MessageId, MessageState, Notice,
    PeerKey, Relationship, Security,
};
pub use flashpaper_tor::Stage as TorStage;
pub use flashpaper_tor::{BridgePart, Clock as ClockError};
pub use flashpaper_xmpp::registration::{
    Answer, Answers, Field, Format as PictureFormat, Kind as FieldKind, Picture, Question as QuestionForm,
};
pub use identity::{ListWord, RecoveryWords, WordsError};
pub use key_source::{KeySlot, KeySource, KeySourceError};
pub use network::bridges::{TorAccess, Transport};
pub use registration::CreateOptions;
pub use registration::creation::Creation;
pub use registration::progress::Progress;
pub use registration::question::Question;
pub use removal::panic::PanicReport;
pub use removal::queue::PendingRemoval;
pub use removal::ticket::Ticket;
pub use removal::{BurnOutcome, BurnReport};
pub use route::Route;
#[cfg(feature = "lab")]
pub use seams::{ByteStream, Clock, Dial, Dialed, Dialers, Seams};
pub use snapshot::{BurnerStatus, Life, NetworkKind, Snapshot, SyncReport, TorStatus};
pub use spread::Spread;
pub use store::VaultReport;
pub use watched::Watched;
