//! A conversation with one account: its instances, what waits, and how messages come in and go out.

mod ake;
mod instance;
mod output;
mod ratchet;
mod smp;
mod stored;

use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rand::CryptoRng;
use zeroize::Zeroizing;

pub use output::{Attention, InstanceTag, NotSent, Output, SmpEvent, TextId};
pub use stored::ResumeError;

use crate::identity::{Fingerprint, Identity};
use crate::wire::fragment::{self, Assembly};
use crate::wire::message::{self, Body, Header, LEAST_TAG, Message};
use crate::wire::plain::{self, Plain};
use crate::wire::tlv::{self, Tlv};
use crate::wire::{codec, html};
use ake::{Ake, Initiative, Step};
use instance::{Conversation, Instance, State};

/// How long an exchange may take before another is begun.
const AKE_PATIENCE: Duration = Duration::from_secs(60);
/// How often at most we tell the peer that something was unreadable, and begin a new exchange for it.
const RENEW_EVERY: Duration = Duration::from_secs(10);
/// How old a text may be to be sent again.
const RESEND_WITHIN: Duration = Duration::from_secs(60);
/// After this long without a message of ours, one that is read is answered with an empty one, so that keys change.
const HEARTBEAT: Duration = Duration::from_secs(60);
/// How many texts wait at most.
const WAITING_AT_MOST: usize = 1000;
/// How many instances of the peer are kept at most.
const INSTANCES_AT_MOST: usize = 16;
/// The greatest tag that every client accepts.
const GREATEST_TAG: u32 = 0x1111_1111;

/// When to encrypt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// Texts are sent in private or not at all.
    #[default]
    Always,
    /// Plain text, with a mark that offers more; private as soon as both can.
    Opportunistic,
    /// Plain text until one of the two asks for more.
    Manual,
    /// Plain text; OTR is neither spoken nor answered.
    Never,
}

/// How a session behaves.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings {
    /// When to encrypt.
    pub policy: Policy,
    /// Our instance tag, kept for the account's life: see [`Session::tag`]. Drawn anew when absent.
    pub tag: Option<InstanceTag>,
    /// The longest message that the network takes, bytes; longer ones go out in fragments.
    pub limit: Option<usize>,
}

/// There is no private conversation to do this in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no private conversation")]
pub struct NotPrivate;

/// A conversation with one account.
pub struct Session {
    identity: Arc<Identity>,
    rng: Box<dyn CryptoRng + Send>,
    policy: Policy,
    tag: u32,
    limit: usize,
    now: Duration,
    instances: BTreeMap<u32, Instance>,
    /// Whom texts go to: the instance that was heard last.
    active: Option<u32>,
    /// A commit to whichever instances there are, and since when it waits.
    initiative: Option<(Initiative, Duration)>,
    /// The commit has led to a private conversation; other instances may answer it still.
    initiative_used: bool,
    /// Since when a query waits for its answer.
    asked: Option<Duration>,
    assembly: Assembly,
    waiting: VecDeque<Waiting>,
    last_text: u64,
    renewed: Option<Duration>,
    /// Whose key the last private conversation had: what waits was written for it.
    known: Option<Fingerprint>,
    /// The peer has answered in plain text: it has no use for our offers.
    plain_answer: bool,
}

struct Waiting {
    id: TextId,
    text: Zeroizing<String>,
    meant_for: Option<Fingerprint>,
}

impl Session {
    /// `now` is the time since any moment that stays the same; it tells only how long things take.
    #[must_use]
    pub fn new(identity: Arc<Identity>, settings: Settings, mut rng: Box<dyn CryptoRng + Send>, now: Duration) -> Self {
        let tag = settings.tag.map_or_else(|| draw_tag(&mut *rng), |tag| tag.0.max(LEAST_TAG));
        Self {
            identity,
            rng,
            policy: settings.policy,
            tag,
            limit: settings.limit.unwrap_or(usize::MAX),
            now,
            instances: BTreeMap::new(),
            active: None,
            initiative: None,
            initiative_used: false,
            asked: None,
            assembly: Assembly::default(),
            waiting: VecDeque::new(),
            last_text: 0,
            renewed: None,
            known: None,
            plain_answer: false,
        }
    }

    /// A message of the network.
    pub fn receive(&mut self, wire: &str) -> Vec<Output> {
        let mut out = Vec::new();
        if self.policy == Policy::Never {
            out.push(Output::PlainText(wire.to_owned()));
        } else if wire.starts_with(codec::PREFIX) {
            self.receive_encoded(wire, &mut out);
        } else if let Some(fragment) = fragment::read(wire) {
            self.receive_fragment(fragment, &mut out);
        } else {
            self.receive_whole(wire, &mut out);
        }
        out
    }

    /// A text of the person's.
    pub fn send(&mut self, text: &str) -> Vec<Output> {
        let mut out = Vec::new();
        // It would end the text inside a data message.
        let text = &*if text.contains('\0') { Cow::Owned(text.replace('\0', "")) } else { Cow::Borrowed(text) };
        self.last_text += 1;
        let id = TextId(self.last_text);
        match self.active.and_then(|tag| self.instances.get(&tag)).map(|instance| &instance.state) {
            Some(State::Encrypted(_)) => self.send_private(id, text, &mut out),
            Some(State::Finished) => out.push(Output::NotSent(id, NotSent::Ended)),
            _ if self.policy == Policy::Always => self.wait(id, text, &mut out),
            _ => {
                let offer = self.policy == Policy::Opportunistic && !self.plain_answer;
                out.push(Output::Send(if offer { plain::tagged(text) } else { text.to_owned() }));
                out.push(Output::Sent(id));
            }
        }
        out
    }

    /// Asks for a private conversation, or for a new one in the place of the one there is.
    pub fn start(&mut self) -> Vec<Output> {
        let mut out = Vec::new();
        if self.policy != Policy::Never {
            match self.active {
                Some(tag) => self.begin(tag, &mut out),
                None => self.ask(&mut out),
            }
        }
        out
    }

    /// Ends the private conversation with every instance, and what waits for one.
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
        (self.active, self.initiative, self.asked, self.known) = (None, None, None, None);
        self.plain_answer = false;
        out.extend(self.waiting.drain(..).map(|waiting| Output::NotSent(waiting.id, NotSent::Ended)));
        out
    }

    /// Compares a secret with the peer's (SMP), with a question that tells which secret is meant.
    ///
    /// # Errors
    /// [`NotPrivate`].
    pub fn smp_start(&mut self, secret: &str, question: Option<&str>) -> Result<Vec<Output>, NotPrivate> {
        let mut out = Vec::new();
        let ours = self.identity.fingerprint();
        let (tag, rng, conversation) = self.active_conversation()?;
        let x = conversation.smp_secret(&ours, true, secret);
        let mut records = Vec::new();
        if conversation.smp_is_running() {
            records.push(Tlv { kind: tlv::SMP_ABORT, value: Vec::new() });
        }
        records.push(conversation.smp.start(x, question, rng));
        conversation.we_asked = true;
        self.send_records(tag, &records, &mut out);
        Ok(out)
    }

    /// Answers the peer's wish to compare. Nothing is sent if there is none.
    ///
    /// # Errors
    /// [`NotPrivate`].
    pub fn smp_answer(&mut self, secret: &str) -> Result<Vec<Output>, NotPrivate> {
        let mut out = Vec::new();
        let ours = self.identity.fingerprint();
        let (tag, rng, conversation) = self.active_conversation()?;
        let y = conversation.smp_secret(&ours, false, secret);
        if let Some(record) = conversation.smp.answer(&y, rng) {
            self.send_records(tag, &[record], &mut out);
        }
        Ok(out)
    }

    /// Ends a comparison.
    ///
    /// # Errors
    /// [`NotPrivate`].
    pub fn smp_abort(&mut self) -> Result<Vec<Output>, NotPrivate> {
        let mut out = Vec::new();
        let (tag, _, conversation) = self.active_conversation()?;
        conversation.smp = smp::Smp::default();
        self.send_records(tag, &[Tlv { kind: tlv::SMP_ABORT, value: Vec::new() }], &mut out);
        Ok(out)
    }

    /// Tells the peer that the extra symmetric key will be used, and gives it. `about`: at most 60000 bytes, the rest is
    /// cut off.
    ///
    /// # Errors
    /// [`NotPrivate`].
    pub fn extra_key(&mut self, usage: u32, about: &[u8]) -> Result<(Zeroizing<[u8; 32]>, Vec<Output>), NotPrivate> {
        let mut out = Vec::new();
        let (tag, _, conversation) = self.active_conversation()?;
        let key = conversation.ratchet.extra_key();
        let about = about.split_at(about.len().min(60_000)).0;
        let record = Tlv { kind: tlv::EXTRA_KEY, value: tlv::write_extra_key(usage, about) };
        self.send_records(tag, &[record], &mut out);
        Ok((key, out))
    }

    /// When [`Session::tick`] has something to do, if nothing happens before.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let exchanges = self.instances.values().filter_map(Instance::ake_since);
        let begun = self.initiative.iter().map(|(_, since)| *since);
        let waits = exchanges.chain(begun).chain(self.asked).map(|since| since + AKE_PATIENCE);
        waits.chain(self.assembly.deadline()).min()
    }

    /// Tells the time, and gives up what has taken too long.
    pub fn tick(&mut self, now: Duration) -> Vec<Output> {
        self.now = self.now.max(now);
        let now = self.now;
        let is_late = |since: Duration| since + AKE_PATIENCE <= now;
        self.assembly.tick(now);
        let mut nobody = false;
        for instance in self.instances.values_mut().filter(|i| i.ake_since().is_some_and(is_late)) {
            instance.set_ake(Ake::None, now);
        }
        if self.initiative.as_ref().is_some_and(|(_, since)| is_late(*since)) {
            self.initiative = None;
        }
        if self.asked.is_some_and(is_late) {
            self.asked = None;
            nobody = true;
        }
        self.instances.retain(|_, instance| !instance.is_empty());
        if nobody { vec![Output::Attention(Attention::NoAnswer)] } else { Vec::new() }
    }

    /// Our instance tag, to be handed to the account's next sessions.
    #[must_use]
    pub const fn tag(&self) -> InstanceTag {
        InstanceTag(self.tag)
    }

    /// Whether texts go out in private now.
    #[must_use]
    pub fn is_private(&self) -> bool {
        let active = self.active.and_then(|tag| self.instances.get(&tag));
        active.is_some_and(|instance| matches!(instance.state, State::Encrypted(_)))
    }

    fn receive_fragment(&mut self, fragment: Option<fragment::Fragment<'_>>, out: &mut Vec<Output>) {
        let Some(fragment) = fragment else {
            out.push(Output::Attention(Attention::Malformed));
            return;
        };
        let header = Header { sender: fragment.sender, receiver: fragment.receiver };
        if !self.is_for_us(header, true, out) {
            return;
        }
        if let Some(whole) = self.assembly.add(&fragment, self.now) {
            // A fragment in a fragment is refused: this looks at no fragments.
            self.receive_encoded(&whole, out);
        }
    }

    fn receive_whole(&mut self, wire: &str, out: &mut Vec<Output>) {
        if codec::dearmor(wire).is_some_and(|m| m.is_ok()) {
            self.receive_encoded(wire, out);
            return;
        }
        self.assembly.forget_all();
        match plain::read(wire) {
            Plain::Error(words) => {
                out.push(Output::Attention(Attention::PeerError(words.to_owned())));
                if self.starts_by_itself() {
                    self.renew(self.active, out);
                }
            }
            Plain::Query { version_3: true } => self.begin_with_any(out),
            Plain::Query { version_3: false } => out.push(Output::Attention(Attention::OtherVersion)),
            Plain::Text { text, tag } => {
                self.plain_answer |= tag.is_none();
                out.push(Output::PlainText(text));
                match tag {
                    Some(tag) if tag.version_3 && self.starts_by_itself() => self.begin_with_any(out),
                    Some(tag) if !tag.version_3 => out.push(Output::Attention(Attention::OtherVersion)),
                    _ => {}
                }
            }
        }
    }

    fn receive_encoded(&mut self, wire: &str, out: &mut Vec<Output>) {
        let bytes = match codec::dearmor(wire) {
            Some(Ok(bytes)) => bytes,
            _ => return out.push(Output::Attention(Attention::Malformed)),
        };
        let (header, message) = match message::read(&bytes) {
            Ok(Some(message)) => message,
            Ok(None) => return out.push(Output::Attention(Attention::OtherVersion)),
            Err(codec::Malformed) => return out.push(Output::Attention(Attention::Malformed)),
        };
        if !self.is_for_us(header, matches!(message, Message::Commit(_)), out) {
            return;
        }
        self.assembly.forget(header.sender);
        match message {
            Message::Data(data) => self.receive_data(header.sender, &data, out),
            exchange => self.receive_exchange(header.sender, exchange, out),
        }
    }

    /// `to_any`: the message may be for whichever instance it reaches.
    fn is_for_us(&self, header: Header, to_any: bool, out: &mut Vec<Output>) -> bool {
        let attention = match header {
            Header { sender, receiver } if sender < LEAST_TAG || (1..LEAST_TAG).contains(&receiver) => {
                Attention::Malformed
            }
            Header { sender, .. } if sender == self.tag => Attention::Mirror,
            Header { receiver: 0, .. } if to_any => return true,
            Header { receiver, .. } if receiver == self.tag => return true,
            _ => Attention::ForOtherInstance,
        };
        out.push(Output::Attention(attention));
        false
    }

    fn receive_exchange(&mut self, sender: u32, message: Message<'_>, out: &mut Vec<Output>) {
        if !self.make_room(sender) {
            return;
        }
        let (identity, rng, now) = (Arc::clone(&self.identity), &mut *self.rng, self.now);
        let instance = self.instances.entry(sender).or_default();
        if matches!(message, Message::Commit(_) | Message::Key(_))
            && let Some((initiative, _)) = &self.initiative
        {
            // Our commit reached this instance among others.
            instance.adopt(initiative, now);
        }
        let step = match message {
            Message::Commit(commit) => instance.ake.commit(commit, rng),
            Message::Key(key) => instance.ake.key(key, &identity, rng),
            Message::Reveal(reveal) => instance.ake.reveal(&reveal, &identity, rng),
            Message::Signature(sealed) => instance.ake.signature(&sealed, &identity),
            Message::Data(_) => Step::Ignored,
        };
        match step {
            Step::Ignored => {}
            Step::Mirror => out.push(Output::Attention(Attention::Mirror)),
            Step::Send(body) => {
                instance.touch(now);
                self.send_body(sender, &body, out);
            }
            Step::Done(last, established) => {
                if let Some(body) = last {
                    self.send_body(sender, &body, out);
                }
                self.established(sender, *established, out);
            }
        }
        self.instances.retain(|_, instance| !instance.is_empty());
    }

    /// An exchange is done: the conversation is private from here on.
    fn established(&mut self, sender: u32, established: ake::Established, out: &mut Vec<Output>) {
        let (fingerprint, ssid, first_half_is_ours) = (established.fingerprint, established.ssid, established.revealed);
        // A client that was started anew has the same key and perhaps another tag: the old one will not come back.
        let replaced = |tag: u32, i: &Instance| tag != sender && i.fingerprint() == Some(fingerprint);
        self.instances.retain(|tag, instance| !replaced(*tag, instance));
        let conversation = Conversation::new(established, &mut *self.rng, self.now);
        let instance = self.instances.entry(sender).or_default();
        let before = std::mem::replace(&mut instance.state, State::Encrypted(Box::new(conversation)));
        instance.set_ake(Ake::None, self.now);
        self.initiative_used |= self.initiative.as_ref().is_some_and(|(commit, _)| instance.has_adopted(commit));
        let before = if let State::Encrypted(before) = before { Some(before) } else { None };
        let renewed = before.as_ref().is_some_and(|before| before.fingerprint == fingerprint);
        self.active = Some(sender);
        (self.asked, self.known, self.renewed) = (None, Some(fingerprint), None);
        out.push(Output::Began { with: InstanceTag(sender), fingerprint, ssid, first_half_is_ours, renewed });

        // Never to another key: whoever can write to us can have us begin an exchange.
        let unread = before.filter(|_| renewed).and_then(|mut before| before.unread.take());
        if let Some((id, text, at)) = unread.filter(|(_, _, at)| *at + RESEND_WITHIN >= self.now) {
            let _ = at;
            self.seal(sender, &format!("[resent] {}", *text), &[], false, out);
            out.push(Output::SentAgain(id));
        }
        for Waiting { id, text, meant_for } in std::mem::take(&mut self.waiting) {
            if meant_for.is_none_or(|meant| meant == fingerprint) {
                self.send_private(id, &text, out);
            } else {
                out.push(Output::NotSent(id, NotSent::OtherFingerprint));
            }
        }
    }

    fn receive_data(&mut self, sender: u32, data: &message::Data<'_>, out: &mut Vec<Output>) {
        let now = self.now;
        let opened = match self.instances.get_mut(&sender).map(|instance| &mut instance.state) {
            Some(State::Encrypted(conversation)) => conversation.ratchet.open(data, &mut *self.rng),
            _ => Err(ratchet::Unreadable::Lost),
        };
        let opened = match opened {
            Ok(opened) => opened,
            // It was read before, or came too late: no reason to doubt the keys.
            Err(ratchet::Unreadable::Late) => return,
            Err(ratchet::Unreadable::Lost) if data.ignore_unreadable => return,
            Err(ratchet::Unreadable::Lost) => {
                out.push(Output::Attention(Attention::Unreadable));
                if self.may_renew() {
                    out.push(Output::Send(plain::error("An encrypted message could not be read.")));
                    if self.starts_by_itself() {
                        self.renew(Some(sender), out);
                    }
                    self.renewed = Some(now);
                }
                return;
            }
        };
        self.active = Some(sender);
        let mut content = tlv::read(opened.plaintext);
        let records = std::mem::take(&mut content.records);
        let Some(conversation) = self.conversation(sender) else { return };
        conversation.unread = None;
        let heartbeat = !content.text.is_empty() && conversation.last_sent + HEARTBEAT <= now;
        if !content.text.is_empty() {
            let fingerprint = conversation.fingerprint;
            let text = conversation.readable(content);
            out.push(Output::Text { text, from: InstanceTag(sender), fingerprint });
        }
        for record in records {
            self.receive_record(sender, record, &opened.extra_key, out);
        }
        if heartbeat {
            self.seal(sender, "", &[], true, out);
        }
    }

    fn receive_record(&mut self, sender: u32, record: Tlv, extra_key: &Zeroizing<[u8; 32]>, out: &mut Vec<Output>) {
        let rng = &mut *self.rng;
        let Some(instance) = self.instances.get_mut(&sender) else { return };
        // A disconnection before this record has ended it all.
        let State::Encrypted(conversation) = &mut instance.state else { return };
        match record.kind {
            tlv::DISCONNECTED => {
                instance.state = State::Finished;
                out.push(Output::Ended(InstanceTag(sender)));
            }
            tlv::SMP_ABORT => {
                let running = std::mem::take(&mut conversation.smp).is_running();
                out.extend(running.then_some(Output::Smp(SmpEvent::Aborted)));
            }
            tlv::SMP_1 | tlv::SMP_1Q | tlv::SMP_2 | tlv::SMP_3 | tlv::SMP_4 => {
                let (event, answer) = conversation.smp_record(&record, rng);
                out.extend(event.map(Output::Smp));
                if let Some(answer) = answer {
                    self.send_records(sender, &[answer], out);
                }
            }
            tlv::EXTRA_KEY => {
                let mut reader = codec::Reader::new(&record.value);
                if let Ok(usage) = reader.int() {
                    let about = reader.rest().to_vec();
                    out.push(Output::ExtraKey { usage, about, key: extra_key.clone() });
                }
            }
            _ => {}
        }
    }

    /// Whether plain marks and errors of the peer's begin an exchange.
    fn starts_by_itself(&self) -> bool {
        matches!(self.policy, Policy::Always | Policy::Opportunistic)
    }

    fn may_renew(&self) -> bool {
        self.renewed.is_none_or(|at| at + RENEW_EVERY <= self.now)
    }

    /// Begins an exchange because a session was lost; not too often, for the reason can be forged.
    fn renew(&mut self, with: Option<u32>, out: &mut Vec<Output>) {
        if self.may_renew() {
            match with {
                Some(tag) => self.begin(tag, out),
                None => self.begin_with_any(out),
            }
            self.renewed = Some(self.now);
        }
    }

    /// A D-H Commit to one instance.
    fn begin(&mut self, tag: u32, out: &mut Vec<Output>) {
        if !self.make_room(tag) {
            return;
        }
        let initiative = Initiative::new(&mut *self.rng);
        let body = initiative.body();
        self.instances.entry(tag).or_default().set_ake(Ake::AwaitingDhKey(initiative), self.now);
        self.send_body(tag, &body, out);
    }

    /// A D-H Commit to whichever instances there are; the same one again while nobody has answered it.
    fn begin_with_any(&mut self, out: &mut Vec<Output>) {
        if std::mem::take(&mut self.initiative_used) {
            self.initiative = None;
        }
        let (rng, now) = (&mut *self.rng, self.now);
        let (initiative, _) = self.initiative.get_or_insert_with(|| (Initiative::new(rng), now));
        let body = initiative.body();
        self.send_body(0, &body, out);
    }

    fn ask(&mut self, out: &mut Vec<Output>) {
        if self.asked.is_none() {
            self.asked = Some(self.now);
            out.push(Output::Send(plain::QUERY.to_owned()));
        }
    }

    fn wait(&mut self, id: TextId, text: &str, out: &mut Vec<Output>) {
        if self.waiting.len() >= WAITING_AT_MOST {
            out.push(Output::NotSent(id, NotSent::QueueFull));
            return;
        }
        self.waiting.push_back(Waiting { id, text: Zeroizing::new(text.to_owned()), meant_for: self.known });
        out.push(Output::Waiting(id));
        let under_way = self.initiative.is_some() || self.instances.values().any(|i| i.ake_since().is_some());
        if !under_way {
            self.ask(out);
        }
    }

    fn send_private(&mut self, id: TextId, text: &str, out: &mut Vec<Output>) {
        let Some(tag) = self.active else { return };
        if !self.seal(tag, text, &[], false, out) {
            out.push(Output::NotSent(id, NotSent::TooLong));
            return;
        }
        out.push(Output::Sent(id));
        let now = self.now;
        if let Some(conversation) = self.conversation(tag) {
            conversation.unread = Some((id, Zeroizing::new(text.to_owned()), now));
        }
    }

    /// Records without a text: not worth a complaint if they cannot be read.
    fn send_records(&mut self, tag: u32, records: &[Tlv], out: &mut Vec<Output>) {
        self.seal(tag, "", records, true, out);
    }

    /// `false`: it does not fit the network.
    fn seal(&mut self, tag: u32, text: &str, records: &[Tlv], ignorable: bool, out: &mut Vec<Output>) -> bool {
        let (header, now, limit) = (Header { sender: self.tag, receiver: tag }, self.now, self.limit);
        let Some(conversation) = self.conversation(tag) else { return false };
        let text = if conversation.html { Cow::Owned(html::escape(text)) } else { Cow::Borrowed(text) };
        let wire = codec::armor(&conversation.ratchet.seal(header, &text, records, ignorable));
        let Some(pieces) = fragment::split(wire, header.sender, tag, limit) else { return false };
        conversation.last_sent = now;
        out.extend(pieces.into_iter().map(Output::Send));
        true
    }

    fn send_body(&self, tag: u32, body: &Body, out: &mut Vec<Output>) {
        let wire = codec::armor(&body.encode(Header { sender: self.tag, receiver: tag }));
        let pieces = fragment::split(wire, self.tag, tag, self.limit);
        out.extend(pieces.into_iter().flatten().map(Output::Send));
    }

    fn conversation(&mut self, tag: u32) -> Option<&mut Conversation> {
        match &mut self.instances.get_mut(&tag)?.state {
            State::Encrypted(conversation) => Some(conversation),
            _ => None,
        }
    }

    fn active_conversation(&mut self) -> Result<(u32, &mut dyn CryptoRng, &mut Conversation), NotPrivate> {
        let tag = self.active.ok_or(NotPrivate)?;
        match self.instances.get_mut(&tag).map(|instance| &mut instance.state) {
            Some(State::Encrypted(conversation)) => Ok((tag, &mut *self.rng, conversation)),
            _ => Err(NotPrivate),
        }
    }

    /// Whether there is or can be a place for an instance. Those without a private conversation give way.
    fn make_room(&mut self, tag: u32) -> bool {
        if self.instances.contains_key(&tag) || self.instances.len() < INSTANCES_AT_MOST {
            return true;
        }
        let idle = self.instances.iter().find(|(_, i)| !matches!(i.state, State::Encrypted(_))).map(|(tag, _)| *tag);
        idle.is_some_and(|tag| self.instances.remove(&tag).is_some())
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session(..)")
    }
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
