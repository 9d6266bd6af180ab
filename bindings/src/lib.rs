//! Flashpaper for Kotlin and Swift: UniFFI's view of the engine. Conversions only; nothing is decided here.
//!
//! * The types are copies that do not compile once they differ from the engine's. Where printing
//!   one would show a secret, an address or a host, it is a type of this crate, converted by hand.
//! * Long calls take a [`CancelToken`]. Kotlin's coroutines cancel by dropping the future, Swift's tasks only through it.
//! * Events are pulled ([`Events::next`]): no code of an app is called by the library, but for its [`KeySource`], on a
//!   thread that may wait. What wakes a waiting coroutine or task is UniFFI's own.
//! * Bytes of an app are wrapped in `Zeroizing` at once. UniFFI's own copy, made to cross, is freed and thereby wiped by
//!   this library's allocator; the app's array is the app's to wipe.

mod access;
mod burn;
mod burner;
mod cancel;
mod config;
mod conversations;
mod create;
mod creation;
mod engine;
mod error;
mod event;
mod key_source;
mod messages;
mod online;
mod question;
mod snapshot;
mod watched;

pub use access::{TorAccess, Transport};
pub use burn::{TicketedPanic, forbid_dumps, forbid_swap, panic, panic_with_ticket};
pub use burner::Burner;
pub use cancel::CancelToken;
pub use config::{Config, Key};
pub use create::CreateOptions;
pub use creation::{Creation, Progress};
pub use engine::Engine;
pub use error::{MeantWord, Page, error_action, error_code, error_retryable};
pub use event::{Event, Events, Numbered, ServerWords, Step};
pub use key_source::{KeySource, KeySourceError};
pub use messages::{Comparison, Conversation, Message, Notice, PeerKey};
pub use question::{Answer, Field, FieldKind, Picture, Question, QuestionForm};
pub use watched::{States, Timeline};

uniffi::setup_scaffolding!("flashpaper");

#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> = zeroizing_alloc::ZeroAlloc(std::alloc::System);
