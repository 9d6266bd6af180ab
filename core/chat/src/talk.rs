//! A burner's conversations in OTR: joins what is stored ([`Mailbox`]) with the sessions that encrypt it.
//!
//! The one policy is: always. A text waits for a private conversation with a key that the person accepts. Whatever a
//! session says is stored with its state, in one commit, before any of it leaves.

mod comparing;
pub use comparing::is_blank;
mod receiving;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flashpaper_otr::{Attention, Identity, InstanceTag, NotSent, Output, Policy, Session, Settings, TextId};
use flashpaper_xmpp::{ChatMessage, Ids, PresenceNews, Refusal, Subscription};

use crate::contact::{Peer, Standing};
use crate::encryption::Stored;
use crate::event::{Comparison, News, Notice};
use crate::mailbox::Mailbox;
use crate::message::{FailReason, MessageState, Went};
use crate::random::Random;
use crate::retention::lasts;
use crate::seen::Mark;
use crate::stanza::{What, Wire};
use crate::trust::{Fingerprint, Security};
use crate::view::Conversation;
use crate::{inbox, limits, outbox, redelivery, stanza_queue};

/// A burner's sessions in memory. What they are is stored, but for key exchanges and comparisons that are under way, and
/// who is there.
pub struct Sessions {
    identity: Arc<Identity>,
    tag: InstanceTag,
    /// By the peer's row.
    open: BTreeMap<u64, Session>,
    /// The client that an instance was last heard from.
    resources: HashMap<(u64, InstanceTag), String>,
    /// Clients that are there.
    present: HashMap<u64, BTreeSet<String>>,
    /// When a peer was last asked for a private conversation.
    asked: HashMap<u64, Duration>,
    /// The id of the last stanza that asked a peer for a private conversation.
    queries: HashMap<u64, String>,
    /// Comparisons that wait for the user's answer, by the peer and the key that has asked.
    questions: BTreeMap<(u64, Fingerprint), Comparison>,
    limit: Option<usize>,
    /// No conversation is in version 2 of OTR.
    pub version_3_only: bool,
}

impl Sessions {
    /// None is open yet. `tag` names this client among those of the account.
    #[must_use]
    pub fn new(identity: Arc<Identity>, tag: InstanceTag) -> Self {
        Self {
            identity,
            tag,
            open: BTreeMap::new(),
            resources: HashMap::new(),
            present: HashMap::new(),
            asked: HashMap::new(),
            queries: HashMap::new(),
            questions: BTreeMap::new(),
            limit: None,
            version_3_only: false,
        }
    }

    /// What is stored is ahead of this, or this ahead of what is stored.
    pub fn forget(&mut self) {
        self.open.clear();
        self.questions.clear();
    }

    /// A connection has begun: whoever did not answer may be asked again. `limit`: what the server takes. `is_new`: it tells
    /// anew who is there.
    pub fn connected(&mut self, limit: Option<usize>, is_new: bool) {
        if is_new {
            self.present.clear();
        }
        self.asked.clear();
        let limit = limit.unwrap_or(limits::STANZA).min(limits::STANZA).saturating_sub(limits::AROUND_BODY);
        self.limit = Some(limit);
        self.open.values_mut().for_each(|session| session.set_limit(Some(limit)));
    }

    /// When [`Talk::tick`] has something to do.
    pub fn deadline(&self) -> Option<Duration> {
        self.open.values().filter_map(Session::deadline).min()
    }

    /// Whether somebody who was asked for a private conversation may answer any moment, or an exchange is under way.
    pub fn is_busy(&self, clock: Duration) -> bool {
        let lately = |peer: &u64| self.asked.get(peer).is_none_or(|at| clock < *at + limits::ANSWER);
        self.open.iter().any(|(peer, session)| session.is_beginning() && lately(peer))
    }

    /// What is not stored of a conversation.
    pub fn complete(&self, row: u64, conversation: &mut Conversation) {
        conversation.present = self.present.get(&row).is_some_and(|clients| !clients.is_empty());
        let mut open = self.questions.iter().filter(|((of, _), _)| *of == row);
        conversation.question = open.next().map(|(_, question)| question.clone());
    }
}

/// One piece of work on a burner's conversations.
pub struct Talk<'a> {
    /// What is stored.
    pub mailbox: &'a mut Mailbox,
    /// What is in memory.
    pub sessions: &'a mut Sessions,
    /// What is to be reported.
    pub news: News,
    touched: BTreeSet<u64>,
    /// Those of `touched` that do not rest on.
    used: BTreeSet<u64>,
    /// The names of texts that have come, by whom they came from: to be confirmed inside the encryption.
    receipts: BTreeMap<(u64, InstanceTag), Vec<String>>,
    rng: Random,
    ids: Ids,
    /// Seconds since 1970.
    now: u64,
    /// The time since the device was started.
    clock: Duration,
    /// How long a session may rest and be used again, in seconds; 0: not beyond this process.
    life: u64,
}

impl<'a> Talk<'a> {
    /// `now` in seconds since 1970, `clock` since the device was started; `life`: how long a session may rest and be used
    /// again, in seconds, 0: not beyond this process.
    #[must_use]
    pub fn new(
        mailbox: &'a mut Mailbox,
        sessions: &'a mut Sessions,
        rng: Random,
        (now, clock): (u64, Duration),
        life: u64,
    ) -> Self {
        let ids = Ids::new(Box::new(rng.clone()));
        let (news, touched, used) = (News::default(), BTreeSet::new(), BTreeSet::new());
        let receipts = BTreeMap::new();
        Self { mailbox, sessions, news, touched, used, receipts, rng, ids, now, clock, life }
    }

    /// Confirms what has come, and stores the sessions that were used.
    pub fn end(mut self) -> News {
        self.send_receipts();
        for peer in self.touched {
            let Some(session) = self.sessions.open.get(&peer) else { continue };
            let unconfirmed: Vec<u64> = session.unconfirmed().into_iter().map(|TextId(id)| id).collect();
            redelivery::confirm_others(self.mailbox, peer, &unconfirmed);
            let private = session.private();
            let is_over = |key: Fingerprint| private.iter().all(|(_, private)| key != Fingerprint::from(*private));
            redelivery::session_over(self.mailbox, peer, is_over, self.now);
            let askers = session.askers();
            let questions = &mut self.sessions.questions;
            let ended = |(of, key): &(u64, Fingerprint)| {
                *of == peer && askers.iter().all(|asker| *key != Fingerprint::from(*asker))
            };
            if questions.extract_if(.., |by, _| ended(by)).count() > 0 {
                self.news.conversations.insert(peer);
            }
            let (instance, key) = recipient(session, self.mailbox.peers.get(&peer)).unzip();
            let resource = instance.and_then(|instance| self.sessions.resources.get(&(peer, instance)));
            let before = self.mailbox.sessions.get(&peer);
            let is_stored = self.life > 0;
            let state = if is_stored { BASE64_STANDARD.encode(&*session.suspend()) } else { String::new() };
            // What leaves no mark is no use: anybody can send that.
            let rests = |before: &&Arc<Stored>| !self.used.contains(&peer) || is_stored && before.state == state;
            let stored = Stored {
                used: before.filter(rests).map_or(self.now, |before| before.used),
                state,
                key,
                resource: resource.filter(|_| is_stored).cloned(),
                version: instance.map(InstanceTag::version),
                finished: session.is_finished(),
            };
            if before.is_none_or(|before| **before != stored) {
                self.mailbox.sessions.insert(peer, Arc::new(stored));
            }
        }
        self.news
    }

    /// Encrypts texts that wait, at most so many, and asks for private conversations where there are none.
    pub fn pump(&mut self, room: usize) {
        self.give_up();
        self.ask_for_missed();
        for peer in redelivery::doubting(self.mailbox) {
            let changed = redelivery::settle(self.mailbox, peer, self.now);
            self.news.messages.extend(changed);
        }
        let mut left = room;
        // What is behind a text that cannot be sent yet keeps its place.
        let mut stuck = redelivery::doubting(self.mailbox);
        for (row, peer) in outbox::waiting(self.mailbox) {
            if left > 0 && !stuck.contains(&peer) {
                if self.send(row, peer) {
                    left -= 1;
                } else {
                    stuck.insert(peer);
                }
            }
        }
        for (row, peer) in outbox::waiting(self.mailbox) {
            let asks =
                self.sessions.open.get(&peer).is_some_and(|session| !session.is_private() && !session.is_finished());
            if asks {
                self.set(row, MessageState::WaitingForPeer);
            }
        }
    }

    fn give_up(&mut self) {
        let changed = outbox::give_up(self.mailbox, self.now);
        self.news.messages.extend(changed);
    }

    /// What time does: gives up texts that have waited for too long, and ends private conversations that have rested for too
    /// long. Their peers are told, or they would write what nobody can read. Where they cannot be told now (what they have
    /// written may be waiting, too) that is put off, but not for ever. `now`: the time that things expire by.
    pub fn expire(&mut self, now: u64, can_be_told: bool) {
        self.give_up();
        let life = lasts(self.life, can_be_told);
        let is_over = |stored: &Stored| stored.ends(life).is_some_and(|at| at <= now);
        let over = self.mailbox.sessions.iter().filter(|(_, stored)| is_over(stored));
        for peer in over.map(|(peer, _)| *peer).collect::<Vec<_>>() {
            // The peer's side may be over, too, with these unread.
            redelivery::doubt_all(self.mailbox, peer, self.now);
            self.say_goodbye(peer);
        }
    }

    /// Whether a text needs no more waiting.
    fn send(&mut self, row: u64, peer: u64) -> bool {
        if self.mailbox.standing(peer) != Standing::Contact || !outbox::has_room(self.mailbox, peer, self.now) {
            return false;
        }
        let Some((instance, key)) = self.choose(peer) else {
            self.ask(peer);
            return false;
        };
        let Some(known) = self.mailbox.peers.get(&peer).map(Arc::clone) else { return false };
        if !known.trust.accepts(key) || !self.look(peer, |session| session.is_ready()) {
            return false;
        }
        let Some(entry) = self.mailbox.messages.get(&row).map(Arc::clone) else { return true };
        if entry.went.as_ref().is_some_and(|went| went.key != key) {
            self.fail(row, FailReason::OtherKey);
            return true;
        }
        let keeps_texts = known.trust.key(key).is_some_and(|key| key.keeps_texts);
        let marked = entry.again && !keeps_texts;
        let text = if marked { format!("[resent] {}", entry.text) } else { entry.text.clone() };
        let Ok(outputs) = self.with(peer, |session| session.send_kept(&text, &entry.label)) else { return false };
        let (mut pieces, mut number) = (Vec::new(), None);
        for output in outputs {
            match output {
                Output::Send(body) => pieces.push(body),
                Output::Sent(TextId(id)) => number = Some(id),
                _ => {}
            }
        }
        let Some(number) = number else {
            self.fail(row, FailReason::TooLong);
            return true;
        };
        let resource = self.sessions.resources.get(&(peer, instance)).cloned();
        let ids: Vec<String> = pieces.iter().map(|_| self.ids.draw()).collect();
        for (id, body) in ids.iter().cloned().zip(pieces) {
            // Where there are receipts inside the encryption, none is asked for outside.
            let wants_receipt = !keeps_texts && ids.last() == Some(&id);
            let what = What::Otr { body, wants_receipt };
            stanza_queue::add(
                self.mailbox,
                Wire { peer, resource: resource.clone(), id, what, message: Some(row), at: self.now, number: None },
            );
        }
        if let Some(entry) = self.mailbox.messages.get_mut(&row).map(Arc::make_mut) {
            entry.security = known.trust.security(key);
            entry.went = Some(Went { number: Some(number), key, at: self.now, doubted: None, ids });
        }
        self.set(row, MessageState::Sent);
        true
    }

    /// Asks a peer for a private conversation, unless it was asked a moment ago or has ended one.
    fn ask(&mut self, peer: u64) {
        let (beginning, finished) = self.look(peer, |session| (session.is_beginning(), session.is_finished()));
        if !beginning && !finished && !self.was_asked_lately(peer) {
            self.start(peer);
        }
    }

    fn was_asked_lately(&self, peer: u64) -> bool {
        self.sessions.asked.get(&peer).is_some_and(|at| self.clock < *at + limits::ASK_AGAIN)
    }

    /// Has texts go where [`recipient`] says.
    fn choose(&mut self, peer: u64) -> Option<(InstanceTag, Fingerprint)> {
        let known = self.mailbox.peers.get(&peer).map(Arc::clone);
        self.look(peer, |session| {
            let chosen = recipient(session, known.as_ref())?;
            // Another client's session is private then: it can be selected.
            let is_other = session.recipient().is_some_and(|(instance, _)| instance != chosen.0);
            if is_other {
                session.select(chosen.0).ok()?;
            }
            Some(chosen)
        })
    }

    /// What the user says of a peer's keys may change where texts go.
    pub fn choose_again(&mut self, peer: u64) {
        if self.mailbox.sessions.contains_key(&peer) {
            self.choose(peer);
        }
    }

    /// Begins a private conversation, or renews the one there is.
    pub fn start(&mut self, peer: u64) {
        self.sessions.asked.insert(peer, self.clock);
        let outputs = self.with(peer, Session::start);
        self.carry_out(peer, None, outputs);
        self.news.conversations.insert(peer);
    }

    /// Ends the private conversation. The peer's receipts cannot be read any more.
    pub fn finish(&mut self, peer: u64) {
        let changed = redelivery::fail_unconfirmed(self.mailbox, peer);
        self.news.messages.extend(changed);
        self.say_goodbye(peer);
    }

    fn say_goodbye(&mut self, peer: u64) {
        let outputs = self.with(peer, Session::end);
        self.carry_out(peer, None, outputs);
        self.news.conversations.insert(peer);
    }

    /// Keeps somebody away, without a word: nothing of theirs goes on.
    pub fn block(&mut self, peer: u64) {
        self.sessions.open.remove(&peer);
        self.sessions.questions.retain(|(of, _), _| *of != peer);
        self.touched.remove(&peer);
        let mut changed = redelivery::forget_session(self.mailbox, peer);
        changed.extend(outbox::blocked(self.mailbox, peer));
        changed.extend(redelivery::fail_unconfirmed(self.mailbox, peer));
        self.news.messages.extend(changed);
    }

    fn is_contact(&self, peer: u64) -> bool {
        self.mailbox.standing(peer) == Standing::Contact
    }

    /// Tells every peer that the private conversation ends.
    pub fn finish_all(&mut self) {
        let private = self.mailbox.sessions.iter().filter(|(_, stored)| stored.key.is_some()).map(|(peer, _)| *peer);
        let private: Vec<u64> = private.filter(|peer| self.is_contact(*peer)).collect();
        private.into_iter().for_each(|peer| self.finish(peer));
    }

    /// Gives up what has taken too long.
    pub fn tick(&mut self) {
        let due = |session: &Session| session.deadline().is_some_and(|at| at <= self.clock);
        let due = self.sessions.open.iter().filter(|(_, session)| due(session)).map(|(peer, _)| *peer);
        let due: Vec<u64> = due.filter(|peer| self.is_contact(*peer)).collect();
        due.into_iter().for_each(|peer| self.look(peer, |_| ()));
    }

    /// Opens the sessions that are stored, so that their time goes on.
    pub fn wake(&mut self) {
        let stored = self.mailbox.sessions.keys().copied();
        let stored: Vec<u64> = stored.filter(|peer| self.is_contact(*peer)).collect();
        stored.into_iter().for_each(|peer| self.look(peer, |_| ()));
    }

    /// Somebody's presence. Gives the steps of the handshake to answer with.
    pub fn presence(&mut self, from: &str, resource: Option<String>, news: PresenceNews) -> Vec<Subscription> {
        let known = self.mailbox.find(from).filter(|peer| self.mailbox.standing(*peer) == Standing::Contact);
        let Some(peer) = known else {
            if news == PresenceNews::Subscription(Subscription::Subscribe) {
                self.asked_by_stranger(from);
            }
            return Vec::new();
        };
        self.news.conversations.insert(peer);
        match news {
            PresenceNews::Available => {
                let clients = self.sessions.present.entry(peer).or_default();
                if clients.len() < limits::CLIENTS {
                    clients.insert(resource.unwrap_or_default());
                }
                // Whoever was away when they were asked may be asked again.
                self.sessions.asked.remove(&peer);
            }
            PresenceNews::Unavailable => {
                if let Some(clients) = self.sessions.present.get_mut(&peer) {
                    clients.remove(&resource.unwrap_or_default());
                }
            }
            PresenceNews::Subscription(step) => {
                let Some(peer) = self.mailbox.peer_mut(peer) else { return Vec::new() };
                match step {
                    Subscription::Subscribe => {
                        peer.wants_presence = true;
                        return vec![Subscription::Subscribed];
                    }
                    Subscription::Subscribed => (peer.shows_presence, peer.refuses) = (true, false),
                    Subscription::Unsubscribe => peer.wants_presence = false,
                    Subscription::Unsubscribed => (peer.shows_presence, peer.refuses) = (false, true),
                }
            }
        }
        Vec::new()
    }

    fn asked_by_stranger(&mut self, from: &str) {
        let peer = self.mailbox.find(from).unwrap_or_else(|| self.new_stranger(from));
        if let Some(stranger) = self.mailbox.peer_mut(peer).filter(|peer| peer.standing == Standing::Stranger) {
            stranger.wants_presence = true;
            self.news.conversations.insert(peer);
        }
    }

    /// A message came back.
    pub fn refused(&mut self, from: &str, id: &str, why: Refusal) {
        let reason = if why == Refusal::ForGood { FailReason::Refused } else { FailReason::Unreachable };
        let mut changed = outbox::refused(self.mailbox, from, id, reason);
        let asked = |peer: &u64| self.sessions.queries.get(peer).is_some_and(|query| query == id);
        if let Some(peer) = self.mailbox.find(from).filter(|peer| why == Refusal::ForGood && asked(peer)) {
            changed.extend(outbox::nobody_there(self.mailbox, peer));
        }
        self.news.messages.extend(changed);
    }

    /// Does something with a peer's session, at the present time: it does not rest.
    fn with<T>(&mut self, peer: u64, act: impl FnOnce(&mut Session) -> T) -> T {
        self.used.insert(peer);
        self.look(peer, act)
    }

    /// [`Talk::with`], but it rests on.
    fn look<T>(&mut self, peer: u64, act: impl FnOnce(&mut Session) -> T) -> T {
        self.touched.insert(peer);
        let mut session = match self.sessions.open.remove(&peer) {
            Some(session) => session,
            None => self.resume(peer),
        };
        let has_spoken_3 = self.mailbox.peers.get(&peer).is_some_and(|peer| peer.trust.has_spoken_version_3());
        let mut due = session.set_version_2(!self.sessions.version_3_only && !has_spoken_3);
        due.extend(session.tick(self.clock));
        let result = act(&mut session);
        self.sessions.open.insert(peer, session);
        self.carry_out(peer, None, due);
        result
    }

    fn resume(&mut self, peer: u64) -> Session {
        let settings = Settings {
            policy: Policy::Always,
            tag: Some(self.sessions.tag),
            limit: self.sessions.limit,
            // See `look`.
            version_2: true,
            keeps_texts: true,
        };
        let identity = Arc::clone(&self.sessions.identity);
        let rng = Box::new(self.rng.clone());
        if let Some(stored) = self.mailbox.sessions.get(&peer) {
            let state = stored.state().filter(|_| self.life > 0);
            let resumed = state.and_then(|state| {
                Session::resume(&state, Arc::clone(&identity), settings, rng.clone(), self.clock).ok()
            });
            if let Some(session) = resumed {
                if let Some(((instance, _), resource)) = session.recipient().zip(stored.resource.clone()) {
                    self.sessions.resources.entry((peer, instance)).or_insert(resource);
                }
                for (instance, key) in session.private() {
                    self.speaks(peer, instance, key.into());
                }
                return session;
            }
            redelivery::session_lost(self.mailbox, peer, self.now);
            self.news.conversations.insert(peer);
        }
        Session::new(identity, settings, rng, self.clock)
    }

    /// Carries out what a session says. `chat`: what it answers to.
    fn carry_out(&mut self, peer: u64, chat: Option<&ChatMessage>, outputs: Vec<Output>) {
        let (mut unread, mut renewed) = (Vec::new(), BTreeSet::new());
        for output in outputs {
            match output {
                Output::Send(body) => {
                    let resource = match chat {
                        Some(chat) => chat.resource.clone(),
                        None => self.resource(peer, &body),
                    };
                    let id = self.ids.draw();
                    if body.starts_with("?OTRv") {
                        self.sessions.queries.insert(peer, id.clone());
                    }
                    let what = What::Otr { body, wants_receipt: false };
                    let wire = Wire { peer, resource, id, what, message: None, at: self.now, number: None };
                    stanza_queue::add(self.mailbox, wire);
                }
                Output::Text { text, from, fingerprint, label } => {
                    let Some(chat) = chat else { continue };
                    self.heard_from(peer, from, chat);
                    let key = Fingerprint::from(fingerprint);
                    let security =
                        self.mailbox.peers.get(&peer).map_or(Security::KeyChanged, |peer| peer.trust.security(key));
                    let accepted = security != Security::KeyChanged;
                    // An id of the stanza's is the server's to change; what it repeats OTR does not read twice.
                    let mark = label.as_deref().map(|label| Mark::private(key, accepted, label));
                    self.arrived(peer, mark, &text, security, chat, label.is_none());
                    if let Some(label) = label {
                        self.receipts.entry((peer, from)).or_default().push(label);
                    }
                }
                // Whether the text was taken in is known here alone; its receipt may have been lost.
                Output::Again { from, fingerprint, label } => {
                    if self.mailbox.has_seen(peer, Mark::private(fingerprint.into(), true, &label)) {
                        self.receipts.entry((peer, from)).or_default().push(label);
                    }
                }
                Output::PlainText(text) => {
                    let Some(chat) = chat else { continue };
                    self.arrived_in_clear(peer, &text, chat);
                }
                Output::Read { labels, fingerprint } => {
                    let changed = outbox::read(self.mailbox, peer, fingerprint.into(), &labels);
                    self.news.messages.extend(changed);
                }
                Output::KeepsTexts(fingerprint) => {
                    if let Some(key) =
                        self.mailbox.peer_mut(peer).and_then(|peer| peer.trust.key_mut(fingerprint.into()))
                    {
                        key.keeps_texts = true;
                    }
                }
                Output::Began { with, fingerprint, .. } => {
                    if let Some(chat) = chat {
                        self.heard_from(peer, with, chat);
                    }
                    self.began(peer, fingerprint.into());
                    renewed.insert(Fingerprint::from(fingerprint));
                    self.speaks(peer, with, fingerprint.into());
                }
                Output::Ended(_) => drop(self.news.conversations.insert(peer)),
                Output::Unread(TextId(id)) | Output::NotSent(TextId(id), NotSent::Ended) => unread.push(id),
                Output::Smp(event) => self.compared(peer, event),
                Output::Attention(attention) => self.attend(peer, attention),
                // Texts are sent by `send_kept` alone, and nobody here uses the extra key.
                Output::Waiting(_)
                | Output::Sent(_)
                | Output::SentAgain(_)
                | Output::NotSent(..)
                | Output::ExtraKey { .. } => {}
            }
        }
        redelivery::unread(self.mailbox, peer, &unread, self.now);
        redelivery::session_over(self.mailbox, peer, |key| renewed.contains(&key), self.now);
    }

    /// Keeps that a key has spoken version 3.
    fn speaks(&mut self, peer: u64, instance: InstanceTag, key: Fingerprint) {
        let key = self.mailbox.peer_mut(peer).and_then(|peer| peer.trust.key_mut(key));
        if let Some(key) = key.filter(|key| instance.version() == 3 && !key.spoke_version_3) {
            key.spoke_version_3 = true;
        }
    }

    /// A private conversation with this key has begun.
    fn began(&mut self, peer: u64, key: Fingerprint) {
        self.news.conversations.insert(peer);
        let Some(known) = self.mailbox.peer_mut(peer) else { return };
        known.trust.uses(key);
        if !known.trust.accepts(key) {
            return self.notice(peer, Notice::OtherKey);
        }
        // It was there to answer.
        self.sessions.asked.remove(&peer);
        if inbox::missed(self.mailbox).contains(&peer) {
            // With the new session they send again what was not read.
            self.has_missed_nothing(peer);
        }
    }

    fn notice(&mut self, peer: u64, notice: Notice) {
        // What was on the way when a session was lost is all unreadable: said once.
        if self.news.notices.last() != Some(&(peer, notice.clone())) {
            self.news.notices.push((peer, notice));
        }
    }

    fn attend(&mut self, peer: u64, attention: Attention) {
        let notice = match attention {
            Attention::Unreadable => Notice::Unreadable,
            Attention::PeerError(text) => Notice::PeerError { text: beginning(text) },
            Attention::OtherVersion => Notice::OtherVersion,
            Attention::Mirror => Notice::Mirror,
            Attention::Malformed => Notice::Malformed,
            // The state of what waits says it; another client's messages are nobody's business here.
            Attention::NoAnswer | Attention::ForOtherInstance => return,
        };
        self.notice(peer, notice);
    }

    /// The client that a message is for, if it was heard from: what is for any goes to the one that texts go to.
    fn resource(&self, peer: u64, body: &str) -> Option<String> {
        let any = || self.sessions.open.get(&peer)?.recipient().map(|(instance, _)| instance);
        let instance = InstanceTag::of_recipient(body).or_else(any)?;
        self.sessions.resources.get(&(peer, instance)).cloned()
    }

    fn heard_from(&mut self, peer: u64, instance: InstanceTag, chat: &ChatMessage) {
        let resources = &mut self.sessions.resources;
        let Some(resource) = &chat.resource else {
            // A client without a name that can be written is answered at the account.
            resources.remove(&(peer, instance));
            return;
        };
        let theirs = resources.keys().filter(|(whose, _)| *whose == peer);
        if !resources.contains_key(&(peer, instance)) && theirs.count() >= limits::CLIENTS {
            // Whoever has so many is not owed the right one of them.
            resources.retain(|(whose, _), _| *whose != peer);
        }
        resources.insert((peer, instance), resource.clone());
    }

    fn set(&mut self, row: u64, state: MessageState) {
        let changed = self.mailbox.set(row, state);
        self.news.messages.extend(changed);
    }

    fn fail(&mut self, row: u64, reason: FailReason) {
        self.set(row, MessageState::Failed { reason });
    }
}

/// Where texts go, and what a screen shows: to a client with a key that is accepted; only where there is none, to the one
/// that the session has.
fn recipient(session: &Session, known: Option<&Arc<Peer>>) -> Option<(InstanceTag, Fingerprint)> {
    let current = session.recipient()?;
    let all = std::iter::once(current).chain(session.private());
    let mut accepted = all.filter(|(_, key)| known.is_some_and(|known| known.trust.accepts((*key).into())));
    let (instance, key) = accepted.next().unwrap_or(current);
    Some((instance, key.into()))
}

/// As much of what somebody else wrote as a person would read.
fn beginning(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(limits::NOTICE));
    text
}

#[cfg(test)]
pub(crate) mod tests;
