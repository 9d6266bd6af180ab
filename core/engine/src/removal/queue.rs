//! The queue of removals: burners that are gone from here, and that their servers could not be asked to remove, or have not
//! shown to be gone. A domain, a name and a password are left of each, and how its logins were, sealed under a key of its own.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use flashpaper_chat::UnixTime;
use serde::Serialize;
use tokio::time::sleep;

use crate::account::Account;
use crate::burner::LiveBurner;
use crate::context::Context;
use crate::event::{BurnerId, Event, Settlement};
use crate::store::Store;
use crate::tasks::blocking;
use crate::time::{system_time, unix_seconds};
use crate::{Error, limits};

/// A removal that waits for its server. Its `Debug` does not show the address.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct PendingRemoval {
    /// The name that the burner had within this installation. [`crate::Engine::burn`] takes it, and tries at once.
    pub burner: BurnerId,
    /// The bare JID that is to be removed.
    pub jid: String,
    /// Since when it waits, by the device's clock. As JSON: seconds since 1970.
    #[serde(serialize_with = "unix_seconds")]
    pub since: SystemTime,
    /// When it is dropped: 30 days later. As JSON: seconds since 1970.
    #[serde(serialize_with = "unix_seconds")]
    pub until: SystemTime,
    /// The server has confirmed the removal, or that it took a password that nobody keeps: only the proof is missing.
    pub confirmed: bool,
}

impl PendingRemoval {
    pub(crate) fn of(account: &Account) -> Self {
        Self {
            burner: BurnerId(account.id.clone()),
            jid: account.jid(),
            since: system_time(account.created),
            until: system_time(until(account)),
            confirmed: account.removed,
        }
    }
}

impl fmt::Debug for PendingRemoval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (burner, confirmed) = (&self.burner, &self.confirmed);
        f.debug_struct("PendingRemoval").field("burner", burner).field("confirmed", confirmed).finish_non_exhaustive()
    }
}

const fn until(account: &Account) -> UnixTime {
    account.created.after(limits::QUEUED)
}

impl Context {
    /// Puts the removal of a burner into the queue, and wipes all else of it. On an error it is in the queue, or nothing has
    /// changed: called again, it goes on.
    pub(super) async fn queue_removal(self: &Arc<Self>, burner: &Arc<LiveBurner>) -> Result<(), Error> {
        let (context, burner) = (Arc::clone(self), Arc::clone(burner));
        blocking(move || {
            if !burner.is_queued() {
                // As it will be looked at: a clock that was far ahead once drops none at once.
                context.burners.queue_removal(&burner, context.services.expiry_now())?;
                // Its next streams share no circuit with those before.
                context.tor.forget(&burner.id);
                context.services.expiry.notify_one();
            }
            context.services.with_store(Store::wipe)
        })
        .await
    }

    /// Begins to drop the removals that have waited for too long; gives when the next one has. An attacker who blocks Tor must not keep
    /// them on the phone.
    pub(crate) fn drop_removals(self: &Arc<Self>, now: UnixTime) -> Result<Option<UnixTime>, Error> {
        let mut next = None;
        for burner in self.burners.all()?.into_iter().filter(|burner| burner.is_queued()) {
            let until = until(&burner.account());
            // Where it cannot be dropped, on a full disk say, it is tried again.
            let again = if now < until { until } else { now.after(limits::MAX_SLEEP) };
            next = next.into_iter().chain([again]).min();
            if now < until {
                continue;
            }
            let context = Arc::clone(self);
            self.tasks.spawn(async move {
                // It is looked for again whenever something else may be due.
                let Ok(_nobody_else_drops_it) = burner.dropping.try_lock() else { return Ok(()) };
                if let Err(why) = context.forget_with_shared(&burner.id).await {
                    // A key store asks its user no more often.
                    sleep(limits::MAX_SLEEP).await;
                    return Err(why);
                }
                let outcome = Settlement::Dropped;
                context.services.reporter.report(Event::Settled { burner: burner.id.clone(), outcome });
                Ok(())
            });
        }
        Ok(next)
    }
}
