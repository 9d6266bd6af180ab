//! Sealing: what a row looks like on disk.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use rand::CryptoRng;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::Error;

pub(crate) const KEY: usize = 32;
pub(crate) const NONCE: usize = 24;
/// Sizes are hidden to this many bytes.
const BUCKET: usize = 256;
/// What is sealed now; associated data of everything.
pub(crate) const FORMAT: u8 = 1;

/// The exclusive or of the tags of a set of rows: who does not know it cannot have another set give the same.
pub(crate) type Digest = [u8; 32];

/// An owner's key, and what comes from it.
pub(crate) struct Keys {
    pub(crate) secret: Zeroizing<[u8; KEY]>,
    sealing: Zeroizing<[u8; KEY]>,
    tagging: Zeroizing<[u8; KEY]>,
}

/// Where a row is, and which state of it this is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) owner: u64,
    pub(crate) table: u16,
    pub(crate) row: u64,
    pub(crate) generation: u64,
}

impl Keys {
    pub(crate) fn random(rng: &mut dyn CryptoRng) -> Self {
        let mut secret = Zeroizing::new([0; KEY]);
        rng.fill_bytes(&mut *secret);
        Self::of(secret)
    }

    pub(crate) fn of(secret: Zeroizing<[u8; KEY]>) -> Self {
        let derive = |label: &[u8]| {
            let mut key = Zeroizing::new([0; KEY]);
            // Only more than 8160 bytes would be too long.
            let _ = Hkdf::<Sha256>::new(None, &*secret).expand(label, &mut *key);
            key
        };
        let (sealing, tagging) = (derive(b"flashpaper vault seal"), derive(b"flashpaper vault digest"));
        Self { secret, sealing, tagging }
    }

    /// A row as it is stored.
    pub(crate) fn seal(&self, place: Place, bytes: &[u8], rng: &mut dyn CryptoRng) -> Result<Vec<u8>, Error> {
        let length = u32::try_from(bytes.len()).map_err(|_| Error::Internal)?;
        let padded = (4 + bytes.len()).next_multiple_of(BUCKET);
        let mut plain = Zeroizing::new(Vec::with_capacity(padded));
        plain.extend_from_slice(&length.to_be_bytes());
        plain.extend_from_slice(bytes);
        plain.resize(padded, 0);
        encrypt(&self.sealing, nonce(rng), &place.bytes(), &plain)
    }

    /// What was sealed for this very place; `None`: something else, or changed.
    pub(crate) fn unseal(&self, place: Place, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut plain = decrypt(&self.sealing, &place.bytes(), sealed)?;
        let length = usize::try_from(u32::from_be_bytes(*plain.first_chunk()?)).ok()?;
        plain.drain(..4);
        plain.truncate(length);
        Some(plain)
    }

    /// Adds a row to a digest, or takes it out again.
    pub(crate) fn toggle(&self, digest: &mut Digest, place: Place) {
        // HMAC takes keys of any length.
        let Ok(mac) = Hmac::<Sha256>::new_from_slice(&*self.tagging) else { return };
        let tag = mac.chain_update(place.bytes()).finalize().into_bytes();
        digest.iter_mut().zip(tag).for_each(|(byte, other)| *byte ^= other);
    }
}

impl Place {
    fn bytes(self) -> Vec<u8> {
        let Self { owner, table, row, generation } = self;
        [&[FORMAT][..], &owner.to_be_bytes(), &table.to_be_bytes(), &row.to_be_bytes(), &generation.to_be_bytes()]
            .concat()
    }
}

pub(crate) fn nonce(rng: &mut dyn CryptoRng) -> [u8; NONCE] {
    let mut nonce = [0; NONCE];
    rng.fill_bytes(&mut nonce);
    nonce
}

/// The nonce, the ciphertext, its tag.
pub(crate) fn encrypt(key: &[u8; KEY], nonce: [u8; NONCE], about: &[u8], plain: &[u8]) -> Result<Vec<u8>, Error> {
    let payload = Payload { msg: plain, aad: about };
    let sealed = XChaCha20Poly1305::new(key.into()).encrypt(&XNonce::from(nonce), payload);
    Ok([&nonce[..], &sealed.map_err(|_| Error::Internal)?].concat())
}

pub(crate) fn decrypt(key: &[u8; KEY], about: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
    let payload = Payload { msg: sealed, aad: about };
    XChaCha20Poly1305::new(key.into()).decrypt(&XNonce::from(*nonce), payload).ok().map(Zeroizing::new)
}
