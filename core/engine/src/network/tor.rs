//! The start and the end of Tor, and the circuits of accounts.

use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use flashpaper_tor as tor;
use flashpaper_tor::Tor;
use rand::seq::IndexedRandom as _;
use tokio::sync::MutexGuard;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::bridges::TorAccess;
use crate::context::Context;
use crate::event::{BurnerId, Event};
use crate::locks::lock;
use crate::seams::{Dial, Dialers};
use crate::snapshot::TorStatus;
use crate::{Engine, Error, limits, reconcile};

impl Engine {
    /// Connects to Tor, then settles what an earlier run left behind, for a minute at most. After an error Tor goes on trying
    /// by itself, less and less often; called again, it starts anew at once. Where Tor runs by another way than `access` it
    /// ends, with all connections, and starts anew: over bridges nothing is ever tried directly. Where the future is dropped
    /// before Tor is ready, a Tor that this call has started ends, unless another call waits for it.
    ///
    /// # Errors
    /// Why Tor is not ready within `deadline`; [`Error::InvalidInput`] for what is no bridge, and nothing has changed then;
    /// [`Error::Suspended`], [`Error::Closed`], storage errors, [`Error::KeyDenied`].
    pub async fn start_tor(&self, access: TorAccess, deadline: Duration) -> Result<(), Error> {
        let dropped = CancellationToken::new();
        let _cancelled_with_this_future = dropped.clone().drop_guard();
        self.start_tor_until(access, deadline, dropped).await
    }

    /// [`Engine::start_tor`] that `end` ends as dropping its future does: with [`Error::Cancelled`], once Tor has ended.
    ///
    /// # Errors
    /// As [`Engine::start_tor`].
    pub async fn start_tor_until(
        &self,
        access: TorAccess,
        deadline: Duration,
        end: CancellationToken,
    ) -> Result<(), Error> {
        let context = Arc::clone(&self.context);
        let work = async move {
            let start = context.tor.start();
            let is_new = context.run_tor(Some(&access), false).await?;
            let ready = end.run_until_cancelled(context.tor_ready(deadline.min(limits::FOR_EVER))).await;
            drop(start);
            let Some(ready) = ready else {
                if is_new {
                    context.give_up_tor().await;
                }
                return Err(Error::Cancelled);
            };
            ready?;
            // What takes longer is left to the next start.
            let settled = timeout(limits::SETTLING, reconcile::settle_all(&context));
            end.run_until_cancelled(settled).await.ok_or(Error::Cancelled)?.unwrap_or(Ok(()))
        };
        self.context.tasks.while_awake(work).await
    }

    /// Ends Tor, with all connections: there is no traffic until [`Engine::start_tor`] or [`Engine::sync_once`], and
    /// [`Engine::resume`] does not bring it back. Burners that were to be connected wait for the next start. A call that waits for
    /// Tor fails with [`Error::TorNotStarted`]. May be called at any time, also while the engine is suspended or locked.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub async fn stop_tor(&self) -> Result<(), Error> {
        let context = Arc::clone(&self.context);
        let work = async move {
            let last = context.tor.starting.lock().await;
            context.end_for_good(last).await;
            Ok(())
        };
        self.context.tasks.supervised(work).await
    }
}

impl Context {
    /// The dialer of an account. Where Tor was started, after a sleep say, and is not ready, that is waited for.
    pub(crate) async fn dial_of(&self, id: &BurnerId) -> Result<Arc<dyn Dial>, Error> {
        let dialers = self.dialers().await?;
        Ok(lock(&self.tor.circuits).of(&id.0, || dialers.isolated()))
    }

    /// The DNS server that an account asks by its exit; none in a network that has none.
    pub(crate) fn resolver_of(&self, id: &BurnerId) -> Option<SocketAddr> {
        let draw = || self.resolvers.choose(&mut self.services.rng()).copied();
        lock(&self.tor.circuits).resolver(&id.0, draw)
    }

    /// Has the account's next streams share no circuit with those before, unless it had as many as it may have within an hour:
    /// the same are used on then. Whether they are new.
    pub(crate) fn new_circuits(&self, id: &BurnerId) -> bool {
        lock(&self.tor.circuits).renew(&id.0, self.services.clock.since_boot())
    }

    /// Whether an account's server is reached by an exit for now, as its onion service did not answer.
    pub(crate) fn uses_exit(&self, id: &BurnerId) -> bool {
        lock(&self.tor.circuits).uses_exit(&id.0, self.services.clock.since_boot())
    }

    /// The onion service did not answer, and the exit did: or it did not, either. Each dial of a dead onion service builds
    /// circuits.
    pub(crate) fn set_uses_exit(&self, id: &BurnerId, answered: bool) {
        let until = answered.then(|| self.services.clock.since_boot() + limits::CIRCUITS_WINDOW);
        lock(&self.tor.circuits).set_by_exit_until(&id.0, until);
    }

    /// Where Tor was started, after a sleep say, and is not ready, that is waited for.
    pub(crate) async fn dialers(&self) -> Result<Arc<dyn Dialers>, Error> {
        let mut dialers = self.tor.dialers.subscribe();
        let there = async {
            loop {
                if let Some(dialers) = &*dialers.borrow_and_update() {
                    return Ok(Arc::clone(dialers));
                }
                // A start that is under way has no client for a moment.
                drop(self.tor.starting.lock().await);
                if !self.tor.can_dial() {
                    return Err(Error::TorNotStarted);
                }
                // The sender is ours.
                let _ = dialers.changed().await;
            }
        };
        timeout(limits::DIAL, there).await.unwrap_or_else(|_| {
            let blocked = lock(&self.services.tor_status).as_ref().and_then(|status| status.blocked.clone());
            Err(blocked.unwrap_or(Error::TorBlocked))
        })
    }

    /// Whether Tor said last that it can be used.
    pub(crate) fn is_tor_ready(&self) -> bool {
        lock(&self.services.tor_status).as_ref().is_some_and(|status| status.ready)
    }

    /// Those before are of no use any more.
    pub(crate) fn set_dialers(&self, dialers: Option<Arc<dyn Dialers>>) {
        self.tor.dialers.send_replace(dialers);
        self.services.expiry.notify_one();
        lock(&self.tor.circuits).end();
    }

    /// Has the one Tor client run, by another way than before if one is named. In an engine that is woken: if it ran before.
    /// Whether it is a new client.
    pub(crate) async fn run_tor(self: &Arc<Self>, access: Option<&TorAccess>, only_again: bool) -> Result<bool, Error> {
        let mut last = self.tor.starting.lock().await;
        let Some(access) = access.filter(|_| last.is_some() || !only_again).or(last.as_ref()).cloned() else {
            return Ok(false);
        };
        let config = tor::Config { access: access.parse()?, ..self.tor.config.clone() };
        let is_stuck = self.tor.client.borrow().as_ref().map(|tor| tor.is_stuck());
        if let Some(is_stuck) = is_stuck {
            if last.as_ref() == Some(&access) && !is_stuck {
                return Ok(false);
            }
            end(self.take_tor()).await;
        }
        // Where the start fails, it is not tried again the old way.
        if let Some(last) = &mut *last {
            *last = access.clone();
        }
        if matches!(self.tor.config.network, tor::Network::Private(_)) {
            self.services.reporter.report(Event::PrivateNetwork);
        }
        self.services.reporter.report(Event::TorStarting);
        let tor = Arc::new(Tor::start(config).await?);
        let (mut status, own) = (tor.status(), Arc::downgrade(&tor));
        self.tor.client.send_replace(Some(tor));
        *last = Some(access);
        // Where no relay answers, nothing changes for long: it is told that Tor has begun.
        self.report_tor(&own, &status.borrow_and_update());
        let (context, closing) = (Arc::downgrade(self), self.tasks.closing.clone());
        self.tasks.spawn_always(closing.run_until_cancelled_owned(async move {
            while status.changed().await.is_ok() {
                let Some(context) = context.upgrade() else { return };
                context.report_tor(&own, &status.borrow_and_update());
                context.services.expiry.notify_one();
            }
        }));
        Ok(true)
    }

    /// Ends Tor that was never ready, where no other call waits for it: the user may want none of its traffic any more.
    async fn give_up_tor(&self) {
        let last = self.tor.starting.lock().await;
        if !self.tor.is_waited_for() && self.tor.dialers.borrow().is_none() {
            self.end_for_good(last).await;
        }
    }

    /// Ends Tor, and does not have it run again with the engine.
    async fn end_for_good(&self, mut last: MutexGuard<'_, Option<TorAccess>>) {
        *last = None;
        end(self.take_tor()).await;
        self.services.reporter.changed();
    }

    /// Waits until Tor can be used.
    pub(crate) async fn tor_ready(&self, deadline: Duration) -> Result<(), Error> {
        let begin = Instant::now();
        loop {
            let left = deadline.saturating_sub(begin.elapsed());
            let (own, ready, mut status) = {
                let tor = self.tor.client.borrow();
                let tor = tor.as_ref().ok_or(Error::TorNotStarted)?;
                (Arc::downgrade(tor), tor.ready(left), tor.status())
            };
            let ready = self.tasks.closing.run_until_cancelled(ready).await.ok_or(Error::Closed)?;
            self.report_tor(&own, &status.borrow_and_update());
            // One that another start has ended is waited for no more.
            if ready.is_ok() || self.runs(&own) || left.is_zero() {
                return Ok(ready?);
            }
            // A start that is under way has none for a moment.
            drop(self.tor.starting.lock().await);
        }
    }

    fn runs(&self, client: &Weak<Tor>) -> bool {
        self.tor.client.borrow().as_ref().is_some_and(|present| Weak::ptr_eq(&Arc::downgrade(present), client))
    }

    /// Ends Tor. What is waited for by the handle is that nothing of it is left; who starts Tor again waits, too.
    pub(crate) async fn end_tor(&self) -> JoinHandle<Option<()>> {
        let one_at_a_time = Arc::clone(&self.tor.starting).lock_owned().await;
        let tor = self.take_tor();
        let work = async move {
            let _one_at_a_time = one_at_a_time;
            end(tor).await;
        };
        self.tasks.spawn_always(work)
    }

    /// From here on nobody dials.
    fn take_tor(&self) -> Option<Arc<Tor>> {
        let tor = self.tor.client.send_replace(None);
        if tor.is_some() {
            self.set_dialers(None);
            self.services.set_tor_status(None);
        }
        tor
    }

    /// Told by who sees a status of the present client first; told once. When it tells that Tor is ready, streams can be opened.
    fn report_tor(&self, of: &Weak<Tor>, status: &tor::Status) {
        // Held: the client does not end while this is told of it.
        let present = self.tor.client.borrow();
        let Some(tor) = present.as_ref().filter(|tor| Weak::ptr_eq(&Arc::downgrade(tor), of)) else { return };
        if status.is_ready() {
            let first = |dialers: &mut Option<Arc<dyn Dialers>>| {
                dialers.is_none() && dialers.replace(Arc::clone(tor) as _).is_none()
            };
            if self.tor.dialers.send_if_modified(first) {
                // One who dialled as the client before ended may have left circuits of it.
                lock(&self.tor.circuits).end();
            }
        }
        let blocked = status.blocked.map(|b| Error::from(tor::NotReady { blocked: Some(b) }));
        let (fraction, stage, ready) = (status.fraction, status.stage, status.is_ready());
        let status = TorStatus { fraction, stage, ready, blocked: blocked.clone() };
        if self.services.set_tor_status(Some(status)) {
            self.services.reporter.report(Event::Tor { fraction, stage, ready, blocked });
        }
    }
}

async fn end(tor: Option<Arc<Tor>>) {
    if let Some(tor) = tor.and_then(Arc::into_inner) {
        tor.close().await;
    }
}

#[cfg(test)]
mod tests;
