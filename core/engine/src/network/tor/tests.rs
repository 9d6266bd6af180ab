use std::collections::BTreeSet;

use tempfile::TempDir;
use tokio::time::sleep;

use super::*;
use crate::connection::supervisor::tests::{engine, id};
use crate::event::Connection;
use crate::{Config, CreateOptions, Key, Network};

/// A process has one Tor client at most: the tests that start one wait for each other.
static ONLY_ONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// A bridge that is not there.
fn nowhere() -> TorAccess {
    TorAccess::Bridges { lines: vec![format!("127.0.0.1:9 {}", "A".repeat(40))], transports: Vec::new() }
}

async fn open(home: &TempDir) -> Engine {
    let home = home.path().to_owned();
    Engine::open(Config { home, key: Key::File, network: Network::Public, resolvers: None }).await.unwrap()
}

/// Waits until the state says whether Tor runs, as an app sees it.
async fn told(engine: &Engine, runs: bool) {
    let mut states = engine.states();
    let told = async { while states.next().await.unwrap().tor.is_some() != runs {} };
    timeout(Duration::from_secs(20), told).await.expect("it is told");
}

#[tokio::test]
async fn that_tor_has_begun_is_told_before_any_relay_answers_and_who_stops_waiting_ends_it() {
    let _only_one = ONLY_ONE.lock().await;
    let home = TempDir::new().unwrap();
    let engine = open(&home).await;
    for _ in 0..2 {
        tokio::select! {
            ended = engine.start_tor(nowhere(), Duration::from_secs(60)) => panic!("not told before {ended:?}"),
            () = told(&engine, true) => {}
        }
        told(&engine, false).await;
    }
    // A sleep does not bring it back.
    engine.suspend(Duration::from_secs(3)).await.unwrap();
    engine.resume().await.unwrap();
    assert!(engine.snapshot().tor.is_none());
    engine.close().await;
}

#[tokio::test]
async fn tor_that_another_call_waits_for_does_not_end() {
    let _only_one = ONLY_ONE.lock().await;
    let home = TempDir::new().unwrap();
    let engine = open(&home).await;
    let other = async {
        told(&engine, true).await;
        engine.start_tor(nowhere(), Duration::from_secs(4)).await
    };
    let first = async {
        tokio::select! {
            ended = engine.start_tor(nowhere(), Duration::from_secs(60)) => panic!("not before {ended:?}"),
            () = sleep(Duration::from_secs(2)) => {}
        }
        sleep(Duration::from_secs(1)).await;
        engine.snapshot().tor.is_some()
    };
    let (runs, waited) = tokio::join!(first, other);
    assert_eq!((runs, waited), (true, Err(Error::TorBlocked)));
    engine.close().await;
}

#[tokio::test]
async fn stopped_tor_that_goes_on_after_an_error_ends_and_no_sleep_brings_it_back() {
    let _only_one = ONLY_ONE.lock().await;
    let home = TempDir::new().unwrap();
    let engine = open(&home).await;
    let start = |seconds| engine.start_tor(nowhere(), Duration::from_secs(seconds));
    assert_eq!(start(4).await, Err(Error::TorBlocked));
    assert!(engine.snapshot().tor.is_some());
    engine.stop_tor().await.unwrap();
    assert!(engine.snapshot().tor.is_none());
    engine.suspend(Duration::from_secs(3)).await.unwrap();
    engine.resume().await.unwrap();
    assert!(engine.snapshot().tor.is_none());
    // Who waits for it is told, and a start that was put off by a sleep is not made up for.
    let stop = async {
        told(&engine, true).await;
        engine.suspend(Duration::from_secs(3)).await.unwrap();
        engine.stop_tor().await.unwrap();
        engine.resume().await.unwrap();
        assert!(engine.snapshot().tor.is_none());
    };
    assert_eq!(tokio::join!(start(60), stop).0, Err(Error::Suspended));
    let stop = async {
        told(&engine, true).await;
        let (dialers, stopped) = tokio::join!(engine.context.dialers(), engine.stop_tor());
        assert_eq!((dialers.err(), stopped), (Some(Error::TorNotStarted), Ok(())));
    };
    // Not at its deadline, but at once.
    let waiting = timeout(Duration::from_secs(20), start(60));
    assert_eq!(tokio::join!(waiting, stop).0, Ok(Err(Error::TorNotStarted)));
    engine.lock().await.unwrap();
    engine.stop_tor().await.unwrap();
    engine.clone().close().await;
    assert_eq!(engine.stop_tor().await, Err(Error::Closed));
}

#[tokio::test]
async fn tor_that_has_ended_with_the_last_burner_is_brought_back_by_a_sleep_and_by_no_call_while_awake() {
    let _only_one = ONLY_ONE.lock().await;
    let home = TempDir::new().unwrap();
    let engine = open(&home).await;
    assert_eq!(engine.start_tor(nowhere(), Duration::from_secs(1)).await, Err(Error::TorBlocked));
    drop(engine.context.end_tor().await.await);
    engine.resume().await.unwrap();
    assert!(engine.snapshot().tor.is_none());
    engine.suspend(Duration::from_secs(3)).await.unwrap();
    engine.resume().await.unwrap();
    assert!(engine.snapshot().tor.is_some());
    engine.close().await;
}

#[tokio::test]
async fn a_sync_by_what_is_no_bridge_leaves_an_engine_awake() {
    let home = TempDir::new().unwrap();
    let engine = open(&home).await;
    let access = TorAccess::Bridges { lines: vec!["no bridge".to_owned()], transports: Vec::new() };
    let synced = engine.sync_once(access, Duration::from_secs(1)).await;
    assert!(matches!(synced, Err(Error::InvalidInput { .. })), "{synced:?}");
    assert!(!engine.context.tasks.are_asleep());
    engine.close().await;
}

/// At a server of the user's own.
fn somewhere() -> CreateOptions {
    CreateOptions { server: Some("a.example".into()), ..CreateOptions::default() }
}

#[tokio::test]
async fn no_creation_starts_tor_while_the_engine_is_asleep_or_locked() {
    let _only_one = ONLY_ONE.lock().await;
    let home = TempDir::new().unwrap();
    let engine = open(&home).await;
    assert_eq!(engine.start_tor(nowhere(), Duration::from_secs(1)).await, Err(Error::TorBlocked));
    engine.suspend(Duration::from_secs(3)).await.unwrap();
    assert_eq!(engine.create_burner(somewhere()).await.err(), Some(Error::Suspended));
    assert!(!engine.context.tor.can_dial());
    engine.lock().await.unwrap();
    assert_eq!(engine.create_burner(somewhere()).await.err(), Some(Error::VaultLocked));
    assert!(!engine.context.tor.can_dial());
    engine.close().await;
}

#[tokio::test]
async fn a_creation_that_waits_for_tor_is_cancelled_at_once() {
    let _only_one = ONLY_ONE.lock().await;
    let home = TempDir::new().unwrap();
    let engine = open(&home).await;
    assert_eq!(engine.start_tor(nowhere(), Duration::from_secs(1)).await, Err(Error::TorBlocked));
    let creation = engine.create(somewhere());
    sleep(Duration::from_millis(200)).await;
    creation.cancel();
    let end = timeout(Duration::from_secs(20), creation.burner()).await.expect("it would wait for a minute");
    assert_eq!(end.err(), Some(Error::Cancelled));
    engine.close().await;
}

#[tokio::test]
async fn a_burner_that_waits_for_tor_to_be_started_connects_from_its_start_on() {
    let _only_one = ONLY_ONE.lock().await;
    let home = TempDir::new().unwrap();
    let (engine, _) = engine(&home, &["a"]).await;
    engine.connect(&id("a")).unwrap();
    engine.suspend(Duration::from_secs(3)).await.unwrap();
    engine.context.set_dialers(None);
    engine.resume().await.unwrap();
    let connection = || engine.snapshot().burners[0].connection.clone();
    assert_eq!(connection(), Connection::Waiting { why: Error::TorNotStarted });
    assert_eq!(engine.start_tor(nowhere(), Duration::from_secs(1)).await, Err(Error::TorBlocked));
    assert_eq!(connection(), Connection::Connecting, "Tor is not ready, but it has begun");
    engine.close().await;
}

#[tokio::test]
async fn a_network_that_fails_has_so_many_circuits_built_and_no_more() {
    let home = TempDir::new().unwrap();
    let (engine, noted) = engine(&home, &["a"]).await;
    engine.connect(&id("a")).unwrap();
    for _ in 0..60 {
        sleep(Duration::from_millis(10)).await;
        // No wait keeps it.
        engine.network_changed();
    }
    let circuits: Vec<usize> = lock(&noted.dialled).iter().map(|dial| dial.circuits).collect();
    let different: BTreeSet<usize> = circuits.iter().copied().collect();
    assert!(circuits.len() > 2 * limits::CIRCUITS, "{circuits:?}");
    assert_eq!(different.len(), 1 + limits::CIRCUITS, "{circuits:?}");
    engine.close().await;
}
