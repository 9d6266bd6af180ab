//! The steps of a registration: each takes the answer that it waits for.
//!
//! [`Asked`] → [`Read`] → [`Sent`].

use std::fmt;

use tokio_xmpp::parsers::ibr::FieldsQuery;
use tokio_xmpp::parsers::iq::Iq;
use tokio_xmpp::parsers::ns;

use super::error::{Context, Fault, RegisterError, no_form, refusal};
use super::fill::Filled;
use super::form::Form;
use super::picture::Cid;
use crate::domain::Domain;
use crate::received::Answer;

/// The server was asked which fields it needs.
#[derive(Debug)]
pub(super) struct Asked {
    lacks_invitation: bool,
}

impl Asked {
    /// `lacks_invitation`: the server takes invitations, and none was shown.
    pub(super) fn ask(lacks_invitation: bool, id: String) -> (Self, Iq) {
        (Self { lacks_invitation }, Iq::Get { from: None, to: None, id, payload: FieldsQuery.into() })
    }

    pub(super) fn answered(self, answer: Answer, domain: &Domain) -> Result<Form, RegisterError> {
        let payload = answer.map_err(|error| no_form(&error, self.lacks_invitation))?;
        // Not by the library's types: they lose a page's address and unknown fields, and one odd field in a form fails them.
        let query = payload.filter(|query| query.is("query", ns::REGISTER)).ok_or(Fault::NoRegistration)?;
        Form::read(&query, domain)
    }
}

/// A form was read.
#[derive(Debug)]
pub(super) enum Read {
    /// All of it is there, but for pictures on the web.
    Whole(Form),
    /// A picture is to be asked for on the stream.
    Wants(Bits),
}

impl Read {
    pub(super) fn of(form: Form) -> Self {
        match form.wanted_bits() {
            Some(cid) => Self::Wants(Bits { form, cid }),
            None => Self::Whole(form),
        }
    }
}

/// A form that lacks a picture (XEP-0231, section 2.3).
pub(super) struct Bits {
    form: Form,
    cid: Cid,
}

impl Bits {
    pub(super) fn ask(&self, id: String) -> Iq {
        self.cid.ask(id)
    }

    /// A picture is asked for once, so that this comes to an end.
    pub(super) fn answered(self, answer: Answer) -> Result<Read, RegisterError> {
        let data = answer.ok().flatten();
        Ok(Read::of(self.form.take_bits(&self.cid, data.as_ref())?))
    }
}

impl fmt::Debug for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bits(..)")
    }
}

/// The form was sent: from here on there may be an account.
#[derive(Debug)]
pub(super) struct Sent {
    context: Context,
}

impl Sent {
    pub(super) fn send(filled: Filled, lacks_invitation: bool, id: String) -> (Self, Iq) {
        (Self { context: Context { lacks_invitation, ..filled.context } }, filled.request(id))
    }

    pub(super) fn answered(self, answer: Answer) -> Result<(), RegisterError> {
        answer.map(drop).map_err(|error| refusal(&error, self.context))
    }
}
