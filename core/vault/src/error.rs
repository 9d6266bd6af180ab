//! What can go wrong, named by what the app can do about it.

use std::io::{self, ErrorKind};

use rusqlite::{ErrorCode, ffi};

use crate::owner::Owner;

/// Why something could not be done. Nothing has changed then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Another process, or another part of this one, has the vault open.
    #[error("in use")]
    InUse,
    /// The passphrase is wrong, or the vault is sealed in another way.
    #[error("wrong key")]
    WrongKey,
    /// The passphrase is the duress passphrase. What is there is to be destroyed: see [`crate::destroy`].
    #[error("duress")]
    Duress,
    /// The passphrase and the duress passphrase would be the same.
    #[error("the same passphrase")]
    SamePassphrase,
    /// No passphrase opens the vault, so there is none beside it.
    #[error("no passphrase")]
    NoPassphrase,
    /// The key source does not have the key any more: nothing can be read again.
    #[error("the key is lost")]
    KeyLost,
    /// The key source does not hand its key out now: its user has to agree, and has not.
    #[error("the key is not available now")]
    KeyDenied,
    /// The key source hands no key out before the device was unlocked for the first time since its start.
    #[error("the key is not available yet")]
    KeyLocked,
    /// The platform's key store fails, which may pass.
    #[error("the key store fails")]
    KeyUnavailable,
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
    /// The folder cannot be read, the device fails, or memory is short.
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
    /// A row of this owner was changed, or moved from elsewhere. Which one it was cannot be told.
    RowLost(Owner),
    /// Rows of this owner were removed, or replaced by older states of themselves. Those that are there are its own.
    RowsMissing(Owner),
    /// Owners were removed, or replaced by older states of themselves, or the end of what was written is missing: anything
    /// may be older than it was.
    OwnersMissing,
    /// The vault's key was not changed when it should have been, or the key source could not delete one that is not used any
    /// more: until it does, older copies of the vault may be readable. Or what was removed could not be written over.
    OldKeyKept,
}

impl Finding {
    /// What is told where rows of a part are missing.
    pub(crate) const fn missing(part: u64) -> Self {
        if part == Owner::COMMON.0 { Self::OwnersMissing } else { Self::RowsMissing(Owner::of(part)) }
    }
}

/// Why a source does not do what it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The key is not there any more, or is another one.
    #[error("the key is lost")]
    Lost,
    /// Not now: its user has to agree, and has not.
    #[error("not now")]
    Denied,
    /// Not before the device was unlocked for the first time since its start.
    #[error("the device was not unlocked yet")]
    Locked,
    /// No space is left to keep a key.
    #[error("no space left")]
    Full,
    /// The platform's key store fails, which may pass.
    #[error("the key store fails")]
    Unavailable,
    /// A key file cannot be read or written.
    #[error("the key file fails")]
    Failed,
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        // The file is shorter than it says: no failure of the device.
        if error.sqlite_error().is_some_and(|error| error.extended_code == ffi::SQLITE_IOERR_SHORT_READ) {
            return Self::Damaged;
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::InUse,
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => Self::ReadOnly,
            // Short of memory is no damage: it passes.
            Some(ErrorCode::SystemIoFailure | ErrorCode::OutOfMemory) => Self::Io,
            Some(
                ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::SchemaChanged
                | ErrorCode::TooBig
                | ErrorCode::ConstraintViolation
                | ErrorCode::TypeMismatch
                // What SQLite has no code for.
                | ErrorCode::Unknown,
            ) => Self::Damaged,
            None if misses_something(&error) => Self::Damaged,
            _ => Self::Internal,
        }
    }
}

/// Whether a table, a column or a row is not there, or has values of another type or size.
const fn misses_something(error: &rusqlite::Error) -> bool {
    matches!(
        error,
        rusqlite::Error::SqlInputError { .. }
            | rusqlite::Error::QueryReturnedNoRows
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..)
    )
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
            SourceError::Locked => Self::KeyLocked,
            SourceError::Full => Self::Full,
            SourceError::Unavailable => Self::KeyUnavailable,
            SourceError::Failed => Self::Io,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_damage_is_called_damage() {
        for (code, error) in [
            (ffi::SQLITE_BUSY, Error::InUse),
            (ffi::SQLITE_FULL, Error::Full),
            (ffi::SQLITE_READONLY, Error::ReadOnly),
            (ffi::SQLITE_IOERR_FSYNC, Error::Io),
            (ffi::SQLITE_IOERR_SHORT_READ, Error::Damaged),
            (ffi::SQLITE_NOMEM, Error::Io),
            (ffi::SQLITE_IOERR_NOMEM, Error::Io),
            (ffi::SQLITE_CORRUPT, Error::Damaged),
            (ffi::SQLITE_NOTADB, Error::Damaged),
            (ffi::SQLITE_ERROR, Error::Damaged),
            (ffi::SQLITE_TOOBIG, Error::Damaged),
            (ffi::SQLITE_CONSTRAINT_DATATYPE, Error::Damaged),
            (ffi::SQLITE_MISUSE, Error::Internal),
            (ffi::SQLITE_RANGE, Error::Internal),
            (ffi::SQLITE_INTERRUPT, Error::Internal),
            (ffi::SQLITE_INTERNAL, Error::Internal),
        ] {
            assert_eq!(Error::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)), error, "{code}");
        }
        assert_eq!(Error::from(rusqlite::Error::QueryReturnedNoRows), Error::Damaged);
        assert_eq!(Error::from(rusqlite::Error::InvalidParameterCount(1, 2)), Error::Internal);
    }
}
