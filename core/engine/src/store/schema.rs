//! The engine's records as rows of the vault. Each burner is an owner, with a row of JSON for its account, one for each
//! message, peer and so on of its mailbox; its history is in [`super::history`].

use std::sync::Arc;

use flashpaper_chat::{self as chat, Mailbox, Stored, UnixTime, repair};
use flashpaper_vault as vault;
use flashpaper_vault::{Batch, End, Finding, Owner, Row, Table, Vault};
use rand::CryptoRng;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::history;
use super::json::to_json;
use super::report::VaultReport;
use crate::account::{Account, State};
use crate::directory::update::Taken;
use crate::registration::learnt::Lessons;
use crate::{Error, limits};

/// Each owner's account.
pub(crate) const ACCOUNT: Table = Table::lasting(0);
/// Of the installation: when registrations were tried.
const REGISTRATIONS: Table = Table::lasting(1);
/// Of the installation: what was learnt of servers.
const LEARNT: Table = Table::lasting(11);
/// Each owner's mailbox.
const POSITION: Table = Table::lasting(2);
pub(crate) const MESSAGES: Table = Table::lasting(3);
const PEERS: Table = Table::lasting(4);
const STANZAS: Table = Table::lasting(5);
/// Of 6, records of another kind, nothing is read.
const SEEN: Table = Table::lasting(8);
/// Ratchets: an old copy of the device's flash must not be of use to somebody who gets a later key.
const SESSIONS: Table = Table::fleeting(7);
/// Of the installation: the updates of the server directory that were taken.
const DIRECTORY: Table = Table::lasting(10);
/// Of the installation: the user's own list of servers.
const OWN_SERVERS: Table = Table::lasting(13);
/// Of the installation: the last burner is going, and what was shared goes with it.
const CLEARING: Table = Table::lasting(14);
/// The row of a table that has one.
pub(crate) const ONLY: u64 = 0;
/// How many rows are read at one go.
const PAGE: usize = 256;

/// What is read of a burner as the folder is opened: all but its history.
pub(crate) struct StoredBurner {
    pub(crate) owner: Owner,
    pub(crate) account: Account,
    /// [`Error::Unreadable`]: what others have filled it with keeps no account from being listed or burnt.
    pub(crate) mailbox: Result<Mailbox, Error>,
}

/// What is read of an installation as the folder is opened.
pub(crate) struct Installation {
    /// The burners, in the order of their creation.
    pub(crate) burners: Vec<StoredBurner>,
    /// When registrations were tried: the last hour's count against our own cap.
    pub(crate) registrations: Vec<UnixTime>,
    /// What was learnt of servers.
    pub(crate) learnt: Lessons,
    /// The updates of the server directory that were taken.
    pub(crate) directory: Option<Taken>,
    /// The user's own list of servers: a file of the directory.
    pub(crate) own_servers: Option<String>,
    /// An earlier run has begun to clear what burners share.
    pub(crate) clearing: bool,
    /// The latest time that an earlier run has seen.
    pub(crate) latest: UnixTime,
}

/// Reads all but history, and ends sessions that may be older ones.
pub(super) fn load(
    vault: &mut Vault,
    mut findings: Vec<Finding>,
    report: &mut VaultReport,
    rng: &mut dyn CryptoRng,
) -> Result<Installation, Error> {
    let (mut accounts, mut latest) = (Vec::new(), UnixTime::default());
    for owner in vault.owners() {
        if let Some(account) = read_only::<Account>(vault, owner, ACCOUNT, report)? {
            if let Some(Ok(position)) = vault.row(owner, POSITION, ONLY)? {
                latest = latest.max(Mailbox::latest_of(&position.bytes));
            }
            latest = latest.max(account.expiry.map(|expiry| expiry.seen).unwrap_or_default());
            if account.state == State::Queued {
                latest = latest.max(account.created);
            }
            accounts.push((owner, account));
        }
    }
    let registrations = read_only(vault, Owner::COMMON, REGISTRATIONS, report)?.unwrap_or_default();
    let learnt = read_only(vault, Owner::COMMON, LEARNT, report)?.unwrap_or_default();
    let directory = read_only(vault, Owner::COMMON, DIRECTORY, report)?;
    let own_servers = read_only(vault, Owner::COMMON, OWN_SERVERS, report)?;
    let clearing = vault.row(Owner::COMMON, CLEARING, ONLY)?.is_some();
    accounts.sort_by_key(|(_, account)| account.created);
    findings.extend(vault.take_noticed());
    end_replayed_sessions(vault, &findings, rng)?;
    for (owner, _) in &accounts {
        history::list_by_peer(vault, *owner, rng)?;
    }
    let mut burners = Vec::new();
    for (owner, account) in accounts {
        let mailbox = match mailbox(vault, owner, report) {
            Err(error) if error != Error::Unreadable => return Err(error),
            read => read,
        };
        burners.push(StoredBurner { owner, account, mailbox });
    }
    findings.extend(vault.take_noticed());
    findings.into_iter().for_each(|finding| report.add(finding));
    Ok(Installation { burners, registrations, learnt, directory, own_servers, clearing, latest })
}

/// The row of a table that has one; where it is lost, that is counted.
fn read_only<T: DeserializeOwned>(
    vault: &Vault,
    owner: Owner,
    table: Table,
    report: &mut VaultReport,
) -> Result<Option<T>, Error> {
    let row = match vault.row(owner, table, ONLY)? {
        None => return Ok(None),
        Some(Ok(row)) => serde_json::from_slice(&row.bytes).ok(),
        Some(Err(_)) => None,
    };
    report.lost += u32::from(row.is_none());
    Ok(row)
}

/// Where rows were replaced by older ones, sessions may be among them, and a state of one is used once: what is stored of
/// them is taken for lost, before anything else is written and nothing tells any more that it was so.
fn end_replayed_sessions(vault: &mut Vault, findings: &[Finding], rng: &mut dyn CryptoRng) -> Result<(), Error> {
    let mut batch = Batch::default();
    let all = findings.contains(&Finding::OwnersMissing);
    for owner in vault.owners().into_iter().filter(|owner| all || findings.contains(&Finding::RowsMissing(*owner))) {
        let mut ended = Vec::new();
        // A row that cannot be read is not resumed either.
        vault.each_fleeting(owner, |row| ended.extend(Stored::ended(&row.bytes).map(|stored| (row.number, stored))))?;
        for (peer, stored) in ended {
            batch.put(owner, SESSIONS, peer, to_json(&stored)?);
        }
    }
    if !batch.is_empty() {
        vault.commit(batch, rng)?;
    }
    Ok(())
}

/// Reads a burner's mailbox. [`Error::Unreadable`]: it is larger than [`limits::MAILBOX`], or damaged.
fn mailbox(vault: &Vault, owner: Owner, report: &mut VaultReport) -> Result<Mailbox, Error> {
    let unreadable =
        |error: vault::Error| if error == vault::Error::Damaged { Error::Unreadable } else { error.into() };
    let (mut mailbox, mut bytes, mut lost) = (Mailbox::default(), 0, 0);
    for table in [POSITION, MESSAGES, PEERS, STANZAS, SEEN] {
        let mut from = 0;
        loop {
            let (rows, damaged) = vault.page(owner, table, (from..u64::MAX, End::First), PAGE).map_err(unreadable)?;
            damaged.into_iter().for_each(|finding| report.add(finding));
            let Some(last) = rows.last().map(|row| row.number) else { break };
            for row in &rows {
                bytes += row.bytes.len() as u64;
                lost += u32::from(!take_in(&mut mailbox, row));
            }
            if bytes > limits::MAILBOX {
                return Err(Error::Unreadable);
            }
            from = last + 1;
        }
    }
    let findings = vault.each_fleeting(owner, |row| lost += u32::from(!take_in(&mut mailbox, &row)));
    report.lost += lost;
    findings.map_err(unreadable)?.into_iter().for_each(|finding| report.add(finding));
    repair::mend(&mut mailbox, history::last(vault, owner).map_err(unreadable)?);
    Ok(mailbox)
}

/// Has a mailbox take in a row of its own; whether it makes sense.
fn take_in(mailbox: &mut Mailbox, row: &Row) -> bool {
    fn put<K: From<u64> + Ord, T: DeserializeOwned>(table: &mut chat::Table<K, T>, row: &Row) -> bool {
        let value = serde_json::from_slice(&row.bytes).ok();
        value.map(|value| table.insert(row.number.into(), Arc::new(value))).is_some()
    }
    match row.table {
        MESSAGES => put(&mut mailbox.messages, row),
        PEERS => put(&mut mailbox.peers, row),
        STANZAS => put(&mut mailbox.stanzas, row),
        SEEN => put(&mut mailbox.seen, row),
        SESSIONS => put(&mut mailbox.sessions, row),
        POSITION => serde_json::from_slice(&row.bytes).map(|position| mailbox.position = Arc::new(position)).is_ok(),
        _ => true,
    }
}

pub(crate) fn put_account(batch: &mut Batch, owner: Owner, account: &Account) -> Result<(), Error> {
    batch.put(owner, ACCOUNT, ONLY, to_json(account)?);
    Ok(())
}

pub(crate) fn remove_account(batch: &mut Batch, owner: Owner) {
    batch.remove(owner, ACCOUNT, ONLY);
}

/// Owners without an account row. An account that cannot be read still has its row.
pub(super) fn without_account(vault: &Vault) -> Result<Vec<Owner>, Error> {
    let mut without = Vec::new();
    for owner in vault.owners() {
        if vault.row(owner, ACCOUNT, ONLY)?.is_none() {
            without.push(owner);
        }
    }
    Ok(without)
}

pub(crate) fn put_registrations(batch: &mut Batch, registrations: &[UnixTime]) -> Result<(), Error> {
    batch.put(Owner::COMMON, REGISTRATIONS, ONLY, to_json(registrations)?);
    Ok(())
}

pub(crate) fn put_learnt(batch: &mut Batch, learnt: &Lessons) -> Result<(), Error> {
    batch.put(Owner::COMMON, LEARNT, ONLY, to_json(learnt)?);
    Ok(())
}

pub(crate) fn put_directory(batch: &mut Batch, taken: &Taken) -> Result<(), Error> {
    batch.put(Owner::COMMON, DIRECTORY, ONLY, to_json(taken)?);
    Ok(())
}

/// `None`: there is no list any more.
pub(crate) fn put_own_servers(batch: &mut Batch, list: Option<&str>) -> Result<(), Error> {
    match list {
        Some(list) => batch.put(Owner::COMMON, OWN_SERVERS, ONLY, to_json(list)?),
        None => batch.remove(Owner::COMMON, OWN_SERVERS, ONLY),
    }
    Ok(())
}

/// Notes that what burners share is to be cleared.
pub(crate) fn put_clearing(batch: &mut Batch) {
    batch.put(Owner::COMMON, CLEARING, ONLY, Zeroizing::default());
}

/// Removes all that is of the installation.
pub(crate) fn clear(batch: &mut Batch) {
    for table in [REGISTRATIONS, LEARNT, DIRECTORY, OWN_SERVERS, CLEARING] {
        batch.remove(Owner::COMMON, table, ONLY);
    }
}

/// Puts the rows of a mailbox that are not shared by both.
pub(crate) fn put_changes(batch: &mut Batch, owner: Owner, before: &Mailbox, after: &Mailbox) -> Result<(), Error> {
    put_table(batch, (owner, MESSAGES), &before.messages, &after.messages)?;
    put_table(batch, (owner, PEERS), &before.peers, &after.peers)?;
    put_table(batch, (owner, STANZAS), &before.stanzas, &after.stanzas)?;
    put_table(batch, (owner, SEEN), &before.seen, &after.seen)?;
    put_table(batch, (owner, SESSIONS), &before.sessions, &after.sessions)?;
    if !Arc::ptr_eq(&before.position, &after.position) {
        batch.put(owner, POSITION, ONLY, to_json(&*after.position)?);
    }
    Ok(())
}

fn put_table<K: Into<u64> + Ord + Copy, T: Serialize>(
    batch: &mut Batch,
    (owner, table): (Owner, Table),
    before: &chat::Table<K, T>,
    after: &chat::Table<K, T>,
) -> Result<(), Error> {
    for row in before.keys().filter(|row| !after.contains_key(row)) {
        batch.remove(owner, table, (*row).into());
    }
    for (row, value) in after {
        if !before.get(row).is_some_and(|before| Arc::ptr_eq(before, value)) {
            batch.put(owner, table, (*row).into(), to_json(&**value)?);
        }
    }
    Ok(())
}
