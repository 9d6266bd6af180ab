//! Which burners are connected: each connected again when it was cut off, until it is told to end, and at moments of its own.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::join_all;
use rand::RngExt as _;
use rand::seq::SliceRandom as _;
use tokio::time::{Instant, sleep};

use super::backoff::{is_final, is_of_network, pausing};
use super::handle::{ConnectionHandle, Ending};
use super::session::{Reached, attempt};
use crate::event::{BurnerId, Connection};
use crate::inner::{Inner, lock};
use crate::spread::{Spread, moment};
use crate::store::Account;
use crate::{Error, limits};

impl Inner {
    pub(crate) fn spread(&self) -> Spread {
        *lock(&self.spread)
    }

    /// Sets how far apart connections are. Of several that there are, one stays where there is to be one.
    pub(crate) fn set_spread(&self, spread: Spread) {
        *lock(&self.spread) = spread;
        if spread == Spread::OneAtATime {
            let mut handles = lock(&self.handles);
            let keeps = handles.keys().next().cloned();
            self.end_others(&mut handles, keeps.as_deref().unwrap_or_default());
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
    /// who asks again hurries it (see [`ConnectionHandle::hurry`]).
    pub(crate) fn pick_up(self: &Arc<Self>, id: &BurnerId, wanted: bool, wait: Duration) -> Result<(), Error> {
        let mut handles = lock(&self.handles);
        if self.closing.is_cancelled() {
            return Err(Error::Closed);
        }
        // Under the lock of the handles: the call that puts the engine to sleep ends the connections that are there after this.
        if self.is_asleep() {
            return Err(Error::Suspended);
        }
        if let Some(handle) = handles.get(&id.0).filter(|handle| !handle.is_over()) {
            if wanted {
                handle.want();
                handle.hurry();
            }
            return Ok(());
        }
        let handle = Arc::new(ConnectionHandle::new(wanted));
        // Under the same lock: of two calls at one time the second ends what the first has begun.
        let before =
            if self.spread() == Spread::OneAtATime { self.end_others(&mut handles, &id.0) } else { Vec::new() };
        handles.insert(id.0.clone(), Arc::clone(&handle));
        drop(handles);
        let (inner, id) = (Arc::clone(self), id.clone());
        // Not among what ends with being awake: it ends in an order of its own.
        let work = AssertUnwindSafe(async move { run(&inner, &id, &handle, &before, wait).await });
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
    fn end_others(&self, handles: &mut HashMap<String, Arc<ConnectionHandle>>, id: &str) -> Vec<Arc<ConnectionHandle>> {
        for (_, handle) in handles.extract_if(|other, _| other != id) {
            handle.end(Ending::Pause);
            self.leaves(handle);
        }
        lock(&self.leaving).clone()
    }

    /// A connection was told to end: the next one may have to wait for that.
    fn leaves(&self, handle: Arc<ConnectionHandle>) {
        let mut leaving = lock(&self.leaving);
        leaving.push(handle);
        leaving.retain(|handle| !handle.is_over());
    }

    /// Has a burner's connection end; whether there was one.
    pub(crate) fn hang_up(&self, id: &BurnerId, ending: Ending) -> bool {
        let Some(handle) = lock(&self.handles).remove(&id.0) else { return false };
        handle.end(ending);
        self.leaves(handle);
        true
    }

    /// Ends all connections by `until`, each at a moment of its own before that.
    pub(crate) async fn end_lines(&self, until: Instant) {
        let handles: HashMap<_, _> = lock(&self.handles).clone();
        let handles: Vec<_> = handles.into_values().filter(|handle| !handle.is_over()).collect();
        let room = until.saturating_duration_since(Instant::now()).saturating_sub(limits::PARTING);
        let alone = handles.len() == 1;
        let endings = handles.into_iter().map(|handle| {
            let wait = if alone { Duration::ZERO } else { moment(&mut self.rng(), room) };
            async move {
                sleep(wait).await;
                handle.end_by(until).await;
            }
        });
        join_all(endings).await;
    }

    /// Has each connection show that it works.
    pub(crate) fn network_changed(self: &Arc<Self>) {
        let handles: Vec<_> = lock(&self.handles).values().cloned().collect();
        for handle in handles {
            let wait = self.apart(self.spread().time());
            self.spawn(async move {
                sleep(wait).await;
                handle.network_changed();
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

/// Keeps a burner connected until that is told to end, or to go on would be of no use. `before`: those that have to have ended
/// first.
async fn run(
    inner: &Inner,
    id: &BurnerId,
    handle: &ConnectionHandle,
    before: &[Arc<ConnectionHandle>],
    wait: Duration,
) {
    let _over = handle.over.clone().drop_guard();
    if handle.abort.run_until_cancelled(live(inner, id, handle, before, wait)).await.is_none() {
        inner.set_connection(id, handle, Connection::Offline);
    }
}

async fn live(
    inner: &Inner,
    id: &BurnerId,
    handle: &ConnectionHandle,
    before: &[Arc<ConnectionHandle>],
    wait: Duration,
) {
    inner.set_connection(id, handle, Connection::Connecting);
    // The waits of several burners begin with the network, or they would end with it.
    tokio::select! {
        () = inner.dialing() => {}
        _ = handle.ended() => return inner.set_connection(id, handle, Connection::Offline),
    }
    for other in before {
        tokio::select! {
            () = other.over() => {}
            _ = handle.ended() => return inner.set_connection(id, handle, Connection::Offline),
        }
    }
    // What follows a panic, in a library say, is a new attempt like after any other failure.
    let mut failures = 0;
    let mut pause = wait;
    loop {
        tokio::select! {
            () = pausing(inner, handle, pause, &mut failures) => {}
            _ = handle.ended() => break,
        }
        let mut reached = Reached::default();
        let attempt = AssertUnwindSafe(attempt(inner, id, handle, &mut reached));
        let why = match Box::pin(attempt).catch_unwind().await.unwrap_or(Err(Error::Internal)) {
            Ok(()) => break,
            Err(why) => why,
        };
        // What the user asked for meanwhile this attempt was to do: it does not shorten the wait that follows.
        let _ = handle.hurry.notified().now_or_never();
        if is_final(&why) {
            handle.drained.send_replace(true);
            return inner.set_connection(id, handle, Connection::Ended { why });
        }
        if reached.online.is_some_and(|since| inner.clock.since_boot() >= since + limits::HELD) {
            failures = 0;
        }
        if is_of_network(&why, reached.server) {
            // The next attempt must not depend on what has failed.
            inner.new_circuits(&id.0);
        }
        let longest = inner.profile().longest_wait();
        // A full disk is not the network's fault, and the server sends everything again each time.
        let is_full = matches!(why, Error::StorageFull | Error::Storage);
        let most = if is_full { longest } else { limits::BACK_OFF.saturating_mul(1 << failures.min(16)).min(longest) };
        inner.set_connection(id, handle, Connection::Waiting { why });
        pause = most.mul_f64(inner.rng().random_range(0.1..=1.0)) + inner.apart(inner.spread().time());
        failures += 1;
    }
    inner.set_connection(id, handle, Connection::Offline);
}

#[cfg(test)]
pub(crate) mod tests;
