//! What the server says in private in somebody's name, by a key of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flashpaper_otr::{Identity, Output, Session, Settings};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// What each text of an impostor begins with.
pub(crate) const MARK: &str = "liar";

/// The server's own sessions.
pub(crate) struct Impostors {
    rng: StdRng,
    identity: Option<Arc<Identity>>,
    /// By the account that it pretends to be, and the one that it talks to.
    sessions: BTreeMap<(String, String), Session>,
    begun: Instant,
    said: u32,
    /// The texts that were written to it.
    pub(crate) read: Vec<String>,
}

impl Impostors {
    pub(super) fn new(seed: u64) -> Self {
        let (identity, sessions, said, read) = Default::default();
        Self { rng: StdRng::seed_from_u64(seed), identity, sessions, begun: Instant::now(), said, read }
    }

    /// Begins a private conversation, or says something in it under an id that was seen: bodies to deliver.
    pub(super) fn act(&mut self, name: &str, to: &str, ids: &[String]) -> Vec<String> {
        let rng = &mut self.rng;
        let identity = self.identity.get_or_insert_with(|| Arc::new(Identity::random(rng)));
        let now = self.begun.elapsed();
        let session = self.sessions.entry((name.to_owned(), to.to_owned())).or_insert_with(|| {
            let settings = Settings { deduplicates: true, ..Settings::default() };
            Session::new(Arc::clone(identity), settings, Box::new(StdRng::from_rng(rng)), Duration::ZERO)
        });
        let mut outputs = session.tick(now);
        if session.is_ready() && !ids.is_empty() {
            self.said += 1;
            let label = &ids[self.rng.random_range(0..ids.len())];
            let sent = session.send(&format!("{MARK} {}", self.said), label).map(|(_, sent)| sent);
            outputs.extend(sent.unwrap_or_default());
        } else {
            outputs.extend(session.start());
        }
        self.carry_out(outputs)
    }

    /// Hears what was written to the account that it pretends to be.
    pub(super) fn hear(&mut self, name: &str, from: &str, body: &str) -> Vec<String> {
        let now = self.begun.elapsed();
        let Some(session) = self.sessions.get_mut(&(name.to_owned(), from.to_owned())) else { return Vec::new() };
        let mut outputs = session.tick(now);
        outputs.extend(session.receive(body));
        self.carry_out(outputs)
    }

    fn carry_out(&mut self, outputs: Vec<Output>) -> Vec<String> {
        let mut bodies = Vec::new();
        for output in outputs {
            match output {
                Output::Send(body) => bodies.push(body),
                Output::Text { text, .. } | Output::PlainText(text) => self.read.push(text),
                _ => {}
            }
        }
        bodies
    }
}
