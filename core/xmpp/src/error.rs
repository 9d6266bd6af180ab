//! Why a stream ends, is not opened, or lets nobody log in.

use std::io::{self, ErrorKind};

use tokio_rustls::rustls;
use tokio_xmpp::parsers::sasl::DefinedCondition;

/// Why an XMPP stream ended or cannot go on. The caller opens a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// The connection is lost, or the server closed the stream.
    #[error("the stream ended")]
    Ended,
    /// The server closed the stream with `not-authorized` (RFC 6120, section 4.9.3.12).
    #[error("the stream was ended as not authorized")]
    NotAuthorized,
    /// The server sent what is no XMPP, or too much of it.
    #[error("the stream is malformed")]
    Malformed,
}

impl StreamError {
    /// To the parser, a stream that ends early is one more syntax error. What TLS refuses was not said by the server.
    pub(crate) fn from_io(error: &io::Error) -> Self {
        let inner = error.get_ref();
        let cut_off = matches!(inner.and_then(|inner| inner.downcast_ref()), Some(rxml::Error::InvalidEof(_)));
        let forged = inner.is_some_and(|inner| inner.is::<rustls::Error>());
        if error.kind() == ErrorKind::InvalidData && !cut_off && !forged { Self::Malformed } else { Self::Ended }
    }
}

/// Why there is no secured stream. Nothing secret was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The connection was refused or lost. Try another endpoint, or later.
    #[error("the connection was refused or lost")]
    Closed,
    /// There was no TLS within half a minute: a port that drops what comes, which a dial through an exit does not show. Try another
    /// endpoint.
    #[error("nothing answers")]
    Silent,
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
    /// The stream ended over what was asked before the server said what it offers, or was lost: open another and ask nothing.
    #[error("the server was asked too early")]
    TooEarly,
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

/// Why a login failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// No SCRAM is offered; nothing secret was sent. Take another server.
    #[error("no SCRAM mechanism is offered")]
    NoSafeMechanism,
    /// Less is offered than this server could do before, or than it says that it offers (XEP-0474), or only bindings to TLS
    /// that are of no use here: somebody in between takes away what would show them. No proof of the password was sent.
    #[error("less is offered than the server can do")]
    Downgraded,
    /// There is no such account, or its password is another (RFC 6120, section 6.5.10).
    #[error("the credentials are not accepted")]
    NotAuthorized,
    /// The account is disabled.
    #[error("the account is disabled")]
    Disabled,
    /// The server cannot tell now. Try again later.
    #[error("the server cannot check credentials now")]
    Temporary,
    /// Another refusal, or a name that no account can have.
    #[error("the login was refused")]
    Refused,
    /// The server did not show that it knows the account, or broke SCRAM: do not trust it.
    #[error("the server failed to prove that it knows the account")]
    ServerNotProven,
    /// The server has no stream management (XEP-0198): what a lost connection swallows would never be known. Take another.
    #[error("the server has no stream management")]
    NoManagement,
    /// The server takes up another stream than it was asked for, or has more of ours than was sent (XEP-0198, section 5): what
    /// it says of it is not to be believed. Begin a new one.
    #[error("the server takes up another stream")]
    WrongStream,
    /// The stream ended.
    #[error(transparent)]
    Stream(#[from] StreamError),
}

impl LoginError {
    /// What a server means that accepts no login (RFC 6120, section 6.5).
    pub(crate) const fn meant_by(condition: &DefinedCondition) -> Self {
        match condition {
            DefinedCondition::NotAuthorized => Self::NotAuthorized,
            DefinedCondition::AccountDisabled => Self::Disabled,
            DefinedCondition::TemporaryAuthFailure => Self::Temporary,
            _ => Self::Refused,
        }
    }
}
