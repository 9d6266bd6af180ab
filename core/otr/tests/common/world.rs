//! Two sessions with their owners, and a wire that does what it is told. Whatever that is: no text is read that was not
//! said, none is read twice, none goes over the wire in the clear, and when the wire is good again the two understand each
//! other. For the property tests and the fuzz targets.
#![allow(dead_code, unreachable_pub, reason = "the fuzz targets use it from outside, and a part of it each")]
#![allow(clippy::panic, reason = "that is how both learn of a finding")]

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use flashpaper_otr::{Identity, InstanceTag, Output, Session, Settings};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

/// Two people. Making a key takes long, so there are only these.
pub static PEOPLE: LazyLock<[Arc<Identity>; 2]> =
    LazyLock::new(|| [1, 2].map(|seed| Arc::new(Identity::random(&mut StdRng::seed_from_u64(seed)))));

/// The instance tags of the two.
pub const TAGS: [u32; 2] = [0x101, 0x102];

pub fn settings(person: usize) -> Settings {
    Settings { tag: Some(InstanceTag(TAGS[person])), limit: Some(700), ..Settings::default() }
}

pub fn session(person: usize, seed: u64) -> Session {
    let rng = Box::new(StdRng::seed_from_u64(seed));
    Session::new(Arc::clone(&PEOPLE[person]), settings(person), rng, Duration::ZERO)
}

/// Every text begins with this, so that one in the clear is found.
const MARK: &str = "a text: ";

pub struct World {
    sides: [Session; 2],
    /// To each side.
    wires: [Vec<String>; 2],
    /// All that was ever sent, for replays.
    past: Vec<String>,
    /// Texts that wait for a private conversation.
    waiting: [VecDeque<String>; 2],
    said: [HashSet<String>; 2],
    read: [HashSet<String>; 2],
    now: Duration,
    count: u64,
}

impl World {
    pub fn new() -> Self {
        let sides = [session(0, 1), session(1, 2)];
        let (wires, waiting, said, read) = Default::default();
        Self { sides, wires, past: Vec::new(), waiting, said, read, now: Duration::ZERO, count: 0 }
    }

    fn take(&mut self, side: usize, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Send(wire) => {
                    assert!(!wire.contains(MARK), "in the clear");
                    self.past.push(wire.clone());
                    self.wires[1 - side].push(wire);
                }
                Output::Text { text, .. } => {
                    assert!(self.said[1 - side].contains(&text), "never said");
                    assert!(self.read[side].insert(text), "read twice");
                }
                _ => {}
            }
        }
    }

    fn say(&mut self, side: usize) -> String {
        self.count += 1;
        let text = format!("{MARK}{}", self.count);
        self.said[side].insert(text.clone());
        self.waiting[side].push_back(text.clone());
        self.send_waiting(side);
        text
    }

    fn send_waiting(&mut self, side: usize) {
        let session = &mut self.sides[side];
        let mut outputs = Vec::new();
        while let Some(text) = self.waiting[side].front()
            && let Ok((_, sent)) = session.send(text, text)
        {
            self.waiting[side].pop_front();
            outputs.extend(sent);
        }
        let is_idle = !session.is_private() && !session.is_beginning() && !session.is_finished();
        if is_idle && !self.waiting[side].is_empty() {
            outputs.extend(session.start());
        }
        self.take(side, outputs);
    }

    fn deliver(&mut self, side: usize) -> bool {
        if self.wires[side].is_empty() {
            return false;
        }
        let wire = self.wires[side].remove(0);
        let outputs = self.sides[side].receive(&wire);
        self.take(side, outputs);
        self.send_waiting(side);
        true
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        for side in 0..2 {
            let outputs = self.sides[side].tick(self.now);
            self.take(side, outputs);
            self.send_waiting(side);
        }
    }

    /// No two sessions draw the same: a commit like one's own is taken for a mirror.
    const fn fresh_seed(&self, side: usize) -> u64 {
        100 + 2 * self.count + side as u64
    }

    /// Two bytes say what happens: every pair means something, or nothing.
    pub fn act(&mut self, action: u8, argument: u8) {
        let (side, argument) = (usize::from(action & 1), usize::from(argument));
        let mut outputs = Vec::new();
        match (action % 50) >> 1 {
            0..=2 => drop(self.say(side)),
            3..=7 => drop(self.deliver(side)),
            8 => drop((!self.wires[side].is_empty()).then(|| self.wires[side].remove(0))),
            9 if let Some(first) = self.wires[side].first().cloned() => self.wires[side].push(first),
            10 if self.wires[side].len() > 1 => {
                let at = argument % (self.wires[side].len() - 1);
                self.wires[side].swap(at, at + 1);
            }
            11 if let Some(first) = self.wires[side].first_mut().filter(|first| !first.is_empty()) => {
                let mut bytes = first.clone().into_bytes();
                let at = argument * 7 % bytes.len();
                bytes[at] = b'A' + bytes[at] % 26;
                *first = String::from_utf8_lossy(&bytes).into_owned();
            }
            12 if let Some(first) = self.wires[side].first_mut() => first.truncate(argument),
            13 if !self.past.is_empty() => {
                let old = self.past[argument % self.past.len()].clone();
                self.wires[side].push(old);
            }
            14 => {
                let piece = format!("?OTR|{:x}|{:x},{},3,piece,", TAGS[1 - side], TAGS[side], argument % 4);
                self.wires[side].push(piece);
            }
            15 => self.pass(argument as u64),
            16 => outputs = self.sides[side].start(),
            17 if argument < 32 => {
                outputs = self.sides[side].end();
                self.waiting[side].clear();
            }
            18 => outputs = self.sides[side].smp_start("secret", Some("question")).unwrap_or_default(),
            19 => outputs = self.sides[side].smp_answer("secret", None).unwrap_or_default(),
            20 => outputs = self.sides[side].smp_abort(None).unwrap_or_default(),
            21 => {
                let state = self.sides[side].suspend();
                let rng = Box::new(StdRng::seed_from_u64(self.fresh_seed(side)));
                let identity = Arc::clone(&PEOPLE[side]);
                let resumed = Session::resume(&state, identity, settings(side), rng, self.now);
                self.sides[side] = resumed.unwrap_or_else(|_| panic!("its own state"));
            }
            22 if argument < 64 => {
                self.count += 1;
                self.sides[side] = session(side, self.fresh_seed(side));
                self.pass(0);
            }
            23 => self.wires[side].push("?OTR Error: forged".to_owned()),
            24 => self.wires[side].push("?OTRv3?".to_owned()),
            _ => {}
        }
        self.take(side, outputs);
    }

    /// The wire is good from here on.
    pub fn settle(&mut self) {
        for wires in &mut self.wires {
            wires.clear();
        }
        for _ in 0..4 {
            self.pass(70);
            for side in 0..2 {
                if !self.sides[side].is_private() {
                    // One that was ended goes on when a person wants it.
                    let outputs = self.sides[side].start();
                    self.take(side, outputs);
                    while self.deliver(0) || self.deliver(1) {}
                }
            }
            let texts = [self.say(0), self.say(1)];
            while self.deliver(0) || self.deliver(1) {}
            if self.read[1].contains(&texts[0]) && self.read[0].contains(&texts[1]) {
                return;
            }
        }
        panic!("stuck");
    }
}
