//! What the engine knows, as rows of the vault: each account is an owner, with a row of JSON for the account and one for
//! each message, peer and so on of its mailbox.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use flashpaper_vault as vault;
use flashpaper_vault::{Batch, Closed, Finding, KeyFile, KeySource as _, Owner, Slot, Table, Vault, Wrapped};
use rand::CryptoRng;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::Error;
use crate::config::Key;
use crate::error::Input;
use crate::identity::OtrSeeds;
use crate::mailbox::{self, Mailbox};
use crate::message::History;

/// Each owner's account.
const ACCOUNT: Table = Table(0);
/// Of the installation: when registrations were tried.
const REGISTRATIONS: Table = Table(1);
/// Each owner's mailbox.
const POSITION: Table = Table(2);
const MESSAGES: Table = Table(3);
const PEERS: Table = Table(4);
const WIRES: Table = Table(5);
const SEEN: Table = Table(6);
const SESSIONS: Table = Table(7);
/// The row of a table that has one.
const ONLY: u64 = 0;

/// What was wrong with the sealed store when it was opened: nothing, by default. What is not counted here is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct VaultReport {
    /// Records that can never be read again: changed, or moved, by a failing device or by somebody. Where one is an
    /// account's own, what is left of that account goes with the next burn.
    pub lost: u32,
    /// Records were removed, or replaced by older ones: what is there may be out of date.
    pub incomplete: bool,
    /// The key store could not delete a key that is not used any more: older copies of the store may be readable. It is
    /// asked again at the next opening.
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
    /// By account id; where there is none, it is empty.
    mailboxes: HashMap<String, Arc<Mailbox>>,
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
    /// Opens the folder, making it when absent. Takes as long as Argon2id does when a passphrase is used.
    pub(crate) fn open(folder: &Path, key: &Key, rng: &mut dyn CryptoRng) -> Result<Self, Error> {
        let mut store = Self::load(Vault::open(folder, key_of(folder, key)?, rng)?)?;
        if let Key::Passphrase(_) = key {
            // A crash may have come between a change of keys and the end of the old one.
            let file = KeyFile::new(folder);
            let kept = [Slot::First, Slot::Second].into_iter().filter(|slot| file.delete(*slot).is_err()).count();
            store.report.old_key_kept |= kept > 0;
        }
        Ok(store)
    }

    fn load((vault, findings): (Vault, Vec<Finding>)) -> Result<Self, Error> {
        let mut report = VaultReport::default();
        findings.into_iter().for_each(|finding| report.add(finding));
        let (mut content, mut owners) = (Content::default(), HashMap::new());
        let mut rows = Reader { vault: &vault, report: &mut report };
        for owner in vault.owners() {
            for (_, account) in rows.read::<Account>(owner, ACCOUNT)? {
                let mut mailbox = Mailbox {
                    messages: rows.table(owner, MESSAGES)?,
                    peers: rows.table(owner, PEERS)?,
                    wires: rows.table(owner, WIRES)?,
                    seen: rows.table(owner, SEEN)?,
                    sessions: rows.table(owner, SESSIONS)?,
                    position: rows.table(owner, POSITION)?.remove(&ONLY).unwrap_or_default(),
                };
                mailbox.mend();
                owners.insert(account.id.clone(), owner);
                content.mailboxes.insert(account.id.clone(), Arc::new(mailbox));
                content.accounts.push(account);
            }
        }
        content.registrations = rows.read(Owner::COMMON, REGISTRATIONS)?.pop().map(|(_, r)| r).unwrap_or_default();
        content.accounts.sort_by_key(|account| account.created);
        Ok(Self { vault: Door::Open(vault), content, owners, report })
    }

    /// Lets go of the folder: another process may open it. The key stays in memory.
    pub(crate) fn suspend(self) -> Self {
        let vault = match self.vault {
            Door::Open(vault) => Door::Closed(vault.close()),
            closed @ Door::Closed(_) => closed,
        };
        Self { vault, ..self }
    }

    /// Opens the folder again. What another process has changed in it meanwhile is seen.
    pub(crate) fn resume(&mut self, folder: &Path) -> Result<(), Error> {
        if let Door::Closed(closed) = &self.vault {
            *self = Self::load(closed.open(folder)?)?;
        }
        Ok(())
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

    /// Has another key open the folder from now on, and only that.
    pub(crate) fn change_key(&mut self, folder: &Path, key: &Key, rng: &mut dyn CryptoRng) -> Result<(), Error> {
        let finding = self.vault()?.change_key(key_of(folder, key)?, rng)?;
        finding.into_iter().for_each(|finding| self.report.add(finding));
        Ok(())
    }

    /// Changes the content; on return the change is on disk. On an error nothing has changed. What forgets an account
    /// changes nothing else: that is a commit of its own.
    pub(crate) fn commit<T>(
        &mut self,
        rng: &mut dyn CryptoRng,
        change: impl FnOnce(&mut Content) -> T,
    ) -> Result<T, Error> {
        let mut content = self.content.clone();
        let result = change(&mut content);
        let (mut batch, mut added) = (Batch::default(), Vec::new());
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
            put_changes(&mut batch, (owner, WIRES), &before.wires, &after.wires)?;
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
        let is_kept = |id: &String| content.account(id).is_ok();
        if !self.owners.keys().all(is_kept) {
            // Also whoever has lost the record of its account: nothing shows it, and nothing else would ever remove it.
            let kept: Vec<Owner> = self.owners.iter().filter(|(id, _)| is_kept(id)).map(|(_, owner)| *owner).collect();
            let vault = self.vault()?;
            let gone: Vec<Owner> = vault.owners().into_iter().filter(|owner| !kept.contains(owner)).collect();
            let finding = vault.forget(&gone, rng)?;
            finding.into_iter().for_each(|finding| self.report.add(finding));
            self.owners.retain(|id, _| is_kept(id));
        }
        self.content = content;
        Ok(result)
    }

    pub(crate) const fn content(&self) -> &Content {
        &self.content
    }

    pub(crate) const fn report(&self) -> VaultReport {
        self.report
    }
}

/// Reads rows, and counts those that are lost.
struct Reader<'a> {
    vault: &'a Vault,
    report: &'a mut VaultReport,
}

impl Reader<'_> {
    fn read<T: DeserializeOwned>(&mut self, owner: Owner, table: Table) -> Result<Vec<(u64, T)>, Error> {
        let rows = self.vault.rows(owner, table)?;
        rows.lost.into_iter().for_each(|finding| self.report.add(finding));
        let rows = rows.good.iter().map(|row| Ok((row.number, serde_json::from_slice(&row.bytes)?)));
        rows.collect::<Result<_, serde_json::Error>>().map_err(|_| Error::VaultDamaged)
    }

    fn table<T: DeserializeOwned>(&mut self, owner: Owner, table: Table) -> Result<mailbox::Table<T>, Error> {
        Ok(self.read(owner, table)?.into_iter().map(|(row, value)| (row, Arc::new(value))).collect())
    }
}

/// What is not shared by both is another row.
fn put_changes<T: Serialize>(
    batch: &mut Batch,
    (owner, table): (Owner, Table),
    before: &mailbox::Table<T>,
    after: &mailbox::Table<T>,
) -> Result<(), Error> {
    for row in before.keys().filter(|row| !after.contains_key(row)) {
        batch.remove(owner, table, *row);
    }
    for (row, value) in after {
        if !before.get(row).is_some_and(|before| Arc::ptr_eq(before, value)) {
            batch.put(owner, table, *row, to_json(&**value)?);
        }
    }
    Ok(())
}

impl VaultReport {
    fn add(&mut self, finding: Finding) {
        match finding {
            Finding::OwnerLost(_) | Finding::RowLost(..) => self.lost += 1,
            Finding::RowsMissing(_) | Finding::OwnersMissing => self.incomplete = true,
            Finding::OldKeyKept => self.old_key_kept = true,
        }
    }
}

/// Whether a key opens the folder that this is of. Takes as long as opening it.
pub(crate) fn check_key(wrapped: &Wrapped, folder: &Path, key: &Key) -> Result<(), Error> {
    Ok(wrapped.check(key_of(folder, key)?)?)
}

fn key_of(folder: &Path, key: &Key) -> Result<vault::Key, Error> {
    match key {
        Key::File => Ok(vault::Key::source(Arc::new(KeyFile::new(folder)))),
        Key::Passphrase(passphrase) if passphrase.is_empty() => Err(Error::InvalidInput { input: Input::Passphrase }),
        Key::Passphrase(passphrase) => Ok(vault::Key::passphrase(passphrase)),
    }
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
        }
    }

    pub(crate) fn set_created(&mut self, id: &str, created: u64) {
        if let Some(account) = self.account_mut(id) {
            account.created = created;
        }
    }

    pub(crate) fn account_mut(&mut self, id: &str) -> Option<&mut Account> {
        self.accounts.iter_mut().find(|account| account.id == id)
    }

    pub(crate) fn forget(&mut self, id: &str) {
        self.accounts.retain(|a| a.id != id);
        self.mailboxes.remove(id);
    }

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
            vault::Error::WrongKey | vault::Error::KeyDenied => Self::VaultLocked,
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
mod tests {
    use std::fs;

    use rand::SeedableRng as _;
    use rand::rngs::StdRng;
    use tempfile::TempDir;

    use super::*;

    fn rng(seed: u64) -> StdRng {
        StdRng::seed_from_u64(seed)
    }

    fn account(id: &str) -> Account {
        Account {
            id: id.into(),
            domain: "jabber.example".into(),
            username: "nobody".into(),
            password: "correct horse".into(),
            words: None,
            route: crate::Route::Exit,
            state: State::Pending,
            created: u64::from(id.as_bytes()[0]),
            history: History::None,
            otr: crate::identity::Identity::random(&mut rng(1)).otr.clone(),
            tag: 0x100,
            label: None,
            session_life: 0,
        }
    }

    fn open(folder: &Path, key: &Key) -> Result<Store, Error> {
        Store::open(folder, key, &mut rng(2))
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
        store.commit(rng, |content| content.forget("b")).unwrap();
        drop(store);
        let store = open(folder.path(), &Key::File).unwrap();
        // In the order of their creation.
        assert_eq!(ids(&store), ["a", "c"]);
        assert_eq!(store.content().account("a").unwrap().state, State::Active);
        assert_eq!(store.content().registrations, [1, 2]);
        assert_eq!(store.report(), VaultReport::default());
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
        drop(store);
        // Ciphertext at the end of the file, where SQLite has put the first rows.
        let path = folder.path().join("vault.db");
        let mut file = fs::read(&path).unwrap();
        let end = file.len() - 100;
        file[end] ^= 1;
        fs::write(&path, file).unwrap();
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
        store.commit(rng, |content| content.forget("b")).unwrap();
        assert_eq!(store.vault().unwrap().owners(), [store.owners["c"]]);
        assert_eq!(ids(&store), ["c"]);
    }

    #[test]
    fn a_failed_commit_changes_nothing() {
        let folder = TempDir::new().unwrap();
        let mut store = open(folder.path(), &Key::File).unwrap();
        store.commit(&mut rng(3), |c| c.accounts.push(account("a"))).unwrap();
        // The place of the next key is taken by a folder: the write fails, for root too.
        fs::create_dir(folder.path().join("key.1")).unwrap();
        assert_eq!(store.commit(&mut rng(4), |c| c.forget("a")), Err(Error::Storage));
        assert_eq!(ids(&store), ["a"]);
        store.commit(&mut rng(5), |c| c.registrations.push(1)).unwrap();
        fs::remove_dir(folder.path().join("key.1")).unwrap();
        assert_eq!(store.commit(&mut rng(4), |c| c.forget("a")), Ok(()));
        assert!(ids(&store).is_empty());
        drop(store);
        assert!(ids(&open(folder.path(), &Key::File).unwrap()).is_empty(), "on disk, too");
    }
}
