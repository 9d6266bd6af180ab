//! Texts, out and in.

use std::sync::Arc;
use std::time::Duration;

use flashpaper_chat::{Address, ChatError, History, Message, MessageId};
use sha2::{Digest as _, Sha256};

use super::Engine;
use crate::error::{Input, TextFault};
use crate::event::BurnerId;
use crate::watched::{Look, Watched, watched};
use crate::{Error, limits};

impl Engine {
    /// Sends a text to a bare JID, in private, as soon as that is possible: it is stored when this returns, and sent in the
    /// order of these calls. It waits for a private conversation, which needs the peer to be there; where that takes longer
    /// than `within`, it fails. A peer that is written to is a contact.
    ///
    /// # Errors
    /// [`Error::InvalidInput`]: no address, one of this installation's own, or a text that cannot be sent. [`Error::PeerBlocked`],
    /// [`Error::OutboxFull`], storage errors, [`Error::NoSuchBurner`], [`Error::Suspended`], [`Error::VaultLocked`], [`Error::Closed`].
    pub fn send(&self, id: &BurnerId, to: &str, text: &str, within: Option<Duration>) -> Result<MessageId, Error> {
        self.send_once(id, to, text, within, None)
    }

    /// [`Engine::send`], once for each key of this burner: called again with the same one, after a call that was cut off, say, it
    /// gives the message that there is. The last 64 keys are known, also to the next process. Any text can be one: a random
    /// one for each text that a user writes.
    ///
    /// # Errors
    /// As [`Engine::send`].
    pub fn send_once(
        &self,
        id: &BurnerId,
        to: &str,
        text: &str,
        within: Option<Duration>,
        key: Option<&str>,
    ) -> Result<MessageId, Error> {
        let to = self.peer_address(id, to)?;
        // XML knows one line break (XML 1.0 section 2.11).
        let text = text.replace("\r\n", "\n");
        if let Some(fault) = fault(&text) {
            return Err(Error::InvalidInput { input: Input::Text { fault } });
        }
        let burner = self.context.burner(id)?;
        let is_online = burner.connection().is_some_and(|handle| handle.connection().is_online());
        // A connection that works encrypts it in the same change. Texts in numbers do not wait for that: it takes many at once.
        let is_alone = is_online && !burner.writes_in_numbers();
        let patience = if is_alone { limits::TAKEN_ALONG } else { Duration::ZERO };
        let key = key.map(short);
        let queued = burner.converse_along(patience, move |talk| match key {
            Some(key) => talk.queue_once(key, &to, &text, within),
            None => talk.queue(&to, &text, within),
        })?;
        burner.note_written();
        burner.wake();
        queued.map_err(ChatError::into)
    }

    /// A page of a burner's messages that are not done or are kept, with one peer (a bare JID) or all: at most `limit`, the last
    /// ones before the message `before`, or the last of all, in their order. The first message of a page is the `before` of the
    /// next one, and may be forgotten by then: it is a position. An empty page is the end.
    ///
    /// # Errors
    /// [`Error::Unreadable`], as for all that a burner's conversations are needed for. Where history is kept it is read from
    /// disk: storage errors, [`Error::Suspended`]. [`Error::NoSuchBurner`], [`Error::VaultLocked`], [`Error::Closed`].
    pub fn messages(
        &self,
        id: &BurnerId,
        with: Option<&str>,
        before: Option<MessageId>,
        limit: u32,
    ) -> Result<Vec<Message>, Error> {
        let with = with.map(|with| self.compared(id, with)).transpose()?;
        let now = self.context.services.expiry_now();
        self.context.burner(id)?.messages(with.as_ref().map(Address::as_str), before, limit as usize, now)
    }

    /// One message.
    ///
    /// # Errors
    /// [`Error::NoSuchMessage`]; as [`Engine::messages`].
    pub fn message(&self, id: &BurnerId, message: MessageId) -> Result<Message, Error> {
        let now = self.context.services.expiry_now();
        self.context.burner(id)?.message(message, now)?.ok_or(Error::NoSuchMessage)
    }

    /// Says that the app has a message that came, or has seen that one failed: until then it is kept, also over a crash.
    ///
    /// # Errors
    /// Storage errors, [`Error::NoSuchBurner`], [`Error::Suspended`], [`Error::VaultLocked`], [`Error::Closed`].
    pub fn taken(&self, id: &BurnerId, message: MessageId) -> Result<(), Error> {
        let burner = self.context.burner(id)?;
        burner.converse(move |talk| talk.take(message))?;
        // There may be room again for what was not taken in.
        burner.wake();
        Ok(())
    }

    /// [`Engine::taken`] for all that came from a peer (a bare JID), up to a message: a user has read a page of a conversation.
    ///
    /// # Errors
    /// As [`Engine::taken`].
    pub fn read(&self, id: &BurnerId, peer: &str, up_to: MessageId) -> Result<(), Error> {
        let (peer, burner) = (self.compared(id, peer)?, self.context.burner(id)?);
        burner.converse(move |talk| talk.take_up_to(&peer, up_to))?;
        burner.wake();
        Ok(())
    }

    /// Sends a text again that has failed, as a new message; the failed one is forgotten. Where the peer may have read it
    /// ([`crate::FailReason::Unread`]) and its client tells what it gets twice, as Flashpaper does, it is shown once there.
    ///
    /// # Errors
    /// [`Error::NoSuchMessage`]: no text of that name has failed. Otherwise as [`Engine::send`].
    pub fn retry(&self, id: &BurnerId, message: MessageId) -> Result<MessageId, Error> {
        let burner = self.context.burner(id)?;
        let queued = burner.converse(move |talk| talk.retry(message))??;
        burner.note_written();
        burner.wake();
        queued.ok_or(Error::NoSuchMessage)
    }

    /// Forgets one message on this device, whatever there is to come of it: one that has not left does not leave any more. The peer keeps
    /// what it has. Does nothing where there is none of that name.
    ///
    /// # Errors
    /// As [`Engine::taken`].
    pub fn delete(&self, id: &BurnerId, message: MessageId) -> Result<(), Error> {
        let burner = self.context.burner(id)?;
        burner.converse(move |talk| talk.delete(message))?;
        burner.forget_kept(message, self.context.services.expiry_now())?;
        burner.wake();
        Ok(())
    }

    /// The last messages of a conversation as they change: at most `limit`, in their order. It ends with the burner, and as the
    /// engine is locked or closed. It changes at most every 20 milliseconds.
    #[must_use]
    pub fn timeline(&self, id: &BurnerId, peer: &str, limit: u32) -> Watched<Vec<Message>> {
        let (id, peer) = (id.clone(), peer.to_owned());
        watched(&self.context, move |context| {
            let engine = Self { context: Arc::clone(context) };
            match engine.messages(&id, Some(&peer), None, limit) {
                Ok(page) => Look::Is(page),
                Err(Error::NoSuchBurner | Error::VaultLocked | Error::Closed | Error::InvalidInput { .. }) => {
                    Look::IsOver
                }
                // Of a folder that is let go, say: what was shown last is still true.
                Err(_) => Look::IsHidden,
            }
        })
    }

    /// Sets what is kept of a burner's messages that are done. What is not to be kept any more is forgotten at once.
    ///
    /// # Errors
    /// As [`Engine::taken`].
    pub fn set_history(&self, id: &BurnerId, history: History) -> Result<(), Error> {
        let burner = self.context.burner(id)?;
        burner.change(|account| account.history = history)?;
        burner.converse(|_| ())?;
        burner.forget_history(self.context.services.expiry_now()).map(drop)
    }
}

/// A key of an app's as it is stored: so short, and says nothing. Of the last 64 no two are taken for one by chance.
fn short(key: &str) -> u64 {
    let digest = Sha256::digest(key);
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Why a text cannot be sent, if it cannot.
fn fault(text: &str) -> Option<TextFault> {
    if text.is_empty() {
        return Some(TextFault::Empty);
    }
    if text.len() > flashpaper_chat::limits::TEXT {
        return Some(TextFault::TooLong { bytes: text.len() as u64, limit: flashpaper_chat::limits::TEXT as u64 });
    }
    let sendable = |c: char| matches!(c, '\t' | '\n' | ' '..='\u{fffd}' | '\u{10000}'..);
    let (at, c) = text.chars().enumerate().find(|(_, c)| !sendable(*c))?;
    Some(TextFault::Character { code: c.into(), at: at as u64 + 1 })
}

#[cfg(test)]
mod tests;
