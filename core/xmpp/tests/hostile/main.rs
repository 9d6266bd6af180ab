//! What a server, a stranger, or someone on the line could do to a client: each test does one of these things, at the
//! other end of a pipe.

mod connect;
mod grammar;
mod login;
mod managed;
mod odd;
mod once;
mod replies;
mod server;
mod session;
mod wire;

use std::time::Duration;

use flashpaper_xmpp::{ConnectError, Connection, Credentials, Domain, Ids, LoginError, Security, Session, StreamError};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio::io::{DuplexStream, duplex};
use tokio::time::error::Elapsed;
use zeroize::Zeroizing;

use crate::server::{Authority, DOMAIN, PASSWORD, USERNAME};

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// A client and a server, each at its end, until both are done.
async fn together<C, S>(
    client: impl AsyncFnOnce(DuplexStream) -> C,
    server: impl AsyncFnOnce(DuplexStream) -> S,
) -> Result<(C, S), Elapsed> {
    let (near, far) = duplex(64 * 1024);
    let both = async { tokio::join!(client(near), server(far)) };
    tokio::time::timeout(Duration::from_secs(60), both).await
}

async fn open(
    stream: DuplexStream,
    authority: &Authority,
    security: Security,
) -> Result<Connection<DuplexStream>, ConnectError> {
    let domain = Domain::parse(DOMAIN).map_err(|_| ConnectError::Malformed)?;
    Connection::open(stream, &domain, security, &authority.tls).await
}

async fn log_in(stream: DuplexStream, authority: &Authority) -> Result<Session<DuplexStream>, LoginError> {
    let connection = open(stream, authority, Security::DirectTls).await.map_err(|_| StreamError::Ended)?;
    connection.log_in(&credentials(), ids()).await
}

fn credentials() -> Credentials {
    Credentials::new(USERNAME.into(), Zeroizing::new(PASSWORD.into()))
}

fn ids() -> Ids {
    Ids::new(Box::new(StdRng::seed_from_u64(7)))
}
