//! One secured stream to a server: dial, TLS, features; and the login of an account on it.

use std::sync::Arc;
use std::time::Duration;

use flashpaper_tor::Target;
use flashpaper_xmpp::{Binding, ConnectError, Connection, Credentials, Domain, Ids, Security, Session};
use tokio::time::timeout;

use crate::account::{Account, Unbound};
use crate::burner::LiveBurner;
use crate::context::Context;
use crate::directory::Server;
use crate::event::{BurnerId, Step};
use crate::network::srv::{Endpoint, Endpoints};
use crate::route::{Route, Way};
use crate::seams::{ByteStream, Dial};
use crate::{Error, limits};

/// A stream with a certificate that was checked for the server's domain.
pub(crate) type Link = Connection<Box<dyn ByteStream>>;

/// A bound XMPP session.
pub(crate) type Bound = Session<Box<dyn ByteStream>>;

/// The source of ids for a registration that asks for its form with the stream header; none for other streams.
type Asks<'a> = Option<&'a mut Ids>;

/// Opens a link over the account's own circuits. Where an onion service does not answer it is tried on new circuits once,
/// then, if that is allowed, the exit is taken. Not more than that: an attacker who silences an onion service must not choose
/// paths.
pub(crate) async fn open(
    context: &Context,
    id: &BurnerId,
    server: &Server,
    way: Way,
    report: &mut (dyn FnMut(Step) + Send),
) -> Result<Link, Error> {
    open_asking(context, id, server, way, &mut None, report).await
}

async fn open_asking(
    context: &Context,
    id: &BurnerId,
    server: &Server,
    Way { first, then_exit }: Way,
    asks: &mut Asks<'_>,
    report: &mut (dyn FnMut(Step) + Send),
) -> Result<Link, Error> {
    let then_exit = then_exit && first == Route::Onion;
    let no_answer = |opened: &Result<Link, Error>| {
        matches!(opened, Err(Error::OnionUnreachable | Error::ServerUnreachable | Error::Timeout))
    };
    if !(then_exit && context.uses_exit(id)) {
        let mut opened = open_by(context, id, server, first, asks, report).await;
        if first == Route::Onion && no_answer(&opened) && context.new_circuits(id) {
            opened = open_by(context, id, server, first, asks, report).await;
        }
        if !(then_exit && no_answer(&opened)) {
            return opened;
        }
    }
    report(Step::OtherRoute { via: Route::Exit });
    let opened = open_by(context, id, server, Route::Exit, asks, report).await;
    context.set_uses_exit(id, opened.is_ok());
    opened
}

/// The next endpoint is tried only when nothing answers at one: a server that answers wrongly is refused. Where DNS has named the
/// endpoint that may be anybody, and a forged record is not to decide alone: not by a port that no exit takes, nor by silence.
async fn open_by(
    context: &Context,
    id: &BurnerId,
    server: &Server,
    route: Route,
    asks: &mut Asks<'_>,
    report: &mut (dyn FnMut(Step) + Send),
) -> Result<Link, Error> {
    let dial = context.dial_of(id).await?;
    let (mut endpoints, mut last, mut wrong) = (Endpoints::of(server, route)?, Error::ServerUnreachable, None);
    while let Some(Endpoint { at, is_from_dns }) = endpoints.next(context, id, &*dial).await {
        let mut opened = open_at(context, &*dial, &server.domain, &at, asks, report).await;
        if matches!(opened, Ok(Err(Failed::TooEarly))) {
            *asks = None;
            opened = open_at(context, &*dial, &server.domain, &at, asks, report).await;
        }
        match opened {
            Ok(Ok(link)) => return Ok(link),
            Ok(Err(Failed::NoAnswer(why))) => last = why,
            Ok(Err(Failed::TooEarly)) => last = Error::ServerUnreachable,
            Ok(Err(Failed::Wrong(why))) if is_from_dns => wrong = Some(why),
            Err(Error::Timeout | Error::TorBlocked) if is_from_dns => last = Error::ServerUnreachable,
            Ok(Err(Failed::Wrong(why))) | Err(why) => return Err(why),
        }
    }
    Err(wrong.unwrap_or(last))
}

/// Why another attempt may help.
enum Failed {
    /// Nothing answers there.
    NoAnswer(Error),
    /// The server was asked for a form too early.
    TooEarly,
    /// Who answers there cannot prove to be the server, or makes no sense.
    Wrong(Error),
}

async fn open_at(
    context: &Context,
    dial: &dyn Dial,
    domain: &Domain,
    (target, security): &(Target, Security),
    asks: &mut Asks<'_>,
    report: &mut (dyn FnMut(Step) + Send),
) -> Result<Result<Link, Failed>, Error> {
    let dialed = match dial.dial(target, limits::DIAL).await.map_err(Error::from) {
        Ok(dialed) => dialed,
        Err(why @ (Error::ServerUnreachable | Error::OnionUnreachable)) => return Ok(Err(Failed::NoAnswer(why))),
        Err(error) => return Err(error),
    };
    report(Step::Connected { circuit: dialed.circuit });
    let (stream, tls) = (dialed.stream, &context.tls);
    let opened = match asks {
        Some(ids) => within(limits::OPEN, Connection::open_to_register(stream, domain, *security, tls, ids)).await?,
        None => within(limits::OPEN, Connection::open(stream, domain, *security, tls)).await?,
    };
    match opened {
        Ok(link) => {
            report(Step::Secured);
            Ok(Ok(link))
        }
        // A dial through an exit is optimistic: that nothing listens shows here.
        Err(error @ (ConnectError::Closed | ConnectError::Silent)) => Ok(Err(Failed::NoAnswer(error.into()))),
        Err(ConnectError::TooEarly) => Ok(Err(Failed::TooEarly)),
        Err(error) => Ok(Err(Failed::Wrong(error.into()))),
    }
}

/// Opens a link for a burner.
pub(crate) async fn open_for(
    context: &Context,
    burner: &LiveBurner,
    report: &mut (dyn FnMut(Step) + Send),
) -> Result<Link, Error> {
    open_as(context, burner, None, report).await
}

/// The same, to register without an invitation: the form is asked for with the stream's header, which saves a round trip.
pub(crate) async fn open_to_register(
    context: &Context,
    burner: &LiveBurner,
    ids: &mut Ids,
    report: &mut (dyn FnMut(Step) + Send),
) -> Result<Link, Error> {
    open_as(context, burner, Some(ids), report).await
}

async fn open_as(
    context: &Context,
    burner: &LiveBurner,
    mut asks: Asks<'_>,
    report: &mut (dyn FnMut(Step) + Send),
) -> Result<Link, Error> {
    let account = burner.account();
    open_asking(context, &burner.id, &context.server_of(&account)?, account.way(), &mut asks, report).await
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
    let credentials = credentials(&burner.account());
    let session = within(limits::EXCHANGE, link.log_in(&credentials, context.services.ids())).await??;
    remember(burner, session.binding()).await?;
    report(Step::LoggedIn);
    Ok(session)
}

/// Stores what a login that has succeeded shows.
pub(crate) async fn remember(burner: &Arc<LiveBurner>, shown: Binding) -> Result<(), Error> {
    let account = burner.account();
    if shown == binding(&account) && account.refused.is_none() {
        return Ok(());
    }
    burner.change_on_disk(move |account| account.note_login(shown)).await
}

/// Says goodbye; a server that does not read is left without.
pub(crate) async fn close(session: Bound) {
    let _ = within(limits::GOODBYE, session.close()).await;
}

pub(crate) fn credentials(account: &Account) -> Credentials {
    Credentials::new(account.username.clone(), account.password.clone()).binding(binding(account))
}

const fn binding(account: &Account) -> Binding {
    match account {
        Account { binds: true, .. } => Binding::Bound,
        Account { unbound: Unbound::Needed, .. } => Binding::Unbound,
        Account { unbound: Unbound::NotOffered, .. } => Binding::NotOffered,
        Account { unbound: Unbound::New, .. } => Binding::Unknown,
    }
}

/// On the heap: streams and their parsers are large, and an app's threads may have small stacks.
pub(crate) fn within<T>(
    limit: Duration,
    work: impl Future<Output = T> + Send,
) -> impl Future<Output = Result<T, Error>> + Send {
    let work = timeout(limit, Box::pin(work));
    async { work.await.map_err(|_| Error::Timeout) }
}

#[cfg(test)]
mod tests {
    use flashpaper_tor::DialError;
    use futures::future::BoxFuture;
    use tempfile::TempDir;

    use super::*;
    use crate::connection::supervisor::tests::{engine, id};
    use crate::network::srv::tests::{DIRECT, DOMAIN, Resolver, STARTTLS, answer, host, srv};
    use crate::seams::{Dialed, Dialers};

    const ELSEWHERE: &str = "elsewhere.example";

    /// DNS names a host of somebody else's, where a dial fails so. At the server's own nobody listens.
    #[derive(Clone)]
    struct Misled(Resolver, DialError);

    impl Dialers for Misled {
        fn isolated(&self) -> Arc<dyn Dial> {
            Arc::new(self.clone())
        }
    }

    impl Dial for Misled {
        fn dial<'a>(&'a self, target: &'a Target, limit: Duration) -> BoxFuture<'a, Result<Dialed, DialError>> {
            let Self(resolver, why) = self;
            Box::pin(async move {
                let found = resolver.dial(target, limit).await;
                match target {
                    Target::Host { name, .. } if name == ELSEWHERE => Err(*why),
                    Target::Host { .. } => Err(DialError::HostUnreachable),
                    _ => found,
                }
            })
        }
    }

    #[tokio::test]
    async fn whatever_becomes_of_a_host_that_dns_names_the_server_itself_is_tried() {
        for why in [DialError::Timeout, DialError::TorUnavailable, DialError::HostUnreachable] {
            let (home, forged) = (TempDir::new().unwrap(), srv(DIRECT, (0, 0), ELSEWHERE, 25));
            let (engine, _) = engine(&home, &["a"]).await;
            let resolver = Resolver::new(vec![answer(DIRECT, vec![forged]), answer(STARTTLS, vec![])]);
            engine.start_on(Arc::new(Misled(resolver.clone(), why))).await.unwrap();
            let context = &engine.context;
            let mut server = context.named_server(DOMAIN).unwrap();
            for is_unlisted in [true, false] {
                server.is_unlisted = is_unlisted;
                let opened = open(context, &id("a"), &server, server.way(Some(Route::Exit)), &mut |_| ()).await;
                assert_eq!(opened.err(), Some(Error::ServerUnreachable), "{why:?}");
                let dialled = resolver.take();
                for host in [host(ELSEWHERE, 25), host(DOMAIN, 5223), host(DOMAIN, 5222)] {
                    assert!(dialled.contains(&host), "{host:?}, {why:?}");
                }
            }
            engine.close().await;
        }
    }
}
