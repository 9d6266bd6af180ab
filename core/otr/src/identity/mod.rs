//! The long-term key that tells the user's peers who is there (spec: "Public keys, signatures, and fingerprints").

mod private_key_file;

use std::fmt;

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit as _, StreamCipher as _};
use data_encoding::HEXUPPER;
use rand::CryptoRng;
use sha1::{Digest as _, Sha1};
use zeroize::Zeroizing;

pub use private_key_file::ImportError;

use crate::crypto::dsa::{self, DsaPrivate};
use crate::crypto::public::DsaPublic;
use crate::wire::codec::{Malformed, Reader, write_mpi};

/// Marks a DSA key.
const DSA: u16 = 0;

/// SHA-1 over a public key: 20 bytes, which people compare.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 20]);

/// Five groups of eight hexadecimal digits, as other clients show it.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.as_chunks::<4>().0.iter().map(|group| HEXUPPER.encode(group)).collect::<Vec<_>>().join(" "))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(..)")
    }
}

/// A long-term key pair: DSA with p of 1024 bits, the one kind that version 3 knows.
pub struct Identity {
    private: DsaPrivate,
    public: PublicKey,
}

impl Identity {
    /// A new one. It takes a tenth of a second, and ten times that with bad luck: off the screen's thread.
    pub fn random(rng: &mut dyn CryptoRng) -> Self {
        loop {
            let [mut parameters, mut key] = [Zeroizing::new([0; 32]), Zeroizing::new([0; 32])];
            rng.fill_bytes(&mut *parameters);
            rng.fill_bytes(&mut *key);
            if let Some(identity) = Self::from_seeds(&parameters, &key) {
                return identity;
            }
        }
    }

    /// The one that two seeds give, by version 1 of the derivation (`core/docs/derivation.md`): one for p, q and g, one
    /// for x. Takes as long as [`Identity::random`]. `None` for no seed that anybody will find: the search for p, q and
    /// g would have come upon a number that is no prime and looks like one.
    #[must_use]
    pub fn from_seeds(parameters: &[u8; 32], key: &[u8; 32]) -> Option<Self> {
        let (private, public) = dsa::generate(stream(parameters), stream(key))?;
        Some(Self { private, public: PublicKey::new(public) })
    }

    /// Its fingerprint.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.public.fingerprint
    }

    /// The private key: x, 20 bytes, big-endian.
    #[cfg(feature = "lab")]
    #[must_use]
    pub fn secret(&self) -> Zeroizing<[u8; 20]> {
        self.private.x()
    }

    pub(crate) fn public(&self) -> &PublicKey {
        &self.public
    }

    pub(crate) fn sign(&self, message: &[u8; 32], rng: &mut dyn CryptoRng) -> [u8; 40] {
        self.private.sign(message, rng)
    }

    fn from_numbers(p: &[u8], q: &[u8], g: &[u8], y: &[u8], x: &[u8]) -> Option<Self> {
        let private = DsaPrivate::new(p, q, g, x)?;
        let public = DsaPublic::new(p, q, g, y)?;
        let fits = public == DsaPublic::new(p, q, g, &private.y())?;
        fits.then(|| Self { private, public: PublicKey::new(public) })
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(..)")
    }
}

/// The key stream of ChaCha20 (RFC 8439): key = the seed, nonce = 12 zero bytes, counter from 0.
fn stream(seed: &[u8; 32]) -> impl FnMut(&mut [u8]) {
    let mut cipher = ChaCha20::new(seed.into(), &[0; 12].into());
    move |bytes| {
        bytes.fill(0);
        cipher.apply_keystream(bytes);
    }
}

/// Somebody's public key.
#[derive(Clone)]
pub(crate) struct PublicKey {
    dsa: DsaPublic,
    /// PUBKEY of the spec.
    encoded: Vec<u8>,
    fingerprint: Fingerprint,
}

impl PublicKey {
    fn new(dsa: DsaPublic) -> Self {
        let mut encoded = DSA.to_be_bytes().to_vec();
        for number in dsa.numbers() {
            write_mpi(&mut encoded, &number);
        }
        // Without the two bytes of the type.
        let fingerprint = Fingerprint(Sha1::digest(encoded.split_at(2).1).into());
        Self { dsa, encoded, fingerprint }
    }

    /// Reads a PUBKEY, and checks that its numbers are a key.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        if reader.short()? != DSA {
            return Err(Malformed);
        }
        let [p, q, g, y] = [reader.mpi()?, reader.mpi()?, reader.mpi()?, reader.mpi()?];
        DsaPublic::new(p, q, g, y).map(Self::new).ok_or(Malformed)
    }

    pub(crate) fn encoded(&self) -> &[u8] {
        &self.encoded
    }

    pub(crate) const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    pub(crate) fn verifies(&self, message: &[u8; 32], signature: &[u8; 40]) -> bool {
        self.dsa.verifies(message, signature)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn what_is_signed_verifies_and_nothing_else() {
        let rng = &mut StdRng::seed_from_u64(7);
        let identity = Identity::from_seeds(&[1; 32], &[2; 32]).unwrap();
        let other = Identity::from_seeds(&[1; 32], &[3; 32]).unwrap();
        for i in 0..8 {
            let message = [i * 31; 32];
            let signature = identity.sign(&message, rng);
            assert!(identity.public.verifies(&message, &signature));
            assert!(!identity.public.verifies(&[i * 31 + 1; 32], &signature));
            assert!(!other.public.verifies(&message, &signature));
            assert_ne!(identity.sign(&message, rng), signature, "the nonce has nothing fresh in it");
            let mut broken = signature;
            broken[39] ^= 1;
            assert!(!identity.public.verifies(&message, &broken));
        }
        assert!(!identity.public.verifies(&[0; 32], &[0; 40]));
        assert!(!identity.public.verifies(&[0; 32], &[0xff; 40]));
    }

    #[test]
    fn a_key_is_written_and_read() {
        let identity = Identity::from_seeds(&[1; 32], &[2; 32]).unwrap();
        let read = PublicKey::read(&mut Reader::new(identity.public.encoded())).unwrap();
        assert_eq!(read.fingerprint(), identity.fingerprint());
        assert_eq!(identity.fingerprint().to_string().len(), 44);
        let mut broken = identity.public.encoded().to_vec();
        let last = broken.len() - 1;
        broken[last] ^= 1;
        assert!(PublicKey::read(&mut Reader::new(&broken)).is_err(), "y outside the subgroup");
    }
}
