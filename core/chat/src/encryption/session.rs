//! The part of an encrypting protocol that conversations need, and the news that it has for them.

use std::time::Duration;

use zeroize::Zeroizing;

use crate::error::ChatError;
use crate::event::Notice;
use crate::message::TextId;
use crate::timer::Setting;
use crate::trust::Fingerprint;

/// Names one of the peer's clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Client(pub(crate) u32);

/// One of the peer's clients, in a private conversation.
#[derive(Clone, Copy)]
pub(crate) struct Partner {
    pub(crate) client: Client,
    pub(crate) key: Fingerprint,
    /// The version of the protocol that it is spoken to in.
    pub(crate) version: u8,
}

/// Conversations with the clients of one peer, by a protocol that encrypts.
///
/// Time stands still between calls of [`Session::tick`]. What is sent must be stored with the state ([`Session::suspend`])
/// before it leaves.
pub(crate) trait Session: Send {
    /// A message of the network.
    fn receive(&mut self, message: &str) -> Vec<Output>;

    /// Encrypts a text, at once or not at all: its number, and the messages that carry it. `label` names it inside the
    /// encryption, where the timer that it goes by is told as well.
    fn send(&mut self, text: &str, label: &str, timer: Option<Setting>) -> Result<(TextId, Vec<String>), NotSent>;

    /// Tells a client, inside the encryption, how long texts are kept.
    fn tell_timer(&mut self, to: Client, timer: Setting) -> Vec<Output>;

    /// Tells a client, inside the encryption, that its texts with these labels are kept.
    fn confirm(&mut self, to: Client, labels: &[String]) -> Vec<Output>;

    /// Asks for a private conversation, or for a new one in the place of the one there is.
    fn start(&mut self) -> Vec<Output>;

    /// Ends the private conversation with every client.
    fn end(&mut self) -> Vec<Output>;

    /// Has texts go to another client. [`ChatError::NotPrivate`]: nothing is private with that one.
    fn select(&mut self, client: Client) -> Result<(), ChatError>;

    /// Compares a secret. [`ChatError::NotPrivate`].
    fn compare(&mut self, secret: &str, question: Option<&str>) -> Result<Vec<Output>, ChatError>;

    /// Answers the comparison that this key has asked for. [`ChatError::NothingAsked`].
    fn answer(&mut self, secret: &str, asker: Fingerprint) -> Result<Vec<Output>, ChatError>;

    /// Ends the comparison that this key has asked for, or any. [`ChatError::NotPrivate`].
    fn abort(&mut self, asker: Option<Fingerprint>) -> Result<Vec<Output>, ChatError>;

    /// Tells the time, and gives up what has taken too long.
    fn tick(&mut self, clock: Duration) -> Vec<Output>;

    /// The longest message that the network takes from now on, in bytes.
    fn set_limit(&mut self, limit: usize);

    /// Whether a version before the newest may be spoken from now on. A private conversation in one ends if not.
    fn allow_older(&mut self, may: bool) -> Vec<Output>;

    /// The peer has offered the newest version before there was this session.
    fn note_newest_offered(&mut self);

    /// Whether [`Session::send`] would send now.
    fn is_ready(&self) -> bool;

    /// Whether a private conversation was asked for, or an exchange for one is under way.
    fn is_beginning(&self) -> bool;

    /// Whether the peer has ended the private conversation that texts went to.
    fn is_finished(&self) -> bool;

    /// Whom texts go to; `None` while there is no private conversation.
    fn recipient(&self) -> Option<Partner>;

    /// All clients that there are private conversations with.
    fn private(&self) -> Vec<Partner>;

    /// Texts that went out and that no message of the peer's confirms.
    fn unconfirmed(&self) -> Vec<TextId>;

    /// The keys that ask for comparisons that were not answered yet.
    fn askers(&self) -> Vec<Fingerprint>;

    /// When [`Session::tick`] has something to do, if nothing happens before.
    fn deadline(&self) -> Option<Duration>;

    /// What resumes it. It holds keys.
    fn suspend(&self) -> Zeroizing<Vec<u8>>;
}

/// One thing to do or to know, in order.
pub(crate) enum Output {
    /// Hand this to the network, as one message.
    Send(String),
    /// A text of the peer's, in private. `label`: the sender's name for it, if it knows by that what comes twice.
    Text { text: String, from: Client, key: Fingerprint, label: Option<String> },
    /// A text of the peer's that was read before came once more. Its sender may wait for a receipt.
    Again { from: Client, key: Fingerprint, label: String },
    /// The client with this key says, inside the encryption, how long texts are kept.
    Timer { timer: Setting, from: Client, key: Fingerprint },
    /// A text that came in the clear.
    PlainText(String),
    /// The client with this key knows by its label what it gets twice.
    Deduplicates(Fingerprint),
    /// The client with this key confirms, inside the encryption, our texts with these labels.
    Read { labels: Vec<String>, key: Fingerprint },
    /// This text may not have been read.
    Unread(TextId),
    /// From here on the conversation with this client is private.
    Began(Partner),
    /// The private conversation with one of the clients is over.
    Ended,
    /// Something that a user should know of.
    Notice(Notice),
    /// News of a comparison of secrets.
    Compared(Compared),
}

/// News of a comparison of secrets.
pub(crate) enum Compared {
    /// The client with this key wants to compare. The question is the peer's.
    Asked { question: Option<String>, key: Fingerprint },
    /// Both know the same secret. Who only answers a question has shown, and has not been shown.
    Equal { key: Fingerprint, we_asked: bool, with_question: bool },
    /// They do not.
    Different { key: Fingerprint },
    /// It ended without a result.
    Aborted,
}

/// Why a text was not sent.
pub(crate) enum NotSent {
    /// There is no private conversation, or its keys are about to change.
    NotReady,
    /// It does not fit the network.
    TooLong,
}
