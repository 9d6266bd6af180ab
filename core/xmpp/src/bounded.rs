//! A bound on what a server can make us hold: the XML parser above keeps a stanza until it is whole, and a session keeps
//! the messages that come while it waits for an answer.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that may arrive in one wait, be it for an answer or for the next stanza. Servers allow one stanza of their
/// users far less: Prosody 256 KiB, ejabberd 64 KiB.
const LIMIT: usize = 1024 * 1024;

/// Counts what is read: past the limit, reading fails with `InvalidData`.
pub(crate) struct Bounded<S> {
    inner: S,
    read: AtomicUsize,
}

impl<S> Bounded<S> {
    pub(crate) const fn new(inner: S) -> Self {
        Self { inner, read: AtomicUsize::new(0) }
    }

    /// A new wait begins.
    pub(crate) fn start_over(&self) {
        self.read.store(0, Relaxed);
    }

    pub(crate) const fn get_ref(&self) -> &S {
        &self.inner
    }

    pub(crate) fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        let new = buf.filled().len() - before;
        let read = self.read.fetch_add(new, Relaxed) + new;
        Poll::Ready(if read > LIMIT { Err(ErrorKind::InvalidData.into()) } else { Ok(()) })
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
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
