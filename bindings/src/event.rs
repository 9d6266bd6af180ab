//! Events, and a subscription to them.

use std::fmt;
use std::time::SystemTime;

use flashpaper::{
    Address, BurnerId, Connection, Error as FlashpaperError, MessageId, MessageState, QuestionEnd, QuestionId, Route,
    Settlement, TorStage,
};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::messages::{Comparison, Notice};

/// One event. Printing one shows no address and nobody's words.
#[derive(Debug, uniffi::Enum)]
#[uniffi::export(Debug)]
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
        /// What blocks it: the error that a call would give.
        blocked: Option<FlashpaperError>,
    },
    /// A creation reached a step.
    Creating {
        /// Which burner.
        burner: BurnerId,
        /// The step that is done.
        step: Step,
    },
    /// A server asks something of the user before it makes an account: `Engine.question` has it.
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
        step: Step,
    },
    /// A restore of a burner reached a step.
    Restoring {
        /// Which burner.
        burner: BurnerId,
        /// The step that is done.
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
    /// nobody listens: `Snapshot` has the time as well.
    Expiring {
        /// Which burner.
        burner: BurnerId,
        /// When.
        at: SystemTime,
    },
    /// A burner has expired: it can be used no more, and is burnt as soon as there is a network. `Event.Settled` tells what came
    /// of that.
    Expired {
        /// Which burner.
        burner: BurnerId,
    },
    /// A burner's connection to its server has changed.
    Connection {
        /// Which burner.
        burner: BurnerId,
        /// How it is now.
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
    /// A message came, or is in another state: `Engine.message` has it, unless it is done and nobody wanted it kept.
    Message {
        /// Which burner.
        burner: BurnerId,
        /// Which.
        message: MessageId,
        /// What is known of it now.
        state: MessageState,
    },
    /// A conversation has changed: how private it is, its keys, who the peer is to the burner, whether it is there. See
    /// `Engine.conversation`.
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
        comparison: Comparison,
    },
    /// Something that a user in a conversation should know of.
    Notice {
        /// Which burner.
        burner: BurnerId,
        /// With whom.
        peer: Address,
        /// What.
        notice: Notice,
    },
    /// The engine is locked, by `Engine.lock` or by itself (`Engine.set_auto_lock`): nothing can be done or seen until
    /// `Engine.open` is given the key. What was reported before and is not read yet is lost.
    Locked,
    /// Events were lost because this reader was too slow: take a new `Engine.snapshot`.
    Lagged {
        /// How many.
        lost: u64,
    },
}

impl From<flashpaper::Event> for Event {
    fn from(event: flashpaper::Event) -> Self {
        use flashpaper::Event as Of;
        match event {
            Of::PrivateNetwork => Self::PrivateNetwork,
            Of::TorStarting => Self::TorStarting,
            Of::Tor { fraction, stage, ready, blocked } => Self::Tor { fraction, stage, ready, blocked },
            Of::Creating { burner, step } => Self::Creating { burner, step: step.into() },
            Of::Question { burner, question } => Self::Question { burner, question },
            Of::QuestionEnded { burner, question, end } => Self::QuestionEnded { burner, question, end },
            Of::Restoring { burner, step } => Self::Restoring { burner, step: step.into() },
            Of::Burning { burner, step } => Self::Burning { burner, step: step.into() },
            Of::Settled { burner, outcome } => Self::Settled { burner, outcome },
            Of::Expiring { burner, at } => Self::Expiring { burner, at },
            Of::Expired { burner } => Self::Expired { burner },
            Of::Connection { burner, connection } => Self::Connection { burner, connection },
            Of::OtherRoute { burner, via } => Self::OtherRoute { burner, via },
            Of::Message { burner, message, state } => Self::Message { burner, message, state },
            Of::Conversation { burner, peer } => Self::Conversation { burner, peer },
            Of::Comparison { burner, peer, comparison } => {
                Self::Comparison { burner, peer, comparison: comparison.into() }
            }
            Of::Notice { burner, peer, notice } => Self::Notice { burner, peer, notice: notice.into() },
            Of::Locked => Self::Locked,
            Of::Lagged { lost } => Self::Lagged { lost },
        }
    }
}

/// An event with its number. Printing it shows no address and nobody's words.
#[derive(Debug, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Numbered {
    /// A `Snapshot` with this `sequence` or a later one has it in it. The number of `Event.Lagged` is that of the last event that
    /// was lost.
    pub number: u64,
    /// The event.
    pub event: Event,
}

/// A step of a creation, restore or burn that is done. Printing one shows no address and nobody's words.
#[derive(Debug, uniffi::Enum)]
#[uniffi::export(Debug)]
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
        why: FlashpaperError,
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

impl From<flashpaper::Step> for Step {
    fn from(step: flashpaper::Step) -> Self {
        use flashpaper::Step as Of;
        match step {
            Of::Sealed { server, via } => Self::Sealed { server, via },
            Of::OtherRoute { via } => Self::OtherRoute { via },
            Of::MovingOn { from, why } => Self::MovingOn { from, why },
            Of::Working { percent } => Self::Working { percent },
            Of::ServerSays { words } => Self::ServerSays { words: ServerWords { text: words.as_str().to_owned() } },
            Of::Connected { circuit } => Self::Connected { circuit },
            Of::Secured => Self::Secured,
            Of::Registered => Self::Registered,
            Of::LoggedIn => Self::LoggedIn,
            Of::Reachable => Self::Reachable,
            Of::Removed => Self::Removed,
            Of::Disabled => Self::Disabled,
            Of::ProvenGone => Self::ProvenGone,
        }
    }
}

/// A text of a server's. Printing one does not show it.
#[derive(uniffi::Record)]
#[uniffi::export(Debug)]
pub struct ServerWords {
    /// The text, in lines.
    pub text: String,
}

impl fmt::Debug for ServerWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerWords(..)")
    }
}

/// What became of an account that an earlier run left behind, or that has expired.
#[uniffi::remote(Enum)]
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

/// A subscription to the engine's events, in order, for one reader; `finish` ends it.
#[derive(Debug, uniffi::Object)]
pub struct Events {
    events: Mutex<flashpaper::Events>,
    finished: CancellationToken,
}

impl Events {
    pub(crate) fn new(events: flashpaper::Events) -> Self {
        Self { events: Mutex::new(events), finished: CancellationToken::new() }
    }
}

#[uniffi::export]
impl Events {
    /// The next event, in order; nothing once the engine is closed or the subscription finished. A call that is cancelled
    /// loses no event.
    pub async fn next(&self) -> Option<Numbered> {
        let next = async { self.events.lock().await.next_numbered().await };
        let (number, event) = self.finished.run_until_cancelled(next).await.flatten()?;
        Some(Numbered { number, event: event.into() })
    }

    /// Ends the subscription, also a `next` that is waiting.
    pub fn finish(&self) {
        self.finished.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printing_an_event_shows_no_address_or_words() {
        let notice = Notice::PeerError { text: "words".into() };
        let (burner, peer) = (String::new().into(), Address::from("someone@burner.test".to_owned()));
        let event = Event::Notice { burner, peer, notice };
        let shown = r#"Notice { burner: BurnerId(""), peer: Address(..), notice: PeerError(..) }"#;
        assert_eq!(format!("{event:?}"), shown);

        let words = ServerWords { text: "words".into() };
        let event = Event::Creating { burner: String::new().into(), step: Step::ServerSays { words } };
        let shown = r#"Creating { burner: BurnerId(""), step: ServerSays { words: ServerWords(..) } }"#;
        assert_eq!(format!("{event:?}"), shown);
        let (from, why) = (Address::from("burner.test".to_owned()), FlashpaperError::Quarantined);
        assert_eq!(format!("{:?}", Step::MovingOn { from, why }), "MovingOn { from: Address(..), why: Quarantined }");
    }
}
