//! Which keys of a peer's texts may go to: expected, accepted as they came or by the user, verified.

use std::fmt;

use data_encoding::{HEXLOWER_PERMISSIVE, HEXUPPER};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroize;

use crate::error::ChatError;
use crate::limits;

/// The fingerprint of a long-term OTR key: SHA-1, 20 bytes. Shown in five groups of eight digits, as other clients do. Its
/// `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Zeroize)]
pub struct Fingerprint(pub(crate) [u8; 20]);

impl Fingerprint {
    /// Reads 40 hexadecimal digits; blanks between them do not count.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.split_whitespace().collect();
        HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok()?.try_into().ok().map(Self)
    }

    /// 40 digits without blanks, as URIs have them.
    pub(crate) fn digits(self) -> String {
        self.to_string().replace(' ', "")
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, rest) = self.0.split_at(4);
        f.write_str(&HEXUPPER.encode(first))?;
        rest.chunks(4).try_for_each(|group| write!(f, " {}", HEXUPPER.encode(group)))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(..)")
    }
}

/// As it is shown.
impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).ok_or_else(|| D::Error::custom("no fingerprint"))
    }
}

/// How private what is written now would be: the lock that a screen shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// There is no private conversation. Nothing is sent until there is one.
    #[default]
    Plaintext,
    /// Encrypted, to a key that nobody has compared: it came first, and so may be one of the own server's or of the peer's,
    /// which could read and change everything. A screen should say so until the key is verified.
    Private,
    /// Encrypted, to a key that is known to be the peer's.
    Verified,
    /// The peer has ended the private conversation. Nothing is sent until the user begins a new one, or ends it too.
    Finished,
    /// Encrypted, but to another key than the one that was known or expected, or to one that is not verified any more.
    /// Nothing is sent until the user has accepted it, or ends the conversation.
    KeyChanged,
}

/// A key that a peer has used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PeerKey {
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// The user has compared it, or a comparison of secrets has shown that it is the peer's.
    pub verified: bool,
    /// The peer has compared ours, by a question that the user has answered.
    pub verified_us: bool,
    /// Texts may go to it.
    pub accepted: bool,
}

/// What is known of a peer's keys.
#[derive(Default, Clone, Serialize, Deserialize, Zeroize)]
pub struct Trust {
    pub(crate) keys: Vec<Key>,
    /// The one key that they are to have: scanned, or read out of a URI.
    pub(crate) expected: Option<Fingerprint>,
}

/// A key that a peer has used, as it is stored.
#[derive(Clone, Serialize, Deserialize, Zeroize)]
pub(crate) struct Key {
    pub(crate) fingerprint: Fingerprint,
    /// Texts may go to it.
    pub(crate) accepted: bool,
    /// The user has compared it, or a comparison of secrets has.
    pub(crate) verified: bool,
    pub(crate) verified_us: bool,
    /// The client that has it knows what it gets twice.
    #[serde(rename = "keeps_texts")]
    pub(crate) deduplicates: bool,
    /// Comparisons in a row that came out different.
    pub(crate) failures: u8,
    /// Its owner can speak version 3 of OTR.
    #[serde(default)]
    pub(crate) spoke_version_3: bool,
}

impl Trust {
    /// A private conversation with this key has begun. The first key is taken as it comes; another one waits for the
    /// user's word, and so does one that is not the expected.
    pub(crate) fn trusts_on_first_use(&mut self, fingerprint: Fingerprint) {
        if self.keys.iter().any(|key| key.fingerprint == fingerprint) {
            return;
        }
        let accepted = match self.expected {
            Some(expected) => expected == fingerprint,
            None => self.keys.is_empty(),
        };
        if self.keys.len() >= limits::KEYS {
            // Anybody who can write here can have any number of keys; the one that the user knows stays.
            let oldest = self.keys.iter().position(|key| !key.accepted).unwrap_or(0);
            self.keys.remove(oldest);
        }
        self.keys.push(Key {
            fingerprint,
            accepted,
            verified: false,
            verified_us: false,
            deduplicates: false,
            failures: 0,
            spoke_version_3: false,
        });
    }

    /// A key that they have used, to be changed.
    pub(crate) fn key_mut(&mut self, fingerprint: Fingerprint) -> Option<&mut Key> {
        self.keys.iter_mut().find(|key| key.fingerprint == fingerprint)
    }

    /// A key that they have used.
    pub(crate) fn key(&self, fingerprint: Fingerprint) -> Option<&Key> {
        self.keys.iter().find(|key| key.fingerprint == fingerprint)
    }

    /// This key has spoken this version of OTR.
    pub(crate) fn note_version(&mut self, fingerprint: Fingerprint, version: u8) {
        if let Some(key) = self.key_mut(fingerprint).filter(|_| version == 3) {
            key.spoke_version_3 = true;
        }
    }

    /// Whether an offer of version 2 alone is not theirs, or hides what they can. A key that was not accepted may be anybody's:
    /// it ends nothing.
    pub(crate) fn has_spoken_version_3(&self) -> bool {
        self.keys.iter().any(|key| key.accepted && key.spoke_version_3)
    }

    /// Whether texts may go to this key.
    pub(crate) fn accepts(&self, fingerprint: Fingerprint) -> bool {
        self.key(fingerprint).is_some_and(|key| key.accepted)
    }

    /// The user says that this key is the peer's, or that it may be used.
    pub fn accept(&mut self, fingerprint: Fingerprint) {
        if self.expected != Some(fingerprint) {
            self.expected = None;
        }
        self.trusts_on_first_use(fingerprint);
        if let Some(key) = self.key_mut(fingerprint) {
            key.accepted = true;
        }
    }

    /// The user knows that this key is the peer's. Others that were only taken as they came have to be accepted anew: the
    /// first may have been somebody else's.
    pub fn verify(&mut self, fingerprint: Fingerprint) {
        self.accept(fingerprint);
        for key in &mut self.keys {
            key.verified |= key.fingerprint == fingerprint;
            key.accepted = key.verified;
        }
    }

    /// The user takes back that this key is the peer's: no text goes to it before it is accepted again. The others stay as they
    /// are.
    pub fn distrust(&mut self, fingerprint: Fingerprint) {
        if let Some(key) = self.key_mut(fingerprint) {
            (key.verified, key.accepted) = (false, false);
        }
    }

    /// Another client of the user's has this key as verified. That does not weigh more than what was scanned here. Whether
    /// it was taken in.
    pub fn learn_verified(&mut self, fingerprint: Fingerprint) {
        if self.expected.is_none_or(|expected| expected == fingerprint) {
            self.verify(fingerprint);
        }
    }

    /// Only this key is to be the peer's: others wait for the user's word. `decided`: the user has said so, knowing that
    /// another is in use or expected; else nothing is taken from that one. A verified key weighs more than either.
    pub fn expect(&mut self, fingerprint: Fingerprint, decided: bool) -> Result<(), ChatError> {
        if self.keys.iter().any(|key| key.verified) && !self.is_verified(fingerprint) {
            return Err(ChatError::OtherKeyVerified);
        }
        let is_other = |key: &Key| key.fingerprint != fingerprint && key.accepted && !key.verified;
        let other_expected = self.expected.is_some_and(|expected| expected != fingerprint);
        if !decided && (other_expected || self.keys.iter().any(is_other)) {
            return Err(ChatError::OtherKeyInUse);
        }
        self.expected = Some(fingerprint);
        self.keys.iter_mut().for_each(|key| key.accepted = key.verified || key.fingerprint == fingerprint);
        Ok(())
    }

    /// Whether this key is known to be the peer's.
    #[must_use]
    pub fn is_verified(&self, fingerprint: Fingerprint) -> bool {
        self.key(fingerprint).is_some_and(|key| key.verified)
    }

    /// How private a conversation with this key is.
    pub(crate) fn security(&self, fingerprint: Fingerprint) -> Security {
        match self.key(fingerprint) {
            Some(key) if key.accepted && key.verified => Security::Verified,
            Some(key) if key.accepted => Security::Private,
            _ => Security::KeyChanged,
        }
    }

    pub(crate) fn shown_keys(&self) -> Vec<PeerKey> {
        let show = |key: &Key| PeerKey {
            fingerprint: key.fingerprint,
            verified: key.verified,
            verified_us: key.verified_us,
            accepted: key.accepted,
        };
        self.keys.iter().map(show).collect()
    }
}
