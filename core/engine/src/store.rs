//! What the engine knows, as rows of the vault: each account is an owner, with a row of JSON for the account and one for
//! each message, peer and so on of its mailbox.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use flashpaper_chat::{self as chat, History, Mailbox, Stored, repair};
use flashpaper_vault as vault;
use flashpaper_vault::{
    Batch, Closed, Finding, FreshKey, KeyFile, KeySource as _, NextKey, OldKey, Owner, Row, Slot, Table, Vault, Wrapped,
};
use rand::CryptoRng;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::config::Key;
use crate::error::Input;
use crate::identity::OtrSeeds;
use crate::key_source::Adapter;
use crate::{Error, limits};

/// Each owner's account.
const ACCOUNT: Table = Table::lasting(0);
/// Of the installation: when registrations were tried.
const REGISTRATIONS: Table = Table::lasting(1);
/// Each owner's mailbox.
const POSITION: Table = Table::lasting(2);
const MESSAGES: Table = Table::lasting(3);
const PEERS: Table = Table::lasting(4);
const WIRES: Table = Table::lasting(5);
/// Of 6, records of another kind, nothing is read.
const SEEN: Table = Table::lasting(8);
/// Ratchets: an old copy of the device's flash must not be of use to somebody who gets a later key.
const SESSIONS: Table = Table::fleeting(7);
/// The row of a table that has one.
const ONLY: u64 = 0;

/// What was wrong with the sealed store when it was opened, and with what was read since: nothing, by default. What is not
/// counted here is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct VaultReport {
    /// Records that can never be read again: changed, or moved, by a failing device or by somebody. Where one is an
    /// account's own, what is left of that account goes with the next burn.
    pub lost: u32,
    /// Records were removed or replaced by older ones. Only somebody with access to the folder can do that. The rest may be out
    /// of date.
    /// Private conversations begin anew, as a session that was used must not be used again.
    pub incomplete: bool,
    /// The key of the store could not be changed at the opening, as each one does, or the key store could not delete one
    /// that is not used any more, or what was removed could not be written over: older records may be readable. It is tried
    /// again at the next opening.
    pub old_key_kept: bool,
}

/// The store. Open, it holds the folder's lock; suspended, it can be read and not changed.
pub(crate) struct Store {
    vault: Door,
    content: Content,
    /// By account id.
    owners: HashMap<String, Owner>,
    report: VaultReport,
}

enum Door {
    Open(Vault),
    Closed(Closed),
}

/// All that is stored.
#[derive(Default, Clone)]
pub(crate) struct Content {
    pub(crate) accounts: Vec<Account>,
    /// By account id: those that were needed, see [`Store::fetch`].
    mailboxes: HashMap<String, Arc<Mailbox>>,
    /// The latest time that an earlier run has seen, in seconds since 1970.
    pub(crate) latest: u64,
    /// When registrations were tried, in seconds since 1970: the last hour's count against our own cap.
    pub(crate) registrations: Vec<u64>,
}

/// One account, from before the server can know of it until after it is gone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Account {
    /// Names the account within this installation; random, and nothing outside knows it.
    pub(crate) id: String,
    pub(crate) domain: String,
    pub(crate) username: String,
    pub(crate) password: String,
    /// The recovery words, until they were shown or declined.
    pub(crate) words: Option<String>,
    #[zeroize(skip)]
    pub(crate) route: crate::Route,
    /// Where its onion service does not answer, by the exit.
    #[serde(default)]
    pub(crate) then_exit: bool,
    #[zeroize(skip)]
    pub(crate) state: State,
    /// Seconds since 1970.
    pub(crate) created: u64,
    #[zeroize(skip)]
    #[serde(default)]
    pub(crate) history: History,
    /// What its long-term OTR key is made from.
    pub(crate) otr: OtrSeeds,
    /// Its OTR instance tag.
    pub(crate) tag: u32,
    /// The person's name for it. It never leaves the device.
    pub(crate) label: Option<String>,
    /// How long an OTR session may rest and be used again, in seconds; 0: no session outlives the process.
    pub(crate) session_life: u64,
    /// The app has asked for it to be connected.
    #[serde(default)]
    pub(crate) wanted: bool,
    /// The server has confirmed that it removed the account.
    #[serde(default)]
    pub(crate) removed: bool,
    /// When the server refused the login for the first time as it was asked whether the account exists, in seconds since 1970.
    #[serde(default)]
    pub(crate) refused: Option<u64>,
    /// A login was bound to its TLS connection: no other kind is tried any more.
    #[serde(default)]
    pub(crate) binds: bool,
    /// No conversation is in version 2 of OTR.
    #[serde(default)]
    pub(crate) version_3_only: bool,
}

/// How much is known of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// It may or may not be at the server.
    Pending,
    /// It is at the server, and wanted.
    Active,
    /// It was at the server, and has to go.
    Burning,
    /// It may or may not be at the server, and has to go.
    Unwanted,
}

impl Store {
    /// Opens the folder, making it when absent. Takes as long as Argon2id does when a passphrase is used, and as long as a
    /// key source does.
    pub(crate) fn open(folder: &Path, key: &Key, rng: &mut dyn CryptoRng) -> Result<Self, Error> {
        let mut store = Self::load(Vault::open(folder, key_of(folder, key)?, rng)?, rng)?;
        store.renew(rng)?;
        if !matches!(key, Key::File) {
            // A crash may have come between a change of keys and the end of the old one.
            let file = KeyFile::new(folder);
            let kept = [Slot::First, Slot::Second].into_iter().filter(|slot| file.delete(*slot).is_err()).count();
            store.report.old_key_kept |= kept > 0;
        }
        Ok(store)
    }

    fn load((mut vault, findings): (Vault, Vec<Finding>), rng: &mut dyn CryptoRng) -> Result<Self, Error> {
        end_replayed_sessions(&mut vault, &findings, rng)?;
        let mut report = VaultReport::default();
        findings.into_iter().for_each(|finding| report.add(finding));
        let (mut content, mut owners) = (Content::default(), HashMap::new());
        for owner in vault.owners() {
            let account: Option<Account> = read_only(&vault, owner, ACCOUNT, &mut report)?;
            if let Some(account) = account {
                owners.insert(account.id.clone(), owner);
                if let Some(Ok(position)) = vault.row(owner, POSITION, ONLY)? {
                    content.latest = content.latest.max(Mailbox::latest_of(&position.bytes));
                }
                content.accounts.push(account);
            }
        }
        content.registrations = read_only(&vault, Owner::COMMON, REGISTRATIONS, &mut report)?.unwrap_or_default();
        content.accounts.sort_by_key(|account| account.created);
        Ok(Self { vault: Door::Open(vault), content, owners, report })
    }

    /// Has the next key of the store take the place of this one. Where it cannot, the report tells.
    pub(crate) fn renew(&mut self, rng: &mut dyn CryptoRng) -> Result<(), Error> {
        if let Some(finding) = self.vault()?.renew(rng) {
            self.report.add(finding);
        }
        Ok(())
    }

    /// Reads an account's mailbox, unless it was: what others have filled it with keeps no account from being listed or burnt.
    ///
    /// # Errors
    /// [`Error::Unreadable`], [`Error::NoSuchBurner`], [`Error::Suspended`], [`Error::Storage`].
    pub(crate) fn fetch(&mut self, id: &str) -> Result<(), Error> {
        if self.content.mailboxes.contains_key(id) {
            return Ok(());
        }
        let owner = *self.owners.get(id).ok_or(Error::NoSuchBurner)?;
        let vault = self.vault()?;
        if vault.size(owner) > limits::MAILBOX {
            return Err(Error::Unreadable);
        }
        let (mut mailbox, mut lost) = (Mailbox::default(), 0);
        let findings = vault.each(owner, |row| lost += u32::from(!take_in(&mut mailbox, &row)));
        let findings = findings.map_err(|error| match error {
            vault::Error::Damaged => Error::Unreadable,
            error => error.into(),
        })?;
        repair::mend(&mut mailbox);
        self.report.lost += lost;
        findings.into_iter().for_each(|finding| self.report.add(finding));
        self.content.mailboxes.insert(id.to_owned(), Arc::new(mailbox));
        Ok(())
    }

    /// Lets go of the folder: another process may open it. The key stays in memory.
    pub(crate) fn suspend(self) -> Self {
        let vault = match self.vault {
            Door::Open(vault) => Door::Closed(vault.close()),
            closed @ Door::Closed(_) => closed,
        };
        Self { vault, ..self }
    }

    /// What a suspended store is opened by again; `None` where it is open.
    pub(crate) fn closed(&self) -> Option<Closed> {
        match &self.vault {
            Door::Open(_) => None,
            Door::Closed(closed) => Some(closed.clone()),
        }
    }

    /// Opens the folder again. What another process has changed in it meanwhile is seen.
    pub(crate) fn reopen(folder: &Path, closed: &Closed, rng: &mut dyn CryptoRng) -> Result<Self, Error> {
        Self::load(closed.open(folder, rng)?, rng)
    }

    pub(crate) const fn is_suspended(&self) -> bool {
        matches!(self.vault, Door::Closed(_))
    }

    fn vault(&mut self) -> Result<&mut Vault, Error> {
        match &mut self.vault {
            Door::Open(vault) => Ok(vault),
            Door::Closed(_) => Err(Error::Suspended),
        }
    }

    /// What [`check_key`] needs.
    pub(crate) fn wrapped(&mut self) -> Result<Wrapped, Error> {
        Ok(self.vault()?.wrapped()?)
    }

    /// What [`Store::change_key`] and [`Store::forget`] take begins with this: whoever makes it waits for a key source, the
    /// store does not.
    pub(crate) fn next_key(&mut self) -> Result<NextKey, Error> {
        Ok(self.vault()?.next_key()?)
    }

    /// Has a key made with [`sealed_by`] open the folder from now on, and only that.
    pub(crate) fn change_key(&mut self, fresh: FreshKey, rng: &mut dyn CryptoRng) -> Result<OldKey, Error> {
        Ok(self.vault()?.change_key(fresh, rng)?)
    }

    /// Forgets an account; on return that is on disk. On an error nothing has changed.
    pub(crate) fn forget(&mut self, id: &str, fresh: FreshKey, rng: &mut dyn CryptoRng) -> Result<OldKey, Error> {
        self.content.account(id)?;
        // Also whoever has lost the record of its account: nothing shows it, and nothing else would ever remove it.
        let kept: Vec<Owner> = self.owners.iter().filter(|(of, _)| *of != id).map(|(_, owner)| *owner).collect();
        let vault = self.vault()?;
        let gone: Vec<Owner> = vault.owners().into_iter().filter(|owner| !kept.contains(owner)).collect();
        let old = vault.forget(&gone, fresh, rng)?;
        self.owners.remove(id);
        self.content.accounts.retain(|account| account.id != id);
        self.content.mailboxes.remove(id);
        Ok(old)
    }

    /// Changes the content; on return the change is on disk. On an error nothing has changed. No account is forgotten so.
    pub(crate) fn commit<T>(
        &mut self,
        rng: &mut dyn CryptoRng,
        change: impl FnOnce(&mut Content) -> T,
    ) -> Result<T, Error> {
        let mut content = self.content.clone();
        let result = change(&mut content);
        let (mut batch, mut added) = (Batch::default(), Vec::new());
        // What was not read must not be written over.
        if content.mailboxes.keys().any(|id| self.owners.contains_key(id) && !self.content.mailboxes.contains_key(id)) {
            return Err(Error::Internal);
        }
        for account in &content.accounts {
            let owner = self.owners.get(&account.id).copied().unwrap_or_else(|| {
                let owner = batch.add_owner(rng);
                added.push((account.id.clone(), owner));
                owner
            });
            if self.content.account(&account.id).ok() != Some(account) {
                batch.put(owner, ACCOUNT, ONLY, to_json(account)?);
            }
            let (before, after) = (self.content.mailbox(&account.id), content.mailbox(&account.id));
            if std::ptr::eq(before, after) {
                continue;
            }
            put_changes(&mut batch, (owner, MESSAGES), &before.messages, &after.messages)?;
            put_changes(&mut batch, (owner, PEERS), &before.peers, &after.peers)?;
            put_changes(&mut batch, (owner, WIRES), &before.stanzas, &after.stanzas)?;
            put_changes(&mut batch, (owner, SEEN), &before.seen, &after.seen)?;
            put_changes(&mut batch, (owner, SESSIONS), &before.sessions, &after.sessions)?;
            if !Arc::ptr_eq(&before.position, &after.position) {
                batch.put(owner, POSITION, ONLY, to_json(&*after.position)?);
            }
        }
        if content.registrations != self.content.registrations {
            batch.put(Owner::COMMON, REGISTRATIONS, ONLY, to_json(&content.registrations)?);
        }
        if !batch.is_empty() {
            self.vault()?.commit(batch, rng)?;
        }
        self.owners.extend(added);
        self.content = content;
        Ok(result)
    }

    pub(crate) const fn content(&self) -> &Content {
        &self.content
    }

    pub(crate) const fn report(&mut self) -> &mut VaultReport {
        &mut self.report
    }
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

/// Has a mailbox take in a row of its own; whether it makes sense.
fn take_in(mailbox: &mut Mailbox, row: &Row) -> bool {
    fn put<K: From<u64> + Ord, T: DeserializeOwned>(table: &mut chat::Table<K, T>, row: &Row) -> bool {
        let value = serde_json::from_slice(&row.bytes).ok();
        value.map(|value| table.insert(row.number.into(), Arc::new(value))).is_some()
    }
    match row.table {
        MESSAGES => put(&mut mailbox.messages, row),
        PEERS => put(&mut mailbox.peers, row),
        WIRES => put(&mut mailbox.stanzas, row),
        SEEN => put(&mut mailbox.seen, row),
        SESSIONS => put(&mut mailbox.sessions, row),
        POSITION => serde_json::from_slice(&row.bytes).map(|position| mailbox.position = Arc::new(position)).is_ok(),
        // The account.
        _ => true,
    }
}

/// What is not shared by both is another row.
fn put_changes<K: Into<u64> + Ord + Copy, T: Serialize>(
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

impl VaultReport {
    pub(crate) fn add(&mut self, finding: Finding) {
        match finding {
            Finding::OwnerLost(_) | Finding::RowLost(_) => self.lost += 1,
            Finding::RowsMissing(_) | Finding::OwnersMissing => self.incomplete = true,
            Finding::OldKeyKept => self.old_key_kept = true,
        }
    }
}

/// Whether a key opens the folder that this is of. Takes as long as opening it.
pub(crate) fn check_key(wrapped: &Wrapped, folder: &Path, key: &Key) -> Result<(), Error> {
    Ok(wrapped.check(key_of(folder, key)?)?)
}

/// Has a key seal the folder's next one. Takes as long as opening it.
pub(crate) fn sealed_by(next: NextKey, folder: &Path, key: &Key, rng: &mut dyn CryptoRng) -> Result<NextKey, Error> {
    Ok(next.sealed_by(key_of(folder, key)?, rng)?)
}

fn key_of(folder: &Path, key: &Key) -> Result<vault::Key, Error> {
    let (source, passphrase): (Arc<dyn vault::KeySource>, _) = match key {
        Key::File => (Arc::new(KeyFile::new(folder)), None),
        Key::Passphrase(passphrase) => return Ok(vault::Key::passphrase(not_empty(passphrase)?)),
        Key::Source { source, passphrase } => (Arc::new(Adapter(Arc::clone(source))), passphrase.as_ref()),
    };
    let key = vault::Key::source(source);
    Ok(match passphrase {
        Some(passphrase) => key.and_passphrase(not_empty(passphrase)?),
        None => key,
    })
}

fn not_empty(passphrase: &[u8]) -> Result<&[u8], Error> {
    if passphrase.is_empty() { Err(Error::InvalidInput { input: Input::Passphrase }) } else { Ok(passphrase) }
}

fn to_json(value: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, Error> {
    serde_json::to_vec(value).map(Zeroizing::new).map_err(|_| Error::Internal)
}

impl Content {
    pub(crate) fn account(&self, id: &str) -> Result<&Account, Error> {
        self.accounts.iter().find(|a| a.id == id).ok_or(Error::NoSuchBurner)
    }

    pub(crate) fn set_state(&mut self, id: &str, state: State) {
        if let Some(account) = self.account_mut(id) {
            account.state = state;
            if state == State::Active {
                account.refused = None;
            }
        }
    }

    pub(crate) fn account_mut(&mut self, id: &str) -> Option<&mut Account> {
        self.accounts.iter_mut().find(|account| account.id == id)
    }

    /// One that was fetched, or a new one.
    pub(crate) fn mailbox(&self, id: &str) -> &Mailbox {
        static EMPTY: LazyLock<Mailbox> = LazyLock::new(Mailbox::default);
        self.mailboxes.get(id).map_or(&EMPTY, |mailbox| mailbox)
    }

    pub(crate) fn mailbox_mut(&mut self, id: &str) -> &mut Mailbox {
        Arc::make_mut(self.mailboxes.entry(id.to_owned()).or_default())
    }
}

impl From<vault::Error> for Error {
    fn from(error: vault::Error) -> Self {
        match error {
            vault::Error::InUse => Self::InUse,
            vault::Error::WrongKey => Self::VaultLocked,
            vault::Error::KeyDenied => Self::KeyDenied,
            vault::Error::KeyLost => Self::KeyLost,
            vault::Error::Damaged => Self::VaultDamaged,
            vault::Error::TooNew => Self::VaultTooNew,
            vault::Error::Full => Self::StorageFull,
            vault::Error::ReadOnly | vault::Error::Io => Self::Storage,
            vault::Error::NoSuchOwner | vault::Error::Internal => Self::Internal,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::fs;

    use flashpaper_chat::PeerId;
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;
    use tempfile::TempDir;

    use super::*;

    fn rng(seed: u64) -> StdRng {
        StdRng::seed_from_u64(seed)
    }

    pub(crate) fn account(id: &str) -> Account {
        Account {
            id: id.into(),
            domain: "jabber.example".into(),
            username: "nobody".into(),
            password: "correct horse".into(),
            words: None,
            route: crate::Route::Exit,
            then_exit: false,
            state: State::Pending,
            created: u64::from(id.as_bytes()[0]),
            history: History::None,
            otr: crate::identity::Identity::random(&mut rng(1)).otr.clone(),
            tag: 0x100,
            label: None,
            session_life: 0,
            wanted: false,
            removed: false,
            refused: None,
            binds: false,
            version_3_only: false,
        }
    }

    fn open(folder: &Path, key: &Key) -> Result<Store, Error> {
        Store::open(folder, key, &mut rng(2))
    }

    fn forget(store: &mut Store, id: &str) -> Result<(), Error> {
        let fresh = store.next_key()?.seal(&mut rng(4))?;
        assert_eq!(store.forget(id, fresh, &mut rng(5))?.delete(), None);
        Ok(())
    }

    /// The number of an account's owner, as the file has it.
    fn number(store: &Store, id: &str) -> i64 {
        let owner = format!("{:?}", store.owners[id]);
        owner.trim_matches(|c: char| !c.is_ascii_digit()).parse::<u64>().unwrap().cast_signed()
    }

    /// Changes the file, beside which there may be an older one, `old`.
    fn change(folder: &Path, sql: &str) {
        let db = rusqlite::Connection::open(folder.join("vault.db")).unwrap();
        db.execute("ATTACH ?1 AS old", [folder.join("old.db").to_str().unwrap()]).unwrap();
        db.execute_batch(sql).unwrap();
    }

    fn ids(store: &Store) -> Vec<&str> {
        store.content().accounts.iter().map(|account| account.id.as_str()).collect()
    }

    #[test]
    fn what_was_committed_is_there_again() {
        let folder = TempDir::new().unwrap();
        let mut store = open(folder.path(), &Key::File).unwrap();
        let rng = &mut rng(3);
        for id in ["b", "a", "c"] {
            store.commit(rng, |content| content.accounts.push(account(id))).unwrap();
        }
        store
            .commit(rng, |content| {
                content.set_state("a", State::Active);
                content.registrations = vec![1, 2];
            })
            .unwrap();
        forget(&mut store, "b").unwrap();
        drop(store);
        let mut store = open(folder.path(), &Key::File).unwrap();
        // In the order of their creation.
        assert_eq!(ids(&store), ["a", "c"]);
        assert_eq!(store.content().account("a").unwrap().state, State::Active);
        assert_eq!(store.content().registrations, [1, 2]);
        assert_eq!(*store.report(), VaultReport::default());
    }

    #[test]
    fn keys_that_do_not_fit_are_told() {
        let folder = TempDir::new().unwrap();
        let home = folder.path();
        drop(open(home, &Key::passphrase("swordfish")).unwrap());
        assert_eq!(open(home, &Key::passphrase("Swordfish")).err(), Some(Error::VaultLocked));
        assert_eq!(open(home, &Key::File).err(), Some(Error::VaultLocked));
        assert_eq!(open(home, &Key::passphrase("")).err(), Some(Error::InvalidInput { input: Input::Passphrase }));
    }

    #[test]
    fn what_is_damaged_is_counted_and_the_rest_is_there() {
        let folder = TempDir::new().unwrap();
        let mut store = open(folder.path(), &Key::File).unwrap();
        let rng = &mut rng(3);
        for id in ["a", "b", "c"] {
            store.commit(rng, |content| content.accounts.push(account(id))).unwrap();
        }
        let lost = number(&store, "a");
        drop(store);
        change(folder.path(), &format!("UPDATE rows SET sealed = zeroblob(length(sealed)) WHERE owner = {lost}"));
        let mut store = open(folder.path(), &Key::File).unwrap();
        assert_eq!(store.content().accounts.len(), 2);
        assert_eq!(store.report().lost, 1);
        store.commit(rng, |content| content.accounts.push(account("d"))).unwrap();
    }

    #[test]
    fn what_is_left_of_a_lost_account_goes_with_the_next_burn() {
        let folder = TempDir::new().unwrap();
        let mut store = open(folder.path(), &Key::File).unwrap();
        let rng = &mut rng(3);
        for id in ["a", "b", "c"] {
            store.commit(rng, |content| content.accounts.push(account(id))).unwrap();
        }
        let mut batch = Batch::default();
        batch.put(store.owners["a"], MESSAGES, 1, b"{}".to_vec());
        batch.remove(store.owners["a"], ACCOUNT, ONLY);
        store.vault().unwrap().commit(batch, rng).unwrap();
        drop(store);
        let mut store = open(folder.path(), &Key::File).unwrap();
        assert_eq!(ids(&store), ["b", "c"]);
        store.commit(rng, |content| content.registrations.push(1)).unwrap();
        assert_eq!(store.vault().unwrap().owners().len(), 3);
        forget(&mut store, "b").unwrap();
        assert_eq!(store.vault().unwrap().owners(), [store.owners["c"]]);
        assert_eq!(ids(&store), ["c"]);
    }

    #[test]
    fn a_record_that_makes_no_sense_is_lost_and_the_others_are_good() {
        let folder = TempDir::new().unwrap();
        let mut store = open(folder.path(), &Key::File).unwrap();
        let rng = &mut rng(3);
        store.commit(rng, |content| content.accounts.push(account("a"))).unwrap();
        store.fetch("a").unwrap();
        store.commit(rng, |content| content.mailbox_mut("a").peer("peer@b.example")).unwrap();
        let mut batch = Batch::default();
        batch.put(store.owners["a"], MESSAGES, 1, b"{\"of\":\"another time\"}".to_vec());
        store.vault().unwrap().commit(batch, rng).unwrap();
        drop(store);
        let mut store = open(folder.path(), &Key::File).unwrap();
        // What was not read is not written over.
        assert_eq!(store.commit(rng, |content| content.mailbox_mut("a").peer("other@b.example")), Err(Error::Internal));
        store.fetch("a").unwrap();
        assert_eq!(
            (ids(&store), store.content().mailbox("a").find("peer@b.example")),
            (vec!["a"], Some(PeerId::from(1)))
        );
        assert_eq!(*store.report(), VaultReport { lost: 1, ..VaultReport::default() });
    }

    #[test]
    fn where_rows_are_older_ones_that_is_told_and_no_session_is_used_again() {
        // With the sessions that are ended at the first opening nothing else is older any more.
        let is_mended = ["= {} + 1", "= owner"];
        // The session's alone, the others alone, both, those of the vault itself, all there are, and none.
        for (replayed, is_told) in
            [("= {} + 1", true), ("= {}", true), ("<> 0", true), ("= 0", true), ("= owner", true), ("= -1", false)]
        {
            let folder = TempDir::new().unwrap();
            let mut store = open(folder.path(), &Key::File).unwrap();
            let (rng, peer) = (&mut rng(3), PeerId::from(1));
            store.commit(rng, |content| content.accounts.push(account("a"))).unwrap();
            let mut write = |store: &mut Store, state: &str| {
                store.fetch("a").unwrap();
                let key = "07".repeat(20);
                let stored = format!(r#"{{"state":"{state}","used":1,"key":"{key}","finished":false}}"#);
                let stored: Stored = serde_json::from_str(&stored).unwrap();
                let write = |content: &mut Content| {
                    let mailbox = content.mailbox_mut("a");
                    mailbox.peer("peer@b.example");
                    mailbox.befriend(peer);
                    mailbox.sessions.insert(peer, Arc::new(stored));
                };
                store.commit(rng, write).unwrap();
            };
            write(&mut store, "MQ==");
            let owner = number(&store, "a");
            fs::copy(folder.path().join("vault.db"), folder.path().join("old.db")).unwrap();
            write(&mut store, "Mg==");
            drop(store);
            let which = format!("owner {}", replayed.replace("{}", &owner.to_string()));
            change(
                folder.path(),
                &format!("DELETE FROM rows WHERE {which}; INSERT INTO rows SELECT * FROM old.rows WHERE {which}"),
            );
            for time in 0..3 {
                let mut store = open(folder.path(), &Key::File).unwrap();
                assert_eq!(
                    store.report().incomplete,
                    is_told && (time == 0 || !is_mended.contains(&replayed)),
                    "{replayed} {time}"
                );
                store.fetch("a").unwrap();
                let session = &store.content().mailbox("a").sessions[&peer];
                let (state, has_key) = if is_told { ("", false) } else { ("Mg==", true) };
                assert_eq!((&*session.state, session.key.is_some()), (state, has_key), "{replayed} {time}");
            }
        }
    }

    #[test]
    fn a_mailbox_that_is_too_large_is_neither_read_nor_in_the_way() {
        let folder = TempDir::new().unwrap();
        let mut store = open(folder.path(), &Key::File).unwrap();
        let rng = &mut rng(3);
        for id in ["a", "b"] {
            store.commit(rng, |content| content.accounts.push(account(id))).unwrap();
        }
        let mut batch = Batch::default();
        (1..=65).for_each(|row| batch.put(store.owners["a"], MESSAGES, row, vec![b'x'; 1_000_000]));
        store.vault().unwrap().commit(batch, rng).unwrap();
        drop(store);
        let mut store = open(folder.path(), &Key::File).unwrap();
        assert_eq!(*store.report(), VaultReport::default());
        assert_eq!(ids(&store), ["a", "b"]);
        assert_eq!((store.fetch("a"), store.fetch("b")), (Err(Error::Unreadable), Ok(())));
        store.commit(rng, |content| content.set_state("a", State::Burning)).unwrap();
        assert_eq!(forget(&mut store, "a"), Ok(()));
        assert_eq!(ids(&store), ["b"]);
        drop(store);
        let store = open(folder.path(), &Key::File).unwrap();
        assert_eq!(ids(&store), ["b"]);
        assert!(store.content().mailboxes.is_empty(), "none is read before it is needed");
    }

    #[test]
    fn each_opening_changes_the_key_and_says_where_it_cannot() {
        let folder = TempDir::new().unwrap();
        let key = |slot| folder.path().join(format!("key.{slot}"));
        for slot in [1, 0, 1] {
            let mut store = open(folder.path(), &Key::File).unwrap();
            assert!(key(slot).is_file() && !key(1 - slot).exists());
            assert_eq!(*store.report(), VaultReport::default());
        }
        // The place of the next key is taken by a folder: the write fails, for root too.
        fs::create_dir(key(0)).unwrap();
        let mut store = open(folder.path(), &Key::File).unwrap();
        assert_eq!(*store.report(), VaultReport { old_key_kept: true, ..VaultReport::default() });
        store.commit(&mut rng(3), |content| content.accounts.push(account("a"))).unwrap();
        let closed = store.suspend().closed().unwrap();
        fs::remove_dir(key(0)).unwrap();
        let mut store = Store::reopen(folder.path(), &closed, &mut rng(4)).unwrap();
        store.renew(&mut rng(5)).unwrap();
        assert_eq!(*store.report(), VaultReport::default());
        assert_eq!(ids(&store), ["a"]);
        assert!(key(0).is_file() && !key(1).exists());
    }

    #[test]
    fn a_failed_commit_changes_nothing() {
        let folder = TempDir::new().unwrap();
        let mut store = open(folder.path(), &Key::File).unwrap();
        store.commit(&mut rng(3), |c| c.accounts.push(account("a"))).unwrap();
        // The place of the next key is taken by a folder: the write fails, for root too.
        fs::create_dir(folder.path().join("key.0")).unwrap();
        assert_eq!(forget(&mut store, "a"), Err(Error::Storage));
        assert_eq!(ids(&store), ["a"]);
        store.commit(&mut rng(5), |c| c.registrations.push(1)).unwrap();
        fs::remove_dir(folder.path().join("key.0")).unwrap();
        assert_eq!(forget(&mut store, "a"), Ok(()));
        assert!(ids(&store).is_empty());
        drop(store);
        assert!(ids(&open(folder.path(), &Key::File).unwrap()).is_empty(), "on disk, too");
    }
}
