//! What is said and heard for a registration, on any stream.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_xmpp::Stanza;
use tokio_xmpp::parsers::iq::Iq;
use tokio_xmpp::parsers::stream_features::StreamFeatures;

use super::error::{Fault, RegisterError};
use super::fill::Filled;
use super::form::Form;
use super::invitation::{FEATURE, Invitation};
use super::states::{Asked, Read, Sent};
use crate::domain::Domain;
use crate::error::StreamError;
use crate::exchange::Stream;
use crate::ids::Ids;
use crate::received::Answer;

/// How far a stream is that nobody is logged in on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Invited {
    /// The server takes no invitations.
    Never,
    /// It does, and was shown none.
    NotYet,
    Yes,
}

impl Invited {
    pub(crate) fn at(features: &StreamFeatures) -> Self {
        let takes = features.others.iter().any(|feature| feature.is("register", FEATURE));
        if takes { Self::NotYet } else { Self::Never }
    }

    /// Shows an invitation to the server that it is for.
    pub(crate) async fn show<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        stream: &mut Stream<S>,
        invitation: &Invitation,
        domain: &Domain,
        ids: &mut Ids,
    ) -> Result<(), RegisterError> {
        if *self == Self::Never || invitation.domain() != domain {
            return Err(Fault::NoInvitations.into());
        }
        let (shown, request) = invitation.show(ids.draw());
        shown.answered(&stream.request(request).await?)?;
        *self = Self::Yes;
        Ok(())
    }

    /// Asks for a form.
    pub(crate) async fn ask<S: AsyncRead + AsyncWrite + Unpin>(
        self,
        stream: &mut Stream<S>,
        domain: &Domain,
        ids: &mut Ids,
    ) -> Result<Form, RegisterError> {
        let answer = stream.request(request(ids)).await?;
        self.take(answer, domain)
    }

    /// Takes the answer to [`request`].
    pub(crate) fn take(self, answer: Answer, domain: &Domain) -> Result<Form, RegisterError> {
        Asked::ask(self == Self::NotYet, String::new()).0.answered(answer, domain)
    }

    /// Sends a form that was filled in.
    pub(crate) async fn send<S: AsyncRead + AsyncWrite + Unpin>(
        self,
        stream: &mut Stream<S>,
        filled: Filled,
        ids: &mut Ids,
    ) -> Result<(), RegisterError> {
        let sending = self.begin_to_send(stream, filled, ids).await?;
        let answer = stream.answer(&sending.id).await?;
        sending.answered(answer)
    }

    /// Sends one without waiting for the answer.
    pub(crate) async fn begin_to_send<S: AsyncRead + AsyncWrite + Unpin>(
        self,
        stream: &mut Stream<S>,
        filled: Filled,
        ids: &mut Ids,
    ) -> Result<Sending, StreamError> {
        let (sent, request) = Sent::send(filled, self == Self::NotYet, ids.draw());
        let id = request.id().to_owned();
        stream.send_stanza(&Stanza::from(request)).await?;
        Ok(Sending { sent, id })
    }
}

/// Asks for those pictures of a form that are to be had on the stream.
pub(crate) async fn ask_pictures<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut Stream<S>,
    form: Form,
    ids: &mut Ids,
) -> Result<Form, RegisterError> {
    let mut read = Read::of(form);
    loop {
        match read {
            Read::Whole(form) => return Ok(form),
            Read::Wants(bits) => {
                let answer = stream.request(bits.ask(ids.draw())).await?;
                read = bits.answered(answer)?;
            }
        }
    }
}

/// The request for a form. It is the same whatever the server offers, so that it need not wait for that.
pub(crate) fn request(ids: &mut Ids) -> Iq {
    Asked::ask(false, ids.draw()).1
}

/// A form that was sent.
pub(crate) struct Sending {
    sent: Sent,
    /// Of the request.
    pub(crate) id: String,
}

impl Sending {
    pub(crate) fn answered(self, answer: Answer) -> Result<(), RegisterError> {
        self.sent.answered(answer)
    }
}
