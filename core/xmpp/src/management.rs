//! Stream management (XEP-0198), sans-I/O: who has how many stanzas of whom, on a stream or over a chain of resumed ones.

use tokio_xmpp::parsers::ns;
use tokio_xmpp::parsers::sm::{Resume, StreamId};
use xso::FromXml;

use crate::error::StreamError;

/// Where a stream that was cut is taken up again: what has to be stored with the messages that it stands for.
#[derive(Clone, PartialEq, Eq)]
pub struct Resumption {
    /// The server's name for the stream.
    pub id: String,
    /// The full JID that is bound to it.
    pub jid: String,
    /// How many stanzas of the server's are stored: it sends those behind them again. Never less than was acknowledged.
    pub handled: u32,
    /// How many stanzas of ours may have been sent at most, where that is known.
    pub sent: Option<u32>,
}

impl Resumption {
    pub(crate) fn resume(&self) -> Resume {
        Resume { h: self.handled, previd: StreamId(self.id.clone()) }
    }

    /// How many of our stanzas a server has that refuses to take the stream up. A number above those that were sent is not believed.
    pub(crate) fn left(&self, failed: &Failed) -> Option<u32> {
        failed.h.filter(|h| self.covers(*h))
    }

    /// Whether the server can have this many of ours. Numbers wrap around.
    pub(crate) fn covers(&self, h: u32) -> bool {
        self.sent.is_none_or(|sent| sent.wrapping_sub(h) < 1 << 31)
    }
}

impl std::fmt::Debug for Resumption {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Resumption(..)")
    }
}

/// The answer to a resumption or to stream management that fails (XEP-0198, section 5); the library's type wants `h`.
#[derive(FromXml)]
#[xml(namespace = ns::SM, name = "failed", on_unknown_attribute = Discard, on_unknown_child = Discard)]
pub(crate) struct Failed {
    /// How many stanzas of the lost stream the server has, where it still knows.
    #[xml(attribute(default))]
    pub(crate) h: Option<u32>,
}

/// The counts of both directions. They wrap around (XEP-0198, section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    /// Stanzas that we sent.
    pub(crate) sent: u32,
    /// Those of them that the server has.
    pub(crate) acked: u32,
    /// Stanzas that came.
    pub(crate) received: u32,
}

impl Counts {
    /// A resumed stream. The server has the first `acked` of our stanzas, and goes on behind the first `handled` of its own. The caller
    /// sends our other stanzas again, under new numbers.
    pub(crate) const fn resumed(handled: u32, acked: u32) -> Self {
        Self { sent: acked, acked, received: handled }
    }

    /// The server has so many of ours (`h`).
    pub(crate) const fn ack(&mut self, h: u32) -> Result<(), StreamError> {
        if h.wrapping_sub(self.acked) > self.sent.wrapping_sub(self.acked) {
            return Err(StreamError::Malformed);
        }
        self.acked = h;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acknowledgements_never_fall_back_nor_run_ahead() {
        let mut counts = Counts { sent: 5, ..Counts::default() };
        assert_eq!(counts.ack(3), Ok(()));
        assert_eq!(counts.ack(3), Ok(()));
        assert_eq!(counts.ack(2), Err(StreamError::Malformed));
        assert_eq!(counts.ack(6), Err(StreamError::Malformed));
        assert_eq!((counts.ack(5), counts.acked), (Ok(()), 5));
    }

    #[test]
    fn counts_wrap_around() {
        let mut counts = Counts { sent: 2, ..Counts::resumed(0, u32::MAX) };
        assert_eq!(counts.ack(0), Ok(()));
        assert_eq!(counts.ack(u32::MAX), Err(StreamError::Malformed));
        assert_eq!(counts.ack(2), Ok(()));
    }
}
