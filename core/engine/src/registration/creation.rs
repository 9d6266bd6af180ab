//! A creation as an app holds it.

use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::options::CreateOptions;
use super::progress::{Progress, Told};
use crate::context::Context;
use crate::watched::Watched;
use crate::{Burner, Error};

/// A creation under way. Dropping it does not cancel it.
#[derive(Clone)]
pub struct Creation {
    progress: watch::Receiver<Option<Progress>>,
    /// `None` while it is under way.
    end: watch::Receiver<Option<Result<Burner, Error>>>,
    cancel: CancellationToken,
}

impl Creation {
    /// Begins one.
    pub(crate) fn begin(context: &Arc<Context>, options: CreateOptions) -> Self {
        let (sender, progress) = watch::channel(Some(Progress::default()));
        let (ended, end) = watch::channel(None);
        let cancel = context.tasks.closing.child_token();
        let (creating, cancelled) = (Arc::clone(context), cancel.clone());
        let work = async move {
            let made = super::create(&creating, options, &cancelled, &Told::new(sender)).await?;
            // It comes too late: what was made for nobody is given up.
            if cancelled.is_cancelled() { Err(Error::Cancelled) } else { made.claim().await }
        };
        let supervisor = Arc::clone(context);
        context.tasks.spawn_telling(async move {
            let made = supervisor.tasks.supervised(work).await;
            ended.send_replace(Some(made));
        });
        Self { progress, end, cancel }
    }

    /// How far it is: the present first, then whenever it is further. It ends with the creation.
    #[must_use]
    pub fn progress(&self) -> Watched<Progress> {
        let mut progress = self.progress.clone();
        progress.mark_changed();
        Watched::new(progress)
    }

    /// Waits for its end. It can be asked for again.
    ///
    /// # Errors
    /// The first thing that went wrong; nothing is left that the engine does not know of.
    pub async fn burner(&self) -> Result<Burner, Error> {
        let mut end = self.end.clone();
        let end = end.wait_for(Option::is_some).await.map_err(|_| Error::Closed)?;
        end.clone().unwrap_or(Err(Error::Internal))
    }

    /// Ends it at once. What may have been made is removed behind it; only one that was done at that very moment stays, and is
    /// listed.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }
}

impl fmt::Debug for Creation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Creation(..)")
    }
}
