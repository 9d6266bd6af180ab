//! In-band registration (XEP-0077, section 3.1), without I/O: each state takes the answer that it waits for.
//!
//! [`Asked`] → [`PlainForm`] → [`Sent`]. Only the plain fields are filled in here. What wants a person (a data form, a
//! CAPTCHA) or a web page is told apart, and is where later states go.

use tokio_xmpp::minidom::Element;
use tokio_xmpp::parsers::ibr::{FieldsQuery, LegacyQuery};
use tokio_xmpp::parsers::iq::Iq;
use tokio_xmpp::parsers::ns;
use tokio_xmpp::parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};

use crate::credentials::Credentials;
use crate::error::StreamError;
use crate::received::Answer;

/// The server was asked which fields it needs.
#[derive(Debug)]
pub(crate) struct Asked(());

impl Asked {
    pub(crate) fn ask(id: String) -> (Self, Iq) {
        (Self(()), Iq::Get { from: None, to: None, id, payload: FieldsQuery.into() })
    }

    pub(crate) fn answered(self, answer: Answer) -> Result<PlainForm, RegisterError> {
        let Self(()) = self;
        let payload = answer.map_err(|error| match refusal(&error) {
            RegisterError::RateLimited => RegisterError::RateLimited,
            _ => RegisterError::Closed,
        })?;
        // Not by the library's types: they lose a page's address and unknown fields, and one odd field in a form fails them.
        let query = payload.filter(|q| q.is("query", ns::REGISTER)).ok_or(RegisterError::Malformed)?;
        let plain = query.has_child("username", ns::REGISTER) && query.has_child("password", ns::REGISTER);
        match web_page(&query) {
            Some(url) if !plain => Err(RegisterError::NeedsWeb { url }),
            _ if wants_a_person(&query) => Err(RegisterError::NeedsForm),
            _ if plain => Ok(PlainForm(())),
            _ if query.has_child("x", ns::DATA_FORMS) => Err(RegisterError::NeedsForm),
            _ => Err(RegisterError::Closed),
        }
    }
}

/// A server that is content with a name and a password.
#[derive(Debug)]
pub struct PlainForm(());

impl PlainForm {
    pub(crate) fn fill(self, credentials: &Credentials, id: String) -> (Sent, Iq) {
        let Self(()) = self;
        let username = Some(credentials.username.clone());
        let password = Some(credentials.password.to_string());
        let payload = LegacyQuery { username, password, ..LegacyQuery::default() };
        (Sent(()), Iq::Set { from: None, to: None, id, payload: payload.into() })
    }
}

/// The form was sent: from here on there may be an account.
#[derive(Debug)]
pub(crate) struct Sent(());

impl Sent {
    pub(crate) fn answered(self, answer: Answer) -> Result<(), RegisterError> {
        let Self(()) = self;
        answer.map(drop).map_err(|error| refusal(&error))
    }
}

/// Why there is no account.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// The server makes no accounts in band: take another.
    #[error("the server makes no accounts in band")]
    Closed,
    /// The name is taken: draw another.
    #[error("the name is taken")]
    NameTaken,
    /// A person has to fill in a form or solve a CAPTCHA.
    #[error("the server wants a form filled in")]
    NeedsForm,
    /// Accounts are made on a web page.
    #[error("the server makes accounts on a web page")]
    NeedsWeb {
        /// The page, as the server gave it (XEP-0066).
        url: String,
    },
    /// Too many registrations from where we seem to come from: take another server, or wait.
    #[error("the server asks to wait")]
    RateLimited,
    /// Another refusal: take another server.
    #[error("the server refused")]
    Refused,
    /// The answer is no registration: take another server.
    #[error("the server's answer makes no sense")]
    Malformed,
    /// The stream ended before the answer. If the form was sent there may be an account: only a login tells.
    #[error("the answer was lost")]
    Lost,
}

/// The page's address may name the account.
impl std::fmt::Debug for RegisterError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RegisterError({self})")
    }
}

impl From<StreamError> for RegisterError {
    fn from(_: StreamError) -> Self {
        Self::Lost
    }
}

fn refusal(error: &StanzaError) -> RegisterError {
    match error.defined_condition {
        DefinedCondition::Conflict => RegisterError::NameTaken,
        // Prosody and ejabberd say so when one address registers too often; over Tor many share one.
        DefinedCondition::ResourceConstraint | DefinedCondition::PolicyViolation => RegisterError::RateLimited,
        _ if error.type_ == ErrorType::Wait => RegisterError::RateLimited,
        DefinedCondition::ServiceUnavailable | DefinedCondition::FeatureNotImplemented => RegisterError::Closed,
        _ => RegisterError::Refused,
    }
}

fn web_page(query: &Element) -> Option<String> {
    query.get_child("x", ns::OOB)?.get_child("url", ns::OOB).map(Element::text)
}

/// Whether anything is asked for beyond a name and a password: another plain field, or a form that says more. Prosody
/// sends the plain fields and a form with the same two; ejabberd's CAPTCHA form (XEP-0158) hides its challenge in one.
fn wants_a_person(query: &Element) -> bool {
    let known = ["instructions", "username", "password"];
    let more = query.children().filter(|c| c.ns() == ns::REGISTER).any(|c| !known.contains(&c.name()));
    let form = query.get_child("x", ns::DATA_FORMS);
    more || form.is_some_and(|form| form.children().any(is_a_question))
}

fn is_a_question(field: &Element) -> bool {
    let known = ["FORM_TYPE", "username", "password"];
    let name = field.attr("var").unwrap_or_default();
    let required = field.has_child("required", ns::DATA_FORMS);
    let hidden = field.attr("type") == Some("hidden");
    field.is("field", ns::DATA_FORMS) && !known.contains(&name) && (required || hidden || name == "ocr")
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    fn fields(inner: &str) -> Result<(), RegisterError> {
        let query = format!("<query xmlns='jabber:iq:register'>{inner}</query>").parse().unwrap();
        Asked::ask("1".into()).0.answered(Ok(Some(query))).map(drop)
    }

    fn said(type_: ErrorType, condition: DefinedCondition) -> StanzaError {
        StanzaError::new(type_, condition, "en", "text of the server")
    }

    #[test]
    fn what_a_server_asks_for() {
        let plain = "<instructions>Choose</instructions><username/><password/>";
        let form = |more: &str| {
            format!(
                "{plain}<x xmlns='jabber:x:data' type='form'><field type='hidden' var='FORM_TYPE'/>\
                 <field var='username'><required/></field><field var='password'><required/></field>{more}</x>"
            )
        };
        assert_eq!(fields(plain), Ok(()));
        assert_eq!(fields(&form("")), Ok(()));
        assert_eq!(fields(&form("<field var='nick'/>")), Ok(()));
        assert_eq!(fields(&form("<field var='email'><required/></field>")), Err(RegisterError::NeedsForm));
        assert_eq!(fields(&form("<field var='ocr'/>")), Err(RegisterError::NeedsForm));
        assert_eq!(fields(&form("<field var='challenge' type='hidden'/>")), Err(RegisterError::NeedsForm));
        assert_eq!(fields(&format!("{plain}<email/>")), Err(RegisterError::NeedsForm));
        let web = "<instructions>Go</instructions><x xmlns='jabber:x:oob'><url>https://jabber.example/</url></x>";
        assert_eq!(fields(web), Err(RegisterError::NeedsWeb { url: "https://jabber.example/".into() }));
        let form_alone = "<x xmlns='jabber:x:data' type='form'><field var='username'/><field var='password'/></x>";
        assert_eq!(fields(form_alone), Err(RegisterError::NeedsForm));
        assert_eq!(fields("<instructions>No</instructions>"), Err(RegisterError::Closed));
        assert_eq!(fields(""), Err(RegisterError::Closed));
        let other = "<query xmlns='jabber:iq:roster'/>".parse().unwrap();
        assert_eq!(Asked::ask("1".into()).0.answered(Ok(Some(other))).err(), Some(RegisterError::Malformed));
        assert_eq!(Asked::ask("1".into()).0.answered(Ok(None)).err(), Some(RegisterError::Malformed));
        for (type_, condition, error) in [
            (ErrorType::Cancel, DefinedCondition::ServiceUnavailable, RegisterError::Closed),
            (ErrorType::Cancel, DefinedCondition::NotAllowed, RegisterError::Closed),
            (ErrorType::Wait, DefinedCondition::ResourceConstraint, RegisterError::RateLimited),
        ] {
            assert_eq!(Asked::ask("1".into()).0.answered(Err(said(type_, condition))).err(), Some(error));
        }
    }

    #[test]
    fn what_a_server_says_to_the_form() {
        let credentials = Credentials::new("nobody".into(), Zeroizing::new("a<b".into()));
        let (_, request) = PlainForm(()).fill(&credentials, "7".into());
        let Iq::Set { from: None, to: None, payload, id } = request else { panic!("no set") };
        assert_eq!(id, "7");
        let sent = "<query xmlns='jabber:iq:register'><username>nobody</username><password>a&lt;b</password></query>";
        assert_eq!(payload, sent.parse().unwrap());

        assert_eq!(Sent(()).answered(Ok(None)), Ok(()));
        for (type_, condition, error) in [
            (ErrorType::Cancel, DefinedCondition::Conflict, RegisterError::NameTaken),
            (ErrorType::Wait, DefinedCondition::ResourceConstraint, RegisterError::RateLimited),
            (ErrorType::Wait, DefinedCondition::UndefinedCondition, RegisterError::RateLimited),
            (ErrorType::Modify, DefinedCondition::PolicyViolation, RegisterError::RateLimited),
            (ErrorType::Cancel, DefinedCondition::ServiceUnavailable, RegisterError::Closed),
            (ErrorType::Modify, DefinedCondition::NotAcceptable, RegisterError::Refused),
            (ErrorType::Auth, DefinedCondition::Forbidden, RegisterError::Refused),
        ] {
            assert_eq!(Sent(()).answered(Err(said(type_, condition))), Err(error));
        }
    }

    #[test]
    fn debug_names_no_page() {
        let error = RegisterError::NeedsWeb { url: "https://jabber.example/nobody".into() };
        assert_eq!(format!("{error:?}"), "RegisterError(the server makes accounts on a web page)");
    }
}
