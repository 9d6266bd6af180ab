//! A burner's state in memory: sessions, who is there, who was asked for a private conversation.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use crate::bounces::Bounces;
use crate::contact::PeerId;
use crate::encryption::open::OpenSessions;
use crate::encryption::otr3::{Identity, InstanceTag, Otr3};
use crate::encryption::verification::Questions;
use crate::limits;
use crate::presence::Present;
use crate::trust::Fingerprint;
use crate::view::Conversation;

/// A burner's sessions in memory. What they are is stored, but for key exchanges and comparisons that are under way, and
/// who is there.
pub struct Sessions {
    pub(crate) open: OpenSessions,
    pub(crate) present: Present,
    /// When a peer was last asked for a private conversation.
    pub(crate) asked: HashMap<PeerId, Duration>,
    /// The id of the last stanza that asked a peer for a private conversation.
    pub(crate) queries: HashMap<PeerId, String>,
    /// The client that sent the last unreadable text: a new session with it makes it send that text again.
    pub(crate) unread_by: HashMap<PeerId, Option<String>>,
    pub(crate) questions: Questions,
    /// What came back.
    pub(crate) bounces: Bounces,
    /// Peers that there is no room for, which was said.
    pub(crate) full: BTreeSet<PeerId>,
}

impl Sessions {
    /// None is open yet. `tag` names this client among those of the account.
    #[must_use]
    pub fn new(identity: Arc<Identity>, tag: InstanceTag) -> Self {
        let (asked, queries, unread_by) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self {
            open: OpenSessions::new(Otr3::new(identity, tag)),
            present: Present::default(),
            asked,
            queries,
            unread_by,
            questions: Questions::default(),
            bounces: Bounces::default(),
            full: BTreeSet::new(),
        }
    }

    /// The fingerprint of the burner's own key.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.open.own_key()
    }

    /// Whether no conversation may be in version 2 of OTR.
    pub const fn set_version_3_only(&mut self, only: bool) {
        self.open.newest_only = only;
    }

    /// A change could not be stored, or something else was read from the store: this may not fit what is stored.
    pub fn forget(&mut self) {
        self.open.close_all();
        self.questions.clear();
        // Nobody was asked nor told, as nothing has left. At worst it is done twice.
        self.asked.clear();
        self.full.clear();
        // At worst a new session is asked for that is of no use.
        self.unread_by.clear();
        // The rest stays: who is there and what came back are true all the same, and the next query has an id of its own.
    }

    /// A connection has begun: a peer who did not answer may be asked again. `limit`: what the server takes. `is_new`: it tells
    /// anew who is there.
    pub fn connected(&mut self, limit: Option<usize>, is_new: bool) {
        if is_new {
            self.present = Present::default();
        }
        self.asked.clear();
        self.full.clear();
        self.open.set_limit(limit.unwrap_or(limits::STANZA).min(limits::STANZA).saturating_sub(limits::AROUND_BODY));
    }

    /// What others may look at while this is in use.
    #[must_use]
    pub fn glance(&self) -> Glance {
        let beginning = self.open.iter().filter(|(_, session)| session.is_beginning());
        let lasts = |peer: PeerId| self.asked.get(&peer).map_or(Duration::MAX, |at| *at + limits::REPLY_TIMEOUT);
        Glance {
            deadline: self.open.iter().filter_map(|(_, session)| session.deadline()).min(),
            busy_until: beginning.map(|(peer, _)| lasts(peer)).max(),
            present: self.present.clone(),
            questions: self.questions.clone(),
        }
    }

    pub(crate) fn was_asked_lately(&self, peer: PeerId, clock: Duration) -> bool {
        self.asked.get(&peer).is_some_and(|at| clock < *at + limits::ASK_AGAIN)
    }

    /// Nothing of a peer's goes on; but the next session is one, and clients keep their names.
    pub(crate) fn drop_session(&mut self, peer: PeerId) {
        self.open.close(peer);
        self.questions.keep(peer, &[]);
    }
}

/// What is not stored of a burner's conversations, at one moment.
#[derive(Default)]
pub struct Glance {
    /// When [`crate::Talk::tick`] has something to do, by the time since the device was started.
    pub deadline: Option<Duration>,
    busy_until: Option<Duration>,
    present: Present,
    questions: Questions,
}

impl Glance {
    /// Whether somebody who was asked for a private conversation may answer any moment, or an exchange is under way. `clock`:
    /// the time since the device was started.
    #[must_use]
    pub fn is_busy(&self, clock: Duration) -> bool {
        self.busy_until.is_some_and(|until| clock < until)
    }

    /// What is not stored of a conversation.
    pub fn complete(&self, row: PeerId, conversation: &mut Conversation) {
        conversation.present = self.present.is_there(row);
        conversation.question = self.questions.of(row).cloned();
    }
}
