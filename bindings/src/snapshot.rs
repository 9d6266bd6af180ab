//! Everything that a screen shows, at one moment, and two reports.

use std::fmt;
use std::time::SystemTime;

use flashpaper::{
    Connection, Error as FlashpaperError, History, Life, NetworkKind, SyncReport, TorStage, TorStatus, VaultReport,
};

use crate::burner::Burner;
use crate::messages::Conversation;
use crate::question::Question;

/// The engine at one moment. Printing it shows nobody's address.
#[derive(Debug, uniffi::Record)]
#[uniffi::export(Debug)]
pub struct Snapshot {
    /// The number of the last event that is surely in it: `Engine.events` goes on from there.
    pub sequence: u64,
    /// Of two snapshots of an engine the one with the higher revision is the later: it counts what has no event, too.
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

impl From<flashpaper::Snapshot> for Snapshot {
    fn from(snapshot: flashpaper::Snapshot) -> Self {
        let flashpaper::Snapshot { sequence, revision, life, network, tor, vault, burners, questions } = snapshot;
        let burners = burners.into_iter().map(BurnerStatus::from).collect();
        let questions = questions.into_iter().map(Question::from).collect();
        Self { sequence, revision, life, network, tor, vault, burners, questions }
    }
}

/// How far an engine is in its life.
#[uniffi::remote(Enum)]
pub enum Life {
    /// It works.
    Awake,
    /// `Engine.suspend` has ended: no network, and no file. `Engine.resume` wakes it.
    Suspended,
    /// Neither keys nor contents are in memory. `Engine.open` with the key unlocks it, and it is suspended then.
    Locked,
    /// For good.
    Closed,
}

/// Which Tor network an engine uses.
#[uniffi::remote(Enum)]
pub enum NetworkKind {
    /// The public one.
    Public,
    /// A network for tests: nothing in it is private.
    Private,
}

/// Tor's status.
#[uniffi::remote(Record)]
pub struct TorStatus {
    /// 0.0 to 1.0; it may fall back.
    pub fraction: f32,
    /// The step that it is at.
    pub stage: TorStage,
    /// Streams can be opened.
    pub ready: bool,
    /// What blocks it: the error that a call would give.
    pub blocked: Option<FlashpaperError>,
}

/// The steps of Tor's start, in order.
#[uniffi::remote(Enum)]
pub enum TorStage {
    /// Looking for a relay that answers.
    Connecting,
    /// Fetching the consensus and the relays' descriptors.
    Directory,
    /// Streams can be opened.
    Ready,
    /// Ended; only a new start helps.
    Stopped,
}

/// A burner and how it is. Printing one shows nobody's address or name.
#[derive(uniffi::Record)]
#[uniffi::export(Debug)]
pub struct BurnerStatus {
    /// The burner.
    pub burner: Burner,
    /// How it is connected.
    pub connection: Connection,
    /// The user's name for it.
    pub label: Option<String>,
    /// What is kept of its messages.
    pub history: History,
    /// When it is burnt by itself.
    pub expires_at: Option<SystemTime>,
    /// Its conversations, in the order in which they began.
    pub conversations: Vec<Conversation>,
    /// Why its conversations cannot be read: there are none here then. The burner can be burnt.
    pub unreadable: Option<FlashpaperError>,
}

impl From<flashpaper::BurnerStatus> for BurnerStatus {
    fn from(status: flashpaper::BurnerStatus) -> Self {
        let flashpaper::BurnerStatus { burner, connection, label, history, expires_at, conversations, unreadable } =
            status;
        let conversations = conversations.into_iter().map(Conversation::from).collect();
        Self { burner: burner.into(), connection, label, history, expires_at, conversations, unreadable }
    }
}

impl fmt::Debug for BurnerStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (burner, connection) = (&self.burner, &self.connection);
        let (history, conversations) = (&self.history, &self.conversations);
        let status = &mut f.debug_struct("BurnerStatus");
        status.field("burner", burner).field("connection", connection);
        status.field("history", history).field("conversations", conversations);
        status.field("expires_at", &self.expires_at).field("unreadable", &self.unreadable).finish_non_exhaustive()
    }
}

/// What was wrong with the sealed store when it was opened, and with what was read since: nothing, by default. What is not
/// counted here is good.
#[uniffi::remote(Record)]
pub struct VaultReport {
    /// Records that can never be read again: changed, or moved, by a failing device or by somebody. Where one is an
    /// account's own, what is left of that account goes with the next burn. Of history, which is read when it is asked for, it
    /// says that some are lost, not how many.
    pub lost: u32,
    /// Records were removed or replaced by older ones, or the last ones written are not there. Only somebody with access to the
    /// folder can do that, or a device that fails. The rest may be out of date. Of one record among many it is told when that
    /// is read. Where sessions may be among them, private conversations begin anew: one that was used must not be used again.
    pub incomplete: bool,
    /// The key of the store could not be changed at the opening, as each one does, or the key store could not delete one
    /// that is not used any more, or what was removed could not be written over: older records may be readable. It is tried
    /// again at the next opening.
    pub old_key_kept: bool,
}

/// What `Engine.sync_once` came to.
#[uniffi::remote(Record)]
pub struct SyncReport {
    /// Messages of all burners that came, now or before, and were not taken.
    pub unread: u32,
    /// Messages of all burners that their servers do not have yet.
    pub outbox: u32,
    /// Every burner was connected, and nothing is left to come or go but what waits for a peer.
    pub complete: bool,
}
