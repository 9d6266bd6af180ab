//! Where the vault's key is kept: a foreign key store, or a file for want of one.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rand::TryRng as _;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use crate::error::{Error, SourceError};
use crate::files::{private, sync_folder_of, write_whole};
use crate::seal::{self, KEY};

/// Which of a source's two keys. One is in use; the other takes its place when an owner is forgotten, so that a crash in
/// between leaves one of them good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// The one that a new vault begins with.
    First,
    /// The other.
    Second,
}

impl Slot {
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }

    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::First => 0,
            Self::Second => 1,
        }
    }
}

/// Keys that seal, and never leave: the platform's key store. Called from any thread; may take as long as the user needs.
pub trait KeySource: Send + Sync {
    /// Makes a new key in this slot, in the place of one that may be there, and seals bytes with it: 32 to 128 of them.
    ///
    /// # Errors
    /// [`SourceError`].
    fn seal(&self, slot: Slot, bytes: &[u8]) -> Result<Vec<u8>, SourceError>;

    /// Undoes [`KeySource::seal`] with the key that this slot has now.
    ///
    /// # Errors
    /// [`SourceError`].
    fn unseal(&self, slot: Slot, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SourceError>;

    /// Deletes the key of this slot for good; without one, does nothing.
    ///
    /// # Errors
    /// [`SourceError`].
    fn delete(&self, slot: Slot) -> Result<(), SourceError>;
}

/// A random key in a file, mode 0600: for where there is no key store. It protects a copy of the other files alone.
pub struct KeyFile {
    folder: PathBuf,
}

impl KeyFile {
    /// Its files are `key.0` and `key.1` in this folder.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    fn path(&self, slot: Slot) -> PathBuf {
        self.folder.join(format!("key.{}", slot.number()))
    }
}

const LABEL: &[u8] = b"flashpaper key file";

impl KeySource for KeyFile {
    fn seal(&self, slot: Slot, bytes: &[u8]) -> Result<Vec<u8>, SourceError> {
        let mut key = Zeroizing::new([0; KEY]);
        let mut nonce = [0; seal::NONCE];
        SysRng.try_fill_bytes(&mut *key).map_err(|_| SourceError::Failed)?;
        SysRng.try_fill_bytes(&mut nonce).map_err(|_| SourceError::Failed)?;
        write_whole(&self.path(slot), &*key).map_err(|error| match Error::from(error) {
            Error::Full => SourceError::Full,
            _ => SourceError::Failed,
        })?;
        seal::encrypt(&key, nonce, LABEL, bytes).map_err(|_| SourceError::Failed)
    }

    fn unseal(&self, slot: Slot, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SourceError> {
        let key = match fs::read(self.path(slot)) {
            Ok(key) => Zeroizing::new(key),
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(SourceError::Lost),
            Err(_) => return Err(SourceError::Failed),
        };
        let key = key.as_slice().try_into().map_err(|_| SourceError::Lost)?;
        seal::decrypt(key, LABEL, sealed).ok_or(SourceError::Lost)
    }

    fn delete(&self, slot: Slot) -> Result<(), SourceError> {
        let path = self.path(slot);
        // Written over first: a file system that writes in place keeps nothing then.
        let deleted = private().write(true).open(&path).and_then(|mut file| {
            std::io::Write::write_all(&mut file, &[0; KEY])?;
            file.sync_all()?;
            fs::remove_file(&path)?;
            sync_folder_of(&path)
        });
        match deleted {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(SourceError::Failed),
            _ => Ok(()),
        }
    }
}
