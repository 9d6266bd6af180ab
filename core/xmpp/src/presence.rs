//! Presence: who is there for whom, and who may see it (RFC 6121, sections 3 and 4).

use tokio_xmpp::jid::Jid;
use tokio_xmpp::minidom::Element;
use tokio_xmpp::parsers::ns;
use tokio_xmpp::parsers::presence::{Presence, Type};

/// Bare available presence. The typed stanza would carry a priority, which most clients leave out at its default.
pub(crate) fn available() -> Element {
    Element::bare("presence", ns::JABBER_CLIENT)
}

/// A step of the handshake by which two accounts come to see each other's presence (RFC 6121, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subscription {
    /// May I see yours?
    Subscribe,
    /// You may see mine.
    Subscribed,
    /// I do not want to see yours any more.
    Unsubscribe,
    /// You may not see mine, or not any more.
    Unsubscribed,
}

/// What somebody's presence says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PresenceNews {
    /// A client of theirs is there.
    Available,
    /// It is not any more.
    Unavailable,
    /// A step of the handshake.
    Subscription(Subscription),
    /// What was asked of them has come back as forbidden (see [`crate::Refusal::Forbidden`]).
    Forbidden,
}

pub(crate) fn stanza(to: Jid, step: Subscription) -> Element {
    let type_ = match step {
        Subscription::Subscribe => Type::Subscribe,
        Subscription::Subscribed => Type::Subscribed,
        Subscription::Unsubscribe => Type::Unsubscribe,
        Subscription::Unsubscribed => Type::Unsubscribed,
    };
    let mut stanza = Element::from(Presence::new(type_).with_to(to));
    // The typed stanza carries one, which means nothing here and nobody else sends.
    stanza.remove_child("priority", ns::JABBER_CLIENT);
    stanza
}

/// By its type alone: the rest is not told. What sends presence of a type that nobody knows is there.
pub(crate) fn read(type_: Option<&str>) -> Option<PresenceNews> {
    Some(match type_.unwrap_or_default() {
        "unavailable" => PresenceNews::Unavailable,
        "subscribe" => PresenceNews::Subscription(Subscription::Subscribe),
        "subscribed" => PresenceNews::Subscription(Subscription::Subscribed),
        "unsubscribe" => PresenceNews::Subscription(Subscription::Unsubscribe),
        "unsubscribed" => PresenceNews::Subscription(Subscription::Unsubscribed),
        "error" | "probe" => return None,
        _ => PresenceNews::Available,
    })
}
