//! Messages of a peer that have come before. Each peer has one record, made with it and always of the same size: neither the count
//! of records nor their length tells how much has come, nor whether anything has.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::limits;
use crate::time::UnixTime;
use crate::trust::Fingerprint;

/// The last messages of one peer, each [`limits::SEEN`] of: those under keys that were accepted, under others, and in the
/// clear. None of the three pushes out another.
#[derive(Default, Clone, Serialize, Deserialize)]
pub struct Seen {
    accepted: Ring,
    others: Ring,
    plain: Ring,
}

/// A message, as it is known again.
#[derive(Clone, Copy)]
pub(crate) enum Mark {
    /// By the key that has sent it, which may be accepted, and its label. Nobody else can give the same.
    Private { hash: u64, accepted: bool },
    /// By its stanza's id, its text, its client and about when it was sent: each client has ids of its own, and some begin
    /// them anew, or have but one. `near`: a while before and after.
    Plain { hash: u64, near: [u64; 2] },
}

impl Mark {
    pub(crate) fn private(key: Fingerprint, accepted: bool, label: &str) -> Self {
        Self::Private { hash: hash(&[&key.0, label.as_bytes()]), accepted }
    }

    pub(crate) fn plain(id: &str, text: &str, resource: &str, sent: UnixTime) -> Self {
        let at =
            |span: u64| hash(&[&span.to_be_bytes(), id.as_bytes(), &[0], resource.as_bytes(), &[0], text.as_bytes()]);
        let span = sent.0 / limits::SENT_ONCE.as_secs();
        Self::Plain { hash: at(span), near: [at(span.saturating_sub(1)), at(span.saturating_add(1))] }
    }
}

impl Seen {
    pub(crate) fn remember(&mut self, mark: Mark) {
        match mark {
            Mark::Private { hash, accepted: true } => self.accepted.push(hash),
            Mark::Private { hash, accepted: false } => self.others.push(hash),
            Mark::Plain { hash, .. } => self.plain.push(hash),
        }
    }

    pub(crate) fn has(&self, mark: Mark) -> bool {
        match mark {
            // The key may have been accepted in between.
            Mark::Private { hash, .. } => self.accepted.has(hash) || self.others.has(hash),
            Mark::Plain { hash, near: [before, after] } => {
                [hash, before, after].iter().any(|hash| self.plain.has(*hash))
            }
        }
    }
}

/// Hashes, the latest last; zeros at first.
#[derive(Clone)]
struct Ring([u64; limits::SEEN]);

impl Default for Ring {
    fn default() -> Self {
        Self([0; limits::SEEN])
    }
}

impl Ring {
    fn push(&mut self, hash: u64) {
        self.0.rotate_left(1);
        if let Some(last) = self.0.last_mut() {
            *last = hash;
        }
    }

    fn has(&self, hash: u64) -> bool {
        self.0.contains(&hash)
    }
}

/// In base64.
impl Serialize for Ring {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = self.0.iter().flat_map(|hash| hash.to_be_bytes()).collect();
        serializer.serialize_str(&BASE64_STANDARD.encode(bytes))
    }
}

impl<'de> Deserialize<'de> for Ring {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = BASE64_STANDARD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)?;
        let (hashes, rest) = bytes.as_chunks();
        let hashes: Vec<u64> = hashes.iter().map(|hash| u64::from_be_bytes(*hash)).collect();
        let ring = hashes.try_into().ok().filter(|_| rest.is_empty());
        ring.map(Self).ok_or_else(|| D::Error::custom("another length"))
    }
}

fn hash(parts: &[&[u8]]) -> u64 {
    let hash = parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part));
    let digest: [u8; 32] = hash.finalize().into();
    digest.first_chunk().copied().map_or(0, u64::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_length_tells_nothing_and_it_is_read_as_it_was_written() {
        let mut seen = Seen::default();
        let length = serde_json::to_vec(&seen).unwrap().len();
        assert!((4096..8192 - 14).contains(&length), "a row of another size: {length}");
        let key = Fingerprint([1; 20]);
        for number in 0..1000 {
            seen.remember(Mark::plain(&number.to_string(), "text", "r", UnixTime(1)));
            seen.remember(Mark::private(key, number % 2 == 0, &number.to_string()));
        }
        let stored = serde_json::to_vec(&seen).unwrap();
        assert_eq!(stored.len(), length);
        let again: Seen = serde_json::from_slice(&stored).unwrap();
        assert!(again.has(Mark::plain("999", "text", "r", UnixTime(1))) && again.has(Mark::private(key, true, "999")));
        assert!(!again.has(Mark::plain("1", "text", "r", UnixTime(1))) && !again.has(Mark::private(key, true, "1")));
        assert!(serde_json::from_str::<Ring>("\"AAAA\"").is_err(), "another length");
    }
}
