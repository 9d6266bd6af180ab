//! Removal of an account (XEP-0077, section 3.2), or of its password where the server removes none (section 3.3), and the proof
//! that the login is gone, without I/O.
//!
//! [`Requested`] → [`Accepted`] → proven. The proof needs a new stream: on the old one the server may still know us.

use tokio_xmpp::minidom::Element;
use tokio_xmpp::parsers::ibr::RemoveQuery;
use tokio_xmpp::parsers::iq::Iq;
use tokio_xmpp::parsers::ns;
use tokio_xmpp::parsers::stanza_error::ErrorType;

use crate::error::{LoginError, StreamError};
use crate::received::Answer;

/// The end of the login was asked for, on a stream that is logged in.
#[derive(Debug)]
pub(crate) struct Requested(());

impl Requested {
    /// Asks for the removal of the account.
    pub(crate) fn removal(id: String) -> (Self, Iq) {
        Self::ask(id, RemoveQuery { remove: true }.into())
    }

    /// Asks for another password.
    pub(crate) fn password(id: String, username: &str, password: &str) -> (Self, Iq) {
        let field = |name, value: &str| Element::builder(name, ns::REGISTER).append(value);
        let query = Element::builder("query", ns::REGISTER);
        Self::ask(id, query.append(field("username", username)).append(field("password", password)).build())
    }

    /// Neither `to` nor `from`: with one, servers take it for a request to somebody else and do nothing.
    fn ask(id: String, payload: Element) -> (Self, Iq) {
        (Self(()), Iq::Set { from: None, to: None, id, payload })
    }

    /// A stream that ends as not authorized is an answer too: the account it belonged to is gone.
    pub(crate) fn answered(self, answer: Result<Answer, StreamError>) -> Result<Accepted, RemovalError> {
        let Self(()) = self;
        match answer {
            Ok(Ok(_)) | Err(StreamError::NotAuthorized) => Ok(Accepted(())),
            Ok(Err(error)) if error.type_ == ErrorType::Wait => Err(RemovalError::NotNow),
            Ok(Err(_)) => Err(RemovalError::Refused),
            Err(error) => Err(RemovalError::Lost(error)),
        }
    }
}

/// The server says that the account is removed, or that it has another password.
#[derive(Debug)]
#[must_use = "what the server says is not yet the proof"]
pub struct Accepted(());

impl Accepted {
    /// Takes what came of a login with the same credentials on a new stream to the same domain.
    ///
    /// # Errors
    /// [`ProofError`] for everything but a plain `not-authorized`.
    pub fn proven_by(self, login: Result<(), LoginError>) -> Result<(), ProofError> {
        let Self(()) = self;
        match login {
            Err(LoginError::NotAuthorized) => Ok(()),
            Ok(()) => Err(ProofError::StillThere),
            Err(error) => Err(ProofError::Unproven(error)),
        }
    }
}

/// Why an account was not removed, or has the password that it had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RemovalError {
    /// The server does not let its users do that.
    #[error("the server refuses")]
    Refused,
    /// The server has no time for it now: ask again later, on a new stream.
    #[error("the server refuses for now")]
    NotNow,
    /// No answer: the account may be gone or not. Ask again on a new stream.
    #[error("the answer was lost")]
    Lost(StreamError),
}

/// Why a removal is not proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The login still succeeds: the server lied.
    #[error("the account is still there")]
    StillThere,
    /// Something else failed: nothing is shown either way.
    #[error("nothing is shown: {0}")]
    Unproven(LoginError),
}

#[cfg(test)]
mod tests {
    use tokio_xmpp::parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

    use super::*;

    #[test]
    fn the_request_names_nobody() {
        for (asked, query) in [
            (Requested::removal("9".into()), "<remove/>"),
            (Requested::password("9".into(), "name", "secret"), "<username>name</username><password>secret</password>"),
        ] {
            let Iq::Set { from: None, to: None, payload, .. } = asked.1 else { panic!("addressed") };
            assert_eq!(payload, format!("<query xmlns='jabber:iq:register'>{query}</query>").parse().unwrap());
        }
    }

    #[test]
    fn what_counts_as_removed_and_what_as_proven() {
        let answered = |answer| Requested(()).answered(answer).map(drop);
        let no = StanzaError::new(ErrorType::Cancel, DefinedCondition::NotAllowed, "en", "");
        assert_eq!(answered(Ok(Ok(None))), Ok(()));
        assert_eq!(answered(Err(StreamError::NotAuthorized)), Ok(()));
        assert_eq!(answered(Ok(Err(no))), Err(RemovalError::Refused));
        let later = StanzaError::new(ErrorType::Wait, DefinedCondition::ResourceConstraint, "en", "");
        assert_eq!(answered(Ok(Err(later))), Err(RemovalError::NotNow));
        for lost in [StreamError::Ended, StreamError::Malformed] {
            assert_eq!(answered(Err(lost)), Err(RemovalError::Lost(lost)));
        }
        let proof = |login| Accepted(()).proven_by(login);
        assert_eq!(proof(Err(LoginError::NotAuthorized)), Ok(()));
        assert_eq!(proof(Ok(())), Err(ProofError::StillThere));
        for other in [
            LoginError::Disabled,
            LoginError::Temporary,
            LoginError::Refused,
            LoginError::NoSafeMechanism,
            LoginError::ServerNotProven,
            LoginError::Stream(StreamError::NotAuthorized),
        ] {
            assert_eq!(proof(Err(other)), Err(ProofError::Unproven(other)));
        }
    }
}
