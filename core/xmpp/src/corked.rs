//! A stream of bytes on which what is said in a handshake, and right behind it, goes out as one.
//!
//! A client's last words of a handshake need no answer: they go with the stream header, and what is written while the server
//! still speaks goes with them. In Tor each flush is a cell.

use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Corked, it holds what is written until there is nothing to read; a flush does nothing. Uncorked, a flush sends what is held.
pub(crate) struct Corked<S> {
    inner: S,
    held: Vec<u8>,
    is_corked: bool,
}

impl<S> Corked<S> {
    pub(crate) const fn new(inner: S) -> Self {
        Self { inner, held: Vec::new(), is_corked: true }
    }

    pub(crate) const fn uncork(&mut self) {
        self.is_corked = false;
    }
}

impl<S: AsyncWrite + Unpin> Corked<S> {
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.held.is_empty() {
            let written = ready!(Pin::new(&mut self.inner).poll_write(cx, &self.held))?;
            if written == 0 {
                return Poll::Ready(Err(ErrorKind::WriteZero.into()));
            }
            self.held.drain(..written);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Corked<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.inner).poll_read(cx, buf);
        if read.is_pending() && self.is_corked {
            ready!(self.poll_send(cx))?;
            ready!(Pin::new(&mut self.inner).poll_flush(cx))?;
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Corked<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_corked || !self.held.is_empty() && self.held.len() < HELD {
            self.held.extend_from_slice(buf);
            return Poll::Ready(Ok(buf.len()));
        }
        ready!(self.poll_send(cx))?;
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_corked {
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_send(cx))?;
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(cx))?;
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// What is held at most once it is uncorked, bytes.
const HELD: usize = 4096;

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    #[tokio::test]
    async fn what_is_said_goes_out_when_there_is_nothing_to_read_and_then_with_each_flush() {
        let (near, mut far) = duplex(1024);
        let mut near = Corked::new(near);
        far.write_all(b"one").await.unwrap();
        near.write_all(b"first ").await.unwrap();
        near.flush().await.unwrap();
        let mut heard = [0; 3];
        near.read_exact(&mut heard).await.unwrap();
        near.write_all(b"second").await.unwrap();
        // Nothing has left while there was something to read.
        assert!(tokio::time::timeout(std::time::Duration::from_millis(50), far.read_u8()).await.is_err());
        let (answered, asked) = tokio::join!(
            async {
                let mut said = [0; 12];
                far.read_exact(&mut said).await.unwrap();
                far.write_all(b"two").await.unwrap();
                said
            },
            async { near.read_exact(&mut heard).await.unwrap() }
        );
        assert_eq!((&answered, asked), (b"first second", 3));
        near.write_all(b"last ").await.unwrap();
        near.uncork();
        near.write_all(b"words").await.unwrap();
        near.flush().await.unwrap();
        let mut said = [0; 10];
        far.read_exact(&mut said).await.unwrap();
        assert_eq!(&said, b"last words");
        near.write_all(b"more").await.unwrap();
        far.read_exact(&mut said[..4]).await.unwrap();
        assert_eq!(&said[..4], b"more");
    }
}
