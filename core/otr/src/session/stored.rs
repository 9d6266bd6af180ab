//! A session that outlives its process: its state as bytes, to be sealed by the owner and used once.

use std::sync::Arc;
use std::time::Duration;

use rand::CryptoRng;
use zeroize::Zeroizing;

use super::instance::{Conversation, Instance, Sent, State, Unread};
use super::output::{InstanceTag, TextId};
use super::ratchet::{COUNT_AT_MOST, Ratchet};
use super::{Session, Settings};
use crate::identity::{Fingerprint, Identity};
use crate::wire::codec::{Malformed, Reader, write_data};
use crate::wire::fragment::Assembly;

/// 1 had no messages in pieces, 2 nothing of what the peer has offered, 3 no pieces that came before.
const FORMAT: u8 = 4;

/// What the peer has done with version 3.
const OFFERED_3: u8 = 1;
const SPOKE_3: u8 = 2;

const FINISHED: u8 = 0;
const ENCRYPTED: u8 = 1;
const ENCRYPTED_HTML: u8 = 2;

/// What an instance takes at most, bytes: a few keys, MAC keys to reveal, and ids of texts.
const INSTANCE_AT_MOST: usize = 16 * 1024;

/// Bytes that are no state of this version, or are damaged: begin a new session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no session can be resumed from these bytes")]
pub struct ResumeError;

impl From<Malformed> for ResumeError {
    fn from(_: Malformed) -> Self {
        Self
    }
}

impl Session {
    /// What [`Session::resume`] needs: private and ended conversations, messages of which pieces have come, and what the
    /// peer has offered last and spoken. Exchanges and comparisons that are under way do not live on. The bytes hold keys.
    /// An owner that may be killed at any time takes them, and stores them, before each message goes out, and before it
    /// tells the network that one has come.
    #[must_use]
    pub fn suspend(&self) -> Zeroizing<Vec<u8>> {
        // Enough for all that follows, so that no key stays behind where the bytes were before.
        let length = 64 + self.instances.len() * INSTANCE_AT_MOST + self.assembly.stored_length();
        let mut out = Zeroizing::new(Vec::with_capacity(length));
        out.push(FORMAT);
        out.extend_from_slice(&self.tag.to_be_bytes());
        out.extend_from_slice(&self.last_text.to_be_bytes());
        write_fingerprint(&mut out, self.known);
        out.extend_from_slice(&self.active.unwrap_or(0).to_be_bytes());
        out.push(if self.offered_3 { OFFERED_3 } else { 0 } | if self.spoke_3 { SPOKE_3 } else { 0 });
        let kept = self.instances.iter().filter(|(_, instance)| !matches!(instance.state, State::Plaintext));
        out.push(u8::try_from(kept.clone().count()).unwrap_or(u8::MAX));
        for (tag, instance) in kept {
            out.extend_from_slice(&tag.to_be_bytes());
            let State::Encrypted(conversation) = &instance.state else {
                out.push(FINISHED);
                continue;
            };
            out.push(if conversation.html { ENCRYPTED_HTML } else { ENCRYPTED });
            out.extend_from_slice(&conversation.fingerprint.0);
            out.extend_from_slice(&conversation.ssid);
            let unread = &conversation.unread.texts;
            out.extend_from_slice(&u16::try_from(unread.len()).unwrap_or(u16::MAX).to_be_bytes());
            for sent in unread {
                out.extend_from_slice(&sent.id.0.to_be_bytes());
                out.extend_from_slice(&sent.announced.to_be_bytes());
            }
            conversation.ratchet.store(&mut out);
        }
        // The format has a list of texts that wait here: a session keeps none.
        out.extend_from_slice(&0_u32.to_be_bytes());
        self.assembly.store(&mut out);
        out
    }

    /// Goes on with a session. `settings.tag` is not looked at: the tag is the session's own.
    ///
    /// # Errors
    /// [`ResumeError`].
    pub fn resume(
        state: &[u8],
        identity: Arc<Identity>,
        settings: Settings,
        mut rng: Box<dyn CryptoRng + Send>,
        now: Duration,
    ) -> Result<Self, ResumeError> {
        let mut reader = Reader::new(state);
        if reader.byte()? != FORMAT {
            return Err(ResumeError);
        }
        let tag = reader.int()?;
        let last_text = u64::from_be_bytes(reader.array()?);
        if last_text > COUNT_AT_MOST {
            return Err(ResumeError);
        }
        let known = read_fingerprint(&mut reader)?;
        let active = reader.int()?;
        let version_3 = reader.byte()?;
        if version_3 & !(OFFERED_3 | SPOKE_3) != 0 {
            return Err(ResumeError);
        }
        let mut instances = std::collections::BTreeMap::new();
        for _ in 0..reader.byte()? {
            let tag = reader.int()?;
            let state = match reader.byte()? {
                FINISHED => State::Finished,
                kind @ (ENCRYPTED | ENCRYPTED_HTML) => {
                    let (fingerprint, ssid) = (Fingerprint(reader.array()?), reader.array()?);
                    let mut unread = Unread::default();
                    for _ in 0..reader.short()? {
                        let id = TextId(u64::from_be_bytes(reader.array()?));
                        unread.texts.push_back(Sent { id, announced: reader.int()?, at: now });
                    }
                    let ratchet = Ratchet::restore(&mut reader, &mut *rng)?;
                    let conversation = Conversation::with(ratchet, fingerprint, ssid, now);
                    let html = kind == ENCRYPTED_HTML;
                    State::Encrypted(Box::new(Conversation { html, unread, ..conversation }))
                }
                _ => return Err(ResumeError),
            };
            instances.insert(tag, Instance::in_state(state, now));
        }
        if reader.int()? != 0 {
            return Err(ResumeError);
        }
        let assembly = Assembly::restore(&mut reader, now)?;
        reader.end()?;
        let settings = Settings { tag: Some(InstanceTag(tag)), ..settings };
        let mut session = Self::new(identity, settings, rng, now);
        session.active = instances.contains_key(&active).then_some(active);
        (session.instances, session.assembly) = (instances, assembly);
        (session.known, session.last_text) = (known, last_text);
        session.offered_3 = version_3 & OFFERED_3 != 0;
        session.spoke_3 = version_3 & SPOKE_3 != 0;
        Ok(session)
    }
}

fn write_fingerprint(out: &mut Vec<u8>, fingerprint: Option<Fingerprint>) {
    write_data(out, fingerprint.as_ref().map_or(&[][..], |f| &f.0));
}

fn read_fingerprint(reader: &mut Reader<'_>) -> Result<Option<Fingerprint>, Malformed> {
    match reader.data()? {
        [] => Ok(None),
        bytes => Ok(Some(Fingerprint(bytes.try_into().map_err(|_| Malformed)?))),
    }
}
