//! Tor's dialers, with streams of bytes that count their round trips: how often something is waited for once something was sent.
//! What is there already was not waited for.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use flashpaper::{Dial, Dialed, Dialers};
use flashpaper_tor::{DialError, Target, Tor};
use futures::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What was dialled.
#[derive(Default)]
pub(crate) struct Dials {
    /// When the last dial began.
    pub(crate) last: Mutex<Option<Instant>>,
    pub(crate) round_trips: Arc<AtomicU32>,
}

/// Tor's dialers. Their streams count round trips.
pub(crate) struct Counting {
    pub(crate) tor: Arc<Tor>,
    pub(crate) dials: Arc<Dials>,
}

impl Dialers for Counting {
    fn isolated(&self) -> Arc<dyn Dial> {
        Arc::new(CountingDial { dial: Dialers::isolated(&*self.tor), dials: Arc::clone(&self.dials) })
    }
}

struct CountingDial {
    dial: Arc<dyn Dial>,
    dials: Arc<Dials>,
}

impl Dial for CountingDial {
    fn dial<'a>(&'a self, target: &'a Target, deadline: Duration) -> BoxFuture<'a, Result<Dialed, DialError>> {
        Box::pin(async move {
            *self.dials.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            let Dialed { stream, circuit } = self.dial.dial(target, deadline).await?;
            let stream = Counted::new(stream, Arc::clone(&self.dials.round_trips));
            Ok(Dialed { stream: Box::new(stream), circuit })
        })
    }
}

pub(crate) struct Counted<S> {
    inner: S,
    /// Something was sent, and nothing that was waited for has come since.
    has_sent: bool,
    /// An answer to that is waited for.
    waits: bool,
    round_trips: Arc<AtomicU32>,
}

impl<S> Counted<S> {
    pub(crate) const fn new(inner: S, round_trips: Arc<AtomicU32>) -> Self {
        Self { inner, has_sent: false, waits: false, round_trips }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(cx, buf);
        if read.is_pending() {
            self.waits = self.has_sent;
        } else if buf.filled().len() > before && std::mem::take(&mut self.waits) {
            self.has_sent = false;
            self.round_trips.fetch_add(1, Relaxed);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.inner).poll_write(cx, buf))?;
        self.has_sent |= written > 0;
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
