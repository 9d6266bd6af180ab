//! What the user does with texts: writes, reads, writes again, deletes.

use std::sync::Arc;
use std::time::Duration;

use crate::address::Address;
use crate::chat::Talk;
use crate::contact::Relationship;
use crate::error::ChatError;
use crate::limits;
use crate::message::{Entry, FailReason, MessageId, MessageState};
use crate::trust::Security;
use crate::{inbox, outbox, stanza_queue};

impl Talk<'_> {
    /// Puts a text into the outbox. It is given up where it has not left `within` this time.
    ///
    /// # Errors
    /// [`ChatError::PeerBlocked`], [`ChatError::OutboxFull`].
    pub fn queue(&mut self, to: &Address, text: &str, within: Option<Duration>) -> Result<MessageId, ChatError> {
        let message = outbox::queue(self.work.mailbox, to, self.work.ids.draw(), text, self.work.now, within)?;
        self.report(vec![(message, MessageState::Queued)]);
        Ok(message)
    }

    /// [`Talk::queue`], once for each key: where a text was put there under this one, that is the message, whatever has become of
    /// it. The last [`limits::SEND_KEYS`] are known.
    ///
    /// # Errors
    /// As [`Talk::queue`].
    pub fn queue_once(
        &mut self,
        key: u64,
        to: &Address,
        text: &str,
        within: Option<Duration>,
    ) -> Result<MessageId, ChatError> {
        let known = self.work.mailbox.position.keys.iter().find(|(of, _)| *of == key).map(|(_, message)| *message);
        if let Some(message) = known {
            return Ok(message);
        }
        let message = self.queue(to, text, within)?;
        let keys = &mut Arc::make_mut(&mut self.work.mailbox.position).keys;
        keys.push_back((key, message));
        let too_many = keys.len().saturating_sub(limits::SEND_KEYS);
        keys.drain(..too_many);
        Ok(message)
    }

    /// Writes a text again that has failed, as a new message; the failed one is forgotten. `None`: no text of that name has failed.
    /// A peer that may have read it, and knows what it gets twice, shows it once.
    ///
    /// # Errors
    /// As [`Talk::queue`].
    pub fn retry(&mut self, failed: MessageId) -> Result<Option<MessageId>, ChatError> {
        let mailbox = &mut *self.work.mailbox;
        let Some(entry) = mailbox.messages.get(&failed) else { return Ok(None) };
        let MessageState::Failed { reason } = entry.state else { return Ok(None) };
        if reason == FailReason::AddressLost {
            return Ok(None);
        }
        let (peer, words) = (entry.peer, (entry.label.clone(), entry.text.clone()));
        mailbox.check_unblocked(peer)?;
        outbox::check_room(mailbox, &mailbox.jid(peer), &words.1)?;
        if mailbox.relationship(peer) != Relationship::Contact {
            mailbox.befriend(peer);
        }
        let mut again = Entry::new(peer, words, self.work.now, MessageState::Queued, Security::Plaintext);
        again.again = reason == FailReason::Unread;
        mailbox.messages.remove(&failed);
        let message = mailbox.add(again);
        // Its key names the text, not the attempt.
        if mailbox.position.keys.iter().any(|(_, of)| *of == failed) {
            let keys = &mut Arc::make_mut(&mut mailbox.position).keys;
            keys.iter_mut().filter(|(_, of)| *of == failed).for_each(|(_, of)| *of = message);
        }
        self.report(vec![(message, MessageState::Queued)]);
        Ok(Some(message))
    }

    /// The app has a message: what came is read; what failed is forgotten.
    pub fn take(&mut self, message: MessageId) {
        let changed = inbox::take(self.work.mailbox, message);
        self.report(changed);
    }

    /// [`Talk::take`] for all that came from somebody, up to a message.
    pub fn take_up_to(&mut self, from: &Address, last: MessageId) {
        let Some(peer) = self.work.mailbox.find(from) else { return };
        let is_unread = |entry: &Entry| entry.peer == peer && entry.state == MessageState::Received;
        let rows: Vec<MessageId> =
            self.work.mailbox.rows(is_unread).into_iter().filter(|message| *message <= last).collect();
        let changed = self.work.mailbox.set_all(rows, MessageState::Taken);
        self.report(changed);
    }

    /// Forgets a message, whatever there is to come of it: what has not left does not leave any more.
    pub fn delete(&mut self, message: MessageId) {
        stanza_queue::withdraw(self.work.mailbox, message);
        self.work.mailbox.messages.remove(&message);
    }
}
