//! The runtime that Arti runs on: tokio's, but for a task that would spin.
//!
//! Whether a circuit is to expire, tor-circmgr 0.47 (`spawn_expiration_task`) judges by the time of its first look, also when
//! it looks again: one that had time left then has some for ever. When that is over, the task sleeps for no time and looks
//! again, until the next request for a circuit removes that one. tokio makes a millisecond of no time: 1000 wake-ups a
//! second, for up to ten seconds as long as Arti asks for circuits to learn from, and for hours later.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::task;
use tokio::time::{Sleep, sleep};
use tor_rtcompat::tokio::TokioRustlsRuntime as Tokio;
use tor_rtcompat::{CompoundRuntime, RuntimeSubstExt as _, SleepProvider};

/// What Arti runs on.
pub(crate) type ArtiRuntime = CompoundRuntime<Tokio, Sleeper, Tokio, Tokio, Tokio, Tokio, Tokio>;

/// On the tokio runtime of the caller.
pub(crate) fn current() -> io::Result<ArtiRuntime> {
    Ok(Tokio::current()?.with_sleep_provider(Sleeper::default()))
}

/// A task that sleeps for no time twice within this spins.
const AT_ONCE: Duration = Duration::from_millis(100);
/// And is let on after this. The next request for a circuit removes this one, so nobody waits for the task.
const PAUSE: Duration = Duration::from_secs(60);

/// Sleeps as tokio does, but for tasks that spin.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sleeper {
    /// When a task last slept for no time.
    last: Arc<Mutex<HashMap<task::Id, Instant>>>,
}

impl Sleeper {
    fn spins(&self, task: task::Id) -> bool {
        let (mut last, now) = (self.last.lock().unwrap_or_else(PoisonError::into_inner), Instant::now());
        last.retain(|_, at| now.duration_since(*at) < AT_ONCE);
        last.insert(task, now).is_some()
    }
}

impl SleepProvider for Sleeper {
    type SleepFuture = Sleep;

    fn sleep(&self, duration: Duration) -> Sleep {
        let spins = duration.is_zero() && task::try_id().is_some_and(|task| self.spins(task));
        sleep(if spins { PAUSE } else { duration })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use super::*;

    #[tokio::test]
    async fn who_sleeps_for_no_time_again_and_again_is_stopped_and_nobody_else() {
        let (sleeper, turns) = (Sleeper::default(), Arc::new(AtomicUsize::new(0)));
        let spin = |pause| {
            let (sleeper, turns) = (sleeper.clone(), Arc::clone(&turns));
            tokio::spawn(async move {
                loop {
                    sleeper.sleep(pause).await;
                    turns.fetch_add(1, SeqCst);
                }
            })
        };
        // More than one, so that each is between two turns of another.
        let spinning = [spin(Duration::ZERO), spin(Duration::ZERO)];
        while turns.load(SeqCst) < 2 {
            sleep(Duration::from_millis(1)).await;
        }
        sleep(Duration::from_millis(200)).await;
        assert_eq!(turns.swap(0, SeqCst), 2, "one turn each");
        for _ in 0..20 {
            let sleeper = sleeper.clone();
            // Each connection begins so.
            let once = tokio::spawn(async move { sleeper.sleep(Duration::ZERO).await });
            tokio::time::timeout(Duration::from_secs(5), once).await.unwrap().unwrap();
        }
        let ticking = spin(Duration::from_millis(1));
        while turns.load(SeqCst) < 50 {
            sleep(Duration::from_millis(1)).await;
        }
        ticking.abort();
        spinning.iter().for_each(|task| task.abort());
    }
}
