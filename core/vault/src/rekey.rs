//! A change of the vault's key, where it needs not the vault but its key source, which may ask the user.

use std::fmt;
use std::sync::Arc;

use rand::CryptoRng;

use crate::error::{Error, Finding};
use crate::files::FolderLock;
use crate::seal::Keys;
use crate::wrap::{Key, Wrapped, Wrapper};

/// What makes a vault's next key, apart from the vault: nobody else has to wait while a key source asks the user. Like what
/// comes of it, it holds the folder's lock as well: nobody who opens the folder uses the source's slots meanwhile.
pub struct NextKey {
    pub(crate) wrapper: Wrapper,
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
    /// Has another passphrase or source seal it. Takes as long as Argon2id does where there is a passphrase.
    ///
    /// # Errors
    /// [`Error::Internal`].
    pub fn sealed_by(self, key: Key, rng: &mut dyn CryptoRng) -> Result<Self, Error> {
        Ok(Self { wrapper: self.wrapper.with(key, rng)?, ..self })
    }

    /// Draws and seals it. Takes as long as the user does when the key source asks one.
    ///
    /// # Errors
    /// What the key source says: nothing has changed.
    pub fn seal(self, rng: &mut dyn CryptoRng) -> Result<FreshKey, Error> {
        let keys = Keys::random(rng);
        let wrapped = self.wrapper.wrap(&keys, rng)?;
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
