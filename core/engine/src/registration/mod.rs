//! Making a burner: draw an identity, seal it, register it over circuits of its own, show that it can be reached.
//!
//! `plan` decides what is done next, `attempt` does it, `question` asks a person, `pending` holds the account meanwhile.
//! `choice` decides where to go on after a refusal, by what is `learnt` of servers, and `quota` is our own cap.

mod attempt;
pub(crate) mod choice;
pub(crate) mod learnt;
mod pending;
mod plan;
pub(crate) mod question;
pub(crate) mod quota;

use std::fmt;
use std::sync::Arc;

use flashpaper_chat::Address;
use flashpaper_vault::Batch;
use flashpaper_xmpp::Domain;
use flashpaper_xmpp::registration::Invitation;
use tokio_util::sync::CancellationToken;

use self::attempt::Attempt;
use self::choice::{Choice, Next, Patience};
use self::learnt::{Lesson, days};
use self::pending::PendingBurner;
use crate::context::Context;
use crate::directory::Server;
use crate::error::Input;
use crate::event::{Event, Step};
use crate::route::Way;
use crate::store::schema;
use crate::tasks::blocking;
use crate::{Error, Route};

/// What kind of burner to make. The default is what one tap does.
#[derive(Clone, Default)]
pub struct CreateOptions {
    /// The server's domain; a random good one of the directory when absent.
    pub server: Option<String>,
    /// The route, and no other. When absent: the onion address where there is one, and the exit where that does not answer.
    pub route: Option<Route>,
    /// Derive the identity from twelve recovery words instead of drawing each part. The words are evidence that links
    /// their holder to the account; [`crate::Engine::recovery_words`] has them until they are dropped.
    pub recoverable: bool,
    /// Only where nobody is asked anything: no CAPTCHA, no form. When not, [`Event::Question`] says that somebody is.
    pub asks_nothing: bool,
    /// A link that invites to a server (XEP-0401, XEP-0445): `xmpp:server?register;preauth=…`. It names the server, and is
    /// spent once there is an account. It is a secret.
    pub invitation: Option<String>,
}

impl fmt::Debug for CreateOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateOptions").field("route", &self.route).finish_non_exhaustive()
    }
}

impl CreateOptions {
    /// The invitation, and the server that it or the user names.
    fn read(&self) -> Result<(Option<Invitation>, Option<String>), Error> {
        let unusable = || Error::InvalidInput { input: Input::Invitation };
        let Some(link) = &self.invitation else { return Ok((None, self.server.clone())) };
        let invitation = Invitation::parse(link).map_err(|_| unusable())?;
        let domain = invitation.domain().as_str().to_owned();
        let is_other = |server: &String| Domain::parse(server).is_ok_and(|server| server != *invitation.domain());
        if self.server.as_ref().is_some_and(is_other) {
            return Err(unusable());
        }
        Ok((Some(invitation), Some(domain)))
    }
}

/// Looks at options without a network.
pub(crate) fn check(context: &Context, options: &CreateOptions) -> Result<(), Error> {
    let (_, named) = options.read()?;
    let server = first(context, options, named.as_deref())?;
    server.endpoints(server.way(options.route).first)?;
    context.registrations.check(context.services.now())
}

/// Makes an account, at the server that is named, or at one after the other until one takes it.
pub(crate) async fn create(
    context: &Arc<Context>,
    options: CreateOptions,
    cancel: &CancellationToken,
) -> Result<PendingBurner, Error> {
    let (invitation, named) = options.read()?;
    let mut server = first(context, &options, named.as_deref())?;
    let mut way = server.way(options.route);
    server.endpoints(way.first)?;
    let mut patience = Patience::new(named.is_none(), options.route.is_none());
    let (mut tried, mut counts) = (Vec::new(), true);
    loop {
        let attempt = Attempt { server: &server, way, options: &options, invitation: invitation.as_ref(), counts };
        let (pending, end) = attempt.run(context, cancel).await?;
        let Err(why) = end else { return Ok(pending) };
        counts = false;
        learn(context, server.domain.as_str(), &why).await;
        let next = patience.next(&why, way.first);
        let from = Address::from(server.domain.as_str().to_owned());
        let id = pending.burner.id.clone();
        if next == Next::End {
            pending.give_up().await;
            return Err(why);
        }
        // Never two accounts: one that may exist is settled first.
        if !pending.end().await? {
            return Err(why);
        }
        if cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        match next {
            Next::Again | Next::End => {}
            Next::ByExit => way = Way { first: Route::Exit, then_exit: false },
            Next::Elsewhere => {
                tried.push(server.domain.as_str().to_owned());
                let choice = Choice { route: options.route, asks_nothing: options.asks_nothing, tried: &tried };
                // Where there is no other, the last one's refusal says more.
                server = context.draw_server(&choice).map_err(|_| why.clone())?;
                way = server.way(options.route);
            }
        }
        context.services.reporter.report(Event::Creating { burner: id, step: Step::MovingOn { from, why } });
    }
}

fn first(context: &Context, options: &CreateOptions, named: Option<&str>) -> Result<Server, Error> {
    let choice = Choice { route: options.route, asks_nothing: options.asks_nothing, tried: &[] };
    named.map_or_else(|| context.draw_server(&choice), |domain| context.named_server(domain))
}

/// What the end of an attempt says about its server is kept. Where that fails, it is learnt once more another time.
async fn learn(context: &Arc<Context>, domain: &str, why: &Error) {
    let Some(lesson) = Lesson::of(why) else { return };
    let (context, domain, today) = (Arc::clone(context), domain.to_owned(), days(context.services.now()));
    let learn = move || {
        context.learnt.add((&domain, lesson, today), |lessons| {
            let mut batch = Batch::default();
            schema::put_learnt(&mut batch, lessons)?;
            context.services.store.commit(batch)
        })
    };
    let _ = blocking(learn).await;
}
