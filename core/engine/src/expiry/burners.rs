//! Expiry of burners: a reminder, then the burn.

use std::sync::Arc;
use std::time::Duration;

use flashpaper_chat::UnixTime;

use crate::account::{Account, Expiry, State};
use crate::burner::LiveBurner;
use crate::context::Context;
use crate::event::{Event, Settlement};
use crate::removal::plan::{Gone, Outcome};
use crate::time::system_time;
use crate::{Error, limits, reconcile, removal};

impl Context {
    /// Reminds of a burner's expiry, or begins its burn, if that is due. Gives how long nothing else is.
    pub(super) fn end_expired(self: &Arc<Self>, burner: &Arc<LiveBurner>, now: UnixTime) -> Option<Duration> {
        let account = burner.account();
        let mut expiry = account.expiry?;
        // A creation has to end first.
        if account.state != State::Active {
            return Some(limits::MAX_SLEEP);
        }
        if expiry.seen.after(limits::EXPIRY_SEEN) <= now {
            let seen = Expiry { seen: now, ..expiry };
            if change_if(burner, expiry, |account| account.expiry = Some(seen)) {
                expiry = seen;
            }
        }
        let next = expiry.remind_at.unwrap_or(expiry.at);
        if now < next {
            return Some(now.until(next));
        }
        if self.services.clock_is_wrong() {
            return Some(limits::MAX_SLEEP);
        }
        // Where a commit fails, on a full disk say, it is tried again.
        if now < expiry.at {
            let reminded = Expiry { remind_at: None, seen: now, ..expiry };
            if change_if(burner, expiry, |account| account.expiry = Some(reminded)) {
                let (burner, at) = (burner.id.clone(), system_time(expiry.at));
                self.services.reporter.report(Event::Expiring { burner, at });
            }
            return Some(now.until(expiry.at));
        }
        // Before anything else: from here on it is burnt, whenever the process ends.
        if change_if(burner, expiry, |account| account.set_state(State::Burning)) {
            self.services.reporter.report(Event::Expired { burner: burner.id.clone() });
            let (context, burner) = (Arc::clone(self), Arc::clone(burner));
            self.tasks.spawn(async move { context.burn_expired(&burner).await });
        }
        Some(limits::MAX_SLEEP)
    }

    /// Burns a burner at a moment of its own. Where this ends before, the next start goes on.
    async fn burn_expired(self: &Arc<Self>, burner: &Arc<LiveBurner>) -> Result<(), Error> {
        let wait = self.apart(self.spread().time());
        if self.tasks.closing.run_until_cancelled(self.wait(wait)).await.is_none() {
            return Ok(());
        }
        let end = removal::burn(self, burner).await?;
        if end.again {
            reconcile::ask_again(self, burner);
        }
        let outcome = match end.outcome {
            Outcome::Gone(Gone::Proven) => Settlement::Removed,
            Outcome::Gone(Gone::Disabled) => Settlement::Disabled,
            Outcome::Gone(Gone::Already) => Settlement::Absent,
            Outcome::Unproven(_) | Outcome::Queued(_) => Settlement::Unknown,
            // A burn keeps none.
            Outcome::Kept => return Err(Error::Internal),
            Outcome::Failed(why) => return Err(why),
        };
        self.services.reporter.report(Event::Settled { burner: burner.id.clone(), outcome });
        Ok(())
    }
}

/// Changes an account, unless its user has meanwhile. Whether that is done.
fn change_if(burner: &LiveBurner, expiry: Expiry, change: impl FnOnce(&mut Account)) -> bool {
    let changed = burner.change(|account| {
        let is_same = account.expiry == Some(expiry) && account.state == State::Active;
        if is_same {
            change(account);
        }
        is_same
    });
    changed == Ok(true)
}

#[cfg(test)]
mod tests;
