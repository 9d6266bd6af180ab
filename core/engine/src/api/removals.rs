//! Burning, and the removals that wait for their servers.

use std::sync::Arc;

use futures::future::join_all;
use serde::Serialize;
use tokio::time::sleep;

use super::Engine;
use crate::burner::LiveBurner;
use crate::context::Context;
use crate::event::BurnerId;
use crate::removal::queue::PendingRemoval;
use crate::removal::ticket;
use crate::tasks::blocking;
use crate::{BurnReport, Error, reconcile, removal};

/// What a burn of all burners has come to, for one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Burned {
    /// Which burner.
    pub burner: BurnerId,
    /// How its burn ended.
    pub report: Option<BurnReport>,
    /// Why it has no report: what [`Engine::burn`] would have failed with.
    pub failed: Option<Error>,
}

impl Engine {
    /// Removes an account at its server, shows that it is gone, and forgets it here. Its peers are told that private conversations
    /// end, where it is connected. Where the server cannot be asked now, all but the removal is forgotten, and that is tried again by
    /// itself: see [`Engine::pending_removals`], which this takes, too, to try at once. With the last burner goes what they
    /// share: Tor ends, its files are removed, and what was learnt of servers and the lists that the app has handed in are
    /// forgotten. The next creation starts Tor again. Goes on when the future is dropped.
    ///
    /// # Errors
    /// [`Error::NoSuchBurner`], [`Error::Suspended`], [`Error::VaultLocked`], [`Error::Closed`]; storage errors and
    /// [`Error::KeyDenied`]: what is left to do is done when it is called again. One that has begun goes on at the next start or
    /// [`Engine::resume`]. That the server could not be reached is no error: see [`crate::BurnOutcome::Queued`].
    pub async fn burn(&self, id: &BurnerId) -> Result<BurnReport, Error> {
        let (context, burner) = (Arc::clone(&self.context), self.context.burners.get(id)?);
        self.context.tasks.while_awake(async move { burn(&context, &burner).await }).await
    }

    /// [`Engine::burn`] for all burners and for the removals that wait, each at a random moment within 5 seconds. Goes on when the
    /// future is dropped.
    ///
    /// # Errors
    /// [`Error::VaultLocked`], [`Error::Closed`]. What fails for one keeps no other: see [`Burned::failed`].
    pub async fn burn_all(&self) -> Result<Vec<Burned>, Error> {
        let burners = self.context.burners.all()?;
        let burns = burners.into_iter().map(|burner| {
            let (context, id) = (Arc::clone(&self.context), burner.id.clone());
            let burnt = self.context.tasks.while_awake(async move {
                sleep(context.soon()).await;
                // Its present object: a removal that was queued since has another.
                burn(&context, &context.burners.get(&id)?).await
            });
            async move {
                let (report, failed) = match burnt.await {
                    Ok(report) => (Some(report), None),
                    Err(error) => (None, Some(error)),
                };
                Burned { burner: burner.id.clone(), report, failed }
            }
        });
        Ok(join_all(burns).await)
    }

    /// Takes a burner off this device at once, without a network: all but its removal is forgotten, and that goes on by itself. Peers
    /// are not told. Goes on when the future is dropped.
    ///
    /// # Errors
    /// [`Error::NoSuchBurner`], [`Error::Suspended`], [`Error::VaultLocked`], [`Error::Closed`]; storage errors and
    /// [`Error::KeyDenied`]: what is left to do is done when it is called again.
    pub async fn wipe(&self, id: &BurnerId) -> Result<(), Error> {
        let (context, burner) = (Arc::clone(&self.context), self.context.burners.get(id)?);
        let work = async move {
            removal::wipe(&context, &burner).await?;
            reconcile::try_soon(&context, &burner);
            Ok(())
        };
        self.context.tasks.while_awake(work).await
    }

    /// Takes the ticket of a panic, in any open folder: the removals of its accounts wait for their servers here from now on, as
    /// [`Engine::pending_removals`] has them, and for as long as others. What is there already is not doubled; an account that is a burner
    /// of this folder stays one. Gives the removals of its accounts that wait. No network is needed. Goes on when the future is
    /// dropped.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] with [`crate::Input::Ticket`]: nothing has changed. Storage errors: called again, it goes on.
    /// [`Error::Suspended`], [`Error::VaultLocked`], [`Error::Closed`].
    pub async fn redeem(&self, ticket: &str) -> Result<Vec<BurnerId>, Error> {
        self.context.burners.all()?;
        let accounts = ticket::read(ticket)?;
        let context = Arc::clone(&self.context);
        let work = async move {
            let _shares = context.beginning.read().await;
            let adding = Arc::clone(&context);
            let queued = blocking(move || adding.redeem(&accounts)).await?;
            queued.iter().for_each(|burner| reconcile::try_soon(&context, burner));
            Ok(queued.iter().map(|burner| burner.id.clone()).collect())
        };
        self.context.tasks.while_awake(work).await
    }

    /// The removals that wait for their servers, the oldest first. They are tried again by themselves while Tor runs, by circuits of
    /// their own: first after ten to twenty minutes, then less and less often, up to every six hours, and at each start.
    /// After 30 days one is dropped, which [`crate::Event::Settled`] tells.
    ///
    /// # Errors
    /// [`Error::VaultLocked`], [`Error::Closed`].
    pub fn pending_removals(&self) -> Result<Vec<PendingRemoval>, Error> {
        let mut burners = self.context.burners.all()?;
        burners.retain(|burner| burner.is_queued());
        Ok(burners.iter().map(|burner| PendingRemoval::of(&burner.account())).collect())
    }
}

async fn burn(context: &Arc<Context>, burner: &Arc<LiveBurner>) -> Result<BurnReport, Error> {
    let end = removal::burn(context, burner).await?;
    if end.again {
        reconcile::ask_again(context, burner);
    }
    removal::report(end.outcome)
}
