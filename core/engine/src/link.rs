//! One secured stream to a server: dial, TLS, features; and the login of an account on it.

use std::time::Duration;

use flashpaper_xmpp::{ConnectError, Connection, Credentials, Session};
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::directory::Server;
use crate::event::Step;
use crate::inner::Inner;
use crate::seams::{ByteStream, Dial};
use crate::store::Account;
use crate::{Error, Route, limits};

/// A stream whose certificate was checked for the server's domain.
pub(crate) type Link = Connection<Box<dyn ByteStream>>;

/// A bound XMPP session.
pub(crate) type Bound = Session<Box<dyn ByteStream>>;

/// Opens a link. The next endpoint is tried only when nothing answers at one: a server that answers wrongly is refused.
pub(crate) async fn open(
    inner: &Inner,
    dial: &dyn Dial,
    server: &Server,
    route: Route,
    report: &mut (dyn FnMut(Step) + Send),
) -> Result<Link, Error> {
    let mut last = Error::ServerUnreachable;
    for (target, security) in server.endpoints(route)? {
        let dialed = match dial.dial(&target, limits::DIAL).await.map_err(Error::from) {
            Ok(dialed) => dialed,
            Err(error @ (Error::ServerUnreachable | Error::OnionUnreachable)) => {
                last = error;
                continue;
            }
            Err(error) => return Err(error),
        };
        report(Step::Connected { circuit: dialed.circuit });
        let opening = Connection::open(dialed.stream, &server.domain, security, &inner.tls);
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

/// Opens a link for an account and logs in.
pub(crate) async fn log_in(
    inner: &Inner,
    account: &Account,
    report: &mut (dyn FnMut(Step) + Send),
) -> Result<Bound, Error> {
    let dial = inner.dial_of(&account.id).await?;
    let link = open(inner, &*dial, &inner.server_of(account)?, account.route, report).await?;
    bind(inner, link, &credentials(account), report).await
}

/// Logs in on an open link and binds a random resource.
pub(crate) async fn bind(
    inner: &Inner,
    link: Link,
    credentials: &Credentials,
    report: &mut (dyn FnMut(Step) + Send),
) -> Result<Bound, Error> {
    let ids = inner.ids();
    let session = within(limits::EXCHANGE, link.log_in(credentials, ids)).await??;
    report(Step::LoggedIn);
    Ok(session)
}

/// Says goodbye; a server that does not read is left without.
pub(crate) async fn close(session: Bound) {
    let _ = within(limits::GOODBYE, session.close()).await;
}

pub(crate) fn credentials(account: &Account) -> Credentials {
    Credentials::new(account.username.clone(), Zeroizing::new(account.password.clone()))
}

/// On the heap: streams and their parsers are large, and an app's threads may have small stacks.
pub(crate) fn within<T>(
    limit: Duration,
    work: impl Future<Output = T> + Send,
) -> impl Future<Output = Result<T, Error>> + Send {
    let work = timeout(limit, Box::pin(work));
    async { work.await.map_err(|_| Error::Timeout) }
}
