//! A handle to a burner's connection: its state, and the orders to it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::event::Connection;
use crate::locks::lock;

/// How soon a dead connection has to be noticed: what wakes the phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// A user looks at the app: after a minute of silence the server is asked, and has half a minute.
    #[default]
    Foreground,
    /// Nobody looks: after five minutes the server is asked, and has a minute.
    Background,
}

impl Profile {
    pub(crate) const fn silence(self) -> Duration {
        Duration::from_secs(match self {
            Self::Foreground => 60,
            Self::Background => 300,
        })
    }

    /// What the waits between attempts are doubled up to.
    pub(crate) const fn longest_wait(self) -> Duration {
        Duration::from_secs(match self {
            Self::Foreground => 30,
            Self::Background => 300,
        })
    }

    pub(crate) const fn response(self) -> Duration {
        Duration::from_secs(match self {
            Self::Foreground => 30,
            Self::Background => 60,
        })
    }
}

/// How a connection is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// To be taken up again, by this process or the next.
    Pause,
    /// For good: the server stops keeping messages for it apart.
    Goodbye,
}

/// Whether everything has come and gone, and how often that was asked for anew.
#[derive(Default)]
struct Drained {
    is_so: bool,
    askings: u64,
}

/// What others hold of a burner's connection.
pub(crate) struct ConnectionHandle {
    ending: watch::Sender<Option<Ending>>,
    /// There may be something to send, or the profile is another.
    pub(super) work: Notify,
    /// The network may be another.
    pub(super) hint: Notify,
    /// A user wants it now.
    pub(super) hurry: Notify,
    connection: Mutex<Connection>,
    /// Everything is sent and acknowledged, and everything that the server had is here; or it cannot be.
    drained: watch::Sender<Drained>,
    /// To be there again when the engine wakes; one of a sync is not.
    wanted: AtomicBool,
    pub(super) abort: CancellationToken,
    pub(super) over: CancellationToken,
}

impl ConnectionHandle {
    pub(crate) fn new(wanted: bool) -> Self {
        Self {
            ending: watch::Sender::new(None),
            work: Notify::new(),
            hint: Notify::new(),
            hurry: Notify::new(),
            connection: Mutex::default(),
            drained: watch::Sender::default(),
            wanted: AtomicBool::new(wanted),
            abort: CancellationToken::new(),
            over: CancellationToken::new(),
        }
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted.load(Relaxed)
    }

    pub(crate) fn want(&self) {
        self.wanted.store(true, Relaxed);
    }

    /// Has it end, in the way that was said first.
    pub(crate) fn end(&self, ending: Ending) {
        self.ending.send_if_modified(|said| {
            let is_first = said.is_none();
            said.get_or_insert(ending);
            is_first
        });
    }

    pub(crate) async fn over(&self) {
        self.over.cancelled().await;
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.is_cancelled()
    }

    /// Ends it in order, to be taken up again later. If that has not ended by `until`, it is cut off: what it has is stored.
    pub(crate) async fn end_by(&self, until: Instant) {
        self.end(Ending::Pause);
        if timeout_at(until, self.over()).await.is_err() {
            self.abort().await;
        }
    }

    /// Ends it where it is.
    pub(crate) async fn abort(&self) {
        self.abort.cancel();
        self.over().await;
    }

    /// There may be something to send, or the profile is another.
    pub(crate) fn wake(&self) {
        self.work.notify_one();
    }

    pub(crate) fn network_changed(&self) {
        self.hint.notify_one();
    }

    /// What it waits for by itself it waits for a moment longer at most.
    pub(crate) fn hurry(&self) {
        self.hurry.notify_one();
    }

    pub(crate) fn connection(&self) -> Connection {
        lock(&self.connection).clone()
    }

    /// Returns once nothing is left to be done, or it cannot be done.
    pub(crate) async fn drained(&self) {
        let _ = self.drained.subscribe().wait_for(|drained| drained.is_so).await;
    }

    /// [`ConnectionHandle::drained`], with what was stored just now.
    pub(crate) async fn drained_anew(&self) {
        self.drained.send_modify(|now| *now = Drained { is_so: false, askings: now.askings + 1 });
        self.wake();
        self.drained().await;
    }

    pub(crate) fn is_drained(&self) -> bool {
        self.drained.borrow().is_so
    }

    /// How often it was asked to drain anew.
    pub(super) fn drains(&self) -> u64 {
        self.drained.borrow().askings
    }

    /// Notes whether everything has come and gone, by a look that was begun when it had been asked so often: an asking since then
    /// counts more. Whether it has become so.
    pub(super) fn set_drained(&self, drained: bool, askings: u64) -> bool {
        self.drained.send_if_modified(|now| {
            let was_so = now.is_so;
            now.is_so = drained && now.askings == askings;
            now.is_so && !was_so
        })
    }

    pub(crate) async fn ended(&self) -> Ending {
        let mut ending = self.ending.subscribe();
        // The sender is ours.
        ending.wait_for(Option::is_some).await.ok().and_then(|ending| *ending).unwrap_or(Ending::Pause)
    }

    /// Notes how the burner is connected; whether that is news.
    pub(crate) fn set(&self, connection: Connection) -> bool {
        let mut now = lock(&self.connection);
        let is_news = *now != connection;
        *now = connection;
        is_news
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn what_was_drained_before_it_was_asked_for_anew_does_not_count() {
        let handle = ConnectionHandle::new(true);
        let before = handle.drains();
        let mut anew = Box::pin(handle.drained_anew());
        assert_eq!(anew.as_mut().now_or_never(), None);
        assert!(!handle.set_drained(true, before));
        assert_eq!(anew.as_mut().now_or_never(), None);
        assert!(handle.set_drained(true, handle.drains()));
        assert_eq!(anew.now_or_never(), Some(()));
    }

    #[tokio::test]
    async fn a_goodbye_stays_one_where_a_sleep_comes_in_between() {
        let handle = ConnectionHandle::new(true);
        handle.end(Ending::Goodbye);
        handle.end(Ending::Pause);
        assert_eq!(handle.ended().await, Ending::Goodbye);
    }
}
