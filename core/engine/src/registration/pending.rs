//! An account between its first record on disk and the caller that takes it.

use std::sync::Arc;

use flashpaper_vault::Batch;
use tokio::sync::OwnedMutexGuard;

use super::plan::Plan;
use crate::account::{Account, State};
use crate::burner::LiveBurner;
use crate::context::Context;
use crate::event::{Event, Settlement};
use crate::store::schema;
use crate::tasks::blocking;
use crate::{Burner, Error, reconcile};

/// An account that nobody has taken yet: on the way, or made but not handed over. Dropped, it is given up: forgotten if
/// it cannot exist, else removed in the background, or by the next start.
pub(crate) struct PendingBurner {
    context: Arc<Context>,
    pub(super) burner: Arc<LiveBurner>,
    /// How far it is, and so what there is to give up.
    pub(super) plan: Plan,
    claimed: bool,
    /// Nobody else works on the account meanwhile.
    turn: Option<OwnedMutexGuard<()>>,
}

impl PendingBurner {
    /// Stores the account, which no server knows of, and counts the registration if it is to count.
    pub(super) async fn seal(context: &Arc<Context>, account: Account, counts: bool) -> Result<Self, Error> {
        let (sealing, now) = (Arc::clone(context), context.services.now());
        let seal = move || {
            let add = |batch| sealing.burners.add(account, batch);
            let (burner, turn) = if counts {
                sealing.registrations.add(now, |tried| {
                    let mut batch = Batch::default();
                    schema::put_registrations(&mut batch, tried)?;
                    add(batch)
                })?
            } else {
                add(Batch::default())?
            };
            Ok(Self { context: sealing, burner, plan: Plan::new(), claimed: false, turn: Some(turn) })
        };
        // Made there: a caller that goes meanwhile has it given up.
        blocking(seal).await
    }

    /// The caller does not want it any more, and there may be an account: the plan goes on.
    pub(super) async fn cancel(&mut self) {
        self.plan.cancel();
        // Whatever happens meanwhile, the next start is to remove it.
        let _ = self.burner.change_on_disk(|account| account.set_state(State::Unwanted)).await;
    }

    /// Gives it up. One that cannot exist is forgotten on return: a caller that is told the error does not find it in a list
    /// any more.
    pub(super) async fn give_up(self) {
        let (work, may_exist) = (Arc::clone(&self.burner.work), self.plan.may_exist());
        drop(self);
        if !may_exist {
            let _forgotten = work.lock().await;
        }
    }

    /// Gives it up before another one is made: one that may exist is settled, and one that cannot is dropped. Whether it is gone
    /// now.
    pub(super) async fn end(mut self) -> Result<bool, Error> {
        if !self.plan.may_exist() {
            self.context.drop_account(&self.burner).await?;
            self.claimed = true;
            let absent = Event::Settled { burner: self.burner.id.clone(), outcome: Settlement::Absent };
            self.context.services.reporter.report(absent);
            return Ok(true);
        }
        self.burner.change_on_disk(|account| account.set_state(State::Unwanted)).await?;
        // Nothing else is left to do. Where this ends half way, the next start goes on.
        self.claimed = true;
        self.turn = None;
        reconcile::settle(&self.context, &self.burner).await?;
        Ok(self.context.burners.get(&self.burner.id).err() == Some(Error::NoSuchBurner))
    }

    /// Makes it the caller's.
    pub(crate) async fn claim(mut self) -> Result<Burner, Error> {
        let claim = move || {
            // Not the object of a folder that was locked meanwhile.
            let burner = self.context.burner(&self.burner.id)?;
            burner.change(|account| account.set_state(State::Active))?;
            self.claimed = true;
            // It may be one that is to expire.
            self.context.services.expiry.notify_one();
            Ok(Burner::of(&burner.account()))
        };
        blocking(claim).await
    }
}

impl Drop for PendingBurner {
    fn drop(&mut self) {
        // A commit that fails leaves the account as pending: the next start looks at it.
        if self.claimed {
            return;
        }
        let (context, burner) = (Arc::clone(&self.context), Arc::clone(&self.burner));
        let (turn, may_exist) = (self.turn.take(), self.plan.may_exist());
        self.context.tasks.spawn_blocking(move || {
            if may_exist {
                if burner.change(|account| account.set_state(State::Unwanted)).is_ok() {
                    let settling = Arc::clone(&context);
                    context.tasks.spawn(async move { reconcile::settle(&settling, &burner).await });
                }
            } else {
                let forgotten = context.forget_now(&burner.id).is_ok();
                let outcome = if forgotten { Settlement::Absent } else { Settlement::Unknown };
                // A caller that has given up waiting has it in a list still.
                context.services.reporter.report(Event::Settled { burner: burner.id.clone(), outcome });
            }
            drop(turn);
        });
    }
}
