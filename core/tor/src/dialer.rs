//! Streams through Tor, isolated from those of every other dialer.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use arti_client::{DataStream, ErrorKind, HasKind, StreamPrefs, TorClient};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::task::AbortOnDropHandle;
use tor_proto::client::stream::ClientStreamCtrl;

use crate::directory;
use crate::runtime::ArtiRuntime;
use crate::status::Status;
use crate::target::Target;

/// Relays come and go: where no circuit could be built, other relays are tried.
const ATTEMPTS: usize = 3;
const BETWEEN_ATTEMPTS: Duration = Duration::from_secs(1);

/// What dialers borrow: gone once the client is closed, so that no dialer keeps Arti alive.
pub(crate) struct Running {
    pub(crate) client: Arc<TorClient<ArtiRuntime>>,
    /// Arti's threads, where its futures run: its log does not reach the app's, and its end is the client's end.
    pub(crate) handle: Handle,
    pub(crate) status: watch::Receiver<Status>,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Running")
    }
}

/// Opens streams on circuits of its own (Tor's stream isolation). A clone shares its circuits.
#[derive(Clone)]
pub struct Dialer {
    tor: Weak<Running>,
    prefs: StreamPrefs,
}

impl Dialer {
    pub(crate) const fn new(tor: Weak<Running>, prefs: StreamPrefs) -> Self {
        Self { tor, prefs }
    }

    /// Opens a stream, waiting for a directory that fits our clock and building a circuit if none is at hand. Cancel safe.
    ///
    /// By an exit the stream is optimistic: it is returned before the exit has connected, and what fails there is the
    /// error of the first read (`ConnectionRefused`, `HostUnreachable`, …). To an onion service it is connected.
    ///
    /// # Errors
    /// See [`DialError`]; none takes longer than `deadline`.
    pub async fn dial(&self, target: &Target, deadline: Duration) -> Result<TorStream, DialError> {
        let mut last = DialError::Timeout;
        let attempts = async {
            for _ in 0..ATTEMPTS {
                match self.attempt(target).await {
                    Err(DialError::TorUnavailable) => last = DialError::TorUnavailable,
                    other => return other,
                }
                sleep(BETWEEN_ATTEMPTS).await;
            }
            Err(last)
        };
        let done = timeout(deadline, attempts).await;
        let is_ready = || self.tor.upgrade().is_some_and(|tor| tor.status.borrow().is_ready());
        done.unwrap_or(Err(last)).map_err(|error| error.known_ready(target, is_ready))
    }

    async fn attempt(&self, target: &Target) -> Result<TorStream, DialError> {
        let tor = self.tor.upgrade().ok_or(DialError::Closed)?;
        let (to, prefs) = (target.clone(), self.prefs.clone());
        let client = tor.client.clone();
        let dial = async move {
            directory::wait_until_fit(&client).await;
            let (host, port) = to.as_pair();
            client.connect_with_prefs((&*host, port), &prefs).await
        };
        match AbortOnDropHandle::new(tor.handle.spawn(dial)).await {
            Ok(Ok(inner)) => Ok(TorStream { inner }),
            Ok(Err(error)) => Err(DialError::from_arti(error.kind(), target)),
            Err(error) if error.is_panic() => Err(DialError::Internal),
            // Else the task ends early only with Arti's threads.
            Err(_) => Err(DialError::Closed),
        }
    }
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dialer(..)")
    }
}

/// A stream of bytes through Tor. Flush after writing: small writes are gathered into cells of 498 bytes.
pub struct TorStream {
    inner: DataStream,
}

impl TorStream {
    /// The circuit that carries the stream, or `None` once it is closed.
    #[must_use]
    pub fn circuit(&self) -> Option<CircuitId> {
        let tunnel = self.inner.client_stream_ctrl()?.tunnel()?;
        Some(CircuitId(tunnel.unique_id().to_string()))
    }
}

impl fmt::Debug for TorStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TorStream(..)")
    }
}

impl AsyncRead for TorStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for TorStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// Names a circuit within this process; it means nothing to anyone else.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CircuitId(String);

impl fmt::Display for CircuitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why no stream was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DialError {
    /// The deadline is over. Try again later.
    #[error("no stream within the deadline")]
    Timeout,
    /// No circuit could be built: see the Tor status for the reason. Of an onion service: while that status is not ready.
    #[error("Tor cannot carry a stream now")]
    TorUnavailable,
    /// The exit says that there is no such host.
    #[error("no such host")]
    NoSuchHost,
    /// The host refused the connection or cannot be reached from the exit.
    #[error("the host cannot be reached")]
    HostUnreachable,
    /// The onion service has no descriptor, does not answer, or no circuit to it can be built though Tor is ready: it is
    /// down, or gone.
    #[error("the onion service cannot be reached")]
    OnionUnreachable,
    /// The Tor client was closed.
    #[error("the Tor client is closed")]
    Closed,
    /// A bug in the Tor client. Try again.
    #[error("the Tor client failed")]
    Internal,
}

impl DialError {
    const fn from_arti(kind: ErrorKind, target: &Target) -> Self {
        match (kind, target) {
            (ErrorKind::ArtiShuttingDown | ErrorKind::ReactorShuttingDown, _) => Self::Closed,
            (ErrorKind::RemoteHostNotFound | ErrorKind::RemoteHostResolutionFailed, _) => Self::NoSuchHost,
            (
                ErrorKind::RemoteConnectionRefused
                | ErrorKind::RemoteNetworkFailed
                | ErrorKind::RemoteNetworkTimeout
                | ErrorKind::RemoteStreamClosed
                | ErrorKind::RemoteStreamReset
                | ErrorKind::RemoteStreamError
                | ErrorKind::ExitPolicyRejected
                // No exit takes that port.
                | ErrorKind::NoPath,
                Target::Host { .. } | Target::Resolver { .. },
            ) => Self::HostUnreachable,
            (
                ErrorKind::TorAccessFailed
                | ErrorKind::LocalNetworkError
                | ErrorKind::LocalResourceExhausted
                | ErrorKind::BootstrapRequired
                | ErrorKind::DirectoryExpired
                | ErrorKind::TorDirectoryUnusable
                | ErrorKind::NoPath,
                Target::Onion { .. },
            )
            | (_, Target::Host { .. } | Target::Resolver { .. }) => Self::TorUnavailable,
            // A service that is down shows in many ways: no descriptor, introduction points that are gone, circuits to
            // them that time out.
            (_, Target::Onion { .. }) => Self::OnionUnreachable,
        }
    }

    /// Where Tor works, circuits that cannot be built to an onion service are the service's failure: its introduction points
    /// are gone, or refuse it.
    fn known_ready(self, target: &Target, is_ready: impl FnOnce() -> bool) -> Self {
        match (self, target) {
            (Self::TorUnavailable, Target::Onion { .. }) if is_ready() => Self::OnionUnreachable,
            (error, _) => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OnionAddress;

    #[test]
    fn who_is_to_blame_for_a_failed_dial() {
        let host = Target::host("jabber.example", 5223).unwrap();
        let address = OnionAddress::parse("jabjabdea2eewo3gzfurscj2sjqgddptwumlxi3wur57rzf5itje2rid.onion").unwrap();
        let onion = Target::onion(address, 5223);
        for (kind, by_host, by_onion) in [
            (ErrorKind::TorAccessFailed, DialError::TorUnavailable, DialError::TorUnavailable),
            (ErrorKind::TorNetworkTimeout, DialError::TorUnavailable, DialError::OnionUnreachable),
            (ErrorKind::OnionServiceNotFound, DialError::TorUnavailable, DialError::OnionUnreachable),
            (ErrorKind::RemoteConnectionRefused, DialError::HostUnreachable, DialError::OnionUnreachable),
            (ErrorKind::NoPath, DialError::HostUnreachable, DialError::TorUnavailable),
            (ErrorKind::RemoteHostNotFound, DialError::NoSuchHost, DialError::NoSuchHost),
            (ErrorKind::ArtiShuttingDown, DialError::Closed, DialError::Closed),
        ] {
            assert_eq!(DialError::from_arti(kind, &host), by_host);
            assert_eq!(DialError::from_arti(kind, &onion), by_onion);
        }
        let unavailable = DialError::TorUnavailable;
        assert_eq!(unavailable.known_ready(&onion, || true), DialError::OnionUnreachable);
        assert_eq!(unavailable.known_ready(&onion, || false), unavailable);
        assert_eq!(unavailable.known_ready(&host, || true), unavailable);
        assert_eq!(DialError::Closed.known_ready(&onion, || true), DialError::Closed);
    }
}
