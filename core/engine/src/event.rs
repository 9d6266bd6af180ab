//! What the engine reports while it works: each step of a creation or burn, and every change of Tor's status.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::broadcast;
use tokio::time::sleep;

use crate::{Error, Route};

/// How many events a slow reader may fall behind before it loses some.
const BACKLOG: usize = 1024;

/// One event. As JSON: an object with a `type`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// Not the public Tor network: nothing here is private. Reported once, when Tor is started.
    PrivateNetwork,
    /// From here on there is network traffic.
    TorStarting,
    /// Tor's status.
    Tor {
        /// 0.0 to 1.0; it may fall back.
        fraction: f32,
        /// Streams can be opened.
        ready: bool,
        /// What blocks it: the error that a call would give. As JSON: its code.
        #[serde(skip_serializing_if = "Option::is_none")]
        blocked: Option<Error>,
    },
    /// A creation reached a step.
    Creating {
        /// Which burner.
        burner: BurnerId,
        /// The step that is done.
        #[serde(flatten)]
        step: Step,
    },
    /// A burn reached a step.
    Burning {
        /// Which burner.
        burner: BurnerId,
        /// The step that is done.
        #[serde(flatten)]
        step: Step,
    },
    /// What an earlier run, or an attempt that failed, left behind was looked at: list the burners again.
    Settled {
        /// Which burner.
        burner: BurnerId,
        /// What became of it.
        outcome: Settlement,
    },
    /// Events were lost because this reader was too slow.
    Lagged {
        /// How many.
        lost: u64,
    },
}

/// A step of a creation or burn that is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// The identity is drawn and sealed; the server does not know of it yet.
    Sealed {
        /// The route that will be used.
        via: Route,
    },
    /// A stream through Tor is open, or, by an exit, on its way: that nothing listens there shows in the next step.
    Connected {
        /// The circuit's name in this process, for comparing only.
        circuit: Option<String>,
    },
    /// TLS is up and the certificate is the domain's.
    Secured,
    /// The server has made the account.
    Registered,
    /// SASL succeeded and a resource is bound.
    LoggedIn,
    /// A ping to the own address came back (XEP-0199): the account can be reached.
    Reachable,
    /// The server has confirmed the removal.
    Removed,
    /// The server has refused the same credentials on a new stream.
    ProvenGone,
}

/// What became of an account that an earlier run left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Settlement {
    /// It exists and is a burner now.
    Kept,
    /// It was removed at the server.
    Removed,
    /// The server does not know it.
    Absent,
    /// Nothing could be learnt; the next start looks again.
    Unknown,
}

/// Names a burner within this installation. Random; it says nothing about the account.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct BurnerId(pub(crate) String);

impl From<String> for BurnerId {
    fn from(id: String) -> Self {
        Self(id)
    }
}

impl fmt::Display for BurnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A subscription to the engine's events; dropping it ends it.
#[derive(Debug)]
pub struct Events(broadcast::Receiver<Event>);

impl Events {
    /// The next event, in order; `None` once the engine is closed. Cancel safe.
    pub async fn next(&mut self) -> Option<Event> {
        match self.0.recv().await {
            Ok(event) => Some(event),
            Err(broadcast::error::RecvError::Lagged(lost)) => Some(Event::Lagged { lost }),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }

    /// The next event if there is one already.
    pub fn try_next(&mut self) -> Option<Event> {
        match self.0.try_recv() {
            Ok(event) => Some(event),
            Err(broadcast::error::TryRecvError::Lagged(lost)) => Some(Event::Lagged { lost }),
            Err(broadcast::error::TryRecvError::Empty | broadcast::error::TryRecvError::Closed) => None,
        }
    }
}

/// Where events come from.
pub(crate) struct Reporter(Mutex<Option<broadcast::Sender<Event>>>);

impl Reporter {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Some(broadcast::Sender::new(BACKLOG))))
    }

    pub(crate) fn report(&self, event: Event) {
        if let Some(sender) = &*self.sender() {
            // Nobody listening is no error.
            let _ = sender.send(event);
        }
    }

    pub(crate) fn subscribe(&self) -> Events {
        Events(self.sender().as_ref().map_or_else(|| broadcast::channel(1).1, broadcast::Sender::subscribe))
    }

    /// Reports an event once the slowest reader is not far behind.
    pub(crate) async fn report_paced(&self, event: Event) {
        while self.sender().as_ref().is_some_and(|sender| sender.len() > BACKLOG / 2) {
            sleep(Duration::from_millis(1)).await;
        }
        self.report(event);
    }

    /// Ends all subscriptions once they are read to the end, and each later one at once.
    pub(crate) fn end(&self) {
        self.sender().take();
    }

    fn sender(&self) -> MutexGuard<'_, Option<broadcast::Sender<Event>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slow_reader_is_told_what_it_lost() {
        let reporter = Reporter::new();
        let mut events = reporter.subscribe();
        for _ in 0..BACKLOG + 5 {
            reporter.report(Event::TorStarting);
        }
        assert_eq!(events.next().await, Some(Event::Lagged { lost: 5 }));
        assert_eq!(events.next().await, Some(Event::TorStarting));
        reporter.end();
        let mut rest = 0;
        while events.next().await.is_some() {
            rest += 1;
        }
        assert_eq!(rest, BACKLOG - 1);
        assert_eq!(reporter.subscribe().next().await, None);
    }

    #[test]
    fn events_as_json() {
        let event = Event::Tor { fraction: 0.5, ready: false, blocked: Some(Error::TorBlocked) };
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(json, r#"{"type":"tor","fraction":0.5,"ready":false,"blocked":"tor_blocked"}"#);
        let event = Event::Creating { burner: BurnerId("1f".into()), step: Step::Sealed { via: Route::Onion } };
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(json, r#"{"type":"creating","burner":"1f","step":"sealed","via":"onion"}"#);
    }
}
