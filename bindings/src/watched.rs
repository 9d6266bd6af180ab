//! What a screen shows, as it changes.

use flashpaper::Watched;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::messages::Message;
use crate::snapshot::Snapshot;

/// Read by one reader, which `finish` ends.
#[derive(Debug)]
struct Reading<T> {
    watched: Mutex<Watched<T>>,
    finished: CancellationToken,
}

impl<T: Clone> Reading<T> {
    fn new(watched: Watched<T>) -> Self {
        Self { watched: Mutex::new(watched), finished: CancellationToken::new() }
    }

    async fn next(&self) -> Option<T> {
        let next = async { self.watched.lock().await.next().await };
        self.finished.run_until_cancelled(next).await.flatten()
    }
}

/// `Engine.states`: for one reader; `finish` ends it.
#[derive(Debug, uniffi::Object)]
pub struct States(Reading<flashpaper::Snapshot>);

impl From<Watched<flashpaper::Snapshot>> for States {
    fn from(watched: Watched<flashpaper::Snapshot>) -> Self {
        Self(Reading::new(watched))
    }
}

#[uniffi::export]
impl States {
    /// The present one, or the next that the reader does not have yet; nothing once there is none any more. A call that is
    /// cancelled loses none.
    pub async fn next(&self) -> Option<Snapshot> {
        self.0.next().await.map(Snapshot::from)
    }

    /// Ends it, also a `next` that is waiting.
    pub fn finish(&self) {
        self.0.finished.cancel();
    }
}

/// `Engine.timeline`: for one reader; `finish` ends it.
#[derive(Debug, uniffi::Object)]
pub struct Timeline(Reading<Vec<flashpaper::Message>>);

impl From<Watched<Vec<flashpaper::Message>>> for Timeline {
    fn from(watched: Watched<Vec<flashpaper::Message>>) -> Self {
        Self(Reading::new(watched))
    }
}

#[uniffi::export]
impl Timeline {
    /// The present page, or the next that the reader does not have yet; nothing once there is none any more. A call that is
    /// cancelled loses none.
    pub async fn next(&self) -> Option<Vec<Message>> {
        Some(self.0.next().await?.into_iter().map(Message::from).collect())
    }

    /// Ends it, also a `next` that is waiting.
    pub fn finish(&self) {
        self.0.finished.cancel();
    }
}
