//! A connection at work, to its end. Nothing is lost on the way: what goes out is stored before it leaves, what comes in before
//! the server is told so.

use std::sync::Arc;
use std::time::Duration;

use flashpaper_chat::presence::Announced;
use flashpaper_chat::{
    self as chat, Address, Mailbox, Numbered, PeerId, Relationship, StreamNumber, Talk, redelivery, sending,
};
use flashpaper_xmpp::{Incoming, PresenceNews, Refusal, StreamError, Subscription};
use futures::FutureExt as _;
use tokio::time::{Instant, sleep, timeout_at};

use super::backoff::overslept;
use super::handle::{ConnectionHandle, Ending};
use super::say::{self, Session};
use super::turn::Turn;
use crate::account::State;
use crate::context::Context;
use crate::event::Connection;
use crate::network::connect::within;
use crate::{Error, limits};

/// What a connection at work has waited for.
enum Woken {
    Incoming(Result<Incoming, StreamError>),
    Work,
    Hint,
    Hurry,
    Time,
}

/// A connection at work.
pub(super) struct Work<'a> {
    context: &'a Arc<Context>,
    turn: Turn,
    handle: &'a ConnectionHandle,
    session: Session,
    /// The server was asked something, and has time up to then. By the clock that goes on while the device sleeps, as all
    /// times here.
    asked: Option<Duration>,
    quiet_since: Duration,
    /// Up to then nothing is said but what answers: the device has slept.
    rests_until: Duration,
    announced: Announced,
    /// Since when something that the server has acknowledged waits to be stored with the next change.
    acked_since: Option<Duration>,
    /// Up to then texts that come are left to gather: several came together just before.
    in_until: Instant,
    /// Up to then what waits to be sent is left to gather: something was sent just before.
    out_until: Instant,
}

impl<'a> Work<'a> {
    pub(super) fn new(context: &'a Arc<Context>, turn: Turn, handle: &'a ConnectionHandle, session: Session) -> Self {
        Self {
            context,
            turn,
            handle,
            session,
            asked: None,
            quiet_since: context.services.since_boot(),
            rests_until: Duration::ZERO,
            announced: Announced::default(),
            acked_since: None,
            in_until: Instant::now(),
            out_until: Instant::now(),
        }
    }

    /// Goes on until it is told to end, or cannot go on.
    pub(super) async fn run(mut self) -> Result<(), Error> {
        let cut_off = loop {
            match self.step().await {
                Ok(None) => {}
                Ok(Some(ending)) => return self.end(ending).await,
                Err(why) => break why,
            }
        };
        // The next connection may come late.
        let _ = self.turn.write_rest().await;
        Err(cut_off)
    }

    /// Sends what there is to send, then waits for one thing to happen.
    async fn step(&mut self) -> Result<Option<Ending>, Error> {
        let drains = self.handle.drains();
        let rest = self.rests_until.saturating_sub(self.context.services.since_boot());
        let mut sent = false;
        if rest.is_zero() {
            self.introduce().await?;
            sent = self.send().await?;
        }
        self.store_acks().await?;
        let quiet = !sent && rest.is_zero() && self.asked.is_none() && self.session.in_flight() == 0;
        let drained = quiet && !self.is_talk_busy();
        if self.handle.set_drained(drained, drains) {
            self.context.services.expiry.notify_one();
        }
        let limit = self.asked.unwrap_or_else(|| self.quiet_since + self.context.profile().silence());
        let (begin, until_talk) = (self.context.services.since_boot(), self.until_talk()?);
        let until_stored =
            self.acked_since.map_or(Duration::MAX, |since| (since + limits::GATHER).saturating_sub(begin));
        let due = if rest.is_zero() { limit.saturating_sub(begin).min(until_talk) } else { rest }.min(until_stored);
        let now = Instant::now();
        let gathered = [self.in_until, self.out_until].into_iter().filter(|until| *until > now).min();
        // In slices, as `pausing` has them.
        let slice = due.min(gathered.map_or(limits::MAX_SLEEP, |until| until - now));
        let woken = tokio::select! {
            // After a sleep there may be both: what came, and the end of the time to wait for it.
            biased;
            ending = self.handle.ended() => return Ok(Some(ending)),
            incoming = self.session.next(), if self.in_until <= now => Woken::Incoming(incoming),
            () = self.handle.work.notified() => Woken::Work,
            () = self.handle.hint.notified() => Woken::Hint,
            () = self.handle.hurry.notified() => Woken::Hurry,
            () = sleep(slice) => Woken::Time,
        };
        // Whatever comes first after a sleep: all that was due meanwhile would be said by it.
        let rests_until = overslept(self.context, begin + slice);
        self.rests_until = rests_until.unwrap_or(self.rests_until);
        match woken {
            Woken::Incoming(incoming) => self.take_in(incoming).await?,
            Woken::Hint => self.ask(limits::AFTER_HINT).await?,
            Woken::Hurry => {
                self.rests_until = self.rests_until.min(self.context.services.since_boot() + self.context.soon());
            }
            Woken::Time if rests_until.is_none() && slice == due => self.is_due(limit, slice >= until_talk).await?,
            Woken::Work | Woken::Time => {}
        }
        Ok(None)
    }

    fn is_talk_busy(&self) -> bool {
        self.turn.burner.glance().is_busy(self.context.services.since_boot())
    }

    /// Stores what the server has acknowledged, where no other change came to store it with.
    async fn store_acks(&mut self) -> Result<(), Error> {
        if self.acked_since.is_some_and(|since| self.context.services.since_boot() >= since + limits::GATHER) {
            self.converse(|_| ()).await?;
        }
        Ok(())
    }

    /// Does something with the conversations; what is still to be stored is stored with it.
    async fn converse<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Talk<'_>) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let done = self.turn.converse(work).await?;
        self.acked_since = None;
        Ok(done)
    }

    /// The time has come for the server or for conversations.
    async fn is_due(&mut self, limit: Duration, talk: bool) -> Result<(), Error> {
        if talk {
            self.converse(|talk| talk.tick()).await?;
        }
        match self.asked {
            _ if self.context.services.since_boot() < limit => Ok(()),
            // Nothing was heard, however long the line was asked for.
            Some(_) => Err(Error::Timeout),
            None => self.ask(self.context.profile().response()).await,
        }
    }

    /// How long conversations need nothing by themselves.
    fn until_talk(&self) -> Result<Duration, Error> {
        let (now, since_boot) = (self.context.services.now(), self.context.services.since_boot());
        let burner = &self.turn.burner;
        let deadline = burner.glance().deadline.map(|at| at.saturating_sub(since_boot));
        let until = redelivery::next_decision(&*burner.mailbox()?);
        let until = until.map(|at| Duration::from_secs(at.0.saturating_sub(now.0)));
        // An exchange without an answer is over after this time, and nothing else says so to those who wait for it.
        let busy = self.is_talk_busy().then_some(chat::limits::REPLY_TIMEOUT);
        // Not at once again: what could not be done may wait a moment.
        Ok(deadline.into_iter().chain(until).chain(busy).min().map_or(Duration::MAX, |wait| wait.max(limits::MIN_TICK)))
    }

    /// Takes the presence handshake with new contacts a step further, and tells the server of blocks.
    async fn introduce(&mut self) -> Result<(), Error> {
        let due = self.announced.due(&*self.turn.burner.mailbox()?);
        if due.is_empty() {
            return Ok(());
        }
        // Two at most for each of a block and the handshake.
        let resumption = self.session.resumption(4 * due.len());
        self.converse(move |talk| talk.set_resumption(resumption)).await?;
        let mut ids = self.context.services.ids();
        for (row, peer) in &due {
            say::introduction(&mut self.session, &mut ids, peer).await?;
            self.announced.record(*row, peer.relationship, StreamNumber(self.session.sent()));
        }
        self.ask(self.context.profile().response()).await
    }

    /// Encrypts what waits, and sends what is to be sent; whether there was anything.
    async fn send(&mut self) -> Result<bool, Error> {
        let burner = &self.turn.burner;
        // Who waits for a text to be stored does not wait for room.
        if !burner.has_jobs() {
            if self.room() == 0 || !sending::has_work(&*burner.mailbox()?) {
                return Ok(false);
            }
            if self.out_until > Instant::now() {
                return Ok(true);
            }
        }
        let number = self.number();
        let stanzas = self.converse(number).await?;
        self.transmit(&stanzas).await?;
        if !stanzas.is_empty() {
            self.out_until = Instant::now() + limits::BURST;
        }
        Ok(!stanzas.is_empty())
    }

    /// How many more stanzas may be on their way.
    fn room(&self) -> usize {
        limits::IN_FLIGHT_STANZAS.saturating_sub(self.session.in_flight() as usize)
    }

    /// Encrypts what waits, as far as there is room, and numbers what is sent next.
    fn number(&self) -> impl FnOnce(&mut Talk<'_>) -> Numbered + Send + 'static {
        let (first, room) = (StreamNumber(self.session.sent()).plus(1), self.room());
        let resumption = self.session.resumption(room);
        // Who says goodbye begins nothing.
        let burns = self.turn.burner.account().state == State::Burning;
        move |talk| {
            if burns { talk.last_stanzas(first, room, resumption) } else { talk.next_stanzas(first, room, resumption) }
        }
    }

    /// Sends what was numbered. Nothing else is sent between.
    async fn transmit(&mut self, stanzas: &Numbered) -> Result<(), Error> {
        say::stanzas(&mut self.session, stanzas).await?;
        if stanzas.is_empty() { Ok(()) } else { self.ask(self.context.profile().response()).await }
    }

    /// Stores everything that is there already, and tells the server if it wants to know.
    async fn take_in(&mut self, first: Result<Incoming, StreamError>) -> Result<(), Error> {
        let (mut batch, mut end) = (Vec::new(), Ok(()));
        let mut next = Some(first);
        while let Some(incoming) = next {
            match incoming {
                Ok(incoming) => batch.push(incoming),
                Err(error) => {
                    end = Err(error);
                    break;
                }
            }
            let more = batch.len() < limits::IN_FLIGHT_STANZAS;
            next = if more { self.session.next().now_or_never() } else { None };
        }
        let wants_ack = batch.contains(&Incoming::Asked);
        let texts = batch.iter().filter(|incoming| matches!(incoming, Incoming::Chat(_))).count();
        let acked = |incoming: &Incoming| {
            if let Incoming::Acked { up_to } = incoming { Some(StreamNumber(*up_to)) } else { None }
        };
        let acked: Vec<StreamNumber> = batch.iter().filter_map(acked).collect();
        let (was_acked, known) = (!acked.is_empty(), self.announced.known_by(&acked));
        let says_nothing_else =
            batch.iter().all(|incoming| matches!(incoming, Incoming::Acked { .. } | Incoming::Asked));
        let (stanzas, answers) = if says_nothing_else && end.is_ok() {
            self.note_acks(acked, known).await?;
            (Vec::new(), Vec::new())
        } else {
            self.store(batch, known, end.is_ok()).await?
        };
        self.quiet_since = self.context.services.since_boot();
        if texts > 1 {
            self.in_until = Instant::now() + limits::BURST;
        }
        if self.asked.is_some() {
            // Whatever comes shows that the line is alive.
            self.asked = Some(self.quiet_since + self.context.profile().response());
        }
        if was_acked {
            self.asked = None;
        }
        if end == Err(StreamError::Malformed) {
            // It is not sent again then, even by a server that does not take streams up again.
            let _ = within(limits::GOODBYE, self.session.acknowledge()).await;
        }
        end?;
        self.transmit(&stanzas).await?;
        if wants_ack {
            within(limits::EXCHANGE, self.session.acknowledge()).await??;
        }
        for (to, step) in &answers {
            within(limits::EXCHANGE, self.session.send_subscription(to, *step)).await??;
        }
        if within(limits::EXCHANGE, self.session.refuse_requests()).await?? || !answers.is_empty() {
            self.ask(self.context.profile().response()).await?;
        }
        Ok(())
    }

    /// Stores what came, and what is to be sent for it. Gives that, and the steps of the presence handshake to answer with.
    async fn store(
        &mut self,
        batch: Vec<Incoming>,
        known: Vec<(PeerId, Relationship)>,
        may_answer: bool,
    ) -> Result<(Numbered, Vec<(String, Subscription)>), Error> {
        // Each is answered by one at most.
        let resumption = self.session.resumption(batch.len() + self.room());
        let rests = self.rests_until > self.context.services.since_boot();
        let number = (may_answer && !rests && self.room() > 0).then(|| self.number());
        let account = self.turn.burner.account();
        let own = Address::from(account.jid());
        let is_bounce = |incoming: &Incoming| match incoming {
            Incoming::Refused { why, .. } => *why == Refusal::Forbidden,
            Incoming::Presence { news, .. } => *news == PresenceNews::Forbidden,
            _ => false,
        };
        let came_back = batch.iter().any(is_bounce);
        let (stanzas, answers, is_quarantined) = self
            .converse(move |talk| {
                let answers = batch.into_iter().flat_map(|incoming| talk.hear(incoming)).collect();
                talk.acknowledged(&[], &known);
                let stanzas = number.map(|number| number(talk)).unwrap_or_default();
                talk.set_resumption(resumption);
                (stanzas, answers, talk.is_quarantined(&own))
            })
            .await?;
        let connection = if is_quarantined { Connection::Quarantined } else { Connection::Online };
        self.turn.burner.note_connection(self.handle, connection);
        if came_back && is_quarantined {
            // The next creation goes elsewhere.
            self.context.learn(&account, &Error::Quarantined).await;
        }
        Ok((stanzas, answers))
    }

    /// Notes what the server has. It is stored with the next change: after a crash the server says it again. There need be none
    /// where it is nothing but answers, as receipts: a peer takes one that goes again for what it is.
    async fn note_acks(&mut self, acked: Vec<StreamNumber>, known: Vec<(PeerId, Relationship)>) -> Result<(), Error> {
        let is_known = !known.is_empty();
        let note = move |mailbox: &mut Mailbox| sending::acknowledged(mailbox, &acked, &known);
        if self.turn.change_later(note).await? || is_known {
            self.acked_since.get_or_insert(self.context.services.since_boot());
        }
        Ok(())
    }

    /// Asks the server what it has; it has to say something within this time.
    pub(super) async fn ask(&mut self, response: Duration) -> Result<(), Error> {
        let until = self.context.services.since_boot() + response;
        self.asked = Some(self.asked.map_or(until, |before| before.min(until)));
        Ok(within(limits::EXCHANGE, self.session.ask()).await??)
    }

    /// Everything that came is stored; the server is told if it listens.
    async fn end(mut self, ending: Ending) -> Result<(), Error> {
        if ending == Ending::Pause {
            // What could not be read counts, too: no stream is taken up again with less than was acknowledged.
            let resumption = self.session.resumption(0);
            self.converse(move |talk| talk.set_resumption(resumption)).await?;
            let _ = within(limits::GOODBYE, self.session.acknowledge()).await;
            return Ok(());
        }
        // Nothing new is said any more.
        self.rests_until = Duration::MAX;
        // What the server has is not to be sent again on the next stream, which will not know: if it is stored.
        if self.drain(Instant::now() + limits::GOODBYE).await.is_ok() {
            let _ = within(limits::GOODBYE, self.session.acknowledge()).await;
        }
        // Behind the end no server says any more what it has.
        self.turn.write_rest().await?;
        let _ = within(limits::GOODBYE, self.session.close()).await;
        self.turn.converse(|talk| talk.set_resumption(None)).await
    }

    /// Waits until the server has everything, or until this time.
    async fn drain(&mut self, until: Instant) -> Result<(), Error> {
        within(limits::GOODBYE, self.session.ask()).await??;
        while self.session.in_flight() > 0 {
            let Ok(incoming) = timeout_at(until, self.session.next()).await else { break };
            // Never cut off: what came would be acknowledged and not stored.
            self.take_in(incoming).await?;
        }
        Ok(())
    }
}
