//! What all burners share: Tor's state and cache, what was learnt of servers, when accounts were made. It goes with the last
//! of them.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use flashpaper_vault::{self as vault, Batch};

use crate::Error;
use crate::context::Context;
use crate::event::BurnerId;
use crate::store::{Installation, Store, schema};
use crate::tasks::blocking;

impl Context {
    /// Forgets a burner that is done with; with the last one, all that burners share: Tor ends then. What is shared stays while
    /// another burner is being made.
    pub(super) async fn forget_with_shared(self: &Arc<Self>, id: &BurnerId) -> Result<(), Error> {
        // Of two that end at one time, the second one is the last.
        let _one_at_a_time = self.clearing.lock().await;
        self.burners.get(id)?;
        let is_last = self.burners.all()?.len() == 1;
        if is_last {
            // Where the process ends in between, the next opening goes on; also where a creation is under way now and comes to nothing.
            self.change_shared(schema::put_clearing).await?;
        }
        let nobody_begins = self.beginning.try_write();
        let is_last = is_last && nobody_begins.is_ok();
        self.forget(id).await?;
        if is_last {
            let _ = self.end_tor().await.await;
            self.services.reporter.changed();
            self.let_go_of_shared();
            let home = self.home.clone();
            let cleared = blocking(move || remove_tor(&home)).await;
            // What is left of Tor is looked for again at the next opening.
            if cleared.is_ok() {
                let _ = self.change_shared(schema::clear).await;
                let context = Arc::clone(self);
                let _ = blocking(move || context.services.store.shrink()).await;
            }
        }
        Ok(())
    }

    pub(super) async fn change_shared(self: &Arc<Self>, change: fn(&mut Batch)) -> Result<(), Error> {
        let context = Arc::clone(self);
        blocking(move || commit(&context.services.store, change)).await
    }
}

fn commit(store: &Store, change: fn(&mut Batch)) -> Result<(), Error> {
    let mut batch = Batch::default();
    change(&mut batch);
    store.commit(batch)
}

/// Goes on with what the end of the last burner has begun in an earlier run.
pub(crate) fn go_on_clearing(store: &Store, home: &Path, read: &mut Installation) {
    if !read.clearing || !read.burners.is_empty() {
        return;
    }
    (read.registrations, read.learnt, read.directory, read.own_servers) = Default::default();
    // Where it fails, the next opening tries again.
    let _ = remove_tor(home).and_then(|()| commit(store, schema::clear)).and_then(|()| store.shrink());
}

/// Removes the files of Tor, which does not run.
pub(super) fn remove_tor(home: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(home.join("tor")) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(vault::Error::from(error).into()),
        _ => Ok(()),
    }
}
