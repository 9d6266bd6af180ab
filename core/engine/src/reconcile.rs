//! Accounts in doubt: what a crash, a cancel or a lost answer left behind is settled by asking the server.

use std::sync::Arc;
use std::time::Duration;

use rand::seq::SliceRandom as _;
use tokio::time::sleep;

use crate::account::State;
use crate::burner::LiveBurner;
use crate::context::Context;
use crate::event::{Event, Settlement};
use crate::removal;
use crate::removal::plan::{Gone, Outcome, Plan, may_ask_again};
use crate::spread::moment;
use crate::{Error, limits};

/// Settles every account that is neither wanted nor gone, one after the other and apart: several connections at one moment
/// would link the accounts to each other, and to those that connect by then. Removals in the queue are not waited for: their
/// servers may be gone.
pub(crate) async fn settle_all(context: &Arc<Context>) -> Result<(), Error> {
    // A creation may have ended half way. What keeps this from being done need not keep the rest.
    let _ = context.wipe().await;
    let (queue, burners): (Vec<_>, Vec<_>) = context.burners.all()?.into_iter().partition(|burner| burner.is_queued());
    queue.iter().for_each(|burner| try_soon(context, burner));
    let in_doubt = burners.into_iter().filter(|burner| burner.account().state != State::Active);
    let now = context.services.now();
    let (mut in_doubt, waits): (Vec<_>, Vec<_>) =
        in_doubt.partition(|burner| may_ask_again(burner.account().refused, now));
    waits.iter().for_each(|burner| ask_again(context, burner));
    let time =
        context.spread().time().min(limits::SETTLING / 2) / u32::try_from(in_doubt.len().max(1)).unwrap_or(u32::MAX);
    in_doubt.shuffle(&mut context.services.rng());
    let mut settled = Ok(());
    for burner in &in_doubt {
        sleep(context.apart(time)).await;
        // Another task that works on one knows best; a creation, say.
        if burner.work.try_lock().is_ok() {
            // What keeps one from being settled, a key store that asks nobody now say, need not keep the others.
            settled = settled.and(settle(context, burner).await);
        }
    }
    settled
}

/// Has an account go on to be settled by itself ten to twenty minutes later, as its server could not be asked, or has refused the
/// login; and less and less often, for as long as that is in vain.
pub(crate) fn ask_again(context: &Arc<Context>, burner: &Arc<LiveBurner>) {
    keep_asking(context, burner, limits::REFUSED_AGAIN + moment(&mut context.services.rng(), limits::REFUSED_AGAIN));
}

/// The same, but begins soon.
pub(crate) fn try_soon(context: &Arc<Context>, burner: &Arc<LiveBurner>) {
    if burner.asking.try_lock().is_err() {
        burner.hurry.notify_one();
    } else {
        keep_asking(context, burner, context.apart(context.spread().time()));
    }
}

fn keep_asking(context: &Arc<Context>, burner: &Arc<LiveBurner>, first: Duration) {
    let (context, burner, tasks) = (Arc::clone(context), Arc::clone(burner), Arc::clone(context));
    tasks.tasks.spawn(async move {
        // Its present object: a removal that was queued since has another.
        let burner = context.burners.get(&burner.id)?;
        let Ok(_nobody_else_asks) = burner.asking.try_lock() else { return Ok(()) };
        let (mut wait, mut longest) = (first, limits::REFUSED_AGAIN);
        while context.tasks.closing.run_until_cancelled(wait_or_hurry(&context, &burner, wait)).await.is_some() {
            match settle_once(&context, &burner).await {
                Ok(false) => break,
                Err(why @ (Error::Suspended | Error::VaultLocked | Error::Closed)) => return Err(why),
                // A full disk, or a key store that asks nobody now: that passes.
                Ok(true) | Err(_) => {}
            }
            longest = (2 * longest).min(limits::LONGEST_AGAIN);
            wait = longest / 2 + moment(&mut context.services.rng(), longest / 2);
        }
        Ok(())
    });
}

async fn wait_or_hurry(context: &Context, burner: &LiveBurner, wait: Duration) {
    tokio::select! {
        () = context.wait(wait) => {}
        () = burner.hurry.notified() => context.wait(context.apart(context.spread().time())).await,
    }
}

/// Settles one account. That its server cannot be reached now is an outcome, not an error.
pub(crate) async fn settle(context: &Arc<Context>, burner: &Arc<LiveBurner>) -> Result<(), Error> {
    if settle_once(context, burner).await? {
        ask_again(context, burner);
    }
    Ok(())
}

/// Whether the server is to be asked again.
async fn settle_once(context: &Arc<Context>, burner: &Arc<LiveBurner>) -> Result<bool, Error> {
    let _one_at_a_time = burner.work.lock().await;
    let burner = match context.burners.get(&burner.id) {
        // Another task was quicker.
        Err(Error::NoSuchBurner) => return Ok(false),
        burner => burner?,
    };
    let end = removal::follow(context, &burner, Plan::settle).await;
    let outcome = match end.outcome {
        Outcome::Kept => Settlement::Kept,
        Outcome::Gone(Gone::Proven) => Settlement::Removed,
        Outcome::Gone(Gone::Disabled) => Settlement::Disabled,
        Outcome::Gone(Gone::Already) => Settlement::Absent,
        Outcome::Unproven(_) | Outcome::Queued(_) => Settlement::Unknown,
        Outcome::Failed(why) => return Err(why),
    };
    context.services.reporter.report(Event::Settled { burner: burner.id.clone(), outcome });
    Ok(end.again)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::atomic::AtomicU64;
    use std::sync::atomic::Ordering::Relaxed;

    use tempfile::TempDir;
    use tokio::time::Instant;

    use super::*;
    use crate::Spread;
    use crate::connection::supervisor::tests::{Noted, burner, engine, engine_on};
    use crate::locks::lock;
    use crate::seams::{Clock, Seams};

    #[tokio::test]
    async fn accounts_in_doubt_are_settled_at_moments_of_their_own_in_any_order() {
        const SPREAD: Duration = Duration::from_millis(600);
        const ROUNDS: u32 = 6;
        let home = TempDir::new().unwrap();
        let (engine, noted) = engine(&home, &["a", "b", "c"]).await;
        let in_doubt = [("a", State::Unwanted), ("b", State::Pending), ("c", State::Unwanted)];
        let _ = in_doubt.map(|(name, state)| burner(&engine, name).change(|account| account.set_state(state)).unwrap());
        engine.set_spread(Spread::Within { time: SPREAD });
        let (mut orders, mut first, mut apart) = (BTreeSet::new(), Duration::ZERO, Duration::ZERO);
        for _ in 0..ROUNDS {
            let began = Instant::now();
            settle_all(&engine.context).await.unwrap();
            let dialled = noted.first();
            assert_eq!(dialled.len(), in_doubt.len());
            first += dialled[0].1 - began;
            apart += dialled[2].1 - dialled[0].1;
            orders.insert(dialled.into_iter().map(|(name, _)| name).collect::<Vec<_>>());
        }
        assert!(orders.len() > 1, "always {orders:?}");
        // A third of the time has the moment of each: a sixth before the first, and a third between first and last, on average.
        assert!(first / ROUNDS > SPREAD / 30 && apart / ROUNDS > SPREAD / 8, "{first:?}, {apart:?}");
        engine.close().await;
    }

    #[tokio::test]
    async fn what_a_creation_has_dropped_is_not_there_again_and_the_next_start_wipes_it() {
        let home = TempDir::new().unwrap();
        let (engine, _) = engine(&home, &["a", "b"]).await;
        engine.context.drop_account(&burner(&engine, "a")).await.unwrap();
        assert_eq!((engine.burners().unwrap().len(), engine.context.services.store.owners().len()), (1, 2));
        let _ = engine.suspend(Duration::ZERO).await;
        engine.resume().await.unwrap();
        assert_eq!((engine.burners().unwrap().len(), engine.context.services.store.owners().len()), (1, 2));
        settle_all(&engine.context).await.unwrap();
        assert_eq!((engine.burners().unwrap().len(), engine.context.services.store.owners().len()), (1, 1));
        engine.close().await;
    }

    /// A clock by which so many seconds go by between one look and the next.
    #[derive(Clone, Default)]
    struct Strides(Arc<AtomicU64>, Arc<AtomicU64>);

    impl Clock for Strides {
        fn unix_seconds(&self) -> u64 {
            self.0.load(Relaxed)
        }

        fn since_boot(&self) -> Duration {
            Duration::from_secs(self.0.fetch_add(self.1.load(Relaxed), Relaxed))
        }
    }

    #[tokio::test]
    async fn a_server_that_has_refused_once_is_asked_again_by_itself_after_ten_minutes_and_by_other_circuits() {
        for (seconds, is_asked) in [(599, false), (1200, true)] {
            let (home, clock, noted) = (TempDir::new().unwrap(), Strides::default(), Noted::default());
            let seams = Seams { clock: Box::new(clock.clone()), ..Seams::real() };
            let engine = engine_on(&home, &["a"], &noted, seams).await;
            let context = &engine.context;
            let burner = burner(&engine, "a");
            burner.change(|account| account.set_state(State::Unwanted)).unwrap();
            settle(context, &burner).await.unwrap();
            let dialled = || lock(&noted.dialled).iter().map(|dial| dial.circuits).collect::<Vec<_>>();
            let before = dialled();
            assert_eq!(before.len(), 1);
            clock.1.store(seconds, Relaxed);
            let now = context.services.now();
            burner.change(|account| account.refused = Some(now)).unwrap();
            ask_again(context, &burner);
            // It asks already.
            ask_again(context, &burner);
            sleep(Duration::from_millis(300)).await;
            let again = dialled().split_off(1);
            assert_eq!(!again.is_empty(), is_asked, "after {seconds} s");
            assert!(!again.contains(&before[0]), "by other circuits");
            engine.close().await;
        }
    }
}
