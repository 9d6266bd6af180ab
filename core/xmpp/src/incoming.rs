//! What others say: messages (RFC 6121, section 5), receipts (XEP-0184) and presence (RFC 6121, section 4), read part by
//! part. Each good part counts, whatever stands beside it.

use std::collections::VecDeque;
use std::fmt;

use rxml::Namespace;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_xmpp::jid::{BareJid, Jid};
use tokio_xmpp::minidom::{Element, Node};
use tokio_xmpp::parsers::{ns, sm};
use tokio_xmpp::xmlstream::XmppStreamElement;

use crate::domain::bare;
use crate::exchange::{Stream, StreamError};
use crate::presence::{self, PresenceNews};
use crate::received::Received;
use crate::stanza::UNREADABLE;

/// What came, and was not given out or answered.
pub(crate) struct Inbox {
    /// The own account.
    own: BareJid,
    /// The rest of the last stanza.
    parts: VecDeque<Incoming>,
    /// To be refused.
    pub(crate) requests: Vec<Received>,
}

impl Inbox {
    pub(crate) const fn new(own: BareJid) -> Self {
        Self { own, parts: VecDeque::new(), requests: Vec::new() }
    }

    /// How many stanzas of those that came were given out as a whole.
    pub(crate) fn given_out(&self, received: u32) -> u32 {
        received.wrapping_sub(u32::from(!self.parts.is_empty()))
    }

    /// What comes next. Cancel safe.
    pub(crate) async fn next<S>(&mut self, stream: &mut Stream<S>) -> Result<Incoming, StreamError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if self.parts.is_empty() {
            match stream.next().await? {
                Received::Message(message) => self.parts = of_message(&message, &self.own),
                Received::Presence(presence) => self.parts.extend(of_presence(&presence, &self.own)),
                Received::Other(XmppStreamElement::SM(sm::Nonza::Ack(sm::A { h }))) => {
                    stream.counts.ack(h)?;
                    return Ok(Incoming::Acked { up_to: h });
                }
                Received::Other(XmppStreamElement::SM(sm::Nonza::Req(_))) => return Ok(Incoming::Asked),
                other => self.requests.push(other),
            }
        }
        Ok(self.parts.pop_front().unwrap_or(Incoming::Other))
    }
}

fn of_message(message: &Element, own: &BareJid) -> VecDeque<Incoming> {
    let has = |name, namespace| message.has_child(name, namespace);
    let is_mended = has(UNREADABLE.0, UNREADABLE.1) || !message.has_ns(ns::JABBER_CLIENT);
    let sender = match message.attr("from") {
        Some(from) => sender(from),
        // It comes from the own account (RFC 6120, section 8.1.2.1), unless that was left out.
        None => Some((bare(&own.clone().into()), None)).filter(|_| !is_mended),
    };
    let Some((from, resource)) = sender else {
        // It is not known whose it was: the server brought it.
        return [Incoming::Unreadable { from: own.domain().to_string() }].into();
    };
    // Some have no ids, and say so.
    let id = message.attr("id").filter(|id| !id.is_empty()).map(str::to_owned);
    let type_ = message.attr("type");
    let text = text(message, "body").or_else(|| text(message, "subject"));
    if type_ == Some("error") {
        // With a copy of what we wrote: whose it was cannot be told without an id.
        return match id {
            Some(id) => [Incoming::Refused { from, id, why: refusal(message) }].into(),
            None => text.map(|_| Incoming::Unreadable { from }).into_iter().collect(),
        };
    }
    let receipts = message.children().filter(|child| child.is("received", ns::RECEIPTS));
    let receipt = |receipt: &Element| {
        Some(Incoming::Receipt { from: from.clone(), id: receipt.attr("id").filter(|id| !id.is_empty())?.to_owned() })
    };
    let mut parts: VecDeque<Incoming> = receipts.filter_map(receipt).collect();
    if let Some(text) = text {
        // Nobody confirms what is said in a room (XEP-0184, section 5.3).
        let wants_receipt = has("request", ns::RECEIPTS) && type_ != Some("groupchat");
        parts.push_back(Incoming::Chat(ChatMessage { from, resource, id, text, wants_receipt }));
    } else if is_mended || message.children().any(is_content) {
        parts.push_back(Incoming::Unreadable { from });
    }
    parts
}

fn of_presence(stanza: &Element, own: &BareJid) -> Option<Incoming> {
    let from = stanza.attr("from")?;
    let (account, _) = sender(from).filter(|(account, _)| *account != bare(&own.clone().into()))?;
    let resource = from.split_once('/').map(|(_, resource)| resource.to_owned());
    Some(Incoming::Presence { from: account, resource, news: presence::read(stanza.attr("type"))? })
}

/// The bare JID, and the client if its name can be written. Clients call themselves what they like, and servers prepare names
/// by newer tables than ours (RFC 7622); the account is the same.
fn sender(from: &str) -> Option<(String, Option<String>)> {
    if let Ok(jid) = Jid::new(from) {
        return Some((bare(&jid), jid.resource().map(ToString::to_string)));
    }
    let account = from.split_once('/').map_or(from, |(account, _)| account);
    Some((bare(&Jid::new(account).ok()?), None))
}

/// The first text of this name that is not empty, one without a language of its own before the others (RFC 6121, section
/// 5.2.3).
fn text(message: &Element, name: &str) -> Option<String> {
    let all = message.children().filter(|child| child.is(name, ns::JABBER_CLIENT));
    let texts = all.map(|child| (child.attr_ns(&Namespace::XML, "lang").is_some(), all_text(child)));
    texts.filter(|(_, text)| !text.is_empty()).min_by_key(|(has_language, _)| *has_language).map(|(_, text)| text)
}

fn all_text(element: &Element) -> String {
    let text = |node: &Node| match node {
        Node::Text(text) => text.clone(),
        Node::Element(element) => all_text(element),
    };
    element.nodes().map(text).collect()
}

/// Whether a user has written something that only this holds: HTML (XEP-0071), or what is encrypted in another way
/// (XEP-0380; OMEMO also sends keys without a text).
fn is_content(child: &Element) -> bool {
    match child.name() {
        "body" => !all_text(child).is_empty(),
        "encrypted" => child.children().any(|part| part.name() == "payload"),
        "encryption" => child.has_ns(ns::EME),
        "html" => true,
        _ => false,
    }
}

fn refusal(message: &Element) -> Refusal {
    let absent = |error: &Element| {
        ["service-unavailable", "recipient-unavailable"].iter().any(|c| error.has_child(c, ns::XMPP_STANZAS))
    };
    match message.get_child("error", ns::JABBER_CLIENT) {
        Some(error) if absent(error) => Refusal::Absent,
        Some(error) if error.attr("type") == Some("wait") => Refusal::ForNow,
        _ => Refusal::ForGood,
    }
}

/// What came. Its `Debug` shows no text and nobody's address.
#[derive(Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A chat message with a text.
    Chat(ChatMessage),
    /// A message of ours has been read by the peer's client (XEP-0184).
    Receipt {
        /// The peer's bare JID.
        from: String,
        /// The message's id.
        id: String,
    },
    /// A message of ours came back: nobody took it.
    Refused {
        /// The peer's bare JID.
        from: String,
        /// The message's id.
        id: String,
        /// What its error says.
        why: Refusal,
    },
    /// A message of which nothing can be read but its sender, if that.
    Unreadable {
        /// The sender's bare JID; where it is not known, the own server's domain.
        from: String,
    },
    /// Somebody's presence, but not that of the own account.
    Presence {
        /// The bare JID.
        from: String,
        /// Which client, where it is one's, as it calls itself: no part of an address.
        resource: Option<String>,
        /// What it says.
        news: PresenceNews,
    },
    /// The server has our stanzas up to this number.
    Acked {
        /// As in [`ManagedSession::sent`].
        up_to: u32,
    },
    /// The server asks to have [`ManagedSession::acknowledge`] called.
    Asked,
    /// Something that nothing has to be done about.
    Other,
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chat(_) => "Chat(..)",
            Self::Receipt { .. } => "Receipt(..)",
            Self::Refused { .. } => "Refused(..)",
            Self::Unreadable { .. } => "Unreadable(..)",
            Self::Presence { .. } => "Presence(..)",
            Self::Acked { .. } => "Acked(..)",
            Self::Asked => "Asked",
            Self::Other => "Other",
        })
    }
}

/// Why a message came back (RFC 6120, section 8.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// To send it again later may help (type `wait`).
    ForNow,
    /// Nobody is there, or there is nobody of that name: the two are not to be told from each other
    /// (`service-unavailable`, `recipient-unavailable`).
    Absent,
    /// It will not help.
    ForGood,
}

/// A chat message that arrived.
#[derive(Clone, PartialEq, Eq)]
pub struct ChatMessage {
    /// The sender's bare JID, as the own server vouches for it.
    pub from: String,
    /// Which of the sender's clients it comes from, if its name can be written: else the sender is answered at the bare JID.
    pub resource: Option<String>,
    /// The sender's name for it.
    pub id: Option<String>,
    /// What the sender wrote: it may hold anything.
    pub text: String,
    /// Whether the sender wants to know that it arrived.
    pub wants_receipt: bool,
}

impl fmt::Debug for ChatMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChatMessage(..)")
    }
}
