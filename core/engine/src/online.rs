//! A burner that is logged in: what arrives for it. Later parts put OTR and stream management here.

use std::fmt;

use flashpaper_xmpp::ChatMessage;
use serde::Serialize;

use crate::engine::Inner;
use crate::event::BurnerId;
use crate::link::{self, Bound};
use crate::store::State;
use crate::{Error, limits};

/// A burner's open session. Dropping it closes the stream without a word; [`Online::close`] says goodbye.
pub struct Online {
    session: Bound,
}

impl Online {
    pub(crate) async fn connect(inner: &Inner, id: &BurnerId) -> Result<Self, Error> {
        let account = inner.account(&id.0)?;
        if account.state != State::Active {
            return Err(Error::NoSuchBurner);
        }
        let mut session = link::log_in(inner, &account, &mut |_| ()).await?;
        link::within(limits::EXCHANGE, session.send_presence()).await??;
        Ok(Self { session })
    }

    /// The next chat message with a text. Cancel safe.
    ///
    /// # Errors
    /// The stream ended.
    pub async fn next(&mut self) -> Result<Message, Error> {
        let ChatMessage { from, text } = self.session.next_message().await?;
        Ok(Message { from, text })
    }

    /// Ends the session in order.
    pub async fn close(self) {
        link::close(self.session).await;
    }
}

impl fmt::Debug for Online {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Online(..)")
    }
}

/// A message as it came: plain XMPP, readable by both servers. Its `Debug` is empty.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// The sender's JID, as the server vouches for it.
    pub from: String,
    /// The text, as the sender wrote it: it may hold anything.
    pub text: String,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Message(..)")
    }
}
