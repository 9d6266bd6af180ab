//! What the fuzz targets cannot reach without a server: how a session reads, from the bytes of a stream on.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf, join, sink};

use crate::exchange::Stream;
use crate::incoming::Inbox;
use crate::registration::replay::{self, ID};
use crate::sieve::Sieve;
use crate::{ConnectError, Domain, Incoming, StreamError, splitter};

/// The bytes of one stanza that are read past at most: smaller than it is outside of a fuzz target, as other bounds are.
pub const BUDGET: usize = splitter::BUDGET;

const HEADER: &[u8] = b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' id='1' version='1.0' \
    xmlns:stream='http://etherx.jabber.org/streams'><stream:features></stream:features>";

/// What is read of these bytes behind a stream's header, which come in pieces of this size; how many stanzas counted, and
/// why the stream ended.
///
/// # Errors
/// Never.
pub async fn read(bytes: &[u8], size: usize) -> Result<(Vec<Incoming>, u32, StreamError), ConnectError> {
    let domain = Domain::parse("jabber.example").map_err(|_| ConnectError::Malformed)?;
    let account = domain.account("me").ok_or(ConnectError::Malformed)?;
    let bytes = [HEADER, bytes].concat();
    let stream = join(Pieces { bytes: &bytes, size }, sink());
    let (_, mut stream) = Stream::open(Sieve::new(stream), &domain).await?;
    let (mut inbox, mut parts) = (Inbox::new(account), Vec::new());
    loop {
        match inbox.next(&mut stream).await {
            Ok(part) => parts.push(part),
            Err(error) => return Ok((parts, stream.counts.received, error)),
        }
    }
}

/// What becomes of a registration at a server with this in one of its answers: to an invitation, to the question for a form,
/// for a picture, or to a form.
pub async fn register(step: u8, inside: &[u8]) -> String {
    let answer = |inside: &[u8]| [b"<iq type='result' id='", ID.as_bytes(), b"'>", inside, b"</iq>"].concat();
    let before: &[&[u8]] = match step % 4 {
        0 => &[],
        1 => &[b""],
        2 => &[b"", include_bytes!("../fuzz/corpus/registration/captcha-asked")],
        _ => &[b"", include_bytes!("../fuzz/corpus/registration/prosody")],
    };
    let mut replies: Vec<_> = before.iter().map(|inside| answer(inside)).collect();
    replies.extend([answer(inside), answer(b"")]);
    format!("{:?}", replay::register(&replies.concat()).await)
}

struct Pieces<'a> {
    bytes: &'a [u8],
    size: usize,
}

impl AsyncRead for Pieces<'_> {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let (piece, rest) = self.bytes.split_at(self.size.min(buf.remaining()).min(self.bytes.len()));
        buf.put_slice(piece);
        self.bytes = rest;
        Poll::Ready(Ok(()))
    }
}
