//! A change of the vault's key, where it needs not the vault but its key source, which may ask the user.

use std::fmt;
use std::sync::Arc;

use rand::CryptoRng;

use crate::duress::Duress;
use crate::error::{Error, Finding};
use crate::files::FolderLock;
use crate::seal::Keys;
use crate::wrap::{Key, Wrapped, Wrapper};

/// What makes a vault's next key, apart from the vault: nobody else has to wait while a key source asks the user. Like what
/// comes of it, it holds the folder's lock as well: nobody who opens the folder uses the source's slots meanwhile.
pub struct NextKey {
    pub(crate) wrapper: Wrapper,
    pub(crate) duress: Duress,
    pub(crate) lock: Arc<FolderLock>,
}

/// A key that is sealed, and not in use yet.
pub struct FreshKey {
    pub(crate) keys: Keys,
    pub(crate) wrapped: Wrapped,
    pub(crate) next: NextKey,
}

/// A key that is not in use any more.
#[must_use = "until it is deleted, older copies of the vault can be read"]
pub struct OldKey {
    pub(crate) wrapper: Wrapper,
    pub(crate) lock: Arc<FolderLock>,
}

impl NextKey {
    /// Has another passphrase or source seal it. Takes as long as Argon2id does where there is a passphrase. The duress passphrase
    /// stays, unless there is no passphrase any more.
    ///
    /// # Errors
    /// [`Error::SamePassphrase`], [`Error::Internal`].
    pub fn sealed_by(self, key: Key, rng: &mut dyn CryptoRng) -> Result<Self, Error> {
        let wrapper = self.wrapper.with(key, rng)?;
        let duress = match wrapper.stretched() {
            Some(key) if self.duress == Duress::of(key) => return Err(Error::SamePassphrase),
            Some(_) => self.duress,
            None => Duress::none(rng),
        };
        Ok(Self { wrapper, duress, ..self })
    }

    /// Sets the duress passphrase, in the place of one that may be there, or takes it away. Takes as long as Argon2id does where
    /// one is set. Who types it at [`crate::Vault::open`] gets [`Error::Duress`]. Without the vault's key nobody can tell whether
    /// there is one.
    ///
    /// # Errors
    /// [`Error::NoPassphrase`], [`Error::SamePassphrase`], [`Error::Internal`].
    pub fn with_duress(self, passphrase: Option<&[u8]>, rng: &mut dyn CryptoRng) -> Result<Self, Error> {
        let duress = match passphrase {
            Some(passphrase) => Duress::of(&*self.wrapper.stretch_another(passphrase)?),
            None => Duress::none(rng),
        };
        Ok(Self { duress, ..self })
    }

    /// Draws and seals it. Takes as long as the user does when the key source asks one.
    ///
    /// # Errors
    /// What the key source says: nothing has changed. [`Error::Io`]: the folder was destroyed meanwhile.
    pub fn seal(self, rng: &mut dyn CryptoRng) -> Result<FreshKey, Error> {
        if !self.lock.is_there() {
            return Err(Error::Io);
        }
        let keys = Keys::random(rng);
        let wrapped = self.wrapper.wrap(&keys, &self.duress, rng)?;
        Ok(FreshKey { keys, wrapped, next: self })
    }
}

impl OldKey {
    /// Has its key source delete it. A [`Finding`]: it could not; it is asked again at the next opening.
    #[must_use]
    pub fn delete(self) -> Option<Finding> {
        let finding = self.wrapper.delete();
        drop(self.lock);
        finding
    }
}

impl fmt::Debug for NextKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NextKey(..)")
    }
}

impl fmt::Debug for FreshKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FreshKey(..)")
    }
}

impl fmt::Debug for OldKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OldKey(..)")
    }
}
