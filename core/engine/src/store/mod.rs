//! The sealed folder of an installation. Any thread may use it; commits of several threads that wait for the disk go together.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use flashpaper_chat::{Entry, MessageId, PeerId, Random};
#[cfg(test)]
use flashpaper_vault::Table;
use flashpaper_vault::{
    self as vault, Batch, Closed, End, FreshKey, KeyFile, KeySource as _, NextKey, OldKey, Owner, Shared, Slot, Vault,
};
use rand::CryptoRng;

use crate::config::Key;
use crate::locks::lock;
use crate::{Error, limits};

pub(crate) mod history;
pub(crate) mod json;
mod keys;
mod report;
pub(crate) mod schema;

pub(crate) use keys::FolderKey;
pub use report::VaultReport;
pub(crate) use schema::{Installation, StoredBurner};

/// What came of trying a key.
pub(crate) enum Opened<T> {
    Folder(T),
    /// The passphrase is the duress passphrase: see [`crate::Engine::set_duress`]. Nothing has changed.
    Duress,
}

impl<T> Opened<T> {
    fn of(tried: Result<T, vault::Error>) -> Result<Self, Error> {
        match tried {
            Err(vault::Error::Duress) => Ok(Self::Duress),
            tried => Ok(Self::Folder(tried?)),
        }
    }
}

/// Whether there is a store to work with.
enum Life {
    Awake(Box<Shared>),
    /// The folder is let go. What opens it again stays in memory.
    Asleep(Closed),
    /// See [`crate::Engine::lock`].
    Locked,
    Closed,
}

impl Life {
    const fn vault(&self) -> Result<&Shared, Error> {
        match self {
            Self::Awake(vault) => Ok(vault),
            Self::Asleep(_) => Err(Error::Suspended),
            Self::Locked => Err(Error::VaultLocked),
            Self::Closed => Err(Error::Closed),
        }
    }
}

/// The sealed folder of an installation.
pub(crate) struct Store {
    folder: PathBuf,
    rng: Random,
    /// Commits and reads share it; who changes it waits for them.
    state: RwLock<Life>,
    report: Mutex<VaultReport>,
    /// Held while the key of the store is used, on a thread that may wait: a key source may ask the user. The store can be used
    /// meanwhile.
    key_use: Mutex<()>,
    /// When the key was last changed for its age, by the time since the device was started.
    renewed: Mutex<Duration>,
}

impl Store {
    /// Opens the folder, making it when absent. Takes as long as Argon2id does when a passphrase is used, and as long as a
    /// key source does. `since_boot`: the time since the device was started.
    pub(crate) fn open(
        folder: PathBuf,
        key: &FolderKey,
        rng: Random,
        since_boot: Duration,
    ) -> Result<Opened<(Self, Installation)>, Error> {
        let store = Self {
            folder,
            rng,
            state: RwLock::new(Life::Locked),
            report: Mutex::default(),
            key_use: Mutex::default(),
            renewed: Mutex::new(since_boot),
        };
        let mut read = None;
        match store.begin(key, |installation| read = Some(installation))? {
            Opened::Folder(()) => Ok(Opened::Folder((store, read.ok_or(Error::Internal)?))),
            Opened::Duress => Ok(Opened::Duress),
        }
    }

    /// `take_over` is given what was read, before anything can be changed.
    fn begin(&self, key: &FolderKey, take_over: impl FnOnce(Installation)) -> Result<Opened<()>, Error> {
        let rng = &mut self.rng();
        let mut report = VaultReport::default();
        let opened = Opened::of(Vault::open(&self.folder, key.vault.clone(), rng))?;
        let Opened::Folder((mut vault, findings)) = opened else { return Ok(Opened::Duress) };
        let installation = schema::load(&mut vault, findings, &mut report, rng)?;
        if let Some(finding) = vault.renew(rng) {
            report.add(finding);
        }
        if !key.is_file {
            // A crash may have come between a change of keys and the end of the old one.
            let file = KeyFile::new(&self.folder);
            let kept = [Slot::First, Slot::Second].into_iter().filter(|slot| file.delete(*slot).is_err()).count();
            report.old_key_kept |= kept > 0;
        }
        take_over(installation);
        self.awake(vault, report).map(Opened::Folder)
    }

    /// Has this vault be the one to work with, unless all was closed meanwhile.
    fn awake(&self, vault: Vault, report: VaultReport) -> Result<(), Error> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, Life::Closed) {
            return Err(Error::Closed);
        }
        *state = Life::Awake(Box::new(Shared::new(vault)));
        *lock(&self.report) = report;
        Ok(())
    }

    fn rng(&self) -> Random {
        self.rng.clone()
    }

    fn state(&self) -> RwLockReadGuard<'_, Life> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn report(&self) -> VaultReport {
        *lock(&self.report)
    }

    /// Whether something could be stored now.
    pub(crate) fn check_awake(&self) -> Result<(), Error> {
        self.state().vault().map(drop)
    }

    /// Makes changes; on return they are on disk. On an error nothing has changed.
    pub(crate) fn commit(&self, batch: Batch) -> Result<(), Error> {
        if batch.is_empty() {
            return Ok(());
        }
        Ok(self.state().vault()?.commit(batch, &mut self.rng())?)
    }

    fn read<T>(&self, look: impl FnOnce(&Vault, &mut VaultReport) -> Result<T, Error>) -> Result<T, Error> {
        let state = self.state();
        let vault = state.vault()?.lock();
        let mut found = VaultReport::default();
        let result = look(&vault, &mut found);
        vault.take_noticed().into_iter().for_each(|finding| found.add(finding));
        let mut report = lock(&self.report);
        report.lost += found.lost;
        report.incomplete |= found.incomplete;
        result
    }

    /// Messages of a burner's history at an end of a range of numbers, from that end on, at most so many.
    pub(crate) fn history(
        &self,
        owner: Owner,
        range: (Range<u64>, End),
        limit: usize,
    ) -> Result<Vec<(MessageId, Entry)>, Error> {
        self.read_history(|vault| history::page(vault, owner, range, limit))
    }

    /// Messages of a burner's history with a peer before one, the last first, at most so many.
    pub(crate) fn history_with(
        &self,
        owner: Owner,
        peer: PeerId,
        before: MessageId,
        limit: usize,
    ) -> Result<Vec<(MessageId, Entry)>, Error> {
        self.read_history(|vault| history::page_with(vault, owner, peer, before, limit))
    }

    fn read_history(
        &self,
        read: impl FnOnce(&Vault) -> Result<history::Page, Error>,
    ) -> Result<Vec<(MessageId, Entry)>, Error> {
        self.read(|vault, found| {
            let (page, lost) = read(vault)?;
            lost.into_iter().for_each(|finding| found.add(finding));
            // A page may be read many times: that something is lost is told, and not how often that was seen.
            found.lost = found.lost.min(1).saturating_sub(self.report().lost);
            Ok(page)
        })
    }

    #[cfg(test)]
    pub(crate) fn owners(&self) -> Vec<Owner> {
        self.state().vault().map(|vault| vault.lock().owners()).unwrap_or_default()
    }

    #[cfg(test)]
    pub(crate) fn rows(&self, owner: Owner, table: Table) -> usize {
        self.read(|vault, _| Ok(vault.page(owner, table, (0..u64::MAX, End::First), usize::MAX)?.0.len())).unwrap()
    }

    /// Forgets all burners but these, and what is left of those that have lost the record of their account: nothing shows
    /// them, and nothing else would ever remove them. Takes as long as a key source does. On an error nothing has changed.
    /// `kept` is asked while nobody else can add one.
    pub(crate) fn keep_only(&self, kept: impl FnOnce() -> Result<Vec<Owner>, Error>) -> Result<(), Error> {
        self.rekey(same_key, |vault, fresh, rng| {
            let kept = kept()?;
            let gone: Vec<Owner> = vault.owners().into_iter().filter(|owner| !kept.contains(owner)).collect();
            Ok(vault.forget(&gone, fresh, rng)?)
        })
    }

    /// Wipes the data keys of dropped accounts, if there are any. As [`Store::keep_only`].
    pub(crate) fn wipe(&self) -> Result<(), Error> {
        if schema::without_account(&self.state().vault()?.lock())?.is_empty() {
            return Ok(());
        }
        self.rekey(same_key, |vault, fresh, rng| Ok(vault.forget(&schema::without_account(vault)?, fresh, rng)?))
    }

    /// Gives the device back what the folder takes and nothing needs any more.
    pub(crate) fn shrink(&self) -> Result<(), Error> {
        Ok(self.state().vault()?.lock().shrink(&mut self.rng())?)
    }

    /// Has another key open the folder from now on, and only that. Takes as long as opening it.
    pub(crate) fn change_key(&self, key: &Key) -> Result<(), Error> {
        let key = FolderKey::new(&self.folder, key)?.vault;
        self.rekey(|next, rng| next.sealed_by(key, rng), |vault, fresh, rng| Ok(vault.change_key(fresh, rng)?))
    }

    /// Sets the duress passphrase, or takes it away. Takes as long as opening the folder.
    pub(crate) fn set_duress(&self, passphrase: Option<&[u8]>) -> Result<(), Error> {
        let passphrase = passphrase.map(keys::not_empty).transpose()?;
        self.rekey(|next, rng| next.with_duress(passphrase, rng), |vault, fresh, rng| Ok(vault.change_key(fresh, rng)?))
    }

    fn rekey(
        &self,
        prepare: impl FnOnce(NextKey, &mut dyn CryptoRng) -> Result<NextKey, vault::Error>,
        change: impl FnOnce(&mut Vault, FreshKey, &mut dyn CryptoRng) -> Result<OldKey, Error>,
    ) -> Result<(), Error> {
        let _one_at_a_time = lock(&self.key_use);
        let rng = &mut self.rng();
        let next = self.state().vault()?.lock().next_key()?;
        let fresh = prepare(next, rng)?.seal(rng)?;
        let old = change(&mut self.state().vault()?.lock(), fresh, rng)?;
        if let Some(finding) = old.delete() {
            lock(&self.report).add(finding);
        }
        Ok(())
    }

    /// Waits until nobody uses the key of the store.
    pub(crate) fn key_unused(&self) {
        drop(lock(&self.key_use));
    }

    /// Lets go of the folder: another process may open it. The key stays in memory.
    pub(crate) fn suspend(&self) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        *state = match std::mem::replace(&mut *state, Life::Closed) {
            Life::Awake(vault) => Life::Asleep(vault.into_inner().close()),
            other => other,
        };
    }

    /// Lets go of the folder and the key.
    pub(crate) fn lock(&self) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if !matches!(*state, Life::Closed) {
            *state = Life::Locked;
        }
    }

    pub(crate) fn close(&self) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Life::Closed;
    }

    /// Takes the vault and its keys out of memory for good, and writes nothing more: its files are to be removed. Waits for what is on its way to
    /// the disk at this moment, but not for a disk that hangs.
    pub(crate) fn abandon(&self) {
        for _ in 0..limits::ABANDONING {
            match self.state.try_write() {
                Ok(mut state) => {
                    if let Life::Awake(vault) = std::mem::replace(&mut *state, Life::Closed) {
                        vault.into_inner().abandon();
                    }
                    return;
                }
                Err(_) => std::thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    /// Opens the folder again after a sleep, unless it is open. Takes as long as a key source does. `take_over` is given what was
    /// read: another process may have changed it.
    pub(crate) fn reopen(&self, since_boot: Duration, take_over: impl FnOnce(Installation)) -> Result<(), Error> {
        // Who is awake does not wait for a burn that asks the user.
        if self.check_awake().is_ok() {
            return Ok(());
        }
        let _one_at_a_time = lock(&self.key_use);
        let closed = match &*self.state() {
            Life::Awake(_) => return Ok(()),
            Life::Asleep(closed) => closed.clone(),
            Life::Locked => return Err(Error::VaultLocked),
            Life::Closed => return Err(Error::Closed),
        };
        let rng = &mut self.rng();
        // A finding is kept until the app has shown it.
        let mut report = VaultReport { incomplete: self.report().incomplete, ..VaultReport::default() };
        let (mut vault, findings) = closed.open(&self.folder, rng)?;
        let installation = schema::load(&mut vault, findings, &mut report, rng)?;
        // A key source may ask the user, so the key is not renewed each time that the phone wakes.
        let mut renewed = lock(&self.renewed);
        if since_boot.saturating_sub(*renewed) >= limits::RENEW {
            if let Some(finding) = vault.renew(rng) {
                report.add(finding);
            }
            *renewed = since_boot;
        }
        take_over(installation);
        self.awake(vault, report)
    }

    /// Checks a key where the folder is open; opens it with that where it is not. Nobody else has to wait while that is found
    /// out. `take_over` as for [`Store::reopen`].
    pub(crate) fn open_again(
        &self,
        key: &FolderKey,
        take_over: impl FnOnce(Installation),
    ) -> Result<Opened<()>, Error> {
        let _one_at_a_time = lock(&self.key_use);
        let wrapped = match &*self.state() {
            Life::Awake(vault) => Some(vault.lock().wrapped()?),
            Life::Asleep(_) | Life::Locked => None,
            Life::Closed => return Err(Error::Closed),
        };
        match wrapped {
            Some(wrapped) => Opened::of(wrapped.check(key.vault.clone())),
            None => self.begin(key, take_over),
        }
    }
}

/// The next key is sealed as this one is.
fn same_key(next: NextKey, _: &mut dyn CryptoRng) -> Result<NextKey, vault::Error> {
    Ok(next)
}
