//! A creation as an app holds it.

use std::sync::Arc;

use flashpaper::{Address, BurnerId, Error};
use tokio::sync::Mutex;

use crate::burner::Burner;
use crate::cancel::{CancelToken, unless_cancelled};
use crate::event::Step;
use crate::question::Question;

/// A creation under way. Dropping it does not cancel it.
#[derive(Debug, uniffi::Object)]
pub struct Creation {
    creation: flashpaper::Creation,
    progress: Mutex<flashpaper::Watched<flashpaper::Progress>>,
}

impl From<flashpaper::Creation> for Creation {
    fn from(creation: flashpaper::Creation) -> Self {
        let progress = Mutex::new(creation.progress());
        Self { creation, progress }
    }
}

#[uniffi::export]
impl Creation {
    /// How far it is: the present first, then whenever it is further, for one reader. It ends with the creation.
    pub async fn progress(&self) -> Option<Progress> {
        self.progress.lock().await.next().await.map(Progress::from)
    }

    /// Waits for its end. It can be asked for again.
    ///
    /// # Errors
    /// The first thing that went wrong; nothing is left that the engine does not know of.
    pub async fn burner(&self, cancel: Option<Arc<CancelToken>>) -> Result<Burner, Error> {
        unless_cancelled(cancel, async { Ok(self.creation.burner().await?.into()) }).await
    }

    /// Ends it at once. What may have been made is removed behind it; only one that was done at that very moment stays, and is
    /// listed.
    pub fn cancel(&self) {
        self.creation.cancel();
    }
}

/// How far a creation is. Printing it shows no address and nobody's words.
#[derive(Debug, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Progress {
    /// The burner that is to be, by this attempt; `None` before the first.
    pub burner: Option<BurnerId>,
    /// The server of this attempt.
    pub server: Option<Address>,
    /// The step that was done last.
    pub step: Option<Step>,
    /// What the server asks of the user now: the creation waits for it.
    pub question: Option<Question>,
}

impl From<flashpaper::Progress> for Progress {
    fn from(progress: flashpaper::Progress) -> Self {
        let flashpaper::Progress { burner, server, step, question } = progress;
        Self { burner, server, step: step.map(Step::from), question: question.map(Question::from) }
    }
}
