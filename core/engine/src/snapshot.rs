//! Everything that a screen shows, at one moment.

use std::fmt;
use std::time::SystemTime;

use flashpaper_chat::{Conversation, History};
use serde::Serialize;

use crate::event::Connection;
use crate::time::maybe_unix_seconds;
use crate::{Burner, Error, Question, TorStage, VaultReport};

/// The engine at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Snapshot {
    /// The number of the last event that is surely in it: [`crate::Engine::events`] goes on from there.
    pub sequence: u64,
    /// Of two snapshots of an engine the one with the higher revision is the later: it counts what has no event, too.
    #[serde(skip)]
    pub revision: u64,
    /// Whether it is awake. Where it is locked or closed there are no burners and no questions here.
    pub life: Life,
    /// Which Tor network it uses. That it is a private one is to be shown for as long as it is.
    pub network: NetworkKind,
    /// Tor's status; `None` while it does not run: before it was started, or asleep.
    pub tor: Option<TorStatus>,
    /// What is wrong with the sealed store. A user should be told of all that is not as by default.
    pub vault: VaultReport,
    /// All burners, in the order of their creation.
    pub burners: Vec<BurnerStatus>,
    /// What servers ask of the user now: creations wait for it.
    pub questions: Vec<Question>,
}

/// How far an engine is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Life {
    /// It works.
    Awake,
    /// [`crate::Engine::suspend`] has ended: no network, and no file. [`crate::Engine::resume`] wakes it.
    Suspended,
    /// Neither keys nor contents are in memory. [`crate::Engine::open`] with the key unlocks it, and it is suspended then.
    Locked,
    /// For good.
    Closed,
}

/// Which Tor network an engine uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkKind {
    /// The public one.
    Public,
    /// A network for tests: nothing in it is private.
    Private,
}

/// Tor's status.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TorStatus {
    /// 0.0 to 1.0; it may fall back.
    pub fraction: f32,
    /// The step that it is at.
    pub stage: TorStage,
    /// Streams can be opened.
    pub ready: bool,
    /// What blocks it: the error that a call would give.
    pub blocked: Option<Error>,
}

impl TorStatus {
    pub(crate) const fn says_that_the_clock_is_wrong(&self) -> bool {
        matches!(self.blocked, Some(Error::ClockWrong { .. }))
    }
}

/// A burner and how it is. Its `Debug` does not show the label.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct BurnerStatus {
    /// The burner.
    pub burner: Burner,
    /// How it is connected.
    #[serde(flatten)]
    pub connection: Connection,
    /// The user's name for it.
    pub label: Option<String>,
    /// What is kept of its messages.
    pub history: History,
    /// When it is burnt by itself. As JSON: seconds since 1970.
    #[serde(serialize_with = "maybe_unix_seconds")]
    pub expires_at: Option<SystemTime>,
    /// Its conversations, in the order in which they began.
    pub conversations: Vec<Conversation>,
    /// Why its conversations cannot be read: there are none here then. The burner can be burnt.
    pub unreadable: Option<Error>,
}

impl fmt::Debug for BurnerStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (burner, connection, conversations) = (&self.burner, &self.connection, &self.conversations);
        let status = &mut f.debug_struct("BurnerStatus");
        status.field("burner", burner).field("connection", connection).field("conversations", conversations);
        status.field("expires_at", &self.expires_at).field("unreadable", &self.unreadable);
        status.finish_non_exhaustive()
    }
}

/// What [`crate::Engine::sync_once`] came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SyncReport {
    /// Messages of all burners that came, now or before, and were not taken.
    pub unread: u32,
    /// Messages of all burners that their servers do not have yet.
    pub outbox: u32,
    /// Every burner was connected, and nothing is left to come or go but what waits for a peer.
    pub complete: bool,
}
