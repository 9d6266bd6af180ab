//! The only door out of Flashpaper: one embedded Tor client (Arti), dialers that share no circuit, and a status.
//!
//! Not here: XMPP, accounts, and anything that opens a connection without Tor. No Arti type appears in this
//! interface, and Arti's log stays inside (see [`Blockage::Obsolete`] for the one thing that is read from it).
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use flashpaper_tor::{Config, Network, Target, Tor};
//! use std::time::Duration;
//!
//! let config = Config { state_dir: "app/tor".into(), cache_dir: "app/cache".into(), network: Network::Public };
//! let tor = Tor::start(config).await?;
//! tor.ready(Duration::from_secs(120)).await?;
//! let stream = tor.isolated().dial(&Target::host("example.org", 5223)?, Duration::from_secs(30)).await?;
//! # Ok(()) }
//! ```

mod client;
mod dialer;
mod directory;
mod network;
mod obsolete;
mod runtime;
mod status;
mod target;

pub use client::{Config, NotReady, StartError, Tor};
pub use dialer::{CircuitId, DialError, Dialer, TorStream};
pub use directory::Clock;
pub use network::Network;
pub use status::{Blockage, Stage, Status};
pub use target::{OnionAddress, Target, TargetError};
