#![doc = include_str!("../README.md")]

mod archive;
mod bind;
mod connection;
mod corked;
mod credentials;
mod domain;
mod error;
mod exchange;
mod framed;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod ids;
mod incoming;
mod managed;
mod management;
mod otr;
mod ping;
mod presence;
mod received;
pub mod registration;
pub mod removal;
mod roster;
mod sasl;
mod sasl2;
mod scram;
mod session;
mod sieve;
mod splitter;
mod stanza;
mod starttls;
mod tls;

pub use connection::Connection;
pub use credentials::{Binding, Credentials};
pub use domain::{Domain, DomainError, bare_jid};
pub use error::{ConnectError, LoginError, StreamError};
pub use ids::Ids;
pub use incoming::{ChatMessage, Incoming, Refusal};
pub use managed::{ManagedSession, Start};
pub use management::Resumption;
pub use presence::{PresenceNews, Subscription};
pub use registration::RegisterError;
pub use session::{Session, TriedOut, WORDS_AT_MOST};
pub use tls::{RootsError, Security, Tls};
