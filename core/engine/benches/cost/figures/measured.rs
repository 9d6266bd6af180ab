//! The processes that are looked at: two installations that talk to each other, and an app that uses a folder offline.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use flashpaper::{
    Burner, Clock, Config, Connection, CreateOptions, Engine, Event, Events, History, Key, MessageState, Network,
    PrivateNetwork, Profile, Route, Seams,
};
use flashpaper_lab::Remote;
use tokio::runtime::Runtime;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use super::trace::MARK;
use super::{Done, SIDES};
use crate::direct::Direct;

/// Texts that are sent one at a time.
pub(super) const ALONE: u32 = 50;
/// Texts that are sent at once.
pub(super) const BURST: u32 = 1000;
/// Texts that the receiver leaves for [`use_offline`].
const UNTAKEN: u32 = 100;
/// The number of the first message of a history that was filled by hand: behind all those of the talk.
pub(super) const FIRST_KEPT: u64 = 1_000_000;
/// What is before figures on standard output.
pub(super) const FIGURES: &str = "> ";

/// Threads that send at once.
const THREADS: u32 = 64;
const OPENINGS: usize = 5;
const SERVER: &str = "burner.test";
const PATIENCE: Duration = Duration::from_secs(120);
/// As long as what people write.
const TEXT: &str = "The train is late, I will be there at half past eight. Wait for me at the usual place";
/// How long everything that is on its way takes at most, past Tor.
const MIN_TICK: Duration = Duration::from_millis(100);
/// What is not stored at once is stored within this time.
const GATHERING: Duration = Duration::from_secs(6);

/// Does something in a folder, with marks that a trace shows.
pub(super) fn run(act: &str, folder: &Path) -> Done {
    let work = async {
        match act {
            "talk" => talk(folder).await,
            "use" => use_offline(folder).await,
            _ => burn(folder).await,
        }
    };
    Runtime::new()?.block_on(work)
}

fn mark(folder: &Path, phase: &str) {
    // There is none: it shows nevertheless.
    let _ = fs::remove_file(folder.join(format!("{MARK}{phase}")));
}

async fn talk(folder: &Path) -> Done {
    let clock = Ahead { clock: Seams::real().clock.into(), by: Arc::default() };
    let [out, into] = SIDES.map(|side| folder.join(side));
    let mut pair = Pair { from: Side::begin(&out, &clock).await?, to: Side::begin(&into, &clock).await?, clock };
    pair.from.engine.add_contact(&pair.from.burner.id, &pair.to.burner.jid)?;
    pair.to.engine.add_contact(&pair.to.burner.id, &pair.from.burner.jid)?;
    // The first waits for the key exchange.
    pair.send(1, 1, true).await?;
    pair.settle().await;
    for _ in 0..ALONE {
        mark(folder, "alone");
        pair.send(1, 1, true).await?;
        pair.settle().await;
    }
    mark(folder, "burst");
    pair.send(BURST, THREADS, true).await?;
    pair.settle().await;
    mark(folder, "end");
    pair.send(UNTAKEN, 1, false).await?;
    pair.from.engine.close().await;
    pair.to.engine.close().await;
    Ok(())
}

/// Two installations in a private conversation.
struct Pair {
    from: Side,
    to: Side,
    clock: Ahead,
}

impl Pair {
    /// Sends so many texts from so many threads. They are delivered on return; taken, if they are to be, by as many threads as
    /// there are texts at a time.
    async fn send(&mut self, texts: u32, threads: u32, takes: bool) -> Done {
        let sent = Arc::new(AtomicU32::new(0));
        for _ in 0..threads {
            let (engine, from, to) =
                (self.from.engine.clone(), self.from.burner.id.clone(), self.to.burner.jid.clone());
            let sent = Arc::clone(&sent);
            std::thread::spawn(move || {
                while sent.fetch_add(1, Relaxed) < texts && engine.send(&from, &to, TEXT, None).is_ok() {}
            });
        }
        let delivered = self.from.each(texts, MessageState::Delivered, false);
        let received = self.to.each(texts, MessageState::Received, takes);
        timeout(PATIENCE, async { tokio::try_join!(delivered, received) }).await??;
        Ok(())
    }

    /// Waits until nothing is left to be stored.
    async fn settle(&self) {
        sleep(MIN_TICK).await;
        self.clock.by.fetch_add(GATHERING.as_secs(), Relaxed);
        // Connections look at the clock.
        self.from.engine.set_profile(Profile::Foreground);
        self.to.engine.set_profile(Profile::Foreground);
        sleep(MIN_TICK).await;
    }
}

struct Side {
    engine: Engine,
    burner: Burner,
    events: Events,
}

impl Side {
    async fn begin(home: &Path, clock: &Ahead) -> Done<Self> {
        let lab = Remote::from_env()?;
        let network = PrivateNetwork::parse(&fs::read_to_string(lab.facts_file())?)?;
        let config = Config { network: Network::Private(network), ..offline(home) };
        let seams = Seams { clock: Box::new(clock.clone()), ..Seams::real() };
        let engine = Engine::open_with(config, seams).await?;
        engine.start_on(Direct::plain(&lab)).await?;
        let options =
            CreateOptions { server: Some(SERVER.into()), route: Some(Route::Exit), ..CreateOptions::default() };
        let burner = engine.create_burner(options).await?;
        engine.set_history(&burner.id, History::UntilBurn)?;
        let mut events = engine.events(None);
        engine.connect(&burner.id)?;
        let is_online = |event: &Event| matches!(event, Event::Connection { connection: Connection::Online, .. });
        while !is_online(&events.next().await.ok_or("closed")?) {}
        Ok(Self { engine, burner, events })
    }

    /// Waits until so many messages have come to a state, and takes them, if they are to be taken.
    async fn each(&mut self, messages: u32, wanted: MessageState, takes: bool) -> Done {
        let mut takers = Vec::new();
        for _ in 0..messages {
            let message = loop {
                match self.events.next().await.ok_or("closed")? {
                    Event::Message { message, state, .. } if state == wanted => break message,
                    Event::Lagged { .. } => return Err("events came too fast".into()),
                    _ => {}
                }
            };
            if takes {
                let (engine, burner) = (self.engine.clone(), self.burner.id.clone());
                takers.push(spawn_blocking(move || engine.taken(&burner, message)));
            }
        }
        for taker in takers {
            taker.await??;
        }
        Ok(())
    }
}

/// The device's clock, with a time since its start that is set ahead by so many seconds.
#[derive(Clone)]
struct Ahead {
    clock: Arc<dyn Clock>,
    by: Arc<AtomicU64>,
}

impl Clock for Ahead {
    fn unix_seconds(&self) -> u64 {
        self.clock.unix_seconds()
    }

    fn since_boot(&self) -> Duration {
        self.clock.since_boot() + Duration::from_secs(self.by.load(Relaxed))
    }
}

fn offline(home: &Path) -> Config {
    Config { home: home.to_owned(), key: Key::File, network: Network::Public, resolvers: None }
}

/// Opens a folder, and by turns queues a text and takes one that came: each is one commit. Prints the median of a commit in microseconds, that of
/// an opening in milliseconds, and what is in memory in KiB.
async fn use_offline(home: &Path) -> Done {
    mark(home, "opening");
    let (engine, first) = open(home).await?;
    let mut commits = Vec::new();
    if let Some(burner) = engine.burners()?.first() {
        let came = engine.messages(&burner.id, None, Some(FIRST_KEPT.into()), UNTAKEN)?;
        for message in came {
            mark(home, "committing");
            let begin = Instant::now();
            engine.send(&burner.id, message.peer.as_str(), TEXT, None)?;
            commits.push(begin.elapsed());
            mark(home, "taking");
            engine.taken(&burner.id, message.id)?;
        }
        mark(home, "end");
    }
    let resident = resident_kib()?;
    engine.close().await;
    let mut openings = vec![first];
    for _ in 1..OPENINGS {
        let (engine, took) = open(home).await?;
        openings.push(took);
        engine.close().await;
    }
    let (commit, opening) = (median(commits).as_secs_f64(), median(openings).as_secs_f64());
    println!("{FIGURES}{} {} {resident}", commit * 1e6, opening * 1e3);
    Ok(())
}

async fn open(home: &Path) -> Done<(Engine, Duration)> {
    let begin = Instant::now();
    let engine = Engine::open(offline(home)).await?;
    let _ = engine.snapshot();
    Ok((engine, begin.elapsed()))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn resident_kib() -> Done<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// Leaves no account behind.
async fn burn(folder: &Path) -> Done {
    let lab = Remote::from_env()?;
    let network = PrivateNetwork::parse(&fs::read_to_string(lab.facts_file())?)?;
    for side in SIDES {
        let config = Config { network: Network::Private(network.clone()), ..offline(&folder.join(side)) };
        let engine = Engine::open(config).await?;
        engine.start_on(Direct::plain(&lab)).await?;
        for burner in engine.burners()? {
            engine.burn(&burner.id).await?;
        }
        engine.close().await;
    }
    Ok(())
}
