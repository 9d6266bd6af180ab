//! How the vault's own key is kept: sealed by a passphrase, a key source, or first the one and then the other. Beside it, under
//! the key source where there is one, is the slot of the duress passphrase.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use argon2::{Algorithm, Argon2, Params, Version};
use rand::CryptoRng;
use zeroize::Zeroizing;

use crate::duress::Duress;
use crate::error::{Error, Finding};
use crate::seal::{self, KEY, Keys, NONCE, TAG};
use crate::source::{KeySource, Slot};

/// Argon2id: 64 MiB, 3 passes, 1 lane (RFC 9106, section 4, second recommendation, for one core).
const ARGON2: (u32, u32, u32) = (64 * 1024, 3, 1);
pub(crate) const SALT: usize = 16;
/// How the vault's key is sealed; associated data of it.
pub(crate) const FORMAT: u8 = 1;
/// The vault's key, sealed by a passphrase.
const SEALED: usize = NONCE + KEY + TAG;

/// What opens a vault.
#[derive(Clone)]
pub struct Key {
    source: Option<Arc<dyn KeySource>>,
    passphrase: Option<Arc<Passphrase>>,
}

struct Passphrase {
    text: Zeroizing<Vec<u8>>,
    /// What it was stretched to last.
    last: Mutex<Option<Stretched>>,
}

impl Key {
    /// A passphrase, stretched by Argon2id.
    #[must_use]
    pub fn passphrase(passphrase: &[u8]) -> Self {
        Self { source: None, passphrase: Some(Passphrase::new(passphrase)) }
    }

    /// A key source.
    #[must_use]
    pub fn source(source: Arc<dyn KeySource>) -> Self {
        Self { source: Some(source), passphrase: None }
    }

    /// A passphrase in addition: both are needed.
    #[must_use]
    pub fn and_passphrase(self, passphrase: &[u8]) -> Self {
        Self { passphrase: Some(Passphrase::new(passphrase)), ..self }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// The vault's key as it is stored: sealed.
pub struct Wrapped {
    /// The key source's, if there is one.
    pub(crate) slot: Option<Slot>,
    /// The passphrase's, if there is one.
    pub(crate) salt: Option<[u8; SALT]>,
    pub(crate) bytes: Vec<u8>,
}

impl Wrapped {
    /// Whether a key opens it. Takes as long as [`crate::Vault::open`].
    ///
    /// # Errors
    /// [`Error::WrongKey`], [`Error::Duress`], [`Error::KeyDenied`], [`Error::KeyLost`], [`Error::Io`].
    pub fn check(&self, key: Key) -> Result<(), Error> {
        Wrapper::of(key, self)?.unwrap(self).map(drop)
    }
}

impl fmt::Debug for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wrapped(..)")
    }
}

/// What wraps the vault's key, now and after the next change.
#[derive(Clone)]
pub(crate) struct Wrapper {
    source: Option<Arc<dyn KeySource>>,
    slot: Slot,
    stretched: Option<Stretched>,
}

#[derive(Clone)]
struct Stretched {
    salt: [u8; SALT],
    key: Zeroizing<[u8; KEY]>,
}

impl Wrapper {
    /// One for a key that nothing is sealed with yet.
    pub(crate) fn new(key: Key, slot: Slot, rng: &mut dyn CryptoRng) -> Result<Self, Error> {
        let salt = key.salt(rng);
        Ok(Self { stretched: key.stretch(salt)?, source: key.source, slot })
    }

    /// The one that has wrapped this.
    pub(crate) fn of(key: Key, wrapped: &Wrapped) -> Result<Self, Error> {
        let same_kind = key.source.is_some() == wrapped.slot.is_some();
        if !same_kind || key.passphrase.is_some() != wrapped.salt.is_some() {
            return Err(Error::WrongKey);
        }
        let stretched = key.stretch(wrapped.salt.unwrap_or_default())?;
        Ok(Self { stretched, source: key.source, slot: wrapped.slot.unwrap_or(Slot::First) })
    }

    /// The one that has wrapped this later: the same passphrase and source.
    pub(crate) fn again(&self, wrapped: &Wrapped) -> Result<Self, Error> {
        let salt = self.stretched.as_ref().map(|stretched| stretched.salt);
        if self.source.is_some() != wrapped.slot.is_some() || salt != wrapped.salt {
            return Err(Error::WrongKey);
        }
        Ok(Self { slot: wrapped.slot.unwrap_or(Slot::First), ..self.clone() })
    }

    pub(crate) fn wrap(&self, keys: &Keys, duress: &Duress, rng: &mut dyn CryptoRng) -> Result<Wrapped, Error> {
        let mut bytes = Zeroizing::new(keys.secret.to_vec());
        if let Some(Stretched { key, .. }) = &self.stretched {
            bytes = Zeroizing::new(seal::encrypt(key, seal::nonce(rng), &[FORMAT], &bytes)?);
        }
        let bytes = Zeroizing::new([&**bytes, &duress.slot(rng)?].concat());
        let bytes = match &self.source {
            Some(source) => source.seal(self.slot, &bytes)?,
            None => bytes.to_vec(),
        };
        let slot = self.source.is_some().then_some(self.slot);
        Ok(Wrapped { slot, salt: self.stretched.as_ref().map(|stretched| stretched.salt), bytes })
    }

    pub(crate) fn unwrap(&self, wrapped: &Wrapped) -> Result<Keys, Error> {
        let bytes = match &self.source {
            Some(source) => source.unseal(self.slot, &wrapped.bytes)?,
            None => Zeroizing::new(wrapped.bytes.clone()),
        };
        let secret = match &self.stretched {
            Some(Stretched { key, .. }) => {
                // Before the fourth version of the schema there is no slot.
                let (sealed, slot) = bytes.split_at_checked(SEALED).ok_or(Error::WrongKey)?;
                // Both slots are always tried, so that the time does not tell which passphrase was typed.
                let (secret, is_duress) = (seal::decrypt(key, &[FORMAT], sealed), Duress::of(key).opens(slot));
                if is_duress {
                    return Err(Error::Duress);
                }
                secret.ok_or(Error::WrongKey)?
            }
            None => bytes,
        };
        Ok(Keys::of(Zeroizing::new(*secret.first_chunk().ok_or(Error::WrongKey)?)))
    }

    /// The one for the vault's next key: the same passphrase and source, in the other slot.
    pub(crate) fn next(&self) -> Self {
        Self { source: self.source.clone(), slot: self.slot.other(), stretched: self.stretched.clone() }
    }

    /// One with another passphrase or source, in the same slot. A salt stays: the duress passphrase, which is not known here, has
    /// the same, so that an opening stretches what was typed once.
    pub(crate) fn with(&self, key: Key, rng: &mut dyn CryptoRng) -> Result<Self, Error> {
        let salt = self.stretched.as_ref().map_or_else(|| key.salt(rng), |stretched| stretched.salt);
        Ok(Self { stretched: key.stretch(salt)?, source: key.source, slot: self.slot })
    }

    pub(crate) fn stretched(&self) -> Option<&[u8; KEY]> {
        self.stretched.as_ref().map(|stretched| &*stretched.key)
    }

    /// Stretches a passphrase that is not this one, with the same salt.
    pub(crate) fn stretch_another(&self, passphrase: &[u8]) -> Result<Zeroizing<[u8; KEY]>, Error> {
        let own = self.stretched.as_ref().ok_or(Error::NoPassphrase)?;
        let key = stretch(passphrase, &own.salt)?;
        if key == own.key { Err(Error::SamePassphrase) } else { Ok(key) }
    }

    /// Deletes the source's key: nothing that is in use is wrapped by it any more.
    pub(crate) fn delete(&self) -> Option<Finding> {
        let source = self.source.as_ref()?;
        source.delete(self.slot).is_err().then_some(Finding::OldKeyKept)
    }
}

impl Key {
    /// For a vault that has none yet: the one that the passphrase was stretched with last, or a fresh one.
    fn salt(&self, rng: &mut dyn CryptoRng) -> [u8; SALT] {
        let last = self.passphrase.as_ref().and_then(|passphrase| Some(passphrase.last().as_ref()?.salt));
        last.unwrap_or_else(|| {
            let mut salt = [0; SALT];
            rng.fill_bytes(&mut salt);
            salt
        })
    }

    fn stretch(&self, salt: [u8; SALT]) -> Result<Option<Stretched>, Error> {
        self.passphrase.as_ref().map(|passphrase| passphrase.stretch(salt)).transpose()
    }
}

impl Passphrase {
    fn new(text: &[u8]) -> Arc<Self> {
        Arc::new(Self { text: Zeroizing::new(text.to_vec()), last: Mutex::default() })
    }

    fn last(&self) -> MutexGuard<'_, Option<Stretched>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stretch(&self, salt: [u8; SALT]) -> Result<Stretched, Error> {
        let mut last = self.last();
        match &*last {
            Some(known) if known.salt == salt => Ok(known.clone()),
            _ => Ok(last.insert(Stretched { salt, key: stretch(&self.text, &salt)? }).clone()),
        }
    }
}

fn stretch(passphrase: &[u8], salt: &[u8; SALT]) -> Result<Zeroizing<[u8; KEY]>, Error> {
    let (memory, passes, lanes) = ARGON2;
    let params = Params::new(memory, passes, lanes, Some(KEY)).map_err(|_| Error::Internal)?;
    let mut key = Zeroizing::new([0; KEY]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase, salt, &mut *key)
        .map_err(|_| Error::Internal)?;
    Ok(key)
}
