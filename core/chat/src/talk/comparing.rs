//! Comparisons of a secret with a peer: the Socialist Millionaires' Protocol of OTR, and what comes of it for keys.

use flashpaper_otr::{self as otr, NotPrivate, SmpEvent};
use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;

use super::{Talk, beginning};
use crate::error::ChatError;
use crate::event::Comparison;
use crate::limits;
use crate::trust::Fingerprint;

impl Talk<'_> {
    /// Compares a secret with the peer (OTR, Socialist Millionaires' Protocol): with the key that texts go to.
    ///
    /// # Errors
    /// [`ChatError::NotPrivate`].
    pub fn compare(&mut self, peer: u64, secret: &str, question: Option<&str>) -> Result<(), ChatError> {
        let (_, key) = self.choose(peer).ok_or(ChatError::NotPrivate)?;
        let outputs = self
            .with(peer, |session| session.smp_start(secret, question))
            .map_err(|NotPrivate| ChatError::NotPrivate)?;
        if let Some(key) = self.mailbox.peer_mut(peer).and_then(|known| known.trust.key_mut(key)) {
            key.failures = 0;
        }
        self.carry_out(peer, None, outputs);
        Ok(())
    }

    /// Answers a comparison that the peer has asked for; `shown`: the question as the person has seen it.
    ///
    /// # Errors
    /// [`ChatError::NothingAsked`].
    pub fn answer(&mut self, peer: u64, secret: &str, shown: Option<&str>) -> Result<(), ChatError> {
        // Whoever was asked one thing is not to answer another: without a question the answer would verify the peer.
        let asked = Comparison::Asked { question: shown.map(str::to_owned) };
        let known = self.mailbox.peers.get(&peer).ok_or(ChatError::NothingAsked)?;
        let is_it = |(of, key): &(u64, Fingerprint)| *of == peer && known.trust.accepts(*key);
        let mut questions = self.sessions.questions.iter().filter(|(by, question)| is_it(by) && **question == asked);
        let ((_, key), _) = questions.next().ok_or(ChatError::NothingAsked)?;
        let key = otr::Fingerprint(key.0);
        let outputs = self.with(peer, |session| session.smp_answer(secret, Some(key)));
        self.carry_out(peer, None, outputs.map_err(|_| ChatError::NothingAsked)?);
        Ok(())
    }

    /// Ends a comparison without a result.
    ///
    /// # Errors
    /// [`ChatError::NotPrivate`].
    pub fn abort_comparison(&mut self, peer: u64) -> Result<(), ChatError> {
        let outputs = self.with(peer, |session| session.smp_abort(None)).map_err(|NotPrivate| ChatError::NotPrivate)?;
        self.news.conversations.insert(peer);
        self.carry_out(peer, None, outputs);
        Ok(())
    }

    pub(super) fn compared(&mut self, peer: u64, event: SmpEvent) {
        let comparison = match event {
            SmpEvent::Asked { question, fingerprint } => {
                let key = self.mailbox.peers.get(&peer).and_then(|peer| peer.trust.key(fingerprint.into()));
                if key.is_none_or(|key| !key.accepted || key.failures >= limits::COMPARISONS) {
                    // A peer that guesses is not helped to go on, nor is the user bothered; nor by an unknown key.
                    if let Ok(outputs) = self.with(peer, |session| session.smp_abort(Some(fingerprint))) {
                        self.carry_out(peer, None, outputs);
                    }
                    return;
                }
                let asked = Comparison::Asked { question: question.map(beginning) };
                self.sessions.questions.insert((peer, fingerprint.into()), asked.clone());
                self.news.conversations.insert(peer);
                self.news.comparisons.push((peer, asked));
                return;
            }
            SmpEvent::Equal { fingerprint, we_asked, with_question } => {
                let by_us = we_asked || !with_question;
                if let Some(peer) = self.mailbox.peer_mut(peer) {
                    if by_us {
                        // It is the peer's, whatever was known before.
                        peer.trust.verify(fingerprint.into());
                    }
                    if let Some(key) = peer.trust.key_mut(fingerprint.into()) {
                        key.failures = 0;
                        key.verified_us |= !by_us;
                    }
                }
                if by_us { Comparison::Verified } else { Comparison::VerifiedUs }
            }
            SmpEvent::Different { fingerprint } => {
                if let Some(key) = self.mailbox.peer_mut(peer).and_then(|peer| peer.trust.key_mut(fingerprint.into())) {
                    key.failures = key.failures.saturating_add(1);
                }
                Comparison::Different
            }
            SmpEvent::Aborted => Comparison::Aborted,
        };
        self.news.conversations.insert(peer);
        self.news.comparisons.push((peer, comparison));
    }
}

/// Whether a secret is none: nothing that a person would see or say.
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
