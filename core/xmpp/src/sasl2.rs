//! What SASL 2 says and hears (XEP-0388), with a resource (XEP-0386) and stream management (XEP-0198, section 9) in the same
//! exchange. Neither a user agent nor a token for later logins (XEP-0484): both tell one client from another.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use tokio_xmpp::jid::{BareJid, FullJid};
use tokio_xmpp::minidom::Element;
use tokio_xmpp::parsers::sasl::DefinedCondition;
use tokio_xmpp::parsers::sm::{Enable, Enabled, Resumed};
use tokio_xmpp::parsers::{ns, sasl2};
use xso::FromXml;

pub(crate) use tokio_xmpp::parsers::sasl2::Success;

use crate::domain::bare;
use crate::error::{LoginError, StreamError};
use crate::management::{Failed, Resumption};

/// What the server says.
#[derive(FromXml)]
#[xml()]
pub(crate) enum Nonza {
    #[xml(transparent)]
    Challenge(sasl2::Challenge),
    #[xml(transparent)]
    Success(Success),
    #[xml(transparent)]
    Failure(sasl2::Failure),
    #[xml(transparent)]
    Continue(Continue),
}

/// The password is not enough. What else there is to do is not looked at.
#[derive(FromXml)]
#[xml(namespace = ns::SASL2, name = "continue", on_unknown_attribute = Discard, on_unknown_child = Discard)]
pub(crate) struct Continue;

/// A login's first message. The library's type wants a user agent.
pub(crate) fn authenticate(mechanism: &str, data: &[u8], along: Vec<Element>) -> Element {
    let response = Element::builder("initial-response", ns::SASL2).append(BASE64_STANDARD.encode(data));
    Element::builder("authenticate", ns::SASL2)
        .attr(rxml::xml_ncname!("mechanism").into(), mechanism)
        .append(response)
        .append_all(along)
        .build()
}

pub(crate) const fn response(sasl_data: Vec<u8>) -> sasl2::Response {
    sasl2::Response { sasl_data }
}

/// Asks for a resource. Without a tag, which others would see in it, the server draws all of it.
pub(crate) fn bind() -> Vec<Element> {
    vec![bind_with(None)]
}

/// Asks for an earlier stream, if there is one, or else for a resource with stream management.
pub(crate) fn stay(earlier: Option<&Resumption>) -> Vec<Element> {
    let resume = earlier.map(|earlier| earlier.resume().into());
    resume.into_iter().chain([bind_with(Some(Enable::new().with_resume().into()))]).collect()
}

fn bind_with(enable: Option<Element>) -> Element {
    Element::builder("bind", ns::BIND2).append_all(enable).build()
}

/// The first condition that is known (RFC 6120, section 6.5).
pub(crate) fn refusal(failure: &sasl2::Failure) -> LoginError {
    let mut conditions = failure.payloads.iter().filter_map(|child| DefinedCondition::try_from(child.clone()).ok());
    conditions.next().map_or(LoginError::Refused, |condition| LoginError::meant_by(&condition))
}

/// The resource that the server bound.
pub(crate) fn bound(success: &Success, account: &BareJid) -> Result<FullJid, LoginError> {
    child(&success.payloads, "bound", ns::BIND2).ok_or(LoginError::Refused)?;
    let jid = success.authorization_identifier.try_as_full().ok();
    let own = jid.filter(|jid| bare(&(*jid).clone().into()) == bare(&account.clone().into()));
    Ok(own.ok_or(StreamError::Malformed)?.clone())
}

/// Whether stream management is on, and what the server says of it.
pub(crate) fn enabled(success: &Success) -> Option<Enabled> {
    let bound = child(&success.payloads, "bound", ns::BIND2)?;
    Enabled::try_from(bound.get_child("enabled", ns::SM)?.clone()).ok()
}

/// What came of the wish to take an earlier stream up again; `None`: nothing was said of it.
pub(crate) fn resumed(success: &Success) -> Option<Result<Resumed, Failed>> {
    if let Some(resumed) = child(&success.payloads, "resumed", ns::SM) {
        return Resumed::try_from(resumed.clone()).ok().map(Ok);
    }
    let failed = child(&success.payloads, "failed", ns::SM)?;
    Some(Err(Failed { h: failed.attr("h").and_then(|h| h.parse().ok()) }))
}

fn child<'a>(elements: &'a [Element], name: &str, namespace: &str) -> Option<&'a Element> {
    elements.iter().find(|element| element.is(name, namespace))
}
