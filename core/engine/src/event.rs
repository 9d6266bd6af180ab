//! The engine's events: each step of a creation or burn, and every change of a message, a connection or
//! Tor's status. Events have numbers without a gap; they name messages and hold none of their texts.

use std::fmt;
use std::time::SystemTime;

use flashpaper_chat::{Address, Comparison, MessageId, MessageState, Notice};
use serde::Serialize;

use crate::time::unix_seconds;
use crate::{Error, Route, TorStage};

/// One event. As JSON: an object with a `type`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// Not the public Tor network: nothing here is private. Reported once, when Tor is started.
    PrivateNetwork,
    /// From here on there is network traffic.
    TorStarting,
    /// Tor's status.
    Tor {
        /// 0.0 to 1.0; it may fall back.
        fraction: f32,
        /// The step that it is at.
        stage: TorStage,
        /// Streams can be opened.
        ready: bool,
        /// What blocks it: the error that a call would give. As JSON: its code.
        #[serde(skip_serializing_if = "Option::is_none")]
        blocked: Option<Error>,
    },
    /// A creation reached a step.
    Creating {
        /// Which burner.
        burner: BurnerId,
        /// The step that is done.
        #[serde(flatten)]
        step: Step,
    },
    /// A server asks something of the user before it makes an account: [`crate::Engine::question`] has it.
    Question {
        /// Which burner.
        burner: BurnerId,
        /// Which question.
        question: QuestionId,
    },
    /// A question is not open any more.
    QuestionEnded {
        /// Which burner.
        burner: BurnerId,
        /// Which question.
        question: QuestionId,
        /// Why.
        end: QuestionEnd,
    },
    /// A burn reached a step.
    Burning {
        /// Which burner.
        burner: BurnerId,
        /// The step that is done.
        #[serde(flatten)]
        step: Step,
    },
    /// A restore of a burner reached a step.
    Restoring {
        /// Which burner.
        burner: BurnerId,
        /// The step that is done.
        #[serde(flatten)]
        step: Step,
    },
    /// What an earlier run, an attempt that failed or an expiry left behind was looked at: list the burners again.
    Settled {
        /// Which burner.
        burner: BurnerId,
        /// What became of it.
        outcome: Settlement,
    },
    /// A burner expires soon: an hour before, or when a tenth of its time is left where that is less. It is reported once, also where
    /// nobody listens: [`crate::Snapshot`] has the time as well.
    Expiring {
        /// Which burner.
        burner: BurnerId,
        /// When. As JSON: seconds since 1970.
        #[serde(serialize_with = "unix_seconds")]
        at: SystemTime,
    },
    /// A burner has expired: it can be used no more, and is burnt as soon as there is a network. [`Event::Settled`] tells what
    /// came of that.
    Expired {
        /// Which burner.
        burner: BurnerId,
    },
    /// A burner's connection to its server has changed.
    Connection {
        /// Which burner.
        burner: BurnerId,
        /// How it is now.
        #[serde(flatten)]
        connection: Connection,
    },
    /// A burner that is to be connected takes another route: its server's onion service does not answer, and no route was
    /// chosen for it.
    OtherRoute {
        /// Which burner.
        burner: BurnerId,
        /// The route.
        via: Route,
    },
    /// A message came, or is in another state: [`crate::Engine::message`] has it, unless it is done and nobody wanted it
    /// kept. As JSON its type is `message_state`.
    #[serde(rename = "message_state")]
    Message {
        /// Which burner.
        burner: BurnerId,
        /// Which.
        message: MessageId,
        /// What is known of it now.
        #[serde(flatten)]
        state: MessageState,
    },
    /// A conversation has changed: how private it is, its keys, who the peer is to the burner, whether it is there. See
    /// [`crate::Engine::conversation`].
    Conversation {
        /// Which burner.
        burner: BurnerId,
        /// With whom.
        peer: Address,
    },
    /// News of a comparison of secrets.
    Comparison {
        /// Which burner.
        burner: BurnerId,
        /// With whom.
        peer: Address,
        /// What.
        #[serde(flatten)]
        comparison: Comparison,
    },
    /// Something that a user in a conversation should know of.
    Notice {
        /// Which burner.
        burner: BurnerId,
        /// With whom.
        peer: Address,
        /// What.
        #[serde(flatten)]
        notice: Notice,
    },
    /// The engine is locked, by [`crate::Engine::lock`] or by itself ([`crate::Engine::set_auto_lock`]): nothing can be done or seen
    /// until [`crate::Engine::open`] is given the key. What was reported before and is not read yet is lost.
    Locked,
    /// Events were lost because this reader was too slow: take a new [`crate::Engine::snapshot`].
    Lagged {
        /// How many.
        lost: u64,
    },
}

impl Event {
    /// Whether it names a peer of this burner.
    pub(crate) fn names_peer_of(&self, id: &BurnerId) -> bool {
        match self {
            Self::Conversation { burner, .. } | Self::Comparison { burner, .. } | Self::Notice { burner, .. } => {
                burner == id
            }
            _ => false,
        }
    }
}

/// How a burner is connected to its server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(tag = "connection", rename_all = "snake_case")]
pub enum Connection {
    /// Not, and it does not try: nobody asked for it, or the engine is suspended.
    #[default]
    Offline,
    /// Not yet.
    Connecting,
    /// It is: messages come and go.
    Online,
    /// It is, but its server lets it talk to nobody: what went to two other servers was forbidden, and nobody has ever answered.
    /// A burner at another server is the way on.
    Quarantined,
    /// Not now; it tries again by itself.
    Waiting {
        /// Why not.
        why: Error,
    },
    /// Not, and to try again would not help.
    Ended {
        /// Why.
        why: Error,
    },
}

impl Connection {
    /// Whether there is a stream to the server.
    pub(crate) fn is_online(&self) -> bool {
        matches!(self, Self::Online | Self::Quarantined)
    }
}

/// A step of a creation, restore or burn that is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// The identity is drawn and sealed; the server does not know of it yet.
    Sealed {
        /// The server of this attempt.
        server: Address,
        /// The route that will be used.
        via: Route,
    },
    /// The server's onion service does not answer, and no route was chosen: another is taken.
    OtherRoute {
        /// The route.
        via: Route,
    },
    /// The server has refused, or cannot be used: the identity is given up, and the creation goes on with another one, there
    /// or elsewhere.
    MovingOn {
        /// The server.
        from: Address,
        /// What the call would have ended with.
        why: Error,
    },
    /// The server wants a proof of work (XEP-0158), which is looked for.
    Working {
        /// How far the search is, of what is expected; it can need more.
        percent: u8,
    },
    /// The server says something to the new account, also to one that a crash has left. Not ours: a text of the server's, cleaned.
    ServerSays {
        /// What.
        words: ServerWords,
    },
    /// A stream through Tor is open, or, by an exit, on its way: that nothing listens there shows in the next step.
    Connected {
        /// The circuit's name in this process, for comparing only.
        circuit: Option<String>,
    },
    /// TLS is up and the certificate is the domain's.
    Secured,
    /// The server has made the account.
    Registered,
    /// SASL succeeded and a resource is bound.
    LoggedIn,
    /// A ping to the own address came back (XEP-0199): the account can be reached.
    Reachable,
    /// The server has confirmed the removal.
    Removed,
    /// The server removes no accounts: it has taken a password that nobody keeps.
    Disabled,
    /// The server has refused the same credentials on a new stream.
    ProvenGone,
}

/// A text of a server's. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct ServerWords(pub(crate) String);

impl ServerWords {
    /// The text, in lines.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ServerWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerWords(..)")
    }
}

/// Why a question is not open any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionEnd {
    /// It was answered.
    Answered,
    /// Another picture was asked for: another question follows.
    Replaced,
    /// It was declined.
    Declined,
    /// The server does not wait any more, or the creation has ended.
    Expired,
    /// The engine fell asleep: another question follows as it is resumed, unless it is locked meanwhile.
    Suspended,
}

/// What became of an account that an earlier run left behind, or that has expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Settlement {
    /// It exists and is a burner now.
    Kept,
    /// It was removed at the server.
    Removed,
    /// Its server removes no accounts: nobody has its password any more.
    Disabled,
    /// The server does not know it.
    Absent,
    /// Nothing could be learnt; it is looked at again.
    Unknown,
    /// Its removal has waited for its server for 30 days, and is given up: the account may be there for good.
    Dropped,
}

/// Names a burner within this installation. Random; it says nothing about the account.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct BurnerId(pub(crate) String);

impl From<String> for BurnerId {
    fn from(id: String) -> Self {
        Self(id)
    }
}

impl fmt::Display for BurnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names a question within this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct QuestionId(pub(crate) u64);

impl From<u64> for QuestionId {
    fn from(id: u64) -> Self {
        Self(id)
    }
}

impl From<QuestionId> for u64 {
    fn from(id: QuestionId) -> Self {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_as_json() {
        let event =
            Event::Tor { fraction: 0.5, stage: TorStage::Directory, ready: false, blocked: Some(Error::TorBlocked) };
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(json, r#"{"type":"tor","fraction":0.5,"stage":"directory","ready":false,"blocked":"tor_blocked"}"#);
        let step = Step::Sealed { server: "jabber.example".to_owned().into(), via: Route::Onion };
        let event = Event::Creating { burner: BurnerId("1f".into()), step };
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(
            json,
            r#"{"type":"creating","burner":"1f","step":"sealed","server":"jabber.example","via":"onion"}"#
        );
    }
}
