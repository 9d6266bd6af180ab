//! Accounts in doubt: what a crash, a cancel or a lost answer left behind is settled by asking the server.

use std::sync::Arc;

use crate::burn::{self, BurnOutcome};
use crate::event::{BurnerId, Event, Settlement};
use crate::inner::Inner;
use crate::link::{self, within};
use crate::store::{Account, State};
use crate::{Error, limits};

/// Settles every account that is neither wanted nor gone, one after the other: several connections at one moment would
/// link the accounts to each other.
pub(crate) async fn settle_all(inner: &Arc<Inner>) -> Result<(), Error> {
    let in_doubt: Vec<String> = inner.read(|content| {
        let in_doubt = content.accounts.iter().filter(|a| a.state != State::Active);
        in_doubt.map(|a| a.id.clone()).collect()
    })?;
    let mut settled = Ok(());
    for id in in_doubt {
        // Whoever works on one knows best; a creation, say.
        if inner.lock_of(&id).try_lock().is_ok() {
            // What keeps one from being settled, a key store that asks nobody now say, need not keep the others.
            settled = settled.and(settle(inner, &id).await);
        }
    }
    settled
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
        State::Pending | State::Unwanted => match link::log_in(inner, &account, &mut |_| ()).await {
            Ok(mut session) => {
                // The process may have died before it came to that.
                let _ = within(limits::EXCHANGE, session.refuse_archive()).await;
                link::close(session).await;
                keep_or_remove(inner, &account).await?
            }
            Err(Error::Auth) if may_arrive_late(inner, &account) => Settlement::Unknown,
            Err(Error::Auth) => {
                inner.forget(id).await?;
                Settlement::Absent
            }
            Err(_) => Settlement::Unknown,
        },
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
    Ok(match report.outcome {
        BurnOutcome::Proven => Settlement::Removed,
        BurnOutcome::AlreadyGone => Settlement::Absent,
        BurnOutcome::Unproven | BurnOutcome::Queued => Settlement::Unknown,
    })
}

/// Whether a registration that was sent may still be on its way to the server.
fn may_arrive_late(inner: &Inner, account: &Account) -> bool {
    inner.now() < account.created.saturating_add(limits::IN_FLIGHT.as_secs())
}
