//! What the engine is asked for about peers: who they are, whose keys they have, private conversations.

use std::collections::BTreeSet;
use std::time::Duration;

use flashpaper_chat::fingerprints::{self, Imported, Line};
use flashpaper_chat::{ChatError, Conversation, Fingerprint, Peer, PeerId, Talk, is_blank, read_address, uri};
use flashpaper_xmpp::bare_jid;

use crate::error::{Input, TextFault};
use crate::event::BurnerId;
use crate::store::State;
use crate::{Engine, Error};

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
        let jid = self.peer_address(id, &jid)?;
        self.converse(id, |talk| {
            let row = talk.mailbox().peer(&jid);
            talk.mailbox().check_unblocked(row)?;
            if let Some((peer, fingerprint)) = talk.mailbox().peer_mut(row).zip(fingerprint) {
                peer.trust.expect(fingerprint, decided)?;
                talk.choose_again(row);
            }
            talk.accept(row)
        })??;
        Ok(jid)
    }

    /// Accepts a stranger as a contact: a private conversation that they have asked for begins, by a query of ours.
    ///
    /// # Errors
    /// [`Error::NoSuchPeer`]; as [`Engine::add_contact`].
    pub fn accept(&self, id: &BurnerId, peer: &str) -> Result<(), Error> {
        let jid = self.peer_address(id, peer)?;
        Ok(self.with_peer(id, &jid, |talk, row| talk.accept(row))??)
    }

    /// Keeps somebody away, or not any more: what they send is not taken in, and the own server is told so where it knows
    /// blocking (XEP-0191). They see no presence from then on. A private conversation ends without a word, and what was
    /// written to them and has not left does not leave any more. Nothing but this call ends a block.
    ///
    /// # Errors
    /// As [`Engine::add_contact`].
    pub fn set_blocked(&self, id: &BurnerId, peer: &str, blocked: bool) -> Result<(), Error> {
        let jid = self.peer_address(id, peer)?;
        self.converse(id, |talk| {
            let row = talk.mailbox().peer(&jid);
            talk.set_blocked(row, blocked);
        })
    }

    /// The person's own name for a burner, or for a peer of it; `None` or a blank one takes it away. It never leaves the
    /// device.
    ///
    /// # Errors
    /// [`Error::NoSuchPeer`]; as [`Engine::add_contact`].
    pub fn set_label(&self, id: &BurnerId, peer: Option<&str>, label: Option<&str>) -> Result<(), Error> {
        let label = label.filter(|label| !label.trim().is_empty()).map(str::to_owned);
        let Some(peer) = peer else {
            self.inner.account(&id.0)?;
            return self.inner.commit(|content| {
                if let Some(account) = content.account_mut(&id.0) {
                    account.label = label;
                }
            });
        };
        self.change_peer(id, peer, |peer| peer.label = label)
    }

    /// The burner's address with its key, as an `xmpp:` URI for a QR code. The first time it takes a tenth of a second.
    ///
    /// # Errors
    /// [`Error::NoSuchBurner`], [`Error::VaultLocked`], [`Error::Closed`].
    pub fn uri(&self, id: &BurnerId) -> Result<String, Error> {
        let account = self.inner.account(&id.0)?;
        Ok(uri(&format!("{}@{}", account.username, account.domain), self.fingerprint(id)?))
    }

    /// The fingerprint of the burner's own key. The first time it takes a tenth of a second.
    ///
    /// # Errors
    /// As [`Engine::uri`].
    pub fn fingerprint(&self, id: &BurnerId) -> Result<Fingerprint, Error> {
        Ok(self.inner.key(&id.0)?.fingerprint().into())
    }

    /// One conversation, as a screen shows it.
    ///
    /// # Errors
    /// [`Error::NoSuchPeer`], [`Error::Unreadable`]; as [`Engine::uri`].
    pub fn conversation(&self, id: &BurnerId, peer: &str) -> Result<Conversation, Error> {
        let jid = self.compared(id, peer)?;
        self.inner.account(&id.0)?;
        let conversations = self.inner.look(&id.0, |mailbox| self.inner.conversations(mailbox, &id.0))?;
        conversations.into_iter().find(|conversation| conversation.peer == jid).ok_or(Error::NoSuchPeer)
    }

    /// Begins a private conversation, or renews the one there is. Texts begin one by themselves.
    ///
    /// # Errors
    /// As [`Engine::add_contact`].
    pub fn start_private(&self, id: &BurnerId, peer: &str) -> Result<(), Error> {
        let jid = self.peer_address(id, peer)?;
        let started = self.converse(id, |talk| {
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
        self.change_peer(id, peer, |peer| peer.trust.accept(fingerprint))
    }

    /// Says that the person has compared this key, on the telephone say, or takes that back: no text goes to it then before it
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
        self.change_peer(id, peer, |peer| {
            if verified {
                peer.trust.verify(fingerprint);
            } else if let Some(key) = peer.trust.key_mut(fingerprint) {
                (key.verified, key.accepted) = (false, false);
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
        check_secret(secret)?;
        Ok(self.with_peer(id, peer, |talk, row| talk.compare(row, secret, question))??)
    }

    /// Answers a comparison that the peer has asked for; `question` is the one that the person was shown, if there was one.
    /// With a question it verifies the person to the peer, not the other way.
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
        check_secret(secret)?;
        Ok(self.with_peer(id, peer, |talk, row| talk.answer(row, secret, question))??)
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
    pub fn set_session_life(&self, id: &BurnerId, life: Duration) -> Result<(), Error> {
        self.inner.account(&id.0)?;
        self.inner.commit(|content| {
            if let Some(account) = content.account_mut(&id.0) {
                account.session_life = life.as_secs();
            }
        })?;
        self.converse(id, |talk| talk.wake())
    }

    /// Whether a peer that offers nothing newer may be spoken to in version 2 of OTR, as at first, or not: Profanity has no
    /// other. Version 3 is always offered first, and a peer that has spoken it is not spoken to in version 2 again
    /// ([`crate::Notice::OtherVersion`]). Private conversations in version 2 end when it may not be.
    ///
    /// # Errors
    /// As [`Engine::set_session_life`].
    pub fn set_version_2(&self, id: &BurnerId, may: bool) -> Result<(), Error> {
        self.inner.account(&id.0)?;
        self.inner.commit(|content| {
            if let Some(account) = content.account_mut(&id.0) {
                account.version_3_only = !may;
            }
        })?;
        self.converse(id, |talk| talk.wake())
    }

    /// Takes in which keys the person has verified with another client: libotr's `otr.fingerprints` (a line each: the peer,
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
                Line::Verified(peer, fingerprint) => match self.peer_address(id, &peer) {
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
        let keys = self.converse(id, |talk| {
            for (jid, fingerprint) in &keys {
                let row = talk.mailbox().peer(jid);
                if let Some(peer) = talk.mailbox().peer_mut(row) {
                    peer.trust.learn_verified(*fingerprint);
                }
                talk.report_conversation(row);
            }
            // Of each peer so many are kept, and no more.
            let mailbox = &*talk.mailbox();
            let is_kept = |(jid, fingerprint): &&(String, Fingerprint)| {
                let peer = mailbox.find(jid).and_then(|row| mailbox.peers.get(&row));
                peer.and_then(|peer| peer.trust.key(*fingerprint)).is_some_and(|key| key.verified)
            };
            u32::try_from(keys.iter().filter(is_kept).count()).unwrap_or(u32::MAX)
        })?;
        Ok(Imported { keys, unread_lines })
    }

    /// The bare JID of an account that an active burner may talk to.
    pub(crate) fn peer_address(&self, id: &BurnerId, peer: &str) -> Result<String, Error> {
        let jid = self.sender_address(id, peer)?;
        // A server is no account.
        if jid.contains('@') { Ok(jid) } else { Err(Error::InvalidInput { input: Input::Address }) }
    }

    /// A bare JID as it is compared. One that a server has handed over, and that none could type, is known as it is.
    pub(crate) fn compared(&self, id: &BurnerId, peer: &str) -> Result<String, Error> {
        let is_known = || self.inner.look(&id.0, |mailbox| mailbox.find(peer).is_some()) == Ok(true);
        let jid = bare_jid(peer).or_else(|| is_known().then(|| peer.to_owned()));
        jid.ok_or(Error::InvalidInput { input: Input::Address })
    }

    /// The bare JID of an account or a server that may have written to an active burner.
    fn sender_address(&self, id: &BurnerId, peer: &str) -> Result<String, Error> {
        let jid = self.compared(id, peer)?;
        // Two burners that write to each other are known to belong together.
        if self.burners()?.iter().any(|burner| burner.jid == jid) {
            return Err(Error::InvalidInput { input: Input::Address });
        }
        if self.inner.account(&id.0)?.state != State::Active {
            return Err(Error::NoSuchBurner);
        }
        Ok(jid)
    }

    fn change_peer(&self, id: &BurnerId, peer: &str, change: impl FnOnce(&mut Peer)) -> Result<(), Error> {
        self.with_peer(id, peer, |talk, row| {
            talk.mailbox().peer_mut(row).map(change);
            talk.choose_again(row);
        })
    }

    /// Does something with a peer that is known: an account, or a server that has written.
    fn with_peer<T>(
        &self,
        id: &BurnerId,
        peer: &str,
        work: impl FnOnce(&mut Talk<'_>, PeerId) -> T,
    ) -> Result<T, Error> {
        let jid = self.sender_address(id, peer)?;
        let done = self.converse(id, |talk| {
            let row = talk.mailbox().find(&jid)?;
            talk.report_conversation(row);
            Some(work(talk, row))
        })?;
        done.ok_or(Error::NoSuchPeer)
    }

    /// Does something with a burner's conversations, and has what comes of it sent.
    fn converse<T>(&self, id: &BurnerId, work: impl FnOnce(&mut Talk<'_>) -> T) -> Result<T, Error> {
        let done = self.inner.converse(&id.0, work)?;
        self.inner.has_work(id);
        Ok(done)
    }
}

/// One that anybody would guess compares nothing.
fn check_secret(secret: &str) -> Result<(), Error> {
    if is_blank(secret) { Err(Error::InvalidInput { input: Input::Text { fault: TextFault::Empty } }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use flashpaper_chat::limits::KEYS;
    use flashpaper_chat::{FailReason, MessageState, Standing, stanza_queue};
    use flashpaper_xmpp::ChatMessage;
    use tempfile::TempDir;

    use super::*;
    use crate::store::tests::account;
    use crate::{Config, Key, Network};

    async fn open(home: &TempDir) -> Engine {
        let config = Config { home: home.path().to_owned(), key: Key::File, network: Network::Public };
        Engine::open(config).await.unwrap()
    }

    /// Has a burner hear something.
    fn hears(engine: &Engine, from: &str, text: &str) {
        let (from, resource) = (from.to_owned(), Some("r".to_owned()));
        let said = ChatMessage {
            from,
            resource,
            id: Some("1".into()),
            sent: None,
            text: text.to_owned(),
            wants_receipt: false,
        };
        engine.inner.converse("a", |talk| talk.receive(&said)).unwrap();
    }

    /// An engine with one active burner.
    async fn with_burner(home: &TempDir) -> (Engine, BurnerId) {
        let engine = open(home).await;
        engine.inner.commit(|content| content.accounts.push(account("a"))).unwrap();
        engine.inner.commit(|content| content.set_state("a", State::Active)).unwrap();
        (engine, BurnerId("a".into()))
    }

    #[tokio::test]
    async fn only_unblocking_ends_a_block() {
        let (home, peer) = (TempDir::new().unwrap(), "friend@b.example");
        let (engine, id) = with_burner(&home).await;
        let before = engine.send(&id, peer, "hello", None).unwrap();
        engine.set_blocked(&id, peer, true).unwrap();
        let blocked = MessageState::Failed { reason: FailReason::Blocked };
        assert_eq!(engine.message(&id, before).unwrap().state, blocked);
        engine.taken(&id, before).unwrap();
        engine.close().await;
        // The next process does not know the mailbox before it is asked for.
        let engine = open(&home).await;
        assert_eq!(engine.send(&id, peer, "hello", None), Err(Error::PeerBlocked));
        assert_eq!(engine.add_contact(&id, peer), Err(Error::PeerBlocked));
        assert_eq!(engine.accept(&id, peer), Err(Error::PeerBlocked));
        assert_eq!(engine.start_private(&id, peer), Err(Error::PeerBlocked));
        assert_eq!(engine.conversation(&id, peer).unwrap().standing, Standing::Blocked);
        assert_eq!(engine.messages(&id, Some(peer)).unwrap().len(), 0);
        engine.set_blocked(&id, peer, false).unwrap();
        assert!(engine.send(&id, peer, "hello", None).is_ok());
    }

    #[tokio::test]
    async fn a_peer_with_an_address_that_none_could_type_is_read_answered_and_blocked() {
        let (home, peer) = (TempDir::new().unwrap(), "friend@my_server.example");
        let (engine, id) = with_burner(&home).await;
        assert_eq!(engine.conversation(&id, peer), Err(Error::InvalidInput { input: Input::Address }));
        hears(&engine, peer, "hello");
        assert_eq!(engine.conversation(&id, peer).unwrap().unread, 1);
        engine.taken(&id, engine.messages(&id, Some(peer)).unwrap()[0].id).unwrap();
        engine.accept(&id, peer).unwrap();
        engine.send(&id, peer, "hello", None).unwrap();
        engine.set_blocked(&id, peer, true).unwrap();
        assert_eq!(engine.conversation(&id, peer).unwrap().standing, Standing::Blocked);
    }

    #[tokio::test]
    async fn version_2_stays_off_in_the_next_process() {
        let (home, peer) = (TempDir::new().unwrap(), "friend@b.example");
        let (engine, id) = with_burner(&home).await;
        engine.add_contact(&id, peer).unwrap();
        // How many answers an offer of version 2 alone gets.
        let answers = |engine: &Engine| {
            hears(engine, peer, "?OTRv2?");
            engine.inner.converse("a", |talk| stanza_queue::number(talk.mailbox(), 1, 10, 0).len()).unwrap()
        };
        assert_eq!(answers(&engine), 1);
        engine.set_version_2(&id, false).unwrap();
        assert_eq!(answers(&engine), 0);
        engine.close().await;
        let engine = open(&home).await;
        assert_eq!(answers(&engine), 0);
        engine.set_version_2(&id, true).unwrap();
        assert_eq!(answers(&engine), 1);
    }

    #[tokio::test]
    async fn a_secret_that_anybody_would_guess_compares_nothing() {
        let (home, peer) = (TempDir::new().unwrap(), "friend@b.example");
        let (engine, id) = with_burner(&home).await;
        engine.add_contact(&id, peer).unwrap();
        let refused = Error::InvalidInput { input: Input::Text { fault: TextFault::Empty } };
        for blank in ["", " ", "\t\u{a0}\n", "\u{200b}"] {
            assert_eq!(engine.compare(&id, peer, blank, Some("which?")), Err(refused.clone()), "{blank:?}");
            assert_eq!(engine.answer_comparison(&id, peer, blank, None), Err(refused.clone()), "{blank:?}");
        }
        assert_eq!(engine.compare(&id, peer, "secret", None), Err(Error::NotPrivate));
        assert_eq!(engine.answer_comparison(&id, peer, "secret", None), Err(Error::NothingAsked));
    }

    #[tokio::test]
    async fn a_line_break_of_another_system_is_one_and_a_blank_label_is_none() {
        let (home, peer) = (TempDir::new().unwrap(), "friend@b.example");
        let (engine, id) = with_burner(&home).await;
        let message = engine.send(&id, peer, "one\r\ntwo", None).unwrap();
        assert_eq!(engine.message(&id, message).unwrap().text, "one\ntwo");
        for (label, kept) in [("name", Some("name")), (" \t", None)] {
            engine.set_label(&id, Some(peer), Some(label)).unwrap();
            assert_eq!(engine.conversation(&id, peer).unwrap().label.as_deref(), kept);
        }
    }

    #[tokio::test]
    async fn an_import_counts_what_is_kept_and_names_what_it_cannot_read() {
        let home = TempDir::new().unwrap();
        let (engine, id) = with_burner(&home).await;
        let line = |number: usize| format!("friend@b.example\tme@b.example/\tprpl-jabber\t{number:040x}\tverified\n");
        let many: String = (0..=KEYS).map(line).collect();
        let imported = engine.import_fingerprints(&id, &format!("bad\n{many}{}", line(1)), Some("me@b.example"));
        let keys = u32::try_from(KEYS).unwrap();
        assert_eq!(imported, Ok(Imported { keys, unread_lines: vec![1] }));
        assert_eq!(engine.conversation(&id, "friend@b.example").unwrap().keys.len(), KEYS);
        let none = engine.import_fingerprints(&id, "bad\nworse\n", None);
        assert_eq!(none, Err(Error::InvalidInput { input: Input::Fingerprints }));
        assert_eq!(engine.import_fingerprints(&id, "", None), Ok(Imported { keys: 0, unread_lines: vec![] }));
    }

    #[tokio::test]
    async fn what_a_server_writes_can_be_read_and_put_away() {
        let home = TempDir::new().unwrap();
        let (engine, id) = with_burner(&home).await;
        hears(&engine, "b.example", "down for an hour");
        for server in ["b.example", "B.Example."] {
            assert_eq!(engine.conversation(&id, server).unwrap().unread, 1);
            assert_eq!(engine.messages(&id, Some(server)).unwrap().len(), 1);
        }
        engine.set_label(&id, Some("b.example"), Some("my server")).unwrap();
        engine.taken(&id, engine.messages(&id, Some("b.example")).unwrap()[0].id).unwrap();
        let conversation = engine.conversation(&id, "b.example").unwrap();
        assert_eq!((conversation.unread, conversation.label.as_deref()), (0, Some("my server")));
        assert!(engine.messages(&id, Some("b.example")).unwrap().iter().all(|m| m.state != MessageState::Received));
        // Nobody to talk to; to block it would be to block all of its accounts.
        let refused = Error::InvalidInput { input: Input::Address };
        assert_eq!(engine.send(&id, "b.example", "hello", None), Err(refused.clone()));
        assert_eq!(engine.accept(&id, "b.example"), Err(refused.clone()));
        assert_eq!(engine.set_blocked(&id, "b.example", true), Err(refused));
    }
}
