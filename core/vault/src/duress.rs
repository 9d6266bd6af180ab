//! The duress passphrase: it opens nothing. An opening with it fails, and the error tells the caller to destroy the vault.
//!
//! The vault keeps a key of its own for it, under seal, which is random where no such passphrase is set. Each time that the
//! vault's key is wrapped, a slot beside it is sealed with that key anew. A slot has nothing in it, so a set one and a random one are
//! the same to everybody who does not know the passphrase, also over time; and nobody needs the passphrase to seal it anew.

use rand::CryptoRng;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::seal::{self, KEY};

/// Associated data, and what tells its key from the one that the same passphrase would seal the vault's with.
const ABOUT: &[u8] = b"flashpaper vault duress";

/// What seals the slot.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Duress(pub(crate) Zeroizing<[u8; KEY]>);

impl Duress {
    /// That of no passphrase.
    pub(crate) fn none(rng: &mut dyn CryptoRng) -> Self {
        let mut key = Zeroizing::new([0; KEY]);
        rng.fill_bytes(&mut *key);
        Self(key)
    }

    /// That of a passphrase, which was stretched to this.
    pub(crate) fn of(stretched: &[u8; KEY]) -> Self {
        Self(Zeroizing::new(seal::mac(stretched, &[ABOUT])))
    }

    pub(crate) fn slot(&self, rng: &mut dyn CryptoRng) -> Result<Vec<u8>, Error> {
        seal::encrypt(&self.0, seal::nonce(rng), ABOUT, &[])
    }

    pub(crate) fn opens(&self, slot: &[u8]) -> bool {
        seal::decrypt(&self.0, ABOUT, slot).is_some()
    }
}
