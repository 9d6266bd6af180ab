//! A burner's life on the network: connected, cut off, connected again, until it is told to end. Nothing of it is lost on
//! the way: what goes out is stored before it leaves, what comes in before the server is told so.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flashpaper_chat::{
    self as chat, Mailbox, PeerId, Standing, StanzaKind, covers, inbox, outbox, presence, redelivery, stanza_queue,
};
use flashpaper_xmpp::{Incoming, LoginError, ManagedSession, Start, StreamError};
use futures::FutureExt as _;
use rand::RngExt as _;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::event::{BurnerId, Connection, Event, Step};
use crate::inner::Inner;
use crate::link::{self, within};
use crate::seams::ByteStream;
use crate::store::{Account, State};
use crate::{Error, limits};

type Session = ManagedSession<Box<dyn ByteStream>>;

/// How soon a dead connection has to be noticed: what wakes the phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// A person looks at the app: after a minute of silence the server is asked, and has half a minute.
    #[default]
    Foreground,
    /// Nobody looks: after five minutes the server is asked, and has a minute.
    Background,
}

impl Profile {
    const fn silence(self) -> Duration {
        Duration::from_secs(match self {
            Self::Foreground => 60,
            Self::Background => 300,
        })
    }

    /// What the waits between attempts are doubled up to.
    const fn longest_wait(self) -> Duration {
        Duration::from_secs(match self {
            Self::Foreground => 30,
            Self::Background => 300,
        })
    }

    const fn response(self) -> Duration {
        Duration::from_secs(match self {
            Self::Foreground => 30,
            Self::Background => 60,
        })
    }
}

/// How a connection is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// To be taken up again, by this process or the next.
    Pause,
    /// For good: the server stops keeping messages for it apart.
    Goodbye,
}

/// What others hold of a burner's connection.
pub(crate) struct Line {
    ending: watch::Sender<Option<Ending>>,
    /// There may be something to send, or the profile is another.
    work: Notify,
    /// The network may be another.
    hint: Notify,
    /// A user wants it now.
    hurry: Notify,
    connection: Mutex<Connection>,
    /// Everything is sent and acknowledged, and everything that the server had is here; or it cannot be.
    drained: watch::Sender<bool>,
    /// To be there again when the engine wakes; one of a sync is not.
    wanted: AtomicBool,
    abort: CancellationToken,
    over: CancellationToken,
}

impl Line {
    pub(crate) fn new(wanted: bool) -> Self {
        Self {
            ending: watch::Sender::new(None),
            work: Notify::new(),
            hint: Notify::new(),
            hurry: Notify::new(),
            connection: Mutex::default(),
            drained: watch::Sender::new(false),
            wanted: AtomicBool::new(wanted),
            abort: CancellationToken::new(),
            over: CancellationToken::new(),
        }
    }

    /// Keeps the burner connected until it is told to end, or to go on would be of no use.
    /// `before`: those that have to have ended first.
    pub(crate) async fn run(&self, inner: &Arc<Inner>, id: &BurnerId, before: &[Arc<Self>], wait: Duration) {
        let _over = self.over.clone().drop_guard();
        if self.abort.run_until_cancelled(live(inner, id, self, before, wait)).await.is_none() {
            self.set(inner, id, Connection::Offline);
        }
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted.load(Relaxed)
    }

    pub(crate) fn want(&self) {
        self.wanted.store(true, Relaxed);
    }

    pub(crate) fn end(&self, ending: Ending) {
        self.ending.send_replace(Some(ending));
    }

    pub(crate) async fn over(&self) {
        self.over.cancelled().await;
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.is_cancelled()
    }

    /// Has it end in order, to be taken up again; at `until` where it is: it has stored what it has.
    pub(crate) async fn end_by(&self, until: Instant) {
        self.end(Ending::Pause);
        if timeout_at(until, self.over()).await.is_err() {
            self.abort().await;
        }
    }

    /// Ends it where it is.
    pub(crate) async fn abort(&self) {
        self.abort.cancel();
        self.over().await;
    }

    pub(crate) fn has_work(&self) {
        self.work.notify_one();
    }

    pub(crate) fn network_changed(&self) {
        self.hint.notify_one();
    }

    /// What it waits for by itself it waits for a moment longer at most.
    pub(crate) fn hurry(&self) {
        self.hurry.notify_one();
    }

    pub(crate) fn connection(&self) -> Connection {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns once nothing is left to be done, or it cannot be done.
    pub(crate) async fn drained(&self) {
        let _ = self.drained.subscribe().wait_for(|drained| *drained).await;
    }

    /// [`Line::drained`], with what was stored just now.
    pub(crate) async fn drained_anew(&self) {
        self.drained.send_replace(false);
        self.has_work();
        self.drained().await;
    }

    pub(crate) fn is_drained(&self) -> bool {
        *self.drained.borrow()
    }

    async fn ended(&self) -> Ending {
        let mut ending = self.ending.subscribe();
        // The sender is ours.
        ending.wait_for(Option::is_some).await.ok().and_then(|ending| *ending).unwrap_or(Ending::Pause)
    }

    fn set(&self, inner: &Inner, burner: &BurnerId, connection: Connection) {
        let mut now = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        if *now != connection {
            *now = connection.clone();
            drop(now);
            inner.report_connection(burner, self, connection);
        }
    }
}

async fn live(inner: &Inner, id: &BurnerId, line: &Line, before: &[Arc<Line>], wait: Duration) {
    line.set(inner, id, Connection::Connecting);
    // The waits of several burners begin with the network, or they would end with it.
    tokio::select! {
        () = inner.dialing() => {}
        _ = line.ended() => return line.set(inner, id, Connection::Offline),
    }
    for other in before {
        tokio::select! {
            () = other.over() => {}
            _ = line.ended() => return line.set(inner, id, Connection::Offline),
        }
    }
    // What follows a panic, in a library say, is a new attempt like after any other failure.
    let mut failures = 0;
    let mut pause = wait;
    loop {
        tokio::select! {
            () = pausing(inner, line, pause, &mut failures) => {}
            _ = line.ended() => break,
        }
        let mut reached = Reached::default();
        let attempt = std::panic::AssertUnwindSafe(attempt(inner, id, line, &mut reached));
        let why = match Box::pin(attempt).catch_unwind().await.unwrap_or(Err(Error::Internal)) {
            Ok(()) => break,
            Err(why) => why,
        };
        // What the user asked for meanwhile this attempt was to do: it does not shorten the wait that follows.
        let _ = line.hurry.notified().now_or_never();
        if is_final(&why) {
            line.drained.send_replace(true);
            return line.set(inner, id, Connection::Ended { why });
        }
        if reached.online.is_some_and(|since| inner.clock.since_boot() >= since + limits::HELD) {
            failures = 0;
        }
        if is_of_network(&why, reached.server) {
            // The next attempt must not depend on what has failed.
            inner.new_circuits(&id.0);
        }
        let longest = inner.profile().longest_wait();
        // A full disk is not the network's fault, and the server sends everything again each time.
        let is_full = matches!(why, Error::StorageFull | Error::Storage);
        let most = if is_full { longest } else { limits::BACK_OFF.saturating_mul(1 << failures.min(16)).min(longest) };
        line.set(inner, id, Connection::Waiting { why });
        pause = most.mul_f64(inner.rng().random_range(0.1..=1.0)) + inner.apart(inner.spread().time());
        failures += 1;
    }
    line.set(inner, id, Connection::Offline);
}

/// Waits, by the clock that goes on while the device sleeps, or until the network has changed.
async fn pausing(inner: &Inner, line: &Line, pause: Duration, failures: &mut u32) {
    let mut until = inner.clock.since_boot() + pause;
    loop {
        let begin = inner.clock.since_boot();
        let left = until.saturating_sub(begin);
        if left.is_zero() {
            return;
        }
        // In slices: the timer stands still while the device sleeps.
        let slice = left.min(limits::SLICE);
        tokio::select! {
            () = sleep(slice) => {
                if let Some(rests_until) = overslept(inner, begin + slice) {
                    until = until.max(rests_until);
                }
            }
            () = line.hurry.notified() => until = until.min(inner.clock.since_boot() + inner.soon()),
            () = line.hint.notified() => {
                *failures = 0;
                return;
            }
        }
    }
}

/// Where the device has slept through the end of a wait: up to when the connection does nothing by itself. All connections wake
/// with the device, and would speak at one moment.
fn overslept(inner: &Inner, was_to_end: Duration) -> Option<Duration> {
    let now = inner.clock.since_boot();
    (now > was_to_end + limits::OVERSLEPT).then(|| now + inner.apart(inner.spread().time()))
}

/// How far an attempt came.
#[derive(Default)]
struct Reached {
    /// A stream was open, with a certificate that was checked.
    server: bool,
    /// Since when the burner was online, by the time since the device was started.
    online: Option<Duration>,
}

/// Whether it is the network that has failed. What a server says on its stream, or a peer by it, does not choose circuits, nor
/// does the end of a stream: where the circuit is dead the next attempt shows it.
const fn is_of_network(why: &Error, reached_server: bool) -> bool {
    match why {
        Error::Timeout => true,
        Error::ServerUnreachable | Error::OnionUnreachable | Error::TorBlocked | Error::Untrusted => !reached_server,
        _ => false,
    }
}

/// Whether to try again would be of no use, or harm: a server that is asked with wrong credentials again and again locks
/// the account. A server that refuses does that for a reason: it has disabled the account, say.
const fn is_final(error: &Error) -> bool {
    matches!(
        error,
        Error::Auth
            | Error::NoSafeLogin
            | Error::NoSafeDelivery
            | Error::ServerRefused
            | Error::NoServer
            | Error::NoSuchBurner
            | Error::VaultLocked
            | Error::VaultDamaged
            | Error::Unreadable
            | Error::Suspended
            | Error::Closed
            | Error::InvalidInput { .. }
    )
}

/// One connection, from its beginning to its end. `Ok`: it was told to end.
async fn attempt(inner: &Inner, id: &BurnerId, line: &Line, reached: &mut Reached) -> Result<(), Error> {
    let lock = inner.lock_of(&id.0);
    line.set(inner, id, Connection::Connecting);
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
        _ = line.ended() => return Ok(()),
    };
    line.set(inner, id, Connection::Online);
    let quiet_since = inner.clock.since_boot();
    reached.online = Some(quiet_since);
    let mut work =
        Work { inner, id, line, session, asked: None, quiet_since, rests_until: Duration::ZERO, told: Vec::new() };
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
    line: &'a Line,
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
        if !self.line.drained.send_replace(drained) && drained {
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
            ending = self.line.ended() => return Ok(Some(ending)),
            incoming = self.session.next() => Woken::Incoming(incoming),
            () = self.line.work.notified() => Woken::Work,
            () = self.line.hint.notified() => Woken::Hint,
            () = self.line.hurry.notified() => Woken::Hurry,
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

#[cfg(test)]
mod tests;
