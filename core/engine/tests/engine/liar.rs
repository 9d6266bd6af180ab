//! A burner talks to another, or to libotr, through a server that lies: it drops, holds back and replays messages, confirms and bounces them in the
//! peer's name, counts wrong (XEP-0198), cuts, and talks to each in the other's name with a key of its own.
//!
//! The seeds are fixed; what runs at the same time is not. `cargo xtask soak liar` has more of them, and longer ones.

mod impostor;
pub(crate) mod server;
pub(crate) mod xml;

use std::collections::BTreeSet;
use std::env;
use std::time::{Duration, Instant};

use flashpaper::{Burner, CreateOptions, Engine, History, Message, MessageState, Route, Security};
use flashpaper_lab::{Facts, OtrEvent, OtrLibrary, OtrPeer, Remote};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tempfile::TempDir;
use tokio::time::sleep;

use self::impostor::MARK;
use self::server::Server;
use crate::support::{PATIENCE, SERVER, Tested};

/// The number of seeds and of steps.
fn counts() -> (u64, u32) {
    if env::var_os("FLASHPAPER_SOAK").is_some() { (100, 300) } else { (3, 80) }
}

/// An installation with one burner, which keeps its history.
struct Side {
    engine: Engine,
    burner: Burner,
    _home: TempDir,
}

impl Side {
    async fn open(server: &Server) -> Tested<Self> {
        let home = TempDir::new()?;
        let engine = server.open(home.path()).await?;
        let options = CreateOptions {
            server: Some(SERVER.into()),
            route: Some(Route::Exit),
            recoverable: false,
            ..CreateOptions::default()
        };
        let burner = engine.create_burner(options).await?;
        engine.set_history(&burner.id, History::UntilBurn)?;
        engine.connect(&burner.id)?;
        Ok(Self { engine, burner, _home: home })
    }

    fn name(&self) -> &str {
        self.burner.jid.split('@').next().unwrap_or_default()
    }

    /// The messages that it wrote, or those that came to it.
    fn messages(&self, came: bool) -> Tested<Vec<Message>> {
        let mut messages = self.engine.messages(&self.burner.id, None, None, u32::MAX)?;
        messages.retain(|message| matches!(message.state, MessageState::Received | MessageState::Taken) == came);
        Ok(messages)
    }

    fn take(&self) -> Tested {
        for message in self.messages(true)?.iter().filter(|message| message.state == MessageState::Received) {
            self.engine.taken(&self.burner.id, message.id)?;
        }
        Ok(())
    }

    fn security(&self, with: &Self) -> Tested<Security> {
        Ok(self.engine.conversation(&self.burner.id, &with.burner.jid)?.security)
    }
}

/// Two sides, and what is between them.
struct Scene {
    server: Server,
    sides: [Side; 2],
    rng: StdRng,
    written: u32,
}

impl Scene {
    /// In private, through a server that is honest still.
    async fn begin(seed: u64) -> Tested<Self> {
        let server = Server::new(seed)?;
        let sides = [Side::open(&server).await?, Side::open(&server).await?];
        let mut scene = Self { server, sides, rng: StdRng::seed_from_u64(seed), written: 0 };
        for at in 0..2 {
            let [side, other] = scene.of(at);
            side.engine.add_contact(&side.burner.id, &other.burner.jid)?;
        }
        for at in 0..2 {
            scene.write(at)?;
        }
        scene.arrives().await?;
        Ok(scene)
    }

    /// A side and the other.
    fn of(&self, at: usize) -> [&Side; 2] {
        [&self.sides[at], &self.sides[1 - at]]
    }

    fn write(&mut self, at: usize) -> Tested {
        self.written += 1;
        let [side, other] = self.of(at);
        side.engine.send(&side.burner.id, &other.burner.jid, &format!("{} of {at}", self.written), None)?;
        Ok(())
    }

    /// Something that a person, the network or the server does.
    fn step(&mut self) -> Tested {
        let at = self.rng.random_range(0..2);
        match self.rng.random_range(0..20) {
            0 => self.server.state().cut(self.sides[at].name()),
            1 | 2 => self.server.state().release(),
            3 => self.server.state().replay(),
            4 | 5 => {
                let [side, other] = self.of(at);
                self.server.state().impersonate(side.name(), other.name());
            }
            6 => self.sides[at].take()?,
            7 => {
                let [side, other] = self.of(at);
                side.engine.start_private(&side.burner.id, &other.burner.jid)?;
            }
            8 => self.sides[at].engine.network_changed(),
            _ => self.write(at)?,
        }
        Ok(())
    }

    /// The invariants: they hold at every moment.
    fn check(&self) -> Tested {
        for at in 0..2 {
            let [side, other] = self.of(at);
            let delivered =
                side.messages(false)?.into_iter().filter(|message| message.state == MessageState::Delivered);
            let delivered: Vec<String> = delivered.map(|message| message.text.clone()).collect();
            let mut seen = BTreeSet::new();
            for message in other.messages(true)? {
                let is_private = matches!(message.security, Security::Private | Security::Verified);
                assert_eq!(is_private, !message.text.starts_with(MARK), "{} is {:?}", message.text, message.security);
                if is_private {
                    assert!(message.text.ends_with(&format!(" of {at}")), "{}", message.text);
                    assert!(seen.insert(message.text.clone()), "{} came twice", message.text);
                }
            }
            for text in delivered {
                assert!(seen.contains(&text), "{text} is called delivered");
            }
        }
        let read = &self.server.state().impostors.read;
        assert!(read.iter().all(|text| !text.contains(" of ")), "the server reads {read:?}");
        Ok(())
    }

    /// Everything that was written arrives, or is told as failed.
    async fn arrives(&self) -> Tested {
        let end = Instant::now() + PATIENCE;
        let is_open =
            |message: &Message| !matches!(message.state, MessageState::Delivered | MessageState::Failed { .. });
        loop {
            let [one, two] = [self.sides[0].messages(false)?, self.sides[1].messages(false)?];
            let open: Vec<&Message> = one.iter().chain(&two).filter(|message| is_open(message)).collect();
            if open.is_empty() {
                return self.check();
            }
            let [one, two] = self.of(0);
            assert!(Instant::now() < end, "{open:?}, {:?}, {:?}", one.security(two)?, two.security(one)?);
            self.check()?;
            sleep(Duration::from_millis(100)).await;
        }
    }

    async fn end(self) {
        for side in self.sides {
            side.engine.close().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes half a minute: cargo xtask test"]
async fn a_lying_server_doubles_no_text_and_forges_no_delivery() -> Tested {
    let (seeds, steps) = counts();
    let mut kinds = BTreeSet::new();
    for seed in 0..seeds {
        let mut scene = Scene::begin(seed).await?;
        scene.server.state().lies = true;
        for _ in 0..steps {
            scene.step()?;
            scene.check()?;
            let pause = scene.rng.random_range(0..40);
            sleep(Duration::from_millis(pause)).await;
        }
        scene.server.state().repent();
        scene.arrives().await?;
        let told = scene.server.state().told.clone();
        let failed = |side: &Side| {
            let messages = side.messages(false)?;
            Tested::Ok(messages.iter().filter(|m| matches!(m.state, MessageState::Failed { .. })).count())
        };
        let failed = failed(&scene.sides[0])? + failed(&scene.sides[1])?;
        println!("seed {seed}: {} texts, {failed} told as failed; {told:?}", scene.written);
        kinds.extend(told.into_keys());
        // They are not dumb since.
        for at in 0..2 {
            scene.write(at)?;
        }
        scene.arrives().await?;
        scene.end().await;
    }
    // It was not honest by chance.
    let lies = ["dropped", "held back", "doubled", "confirmed", "bounced", "replayed", "impersonated"];
    for kind in lies {
        assert!(kinds.contains(kind), "{kind}: {kinds:?}");
    }
    assert!(kinds.iter().any(|kind| kind.starts_with("h too")), "{kinds:?}");
    Ok(())
}

/// libotr says neither what it has read nor that it knows what it gets twice: nothing is called delivered, and what may come
/// twice is marked.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_lying_server_doubles_no_text_with_libotr_and_forges_no_delivery() -> Tested {
    let (seeds, steps) = counts();
    let lab = Remote::from_env()?;
    for seed in 0..seeds {
        let (server, mut rng) = (Server::new(seed)?, StdRng::seed_from_u64(seed));
        let address = format!("{}{}", lab.facts().subnet, 200 + seed % 50);
        server.listen(format!("{address}:5223").parse()?).await?;
        let side = Side::open(&server).await?;
        let hosts = [(SERVER.to_owned(), address)].into();
        let facts = Facts { hosts, authority: server.authority().to_owned(), ..lab.facts().clone() };
        let mut peer = OtrPeer::register(&facts, OtrLibrary::Libotr).await?;
        peer.command(&format!("to {}", side.burner.jid)).await?;
        side.engine.add_contact(&side.burner.id, peer.jid())?;
        side.engine.send(&side.burner.id, peer.jid(), "0 of ours", None)?;
        let (mut read, name) = (vec![peer.text(PATIENCE).await?], peer.jid().replace(&format!("@{SERVER}"), ""));
        server.state().lies = true;
        for step in 1..=steps {
            match rng.random_range(0..20) {
                0 => server.state().cut(side.name()),
                1 | 2 => server.state().release(),
                3 => server.state().replay(),
                4 | 5 => server.state().impersonate(&name, side.name()),
                6 => side.take()?,
                7..=12 => peer.command(&format!("say {step} of theirs")).await?,
                _ => drop(side.engine.send(&side.burner.id, peer.jid(), &format!("{step} of ours"), None)?),
            }
            read.extend(peer.events().into_iter().filter_map(text_of));
            check_with_libotr(&side, &server, &read)?;
            sleep(Duration::from_millis(rng.random_range(0..40))).await;
        }
        server.state().repent();
        side.engine.start_private(&side.burner.id, peer.jid())?;
        side.engine.send(&side.burner.id, peer.jid(), "the last of ours", None)?;
        while !read.iter().any(|text| text == "the last of ours") {
            read.extend(text_of(peer.next(PATIENCE).await?));
        }
        check_with_libotr(&side, &server, &read)?;
        println!("seed {seed}: {} texts read; {:?}", read.len(), server.state().told);
        side.engine.close().await;
    }
    Ok(())
}

/// The text that was read, without the mark of a text that is sent again.
fn text_of(event: OtrEvent) -> Option<String> {
    let OtrEvent::Text { text, private: true } = event else { return None };
    Some(text.trim_start_matches("[resent] ").to_owned())
}

/// The invariants with libotr, which has read these texts: they hold at every moment.
fn check_with_libotr(side: &Side, server: &Server, read: &[String]) -> Tested {
    for message in side.messages(false)? {
        assert_ne!(message.state, MessageState::Delivered, "{} is called delivered", message.text);
        let times = read.iter().filter(|text| **text == message.text).count();
        assert!(times <= 1 + usize::from(message.maybe_twice), "{} was read {times} times", message.text);
    }
    let mut seen = BTreeSet::new();
    for message in side.messages(true)?.iter().filter(|message| message.security == Security::Private) {
        assert!(message.text.ends_with(" of theirs"), "{}", message.text);
        assert!(seen.insert(message.text.clone()), "{} came twice", message.text);
    }
    let heard = &server.state().impostors.read;
    assert!(heard.iter().all(|text| !text.contains(" of ours")), "the server reads {heard:?}");
    Ok(())
}
