//! The last events, and who reads them: each has a number, without a gap.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use crate::event::{BurnerId, Event};
use crate::locks::lock;

/// How many events a slow reader may fall behind before it loses some.
const BACKLOG: usize = 1024;

/// A subscription to the engine's events; dropping it ends it.
pub struct Events {
    log: Arc<Mutex<Log>>,
    /// Names this reader.
    reader: u64,
    news: watch::Receiver<()>,
}

impl Events {
    /// The next event, in order; `None` once the engine is closed. Cancel safe.
    pub async fn next(&mut self) -> Option<Event> {
        self.next_numbered().await.map(|(_, event)| event)
    }

    /// [`Events::next`] with its number: what a [`crate::Snapshot`] with that sequence or a later one has in it. The number of
    /// [`Event::Lagged`] is that of the last event that was lost.
    pub async fn next_numbered(&mut self) -> Option<(u64, Event)> {
        loop {
            if let Some(event) = self.try_next_numbered() {
                return Some(event);
            }
            self.news.changed().await.ok()?;
        }
    }

    /// The next event if there is one already.
    pub fn try_next(&mut self) -> Option<Event> {
        self.try_next_numbered().map(|(_, event)| event)
    }

    fn try_next_numbered(&mut self) -> Option<(u64, Event)> {
        let log = &mut *lock(&self.log);
        let next = log.readers.get_mut(&self.reader)?;
        let first = log.last - log.events.len() as u64 + 1;
        if *next < first {
            // All up to now, as the snapshot that follows has it: the same reader is not given older news than that.
            let lost = log.last + 1 - std::mem::replace(next, log.last + 1);
            return Some((log.last, Event::Lagged { lost }));
        }
        let ahead = log.events.range(usize::try_from(*next - first).ok()?..);
        let forgotten = ahead.clone().take_while(|event| event.is_none()).count() as u64;
        if forgotten > 0 {
            *next += forgotten;
            return Some((*next - 1, Event::Lagged { lost: forgotten }));
        }
        let event = ahead.flatten().next()?;
        *next += 1;
        Some((*next - 1, event.clone()))
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        lock(&self.log).readers.remove(&self.reader);
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events(..)")
    }
}

/// The last events.
#[derive(Default)]
struct Log {
    /// Of one that was forgotten, nothing is left.
    events: VecDeque<Option<Event>>,
    /// The number of the last one; 0 before the first.
    last: u64,
    /// How many changes there were: events, and what has none.
    changes: u64,
    /// What each reader reads next.
    readers: HashMap<u64, u64>,
    /// The name of the last reader.
    reader: u64,
}

/// Where events come from.
pub(crate) struct Reporter {
    log: Arc<Mutex<Log>>,
    news: Mutex<Option<watch::Sender<()>>>,
}

impl Reporter {
    pub(crate) fn new() -> Self {
        Self { log: Arc::default(), news: Mutex::new(Some(watch::Sender::new(()))) }
    }

    pub(crate) fn report(&self, event: Event) {
        // Under this lock nothing is reported behind the end.
        let news = lock(&self.news);
        let Some(news) = &*news else { return };
        let mut log = lock(&self.log);
        if log.events.len() == BACKLOG {
            log.events.pop_front();
        }
        log.events.push_back(Some(event));
        log.last += 1;
        log.changes += 1;
        news.send_replace(());
    }

    /// Wakes those who watch for what has no event of its own: a label, say.
    pub(crate) fn changed(&self) {
        if let Some(news) = &*lock(&self.news) {
            lock(&self.log).changes += 1;
            news.send_replace(());
        }
    }

    /// Wakes with each event, and with each [`Reporter::changed`]; ends with the last one.
    pub(crate) fn news(&self) -> watch::Receiver<()> {
        lock(&self.news).as_ref().map_or_else(|| watch::channel(()).1, watch::Sender::subscribe)
    }

    /// The number of the last event; 0 before the first.
    pub(crate) fn sequence(&self) -> u64 {
        lock(&self.log).last
    }

    /// How many changes there were so far.
    pub(crate) fn revision(&self) -> u64 {
        lock(&self.log).changes
    }

    /// What comes behind an event, or from now on.
    pub(crate) fn subscribe(&self, since: Option<u64>) -> Events {
        let news = self.news();
        let mut log = lock(&self.log);
        let next = since.unwrap_or(log.last).min(log.last) + 1;
        log.reader += 1;
        let reader = log.reader;
        log.readers.insert(reader, next);
        Events { log: Arc::clone(&self.log), reader, news }
    }

    /// Reports an event once the slowest reader is not far behind.
    #[cfg(feature = "lab")]
    pub(crate) async fn report_paced(&self, event: Event) {
        let behind = |log: &Log| log.readers.values().any(|next| log.last.saturating_sub(*next) > BACKLOG as u64 / 2);
        while behind(&lock(&self.log)) {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        self.report(event);
    }

    /// Takes what names a burner's peers out of memory: a reader that has not read it has lost it.
    pub(crate) fn forget_peers(&self, burner: &BurnerId) {
        for event in &mut lock(&self.log).events {
            if event.as_ref().is_some_and(|event| event.names_peer_of(burner)) {
                *event = None;
            }
        }
    }

    /// Takes what was reported out of memory: a reader that has not read it has lost it.
    pub(crate) fn forget(&self) {
        // Not the places: who reads on is told how many are lost, and then what comes.
        lock(&self.log).events.iter_mut().for_each(|event| *event = None);
    }

    /// Ends all subscriptions once they are read to the end, and each later one at once.
    pub(crate) fn end(&self) {
        lock(&self.news).take();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slow_reader_is_told_what_it_lost() {
        let reporter = Reporter::new();
        let mut events = reporter.subscribe(None);
        let lost = BACKLOG as u64 + 5;
        for _ in 0..lost {
            reporter.report(Event::TorStarting);
        }
        assert_eq!(events.next_numbered().await, Some((lost, Event::Lagged { lost })));
        // A snapshot that is taken now has all of it.
        assert_eq!((events.try_next(), reporter.sequence()), (None, lost));
        reporter.report(Event::PrivateNetwork);
        reporter.end();
        assert_eq!(events.next_numbered().await, Some((lost + 1, Event::PrivateNetwork)));
        assert_eq!(events.next().await, None);
        assert_eq!(reporter.subscribe(None).next().await, None);
    }

    #[test]
    fn the_revision_counts_events_and_what_has_none_up_to_the_end() {
        let reporter = Reporter::new();
        reporter.report(Event::PrivateNetwork);
        reporter.changed();
        assert_eq!((reporter.sequence(), reporter.revision()), (1, 2));
        reporter.end();
        reporter.changed();
        assert_eq!(reporter.revision(), 2);
    }

    #[tokio::test]
    async fn a_reader_goes_on_from_where_another_was() {
        let reporter = Reporter::new();
        reporter.report(Event::PrivateNetwork);
        let sequence = reporter.sequence();
        reporter.report(Event::TorStarting);
        assert_eq!(reporter.subscribe(Some(sequence)).next().await, Some(Event::TorStarting));
        assert_eq!(reporter.subscribe(Some(0)).next().await, Some(Event::PrivateNetwork));
        // Nothing is in the future.
        let mut later = reporter.subscribe(Some(u64::MAX));
        assert_eq!(later.try_next(), None);
        reporter.report(Event::PrivateNetwork);
        assert_eq!(later.next().await, Some(Event::PrivateNetwork));
    }

    #[tokio::test]
    async fn what_comes_behind_forgotten_events_is_read_by_one_who_is_behind_too() {
        let reporter = Reporter::new();
        let (mut behind, mut up_to_date) = (reporter.subscribe(None), reporter.subscribe(None));
        reporter.report(Event::PrivateNetwork);
        reporter.report(Event::TorStarting);
        assert!([up_to_date.next().await, up_to_date.next().await].iter().all(Option::is_some));
        reporter.forget();
        reporter.report(Event::Locked);
        assert_eq!(behind.next_numbered().await, Some((2, Event::Lagged { lost: 2 })));
        for reader in [&mut behind, &mut up_to_date] {
            assert_eq!(reader.next_numbered().await, Some((3, Event::Locked)));
            assert_eq!(reader.try_next(), None);
        }
    }

    #[tokio::test]
    async fn what_names_peers_of_a_burner_is_forgotten_and_a_reader_that_is_behind_is_told() {
        let reporter = Reporter::new();
        let (mut early, mut late) = (reporter.subscribe(None), reporter.subscribe(None));
        let conversation = |burner: &str| Event::Conversation {
            burner: BurnerId(burner.to_owned()),
            peer: "p@b.example".to_owned().into(),
        };
        let events = [conversation("a"), conversation("a"), Event::TorStarting, conversation("b")];
        events.iter().cloned().for_each(|event| reporter.report(event));
        assert_eq!(early.next().await.as_ref(), Some(&events[0]));
        reporter.forget_peers(&BurnerId("a".to_owned()));
        for (reader, lost) in [(&mut early, 1), (&mut late, 2)] {
            assert_eq!(reader.next().await, Some(Event::Lagged { lost }));
            assert_eq!(reader.next().await, Some(Event::TorStarting));
            assert_eq!(reader.next().await.as_ref(), Some(&events[3]));
            assert_eq!(reader.try_next(), None);
        }
    }
}
