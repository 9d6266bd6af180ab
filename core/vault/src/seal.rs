//! Sealing: what a row looks like on disk.

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use rand::CryptoRng;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::Error;

pub(crate) const KEY: usize = 32;
pub(crate) const NONCE: usize = 24;
pub(crate) const TAG: usize = 16;
/// How rows are sealed now; associated data of all of them.
const FORMAT: u8 = 2;
/// Table, row, length.
const HEADER: usize = 2 + 8 + 4;
/// The size of the smallest rows; each class has twice the size of the one before.
const SMALLEST: usize = 512;
/// Up to what SQLite can store.
pub(crate) const CLASSES: usize = 21;

/// The exclusive or of the tags of a set of rows: who does not know it cannot have another set give the same.
pub(crate) type Digest = [u8; 32];
pub(crate) type Nonce = [u8; NONCE];
/// What a row is called in the file.
pub(crate) type Name = [u8; 16];

/// An owner's key, and what comes from it.
pub(crate) struct Keys {
    pub(crate) secret: Zeroizing<[u8; KEY]>,
    pub(crate) sealing: Zeroizing<[u8; KEY]>,
    pub(crate) tagging: Zeroizing<[u8; KEY]>,
    naming: Zeroizing<[u8; KEY]>,
}

/// Which of an owner's rows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) table: u16,
    pub(crate) row: u64,
}

/// A row as it is stored.
pub(crate) struct Sealed {
    pub(crate) name: Name,
    pub(crate) nonce: Nonce,
    pub(crate) bytes: Vec<u8>,
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
        let naming = derive(b"flashpaper vault name");
        Self { secret, sealing, tagging, naming }
    }

    /// What a row is called: without the key, names of rows tell nothing, not even that they are of one table.
    pub(crate) fn name(&self, Label { table, row }: Label) -> Name {
        let tag = mac(&self.naming, &[&table.to_be_bytes(), &row.to_be_bytes()]);
        tag.first_chunk().copied().unwrap_or_default()
    }

    /// A row of that class, which has room for the bytes.
    pub(crate) fn seal(
        &self,
        part: u64,
        label: Label,
        class: usize,
        bytes: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<Sealed, Error> {
        let length = u32::try_from(bytes.len()).map_err(|_| Error::Internal)?;
        let mut plain = Zeroizing::new(Vec::with_capacity(size(class)));
        plain.extend_from_slice(&label.table.to_be_bytes());
        plain.extend_from_slice(&label.row.to_be_bytes());
        plain.extend_from_slice(&length.to_be_bytes());
        plain.extend_from_slice(bytes);
        plain.resize(size(class), 0);
        let (name, nonce) = (self.name(label), nonce(rng));
        let bytes = encrypt(&self.sealing, nonce, &about(part, name), &plain)?.split_off(NONCE);
        Ok(Sealed { name, nonce, bytes })
    }

    /// What was sealed for this very place; `None`: something else, or changed.
    pub(crate) fn unseal(&self, part: u64, row: &Sealed) -> Option<(Label, Zeroizing<Vec<u8>>)> {
        let mut plain = open(&self.sealing, row.nonce, &about(part, row.name), &row.bytes)?;
        let (table, rest) = plain.split_first_chunk()?;
        let (row_number, rest) = rest.split_first_chunk()?;
        let label = Label { table: u16::from_be_bytes(*table), row: u64::from_be_bytes(*row_number) };
        let length = usize::try_from(u32::from_be_bytes(*rest.first_chunk()?)).ok()?;
        if self.name(label) != row.name {
            return None;
        }
        plain.drain(..HEADER);
        plain.truncate(length);
        Some((label, plain))
    }

    /// Adds a state of a row to a digest, or takes it out again: the nonce is the state's own.
    pub(crate) fn toggle(&self, digest: &mut Digest, part: u64, name: Name, nonce: Nonce) {
        let tag = mac(&self.tagging, &[&about(part, name), &nonce]);
        digest.iter_mut().zip(tag).for_each(|(byte, other)| *byte ^= other);
    }
}

/// Of which class a row is that has so many bytes; `None`: of none, it is too long.
pub(crate) fn class(length: usize) -> Option<usize> {
    (0..CLASSES).find(|class| HEADER + length <= size(*class))
}

/// The class of a row, by the bytes that it has in the file.
pub(crate) fn class_of_sealed(length: usize) -> Option<usize> {
    (0..CLASSES).find(|class| size(*class) + TAG == length)
}

/// In bytes.
pub(crate) const fn size(class: usize) -> usize {
    SMALLEST << class
}

fn about(part: u64, name: Name) -> Vec<u8> {
    [&[FORMAT][..], &part.to_be_bytes(), &name].concat()
}

pub(crate) fn mac(key: &[u8; KEY], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

pub(crate) fn nonce(rng: &mut dyn CryptoRng) -> Nonce {
    let mut nonce = [0; NONCE];
    rng.fill_bytes(&mut nonce);
    nonce
}

/// The nonce, the ciphertext, its tag.
pub(crate) fn encrypt(key: &[u8; KEY], nonce: Nonce, about: &[u8], plain: &[u8]) -> Result<Vec<u8>, Error> {
    let payload = Payload { msg: plain, aad: about };
    let sealed = XChaCha20Poly1305::new(key.into()).encrypt(&XNonce::from(nonce), payload);
    Ok([&nonce[..], &sealed.map_err(|_| Error::Internal)?].concat())
}

/// Undoes [`encrypt`].
pub(crate) fn decrypt(key: &[u8; KEY], about: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = sealed.split_first_chunk()?;
    open(key, *nonce, about, sealed)
}

fn open(key: &[u8; KEY], nonce: Nonce, about: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let payload = Payload { msg: sealed, aad: about };
    XChaCha20Poly1305::new(key.into()).decrypt(&XNonce::from(nonce), payload).ok().map(Zeroizing::new)
}
