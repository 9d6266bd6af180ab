//! Messages, conversations and peers as UniFFI sees them.

use std::fmt;
use std::time::{Duration, SystemTime};

use flashpaper::{
    Address, Error as FlashpaperError, FailReason, Fingerprint, History, Imported, Input, MessageId, MessageState,
    Relationship, Security,
};

uniffi::custom_type!(MessageId, u64, { remote, try_lift: |id| Ok(id.into()), lower: |id| id.into() });

uniffi::custom_type!(Address, String, { remote, try_lift: |jid| Ok(jid.into()), lower: |jid| jid.into() });

// As it is shown; read with blanks or without. A call that gets another text throws what it would of any bad input.
uniffi::custom_type!(Fingerprint, String, {
    remote,
    try_lift: |text| {
        Fingerprint::parse(&text).ok_or_else(|| FlashpaperError::InvalidInput { input: Input::Fingerprints }.into())
    },
    lower: |fingerprint| fingerprint.to_string(),
});

/// A message. Printing one shows neither peer nor text.
#[derive(uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Message {
    /// Its name; rises in the order in which messages came or were written.
    pub id: MessageId,
    /// The peer's bare JID, as the own server vouches for it. Empty where that was lost to a failing device.
    pub peer: Address,
    /// The text. One that came may hold anything.
    pub text: String,
    /// When it was written here, or came, by the device's clock.
    pub at: SystemTime,
    /// What is known of it.
    pub state: MessageState,
    /// How private it came or left; of one that has not left yet: nothing is said.
    pub security: Security,
    /// It was sent again to a client that does not know what it gets twice.
    pub maybe_twice: bool,
}

impl From<flashpaper::Message> for Message {
    fn from(message: flashpaper::Message) -> Self {
        let flashpaper::Message { id, at, state, security, maybe_twice, .. } = message;
        // Not moved out: what the engine held is wiped.
        Self { id, peer: message.peer.clone(), text: message.text.clone(), at, state, security, maybe_twice }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("id", &self.id).field("state", &self.state).finish_non_exhaustive()
    }
}

/// What is known of a message.
#[uniffi::remote(Enum)]
pub enum MessageState {
    /// It came, and the app has not said that it has it: it is kept, whatever happens.
    Received,
    /// It came, and the app has it.
    Taken,
    /// It waits to be sent.
    Queued,
    /// It waits for a private conversation: the peer was asked for one, and has to be there to answer. An account that does
    /// not exist looks like one that is away.
    WaitingForPeer,
    /// It was encrypted and sent; whether the own server has it is not known.
    Sent,
    /// The own server has it (XEP-0198).
    Acked,
    /// A receipt outside the encryption says that the peer's client has it (XEP-0184). Any server on the way can write one:
    /// the text is kept until OTR has confirmed it, and fails as `Unread` or is sent again if that does not come.
    Reported,
    /// The peer's client has it: it said so inside the encryption, as Flashpaper does and others do not.
    Delivered,
    /// It will not arrive. It is kept until `Engine.taken`.
    Failed {
        /// Why.
        reason: FailReason,
    },
}

/// What came of an import.
#[uniffi::remote(Record)]
pub struct Imported {
    /// How many keys were taken in, and are kept.
    pub keys: u32,
    /// The numbers of the lines that cannot be read, from 1.
    pub unread_lines: Vec<u32>,
}

/// Why a message will not arrive.
#[uniffi::remote(Enum)]
pub enum FailReason {
    /// A server sent it back: there is no such peer, or it takes nothing from us. That is the servers' word.
    Refused,
    /// A server sent it back for now: the peer's server cannot be reached, say. It can be sent again.
    Unreachable,
    /// To whom it was to go was lost to a failing device.
    AddressLost,
    /// The private conversation is lost or over, and the peer may not have read it. It can be sent again. A receipt that comes
    /// late makes it `Delivered` after all.
    Unread,
    /// It was written for another key than the peer has now.
    OtherKey,
    /// The peer was not there in time.
    NoAnswer,
    /// It does not fit through the network.
    TooLong,
    /// The user has blocked the peer before it left.
    Blocked,
}

/// What is kept of messages that are done: those that were taken or delivered.
#[uniffi::remote(Enum)]
pub enum History {
    /// Nothing.
    None,
    /// All of it, until the burner is burnt.
    UntilBurn,
    /// Each for so long after it was written or came, by the clock; one that is set back does not prolong it.
    Expire {
        /// So long.
        after: Duration,
    },
}

/// A burner's conversation with one peer. Printing one shows neither the peer nor its keys.
#[derive(uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Conversation {
    /// The peer's bare JID.
    pub peer: Address,
    /// The user's name for the peer.
    pub label: Option<String>,
    /// Who the peer is to the burner.
    pub relationship: Relationship,
    /// How private what is written now would be.
    pub security: Security,
    /// The version of OTR that the private conversation is in: 3, or 2 with a client that has nothing newer. That one
    /// counts as one client, whichever it runs in.
    pub version: Option<u8>,
    /// The key that it would go to.
    pub key: Option<Fingerprint>,
    /// The keys that the peer has used.
    pub keys: Vec<PeerKey>,
    /// The one key that the peer is to have, if it is known from elsewhere.
    pub expected: Option<Fingerprint>,
    /// A client of the peer's is known to be there.
    pub present: bool,
    /// The peer waits for an answer to a comparison, with this question if there is one.
    pub question: Option<Comparison>,
    /// How long a text is kept once it was read: from when the app has said that it has it (`taken`), or from when it has
    /// left, but for as long as something may come of it. `None`: it does not go by itself.
    pub timer: Option<Duration>,
    /// The peer's client has said that it goes by that timer, too. Where it has not, as no client of another kind does, texts
    /// go here alone.
    pub timer_is_shared: bool,
    /// Messages that came and were not taken.
    pub unread: u32,
    /// Messages that the own server does not have yet.
    pub outbox: u32,
}

impl From<flashpaper::Conversation> for Conversation {
    fn from(conversation: flashpaper::Conversation) -> Self {
        let flashpaper::Conversation {
            peer,
            label,
            relationship,
            security,
            version,
            key,
            keys,
            expected,
            present,
            question,
            timer,
            timer_is_shared,
            unread,
            outbox,
        } = conversation;
        let keys = keys.into_iter().map(PeerKey::from).collect();
        let question = question.map(Comparison::from);
        Self {
            peer,
            label,
            relationship,
            security,
            version,
            key,
            keys,
            expected,
            present,
            question,
            timer,
            timer_is_shared,
            unread,
            outbox,
        }
    }
}

impl fmt::Debug for Conversation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conversation")
            .field("security", &self.security)
            .field("unread", &self.unread)
            .field("outbox", &self.outbox)
            .finish_non_exhaustive()
    }
}

/// Who a peer is to a burner.
#[uniffi::remote(Enum)]
pub enum Relationship {
    /// Somebody who has written or asked for presence, and gets no answer: see `Engine.accept`.
    Stranger,
    /// Added, accepted or written to.
    Contact,
    /// Kept away, by the server too where it can (XEP-0191).
    Blocked,
}

/// How private what is written now would be: the lock that a screen shows.
#[uniffi::remote(Enum)]
pub enum Security {
    /// There is no private conversation. Nothing is sent until there is one.
    Plaintext,
    /// Encrypted, to a key that nobody has compared: it came first, and so may be one of the own server's or of the peer's,
    /// which could read and change everything. A screen should say so until the key is verified.
    Private,
    /// Encrypted, to a key that is known to be the peer's.
    Verified,
    /// The peer has ended the private conversation. Nothing is sent until the user begins a new one, or ends it too.
    Finished,
    /// Encrypted, but to another key than the one that was known or expected, or to one that is not verified any more.
    /// Nothing is sent until the user has accepted it, or ends the conversation.
    KeyChanged,
}

/// A key that a peer has used. Printing one does not show it.
#[derive(Debug, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct PeerKey {
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// The user has compared it, or a comparison of secrets has shown that it is the peer's.
    pub verified: bool,
    /// The peer has compared ours, by a question that the user has answered.
    pub verified_us: bool,
    /// Texts may go to it.
    pub accepted: bool,
}

impl From<flashpaper::PeerKey> for PeerKey {
    fn from(key: flashpaper::PeerKey) -> Self {
        let flashpaper::PeerKey { fingerprint, verified, verified_us, accepted } = key;
        Self { fingerprint, verified, verified_us, accepted }
    }
}

/// What the peer asks for, or what came of it, in a comparison of secrets (SMP). Printing one shows no question.
#[derive(uniffi::Enum)]
#[uniffi::export(Debug)]
pub enum Comparison {
    /// The peer wants to compare: `Engine.answer_comparison`. The question is the peer's.
    Asked {
        /// What the secret should answer.
        question: Option<String>,
    },
    /// Both know the same secret: the peer's key is verified.
    Verified,
    /// Both know the same secret, but the question was the peer's: it has verified the user, not the other way.
    VerifiedUs,
    /// They do not know the same secret.
    Different,
    /// It ended without a result.
    Aborted,
}

impl From<flashpaper::Comparison> for Comparison {
    fn from(comparison: flashpaper::Comparison) -> Self {
        use flashpaper::Comparison as Of;
        match comparison {
            Of::Asked { question } => Self::Asked { question },
            Of::Verified => Self::Verified,
            Of::VerifiedUs => Self::VerifiedUs,
            Of::Different => Self::Different,
            Of::Aborted => Self::Aborted,
        }
    }
}

impl fmt::Debug for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Asked { .. } => "Asked(..)",
            Self::Verified => "Verified",
            Self::VerifiedUs => "VerifiedUs",
            Self::Different => "Different",
            Self::Aborted => "Aborted",
        })
    }
}

/// Something that a user in a conversation should know of. Printing one shows no words.
#[derive(uniffi::Enum)]
#[uniffi::export(Debug)]
pub enum Notice {
    /// A message could not be read. If the peer's client keeps its texts it comes again.
    Unreadable,
    /// Somebody says, in the peer's name and in the clear, that something went wrong. Anybody on the way can say so: never
    /// show it as the peer's words.
    PeerError {
        /// The words.
        text: String,
    },
    /// The peer's client, or somebody in its name, speaks another version of OTR only; so is told, too, of version 2 in the
    /// name of a peer that has spoken version 3.
    OtherVersion,
    /// Somebody sends our own messages back.
    Mirror,
    /// A message that breaks the rules of its form: ignored.
    Malformed,
    /// A private conversation has begun with a key that was not accepted. No text goes there, and what comes from there is
    /// marked as `KeyChanged`.
    OtherKey,
    /// So many texts of the peer's were not taken (`Engine.taken`) that no more are taken in, nor confirmed. Once there is
    /// room, what a Flashpaper peer has sent meanwhile comes again; what others have sent is lost. It also comes where 256 MiB
    /// of the peer's are kept as history.
    InboxFull,
    /// The peer has set how long texts are kept (`Conversation.timer`), here as there.
    TimerChanged,
    /// So many strangers wait for an answer that the one who had waited longest was forgotten, to make room for this one.
    StrangerForgotten,
}

impl From<flashpaper::Notice> for Notice {
    fn from(notice: flashpaper::Notice) -> Self {
        use flashpaper::Notice as Of;
        match notice {
            Of::Unreadable => Self::Unreadable,
            Of::PeerError { text } => Self::PeerError { text },
            Of::OtherVersion => Self::OtherVersion,
            Of::Mirror => Self::Mirror,
            Of::Malformed => Self::Malformed,
            Of::OtherKey => Self::OtherKey,
            Of::InboxFull => Self::InboxFull,
            Of::TimerChanged => Self::TimerChanged,
            Of::StrangerForgotten => Self::StrangerForgotten,
        }
    }
}

impl fmt::Debug for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreadable => "Unreadable",
            Self::PeerError { .. } => "PeerError(..)",
            Self::OtherVersion => "OtherVersion",
            Self::Mirror => "Mirror",
            Self::Malformed => "Malformed",
            Self::OtherKey => "OtherKey",
            Self::InboxFull => "InboxFull",
            Self::TimerChanged => "TimerChanged",
            Self::StrangerForgotten => "StrangerForgotten",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printing_shows_no_address_or_key() {
        let fingerprint = Fingerprint::parse(&"ab".repeat(20)).unwrap();
        let key = PeerKey { fingerprint, verified: false, verified_us: false, accepted: true };
        let conversation = Conversation {
            peer: "someone@burner.test".to_owned().into(),
            label: Some("a friend".into()),
            relationship: Relationship::Contact,
            security: Security::Private,
            version: Some(3),
            key: Some(fingerprint),
            keys: vec![key],
            expected: Some(fingerprint),
            present: true,
            question: Some(Comparison::Asked { question: Some("who?".into()) }),
            timer: None,
            timer_is_shared: false,
            unread: 1,
            outbox: 2,
        };
        assert_eq!(format!("{conversation:?}"), "Conversation { security: Private, unread: 1, outbox: 2, .. }");
        let shown = format!("{:?}", conversation.keys);
        assert!(!shown.contains("AB"), "{shown}");
    }
}
