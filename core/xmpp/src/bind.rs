//! Resource binding (RFC 6120, section 7) with a random resource: it names no client.

use tokio_xmpp::jid::FullJid;
use tokio_xmpp::minidom::Element;
use tokio_xmpp::parsers::bind::{BindQuery, BindResponse};
use tokio_xmpp::parsers::iq::Iq;

/// Asks for a resource.
pub(crate) fn request(id: String, resource: String) -> Iq {
    Iq::Set { from: None, to: None, id, payload: BindQuery::new(Some(resource)).into() }
}

/// The full JID that the server bound; it may have taken another resource.
pub(crate) fn bound(payload: Option<Element>) -> Option<FullJid> {
    BindResponse::try_from(payload?).ok().map(|response| response.jid)
}
