//! A burner's conversations: what comes in and the time go in; stanzas to send, rows to store and events come out.
//!
//! The one policy is: always encrypted. A text waits for a private conversation with a key that the user accepts.

use std::time::Duration;

use flashpaper_xmpp::{ChatMessage, Incoming, PresenceNews, Refusal, Resumption, Start, Subscription};

use crate::address::Address;
use crate::contact::{PeerId, Relationship};
use crate::encryption;
use crate::encryption::session::Partner;
use crate::error::ChatError;
use crate::event::{Changed, News};
use crate::inbox;
use crate::mailbox::Mailbox;
use crate::message::FailReason;
use crate::random::Random;
use crate::sessions::Sessions;
use crate::stanza::{Numbered, StreamNumber};
use crate::time::UnixTime;
use crate::work::Work;
use crate::{outbox, presence, redelivery, retention, sending, stanza_queue};

/// One piece of work on a burner's conversations.
pub struct Talk<'a> {
    pub(crate) work: Work<'a>,
}

impl<'a> Talk<'a> {
    /// `times`: the time by the device's clock, and since the device was started; `idle_timeout`: how long a session may rest and be
    /// used again, zero: not beyond this process.
    #[must_use]
    pub fn new(
        mailbox: &'a mut Mailbox,
        sessions: &'a mut Sessions,
        rng: Random,
        times: (UnixTime, Duration),
        idle_timeout: Duration,
    ) -> Self {
        Self { work: Work::new(mailbox, sessions, rng, times, idle_timeout) }
    }

    /// Confirms what has come, and stores the sessions that were used. What is to be reported once that is on disk.
    #[must_use]
    pub fn end(self) -> News {
        self.work.end()
    }

    /// What is stored.
    pub const fn mailbox(&mut self) -> &mut Mailbox {
        self.work.mailbox
    }

    /// Messages are in another state: to be reported.
    pub(crate) fn report(&mut self, changed: Changed) {
        self.work.news.messages.extend(changed);
    }

    /// Something has changed of the conversation with a peer: to be reported.
    pub fn report_conversation(&mut self, peer: PeerId) {
        self.work.news.conversations.insert(peer);
    }

    /// A login has succeeded: a stream has begun, or goes on. `resumption`: where it is taken up again; `limit`: the longest
    /// stanza that the server takes.
    pub fn stream_began(&mut self, start: Start, resumption: Option<Resumption>, limit: Option<usize>) {
        let (acked, is_new) = match start {
            Start::Resumed { acked } => (Some(acked), false),
            Start::New { acked } => (acked, true),
        };
        let had_one = stanza_queue::resumption(self.work.mailbox).is_some();
        self.restarted(acked.map(StreamNumber), acked.is_none() && had_one);
        self.set_resumption(resumption);
        if is_new {
            presence::introduce_again(self.work.mailbox);
        }
        self.work.sessions.connected(limit, is_new);
        self.wake();
    }

    /// The server takes up another stream than the one that was asked for: it is not to be asked for that again.
    pub fn stream_lost(&mut self) {
        self.restarted(None, true);
        self.set_resumption(None);
    }

    /// What was on its way goes again. `forgotten`: the server may have lost what it had, too. That comes last: what is withdrawn
    /// then must have no number any more, or it would go before what is queued again.
    fn restarted(&mut self, acked: Option<StreamNumber>, forgotten: bool) {
        let mut changed = stanza_queue::restarted(self.work.mailbox, acked);
        if forgotten {
            changed.extend(redelivery::forgotten_by_server(self.work.mailbox, self.work.now));
        }
        self.report(changed);
    }

    /// Keeps where the stream is taken up again, once all that came up to there is stored.
    pub fn set_resumption(&mut self, resumption: Option<Resumption>) {
        stanza_queue::set_resumption(self.work.mailbox, resumption);
    }

    /// Takes in what the server has sent. Gives the steps of the presence handshake to answer with, and whom.
    pub fn hear(&mut self, incoming: Incoming) -> Vec<(String, Subscription)> {
        match incoming {
            Incoming::Chat(chat) => self.receive(&chat),
            Incoming::Receipt { from, id } => {
                let changed = outbox::reported(self.work.mailbox, &from.into(), &id);
                self.report(changed);
            }
            Incoming::Unreadable { from } => self.unreadable(&from.into()),
            Incoming::Refused { from, id, why } => self.refused(&from.into(), &id, why),
            Incoming::Presence { from, resource, news } => {
                let steps = self.presence(&from.clone().into(), resource, news);
                return steps.into_iter().map(|step| (from.clone(), step)).collect();
            }
            Incoming::Acked { up_to } => self.acknowledged(&[StreamNumber(up_to)], &[]),
            Incoming::Asked | Incoming::Other => {}
        }
        Vec::new()
    }

    /// [`sending::acknowledged`], stored with this piece of work.
    pub fn acknowledged(&mut self, up_to: &[StreamNumber], known: &[(PeerId, Relationship)]) {
        let changed = sending::acknowledged(self.work.mailbox, up_to, known);
        self.report(changed);
    }

    /// Encrypts what waits, and numbers what is sent next from `first` on, at most `room` of it. Gives that, with the JIDs that
    /// it goes to. `resumption`: where the stream is taken up again, whatever of it has left by then.
    pub fn next_stanzas(&mut self, first: StreamNumber, room: usize, resumption: Option<Resumption>) -> Numbered {
        self.pump(room);
        self.last_stanzas(first, room, resumption)
    }

    /// Encrypts texts that wait, at most so many, and asks for private conversations where there are none.
    pub(crate) fn pump(&mut self, room: usize) {
        sending::pump(&mut self.work, room);
    }

    /// [`Talk::next_stanzas`] of a burner that says goodbye: no text is encrypted, and nobody is asked for anything.
    pub fn last_stanzas(&mut self, first: StreamNumber, room: usize, resumption: Option<Resumption>) -> Numbered {
        self.set_resumption(resumption);
        stanza_queue::number(self.work.mailbox, first, room, self.work.now)
    }

    /// A message of somebody's.
    pub(crate) fn receive(&mut self, chat: &ChatMessage) {
        if chat.text.is_empty() {
            // No message, nor the end of one in pieces: an empty body stands beside other things.
            return;
        }
        let from = Address::from(chat.from.clone());
        let peer = self.work.mailbox.find(&from);
        let relationship = peer.map(|peer| self.work.mailbox.relationship(peer)).unwrap_or_default();
        match (relationship, peer) {
            (Relationship::Stranger, _) => {
                let receipt = self.work.ids.draw();
                inbox::receive_from_stranger(
                    self.work.mailbox,
                    &mut self.work.sessions.full,
                    &mut self.work.news,
                    peer,
                    (&from, chat),
                    receipt,
                    self.work.now,
                );
            }
            // What OTR has not read it does not count as read: it can come again.
            (Relationship::Contact, Some(peer))
                if inbox::is_full(self.work.mailbox, peer) && !encryption::is_of_exchange(&chat.text) =>
            {
                inbox::turn_away(self.work.mailbox, &mut self.work.sessions.full, &mut self.work.news, peer);
            }
            (Relationship::Contact, Some(peer)) => {
                let outputs = self.work.with(peer, |session| session.receive(&chat.text));
                self.work.carry_out(peer, Some(chat), outputs);
            }
            (Relationship::Contact, None) | (Relationship::Blocked, _) => {}
        }
    }

    /// A message of somebody's of which nothing can be read: that there was one is told, also of a stranger.
    pub(crate) fn unreadable(&mut self, from: &Address) {
        inbox::unreadable(self.work.mailbox, &mut self.work.news, from);
    }

    /// Somebody's presence. Gives the steps of the handshake to answer with.
    pub(crate) fn presence(
        &mut self,
        from: &Address,
        resource: Option<String>,
        news: PresenceNews,
    ) -> Vec<Subscription> {
        if news == PresenceNews::Forbidden {
            if presence::was_asked(self.work.mailbox, from) {
                self.work.sessions.bounces.add(from);
            }
            return Vec::new();
        }
        if news == PresenceNews::Available
            && let Some(peer) = self.work.mailbox.find(from).filter(|peer| self.work.is_contact(*peer))
        {
            // A peer who was away when they were asked may be asked again.
            self.work.sessions.asked.remove(&peer);
        }
        presence::hear(self.work.mailbox, &mut self.work.sessions.present, &mut self.work.news, from, resource, news)
    }

    /// A message came back.
    pub(crate) fn refused(&mut self, from: &Address, id: &str, why: Refusal) {
        let is_final = matches!(why, Refusal::ForGood | Refusal::Forbidden);
        let reason = if is_final { FailReason::Refused } else { FailReason::Unreachable };
        let mut changed = outbox::refused(self.work.mailbox, from, id, reason);
        let asked = |peer: &PeerId| self.work.sessions.queries.get(peer).is_some_and(|query| query == id);
        let asked = self.work.mailbox.find(from).filter(|peer| is_final && asked(peer));
        if let Some(peer) = asked {
            changed.extend(outbox::nobody_there(self.work.mailbox, peer));
        }
        if why == Refusal::Forbidden && (asked.is_some() || !changed.is_empty()) {
            self.work.sessions.bounces.add(from);
        }
        self.work.news.messages.extend(changed);
    }

    /// Whether bounces show that the server lets this account write to nobody. `own`: the account.
    #[must_use]
    pub fn is_quarantined(&self, own: &Address) -> bool {
        self.work.sessions.bounces.show_quarantine(self.work.mailbox, own)
    }

    /// Makes a stranger a contact, and answers if they have asked for a private conversation.
    ///
    /// # Errors
    /// [`ChatError::PeerBlocked`].
    pub fn accept(&mut self, peer: PeerId) -> Result<(), ChatError> {
        self.work.mailbox.check_unblocked(peer)?;
        let known = self.work.mailbox.peers.get(&peer);
        let (asks, offers_3) = known.map_or((false, false), |known| (known.asks_for_private, known.offers_version_3));
        self.work.mailbox.befriend(peer);
        if offers_3 {
            self.work.with(peer, |session| session.note_newest_offered());
        }
        if asks {
            self.start(peer);
        }
        self.work.news.conversations.insert(peer);
        Ok(())
    }

    /// Blocks a peer without telling them, or ends the block. A block ends the private conversation, and texts that wait fail.
    pub fn set_blocked(&mut self, peer: PeerId, blocked: bool) {
        presence::set_blocked(self.work.mailbox, peer, blocked);
        if blocked {
            self.work.sessions.drop_session(peer);
            self.work.touched.remove(&peer);
            let mut changed = redelivery::forget_session(self.work.mailbox, peer);
            changed.extend(outbox::blocked(self.work.mailbox, peer));
            changed.extend(redelivery::fail_unconfirmed(self.work.mailbox, peer));
            self.work.news.messages.extend(changed);
        }
        self.work.news.conversations.insert(peer);
    }

    /// What time does: gives up texts that have waited for too long, and ends private conversations that have rested for too
    /// long. Their peers are told, or they would write what nobody can read. Where they cannot be told now (what they have
    /// written may be waiting, too) that is put off, but not for ever. `now`: the time that things expire by. Whether a private
    /// conversation has ended.
    pub fn expire(&mut self, now: UnixTime, can_be_told: bool) -> bool {
        self.work.news.messages.extend(outbox::give_up(self.work.mailbox, self.work.now));
        let lasts = retention::lasts(self.work.idle_timeout, can_be_told);
        let rested = retention::rested(self.work.mailbox, lasts, now);
        for peer in &rested {
            // The peer's side may be over, too, with these unread.
            redelivery::doubt_all(self.work.mailbox, *peer, self.work.now);
            self.say_goodbye(*peer);
        }
        !rested.is_empty()
    }

    /// Sets how long texts are kept once they were read, or that they do not go by themselves; the peer's client is told, if it is of
    /// our kind.
    ///
    /// # Errors
    /// [`ChatError::BadTimer`].
    pub fn set_timer(&mut self, peer: PeerId, after: Option<Duration>) -> Result<(), ChatError> {
        let Some(known) = self.work.mailbox.peers.get(&peer) else { return Ok(()) };
        let mut timer = known.timer;
        if timer.set(after)? {
            if let Some(known) = self.work.mailbox.peer_mut(peer) {
                known.timer = timer;
            }
            self.work.tell_timer(peer, |_| true);
            self.work.news.conversations.insert(peer);
        }
        Ok(())
    }

    /// What the user says of a peer's keys may change where texts go.
    pub fn choose_again(&mut self, peer: PeerId) {
        if self.work.mailbox.sessions.contains_key(&peer) {
            sending::choose(&mut self.work, peer);
        }
    }

    /// Begins a private conversation, or renews the one there is.
    pub fn start(&mut self, peer: PeerId) {
        sending::start(&mut self.work, peer);
    }

    /// Ends the private conversation. The peer's receipts cannot be read any more.
    pub fn finish(&mut self, peer: PeerId) {
        self.work.news.messages.extend(redelivery::fail_unconfirmed(self.work.mailbox, peer));
        self.say_goodbye(peer);
    }

    fn say_goodbye(&mut self, peer: PeerId) {
        let outputs = self.work.with(peer, |session| session.end());
        self.work.carry_out(peer, None, outputs);
        self.work.news.conversations.insert(peer);
    }

    /// Tells every peer that the private conversation ends.
    pub fn finish_all(&mut self) {
        let private =
            self.work.mailbox.sessions.iter().filter(|(_, stored)| stored.key.is_some()).map(|(peer, _)| *peer);
        let private: Vec<PeerId> = private.filter(|peer| self.work.is_contact(*peer)).collect();
        private.into_iter().for_each(|peer| self.finish(peer));
    }

    /// Gives up what has taken too long.
    pub fn tick(&mut self) {
        let is_due = |deadline: Option<Duration>| deadline.is_some_and(|at| at <= self.work.clock);
        let due =
            self.work.sessions.open.iter().filter(|(_, session)| is_due(session.deadline())).map(|(peer, _)| peer);
        let due: Vec<PeerId> = due.filter(|peer| self.work.is_contact(*peer)).collect();
        due.into_iter().for_each(|peer| self.work.look(peer, |_| ()));
    }

    /// Opens the sessions that are stored, so that their time goes on.
    pub fn wake(&mut self) {
        let stored = self.work.mailbox.sessions.keys().copied();
        let stored: Vec<PeerId> = stored.filter(|peer| self.work.is_contact(*peer)).collect();
        stored.into_iter().for_each(|peer| self.work.look(peer, |_| ()));
    }

    /// Compares a secret with the peer (OTR, Socialist Millionaires' Protocol): with the key that texts go to.
    ///
    /// # Errors
    /// [`ChatError::NotPrivate`].
    pub fn compare(&mut self, peer: PeerId, secret: &str, question: Option<&str>) -> Result<(), ChatError> {
        let Partner { key, .. } = sending::choose(&mut self.work, peer).ok_or(ChatError::NotPrivate)?;
        let outputs = self.work.with(peer, |session| session.compare(secret, question))?;
        if let Some(key) = self.work.mailbox.peer_mut(peer).and_then(|known| known.trust.key_mut(key)) {
            key.failures = 0;
        }
        self.work.carry_out(peer, None, outputs);
        Ok(())
    }

    /// Answers a comparison that the peer has asked for; `shown`: the question as the user has seen it.
    ///
    /// # Errors
    /// [`ChatError::NothingAsked`].
    pub fn answer(&mut self, peer: PeerId, secret: &str, shown: Option<&str>) -> Result<(), ChatError> {
        let trust = self.work.trust(peer).ok_or(ChatError::NothingAsked)?;
        let key = self.work.sessions.questions.asker(peer, trust, shown).ok_or(ChatError::NothingAsked)?;
        let outputs = self.work.with(peer, |session| session.answer(secret, key))?;
        self.work.carry_out(peer, None, outputs);
        Ok(())
    }

    /// Ends a comparison without a result.
    ///
    /// # Errors
    /// [`ChatError::NotPrivate`].
    pub fn abort_comparison(&mut self, peer: PeerId) -> Result<(), ChatError> {
        let outputs = self.work.with(peer, |session| session.abort(None))?;
        self.work.news.conversations.insert(peer);
        self.work.carry_out(peer, None, outputs);
        Ok(())
    }
}
