//! Reading, changing.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use rand::CryptoRng;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, Transaction};
use zeroize::Zeroizing;

use crate::batch::{Batch, Change, Row, Table};
use crate::book::{Book, FILLERS, OWNERS};
use crate::error::{Error, Finding};
use crate::file;
use crate::files::FolderLock;
use crate::index::End;
use crate::mark::{Ledger, Mark};
use crate::owner::Owner;
use crate::rekey::{FreshKey, NextKey, OldKey};
use crate::seal::{Digest, Keys, Label};
use crate::wrap::{Wrapped, Wrapper};

/// Up to this many bytes all rows are written anew with each renewal of the vault's key. Above it that is done when a part
/// of what is kept was removed since the last time: an opening does not take longer the more is kept.
const SMALL: u64 = 1 << 20;
const PART: u64 = 16;

/// An open vault. It holds the folder's lock.
pub struct Vault {
    pub(crate) db: Connection,
    pub(crate) wrapper: Wrapper,
    /// By part; 0 is the vault's own.
    pub(crate) books: BTreeMap<u64, Book>,
    pub(crate) ledger: Ledger,
    mark: Mark,
    noticed: RefCell<Vec<Finding>>,
    lock: Arc<FolderLock>,
}

impl Vault {
    pub(crate) fn new(
        db: Connection,
        wrapper: Wrapper,
        books: BTreeMap<u64, Book>,
        (ledger, mark): (Ledger, Mark),
        lock: FolderLock,
    ) -> Self {
        Self { db, wrapper, books, ledger, mark, noticed: RefCell::default(), lock: Arc::new(lock) }
    }

    /// The keys that an owner's lasting rows are under, for a program that searches memory for what is left of them.
    #[cfg(feature = "lab")]
    #[must_use]
    pub fn secrets(&self, owner: Owner) -> Vec<Zeroizing<Vec<u8>>> {
        let keys = self.books.get(&owner.0).map(|book| &book.keys);
        let keys = keys.into_iter().flat_map(|keys| [&keys.secret, &keys.sealing, &keys.tagging]);
        keys.map(|key| key.to_vec().into()).collect()
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

    /// One row. `None`: it is not there. An error of its own: it was changed. Reads no other rows, but for a few that list
    /// which ones there are: see [`Vault::take_noticed`].
    ///
    /// # Errors
    /// [`Error::NoSuchOwner`], [`Error::Io`], [`Error::Damaged`].
    pub fn row(&self, owner: Owner, table: Table, row: u64) -> Result<Option<Result<Row, Finding>>, Error> {
        let (part, label) = (table.part_of(owner), table.row(row));
        let book = self.books.get(&part).ok_or(Error::NoSuchOwner)?;
        let sealed = file::find(&self.db, part, book.keys.name(label))?;
        if !book.is_current(&self.db, label, sealed.as_ref().map(|sealed| sealed.nonce))? {
            self.notice(part, book);
        }
        let Some(sealed) = sealed else { return Ok(None) };
        let bytes = book.unseal(&sealed).filter(|(is, _)| *is == label).map(|(_, bytes)| bytes);
        Ok(Some(bytes.map(|bytes| Row { table, number: row, bytes }).ok_or(Finding::RowLost(owner))))
    }

    /// The rows at an end of a range, from that end on, at most so many: the end of a table, or the page before one that was
    /// read. Fewer are all there are. Gives a [`Finding::RowLost`] for each that was changed. Of a lasting table it reads no other rows, but for
    /// those that list which ones there are: see [`Vault::take_noticed`]. Of other tables it reads all.
    ///
    /// # Errors
    /// As [`Vault::row`].
    pub fn page(
        &self,
        owner: Owner,
        table: Table,
        (rows, end): (Range<u64>, End),
        limit: usize,
    ) -> Result<(Vec<Row>, Vec<Finding>), Error> {
        let part = table.part_of(owner);
        let book = self.books.get(&part).ok_or(Error::NoSuchOwner)?;
        let (mut found, mut lost, mut ahead) = (Vec::new(), Vec::new(), rows.clone());
        while let Some(numbers) = book.page(&self.db, table.row(0), (&ahead, end), limit - found.len())? {
            let Some(furthest) = numbers.last().copied() else { return Ok((found, lost)) };
            for number in numbers {
                match self.row(owner, table, number)? {
                    Some(Ok(row)) => found.push(row),
                    Some(Err(finding)) => lost.push(finding),
                    // That it is missing was noticed.
                    None => {}
                }
            }
            // Behind those that are lost there may be others.
            match end {
                End::First => ahead.start = furthest.saturating_add(1),
                End::Last => ahead.end = furthest,
            }
        }
        if book.is_broken.get() {
            self.notice(part, book);
        }
        found.clear();
        lost = self.each_of(part, |row| {
            if row.table == table && rows.contains(&row.number) {
                found.push(row);
            }
        })?;
        found.sort_by_key(|row| row.number);
        if end == End::Last {
            found.reverse();
        }
        found.truncate(limit);
        Ok((found, lost))
    }

    /// What [`Vault::row`] and [`Vault::page`] have found missing or older than it should be, since this was asked: a
    /// [`Finding::RowsMissing`] for each owner. What they gave is its own nevertheless. It is told again until something of
    /// that owner is written.
    pub fn take_noticed(&self) -> Vec<Finding> {
        self.noticed.take()
    }

    fn notice(&self, part: u64, book: &Book) {
        book.is_broken.set(true);
        let mut noticed = self.noticed.borrow_mut();
        if !noticed.contains(&Finding::missing(part)) {
            noticed.push(Finding::missing(part));
        }
    }

    /// Reads all rows of an owner, in no order. Gives a [`Finding::RowLost`] for each that was changed, and a
    /// [`Finding::RowsMissing`] where there are others than there should be and the opening has not told so.
    ///
    /// # Errors
    /// [`Error::NoSuchOwner`], [`Error::Io`], [`Error::Damaged`].
    pub fn each(&self, owner: Owner, mut look: impl FnMut(Row)) -> Result<Vec<Finding>, Error> {
        let mut findings = self.each_of(owner.0, &mut look)?;
        if owner != Owner::COMMON {
            findings.extend(self.each_of(owner.fleeting(), &mut look)?);
        }
        Ok(findings)
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
        let (mut findings, mut digest) = (Vec::new(), Digest::default());
        let in_order = file::each(&self.db, part, |sealed| {
            book.keys.toggle(&mut digest, part, sealed.name, sealed.nonce);
            match book.unseal(sealed) {
                Some((label, bytes)) => {
                    if let Some(table) = Table::of(part, label.table) {
                        look(Row { table, number: label.row, bytes });
                    }
                }
                None => findings.push(Finding::RowLost(Owner::of(part))),
            }
        })?;
        if !in_order || digest != book.digest {
            book.is_broken.set(true);
            findings.push(Finding::missing(part));
        }
        Ok(findings)
    }

    /// Makes changes; on return they are on the device, by one sync, however many they are. Takes no longer the more is kept.
    ///
    /// # Errors
    /// [`Error::NoSuchOwner`], [`Error::Full`], [`Error::ReadOnly`], [`Error::Io`], [`Error::Damaged`]: nothing has
    /// changed. After [`Error::Io`], a kill may have it there at the next opening, whole.
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
                    let mut book = self.books.get(place.key()).ok_or(Error::NoSuchOwner)?.clone();
                    if book.is_broken.get() {
                        book.recount(&tx)?;
                    }
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
        let mut removed = 0;
        for (part, book) in &mut touched {
            book.balance(&tx, self.books.get(part), rng)?;
            removed += book.take_removed();
            root.put(&tx, Label { table: OWNERS, row: *part }, &book.to_bytes(), rng)?;
        }
        root.balance(&tx, Some(old_root), rng)?;
        let ledger = self.ledger.next(removed);
        file::write_manifest(&tx, &root.manifest(&ledger, rng)?)?;
        tx.commit()?;
        touched.insert(Owner::COMMON.0, root);
        self.books.extend(touched);
        self.count(ledger, rng);
        Ok(())
    }

    /// To be called after each transaction: it is on the device.
    fn count(&mut self, ledger: Ledger, rng: &mut dyn CryptoRng) {
        self.mark.set(&ledger, rng);
        self.ledger = ledger;
    }

    /// Lets go of a file that is to be removed: nothing more is written to it.
    pub fn abandon(self) {
        // Else SQLite takes its log over first. An error says that it does.
        let _ = self.db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    }

    /// Begins a change of the vault's key: to one that is sealed by the same passphrase and source.
    ///
    /// # Errors
    /// [`Error::InUse`]: another change is not over. [`Error::Io`]: the folder was destroyed.
    pub fn next_key(&self) -> Result<NextKey, Error> {
        // Two would have the source make a key in the same slot.
        if Arc::strong_count(&self.lock) > 1 {
            return Err(Error::InUse);
        }
        if !self.lock.is_there() {
            return Err(Error::Io);
        }
        Ok(NextKey { wrapper: self.wrapper.next(), duress: self.ledger.duress.clone(), lock: Arc::clone(&self.lock) })
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
    /// removed is in the file after it where at most a mebibyte is kept; where it is more, copies may be left, sealed, until
    /// a sixteenth as much was removed. To be called where the source is used anyway: it may ask the user. Where it fails,
    /// the vault goes on as it is, which the [`Finding`] tells.
    #[must_use]
    pub fn renew(&mut self, rng: &mut dyn CryptoRng) -> Option<Finding> {
        let fresh = self.next_key().and_then(|next| next.seal(rng));
        let old = fresh.and_then(|fresh| self.change_key(fresh, rng));
        let kept = old.map_or(Some(Finding::OldKeyKept), OldKey::delete);
        kept.or(self.tidy(rng).err().map(|_| Finding::OldKeyKept))
    }

    /// Has nothing be left of what was removed, where that is not too much to do.
    fn tidy(&mut self, rng: &mut dyn CryptoRng) -> Result<(), Error> {
        let kept: u64 = self.books.values().map(Book::size_in_file).sum();
        if kept <= SMALL || self.ledger.removed >= kept / PART {
            let root = self.books.get(&Owner::COMMON.0).ok_or(Error::Internal)?;
            let ledger = self.ledger.tidied();
            let tx = self.db.transaction()?;
            file::write_anew(&tx)?;
            file::write_manifest(&tx, &root.manifest(&ledger, rng)?)?;
            tx.commit()?;
            self.count(ledger, rng);
        }
        file::empty_log(&self.db)
    }

    /// Gives the device back what the file takes and nothing needs any more: its size tells how much there was otherwise. Takes as
    /// long as writing all that is kept.
    ///
    /// # Errors
    /// As [`Vault::commit`]; nothing has changed.
    pub fn shrink(&mut self, rng: &mut dyn CryptoRng) -> Result<(), Error> {
        self.db.execute_batch("VACUUM")?;
        // As large as one that was just opened.
        self.tidy(rng)
    }

    fn rewrap(&mut self, fresh: FreshKey, without: &[Owner], rng: &mut dyn CryptoRng) -> Result<OldKey, Error> {
        let FreshKey { keys, wrapped, next: NextKey { wrapper, duress, lock } } = fresh;
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
        let mut ledger = self.ledger.next(0);
        ledger.duress = duress;
        file::write_wrapped(&tx, &wrapped, &root.manifest(&ledger, rng)?)?;
        tx.commit()?;
        self.count(ledger, rng);

        self.books.retain(|part, _| !goes(part));
        self.books.extend(renewed);
        self.books.insert(Owner::COMMON.0, root);
        // What was forgotten is written over. Where it cannot be, it is when SQLite takes the log over itself.
        let _ = file::empty_log(&self.db);
        let wrapper = std::mem::replace(&mut self.wrapper, wrapper);
        Ok(OldKey { wrapper, lock })
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

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(..)")
    }
}
