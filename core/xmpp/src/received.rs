//! What comes on a stream, and IQs among it (RFC 6120, section 8.2.3): as much of each as has to be known, whatever else
//! stands in it.

use tokio_xmpp::jid::Jid;
use tokio_xmpp::minidom::Element;
use tokio_xmpp::parsers::iq::Iq;
use tokio_xmpp::parsers::ns;
use tokio_xmpp::parsers::stanza_error::{DefinedCondition, ErrorType, StanzaError};
use tokio_xmpp::parsers::{sasl, sm, starttls};

use crate::domain::account;
use crate::sasl2;

/// An answer: a result's payload, or an error.
pub(crate) type Answer = Result<Option<Element>, StanzaError>;

/// What came.
pub(crate) enum Received {
    /// In whatever namespace: that it cannot be read is worth a word.
    Message(Element),
    Presence(Element),
    /// Somebody wants something, with a `get` or a `set`.
    Request {
        /// Without one, the server.
        from: Option<Jid>,
        id: String,
    },
    Answer {
        id: String,
        answer: Answer,
    },
    /// Of a login by SASL 2.
    Sasl2(sasl2::Nonza),
    /// Of a login by SASL.
    Sasl(sasl::Nonza),
    Starttls(starttls::Nonza),
    /// Of stream management.
    Management(sm::Nonza),
}

impl Received {
    /// `None`: neither can it be answered, nor does anybody wait for it.
    pub(crate) fn of_stanza(stanza: Element) -> Option<Self> {
        match stanza.name() {
            "message" => Some(Self::Message(stanza)),
            _ if !stanza.has_ns(ns::JABBER_CLIENT) => None,
            "presence" => Some(Self::Presence(stanza)),
            _ => Self::of_iq(&stanza),
        }
    }

    fn of_iq(iq: &Element) -> Option<Self> {
        let id = iq.attr("id")?.to_owned();
        match iq.attr("type")? {
            "get" | "set" => match iq.attr("from").map(|from| account(from).and_then(|_| Jid::new(from).ok())) {
                // An answer would reach nobody, or somebody else.
                Some(None) => None,
                from => Some(Self::Request { from: from.flatten(), id }),
            },
            "result" => Some(Self::Answer { id, answer: Ok(iq.children().next().cloned()) }),
            "error" => Some(Self::Answer { id, answer: Err(error_in(iq)) }),
            _ => None,
        }
    }
}

/// Refuses a request as if no client were there (RFC 6120, section 8.4), whatever it asks for.
pub(crate) fn refusal(to: Option<Jid>, id: String) -> Iq {
    let error = error(ErrorType::Cancel, DefinedCondition::ServiceUnavailable);
    Iq::Error { from: None, to, id, error, payload: None }
}

/// The first condition that is known (RFC 6120, section 8.3).
fn error_in(iq: &Element) -> StanzaError {
    let element = iq.get_child("error", ns::JABBER_CLIENT);
    let type_ = element.and_then(|error| error.attr("type")?.parse().ok());
    let condition = element.and_then(|error| error.children().find_map(|c| DefinedCondition::try_from(c.clone()).ok()));
    error(type_.unwrap_or(ErrorType::Cancel), condition.unwrap_or(DefinedCondition::UndefinedCondition))
}

const fn error(type_: ErrorType, defined_condition: DefinedCondition) -> StanzaError {
    StanzaError { type_, by: None, defined_condition, texts: std::collections::BTreeMap::new(), other: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(stanza: &str) -> Option<Received> {
        Received::of_stanza(stanza.parse().unwrap())
    }

    /// What has been asked for is answered, whatever stands in the answer.
    #[test]
    fn odd_answers() {
        let error = |inside: &str| {
            let stanza = format!("<iq xmlns='jabber:client' type='error' id='1' from='\u{1f4f1}'>{inside}</iq>");
            let Some(Received::Answer { answer: Err(error), .. }) = received(&stanza) else { panic!("{stanza}") };
            (error.type_, error.defined_condition)
        };
        let conflict = format!("<conflict xmlns='{}'/>", ns::XMPP_STANZAS);
        let foreign = "<x xmlns='u:x'/><y xmlns='u:y'/>";
        for (inside, expected) in [
            (String::new(), (ErrorType::Cancel, DefinedCondition::UndefinedCondition)),
            ("<error type='wait'/>".into(), (ErrorType::Wait, DefinedCondition::UndefinedCondition)),
            (format!("{foreign}<error type='odd' by='@'>{foreign}{conflict}{conflict}</error>"), {
                (ErrorType::Cancel, DefinedCondition::Conflict)
            }),
        ] {
            assert_eq!(error(&inside), expected, "{inside}");
        }
        let two = "<iq xmlns='jabber:client' type='result' id='1' odd='1'>text<x xmlns='u:x'/><y xmlns='u:y'/></iq>";
        let Some(Received::Answer { id, answer: Ok(Some(payload)) }) = received(two) else { panic!("no answer") };
        assert_eq!((id.as_str(), payload.name()), ("1", "x"));
    }
}
