//! Opening, reading, changing.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use rand::CryptoRng;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Transaction, params};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::files;
use crate::rekey::{FreshKey, NextKey, OldKey};
use crate::seal::{Digest, FORMAT, KEY, Keys, Place};
use crate::source::Slot;
use crate::wrap::{Key, Wrapped, Wrapper};
use crate::{Error, Finding};

/// What brings a file from each version of the schema to the next; a new one begins at 0.
const MIGRATIONS: [&str; 1] = ["
    CREATE TABLE vault (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        slot INTEGER,
        salt BLOB,
        wrapped BLOB NOT NULL,
        checksum BLOB NOT NULL,
        manifest BLOB NOT NULL
    ) STRICT;
    CREATE TABLE rows (
        owner INTEGER NOT NULL,
        tbl INTEGER NOT NULL,
        row INTEGER NOT NULL,
        generation INTEGER NOT NULL,
        sealed BLOB NOT NULL,
        PRIMARY KEY (owner, tbl, row)
    ) STRICT, WITHOUT ROWID;
"];

/// What of a schema is none of ours.
const OTHERS: &str = "
    SELECT count(*) FROM sqlite_schema WHERE (type, name) NOT IN (VALUES ('table', 'vault'), ('table', 'rows'))
";

/// Whatever is committed is on the device when the call returns, and in the main file: of a log that SQLite reads up to its
/// first bad frame, an end that is missing would not be missed. FULL syncs the journal, the file, and the end of the
/// journal; EXTRA would sync the folder of one that is deleted, which this is not. Nothing that was removed stays in the
/// file; no second connection; a file that was tampered with has SQLite do nothing but fail.
const SETTINGS: &str = "
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA synchronous = FULL;
    PRAGMA fullfsync = ON;
    PRAGMA journal_mode = TRUNCATE;
    PRAGMA secure_delete = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA trusted_schema = OFF;
    PRAGMA cell_size_check = ON;
";

const FILE: &str = "vault.db";

/// Whose rows they are. One of them is forgotten as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner(u64);

impl Owner {
    /// What belongs to the installation, and is not forgotten.
    pub const COMMON: Self = Self(0);
}

/// Which of an owner's tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Table(pub u8);

impl Table {
    fn number(self) -> u16 {
        u16::from(self.0) + 1
    }
}

/// The table of owner 0 that has the other owners' keys and digests.
const OWNERS: u16 = 0;

/// A row that was read.
pub struct Row {
    /// Its number.
    pub number: u64,
    /// What was put there.
    pub bytes: Zeroizing<Vec<u8>>,
}

/// The rows of a table, in the order of their numbers.
#[derive(Default)]
pub struct Rows {
    /// Those that can be read.
    pub good: Vec<Row>,
    /// Those that were changed or moved, as [`Finding::RowLost`].
    pub lost: Vec<Finding>,
}

/// Changes that are made together, or not at all.
#[derive(Default)]
pub struct Batch {
    owners: Vec<(Owner, Arc<Keys>)>,
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
        let mut number = [0; 8];
        rng.fill_bytes(&mut number);
        let owner = Owner(u64::from_be_bytes(number).max(1));
        self.owners.push((owner, Arc::new(Keys::random(rng))));
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
    /// By owner; 0 is the vault's own.
    books: BTreeMap<u64, Book>,
    /// The last commit's number.
    generation: u64,
    lock: Arc<File>,
}

/// What is known of an owner.
#[derive(Clone)]
struct Book {
    keys: Arc<Keys>,
    digest: Digest,
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
        Self::read(folder, lock, |wrapped| Wrapper::of(key, wrapped))
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
    ) -> Result<(Self, Vec<Finding>), Error> {
        let path = folder.join(FILE);
        if fs::metadata(&path)?.len() == 0 {
            return Err(Error::Damaged);
        }
        let mut db = connect(&path)?;
        db.execute_batch(SETTINGS)?;
        migrate(&mut db)?;
        // By an index of somebody else's, say, SQLite would find other rows than there are.
        let others: u32 = db.query_row(OTHERS, [], |row| row.get(0))?;
        if others > 0 {
            return Err(Error::Damaged);
        }

        let wrapped = read_wrapped(&db)?;
        let wrapper = wrapper(&wrapped)?;
        let keys = Arc::new(wrapper.unwrap(&wrapped)?);
        let mut findings = Vec::new();
        // A crash may have come between a change of keys and the end of the old one.
        findings.extend(wrapper.next().delete());

        let mut vault = Self { db, wrapper, books: BTreeMap::new(), generation: 0, lock: Arc::new(lock) };
        vault.load(keys, &mut findings)?;
        Ok((vault, findings))
    }

    /// The vault's key as it is stored, to try other keys on.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Damaged`].
    pub fn wrapped(&self) -> Result<Wrapped, Error> {
        read_wrapped(&self.db)
    }

    /// Everyone who may own rows, but for [`Owner::COMMON`].
    #[must_use]
    pub fn owners(&self) -> Vec<Owner> {
        self.books.keys().filter(|owner| **owner != Owner::COMMON.0).map(|owner| Owner(*owner)).collect()
    }

    /// The rows of a table.
    ///
    /// # Errors
    /// [`Error::NoSuchOwner`], [`Error::Io`], [`Error::Damaged`].
    pub fn rows(&self, owner: Owner, table: Table) -> Result<Rows, Error> {
        let Book { keys, .. } = self.books.get(&owner.0).ok_or(Error::NoSuchOwner)?;
        let mut rows = Rows::default();
        for (place, sealed) in read_table(&self.db, owner.0, table.number())? {
            match keys.unseal(place, &sealed) {
                Some(bytes) => rows.good.push(Row { number: place.row, bytes }),
                None => rows.lost.push(Finding::RowLost(owner, table, place.row)),
            }
        }
        Ok(rows)
    }

    /// Makes changes; on return they are on the device.
    ///
    /// # Errors
    /// [`Error::NoSuchOwner`], [`Error::Full`], [`Error::ReadOnly`], [`Error::Io`], [`Error::Damaged`]: nothing has
    /// changed.
    pub fn commit(&mut self, batch: Batch, rng: &mut dyn CryptoRng) -> Result<(), Error> {
        let generation = self.next_generation()?;
        let mut touched: BTreeMap<u64, Book> = BTreeMap::new();
        for (Owner(owner), keys) in batch.owners {
            // Drawn before: once in 2^64, or where the random source fails.
            if self.books.contains_key(&owner) {
                return Err(Error::Internal);
            }
            touched.insert(owner, Book { keys, digest: Digest::default() });
        }
        let tx = self.db.transaction()?;
        for Change { owner: Owner(owner), table, row, bytes } in batch.changes {
            let book = match touched.entry(owner) {
                Entry::Occupied(book) => book.into_mut(),
                Entry::Vacant(place) => place.insert(self.books.get(&owner).ok_or(Error::NoSuchOwner)?.clone()),
            };
            let place = Place { owner, table: table.number(), row, generation };
            match bytes {
                Some(bytes) => book.put(&tx, place, &bytes, rng)?,
                None => book.remove(&tx, place)?,
            }
        }
        let mut root = match touched.remove(&Owner::COMMON.0) {
            Some(root) => root,
            None => self.books.get(&Owner::COMMON.0).ok_or(Error::Internal)?.clone(),
        };
        for (owner, book) in &touched {
            let place = Place { owner: Owner::COMMON.0, table: OWNERS, row: *owner, generation };
            root.put(&tx, place, &book.to_bytes(), rng)?;
        }
        let manifest = root.manifest(generation, rng)?;
        tx.prepare_cached("UPDATE vault SET manifest = ?1")?.execute([manifest])?;
        tx.commit()?;
        touched.insert(Owner::COMMON.0, root);
        self.books.extend(touched);
        self.generation = generation;
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

    fn next_generation(&self) -> Result<u64, Error> {
        self.generation.checked_add(1).ok_or(Error::Damaged)
    }

    fn rewrap(&mut self, fresh: FreshKey, without: &[Owner], rng: &mut dyn CryptoRng) -> Result<OldKey, Error> {
        let FreshKey { keys, wrapped, next: NextKey { wrapper, lock } } = fresh;
        let generation = self.next_generation()?;
        let old = self.books.get(&Owner::COMMON.0).ok_or(Error::Internal)?;
        let mut root = Book { keys: Arc::new(keys), digest: Digest::default() };

        let tx = self.db.transaction()?;
        for owner in read_owners(&tx)? {
            // What cannot be read with the old key could not be with the new one.
            if !self.books.contains_key(&owner.0) || without.contains(&owner) {
                tx.execute("DELETE FROM rows WHERE owner = ?1", [owner.0.cast_signed()])?;
            }
        }
        let common = read_all(&tx, Owner::COMMON.0)?;
        tx.execute("DELETE FROM rows WHERE owner = 0", [])?;
        for (place, sealed) in common {
            let forgotten = place.table == OWNERS && without.contains(&Owner(place.row));
            if let (false, Some(bytes)) = (forgotten, old.keys.unseal(place, &sealed)) {
                root.put(&tx, Place { generation, ..place }, &bytes, rng)?;
            }
        }
        let manifest = root.manifest(generation, rng)?;
        write_wrapped(&tx, &wrapped, &manifest)?;
        tx.commit()?;

        self.books.retain(|owner, _| !without.contains(&Owner(*owner)));
        self.books.insert(Owner::COMMON.0, root);
        self.generation = generation;
        let wrapper = std::mem::replace(&mut self.wrapper, wrapper);
        Ok(OldKey { wrapper, lock })
    }

    /// Reads what is known of all owners, and compares it with what is there.
    fn load(&mut self, keys: Arc<Keys>, findings: &mut Vec<Finding>) -> Result<(), Error> {
        let mut expected: BTreeMap<u64, Digest> = BTreeMap::new();
        for (place, sealed) in read_table(&self.db, Owner::COMMON.0, OWNERS)? {
            let read = keys.unseal(place, &sealed).and_then(|bytes| Book::from_bytes(&bytes));
            if let Some(book) = read {
                expected.insert(place.row, book.digest);
                self.books.insert(place.row, Book { digest: Digest::default(), ..book });
            }
        }
        self.books.insert(Owner::COMMON.0, Book { keys: Arc::clone(&keys), digest: Digest::default() });

        let mut statement = self.db.prepare("SELECT owner, tbl, row, generation FROM rows")?;
        let mut places = statement.query([])?;
        let mut latest = 0;
        // Where rows are not in SQLite's order, it does not find all of them when it is asked for some.
        let (mut in_order, mut before) = (true, None);
        while let Some(row) = places.next()? {
            let number = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
            let table = u16::try_from(number(1)?).map_err(|_| Error::Damaged)?;
            let place = Place { owner: number(0)?, table, row: number(2)?, generation: number(3)? };
            latest = latest.max(place.generation);
            let at = Some((place.owner.cast_signed(), place.table, place.row.cast_signed()));
            in_order &= before < at;
            before = at;
            match self.books.get_mut(&place.owner) {
                Some(Book { keys, digest }) => keys.toggle(digest, place),
                None if findings.contains(&Finding::OwnerLost(Owner(place.owner))) => {}
                None => findings.push(Finding::OwnerLost(Owner(place.owner))),
            }
        }
        let manifest: Vec<u8> = self.db.query_row("SELECT manifest FROM vault", [], |row| row.get(0))?;
        if let Some((generation, digest)) = keys.unseal(MANIFEST, &manifest).as_deref().and_then(|m| read_manifest(m)) {
            latest = latest.max(generation);
            expected.insert(Owner::COMMON.0, digest);
        }
        self.generation = latest;
        for (owner, book) in &self.books {
            if in_order && expected.get(owner) == Some(&book.digest) {
            } else if *owner == Owner::COMMON.0 {
                findings.push(Finding::OwnersMissing);
                // Which number was the last is not known: one that surely was not.
                self.generation = latest.saturating_add(1 << 32);
            } else {
                findings.push(Finding::RowsMissing(Owner(*owner)));
            }
        }
        Ok(())
    }
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
    pub fn open(&self, folder: &Path) -> Result<(Vault, Vec<Finding>), Error> {
        Vault::read(folder, files::lock(folder)?, |wrapped| self.wrapper.again(wrapped))
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

impl Book {
    fn put(&mut self, tx: &Transaction<'_>, place: Place, bytes: &[u8], rng: &mut dyn CryptoRng) -> Result<(), Error> {
        self.forget_place(tx, place)?;
        let sealed = self.keys.seal(place, bytes, rng)?;
        let [owner, row, generation] = [place.owner, place.row, place.generation].map(u64::cast_signed);
        tx.prepare_cached("INSERT OR REPLACE INTO rows VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
            owner,
            place.table,
            row,
            generation,
            sealed
        ])?;
        self.keys.toggle(&mut self.digest, place);
        Ok(())
    }

    fn remove(&mut self, tx: &Transaction<'_>, place: Place) -> Result<(), Error> {
        self.forget_place(tx, place)?;
        tx.prepare_cached("DELETE FROM rows WHERE owner = ?1 AND tbl = ?2 AND row = ?3")?.execute(params![
            place.owner.cast_signed(),
            place.table,
            place.row.cast_signed()
        ])?;
        Ok(())
    }

    /// Takes the state that a row has, if it is there, out of the digest.
    fn forget_place(&mut self, tx: &Transaction<'_>, place: Place) -> Result<(), Error> {
        let before: Option<i64> = tx
            .prepare_cached("SELECT generation FROM rows WHERE owner = ?1 AND tbl = ?2 AND row = ?3")?
            .query_row(params![place.owner.cast_signed(), place.table, place.row.cast_signed()], |row| row.get(0))
            .optional()?;
        if let Some(generation) = before {
            self.keys.toggle(&mut self.digest, Place { generation: generation.cast_unsigned(), ..place });
        }
        Ok(())
    }

    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new([*self.keys.secret, self.digest].concat())
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (secret, digest) = bytes.split_first_chunk::<KEY>()?;
        let keys = Arc::new(Keys::of(Zeroizing::new(*secret)));
        Some(Self { keys, digest: digest.try_into().ok()? })
    }

    fn manifest(&self, generation: u64, rng: &mut dyn CryptoRng) -> Result<Vec<u8>, Error> {
        self.keys.seal(MANIFEST, &[&generation.to_be_bytes()[..], &self.digest].concat(), rng)
    }
}

/// Where no row is.
const MANIFEST: Place = Place { owner: 0, table: u16::MAX, row: 0, generation: 0 };

fn read_manifest(bytes: &[u8]) -> Option<(u64, Digest)> {
    let (generation, digest) = bytes.split_first_chunk()?;
    Some((u64::from_be_bytes(*generation), digest.try_into().ok()?))
}

/// Makes a vault under another name, so that no crash leaves half of one.
fn create(folder: &Path, key: Key, rng: &mut dyn CryptoRng) -> Result<(), Error> {
    let path = folder.join("vault.new");
    files::private().write(true).create(true).truncate(true).open(&path)?;
    let mut db = connect(&path)?;
    // A journal that a crash left would be taken for that of the next attempt.
    db.execute_batch("PRAGMA journal_mode = MEMORY")?;
    migrate(&mut db)?;
    let wrapper = Wrapper::new(key, Slot::First, rng)?;
    let root = Book { keys: Arc::new(Keys::random(rng)), digest: Digest::default() };
    let wrapped = wrapper.wrap(&root.keys, rng)?;
    let manifest = root.manifest(0, rng)?;
    let tx = db.transaction()?;
    write_wrapped(&tx, &wrapped, &manifest)?;
    tx.commit()?;
    drop(db);
    fs::rename(&path, folder.join(FILE))?;
    Ok(files::sync_folder_of(&path)?)
}

fn connect(path: &Path) -> Result<Connection, Error> {
    Ok(Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?)
}

fn migrate(db: &mut Connection) -> Result<(), Error> {
    let tx = db.transaction()?;
    let version: u32 = tx.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let done = usize::try_from(version).map_err(|_| Error::TooNew)?;
    let steps = MIGRATIONS.get(done..).ok_or(Error::TooNew)?;
    for step in steps {
        tx.execute_batch(step)?;
    }
    if !steps.is_empty() {
        tx.execute_batch(&format!("PRAGMA user_version = {}", MIGRATIONS.len()))?;
    }
    Ok(tx.commit()?)
}

fn read_wrapped(db: &Connection) -> Result<Wrapped, Error> {
    let (slot, salt, bytes, checksum) = db
        .query_row("SELECT slot, salt, wrapped, checksum FROM vault", [], |row| {
            Ok((
                row.get::<_, Option<u8>>(0)?,
                row.get::<_, Option<Vec<u8>>>(1)?,
                row.get(2)?,
                row.get::<_, Vec<u8>>(3)?,
            ))
        })
        .optional()?
        .ok_or(Error::Damaged)?;
    let slot = match slot {
        None => None,
        Some(0) => Some(Slot::First),
        Some(1) => Some(Slot::Second),
        Some(_) => return Err(Error::Damaged),
    };
    let salt = salt.map(|salt| salt.as_slice().try_into().map_err(|_| Error::Damaged)).transpose()?;
    let wrapped = Wrapped { slot, salt, bytes };
    if checksum == wrapped.checksum() { Ok(wrapped) } else { Err(Error::Damaged) }
}

fn write_wrapped(tx: &Transaction<'_>, wrapped: &Wrapped, manifest: &[u8]) -> Result<(), Error> {
    let slot = wrapped.slot.map(Slot::number);
    let salt = wrapped.salt.as_ref().map(<[u8; 16]>::as_slice);
    tx.execute(
        "INSERT OR REPLACE INTO vault VALUES (1, ?1, ?2, ?3, ?4, ?5)",
        params![slot, salt, wrapped.bytes, wrapped.checksum(), manifest],
    )?;
    Ok(())
}

impl Wrapped {
    /// Tells damage from a wrong key. It keeps no secret and stops nobody.
    fn checksum(&self) -> Vec<u8> {
        let slot = self.slot.map_or(u8::MAX, Slot::number);
        let hash = Sha256::new().chain_update([FORMAT, slot]).chain_update(self.salt.unwrap_or_default());
        hash.chain_update(&self.bytes).finalize().to_vec()
    }
}

type Stored = Vec<(Place, Vec<u8>)>;

/// The rows of one table. The places are the ones that were asked for: what a damaged index gives fits no other.
fn read_table(db: &Connection, owner: u64, table: u16) -> Result<Stored, Error> {
    let sql = "SELECT tbl, row, generation, sealed FROM rows WHERE owner = ?1 AND tbl = ?2 ORDER BY row";
    let stored = read(db, owner, sql, params![owner.cast_signed(), table])?;
    Ok(stored.into_iter().map(|(place, sealed)| (Place { table, ..place }, sealed)).collect())
}

fn read_owners(db: &Connection) -> Result<Vec<Owner>, Error> {
    let mut statement = db.prepare("SELECT DISTINCT owner FROM rows")?;
    let owners = statement.query_map([], |row| Ok(Owner(row.get::<_, i64>(0)?.cast_unsigned())))?;
    Ok(owners.collect::<Result<_, _>>()?)
}

fn read_all(db: &Connection, owner: u64) -> Result<Stored, Error> {
    let sql = "SELECT tbl, row, generation, sealed FROM rows WHERE owner = ?1";
    read(db, owner, sql, params![owner.cast_signed()])
}

fn read(db: &Connection, owner: u64, sql: &str, params: impl rusqlite::Params) -> Result<Stored, Error> {
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params, |row| {
        let [number, generation] = [row.get::<_, i64>(1)?, row.get::<_, i64>(2)?].map(i64::cast_unsigned);
        Ok((Place { owner, table: row.get(0)?, row: number, generation }, row.get(3)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
