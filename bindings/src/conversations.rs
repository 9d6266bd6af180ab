//! What the engine is asked for about messages and peers. All that is stored is done on the library's threads.

use std::sync::Arc;
use std::time::Duration;

use flashpaper::{BurnerId, Error, Fingerprint, History, Imported, MessageId};

use crate::engine::Engine;
use crate::messages::Message;
use crate::watched::Timeline;

#[uniffi::export]
impl Engine {
    /// Sends a text to a bare JID, in private, as soon as that is possible: it is stored when this returns, and sent in the
    /// order of these calls. It waits for a private conversation, which needs the peer to be there; where that takes longer
    /// than `within`, it fails. A peer that is written to is a contact.
    ///
    /// Once for each `key` of this burner: called again with the same one, after a call that was cut off, say, it gives the
    /// message that there is. The last 64 keys are known, also to the next process. Any text can be one: a random one for each text that a user writes.
    pub async fn send(
        &self,
        id: BurnerId,
        to: String,
        text: String,
        within: Option<Duration>,
        key: Option<String>,
    ) -> Result<MessageId, Error> {
        self.blocking(move |engine| engine.send_once(&id, &to, &text, within, key.as_deref())).await
    }

    /// `taken` for all that came from a peer (a bare JID), up to a message: a user has read a page of a conversation.
    pub async fn read(&self, id: BurnerId, peer: String, up_to: MessageId) -> Result<(), Error> {
        self.blocking(move |engine| engine.read(&id, &peer, up_to)).await
    }

    /// Sends a text again that has failed, as a new message; the failed one is forgotten. Where the peer may have read it
    /// (`FailReason.Unread`) and its client tells what it gets twice, as Flashpaper does, it is shown once there.
    ///
    /// # Errors
    /// `NoSuchMessage`: no text of that name has failed. Otherwise as `send`.
    pub async fn retry(&self, id: BurnerId, message: MessageId) -> Result<MessageId, Error> {
        self.blocking(move |engine| engine.retry(&id, message)).await
    }

    /// Forgets one message on this device, whatever there is to come of it: one that has not left does not leave any more. The peer keeps
    /// what it has. Does nothing where there is none of that name.
    pub async fn delete(&self, id: BurnerId, message: MessageId) -> Result<(), Error> {
        self.blocking(move |engine| engine.delete(&id, message)).await
    }

    /// Says that the app has a message that came, or has seen that one failed: until then it is kept, also over a crash.
    pub async fn taken(&self, id: BurnerId, message: MessageId) -> Result<(), Error> {
        self.blocking(move |engine| engine.taken(&id, message)).await
    }

    /// Sets what is kept of a burner's messages that are done. What is not to be kept any more is forgotten at once.
    pub async fn set_history(&self, id: BurnerId, history: History) -> Result<(), Error> {
        self.blocking(move |engine| engine.set_history(&id, history)).await
    }

    /// Adds somebody as a contact, by bare JID or `xmpp:` URI, and asks to see when they are there. A fingerprint in the URI
    /// (`otr-fingerprint`) is the one key that they are to have from now on. Gives the bare JID.
    ///
    /// # Errors
    /// `InvalidInput`: no address, or one of this installation's own. `OtherKeyVerified`: a link must not take the place of
    /// what a user has compared. `OtherKeyInUse`: nor, without a word, of a key that is in use or expected: ask, then call
    /// `expect_key`. `PeerBlocked`. Storage errors, `NoSuchBurner`, `Suspended`, `VaultLocked`, `Closed`.
    pub async fn add_contact(&self, id: BurnerId, address: String) -> Result<String, Error> {
        self.blocking(move |engine| engine.add_contact(&id, &address)).await
    }

    /// Does what `add_contact` does, where that says that another key is in use: the user has decided that the link's is
    /// right. No text goes to the other then.
    pub async fn expect_key(&self, id: BurnerId, address: String) -> Result<String, Error> {
        self.blocking(move |engine| engine.expect_key(&id, &address)).await
    }

    /// Accepts a stranger as a contact. Where they have asked for a private conversation, it is begun with an OTR query message.
    pub async fn accept(&self, id: BurnerId, peer: String) -> Result<(), Error> {
        self.blocking(move |engine| engine.accept(&id, &peer)).await
    }

    /// Keeps somebody away, or not any more: what they send is not taken in, and the own server is told so where it knows
    /// blocking (XEP-0191). They see no presence from then on. A private conversation ends without a word, and what was
    /// written to them and has not left does not leave any more. Nothing but this call ends a block.
    pub async fn set_blocked(&self, id: BurnerId, peer: String, blocked: bool) -> Result<(), Error> {
        self.blocking(move |engine| engine.set_blocked(&id, &peer, blocked)).await
    }

    /// The user's own name for a burner, or for a peer of it; nothing or a blank one takes it away. It never leaves the
    /// device.
    pub async fn set_label(&self, id: BurnerId, peer: Option<String>, label: Option<String>) -> Result<(), Error> {
        self.blocking(move |engine| engine.set_label(&id, peer.as_deref(), label.as_deref())).await
    }

    /// The burner's address with its key, as an `xmpp:` URI for a QR code. The first time it takes a tenth of a second.
    pub async fn uri(&self, id: BurnerId) -> Result<String, Error> {
        self.blocking(move |engine| engine.uri(&id)).await
    }

    /// The fingerprint of the burner's own key: 40 digits in five groups. The first time it takes a tenth of a second.
    pub async fn fingerprint(&self, id: BurnerId) -> Result<Fingerprint, Error> {
        self.blocking(move |engine| engine.fingerprint(&id)).await
    }

    /// Begins a private conversation, or renews the one there is. Texts begin one by themselves.
    pub async fn start_private(&self, id: BurnerId, peer: String) -> Result<(), Error> {
        self.blocking(move |engine| engine.start_private(&id, &peer)).await
    }

    /// Ends the private conversation: the peer is told, and what waits goes on waiting for a new one. What was sent and not
    /// confirmed fails as `Unread`.
    pub async fn end_private(&self, id: BurnerId, peer: String) -> Result<(), Error> {
        self.blocking(move |engine| engine.end_private(&id, &peer)).await
    }

    /// Says that texts may go to this key of a peer's, though another one was known or expected.
    pub async fn accept_key(&self, id: BurnerId, peer: String, fingerprint: Fingerprint) -> Result<(), Error> {
        self.blocking(move |engine| engine.accept_key(&id, &peer, fingerprint)).await
    }

    /// Says that the user has compared this key, on the telephone say, or takes that back: no text goes to it then before
    /// it is accepted again (`accept_key`), nor, once one key was compared, to others that were not.
    pub async fn set_verified(
        &self,
        id: BurnerId,
        peer: String,
        fingerprint: Fingerprint,
        verified: bool,
    ) -> Result<(), Error> {
        self.blocking(move |engine| engine.set_verified(&id, &peer, fingerprint, verified)).await
    }

    /// Compares a secret with the peer (SMP), with a question that tells which secret is meant. That both know it verifies
    /// the peer; `Event.Comparison` tells. It serves to check a key that has changed, too: the holder of that key sees the
    /// question, and learns of the secret whether one guess was right.
    pub async fn compare(
        &self,
        id: BurnerId,
        peer: String,
        secret: String,
        question: Option<String>,
    ) -> Result<(), Error> {
        self.blocking(move |engine| engine.compare(&id, &peer, &secret, question.as_deref())).await
    }

    /// Answers a comparison that the peer has asked for; `question` is the one that the user was shown, if there was one.
    /// With a question it verifies the user to the peer, not the other way.
    pub async fn answer_comparison(
        &self,
        id: BurnerId,
        peer: String,
        secret: String,
        question: Option<String>,
    ) -> Result<(), Error> {
        self.blocking(move |engine| engine.answer_comparison(&id, &peer, &secret, question.as_deref())).await
    }

    /// Ends a comparison without a result.
    pub async fn abort_comparison(&self, id: BurnerId, peer: String) -> Result<(), Error> {
        self.blocking(move |engine| engine.abort_comparison(&id, &peer)).await
    }

    /// How long a burner's private conversations may rest and be gone on with, over the end of the process, too: a week at
    /// first. One that has rested for longer ends once the burner is connected and everything that waited has come, and its
    /// peer is told. Zero: none outlives the process, and nothing of them is stored.
    pub async fn set_idle_timeout(&self, id: BurnerId, timeout: Duration) -> Result<(), Error> {
        self.blocking(move |engine| engine.set_idle_timeout(&id, timeout)).await
    }

    /// Sets how long the texts of a conversation are kept once they were read, or that they do not go by themselves, as at first: from
    /// when the app has said that it has one (`taken`), or from when one has left, but for as long as something
    /// may come of it; of what is kept as history, too. It is for texts that are read from then on. A Flashpaper peer is told inside the
    /// encryption, and does the same (`Notice.TimerChanged`); of two settings the later counts. With clients of another kind, and until
    /// `Conversation.timer_is_shared` says otherwise, texts go here alone. Nothing keeps a peer from keeping a text. Of what goes
    /// by timers 8 MiB are kept at most.
    ///
    /// # Errors
    /// `InvalidInput` with `Timer`: less than a second, or more than 366 days. `NoSuchPeer`; as `add_contact`.
    pub async fn set_timer(&self, id: BurnerId, peer: String, after: Option<Duration>) -> Result<(), Error> {
        self.blocking(move |engine| engine.set_timer(&id, &peer, after)).await
    }

    /// Whether a peer that offers nothing newer may be spoken to in version 2 of OTR, as at first, or not: Profanity has no
    /// other. Version 3 is always offered first, and a peer that has spoken it is not spoken to in version 2 again
    /// (`Notice.OtherVersion`). Private conversations in version 2 end when it may not be.
    pub async fn set_version_2(&self, id: BurnerId, may: bool) -> Result<(), Error> {
        self.blocking(move |engine| engine.set_version_2(&id, may)).await
    }

    /// Takes in which keys the user has verified with another client: libotr's `otr.fingerprints` (a line each: the peer,
    /// the account, the protocol, 40 digits, a word if it was verified; by tabs). Lines of other protocols than XMPP are
    /// passed over, those of other accounts where `account` is given, keys that are not verified, and those of people in
    /// chat rooms. So are lines that cannot be read, and they are named. Nobody becomes a contact by it, and nobody is told;
    /// a key that is expected of a peer stays the only one.
    pub async fn import_fingerprints(
        &self,
        id: BurnerId,
        file: String,
        account: Option<String>,
    ) -> Result<Imported, Error> {
        self.blocking(move |engine| engine.import_fingerprints(&id, &file, account.as_deref())).await
    }
}

#[uniffi::export]
impl Engine {
    /// The last messages of a conversation as they change: at most `limit`, in their order. It ends with the burner, and as the
    /// engine is locked or closed. It changes at most every 20 milliseconds.
    pub fn timeline(&self, id: BurnerId, peer: String, limit: u32) -> Arc<Timeline> {
        Arc::new(self.engine.timeline(&id, &peer, limit).into())
    }

    /// A page of a burner's messages that are not done or are kept, with one peer (a bare JID) or all: at most `limit`, the last
    /// ones before the message `before`, or the last of all, in their order. The first message of a page is the `before` of the
    /// next one, and may be forgotten by then: it is a position. An empty page is the end.
    pub async fn messages(
        &self,
        id: BurnerId,
        with: Option<String>,
        before: Option<MessageId>,
        limit: u32,
    ) -> Result<Vec<Message>, Error> {
        let page = self.blocking(move |engine| engine.messages(&id, with.as_deref(), before, limit)).await?;
        Ok(page.into_iter().map(Message::from).collect())
    }

    /// One message.
    pub async fn message(&self, id: BurnerId, message: MessageId) -> Result<Message, Error> {
        self.blocking(move |engine| Ok(engine.message(&id, message)?.into())).await
    }
}
