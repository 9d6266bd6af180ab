//! What a session asks its owner to do or to know.

use std::fmt;

use crate::identity::Fingerprint;
use crate::timer::Timer;
use crate::wire::message::{self, NO_TAG};
use crate::wire::{codec, fragment};

/// Names one client of the peer's account. 0: the one that is spoken to in version 2, which has no tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceTag(pub u32);

impl InstanceTag {
    /// Which client a message is for that a session wants sent; `None`: any.
    #[must_use]
    pub fn of_recipient(wire: &str) -> Option<Self> {
        let header = match fragment::read(wire) {
            Some(fragment) => fragment?.header(),
            None => message::read_head(&mut codec::Reader::new(&codec::dearmor(wire)?.ok()?)).ok()??.1,
        };
        (header.is_version_2() || header.receiver != 0).then_some(Self(header.receiver))
    }

    /// The version of the protocol that this client is spoken to in: 3 or 2.
    #[must_use]
    pub const fn version(self) -> u8 {
        if self.0 == NO_TAG { 2 } else { 3 }
    }
}

/// Names a text that was handed to [`crate::Session::send`]: they count up from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextId(pub u64);

/// One thing to do or to know, in order. `Debug` shows no text, key or address.
#[derive(Clone, PartialEq, Eq)]
pub enum Output {
    /// Hand this to the network, as one message.
    Send(String),
    /// A text of the peer's, in private. Shown as text: whatever it holds is no mark-up.
    Text {
        /// The text.
        text: String,
        /// The client that sent it.
        from: InstanceTag,
        /// The key of that client.
        fingerprint: Fingerprint,
        /// The sender's name for it, if it keeps its texts: what is sent again has it again.
        label: Option<String>,
    },
    /// A text of the peer's that was read before came once more, or one so late that nobody can tell whether it was read.
    /// Its sender may wait for a receipt.
    Again {
        /// Who sent it.
        from: InstanceTag,
        /// The fingerprint of the sender's key.
        fingerprint: Fingerprint,
        /// The sender's name for it.
        label: String,
    },
    /// The client with this key keeps the texts that it sends, and knows by its label a text that comes twice: one that it may not
    /// have read can be sent again.
    Deduplicates(Fingerprint),
    /// The peer's client has these texts of ours, by their labels: it says so inside the encryption.
    Read {
        /// The names that [`crate::Session::send`] gave them. Any of them may be made up.
        labels: Vec<String>,
        /// The peer's key that says so.
        fingerprint: Fingerprint,
    },
    /// How long texts are to be kept from here on, as the peer's client says inside the encryption. Any number may be made up.
    Timer {
        /// The client that says so.
        from: InstanceTag,
        /// The key of that client.
        fingerprint: Fingerprint,
        /// So long.
        timer: Timer,
    },
    /// A text that came in the clear: everybody on the way could read and change it.
    PlainText(String),
    /// The session was lost, or ended, and nothing had come from the peer since this text was sent: it may not have been
    /// read.
    Unread(TextId),
    /// From here on the conversation with this instance is private.
    Began {
        /// Which instance.
        with: InstanceTag,
        /// The key of that client: not yet known to be the user's.
        fingerprint: Fingerprint,
        /// The secure session id: people may compare its halves.
        ssid: [u8; 8],
        /// Which half is theirs to read out: the first if we sent the Reveal Signature Message.
        first_half_is_ours: bool,
        /// There was a private conversation with the same key before.
        renewed: bool,
    },
    /// The peer has ended the private conversation with this instance. If texts went there, none is sent until the user
    /// starts anew, ends it too, or selects another instance.
    Ended(InstanceTag),
    /// Something for the user's or the app's attention.
    Attention(Attention),
    /// News of a comparison of secrets.
    Smp(SmpEvent),
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Send(_) => "Send(..)",
            Self::Text { .. } => "Text(..)",
            Self::Again { .. } => "Again(..)",
            Self::Deduplicates(_) => "Deduplicates(..)",
            Self::Read { .. } => "Read(..)",
            Self::Timer { .. } => "Timer(..)",
            Self::PlainText(_) => "PlainText(..)",
            Self::Unread(id) => return write!(f, "Unread({})", id.0),
            Self::Began { renewed: false, .. } => "Began(..)",
            Self::Began { renewed: true, .. } => "Renewed(..)",
            Self::Ended(_) => "Ended(..)",
            Self::Attention(attention) => return write!(f, "Attention({attention:?})"),
            Self::Smp(event) => return write!(f, "Smp({event:?})"),
        })
    }
}

/// What the user or an app should know of. `Debug` shows none of the peer's words.
#[derive(Clone, PartialEq, Eq)]
pub enum Attention {
    /// A message could not be read, or did not come whole; it is lost, unless the peer sends it again.
    Unreadable,
    /// The peer says that something went wrong. The words may be anybody's: show them as a stranger's.
    PeerError(String),
    /// The peer offers or uses only another version of the protocol, or a kind of message that this one does not have:
    /// refused. So is version 2 of a client that has spoken version 3, or offered it last.
    OtherVersion,
    /// A message for another client of this account.
    ForOtherInstance,
    /// Somebody sends our own messages or key back to us: refused.
    Mirror,
    /// A message that breaks the rules of its form: ignored.
    Malformed,
    /// Nobody has answered the wish for a private conversation.
    NoAnswer,
}

impl fmt::Debug for Attention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreadable => "Unreadable",
            Self::PeerError(_) => "PeerError(..)",
            Self::OtherVersion => "OtherVersion",
            Self::ForOtherInstance => "ForOtherInstance",
            Self::Mirror => "Mirror",
            Self::Malformed => "Malformed",
            Self::NoAnswer => "NoAnswer",
        })
    }
}

/// News of a comparison of secrets (SMP). `Debug` shows no question.
#[derive(Clone, PartialEq, Eq)]
pub enum SmpEvent {
    /// The peer wants to compare; answer with [`crate::Session::smp_answer`]. The question is the peer's.
    Asked {
        /// What the secret should answer.
        question: Option<String>,
        /// The key that a success will speak for.
        fingerprint: Fingerprint,
    },
    /// Both know the same secret.
    Equal {
        /// The key that it speaks for.
        fingerprint: Fingerprint,
        /// Whether we began. Who only answered has shown, and has not been shown.
        we_asked: bool,
        /// Whether the side that began asked a question: only that side can know that the answer is hard to guess.
        with_question: bool,
    },
    /// They do not.
    Different {
        /// The key that the comparison was about.
        fingerprint: Fingerprint,
    },
    /// Ended without a result: by the user, by an error, or because both began at once.
    Aborted,
}

impl fmt::Debug for SmpEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Asked { .. } => "Asked(..)",
            Self::Equal { .. } => "Equal(..)",
            Self::Different { .. } => "Different(..)",
            Self::Aborted => "Aborted",
        })
    }
}
