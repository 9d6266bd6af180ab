//! Starting, sleeping, waking and closing. How an engine is opened is in [`crate::opening`].

use std::sync::Arc;
use std::time::Duration;

use rand::seq::SliceRandom as _;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::account::State;
use crate::burner::LiveBurner;
use crate::connection::handle::ConnectionHandle;
use crate::context::Context;
use crate::error::Input;
use crate::event::{Connection, Event};
use crate::locks::lock;
use crate::network::bridges::TorAccess;
use crate::registration::learnt::Lessons;
use crate::snapshot::SyncReport;
use crate::store::{Installation, Store};
use crate::tasks::blocking;
use crate::{Engine, Error, limits, reconcile};

impl Engine {
    /// What [`Engine::start_tor`] does once it has dialers. For tests: with other dialers there is no Tor.
    #[cfg(any(test, feature = "lab"))]
    pub async fn start_on(&self, dialers: Arc<dyn crate::seams::Dialers>) -> Result<(), Error> {
        self.context.set_dialers(Some(dialers));
        let context = Arc::clone(&self.context);
        self.context.tasks.while_awake(async move { reconcile::settle_all(&context).await }).await
    }

    /// Lets go of the network and the folder within `deadline`, ten minutes at most, for a phone's sleep: Tor ends, and there is no
    /// traffic, no wake-up but that of [`Engine::set_auto_lock`] and, unless a key store asks a user meanwhile, no lock. 3 seconds
    /// will do; several burners end at random moments within it, so that a longer one tells less that they are of one phone.
    /// Servers keep connections apart for some minutes, to be taken up again. What is under way ends as if the process did;
    /// [`Engine::resume`] settles it. A creation with an open question waits: the server asks anew then. The key and what is
    /// stored stay in memory, see [`Engine::lock`]. Goes on when the future is dropped.
    ///
    /// # Errors
    /// [`Error::Timeout`]: it is suspended, and something of it ends later: Tor, or work that a key store keeps waiting.
    /// [`Error::Closed`].
    pub async fn suspend(&self, deadline: Duration) -> Result<(), Error> {
        self.context.interrupt_sync();
        let context = Arc::clone(&self.context);
        let work = async move {
            let _one_at_a_time = context.transition.lock().await;
            context.fall_asleep(deadline.min(limits::LONGEST_SUSPENDING)).await
        };
        self.context.tasks.supervised(work).await
    }

    /// Ends [`Engine::suspend`]: opens the folder again, starts Tor if it ran, and has those burners connect that were, each
    /// at a random moment (see [`Engine::set_spread`]). Does nothing where the engine is awake. Goes on when the future is dropped.
    ///
    /// # Errors
    /// As [`Engine::open`], and [`Error::InUse`] where Tor runs for another process; it can be called again then.
    /// [`Error::VaultLocked`]: it is locked, or locks itself now as its time is over (see [`Engine::set_auto_lock`]).
    pub async fn resume(&self) -> Result<(), Error> {
        self.context.interrupt_sync();
        let context = Arc::clone(&self.context);
        let work = async move {
            let _one_at_a_time = context.transition.lock().await;
            context.lock_if_due().await?;
            context.wake(None).await?;
            context.tasks.resume();
            context.pick_up_again()
        };
        self.context.tasks.supervised(work).await
    }

    /// What a phone's background task does: resumes, starts Tor as [`Engine::start_tor`] does, connects those burners that the app wants
    /// connected (by [`Engine::connect`], in this process or an earlier one, and not [`Engine::disconnect`] since), waits until
    /// what there is has come and gone, and suspends, also an engine that was awake; all within `deadline`, but for 3 seconds and
    /// the time that a key source takes to open the folder. Several are connected one after the other, in random order and
    /// apart as far as `deadline` allows. Any other call that has the engine sleep, wake, lock or close ends it early. Dropping
    /// the future does, too, and suspends.
    ///
    /// # Errors
    /// As [`Engine::resume`] and [`Engine::start_tor`]; [`Error::Cancelled`] when it was ended early. That a burner cannot
    /// connect is no error: see [`SyncReport`]. For what is no bridge nothing has changed.
    pub async fn sync_once(&self, access: TorAccess, deadline: Duration) -> Result<SyncReport, Error> {
        self.sync_until(access, deadline, CancellationToken::new()).await
    }

    /// [`Engine::sync_once`] that `end` ends early, too: it suspends, and then fails with [`Error::Cancelled`].
    ///
    /// # Errors
    /// As [`Engine::sync_once`].
    pub async fn sync_until(
        &self,
        access: TorAccess,
        deadline: Duration,
        end: CancellationToken,
    ) -> Result<SyncReport, Error> {
        access.parse()?;
        let until = Instant::now() + deadline.min(limits::FOR_EVER);
        let interrupted = self.context.interrupt_sync();
        let _ended_when_dropped = interrupted.clone().drop_guard();
        let context = Arc::clone(&self.context);
        let work = async move {
            let _one_at_a_time = context.transition.lock().await;
            context.lock_if_due().await?;
            let before = context.connections();
            let woken = async {
                context.wake(Some(&access)).await?;
                tokio::select! {
                    done = timeout_at(until, sync(&context, &access, until)) => done.unwrap_or(Err(Error::Timeout)),
                    () = interrupted.cancelled() => Err(Error::Cancelled),
                    () = end.cancelled() => Err(Error::Cancelled),
                }
            };
            let report = woken.await;
            let asleep = context.fall_asleep(limits::SUSPENDING).await;
            context.restore(before);
            report.and_then(|report| asleep.map(|()| report))
        };
        self.context.tasks.supervised(work).await
    }

    /// [`Engine::suspend`], and takes all keys and contents out of memory. [`Engine::open`] with the key opens this engine
    /// again; until then every call that needs them fails with [`Error::VaultLocked`]. [`Event::Locked`] tells it. Goes on when
    /// the future is dropped.
    ///
    /// # Errors
    /// [`Error::Timeout`]: it is locked, but something under way has kept a key or contents in memory, and ends later.
    /// [`Error::Closed`].
    pub async fn lock(&self) -> Result<(), Error> {
        self.context.interrupt_sync();
        let context = Arc::clone(&self.context);
        let work = async move {
            let _one_at_a_time = context.transition.lock().await;
            context.lock().await
        };
        self.context.tasks.supervised(work).await
    }

    /// Has the engine lock itself, as [`Engine::lock`] does, once nobody has called [`Engine::touch`] for so long: by a clock that
    /// counts what the device sleeps, and also where the engine is suspended. [`Event::Locked`] tells it. `None`: it never does,
    /// as at first. It is not stored: the app sets it after each opening. It lasts over locking; the time begins now, and anew
    /// whenever [`Engine::open`] is given the key. Where a time that was set before is over, the engine locks itself, and nothing is set.
    ///
    /// A device that sleeps runs nothing: what was due meanwhile is done within a minute of its waking, and before
    /// [`Engine::resume`], [`Engine::sync_once`] or [`Engine::touch`] do anything else.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] with [`Input::AutoLock`]: the time is zero. Nothing has changed then.
    pub fn set_auto_lock(&self, after: Option<Duration>) -> Result<(), Error> {
        if after == Some(Duration::ZERO) {
            return Err(Error::InvalidInput { input: Input::AutoLock });
        }
        if self.context.auto_lock.set(after, self.context.services.since_boot()) {
            self.context.watch_auto_lock();
        } else {
            self.context.begin_to_lock();
        }
        Ok(())
    }

    /// The user does something: the time of [`Engine::set_auto_lock`] begins anew, unless it is over.
    pub fn touch(&self) {
        if !self.context.auto_lock.touch(self.context.services.since_boot()) {
            self.context.begin_to_lock();
        }
    }
}

impl Context {
    /// [`Error::Timeout`]: not all of it has ended by then.
    async fn fall_asleep(self: &Arc<Self>, deadline: Duration) -> Result<(), Error> {
        let until = Instant::now() + deadline;
        self.tasks.fall_asleep();
        self.end_connections(until).await;
        let mut in_time = true;
        for burner in self.burners.all().into_iter().flatten() {
            // What an attempt has given up is to be forgotten while the store is there.
            in_time &= timeout_at(until, burner.work.lock()).await.is_ok();
        }
        let context = Arc::clone(self);
        let key_unused = blocking(move || {
            context.services.store.key_unused();
            Ok(())
        });
        // What is being forgotten needs the store for that.
        in_time &= timeout_at(until, key_unused).await.is_ok();
        self.let_go(Store::suspend).await;
        self.burners.forget_sessions();
        let ended = self.end_tor().await;
        in_time &= timeout_at(until, ended).await.is_ok();
        self.services.reporter.changed();
        if in_time { Ok(()) } else { Err(Error::Timeout) }
    }

    /// See [`Engine::lock`]. For the holder of `transition`, as what follows.
    async fn lock(self: &Arc<Self>) -> Result<(), Error> {
        self.tasks.lock();
        let asleep = self.fall_asleep(limits::SUSPENDING).await;
        self.services.store.lock();
        let held: Vec<_> = self.burners.all().into_iter().flatten().map(|burner| Arc::downgrade(&burner)).collect();
        self.burners.shut(Error::VaultLocked);
        self.let_go_of_shared();
        self.services.reporter.forget();
        self.auto_lock.locked();
        self.services.reporter.report(Event::Locked);
        asleep?;
        // What has ended a moment ago lets go of its burner.
        let until = Instant::now() + limits::LETTING_GO;
        while held.iter().any(|burner| burner.strong_count() > 0) {
            if Instant::now() >= until {
                return Err(Error::Timeout);
            }
            sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }

    /// Locks the engine if it was left alone for too long: [`Error::VaultLocked`] then.
    async fn lock_if_due(self: &Arc<Self>) -> Result<(), Error> {
        if !self.auto_lock.is_due(self.services.since_boot()) {
            return Ok(());
        }
        // What is still in memory then is so for nobody who could be told.
        let _ = self.lock().await;
        Err(Error::VaultLocked)
    }

    /// It is due: unless the key is given before, the engine is locked.
    fn begin_to_lock(self: &Arc<Self>) {
        self.interrupt_sync();
        let context = Arc::clone(self);
        drop(self.tasks.supervised(async move {
            let _one_at_a_time = context.transition.lock().await;
            context.lock_if_due().await
        }));
    }

    /// Has the engine be locked once it was left alone for too long, in the place of the task that has watched over that before.
    pub(crate) fn watch_auto_lock(self: &Arc<Self>) {
        // It keeps no engine that nobody holds any more.
        let (watch, context) = (self.auto_lock.watch(), Arc::downgrade(self));
        let left = move || {
            let context = context.upgrade()?;
            let left = context.auto_lock.left(watch, context.services.since_boot())?;
            if left.is_zero() {
                context.begin_to_lock();
            }
            Some(left).filter(|left| !left.is_zero())
        };
        let watching = async move {
            while let Some(left) = left() {
                // In slices: the timer stands still while the device sleeps.
                sleep(left.min(limits::MAX_SLEEP)).await;
            }
        };
        self.tasks.spawn_always(self.tasks.closing.clone().run_until_cancelled_owned(watching));
    }

    /// Lets go of the store, once what is on its way to the disk is there.
    pub(crate) async fn let_go(self: &Arc<Self>, let_go: impl FnOnce(&Store) + Send + 'static) {
        let context = Arc::clone(self);
        let work = move || {
            for burner in context.burners.all().into_iter().flatten() {
                // Where it fails the server is asked again.
                let _ = burner.write_rest();
            }
            let_go(&context.services.store);
            Ok(())
        };
        let _ = blocking(work).await;
    }

    /// Takes over what was read as the folder was opened again.
    pub(crate) fn take_over(&self, read: Installation) {
        self.registrations.replace(read.registrations);
        self.learnt.replace(read.learnt);
        self.directory.replace((read.directory.as_ref(), read.own_servers.as_deref()));
        self.burners.replace(read.burners);
    }

    /// Takes what burners share out of memory.
    pub(crate) fn let_go_of_shared(&self) {
        self.registrations.replace(Vec::new());
        self.learnt.replace(Lessons::default());
        self.directory.replace((None, None));
    }

    /// With `access`, Tor is reached by that from now on.
    pub(crate) async fn wake(self: &Arc<Self>, access: Option<&TorAccess>) -> Result<(), Error> {
        let context = Arc::clone(self);
        let since_boot = self.services.since_boot();
        blocking(move || context.services.store.reopen(since_boot, |read| context.take_over(read))).await?;
        let was_asleep = self.tasks.wake();
        self.services.reporter.changed();
        if !was_asleep && access.is_none() {
            // Tor has ended with the last burner, say.
            return Ok(());
        }
        if was_asleep {
            self.begin_to_forget();
        }
        if let Err(error) = self.run_tor(access, true).await {
            if was_asleep {
                let _ = self.fall_asleep(limits::SUSPENDING).await;
            }
            return Err(error);
        }
        if was_asleep && self.tor.can_dial() {
            let context = Arc::clone(self);
            self.tasks.spawn(async move {
                context.tasks.closing.run_until_cancelled(context.tor.dialing()).await;
                timeout(limits::SETTLING, reconcile::settle_all(&context)).await.unwrap_or(Ok(()))
            });
        }
        Ok(())
    }

    /// Has those connect that were.
    fn pick_up_again(self: &Arc<Self>) -> Result<(), Error> {
        let again = |handle: &ConnectionHandle| handle.is_over() && !is_refused(handle);
        self.connections().into_iter().filter(|(_, handle)| again(handle)).try_for_each(|(burner, _)| {
            let wait = self.apart(self.spread().time());
            self.pick_up(&burner, true, wait)
        })
    }

    /// The app finds those connected that it has asked for.
    fn restore(&self, before: Vec<(Arc<LiveBurner>, Arc<ConnectionHandle>)>) {
        let _one_at_a_time = lock(&self.connecting);
        for burner in self.burners.all().into_iter().flatten() {
            let is_wanted = burner.connection().is_some_and(|handle| handle.is_wanted());
            let earlier = before.iter().find(|(other, _)| Arc::ptr_eq(other, &burner) && burner.account().wanted);
            if !is_wanted {
                burner.set_connection(earlier.map(|(_, handle)| Arc::clone(handle)));
            }
        }
    }
}

/// A server that has refused a burner is not asked again before the app says so.
fn is_refused(handle: &ConnectionHandle) -> bool {
    matches!(handle.connection(), Connection::Ended { .. })
}

async fn sync(context: &Arc<Context>, access: &TorAccess, until: Instant) -> Result<SyncReport, Error> {
    let start = context.tor.start();
    context.run_tor(Some(access), false).await?;
    context.tor_ready(until.saturating_duration_since(Instant::now())).await?;
    drop(start);
    drain_wanted(context, until).await
}

/// Has those burners that are wanted connect, and waits until what there is has come and gone.
pub(crate) async fn drain_wanted(context: &Arc<Context>, until: Instant) -> Result<SyncReport, Error> {
    let was_refused = |burner: &LiveBurner| burner.connection().is_some_and(|handle| is_refused(&handle));
    let is_due = |burner: &Arc<LiveBurner>| {
        let account = burner.account();
        account.wanted && account.state == State::Active && !was_refused(burner)
    };
    let mut due: Vec<Arc<LiveBurner>> = context.burners.all()?.into_iter().filter(is_due).collect();
    due.shuffle(&mut context.services.rng());
    let mut complete = true;
    let count = due.len();
    for (index, burner) in due.iter().enumerate() {
        // Each has its part of what is left: one that does not come must not keep the others.
        let part = until.saturating_duration_since(Instant::now()) / u32::try_from(count - index).unwrap_or(u32::MAX);
        let end = Instant::now() + part;
        if count > 1 {
            sleep(context.apart(context.spread().time().min(part / 4))).await;
        }
        let was_wanted = burner.connection().is_some_and(|handle| handle.is_wanted());
        context.pick_up(burner, was_wanted, Duration::ZERO)?;
        let Some(handle) = burner.connection() else { continue };
        complete &= timeout_at(end, handle.drained()).await.is_ok() && handle.connection().is_online();
        if count > 1 {
            handle.end_by(end + limits::PARTING).await;
        }
    }
    let (mut unread, mut outbox) = (0, 0);
    for burner in context.burners.all()? {
        for conversation in burner.conversations().unwrap_or_default() {
            unread += conversation.unread;
            outbox += conversation.outbox;
        }
    }
    Ok(SyncReport { unread, outbox, complete })
}

#[cfg(test)]
mod tests;
