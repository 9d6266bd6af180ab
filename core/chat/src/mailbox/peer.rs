//! Who a burner knows, and whose keys they have.

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::contact::{Fingerprint, PeerKey, Security, Standing};
use crate::{ChatError, limits};

/// Somebody who was written to, or has written. Without an address: that was lost.
#[derive(Default, Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Peer {
    /// The bare JID.
    pub jid: String,
    #[zeroize(skip)]
    /// Who they are to the burner.
    pub standing: Standing,
    /// The person's name for them. It never leaves the device.
    pub label: Option<String>,
    /// They have asked for a private conversation, and had no answer.
    #[serde(default)]
    pub(crate) asks_for_private: bool,
    /// They want to see when we are there.
    pub wants_presence: bool,
    /// They have let us see when they are there.
    pub shows_presence: bool,
    /// Their server is to be told that they are blocked, or not any more.
    pub block_due: bool,
    /// Their client sends receipts.
    pub(crate) confirms: bool,
    /// They do not want us to see when they are there.
    pub(crate) refuses: bool,
    /// Steps of the presence handshake that were due were sent.
    pub(crate) introduced: bool,
    pub(crate) keys: Vec<Key>,
    /// The one key that they are to have: scanned, or read out of a URI.
    pub(crate) expected: Option<Fingerprint>,
    /// Texts of this peer were turned away for lack of room, and have to come again.
    #[serde(default)]
    pub(crate) missed: bool,
}

/// A key that a peer has used.
#[derive(Clone, Serialize, Deserialize, Zeroize)]
pub struct Key {
    pub(crate) fingerprint: Fingerprint,
    /// Texts may go to it.
    pub accepted: bool,
    /// The person has compared it, or a comparison of secrets has.
    pub verified: bool,
    pub(crate) verified_us: bool,
    /// Whoever has it knows what it gets twice.
    pub(crate) keeps_texts: bool,
    /// Comparisons in a row that came out different.
    pub(crate) failures: u8,
    /// Its owner can speak version 3 of OTR.
    #[serde(default)]
    pub(crate) spoke_version_3: bool,
}

impl Peer {
    /// A private conversation with this key has begun. The first key is taken as it comes; another one waits for the
    /// person's word, and so does one that is not the expected.
    pub(crate) fn uses(&mut self, fingerprint: Fingerprint) {
        if self.keys.iter().any(|key| key.fingerprint == fingerprint) {
            return;
        }
        let accepted = match self.expected {
            Some(expected) => expected == fingerprint,
            None => self.keys.is_empty(),
        };
        if self.keys.len() >= limits::KEYS {
            // Whoever can write here can have any number of keys; the one that the person knows stays.
            let oldest = self.keys.iter().position(|key| !key.accepted).unwrap_or(0);
            self.keys.remove(oldest);
        }
        self.keys.push(Key {
            fingerprint,
            accepted,
            verified: false,
            verified_us: false,
            keeps_texts: false,
            failures: 0,
            spoke_version_3: false,
        });
    }

    /// A key that they have used, to be changed.
    pub fn key_mut(&mut self, fingerprint: Fingerprint) -> Option<&mut Key> {
        self.keys.iter_mut().find(|key| key.fingerprint == fingerprint)
    }

    /// A key that they have used.
    #[must_use]
    pub fn key(&self, fingerprint: Fingerprint) -> Option<&Key> {
        self.keys.iter().find(|key| key.fingerprint == fingerprint)
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

    /// The person says that this key is the peer's, or that it may be used.
    pub fn accept(&mut self, fingerprint: Fingerprint) {
        if self.expected != Some(fingerprint) {
            self.expected = None;
        }
        self.uses(fingerprint);
        if let Some(key) = self.key_mut(fingerprint) {
            key.accepted = true;
        }
    }

    /// The person knows that this key is the peer's. Others that were only taken as they came have to be accepted anew: the
    /// first may have been somebody else's.
    pub fn verify(&mut self, fingerprint: Fingerprint) {
        self.accept(fingerprint);
        for key in &mut self.keys {
            key.verified |= key.fingerprint == fingerprint;
            key.accepted = key.verified;
        }
    }

    /// Another client of the person's has this key as verified. That does not weigh more than what was scanned here. Whether
    /// it was taken in.
    pub fn learn_verified(&mut self, fingerprint: Fingerprint) {
        if self.expected.is_none_or(|expected| expected == fingerprint) {
            self.verify(fingerprint);
        }
    }

    /// Only this key is to be the peer's: others wait for the user's word. `decided`: the user has said so, knowing that
    /// another is in use or expected; else nothing is taken from that one. A verified key weighs more than either.
    pub fn expect(&mut self, fingerprint: Fingerprint, decided: bool) -> Result<(), ChatError> {
        if self.keys.iter().any(|key| key.verified) && !self.key(fingerprint).is_some_and(|key| key.verified) {
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
