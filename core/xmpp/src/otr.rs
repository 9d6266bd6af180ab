//! Messages that carry OTR (XEP-0364), and receipts for them (XEP-0184).

use tokio_xmpp::jid::Jid;
use tokio_xmpp::minidom::Element;
use tokio_xmpp::parsers::carbons::Private;
use tokio_xmpp::parsers::eme::ExplicitMessageEncryption;
use tokio_xmpp::parsers::message::{Lang, Message};
use tokio_xmpp::parsers::receipts::{Received, Request};

/// Message processing hints (XEP-0334), which the parsers do not have.
pub(crate) const HINTS: &str = "urn:xmpp:hints";
/// Names OTR for explicit message encryption (XEP-0380, section 4).
const OTR: &str = "urn:xmpp:otr:0";

/// One message of OTR's, for whoever has its keys.
pub(crate) fn message(to: Jid, body: String, wants_receipt: bool) -> Message {
    let encryption = ExplicitMessageEncryption { namespace: OTR.to_owned(), name: None };
    let message = for_one_client(Message::chat(to).with_body(Lang::default(), body).with_payload(encryption));
    if wants_receipt { message.with_payload(Request) } else { message }
}

/// That a message has been read.
pub(crate) fn receipt(to: Jid, received: String) -> Message {
    for_one_client(Message::chat(to).with_payload(Received { id: received }))
}

/// Not for other clients of the account (XEP-0280, section 9), not for an archive (XEP-0334, sections 4.1 and 4.4). A
/// server may keep it for a client that is away.
fn for_one_client(message: Message) -> Message {
    let mut message = message.with_payload(Private);
    message.payloads.push(Element::bare("no-copy", HINTS));
    message.payloads.push(Element::bare("no-permanent-store", HINTS));
    message
}
