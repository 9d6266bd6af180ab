//! Notices that Arti is about to end the whole process.
//!
//! When a consensus requires a protocol that this Arti lacks, `arti-client` 0.47 (`TorClient`, the closure given to
//! `enforce_protocol_recommendations`) sleeps five seconds and calls `std::process::exit(1)`. It offers no hook, but
//! before that it logs one event at level ERROR from its module `protostatus`. The threads that run Arti carry this
//! subscriber: it turns that event into a flag, and the client then ends those threads before the five seconds are
//! over. A consensus from the cache makes the same event at once, and no end of the process: Arti's bootstrap fails then.
//! All other log output of Arti goes nowhere, which is what we want of it anyway.

use std::cell::RefCell;
use std::sync::Arc;

use tokio::sync::Notify;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Level, Metadata, Subscriber};

/// Where Arti decides that it is obsolete.
const DECIDED_IN: &str = "arti_client::protostatus";

thread_local! {
    static INSTALLED: RefCell<Option<DefaultGuard>> = const { RefCell::new(None) };
}

/// Makes the calling thread report to `obsolete` for as long as it lives.
pub(crate) fn watch_this_thread(obsolete: &Arc<Notify>) {
    let guard = tracing::subscriber::set_default(Watch(Arc::clone(obsolete)));
    INSTALLED.with_borrow_mut(|slot| *slot = Some(guard));
}

struct Watch(Arc<Notify>);

impl Subscriber for Watch {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() == Level::ERROR && metadata.target() == DECIDED_IN
    }

    fn event(&self, _: &Event<'_>) {
        // Stores the permit, so it does not matter whether anyone waits yet.
        self.0.notify_one();
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
