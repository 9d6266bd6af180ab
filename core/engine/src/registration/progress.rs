//! How far a creation is, and who is told.

use flashpaper_chat::Address;
use serde::Serialize;
use tokio::sync::watch;

use super::question::Question;
use crate::event::{BurnerId, Event, Step};
use crate::services::Services;

/// How far a creation is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
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

/// Tells how far a creation is.
pub(crate) struct Told(watch::Sender<Option<Progress>>);

impl Told {
    pub(super) const fn new(progress: watch::Sender<Option<Progress>>) -> Self {
        Self(progress)
    }

    /// For who waits for the end alone.
    pub(crate) fn nobody() -> Self {
        Self(watch::Sender::new(Some(Progress::default())))
    }

    fn tell(&self, change: impl FnOnce(&mut Progress)) {
        self.0.send_modify(|progress| change(progress.get_or_insert_default()));
    }

    /// A step is done, which is an event, too.
    pub(super) fn step(&self, services: &Services, burner: &BurnerId, step: Step) {
        self.tell(|progress| {
            if let Step::Sealed { server, .. } = &step {
                progress.server = Some(server.clone());
            }
            progress.burner = Some(burner.clone());
            progress.step = Some(step.clone());
        });
        services.reporter.report(Event::Creating { burner: burner.clone(), step });
    }

    /// What the server asks, or that it asks nothing any more.
    pub(super) fn asks(&self, question: Option<Question>) {
        self.tell(|progress| progress.question = question);
    }
}
