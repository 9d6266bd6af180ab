//! The engine over real relays: isolation, burns that have to wait, suspension, and a clean end.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use flashpaper::{
    BurnOutcome, Burner, CreateOptions, Engine, Error, Event, Events, Message, MessageState, RecoveryWords, Route,
    Settlement, Step, SyncReport, TorAccess,
};
use flashpaper_lab::{Peer, Remote, accounts};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::support::{PATIENCE, SERVER, Tested, open};

fn by(route: Route) -> CreateOptions {
    CreateOptions { route: Some(route), ..CreateOptions::default() }
}

/// What was reported so far.
async fn drain(events: &mut Events) -> Vec<Event> {
    let mut all = Vec::new();
    while let Ok(Some(event)) = timeout(Duration::from_millis(50), events.next()).await {
        all.push(event);
    }
    all
}

async fn make(engine: &Engine, events: &mut Events, options: CreateOptions) -> Tested<(Burner, HashSet<String>)> {
    let burner = engine.create_burner(options).await?;
    let circuits = drain(events).await.into_iter().filter_map(|event| match event {
        Event::Creating { step: Step::Connected { circuit }, .. } => circuit,
        _ => None,
    });
    Ok((burner, circuits.collect()))
}

/// The next message that was not taken.
async fn arrived(engine: &Engine, burner: &Burner) -> Tested<Message> {
    let mut events = engine.events(None);
    let wait = async {
        loop {
            let mut messages = engine.messages(&burner.id, None, None, u32::MAX)?.into_iter();
            if let Some(message) = messages.find(|m| m.state == MessageState::Received) {
                return Ok::<_, Error>(message);
            }
            events.next().await.ok_or(Error::Closed)?;
        }
    };
    Ok(timeout(PATIENCE, wait).await??)
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn burners_share_no_circuit_on_either_route() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    lab.reset().await?;
    let engine = open(home.path(), &lab).await?;
    let mut events = engine.events(None);
    engine.start_tor(TorAccess::Direct, PATIENCE).await?;
    assert!(drain(&mut events).await.starts_with(&[Event::PrivateNetwork, Event::TorStarting]));
    for route in [Route::Exit, Route::Onion] {
        let (one, first) = make(&engine, &mut events, by(route)).await?;
        let (two, second) = make(&engine, &mut events, by(route)).await?;
        assert!(!first.is_empty() && !second.is_empty());
        assert!(first.is_disjoint(&second), "{route:?}: {first:?} {second:?}");
        assert_ne!(one.jid, two.jid);
        for burner in [one, two] {
            assert_eq!(engine.burn(&burner.id).await?.outcome, BurnOutcome::Proven);
        }
    }
    engine.close().await;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_burner_is_written_to_and_burnt() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    let engine = open(home.path(), &lab).await?;
    engine.start_tor(TorAccess::Direct, PATIENCE).await?;
    let burner = engine.create_burner(CreateOptions { recoverable: true, ..by(Route::Onion) }).await?;
    let username = burner.jid.split('@').next().unwrap_or_default().to_owned();
    assert!(accounts::names(lab.facts(), SERVER)?.contains(&username));
    let words = engine.recovery_words(&burner.id)?.ok_or("no words")?;
    RecoveryWords::parse(&words)?;
    engine.drop_recovery_words(&burner.id)?;
    assert!(engine.recovery_words(&burner.id)?.is_none());

    engine.connect(&burner.id)?;
    let mut peer = Peer::register(lab.facts()).await?;
    for text in ["hello", "<b>&amp;\u{1f525}"] {
        peer.send(&burner.jid, text).await?;
        let message = arrived(&engine, &burner).await?;
        assert_eq!((message.text.as_str(), message.peer.as_str()), (text, peer.jid()));
        engine.taken(&burner.id, message.id)?;
        assert_eq!(engine.message(&burner.id, message.id).err(), Some(Error::NoSuchMessage), "nothing is kept");
    }
    peer.remove().await?;

    assert_eq!(engine.burn(&burner.id).await?.outcome, BurnOutcome::Proven);
    assert!(!accounts::names(lab.facts(), SERVER)?.contains(&username));
    assert_eq!(engine.burn(&burner.id).await.err(), Some(Error::NoSuchBurner));
    assert!(engine.burners()?.is_empty());
    engine.close().await;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_burn_that_cannot_reach_the_server_is_done_behind_the_next_start() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    let engine = open(home.path(), &lab).await?;
    engine.start_tor(TorAccess::Direct, PATIENCE).await?;
    let burner = engine.create_burner(by(Route::Exit)).await?;
    lab.stop("prosody").await?;
    let report = engine.burn(&burner.id).await;
    engine.close().await;
    lab.reset().await?;
    let report = report?;
    assert_eq!((report.outcome, report.reason), (BurnOutcome::Queued, Some(Error::ServerUnreachable)));

    let engine = open(home.path(), &lab).await?;
    assert!(engine.burners()?.is_empty());
    let waiting: Vec<_> = engine.pending_removals()?.into_iter().map(|removal| (removal.burner, removal.jid)).collect();
    assert_eq!(waiting, [(burner.id.clone(), burner.jid)]);
    let mut events = engine.events(None);
    engine.start_tor(TorAccess::Direct, PATIENCE).await?;
    let settled = Event::Settled { burner: burner.id, outcome: Settlement::Removed };
    let came = async { while events.next().await.is_some_and(|event| event != settled) {} };
    timeout(PATIENCE, came).await?;
    assert!(engine.pending_removals()?.is_empty());
    assert!(engine.snapshot().tor.is_none() && !home.path().join("tor").exists(), "nothing of Tor is left");
    engine.close().await;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn one_tor_at_a_time_and_nothing_left_after_close() -> Tested {
    let (lab, home, other) = (Remote::from_env()?, TempDir::new()?, TempDir::new()?);
    let engine = open(home.path(), &lab).await?;
    let second = open(other.path(), &lab).await?;
    engine.start_tor(TorAccess::Direct, PATIENCE).await?;
    assert_eq!(second.start_tor(TorAccess::Direct, PATIENCE).await.err(), Some(Error::InUse));
    assert_eq!(own_threads("flashpaper-tor")?, 2);
    engine.close().await;
    assert_eq!(own_threads("flashpaper-tor")?, 0);
    second.start_tor(TorAccess::Direct, PATIENCE).await?;
    second.close().await;
    assert_eq!(open_files_below(other.path())?, 0);
    open(other.path(), &lab).await?.close().await;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn an_engine_that_cannot_wake_sleeps_on() -> Tested {
    let (lab, home, other) = (Remote::from_env()?, TempDir::new()?, TempDir::new()?);
    let engine = open(home.path(), &lab).await?;
    engine.start_tor(TorAccess::Direct, PATIENCE).await?;
    // Less than the end of Tor takes: each call that needs the end waits for it.
    let _ = engine.suspend(Duration::ZERO).await;
    engine.resume().await?;
    engine.suspend(Duration::from_secs(3)).await?;
    let second = open(other.path(), &lab).await?;
    second.start_tor(TorAccess::Direct, PATIENCE).await?;
    for _ in 0..2 {
        assert_eq!(engine.resume().await.err(), Some(Error::InUse));
        assert_eq!(engine.sync_once(TorAccess::Direct, PATIENCE).await.err(), Some(Error::InUse));
        assert_eq!(engine.start_tor(TorAccess::Direct, PATIENCE).await.err(), Some(Error::Suspended));
        assert_eq!(open_files_below(home.path())?, 0);
    }
    let _ = second.suspend(Duration::ZERO).await;
    second.close().await;
    assert_eq!(own_threads("flashpaper-tor")?, 0);
    engine.resume().await?;
    engine.start_tor(TorAccess::Direct, PATIENCE).await?;
    engine.close().await;
    Ok(())
}

fn own_threads(name: &str) -> Tested<usize> {
    let mut count = 0;
    for task in fs::read_dir("/proc/self/task")? {
        // A thread may end while it is looked at.
        let comm = fs::read_to_string(task?.path().join("comm")).unwrap_or_default();
        count += usize::from(name.starts_with(comm.trim()) && !comm.trim().is_empty());
    }
    Ok(count)
}

fn open_files_below(folder: &Path) -> Tested<usize> {
    let files = fs::read_dir("/proc/self/fd")?.filter_map(|fd| fs::read_link(fd.ok()?.path()).ok());
    Ok(files.filter(|file| file.starts_with(folder)).count())
}

/// Threads and open files of this process.
fn held() -> Tested<(usize, Vec<PathBuf>)> {
    let files = fs::read_dir("/proc/self/fd")?.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    let mut files: Vec<PathBuf> = files.filter(|file| !file.starts_with("/proc")).collect();
    files.sort();
    Ok((fs::read_dir("/proc/self/task")?.count(), files))
}

#[test]
#[ignore = "needs the lab: cargo xtask test"]
fn nothing_is_held_after_close() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    // The first runtime of a process opens tokio's pipe for signals, for good.
    drop(tokio::runtime::Runtime::new()?);
    // Threads of the test before may be about to end.
    std::thread::sleep(Duration::from_secs(2));
    let before = held()?;
    // An app has a runtime of its own, as the bindings have.
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let engine = open(home.path(), &lab).await?;
        engine.start_tor(TorAccess::Direct, PATIENCE).await?;
        let burner = engine.create_burner(by(Route::Exit)).await?;
        engine.connect(&burner.id)?;
        let mut peer = Peer::register(lab.facts()).await?;
        peer.send(&burner.jid, "awake").await?;
        let awake = arrived(&engine, &burner).await?;
        engine.taken(&burner.id, awake.id)?;
        // What comes during a sleep is there after a sync.
        engine.suspend(Duration::from_secs(3)).await?;
        peer.send(&burner.jid, "asleep").await?;
        let expected = SyncReport { unread: 1, outbox: 0, complete: true };
        assert_eq!(engine.sync_once(TorAccess::Direct, PATIENCE).await?, expected);
        assert_eq!(engine.messages(&burner.id, None, None, u32::MAX)?.first().ok_or("none")?.text, "asleep");
        engine.resume().await?;
        peer.send(&burner.jid, "awake again").await?;
        timeout(PATIENCE, async {
            while engine.messages(&burner.id, None, None, u32::MAX)?.len() < 2 {
                sleep(Duration::from_millis(20)).await;
            }
            Tested::Ok(())
        })
        .await??;
        peer.remove().await?;
        let (threads, files) = held()?;
        assert!(threads > before.0 && files.iter().any(|file| file.starts_with(home.path())));
        engine.close().await;
        let (_, files) = held()?;
        assert!(!files.iter().any(|file| file.starts_with(home.path())), "{files:?}");

        let engine = open(home.path(), &lab).await?;
        engine.start_tor(TorAccess::Direct, PATIENCE).await?;
        engine.burn(&burner.id).await?;
        engine.close().await;
        Tested::Ok(())
    })?;
    drop(runtime);
    // Threads of Arti's end by themselves, but not in the same moment.
    let deadline = Instant::now() + PATIENCE;
    while held()? != before && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(held()?, before);
    Ok(())
}
