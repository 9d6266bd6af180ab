//! A session that stays: messages of OTR's (XEP-0364) and receipts (XEP-0184), each counted and acknowledged (XEP-0198), and
//! taken up again on another connection when this one is lost.

use std::fmt;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_xmpp::Stanza;
use tokio_xmpp::jid::{BareJid, FullJid, Jid};
use tokio_xmpp::parsers::message::{Id, Message};
use tokio_xmpp::parsers::sm;
use tokio_xmpp::parsers::stream_features::StreamFeatures;

use crate::credentials::Binding;
use crate::domain::Domain;
use crate::error::{LoginError, StreamError};
use crate::exchange::Secure;
use crate::ids::Ids;
use crate::incoming::{Inbox, Incoming};
use crate::management::{Counts, Resumption};
use crate::presence::{self, Subscription};
use crate::sasl2::{self, Success};
use crate::session::Session;
use crate::{otr, roster};

/// A session with stream management. Dropped, it can be taken up again for as long as the server keeps it: it says no
/// goodbye.
///
/// What came is acknowledged only when the caller says so, with [`ManagedSession::acknowledge`].
pub struct ManagedSession<S> {
    stream: Secure<S>,
    jid: FullJid,
    /// The server's name for the stream, if it would take it up again.
    id: Option<String>,
    /// The longest stanza that the server takes, bytes, if it says so (XEP-0478).
    limit: Option<usize>,
    inbox: Inbox,
    binding: Binding,
}

/// How a session came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The earlier stream goes on. The server has this many of the stanzas sent on it; what is behind them has to be sent
    /// again, with numbers that go on from here.
    Resumed {
        /// The number of the last stanza that the server has.
        acked: u32,
    },
    /// A new stream; numbers begin at 1. Nothing is delivered to it before [`ManagedSession::send_presence`].
    New {
        /// As above, of the earlier stream, if the server still knows.
        acked: Option<u32>,
    },
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> ManagedSession<S> {
    /// After a login by SASL: takes an earlier stream up again, or binds a resource and begins a new one.
    pub(crate) async fn start(
        stream: Secure<S>,
        domain: &Domain,
        account: &BareJid,
        ids: Ids,
        earlier: Option<&Resumption>,
    ) -> Result<(Self, Start), LoginError> {
        let Some((earlier, jid)) = earlier.and_then(|earlier| Some((earlier, FullJid::new(&earlier.jid).ok()?))) else {
            let (session, features) = Session::restart(stream, domain, account, ids, true).await?;
            return Self::enable(session, &features, None).await;
        };
        let resume = sm::Nonza::Resume(earlier.resume());
        let (features, mut stream) = stream.restart(domain, &resume).await?;
        if features.stream_management.is_none() {
            return Err(LoginError::NoManagement);
        }
        match stream.next_about_management().await? {
            Ok(sm::Nonza::Resumed(resumed)) => Self::resume(stream, jid, earlier, resumed, limit(&features)),
            Ok(_) => Err(LoginError::WrongStream),
            Err(failed) => {
                let session = Session::bind(stream, &features, account, ids).await?;
                Self::enable(session, &features, earlier.left(&failed)).await
            }
        }
    }

    /// After a login by SASL 2, in which all of that was asked for. `before`: what the server said before the login.
    pub(crate) async fn started(
        mut stream: Secure<S>,
        success: &Success,
        before: &StreamFeatures,
        account: &BareJid,
        earlier: Option<&Resumption>,
    ) -> Result<(Self, Start), LoginError> {
        stream.logged_in();
        let mut acked = None;
        if let Some(earlier) = earlier {
            match sasl2::resumed(success) {
                Some(Ok(resumed)) => {
                    let jid = FullJid::new(&earlier.jid).map_err(|_| LoginError::WrongStream)?;
                    // They need not come; what is allowed before a login is never more.
                    let features = stream.features_at_hand()?;
                    return Self::resume(stream, jid, earlier, resumed, limit(features.as_ref().unwrap_or(before)));
                }
                Some(Err(failed)) => acked = earlier.left(&failed),
                None => {}
            }
        }
        let jid = sasl2::bound(success, account)?;
        let enabled = sasl2::enabled(success).ok_or(LoginError::NoManagement)?;
        let features = stream.features().await?;
        Ok(Self::begun(stream, jid, enabled, limit(features.as_ref().unwrap_or(before)), acked))
    }

    fn resume(
        mut stream: Secure<S>,
        jid: FullJid,
        earlier: &Resumption,
        sm::Resumed { h, previd }: sm::Resumed,
        limit: Option<usize>,
    ) -> Result<(Self, Start), LoginError> {
        if previd.0 != earlier.id || !earlier.covers(h) {
            return Err(LoginError::WrongStream);
        }
        stream.counts = Counts::resumed(earlier.handled, h);
        let inbox = Inbox::new(jid.to_bare());
        let binding = Binding::Unknown;
        Ok((Self { stream, jid, id: Some(previd.0), limit, inbox, binding }, Start::Resumed { acked: h }))
    }

    async fn enable(
        session: Session<S>,
        features: &StreamFeatures,
        acked: Option<u32>,
    ) -> Result<(Self, Start), LoginError> {
        let (mut stream, jid) = session.into_parts();
        stream.counts = Counts::default();
        stream.send(&sm::Nonza::Enable(sm::Enable::new().with_resume())).await?;
        match stream.next_about_management().await? {
            Ok(sm::Nonza::Enabled(enabled)) => Ok(Self::begun(stream, jid, enabled, limit(features), acked)),
            _ => Err(LoginError::NoManagement),
        }
    }

    fn begun(
        stream: Secure<S>,
        jid: FullJid,
        sm::Enabled { id, resume, .. }: sm::Enabled,
        limit: Option<usize>,
        acked: Option<u32>,
    ) -> (Self, Start) {
        let id = id.filter(|_| resume).map(|id| id.0);
        let inbox = Inbox::new(jid.to_bare());
        (Self { stream, jid, id, limit, inbox, binding: Binding::Unknown }, Start::New { acked })
    }

    /// What its login has shown, to be remembered: see [`crate::Credentials::binding`].
    #[must_use]
    pub const fn binding(&self) -> Binding {
        self.binding
    }

    pub(crate) fn with_binding(self, binding: Binding) -> Self {
        Self { binding, ..self }
    }

    /// Where to take the stream up again, once what came up to now is stored; `None` if the server would not. `to_send`: how
    /// many stanzas at most are sent before this is stored anew: a server that claims more is not believed.
    #[must_use]
    pub fn resumption(&self, to_send: usize) -> Option<Resumption> {
        let (id, jid, handled) = (self.id.clone()?, self.jid.to_string(), self.handled());
        let sent = u32::try_from(to_send).ok().map(|more| self.sent().wrapping_add(more));
        Some(Resumption { id, jid, handled, sent })
    }

    /// The longest stanza that the server takes, in bytes, if it says so (XEP-0478).
    #[must_use]
    pub const fn limit(&self) -> Option<usize> {
        self.limit
    }

    /// The number of the last stanza that was sent.
    #[must_use]
    pub const fn sent(&self) -> u32 {
        self.stream.counts.sent
    }

    /// How many were sent that the server has not said it has.
    #[must_use]
    pub const fn in_flight(&self) -> u32 {
        self.stream.counts.sent.wrapping_sub(self.stream.counts.acked)
    }

    /// Sends bare available presence (RFC 6121, section 4.2.1): from here on the server delivers messages.
    ///
    /// # Errors
    /// The stream ended.
    pub async fn send_presence(&mut self) -> Result<(), StreamError> {
        self.stream.send_stanza(&presence::available()).await
    }

    /// Sends a message of OTR's (XEP-0364), to a bare or a full JID, and asks for a receipt if that is wanted. It gets the
    /// number behind [`ManagedSession::sent`], as everything here does, and leaves at the latest with the next
    /// [`ManagedSession::ask`] or [`ManagedSession::acknowledge`].
    ///
    /// # Errors
    /// The stream ended, or `to` is no JID ([`StreamError::Malformed`]).
    pub async fn send_otr(&mut self, to: &str, id: &str, body: &str, wants_receipt: bool) -> Result<(), StreamError> {
        self.send(otr::message(parse(to)?, body.to_owned(), wants_receipt), id).await
    }

    /// Sends a step of the presence handshake to a bare JID (RFC 6121, section 3).
    ///
    /// # Errors
    /// As [`ManagedSession::send_otr`].
    pub async fn send_subscription(&mut self, to: &str, step: Subscription) -> Result<(), StreamError> {
        self.stream.send_stanza(&presence::stanza(parse(to)?, step)).await
    }

    /// Has the server keep a bare JID away, or not any more (XEP-0191). Its answer is not waited for.
    ///
    /// # Errors
    /// As [`ManagedSession::send_otr`].
    pub async fn block(&mut self, jid: &str, id: &str, blocked: bool) -> Result<(), StreamError> {
        self.stream.send_stanza(&Stanza::from(roster::block(id.to_owned(), parse(jid)?, blocked))).await
    }

    /// Takes a bare JID off the server's list of contacts (RFC 6121, section 2.5). Its answer is not waited for.
    ///
    /// # Errors
    /// As [`ManagedSession::send_otr`].
    pub async fn forget_contact(&mut self, jid: &str, id: &str) -> Result<(), StreamError> {
        self.stream.send_stanza(&Stanza::from(roster::remove(id.to_owned(), parse(jid)?.to_bare()))).await
    }

    /// Sends a receipt for a message (XEP-0184), to a bare or a full JID. It gets a number and leaves as a message does:
    /// see [`ManagedSession::send_otr`].
    ///
    /// # Errors
    /// As [`ManagedSession::send_otr`].
    pub async fn send_receipt(&mut self, to: &str, id: &str, received: &str) -> Result<(), StreamError> {
        self.send(otr::receipt(parse(to)?, received.to_owned()), id).await
    }

    /// Tells the server that everything that came up to now is stored: it will not send it again.
    ///
    /// # Errors
    /// The stream ended.
    pub async fn acknowledge(&mut self) -> Result<(), StreamError> {
        let h = self.handled();
        self.stream.send(&sm::Nonza::Ack(sm::A::new(h))).await
    }

    /// Asks the server how much it has; that it answers at all shows that the connection works.
    ///
    /// # Errors
    /// The stream ended.
    pub async fn ask(&mut self) -> Result<(), StreamError> {
        self.stream.send(&sm::Nonza::Req(sm::R)).await
    }

    /// What comes next. Cancel safe.
    ///
    /// # Errors
    /// The stream ended: [`StreamError::Malformed`] by the server's fault. A stanza without end counts as received then, so
    /// that it is not sent once more on the stream that takes this one up.
    pub async fn next(&mut self) -> Result<Incoming, StreamError> {
        self.inbox.next(&mut self.stream).await
    }

    /// Refuses what others have asked for meanwhile, as if no client were there; whether there was anything.
    ///
    /// # Errors
    /// The stream ended.
    pub async fn refuse_requests(&mut self) -> Result<bool, StreamError> {
        let before = self.sent();
        // Not in `next`: a caller that stops waiting in the middle of a stanza would leave the counts wrong.
        for request in std::mem::take(&mut self.inbox.requests) {
            self.stream.unasked(request).await?;
        }
        Ok(self.sent() != before)
    }

    /// Ends the stream in order (RFC 6120, section 4.4), and waits for the server's end. It cannot be taken up again.
    pub async fn close(self) {
        self.stream.close().await;
    }

    /// How many stanzas of the server's the caller has: one that says several things counts with the last of them.
    fn handled(&self) -> u32 {
        self.inbox.given_out(self.stream.counts.received)
    }

    async fn send(&mut self, mut message: Message, id: &str) -> Result<(), StreamError> {
        message.id = Some(Id(id.to_owned()));
        self.stream.send_stanza_along(&Stanza::from(message)).await
    }
}

/// The longest stanza that a server takes, bytes (XEP-0478).
fn limit(features: &StreamFeatures) -> Option<usize> {
    usize::try_from(features.limits.as_ref()?.max_bytes?.get()).ok()
}

/// A client that calls itself what cannot be written, as by a picture, is answered at the account.
fn parse(to: &str) -> Result<Jid, StreamError> {
    let account = || Jid::new(to.split_once('/')?.0).ok();
    Jid::new(to).ok().or_else(account).ok_or(StreamError::Malformed)
}

impl<S> fmt::Debug for ManagedSession<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ManagedSession(..)")
    }
}
