//! The server of both accounts, and the wires to it. An honest one keeps each stream in order, sends again what a phone has
//! not acknowledged, and loses nothing but what it had in memory when it crashed. What makes it lie is in [`Lies`].

use std::collections::{HashSet, VecDeque};

use flashpaper_xmpp::{Refusal, Resumption, Start, Subscription};

use crate::stanza::OutgoingStanza;
use crate::tests::support::Arc;

/// Something that a server says to a phone, or has from it.
#[derive(Clone)]
pub(super) enum Item {
    Stanza(Arc<OutgoingStanza>),
    /// A step of the presence handshake.
    Presence(Subscription),
    /// The stanza with this id came back.
    Bounce(String),
    /// The server has so many stanzas of the phone's. It is no stanza itself.
    Acked(u32),
}

/// How a bounce is told.
pub(super) const WHY: Refusal = Refusal::ForGood;

/// What a server still knows of a stream that was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Memory {
    /// The stream goes on (XEP-0198, section 5).
    Resumes,
    /// A new stream; but the server knows how many stanzas it had.
    Counts,
    /// A new stream. What the phone had not acknowledged is sent again on it.
    Stores,
    /// It gives another stream than the one that is asked for, which ends the login.
    Mistakes,
}

/// What a lying server does to stanzas from each side.
#[derive(Default)]
pub(super) struct Lies {
    /// So many of the next are acknowledged, and nobody gets them.
    pub(super) drop: [usize; 2],
    /// So many of the next are held back, to be sent behind later ones.
    pub(super) hold: [usize; 2],
    held: [Vec<Arc<OutgoingStanza>>; 2],
    /// The impostor reads along, or gets everything instead of the peer.
    pub(super) copied: [bool; 2],
    pub(super) diverted: [bool; 2],
    /// The ids of stanzas that did not go their way.
    pub(super) touched: HashSet<String>,
}

/// A connection: what was written at one end and has not come to the other.
#[derive(Default)]
struct Wire {
    up: VecDeque<Item>,
    down: VecDeque<Item>,
}

/// A stream of an account, with its counts.
struct Stream {
    id: u64,
    handled: u32,
    sent: u32,
    unacked: VecDeque<Item>,
}

#[derive(Default)]
struct Account {
    wire: Option<Wire>,
    stream: Option<Stream>,
    /// What waits for a stream.
    stored: VecDeque<Item>,
}

#[derive(Default)]
pub(super) struct Server {
    accounts: [Account; 2],
    streams: u64,
    /// The stanzas that each side has sent.
    pub(super) past: [Vec<Arc<OutgoingStanza>>; 2],
    pub(super) lies: Lies,
}

impl Server {
    /// A phone logs in, and may want to go on with a stream. The stream that it has, and how that began. `None`: another one.
    pub(super) fn login(
        &mut self,
        side: usize,
        earlier: Option<&Resumption>,
        memory: Memory,
    ) -> Option<(String, Start)> {
        if memory == Memory::Mistakes && earlier.is_some() {
            return None;
        }
        let account = &mut self.accounts[side];
        account.wire = Some(Wire::default());
        let wanted = |stream: &&mut Stream| earlier.is_some_and(|earlier| earlier.id == stream.id.to_string());
        let known = account.stream.as_mut().filter(wanted);
        if let Some((stream, earlier)) = known.zip(earlier) {
            stream.was_acked(earlier.handled);
            if memory == Memory::Resumes {
                let down = stream.unacked.clone();
                account.wire = Some(Wire { down, ..Wire::default() });
                return Some((stream.id.to_string(), Start::Resumed { acked: stream.handled }));
            }
        }
        let is_wanted = account.stream.as_mut().filter(wanted).is_some();
        let ended = account.stream.take();
        let acked = ended.as_ref().filter(|_| is_wanted && memory == Memory::Counts).map(|stream| stream.handled);
        let left = ended.map(|stream| stream.unacked).unwrap_or_default();
        let waiting: Vec<Item> = left.into_iter().chain(std::mem::take(&mut account.stored)).collect();
        self.streams += 1;
        account.stream = Some(Stream { id: self.streams, handled: 0, sent: 0, unacked: VecDeque::new() });
        waiting.into_iter().for_each(|item| self.deliver(side, item));
        Some((self.streams.to_string(), Start::New { acked }))
    }

    /// A connection breaks. So many of the stanzas that the phone has written still arrive.
    pub(super) fn cut(&mut self, side: usize, arrive: usize) -> Vec<Arc<OutgoingStanza>> {
        let read_along = self.takes(side, arrive, false);
        self.accounts[side].wire = None;
        read_along
    }

    /// What was in memory is lost: streams, and what was sent on them and not acknowledged.
    pub(super) fn crash(&mut self) {
        for account in &mut self.accounts {
            (account.wire, account.stream) = (None, None);
        }
    }

    /// The phone has written these.
    pub(super) fn wrote(&mut self, side: usize, stanzas: Vec<Item>) {
        if let Some(wire) = &mut self.accounts[side].wire {
            wire.up.extend(stanzas);
        }
    }

    /// So many stanzas of a phone's arrive. Those that the impostor reads.
    pub(super) fn takes(&mut self, side: usize, count: usize, acks: bool) -> Vec<Arc<OutgoingStanza>> {
        let account = &mut self.accounts[side];
        let (Some(wire), Some(stream)) = (&mut account.wire, &mut account.stream) else { return Vec::new() };
        let count = count.min(wire.up.len());
        let came: Vec<_> = wire.up.drain(..count).collect();
        stream.handled += u32::try_from(came.len()).unwrap();
        if acks {
            wire.down.push_back(Item::Acked(stream.handled));
        }
        let mut read_along = Vec::new();
        for item in came {
            match item {
                Item::Stanza(stanza) => read_along.extend(self.routes(side, stanza)),
                other => self.deliver(1 - side, other),
            }
        }
        read_along
    }

    /// So much of what was said to a phone comes to it.
    pub(super) fn says(&mut self, side: usize, count: usize) -> Vec<Item> {
        let Some(wire) = &mut self.accounts[side].wire else { return Vec::new() };
        let count = count.min(wire.down.len());
        wire.down.drain(..count).collect()
    }

    /// The phone has so many stanzas of the stream.
    pub(super) fn acked(&mut self, side: usize, handled: u32) {
        if let Some(stream) = &mut self.accounts[side].stream {
            stream.was_acked(handled);
        }
    }

    /// Something is for an account.
    pub(super) fn deliver(&mut self, to: usize, item: Item) {
        let account = &mut self.accounts[to];
        let Some(stream) = &mut account.stream else { return account.stored.push_back(item) };
        stream.sent += 1;
        stream.unacked.push_back(item.clone());
        if let Some(wire) = &mut account.wire {
            wire.down.push_back(item);
        }
    }

    /// Nothing is on its way to a phone or from it.
    pub(super) fn is_quiet(&self, side: usize) -> bool {
        self.accounts[side].wire.as_ref().is_some_and(|wire| wire.up.is_empty() && wire.down.is_empty())
    }

    /// What was held back goes on.
    pub(super) fn release(&mut self, from: usize) {
        for stanza in std::mem::take(&mut self.lies.held[from]) {
            self.deliver(1 - from, Item::Stanza(stanza));
        }
    }

    /// It says the truth from now on.
    pub(super) fn repents(&mut self) {
        (0..2).for_each(|from| self.release(from));
        let touched = std::mem::take(&mut self.lies.touched);
        self.lies = Lies { touched, ..Lies::default() };
    }

    /// Sends a stanza on to the peer; what the impostor is to read.
    fn routes(&mut self, from: usize, stanza: Arc<OutgoingStanza>) -> Option<Arc<OutgoingStanza>> {
        self.past[from].push(Arc::clone(&stanza));
        let lies = &mut self.lies;
        let reads_along = lies.diverted[from] || lies.copied[from];
        if lies.diverted[from] || lies.drop[from] > 0 {
            lies.drop[from] = lies.drop[from].saturating_sub(1);
            lies.touched.insert(stanza.id.clone());
        } else if lies.hold[from] > 0 {
            lies.hold[from] -= 1;
            lies.touched.insert(stanza.id.clone());
            lies.held[from].push(Arc::clone(&stanza));
        } else {
            self.deliver(1 - from, Item::Stanza(Arc::clone(&stanza)));
        }
        reads_along.then_some(stanza)
    }
}

impl Stream {
    /// The phone has everything up to this number.
    fn was_acked(&mut self, up_to: u32) {
        let left = usize::try_from(self.sent.saturating_sub(up_to)).unwrap();
        let has = self.unacked.len().saturating_sub(left);
        self.unacked.drain(..has);
    }
}
