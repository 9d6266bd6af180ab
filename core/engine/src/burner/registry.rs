//! The burners of an installation.

use std::sync::{Arc, Mutex};

use flashpaper_chat::{Mailbox, UnixTime};
use flashpaper_vault::{Batch, Owner};
use tokio::sync::OwnedMutexGuard;

use super::LiveBurner;
use crate::Error;
use crate::account::Account;
use crate::event::BurnerId;
use crate::locks::lock;
use crate::services::Services;
use crate::store::{StoredBurner, schema};

/// The burners, in the order of their creation.
pub(crate) struct Registry {
    services: Arc<Services>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    burners: Vec<Arc<LiveBurner>>,
    /// Why nothing is to be seen of them, where that is so: [`Error::VaultLocked`], [`Error::Closed`].
    shut: Option<Error>,
    /// The locks of those that were there before that: some work may not be over.
    working: Vec<(BurnerId, Arc<tokio::sync::Mutex<()>>)>,
}

impl Registry {
    /// Of nobody yet.
    pub(crate) fn new(services: Arc<Services>) -> Self {
        Self { services, known: Mutex::default() }
    }

    /// All burners, and the removals in the queue.
    ///
    /// # Errors
    /// [`Error::VaultLocked`], [`Error::Closed`].
    pub(crate) fn all(&self) -> Result<Vec<Arc<LiveBurner>>, Error> {
        let known = lock(&self.known);
        known.shut.clone().map_or_else(|| Ok(known.burners.clone()), Err)
    }

    /// All burners that an app is to see.
    ///
    /// # Errors
    /// [`Error::VaultLocked`], [`Error::Closed`].
    pub(crate) fn listed(&self) -> Result<Vec<Arc<LiveBurner>>, Error> {
        let mut burners = self.all()?;
        burners.retain(|burner| !burner.is_queued());
        Ok(burners)
    }

    /// A burner, or a removal in the queue.
    ///
    /// # Errors
    /// [`Error::NoSuchBurner`], [`Error::VaultLocked`], [`Error::Closed`].
    pub(crate) fn get(&self, id: &BurnerId) -> Result<Arc<LiveBurner>, Error> {
        self.all()?.into_iter().find(|burner| burner.id == *id).ok_or(Error::NoSuchBurner)
    }

    /// The owners in the store of all but one.
    pub(crate) fn owners_without(&self, id: &BurnerId) -> Result<Vec<Owner>, Error> {
        Ok(self.all()?.iter().filter(|burner| burner.id != *id).map(|burner| burner.owner).collect())
    }

    /// Adds a burner, which goes to the disk together with what else is in the batch. Its lock is held from the beginning.
    pub(crate) fn add(&self, account: Account, batch: Batch) -> Result<(Arc<LiveBurner>, OwnedMutexGuard<()>), Error> {
        self.add_with(account, Mailbox::default(), batch)
    }

    /// [`Registry::add`], with a mailbox that something is in.
    pub(crate) fn add_with(
        &self,
        account: Account,
        mailbox: Mailbox,
        mut batch: Batch,
    ) -> Result<(Arc<LiveBurner>, OwnedMutexGuard<()>), Error> {
        let work = Arc::new(tokio::sync::Mutex::new(()));
        let turn = Arc::clone(&work).try_lock_owned().map_err(|_| Error::Internal)?;
        let owner = batch.add_owner(&mut self.services.rng());
        schema::put_account(&mut batch, owner, &account)?;
        schema::put_changes(&mut batch, owner, &Mailbox::default(), &mailbox)?;
        let stored = StoredBurner { owner, account, mailbox: Ok(mailbox) };
        let burner = Arc::new(LiveBurner::new(Arc::clone(&self.services), stored, work));
        // Before it is on disk: from then on a burn of another one has to know it.
        lock(&self.known).burners.push(Arc::clone(&burner));
        let committed = self.services.store.commit(batch);
        if committed.is_err() {
            self.remove(&burner.id);
        }
        self.services.reporter.changed();
        committed.map(|()| (burner, turn))
    }

    /// Removes a burner, and its account from the disk. On an error nothing has changed.
    pub(crate) fn drop_account(&self, burner: &LiveBurner) -> Result<(), Error> {
        let mut batch = Batch::default();
        schema::remove_account(&mut batch, burner.owner);
        self.services.store.commit(batch)?;
        self.remove(&burner.id);
        Ok(())
    }

    /// Has the removal of a burner be all that is left of it. On an error nothing has changed. What else there was of it is wiped by
    /// [`crate::store::Store::wipe`].
    pub(crate) fn queue_removal(&self, burner: &Arc<LiveBurner>, now: UnixTime) -> Result<(), Error> {
        let account = burner.account().for_removal(burner.id.0.clone(), now);
        let mut batch = Batch::default();
        let owner = batch.add_owner(&mut self.services.rng());
        schema::put_account(&mut batch, owner, &account)?;
        schema::remove_account(&mut batch, burner.owner);
        let stored = StoredBurner { owner, account, mailbox: Ok(Mailbox::default()) };
        let queued = Arc::new(LiveBurner::new(Arc::clone(&self.services), stored, Arc::clone(&burner.work)));
        // Before it is on disk: from then on a burn of another one has to know it.
        lock(&self.known).burners.push(Arc::clone(&queued));
        let committed = self.services.store.commit(batch);
        let gone = if committed.is_ok() { burner } else { &queued };
        lock(&self.known).burners.retain(|other| !Arc::ptr_eq(other, gone));
        gone.wipe();
        self.services.reporter.forget_peers(&burner.id);
        self.services.reporter.changed();
        committed
    }

    pub(crate) fn remove(&self, id: &BurnerId) {
        lock(&self.known).burners.retain(|burner| burner.id != *id);
        self.services.reporter.forget_peers(id);
        self.services.reporter.changed();
    }

    /// Takes over what was read as the folder was opened. Burners that are known already are the same as before, but where another
    /// process has put a removal in the place of one meanwhile.
    pub(crate) fn replace(&self, read: Vec<StoredBurner>) {
        let (before, working) = {
            let known = lock(&self.known);
            (known.burners.clone(), known.working.clone())
        };
        let burner = |stored: StoredBurner| {
            let known = before.iter().find(|burner| burner.id.0 == stored.account.id);
            let work = match known {
                Some(burner) if burner.owner == stored.owner => {
                    burner.replace(stored);
                    return Arc::clone(burner);
                }
                Some(gone) => {
                    gone.wipe();
                    Some(&gone.work)
                }
                None => working.iter().find(|(id, _)| id.0 == stored.account.id).map(|(_, work)| work),
            };
            let work = work.map(Arc::clone).unwrap_or_default();
            Arc::new(LiveBurner::new(Arc::clone(&self.services), stored, work))
        };
        let burners = read.into_iter().map(burner).collect();
        *lock(&self.known) = Known { burners, shut: None, working: Vec::new() };
    }

    /// Takes sessions and keys out of memory.
    pub(crate) fn forget_sessions(&self) {
        // Not under the lock: a burner may wait for the disk.
        let burners = lock(&self.known).burners.clone();
        burners.iter().for_each(|burner| burner.forget_sessions());
    }

    /// Takes all contents out of memory, and shows nothing from here on but this error.
    pub(crate) fn shut(&self, why: Error) {
        let mut known = lock(&self.known);
        let gone: Vec<_> =
            known.burners.drain(..).map(|burner| (burner.id.clone(), Arc::clone(&burner.work))).collect();
        known.working.extend(gone);
        known.shut = Some(why);
    }
}
