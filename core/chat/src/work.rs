//! One piece of work on a burner's conversations: its sessions are used, and what they say is carried out.
//!
//! All that a session says is stored with its state, in one commit, before any of it leaves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use flashpaper_xmpp::{ChatMessage, Ids};

use crate::contact::{PeerId, Relationship};
use crate::encryption::open::Opened;
use crate::encryption::session::{Client, Compared, Output, Partner, Session};
use crate::encryption::stored::Stored;
use crate::encryption::{self, verification};
use crate::event::{News, Notice};
use crate::inbox::{self, Arrived};
use crate::mailbox::Mailbox;
use crate::message::{MessageId, MessageState};
use crate::random::Random;
use crate::seen::Mark;
use crate::sessions::Sessions;
use crate::stanza::{OutgoingStanza, StanzaKind};
use crate::time::UnixTime;
use crate::timer::{Heard, Setting};
use crate::trust::{Fingerprint, Security, Trust};
use crate::{outbox, redelivery, stanza_queue};

/// One piece of work on a burner's conversations.
pub(crate) struct Work<'a> {
    /// What is stored.
    pub(crate) mailbox: &'a mut Mailbox,
    /// What is in memory.
    pub(crate) sessions: &'a mut Sessions,
    /// What is to be reported.
    pub(crate) news: News,
    pub(crate) touched: BTreeSet<PeerId>,
    /// Those of `touched` that do not rest on.
    used: BTreeSet<PeerId>,
    /// The names of texts that have come, by whom they came from: to be confirmed inside the encryption.
    receipts: BTreeMap<(PeerId, Client), Vec<String>>,
    rng: Random,
    pub(crate) ids: Ids,
    /// The time by the device's clock.
    pub(crate) now: UnixTime,
    /// The time since the device was started.
    pub(crate) clock: Duration,
    /// How long a session may rest and be used again; zero: not beyond this process.
    pub(crate) idle_timeout: Duration,
}

impl<'a> Work<'a> {
    /// `times`: the time by the device's clock, and since the device was started; `idle_timeout`: how long a session may rest and be
    /// used again, zero: not beyond this process.
    pub(crate) fn new(
        mailbox: &'a mut Mailbox,
        sessions: &'a mut Sessions,
        rng: Random,
        (now, clock): (UnixTime, Duration),
        idle_timeout: Duration,
    ) -> Self {
        let ids = Ids::new(Box::new(rng.clone()));
        let (news, touched, used) = (News::default(), BTreeSet::new(), BTreeSet::new());
        let receipts = BTreeMap::new();
        Self { mailbox, sessions, news, touched, used, receipts, rng, ids, now, clock, idle_timeout }
    }

    /// Confirms what has come, and stores the sessions that were used.
    pub(crate) fn end(mut self) -> News {
        self.confirm();
        for peer in std::mem::take(&mut self.touched) {
            self.store_session(peer);
        }
        self.news
    }

    /// Confirms what has come inside the encryption.
    pub(crate) fn confirm(&mut self) {
        for ((peer, from), labels) in std::mem::take(&mut self.receipts) {
            if self.is_contact(peer) {
                let outputs = self.with(peer, |session| session.confirm(from, &labels));
                self.carry_out(peer, None, outputs);
            }
        }
    }

    fn store_session(&mut self, peer: PeerId) {
        let Some(session) = self.sessions.open.get(peer) else { return };
        redelivery::confirm_others(self.mailbox, peer, &session.unconfirmed());
        let changing = session.recipient().filter(|_| !session.is_ready());
        if changing.is_some_and(|with| redelivery::awaits_receipt(self.mailbox, peer, with.key)) {
            // The exchange ends with this process. The peer may be past it, and have confirmed texts by its keys.
            inbox::mark_missed(self.mailbox, peer);
        }
        let private = session.private();
        let is_over = |key: Fingerprint| private.iter().all(|partner| key != partner.key);
        redelivery::session_over(self.mailbox, peer, is_over, self.now);
        if self.sessions.questions.keep(peer, &session.askers()) {
            self.news.conversations.insert(peer);
        }
        let is_stored = !self.idle_timeout.is_zero();
        let trust = self.mailbox.peers.get(&peer).map(|peer| &peer.trust);
        let mut stored = self.sessions.open.to_store(peer, session, trust, self.now, is_stored);
        let before = self.mailbox.sessions.get(&peer);
        // What leaves no mark is no use: anybody can send that.
        let rests = |before: &&Arc<Stored>| !self.used.contains(&peer) || is_stored && before.state == stored.state;
        stored.used = before.filter(rests).map_or(self.now, |before| before.used);
        if before.is_none_or(|before| **before != stored) {
            self.mailbox.sessions.insert(peer, Arc::new(stored));
        }
    }

    /// Does something with a peer's session, at the present time: it does not rest.
    pub(crate) fn with<T>(&mut self, peer: PeerId, act: impl FnOnce(&mut dyn Session) -> T) -> T {
        self.used.insert(peer);
        self.look(peer, act)
    }

    /// [`Work::with`], but it rests on.
    pub(crate) fn look<T>(&mut self, peer: PeerId, act: impl FnOnce(&mut dyn Session) -> T) -> T {
        self.touched.insert(peer);
        let mut session = self.open(peer);
        let has_spoken_3 = self.trust(peer).is_some_and(Trust::has_spoken_version_3);
        let mut due = session.allow_older(!self.sessions.open.newest_only && !has_spoken_3);
        due.extend(session.tick(self.clock));
        let result = act(&mut *session);
        self.sessions.open.put_back(peer, session);
        self.carry_out(peer, None, due);
        result
    }

    fn open(&mut self, peer: PeerId) -> Box<dyn Session> {
        let stored = self.mailbox.sessions.get(&peer).map(|stored| &**stored);
        match self.sessions.open.take_out(peer, stored, !self.idle_timeout.is_zero(), self.rng.clone(), self.clock) {
            Opened::Before(session) | Opened::New(session) => session,
            Opened::Resumed(session) => {
                for Partner { key, version, .. } in session.private() {
                    if let Some(known) = self.mailbox.peer_mut(peer) {
                        known.trust.note_version(key, version);
                    }
                }
                session
            }
            Opened::Lost(session) => {
                redelivery::session_lost(self.mailbox, peer, self.now);
                self.news.conversations.insert(peer);
                session
            }
        }
    }

    /// Carries out what a session says. `chat`: what it answers to.
    pub(crate) fn carry_out(&mut self, peer: PeerId, chat: Option<&ChatMessage>, outputs: Vec<Output>) {
        let (mut unread, mut renewed) = (Vec::new(), BTreeSet::new());
        for output in outputs {
            match output {
                Output::Send(body) => self.put_out(peer, chat, body),
                Output::Text { text, from, key, label } => {
                    let Some(chat) = chat else { continue };
                    self.arrived_in_private(peer, (from, key), &text, label, chat);
                }
                // Whether the text was taken in is known here alone; its receipt may have been lost.
                Output::Again { from, key, label } => {
                    if self.mailbox.has_seen(peer, Mark::private(key, true, &label)) {
                        self.receipts.entry((peer, from)).or_default().push(label);
                    }
                }
                Output::PlainText(text) => {
                    let Some(chat) = chat else { continue };
                    self.arrived(&Arrived::in_clear(peer, &text, chat, self.now));
                }
                Output::Read { labels, key } => {
                    self.news.messages.extend(outbox::read(self.mailbox, peer, key, &labels));
                }
                Output::Timer { timer, from, key } => self.hear_timer(peer, (from, key), timer),
                Output::Deduplicates(key) => {
                    let known = self.mailbox.peer_mut(peer);
                    let known = known.and_then(|known| known.trust.key_mut(key));
                    if let Some(known) = known.filter(|known| !known.deduplicates) {
                        known.deduplicates = true;
                        redelivery::sends_receipts(self.mailbox, peer, key, self.now);
                    }
                    self.tell_timer(peer, |partner| partner.key == key);
                }
                Output::Began(with) => {
                    self.began(peer, with, chat);
                    renewed.insert(with.key);
                    if with.version == 2 && self.has_spoken_3(peer, with.key) {
                        let outputs = self.with(peer, |session| session.allow_older(false));
                        self.carry_out(peer, None, outputs);
                    }
                }
                Output::Ended => drop(self.news.conversations.insert(peer)),
                Output::Unread(text) => unread.push(text),
                Output::Compared(event) => self.compared(peer, event),
                Output::Notice(notice) => {
                    if notice == Notice::Unreadable {
                        self.missed_text(peer, chat);
                    }
                    self.news.notice(peer, notice);
                }
            }
        }
        redelivery::unread(self.mailbox, peer, &unread, self.now);
        redelivery::session_over(self.mailbox, peer, |key| renewed.contains(&key), self.now);
    }

    /// The peer's client says how long texts are kept. One that sets that is told that it counts here, too.
    fn hear_timer(&mut self, peer: PeerId, (from, key): (Client, Fingerprint), setting: Setting) {
        let Some(known) = self.mailbox.peers.get(&peer).filter(|known| known.trust.accepts(key)) else { return };
        let mut timer = known.timer;
        let heard = timer.hear(setting);
        // One that is not changed is not written again.
        let is_news = matches!(heard, Heard::Adopted | Heard::Agreed);
        if let Some(known) = is_news.then(|| self.mailbox.peer_mut(peer)).flatten() {
            known.timer = timer;
        }
        match heard {
            Heard::Adopted => {
                self.news.notice(peer, Notice::TimerChanged);
                self.news.conversations.insert(peer);
                self.tell_timer(peer, |partner| partner.client == from);
            }
            Heard::Agreed => drop(self.news.conversations.insert(peer)),
            Heard::Nothing => {}
            Heard::Invalid => self.news.notice(peer, Notice::Malformed),
        }
    }

    /// Tells clients how long texts are kept, if that was ever set: those with an accepted key that know what they get twice are of
    /// our kind.
    pub(crate) fn tell_timer(&mut self, peer: PeerId, is_told: impl Fn(&Partner) -> bool) {
        let known = self.mailbox.peers.get(&peer).filter(|_| self.is_contact(peer));
        let Some(setting) = known.and_then(|known| known.timer.told()) else { return };
        let private = self.look(peer, |session| session.private());
        let is_ours = |key: Fingerprint| {
            let trust = self.trust(peer).filter(|trust| trust.accepts(key));
            trust.and_then(|trust| trust.key(key)).is_some_and(|key| key.deduplicates)
        };
        let told = private.iter().filter(|partner| is_told(partner) && is_ours(partner.key));
        let told: Vec<Client> = told.map(|partner| partner.client).collect();
        for client in told {
            let outputs = self.with(peer, |session| session.tell_timer(client, setting));
            self.carry_out(peer, None, outputs);
        }
    }

    /// Has something that a session says leave: to the client that it answers, or that it is for.
    fn put_out(&mut self, peer: PeerId, chat: Option<&ChatMessage>, body: String) {
        let resource = match chat {
            Some(chat) => chat.resource.clone(),
            None => self.sessions.open.resource_for(peer, &body),
        };
        let id = self.ids.draw();
        if encryption::is_query(&body) {
            self.sessions.queries.insert(peer, id.clone());
        }
        let kind = StanzaKind::Encrypted { body, wants_receipt: false };
        stanza_queue::add(
            self.mailbox,
            OutgoingStanza { peer, resource, id, kind, message: None, at: self.now, number: None },
        );
    }

    fn arrived_in_private(
        &mut self,
        peer: PeerId,
        (from, key): (Client, Fingerprint),
        text: &str,
        label: Option<String>,
        chat: &ChatMessage,
    ) {
        let resource = chat.resource.as_deref();
        self.sessions.open.heard_from(peer, from, resource);
        let security = self.trust(peer).map_or(Security::KeyChanged, |trust| trust.security(key));
        let accepted = security != Security::KeyChanged;
        // An id of the stanza's is the server's to change; what it repeats OTR does not read twice.
        let mark = label.as_deref().map(|label| Mark::private(key, accepted, label));
        // One with a label is confirmed inside the encryption.
        let receipt = inbox::wanted_receipt(chat).filter(|_| label.is_none());
        self.arrived(&Arrived { peer, mark, text, security, resource, receipt });
        if let Some(label) = label {
            self.receipts.entry((peer, from)).or_default().push(label);
        }
    }

    fn arrived(&mut self, arrived: &Arrived<'_>) {
        let receipt = self.ids.draw();
        self.news.messages.extend(inbox::receive(self.mailbox, arrived, receipt, self.now));
    }

    fn has_spoken_3(&self, peer: PeerId, key: Fingerprint) -> bool {
        let key = self.trust(peer).and_then(|trust| trust.key(key));
        key.is_some_and(|key| key.spoke_version_3)
    }

    /// A private conversation with this key has begun.
    fn began(&mut self, peer: PeerId, Partner { client, key, version }: Partner, chat: Option<&ChatMessage>) {
        if let Some(chat) = chat {
            self.sessions.open.heard_from(peer, client, chat.resource.as_deref());
        }
        self.news.conversations.insert(peer);
        let Some(known) = self.mailbox.peer_mut(peer) else { return };
        known.trust.trusts_on_first_use(key);
        known.trust.note_version(key, version);
        let is_accepted = known.trust.accepts(key);
        let unread_by = self.sessions.unread_by.get(&peer);
        if !is_accepted && unread_by.is_some_and(|client| chat.is_some_and(|chat| chat.resource == *client)) {
            // What could not be read was another client's. The one that texts go to has nothing to send again.
            inbox::clear_missed(self.mailbox, peer);
            self.sessions.unread_by.remove(&peer);
        }
        if !is_accepted {
            return self.news.notice(peer, Notice::OtherKey);
        }
        // It was there to answer.
        self.sessions.asked.remove(&peer);
        self.sessions.unread_by.remove(&peer);
        if inbox::missed(self.mailbox).contains(&peer) {
            // With the new session they send again what was not read.
            inbox::clear_missed(self.mailbox, peer);
        }
    }

    /// A text could not be read. OTR begins a new session for that, and gives it up with its process, or after a minute: it
    /// stays due, unless the conversation was ended on purpose.
    fn missed_text(&mut self, peer: PeerId, chat: Option<&ChatMessage>) {
        let session = self.sessions.open.get(peer);
        if session.is_some_and(|session| session.recipient().is_some() || session.is_beginning())
            && inbox::mark_missed(self.mailbox, peer)
        {
            self.sessions.asked.insert(peer, self.clock);
            self.sessions.unread_by.insert(peer, chat.and_then(|chat| chat.resource.clone()));
        }
    }

    fn compared(&mut self, peer: PeerId, event: Compared) {
        let ended =
            verification::hear(&mut self.mailbox.peers, &mut self.sessions.questions, &mut self.news, peer, event);
        if let Some(key) = ended
            && let Ok(outputs) = self.with(peer, |session| session.abort(Some(key)))
        {
            self.carry_out(peer, None, outputs);
        }
    }

    pub(crate) fn is_contact(&self, peer: PeerId) -> bool {
        self.mailbox.relationship(peer) == Relationship::Contact
    }

    pub(crate) fn trust(&self, peer: PeerId) -> Option<&Trust> {
        self.mailbox.peers.get(&peer).map(|peer| &peer.trust)
    }

    pub(crate) fn set(&mut self, row: MessageId, state: MessageState) {
        self.news.messages.extend(self.mailbox.set(row, state));
    }
}
