//! The services that all work uses: the clock, randomness, the store, the event log.

use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use flashpaper_chat::{Random, UnixTime};
use flashpaper_xmpp::Ids;
use tokio::sync::Notify;

use crate::event_log::Reporter;
use crate::high_water::HighWater;
use crate::locks::lock;
use crate::seams::Clock;
use crate::snapshot::TorStatus;
use crate::store::Store;

/// What a burner and all other work stand on.
pub(crate) struct Services {
    pub(crate) clock: Box<dyn Clock>,
    rng: Random,
    pub(crate) store: Store,
    pub(crate) reporter: Reporter,
    high_water: Mutex<HighWater>,
    /// Tor's status as it was last reported.
    pub(crate) tor_status: Mutex<Option<TorStatus>>,
    /// Tor has said last that the clock is wrong. One that ends takes nothing back: another has to say that it is right.
    clock_is_wrong: AtomicBool,
    /// When the next message or session expires may have changed.
    pub(crate) expiry: Notify,
}

impl Services {
    /// `latest`: the latest time that an earlier run has seen, in seconds since 1970.
    pub(crate) fn new(clock: Box<dyn Clock>, rng: Random, store: Store, latest: UnixTime) -> Self {
        let high_water = Mutex::new(HighWater::new(latest, clock.since_boot()));
        let (reporter, tor_status, expiry) = (Reporter::new(), Mutex::default(), Notify::new());
        Self { clock, rng, store, reporter, high_water, tor_status, clock_is_wrong: AtomicBool::new(false), expiry }
    }

    /// Seconds since 1970, by the device's clock.
    pub(crate) fn now(&self) -> UnixTime {
        UnixTime(self.clock.unix_seconds())
    }

    /// The time since the device was started.
    pub(crate) fn since_boot(&self) -> Duration {
        self.clock.since_boot()
    }

    /// The time that things expire by.
    pub(crate) fn expiry_now(&self) -> UnixTime {
        let wall = (!self.clock_is_wrong()).then(|| self.now());
        lock(&self.high_water).rise(wall, self.since_boot())
    }

    pub(crate) fn clock_is_wrong(&self) -> bool {
        self.clock_is_wrong.load(Relaxed)
    }

    /// What Tor says now; whether it is another than before. `None`: it does not run.
    pub(crate) fn set_tor_status(&self, status: Option<TorStatus>) -> bool {
        match &status {
            Some(status) if status.says_that_the_clock_is_wrong() => self.clock_is_wrong.store(true, Relaxed),
            Some(TorStatus { ready: true, .. }) => self.clock_is_wrong.store(false, Relaxed),
            _ => {}
        }
        let mut present = lock(&self.tor_status);
        let is_another = *present != status;
        *present = status;
        is_another
    }

    /// Does something with the store. What that finds wrong with it is in the snapshot: who watches that looks again.
    pub(crate) fn with_store<T>(&self, work: impl FnOnce(&Store) -> T) -> T {
        let before = self.store.report();
        let done = work(&self.store);
        if self.store.report() != before {
            self.reporter.changed();
        }
        done
    }

    pub(crate) fn rng(&self) -> Random {
        self.rng.clone()
    }

    pub(crate) fn ids(&self) -> Ids {
        Ids::new(Box::new(self.rng()))
    }
}
