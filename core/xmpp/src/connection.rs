//! A stream to a server that has proven its domain: what registration and login stand on.

use std::fmt;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use tokio_xmpp::Stanza;
use tokio_xmpp::jid::BareJid;
use tokio_xmpp::minidom::Element;
use tokio_xmpp::parsers::stream_features::StreamFeatures;

use crate::corked::Corked;
use crate::credentials::{Binding, Credentials};
use crate::domain::Domain;
use crate::error::{ConnectError, LoginError, StreamError};
use crate::exchange::{Secure, Stream};
use crate::ids::Ids;
use crate::managed::{ManagedSession, Start};
use crate::management::Resumption;
use crate::received::{Answer, Received};
use crate::registration::dialogue::{self, Invited};
use crate::registration::{Filled, Form, Invitation, RegisterError};
use crate::sasl::{LoggedIn, Login};
use crate::sasl2;
use crate::scram::{self, Exporter};
use crate::session::Session;
use crate::sieve::Sieve;
use crate::starttls;
use crate::tls::{Security, Tls};

/// How long the answer to a form that was asked for early is waited for once the features came: then it is asked for anew.
const EARLY_ANSWER: Duration = Duration::from_secs(5);

/// How long TLS may take, with STARTTLS before it: some round trips of a circuit.
const SECURED: Duration = Duration::from_secs(30);

/// A stream under TLS with a certificate that is valid for the domain, and with its features read. Nobody is logged in.
pub struct Connection<S> {
    stream: Secure<S>,
    domain: Domain,
    features: StreamFeatures,
    invited: Invited,
    /// A form that was asked for before it was known what the server offers.
    form: Option<Answer>,
    /// A login that began with the registration.
    login: Option<Login>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection<S> {
    /// Secures a stream of bytes and opens the XMPP stream (RFC 6120, section 4). No secret is sent.
    ///
    /// # Errors
    /// See [`ConnectError`].
    pub async fn open(stream: S, domain: &Domain, security: Security, tls: &Tls) -> Result<Self, ConnectError> {
        let secured = secure(stream, domain, security, tls).await?;
        let (features, stream) = Stream::open(Sieve::new(secured), domain).await?;
        Ok(Self::with(stream, domain, features))
    }

    /// [`Connection::open`] that asks for the form of a registration in the same write as the stream header, which saves a round
    /// trip: [`Connection::ask_registration`] has the answer then. Not for those who show an invitation first.
    ///
    /// # Errors
    /// See [`ConnectError`]. After [`ConnectError::TooEarly`] take [`Connection::open`], on another stream of bytes.
    pub async fn open_to_register(
        stream: S,
        domain: &Domain,
        security: Security,
        tls: &Tls,
        ids: &mut Ids,
    ) -> Result<Self, ConnectError> {
        let secured = secure(stream, domain, security, tls).await?;
        let request = dialogue::request(ids);
        let id = request.id().to_owned();
        let request = Stanza::from(request);
        let opened = Stream::open_asking(Sieve::new(secured), domain, &request).await;
        let (features, mut stream) = opened.map_err(too_early)?;
        // One that refuses it before a login ends the stream, behind its features.
        let form = match timeout(EARLY_ANSWER, stream.answer(&id)).await {
            Ok(answer) => Some(answer.map_err(too_early)?),
            Err(_) => None,
        };
        Ok(Self { form, ..Self::with(stream, domain, features) })
    }

    fn with(stream: Secure<S>, domain: &Domain, features: StreamFeatures) -> Self {
        let invited = Invited::at(&features);
        Self { stream, domain: domain.clone(), features, invited, form: None, login: None }
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
        scram::is_safe(&self.features, Exporter::of(self.stream.get_ref().get_ref().1))
    }

    /// Shows an invitation (XEP-0445), before a form is asked for. The server spends it once there is an account.
    ///
    /// # Errors
    /// See [`RegisterError`]; the invitation can be used again after any of them but [`RegisterError::NeedsInvite`].
    pub async fn show_invitation(&mut self, invitation: &Invitation, ids: &mut Ids) -> Result<(), RegisterError> {
        // Another may be for the invited.
        self.form = None;
        self.invited.show(&mut self.stream, invitation, &self.domain, ids).await
    }

    /// Asks what a registration needs (XEP-0077, section 3.1). Says nothing about the account. Asked again, the server gives
    /// another picture.
    ///
    /// # Errors
    /// See [`RegisterError`]; there is no account after any of them.
    pub async fn ask_registration(&mut self, ids: &mut Ids) -> Result<Form, RegisterError> {
        match self.form.take() {
            Some(early @ Ok(_)) => self.invited.take(early, &self.domain),
            // It may have come too early.
            _ => self.invited.ask(&mut self.stream, &self.domain, ids).await,
        }
    }

    /// Asks for those pictures of a form that are to be had on the stream. Without that its question lacks them.
    ///
    /// # Errors
    /// As [`Connection::ask_registration`].
    pub async fn ask_pictures(&mut self, form: Form, ids: &mut Ids) -> Result<Form, RegisterError> {
        dialogue::ask_pictures(&mut self.stream, form, ids).await
    }

    /// Waits until the server ends the stream, while the user answers. Cancel safe.
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
    /// See [`RegisterError`], and [`RegisterError::leaves_doubt`].
    pub async fn register(&mut self, form: Filled, ids: &mut Ids) -> Result<(), RegisterError> {
        self.invited.send(&mut self.stream, form, ids).await
    }

    /// [`Connection::register`], with the beginning of a login in the same write, before it is known whether there is an account.
    /// It saves a round trip: [`Connection::log_in`], with the same credentials, goes on with that login. After an error the stream is of no
    /// use.
    ///
    /// A server that refuses the registration refuses the login, too, and may count that against the address that we come from: this
    /// is not for onion addresses, where everybody has the same one.
    ///
    /// # Errors
    /// As [`Connection::register`].
    pub async fn register_to_log_in(
        &mut self,
        form: Filled,
        credentials: &Credentials,
        ids: &mut Ids,
    ) -> Result<(), RegisterError> {
        let sending = self.invited.begin_to_send(&mut self.stream, form, ids).await?;
        let login = Login::begin(&mut self.stream, &self.features, credentials, sasl2::bind()).await;
        // Where nothing can be begun, the login itself says why.
        let mut login = login.ok();
        let answer = loop {
            match self.stream.next().await? {
                Received::Answer { id, answer } if id == sending.id => break answer,
                other => match &mut login {
                    Some(login) if login.is_answered_by(&other) => login.answered(other),
                    _ => self.stream.unasked(other).await?,
                },
            }
        };
        sending.answered(answer)?;
        self.login = login;
        Ok(())
    }

    /// Logs in (SCRAM only; RFC 6120, section 6, or XEP-0388) and binds a random resource (section 7, or XEP-0386), for a single
    /// task.
    ///
    /// # Errors
    /// See [`LoginError`].
    pub async fn log_in(mut self, credentials: &Credentials, ids: Ids) -> Result<Session<S>, LoginError> {
        let account = self.account(credentials)?;
        let ahead = match self.login.take() {
            Some(login) => match login.finish(&mut self.stream).await {
                // The registration may not have been through when that was looked at.
                Err(LoginError::NotAuthorized) => None,
                done => Some(done?),
            },
            None => None,
        };
        let done = match ahead {
            Some(done) => done,
            None => self.authenticate(credentials, sasl2::bind()).await?,
        };
        let session = match done.success {
            Some(success) => Session::bound(self.stream, &success, &account, ids)?,
            None => Session::restart(self.stream, &self.domain, &account, ids, false).await?.0,
        };
        Ok(session.with_binding(done.binding))
    }

    /// Logs in to stay: with stream management (XEP-0198), taking an earlier stream up again where the server still has
    /// it. Where the server would have that done at another address is not looked at.
    ///
    /// # Errors
    /// See [`LoginError`].
    pub async fn log_in_to_stay(
        mut self,
        credentials: &Credentials,
        ids: Ids,
        earlier: Option<&Resumption>,
    ) -> Result<(ManagedSession<S>, Start), LoginError> {
        let account = self.account(credentials)?;
        let done = self.authenticate(credentials, sasl2::stay(earlier)).await?;
        let (session, start) = match done.success {
            Some(success) => ManagedSession::started(self.stream, &success, &self.features, &account, earlier).await?,
            None => ManagedSession::start(self.stream, &self.domain, &account, ids, earlier).await?,
        };
        Ok((session.with_binding(done.binding), start))
    }

    /// Only shows whether the credentials are accepted, as the proof of a removal needs it.
    ///
    /// # Errors
    /// See [`LoginError`].
    pub async fn try_login(mut self, credentials: &Credentials) -> Result<(), LoginError> {
        self.account(credentials)?;
        self.authenticate(credentials, Vec::new()).await.map(drop)
    }

    /// Not `NotAuthorized`: what the server was not asked proves nothing.
    fn account(&self, credentials: &Credentials) -> Result<BareJid, LoginError> {
        self.domain.account(&credentials.username).ok_or(LoginError::Refused)
    }

    /// Logs in. `along`: what SASL 2 is to do in the same exchange.
    async fn authenticate(&mut self, credentials: &Credentials, along: Vec<Element>) -> Result<LoggedIn, LoginError> {
        let login = Login::begin(&mut self.stream, &self.features, credentials, along.clone()).await?;
        match login.finish(&mut self.stream).await {
            // The first login of an account is on the stream that was told its password. One on another stream, after a crash, is to
            // remove the account. Somebody in the middle gains nothing by either.
            Err(LoginError::NotAuthorized)
                if credentials.binding == Binding::Unknown && scram::may_be_unable(&self.features) =>
            {
                let unbound = credentials.unbound();
                Login::begin(&mut self.stream, &self.features, &unbound, along).await?.finish(&mut self.stream).await
            }
            done => done,
        }
    }
}

async fn secure<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    domain: &Domain,
    security: Security,
    tls: &Tls,
) -> Result<TlsStream<Corked<S>>, ConnectError> {
    let secured = async {
        let bare = match security {
            Security::DirectTls => stream,
            Security::StartTls => starttls::negotiate(stream, domain).await?,
        };
        tls.connect(bare, domain, security).await
    };
    timeout(SECURED, secured).await.unwrap_or(Err(ConnectError::Silent))
}

/// Why a stream has ended on which something was said before the features came.
fn too_early(error: StreamError) -> ConnectError {
    match error {
        StreamError::Ended | StreamError::NotAuthorized => ConnectError::TooEarly,
        StreamError::Malformed => ConnectError::Malformed,
    }
}

impl<S> fmt::Debug for Connection<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection(..)")
    }
}
