#![doc = include_str!("../README.md")]

mod access;
mod client;
mod dialer;
mod directory;
mod error;
mod network;
mod obsolete;
mod runtime;
mod status;
mod target;

pub use access::{Access, BridgeError, BridgePart, Bridges};
pub use client::Tor;
pub use dialer::{CircuitId, DialError, Dialer, TorStream};
pub use directory::Clock;
pub use error::{NotReady, StartError};
pub use network::{Config, Network};
pub use status::{Blockage, Stage, Status};
pub use target::{OnionAddress, Target, TargetError};
