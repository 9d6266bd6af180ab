//! One client of the peer's account.

use std::collections::VecDeque;
use std::time::Duration;

use rand::CryptoRng;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::ake::{Ake, Established, Initiative};
use super::limits::{CROSSING, IN_TRANSIT, UNREAD_AT_MOST, has_passed};
use super::output::{Output, SmpEvent, TextId};
use super::ratchet::{Ratchet, Unreadable};
use super::smp::{Progress, Smp};
use crate::crypto::group::{Element, Exponent};
use crate::identity::Fingerprint;
use crate::wire::html;
use crate::wire::message::Data;
use crate::wire::tlv::{self, Content, Tlv};

/// What is known of one client.
#[derive(Default)]
pub(crate) struct Instance {
    pub(crate) ake: Ake,
    since: Duration,
    /// When it has last shown that it is there.
    pub(crate) heard: Duration,
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
    pub(crate) fn in_state(state: State, now: Duration) -> Self {
        Self { state, heard: now, ..Self::default() }
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

    /// Takes a commit that is sent to all for one to this instance.
    pub(crate) fn begin(&mut self, initiative: &Initiative, now: Duration) {
        self.adopted = Some(initiative.hash());
        self.set_ake(Ake::AwaitingDhKey(initiative.clone()), now);
    }

    /// Takes a commit that was sent to all for one to this instance, unless it is past that.
    pub(crate) fn adopt(&mut self, initiative: &Initiative, now: Duration) {
        if matches!(self.ake, Ake::None) && !self.has_adopted(initiative) {
            self.begin(initiative, now);
        }
    }

    /// Whether this instance has answered a commit to all.
    pub(crate) fn has_adopted(&self, initiative: &Initiative) -> bool {
        self.adopted == Some(initiative.hash())
    }

    /// Whether this instance was sent a commit to all, and has not answered.
    pub(crate) fn awaits(&self, initiative: &Initiative) -> bool {
        matches!(self.ake, Ake::AwaitingDhKey(_)) && self.has_adopted(initiative)
    }

    /// Nothing is known that would be missed.
    pub(crate) fn is_empty(&self) -> bool {
        matches!((&self.ake, &self.state), (Ake::None, State::Plaintext))
    }

    pub(crate) const fn is_private(&self) -> bool {
        matches!(self.state, State::Encrypted(_))
    }

    pub(crate) fn conversation(&mut self) -> Option<&mut Conversation> {
        if let State::Encrypted(conversation) = &mut self.state { Some(conversation) } else { None }
    }

    /// An exchange has made some steps and no more, and nothing confirms what went out under the keys before it.
    pub(crate) fn is_stuck(&self) -> bool {
        let unread = matches!(&self.state, State::Encrypted(conversation) if !conversation.unread.texts.is_empty());
        unread && matches!(self.ake, Ake::AwaitingRevealSig { .. } | Ake::AwaitingSig { .. })
    }

    /// What stays open when it is forgotten: nothing was confirmed by that.
    pub(crate) fn left_open(&mut self) -> Vec<Output> {
        self.conversation().map(Conversation::left_open).unwrap_or_default()
    }

    /// The peer's key in a private conversation.
    pub(crate) fn fingerprint(&self) -> Option<Fingerprint> {
        if let State::Encrypted(conversation) = &self.state { Some(conversation.fingerprint) } else { None }
    }

    /// The key that asks for a comparison, if it was not answered yet.
    pub(crate) fn asker(&self) -> Option<Fingerprint> {
        if let State::Encrypted(conversation) = &self.state
            && matches!(conversation.smp, Smp::Asked(_))
        {
            return Some(conversation.fingerprint);
        }
        None
    }

    /// What is sent now could not be read: the peer may have taken the new keys already, or has lost the old ones.
    pub(crate) fn changes_keys(&self) -> bool {
        let lost = matches!(&self.state, State::Encrypted(conversation) if conversation.lost);
        matches!(self.ake, Ake::AwaitingSig { .. }) || lost && !matches!(self.ake, Ake::None)
    }

    /// Whether this key is ours: a message that announces it is one of ours.
    pub(crate) fn has_announced(&self, key: &Element) -> bool {
        matches!(&self.state, State::Encrypted(conversation) if conversation.ratchet.has_announced(key))
    }

    /// Since when the keys before the present ones are kept.
    pub(crate) fn old_keys_since(&self) -> Option<Duration> {
        let State::Encrypted(conversation) = &self.state else { return None };
        conversation.old.as_ref().map(|(_, since)| *since)
    }

    pub(crate) fn forget_old_keys(&mut self, now: Duration) {
        if let Some(conversation) = self.conversation()
            && let Some((old, _)) = conversation.old.take_if(|(_, since)| has_passed(IN_TRANSIT, *since, now))
        {
            conversation.ratchet.reveal_for(old);
        }
    }
}

/// A private conversation.
pub(crate) struct Conversation {
    pub(crate) ratchet: Ratchet,
    /// The one before, with the same key, and when it was replaced: what was on the way is still read.
    pub(crate) old: Option<(Ratchet, Duration)>,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) ssid: [u8; 8],
    pub(crate) smp: Smp,
    /// Whether the comparison that runs is ours.
    pub(crate) we_asked: bool,
    /// Whether it has a question.
    pub(crate) with_question: bool,
    pub(crate) last_sent: Duration,
    /// Whether the peer's texts are HTML, and ours are read as that.
    pub(crate) html: bool,
    /// There are signs that the peer has not got these keys any more.
    pub(crate) lost: bool,
    pub(crate) unread: Unread,
}

/// What a message held.
pub(crate) struct Opened {
    pub(crate) plaintext: Vec<u8>,
    /// It came under the keys of this conversation, not under those of the one before.
    pub(crate) is_current: bool,
}

impl Conversation {
    pub(crate) fn new(established: Established, rng: &mut dyn CryptoRng, now: Duration) -> Self {
        let (fingerprint, ssid) = (established.fingerprint, established.ssid);
        Self::with(Ratchet::new(established, rng), fingerprint, ssid, now)
    }

    /// One that goes on.
    pub(crate) fn with(ratchet: Ratchet, fingerprint: Fingerprint, ssid: [u8; 8], now: Duration) -> Self {
        Self {
            ratchet,
            old: None,
            fingerprint,
            ssid,
            smp: Smp::default(),
            we_asked: false,
            with_question: false,
            last_sent: now,
            html: false,
            lost: false,
            unread: Unread::default(),
        }
    }

    pub(crate) fn open(
        &mut self,
        data: &Data<'_>,
        rng: &mut dyn CryptoRng,
        now: Duration,
    ) -> Result<Opened, Unreadable> {
        match self.ratchet.open(data, rng) {
            Ok(plaintext) => {
                self.unread.confirm(data.recipient_keyid, now);
                self.lost = false;
                Ok(Opened { plaintext, is_current: true })
            }
            Err(Unreadable::Lost) => {
                let (old, _) = self.old.as_mut().ok_or(Unreadable::Lost)?;
                old.open(data, rng).map(|plaintext| Opened { plaintext, is_current: false })
            }
            Err(late) => Err(late),
        }
    }

    /// A text has gone out. Until a message of the peer's confirms it, it may be unread.
    pub(crate) fn may_be_unread(&mut self, id: TextId, at: Duration) {
        self.unread.push(Sent { id, announced: self.ratchet.announced(), at });
    }

    /// Its keys, for what is still on the way when others take their place.
    pub(crate) fn into_old(mut self, now: Duration) -> (Ratchet, Duration) {
        if let Some((old, _)) = self.old {
            self.ratchet.reveal_for(old);
        }
        (self.ratchet, now)
    }

    /// What its end leaves open.
    pub(crate) fn left_open(&mut self) -> Vec<Output> {
        let mut left = self.unread.take_all();
        left.extend(self.smp.is_running().then_some(Output::Smp(SmpEvent::Aborted)));
        left
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
        let readable = html::written_by_client(&text);
        self.html = readable.is_some();
        // Mark-up without words, a picture say, is shown as it is.
        readable.filter(|readable| !readable.is_empty()).unwrap_or(text)
    }

    /// What a record of the comparison leads to: news, and a record to answer with.
    pub(crate) fn smp_record(&mut self, record: &Tlv, rng: &mut dyn CryptoRng) -> (Option<SmpEvent>, Option<Tlv>) {
        let running = self.smp.is_running();
        match self.smp.receive(record, rng) {
            Progress::Asked { question } => {
                (self.we_asked, self.with_question) = (false, question.is_some());
                (Some(SmpEvent::Asked { question, fingerprint: self.fingerprint }), None)
            }
            Progress::Send(answer) => (None, Some(answer)),
            Progress::Done { equal: true, send } => {
                let (we_asked, with_question) = (self.we_asked, self.with_question);
                (Some(SmpEvent::Equal { fingerprint: self.fingerprint, we_asked, with_question }), send)
            }
            Progress::Done { equal: false, send } => {
                (Some(SmpEvent::Different { fingerprint: self.fingerprint }), send)
            }
            Progress::Broken => {
                (running.then_some(SmpEvent::Aborted), Some(Tlv { kind: tlv::SMP_ABORT, value: Vec::new() }))
            }
        }
    }
}

/// The texts that went out and that no message of the peer's confirms: it may not have read them.
#[derive(Default)]
pub(crate) struct Unread {
    pub(crate) texts: VecDeque<Sent>,
    /// The greatest serial number of ours that the peer has named.
    confirmed: u32,
}

/// A text that went out.
pub(crate) struct Sent {
    pub(crate) id: TextId,
    /// The serial number of the key that it announced.
    pub(crate) announced: u32,
    pub(crate) at: Duration,
}

impl Unread {
    pub(crate) fn push(&mut self, sent: Sent) {
        if self.texts.len() >= UNREAD_AT_MOST {
            self.texts.pop_front();
        }
        self.texts.push_back(sent);
    }

    /// The peer names a key of ours: it has read the first text that announced it, and those before. Of the others it
    /// tells nothing if they may have crossed its message on the way.
    pub(crate) fn confirm(&mut self, named: u32, now: Duration) {
        let mut first = named > self.confirmed;
        while let Some(sent) = self.texts.front() {
            let this_key = sent.announced == named && (first || has_passed(CROSSING, sent.at, now));
            if sent.announced >= named && !this_key {
                break;
            }
            first &= sent.announced != named;
            self.texts.pop_front();
        }
        self.confirmed = self.confirmed.max(named);
    }

    pub(crate) fn take_all(&mut self) -> Vec<Output> {
        std::mem::take(self).texts.into_iter().map(|sent| Output::Unread(sent.id)).collect()
    }
}
