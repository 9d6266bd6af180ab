//! Ping (XEP-0199).

use tokio_xmpp::jid::Jid;
use tokio_xmpp::parsers::iq::Iq;
use tokio_xmpp::parsers::ping::Ping;

/// Asks `to` whether it is there; without it, the server.
pub(crate) fn request(id: String, to: Option<Jid>) -> Iq {
    Iq::Get { from: None, to, id, payload: Ping.into() }
}
