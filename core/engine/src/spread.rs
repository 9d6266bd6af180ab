//! How the connections of several burners of one installation are kept from coming and going together: that would link them.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::join_all;
use rand::seq::SliceRandom as _;
use rand::{CryptoRng, RngExt as _};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use crate::event::BurnerId;
use crate::inner::{Inner, lock};
use crate::online::{Ending, Line};
use crate::store::Account;
use crate::{Error, limits};

/// How far apart the connections of several burners are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spread {
    /// What happens by itself (coming back after a sleep, a cut or another network) happens to each burner at a random moment
    /// within this time, at most ten minutes. Zero: at once, for all of them, which links them.
    Within {
        /// The time.
        time: Duration,
    },
    /// Never two at one time. One that is asked for while another is connected has that end first.
    OneAtATime,
}

impl Default for Spread {
    /// Within two minutes.
    fn default() -> Self {
        Self::Within { time: limits::SPREAD }
    }
}

impl Spread {
    /// What happens by itself is spread over this time.
    pub(crate) fn time(self) -> Duration {
        match self {
            Self::Within { time } => time.min(limits::LONGEST_SPREAD),
            Self::OneAtATime => limits::SPREAD,
        }
    }
}

/// A moment within a time, each as likely.
pub(crate) fn moment(rng: &mut dyn CryptoRng, within: Duration) -> Duration {
    within.mul_f64(rng.random_range(0.0..1.0))
}

impl Inner {
    pub(crate) fn spread(&self) -> Spread {
        *lock(&self.spread)
    }

    /// Sets how far apart connections are. Of several that there are, one stays where there is to be one.
    pub(crate) fn set_spread(&self, spread: Spread) {
        *lock(&self.spread) = spread;
        if spread == Spread::OneAtATime {
            let mut lines = lock(&self.lines);
            let keeps = lines.keys().next().cloned();
            self.end_others(&mut lines, keeps.as_deref().unwrap_or_default());
        }
    }

    /// How long what happens to a burner by itself is put off, within a time: where there is one alone, nothing links it.
    pub(crate) fn apart(&self, within: Duration) -> Duration {
        // Locked, there is nothing to be done.
        let several = self.read(|content| content.accounts.len() > 1).unwrap_or(false);
        if several { moment(&mut self.rng(), within) } else { Duration::ZERO }
    }

    /// How long what a user asks for is put off: a moment.
    pub(crate) fn soon(&self) -> Duration {
        self.apart(limits::SOON.min(self.spread().time()))
    }

    /// Accounts in random order.
    pub(crate) fn shuffled<T>(&self, mut items: Vec<T>) -> Vec<T> {
        items.shuffle(&mut self.rng());
        items
    }

    /// Has a burner's connection begin after a wait, unless it has. `wanted`: also the next time that the engine wakes. A user
    /// who asks again hurries it (see [`Line::hurry`]).
    pub(crate) fn pick_up(self: &Arc<Self>, id: &BurnerId, wanted: bool, wait: Duration) -> Result<(), Error> {
        let mut lines = lock(&self.lines);
        if self.closing.is_cancelled() {
            return Err(Error::Closed);
        }
        // Under the lock of the lines: the call that puts the engine to sleep ends the lines that are there after this.
        if self.is_asleep() {
            return Err(Error::Suspended);
        }
        if let Some(line) = lines.get(&id.0).filter(|line| !line.is_over()) {
            if wanted {
                line.want();
                line.hurry();
            }
            return Ok(());
        }
        let line = Arc::new(Line::new(wanted));
        // Under the same lock: of two calls at one time the second ends what the first has begun.
        let before = if self.spread() == Spread::OneAtATime { self.end_others(&mut lines, &id.0) } else { Vec::new() };
        lines.insert(id.0.clone(), Arc::clone(&line));
        drop(lines);
        let (inner, id) = (Arc::clone(self), id.clone());
        // Not among what ends with being awake: it ends in an order of its own.
        let work = AssertUnwindSafe(async move { line.run(&inner, &id, &before, wait).await });
        self.tasks.spawn_on(Box::pin(work.catch_unwind()), &self.runtime);
        Ok(())
    }

    /// Stores whether the app wants a burner connected.
    pub(crate) fn set_wanted(&self, account: &Account, wanted: bool) -> Result<(), Error> {
        if account.wanted == wanted {
            return Ok(());
        }
        self.commit(|content| {
            if let Some(account) = content.account_mut(&account.id) {
                account.wanted = wanted;
            }
        })
    }

    /// Ends all connections but one; those that have not ended yet, whenever they were told to.
    fn end_others(&self, lines: &mut HashMap<String, Arc<Line>>, id: &str) -> Vec<Arc<Line>> {
        for (_, line) in lines.extract_if(|other, _| other != id) {
            line.end(Ending::Pause);
            self.leaves(line);
        }
        lock(&self.leaving).clone()
    }

    /// A connection was told to end: the next one may have to wait for that.
    fn leaves(&self, line: Arc<Line>) {
        let mut leaving = lock(&self.leaving);
        leaving.push(line);
        leaving.retain(|line| !line.is_over());
    }

    /// Has a burner's connection end; whether there was one.
    pub(crate) fn hang_up(&self, id: &BurnerId, ending: Ending) -> bool {
        let Some(line) = lock(&self.lines).remove(&id.0) else { return false };
        line.end(ending);
        self.leaves(line);
        true
    }

    /// Ends all connections by `until`, each at a moment of its own before that.
    pub(crate) async fn end_lines(&self, until: Instant) {
        let lines: HashMap<_, _> = lock(&self.lines).clone();
        let lines: Vec<_> = lines.into_values().filter(|line| !line.is_over()).collect();
        let room = until.saturating_duration_since(Instant::now()).saturating_sub(limits::PARTING);
        let alone = lines.len() == 1;
        let endings = lines.into_iter().map(|line| {
            let wait = if alone { Duration::ZERO } else { moment(&mut self.rng(), room) };
            async move {
                sleep(wait).await;
                line.end_by(until).await;
            }
        });
        join_all(endings).await;
    }

    /// Has each connection show that it works.
    pub(crate) fn network_changed(self: &Arc<Self>) {
        let lines: Vec<_> = lock(&self.lines).values().cloned().collect();
        for line in lines {
            let wait = self.apart(self.spread().time());
            self.spawn(async move {
                sleep(wait).await;
                line.network_changed();
                Ok(())
            });
        }
    }

    /// Waits, by the clock that goes on while the device sleeps.
    pub(crate) async fn wait(&self, time: Duration) {
        let until = self.clock.since_boot() + time;
        loop {
            let left = until.saturating_sub(self.clock.since_boot());
            if left.is_zero() {
                return;
            }
            // In slices: the timer stands still while the device sleeps.
            sleep(left.min(limits::SLICE)).await;
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
