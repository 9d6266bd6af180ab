//! Making a burner: draw an identity, seal it, register it over circuits of its own, show that it can be reached.
//!
//! `plan` decides what is done next, `attempt` does it, `questions` has a person asked a `question`, `pending` holds the account meanwhile.
//! `choice` decides where to go on after a refusal, by what is `learnt` of servers, and `quota` is our own cap.

mod attempt;
pub(crate) mod choice;
pub(crate) mod learnt;
mod options;
mod pending;
mod plan;
pub(crate) mod question;
pub(crate) mod questions;
pub(crate) mod quota;

use std::sync::Arc;

use flashpaper_chat::Address;
use tokio_util::sync::CancellationToken;

use self::attempt::Attempt;
use self::choice::{Choice, Next, Patience};
pub use self::options::CreateOptions;
use self::pending::PendingBurner;
use crate::context::Context;
use crate::directory::Server;
use crate::event::{Event, Step};
use crate::route::Way;
use crate::{Error, Route};

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
    let made = go_through_servers(context, options, cancel).await;
    // All that was dropped on the way, at once: a key store may ask the user each time. Where that fails, the next start does it.
    let _ = context.wipe().await;
    made
}

async fn go_through_servers(
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
        // On the heap: streams are large, and an app's threads may have small stacks.
        let (pending, end) = Box::pin(attempt.run(context, cancel)).await?;
        let Err(why) = end else { return Ok(pending) };
        counts = false;
        context.learn(server.domain.as_str(), &why).await;
        // Where the onion service did not answer, it was by the exit already.
        let route = if context.uses_exit(&pending.burner.id) { Route::Exit } else { way.first };
        let next = patience.next(&why, route);
        let from = Address::from(server.domain.as_str().to_owned());
        let id = pending.burner.id.clone();
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
