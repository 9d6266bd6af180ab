//! What can go wrong, named by what the app can do about it.

use std::io::{self, ErrorKind};

use rusqlite::ErrorCode;

use crate::source::SourceError;
use crate::vault::{Owner, Table};

/// Why something could not be done. Nothing has changed then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Another process, or another part of this one, has the vault open.
    #[error("in use")]
    InUse,
    /// The passphrase is wrong, or the vault is sealed in another way.
    #[error("wrong key")]
    WrongKey,
    /// The key source does not have the key any more: nothing can be read again.
    #[error("the key is lost")]
    KeyLost,
    /// The key source does not hand its key out now: the person declined, say, or the phone is locked.
    #[error("the key is not available now")]
    KeyDenied,
    /// The file is no vault, is cut off, or what everything else depends on was changed.
    #[error("damaged")]
    Damaged,
    /// A later version of this library wrote it.
    #[error("of a later version")]
    TooNew,
    /// No space is left.
    #[error("no space left")]
    Full,
    /// The folder cannot be written.
    #[error("the folder cannot be written")]
    ReadOnly,
    /// The folder cannot be read, or the device fails.
    #[error("input or output failed")]
    Io,
    /// There is no such owner: it was never there, or was forgotten.
    #[error("no such owner")]
    NoSuchOwner,
    /// A bug in this library.
    #[error("internal error")]
    Internal,
}

/// What is wrong with a vault that can be used nevertheless. What is not named is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// Nothing of this owner can be read any more.
    OwnerLost(Owner),
    /// This row was changed, or moved from elsewhere.
    RowLost(Owner, Table, u64),
    /// Rows of this owner were removed, or replaced by older states of themselves. Those that are there are its own.
    RowsMissing(Owner),
    /// Owners were removed, or replaced by older states of themselves.
    OwnersMissing,
    /// The key source could not delete a key that is not used any more: until it does, older copies of the vault may be
    /// readable.
    OldKeyKept,
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::InUse,
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => Self::ReadOnly,
            Some(ErrorCode::SystemIoFailure) => Self::Io,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged,
            // A table or a column that is not there, or of another type.
            _ => Self::Damaged,
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full,
            ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => Self::ReadOnly,
            _ => Self::Io,
        }
    }
}

impl From<SourceError> for Error {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Lost => Self::KeyLost,
            SourceError::Denied => Self::KeyDenied,
            SourceError::Full => Self::Full,
            SourceError::Failed => Self::Io,
        }
    }
}
