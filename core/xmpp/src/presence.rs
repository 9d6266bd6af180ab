//! Presence: who is there for whom, and who may see it (RFC 6121, sections 3 and 4).

use tokio_xmpp::jid::Jid;
use tokio_xmpp::minidom::Element;
use tokio_xmpp::parsers::ns;
use tokio_xmpp::parsers::presence::{Presence, Type};

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

pub(crate) const fn read(presence: &Presence) -> Option<PresenceNews> {
    Some(match presence.type_ {
        Type::None => PresenceNews::Available,
        Type::Unavailable => PresenceNews::Unavailable,
        Type::Subscribe => PresenceNews::Subscription(Subscription::Subscribe),
        Type::Subscribed => PresenceNews::Subscription(Subscription::Subscribed),
        Type::Unsubscribe => PresenceNews::Subscription(Subscription::Unsubscribe),
        Type::Unsubscribed => PresenceNews::Subscription(Subscription::Unsubscribed),
        Type::Error | Type::Probe => return None,
    })
}
