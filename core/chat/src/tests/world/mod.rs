//! Two phones and the server between them, in memory. Whatever happens between them in whichever order: no text is read
//! twice, or called delivered without having been read, or encrypted to a key that was not accepted. An honest server loses
//! none and keeps their order.

mod actions;
mod cases;
mod impostor;
mod ledger;
mod properties;
mod server;
mod side;

use std::sync::LazyLock;

use actions::{Action, Lie};
use impostor::Impostor;
use ledger::Ledger;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use server::{Item, Memory, Server};
use side::{Fate, Side};

use super::phones::Identity;
use super::support::{Arc, Duration, Mailbox, OutgoingStanza, Relationship, Security, StanzaKind, UnixTime};
use crate::trust::Fingerprint;

/// Both phones' keys, and the impostor's. To make one takes long.
static KEYS: LazyLock<[Arc<Identity>; 3]> =
    LazyLock::new(|| [1, 2, 3].map(|seed| Arc::new(Identity::random(&mut StdRng::seed_from_u64(seed)))));
/// Both phones' disks once they have talked, and what was written and read by then. A key exchange takes longer than all else in
/// a world, so that worlds share this one.
static TALKED: LazyLock<([Mailbox; 2], Ledger)> = LazyLock::new(|| {
    let mut world = World::new(Beginning::Contacts, false, properties::WEEK);
    world.talk();
    (world.sides.map(Side::into_disk), world.ledger)
});
/// So much time may pass: a day later a text is not asked for any more where a server has forgotten it.
const LONGEST: u64 = 80_000;
const ALL: usize = usize::MAX;

/// What the two are to each other at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beginning {
    /// The second has not added the first.
    Stranger,
    Contacts,
    /// They have talked.
    Acquainted,
}

struct World {
    sides: [Side; 2],
    server: Server,
    /// By the side that each speaks to.
    impostors: [Impostor; 2],
    ledger: Ledger,
    passed: u64,
}

impl World {
    /// `same_tag`: the impostors have the peers' instance tags. `idle_timeout`: how long private conversations may rest, in
    /// seconds.
    fn new(beginning: Beginning, same_tag: bool, idle_timeout: u64) -> Self {
        // Private conversations that outlive no process are not on a disk.
        let talked = (beginning == Beginning::Acquainted && idle_timeout > 0).then(|| &*TALKED);
        let mut sides = [0, 1].map(|side| {
            let disk = talked.map(|(disks, _)| disks[side].clone());
            Side::new(side, &KEYS[side], idle_timeout, disk)
        });
        if beginning == Beginning::Stranger {
            let row = sides[1].phone.row;
            sides[1]
                .work(Fate::Stored, |talk| talk.mailbox().peer_mut(row).unwrap().relationship = Relationship::Stranger);
        }
        let tags = if same_tag { [0x2000, 0x1000] } else { [0x3000, 0x4000] };
        let impostors = [0, 1].map(|side| Impostor::new(&KEYS[2], 50 + side as u64, tags[side]));
        let new = || Ledger::new([key(0), key(1)], key(2));
        let ledger = talked.map_or_else(new, |(_, ledger)| ledger.clone());
        let mut world = Self { sides, server: Server::default(), impostors, ledger, passed: 0 };
        (0..2).for_each(|side| world.connect(side, Memory::Resumes, Fate::Stored));
        if beginning == Beginning::Acquainted && talked.is_none() {
            world.talk();
        }
        world
    }

    fn talk(&mut self) {
        self.act(&Action::Write(0, Fate::Stored));
        self.act(&Action::Flow(8));
    }

    fn act(&mut self, action: &Action) {
        match *action {
            Action::Write(side, fate) => {
                let text = self.ledger.next_text(side);
                let id = self.sides[side].write(&text, fate);
                id.into_iter().for_each(|id| self.ledger.has_written(side, id));
                self.look(side);
            }
            Action::Flow(rounds) => (0..rounds).for_each(|_| self.flow()),
            Action::Send(side, room, fate) => self.send(side, room, fate),
            Action::Arrive(side, count, acks) => self.arrive(side, count, acks),
            Action::Hear(side, count, room, acks, fate) => self.hear(side, count, room, acks, fate),
            Action::Cut(side, arrive) => self.cut(side, arrive),
            Action::Connect(side, memory, fate) => self.connect(side, memory, fate),
            Action::Crash => {
                (0..2).for_each(|side| self.cut(side, 0));
                self.server.crash();
            }
            Action::Restart(side, arrive) => {
                self.sides[side].restart();
                self.cut(side, arrive);
            }
            Action::Pass(seconds) => self.pass(seconds),
            Action::Take(side) => self.sides[side].takes_all(),
            Action::Renew(side, fate) => {
                let row = self.sides[side].phone.row;
                self.sides[side].work(fate, |talk| talk.start(row));
                self.look(side);
            }
            Action::Befriend(side) => self.befriend(side),
            Action::Lie(ref lie) => self.lie(lie),
        }
    }

    fn lie(&mut self, lie: &Lie) {
        let past = |server: &Server, side: usize, which: usize| {
            let past = &server.past[side];
            past.get(which % past.len().max(1)).cloned()
        };
        match *lie {
            Lie::Drop(from, count) => self.server.lies.drop[from] = count,
            Lie::Hold(from, count) => self.server.lies.hold[from] = count,
            Lie::Release(from) => self.server.release(from),
            Lie::Replay(from, which) => {
                let stanza = past(&self.server, from, which);
                stanza.into_iter().for_each(|stanza| self.server.deliver(1 - from, Item::Stanza(stanza)));
            }
            Lie::Receipt(to, which) => {
                if let Some(stanza) = past(&self.server, to, which) {
                    let forged = StanzaKind::Receipt { received: stanza.id.clone() };
                    self.says_forged(to, forged);
                }
            }
            Lie::Bounce(to, which) => {
                let stanza = past(&self.server, to, which);
                stanza.into_iter().for_each(|stanza| self.server.deliver(to, Item::Bounce(stanza.id.clone())));
            }
            Lie::Says(to, body) => {
                self.says_forged(to, StanzaKind::Encrypted { body: body.to_owned(), wants_receipt: false });
            }
            Lie::Copy(from, on) => self.server.lies.copied[from] = on,
            Lie::Divert(from, on) => self.server.lies.diverted[from] = on,
            Lie::Speak(to) => {
                let said = self.impostors[to].speaks();
                self.says(to, said);
            }
            Lie::Accept(side) => self.accept(side),
            Lie::Verify(side) => self.verify(side),
            Lie::Finish(side) => {
                let row = self.sides[side].phone.row;
                self.sides[side].work(Fate::Stored, |talk| talk.finish(row));
                self.look(side);
            }
        }
    }

    fn says_forged(&mut self, to: usize, kind: StanzaKind) {
        let peer = self.sides[to].phone.row;
        let (id, at) = ("forged".to_owned(), UnixTime(0));
        let stanza = OutgoingStanza { peer, resource: None, id, kind, message: None, at, number: None };
        self.says(to, vec![Arc::new(stanza)]);
    }

    fn says(&mut self, to: usize, said: Vec<Arc<OutgoingStanza>>) {
        said.into_iter().for_each(|stanza| self.server.deliver(to, Item::Stanza(stanza)));
    }

    fn connect(&mut self, side: usize, memory: Memory, fate: Fate) {
        if !self.sides[side].is_connected() {
            match self.server.login(side, self.sides[side].earlier().as_ref(), memory) {
                Some((stream, start)) => self.sides[side].connected(stream, start, fate),
                None => drop(self.sides[side].work(fate, |talk| talk.stream_lost())),
            }
            self.look(side);
        }
    }

    /// One round of everything.
    fn flow(&mut self) {
        (0..2).for_each(|side| self.send(side, ALL, Fate::Stored));
        (0..2).for_each(|side| self.arrive(side, ALL, true));
        (0..2).for_each(|side| self.hear(side, ALL, 0, true, Fate::Stored));
    }

    fn send(&mut self, side: usize, room: usize, fate: Fate) {
        let mut said = self.sides[side].introduce(fate);
        said.extend(self.sides[side].send(room, fate));
        self.server.wrote(side, said);
        self.look(side);
    }

    fn arrive(&mut self, side: usize, count: usize, acks: bool) {
        let read_along = self.server.takes(side, count, acks);
        self.impostor_hears(side, read_along);
    }

    fn hear(&mut self, side: usize, count: usize, room: usize, acks: bool, fate: Fate) {
        let items = self.server.says(side, count);
        if let Some((handled, said)) = self.sides[side].hears(items, room, fate) {
            self.server.wrote(side, said);
            if acks {
                self.server.acked(side, handled);
            }
        }
        self.look(side);
    }

    fn cut(&mut self, side: usize, arrive: usize) {
        let read_along = self.server.cut(side, arrive);
        self.impostor_hears(side, read_along);
        self.sides[side].disconnected();
    }

    fn impostor_hears(&mut self, from: usize, stanzas: Vec<Arc<OutgoingStanza>>) {
        for stanza in stanzas {
            let answers = self.impostors[from].hears(stanza);
            self.says(from, answers);
        }
        self.ledger.check_read_by_impostor(from, &self.impostors[from].read);
    }

    fn pass(&mut self, seconds: u64) {
        if self.passed + seconds > LONGEST {
            return;
        }
        self.passed += seconds;
        for side in 0..2 {
            let drained = self.server.is_quiet(side);
            self.sides[side].pass(seconds, drained);
            self.look(side);
            let said = self.impostors[side].pass(Duration::from_secs(self.passed));
            self.says(side, said);
        }
    }

    /// The user adds a peer, or accepts one who has asked.
    fn befriend(&mut self, side: usize) {
        let row = self.sides[side].phone.row;
        self.sides[side].work(Fate::Stored, |talk| talk.accept(row).unwrap());
        self.look(side);
    }

    /// The user accepts the key that is there.
    fn accept(&mut self, side: usize) {
        let (row, shown) = (self.sides[side].phone.row, self.sides[side].phone.conversation().key);
        if let Some(shown) = shown {
            self.sides[side].work(Fate::Stored, |talk| {
                talk.mailbox().peer_mut(row).unwrap().trust.accept(shown);
                talk.choose_again(row);
            });
            self.look(side);
        }
    }

    /// The users have compared the peer's real key.
    fn verify(&mut self, side: usize) {
        let row = self.sides[side].phone.row;
        self.sides[side].work(Fate::Stored, |talk| {
            talk.mailbox().peer_mut(row).unwrap().trust.verify(key(1 - side));
            talk.choose_again(row);
        });
        self.look(side);
    }

    /// Whatever a side has committed keeps the laws. One that has lost its connection has lost it at both ends.
    fn look(&mut self, side: usize) {
        if !self.sides[side].is_connected() {
            let read_along = self.server.cut(side, ALL);
            self.impostor_hears(side, read_along);
        }
        let (touched, read) = (&self.server.lies.touched, &self.impostors[side].read);
        self.ledger.look(side, &mut self.sides[side], touched, read);
    }

    /// From here on nothing is lost, and both users do what they are asked to.
    fn settle(&mut self) {
        self.server.repents();
        for round in 0..12 {
            for side in 0..2 {
                self.connect(side, Memory::Resumes, Fate::Stored);
                self.befriend(side);
                self.sides[side].takes_all();
                let shown = self.sides[side].phone.conversation().security;
                if matches!(shown, Security::Finished | Security::KeyChanged) {
                    self.act(&Action::Renew(side, Fate::Stored));
                }
            }
            self.flow_out();
            if (0..2).all(|side| self.ledger.all_delivered(side)) {
                return;
            }
            let seconds = [11, 61, 601][round % 3];
            (0..2).for_each(|side| {
                let drained = self.server.is_quiet(side);
                self.sides[side].pass(seconds, drained);
                self.look(side);
            });
        }
    }

    fn flow_out(&mut self) {
        for _ in 0..200 {
            self.flow();
            let is_still = |side: usize| self.server.is_quiet(side) && !self.sides[side].has_unsent();
            if (0..2).all(is_still) {
                return;
            }
        }
        panic!("they do not stop");
    }

    fn check_all_arrived(&self, acquainted: bool) {
        (0..2).for_each(|side| self.ledger.check_all_arrived(side, &self.sides[side], acquainted));
    }

    /// Once both users know the other's key, what they write arrives.
    fn check_last_texts_arrive(&mut self) {
        for side in 0..2 {
            self.verify(side);
            self.act(&Action::Write(side, Fate::Stored));
        }
        self.settle();
        (0..2).for_each(|side| self.ledger.check_last_arrived(side));
    }

    fn check_none_forgotten(&self) {
        (0..2).for_each(|side| self.ledger.check_none_forgotten(side, &self.sides[side]));
    }
}

fn key(of: usize) -> Fingerprint {
    KEYS[of].fingerprint().into()
}
