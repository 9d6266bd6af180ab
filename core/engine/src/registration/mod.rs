//! Making a burner: draw an identity, seal it, register it over circuits of its own, show that it can be reached.
//!
//! A `creation` is what an app holds. `plan` decides what is done next, `attempt` does it, `questions` has the user asked a `question`, `pending` holds the account meanwhile.
//! `servers` finds one, `choice` decides where to go on after a refusal, by what is `learnt` of servers, and `quota` is our own cap.

mod attempt;
pub(crate) mod choice;
pub(crate) mod creation;
pub(crate) mod learnt;
mod options;
mod pending;
mod plan;
pub(crate) mod progress;
pub(crate) mod question;
pub(crate) mod questions;
pub(crate) mod quota;
mod servers;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use flashpaper_chat::Address;
use flashpaper_xmpp::registration::Invitation;
use tokio_util::sync::CancellationToken;

use self::attempt::Attempt;
use self::choice::{Choice, Next, Patience};
pub use self::options::CreateOptions;
use self::pending::PendingBurner;
use self::progress::Told;
use crate::account::Expiry;
use crate::context::Context;
use crate::directory::Server;
use crate::event::Step;
use crate::route::Way;
use crate::{Error, Route};

/// Looks at options without a network.
pub(crate) fn check(context: &Context, options: &CreateOptions) -> Result<(), Error> {
    let (_, named) = options.read()?;
    options.expiry(context.services.expiry_now())?;
    let server = first(context, options, named.as_deref())?;
    server.endpoints(server.way(options.route).first)?;
    context.registrations.check(context.services.now())
}

/// Makes an account, at the server that is named, or at one after the other until one takes it. Asleep, it has ended, but where
/// the user was being asked: that is done anew once the app has the engine resume.
pub(crate) async fn create(
    context: &Arc<Context>,
    options: CreateOptions,
    cancel: &CancellationToken,
    told: &Told,
) -> Result<PendingBurner, Error> {
    let mut creation = Attempts::new(context, options, told)?;
    let _shares = cancel.run_until_cancelled(context.beginning.read()).await.ok_or(Error::Cancelled)?;
    loop {
        let going_on = async {
            // It ends with the last burner.
            cancel.run_until_cancelled(context.run_tor(None, true)).await.unwrap_or(Err(Error::Cancelled))?;
            let made = creation.go_on(cancel).await;
            // All that was dropped on the way, at once: a key store may ask the user each time. Where that fails, the next
            // start does it.
            let _ = context.wipe().await;
            made
        };
        if let Some(made) = context.tasks.awake().run_until_cancelled(going_on).await {
            return made;
        }
        if !creation.is_asking.load(Relaxed) {
            return Err(context.tasks.why_asleep());
        }
        cancel.run_until_cancelled(context.tasks.resumed()).await.unwrap_or(Err(Error::Cancelled))?;
    }
}

/// A creation, between its attempts.
struct Attempts<'a> {
    context: &'a Arc<Context>,
    told: &'a Told,
    options: CreateOptions,
    invitation: Option<Invitation>,
    expiry: Option<Expiry>,
    /// The user has named the server.
    named: bool,
    server: Server,
    way: Way,
    patience: Patience,
    tried: Vec<String>,
    /// The next attempt counts against our own cap.
    counts: bool,
    /// The user is being asked, or was as the engine fell asleep. No server has seen the identity then.
    is_asking: AtomicBool,
}

impl<'a> Attempts<'a> {
    fn new(context: &'a Arc<Context>, options: CreateOptions, told: &'a Told) -> Result<Self, Error> {
        let (invitation, named) = options.read()?;
        let expiry = options.expiry(context.services.expiry_now())?;
        let server = first(context, &options, named.as_deref())?;
        let way = server.way(options.route);
        server.endpoints(way.first)?;
        let mut patience = Patience::new(named.is_none(), options.route.is_none());
        if has_name(invitation.as_ref()) {
            patience = patience.with_one_name();
        }
        let (named, tried, counts, is_asking) = (named.is_some(), Vec::new(), true, AtomicBool::new(false));
        Ok(Self { context, told, options, invitation, expiry, named, server, way, patience, tried, counts, is_asking })
    }

    /// Makes one attempt after the other. Dropped while the user is asked, it can be called again.
    async fn go_on(&mut self, cancel: &CancellationToken) -> Result<PendingBurner, Error> {
        loop {
            let attempt = Attempt {
                server: &self.server,
                named: self.named,
                way: self.way,
                options: &self.options,
                invitation: self.invitation.as_ref(),
                expiry: self.expiry,
                counts: std::mem::take(&mut self.counts),
                is_asking: &self.is_asking,
                told: self.told,
            };
            // On the heap: streams are large, and an app's threads may have small stacks.
            let (pending, end) = Box::pin(attempt.run(self.context, cancel)).await?;
            let Err(why) = end else { return Ok(pending) };
            self.move_on(pending, self.named_end(why), cancel).await?;
        }
    }

    /// What an attempt's end is called: a name that is reserved was not drawn.
    fn named_end(&self, why: Error) -> Error {
        if has_name(self.invitation.as_ref()) && why == Error::NamesTaken { Error::ReservedNameTaken } else { why }
    }

    /// Gives an attempt up, and turns to the next if there is to be one.
    async fn move_on(&mut self, pending: PendingBurner, why: Error, cancel: &CancellationToken) -> Result<(), Error> {
        // Where the onion service did not answer, it was by the exit already.
        let route = if self.context.uses_exit(&pending.burner.id) { Route::Exit } else { self.way.first };
        let next = self.patience.next(&why, route);
        // A name that is taken says nothing of a server that takes the next one.
        if matches!(next, Next::Elsewhere | Next::End) {
            self.context.learn(&pending.burner.account(), &why).await;
        }
        let from = Address::from(self.server.domain.as_str().to_owned());
        let burner = pending.burner.id.clone();
        if next == Next::End {
            pending.give_up().await;
            return Err(why);
        }
        // Never two accounts: one that may exist is settled first.
        if !Box::pin(pending.end()).await? {
            return Err(why);
        }
        if cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        match next {
            Next::Again | Next::End => {}
            Next::ByExit => self.way = Way { first: Route::Exit, then_exit: false },
            Next::Elsewhere => {
                self.tried.push(self.server.domain.as_str().to_owned());
                let Self { options, tried, .. } = self;
                let choice = Choice { route: options.route, asks_nothing: options.asks_nothing, tried };
                // Where there is no other, the last one's refusal says more.
                self.server = self.context.draw_server(&choice).map_err(|_| why.clone())?;
                self.way = self.server.way(self.options.route);
            }
        }
        self.told.step(&self.context.services, &burner, Step::MovingOn { from, why });
        Ok(())
    }
}

/// Whether an invitation reserves a name.
fn has_name(invitation: Option<&Invitation>) -> bool {
    invitation.is_some_and(|invitation| invitation.username().is_some())
}

fn first(context: &Context, options: &CreateOptions, named: Option<&str>) -> Result<Server, Error> {
    let choice = Choice { route: options.route, asks_nothing: options.asks_nothing, tried: &[] };
    named.map_or_else(|| context.draw_server(&choice), |domain| context.named_server(domain))
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::account::tests::account;
    use crate::connection::supervisor::tests::engine;
    use crate::registration::learnt::{Lesson, days};

    #[tokio::test]
    async fn a_reserved_name_that_is_taken_ends_the_creation_and_is_told_as_such() {
        let home = TempDir::new().unwrap();
        let (engine, _) = engine(&home, &[]).await;
        for (link, told, goes_on) in [
            ("xmpp:juliet@jabber.example?register;preauth=one", Error::ReservedNameTaken, false),
            ("xmpp:jabber.example?register;preauth=one", Error::NamesTaken, true),
        ] {
            let options = CreateOptions { invitation: Some(link.to_owned()), ..CreateOptions::default() };
            let nobody = Told::nobody();
            let mut creation = Attempts::new(&engine.context, options, &nobody).unwrap();
            let why = creation.named_end(Error::NamesTaken);
            assert_eq!(why, told);
            let pending = PendingBurner::seal(&engine.context, account("a"), false).await.unwrap();
            let gone_on = creation.move_on(pending, why, &CancellationToken::new()).await;
            assert_eq!(gone_on, if goes_on { Ok(()) } else { Err(told) });
        }
        engine.close().await;
    }

    #[tokio::test]
    async fn of_a_server_that_is_tried_again_nothing_is_learnt() {
        let home = TempDir::new().unwrap();
        let (engine, _) = engine(&home, &[]).await;
        let context = &engine.context;
        let nobody = Told::nobody();
        let mut creation = Attempts::new(context, CreateOptions::default(), &nobody).unwrap();
        let first = creation.server.domain.as_str().to_owned();
        for (number, learnt) in [(1, None), (2, None), (3, Some(Lesson::NotToday))] {
            let mut sealed = account(&number.to_string());
            sealed.domain = first.clone();
            let pending = PendingBurner::seal(context, sealed, false).await.unwrap();
            creation.move_on(pending, Error::NamesTaken, &CancellationToken::new()).await.unwrap();
            let lessons = context.learnt.on(days(context.services.now()));
            let lessons = lessons.get(&first).into_iter().flat_map(|lessons| lessons.keys().copied());
            assert_eq!(lessons.collect::<Vec<_>>(), Vec::from_iter(learnt), "after {number}");
        }
        assert_ne!(creation.server.domain.as_str(), first);
        engine.close().await;
    }
}
