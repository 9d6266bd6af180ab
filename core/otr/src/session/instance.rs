//! One client of the peer's account.

use std::time::Duration;

use rand::CryptoRng;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::ake::{Ake, Established, Initiative};
use super::output::{SmpEvent, TextId};
use super::ratchet::Ratchet;
use super::smp::{Progress, Smp};
use crate::crypto::group::Exponent;
use crate::identity::Fingerprint;
use crate::wire::html;
use crate::wire::tlv::{self, Content, Tlv};

/// What is known of one client.
#[derive(Default)]
pub(crate) struct Instance {
    pub(crate) ake: Ake,
    since: Duration,
    pub(crate) state: State,
    /// The commit to all that this instance has answered: an answer that comes twice begins nothing.
    adopted: Option<[u8; 32]>,
}

/// MSGSTATE of the spec.
#[derive(Default)]
pub(crate) enum State {
    #[default]
    Plaintext,
    Encrypted(Box<Conversation>),
    Finished,
}

impl Instance {
    /// As it was before its process ended.
    pub(crate) fn in_state(state: State) -> Self {
        Self { state, ..Self::default() }
    }

    pub(crate) fn set_ake(&mut self, ake: Ake, now: Duration) {
        (self.ake, self.since) = (ake, now);
    }

    /// The exchange has made a step.
    pub(crate) const fn touch(&mut self, now: Duration) {
        self.since = now;
    }

    /// Since when an exchange waits for its next step.
    pub(crate) fn ake_since(&self) -> Option<Duration> {
        (!matches!(self.ake, Ake::None)).then_some(self.since)
    }

    /// Takes a commit that was sent to all for one to this instance.
    pub(crate) fn adopt(&mut self, initiative: &Initiative, now: Duration) {
        if matches!(self.ake, Ake::None) && !self.has_adopted(initiative) {
            self.adopted = Some(initiative.hash());
            self.set_ake(Ake::AwaitingDhKey(initiative.clone()), now);
        }
    }

    /// Whether this instance has answered a commit to all.
    pub(crate) fn has_adopted(&self, initiative: &Initiative) -> bool {
        self.adopted == Some(initiative.hash())
    }

    /// Nothing is known that would be missed.
    pub(crate) fn is_empty(&self) -> bool {
        matches!((&self.ake, &self.state), (Ake::None, State::Plaintext))
    }

    /// Whose key a private conversation has.
    pub(crate) fn fingerprint(&self) -> Option<Fingerprint> {
        if let State::Encrypted(conversation) = &self.state { Some(conversation.fingerprint) } else { None }
    }
}

/// A private conversation.
pub(crate) struct Conversation {
    pub(crate) ratchet: Ratchet,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) ssid: [u8; 8],
    pub(crate) smp: Smp,
    /// Whether the comparison that runs is ours.
    pub(crate) we_asked: bool,
    pub(crate) last_sent: Duration,
    /// Whether the peer's texts are HTML, and ours are read as that.
    pub(crate) html: bool,
    /// The last text, until the peer is heard again: it may not have been read.
    pub(crate) unread: Option<(TextId, Zeroizing<String>, Duration)>,
}

impl Conversation {
    pub(crate) fn new(established: Established, rng: &mut dyn CryptoRng, now: Duration) -> Self {
        let (fingerprint, ssid) = (established.fingerprint, established.ssid);
        Self::with(Ratchet::new(established, rng), fingerprint, ssid, false, now)
    }

    /// One that goes on.
    pub(crate) fn with(ratchet: Ratchet, fingerprint: Fingerprint, ssid: [u8; 8], html: bool, now: Duration) -> Self {
        Self { ratchet, fingerprint, ssid, smp: Smp::default(), we_asked: false, last_sent: now, html, unread: None }
    }

    /// The secret as SMP compares it: bound to both keys and this session.
    pub(crate) fn smp_secret(&self, ours: &Fingerprint, we_ask: bool, secret: &str) -> Exponent {
        const VERSION: u8 = 1;
        let (initiator, responder) = if we_ask { (ours, &self.fingerprint) } else { (&self.fingerprint, ours) };
        let hash = Sha256::new().chain_update([VERSION]).chain_update(initiator.0).chain_update(responder.0);
        let hash: Zeroizing<[u8; 32]> =
            Zeroizing::new(hash.chain_update(self.ssid).chain_update(secret.as_bytes()).finalize().into());
        Exponent::from_hash(&hash)
    }

    /// A text of the peer's as it is meant. Clients that write HTML do not pad.
    pub(crate) fn readable(&mut self, content: Content) -> String {
        let Content { text, padded, .. } = content;
        if padded || !text.contains(['<', '>', '&']) {
            return text;
        }
        let readable = html::to_text(&text);
        self.html = readable.is_some();
        readable.unwrap_or(text)
    }

    pub(crate) fn smp_is_running(&self) -> bool {
        self.smp.is_running()
    }

    /// What a record of the comparison leads to: news, and a record to answer with.
    pub(crate) fn smp_record(&mut self, record: &Tlv, rng: &mut dyn CryptoRng) -> (Option<SmpEvent>, Option<Tlv>) {
        match self.smp.receive(record, rng) {
            Progress::Asked { question } => {
                self.we_asked = false;
                (Some(SmpEvent::Asked { question }), None)
            }
            Progress::Send(answer) => (None, Some(answer)),
            Progress::Done { equal: true, send } => {
                (Some(SmpEvent::Equal { fingerprint: self.fingerprint, we_asked: self.we_asked }), send)
            }
            Progress::Done { equal: false, send } => {
                (Some(SmpEvent::Different { fingerprint: self.fingerprint }), send)
            }
            Progress::Broken => (Some(SmpEvent::Aborted), Some(Tlv { kind: tlv::SMP_ABORT, value: Vec::new() })),
        }
    }
}
