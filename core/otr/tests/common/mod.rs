//! Two sessions and a wire between them.
#![allow(dead_code, reason = "each test program uses a part")]
#![allow(clippy::unwrap_used, reason = "a text that cannot be sent fails the test")]

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use flashpaper_otr::{Identity, Output, Session, Settings};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

pub(crate) static ALICE: LazyLock<Arc<Identity>> = LazyLock::new(|| identity(1));
pub(crate) static BOB: LazyLock<Arc<Identity>> = LazyLock::new(|| identity(2));

pub(crate) fn identity(seed: u64) -> Arc<Identity> {
    Arc::new(Identity::random(&mut StdRng::seed_from_u64(seed)))
}

pub(crate) fn session(identity: &Arc<Identity>, settings: Settings, seed: u64) -> Session {
    Session::new(Arc::clone(identity), settings, Box::new(StdRng::seed_from_u64(seed)), Duration::ZERO)
}

/// A text in a private conversation, of an owner to whom its name does not matter.
pub(crate) trait Say {
    fn say(&mut self, text: &str) -> Vec<Output>;
}

impl Say for Session {
    fn say(&mut self, text: &str) -> Vec<Output> {
        self.send(text, "label").unwrap().1
    }
}

/// Two sessions and what each of them said that was not for the wire.
pub(crate) struct Pair {
    pub(crate) sides: [Session; 2],
    pub(crate) news: [Vec<Output>; 2],
}

impl Pair {
    pub(crate) fn new(settings: Settings, seed: u64) -> Self {
        Self { sides: [session(&ALICE, settings, seed), session(&BOB, settings, seed + 1)], news: [vec![], vec![]] }
    }

    pub(crate) fn private(settings: Settings, seed: u64) -> Self {
        let mut pair = Self::new(settings, seed);
        let outputs = pair.sides[0].start();
        pair.carry(0, outputs);
        assert!(pair.sides.iter().all(Session::is_private));
        pair.news = [vec![], vec![]];
        pair
    }

    /// Carries what `from` says to the other, and the answers back, until both are silent.
    pub(crate) fn carry(&mut self, from: usize, outputs: Vec<Output>) {
        let mut queue: Vec<(usize, Output)> = outputs.into_iter().map(|o| (from, o)).collect();
        let mut count = 0;
        while !queue.is_empty() {
            count += 1;
            assert!(count < 1000, "they do not stop");
            match queue.remove(0) {
                (from, Output::Send(wire)) => {
                    let to = 1 - from;
                    queue.extend(self.sides[to].receive(&wire).into_iter().map(|o| (to, o)));
                }
                (from, news) => self.news[from].push(news),
            }
        }
    }

    /// A private conversation begins for it if there is none.
    pub(crate) fn say(&mut self, from: usize, text: &str) {
        if !self.sides[from].is_private() {
            let outputs = self.sides[from].start();
            self.carry(from, outputs);
        }
        let outputs = self.sides[from].say(text);
        self.carry(from, outputs);
    }

    pub(crate) fn texts(&self, side: usize) -> Vec<&str> {
        self.news[side]
            .iter()
            .filter_map(|o| if let Output::Text { text, .. } = o { Some(text.as_str()) } else { None })
            .collect()
    }
}

/// What goes over the wire.
pub(crate) fn wires(outputs: &[Output]) -> Vec<String> {
    outputs.iter().filter_map(|o| if let Output::Send(wire) = o { Some(wire.clone()) } else { None }).collect()
}

/// Carries messages between two sessions, the first of them to `to`; gives what the two say besides.
pub(crate) fn converse(to: &mut Session, other: &mut Session, first: Vec<String>) -> Vec<Output> {
    let (mut queue, mut news) = (VecDeque::from_iter(first.into_iter().map(|wire| (true, wire))), Vec::new());
    let mut count = 0;
    while let Some((first, wire)) = queue.pop_front() {
        count += 1;
        assert!(count < 1000, "they do not stop");
        let outputs = if first { to.receive(&wire) } else { other.receive(&wire) };
        queue.extend(wires(&outputs).into_iter().map(|wire| (!first, wire)));
        news.extend(outputs.into_iter().filter(|output| !matches!(output, Output::Send(_))));
    }
    news
}
