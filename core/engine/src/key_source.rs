//! The platform's key store, as an app hands it in: Android's Keystore, Apple's Keychain or Secure Enclave.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use flashpaper_vault as vault;
use zeroize::Zeroizing;

/// Keys of the platform that seal, and need never leave their chip. What they seal is the key of the store, and so of all
/// that is in it: what a deleted key has sealed can be read by nobody any more, whatever the device's flash has kept.
///
/// There are two keys, in two slots. One is in use. The other takes its place at each burn, and whenever the key is changed:
/// it is made, everything is sealed under it, and then the first one is deleted. So there is a good one at any crash. An
/// opening has the one that is not in use deleted once more.
///
/// The calls come one at a time for a folder, from any thread of the library, and may block for as long as a user needs:
/// opening any folder, resuming, burning, changing the key, what settles earlier runs, and a creation that fails wait for
/// them; so does, up to its deadline, falling asleep, and what would fall asleep while resuming waits. They may call
/// the engine, but nothing of it that waits for them. A panic is taken for [`KeySourceError::Unavailable`].
///
/// Each folder needs keys of its own. After a change to another source, or to none, keys may be left here if the process
/// died meanwhile: delete both once the folder was opened by what it was changed to.
pub trait KeySource: Send + Sync + 'static {
    /// Makes a new key in this slot, in the place of one that may be there, and seals bytes with it: 72, or 112 where there is
    /// a passphrase, too. They are secret. What comes of it is stored as it is, so it has all that unsealing needs but the
    /// key: a nonce, say. It should be bound to the key, so that another one refuses it.
    ///
    /// # Errors
    /// [`KeySourceError`]: nothing has changed, but for the key in this slot.
    fn seal(&self, slot: KeySlot, bytes: &[u8]) -> Result<Vec<u8>, KeySourceError>;

    /// Undoes [`KeySource::seal`] with the key that this slot has now.
    ///
    /// # Errors
    /// [`KeySourceError`].
    fn unseal(&self, slot: KeySlot, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeySourceError>;

    /// Deletes the key of this slot for good; without one, does nothing. No user is to be asked for it.
    ///
    /// # Errors
    /// [`KeySourceError`]: the burn or change is done all the same, and [`crate::VaultReport`] tells that a key was kept.
    fn delete(&self, slot: KeySlot) -> Result<(), KeySourceError>;
}

/// Which of a key source's two keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeySlot {
    /// The one that a new folder begins with.
    First,
    /// The other.
    Second,
}

/// Why a key source does not do what it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeySourceError {
    /// The key store has to ask its user first, or the user declined. Becomes [`crate::Error::KeyDenied`].
    #[error("its user has to agree")]
    NeedsUserAuth,
    /// The device was not unlocked since its start. Becomes [`crate::Error::KeyLocked`].
    #[error("the device was not unlocked yet")]
    LockedUntilFirstUnlock,
    /// The key is not there any more, or is another one: what it has sealed is lost. Becomes [`crate::Error::KeyLost`].
    #[error("the key is lost")]
    Invalidated,
    /// No space is left to keep a key. Becomes [`crate::Error::StorageFull`].
    #[error("no space left")]
    Full,
    /// Something else, which may pass or not. Becomes [`crate::Error::KeyUnavailable`].
    #[error("the key source fails")]
    Unavailable,
}

/// One as the vault calls it.
pub(crate) struct Adapter(pub(crate) Arc<dyn KeySource>);

impl Adapter {
    fn call<T>(
        &self,
        slot: vault::Slot,
        call: impl FnOnce(&dyn KeySource, KeySlot) -> Result<T, KeySourceError>,
    ) -> Result<T, vault::SourceError> {
        let slot = match slot {
            vault::Slot::First => KeySlot::First,
            vault::Slot::Second => KeySlot::Second,
        };
        let result =
            catch_unwind(AssertUnwindSafe(|| call(&*self.0, slot))).unwrap_or(Err(KeySourceError::Unavailable));
        result.map_err(|error| match error {
            KeySourceError::NeedsUserAuth => vault::SourceError::Denied,
            KeySourceError::LockedUntilFirstUnlock => vault::SourceError::Locked,
            KeySourceError::Invalidated => vault::SourceError::Lost,
            KeySourceError::Full => vault::SourceError::Full,
            KeySourceError::Unavailable => vault::SourceError::Unavailable,
        })
    }
}

impl vault::KeySource for Adapter {
    fn seal(&self, slot: vault::Slot, bytes: &[u8]) -> Result<Vec<u8>, vault::SourceError> {
        self.call(slot, |source, slot| source.seal(slot, bytes))
    }

    fn unseal(&self, slot: vault::Slot, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, vault::SourceError> {
        self.call(slot, |source, slot| source.unseal(slot, sealed))
    }

    fn delete(&self, slot: vault::Slot) -> Result<(), vault::SourceError> {
        self.call(slot, |source, slot| source.delete(slot))
    }
}
