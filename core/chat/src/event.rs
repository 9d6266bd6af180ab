//! The news of a piece of work, reported once it is stored.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::contact::PeerId;
use crate::limits;
use crate::message::{MessageId, MessageState};

/// What the peer asks for, or what came of it, in a comparison of secrets (SMP).
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "comparison", rename_all = "snake_case")]
pub enum Comparison {
    /// The peer wants to compare: [`crate::Talk::answer`]. The question is the peer's.
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

/// Shows no question.
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

/// Something that a user in a conversation should know of.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
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
    /// marked as [`Security::KeyChanged`].
    OtherKey,
    /// So many texts of the peer's were not taken ([`crate::Talk::take`]) that no more are taken in, nor confirmed. Once
    /// there is room, what a Flashpaper peer has sent meanwhile comes again; what others have sent is lost. It also comes where
    /// 4 MiB of the peer's are kept as history.
    InboxFull,
    /// The peer has set how long texts are kept ([`crate::Conversation::timer`]), here as there.
    TimerChanged,
    /// So many strangers wait for an answer that the one who had waited longest was forgotten, to make room for this one.
    StrangerForgotten,
}

/// Shows no words.
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

/// Messages that are in another state, and the state.
pub type Changed = Vec<(MessageId, MessageState)>;

/// What a piece of work has changed, to be reported once it is stored.
#[derive(Default)]
pub struct News {
    /// Messages that are in another state.
    pub messages: Changed,
    /// Rows of peers.
    pub conversations: BTreeSet<PeerId>,
    /// What came of comparisons, by the row of the peer.
    pub comparisons: Vec<(PeerId, Comparison)>,
    /// What a user should know of, by the row of the peer.
    pub notices: Vec<(PeerId, Notice)>,
}

impl News {
    /// Something that a user should know of. What was on the way when a session was lost is all unreadable: said once.
    pub(crate) fn notice(&mut self, peer: PeerId, notice: Notice) {
        if self.notices.last() != Some(&(peer, notice.clone())) {
            self.notices.push((peer, notice));
        }
    }
}

/// As much of what somebody else wrote as a user would read.
pub(crate) fn beginning(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(limits::NOTICE));
    text
}
