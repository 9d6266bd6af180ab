//! Taking a burner out of the list and off the disk.

use std::sync::Arc;

use crate::Error;
use crate::burner::LiveBurner;
use crate::context::Context;
use crate::event::BurnerId;
use crate::store::Store;
use crate::tasks::blocking;

impl Context {
    /// Forgets a burner and what belongs to it. Takes as long as a key source does. On an error nothing has changed.
    pub(crate) fn forget_now(&self, id: &BurnerId) -> Result<(), Error> {
        self.burners.get(id)?;
        self.services.with_store(|store| store.keep_only(|| self.burners.owners_without(id)))?;
        self.burners.remove(id);
        self.tor.forget(id);
        Ok(())
    }

    /// [`Context::forget_now`]. Goes on when the future is dropped.
    pub(crate) async fn forget(self: &Arc<Self>, id: &BurnerId) -> Result<(), Error> {
        let (context, id) = (Arc::clone(self), id.clone());
        blocking(move || context.forget_now(&id)).await
    }

    /// Takes a burner that no server knows of out of the list and its account out of the store. What is left of it is wiped by
    /// [`Context::wipe`]. On an error nothing has changed.
    pub(crate) async fn drop_account(self: &Arc<Self>, burner: &Arc<LiveBurner>) -> Result<(), Error> {
        let (context, burner) = (Arc::clone(self), Arc::clone(burner));
        blocking(move || {
            context.burners.drop_account(&burner)?;
            context.tor.forget(&burner.id);
            Ok(())
        })
        .await
    }

    /// Wipes the data keys of dropped accounts, if there are any. A key source may ask the user meanwhile.
    pub(crate) async fn wipe(self: &Arc<Self>) -> Result<(), Error> {
        let context = Arc::clone(self);
        blocking(move || context.services.with_store(Store::wipe)).await
    }
}
