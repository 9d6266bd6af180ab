//! What a running lab tells: a JSON file that the product's `--network` and the tests read.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Result;

/// All facts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Facts {
    /// What the product reads.
    pub network: Network,
    /// The network for Debian's `tor`: lines of a torrc.
    pub torrc: String,
    /// The first three bytes of every address, with a dot behind: `127.x.y.`.
    pub subnet: String,
    /// The relays that clients may connect to.
    pub relays: Vec<Relay>,
    /// Where each domain lives, for the direct dialer.
    pub hosts: BTreeMap<String, String>,
    /// Where the lab takes orders.
    pub control: String,
    /// The lab's folder.
    pub dir: PathBuf,
    /// Prosody's data folder.
    pub accounts: PathBuf,
    /// Prosody's log.
    pub server_log: PathBuf,
    /// What the exits asked their name server: a line each, name and type number.
    pub names_log: PathBuf,
    /// What the public DNS server was asked: dnsmasq's log.
    pub dns_log: PathBuf,
    /// The bridge lines of those bridges that were started, by name.
    #[serde(default)]
    pub bridges: BTreeMap<String, String>,
    /// The certificate authority's folder.
    pub authority: PathBuf,
    /// Process ids by name.
    pub pids: BTreeMap<String, u32>,
}

impl Facts {
    /// Puts them where [`Remote`](crate::Remote) finds them: whole at any moment.
    ///
    /// # Errors
    /// The lab's folder cannot be written.
    pub fn write(&self) -> Result<()> {
        let (new, file) = (self.dir.join("facts.json.new"), self.dir.join("facts.json"));
        fs::write(&new, serde_json::to_string(self).map_err(std::io::Error::from)?)?;
        Ok(fs::rename(new, file)?)
    }
}

/// The network as the product sees it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Network {
    /// Arti's configuration, TOML.
    pub arti: String,
    /// The certificate authority, PEM.
    pub ca_pem: String,
    /// The server directory.
    pub servers: Vec<Server>,
    /// The DNS servers that exits may be asked to go to.
    pub resolvers: Vec<String>,
}

/// An entry of the server directory.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Server {
    /// Its domain.
    pub domain: String,
    /// Its onion address, or nothing.
    pub onion: String,
    /// `yes`, `no` or `unknown`.
    pub in_band_registration: String,
}

/// A relay, as clients reach it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Relay {
    /// Its nickname.
    pub name: String,
    /// Its own address.
    pub address: String,
    /// Its advertised port.
    pub or_port: u16,
}
