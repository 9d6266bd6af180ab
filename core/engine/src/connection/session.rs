//! One connection of a burner, from its login to its end. Nothing is lost on the way: what goes out is stored before it leaves,
//! what comes in before the server is told so.

use std::time::Duration;

use flashpaper_chat::{
    self as chat, Mailbox, PeerId, Standing, StanzaKind, covers, inbox, outbox, presence, redelivery, stanza_queue,
};
use flashpaper_xmpp::{Incoming, LoginError, ManagedSession, Start, StreamError};
use futures::FutureExt as _;
use tokio::time::sleep;

use super::backoff::overslept;
use super::handle::{ConnectionHandle, Ending};
use crate::event::{BurnerId, Connection, Event, Step};
use crate::inner::Inner;
use crate::network::connect::{self as link, within};
use crate::seams::ByteStream;
use crate::store::{Account, State};
use crate::{Error, limits};

type Session = ManagedSession<Box<dyn ByteStream>>;

/// How far an attempt came.
#[derive(Default)]
pub(super) struct Reached {
    /// A stream was open, with a certificate that was checked.
    pub(super) server: bool,
    /// Since when the burner was online, by the time since the device was started.
    pub(super) online: Option<Duration>,
}

/// One connection, from its beginning to its end. `Ok`: it was told to end.
pub(super) async fn attempt(
    inner: &Inner,
    id: &BurnerId,
    handle: &ConnectionHandle,
    reached: &mut Reached,
) -> Result<(), Error> {
    let lock = inner.lock_of(&id.0);
    inner.set_connection(id, handle, Connection::Connecting);
    let start = async {
        // Burning, say, comes first.
        let lock = lock.lock().await;
        let account = inner.account(&id.0)?;
        if account.state != State::Active {
            return Err(Error::NoSuchBurner);
        }
        Ok((lock, start(inner, &account, &mut reached.server).await?))
    };
    let (_lock, session) = tokio::select! {
        started = start => started?,
        _ = handle.ended() => return Ok(()),
    };
    inner.set_connection(id, handle, Connection::Online);
    let quiet_since = inner.clock.since_boot();
    reached.online = Some(quiet_since);
    let mut work =
        Work { inner, id, handle, session, asked: None, quiet_since, rests_until: Duration::ZERO, told: Vec::new() };
    // Whatever the server has for us comes before its answer.
    work.ask(inner.profile().response()).await?;
    loop {
        if let Some(ending) = work.step().await? {
            return work.end(ending).await;
        }
    }
}

/// Logs in, and stores what the server says of the stanzas of the stream before.
async fn start(inner: &Inner, account: &Account, reached_server: &mut bool) -> Result<Session, Error> {
    let earlier = inner.look(&account.id, stanza_queue::resumption)?;
    let link = link::open_for(inner, account, &mut |step| {
        if let Step::OtherRoute { via } = step {
            inner.reporter.report(Event::OtherRoute { burner: BurnerId(account.id.clone()), via });
        }
    })
    .await?;
    *reached_server = true;
    let (binds, credentials, ids) = (link.binds_logins(), link::credentials(account), inner.ids());
    let login = link.log_in_to_stay(&credentials, ids, earlier.as_ref());
    let login = within(limits::EXCHANGE, login).await?;
    if login.as_ref().err() == Some(&LoginError::WrongStream) {
        inner.update(&account.id, |mailbox, now| {
            stanza_queue::set_resumption(mailbox, None);
            redelivery::forgotten_by_server(mailbox, now)
        })?;
    }
    let (mut session, start) = login?;
    link::remember(inner, account, binds)?;
    // Presence comes next.
    let (resumption, limit) = (session.resumption(1), session.limit());
    inner.converse(&account.id, |talk| {
        let (acked, forgotten) = match start {
            Start::Resumed { acked } => (Some(acked), false),
            Start::New { acked } => (acked, acked.is_none() && earlier.is_some()),
        };
        let mut changed = stanza_queue::restarted(talk.mailbox(), acked);
        if forgotten {
            changed.extend(redelivery::forgotten_by_server(talk.mailbox(), inner.now()));
        }
        stanza_queue::set_resumption(talk.mailbox(), resumption);
        talk.report(changed);
        if matches!(start, Start::New { .. }) {
            presence::introduce_again(talk.mailbox());
        }
        talk.sessions().connected(limit, matches!(start, Start::New { .. }));
        talk.wake();
    })?;
    // It is the first stanza of every stream. Before the commit above it would have the server deliver to a stream that the
    // next process does not know.
    if matches!(start, Start::New { .. } | Start::Resumed { acked: 0 }) {
        within(limits::EXCHANGE, session.send_presence()).await??;
    }
    Ok(session)
}

/// What a connection at work has waited for.
enum Woken {
    Incoming(Result<Incoming, StreamError>),
    Work,
    Hint,
    Hurry,
    Time,
}

/// A connection at work.
struct Work<'a> {
    inner: &'a Inner,
    id: &'a BurnerId,
    handle: &'a ConnectionHandle,
    session: Session,
    /// The server was asked something, and has time up to then. By the clock that goes on while the device sleeps, as all
    /// times here.
    asked: Option<Duration>,
    quiet_since: Duration,
    /// Up to then nothing is said but what answers: the device has slept.
    rests_until: Duration,
    /// What the server was told of peers, up to which stanza, and has not said that it has.
    told: Vec<(PeerId, Standing, u32)>,
}

impl Work<'_> {
    /// Sends what there is to send, then waits for one thing to happen.
    async fn step(&mut self) -> Result<Option<Ending>, Error> {
        let rest = self.rests_until.saturating_sub(self.inner.clock.since_boot());
        let mut sent = false;
        if rest.is_zero() {
            self.introduce().await?;
            sent = self.send().await?;
        }
        let quiet = !sent && rest.is_zero() && self.asked.is_none() && self.session.in_flight() == 0;
        let drained = quiet && !self.inner.is_talk_busy(&self.id.0);
        if !self.handle.drained.send_replace(drained) && drained {
            self.inner.expiry.notify_one();
        }
        let limit = self.asked.unwrap_or_else(|| self.quiet_since + self.inner.profile().silence());
        let (begin, until_talk) = (self.inner.clock.since_boot(), self.until_talk()?);
        let due = if rest.is_zero() { limit.saturating_sub(begin).min(until_talk) } else { rest };
        // In slices, as `pausing` has them.
        let slice = due.min(limits::SLICE);
        let woken = tokio::select! {
            // After a sleep there may be both: what came, and the end of the time to wait for it.
            biased;
            ending = self.handle.ended() => return Ok(Some(ending)),
            incoming = self.session.next() => Woken::Incoming(incoming),
            () = self.handle.work.notified() => Woken::Work,
            () = self.handle.hint.notified() => Woken::Hint,
            () = self.handle.hurry.notified() => Woken::Hurry,
            () = sleep(slice) => Woken::Time,
        };
        // Whatever comes first after a sleep: all that was due meanwhile would be said by it.
        let rests_until = overslept(self.inner, begin + slice);
        self.rests_until = rests_until.unwrap_or(self.rests_until);
        match woken {
            Woken::Incoming(incoming) => self.take_in(incoming).await?,
            Woken::Hint => self.ask(limits::AFTER_HINT).await?,
            Woken::Hurry => {
                self.rests_until = self.rests_until.min(self.inner.clock.since_boot() + self.inner.soon());
            }
            Woken::Time if rests_until.is_none() && slice == due => self.is_due(limit, slice >= until_talk).await?,
            Woken::Work | Woken::Time => {}
        }
        Ok(None)
    }

    /// The time has come for the server, or conversations, or both.
    async fn is_due(&mut self, limit: Duration, talk: bool) -> Result<(), Error> {
        if talk {
            self.inner.converse(&self.id.0, |talk| talk.tick())?;
        }
        match self.asked {
            _ if self.inner.clock.since_boot() < limit => Ok(()),
            // Nothing was heard, however long the line was asked for.
            Some(_) => Err(Error::Timeout),
            None => self.ask(self.inner.profile().response()).await,
        }
    }

    /// How long conversations need nothing by themselves.
    fn until_talk(&self) -> Result<Duration, Error> {
        let (now, since_boot) = (self.inner.now(), self.inner.clock.since_boot());
        let deadline = self.inner.talk_deadline(&self.id.0).map(|at| at.saturating_sub(since_boot));
        let until = self.inner.look(&self.id.0, redelivery::next_decision)?;
        let until = until.map(|at| Duration::from_secs(at.saturating_sub(now)));
        // Whoever waits for the end of an exchange is told when it has come to nothing.
        let busy = self.inner.is_talk_busy(&self.id.0).then_some(chat::limits::REPLY_TIMEOUT);
        // Not at once again: what could not be done may wait a moment.
        Ok(deadline.into_iter().chain(until).chain(busy).min().map_or(Duration::MAX, |wait| wait.max(limits::MOMENT)))
    }

    /// Takes the presence handshake with new contacts a step further, and tells the server of blocks.
    async fn introduce(&mut self) -> Result<(), Error> {
        let mut due = self.inner.look(&self.id.0, presence::introductions)?;
        due.retain(|(row, peer)| {
            let last = self.told.iter().rfind(|(told, ..)| told == row);
            last.is_none_or(|(_, standing, _)| *standing != peer.standing)
        });
        if due.is_empty() {
            return Ok(());
        }
        // Two at most for each of a block and the handshake.
        let resumption = self.session.resumption(4 * due.len());
        self.inner.update(&self.id.0, |mailbox, _| {
            stanza_queue::set_resumption(mailbox, resumption);
            Vec::new()
        })?;
        let mut ids = self.inner.ids();
        for (row, peer) in &due {
            if peer.block_due {
                let blocked = peer.standing == Standing::Blocked;
                within(limits::EXCHANGE, self.session.block(&peer.jid, &ids.draw(), blocked)).await??;
                if blocked {
                    // Where blocking is not known, or ends, they would see every login.
                    within(limits::EXCHANGE, self.session.forget_contact(&peer.jid, &ids.draw())).await??;
                }
            }
            for step in presence::steps(peer) {
                within(limits::EXCHANGE, self.session.send_subscription(&peer.jid, step)).await??;
            }
            self.told.push((*row, peer.standing, self.session.sent()));
        }
        self.ask(self.inner.profile().response()).await
    }

    /// Encrypts what waits, and sends what is to be sent; whether there was anything.
    async fn send(&mut self) -> Result<bool, Error> {
        let room = limits::IN_FLIGHT_STANZAS.saturating_sub(self.session.in_flight() as usize);
        let has_work = |mailbox: &Mailbox| {
            let waits = !outbox::waiting(mailbox).is_empty() || !redelivery::doubting(mailbox).is_empty();
            stanza_queue::has_unsent(mailbox) || waits || !inbox::missed(mailbox).is_empty()
        };
        if room == 0 || !self.inner.look(&self.id.0, has_work)? {
            return Ok(false);
        }
        let (first, now) = (self.session.sent().wrapping_add(1), self.inner.now());
        // Whoever says goodbye begins nothing.
        let burns = self.inner.account(&self.id.0)?.state == State::Burning;
        let resumption = self.session.resumption(room);
        let stanzas = self.inner.converse(&self.id.0, |talk| {
            if !burns {
                talk.pump(room);
            }
            stanza_queue::set_resumption(talk.mailbox(), resumption);
            stanza_queue::number(talk.mailbox(), first, room, now)
        })?;
        for (to, stanza) in &stanzas {
            let (session, id) = (&mut self.session, stanza.id.as_str());
            match &stanza.kind {
                StanzaKind::Otr { body, wants_receipt } => {
                    within(limits::EXCHANGE, session.send_otr(to, id, body, *wants_receipt)).await??;
                }
                StanzaKind::Receipt { received } => {
                    within(limits::EXCHANGE, session.send_receipt(to, id, received)).await??;
                }
            }
        }
        if stanzas.is_empty() {
            return Ok(false);
        }
        self.ask(self.inner.profile().response()).await?;
        Ok(true)
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
        let was_acked = batch.iter().any(|incoming| matches!(incoming, Incoming::Acked { .. }));
        // Each is answered by one at most.
        let resumption = self.session.resumption(batch.len());
        let (mut answers, told) = (Vec::new(), &mut self.told);
        self.inner.converse(&self.id.0, |talk| {
            for incoming in batch {
                match incoming {
                    Incoming::Chat(chat) => talk.receive(&chat),
                    Incoming::Receipt { from, id } => {
                        let changed = outbox::reported(talk.mailbox(), &from, &id);
                        talk.report(changed);
                    }
                    Incoming::Unreadable { from } => talk.unreadable(&from),
                    Incoming::Refused { from, id, why } => talk.refused(&from, &id, why),
                    Incoming::Presence { from, resource, news } => {
                        let steps = talk.presence(&from, resource, news);
                        answers.extend(steps.into_iter().map(|step| (from.clone(), step)));
                    }
                    Incoming::Acked { up_to } => {
                        let changed = stanza_queue::acked(talk.mailbox(), up_to);
                        talk.report(changed);
                        for (row, standing, _) in told.extract_if(.., |(.., number)| covers(up_to, *number)) {
                            presence::server_knows(talk.mailbox(), row, standing);
                        }
                    }
                    Incoming::Asked | Incoming::Other => {}
                }
            }
            stanza_queue::set_resumption(talk.mailbox(), resumption);
        })?;
        self.quiet_since = self.inner.clock.since_boot();
        if self.asked.is_some() {
            // Whatever comes shows that the line is alive.
            self.asked = Some(self.quiet_since + self.inner.profile().response());
        }
        if was_acked {
            self.asked = None;
        }
        if end == Err(StreamError::Malformed) {
            // It is not sent again then, even by a server that does not take streams up again.
            let _ = within(limits::GOODBYE, self.session.acknowledge()).await;
        }
        end?;
        if wants_ack {
            within(limits::EXCHANGE, self.session.acknowledge()).await??;
        }
        for (to, step) in &answers {
            within(limits::EXCHANGE, self.session.send_subscription(to, *step)).await??;
        }
        if within(limits::EXCHANGE, self.session.refuse_requests()).await?? || !answers.is_empty() {
            self.ask(self.inner.profile().response()).await?;
        }
        Ok(())
    }

    /// Asks the server what it has; it has to say something within this time.
    async fn ask(&mut self, response: Duration) -> Result<(), Error> {
        let until = self.inner.clock.since_boot() + response;
        self.asked = Some(self.asked.map_or(until, |before| before.min(until)));
        Ok(within(limits::EXCHANGE, self.session.ask()).await??)
    }

    /// Everything that came is stored; the server is told if it listens.
    async fn end(mut self, ending: Ending) -> Result<(), Error> {
        if ending == Ending::Pause {
            // What could not be read counts, too: no stream is taken up again with less than was acknowledged.
            let resumption = self.session.resumption(0);
            self.inner.update(&self.id.0, |mailbox, _| {
                stanza_queue::set_resumption(mailbox, resumption);
                Vec::new()
            })?;
            let _ = within(limits::GOODBYE, self.session.acknowledge()).await;
            return Ok(());
        }
        // What the server has is not to be sent again on the next stream, which will not know: if it is stored.
        let drained = within(limits::GOODBYE, self.drain()).await;
        if !matches!(drained, Ok(Err(_))) {
            let _ = within(limits::GOODBYE, self.session.acknowledge()).await;
        }
        let _ = within(limits::GOODBYE, self.session.close()).await;
        self.inner.update(&self.id.0, |mailbox, _| {
            stanza_queue::set_resumption(mailbox, None);
            Vec::new()
        })
    }

    async fn drain(&mut self) -> Result<(), Error> {
        self.session.ask().await?;
        while self.session.in_flight() > 0 {
            let incoming = self.session.next().await;
            self.take_in(incoming).await?;
        }
        Ok(())
    }
}
