//! A conversation with one account, and its instances. Messages come in by `receiving`, go out by `sending`,
//! and private conversations begin by `exchanging`.

mod ake;
mod exchanging;
mod instance;
mod limits;
mod output;
mod ratchet;
mod receiving;
#[cfg(feature = "lab")]
mod secrets;
mod sending;
mod smp;
mod stored;
mod to_all;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rand::CryptoRng;

pub use output::{Attention, InstanceTag, Output, SmpEvent, TextId};
pub use stored::ResumeError;

use crate::identity::{Fingerprint, Identity};
use crate::timer::Timer;
use crate::wire::fragment::{self, Assembly};
use crate::wire::message::{LEAST_TAG, NO_TAG};
use crate::wire::tlv::{self, Tlv};
use instance::{Conversation, Instance, State};
use limits::{AKE_PATIENCE, GREATEST_TAG, IN_TRANSIT, LABEL_AT_MOST, QUESTION_AT_MOST, STALE, has_passed};
use to_all::ToAll;

/// How a session behaves.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings {
    /// Our instance tag, kept for the account's life: see [`Session::tag`]. Drawn anew when absent. One that not every
    /// client accepts, outside 0x100 ..= 0x11111111, is taken as the nearest that they do.
    pub tag: Option<InstanceTag>,
    /// The longest message that the network takes, bytes; longer ones go out in fragments. Less than 100 is taken as 100.
    pub limit: Option<usize>,
    /// Whether a client that offers nothing newer is spoken to in version 2, unless it has spoken version 3 here or offered it
    /// last: an owner that knows more of it says so by [`Session::set_version_2`]. Of clients without instance tags there can be one.
    pub version_2: bool,
    /// Whether the owner keeps texts and names them ([`Session::send`]): each private conversation begins with saying
    /// so, in private.
    pub deduplicates: bool,
}

/// There is no private conversation to do this in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no private conversation")]
pub struct NotPrivate;

/// Why a text was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// There is no private conversation, or its keys are about to change: what is sent now could not be read.
    #[error("no text can be sent now")]
    NotReady,
    /// It does not fit into the fragments that the network allows.
    #[error("the text is too long for the network")]
    TooLong,
}

/// There is no comparison to answer: nobody has asked, or it has ended since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no comparison to answer")]
pub struct NotAsked;

/// A conversation with one account.
///
/// Time stands still between calls of [`Session::tick`]: call it before anything else that is done after a while.
pub struct Session {
    identity: Arc<Identity>,
    rng: Box<dyn CryptoRng + Send>,
    deduplicates: bool,
    version_2: bool,
    tag: u32,
    limit: usize,
    now: Duration,
    instances: BTreeMap<u32, Instance>,
    /// Whom texts go to.
    active: Option<u32>,
    /// The key that `active` has or had: by themselves texts go over only to an instance with the same key.
    known: Option<Fingerprint>,
    to_all: Option<ToAll>,
    /// Since when a query waits for its answer.
    asked: Option<Duration>,
    /// When an exchange was last begun because a session was lost.
    renewed: Option<Duration>,
    /// One that has to wait until that is long enough ago: with an instance, or whichever there are.
    renewal_due: Option<Option<u32>>,
    /// When we ended the conversation: what was on the way then begins nothing.
    ended: Option<Duration>,
    assembly: Assembly,
    last_text: u64,
    /// Goes along with each text.
    timer: Option<Timer>,
    /// The last query or tag of the peer's that offered a version we know offered version 3.
    offered_3: bool,
    /// A private conversation has begun in version 3: kept when it ends.
    spoke_3: bool,
}

impl Session {
    /// `now` is the time since any moment that stays the same; it tells only how long things take.
    #[must_use]
    pub fn new(identity: Arc<Identity>, settings: Settings, mut rng: Box<dyn CryptoRng + Send>, now: Duration) -> Self {
        let tag = settings.tag.map_or_else(|| draw_tag(&mut *rng), |tag| tag.0.clamp(LEAST_TAG, GREATEST_TAG));
        Self {
            identity,
            rng,
            deduplicates: settings.deduplicates,
            version_2: settings.version_2,
            tag,
            limit: bounded(settings.limit),
            now,
            instances: BTreeMap::new(),
            active: None,
            known: None,
            to_all: None,
            asked: None,
            renewed: None,
            renewal_due: None,
            ended: None,
            assembly: Assembly::default(),
            last_text: 0,
            timer: None,
            offered_3: false,
            spoke_3: false,
        }
    }

    /// A message of the network.
    pub fn receive(&mut self, wire: &str) -> Vec<Output> {
        let mut out = Vec::new();
        self.receive_wire(wire, &mut out);
        self.tell_lost(&mut out);
        out
    }

    /// Sends a text that its owner keeps, at once or not at all: its number, and what to send for it. `label` names it
    /// inside the encryption, in 64 bytes at most: a peer of the same kind knows by it what it gets twice. One that may not
    /// have been read is named ([`Output::Unread`]). NUL characters are left out: they cannot be sent.
    ///
    /// # Errors
    /// [`NotSent`]: the text goes nowhere.
    pub fn send(&mut self, text: &str, label: &str) -> Result<(TextId, Vec<Output>), NotSent> {
        let tag = self.active.filter(|_| self.is_ready()).ok_or(NotSent::NotReady)?;
        let mut out = Vec::new();
        let label = label.split_at(label.floor_char_boundary(LABEL_AT_MOST)).0;
        let label = Tlv { kind: tlv::LABEL, value: label.as_bytes().to_vec() };
        let timer = self.timer.map(|timer| Tlv { kind: tlv::TIMER, value: tlv::write_timer(timer) });
        let records: Vec<Tlv> = std::iter::once(label).chain(timer).collect();
        if !self.seal(tag, &text.replace('\0', ""), &records, false, &mut out) {
            return Err(NotSent::TooLong);
        }
        self.last_text += 1;
        let (id, now) = (TextId(self.last_text), self.now);
        if let Some(conversation) = self.conversation(tag) {
            conversation.may_be_unread(id, now);
        }
        Ok((id, out))
    }

    /// Says how long texts are kept along with each text from now on. It is not part of what resumes a session.
    pub const fn set_timer(&mut self, timer: Option<Timer>) {
        self.timer = timer;
    }

    /// Whether [`Session::send`] would send now.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        let active = self.active.and_then(|tag| self.instances.get(&tag));
        active.is_some_and(|instance| instance.is_private() && !instance.changes_keys())
    }

    /// The texts that went out and that no message of the peer's confirms.
    #[must_use]
    pub fn unconfirmed(&self) -> Vec<TextId> {
        let conversations = self.instances.values().filter_map(|instance| match &instance.state {
            State::Encrypted(conversation) => Some(conversation),
            _ => None,
        });
        conversations.flat_map(|conversation| conversation.unread.texts.iter().map(|sent| sent.id)).collect()
    }

    /// Whether the peer has ended the private conversation that texts went to: see [`Output::Ended`].
    #[must_use]
    pub fn is_finished(&self) -> bool {
        let active = self.active.and_then(|tag| self.instances.get(&tag));
        active.is_some_and(|instance| matches!(instance.state, State::Finished))
    }

    /// Whether somebody was asked for a private conversation, or an exchange for one is under way.
    #[must_use]
    pub fn is_beginning(&self) -> bool {
        self.asked.is_some() || self.to_all.is_some() || self.instances.values().any(|i| i.ake_since().is_some())
    }

    /// The longest message that the network takes from now on: see [`Settings::limit`].
    pub fn set_limit(&mut self, limit: Option<usize>) {
        self.limit = bounded(limit);
    }

    /// Asks for a private conversation, or for a new one in the place of the one there is.
    pub fn start(&mut self) -> Vec<Output> {
        let mut out = Vec::new();
        self.ended = None;
        if self.is_private() && self.active != Some(NO_TAG) {
            self.begin_with_all(&mut out);
        } else if self.is_private() {
            // It may have learnt version 3 meanwhile.
            self.ask(&mut out);
        } else {
            // A conversation that was finished gives way to the client that answers.
            self.active.take().and_then(|tag| self.instances.remove(&tag));
            self.asked = None;
            self.ask(&mut out);
        }
        out
    }

    /// Has texts go to another instance from now on. By itself a session goes over only to one with the same key.
    ///
    /// # Errors
    /// [`NotPrivate`]: there is no private conversation with that instance.
    pub fn select(&mut self, instance: InstanceTag) -> Result<(), NotPrivate> {
        self.known = Some(self.conversation(instance.0).ok_or(NotPrivate)?.fingerprint);
        self.active = Some(instance.0);
        Ok(())
    }

    /// Ends the private conversation with every instance.
    pub fn end(&mut self) -> Vec<Output> {
        let mut out = Vec::new();
        let tags: Vec<u32> = self.instances.keys().copied().collect();
        for tag in tags {
            if let Some(conversation) = self.conversation(tag) {
                conversation.ratchet.reveal_all();
                self.send_records(tag, &[Tlv { kind: tlv::DISCONNECTED, value: Vec::new() }], &mut out);
            }
        }
        self.instances.clear();
        (self.active, self.known) = (None, None);
        (self.to_all, self.asked, self.renewal_due) = (None, None, None);
        self.ended = Some(self.now);
        out
    }

    /// Compares a secret with the peer's (SMP), with a question that tells which secret is meant. Of a question longer
    /// than 60000 bytes the rest is cut off.
    ///
    /// # Errors
    /// [`NotPrivate`].
    pub fn smp_start(&mut self, secret: &str, question: Option<&str>) -> Result<Vec<Output>, NotPrivate> {
        let mut out = Vec::new();
        let ours = self.identity.fingerprint();
        let question = question.map(|question| question.split_at(question.floor_char_boundary(QUESTION_AT_MOST)).0);
        let tag = self.active.ok_or(NotPrivate)?;
        let (rng, conversation) = self.rng_and_conversation(tag)?;
        let x = conversation.smp_secret(&ours, true, secret);
        let mut records = Vec::new();
        if conversation.smp.is_running() {
            records.push(Tlv { kind: tlv::SMP_ABORT, value: Vec::new() });
        }
        records.push(conversation.smp.start(x, question, rng));
        (conversation.we_asked, conversation.with_question) = (true, question.is_some());
        self.send_records(tag, &records, &mut out);
        Ok(out)
    }

    /// The keys that ask for comparisons that were not answered yet.
    #[must_use]
    pub fn askers(&self) -> Vec<Fingerprint> {
        self.instances.values().filter_map(Instance::asker).collect()
    }

    /// Answers a comparison that this key has asked for, or any.
    ///
    /// # Errors
    /// [`NotAsked`].
    pub fn smp_answer(&mut self, secret: &str, asker: Option<Fingerprint>) -> Result<Vec<Output>, NotAsked> {
        let mut out = Vec::new();
        let ours = self.identity.fingerprint();
        let tag = self.asker(asker).ok_or(NotAsked)?;
        let (rng, conversation) = self.rng_and_conversation(tag).map_err(|NotPrivate| NotAsked)?;
        let y = conversation.smp_secret(&ours, false, secret);
        let record = conversation.smp.answer(&y, rng).ok_or(NotAsked)?;
        self.send_records(tag, &[record], &mut out);
        Ok(out)
    }

    /// Ends a comparison: one that this key has asked for, or any; else ours.
    ///
    /// # Errors
    /// [`NotPrivate`].
    pub fn smp_abort(&mut self, asker: Option<Fingerprint>) -> Result<Vec<Output>, NotPrivate> {
        let mut out = Vec::new();
        let tag = self.asker(asker).or(self.active).ok_or(NotPrivate)?;
        self.conversation(tag).ok_or(NotPrivate)?.smp = smp::Smp::default();
        self.send_records(tag, &[Tlv { kind: tlv::SMP_ABORT, value: Vec::new() }], &mut out);
        Ok(out)
    }

    /// When [`Session::tick`] has something to do, if nothing happens before.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let exchanges = self.instances.values().filter_map(Instance::ake_since);
        let waits = exchanges.chain(self.asked).map(|since| since.saturating_add(AKE_PATIENCE));
        let instances = self.instances.iter().flat_map(|(tag, instance)| {
            let stale = (self.active != Some(*tag)).then_some(instance.heard.saturating_add(STALE));
            let old_keys = instance.old_keys_since().map(|since| since.saturating_add(IN_TRANSIT));
            stale.into_iter().chain(old_keys)
        });
        let renewal = self.renewal_due.map(|with| self.renewal_at(with));
        let to_all = self.to_all.as_ref().map(ToAll::until);
        waits.chain(to_all).chain(instances).chain(renewal).chain(self.assembly.deadline()).min()
    }

    /// Tells the time, and gives up what has taken too long.
    pub fn tick(&mut self, now: Duration) -> Vec<Output> {
        let mut out = Vec::new();
        self.now = self.now.max(now);
        self.assembly.tick(self.now);
        self.tell_lost(&mut out);
        self.give_up_exchanges(&mut out);
        let (now, active) = (self.now, self.active);
        self.instances.values_mut().for_each(|instance| instance.forget_old_keys(now));
        let is_stale =
            |tag: &u32, instance: &mut Instance| active != Some(*tag) && has_passed(STALE, instance.heard, now);
        let stale = self.instances.extract_if(.., is_stale);
        stale.for_each(|(_, mut instance)| out.extend(instance.left_open()));
        if let Some(with) = self.renewal_due.filter(|with| self.renewal_at(*with) <= now) {
            self.renewal_due = None;
            self.renew(with, &mut out);
        }
        out
    }

    /// Our instance tag, to be handed to the account's next sessions.
    #[must_use]
    pub const fn tag(&self) -> InstanceTag {
        InstanceTag(self.tag)
    }

    /// Whether texts go out in private now.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.recipient().is_some()
    }

    /// The instance that texts go to, and its key; `None` while there is no private conversation.
    #[must_use]
    pub fn recipient(&self) -> Option<(InstanceTag, Fingerprint)> {
        let tag = self.active?;
        Some((InstanceTag(tag), self.instances.get(&tag)?.fingerprint()?))
    }

    /// The instances that there are private conversations with, and their keys.
    #[must_use]
    pub fn private(&self) -> Vec<(InstanceTag, Fingerprint)> {
        let key = |(tag, instance): (&u32, &Instance)| Some((InstanceTag(*tag), instance.fingerprint()?));
        self.instances.iter().filter_map(key).collect()
    }

    /// Says how many messages in pieces will not become whole.
    fn tell_lost(&mut self, out: &mut Vec<Output>) {
        out.extend(std::iter::repeat_n(Output::Attention(Attention::Unreadable), self.assembly.take_lost()));
    }

    fn asker(&self, wanted: Option<Fingerprint>) -> Option<u32> {
        let is_it = |instance: &Instance| instance.asker().is_some_and(|key| wanted.is_none_or(|wanted| wanted == key));
        self.instances.iter().find(|(_, instance)| is_it(instance)).map(|(tag, _)| *tag)
    }

    fn conversation(&mut self, tag: u32) -> Option<&mut Conversation> {
        self.instances.get_mut(&tag)?.conversation()
    }

    fn rng_and_conversation(&mut self, tag: u32) -> Result<(&mut dyn CryptoRng, &mut Conversation), NotPrivate> {
        let conversation = self.instances.get_mut(&tag).and_then(Instance::conversation).ok_or(NotPrivate)?;
        Ok((&mut *self.rng, conversation))
    }

    /// Whether texts may go to this instance without the user's doing: nobody else is talked to, or one with the same
    /// key.
    fn may_become_active(&self, tag: u32, fingerprint: Fingerprint) -> bool {
        let other = self.active.filter(|active| *active != tag).and_then(|active| self.instances.get(&active));
        other.is_none_or(|other| matches!(other.state, State::Plaintext) || self.known == Some(fingerprint))
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session(..)")
    }
}

fn bounded(limit: Option<usize>) -> usize {
    limit.map_or(usize::MAX, |limit| limit.max(fragment::LEAST_LIMIT))
}

/// A tag that every client accepts.
fn draw_tag(rng: &mut dyn CryptoRng) -> u32 {
    loop {
        let mut bytes = [0; 4];
        rng.fill_bytes(&mut bytes);
        let tag = u32::from_be_bytes(bytes) >> 3;
        if (LEAST_TAG..=GREATEST_TAG).contains(&tag) {
            return tag;
        }
    }
}

/// Hands records to a comparison that waits for the first, and to one that waits for an answer.
#[cfg(fuzzing)]
pub(crate) fn compare_with(records: &[Tlv]) {
    use rand::SeedableRng as _;
    let is_smp = |record: &&Tlv| (tlv::SMP_1..=tlv::SMP_1Q).contains(&record.kind);
    let mut records = records.iter().filter(is_smp).take(4).peekable();
    if records.peek().is_none() {
        return;
    }
    let rng = &mut rand::rngs::StdRng::seed_from_u64(1);
    let secret = || crate::crypto::group::Exponent::from_hash(&[7; 32]);
    let (mut asked, mut asking) = (smp::Smp::default(), smp::Smp::default());
    asking.start(secret(), None, rng);
    for record in records {
        asked.receive(record, rng);
        asked.answer(&secret(), rng);
        asking.receive(record, rng);
    }
}
