//! What the engine knows, as rows of the vault: each account is an owner, with a row of JSON for the account and one for
//! each message, peer and so on of its mailbox.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use flashpaper_vault as vault;
use flashpaper_vault::{
    Batch, Closed, Finding, FreshKey, KeyFile, KeySource as _, NextKey, OldKey, Owner, Slot, Table, Vault, Wrapped,
};
use rand::CryptoRng;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::Error;
use crate::config::Key;
use crate::error::Input;
use crate::identity::OtrSeeds;
use crate::key_source::Adapter;
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
        let mut store = Self::load(Vault::open(folder, key_of(folder, key)?, rng)?)?;
        if !matches!(key, Key::File) {
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

    /// What a suspended store is opened by again; `None` where it is open.
    pub(crate) fn closed(&self) -> Option<Closed> {
        match &self.vault {
            Door::Open(_) => None,
            Door::Closed(closed) => Some(closed.clone()),
        }
    }

    /// Opens the folder again. What another process has changed in it meanwhile is seen.
    pub(crate) fn reopen(folder: &Path, closed: &Closed) -> Result<Self, Error> {
        Self::load(closed.open(folder)?)
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

/// Reads rows, and counts those that are lost.
struct Reader<'a> {
    vault: &'a Vault,
    report: &'a mut VaultReport,
}

impl Reader<'_> {
    fn read<T: DeserializeOwned>(&mut self, owner: Owner, table: Table) -> Result<Vec<(u64, T)>, Error> {
        let rows = self.vault.rows(owner, table)?;
        rows.lost.into_iter().for_each(|finding| self.report.add(finding));
        let mut read = Vec::new();
        for row in &rows.good {
            match serde_json::from_slice(&row.bytes) {
                Ok(record) => read.push((row.number, record)),
                Err(_) => self.report.lost += 1,
            }
        }
        Ok(read)
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
    pub(crate) fn add(&mut self, finding: Finding) {
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
        store.commit(rng, |content| content.mailbox_mut("a").peer("peer@b.example")).unwrap();
        let mut batch = Batch::default();
        batch.put(store.owners["a"], MESSAGES, 1, b"{\"of\":\"another time\"}".to_vec());
        store.vault().unwrap().commit(batch, rng).unwrap();
        drop(store);
        let mut store = open(folder.path(), &Key::File).unwrap();
        assert_eq!((ids(&store), store.content().mailbox("a").find("peer@b.example")), (vec!["a"], Some(1)));
        assert_eq!(*store.report(), VaultReport { lost: 1, ..VaultReport::default() });
    }

    #[test]
    fn a_failed_commit_changes_nothing() {
        let folder = TempDir::new().unwrap();
        let mut store = open(folder.path(), &Key::File).unwrap();
        store.commit(&mut rng(3), |c| c.accounts.push(account("a"))).unwrap();
        // The place of the next key is taken by a folder: the write fails, for root too.
        fs::create_dir(folder.path().join("key.1")).unwrap();
        assert_eq!(forget(&mut store, "a"), Err(Error::Storage));
        assert_eq!(ids(&store), ["a"]);
        store.commit(&mut rng(5), |c| c.registrations.push(1)).unwrap();
        fs::remove_dir(folder.path().join("key.1")).unwrap();
        assert_eq!(forget(&mut store, "a"), Ok(()));
        assert!(ids(&store).is_empty());
        drop(store);
        assert!(ids(&open(folder.path(), &Key::File).unwrap()).is_empty(), "on disk, too");
    }
}
