//! How the app wants Tor to be reached.

use std::fmt;
use std::net::SocketAddr;

use flashpaper_tor as tor;
use flashpaper_tor::BridgeError;

use crate::Error;
use crate::error::Input;

/// How the Tor network is reached. Its `Debug` shows no bridge.
#[derive(Clone, PartialEq, Eq)]
pub enum TorAccess {
    /// By its public relays: an observer of the device's network sees that Tor is used.
    Direct,
    /// Over bridges: Tor connects to them, or to the transports that lead to them, and to nothing else, also when none of
    /// them answers.
    Bridges {
        /// Bridge lines as they are handed out, with or without the word `Bridge` in front; blank ones are left out.
        lines: Vec<String>,
        /// The pluggable transports that the lines name. The app runs them.
        transports: Vec<Transport>,
    },
}

/// A pluggable transport that the app runs itself. Its `Debug` is empty.
#[derive(Clone, PartialEq, Eq)]
pub struct Transport {
    /// As bridge lines name it, `obfs4` say.
    pub name: String,
    /// Where it takes SOCKS 5 on this device, `127.0.0.1:4000` say.
    pub address: SocketAddr,
}

impl TorAccess {
    pub(crate) fn parse(&self) -> Result<tor::Access, Error> {
        let Self::Bridges { lines, transports } = self else { return Ok(tor::Access::Direct) };
        let transports = transports.iter().map(|Transport { name, address }| (name.as_str(), *address));
        Ok(tor::Access::Bridges(tor::Bridges::parse(lines.iter().map(String::as_str), transports)?))
    }
}

impl From<BridgeError> for Error {
    fn from(error: BridgeError) -> Self {
        let input = match error {
            BridgeError::Line { number, part } => Input::Bridge { line: number, part },
            BridgeError::Transport => Input::Transport,
        };
        Self::InvalidInput { input }
    }
}

impl fmt::Debug for TorAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Direct => "TorAccess::Direct",
            Self::Bridges { .. } => "TorAccess::Bridges(..)",
        })
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transport(..)")
    }
}
