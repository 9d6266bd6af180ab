//! What is kept of messages that are done, for how long, and for how long a private conversation may rest.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::contact::PeerId;
use crate::encryption::stored::Stored;
use crate::limits;
use crate::mailbox::Mailbox;
use crate::message::{Entry, MessageState};

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

impl History {
    /// Whether a message that is done stays; both times in seconds since 1970.
    pub(crate) const fn keeps(self, at: u64, now: u64) -> bool {
        match self {
            Self::None => false,
            Self::UntilBurn => true,
            Self::Expire { after } => now < at.saturating_add(after.as_secs()),
        }
    }
}

/// Whether nothing is to come of a message any more, nor is it to be kept.
pub(crate) fn is_done(entry: &Entry, history: History, time: u64) -> bool {
    let kept = history.keeps(entry.at, time);
    // A receipt may come yet.
    let is_late = time >= entry.left().saturating_add(limits::CONFIRMED_WITHIN);
    (entry.is_over() || entry.state == MessageState::Acked && entry.is_confirmed() && is_late) && !kept
}

/// For how long a private conversation that rests is kept, in seconds. Where the peer cannot be told of the end, twice its
/// timeout: then its keys go without that.
#[must_use]
pub const fn lasts(idle_timeout: u64, can_be_told: bool) -> u64 {
    if can_be_told { idle_timeout } else { idle_timeout.saturating_mul(2) }
}

/// Removes what is done, as far as nobody wants it kept. `now` is the time that things expire by.
pub fn sweep(mailbox: &mut Mailbox, history: History, now: u64) {
    let time = now.max(mailbox.position.latest);
    let before = mailbox.messages.len();
    mailbox.messages.retain(|_, entry| !is_done(entry, history, time));
    // Their clock was wrong.
    for entry in mailbox.messages.values_mut().filter(|entry| entry.at > time) {
        Arc::make_mut(entry).at = time;
    }
    for session in mailbox.sessions.values_mut().filter(|session| session.used > time) {
        Arc::make_mut(session).used = time;
    }
    let expires = matches!(history, History::Expire { .. }) && !mailbox.messages.is_empty();
    // Not each second: a write wakes the device.
    if mailbox.position.latest < now
        && (before != mailbox.messages.len() || expires && mailbox.position.latest + 60 < now)
    {
        Arc::make_mut(&mut mailbox.position).latest = now;
    }
}

/// Peers with a private conversation that has rested for longer than this, in seconds.
pub(crate) fn rested(mailbox: &Mailbox, idle_timeout: u64, now: u64) -> Vec<PeerId> {
    let is_over = |stored: &Stored| stored.ends(idle_timeout).is_some_and(|at| at <= now);
    mailbox.sessions.iter().filter(|(_, stored)| is_over(stored)).map(|(peer, _)| *peer).collect()
}

/// When the next of what is done expires, or the next private conversation; in seconds since 1970. `idle_timeout` as for
/// [`Stored::ends`].
pub fn next_expiry(mailbox: &Mailbox, history: History, idle_timeout: u64) -> Option<u64> {
    let after = if let History::Expire { after } = history { Some(after.as_secs()) } else { None };
    let done = mailbox.messages.values().filter(|entry| entry.is_over());
    let done = done.filter_map(|entry| Some(entry.at.saturating_add(after?)));
    done.chain(mailbox.sessions.values().filter_map(|session| session.ends(idle_timeout))).min()
}
