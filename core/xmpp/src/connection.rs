//! A stream to a server that has proven its domain: what registration and login stand on.

use std::fmt;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_xmpp::jid::BareJid;
use tokio_xmpp::parsers::stream_features::StreamFeatures;

use crate::credentials::Credentials;
use crate::domain::Domain;
use crate::error::{ConnectError, LoginError, StreamError};
use crate::exchange::{Secure, Stream};
use crate::ids::Ids;
use crate::managed::{ManagedSession, Start};
use crate::management::Resumption;
use crate::registration::dialogue::Invited;
use crate::registration::{Filled, Form, Invitation, RegisterError};
use crate::sasl::{self, Exporter};
use crate::session::Session;
use crate::sieve::Sieve;
use crate::starttls;
use crate::tls::{Security, Tls};

/// A stream under TLS whose certificate is valid for the domain, and whose features were read. Nobody is logged in.
pub struct Connection<S> {
    stream: Secure<S>,
    domain: Domain,
    features: StreamFeatures,
    invited: Invited,
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
        let (features, stream) = Stream::open(Sieve::new(secured), domain).await?;
        let invited = Invited::at(&features);
        Ok(Self { stream, domain: domain.clone(), features, invited })
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

    /// Shows an invitation (XEP-0445), before a form is asked for. The server spends it once there is an account.
    ///
    /// # Errors
    /// See [`RegisterError`]; the invitation can be used again after any of them but [`RegisterError::NeedsInvite`].
    pub async fn show_invitation(&mut self, invitation: &Invitation, ids: &mut Ids) -> Result<(), RegisterError> {
        self.invited.show(&mut self.stream, invitation, &self.domain, ids).await
    }

    /// Asks what a registration needs (XEP-0077, section 3.1). Says nothing about the account. Asked again, the server gives
    /// another picture.
    ///
    /// # Errors
    /// See [`RegisterError`]; there is no account after any of them.
    pub async fn ask_registration(&mut self, ids: &mut Ids) -> Result<Form, RegisterError> {
        self.invited.ask(&mut self.stream, &self.domain, ids).await
    }

    /// Waits until the server ends the stream, while a person answers. Cancel safe.
    pub async fn ended(&mut self) -> StreamError {
        loop {
            let heard = match self.stream.next().await {
                Ok(received) => self.stream.unasked(received).await,
                Err(error) => Err(error),
            };
            if let Err(error) = heard {
                return error;
            }
        }
    }

    /// Registers the account.
    ///
    /// # Errors
    /// See [`RegisterError`]; only after [`RegisterError::Lost`] there may be an account.
    pub async fn register(&mut self, form: Filled, ids: &mut Ids) -> Result<(), RegisterError> {
        self.invited.send(&mut self.stream, form, ids).await
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

    async fn authenticate(self, credentials: &Credentials) -> Result<(BareJid, Secure<S>), LoginError> {
        let Self { mut stream, features, domain, .. } = self;
        // Not `NotAuthorized`: what the server was not asked proves nothing.
        let account = domain.account(&credentials.username).ok_or(LoginError::Refused)?;
        sasl::authenticate(&mut stream, &features, credentials).await?;
        Ok((account, stream))
    }

    /// Logs in and reads what is offered then.
    async fn authenticated(
        self,
        credentials: &Credentials,
    ) -> Result<(BareJid, StreamFeatures, Secure<S>), LoginError> {
        let domain = self.domain.clone();
        let (account, stream) = self.authenticate(credentials).await?;
        let (features, stream) = stream.restart(&domain).await?;
        Ok((account, features, stream))
    }
}

impl<S> fmt::Debug for Connection<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection(..)")
    }
}
