//! The handshake by which contacts see when the other is there, and what the server is told of blocks.

use std::sync::Arc;

use crate::contact::{Peer, Standing};
use crate::mailbox::Mailbox;

/// Contacts whose presence handshake is to be taken a step further, or whose server is to be told of a block.
pub fn introductions(mailbox: &Mailbox) -> Vec<(u64, Arc<Peer>)> {
    let due = |peer: &Peer| {
        let handshake = peer.standing == Standing::Contact && !peer.introduced;
        !peer.jid.is_empty() && (handshake || peer.block_due)
    };
    mailbox.peers.iter().filter(|(_, peer)| due(peer)).map(|(row, peer)| (*row, Arc::clone(peer))).collect()
}

/// The server has been told of somebody; who has changed meanwhile is told of once more.
pub fn server_knows(mailbox: &mut Mailbox, row: u64, standing: Standing) {
    if let Some(peer) = mailbox.peer_mut(row).filter(|peer| peer.standing == standing) {
        (peer.block_due, peer.introduced) = (false, standing == Standing::Contact);
    }
}

/// A stream is new: who has not answered is asked again.
pub fn introduce_again(mailbox: &mut Mailbox) {
    let silent = |peer: &Peer| peer.introduced && !peer.shows_presence && !peer.refuses;
    for peer in mailbox.peers.values_mut().filter(|peer| silent(peer)) {
        Arc::make_mut(peer).introduced = false;
    }
}
