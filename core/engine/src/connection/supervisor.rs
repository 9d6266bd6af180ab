//! Which burners are connected: each connected again when it was cut off, until it is told to end, and at moments of its own.

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
use crate::account::State;
use crate::burner::LiveBurner;
use crate::context::Context;
use crate::event::{BurnerId, Connection};
use crate::locks::lock;
use crate::spread::{Spread, moment};
use crate::{Error, limits};

/// The connection of a burner.
type Pair = (Arc<LiveBurner>, Arc<ConnectionHandle>);

impl Context {
    /// The connections that were asked for.
    pub(crate) fn connections(&self) -> Vec<Pair> {
        // Locked, there are none.
        let burners = self.burners.all().unwrap_or_default().into_iter();
        burners.filter_map(|burner| burner.connection().map(|handle| (burner, handle))).collect()
    }

    /// Sets how far apart connections are. Of several that there are, one stays where there is to be one.
    pub(crate) fn set_spread(&self, spread: Spread) {
        *lock(&self.spread) = spread;
        if spread == Spread::OneAtATime {
            let _one_at_a_time = lock(&self.connecting);
            let mut connections = self.connections();
            connections.shuffle(&mut self.services.rng());
            self.end_others(connections.first().map(|(burner, _)| &burner.id));
        }
    }

    /// How long what a user asks for is put off: a moment.
    pub(crate) fn soon(&self) -> Duration {
        self.apart(limits::SOON.min(self.spread().time()))
    }

    /// Has those connect that were to stay connected in an earlier process.
    pub(crate) fn pick_up_wanted(self: &Arc<Self>) -> Result<(), Error> {
        let is_due = |burner: &Arc<LiveBurner>| {
            let account = burner.account();
            account.wanted && account.state == State::Active && burner.connection().is_none()
        };
        let mut due: Vec<Arc<LiveBurner>> = self.burners.all()?.into_iter().filter(is_due).collect();
        if self.spread() == Spread::OneAtATime {
            due.shuffle(&mut self.services.rng());
            due.truncate(usize::from(self.connections().is_empty()));
        }
        due.iter().try_for_each(|burner| self.pick_up(burner, true, self.apart(self.spread().time())))
    }

    /// Has a burner's connection begin after a wait, unless it has. `wanted`: also the next time that the engine wakes. A user
    /// who asks again hurries it (see [`ConnectionHandle::hurry`]).
    pub(crate) fn pick_up(
        self: &Arc<Self>,
        burner: &Arc<LiveBurner>,
        wanted: bool,
        wait: Duration,
    ) -> Result<(), Error> {
        let connecting = lock(&self.connecting);
        if self.tasks.closing.is_cancelled() {
            return Err(Error::Closed);
        }
        // Under the lock: the call that puts the engine to sleep ends the connections that are there after this.
        if self.tasks.are_asleep() {
            return Err(Error::Suspended);
        }
        if let Some(handle) = burner.connection().filter(|handle| !handle.is_over()) {
            if wanted {
                handle.want();
                handle.hurry();
            }
            return Ok(());
        }
        let handle = Arc::new(ConnectionHandle::new(wanted));
        // Under the same lock: of two calls at one time the second ends what the first has begun.
        let before = if self.spread() == Spread::OneAtATime { self.end_others(Some(&burner.id)) } else { Vec::new() };
        burner.set_connection(Some(Arc::clone(&handle)));
        drop(connecting);
        let (context, burner) = (Arc::clone(self), Arc::clone(burner));
        // Not among what ends with being awake: it ends in an order of its own.
        self.tasks.spawn_always(async move { run(&context, &burner, &handle, &before, wait).await });
        Ok(())
    }

    /// Ends all connections but one; gives those that have not ended yet, whenever they were told to.
    fn end_others(&self, keeps: Option<&BurnerId>) -> Vec<Arc<ConnectionHandle>> {
        for (burner, handle) in self.connections() {
            if Some(&burner.id) != keeps {
                burner.set_connection(None);
                handle.end(Ending::Pause);
                self.leaves(handle);
            }
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
    pub(crate) fn hang_up(&self, burner: &LiveBurner, ending: Ending) -> bool {
        let _one_at_a_time = lock(&self.connecting);
        let Some(handle) = burner.set_connection(None) else { return false };
        handle.end(ending);
        self.leaves(handle);
        true
    }

    /// Ends all connections by `until`, each at a moment of its own before that.
    pub(crate) async fn end_connections(&self, until: Instant) {
        let handles = {
            let _one_at_a_time = lock(&self.connecting);
            let leaving = lock(&self.leaving).clone();
            self.connections().into_iter().map(|(_, handle)| handle).chain(leaving)
        };
        let handles: Vec<_> = handles.filter(|handle| !handle.is_over()).collect();
        let room = until.saturating_duration_since(Instant::now()).saturating_sub(limits::PARTING);
        let alone = handles.len() == 1;
        let endings = handles.into_iter().map(|handle| {
            let wait = if alone { Duration::ZERO } else { moment(&mut self.services.rng(), room) };
            async move {
                sleep(wait).await;
                handle.end_by(until).await;
            }
        });
        join_all(endings).await;
    }

    /// Has each connection show that it works.
    pub(crate) fn network_changed(self: &Arc<Self>) {
        for (_, handle) in self.connections() {
            let wait = self.apart(self.spread().time());
            self.tasks.spawn(async move {
                sleep(wait).await;
                handle.network_changed();
                Ok(())
            });
        }
    }

    /// Waits, by the clock that goes on while the device sleeps.
    pub(crate) async fn wait(&self, time: Duration) {
        let until = self.services.clock.since_boot() + time;
        loop {
            let left = until.saturating_sub(self.services.clock.since_boot());
            if left.is_zero() {
                return;
            }
            // In slices: the timer stands still while the device sleeps.
            sleep(left.min(limits::MAX_SLEEP)).await;
        }
    }
}

/// Keeps a burner connected until that is told to end, or to go on would be of no use. `before`: those that have to have ended
/// first.
async fn run(
    context: &Arc<Context>,
    burner: &Arc<LiveBurner>,
    handle: &ConnectionHandle,
    before: &[Arc<ConnectionHandle>],
    wait: Duration,
) {
    let _over = handle.over.clone().drop_guard();
    if handle.abort.run_until_cancelled(live(context, burner, handle, before, wait)).await.is_none() {
        burner.note_connection(handle, Connection::Offline);
    }
}

async fn live(
    context: &Arc<Context>,
    burner: &Arc<LiveBurner>,
    handle: &ConnectionHandle,
    before: &[Arc<ConnectionHandle>],
    wait: Duration,
) {
    let first =
        if context.tor.can_dial() { Connection::Connecting } else { Connection::Waiting { why: Error::TorNotStarted } };
    burner.note_connection(handle, first);
    for other in before {
        tokio::select! {
            () = other.over() => {}
            _ = handle.ended() => return burner.note_connection(handle, Connection::Offline),
        }
    }
    // What follows a panic, in a library say, is a new attempt like after any other failure.
    let mut failures = 0;
    let mut pause = wait;
    loop {
        tokio::select! {
            () = pausing(context, burner, handle, pause, &mut failures) => {}
            _ = handle.ended() => break,
        }
        let mut reached = Reached::default();
        let attempt = AssertUnwindSafe(attempt(context, burner, handle, &mut reached));
        let why = match Box::pin(attempt).catch_unwind().await.unwrap_or(Err(Error::Internal)) {
            Ok(()) => break,
            Err(why) => why,
        };
        // What the user asked for meanwhile this attempt was to do: it does not shorten the wait that follows.
        let _ = handle.hurry.notified().now_or_never();
        if is_final(&why) {
            handle.set_drained(true, handle.drains());
            return burner.note_connection(handle, Connection::Ended { why });
        }
        // Where Tor has ended, it is no fault of the server that the stream has.
        let why = if context.tor.can_dial() { why } else { Error::TorNotStarted };
        if reached.online.is_some_and(|since| context.services.clock.since_boot() >= since + limits::HELD) {
            failures = 0;
        }
        if is_of_network(&why, reached.server) {
            // The next attempt must not depend on what has failed.
            context.new_circuits(&burner.id);
        }
        let longest = context.profile().longest_wait();
        // A full disk is not the network's fault, and the server sends everything again each time.
        let is_full = matches!(why, Error::StorageFull | Error::Storage);
        let most = if is_full { longest } else { limits::BACK_OFF.saturating_mul(1 << failures.min(16)).min(longest) };
        burner.note_connection(handle, Connection::Waiting { why });
        pause = most.mul_f64(context.services.rng().random_range(0.1..=1.0)) + context.apart(context.spread().time());
        failures += 1;
    }
    burner.note_connection(handle, Connection::Offline);
}

#[cfg(test)]
pub(crate) mod tests;
