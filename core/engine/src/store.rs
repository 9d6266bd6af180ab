//! What the engine knows, as rows of the vault: each account is an owner, with its account as one row of JSON.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use flashpaper_vault as vault;
use flashpaper_vault::{Batch, Finding, KeyFile, Owner, Table, Vault};
use rand::CryptoRng;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::Error;
use crate::config::Key;
use crate::error::Input;

/// Each owner's account.
const ACCOUNT: Table = Table(0);
/// Of the installation: when registrations were tried.
const REGISTRATIONS: Table = Table(1);
/// The row of a table that has one.
const ONLY: u64 = 0;

/// What was wrong with the sealed store when it was opened: nothing, by default. What is not counted here is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct VaultReport {
    /// Records that can never be read again: changed, or moved, by a failing device or by somebody.
    pub lost: u32,
    /// Records were removed, or replaced by older ones: what is there may be out of date.
    pub incomplete: bool,
    /// The key store could not delete a key that is not used any more: older copies of the store may be readable. It is
    /// asked again at the next opening.
    pub old_key_kept: bool,
}

/// The open store. It holds the folder's lock.
pub(crate) struct Store {
    vault: Vault,
    content: Content,
    /// By account id.
    owners: HashMap<String, Owner>,
    report: VaultReport,
}

/// All that is stored.
#[derive(Default, Clone)]
pub(crate) struct Content {
    pub(crate) accounts: Vec<Account>,
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
        let (vault, findings) = Vault::open(folder, key_of(folder, key)?, rng)?;
        let (content, owners) = (Content::default(), HashMap::new());
        let mut store = Self { vault, content, owners, report: VaultReport::default() };
        findings.into_iter().for_each(|finding| store.report.add(finding));
        for owner in store.vault.owners() {
            for account in store.rows::<Account>(owner, ACCOUNT)? {
                store.owners.insert(account.id.clone(), owner);
                store.content.accounts.push(account);
            }
        }
        store.content.accounts.sort_by_key(|account| account.created);
        store.content.registrations = store.rows(Owner::COMMON, REGISTRATIONS)?.pop().unwrap_or_default();
        Ok(store)
    }

    /// Whether a key would open this folder, too.
    pub(crate) fn check_key(&self, folder: &Path, key: &Key) -> Result<(), Error> {
        Ok(self.vault.check_key(key_of(folder, key)?)?)
    }

    /// Has another key open the folder from now on, and only that.
    pub(crate) fn change_key(&mut self, folder: &Path, key: &Key, rng: &mut dyn CryptoRng) -> Result<(), Error> {
        let finding = self.vault.change_key(key_of(folder, key)?, rng)?;
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
            if self.content.account(&account.id).ok() == Some(account) {
                continue;
            }
            let owner = self.owners.get(&account.id).copied().unwrap_or_else(|| {
                let owner = batch.add_owner(rng);
                added.push((account.id.clone(), owner));
                owner
            });
            batch.put(owner, ACCOUNT, ONLY, to_json(account)?);
        }
        if content.registrations != self.content.registrations {
            batch.put(Owner::COMMON, REGISTRATIONS, ONLY, to_json(&content.registrations)?);
        }
        if !batch.is_empty() {
            self.vault.commit(batch, rng)?;
        }
        self.owners.extend(added);
        let gone = self.content.accounts.iter().map(|account| account.id.clone());
        let gone: Vec<String> = gone.filter(|id| content.account(id).is_err()).collect();
        for id in gone {
            if let Some(owner) = self.owners.remove(&id) {
                let finding = self.vault.forget(owner, rng)?;
                finding.into_iter().for_each(|finding| self.report.add(finding));
            }
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

    fn rows<T: DeserializeOwned>(&mut self, owner: Owner, table: Table) -> Result<Vec<T>, Error> {
        let rows = self.vault.rows(owner, table)?;
        rows.lost.into_iter().for_each(|finding| self.report.add(finding));
        let rows = rows.good.iter().map(|row| serde_json::from_slice(&row.bytes));
        rows.collect::<Result<_, _>>().map_err(|_| Error::VaultDamaged)
    }
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
        for account in self.accounts.iter_mut().filter(|a| a.id == id) {
            account.state = state;
        }
    }

    pub(crate) fn set_created(&mut self, id: &str, created: u64) {
        for account in self.accounts.iter_mut().filter(|a| a.id == id) {
            account.created = created;
        }
    }

    pub(crate) fn forget(&mut self, id: &str) {
        self.accounts.retain(|a| a.id != id);
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
    fn a_failed_commit_changes_nothing() {
        let folder = TempDir::new().unwrap();
        let mut store = open(folder.path(), &Key::File).unwrap();
        store.commit(&mut rng(3), |c| c.accounts.push(account("a"))).unwrap();
        // The place of the next key is taken by a folder: the write fails, for root too.
        fs::create_dir(folder.path().join("key.1")).unwrap();
        assert_eq!(store.commit(&mut rng(4), |c| c.forget("a")), Err(Error::Storage));
        assert_eq!(ids(&store), ["a"]);
        fs::remove_dir(folder.path().join("key.1")).unwrap();
        assert_eq!(store.commit(&mut rng(4), |c| c.forget("a")), Ok(()));
        assert!(ids(&store).is_empty());
    }
}
