//! Burners of one installation, seen from the network: when each is dialled for, and how many streams there are.

use std::collections::BTreeSet;
use std::io;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::task::{Context, Poll};

use flashpaper_tor::{DialError, Target};
use flashpaper_vault::Batch;
use futures::future::BoxFuture;
use tempfile::TempDir;
use tokio::io::{AsyncRead, ReadBuf, join, sink};
use tokio::sync::Notify;

use super::*;
use crate::account::tests::account;
use crate::lifecycle::drain_wanted;
use crate::seams::{Dial, Dialed, Dialers, Seams};
use crate::{Config, Engine, Key, Network};

const NAMES: [&str; 3] = ["a", "b", "c"];

/// A dial: to whom, by which circuits, and when.
pub(crate) struct Dialled {
    name: String,
    pub(crate) circuits: usize,
    at: Instant,
}

/// Dialers that note what is dialled, and reach nobody; or somebody who says nothing.
#[derive(Clone, Default)]
pub(crate) struct Noted {
    pub(crate) dialled: Arc<Mutex<Vec<Dialled>>>,
    count: Arc<AtomicUsize>,
    circuits: usize,
    streams: Option<Arc<Streams>>,
    /// Tor ends while they dial.
    end: Option<Arc<Notify>>,
}

/// How many streams are open, and how many were at most.
#[derive(Default)]
struct Streams {
    open: AtomicUsize,
    most: AtomicUsize,
}

/// How long the end of a stream takes.
const END: Duration = Duration::from_millis(50);

/// What comes from somebody who says nothing: it stays open until it is dropped.
struct Silent(Arc<Streams>);

impl Silent {
    fn begin(streams: &Arc<Streams>) -> Self {
        streams.most.fetch_max(streams.open.fetch_add(1, SeqCst) + 1, SeqCst);
        Self(Arc::clone(streams))
    }
}

impl AsyncRead for Silent {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        std::thread::sleep(END);
        self.0.open.fetch_sub(1, SeqCst);
    }
}

impl Dialers for Noted {
    fn isolated(&self) -> Arc<dyn Dial> {
        Arc::new(Self { circuits: self.count.fetch_add(1, Relaxed), ..self.clone() })
    }
}

impl Dial for Noted {
    fn dial<'a>(&'a self, target: &'a Target, _: Duration) -> BoxFuture<'a, Result<Dialed, DialError>> {
        if let Target::Host { name, .. } = target {
            let dialled = Dialled { name: name.clone(), circuits: self.circuits, at: Instant::now() };
            lock(&self.dialled).push(dialled);
        }
        if let Target::Resolver { .. } = target {
            return Box::pin(async { Err(DialError::HostUnreachable) });
        }
        if let Some(end) = &self.end {
            return Box::pin(async {
                end.notified().await;
                Err(DialError::Closed)
            });
        }
        let stream = self.streams.as_ref().map(|streams| join(Silent::begin(streams), sink()));
        let dialed = stream.map(|stream| Dialed { stream: Box::new(stream), circuit: None });
        Box::pin(async { dialed.ok_or(DialError::Timeout) })
    }
}

impl Noted {
    /// The servers let themselves be reached, and say nothing.
    pub(crate) fn silent() -> Self {
        Self { streams: Some(Arc::default()), ..Self::default() }
    }

    /// When each was dialled for first, in that order; forgotten by then.
    pub(crate) fn first(&self) -> Vec<(String, Instant)> {
        let mut seen = BTreeSet::new();
        let dialled = std::mem::take(&mut *lock(&self.dialled)).into_iter();
        dialled.filter(|dial| seen.insert(dial.name.clone())).map(|dial| (dial.name, dial.at)).collect()
    }

    /// [`Noted::first`], once there are so many: a busy machine has the time for them.
    async fn first_of(&self, count: usize) -> Vec<(String, Instant)> {
        let end = Instant::now() + Duration::from_secs(20);
        let names = || lock(&self.dialled).iter().map(|dial| dial.name.clone()).collect::<BTreeSet<_>>();
        while names().len() < count && Instant::now() < end {
            sleep(Duration::from_millis(10)).await;
        }
        self.first()
    }
}

/// An engine with burners that nobody has connected; each is at a server of its own.
pub(crate) async fn engine(home: &TempDir, names: &[&str]) -> (Engine, Noted) {
    let noted = Noted::default();
    (engine_on(home, names, &noted, Seams::real()).await, noted)
}

pub(crate) async fn engine_on(home: &TempDir, names: &[&str], noted: &Noted, seams: Seams) -> Engine {
    let config = Config { home: home.path().to_owned(), key: Key::File, network: Network::Public, resolvers: None };
    let engine = Engine::open_with(config, seams).await.unwrap();
    for name in names {
        let mut account = account(name);
        (account.domain, account.state) = (format!("{name}.example"), State::Active);
        drop(engine.context.burners.add(account, Batch::default()).unwrap());
    }
    engine.start_on(Arc::new(noted.clone())).await.unwrap();
    engine
}

pub(crate) fn id(name: &str) -> BurnerId {
    BurnerId(name.to_owned())
}

pub(crate) fn burner(engine: &Engine, name: &str) -> Arc<LiveBurner> {
    engine.context.burner(&id(name)).unwrap()
}

#[tokio::test]
async fn burners_wake_at_moments_of_their_own_in_any_order() {
    const SPREAD: Duration = Duration::from_millis(400);
    const ROUNDS: u32 = 12;
    let home = TempDir::new().unwrap();
    let (engine, noted) = engine(&home, &NAMES).await;
    engine.set_spread(Spread::Within { time: SPREAD });
    NAMES.iter().for_each(|name| engine.connect(&id(name)).unwrap());
    let (mut orders, mut first, mut apart) = (BTreeSet::new(), Duration::ZERO, Duration::ZERO);
    for _ in 0..ROUNDS {
        let _ = engine.suspend(Duration::ZERO).await;
        noted.first();
        let woken = Instant::now();
        engine.resume().await.unwrap();
        let dialled = noted.first_of(NAMES.len()).await;
        assert_eq!(dialled.len(), NAMES.len());
        first += dialled[0].1 - woken;
        apart += dialled[2].1 - dialled[0].1;
        orders.insert(dialled.into_iter().map(|(name, _)| name).collect::<Vec<_>>());
    }
    assert!(orders.len() > 1, "always {orders:?}");
    // A quarter of the time before the first of three, and a half between the first and the last, on average.
    assert!(first / ROUNDS > SPREAD / 10 && apart / ROUNDS > SPREAD / 4, "{:?}, {:?}", first / ROUNDS, apart / ROUNDS);
    engine.close().await;
}

#[tokio::test]
async fn a_burner_that_dials_as_tor_ends_waits_for_its_next_start() {
    let (home, end) = (TempDir::new().unwrap(), Arc::new(Notify::new()));
    let ending = Noted { end: Some(Arc::clone(&end)), ..Noted::default() };
    let engine = engine_on(&home, &["a"], &ending, Seams::real()).await;
    engine.connect(&id("a")).unwrap();
    assert_eq!(ending.first_of(1).await.len(), 1);
    engine.context.set_dialers(None);
    end.notify_one();
    let mut states = engine.states();
    let mut waits = async || {
        let why = Error::TorNotStarted;
        while states.next().await.unwrap().burners[0].connection != (Connection::Waiting { why: why.clone() }) {}
    };
    waits().await;
    let _ = engine.suspend(Duration::ZERO).await;
    assert_eq!(engine.snapshot().burners[0].connection, Connection::Offline);
    engine.resume().await.unwrap();
    waits().await;
    let next = Noted::default();
    engine.context.set_dialers(Some(Arc::new(next.clone())));
    assert_eq!(next.first_of(1).await.len(), 1);
    engine.close().await;
}

#[tokio::test]
async fn alone_a_burner_waits_for_nobody_and_a_user_waits_for_seconds() {
    let home = TempDir::new().unwrap();
    let (engine, noted) = engine(&home, &["a"]).await;
    let dialled_within = async |time| {
        sleep(time).await;
        noted.first().len()
    };
    engine.connect(&id("a")).unwrap();
    let _ = engine.suspend(Duration::ZERO).await;
    noted.first();
    engine.resume().await.unwrap();
    assert_eq!(dialled_within(Duration::from_millis(300)).await, 1);
    let mut other = account("b");
    other.state = State::Active;
    drop(engine.context.burners.add(other, Batch::default()).unwrap());
    assert!((0..100).all(|_| engine.context.soon() < limits::SOON));
    // One that would wait for long is hurried by a user who looks at it.
    let _ = engine.suspend(Duration::ZERO).await;
    engine.set_spread(Spread::Within { time: Duration::MAX });
    let most = (0..1000).map(|_| engine.context.apart(engine.context.spread().time())).max().unwrap();
    assert!(most < limits::LONGEST_SPREAD && most > limits::LONGEST_SPREAD / 2, "ten minutes at most: {most:?}");
    engine.resume().await.unwrap();
    engine.set_spread(Spread::Within { time: Duration::ZERO });
    noted.first();
    engine.connect(&id("a")).unwrap();
    assert_eq!(dialled_within(Duration::from_millis(300)).await, 1);
    engine.close().await;
}

#[tokio::test]
async fn one_at_a_time_is_one_at_a_time() {
    let home = TempDir::new().unwrap();
    let (engine, noted) = engine(&home, &NAMES).await;
    engine.set_spread(Spread::Within { time: Duration::ZERO });
    NAMES.iter().for_each(|name| engine.connect(&id(name)).unwrap());
    sleep(Duration::from_millis(100)).await;
    let handles = || engine.context.connections().into_iter().map(|(_, handle)| handle).collect::<Vec<_>>();
    let mut all = handles();
    assert_eq!((noted.first().len(), all.iter().filter(|handle| !handle.is_over()).count()), (3, 3));
    engine.set_spread(Spread::OneAtATime);
    sleep(Duration::from_millis(100)).await;
    assert_eq!(all.iter().filter(|handle| !handle.is_over()).count(), 1);
    for name in ["b", "c"] {
        engine.connect(&id(name)).unwrap();
        all.extend(handles());
    }
    sleep(Duration::from_millis(100)).await;
    let last = burner(&engine, "c").connection().unwrap();
    assert!(!last.is_over() && all.iter().all(|handle| handle.is_over() || Arc::ptr_eq(handle, &last)));
    assert_eq!(handles().len(), 1);
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_at_a_time_a_stream_begins_when_the_one_before_has_ended_and_each_has_its_turn() {
    let home = TempDir::new().unwrap();
    let streams = Arc::new(Streams::default());
    let noted = Noted { streams: Some(Arc::clone(&streams)), ..Noted::default() };
    let engine = engine_on(&home, &NAMES, &noted, Seams::real()).await;
    let context = &engine.context;
    engine.set_spread(Spread::OneAtATime);
    let dialled = async |count| noted.first_of(count).await.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let pick_up = |name| context.pick_up(&burner(&engine, name), true, Duration::ZERO).unwrap();
    for name in ["a", "b", "a"] {
        pick_up(name);
        assert_eq!(dialled(1).await, [format!("{name}.example")]);
    }
    // One after the other at once: the last waits for the first, too.
    pick_up("b");
    pick_up("c");
    assert_eq!(dialled(1).await, ["c.example"]);
    // One that its user has ended is waited for, as well.
    engine.disconnect(&id("c")).unwrap();
    pick_up("a");
    assert_eq!(dialled(1).await, ["a.example"]);
    // A sync has each take its turn.
    engine.disconnect(&id("a")).unwrap();
    for name in NAMES {
        burner(&engine, name).change(|account| account.wanted = true).unwrap();
    }
    drain_wanted(context, Instant::now() + Duration::from_secs(3)).await.unwrap();
    let mut names = dialled(NAMES.len()).await;
    names.sort();
    assert_eq!(names, NAMES.map(|name| format!("{name}.example")));
    assert_eq!(streams.most.load(SeqCst), 1);
    engine.close().await;
}

#[tokio::test]
async fn the_next_process_connects_those_again_that_were_to_stay_connected_and_no_others() {
    let home = TempDir::new().unwrap();
    let (engine, noted) = engine(&home, &NAMES).await;
    engine.set_spread(Spread::Within { time: Duration::ZERO });
    ["a", "b", "c"].iter().for_each(|name| engine.connect(&id(name)).unwrap());
    engine.disconnect(&id("c")).unwrap();
    let in_another_process = || NAMES.iter().for_each(|name| drop(burner(&engine, name).set_connection(None)));
    let connected = || {
        let connected = |name: &&&str| burner(&engine, name).connection().is_some();
        NAMES.iter().filter(connected).copied().collect::<Vec<_>>()
    };
    in_another_process();
    engine.reconnect().unwrap();
    assert_eq!(connected(), ["a", "b"]);
    in_another_process();
    engine.set_spread(Spread::OneAtATime);
    engine.reconnect().unwrap();
    engine.reconnect().unwrap();
    assert_eq!(connected().len(), 1);
    let _ = engine.suspend(Duration::ZERO).await;
    assert_eq!(engine.reconnect(), Err(Error::Suspended));
    drop(noted);
    engine.close().await;
}

#[tokio::test]
async fn a_sync_connects_what_is_wanted_one_after_the_other_in_any_order() {
    let home = TempDir::new().unwrap();
    let (engine, noted) = engine(&home, &["a", "b", "c", "d"]).await;
    engine.set_spread(Spread::Within { time: Duration::ZERO });
    ["a", "b", "c"].iter().for_each(|name| engine.connect(&id(name)).unwrap());
    engine.disconnect(&id("c")).unwrap();
    let _ = engine.suspend(Duration::ZERO).await;
    // In another process nothing is known but what is stored.
    NAMES.iter().for_each(|name| drop(burner(&engine, name).set_connection(None)));
    engine.context.wake(None).await.unwrap();
    let mut orders = BTreeSet::new();
    for _ in 0..20 {
        // Each had its turn first: a busy machine has the time for both.
        if orders.len() > 1 {
            break;
        }
        noted.first();
        let report = drain_wanted(&engine.context, Instant::now() + Duration::from_secs(1)).await.unwrap();
        assert!(!report.complete, "nobody was reached");
        orders.insert(noted.first().into_iter().map(|(name, _)| name).collect::<Vec<_>>());
        NAMES.iter().for_each(|name| drop(burner(&engine, name).set_connection(None)));
    }
    let either =
        [["a.example", "b.example"], ["b.example", "a.example"]].map(|order| order.map(str::to_owned).to_vec());
    assert_eq!(orders, BTreeSet::from(either));
    engine.close().await;
}
