//! Opening: making a vault, taking over one of an earlier version, comparing what is there with what should be.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use rand::CryptoRng;
use rusqlite::Connection;

use crate::book::{Book, OWNERS};
use crate::error::{Error, Finding};
use crate::mark::{Ledger, Mark};
use crate::owner::Owner;
use crate::seal::{Digest, Keys};
use crate::source::Slot;
use crate::vault::Vault;
use crate::wrap::{Key, Wrapped, Wrapper};
use crate::{file, files, version_1, version_2, version_3};

pub(crate) const FILE: &str = "vault.db";
/// What it is called until it is whole.
pub(crate) const NEW: &str = "vault.new";

impl Vault {
    /// Opens the vault in a folder; where there is none, makes one. Takes as long as Argon2id does when there is a
    /// passphrase, the vault's, the duress one or a wrong one, and as long as the user does when the key source asks one. A passphrase that was tried is
    /// not stretched again to make a vault with the same `key`, once what was there is destroyed.
    ///
    /// # Errors
    /// All but [`Error::NoSuchOwner`], [`Error::SamePassphrase`], [`Error::NoPassphrase`].
    pub fn open(folder: &Path, key: Key, rng: &mut dyn CryptoRng) -> Result<(Self, Vec<Finding>), Error> {
        let lock = files::lock(folder)?;
        match fs::metadata(folder.join(FILE)) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => create(folder, key.clone(), rng)?,
            Err(error) => return Err(error.into()),
        }
        Self::read(folder, lock, |wrapped| Wrapper::of(key, wrapped), rng)
    }

    /// Lets go of the folder, for another process or a phone's sleep. What opens it again stays in memory.
    #[must_use]
    pub fn close(self) -> Closed {
        Closed { wrapper: self.wrapper }
    }

    fn read(
        folder: &Path,
        lock: files::FolderLock,
        wrapper: impl FnOnce(&Wrapped) -> Result<Wrapper, Error>,
        rng: &mut dyn CryptoRng,
    ) -> Result<(Self, Vec<Finding>), Error> {
        let path = folder.join(FILE);
        if fs::metadata(&path)?.len() == 0 {
            return Err(Error::Damaged);
        }
        let (mut db, version) = file::open(&path)?;
        let wrapped = file::read_wrapped(&db)?;
        let wrapper = wrapper(&wrapped)?;
        let keys = Arc::new(wrapper.unwrap(&wrapped)?);
        let mut findings = Vec::new();
        // A crash may have come between a change of keys and the end of the old one.
        findings.extend(wrapper.next().delete());
        match version {
            1 | 2 => {
                let ledger = Ledger::new(rng);
                // Before the file is of this version: one of this version without a mark has lost it.
                Mark::create(folder, &ledger, rng)?;
                findings.extend(match version {
                    1 => version_1::migrate(&mut db, &keys, &ledger, rng)?,
                    _ => version_2::migrate(&mut db, &keys, &ledger, rng)?,
                });
            }
            3 => version_3::migrate(&mut db, &keys, rng)?,
            _ => {}
        }
        let (books, ledger) = read_books(&db, keys, &mut findings, rng)?;
        let (mark, commits) = Mark::open(folder, &ledger);
        let mut vault = Self::new(db, wrapper, books, (ledger, mark), lock);
        vault.check_mark(commits, &mut findings);
        vault.complete(&mut findings, rng);
        vault.check_parts(&mut findings)?;
        Ok((vault, findings))
    }

    /// Where the mark is ahead, or is no mark, the end of what was written is missing.
    fn check_mark(&mut self, commits: Option<u64>, findings: &mut Vec<Finding>) {
        if commits.is_none_or(|commits| commits > self.ledger.commits) {
            add(findings, Finding::OwnersMissing);
        }
        self.ledger.commits = self.ledger.commits.max(commits.unwrap_or(0));
    }

    /// An owner of which one part is lost goes on with the other if that is the one that lasts.
    fn complete(&mut self, findings: &mut Vec<Finding>, rng: &mut dyn CryptoRng) {
        let owners = self.owners();
        self.books.retain(|part, _| *part == Owner::COMMON.0 || owners.contains(&Owner::of(*part)));
        for owner in owners {
            self.books.entry(owner.fleeting()).or_insert_with_key(|part| {
                findings.push(Finding::RowsMissing(owner));
                Book::new(*part, Arc::new(Keys::random(rng)))
            });
        }
    }

    /// Compares what is there with what should be: all rows of the vault's own and of what does not last, and the tops of
    /// what is listed of the rest. A single row of that is compared when it is read.
    fn check_parts(&mut self, findings: &mut Vec<Finding>) -> Result<(), Error> {
        for part in file::parts(&self.db)? {
            if !self.books.contains_key(&part) {
                add(findings, Finding::OwnerLost(Owner::of(part)));
            }
        }
        for (part, book) in &mut self.books {
            let is_listed = Owner::is_listed(*part);
            if is_listed && book.has_tops(&self.db)? {
                continue;
            }
            let mut found = Digest::default();
            let in_order =
                file::places(&self.db, *part, |name, nonce| book.keys.toggle(&mut found, *part, name, nonce))?;
            if is_listed || !in_order || found != book.digest {
                add(findings, Finding::missing(*part));
                book.is_broken.set(true);
            }
            book.digest = found;
        }
        Ok(())
    }
}

fn add(findings: &mut Vec<Finding>, finding: Finding) {
    if !findings.contains(&finding) {
        findings.push(finding);
    }
}

/// What is known of all owners.
fn read_books(
    db: &Connection,
    keys: Arc<Keys>,
    findings: &mut Vec<Finding>,
    rng: &mut dyn CryptoRng,
) -> Result<(BTreeMap<u64, Book>, Ledger), Error> {
    let root = Book::new(Owner::COMMON.0, keys);
    let mut books = BTreeMap::new();
    file::each(db, Owner::COMMON.0, |sealed| {
        let known = root.unseal(sealed).filter(|(label, _)| label.table == OWNERS);
        books.extend(known.and_then(|(label, bytes)| Some((label.row, Book::from_bytes(label.row, &bytes)?))));
    })?;
    let (root, ledger) = root.clone().with_manifest(&file::read_manifest(db)?).unwrap_or_else(|| {
        add(findings, Finding::OwnersMissing);
        (root, Ledger::new(rng))
    });
    books.insert(Owner::COMMON.0, root);
    Ok((books, ledger))
}

/// A vault that was closed to be opened again: without its passphrase, which it keeps stretched, but not without its key
/// source.
#[derive(Clone)]
pub struct Closed {
    wrapper: Wrapper,
}

impl Closed {
    /// Opens the vault, which another process may have changed meanwhile.
    ///
    /// # Errors
    /// As [`Vault::open`]. Where there is none any more: [`Error::Io`]. With another passphrase: [`Error::WrongKey`].
    pub fn open(&self, folder: &Path, rng: &mut dyn CryptoRng) -> Result<(Vault, Vec<Finding>), Error> {
        let opened = Vault::read(folder, files::lock(folder)?, |wrapped| self.wrapper.again(wrapped), rng);
        opened.map_err(|error| match error {
            // Nobody has typed it: it was this vault's own passphrase once.
            Error::Duress => Error::WrongKey,
            error => error,
        })
    }
}

impl fmt::Debug for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Closed(..)")
    }
}

/// Makes a vault under another name, so that no crash leaves half of one.
fn create(folder: &Path, key: Key, rng: &mut dyn CryptoRng) -> Result<(), Error> {
    let path = folder.join(NEW);
    files::private().write(true).create(true).truncate(true).open(&path)?;
    let mut db = file::create(&path)?;
    let wrapper = Wrapper::new(key, Slot::First, rng)?;
    let mut root = Book::new(Owner::COMMON.0, Arc::new(Keys::random(rng)));
    let ledger = Ledger::new(rng);
    let wrapped = wrapper.wrap(&root.keys, &ledger.duress, rng)?;
    let tx = db.transaction()?;
    root.balance(&tx, None, rng)?;
    file::write_wrapped(&tx, &wrapped, &root.manifest(&ledger, rng)?)?;
    tx.commit()?;
    drop(db);
    Mark::create(folder, &ledger, rng)?;
    // SQLite would take the log of a file that is gone for that of this one.
    for log in ["vault.db-wal", "vault.db-journal"] {
        match fs::remove_file(folder.join(log)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    fs::rename(&path, folder.join(FILE))?;
    Ok(files::sync_folder_of(&path)?)
}
