//! An engine's configuration, and the private network's description for tests.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::Error;
use crate::directory::Server;
use crate::error::Input;
use crate::key_source::KeySource;

/// What [`crate::Engine::open`] needs.
#[derive(Debug)]
pub struct Config {
    /// The folder that holds everything, private to the app. Made when absent, mode 0700.
    pub home: PathBuf,
    /// What seals the accounts.
    pub key: Key,
    /// Which network.
    pub network: Network,
    /// The DNS servers that may be asked, by TCP at an exit: public addresses. Without them those of this library, or of the private
    /// network. Empty: none is asked.
    pub resolvers: Option<Vec<SocketAddr>>,
}

/// What seals the accounts in the home folder.
pub enum Key {
    /// A random key in a file beside them, mode 0600: it protects a copy of the other files alone, not the folder.
    File,
    /// A passphrase, stretched by Argon2id (64 MiB, 3 passes).
    Passphrase(Zeroizing<Vec<u8>>),
    /// The platform's key store, and a passphrase in addition where there is one: both are needed then.
    Source {
        /// The key store.
        source: Arc<dyn KeySource>,
        /// Stretched as the other.
        passphrase: Option<Zeroizing<Vec<u8>>>,
    },
}

impl Key {
    /// A passphrase.
    #[must_use]
    pub fn passphrase(text: &str) -> Self {
        Self::Passphrase(Zeroizing::new(text.as_bytes().to_vec()))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "Key::File",
            Self::Passphrase(_) => "Key::Passphrase(..)",
            Self::Source { .. } => "Key::Source(..)",
        })
    }
}

/// The network that the engine lives in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Network {
    /// The public Tor network, the web's certificate authorities, and the server directory of this library.
    Public,
    /// A private network: nothing of the public one is used.
    Private(PrivateNetwork),
}

/// DNS servers that answer anybody by TCP: of companies and of associations, in several countries. Each learns from an exit
/// that somebody asks for the server of a domain. The last is Quad9's without its filter.
const RESOLVERS: [Ipv4Addr; 6] = [
    Ipv4Addr::new(1, 1, 1, 1),
    Ipv4Addr::new(8, 8, 8, 8),
    Ipv4Addr::new(94, 140, 14, 140),
    Ipv4Addr::new(185, 222, 222, 222),
    Ipv4Addr::new(208, 67, 222, 222),
    Ipv4Addr::new(9, 9, 9, 10),
];

impl Network {
    /// The DNS servers that are asked where the configuration names none.
    pub(crate) fn resolvers(&self) -> Vec<SocketAddr> {
        match self {
            Self::Public => RESOLVERS.map(|ip| (IpAddr::from(ip), 53).into()).to_vec(),
            Self::Private(private) => private.resolvers.clone(),
        }
    }
}

/// A private Tor network with its servers, as a lab describes it. Its author sees all traffic.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct PrivateNetwork {
    /// An `arti-client` configuration in TOML, without storage folders.
    pub(crate) arti: String,
    /// The certificates to trust, PEM.
    pub(crate) ca_pem: String,
    /// The server directory.
    pub(crate) servers: Vec<Server>,
    /// The DNS servers; without any, none is asked.
    #[serde(default)]
    resolvers: Vec<SocketAddr>,
}

impl PrivateNetwork {
    /// Parses the JSON of a lab: an object with a member `network` that has `arti`, `ca_pem` and `servers`.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] when it is anything else.
    pub fn parse(json: &str) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Lab {
            network: PrivateNetwork,
        }
        let lab: Lab = serde_json::from_str(json).map_err(|_| Error::InvalidInput { input: Input::Network })?;
        Ok(lab.network)
    }
}

impl fmt::Debug for PrivateNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateNetwork(..)")
    }
}
