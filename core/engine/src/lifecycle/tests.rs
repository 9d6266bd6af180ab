//! Engines that lock themselves, by a clock that is set by hand.

use std::sync::atomic::Ordering::Relaxed;

use tempfile::TempDir;

use super::*;
use crate::event_log::Events;
use crate::expiry::tests::{Hands, add_burner, at, open};
use crate::network::bridges::TorAccess;
use crate::{Config, Key, Network};

/// Less than a step of the clock: what is due is found at once.
const SOON: Duration = Duration::from_millis(50);

async fn locked(events: &mut Events) {
    let told = async { while events.next().await.expect("the engine is there") != Event::Locked {} };
    timeout(Duration::from_secs(20), told).await.expect("it is told");
}

fn is_locked(engine: &Engine) -> bool {
    engine.burners().err() == Some(Error::VaultLocked)
}

/// An engine that locks itself one second of its clock after a touch.
async fn left_alone(home: &TempDir) -> (Engine, Hands, Events) {
    let (engine, clock) = open(home).await;
    add_burner(&engine);
    engine.set_auto_lock(Some(SOON)).unwrap();
    let events = engine.events(None);
    (engine, clock, events)
}

async fn unlock(home: &TempDir) -> Engine {
    let home = home.path().to_owned();
    Engine::open(Config { home, key: Key::File, network: Network::Public, resolvers: None }).await.unwrap()
}

#[tokio::test]
async fn an_engine_that_nobody_touches_locks_itself_and_tells_it() {
    let home = TempDir::new().unwrap();
    let (engine, clock, mut events) = left_alone(&home).await;
    sleep(4 * SOON).await;
    assert!(!is_locked(&engine), "by the clock of the device no time has passed");
    clock.1.store(1, Relaxed);
    locked(&mut events).await;
    assert!(is_locked(&engine));
    assert_eq!(engine.resume().await, Err(Error::VaultLocked));

    // The key brings it back, and the time lasts.
    assert!(unlock(&home).await == engine && !is_locked(&engine));
    sleep(4 * SOON).await;
    assert!(!is_locked(&engine));
    clock.1.store(2, Relaxed);
    locked(&mut events).await;
    assert!(is_locked(&engine));

    unlock(&home).await;
    engine.set_auto_lock(None).unwrap();
    clock.1.store(1000, Relaxed);
    sleep(4 * SOON).await;
    assert!(!is_locked(&engine), "it is off");
    engine.close().await;
}

#[tokio::test]
async fn a_touch_puts_the_lock_off() {
    let home = TempDir::new().unwrap();
    let (engine, clock) = open(&home).await;
    engine.set_auto_lock(Some(at(10))).unwrap();
    clock.1.store(9, Relaxed);
    engine.touch();
    clock.1.store(18, Relaxed);
    assert_eq!(engine.resume().await, Ok(()));
    let mut events = engine.events(None);
    clock.1.store(19, Relaxed);
    // It comes too late.
    engine.touch();
    locked(&mut events).await;
    assert!(is_locked(&engine));
    engine.close().await;
}

#[tokio::test]
async fn a_suspended_engine_locks_itself_as_well() {
    let home = TempDir::new().unwrap();
    let (engine, clock, mut events) = left_alone(&home).await;
    let _ = engine.suspend(Duration::ZERO).await;
    clock.1.store(1, Relaxed);
    locked(&mut events).await;
    assert!(is_locked(&engine));
    engine.close().await;
}

#[tokio::test]
async fn what_has_slept_past_the_time_does_not_come_back_without_the_key() {
    for wakes_by_sync in [false, true] {
        let home = TempDir::new().unwrap();
        let (engine, clock) = open(&home).await;
        engine.set_auto_lock(Some(at(600))).unwrap();
        let _ = engine.suspend(Duration::ZERO).await;
        // The timer of the process has stood still.
        clock.1.store(600, Relaxed);
        if wakes_by_sync {
            let sync = engine.sync_once(TorAccess::Direct, SOON).await;
            assert_eq!(sync.err(), Some(Error::VaultLocked));
        } else {
            assert_eq!(engine.resume().await, Err(Error::VaultLocked));
        }
        assert!(is_locked(&engine));
        assert!(unlock(&home).await == engine && !is_locked(&engine));
        engine.close().await;
    }
}

#[tokio::test]
async fn no_time_at_all_is_refused_and_what_was_set_stays() {
    let home = TempDir::new().unwrap();
    let (engine, _, mut events) = left_alone(&home).await;
    let refused = engine.set_auto_lock(Some(Duration::ZERO));
    assert_eq!(refused, Err(Error::InvalidInput { input: Input::AutoLock }));
    assert!(!is_locked(&engine) && events.try_next().is_none());
    engine.close().await;
}

#[tokio::test]
async fn an_engine_that_nobody_holds_is_not_kept_by_its_watch() {
    let home = TempDir::new().unwrap();
    let (engine, _, _) = left_alone(&home).await;
    let _ = engine.suspend(Duration::ZERO).await;
    let context = Arc::downgrade(&engine.context);
    drop(engine);
    let end = Instant::now() + Duration::from_secs(20);
    while context.strong_count() > 0 && Instant::now() < end {
        sleep(SOON).await;
    }
    assert_eq!(context.strong_count(), 0);
}
