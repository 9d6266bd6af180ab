//! The stanzas that are sent on a session.

use flashpaper_chat::{Numbered, Peer, Relationship, StanzaKind, presence};
use flashpaper_xmpp::{Ids, ManagedSession};

use crate::network::connect::within;
use crate::seams::ByteStream;
use crate::{Error, limits};

pub(super) type Session = ManagedSession<Box<dyn ByteStream>>;

/// Sends stanzas, in their order.
pub(super) async fn stanzas(session: &mut Session, stanzas: &Numbered) -> Result<(), Error> {
    for (to, stanza) in stanzas {
        let id = stanza.id.as_str();
        match &stanza.kind {
            StanzaKind::Encrypted { body, wants_receipt } => {
                within(limits::EXCHANGE, session.send_otr(to, id, body, *wants_receipt)).await??;
            }
            StanzaKind::Receipt { received } => {
                within(limits::EXCHANGE, session.send_receipt(to, id, received)).await??;
            }
        }
    }
    Ok(())
}

/// Takes the presence handshake with a contact a step further, and tells the server of a block.
pub(super) async fn introduction(session: &mut Session, ids: &mut Ids, peer: &Peer) -> Result<(), Error> {
    let jid = peer.jid.as_str();
    if peer.is_block_due() {
        let blocked = peer.relationship == Relationship::Blocked;
        within(limits::EXCHANGE, session.block(jid, &ids.draw(), blocked)).await??;
        if blocked {
            // Where blocking is not known, or ends, they would see every login.
            within(limits::EXCHANGE, session.forget_contact(jid, &ids.draw())).await??;
        }
    }
    for step in presence::steps(peer) {
        within(limits::EXCHANGE, session.send_subscription(jid, step)).await??;
    }
    Ok(())
}
