//! One secured stream to a server: dial, TLS, features; and the login of an account on it.

use std::sync::Arc;
use std::time::Duration;

use flashpaper_xmpp::{ConnectError, Connection, Credentials, Session};
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::account::Account;
use crate::burner::LiveBurner;
use crate::context::Context;
use crate::directory::Server;
use crate::event::{BurnerId, Step};
use crate::network::srv::Endpoints;
use crate::route::{Route, Way};
use crate::seams::ByteStream;
use crate::{Error, limits};

/// A stream with a certificate that was checked for the server's domain.
pub(crate) type Link = Connection<Box<dyn ByteStream>>;

/// A bound XMPP session.
pub(crate) type Bound = Session<Box<dyn ByteStream>>;

/// Opens a link over the account's own circuits. Where an onion service does not answer it is tried on new circuits once,
/// then, if that is allowed, the exit is taken. Not more than that: an attacker who silences an onion service must not choose
/// paths.
pub(crate) async fn open(
    context: &Context,
    id: &BurnerId,
    server: &Server,
    Way { first, then_exit }: Way,
    report: &mut (dyn FnMut(Step) + Send),
) -> Result<Link, Error> {
    let then_exit = then_exit && first == Route::Onion;
    let no_answer = |opened: &Result<Link, Error>| {
        matches!(opened, Err(Error::OnionUnreachable | Error::ServerUnreachable | Error::Timeout))
    };
    if !(then_exit && context.uses_exit(id)) {
        let mut opened = open_by(context, id, server, first, report).await;
        if first == Route::Onion && no_answer(&opened) && context.new_circuits(id) {
            opened = open_by(context, id, server, first, report).await;
        }
        if !(then_exit && no_answer(&opened)) {
            return opened;
        }
    }
    report(Step::OtherRoute { via: Route::Exit });
    let opened = open_by(context, id, server, Route::Exit, report).await;
    context.set_uses_exit(id, opened.is_ok());
    opened
}

/// The next endpoint is tried only when nothing answers at one: a server that answers wrongly is refused.
async fn open_by(
    context: &Context,
    id: &BurnerId,
    server: &Server,
    route: Route,
    report: &mut (dyn FnMut(Step) + Send),
) -> Result<Link, Error> {
    let dial = context.dial_of(id).await?;
    let (mut endpoints, mut last) = (Endpoints::of(server, route)?, Error::ServerUnreachable);
    while let Some((target, security)) = endpoints.next(context, id, &*dial).await {
        let dialed = match dial.dial(&target, limits::DIAL).await.map_err(Error::from) {
            Ok(dialed) => dialed,
            Err(error @ (Error::ServerUnreachable | Error::OnionUnreachable)) => {
                last = error;
                continue;
            }
            Err(error) => return Err(error),
        };
        report(Step::Connected { circuit: dialed.circuit });
        let opening = Connection::open(dialed.stream, &server.domain, security, &context.tls);
        match within(limits::OPEN, opening).await? {
            Ok(connection) => {
                report(Step::Secured);
                return Ok(connection);
            }
            // A dial through an exit is optimistic: that nothing listens shows here.
            Err(ConnectError::Closed) => last = Error::ServerUnreachable,
            Err(error) => return Err(error.into()),
        }
    }
    Err(last)
}

/// Opens a link for a burner.
pub(crate) async fn open_for(
    context: &Context,
    burner: &LiveBurner,
    report: &mut (dyn FnMut(Step) + Send),
) -> Result<Link, Error> {
    let account = burner.account();
    let way = Way { first: account.route, then_exit: account.then_exit };
    open(context, &burner.id, &context.server_of(&account)?, way, report).await
}

/// Opens a link for a burner and logs in.
pub(crate) async fn log_in(
    context: &Context,
    burner: &Arc<LiveBurner>,
    report: &mut (dyn FnMut(Step) + Send),
) -> Result<Bound, Error> {
    let link = open_for(context, burner, report).await?;
    bind(context, link, burner, report).await
}

/// Logs in on an open link and binds a random resource.
pub(crate) async fn bind(
    context: &Context,
    link: Link,
    burner: &Arc<LiveBurner>,
    report: &mut (dyn FnMut(Step) + Send),
) -> Result<Bound, Error> {
    let (binds, ids) = (link.binds_logins(), context.services.ids());
    let session = within(limits::EXCHANGE, link.log_in(&credentials(&burner.account()), ids)).await??;
    remember(burner, binds).await?;
    report(Step::LoggedIn);
    Ok(session)
}

/// A login has succeeded. Whether it was bound to its TLS connection only counts now: what is offered before, anybody in
/// between can say.
pub(crate) async fn remember(burner: &Arc<LiveBurner>, binds: bool) -> Result<(), Error> {
    let account = burner.account();
    if (!binds || account.binds) && account.refused.is_none() {
        return Ok(());
    }
    let change = move |account: &mut Account| {
        account.binds |= binds;
        // A refusal before it was the server's fault.
        account.refused = None;
    };
    burner.change_on_disk(change).await
}

/// Says goodbye; a server that does not read is left without.
pub(crate) async fn close(session: Bound) {
    let _ = within(limits::GOODBYE, session.close()).await;
}

pub(crate) fn credentials(account: &Account) -> Credentials {
    Credentials::new(account.username.clone(), Zeroizing::new(account.password.clone())).binding(account.binds)
}

/// On the heap: streams and their parsers are large, and an app's threads may have small stacks.
pub(crate) fn within<T>(
    limit: Duration,
    work: impl Future<Output = T> + Send,
) -> impl Future<Output = Result<T, Error>> + Send {
    let work = timeout(limit, Box::pin(work));
    async { work.await.map_err(|_| Error::Timeout) }
}
