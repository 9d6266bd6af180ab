//! Calls about peers: contacts, their keys, private conversations.

use std::collections::BTreeSet;
use std::time::Duration;

use flashpaper_chat::fingerprints::{self, Imported, Line};
use flashpaper_chat::{Address, ChatError, Conversation, Fingerprint, Peer, PeerId, Talk, is_blank, read_address, uri};
use flashpaper_xmpp::bare_jid;
use zeroize::Zeroizing;

use super::Engine;
use crate::Error;
use crate::account::State;
use crate::error::{Input, TextFault};
use crate::event::BurnerId;

impl Engine {
    /// Adds somebody as a contact, by bare JID or `xmpp:` URI, and asks to see when they are there. A fingerprint in the URI
    /// (`otr-fingerprint`) is the one key that they are to have from now on. Gives the bare JID.
    ///
    /// # Errors
    /// [`Error::InvalidInput`]: no address, or one of this installation's own. [`Error::OtherKeyVerified`]: a link must not take
    /// the place of what a user has compared. [`Error::OtherKeyInUse`]: nor, without a word, of a key that is in use or expected:
    /// ask, then call [`Engine::expect_key`]. [`Error::PeerBlocked`]. Storage errors, [`Error::NoSuchBurner`], [`Error::Suspended`],
    /// [`Error::VaultLocked`], [`Error::Closed`].
    pub fn add_contact(&self, id: &BurnerId, address: &str) -> Result<String, Error> {
        self.take_address(id, address, false)
    }

    /// Does what [`Engine::add_contact`] does, where that says that another key is in use: the user has decided that the link's
    /// is right. No text goes to the other then.
    ///
    /// # Errors
    /// As [`Engine::add_contact`], but for [`Error::OtherKeyInUse`].
    pub fn expect_key(&self, id: &BurnerId, address: &str) -> Result<String, Error> {
        self.take_address(id, address, true)
    }

    fn take_address(&self, id: &BurnerId, address: &str, decided: bool) -> Result<String, Error> {
        let (jid, fingerprint) = read_address(address).ok_or(Error::InvalidInput { input: Input::Address })?;
        let jid = self.peer_address(id, jid.as_str())?;
        let address = jid.clone();
        self.converse(id, move |talk| {
            let row = talk.mailbox().peer(&address);
            talk.mailbox().check_unblocked(row)?;
            if let Some((peer, fingerprint)) = talk.mailbox().peer_mut(row).zip(fingerprint) {
                peer.trust.expect(fingerprint, decided)?;
                talk.choose_again(row);
            }
            talk.accept(row)
        })??;
        Ok(jid.into())
    }

    /// Accepts a stranger as a contact. Where they have asked for a private conversation, it is begun with an OTR query message.
    ///
    /// # Errors
    /// [`Error::NoSuchPeer`]; as [`Engine::add_contact`].
    pub fn accept(&self, id: &BurnerId, peer: &str) -> Result<(), Error> {
        let jid = self.peer_address(id, peer)?;
        Ok(self.with_peer(id, jid.as_str(), |talk, row| talk.accept(row))??)
    }

    /// Keeps somebody away, or not any more: what they send is not taken in, and the own server is told so where it knows
    /// blocking (XEP-0191). They see no presence from then on. A private conversation ends without a word, and what was
    /// written to them and has not left does not leave any more. Nothing but this call ends a block.
    ///
    /// # Errors
    /// As [`Engine::add_contact`].
    pub fn set_blocked(&self, id: &BurnerId, peer: &str, blocked: bool) -> Result<(), Error> {
        let jid = self.peer_address(id, peer)?;
        self.converse(id, move |talk| {
            let row = talk.mailbox().peer(&jid);
            talk.set_blocked(row, blocked);
        })
    }

    /// The user's own name for a burner, or for a peer of it; `None` or a blank one takes it away. It never leaves the
    /// device.
    ///
    /// # Errors
    /// [`Error::NoSuchPeer`]; as [`Engine::add_contact`].
    pub fn set_label(&self, id: &BurnerId, peer: Option<&str>, label: Option<&str>) -> Result<(), Error> {
        let label = label.filter(|label| !label.trim().is_empty()).map(str::to_owned);
        let Some(peer) = peer else {
            return self.context.burner(id)?.change(|account| account.label = label);
        };
        self.change_peer(id, peer, move |peer| peer.label = label)
    }

    /// The burner's address with its key, as an `xmpp:` URI for a QR code. The first time it takes a tenth of a second.
    ///
    /// # Errors
    /// [`Error::NoSuchBurner`], [`Error::VaultLocked`], [`Error::Closed`].
    pub fn uri(&self, id: &BurnerId) -> Result<String, Error> {
        Ok(uri(&self.context.burner(id)?.account().jid().into(), self.fingerprint(id)?))
    }

    /// The fingerprint of the burner's own key. The first time it takes a tenth of a second.
    ///
    /// # Errors
    /// As [`Engine::uri`].
    pub fn fingerprint(&self, id: &BurnerId) -> Result<Fingerprint, Error> {
        self.context.burner(id)?.fingerprint()
    }

    /// One conversation, as a screen shows it.
    ///
    /// # Errors
    /// [`Error::NoSuchPeer`], [`Error::Unreadable`]; as [`Engine::uri`].
    pub fn conversation(&self, id: &BurnerId, peer: &str) -> Result<Conversation, Error> {
        let jid = self.compared(id, peer)?;
        let conversations = self.context.burner(id)?.conversations()?;
        conversations.into_iter().find(|conversation| conversation.peer == jid).ok_or(Error::NoSuchPeer)
    }

    /// Begins a private conversation, or renews the one there is. Texts begin one by themselves.
    ///
    /// # Errors
    /// As [`Engine::add_contact`].
    pub fn start_private(&self, id: &BurnerId, peer: &str) -> Result<(), Error> {
        let jid = self.peer_address(id, peer)?;
        let started = self.converse(id, move |talk| {
            let row = talk.mailbox().peer(&jid);
            talk.mailbox().check_unblocked(row)?;
            talk.mailbox().befriend(row);
            talk.start(row);
            Ok(())
        })?;
        started.map_err(ChatError::into)
    }

    /// Ends the private conversation: the peer is told, and what waits goes on waiting for a new one. What was sent and not
    /// confirmed fails as [`crate::FailReason::Unread`].
    ///
    /// # Errors
    /// [`Error::NoSuchPeer`]; as [`Engine::add_contact`].
    pub fn end_private(&self, id: &BurnerId, peer: &str) -> Result<(), Error> {
        self.with_peer(id, peer, |talk, row| talk.finish(row))
    }

    /// Says that texts may go to this key of a peer's, though another one was known or expected.
    ///
    /// # Errors
    /// [`Error::NoSuchPeer`]; as [`Engine::add_contact`].
    pub fn accept_key(&self, id: &BurnerId, peer: &str, fingerprint: Fingerprint) -> Result<(), Error> {
        self.change_peer(id, peer, move |peer| peer.trust.accept(fingerprint))
    }

    /// Says that the user has compared this key, on the telephone say, or takes that back: no text goes to it then before it
    /// is accepted again ([`Engine::accept_key`]), nor, once one key was compared, to others that were not.
    ///
    /// # Errors
    /// [`Error::NoSuchPeer`]; as [`Engine::add_contact`].
    pub fn set_verified(
        &self,
        id: &BurnerId,
        peer: &str,
        fingerprint: Fingerprint,
        verified: bool,
    ) -> Result<(), Error> {
        self.change_peer(id, peer, move |peer| {
            if verified {
                peer.trust.verify(fingerprint);
            } else {
                peer.trust.distrust(fingerprint);
            }
        })
    }

    /// Compares a secret with the peer (SMP), with a question that tells which secret is meant. That both know it verifies
    /// the peer; [`crate::Event::Comparison`] tells. It serves to check a key that has changed, too: the holder of that key sees the
    /// question, and learns of the secret whether one guess was right.
    ///
    /// # Errors
    /// [`Error::InvalidInput`]: an empty or blank secret, which proves nothing. [`Error::NotPrivate`], [`Error::NoSuchPeer`];
    /// as [`Engine::add_contact`].
    pub fn compare(&self, id: &BurnerId, peer: &str, secret: &str, question: Option<&str>) -> Result<(), Error> {
        let (secret, question) = (checked_secret(secret)?, question.map(str::to_owned));
        Ok(self.with_peer(id, peer, move |talk, row| talk.compare(row, &secret, question.as_deref()))??)
    }

    /// Answers a comparison that the peer has asked for; `question` is the one that the user was shown, if there was one.
    /// With a question it verifies the user to the peer, not the other way.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] as for [`Engine::compare`]. [`Error::NothingAsked`]: nothing is, or something else by now.
    /// [`Error::NoSuchPeer`]; as [`Engine::add_contact`].
    pub fn answer_comparison(
        &self,
        id: &BurnerId,
        peer: &str,
        secret: &str,
        question: Option<&str>,
    ) -> Result<(), Error> {
        let (secret, question) = (checked_secret(secret)?, question.map(str::to_owned));
        Ok(self.with_peer(id, peer, move |talk, row| talk.answer(row, &secret, question.as_deref()))??)
    }

    /// Ends a comparison without a result.
    ///
    /// # Errors
    /// [`Error::NotPrivate`], [`Error::NoSuchPeer`]; as [`Engine::add_contact`].
    pub fn abort_comparison(&self, id: &BurnerId, peer: &str) -> Result<(), Error> {
        Ok(self.with_peer(id, peer, |talk, row| talk.abort_comparison(row))??)
    }

    /// How long a burner's private conversations may rest and be gone on with, over the end of the process, too: a week at
    /// first. One that has rested for longer ends once the burner is connected and everything that waited has come, and its
    /// peer is told. Zero: none outlives the process, and nothing of them is
    /// stored.
    ///
    /// # Errors
    /// Storage errors, [`Error::NoSuchBurner`], [`Error::Suspended`], [`Error::VaultLocked`], [`Error::Closed`].
    pub fn set_idle_timeout(&self, id: &BurnerId, timeout: Duration) -> Result<(), Error> {
        self.context.burner(id)?.change(|account| account.idle_timeout = Duration::from_secs(timeout.as_secs()))?;
        self.converse(id, |talk| talk.wake())
    }

    /// Sets how long the texts of a conversation are kept once they were read, or that they do not go by themselves, as at first: from
    /// when the app has said that it has one ([`Engine::taken`]), or from when one has left, but for as long as something
    /// may come of it; of what is kept as history, too. It is for texts that are read from then on. A Flashpaper peer is told inside the
    /// encryption, and does the same ([`crate::Notice::TimerChanged`]); of two settings the later counts. With clients of another kind, and until
    /// [`crate::Conversation::timer_is_shared`] says otherwise, texts go here alone. Nothing keeps a peer from keeping a text. Of what goes
    /// by timers 8 MiB are kept at most.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] with [`Input::Timer`]: less than a second, or more than 366 days. [`Error::NoSuchPeer`]; as
    /// [`Engine::add_contact`].
    pub fn set_timer(&self, id: &BurnerId, peer: &str, after: Option<Duration>) -> Result<(), Error> {
        Ok(self.with_peer(id, peer, move |talk, row| talk.set_timer(row, after))??)
    }

    /// Whether a peer that offers nothing newer may be spoken to in version 2 of OTR, as at first, or not: Profanity has no
    /// other. Version 3 is always offered first, and a peer that has spoken it is not spoken to in version 2 again
    /// ([`crate::Notice::OtherVersion`]). Private conversations in version 2 end when it may not be.
    ///
    /// # Errors
    /// As [`Engine::set_idle_timeout`].
    pub fn set_version_2(&self, id: &BurnerId, may: bool) -> Result<(), Error> {
        self.context.burner(id)?.change(|account| account.version_3_only = !may)?;
        self.converse(id, |talk| talk.wake())
    }

    /// Takes in which keys the user has verified with another client: libotr's `otr.fingerprints` (a line each: the peer,
    /// the account, the protocol, 40 digits, a word if it was verified; by tabs). Lines of other protocols than XMPP are passed
    /// over, those of other accounts where `account` is given, keys that are not verified, and those of people in chat rooms.
    /// So are lines that cannot be read, and they are named. Nobody becomes a contact by it, and nobody is told; a key that is
    /// expected of a peer stays the only one.
    ///
    /// # Errors
    /// [`Error::InvalidInput`]: no line can be read. As [`Engine::add_contact`].
    pub fn import_fingerprints(&self, id: &BurnerId, file: &str, account: Option<&str>) -> Result<Imported, Error> {
        let (mut keys, mut unread_lines, mut count) = (BTreeSet::new(), Vec::new(), 0);
        for (number, line) in fingerprints::read(file, account) {
            count += 1;
            match line {
                Line::Verified(peer, fingerprint) => match self.peer_address(id, peer.as_str()) {
                    Ok(jid) => drop(keys.insert((jid, fingerprint))),
                    Err(Error::InvalidInput { .. }) => unread_lines.push(number),
                    Err(error) => return Err(error),
                },
                Line::Other => {}
                Line::Unreadable => unread_lines.push(number),
            }
        }
        if count > 0 && unread_lines.len() == count {
            return Err(Error::InvalidInput { input: Input::Fingerprints });
        }
        let keys = self.converse(id, move |talk| {
            for (jid, fingerprint) in &keys {
                let row = talk.mailbox().peer(jid);
                if let Some(peer) = talk.mailbox().peer_mut(row) {
                    peer.trust.learn_verified(*fingerprint);
                }
                talk.report_conversation(row);
            }
            // Of each peer so many are kept, and no more.
            let mailbox = &*talk.mailbox();
            let is_kept = |(jid, fingerprint): &&(Address, Fingerprint)| {
                let peer = mailbox.find(jid).and_then(|row| mailbox.peers.get(&row));
                peer.is_some_and(|peer| peer.trust.is_verified(*fingerprint))
            };
            u32::try_from(keys.iter().filter(is_kept).count()).unwrap_or(u32::MAX)
        })?;
        Ok(Imported { keys, unread_lines })
    }

    /// The bare JID of an account that an active burner may talk to.
    pub(crate) fn peer_address(&self, id: &BurnerId, peer: &str) -> Result<Address, Error> {
        let jid = self.sender_address(id, peer)?;
        // A server is no account.
        if jid.as_str().contains('@') { Ok(jid) } else { Err(Error::InvalidInput { input: Input::Address }) }
    }

    /// A bare JID as it is compared. One that a server has handed over, and that none could type, is known as it is.
    pub(crate) fn compared(&self, id: &BurnerId, peer: &str) -> Result<Address, Error> {
        let is_known = || {
            let mailbox = self.context.burner(id).and_then(|burner| burner.mailbox());
            mailbox.is_ok_and(|mailbox| mailbox.find(&peer.to_owned().into()).is_some())
        };
        let jid = bare_jid(peer).or_else(|| is_known().then(|| peer.to_owned()));
        jid.map(Address::from).ok_or(Error::InvalidInput { input: Input::Address })
    }

    /// The bare JID of an account or a server that may have written to an active burner.
    fn sender_address(&self, id: &BurnerId, peer: &str) -> Result<Address, Error> {
        let jid = self.compared(id, peer)?;
        // Two burners that write to each other are known to belong together.
        if self.burners()?.iter().any(|burner| burner.jid == jid.as_str()) {
            return Err(Error::InvalidInput { input: Input::Address });
        }
        if self.context.burner(id)?.account().state != State::Active {
            return Err(Error::NoSuchBurner);
        }
        Ok(jid)
    }

    fn change_peer(
        &self,
        id: &BurnerId,
        peer: &str,
        change: impl FnOnce(&mut Peer) + Send + 'static,
    ) -> Result<(), Error> {
        self.with_peer(id, peer, move |talk, row| {
            talk.mailbox().peer_mut(row).map(change);
            talk.choose_again(row);
        })
    }

    /// Does something with a peer that is known: an account, or a server that has written.
    fn with_peer<T: Send + 'static>(
        &self,
        id: &BurnerId,
        peer: &str,
        work: impl FnOnce(&mut Talk<'_>, PeerId) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let jid = self.sender_address(id, peer)?;
        let done = self.converse(id, move |talk| {
            let row = talk.mailbox().find(&jid)?;
            talk.report_conversation(row);
            Some(work(talk, row))
        })?;
        done.ok_or(Error::NoSuchPeer)
    }

    /// Does something with a burner's conversations, and has what comes of it sent.
    fn converse<T: Send + 'static>(
        &self,
        id: &BurnerId,
        work: impl FnOnce(&mut Talk<'_>) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let burner = self.context.burner(id)?;
        let done = burner.converse(work)?;
        burner.wake();
        Ok(done)
    }
}

/// One that anybody would guess compares nothing.
fn checked_secret(secret: &str) -> Result<Zeroizing<String>, Error> {
    if is_blank(secret) {
        return Err(Error::InvalidInput { input: Input::Text { fault: TextFault::Empty } });
    }
    Ok(Zeroizing::new(secret.to_owned()))
}

#[cfg(test)]
pub(crate) mod tests;
