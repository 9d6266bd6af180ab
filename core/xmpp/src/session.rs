//! A bound session: what a logged-in account sends and gets.

use std::collections::VecDeque;
use std::fmt;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_xmpp::Stanza;
use tokio_xmpp::jid::{BareJid, FullJid, Jid};
use tokio_xmpp::minidom;
use tokio_xmpp::parsers::iq::Iq;
use tokio_xmpp::parsers::message::{Id, Lang, Message, MessageType};
use tokio_xmpp::parsers::ns;
use tokio_xmpp::parsers::stream_features::StreamFeatures;
use tokio_xmpp::xmlstream::XmppStreamElement;

use crate::exchange::{Secure, StreamError};
use crate::ids::Ids;
use crate::removal::{Accepted, RemovalError, Requested};
use crate::sasl::LoginError;
use crate::{bind, ping};

/// A session with a bound resource. Dropping it drops the connection; [`Session::close`] ends the stream in order.
pub struct Session<S> {
    stream: Secure<S>,
    jid: FullJid,
    ids: Ids,
    /// Messages that came while an answer was awaited.
    kept: VecDeque<Message>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    pub(crate) async fn bind(
        mut stream: Secure<S>,
        features: &StreamFeatures,
        account: BareJid,
        mut ids: Ids,
    ) -> Result<Self, LoginError> {
        if !features.can_bind() {
            return Err(StreamError::Malformed.into());
        }
        let request = bind::request(ids.draw(), ids.draw());
        let mut kept = VecDeque::new();
        let answer = stream.request(request, &mut kept).await?;
        let payload = answer.map_err(|_| LoginError::Refused)?;
        let jid = bind::bound(payload).filter(|jid| jid.to_bare() == account).ok_or(StreamError::Malformed)?;
        Ok(Self { stream, jid, ids, kept })
    }

    /// Sends bare available presence (RFC 6121, section 4.2.1): from here on the server delivers messages.
    ///
    /// # Errors
    /// The stream ended.
    pub async fn send_presence(&mut self) -> Result<(), StreamError> {
        // The typed stanza would carry a priority, which most clients leave out at its default.
        self.stream.send(&minidom::Element::bare("presence", ns::JABBER_CLIENT)).await
    }

    /// Pings the own full JID (XEP-0199) and answers: whether the server routes stanzas to and from this account.
    ///
    /// # Errors
    /// The stream ended.
    pub async fn ping_self(&mut self) -> Result<bool, StreamError> {
        let (own, sent) = (Jid::from(self.jid.clone()), self.ids.draw());
        self.stream.start_over();
        self.send(ping::request(sent.clone(), Some(own.clone())).into()).await?;
        loop {
            let element = match self.stream.next().await? {
                Some(XmppStreamElement::Stanza(Stanza::Iq(iq))) if *iq.id() == sent => match iq {
                    Iq::Result { .. } => return Ok(true),
                    Iq::Error { .. } => return Ok(false),
                    Iq::Get { id, .. } => {
                        let pong = Iq::Result { from: None, to: Some(own.clone()), id, payload: None };
                        self.send(pong.into()).await?;
                        continue;
                    }
                    Iq::Set { .. } => return Err(StreamError::Malformed),
                },
                Some(element) => element,
                None => continue,
            };
            self.kept.extend(self.stream.unasked(element).await?);
        }
    }

    /// Sends a chat message (RFC 6121, section 5.2) as it is: both servers can read it.
    ///
    /// # Errors
    /// The stream ended, or `to` is no JID ([`StreamError::Malformed`]).
    pub async fn send_chat(&mut self, to: &str, text: &str) -> Result<(), StreamError> {
        let to = Jid::new(to).map_err(|_| StreamError::Malformed)?;
        let mut message = Message::chat(to).with_body(Lang::default(), text.to_owned());
        message.id = Some(Id(self.ids.draw()));
        self.send(message.into()).await
    }

    /// The next chat message that has a text. Cancel safe.
    ///
    /// # Errors
    /// The stream ended.
    pub async fn next_message(&mut self) -> Result<ChatMessage, StreamError> {
        loop {
            self.stream.start_over();
            let message = match self.kept.pop_front() {
                Some(kept) => Some(kept),
                None => match self.stream.next().await? {
                    Some(element) => self.stream.unasked(element).await?,
                    None => {
                        // Any answer counts as life; without one the stream ends with its hard timeout.
                        let ping = ping::request(self.ids.draw(), None);
                        self.send(ping.into()).await?;
                        None
                    }
                },
            };
            if let Some(chat) = message.and_then(|m| self.chat(m)) {
                return Ok(chat);
            }
        }
    }

    /// Removes the account. The session is of no use afterwards: the server ends it.
    ///
    /// # Errors
    /// See [`RemovalError`].
    pub async fn remove_account(mut self) -> Result<Accepted, RemovalError> {
        let (requested, request) = Requested::ask(self.ids.draw());
        let answer = self.stream.request(request, &mut Vec::new()).await;
        let accepted = requested.answered(answer)?;
        self.close().await;
        Ok(accepted)
    }

    /// Ends the stream in order (RFC 6120, section 4.4), without waiting for the server's end.
    pub async fn close(mut self) {
        // A stream that cannot be ended in order has ended already.
        let _ = self.stream.shutdown().await;
    }

    async fn send(&mut self, stanza: Stanza) -> Result<(), StreamError> {
        self.stream.send(&stanza).await
    }

    fn chat(&self, message: Message) -> Option<ChatMessage> {
        let text = message.bodies.into_values().next()?;
        if matches!(message.type_, MessageType::Error | MessageType::Groupchat) {
            return None;
        }
        // Without `from` it comes from the own account (RFC 6120, section 8.1.2.1).
        let own = || Jid::from(self.jid.to_bare());
        Some(ChatMessage { from: message.from.unwrap_or_else(own).to_string(), text })
    }
}

impl<S> fmt::Debug for Session<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session(..)")
    }
}

/// A chat message that arrived.
#[derive(Clone, PartialEq, Eq)]
pub struct ChatMessage {
    /// The sender's JID, as the own server vouches for it.
    pub from: String,
    /// What the sender wrote: it may hold anything.
    pub text: String,
}

impl fmt::Debug for ChatMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChatMessage(..)")
    }
}
