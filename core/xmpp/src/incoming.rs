//! What others say: messages (RFC 6121, section 5), receipts (XEP-0184) and presence (RFC 6121, section 4), read part by
//! part. Each good part counts, whatever stands beside it.

use std::collections::{HashSet, VecDeque};
use std::fmt;

use rxml::Namespace;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_xmpp::jid::BareJid;
use tokio_xmpp::minidom::{Element, Node};
use tokio_xmpp::parsers::date::DateTime;
use tokio_xmpp::parsers::{ns, sm};

use crate::domain::{account, bare};
use crate::error::StreamError;
use crate::exchange::Stream;
use crate::otr::HINTS;
use crate::presence::{self, PresenceNews};
use crate::received::Received;
use crate::stanza::UNREADABLE;

/// The namespaces of what goes without saying: what clients and servers add to a text, and what they send without one that a
/// user has not written.
const SILENT: [&str; 11] = [
    ns::CHATSTATES,
    ns::RECEIPTS,
    ns::DELAY,
    ns::NICK,
    ns::PUBSUB_EVENT,
    ns::SID,
    HINTS,
    // Chat markers (XEP-0333).
    "urn:xmpp:chat-markers:0",
    // Chat states and delays of old clients (XEP-0022, XEP-0091).
    "jabber:x:event",
    "jabber:x:delay",
    // Who else got it (XEP-0033): servers say so.
    "http://jabber.org/protocol/address",
];
/// The namespaces of OMEMO (XEP-0384).
const OMEMO: [&str; 3] = [ns::LEGACY_OMEMO, "urn:xmpp:omemo:1", "urn:xmpp:omemo:2"];

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
                Received::Management(sm::Nonza::Ack(sm::A { h })) => {
                    stream.counts.ack(h)?;
                    return Ok(Incoming::Acked { up_to: h });
                }
                Received::Management(sm::Nonza::Req(_)) => return Ok(Incoming::Asked),
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
        // The sender is not known: the server brought it.
        let server = BareJid::from_parts(None, own.domain());
        return [Incoming::Unreadable { from: bare(&server.into()) }].into();
    };
    // Some have no ids, and say so.
    let id = message.attr("id").filter(|id| !id.is_empty()).map(str::to_owned);
    let type_ = message.attr("type");
    let mut texts = texts(message);
    if type_ == Some("error") {
        // With a copy of what we wrote: which message it was cannot be told without an id.
        return match id {
            Some(id) => [Incoming::Refused { from, id, why: refusal(message) }].into(),
            None => texts.pop().map(|_| Incoming::Unreadable { from }).into_iter().collect(),
        };
    }
    let receipts = message.children().filter(|child| child.is("received", ns::RECEIPTS));
    let receipt = |receipt: &Element| {
        Some(Incoming::Receipt { from: from.clone(), id: receipt.attr("id").filter(|id| !id.is_empty())?.to_owned() })
    };
    let mut parts: VecDeque<Incoming> = receipts.filter_map(receipt).collect();
    let sent = sent(message);
    let chat = |text, id, wants_receipt| {
        Incoming::Chat(ChatMessage { from: from.clone(), resource: resource.clone(), id, sent, text, wants_receipt })
    };
    if let Some(last) = texts.pop() {
        // Nobody confirms what is said in a room (XEP-0184, section 5.3).
        let wants_receipt = has("request", ns::RECEIPTS) && type_ != Some("groupchat");
        parts.extend(texts.into_iter().map(|before| chat(before, None, false)));
        parts.push_back(chat(last, id, wants_receipt));
    } else if is_mended || !message.children().all(is_silent) {
        parts.push_back(Incoming::Unreadable { from });
    }
    parts
}

/// When a message was sent that did not come at once (XEP-0203).
fn sent(message: &Element) -> Option<u64> {
    let stamps =
        message.children().filter(|child| child.is("delay", ns::DELAY)).filter_map(|delay| delay.attr("stamp"));
    let mut times = stamps.filter_map(|stamp| stamp.parse::<DateTime>().ok()?.0.timestamp().try_into().ok());
    times.next()
}

fn of_presence(stanza: &Element, own: &BareJid) -> Option<Incoming> {
    let from = stanza.attr("from")?;
    let (account, resource) = sender(from).filter(|(account, _)| *account != bare(&own.clone().into()))?;
    let news = match stanza.attr("type") {
        Some("error") => {
            let error = stanza.get_child("error", ns::JABBER_CLIENT)?;
            forbids(error).then_some(PresenceNews::Forbidden)?
        }
        type_ => presence::read(type_)?,
    };
    Some(Incoming::Presence { from: account, resource, news })
}

/// The bare JID, and the client's name as it came. Clients call themselves what they like, and servers prepare names by newer
/// tables than ours (RFC 7622); the account is the same.
fn sender(from: &str) -> Option<(String, Option<String>)> {
    let client = from.split_once('/').map(|(_, client)| client.to_owned());
    Some((account(from)?, client.filter(|client| !client.is_empty())))
}

/// What a user has written: the subject, the bodies, and addresses of files (XEP-0066), a line each. What is written twice is
/// read once: some write the address of a file in the body, too. Each message of OTR's is a text of its own, behind these
/// lines.
fn texts(message: &Element) -> Vec<String> {
    let files = message.children().filter(|child| child.is("x", ns::OOB));
    let addresses = files.flat_map(Element::children).filter(|part| part.is("url", ns::OOB)).map(all_text);
    let mut lines: Vec<_> = ["subject", "body"].iter().flat_map(|name| named(message, name)).chain(addresses).collect();
    let mut seen = HashSet::new();
    lines.retain(|line| !line.is_empty() && seen.insert(line.clone()));
    let (otr, lines): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| line.starts_with("?OTR"));
    let said = (!lines.is_empty()).then(|| lines.join("\n"));
    said.into_iter().chain(otr).collect()
}

/// The texts of this name in the language of the first that has none of its own, or else of the first: others are translations
/// (RFC 6121, section 5.2.3). Without one, a text has the message's (XML, section 2.12).
fn named(message: &Element, name: &str) -> Vec<String> {
    let all = message.children().filter(|child| child.is(name, ns::JABBER_CLIENT));
    let own = |element: &Element| {
        let language = element.attr_ns(&Namespace::XML, "lang").filter(|language| !language.is_empty());
        language.map(str::to_ascii_lowercase)
    };
    let mut texts: Vec<_> = all.map(|child| (own(child), all_text(child))).collect();
    texts.retain(|(_, text)| !text.is_empty());
    let with_message = |language: &Option<String>| language.clone().or_else(|| own(message));
    let first = texts.iter().map(|(language, _)| language).min_by_key(|language| language.is_some()).map(with_message);
    texts.into_iter().filter(|(its, _)| Some(with_message(its)) == first).map(|(_, text)| text).collect()
}

fn all_text(element: &Element) -> String {
    let text = |node: &Node| match node {
        Node::Text(text) => text.clone(),
        Node::Element(element) => all_text(element),
    };
    element.nodes().map(text).collect()
}

/// Whether a child of a message without a text says nothing that a user has written or done. Of all else a notice tells: only
/// others can read it.
fn is_silent(child: &Element) -> bool {
    let (name, namespace) = (child.name(), child.ns());
    match namespace.as_str() {
        ns::JABBER_CLIENT => ["body", "subject", "thread"].contains(&name),
        ns::CARBONS => name == "private",
        // A new key without a text.
        omemo if OMEMO.contains(&omemo) => name == "encrypted" && !child.has_child("payload", omemo),
        other => SILENT.contains(&other),
    }
}

fn refusal(message: &Element) -> Refusal {
    let absent = |error: &Element| {
        ["service-unavailable", "recipient-unavailable"].iter().any(|c| error.has_child(c, ns::XMPP_STANZAS))
    };
    match message.get_child("error", ns::JABBER_CLIENT) {
        Some(error) if absent(error) => Refusal::Absent,
        Some(error) if error.attr("type") == Some("wait") => Refusal::ForNow,
        Some(error) if forbids(error) => Refusal::Forbidden,
        _ => Refusal::ForGood,
    }
}

/// Whether an error is one of those by which servers keep accounts apart.
pub(crate) fn forbids(error: &Element) -> bool {
    ["not-allowed", "policy-violation", "forbidden"].into_iter().any(|name| error.has_child(name, ns::XMPP_STANZAS))
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
    /// Nor will it here: somebody's rules are against it (`not-allowed`, `policy-violation`, `forbidden`).
    Forbidden,
}

/// A chat message that arrived.
#[derive(Clone, PartialEq, Eq)]
pub struct ChatMessage {
    /// The sender's bare JID, as the own server vouches for it.
    pub from: String,
    /// Which of the sender's clients it comes from, as it calls itself.
    pub resource: Option<String>,
    /// The sender's name for it.
    pub id: Option<String>,
    /// When it was sent, as the server says of one that has waited; in seconds since 1970.
    pub sent: Option<u64>,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// However the server spells the account that it has bound.
    #[test]
    fn the_own_server_has_one_spelling() {
        for own in ["me@xn--mnchen-3ya.example", "me@m\u{fc}nchen.example"] {
            let message =
                Element::builder("message", ns::JABBER_CLIENT).attr(rxml::xml_ncname!("from").into(), "@").build();
            let parts = of_message(&message, &BareJid::new(own).unwrap());
            assert!(parts == [Incoming::Unreadable { from: "m\u{fc}nchen.example".to_owned() }], "{own}");
        }
    }
}
