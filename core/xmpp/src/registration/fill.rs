//! Filling in a form.

use std::fmt;

use tokio_xmpp::minidom::Element;
use tokio_xmpp::parsers::iq::Iq;
use tokio_xmpp::parsers::ns;
use zeroize::Zeroizing;

use super::error::Context;
use super::form::{Form, Part};
use super::question::{AnswerError, Answers};
use crate::credentials::Credentials;

/// A form that can be sent. Its `Debug` is empty.
pub struct Filled {
    query: Element,
    pub(super) context: Context,
}

impl Filled {
    #[cfg(test)]
    pub(super) const fn query(&self) -> &Element {
        &self.query
    }

    pub(super) fn request(self, id: String) -> Iq {
        Iq::Set { from: None, to: None, id, payload: self.query }
    }
}

impl fmt::Debug for Filled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Filled(..)")
    }
}

impl Form {
    /// Whether the form can be filled in with these answers.
    ///
    /// # Errors
    /// See [`AnswerError`].
    pub fn check(&self, answers: &Answers) -> Result<(), AnswerError> {
        self.values(answers).map(drop)
    }

    /// Fills the form in. What is sent of it uses up the account's name and password: a server that refuses them has seen
    /// them.
    ///
    /// # Errors
    /// See [`AnswerError`].
    pub fn fill(self, credentials: &Credentials, answers: &Answers) -> Result<Filled, AnswerError> {
        let mut of_people = self.values(answers)?.into_iter();
        let has_challenge = |part: &Part| part.is_challenge();
        let challenged = self.parts.iter().any(has_challenge);
        let answered = self.parts.iter().any(|part| matches!(part, Part::Person(field) if !field.is_challenge));
        let mut fields = Vec::new();
        for part in &self.parts {
            let values = match part {
                Part::Name(_) => vec![credentials.username.clone().into()],
                Part::Password(_) => vec![credentials.password.clone()],
                Part::Hidden(_, values) => values.iter().cloned().map(Zeroizing::new).collect(),
                Part::Work { proof, .. } => {
                    vec![proof.as_ref().ok_or(AnswerError::NoProof)?.as_str().to_owned().into()]
                }
                Part::Person(_) => match of_people.next().flatten() {
                    Some(values) => values,
                    None => continue,
                },
            };
            fields.push((part.name(), values));
        }
        let query = if self.is_data { submission(fields) } else { legacy(fields) };
        Ok(Filled { query, context: Context { challenged, answered, lacks_invitation: false } })
    }

    /// The values of each field that the user is asked, in order. `None`: it is left out.
    fn values(&self, answers: &Answers) -> Result<Vec<Option<Vec<Zeroizing<String>>>>, AnswerError> {
        let mut chosen = 0;
        let mut all = Vec::new();
        for (field, asked) in self.people().enumerate() {
            let values = match answers.0.get(&field) {
                Some(answer) => Some(asked.values(answer).ok_or(AnswerError::Unfit { field })?),
                None if asked.required => return Err(AnswerError::Missing { field }),
                None => None,
            };
            chosen += usize::from(values.is_some() && !asked.required);
            all.push(values);
        }
        match answers.0.keys().find(|field| **field >= all.len()) {
            Some(field) => Err(AnswerError::Unfit { field: *field }),
            None if chosen < self.choose => Err(AnswerError::TooFew),
            None => Ok(all),
        }
    }
}

type Fields<'a> = Vec<(&'a str, Vec<Zeroizing<String>>)>;

/// XEP-0077, section 3.1.1.
fn legacy(fields: Fields<'_>) -> Element {
    let child = |(name, values): (&str, Vec<Zeroizing<String>>)| {
        Element::builder(name, ns::REGISTER).append_all(values.iter().map(|value| value.to_string())).build()
    };
    Element::builder("query", ns::REGISTER).append_all(fields.into_iter().map(child)).build()
}

/// XEP-0004, section 3.1.
fn submission(fields: Fields<'_>) -> Element {
    let value = |value: &Zeroizing<String>| Element::builder("value", ns::DATA_FORMS).append(value.to_string()).build();
    let field = |(name, values): (&str, Vec<Zeroizing<String>>)| {
        let field = Element::builder("field", ns::DATA_FORMS).attr(rxml::xml_ncname!("var").into(), name);
        field.append_all(values.iter().map(value)).build()
    };
    let x = Element::builder("x", ns::DATA_FORMS).attr(rxml::xml_ncname!("type").into(), "submit");
    Element::builder("query", ns::REGISTER).append(x.append_all(fields.into_iter().map(field)).build()).build()
}
