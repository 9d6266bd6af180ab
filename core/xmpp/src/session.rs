//! A bound session for a single task: to show that an account can be reached, or to remove it.

use std::fmt;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_xmpp::Stanza;
use tokio_xmpp::jid::{BareJid, FullJid, Jid};
use tokio_xmpp::minidom::Element;
use tokio_xmpp::parsers::iq::Iq;
use tokio_xmpp::parsers::message::{Id, Lang, Message};
use tokio_xmpp::parsers::ns;
use tokio_xmpp::parsers::stream_features::StreamFeatures;

use crate::credentials::Binding;
use crate::domain::{Domain, bare};
use crate::error::{LoginError, StreamError};
use crate::exchange::Secure;
use crate::ids::Ids;
use crate::incoming::forbids;
use crate::received::{Answer, Received};
use crate::registration::clean;
use crate::removal::{Accepted, RemovalError, Requested};
use crate::sasl2::{self, Success};
use crate::{archive, bind, ping, presence, roster};

/// A session with a bound resource. Dropping it drops the connection; [`Session::close`] ends the stream in order.
pub struct Session<S> {
    stream: Secure<S>,
    jid: FullJid,
    ids: Ids,
    /// Whether the server can have a session that stays.
    managed: bool,
    binding: Binding,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Session<S> {
    /// Binds a resource on the stream that follows a login by SASL (RFC 6120, section 7). It is asked for with the header.
    /// `stays`: for a session that stays, and so only where the server can have one.
    pub(crate) async fn restart(
        stream: Secure<S>,
        domain: &Domain,
        account: &BareJid,
        mut ids: Ids,
        stays: bool,
    ) -> Result<(Self, StreamFeatures), LoginError> {
        let request = bind::request(ids.draw(), ids.draw());
        let id = request.id().to_owned();
        let (features, mut stream) = stream.restart(domain, &Stanza::from(request)).await?;
        let managed = features.stream_management.is_some();
        if stays && !managed {
            return Err(LoginError::NoManagement);
        }
        if !features.can_bind() {
            return Err(StreamError::Malformed.into());
        }
        let jid = bound(stream.answer(&id).await?, account)?;
        Ok((Self { stream, jid, ids, managed, binding: Binding::Unknown }, features))
    }

    /// Binds a resource on an open stream.
    pub(crate) async fn bind(
        mut stream: Secure<S>,
        features: &StreamFeatures,
        account: &BareJid,
        mut ids: Ids,
    ) -> Result<Self, LoginError> {
        if !features.can_bind() {
            return Err(StreamError::Malformed.into());
        }
        let request = bind::request(ids.draw(), ids.draw());
        let jid = bound(stream.request(request).await?, account)?;
        let managed = features.stream_management.is_some();
        Ok(Self { stream, jid, ids, managed, binding: Binding::Unknown })
    }

    /// A login by SASL 2 has bound the resource.
    pub(crate) fn bound(
        mut stream: Secure<S>,
        success: &Success,
        account: &BareJid,
        ids: Ids,
    ) -> Result<Self, LoginError> {
        stream.logged_in();
        // Only such a server is logged in at by SASL 2.
        let jid = sasl2::bound(success, account)?;
        Ok(Self { stream, jid, ids, managed: true, binding: Binding::Unknown })
    }

    /// What its login has shown, to be remembered: see [`crate::Credentials::binding`].
    #[must_use]
    pub const fn binding(&self) -> Binding {
        self.binding
    }

    pub(crate) fn with_binding(self, binding: Binding) -> Self {
        Self { binding, ..self }
    }

    pub(crate) fn into_parts(self) -> (Secure<S>, FullJid) {
        (self.stream, self.jid)
    }

    /// Whether [`crate::Connection::log_in_to_stay`] can work here: the server has stream management (XEP-0198).
    #[must_use]
    pub const fn offers_management(&self) -> bool {
        self.managed
    }

    /// Tries a new account out, all in one write, and has the server keep no archive of messages (XEP-0441), where it has one.
    ///
    /// It pings the own full JID (XEP-0199) and answers: a server that routes nothing to and from the account shows it. It becomes
    /// available, writes a message of a fixed form to the server's own domain, and pings that: a server that lets a new account talk
    /// to nobody says so now. Others that take no such message bounce it for another reason.
    ///
    /// # Errors
    /// The stream ended.
    pub async fn try_out(&mut self) -> Result<TriedOut, StreamError> {
        let (own, server) = (Jid::from(self.jid.clone()), Jid::from(BareJid::from_parts(None, self.jid.domain())));
        let [to_self, message, to_server, archive] = [(); 4].map(|()| self.ids.draw());
        self.stream.send_stanza_along(&Stanza::from(ping::request(to_self.clone(), Some(own.clone())))).await?;
        // What the server has written to the account waits for it.
        self.stream.send_stanza_along(&presence::available()).await?;
        self.stream.send_stanza_along(&greeting(server.clone(), message.clone())).await?;
        self.stream.send_stanza_along(&Stanza::from(ping::request(to_server.clone(), Some(server.clone())))).await?;
        self.send(archive::ask(archive.clone())).await?;
        // What the server says of the message comes before its answer to the ping behind it.
        let mut waiting = vec![to_self.clone(), to_server, archive.clone()];
        let mut tried = TriedOut::default();
        while !waiting.is_empty() {
            match self.stream.next().await? {
                Received::Answer { id, answer } if waiting.contains(&id) => {
                    waiting.retain(|waiting| *waiting != id);
                    if id == to_self {
                        tried.reachable = answer.is_ok();
                    } else if id == archive && archive::is_offered(answer.ok().flatten()) {
                        // A server that keeps one all the same does not deny that it could.
                        let refused = self.ids.draw();
                        self.send(archive::refuse(refused.clone())).await?;
                        waiting.push(refused);
                    }
                }
                Received::Request { id, .. } if id == to_self => {
                    self.send(Iq::Result { from: None, to: Some(own.clone()), id, payload: None }).await?;
                }
                Received::Message(said) if is_from(&said, &server) => tried.hear(&said, &message),
                other => self.stream.unasked(other).await?,
            }
        }
        Ok(tried)
    }

    /// Has the server keep no archive of messages (XEP-0441), where it has one.
    ///
    /// # Errors
    /// The stream ended.
    pub async fn refuse_archive(&mut self) -> Result<(), StreamError> {
        let answer = self.stream.request(archive::ask(self.ids.draw())).await?;
        if archive::is_offered(answer.ok().flatten()) {
            // A server that keeps one all the same does not deny that it could.
            let _ = self.stream.request(archive::refuse(self.ids.draw())).await?;
        }
        Ok(())
    }

    /// The bare JIDs on the server's list of contacts (RFC 6121, section 2), at most so many; none where the server has no list.
    ///
    /// # Errors
    /// The stream ended.
    pub async fn contacts(&mut self, at_most: usize) -> Result<Vec<String>, StreamError> {
        let answer = self.stream.request(roster::ask(self.ids.draw())).await?;
        Ok(roster::listed(answer.ok().flatten()).into_iter().take(at_most).map(|jid| jid.to_string()).collect())
    }

    /// Takes everybody off the server's list of contacts (RFC 6121, section 2): who was on it is told that presence ends.
    ///
    /// # Errors
    /// The stream ended.
    pub async fn empty_roster(&mut self) -> Result<(), StreamError> {
        let answer = self.stream.request(roster::ask(self.ids.draw())).await?;
        for jid in roster::listed(answer.ok().flatten()) {
            // One that the server keeps goes with the account.
            let _ = self.stream.request(roster::remove(self.ids.draw(), jid)).await?;
        }
        Ok(())
    }

    /// Removes the account. The session is of no use afterwards: the server ends it.
    ///
    /// # Errors
    /// See [`RemovalError`].
    pub async fn remove_account(mut self) -> Result<Accepted, RemovalError> {
        let asked = Requested::removal(self.ids.draw());
        self.end_login(asked).await
    }

    /// Has the server take another password for the account, where it removes none. The session is of no use afterwards.
    ///
    /// # Errors
    /// See [`RemovalError`].
    pub async fn change_password(mut self, password: &str) -> Result<Accepted, RemovalError> {
        let username = self.jid.node().map(ToString::to_string).unwrap_or_default();
        let asked = Requested::password(self.ids.draw(), &username, password);
        self.end_login(asked).await
    }

    async fn end_login(mut self, (requested, request): (Requested, Iq)) -> Result<Accepted, RemovalError> {
        let answer = self.stream.last_request(request).await;
        let accepted = requested.answered(answer)?;
        self.stream.leave().await;
        Ok(accepted)
    }

    /// Ends the stream in order (RFC 6120, section 4.4), and waits for the server's end.
    pub async fn close(self) {
        self.stream.close().await;
    }

    async fn send(&mut self, iq: Iq) -> Result<(), StreamError> {
        self.stream.send_stanza(&Stanza::from(iq)).await
    }
}

/// What a new account is good for.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TriedOut {
    /// Stanzas come to it.
    pub reachable: bool,
    /// The account cannot write to others: the server has refused a message by its rules.
    pub quarantined: bool,
    /// What the server wrote to the account, cleaned and shortened as a form's texts; at most [`WORDS_AT_MOST`].
    pub words: Vec<String>,
}

/// How many messages of a server to a new account are handed on.
pub const WORDS_AT_MOST: usize = 4;

/// It is the server's text.
impl fmt::Debug for TriedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reachable, quarantined, words } = self;
        write!(f, "TriedOut(reachable: {reachable}, quarantined: {quarantined}, {} words)", words.len())
    }
}

impl TriedOut {
    fn hear(&mut self, said: &Element, greeting: &str) {
        match said.attr("type") {
            Some("error") => self.quarantined |= said.attr("id") == Some(greeting) && shows_quarantine(said),
            _ if self.words.len() < WORDS_AT_MOST => {
                let bodies = said.children().filter(|child| child.is("body", ns::JABBER_CLIENT)).map(Element::text);
                let words = clean(&bodies.take(1).collect::<String>());
                self.words.extend(Some(words).filter(|words| !words.is_empty()));
            }
            _ => {}
        }
    }
}

fn greeting(to: Jid, id: String) -> Stanza {
    let mut message = Message::chat(to).with_body(Lang::new(), "hello".to_owned());
    message.id = Some(Id(id));
    message.into()
}

fn is_from(message: &Element, server: &Jid) -> bool {
    message.attr("from").and_then(|from| Jid::new(from).ok()).is_some_and(|from| from == *server)
}

/// Whether a bounce is one of a server that lets new accounts write to nobody. Not so a bounce of an address that is not there.
fn shows_quarantine(bounce: &Element) -> bool {
    bounce.get_child("error", ns::JABBER_CLIENT).is_some_and(forbids)
}

/// The own account's resource in an answer.
fn bound(answer: Answer, account: &BareJid) -> Result<FullJid, LoginError> {
    let payload = answer.map_err(|_| LoginError::Refused)?;
    let own = |jid: &FullJid| bare(&jid.clone().into()) == bare(&account.clone().into());
    Ok(bind::bound(payload).filter(own).ok_or(StreamError::Malformed)?)
}

impl<S> fmt::Debug for Session<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session(..)")
    }
}
