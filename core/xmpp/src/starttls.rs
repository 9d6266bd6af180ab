//! STARTTLS (RFC 6120, section 5) that cannot be stripped: no `<proceed/>`, no stream.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_xmpp::parsers::starttls::{Nonza, Request};

use crate::domain::Domain;
use crate::error::ConnectError;
use crate::exchange::Stream;
use crate::received::Received;
use crate::sieve::Sieve;

/// Asks for TLS on a plain stream and gives the bare stream back for the handshake.
///
/// In clear go the stream header, with the domain and nothing else, and `<starttls/>`.
pub(crate) async fn negotiate<S>(stream: S, domain: &Domain) -> Result<S, ConnectError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (features, mut stream) = Stream::open(Sieve::new(stream), domain).await?;
    if !features.can_starttls() {
        return Err(ConnectError::NoTls);
    }
    stream.send(&Nonza::Request(Request)).await?;
    match stream.next().await? {
        Received::Starttls(Nonza::Proceed(_)) => into_bare(stream),
        _ => Err(ConnectError::NoTls),
    }
}

/// What came behind `<proceed/>` before the handshake was written by an attacker on the line, to be read as if it had
/// come under TLS.
fn into_bare<S>(stream: Stream<S>) -> Result<S, ConnectError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.into_inner().into_unread().ok_or(ConnectError::Malformed)
}
