#![doc = include_str!("../README.md")]

pub mod accounts;
mod attacker;
mod bridges;
mod certificates;
mod control;
pub mod direct;
mod dns;
mod facts;
mod lab;
mod link;
mod names;
mod otr_library;
mod otr_peer;
mod peer;
mod process;
mod prosody;
mod remote;
mod servers;
mod subnet;
mod tap;
mod tor;
mod watch;

pub use attacker::Attacker;
pub use certificates::Authority;
pub use facts::{Facts, Network, Relay, Server};
pub use lab::Lab;
pub use otr_library::OtrLibrary;
pub use otr_peer::{OtrEvent, OtrPeer};
pub use peer::Peer;
pub use prosody::{MOVED, SMALL};
pub use remote::{Remote, RemoteError};
pub use servers::{LabServer, ServerFacts, ServerKind};
pub use tap::Tap;
pub use tor::TorClient;
pub use watch::{Activity, Watch};

/// Why the lab or one of its tools failed: a line for the developer who runs it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct LabError(String);

impl LabError {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl From<std::io::Error> for LabError {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

/// The lab's results.
pub type Result<T> = std::result::Result<T, LabError>;
