//! What of a stream's bytes the XML parser sees: whole stanzas that it can read.
//!
//! The parser ends at the first thing it refuses, and so would the stream; but anybody can have the server send a stanza
//! with an attribute of some kilobytes, ten thousand elements deep, or with a prefix that nothing declares. What cannot be
//! read is left out here, child by child, and the stream goes on. It ends only beyond the budget of `splitter`, or by what is no
//! stanza and so the server's own.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};

use crate::splitter::Splitter;

const CHUNK: usize = 8 * 1024;

/// A stream of bytes behind the sieve.
pub(crate) struct Sieve<S> {
    inner: S,
    splitter: Splitter,
    ready: Vec<u8>,
    taken: usize,
    /// Why nothing follows what is ready.
    refused: Option<io::Error>,
    /// What goes along with the next flush.
    along: Vec<u8>,
}

impl<S> Sieve<S> {
    pub(crate) fn new(inner: S) -> Self {
        let (splitter, ready, along) = (Splitter::default(), Vec::new(), Vec::new());
        Self { inner, splitter, ready, taken: 0, refused: None, along }
    }

    /// What comes next is another document, as after a login.
    pub(crate) fn begin_anew(&mut self) {
        self.splitter = Splitter::default();
    }

    /// Has something written behind what is written next, before the parser waits for an answer.
    pub(crate) fn write_along(&mut self, bytes: &[u8]) {
        self.along.extend(bytes);
    }

    pub(crate) const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The stream of bytes, if nothing was read of it that nobody has taken.
    pub(crate) fn into_unread(self) -> Option<S> {
        (self.taken == self.ready.len() && self.splitter.is_idle()).then_some(self.inner)
    }
}

impl<S: AsyncRead + Unpin> AsyncBufRead for Sieve<S> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        while this.taken == this.ready.len() {
            this.taken = 0;
            // A large stanza's memory is not kept.
            this.ready = Vec::new();
            if let Some(error) = this.refused.take() {
                return Poll::Ready(Err(error));
            }
            let mut chunk = [0; CHUNK];
            let mut chunk = ReadBuf::new(&mut chunk);
            ready!(Pin::new(&mut this.inner).poll_read(cx, &mut chunk))?;
            if chunk.filled().is_empty() {
                // What was begun tells the parser how the stream ended.
                this.ready = this.splitter.unfinished();
                break;
            }
            // What came before what is refused was good.
            this.refused = this.splitter.feed(chunk.filled(), &mut this.ready).err();
        }
        Poll::Ready(Ok(this.ready.get(this.taken..).unwrap_or_default()))
    }

    fn consume(mut self: Pin<&mut Self>, amount: usize) {
        self.taken = self.ready.len().min(self.taken + amount);
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Sieve<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let ready = ready!(self.as_mut().poll_fill_buf(cx))?;
        let amount = ready.len().min(buf.remaining());
        buf.put_slice(ready.split_at(amount).0);
        self.consume(amount);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Sieve<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while !this.along.is_empty() {
            let written = ready!(Pin::new(&mut this.inner).poll_write(cx, &this.along))?;
            if written == 0 {
                return Poll::Ready(Err(ErrorKind::WriteZero.into()));
            }
            this.along.drain(..written);
        }
        Pin::new(&mut this.inner).poll_flush(cx)
    }

    /// The connection outlives the XML stream: what the server has yet to say is heard on it. Its owner drops it.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}
