//! For development only: a private Tor network of real relays, a real XMPP server and its onion service, on loopback.
//!
//! Relays and servers have addresses of their own in a random 127.x.y.0/24, so that a connection through Tor can be told
//! from one past it. Nothing of this is built into a release.
//!
//! - [`Lab`] starts and owns it all; the program `flashpaper-lab up` does that for `cargo xtask`.
//! - [`Remote`] is what tests hold: the facts of a running lab, and a line to it to stop and start its parts.
//! - [`direct`] dials past Tor, [`Tap`] records what a client sends, [`accounts`] is what the server itself says of its
//!   accounts.
//! - [`Peer`] is somebody to talk to, [`OtrPeer`] somebody who speaks OTR, and [`Attacker`] sits in the server.
//! - [`Watch`] looks at processes from outside while they are idle; [`TorClient`] is Debian's `tor`, to compare with.

pub mod accounts;
mod attacker;
mod certificates;
mod control;
pub mod direct;
mod facts;
mod lab;
mod link;
mod names;
mod otr_library;
mod otr_peer;
mod peer;
mod process;
mod prosody;
mod subnet;
mod tap;
mod tor;
mod watch;

pub use attacker::Attacker;
pub use certificates::Authority;
pub use control::{Remote, RemoteError};
pub use facts::{Facts, Network, Relay, Server};
pub use lab::Lab;
pub use otr_library::OtrLibrary;
pub use otr_peer::{OtrEvent, OtrPeer};
pub use peer::Peer;
pub use prosody::SMALL;
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
