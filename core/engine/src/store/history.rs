//! A burner's messages of which nothing is to come any more: rows by their numbers, and a list of these numbers by peer. None
//! of it is in memory, nor read at an opening.

use std::ops::Range;

use flashpaper_chat::{self as chat, Entry, MessageId, PeerId};
use flashpaper_vault::{self as vault, Batch, End, Finding, Owner, Row, Table, Vault};
use rand::CryptoRng;

use super::json::to_json;
use crate::Error;

pub(crate) const HISTORY: Table = Table::lasting(9);
/// Empty rows, by [`listed`].
pub(crate) const BY_PEER: Table = Table::lasting(12);

/// How many rows are read at one go.
const PAGE: usize = 1024;

/// Messages that were read, and what was found lost.
pub(super) type Page = (Vec<(MessageId, Entry)>, Vec<Finding>);

/// A peer's number, and behind it a message's. Should one ever reach 2^32, two peers share a list: who reads looks at each
/// message's own peer.
fn listed(peer: PeerId, message: u64) -> u64 {
    u64::from(peer) << 32 | message.min(u32::MAX.into())
}

/// The messages at an end of a range of numbers, from that end on, at most so many.
pub(super) fn page(vault: &Vault, owner: Owner, range: (Range<u64>, End), limit: usize) -> Result<Page, Error> {
    let (rows, lost) = vault.page(owner, HISTORY, range, limit)?;
    Ok((rows.iter().filter_map(entry).collect(), lost))
}

/// The messages with a peer before one, the last first, at most so many. Reads none of other peers.
pub(super) fn page_with(
    vault: &Vault,
    owner: Owner,
    peer: PeerId,
    before: MessageId,
    limit: usize,
) -> Result<Page, Error> {
    let (mut messages, mut lost) = Page::default();
    let mut range = listed(peer, 0)..listed(peer, before.into());
    while messages.len() < limit {
        let (list, damaged) = vault.page(owner, BY_PEER, (range.clone(), End::Last), limit - messages.len())?;
        lost.extend(damaged);
        let Some(last) = list.last() else { break };
        range.end = last.number;
        for listed in list {
            match vault.row(owner, HISTORY, listed.number & u64::from(u32::MAX))? {
                Some(Ok(row)) => messages.extend(entry(&row)),
                Some(Err(finding)) => lost.push(finding),
                None => {}
            }
        }
    }
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

/// Lists by peer what an earlier version, which had no such list, has kept.
pub(super) fn list_by_peer(vault: &mut Vault, owner: Owner, rng: &mut dyn CryptoRng) -> Result<(), Error> {
    let (is_listed, _) = vault.page(owner, BY_PEER, (0..u64::MAX, End::First), 1)?;
    if !is_listed.is_empty() {
        return Ok(());
    }
    let (mut batch, mut from) = (Batch::default(), 0);
    loop {
        let (rows, _) = vault.page(owner, HISTORY, (from..u64::MAX, End::First), PAGE)?;
        let Some(last) = rows.last() else { break };
        from = last.number + 1;
        rows.iter().filter_map(entry).for_each(|(message, entry)| list(&mut batch, owner, entry.peer(), message));
    }
    if batch.is_empty() { Ok(()) } else { Ok(vault.commit(batch, rng)?) }
}

fn list(batch: &mut Batch, owner: Owner, peer: PeerId, message: MessageId) {
    batch.put(owner, BY_PEER, listed(peer, message.into()), Vec::new());
}

pub(crate) fn put(batch: &mut Batch, owner: Owner, messages: &chat::Table<MessageId, Entry>) -> Result<(), Error> {
    for (message, entry) in messages {
        batch.put(owner, HISTORY, (*message).into(), to_json(&**entry)?);
        list(batch, owner, entry.peer(), *message);
    }
    Ok(())
}

pub(crate) fn remove(batch: &mut Batch, owner: Owner, message: MessageId, entry: &Entry) {
    batch.remove(owner, HISTORY, message.into());
    batch.remove(owner, BY_PEER, listed(entry.peer(), message.into()));
}
