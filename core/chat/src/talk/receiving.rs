//! What comes from peers: how much of it is taken in, and who is told that it was.

use std::sync::Arc;

use flashpaper_otr::Unanswered;
use flashpaper_xmpp::ChatMessage;

use super::Talk;
use crate::contact::Standing;
use crate::error::ChatError;
use crate::event::Notice;
use crate::inbox::{self, Arrived};
use crate::limits;
use crate::seen::Mark;
use crate::stanza::{holds_data, is_of_exchange};
use crate::trust::Security;

impl Talk<'_> {
    /// A message of somebody's.
    pub fn receive(&mut self, chat: &ChatMessage) {
        if chat.text.is_empty() {
            // No message, nor the end of one in pieces: an empty body stands beside other things.
            return;
        }
        let peer = self.mailbox.find(&chat.from);
        let standing = peer.map(|peer| self.mailbox.standing(peer)).unwrap_or_default();
        match standing {
            Standing::Blocked => {}
            Standing::Stranger => self.receive_from_stranger(peer, chat),
            Standing::Contact => {
                let Some(peer) = peer else { return };
                // What OTR has not read it does not count as read: it can come again.
                if inbox::is_full(self.mailbox, peer) && !is_of_exchange(&chat.text) {
                    return self.turn_away(peer);
                }
                let outputs = self.with(peer, |session| session.receive(&chat.text));
                self.carry_out(peer, Some(chat), outputs);
            }
        }
    }

    /// A message of somebody's of which nothing can be read: that there was one is told, also of a stranger.
    pub fn unreadable(&mut self, from: &str) {
        let peer = self.mailbox.find(from).unwrap_or_else(|| self.new_stranger(from));
        if self.mailbox.standing(peer) != Standing::Blocked {
            self.notice(peer, Notice::Unreadable);
        }
    }

    /// Gets no answer, and no more room than a stranger is given. Of what is meant for a session it is kept that there was
    /// something: see [`Talk::accept`].
    fn receive_from_stranger(&mut self, peer: Option<u64>, chat: &ChatMessage) {
        let peer = peer.unwrap_or_else(|| self.new_stranger(&chat.from));
        let Unanswered { text, asks } = Unanswered::read(&chat.text);
        if let Some(stranger) = self.mailbox.peer_mut(peer).filter(|stranger| asks && !stranger.asks_for_private) {
            stranger.asks_for_private = true;
            self.news.conversations.insert(peer);
        }
        let Some(text) = text else {
            if holds_data(&chat.text) {
                self.notice(peer, Notice::Unreadable);
            }
            return;
        };
        if inbox::takes_from_stranger(self.mailbox, peer, &text) {
            self.has_missed_nothing(peer);
            self.arrived_in_clear(peer, &text, chat);
        } else {
            self.turn_away(peer);
        }
    }

    /// The one who has waited longest gives way.
    pub(super) fn new_stranger(&mut self, from: &str) -> u64 {
        let strangers = inbox::strangers(self.mailbox);
        let oldest = strangers.first().filter(|_| strangers.len() >= limits::STRANGERS);
        if let Some(oldest) = oldest {
            inbox::forget_stranger(self.mailbox, *oldest);
            // What is told of one who is not there any more nobody can look up.
            self.news.messages.retain(|(message, _)| self.mailbox.messages.contains_key(&message.0));
            self.news.conversations.remove(oldest);
            self.news.notices.retain(|(peer, _)| peer != oldest);
        }
        let peer = self.mailbox.peer(from);
        if oldest.is_some() {
            self.news.notices.push((peer, Notice::StrangerForgotten));
        }
        self.news.conversations.insert(peer);
        peer
    }

    /// Makes a stranger a contact, and answers if they have asked for a private conversation.
    ///
    /// # Errors
    /// [`ChatError::PeerBlocked`].
    pub fn accept(&mut self, peer: u64) -> Result<(), ChatError> {
        self.mailbox.check_unblocked(peer)?;
        let asks = self.mailbox.peers.get(&peer).is_some_and(|peer| peer.asks_for_private);
        self.mailbox.befriend(peer);
        if asks {
            self.start(peer);
        }
        self.news.conversations.insert(peer);
        Ok(())
    }

    /// There is no room for what a peer sends: see [`Notice::InboxFull`]. Said once.
    fn turn_away(&mut self, peer: u64) {
        if let Some(known) = self.mailbox.peers.get_mut(&peer).filter(|known| !known.missed) {
            Arc::make_mut(known).missed = true;
            self.news.notices.push((peer, Notice::InboxFull));
        }
    }

    /// Has contacts send again what there was no room for: a new session tells them that it was not read.
    pub(super) fn ask_for_missed(&mut self) {
        for peer in inbox::missed(self.mailbox) {
            let (beginning, finished) = self.look(peer, |session| (session.is_beginning(), session.is_finished()));
            if finished {
                // They have ended it, and know what was not read by then.
                self.has_missed_nothing(peer);
            } else if !beginning && !self.was_asked_lately(peer) {
                self.start(peer);
            }
        }
    }

    pub(super) fn has_missed_nothing(&mut self, peer: u64) {
        if let Some(known) = self.mailbox.peers.get_mut(&peer).filter(|known| known.missed) {
            Arc::make_mut(known).missed = false;
        }
    }

    pub(super) fn arrived_in_clear(&mut self, peer: u64, text: &str, chat: &ChatMessage) {
        let resource = chat.resource.as_deref().unwrap_or_default();
        let mark = chat.id.as_deref().map(|id| Mark::plain(id, text, resource, self.now));
        self.arrived(peer, mark, text, Security::Plaintext, chat, true);
    }

    /// `confirms`: outside the encryption, if that is asked for.
    pub(super) fn arrived(
        &mut self,
        peer: u64,
        mark: Option<Mark>,
        text: &str,
        security: Security,
        chat: &ChatMessage,
        confirms: bool,
    ) {
        // A receipt repeats the id: it must fit through the own server.
        let wanted = |id: &&str| confirms && chat.wants_receipt && id.len() <= limits::RECEIPT_OF;
        let receipt = chat.id.as_deref().filter(wanted);
        let arrived = Arrived { peer, mark, text, security, resource: chat.resource.as_deref(), receipt };
        let news = inbox::receive(self.mailbox, &arrived, self.ids.draw(), self.now);
        self.news.messages.extend(news);
    }

    /// Tells peers inside the encryption what has come.
    pub(super) fn send_receipts(&mut self) {
        for ((peer, from), labels) in std::mem::take(&mut self.receipts) {
            if self.is_contact(peer) {
                let outputs = self.with(peer, |session| session.send_receipt(from, &labels));
                self.carry_out(peer, None, outputs);
            }
        }
    }
}

#[cfg(test)]
mod tests;
