//! Accounts in doubt: what a crash, a cancel or a lost answer left behind is settled by asking the server.

use std::sync::Arc;

use tokio::time::sleep;

use crate::burn::{self, BurnOutcome};
use crate::event::{BurnerId, Event, Settlement};
use crate::inner::Inner;
use crate::network::connect::{self as link, within};
use crate::refusal::{self, may_ask_again};
use crate::spread::moment;
use crate::store::{Account, State};
use crate::{Error, limits};

/// Settles every account that is neither wanted nor gone, one after the other and apart: several connections at one moment
/// would link the accounts to each other, and to those that connect by then.
pub(crate) async fn settle_all(inner: &Arc<Inner>) -> Result<(), Error> {
    let in_doubt: Vec<Account> = inner.read(|content| {
        let in_doubt = content.accounts.iter().filter(|a| a.state != State::Active);
        in_doubt.cloned().collect()
    })?;
    let (in_doubt, waits): (Vec<_>, Vec<_>) =
        in_doubt.into_iter().partition(|account| may_ask_again(inner, account.refused));
    waits.iter().for_each(|account| ask_again(inner, &account.id));
    let time =
        inner.spread().time().min(limits::SETTLING / 2) / u32::try_from(in_doubt.len().max(1)).unwrap_or(u32::MAX);
    let mut settled = Ok(());
    for Account { id, .. } in &inner.shuffled(in_doubt) {
        sleep(inner.apart(time)).await;
        // Whoever works on one knows best; a creation, say.
        if inner.lock_of(id).try_lock().is_ok() {
            // What keeps one from being settled, a key store that asks nobody now say, need not keep the others.
            settled = settled.and(settle(inner, id).await);
        }
    }
    settled
}

/// Has a burn that a server has refused once go on by itself, later.
pub(crate) fn ask_again_if_refused(inner: &Arc<Inner>, id: &str) {
    if inner.account(id).is_ok_and(|account| account.refused.is_some()) {
        ask_again(inner, id);
    }
}

fn ask_again(inner: &Arc<Inner>, id: &str) {
    let wait = limits::REFUSED_AGAIN + moment(&mut inner.rng(), limits::REFUSED_AGAIN);
    let (work, id) = (Arc::clone(inner), id.to_owned());
    inner.spawn(async move {
        match work.closing.run_until_cancelled(work.wait(wait)).await {
            Some(()) => settle(&work, &id).await,
            None => Ok(()),
        }
    });
}

/// Settles one account. That its server cannot be reached now is an outcome, not an error.
pub(crate) async fn settle(inner: &Arc<Inner>, id: &str) -> Result<(), Error> {
    let _one_at_a_time = inner.lock_of(id).lock_owned().await;
    let account = match inner.account(id) {
        // Somebody else was quicker.
        Err(Error::NoSuchBurner) => return Ok(()),
        account => account?,
    };
    let outcome = match account.state {
        State::Active => Settlement::Kept,
        State::Burning => remove(inner, id).await?,
        State::Pending | State::Unwanted => {
            let shows_absence = refusal::shows_absence(inner, &account);
            match link::log_in(inner, &account, &mut |_| ()).await {
                Ok(mut session) => {
                    // The process may have died before it came to that.
                    let _ = within(limits::EXCHANGE, session.refuse_archive()).await;
                    link::close(session).await;
                    keep_or_remove(inner, &account).await?
                }
                Err(Error::Auth) if shows_absence => {
                    inner.forget(id).await?;
                    Settlement::Absent
                }
                Err(Error::Auth) => {
                    refusal::note(inner, &account)?;
                    ask_again(inner, id);
                    Settlement::Unknown
                }
                Err(_) => Settlement::Unknown,
            }
        }
    };
    inner.reporter.report(Event::Settled { burner: BurnerId(id.to_owned()), outcome });
    Ok(())
}

/// The account exists. Where only the process's death kept it from being finished, it is what the person asked for.
async fn keep_or_remove(inner: &Arc<Inner>, account: &Account) -> Result<Settlement, Error> {
    if account.state == State::Unwanted {
        return remove(inner, &account.id).await;
    }
    inner.commit(|content| content.set_state(&account.id, State::Active))?;
    Ok(Settlement::Kept)
}

async fn remove(inner: &Arc<Inner>, id: &str) -> Result<Settlement, Error> {
    let report = match burn::burn_locked(inner, &BurnerId(id.to_owned())).await {
        // It is a burner still, and whoever wants it gone is told so when they ask.
        Err(Error::ServerRefused) => return Ok(Settlement::Kept),
        report => report?,
    };
    ask_again_if_refused(inner, id);
    Ok(match report.outcome {
        BurnOutcome::Proven => Settlement::Removed,
        BurnOutcome::AlreadyGone => Settlement::Absent,
        BurnOutcome::Unproven | BurnOutcome::Queued => Settlement::Unknown,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::atomic::AtomicU64;
    use std::sync::atomic::Ordering::Relaxed;
    use std::time::Duration;

    use tempfile::TempDir;
    use tokio::time::Instant;

    use super::*;
    use crate::Spread;
    use crate::connection::supervisor::tests::{Noted, engine, engine_on};
    use crate::inner::lock;
    use crate::seams::{Clock, Seams};

    #[tokio::test]
    async fn accounts_in_doubt_are_settled_at_moments_of_their_own_in_any_order() {
        const SPREAD: Duration = Duration::from_millis(600);
        const ROUNDS: u32 = 6;
        let home = TempDir::new().unwrap();
        let (engine, noted) = engine(&home, &["a", "b", "c"]).await;
        let in_doubt = [("a", State::Burning), ("b", State::Pending), ("c", State::Unwanted)];
        engine.inner.commit(|content| in_doubt.map(|(name, state)| content.set_state(name, state))).unwrap();
        engine.set_spread(Spread::Within { time: SPREAD });
        let (mut orders, mut first, mut apart) = (BTreeSet::new(), Duration::ZERO, Duration::ZERO);
        for _ in 0..ROUNDS {
            let began = Instant::now();
            settle_all(&engine.inner).await.unwrap();
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
        let (home, clock, noted) = (TempDir::new().unwrap(), Strides::default(), Noted::default());
        let seams = Seams { clock: Box::new(clock.clone()), ..Seams::real() };
        let engine = engine_on(&home, &["a"], &noted, seams).await;
        let inner = &engine.inner;
        inner.commit(|content| content.set_state("a", State::Burning)).unwrap();
        settle(inner, "a").await.unwrap();
        let dialled = || lock(&noted.dialled).iter().map(|dial| dial.circuits).collect::<Vec<_>>();
        let before = dialled();
        assert_eq!(before.len(), 1);
        for (seconds, is_asked) in [(599, false), (1200, true)] {
            clock.1.store(seconds, Relaxed);
            refusal::note(inner, &inner.account("a").unwrap()).unwrap();
            ask_again(inner, "a");
            sleep(Duration::from_millis(300)).await;
            assert_eq!(dialled().len() > before.len(), is_asked, "after {seconds} s");
        }
        assert!(!before.contains(&dialled()[1]), "by other circuits");
        engine.close().await;
    }
}
