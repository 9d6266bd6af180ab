//! Hashes, MACs and ciphers, and the keys that a shared secret gives (spec: "Computing AES keys, MAC keys, and the secure
//! session id").

use aes::Aes128;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit as _, StreamCipher as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::group::{Element, Exponent, LEN};

/// A secret of a private conversation, for a program that searches memory for what is left of it.
#[cfg(feature = "lab")]
pub enum Secret {
    /// A Diffie-Hellman exponent: 40 bytes, big-endian.
    Exponent(Zeroizing<Vec<u8>>),
    /// What two Diffie-Hellman keys give: up to 192 bytes, big-endian.
    Shared(Zeroizing<Vec<u8>>),
    /// The AES key of a direction: 16 bytes.
    Aes(Zeroizing<[u8; 16]>),
    /// The MAC key of a direction: 20 bytes.
    Mac(Zeroizing<[u8; 20]>),
}

/// A Diffie-Hellman secret as the hashes take it: an MPI of minimal length.
#[derive(Clone)]
pub(crate) struct SecBytes(Zeroizing<Vec<u8>>);

impl SecBytes {
    pub(crate) fn agree(theirs: &Element, ours: &Exponent) -> Self {
        let secret = Zeroizing::new(theirs.pow(ours));
        let bytes = Zeroizing::new(secret.to_bytes());
        let mut mpi = Zeroizing::new(Vec::with_capacity(4 + LEN));
        crate::wire::codec::write_mpi(&mut mpi, &*bytes);
        Self(mpi)
    }

    /// The number, without its length.
    #[cfg(feature = "lab")]
    pub(crate) fn number(&self) -> &[u8] {
        self.0.get(4..).unwrap_or_default()
    }

    /// h1 of the spec.
    fn sha1(&self, byte: u8) -> Zeroizing<[u8; 20]> {
        Zeroizing::new(Sha1::new().chain_update([byte]).chain_update(&*self.0).finalize().into())
    }

    /// h2 of the spec.
    pub(crate) fn sha256(&self, byte: u8) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(Sha256::new().chain_update([byte]).chain_update(&*self.0).finalize().into())
    }
}

/// One direction of a pair of Diffie-Hellman keys: the AES key, and the MAC with its key already taken in.
#[derive(Clone)]
pub(crate) struct DirectionKeys {
    aes: Zeroizing<[u8; 16]>,
    mac_key: Zeroizing<[u8; 20]>,
    mac: Hmac<Sha1>,
}

impl DirectionKeys {
    /// `byte` is the sendbyte or recvbyte of the spec: 1 or 2.
    pub(crate) fn new(secret: &SecBytes, byte: u8) -> Self {
        let mut aes = Zeroizing::new([0; 16]);
        aes.copy_from_slice(secret.sha1(byte).split_at(16).0);
        let mac_key: Zeroizing<[u8; 20]> = Zeroizing::new(Sha1::digest(*aes).into());
        let mut block = Zeroizing::new([0; 64]);
        block.split_at_mut(20).0.copy_from_slice(&*mac_key);
        let mac = Hmac::new((&*block).into());
        Self { aes, mac_key, mac }
    }

    /// Encrypts or decrypts in place; the counter's lower half starts at zero.
    pub(crate) fn crypt(&self, top_half: u64, data: &mut [u8]) {
        let mut iv = [0; 16];
        iv.split_at_mut(8).0.copy_from_slice(&top_half.to_be_bytes());
        aes_ctr(&self.aes, &iv, data);
    }

    /// SHA1-HMAC.
    pub(crate) fn mac(&self, data: &[u8]) -> [u8; 20] {
        self.mac.clone().chain_update(data).finalize().into_bytes().into()
    }

    /// The AES key.
    #[cfg(feature = "lab")]
    pub(crate) fn aes_key(&self) -> Zeroizing<[u8; 16]> {
        self.aes.clone()
    }

    /// The MAC key, to be revealed once it is of no use any more.
    pub(crate) fn mac_key(&self) -> [u8; 20] {
        *self.mac_key
    }
}

/// HMAC's inner and outer state are as good as its key. They are states of SHA-1, which wipe themselves.
const _: fn() = || {
    const fn wiped<T: ZeroizeOnDrop>() {}
    wiped::<Sha1>();
};

/// AES-128 in counter mode, in place.
pub(crate) fn aes_ctr(key: &[u8; 16], iv: &[u8; 16], data: &mut [u8]) {
    Ctr128BE::<Aes128>::new(key.into(), iv.into()).apply_keystream(data);
}

/// SHA256-HMAC. The key is at most a block long.
pub(crate) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut block = Zeroizing::new([0; 64]);
    // A key shorter than a block is padded with zeros by HMAC's own rule.
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    let mut mac = Hmac::<Sha256>::new((&*block).into());
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}
