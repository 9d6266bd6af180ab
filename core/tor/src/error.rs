//! Why there is no Tor client, or none of use yet.

use arti_client::ErrorKind;

use crate::status::Blockage;

/// Why [`crate::Tor::start`] failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A client runs in this process: use that one.
    #[error("a Tor client runs in this process already")]
    AlreadyRunning,
    /// The private network's description cannot be read.
    #[error("the Tor configuration cannot be used")]
    Config,
    /// The state or cache folder cannot be used: missing rights, full disk, or open to other users.
    #[error("the Tor folders cannot be used")]
    Folder,
    /// No threads to run on.
    #[error("no resources to start Tor")]
    Resources,
    /// A bug in the Tor client.
    #[error("the Tor client failed to start")]
    Internal,
}

impl StartError {
    pub(crate) const fn from_arti(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::InvalidConfig => Self::Config,
            ErrorKind::FsPermissions
            | ErrorKind::PersistentStateAccessFailed
            | ErrorKind::PersistentStateCorrupted
            | ErrorKind::CacheAccessFailed
            | ErrorKind::CacheCorrupted
            | ErrorKind::LocalResourceAlreadyInUse => Self::Folder,
            _ => Self::Internal,
        }
    }
}

/// Streams cannot be opened yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Tor is not ready")]
pub struct NotReady {
    /// What blocks the client, if it is known: the difference between a wrong clock and a blocked network.
    pub blocked: Option<Blockage>,
}
