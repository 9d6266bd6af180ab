//! How many commits there were, beside the log: SQLite reads a log up to its first bad frame, so without this nobody
//! would miss an end that is gone.
//!
//! The number is in the vault, under its key, and in a file of its own, `mark`, under a key that is in the vault. The
//! file is written when a commit is on the device, and is itself not synced: it never is ahead of the log, and a kill
//! takes nothing from it. Where it is ahead, the vault is an older one than it was. After a power cut it may be behind, by
//! what the system writes within seconds.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use rand::CryptoRng;
use zeroize::Zeroizing;

use crate::duress::Duress;
use crate::error::Error;
use crate::files::{private, write_whole};
use crate::seal::{self, KEY};

pub(crate) const FILE: &str = "mark";
/// Associated data, which is that of no row.
const ABOUT: &[u8] = b"flashpaper vault mark";
/// Its key, commits, what was removed, the key of the duress passphrase.
pub(crate) const LEDGER: usize = KEY + 8 + 8 + KEY;

/// What is counted of a vault, and kept of it as a whole.
#[derive(Clone)]
pub(crate) struct Ledger {
    key: Zeroizing<[u8; KEY]>,
    pub(crate) commits: u64,
    /// How many bytes of lasting rows were removed since all rows were written anew.
    pub(crate) removed: u64,
    pub(crate) duress: Duress,
}

impl Ledger {
    pub(crate) fn new(rng: &mut dyn CryptoRng) -> Self {
        let mut key = Zeroizing::new([0; KEY]);
        rng.fill_bytes(&mut *key);
        Self { key, commits: 0, removed: 0, duress: Duress::none(rng) }
    }

    /// The one after a commit that removes so many bytes.
    pub(crate) fn next(&self, removed: u64) -> Self {
        let (commits, removed) = (self.commits.saturating_add(1), self.removed.saturating_add(removed));
        Self { commits, removed, ..self.clone() }
    }

    /// The one after the commit that writes all rows anew.
    pub(crate) fn tidied(&self) -> Self {
        Self { removed: 0, ..self.next(0) }
    }

    pub(crate) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let counts = [self.commits, self.removed].map(u64::to_be_bytes);
        Zeroizing::new([&*self.key, counts.as_flattened(), &*self.duress.0].concat())
    }

    pub(crate) fn from_bytes(bytes: &[u8; LEDGER]) -> Option<Self> {
        let (key, rest) = bytes.split_first_chunk()?;
        let (commits, rest) = rest.split_first_chunk()?;
        let (removed, duress) = rest.split_first_chunk()?;
        let (commits, removed) = (u64::from_be_bytes(*commits), u64::from_be_bytes(*removed));
        let duress = Duress(Zeroizing::new(*duress.first_chunk()?));
        Some(Self { key: Zeroizing::new(*key), commits, removed, duress })
    }

    fn mark(&self, rng: &mut dyn CryptoRng) -> Result<Vec<u8>, Error> {
        seal::encrypt(&self.key, seal::nonce(rng), ABOUT, &self.commits.to_be_bytes())
    }
}

/// The file.
pub(crate) struct Mark {
    path: PathBuf,
    /// `None`: it is not there, or is no mark of this vault.
    file: Option<File>,
}

impl Mark {
    /// Makes the file, or another in its place; on return it is on the device.
    pub(crate) fn create(folder: &Path, ledger: &Ledger, rng: &mut dyn CryptoRng) -> Result<Self, Error> {
        let path = folder.join(FILE);
        write_whole(&path, &ledger.mark(rng)?)?;
        let file = private().write(true).open(&path)?;
        Ok(Self { path, file: Some(file) })
    }

    /// The file, and how many commits it knows of; `None`: it is not there, or was changed.
    pub(crate) fn open(folder: &Path, ledger: &Ledger) -> (Self, Option<u64>) {
        let path = folder.join(FILE);
        let bytes = fs::read(&path).ok().and_then(|bytes| seal::decrypt(&ledger.key, ABOUT, &bytes));
        let commits = bytes.and_then(|bytes| Some(u64::from_be_bytes(*bytes.first_chunk()?)));
        let file = commits.and_then(|_| private().write(true).open(&path).ok());
        (Self { path, file }, commits)
    }

    /// Sets the mark after a commit. It is as many bytes as before, within one sector, so a power cut leaves the old or the
    /// new one. The commit stays good where this fails: then only its loss would not be noticed.
    pub(crate) fn set(&mut self, ledger: &Ledger, rng: &mut dyn CryptoRng) {
        let Ok(mark) = ledger.mark(rng) else { return };
        match &self.file {
            Some(file) => drop(file.write_all_at(&mark, 0)),
            None => {
                self.file = write_whole(&self.path, &mark).and_then(|()| private().write(true).open(&self.path)).ok()
            }
        }
    }
}
