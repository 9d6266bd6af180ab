//! Expiry of messages, private conversations at rest, the wait of texts, lessons on servers, burners. It needs no network: an
//! attacker who blocks Tor must not keep expired data on the phone.

mod burners;

use std::sync::Arc;
use std::time::Duration;

use flashpaper_chat::retention::lasts;
use flashpaper_chat::{History, UnixTime, outbox, retention};
use tokio::time::sleep;

use crate::burner::LiveBurner;
use crate::context::Context;
use crate::tasks::blocking;
use crate::{Error, limits};

impl Context {
    /// Has time end what it ends.
    pub(crate) fn begin_to_forget(self: &Arc<Self>) {
        let context = Arc::clone(self);
        let closing = self.tasks.closing.clone();
        let forget = async move {
            loop {
                let again = Arc::clone(&context);
                let wait = match blocking(move || again.forget_expired()).await {
                    // After a panic, too.
                    Err(Error::Internal) => limits::MAX_SLEEP,
                    looked => looked?,
                };
                tokio::select! {
                    () = sleep(wait) => {}
                    () = context.services.expiry.notified() => {}
                }
            }
        };
        self.tasks.spawn(async move { closing.run_until_cancelled_owned(forget).await.unwrap_or(Ok(())) });
    }

    /// Ends what is due. Gives how long nothing else is.
    fn forget_expired(self: &Arc<Self>) -> Result<Duration, Error> {
        let now = self.services.expiry_now();
        let due = |burner: &Arc<LiveBurner>| {
            let ends = self.end_expired(burner, now);
            ends.into_iter().chain(self.forget_expired_of(burner, now)).min()
        };
        let lessons = match self.forget_lessons(now) {
            Ok(next) => next.map(|next| now.until(next)),
            // On a full disk, say, it is tried again.
            Err(_) => Some(limits::MAX_SLEEP),
        };
        let removals = match self.drop_removals(now) {
            Ok(next) => next.map(|next| now.until(next)),
            Err(_) => Some(limits::MAX_SLEEP),
        };
        let next = self.burners.all()?.iter().filter_map(due).chain(lessons).chain(removals).min();
        Ok(next.map_or(Duration::MAX, |left| left.min(limits::MAX_SLEEP)))
    }

    /// [`Context::forget_expired`] of one burner.
    fn forget_expired_of(self: &Arc<Self>, burner: &Arc<LiveBurner>, now: UnixTime) -> Option<Duration> {
        // What cannot be read keeps nothing else from ending.
        let mailbox = burner.mailbox().ok()?;
        let (account, drained) = (burner.account(), burner.has_drained());
        // Texts wait by the time of day: they can be sent again.
        let given_up = outbox::next_given_up(&mailbox).filter(|_| !self.services.clock_is_wrong());
        let given_up = given_up.map(|at| self.services.now().until(at));
        let end = retention::next_expiry(&mailbox, account.history, lasts(account.idle_timeout, drained));
        // On a full disk, say, it is tried again.
        let history = match account.history {
            History::None | History::Expire { .. } => burner.forget_history(now).unwrap_or(Some(now)),
            History::UntilBurn => None,
        };
        let next = given_up.into_iter().chain(end.map(|at| now.until(at))).min();
        if next.is_some_and(|left| left.is_zero()) && burner.converse(move |talk| talk.expire(now, drained)) == Ok(true)
        {
            self.goodbyes_wait(Arc::clone(burner));
        } else if retention::is_mark_due(&mailbox, now) {
            let _ = burner.converse(|_| ());
        }
        let next = next.into_iter().chain(history.map(|at| now.until(at))).min()?;
        Some(if next.is_zero() { limits::MAX_SLEEP } else { next })
    }

    /// What is to be said of the end of private conversations is said by each burner at a moment of its own.
    fn goodbyes_wait(self: &Arc<Self>, burner: Arc<LiveBurner>) {
        let wait = self.apart(self.spread().time());
        self.tasks.spawn(async move {
            sleep(wait).await;
            burner.wake();
            Ok(())
        });
    }
}

#[cfg(test)]
pub(crate) mod tests;
