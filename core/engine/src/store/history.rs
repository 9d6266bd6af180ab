//! A burner's history: a row for each message, by its number, and for each peer a list of the blocks of numbers that hold a
//! message with that peer. None of it is in memory, nor read at an opening.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use flashpaper_chat::{self as chat, Entry, MessageId, PeerId};
use flashpaper_vault::{self as vault, Batch, End, Finding, Owner, Row, Table, Vault};
use rand::CryptoRng;

use super::json::to_json;
use crate::Error;

pub(crate) const HISTORY: Table = Table::lasting(9);
/// Empty rows, by [`Listed`].
pub(crate) const BY_PEER: Table = Table::lasting(12);
/// How many messages a block has: a list of each message would be as many rows again.
const BLOCK: u64 = 64;
/// How many rows are read at one go.
const PAGE: usize = 1024;

/// Messages that were read, and what was found lost.
pub(super) type Page = (Vec<(MessageId, Entry)>, Vec<Finding>);

/// A peer, and a block that holds a message with that peer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Listed {
    peer: PeerId,
    block: u64,
}

impl Listed {
    fn of(message: MessageId, entry: &Entry) -> Self {
        Self { peer: entry.peer(), block: block(message) }
    }

    /// Should a number ever reach 2^32, two peers share a list: who reads looks at each message's own peer.
    fn row(self) -> u64 {
        u64::from(self.peer) << 32 | self.block.min(u32::MAX.into())
    }
}

fn block(message: MessageId) -> u64 {
    u64::from(message) / BLOCK
}

/// The first number of a message's block.
pub(crate) fn block_start(message: MessageId) -> u64 {
    block(message) * BLOCK
}

/// The numbers of a message's block.
pub(crate) fn block_of(message: MessageId) -> Range<u64> {
    let start = block_start(message);
    start..start.saturating_add(BLOCK)
}

/// The last block in each peer's list, as far as this process has listed some.
#[derive(Default)]
pub(crate) struct Lists(BTreeMap<PeerId, u64>);

/// The messages at an end of a range of numbers, from that end on, at most so many.
pub(super) fn page(vault: &Vault, owner: Owner, range: (Range<u64>, End), limit: usize) -> Result<Page, Error> {
    let (rows, lost) = vault.page(owner, HISTORY, range, limit)?;
    Ok((rows.iter().filter_map(entry).collect(), lost))
}

/// The messages with a peer before one, the last first, at most so many. Reads no blocks but those that have some.
pub(super) fn page_with(
    vault: &Vault,
    owner: Owner,
    peer: PeerId,
    before: MessageId,
    limit: usize,
) -> Result<Page, Error> {
    let (mut messages, mut lost) = Page::default();
    let [first, behind] = [0, block(before).saturating_add(1)].map(|block| Listed { peer, block }.row());
    let mut ahead = first..behind;
    while messages.len() < limit {
        let (list, damaged) = vault.page(owner, BY_PEER, (ahead.clone(), End::Last), 1)?;
        lost.extend(damaged);
        let Some(listed) = list.first() else { break };
        ahead.end = listed.number;
        let start = (listed.number & u64::from(u32::MAX)) * BLOCK;
        let numbers = start..(start + BLOCK).min(before.into());
        let (of_all, damaged) = page(vault, owner, (numbers, End::Last), usize::MAX)?;
        lost.extend(damaged);
        messages.extend(of_all.into_iter().filter(|(_, entry)| entry.peer() == peer));
    }
    messages.truncate(limit);
    Ok((messages, lost))
}

fn entry(row: &Row) -> Option<(MessageId, Entry)> {
    Some((row.number.into(), serde_json::from_slice(&row.bytes).ok()?))
}

/// The numbers of the last message and the last peer.
pub(super) fn last(vault: &Vault, owner: Owner) -> Result<Option<(MessageId, PeerId)>, vault::Error> {
    let last = |table| {
        let (rows, _) = vault.page(owner, table, (0..u64::MAX, End::Last), 1)?;
        Ok::<_, vault::Error>(rows.first().map(|row| row.number))
    };
    let (message, peer) = (last(HISTORY)?, last(BY_PEER)?);
    Ok(message.map(|message| (message.into(), (peer.unwrap_or_default() >> 32).into())))
}

/// Lists by peer what an earlier version, which had no such lists, has kept.
pub(super) fn list_by_peer(vault: &mut Vault, owner: Owner, rng: &mut dyn CryptoRng) -> Result<(), Error> {
    let (is_listed, _) = vault.page(owner, BY_PEER, (0..u64::MAX, End::First), 1)?;
    if !is_listed.is_empty() {
        return Ok(());
    }
    let (mut lists, mut from) = (BTreeSet::new(), 0);
    loop {
        let (rows, _) = vault.page(owner, HISTORY, (from..u64::MAX, End::First), PAGE)?;
        let Some(last) = rows.last() else { break };
        from = last.number + 1;
        lists.extend(rows.iter().filter_map(entry).map(|(message, entry)| Listed::of(message, &entry)));
    }
    let mut batch = Batch::default();
    lists.into_iter().for_each(|listed| batch.put(owner, BY_PEER, listed.row(), Vec::new()));
    if batch.is_empty() { Ok(()) } else { Ok(vault.commit(batch, rng)?) }
}

/// Puts messages. `lists` is as it is to be once they are on disk; a list that is put once more is as it was.
pub(crate) fn put(
    batch: &mut Batch,
    owner: Owner,
    messages: &chat::Table<MessageId, Entry>,
    lists: &mut Lists,
) -> Result<(), Error> {
    for (message, entry) in messages {
        batch.put(owner, HISTORY, (*message).into(), to_json(&**entry)?);
        let listed = Listed::of(*message, entry);
        if lists.0.insert(listed.peer, listed.block) != Some(listed.block) {
            batch.put(owner, BY_PEER, listed.row(), Vec::new());
        }
    }
    Ok(())
}

/// Removes messages. `left`: the others of their blocks. A block that has none with a peer goes from that peer's list.
pub(crate) fn remove(batch: &mut Batch, owner: Owner, messages: &[(MessageId, Entry)], left: &[(MessageId, Entry)]) {
    let row = |(message, entry): &(MessageId, Entry)| Listed::of(*message, entry).row();
    let left: BTreeSet<u64> = left.iter().map(row).collect();
    messages.iter().for_each(|(message, _)| batch.remove(owner, HISTORY, (*message).into()));
    let emptied = messages.iter().map(row).filter(|row| !left.contains(row));
    emptied.for_each(|row| batch.remove(owner, BY_PEER, row));
}
