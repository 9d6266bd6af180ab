//! How long messages are kept that are done, and how long a private conversation may rest.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::contact::PeerId;
use crate::encryption::stored::Stored;
use crate::mailbox::Mailbox;
use crate::message::{Entry, MessageId, MessageState};
use crate::table::Table;
use crate::time::UnixTime;
use crate::{inbox, limits};

/// What is kept of messages that are done: those that were taken or delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "keep", rename_all = "snake_case")]
pub enum History {
    /// Nothing.
    #[default]
    None,
    /// All of it, until the burner is burnt.
    UntilBurn,
    /// Each for so long after it was written or came, by the clock; one that is set back does not prolong it.
    Expire {
        /// So long.
        after: Duration,
    },
}

/// Whether nothing is to come of a message any more.
pub(crate) fn is_done(entry: &Entry, time: UnixTime) -> bool {
    entry.is_over() || awaits_receipt_until(entry).is_some_and(|at| time >= at)
}

/// Until when the receipt of a text may come that OTR has confirmed.
fn awaits_receipt_until(entry: &Entry) -> Option<UnixTime> {
    let may_come = entry.state == MessageState::Acked && entry.is_confirmed();
    may_come.then(|| entry.left().after(limits::CONFIRMED_WITHIN))
}

/// For how long a private conversation that rests is kept. Where the peer cannot be told of the end, twice its
/// timeout: then its keys go without that.
#[must_use]
pub const fn lasts(idle_timeout: Duration, can_be_told: bool) -> Duration {
    if can_be_told { idle_timeout } else { idle_timeout.saturating_mul(2) }
}

/// Removes the messages that are done, and gives those that are to be kept as history. Messages of strangers that are to be kept
/// stay in the mailbox, as they are removed with the stranger. `now` is the time that things expire by.
#[must_use]
pub fn sweep(mailbox: &mut Mailbox, history: History, now: UnixTime) -> Table<MessageId, Entry> {
    let time = now.max(mailbox.position.latest);
    let before = mailbox.messages.len();
    // Their clock was wrong.
    for entry in mailbox.messages.values_mut().filter(|entry| entry.at > time) {
        Arc::make_mut(entry).at = time;
    }
    let strangers = inbox::strangers(mailbox);
    let is_kept = |entry: &Entry| expires(entry, history).is_none_or(|at| time < at);
    let goes = |_: &MessageId, entry: &mut Arc<Entry>| {
        is_done(entry, time) && !(strangers.contains(&entry.peer) && is_kept(entry))
    };
    let mut kept: Table<MessageId, Entry> = mailbox.messages.extract_if(.., goes).collect();
    kept.retain(|_, entry| is_kept(entry));
    for entry in kept.values().filter(|entry| entry.size() > 0) {
        if let Some(peer) = mailbox.peer_mut(entry.peer) {
            peer.kept += entry.size() as u64;
        }
    }
    for session in mailbox.sessions.values_mut().filter(|session| session.used > time) {
        Arc::make_mut(session).used = time;
    }
    let expires = matches!(history, History::Expire { .. });
    // Not each second: a write wakes the device.
    if mailbox.position.latest < now
        && (before != mailbox.messages.len() || expires && mailbox.position.latest.after(Duration::from_secs(60)) < now)
    {
        Arc::make_mut(&mut mailbox.position).latest = now;
    }
    kept
}

/// When a message that is kept as history goes; at once where none is to be kept, `None`: never.
#[must_use]
pub fn expires(entry: &Entry, history: History) -> Option<UnixTime> {
    match history {
        History::None => Some(UnixTime(0)),
        History::UntilBurn => None,
        History::Expire { after } => Some(entry.at.after(after)),
    }
}

/// A message that was kept as history is forgotten. `now` as for [`sweep`].
pub fn forgotten(mailbox: &mut Mailbox, entry: &Entry, now: UnixTime) {
    if mailbox.position.latest < now {
        Arc::make_mut(&mut mailbox.position).latest = now;
    }
    if let Some(peer) = mailbox.peers.get_mut(&entry.peer).filter(|_| entry.size() > 0) {
        let peer = Arc::make_mut(peer);
        peer.kept = peer.kept.saturating_sub(entry.size() as u64);
    }
}

/// Peers with a private conversation that has rested for longer than this.
pub(crate) fn rested(mailbox: &Mailbox, idle_timeout: Duration, now: UnixTime) -> Vec<PeerId> {
    let is_over = |stored: &Stored| stored.ends(idle_timeout).is_some_and(|at| at <= now);
    mailbox.sessions.iter().filter(|(_, stored)| is_over(stored)).map(|(peer, _)| *peer).collect()
}

/// When the next message is done or expires, of those that are not history, or the next private conversation ends.
/// `idle_timeout` as for [`Stored::ends`].
pub fn next_expiry(mailbox: &Mailbox, history: History, idle_timeout: Duration) -> Option<UnixTime> {
    let done = mailbox.messages.values().filter(|entry| entry.is_over());
    let done = done.filter_map(|entry| expires(entry, history));
    let done = done.chain(mailbox.messages.values().filter_map(|entry| awaits_receipt_until(entry)));
    done.chain(mailbox.sessions.values().filter_map(|session| session.ends(idle_timeout))).min()
}
