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
    may_come.then(|| entry.left().after(limits::CONFIRMED_WITHIN)).map(|at| entry.ends.map_or(at, |ends| ends.min(at)))
}

/// For how long a private conversation that rests is kept. Where the peer cannot be told of the end, twice its
/// timeout: then its keys go without that.
#[must_use]
pub const fn lasts(idle_timeout: Duration, can_be_told: bool) -> Duration {
    if can_be_told { idle_timeout } else { idle_timeout.saturating_mul(2) }
}

/// Takes out what is done. Gives what of it is to be kept as history; the rest is gone. What strangers wrote stays for as long
/// as it is to be kept: it goes with them. So does what goes by a timer, which begins here. `now` is the time that things expire
/// by.
#[must_use]
pub fn sweep(mailbox: &mut Mailbox, history: History, now: UnixTime) -> Table<MessageId, Entry> {
    let time = now.max(mailbox.position.latest);
    let before = mailbox.messages.len();
    // Their clock was wrong.
    for entry in mailbox.messages.values_mut().filter(|entry| entry.at > time) {
        Arc::make_mut(entry).at = time;
    }
    start_timers(mailbox, time);
    let strangers = inbox::strangers(mailbox);
    let is_kept = |entry: &Entry| expires(entry, history).is_none_or(|at| time < at);
    let goes = |_: &MessageId, entry: &mut Arc<Entry>| {
        let stays = strangers.contains(&entry.peer) || entry.ends.is_some();
        is_done(entry, time) && !(stays && is_kept(entry))
    };
    let mut kept: Table<MessageId, Entry> = mailbox.messages.extract_if(.., goes).collect();
    kept.retain(|_, entry| is_kept(entry));
    limit_timed(mailbox, time);
    for entry in kept.values().filter(|entry| entry.size() > 0) {
        if let Some(peer) = mailbox.peer_mut(entry.peer) {
            peer.kept += entry.size() as u64;
        }
    }
    for session in mailbox.sessions.values_mut().filter(|session| session.used > time) {
        Arc::make_mut(session).used = time;
    }
    let has_timed = mailbox.messages.values().any(|entry| entry.ends.is_some());
    let expires = matches!(history, History::Expire { .. }) || has_timed;
    // Not each second: a write wakes the device.
    if mailbox.position.latest < now
        && (before != mailbox.messages.len() || expires && mailbox.position.latest.after(Duration::from_secs(60)) < now)
    {
        Arc::make_mut(&mut mailbox.position).latest = now;
    }
    kept
}

/// Has texts that were read here, or have left, go by the timers of their conversations. One that is changed later changes nothing
/// for them.
fn start_timers(mailbox: &mut Mailbox, time: UnixTime) {
    let Mailbox { messages, peers, .. } = mailbox;
    for entry in messages.values_mut().filter(|entry| entry.ends.is_none() && entry.is_timed()) {
        if let Some(after) = peers.get(&entry.peer).and_then(|peer| peer.timer.after()) {
            Arc::make_mut(entry).ends = Some(time.after(after));
        }
    }
}

/// What goes by timers stays in memory: see [`limits::TIMED`].
fn limit_timed(mailbox: &mut Mailbox, time: UnixTime) {
    let mut size = 0;
    let mut is_too_much = |entry: &Entry| {
        let is_it = entry.ends.is_some() && is_done(entry, time);
        size += if is_it { limits::around(&entry.text) } else { 0 };
        is_it && size > limits::TIMED
    };
    let latest_first = mailbox.messages.iter().rev();
    let oldest: Vec<MessageId> =
        latest_first.filter(|(_, entry)| is_too_much(entry)).map(|(message, _)| *message).collect();
    oldest.iter().for_each(|message| drop(mailbox.messages.remove(message)));
}

/// When a message that is kept as history, or goes by a timer, goes; at once where none is to be kept, `None`: never.
#[must_use]
pub fn expires(entry: &Entry, history: History) -> Option<UnixTime> {
    let kept = match history {
        History::None => Some(UnixTime(0)),
        History::UntilBurn => None,
        History::Expire { after } => Some(entry.at.after(after)),
    };
    kept.into_iter().chain(entry.ends).min()
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

/// Whether the time is to be stored, for texts that go by timers: a clock that is set back between two runs is not to put that off.
/// `now` as for [`sweep`].
#[must_use]
pub fn is_mark_due(mailbox: &Mailbox, now: UnixTime) -> bool {
    mailbox.position.latest.after(limits::MARKED_WITHIN) <= now
        && mailbox.messages.values().any(|entry| entry.ends.is_some())
}

/// When the next message is done or expires, of those that are not history, or the next private conversation ends.
/// `idle_timeout` as for [`Stored::ends`].
pub fn next_expiry(mailbox: &Mailbox, history: History, idle_timeout: Duration) -> Option<UnixTime> {
    let done = mailbox.messages.values().filter(|entry| entry.is_over());
    let done = done.filter_map(|entry| expires(entry, history));
    let done = done.chain(mailbox.messages.values().filter_map(|entry| awaits_receipt_until(entry)));
    done.chain(mailbox.sessions.values().filter_map(|session| session.ends(idle_timeout))).min()
}
