//! Where a server lies, and what it is made of.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::kind::ServerKind;

/// What a server is made of.
pub(super) struct Place {
    pub(super) kind: ServerKind,
    pub(super) domain: String,
    pub(super) folder: PathBuf,
    pub(super) address: Ipv4Addr,
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

impl Place {
    /// What clients and server said to each other.
    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    pub(super) fn ports(&self) -> [SocketAddr; 2] {
        [(self.address, 5222).into(), (self.address, 5223).into()]
    }
}
