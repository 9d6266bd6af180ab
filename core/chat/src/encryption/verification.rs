//! Comparisons of a secret with a peer (the Socialist Millionaires' Protocol), and what comes of them for keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;

use crate::contact::{Peer, PeerId};
use crate::encryption::session::Compared;
use crate::event::{Comparison, News, beginning};
use crate::limits;
use crate::table::Table;
use crate::trust::{Fingerprint, Trust};

/// Comparisons that wait for the user's answer, by the peer and the key that has asked.
#[derive(Default, Clone)]
pub(crate) struct Questions(BTreeMap<(PeerId, Fingerprint), Comparison>);

impl Questions {
    /// What a peer waits for.
    pub(crate) fn of(&self, peer: PeerId) -> Option<&Comparison> {
        self.0.iter().find(|((of, _), _)| *of == peer).map(|(_, question)| question)
    }

    /// The key that the answer to a question goes to. A user who was asked one thing is not to answer another: without a question
    /// the answer would verify the peer.
    pub(crate) fn asker(&self, peer: PeerId, trust: &Trust, shown: Option<&str>) -> Option<Fingerprint> {
        let asked = Comparison::Asked { question: shown.map(str::to_owned) };
        let is_it = |(of, key): &(PeerId, Fingerprint)| *of == peer && trust.accepts(*key);
        let ((_, key), _) = self.0.iter().find(|(by, question)| is_it(by) && **question == asked)?;
        Some(*key)
    }

    /// Only these still ask; whether others had.
    pub(crate) fn keep(&mut self, peer: PeerId, askers: &[Fingerprint]) -> bool {
        let ended = |(of, key): &(PeerId, Fingerprint)| *of == peer && !askers.contains(key);
        self.0.extract_if(.., |by, _| ended(by)).count() > 0
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// News of a comparison. `Some`: it is to be ended, as this key must not go on with it.
pub(crate) fn hear(
    peers: &mut Table<PeerId, Peer>,
    questions: &mut Questions,
    news: &mut News,
    peer: PeerId,
    event: Compared,
) -> Option<Fingerprint> {
    let comparison = match event {
        Compared::Asked { question, key: asker } => {
            let key = peers.get(&peer).and_then(|peer| peer.trust.key(asker));
            if key.is_none_or(|key| !key.accepted || key.failures >= limits::COMPARISONS) {
                // A peer that guesses is not helped to go on, nor is the user bothered; nor by an unknown key.
                return Some(asker);
            }
            let asked = Comparison::Asked { question: question.map(beginning) };
            questions.0.insert((peer, asker), asked.clone());
            asked
        }
        Compared::Equal { key, we_asked, with_question } => {
            let by_us = we_asked || !with_question;
            if let Some(peer) = peers.get_mut(&peer).map(Arc::make_mut) {
                if by_us {
                    // It is the peer's, whatever was known before.
                    peer.trust.verify(key);
                }
                if let Some(key) = peer.trust.key_mut(key) {
                    key.failures = 0;
                    key.verified_us |= !by_us;
                }
            }
            if by_us { Comparison::Verified } else { Comparison::VerifiedUs }
        }
        Compared::Different { key } => {
            let known = peers.get_mut(&peer).map(Arc::make_mut);
            if let Some(key) = known.and_then(|peer| peer.trust.key_mut(key)) {
                key.failures = key.failures.saturating_add(1);
            }
            Comparison::Different
        }
        Compared::Aborted => Comparison::Aborted,
    };
    news.conversations.insert(peer);
    news.comparisons.push((peer, comparison));
    None
}

/// Whether a secret is none: nothing that a user would see or say.
pub fn is_blank(secret: &str) -> bool {
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    // The pattern of Braille without a dot is no blank to Unicode.
    secret.chars().all(|c| c.is_whitespace() || c.is_control() || c == '\u{2800}' || ignorable.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_secrets() {
        let mut blank: Vec<String> =
            ["", " ", "\t\r\n", "\u{a0}\u{3000}", "\u{feff}\u{2060} "].map(str::to_owned).into();
        // Marks of direction, joiners, fillers, selectors of variants, tags.
        let invisible = [
            0xad, 0x34f, 0x61c, 0x115f, 0x1160, 0x180e, 0x200b, 0x202e, 0x2067, 0x2800, 0x3164, 0xfe0f, 0xffa0, 0xe0041,
        ];
        blank.extend(invisible.map(|c| char::from_u32(c).unwrap().to_string()));
        for blank in blank {
            assert!(is_blank(&blank), "{blank:?}");
        }
        for secret in ["a", " 0 ", "\u{1f4f1}", "."] {
            assert!(!is_blank(secret), "{secret:?}");
        }
    }
}
