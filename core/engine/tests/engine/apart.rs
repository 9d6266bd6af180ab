//! Two burners of one phone, seen by somebody who sees when their streams begin and end; and which circuits they are on.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use flashpaper::{
    BurnOutcome, ByteStream, Clock, Connection, CreateOptions, Dial, Dialed, Dialers, Engine, Error, Event, Events,
    Profile, Route, Seams, Settlement, Spread, Step,
};
use flashpaper_lab::{Remote, accounts};
use flashpaper_tor::{DialError, Target};
use futures::future::BoxFuture;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::timeout;

use crate::support::{Direct, Hands, PATIENCE, SERVER, Tested, config, open, open_with};

fn by(route: Option<Route>) -> CreateOptions {
    CreateOptions { server: Some(SERVER.into()), route, recoverable: false, ..CreateOptions::default() }
}

async fn come_online(events: &mut Events, count: usize) -> Tested {
    let wait = async {
        let mut online = 0;
        while online < count {
            let event = events.next().await.ok_or("closed")?;
            online += usize::from(matches!(event, Event::Connection { connection: Connection::Online, .. }));
        }
        Tested::Ok(())
    };
    timeout(PATIENCE, wait).await?
}

/// What is seen of the streams: when each ended, and which have said something since they were looked at.
#[derive(Clone, Default)]
struct Seen {
    ends: Arc<Mutex<Vec<Instant>>>,
    speaking: Arc<Mutex<BTreeSet<usize>>>,
    streams: Arc<AtomicUsize>,
    /// All streams of now end.
    cut: Arc<AtomicUsize>,
    /// By which circuits streams were dialled, and to an onion service or not.
    dialled: Arc<Mutex<Vec<(usize, bool)>>>,
    count: Arc<AtomicUsize>,
}

impl Seen {
    fn take_ends(&self) -> Vec<Instant> {
        std::mem::take(&mut self.ends.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn take_speaking(&self) -> BTreeSet<usize> {
        std::mem::take(&mut self.speaking.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn take_dialled(&self) -> Vec<(usize, bool)> {
        std::mem::take(&mut self.dialled.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn dialers(&self, lab: &Remote) -> Arc<Watched> {
        let seen = self.clone();
        let way = Direct::wrapped(lab, move |inner| {
            let id = seen.streams.fetch_add(1, SeqCst);
            Box::new(Stream { inner, seen: seen.clone(), id, number: seen.cut.load(SeqCst) })
        });
        Arc::new(Watched { way, seen: self.clone() })
    }
}

/// Dialers with onion services that do not answer.
struct Watched {
    way: Arc<Direct>,
    seen: Seen,
}

impl Dialers for Watched {
    fn isolated(&self) -> Arc<dyn Dial> {
        let circuits = self.seen.count.fetch_add(1, SeqCst);
        Arc::new(Way { inner: self.way.isolated(), circuits, seen: self.seen.clone() })
    }
}

struct Way {
    inner: Arc<dyn Dial>,
    circuits: usize,
    seen: Seen,
}

impl Dial for Way {
    fn dial<'a>(&'a self, target: &'a Target, deadline: Duration) -> BoxFuture<'a, Result<Dialed, DialError>> {
        let dialled = (self.circuits, matches!(target, Target::Onion { .. }));
        self.seen.dialled.lock().unwrap_or_else(PoisonError::into_inner).push(dialled);
        self.inner.dial(target, deadline)
    }
}

struct Stream {
    inner: Box<dyn ByteStream>,
    seen: Seen,
    id: usize,
    number: usize,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.seen.ends.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.number < self.seen.cut.load(SeqCst) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.seen.speaking.lock().unwrap_or_else(PoisonError::into_inner).insert(self.id);
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn burners_of_one_phone_are_cut_at_moments_of_their_own() -> Tested {
    let (lab, home, seen) = (Remote::from_env()?, TempDir::new()?, Seen::default());
    let engine = open(home.path(), &lab).await?;
    engine.set_spread(Spread::Within { time: Duration::from_millis(500) });
    engine.start_on(seen.dialers(&lab)).await?;
    let burners =
        [engine.create_burner(by(Some(Route::Exit))).await?, engine.create_burner(by(Some(Route::Exit))).await?];
    let mut events = engine.events(None);
    burners.iter().try_for_each(|burner| engine.connect(&burner.id))?;
    come_online(&mut events, 2).await?;
    let (deadline, rounds) = (Duration::from_secs(3), 8_u32);
    let mut apart = Duration::ZERO;
    for _ in 0..rounds {
        seen.take_ends();
        let begin = Instant::now();
        engine.suspend(deadline).await?;
        assert!(begin.elapsed() < deadline + Duration::from_secs(2));
        let ends = seen.take_ends();
        assert_eq!(ends.len(), 2);
        apart += ends[1] - ends[0];
        engine.resume().await?;
        come_online(&mut events, 2).await?;
    }
    // A third of two seconds, on average.
    assert!(apart / rounds > Duration::from_millis(150), "{:?}", apart / rounds);
    for burner in burners {
        assert_eq!(engine.burn(&burner.id).await?.outcome, BurnOutcome::Proven);
    }
    engine.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn after_a_devices_sleep_burners_speak_at_moments_of_their_own() -> Tested {
    const BURNERS: usize = 5;
    let (lab, home, seen, clock) = (Remote::from_env()?, TempDir::new()?, Seen::default(), Hands::default());
    clock.0.store(1_000_000, SeqCst);
    let engine = open_with(home.path(), &lab, &clock).await?;
    engine.set_spread(Spread::Within { time: Duration::ZERO });
    engine.start_on(seen.dialers(&lab)).await?;
    let mut events = engine.events(None);
    let mut burners = Vec::new();
    for _ in 0..BURNERS {
        let burner = engine.create_burner(by(Some(Route::Exit))).await?.id;
        engine.connect(&burner)?;
        come_online(&mut events, 1).await?;
        burners.push(burner);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    seen.take_speaking();
    engine.set_spread(Spread::Within { time: Duration::from_secs(60) });
    // The device wakes, and somebody looks at the app. All have a question to the server that is due.
    clock.0.fetch_add(3600, SeqCst);
    let mut moments = Vec::new();
    for second in 0..90 {
        engine.set_profile(Profile::Foreground);
        tokio::time::sleep(Duration::from_millis(100)).await;
        moments.extend(seen.take_speaking().into_iter().map(|stream| (stream, second)));
        clock.0.fetch_add(1, SeqCst);
    }
    let mut first = BTreeMap::new();
    moments.into_iter().for_each(|(stream, second)| _ = first.entry(stream).or_insert(second));
    assert_eq!(first.len(), BURNERS, "{first:?}");
    let (earliest, latest) = (first.values().min(), first.values().max());
    assert!(latest.zip(earliest).is_some_and(|(latest, earliest)| latest - earliest > 3), "{first:?}");
    engine.set_spread(Spread::Within { time: Duration::ZERO });
    for burner in &burners {
        assert_eq!(engine.burn(burner).await?.outcome, BurnOutcome::Proven);
    }
    engine.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn the_end_of_a_stream_builds_no_circuits_and_does_not_shorten_the_next_wait() -> Tested {
    let (lab, home, seen, clock) = (Remote::from_env()?, TempDir::new()?, Seen::default(), Hands::default());
    clock.0.store(1_000_000, SeqCst);
    let engine = open_with(home.path(), &lab, &clock).await?;
    engine.start_on(seen.dialers(&lab)).await?;
    let burner = engine.create_burner(by(Some(Route::Exit))).await?;
    let mut events = engine.events(None);
    engine.connect(&burner.id)?;
    come_online(&mut events, 1).await?;
    seen.take_dialled();
    let mut waits = Vec::new();
    for _ in 0..8 {
        // As a server does that a stranger has made to end it. What it acknowledged before is no merit.
        seen.cut.fetch_add(1, SeqCst);
        let began = clock.0.load(SeqCst);
        let mut online = Box::pin(come_online(&mut events, 1));
        while timeout(Duration::from_millis(20), &mut online).await.is_err() {
            clock.0.fetch_add(1, SeqCst);
        }
        waits.push(clock.0.load(SeqCst) - began);
    }
    let circuits: BTreeSet<usize> = seen.take_dialled().into_iter().map(|(circuits, _)| circuits).collect();
    assert_eq!(circuits.len(), 1, "the circuits are kept: {circuits:?}");
    // The waits of eight failures: up to 2, 4, 8, 16, 30, 30, 30, 30 seconds, by random.
    assert!(waits.iter().sum::<u64>() > 30, "{waits:?}");
    assert_eq!(engine.burn(&burner.id).await?.outcome, BurnOutcome::Proven);
    engine.close().await;
    Ok(())
}

/// The routes that were taken instead, as they were reported.
fn others(events: &mut Events) -> Vec<Route> {
    let mut routes = Vec::new();
    while let Some(event) = events.try_next() {
        routes.extend(match event {
            Event::OtherRoute { via, .. } => Some(via),
            Event::Creating { step: Step::OtherRoute { via }, .. } => Some(via),
            Event::Burning { step: Step::OtherRoute { via }, .. } => Some(via),
            _ => None,
        });
    }
    routes
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn where_an_onion_service_does_not_answer_the_exit_is_taken_unless_a_route_was_chosen() -> Tested {
    let (lab, home, seen) = (Remote::from_env()?, TempDir::new()?, Seen::default());
    let engine = open(home.path(), &lab).await?;
    engine.start_on(seen.dialers(&lab)).await?;
    let mut events = engine.events(None);
    let alone = engine.create_burner(by(Some(Route::Onion))).await;
    assert_eq!(alone.err(), Some(Error::OnionUnreachable));
    let dialled = seen.take_dialled();
    assert!(dialled.iter().all(|(_, onion)| *onion), "{dialled:?}");
    let circuits: BTreeSet<usize> = dialled.into_iter().map(|(circuits, _)| circuits).collect();
    assert_eq!(circuits.len(), 2, "on new circuits once");
    assert_eq!(others(&mut events), []);

    let burner = engine.create_burner(by(None)).await?;
    assert_eq!(others(&mut events), [Route::Exit]);
    let onions = |dialled: Vec<(usize, bool)>| dialled.into_iter().filter(|(_, onion)| *onion).count();
    // Two ports, on two circuits each.
    assert_eq!(onions(seen.take_dialled()), 4);
    engine.connect(&burner.id)?;
    let mut online = engine.events(None);
    come_online(&mut online, 1).await?;
    assert_eq!(others(&mut events), [Route::Exit], "a connection tells, too");
    assert_eq!(onions(seen.take_dialled()), 0, "what does not answer is left alone for an hour");
    let probe = engine.probe(Some(SERVER), None).await?;
    assert_eq!((probe.via, probe.onion_is_silent), (Route::Exit, true));
    assert_eq!(engine.burn(&burner.id).await?.outcome, BurnOutcome::Proven);
    assert_eq!(others(&mut events).len(), 2, "removal and proof");
    engine.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn one_refused_login_forgets_no_burner() -> Tested {
    let (lab, home, seen, clock) = (Remote::from_env()?, TempDir::new()?, Seen::default(), Hands::default());
    clock.0.store(1_000_000, SeqCst);
    let engine = open_with(home.path(), &lab, &clock).await?;
    engine.start_on(seen.dialers(&lab)).await?;
    let burner = engine.create_burner(by(Some(Route::Exit))).await?;
    let name = burner.jid.split('@').next().unwrap_or_default();
    let folder = lab.facts().accounts.join(format!("{}/accounts", SERVER.replace('.', "%2e")));
    let (file, aside) = (folder.join(format!("{name}.dat")), home.path().join("aside"));
    std::fs::rename(&file, &aside)?;
    for pass in [0, 599] {
        clock.0.fetch_add(pass, SeqCst);
        let report = engine.burn(&burner.id).await?;
        assert_eq!((report.outcome, report.reason), (BurnOutcome::Queued, Some(Error::Auth)));
        assert_eq!((engine.burners()?.len(), engine.pending_removals()?.len()), (0, 1));
    }
    // The next start does not forget it, either.
    let mut events = engine.events(None);
    engine.start_on(seen.dialers(&lab)).await?;
    let unknown = Event::Settled { burner: burner.id.clone(), outcome: Settlement::Unknown };
    while events.next().await.ok_or("closed")? != unknown {}
    assert_eq!(engine.pending_removals()?.len(), 1);
    // The server's check of passwords works again.
    std::fs::rename(&aside, &file)?;
    assert_eq!(engine.burn(&burner.id).await?.outcome, BurnOutcome::Proven);
    assert!(!accounts::names(lab.facts(), SERVER)?.contains(name));

    // One that is gone is forgotten once that was said twice, by other circuits.
    let gone = engine.create_burner(by(Some(Route::Exit))).await?;
    std::fs::remove_file(folder.join(format!("{}.dat", gone.jid.split('@').next().unwrap_or_default())))?;
    assert_eq!(engine.burn(&gone.id).await?.outcome, BurnOutcome::Queued);
    let before: BTreeSet<usize> = seen.take_dialled().into_iter().map(|(circuits, _)| circuits).collect();
    clock.0.fetch_add(600, SeqCst);
    assert_eq!(engine.burn(&gone.id).await?.outcome, BurnOutcome::AlreadyGone);
    assert!(seen.take_dialled().iter().all(|(circuits, _)| !before.contains(circuits)));
    assert!(engine.pending_removals()?.is_empty());
    engine.close().await;
    Ok(())
}

/// [`Hands`] by which so many seconds go by between one look and the next.
#[derive(Clone, Default)]
struct Strides(Hands, Arc<AtomicU64>);

impl Clock for Strides {
    fn unix_seconds(&self) -> u64 {
        self.0.unix_seconds()
    }

    fn since_boot(&self) -> Duration {
        Duration::from_secs(self.0.0.fetch_add(self.1.load(SeqCst), SeqCst))
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_burner_that_is_gone_is_asked_for_again_by_itself_and_forgotten() -> Tested {
    let (lab, home, seen, clock) = (Remote::from_env()?, TempDir::new()?, Seen::default(), Strides::default());
    clock.0.0.store(1_000_000, SeqCst);
    let seams = Seams { clock: Box::new(clock.clone()), ..Seams::real() };
    let engine = Engine::open_with(config(home.path(), &lab)?, seams).await?;
    engine.start_on(seen.dialers(&lab)).await?;
    let burner = engine.create_burner(by(Some(Route::Exit))).await?;
    let name = burner.jid.split('@').next().unwrap_or_default();
    std::fs::remove_file(lab.facts().accounts.join(format!("{}/accounts/{name}.dat", SERVER.replace('.', "%2e"))))?;
    let mut events = engine.events(None);
    seen.take_dialled();
    // Nobody asks but the first time. It waits for twenty minutes at most.
    clock.1.store(1200, SeqCst);
    assert_eq!(engine.burn(&burner.id).await?.outcome, BurnOutcome::Queued);
    let settled = async {
        loop {
            if let Event::Settled { outcome, .. } = events.next().await.ok_or("closed")? {
                return Tested::Ok(outcome);
            }
        }
    };
    assert_eq!(timeout(PATIENCE, settled).await??, Settlement::Absent);
    assert!(engine.burners()?.is_empty());
    let circuits: Vec<usize> = seen.take_dialled().into_iter().map(|(circuits, _)| circuits).collect();
    assert!(circuits.first() != circuits.last(), "{circuits:?}");
    engine.close().await;
    Ok(())
}
