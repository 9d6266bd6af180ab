//! A phone with its disk and its connection: what the engine does between a chat and a stream. Work is done in memory, then
//! committed. What was not committed is lost when the process ends, and undone when the disk is full. That the server has
//! something is known in memory at first, and on disk with the next commit.

use flashpaper_xmpp::{Incoming, PresenceNews, Resumption, Start};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::server::{Item, WHY};
use crate::mailbox::Mailbox;
use crate::presence::Announced;
use crate::stanza::StreamNumber;
use crate::table::Table;
use crate::tests::phones::{Identity, InstanceTag, ONE, Phone, Sessions, TWO, Talk, incoming};
use crate::tests::support::{Arc, Changed, Duration, MessageId, NOW, UnixTime, address, shown, stanza_queue};
use crate::{History, presence, repair, retention, sending};

/// As much as may be on its way to a server.
const IN_FLIGHT: u32 = 64;
const TAGS: [u32; 2] = [0x1000, 0x2000];

/// What becomes of a piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Stored,
    /// The disk is full.
    Undone,
    /// The process ends before the commit.
    Killed,
}

/// The phone's end of a stream.
struct Connection {
    stream: String,
    sent: u32,
    acked: u32,
    handled: u32,
    announced: Announced,
}

pub(super) struct Side {
    pub(super) phone: Phone,
    identity: Arc<Identity>,
    tag: InstanceTag,
    disk: Mailbox,
    connection: Option<Connection>,
    /// What was reported, and nobody has looked at yet.
    pub(super) changed: Changed,
}

impl Side {
    /// `disk`: what is there from an earlier process, if there was one.
    pub(super) fn new(side: usize, identity: &Arc<Identity>, idle_timeout: u64, disk: Option<Mailbox>) -> Self {
        let tag = TAGS[side];
        // Nothing that was drawn before is drawn again.
        let seed = u64::from(tag) + u64::from(disk.is_some());
        let phone = Phone::with(Arc::clone(identity), [TWO, ONE][side], seed, tag);
        let disk = disk.unwrap_or_else(|| phone.mailbox.clone());
        let phone = Phone { idle_timeout, mailbox: disk.clone(), ..phone };
        let (identity, tag) = (Arc::clone(identity), InstanceTag(tag));
        Self { phone, identity, tag, disk, connection: None, changed: Vec::new() }
    }

    /// What is on its disk, for another process and another server.
    pub(super) fn into_disk(mut self) -> Mailbox {
        self.work(Fate::Stored, |talk| talk.set_resumption(None));
        self.disk
    }

    /// Does something, and commits it; what came of it, if it was stored.
    pub(super) fn work<T>(&mut self, fate: Fate, work: impl FnOnce(&mut Talk<'_>) -> T) -> Option<T> {
        let before = self.phone.mailbox.clone();
        let done = self.phone.work(work);
        let news = std::mem::take(&mut self.phone.changed);
        match fate {
            Fate::Stored => {
                self.disk = self.phone.mailbox.clone();
                self.changed.extend(news);
                return Some(done);
            }
            Fate::Undone => {
                self.phone.mailbox = before;
                self.phone.sessions.forget();
                self.connection = None;
            }
            Fate::Killed => self.restart(),
        }
        None
    }

    /// Its process is another one. Only what is on disk is left.
    pub(super) fn restart(&mut self) {
        self.phone.mailbox = read_back(&self.disk);
        self.disk = self.phone.mailbox.clone();
        self.phone.sessions = Sessions::new(Arc::clone(&self.identity), self.tag);
        self.connection = None;
    }

    /// It knows that the server has stanzas which on disk it may not have yet.
    pub(super) fn is_ahead_of_its_disk(&self) -> bool {
        self.phone.mailbox.stanzas.len() < self.disk.stanzas.len()
    }

    pub(super) const fn is_connected(&self) -> bool {
        self.connection.is_some()
    }

    pub(super) fn disconnected(&mut self) {
        self.connection = None;
    }

    /// Puts a text into the outbox; its name.
    pub(super) fn write(&mut self, text: &str, fate: Fate) -> Option<MessageId> {
        let peer = self.phone.peer;
        self.work(fate, |talk| talk.queue(&address(peer), text, None).unwrap())
    }

    pub(super) fn earlier(&self) -> Option<Resumption> {
        stanza_queue::resumption(&self.phone.mailbox)
    }

    /// A stream has begun, or goes on.
    pub(super) fn connected(&mut self, stream: String, start: Start, fate: Fate) {
        let handled = self.earlier().map_or(0, |earlier| earlier.handled);
        let (sent, handled) = match start {
            Start::Resumed { acked } => (acked, handled),
            Start::New { .. } => (0, 0),
        };
        let connection = Connection { stream, sent, acked: sent, handled, announced: Announced::default() };
        let resumption = connection.resumption(1);
        let done = self.work(fate, |talk| talk.stream_began(start, Some(resumption), None));
        self.connection = done.map(|()| connection);
    }

    /// Takes the presence handshake a step further.
    pub(super) fn introduce(&mut self, fate: Fate) -> Vec<Item> {
        let Some(connection) = &self.connection else { return Vec::new() };
        let due = connection.announced.due(&self.phone.mailbox);
        let resumption = connection.resumption(4 * due.len());
        if due.is_empty() || self.work(fate, |talk| talk.set_resumption(Some(resumption))).is_none() {
            return Vec::new();
        }
        let Some(connection) = &mut self.connection else { return Vec::new() };
        let mut said = Vec::new();
        for (row, peer) in &due {
            said.extend(connection.writes(presence::steps(peer).map(Item::Presence)));
            connection.announced.record(*row, peer.relationship, StreamNumber(connection.sent));
        }
        said
    }

    /// Encrypts what waits; what is written to the stream, at most so much.
    pub(super) fn send(&mut self, room: usize, fate: Fate) -> Vec<Item> {
        let Some(connection) = &self.connection else { return Vec::new() };
        let room = connection.room(room);
        let (resumption, first) = (connection.resumption(room), connection.first());
        if room == 0 || !sending::has_work(&self.phone.mailbox) {
            return Vec::new();
        }
        let numbered = self.work(fate, |talk| talk.next_stanzas(first, room, Some(resumption)));
        let stanzas = numbered.into_iter().flatten().map(|(_, stanza)| Item::Stanza(stanza));
        self.connection.as_mut().map(|connection| connection.writes(stanzas)).unwrap_or_default()
    }

    /// Takes in what has come. How many stanzas of the stream it has now, and what is written to it.
    pub(super) fn hears(&mut self, items: Vec<Item>, room: usize, fate: Fate) -> Option<(u32, Vec<Item>)> {
        let connection = self.connection.as_mut().filter(|_| !items.is_empty())?;
        let stanzas = items.iter().filter(|item| !matches!(item, Item::Acked(_))).count();
        connection.handled = connection.handled.wrapping_add(u32::try_from(stanzas).unwrap());
        let acked = |item: &Item| if let Item::Acked(up_to) = item { Some(StreamNumber(*up_to)) } else { None };
        let acked: Vec<StreamNumber> = items.iter().filter_map(acked).collect();
        connection.acked = acked.last().map_or(connection.acked, |up_to| up_to.0);
        let known = connection.announced.known_by(&acked);
        let handled = connection.handled;
        if stanzas == 0 {
            self.changed.extend(sending::acknowledged(&mut self.phone.mailbox, &acked, &known));
            return Some((handled, Vec::new()));
        }
        let (room, first) = (connection.room(room), connection.first());
        let resumption = connection.resumption(items.len() + room);
        let peer = self.phone.peer;
        let (numbered, answers) = self.work(fate, |talk| {
            let answers: Vec<_> = items.into_iter().flat_map(|item| talk.hear(item.incoming(peer))).collect();
            talk.acknowledged(&[], &known);
            let numbered = if room > 0 { talk.next_stanzas(first, room, None) } else { Vec::new() };
            talk.set_resumption(Some(resumption));
            (numbered, answers)
        })?;
        let numbered = numbered.into_iter().map(|(_, stanza)| Item::Stanza(stanza));
        let answers = answers.into_iter().map(|(_, step)| Item::Presence(step));
        Some((handled, self.connection.as_mut()?.writes(numbered.chain(answers))))
    }

    /// Time passes. `drained`: nothing is on its way to this phone or from it.
    pub(super) fn pass(&mut self, seconds: u64, drained: bool) {
        self.phone.time += seconds;
        let (now, clock) = (self.now(), Duration::from_secs(5 + self.phone.time));
        let due = self.phone.sessions.glance().deadline.is_some_and(|at| at <= clock);
        if due && self.is_connected() {
            self.work(Fate::Stored, |talk| talk.tick());
        }
        let drained =
            drained && !self.phone.sessions.glance().is_busy(clock) && !sending::has_work(&self.phone.mailbox);
        let lasts = retention::lasts(self.phone.idle_timeout(), drained);
        if retention::next_expiry(&self.phone.mailbox, History::None, lasts).is_some_and(|at| at <= now) {
            self.work(Fate::Stored, |talk| talk.expire(now, drained));
        }
    }

    /// The app has everything that came.
    pub(super) fn takes_all(&mut self) {
        let came = shown(&self.phone.mailbox, None, History::UntilBurn, self.now());
        self.work(Fate::Stored, |talk| {
            for message in came.iter().filter(|message| message.state == crate::MessageState::Received) {
                talk.take(message.id);
            }
        });
    }

    pub(super) fn has_unsent(&self) -> bool {
        stanza_queue::has_unsent(&self.phone.mailbox)
    }

    fn now(&self) -> UnixTime {
        NOW + self.phone.time
    }
}

impl Connection {
    fn resumption(&self, to_send: usize) -> Resumption {
        let sent = Some(self.sent.wrapping_add(u32::try_from(to_send).unwrap()));
        Resumption { id: self.stream.clone(), jid: String::new(), handled: self.handled, sent }
    }

    /// How many stanzas more may be on their way, of so many.
    fn room(&self, of: usize) -> usize {
        let left = IN_FLIGHT.saturating_sub(self.sent.wrapping_sub(self.acked));
        of.min(usize::try_from(left).unwrap())
    }

    /// The number of the next stanza.
    const fn first(&self) -> StreamNumber {
        StreamNumber(self.sent).plus(1)
    }

    fn writes(&mut self, items: impl Iterator<Item = Item>) -> Vec<Item> {
        let items: Vec<Item> = items.collect();
        self.sent = self.sent.wrapping_add(u32::try_from(items.len()).unwrap());
        items
    }
}

impl Item {
    /// As it comes to a phone.
    fn incoming(self, peer: &str) -> Incoming {
        let from = peer.to_owned();
        match self {
            Self::Stanza(stanza) => incoming(peer, &stanza),
            Self::Presence(step) => Incoming::Presence { from, resource: None, news: PresenceNews::Subscription(step) },
            Self::Bounce(id) => Incoming::Refused { from, id, why: WHY },
            Self::Acked(up_to) => Incoming::Acked { up_to },
        }
    }
}

/// As the store writes it and reads it: row by row.
fn read_back(disk: &Mailbox) -> Mailbox {
    let mut mailbox = Mailbox {
        messages: rows(&disk.messages),
        peers: rows(&disk.peers),
        stanzas: rows(&disk.stanzas),
        seen: rows(&disk.seen),
        sessions: rows(&disk.sessions),
        position: Arc::new(row(&*disk.position)),
    };
    repair::mend(&mut mailbox, None);
    mailbox
}

fn rows<K: Copy + Ord, T: Serialize + DeserializeOwned>(table: &Table<K, T>) -> Table<K, T> {
    table.iter().map(|(number, value)| (*number, Arc::new(row(&**value)))).collect()
}

fn row<T: Serialize + DeserializeOwned>(value: &T) -> T {
    serde_json::from_slice(&serde_json::to_vec(value).unwrap()).unwrap()
}
