//! Waits of several burners: how they end together with a device's sleep, or at a user's wish.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use futures::future::{join, join_all};
use tempfile::TempDir;
use tokio::time::Instant;

use super::*;
use crate::connection::supervisor::tests::{Noted, burner, engine_on};
use crate::seams::{Clock, Seams};
use crate::spread::Spread;

const SPREAD: Duration = Duration::from_millis(600);
const LINES: usize = 12;

/// A clock that goes on, and leaps when the device has slept; by how many seconds.
struct Leaping(Instant, Arc<AtomicU64>);

impl Clock for Leaping {
    fn unix_seconds(&self) -> u64 {
        self.since_boot().as_secs()
    }

    fn since_boot(&self) -> Duration {
        self.0.elapsed() + Duration::from_secs(self.1.load(Relaxed))
    }
}

/// When the waits of several connections ended that began together, the first and the last; `meanwhile` gets them and the
/// clock's leap. From their beginning.
async fn ends<W: Future<Output = ()>>(
    pause: Duration,
    meanwhile: impl FnOnce(Arc<Vec<ConnectionHandle>>, Arc<AtomicU64>) -> W,
) -> Range<Duration> {
    let (home, leap) = (TempDir::new().unwrap(), Arc::<AtomicU64>::default());
    let clock = Box::new(Leaping(Instant::now(), Arc::clone(&leap)));
    let engine = engine_on(&home, &["a", "b"], &Noted::default(), Seams { clock, ..Seams::real() }).await;
    engine.set_spread(Spread::Within { time: SPREAD });
    let handles: Arc<Vec<_>> = Arc::new((0..LINES).map(|_| ConnectionHandle::new(true)).collect());
    let (burner, began) = (burner(&engine, "a"), Instant::now());
    let waits = handles.iter().map(|handle| async {
        pausing(&engine.context, &burner, handle, pause, &mut 0).await;
        began.elapsed()
    });
    let (ends, ()) = join(join_all(waits), meanwhile(Arc::clone(&handles), leap)).await;
    engine.close().await;
    ends.iter().min().copied().unwrap()..ends.into_iter().max().unwrap()
}

#[tokio::test]
async fn burners_that_a_device_has_slept_through_the_waits_of_come_back_apart() {
    let slept = async |_, leap: Arc<AtomicU64>| leap.store(3600, Relaxed);
    let ends = ends(Duration::from_millis(50), slept).await;
    assert!(ends.end - ends.start > SPREAD / 3, "{ends:?}");
}

#[tokio::test]
async fn burners_that_are_hurried_after_a_while_come_back_apart() {
    let pause = 2 * SPREAD;
    let hurry = async |handles: Arc<Vec<ConnectionHandle>>, _| {
        sleep(pause).await;
        handles.iter().for_each(ConnectionHandle::hurry);
    };
    let ends = ends(Duration::from_secs(600), hurry).await;
    assert!(ends.start > pause && ends.end - ends.start > SPREAD / 3, "{ends:?}");
    assert!(ends.end < pause + 2 * SPREAD, "no longer than a moment: {ends:?}");
}

#[tokio::test]
async fn a_wait_begins_with_tor_and_no_hint_from_before_ends_it() {
    let (home, noted) = (TempDir::new().unwrap(), Noted::default());
    let engine = engine_on(&home, &["a"], &noted, Seams::real()).await;
    engine.context.set_dialers(None);
    let handle = ConnectionHandle::new(true);
    let tor = async {
        handle.network_changed();
        sleep(SPREAD).await;
        engine.context.set_dialers(Some(Arc::new(noted.clone())));
        Instant::now()
    };
    let wait = async {
        pausing(&engine.context, &burner(&engine, "a"), &handle, SPREAD, &mut 0).await;
        Instant::now()
    };
    let (began, ended) = join(tor, wait).await;
    assert!(ended - began >= SPREAD, "{:?}", ended - began);
    engine.close().await;
}
