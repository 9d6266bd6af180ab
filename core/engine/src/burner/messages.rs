//! A burner's messages as an app sees them: those that something is to come of, which are in memory, and history, which is read
//! page by page.

use std::collections::BTreeMap;

use flashpaper_chat::{Entry, History, Message, MessageId, UnixTime, view};

use super::LiveBurner;
use crate::Error;

/// How many messages of history are read in one go.
const PAGE: usize = 256;

impl LiveBurner {
    /// At most so many messages, with one peer or all: the last ones before one, in their order. `now`: the time that things
    /// expire by.
    pub(crate) fn messages(
        &self,
        with: Option<&str>,
        before: Option<MessageId>,
        limit: usize,
        now: UnixTime,
    ) -> Result<Vec<Message>, Error> {
        // First, as what becomes history meanwhile is in both then.
        let (mailbox, history) = (self.mailbox()?, self.account().history);
        let with = match with.map(|with| mailbox.find(&with.to_owned().into())) {
            Some(None) => return Ok(Vec::new()),
            with => with.flatten(),
        };
        let shown = |id: MessageId, entry: &Entry| {
            let is_with = with.is_none_or(|peer| entry.peer() == peer);
            let message = is_with.then(|| view::message(&mailbox, id, entry, history, now))?;
            Some((id, message?))
        };
        let mut before = before.unwrap_or(MessageId::from(u64::MAX));
        let present = mailbox.messages.range(..before).rev();
        let mut found: BTreeMap<MessageId, Message> =
            present.filter_map(|(id, entry)| shown(*id, entry)).take(limit).collect();
        let mut kept = 0;
        while kept < limit && history != History::None {
            let page = self.history(with, before, PAGE.min(limit - kept))?;
            let Some((last, _)) = page.last() else { break };
            before = *last;
            let page: Vec<_> = page.iter().filter_map(|(id, entry)| shown(*id, entry)).collect();
            kept += page.len();
            found.extend(page);
        }
        let too_many = found.len().saturating_sub(limit);
        Ok(found.into_values().skip(too_many).collect())
    }

    /// One message, if it is there and has not expired.
    pub(crate) fn message(&self, id: MessageId, now: UnixTime) -> Result<Option<Message>, Error> {
        let (mailbox, history) = (self.mailbox()?, self.account().history);
        if let Some(entry) = mailbox.messages.get(&id) {
            return Ok(view::message(&mailbox, id, entry, history, now));
        }
        if history == History::None {
            return Ok(None);
        }
        let next = u64::from(id).saturating_add(1).into();
        let page = self.history(None, next, 1)?;
        let is_it = |(found, entry): &(MessageId, Entry)| {
            (*found == id).then(|| view::message(&mailbox, id, entry, history, now))
        };
        Ok(page.first().and_then(is_it).flatten())
    }
}

#[cfg(test)]
mod tests;
