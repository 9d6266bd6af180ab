//! A subscription to the engine's events.

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::types::Event;

/// Events from the moment of subscribing on, in order. For one reader.
#[derive(Debug, uniffi::Object)]
pub struct Events {
    events: Mutex<flashpaper::Events>,
    finished: CancellationToken,
}

impl Events {
    pub(crate) fn new(events: flashpaper::Events) -> Self {
        Self { events: Mutex::new(events), finished: CancellationToken::new() }
    }
}

#[uniffi::export]
impl Events {
    /// The next event; nothing once the engine is shut down or the subscription finished. A call that is cancelled
    /// loses no event.
    pub async fn next(&self) -> Option<Event> {
        let next = async { self.events.lock().await.next().await };
        self.finished.run_until_cancelled(next).await.flatten().map(Event::from)
    }

    /// Ends the subscription, also a `next` that is waiting.
    pub fn finish(&self) {
        self.finished.cancel();
    }
}
