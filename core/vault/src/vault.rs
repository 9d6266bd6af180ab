//! Opening, reading, changing.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use rand::CryptoRng;
use rusqlite::{Connection, Transaction};
use zeroize::Zeroizing;

use crate::book::{Book, FILLERS, OWNERS};
use crate::error::{Error, Finding};
use crate::owner::Owner;
use crate::rekey::{FreshKey, NextKey, OldKey};
use crate::seal::{Digest, Keys, Label};
use crate::source::Slot;
use crate::wrap::{Key, Wrapped, Wrapper};
use crate::{file, files, version_1};

const FILE: &str = "vault.db";

/// Which of an owner's tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Table {
    number: u8,
    is_fleeting: bool,
}

impl Table {
    /// One of rows that can be read until their owner is forgotten, and in old copies of the file, too.
    #[must_use]
    pub const fn lasting(number: u8) -> Self {
        Self { number, is_fleeting: false }
    }

    /// One of few rows, which are sealed anew with each key of the vault: an old copy of them cannot be read by what the
    /// vault has later. Its number is no lasting one's.
    #[must_use]
    pub const fn fleeting(number: u8) -> Self {
        Self { number, is_fleeting: true }
    }

    const fn part_of(self, owner: Owner) -> u64 {
        if self.is_fleeting { owner.fleeting() } else { owner.0 }
    }

    fn row(self, row: u64) -> Label {
        Label { table: u16::from(self.number) + 1, row }
    }

    fn of(part: u64, table: u16) -> Option<Self> {
        let number = u8::try_from(table.checked_sub(1)?).ok()?;
        Some(Self { number, is_fleeting: part % 2 == 1 })
    }
}

/// A row that was read.
pub struct Row {
    /// Its table.
    pub table: Table,
    /// Its number.
    pub number: u64,
    /// What was put there.
    pub bytes: Zeroizing<Vec<u8>>,
}

/// Changes that are made together, or not at all.
#[derive(Default)]
pub struct Batch {
    owners: Vec<(u64, Book)>,
    changes: Vec<Change>,
}

struct Change {
    owner: Owner,
    table: Table,
    row: u64,
    /// `None`: remove it.
    bytes: Option<Zeroizing<Vec<u8>>>,
}

impl Batch {
    /// Someone who may own rows.
    pub fn add_owner(&mut self, rng: &mut dyn CryptoRng) -> Owner {
        let owner = Owner::draw(rng);
        self.owners.extend(Book::both(owner, Keys::random(rng), rng));
        owner
    }

    /// Puts a row where there was none, or another state of it. SQLite takes up to 10^9 bytes.
    pub fn put(&mut self, owner: Owner, table: Table, row: u64, bytes: impl Into<Zeroizing<Vec<u8>>>) {
        self.changes.push(Change { owner, table, row, bytes: Some(bytes.into()) });
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.owners.is_empty() && self.changes.is_empty()
    }

    /// Removes a row, if there is one.
    pub fn remove(&mut self, owner: Owner, table: Table, row: u64) {
        self.changes.push(Change { owner, table, row, bytes: None });
    }
}

/// An open vault. It holds the folder's lock.
pub struct Vault {
    db: Connection,
    wrapper: Wrapper,
    /// By part; 0 is the vault's own.
    books: BTreeMap<u64, Book>,
    lock: Arc<File>,
}

impl Vault {
    /// Opens the vault in a folder; where there is none, makes one. Takes as long as Argon2id does when there is a
    /// passphrase, and as long as the person does when the key source asks one.
    ///
    /// # Errors
    /// All but [`Error::NoSuchOwner`].
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
        lock: File,
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
        if version < file::VERSION {
            findings.extend(version_1::migrate(&mut db, &keys, rng)?);
        }

        let mut vault = Self { db, wrapper, books: BTreeMap::new(), lock: Arc::new(lock) };
        vault.load(keys, &mut findings, rng)?;
        Ok((vault, findings))
    }

    /// The vault's key as it is stored, to try other keys on.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Damaged`].
    pub fn wrapped(&self) -> Result<Wrapped, Error> {
        file::read_wrapped(&self.db)
    }

    /// Everyone who may own rows, but for [`Owner::COMMON`].
    #[must_use]
    pub fn owners(&self) -> Vec<Owner> {
        let lasting = self.books.keys().filter(|part| **part != Owner::COMMON.0 && **part % 2 == 0);
        lasting.map(|part| Owner(*part)).collect()
    }

    /// How many bytes [`Vault::each`] would read, without those that hide how many there are.
    #[must_use]
    pub fn size(&self, owner: Owner) -> u64 {
        [owner.0, owner.fleeting()].iter().filter_map(|part| self.books.get(part)).map(Book::size).sum()
    }

    /// One row. Reads no other; `None`: it is not there. An error of its own: it was changed.
    ///
    /// # Errors
    /// [`Error::NoSuchOwner`], [`Error::Io`], [`Error::Damaged`].
    pub fn row(&self, owner: Owner, table: Table, row: u64) -> Result<Option<Result<Row, Finding>>, Error> {
        let (part, label) = (table.part_of(owner), table.row(row));
        let book = self.books.get(&part).ok_or(Error::NoSuchOwner)?;
        let Some(sealed) = file::find(&self.db, part, book.keys.name(label))? else { return Ok(None) };
        let bytes = book.unseal(&sealed).filter(|(is, _)| *is == label).map(|(_, bytes)| bytes);
        Ok(Some(bytes.map(|bytes| Row { table, number: row, bytes }).ok_or(Finding::RowLost(owner))))
    }

    /// Reads all rows of an owner, in no order. Gives a [`Finding::RowLost`] for each that was changed.
    ///
    /// # Errors
    /// [`Error::NoSuchOwner`], [`Error::Io`], [`Error::Damaged`].
    pub fn each(&self, owner: Owner, mut look: impl FnMut(Row)) -> Result<Vec<Finding>, Error> {
        let mut lost = self.each_of(owner.0, &mut look)?;
        if owner != Owner::COMMON {
            lost.extend(self.each_of(owner.fleeting(), &mut look)?);
        }
        Ok(lost)
    }

    /// The rows of a fleeting table, as [`Vault::each`] has all: reads no others.
    ///
    /// # Errors
    /// As [`Vault::each`].
    pub fn each_fleeting(&self, owner: Owner, look: impl FnMut(Row)) -> Result<Vec<Finding>, Error> {
        self.each_of(owner.fleeting(), look)
    }

    fn each_of(&self, part: u64, mut look: impl FnMut(Row)) -> Result<Vec<Finding>, Error> {
        let book = self.books.get(&part).ok_or(Error::NoSuchOwner)?;
        let mut lost = Vec::new();
        file::each(&self.db, part, |sealed| match book.unseal(sealed) {
            Some((label, bytes)) => {
                if let Some(table) = Table::of(part, label.table) {
                    look(Row { table, number: label.row, bytes });
                }
            }
            None => lost.push(Finding::RowLost(Owner::of(part))),
        })?;
        Ok(lost)
    }

    /// Makes changes; on return they are on the device.
    ///
    /// # Errors
    /// [`Error::NoSuchOwner`], [`Error::Full`], [`Error::ReadOnly`], [`Error::Io`], [`Error::Damaged`]: nothing has
    /// changed.
    pub fn commit(&mut self, batch: Batch, rng: &mut dyn CryptoRng) -> Result<(), Error> {
        let mut touched: BTreeMap<u64, Book> = BTreeMap::new();
        for (part, book) in batch.owners {
            // Drawn before: once in 2^63, or where the random source fails.
            if self.books.contains_key(&part) {
                return Err(Error::Internal);
            }
            touched.insert(part, book);
        }
        let tx = self.db.transaction()?;
        for Change { owner, table, row, bytes } in batch.changes {
            let book = match touched.entry(table.part_of(owner)) {
                Entry::Occupied(book) => book.into_mut(),
                Entry::Vacant(place) => {
                    let book = self.books.get(place.key()).ok_or(Error::NoSuchOwner)?.clone();
                    place.insert(book)
                }
            };
            match bytes {
                Some(bytes) => book.put(&tx, table.row(row), &bytes, rng)?,
                None => book.remove(&tx, table.row(row))?,
            }
        }
        let old_root = self.books.get(&Owner::COMMON.0).ok_or(Error::Internal)?;
        let mut root = touched.remove(&Owner::COMMON.0).unwrap_or_else(|| old_root.clone());
        for (part, book) in &mut touched {
            book.balance(&tx, self.books.get(part), rng)?;
            root.put(&tx, Label { table: OWNERS, row: *part }, &book.to_bytes(), rng)?;
        }
        root.balance(&tx, Some(old_root), rng)?;
        file::write_manifest(&tx, &root.manifest(rng)?)?;
        tx.commit()?;
        touched.insert(Owner::COMMON.0, root);
        self.books.extend(touched);
        Ok(())
    }

    /// Begins a change of the vault's key: to one that is sealed by the same passphrase and source.
    ///
    /// # Errors
    /// [`Error::InUse`]: another change is not over.
    pub fn next_key(&self) -> Result<NextKey, Error> {
        // Two would have the source make a key in the same slot.
        if Arc::strong_count(&self.lock) > 1 {
            return Err(Error::InUse);
        }
        Ok(NextKey { wrapper: self.wrapper.next(), lock: Arc::clone(&self.lock) })
    }

    /// Removes all rows of some owners, and of those that are lost; seals what is left under the fresh key. The old one is to
    /// be deleted.
    ///
    /// # Errors
    /// As [`Vault::commit`].
    pub fn forget(&mut self, owners: &[Owner], fresh: FreshKey, rng: &mut dyn CryptoRng) -> Result<OldKey, Error> {
        if !owners.iter().all(|owner| *owner != Owner::COMMON && self.books.contains_key(&owner.0)) {
            return Err(Error::NoSuchOwner);
        }
        self.rewrap(fresh, owners, rng)
    }

    /// Has the fresh key open the vault from now on, and only that. The old one is to be deleted.
    ///
    /// # Errors
    /// As [`Vault::commit`].
    pub fn change_key(&mut self, fresh: FreshKey, rng: &mut dyn CryptoRng) -> Result<OldKey, Error> {
        self.rewrap(fresh, &[], rng)
    }

    /// Draws another key for the vault, sealed as this one is, and has this one deleted: what fleeting tables had before
    /// cannot be read any more, in old copies of the file either, where the key source has deleted its key. Nothing that was
    /// removed is in the file after it. To be called where the source is used anyway: it may ask a person. Where it fails,
    /// the vault goes on as it is, which the [`Finding`] tells.
    #[must_use]
    pub fn renew(&mut self, rng: &mut dyn CryptoRng) -> Option<Finding> {
        let fresh = self.next_key().and_then(|next| next.seal(rng));
        let old = fresh.and_then(|fresh| self.change_key(fresh, rng));
        let kept = old.map_or(Some(Finding::OldKeyKept), OldKey::delete);
        kept.or(file::write_anew(&mut self.db).err().map(|_| Finding::OldKeyKept))
    }

    fn rewrap(&mut self, fresh: FreshKey, without: &[Owner], rng: &mut dyn CryptoRng) -> Result<OldKey, Error> {
        let FreshKey { keys, wrapped, next: NextKey { wrapper, lock } } = fresh;
        let old = self.books.get(&Owner::COMMON.0).ok_or(Error::Internal)?;
        let mut root = old.renewed(keys);
        let goes = |part: &u64| without.contains(&Owner::of(*part));

        let tx = self.db.transaction()?;
        for part in file::parts(&tx)? {
            // What cannot be read with the old key could not be with the new one.
            if !self.books.contains_key(&part) || goes(&part) {
                file::delete_part(&tx, part)?;
            }
        }
        let common = take(&tx, Owner::COMMON.0, old)?;
        let mut renewed = BTreeMap::new();
        for (part, book) in self.books.iter().filter(|(part, _)| **part % 2 == 1 && !goes(part)) {
            let mut new = book.renewed(Keys::random(rng));
            for (label, bytes) in take(&tx, *part, book)? {
                new.put(&tx, label, &bytes, rng)?;
            }
            new.balance(&tx, Some(book), rng)?;
            root.put(&tx, Label { table: OWNERS, row: *part }, &new.to_bytes(), rng)?;
            renewed.insert(*part, new);
        }
        for (label, bytes) in common {
            if label.table != OWNERS || !goes(&label.row) && !renewed.contains_key(&label.row) {
                root.put(&tx, label, &bytes, rng)?;
            }
        }
        root.balance(&tx, Some(old), rng)?;
        file::write_wrapped(&tx, &wrapped, &root.manifest(rng)?)?;
        tx.commit()?;

        self.books.retain(|part, _| !goes(part));
        self.books.extend(renewed);
        self.books.insert(Owner::COMMON.0, root);
        let wrapper = std::mem::replace(&mut self.wrapper, wrapper);
        Ok(OldKey { wrapper, lock })
    }

    /// Reads what is known of all owners, and compares it with what is there.
    fn load(&mut self, keys: Arc<Keys>, findings: &mut Vec<Finding>, rng: &mut dyn CryptoRng) -> Result<(), Error> {
        let root = Book::new(Owner::COMMON.0, keys);
        let mut books = Vec::new();
        file::each(&self.db, Owner::COMMON.0, |sealed| {
            let known = root.unseal(sealed).filter(|(label, _)| label.table == OWNERS);
            books.extend(known.and_then(|(label, bytes)| Some((label.row, Book::from_bytes(label.row, &bytes)?))));
        })?;
        self.books.extend(books);
        let manifest = root.clone().with_manifest(&file::read_manifest(&self.db)?);
        let root_is_known = manifest.is_some();
        self.books.insert(Owner::COMMON.0, manifest.unwrap_or(root));
        self.complete(findings, rng);

        let mut there: BTreeMap<u64, Digest> = self.books.keys().map(|part| (*part, Digest::default())).collect();
        let in_order = file::places(&self.db, |part, name, nonce| {
            let lost = Finding::OwnerLost(Owner::of(part));
            match self.books.get(&part).zip(there.get_mut(&part)) {
                Some((book, digest)) => book.keys.toggle(digest, part, name, nonce),
                None if findings.contains(&lost) => {}
                None => findings.push(lost),
            }
        })?;
        for (part, book) in &mut self.books {
            let found = there.get(part).copied().unwrap_or_default();
            let is_root = *part == Owner::COMMON.0;
            if !in_order || book.digest != found || is_root && !root_is_known {
                let missing = if is_root { Finding::OwnersMissing } else { Finding::RowsMissing(Owner::of(*part)) };
                if !findings.contains(&missing) {
                    findings.push(missing);
                }
            }
            book.digest = found;
        }
        Ok(())
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
}

type Labelled = Vec<(Label, Zeroizing<Vec<u8>>)>;

/// Takes all good rows of a part out of the file, but for fillers.
fn take(tx: &Transaction<'_>, part: u64, book: &Book) -> Result<Labelled, Error> {
    let mut rows = Vec::new();
    file::each(tx, part, |sealed| rows.extend(book.unseal(sealed).filter(|(label, _)| label.table != FILLERS)))?;
    file::delete_part(tx, part)?;
    Ok(rows)
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
        Vault::read(folder, files::lock(folder)?, |wrapped| self.wrapper.again(wrapped), rng)
    }
}

impl fmt::Debug for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Closed(..)")
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(..)")
    }
}

/// Makes a vault under another name, so that no crash leaves half of one.
fn create(folder: &Path, key: Key, rng: &mut dyn CryptoRng) -> Result<(), Error> {
    let path = folder.join("vault.new");
    files::private().write(true).create(true).truncate(true).open(&path)?;
    let mut db = file::create(&path)?;
    let wrapper = Wrapper::new(key, Slot::First, rng)?;
    let mut root = Book::new(Owner::COMMON.0, Arc::new(Keys::random(rng)));
    let wrapped = wrapper.wrap(&root.keys, rng)?;
    let tx = db.transaction()?;
    root.balance(&tx, None, rng)?;
    file::write_wrapped(&tx, &wrapped, &root.manifest(rng)?)?;
    tx.commit()?;
    drop(db);
    fs::rename(&path, folder.join(FILE))?;
    Ok(files::sync_folder_of(&path)?)
}
