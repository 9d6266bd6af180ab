//! A stream to a server that has proven its domain: what registration and login stand on.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, ErrorKind};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls;
use tokio_xmpp::jid::BareJid;
use tokio_xmpp::parsers::ns;
use tokio_xmpp::parsers::stream_features::StreamFeatures;
use tokio_xmpp::xmlstream::{InitiatingStream, StreamHeader, Timeouts, initiate_stream};
use zeroize::Zeroizing;

use crate::domain::Domain;
use crate::exchange::{Secure, Stream, StreamError};
use crate::ids::Ids;
use crate::managed::{ManagedSession, Start};
use crate::management::Resumption;
use crate::registration::{Asked, PlainForm, RegisterError};
use crate::sasl::{self, Exporter, LoginError};
use crate::session::Session;
use crate::sieve::Sieve;
use crate::starttls;
use crate::tls::Tls;

/// How a stream gets its TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// From the first byte (XEP-0368), usually at port 5223.
    DirectTls,
    /// Negotiated in clear (RFC 6120, section 5), usually at port 5222.
    StartTls,
}

/// An account's name and password. No part of it is printed.
pub struct Credentials {
    pub(crate) username: String,
    pub(crate) password: Zeroizing<String>,
    /// See [`Credentials::binding`].
    pub(crate) binds: bool,
}

impl Credentials {
    /// The part of the JID before the `@`, and the password, in ASCII: nothing is prepared as SASLprep (RFC 4013) would.
    ///
    /// The copies that the XML and SASL libraries make of the password are not wiped by them: use an allocator that is.
    #[must_use]
    pub const fn new(username: String, password: Zeroizing<String>) -> Self {
        Self { username, password, binds: false }
    }

    /// Whether an earlier login of this account was bound to its TLS connection ([`Connection::binds_logins`]): no other is
    /// tried then.
    #[must_use]
    pub fn binding(self, binds: bool) -> Self {
        Self { binds, ..self }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

/// A stream under TLS whose certificate is valid for the domain, and whose features were read. Nobody is logged in.
pub struct Connection<S> {
    stream: Secure<S>,
    domain: Domain,
    features: StreamFeatures,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection<S> {
    /// Secures a stream of bytes and opens the XMPP stream (RFC 6120, section 4). No secret is sent.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub async fn open(stream: S, domain: &Domain, security: Security, tls: &Tls) -> Result<Self, ConnectError> {
        let bare = match security {
            Security::DirectTls => stream,
            Security::StartTls => starttls::negotiate(stream, domain).await?,
        };
        let secured = tls.connect(bare, domain, security).await?;
        let (features, stream) = start_stream(Sieve::new(secured), domain).await?;
        Ok(Self { stream, domain: domain.clone(), features })
    }

    /// Whether the server says that it makes accounts (XEP-0077, section 7). Some that do not say so do.
    #[must_use]
    pub const fn offers_registration(&self) -> bool {
        self.features.in_band_registration
    }

    /// Whether a login would keep the password secret (SCRAM), bound to TLS where the server can: to be asked before it is told
    /// to the server at all.
    #[must_use]
    pub fn offers_safe_login(&self) -> bool {
        sasl::binds(&self.features, self.exporter()).is_ok()
    }

    /// Whether a login is bound to this TLS connection: an attacker in the middle cannot pass it on, not even with a
    /// mis-issued certificate. To be remembered once it has succeeded: see [`Credentials::binding`].
    #[must_use]
    pub fn binds_logins(&self) -> bool {
        sasl::binds(&self.features, self.exporter()).unwrap_or(false)
    }

    fn exporter(&self) -> Option<Exporter> {
        Exporter::of(self.stream.get_ref().get_ref().1)
    }

    /// Asks what a registration needs (XEP-0077, section 3.1). Says nothing about the account.
    ///
    /// # Errors
    /// See [`RegisterError`]; there is no account after any of them.
    pub async fn ask_registration(&mut self, ids: &mut Ids) -> Result<PlainForm, RegisterError> {
        let (asked, request) = Asked::ask(ids.draw());
        let answer = self.stream.request(request).await?;
        asked.answered(answer)
    }

    /// Registers the account.
    ///
    /// # Errors
    /// See [`RegisterError`]; only after [`RegisterError::Lost`] there may be an account.
    pub async fn register(
        &mut self,
        form: PlainForm,
        credentials: &Credentials,
        ids: &mut Ids,
    ) -> Result<(), RegisterError> {
        let (sent, request) = form.fill(credentials, ids.draw());
        let answer = self.stream.request(request).await?;
        sent.answered(answer)
    }

    /// Logs in (RFC 6120, section 6; SCRAM only) and binds a random resource (section 7), for a single task.
    ///
    /// # Errors
    /// See [`LoginError`].
    pub async fn log_in(self, credentials: &Credentials, ids: Ids) -> Result<Session<S>, LoginError> {
        let (account, features, stream) = self.authenticated(credentials).await?;
        Session::bind(stream, &features, &account, ids).await
    }

    /// Logs in to stay: with stream management (XEP-0198), taking an earlier stream up again where the server still has
    /// it. Where the server would have that done at another address is not looked at.
    ///
    /// # Errors
    /// See [`LoginError`].
    pub async fn log_in_to_stay(
        self,
        credentials: &Credentials,
        ids: Ids,
        earlier: Option<&Resumption>,
    ) -> Result<(ManagedSession<S>, Start), LoginError> {
        let (account, features, stream) = self.authenticated(credentials).await?;
        if features.stream_management.is_none() {
            return Err(LoginError::NoManagement);
        }
        ManagedSession::start(stream, &features, &account, ids, earlier).await
    }

    /// Only shows whether the credentials are accepted, as the proof of a removal needs it.
    ///
    /// # Errors
    /// See [`LoginError`].
    pub async fn try_login(self, credentials: &Credentials) -> Result<(), LoginError> {
        self.authenticate(credentials).await.map(drop)
    }

    async fn authenticate(
        self,
        credentials: &Credentials,
    ) -> Result<(BareJid, InitiatingStream<Sieve<TlsStream<S>>>), LoginError> {
        let Self { mut stream, features, domain } = self;
        // Not `NotAuthorized`: what the server was not asked proves nothing.
        let account = domain.account(&credentials.username).ok_or(LoginError::Refused)?;
        sasl::authenticate(&mut stream, &features, credentials).await?;
        Ok((account, stream.restart()))
    }

    /// Logs in and reads what is offered then.
    async fn authenticated(
        self,
        credentials: &Credentials,
    ) -> Result<(BareJid, StreamFeatures, Secure<S>), LoginError> {
        let domain = self.domain.clone();
        let (account, reset) = self.authenticate(credentials).await?;
        let pending = reset.send_header(header(&domain)).await.map_err(|e| StreamError::from_io(&e))?;
        let (features, stream) = Stream::start(pending).await?;
        Ok((account, features, stream))
    }
}

impl<S> fmt::Debug for Connection<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection(..)")
    }
}

/// Why there is no secured stream. Nothing secret was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The connection was refused or lost. Try another endpoint, or later.
    #[error("the connection was refused or lost")]
    Closed,
    /// The server has no certificate that is valid for the domain now: not this server.
    #[error("the certificate is not valid for the domain")]
    Certificate,
    /// The server offers no TLS, or someone took the offer out: not this server, or not over this line.
    #[error("no TLS is offered")]
    NoTls,
    /// The handshake failed: no TLS spoken there, or no version or cipher in common.
    #[error("the TLS handshake failed")]
    Tls,
    /// What the server says is no XMPP.
    #[error("the server does not speak XMPP")]
    Malformed,
}

impl ConnectError {
    pub(crate) fn from_handshake(error: &io::Error) -> Self {
        match error.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented) => Self::Certificate,
            Some(_) => Self::Tls,
            None if error.kind() == ErrorKind::InvalidData => Self::Tls,
            None => Self::Closed,
        }
    }
}

impl From<StreamError> for ConnectError {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Malformed => Self::Malformed,
            StreamError::Ended | StreamError::NotAuthorized => Self::Closed,
        }
    }
}

/// Sends the stream header and reads the answer and the features (RFC 6120, sections 4.2 and 4.3).
pub(crate) async fn start_stream<S>(
    sieve: Sieve<S>,
    domain: &Domain,
) -> Result<(StreamFeatures, Stream<S>), StreamError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let opened = initiate_stream(sieve, ns::JABBER_CLIENT, header(domain), TIMEOUTS).await;
    Stream::start(opened.map_err(|e| StreamError::from_io(&e))?).await
}

/// `from` stays away: it would name the account to whoever reads a stream before its TLS.
fn header(domain: &Domain) -> StreamHeader<'_> {
    StreamHeader { to: Some(Cow::Borrowed(domain.as_str())), from: None, id: None }
}

/// The caller's own deadlines come first; the library cannot do without any.
const TIMEOUTS: Timeouts =
    Timeouts { read_timeout: Duration::from_secs(30 * 86_400), response_timeout: Duration::from_secs(30 * 86_400) };
