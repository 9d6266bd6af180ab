//! The platform's key store: the one thing of an app that the library calls.

use std::sync::Arc;

use flashpaper::KeySlot;
use zeroize::Zeroizing;

/// Keys of the platform that seal, and need never leave their chip: Android's Keystore, Apple's Keychain or Secure Enclave.
/// What they seal is the key of the store, and so of all that is in it: what a deleted key has sealed can be read by nobody
/// any more, whatever the device's flash has kept.
///
/// There are two keys, in two slots. One is in use. The other takes its place at each burn, and whenever the key is changed:
/// it is made, everything is sealed under it, and then the first one is deleted. So there is a good one at any crash. An
/// opening has the one that is not in use deleted once more.
///
/// The calls come one at a time for a folder, on threads of the library, and may block for as long as a user needs:
/// opening any folder, resuming, burning, changing the key, what settles earlier runs, and a creation that fails wait for
/// them; so does, up to its deadline, falling asleep, and what would fall asleep while resuming waits. They may call
/// the library, but nothing of it that waits for them. Any other exception is taken for `Unavailable`.
///
/// Each folder needs keys of its own. After a change to another source, or to none, keys may be left here if the process
/// died meanwhile: delete both once the folder was opened by what it was changed to.
#[uniffi::export(with_foreign)]
pub trait KeySource: Send + Sync {
    /// Makes a new key in this slot, in the place of one that may be there, and seals bytes with it: 72, or 112 where there
    /// is a passphrase, too. They are secret. Wipe them after use. What comes of it is stored as it is, so it has all that
    /// unsealing needs but the key: a nonce, say. It should be bound to the key, so that another one refuses it.
    fn seal(&self, slot: KeySlot, bytes: Vec<u8>) -> Result<Vec<u8>, KeySourceError>;

    /// Undoes `seal` with the key that this slot has now.
    fn unseal(&self, slot: KeySlot, sealed: Vec<u8>) -> Result<Vec<u8>, KeySourceError>;

    /// Deletes the key of this slot for good; without one, does nothing. No user is to be asked for it.
    ///
    /// # Errors
    /// `KeySourceError`: the burn or change is done all the same, and `VaultReport` tells that a key was kept.
    fn delete(&self, slot: KeySlot) -> Result<(), KeySourceError>;
}

/// Which of a key source's two keys.
#[uniffi::remote(Enum)]
pub enum KeySlot {
    /// The one that a new folder begins with.
    First,
    /// The other.
    Second,
}

/// Why a key source does not do what it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum KeySourceError {
    /// The key store has to ask its user first, or the user declined. Becomes `KeyDenied`.
    #[error("its user has to agree")]
    NeedsUserAuth,
    /// The device was not unlocked since its start. Becomes `KeyLocked`.
    #[error("the device was not unlocked yet")]
    LockedUntilFirstUnlock,
    /// The key is not there any more, or is another one: what it has sealed is lost. Becomes `KeyLost`.
    #[error("the key is lost")]
    Invalidated,
    /// No space is left to keep a key. Becomes `StorageFull`.
    #[error("no space left")]
    Full,
    /// Something else, which may pass or not. Becomes `KeyUnavailable`.
    #[error("the key source fails")]
    Unavailable,
}

impl From<uniffi::UnexpectedUniFFICallbackError> for KeySourceError {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Unavailable
    }
}

impl From<KeySourceError> for flashpaper::KeySourceError {
    fn from(error: KeySourceError) -> Self {
        match error {
            KeySourceError::NeedsUserAuth => Self::NeedsUserAuth,
            KeySourceError::LockedUntilFirstUnlock => Self::LockedUntilFirstUnlock,
            KeySourceError::Invalidated => Self::Invalidated,
            KeySourceError::Full => Self::Full,
            KeySourceError::Unavailable => Self::Unavailable,
        }
    }
}

/// One as the engine calls it.
pub(crate) struct Adapter(pub(crate) Arc<dyn KeySource>);

impl flashpaper::KeySource for Adapter {
    fn seal(&self, slot: KeySlot, bytes: &[u8]) -> Result<Vec<u8>, flashpaper::KeySourceError> {
        Ok(self.0.seal(slot, bytes.to_vec())?)
    }

    fn unseal(&self, slot: KeySlot, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, flashpaper::KeySourceError> {
        Ok(Zeroizing::new(self.0.unseal(slot, sealed.to_vec())?))
    }

    fn delete(&self, slot: KeySlot) -> Result<(), flashpaper::KeySourceError> {
        Ok(self.0.delete(slot)?)
    }
}
