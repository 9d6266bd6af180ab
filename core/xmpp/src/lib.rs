//! XMPP over any stream of bytes: a secured stream, registration, login, messages, and the removal of an account.
//!
//! Not here: sockets, names to resolve, Tor, OTR, what is stored, and deadlines (the caller wraps what it waits for; every
//! wait is cancel safe in the sense that dropping it ends the stream).
//!
//! A hostile server, or on a stream without TLS an attacker on the line, can make a client hold at most 1 MiB of a stanza
//! (`stanza`), nested at most 64 deep, read past 8 MiB (`splitter`), and compute at most a million rounds of PBKDF2 a login
//! (`sasl`). What others have the server send never ends a stream: what cannot be read of it is left out.
//!
//! One module per step or extension, in the order in which a burner meets them:
//! [`domain`](Domain) → [`tls`](Tls) → `starttls` → [`connection`](Connection) → [`registration`] (XEP-0077) → `sasl`
//! → `bind` → [`session`](Session) → `ping` (XEP-0199) → `archive` (XEP-0313, XEP-0441) → [`managed`](ManagedSession)
//! with `management` (XEP-0198), [`incoming`](Incoming) and `received`, `otr` (XEP-0364), `presence` and `roster` (RFC 6121,
//! XEP-0191) → [`removal`] (XEP-0077).

mod archive;
mod bind;
mod connection;
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
mod session;
mod sieve;
mod splitter;
mod stanza;
mod starttls;
mod tls;

pub use connection::Connection;
pub use credentials::Credentials;
pub use domain::{Domain, DomainError, bare_jid};
pub use error::{ConnectError, LoginError, StreamError};
pub use ids::Ids;
pub use incoming::{ChatMessage, Incoming, Refusal};
pub use managed::{ManagedSession, Start};
pub use management::Resumption;
pub use presence::{PresenceNews, Subscription};
pub use registration::RegisterError;
pub use session::Session;
pub use tls::{RootsError, Security, Tls};
