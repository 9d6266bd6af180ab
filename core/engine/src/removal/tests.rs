//! Burns of an engine that reaches nobody, by a clock that is set.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use futures::FutureExt as _;
use tempfile::TempDir;
use tokio::time::{Instant, sleep, timeout};

use super::*;
use crate::connection::supervisor::tests::{Noted, burner, engine, engine_on, id};
use crate::event::{BurnerId, Settlement};
use crate::locks::lock;
use crate::seams::{Clock, Seams};
use crate::{Config, Engine, Key, Network, PendingRemoval, reconcile};

const DAY: u64 = 86_400;
const SECRET: &str = "correct horse";

/// The time of day, in seconds since 1970; the time since the device was started is as long.
#[derive(Clone, Default)]
struct Hands(Arc<AtomicU64>);

impl Clock for Hands {
    fn unix_seconds(&self) -> u64 {
        self.0.load(Relaxed)
    }

    fn since_boot(&self) -> Duration {
        Duration::from_secs(self.0.load(Relaxed))
    }
}

async fn open(home: &TempDir) -> Engine {
    let config = Config { home: home.path().to_owned(), key: Key::File, network: Network::Public, resolvers: None };
    Engine::open(config).await.unwrap()
}

fn waiting(engine: &Engine) -> Vec<BurnerId> {
    engine.pending_removals().unwrap().into_iter().map(|removal| removal.burner).collect()
}

#[tokio::test]
async fn a_burn_that_reaches_nobody_leaves_a_removal_and_nothing_else_of_the_burner() {
    let home = TempDir::new().unwrap();
    let (engine, noted) = engine(&home, &["a", "b"]).await;
    let held = burner(&engine, "a");
    held.change(|account| account.label = Some("work".to_owned())).unwrap();
    held.converse(|talk| talk.queue(&"p@b.example".to_owned().into(), "text", None).map(drop)).unwrap().unwrap();
    let report = engine.burn(&id("a")).await.unwrap();
    assert_eq!(report, BurnReport { outcome: BurnOutcome::Queued, reason: Some(Error::Timeout) });
    let [PendingRemoval { burner: of, jid, confirmed: false, since, until }] = &engine.pending_removals().unwrap()[..]
    else {
        panic!("one removal")
    };
    assert_eq!((of, jid.as_str(), *until), (&id("a"), "nobody@a.example", *since + Duration::from_secs(30 * DAY)));
    // Nothing but that can be done with it.
    assert_eq!(engine.burners().unwrap().len(), 1);
    assert_eq!(engine.snapshot().burners.len(), 1);
    assert_eq!(engine.fingerprint(&id("a")), Err(Error::NoSuchBurner));
    assert_eq!(engine.connect(&id("a")), Err(Error::NoSuchBurner));
    let left = engine.context.burners.get(&id("a")).unwrap();
    let account = left.account();
    assert_eq!((account.password.as_str(), account.otr.is_none(), account.label.as_deref()), (SECRET, true, None));
    assert!(
        left.mailbox().unwrap().messages.is_empty() && held.mailbox().is_err() && held.account().password.is_empty()
    );
    assert_eq!(engine.context.services.store.owners().len(), 2, "the burner's own data key is gone");
    // It is tried by circuits of its own.
    let before: Vec<_> = lock(&noted.dialled).drain(..).map(|dial| dial.circuits).collect();
    assert_eq!(engine.burn(&id("a")).await.unwrap().outcome, BurnOutcome::Queued);
    assert!(lock(&noted.dialled).iter().all(|dial| !before.contains(&dial.circuits)));
    engine.close().await;

    let engine = open(&home).await;
    assert_eq!((waiting(&engine), engine.burners().unwrap().len()), (vec![id("a")], 1), "the next start has it");
    assert!(!format!("{:?}", engine.pending_removals().unwrap()).contains("nobody"));
    engine.close().await;
}

#[tokio::test]
async fn a_burner_is_wiped_without_a_network_and_all_are_burnt_together() {
    let home = TempDir::new().unwrap();
    let (engine, _) = engine(&home, &["a", "b", "c"]).await;
    engine.context.set_dialers(None);
    engine.wipe(&id("a")).await.unwrap();
    assert_eq!((waiting(&engine), engine.burners().unwrap().len()), (vec![id("a")], 2));
    assert_eq!(engine.wipe(&id("a")).await, Ok(()), "it is wiped already");
    let burned = engine.burn_all().await.unwrap();
    let ids: Vec<_> = burned.iter().map(|burned| burned.burner.0.as_str()).collect();
    assert_eq!((ids.len(), waiting(&engine).len(), engine.burners().unwrap().len()), (3, 3, 0), "{ids:?}");
    let queued = |reason| Some(BurnReport { outcome: BurnOutcome::Queued, reason: Some(reason) });
    assert!(burned.iter().all(|burned| burned.report == queued(Error::TorNotStarted)), "{burned:?}");
    engine.close().await;
}

#[tokio::test]
async fn a_burn_of_all_goes_on_when_nobody_waits_for_it() {
    let home = TempDir::new().unwrap();
    let (engine, _) = engine(&home, &["a", "b"]).await;
    engine.context.set_dialers(None);
    assert!(engine.burn_all().now_or_never().is_none());
    let end = Instant::now() + Duration::from_secs(60);
    let queued = || (waiting(&engine).len(), engine.burners().unwrap().len());
    while queued() != (2, 0) && Instant::now() < end {
        sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(queued(), (2, 0));
    engine.close().await;
}

#[tokio::test]
async fn a_burn_that_waits_for_a_silent_server_is_not_waited_for_by_a_wipe() {
    let (home, noted) = (TempDir::new().unwrap(), Noted::silent());
    let engine = engine_on(&home, &["a", "b"], &noted, Seams::real()).await;
    let burning = engine.clone();
    let burn = tokio::spawn(async move { burning.burn(&id("a")).await });
    while lock(&noted.dialled).is_empty() {
        sleep(Duration::from_millis(10)).await;
    }
    timeout(Duration::from_secs(10), engine.wipe(&id("a"))).await.expect("an exchange may take a minute").unwrap();
    assert_eq!((waiting(&engine), engine.burners().unwrap().len()), (vec![id("a")], 1));
    let report = BurnReport { outcome: BurnOutcome::Queued, reason: Some(Error::Cancelled) };
    assert_eq!(burn.await.unwrap(), Ok(report));
    engine.close().await;
}

#[tokio::test]
async fn of_two_that_end_at_one_time_the_last_takes_along_what_all_have_shared() {
    let home = TempDir::new().unwrap();
    let (engine, _) = engine(&home, &["a", "b"]).await;
    fs::create_dir_all(home.path().join("tor/state")).unwrap();
    let [a, b] = ["a", "b"].map(id);
    let (a, b) = tokio::join!(engine.context.forget_with_shared(&a), engine.context.forget_with_shared(&b));
    assert_eq!((a, b, home.path().join("tor").exists()), (Ok(()), Ok(()), false));
    engine.close().await;
}

#[tokio::test]
async fn a_clock_that_was_far_ahead_once_drops_no_removal_at_once() {
    let (home, clock, noted) = (TempDir::new().unwrap(), Hands::default(), Noted::default());
    clock.0.store(1_000_000 + 60 * DAY, Relaxed);
    let seams = Seams { clock: Box::new(clock.clone()), ..Seams::real() };
    let engine = engine_on(&home, &["a"], &noted, seams).await;
    engine.context.services.expiry_now();
    clock.0.store(1_000_000, Relaxed);
    assert_eq!(engine.burn(&id("a")).await.unwrap().outcome, BurnOutcome::Queued);
    engine.context.services.expiry.notify_one();
    sleep(Duration::from_millis(200)).await;
    assert_eq!(waiting(&engine), [id("a")]);
    engine.close().await;
}

#[tokio::test]
async fn a_removal_waits_for_its_server_for_a_week_and_is_dropped_after_thirty_days() {
    let (home, clock, noted) = (TempDir::new().unwrap(), Hands::default(), Noted::default());
    clock.0.store(1_000_000, Relaxed);
    let seams = Seams { clock: Box::new(clock.clone()), ..Seams::real() };
    let engine = engine_on(&home, &["a"], &noted, seams).await;
    let mut events = engine.events(None);
    fs::create_dir_all(home.path().join("tor/state")).unwrap();
    assert_eq!(engine.burn(&id("a")).await.unwrap().outcome, BurnOutcome::Queued);
    for _ in 0..7 {
        lock(&noted.dialled).clear();
        clock.0.fetch_add(DAY, Relaxed);
        // As a phone does that wakes once a day.
        let _ = engine.suspend(Duration::ZERO).await;
        engine.resume().await.unwrap();
        reconcile::settle_all(&engine.context).await.unwrap();
        let asked = async {
            while lock(&noted.dialled).is_empty() {
                sleep(Duration::from_millis(10)).await
            }
        };
        timeout(Duration::from_secs(20), asked).await.expect("it is tried at each start");
        assert_eq!(waiting(&engine), [id("a")]);
    }
    let dropped = Event::Settled { burner: id("a"), outcome: Settlement::Dropped };
    for (seconds, is_left) in [(23 * DAY - 1, true), (1, false)] {
        clock.0.fetch_add(seconds, Relaxed);
        engine.context.services.expiry.notify_one();
        let end = Instant::now() + Duration::from_secs(20);
        while is_left == waiting(&engine).is_empty() && Instant::now() < end {
            sleep(Duration::from_millis(10)).await;
        }
        sleep(Duration::from_millis(100)).await;
        assert_eq!(waiting(&engine).is_empty(), !is_left);
    }
    while events.next().await.expect("it is told") != dropped {}
    assert!(!home.path().join("tor").exists(), "it was the last");
    engine.close().await;
}

#[tokio::test]
async fn the_last_burner_takes_along_what_all_have_shared() {
    let home = TempDir::new().unwrap();
    let (engine, _) = engine(&home, &["a", "b"]).await;
    let context = Arc::clone(&engine.context);
    context.learn(&burner(&engine, "a").account(), &Error::RegistrationClosed).await;
    fs::create_dir_all(home.path().join("tor/state")).unwrap();
    context.forget_with_shared(&id("a")).await.unwrap();
    assert!(home.path().join("tor").exists() && !context.learnt.on(context.services.now().0 / DAY).is_empty());
    {
        // One that is being made shares it.
        let _begins = context.beginning.read().await;
        context.forget_with_shared(&id("b")).await.unwrap();
        assert!(home.path().join("tor").exists());
    }
    engine.close().await;
    let (engine, _) = crate::connection::supervisor::tests::engine(&home, &["c"]).await;
    engine.context.forget_with_shared(&id("c")).await.unwrap();
    assert!(!home.path().join("tor").exists());
    assert!(engine.context.learnt.on(engine.context.services.now().0 / DAY).is_empty());
    engine.close().await;
    let fresh = TempDir::new().unwrap();
    open(&fresh).await.close().await;
    assert_eq!(listing(&home), listing(&fresh), "an empty vault");
}

#[tokio::test]
async fn what_the_last_burner_was_to_take_along_is_gone_behind_the_next_opening() {
    let home = TempDir::new().unwrap();
    let (engine, _) = engine(&home, &["a"]).await;
    engine.context.learn(&burner(&engine, "a").account(), &Error::RegistrationClosed).await;
    fs::create_dir_all(home.path().join("tor/state")).unwrap();
    // As where the process ends behind the first step.
    engine.context.change_shared(crate::store::schema::put_clearing).await.unwrap();
    engine.context.forget(&id("a")).await.unwrap();
    engine.close().await;
    let engine = open(&home).await;
    assert!(!home.path().join("tor").exists());
    assert!(engine.context.learnt.on(engine.context.services.now().0 / DAY).is_empty());
    engine.close().await;
}

fn listing(home: &TempDir) -> Vec<(String, u64)> {
    let entries = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap());
    let mut files: Vec<_> =
        entries.map(|entry| (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().len())).collect();
    files.sort();
    files
}
