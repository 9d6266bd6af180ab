//! A login's exchange: SCRAM by SASL (RFC 6120, section 6) or by SASL 2 (XEP-0388), whatever the server offers.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_xmpp::minidom::Element;
use tokio_xmpp::parsers::sasl::{Auth, Mechanism, Nonza, Response};
use tokio_xmpp::parsers::stream_features::StreamFeatures;

use crate::credentials::{Binding, Credentials};
use crate::error::{LoginError, StreamError};
use crate::exchange::Secure;
use crate::received::Received;
use crate::sasl2::{self, Success};
use crate::scram::{self, Attempt, Exporter, Profile};

/// A login under way: its first message was sent.
pub(crate) struct Login {
    scram: Attempt,
    /// What the server has answered already.
    answer: Option<Received>,
}

/// A login that has succeeded.
pub(crate) struct LoggedIn {
    /// What came of what was sent along, by SASL 2.
    pub(crate) success: Option<Success>,
    pub(crate) binding: Binding,
}

impl Login {
    /// Sends the first message. `along`: what SASL 2 is to do in the same exchange.
    pub(crate) async fn begin<S: AsyncRead + AsyncWrite + Unpin>(
        stream: &mut Secure<S>,
        features: &StreamFeatures,
        credentials: &Credentials,
        along: Vec<Element>,
    ) -> Result<Self, LoginError> {
        let mut scram = scram::choose(features, Exporter::of(stream.get_ref().get_ref().1), credentials)?;
        let data = scram.first_message();
        match scram.profile() {
            Profile::Sasl => {
                let mechanism = match scram.mechanism() {
                    "SCRAM-SHA-256-PLUS" => Mechanism::ScramSha256Plus,
                    "SCRAM-SHA-1-PLUS" => Mechanism::ScramSha1Plus,
                    "SCRAM-SHA-256" => Mechanism::ScramSha256,
                    _ => Mechanism::ScramSha1,
                };
                stream.send(&Nonza::Auth(Auth { mechanism, data })).await?;
            }
            Profile::Sasl2 => stream.send(&sasl2::authenticate(scram.mechanism(), &data, along)).await?,
        }
        Ok(Self { scram, answer: None })
    }

    /// Whether this is the answer to the first message.
    pub(crate) fn is_answered_by(&self, received: &Received) -> bool {
        let has_none = self.answer.is_none();
        has_none && matches!(received, Received::Sasl2(_) | Received::Sasl(_))
    }

    /// The answer to the first message came before something else that was waited for.
    pub(crate) fn answered(&mut self, received: Received) {
        self.answer = Some(received);
    }

    /// Goes on to the end: the server has accepted us and proven that it knows the account.
    pub(crate) async fn finish<S>(mut self, stream: &mut Secure<S>) -> Result<LoggedIn, LoginError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        loop {
            let received = match self.answer.take() {
                Some(answer) => answer,
                None => stream.next().await?,
            };
            match (self.scram.profile(), received) {
                (Profile::Sasl, Received::Sasl(nonza)) => match nonza {
                    Nonza::Challenge(challenge) => {
                        let data = self.scram.respond(&challenge.data)?;
                        stream.send(&Nonza::Response(Response { data })).await?;
                    }
                    Nonza::Success(success) => {
                        self.scram.finish(&success.data)?;
                        return Ok(LoggedIn { success: None, binding: self.scram.shows() });
                    }
                    Nonza::Failure(failure) => return Err(LoginError::meant_by(&failure.defined_condition)),
                    _ => return Err(StreamError::Malformed.into()),
                },
                (Profile::Sasl2, Received::Sasl2(nonza)) => match nonza {
                    sasl2::Nonza::Challenge(challenge) => {
                        let data = self.scram.respond(&challenge.sasl_data)?;
                        stream.send(&sasl2::response(data)).await?;
                    }
                    sasl2::Nonza::Success(success) => {
                        self.scram.finish(success.additional_data.as_deref().unwrap_or_default())?;
                        return Ok(LoggedIn { success: Some(success), binding: self.scram.shows() });
                    }
                    sasl2::Nonza::Failure(failure) => return Err(sasl2::refusal(&failure)),
                    // More than a password is wanted.
                    sasl2::Nonza::Continue(_) => return Err(LoginError::Refused),
                },
                _ => return Err(StreamError::Malformed.into()),
            }
        }
    }
}
