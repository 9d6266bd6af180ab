//! The SQLite file: its tables, and each statement on them.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, Transaction, params};
use sha2::{Digest as _, Sha256};

use crate::error::Error;
use crate::seal::{Name, Nonce, Sealed};
use crate::source::Slot;
use crate::wrap::{self, Wrapped};

/// The schema's number. Before it: see [`crate::version_1`], [`crate::version_2`], [`crate::version_3`].
pub(crate) const VERSION: u32 = 4;

const VAULT: &str = "
    CREATE TABLE vault (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        slot INTEGER,
        salt BLOB,
        wrapped BLOB NOT NULL,
        checksum BLOB NOT NULL,
        manifest BLOB NOT NULL
    ) STRICT;
";

/// Sorted by names, which tell nothing. The nonce is apart, so that looking at all of them reads no long row.
pub(crate) const ROWS: &str = "
    CREATE TABLE rows (
        owner INTEGER NOT NULL,
        name BLOB NOT NULL,
        nonce BLOB NOT NULL,
        sealed BLOB NOT NULL,
        PRIMARY KEY (owner, name)
    ) STRICT, WITHOUT ROWID;
";

/// Counts the parts of a schema that are not ours.
const OTHERS: &str = "
    SELECT count(*) FROM sqlite_schema WHERE (type, name) NOT IN (VALUES ('table', 'vault'), ('table', 'rows'))
";

/// Before the file is read: no second connection, and so no file for memory that connections would share.
const ALONE: &str = "PRAGMA locking_mode = EXCLUSIVE";

/// Whatever is committed is on the device when the call returns, in the log, by one sync of it. SQLite takes what is in the
/// log over into the file from time to time, and when the file is closed. It would not miss an end of the log that is gone:
/// [`crate::mark`] does. What was removed is written over as the log is taken over, but for what [`write_anew`] is for; a
/// file that was tampered with has SQLite do nothing but fail.
const SETTINGS: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA fullfsync = ON;
    PRAGMA secure_delete = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA trusted_schema = OFF;
    PRAGMA cell_size_check = ON;
";

/// The file, and its schema's number.
pub(crate) fn open(path: &Path) -> Result<(Connection, u32), Error> {
    let db = connect(path)?;
    db.execute_batch(ALONE)?;
    let version: u32 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    match version {
        1..=VERSION => {}
        0 => return Err(Error::Damaged),
        _ => return Err(Error::TooNew),
    }
    db.execute_batch(SETTINGS)?;
    // By an index of somebody else's, say, SQLite would find other rows than there are.
    let others: u32 = db.query_row(OTHERS, [], |row| row.get(0))?;
    if others > 0 { Err(Error::Damaged) } else { Ok((db, version)) }
}

/// A new file, which is empty.
pub(crate) fn create(path: &Path) -> Result<Connection, Error> {
    let db = connect(path)?;
    // A journal that a crash left would be taken for that of the next attempt.
    db.execute_batch("PRAGMA journal_mode = MEMORY")?;
    db.execute_batch(&format!("BEGIN; {VAULT} {ROWS} PRAGMA user_version = {VERSION}; COMMIT"))?;
    Ok(db)
}

fn connect(path: &Path) -> Result<Connection, Error> {
    Ok(Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?)
}

/// Writes a row, over one of its name where that is. To remove that one first would move others about, and cost more pages.
pub(crate) fn insert(tx: &Transaction<'_>, part: u64, row: &Sealed) -> Result<(), Error> {
    tx.prepare_cached("INSERT OR REPLACE INTO rows VALUES (?1, ?2, ?3, ?4)")?.execute(params![
        part.cast_signed(),
        row.name,
        row.nonce,
        row.bytes
    ])?;
    Ok(())
}

pub(crate) fn delete(tx: &Transaction<'_>, part: u64, name: Name) -> Result<(), Error> {
    tx.prepare_cached("DELETE FROM rows WHERE owner = ?1 AND name = ?2")?.execute(params![part.cast_signed(), name])?;
    Ok(())
}

pub(crate) fn delete_part(tx: &Transaction<'_>, part: u64) -> Result<(), Error> {
    tx.execute("DELETE FROM rows WHERE owner = ?1", [part.cast_signed()])?;
    Ok(())
}

/// The nonce of a row, and how long it is as it is stored.
pub(crate) fn find_state(tx: &Transaction<'_>, part: u64, name: Name) -> Result<Option<(Nonce, usize)>, Error> {
    let mut statement = tx.prepare_cached("SELECT nonce, length(sealed) FROM rows WHERE owner = ?1 AND name = ?2")?;
    let found =
        statement.query_row(params![part.cast_signed(), name], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    Ok(found.map(|(nonce, length): (_, u32)| (nonce, length as usize)))
}

pub(crate) fn find(db: &Connection, part: u64, name: Name) -> Result<Option<Sealed>, Error> {
    let mut statement = db.prepare_cached("SELECT nonce, sealed FROM rows WHERE owner = ?1 AND name = ?2")?;
    // The name is the one that was asked for: what a damaged index gives fits no other.
    let found = statement.query_row(params![part.cast_signed(), name], |row| {
        Ok(Sealed { name, nonce: row.get(0)?, bytes: row.get(1)? })
    });
    Ok(found.optional()?)
}

/// Looks at each row of a part. `false`: they are not in SQLite's order, so that it does not find all of them when it is
/// asked for some.
pub(crate) fn each(db: &Connection, part: u64, mut look: impl FnMut(&Sealed)) -> Result<bool, Error> {
    let mut statement = db.prepare_cached("SELECT name, nonce, sealed FROM rows WHERE owner = ?1")?;
    let mut rows = statement.query([part.cast_signed()])?;
    let mut order = Order::default();
    while let Some(row) = rows.next()? {
        let sealed = Sealed { name: row.get(0)?, nonce: row.get(1)?, bytes: row.get(2)? };
        order.add(sealed.name);
        look(&sealed);
    }
    Ok(order.is_kept())
}

/// As [`each`], but reads no sealed bytes.
pub(crate) fn places(db: &Connection, part: u64, mut look: impl FnMut(Name, Nonce)) -> Result<bool, Error> {
    let mut statement = db.prepare_cached("SELECT name, nonce FROM rows WHERE owner = ?1")?;
    let mut rows = statement.query([part.cast_signed()])?;
    let mut order = Order::default();
    while let Some(row) = rows.next()? {
        let name = row.get(0)?;
        order.add(name);
        look(name, row.get(1)?);
    }
    Ok(order.is_kept())
}

/// Whether names come one after the other.
#[derive(Default)]
struct Order {
    last: Option<Name>,
    is_broken: bool,
}

impl Order {
    fn add(&mut self, name: Name) {
        self.is_broken |= self.last >= Some(name);
        self.last = Some(name);
    }

    const fn is_kept(&self) -> bool {
        !self.is_broken
    }
}

/// Writes all rows to other pages, in the order of their names. As SQLite spreads rows over pages it leaves copies of them
/// behind, which it does not write over when they are removed; nor do places of rows tell any more when they were written.
pub(crate) fn write_anew(tx: &Transaction<'_>) -> Result<(), Error> {
    Ok(tx.execute_batch(&format!(
        "ALTER TABLE rows RENAME TO old; {ROWS} INSERT INTO rows SELECT * FROM old; DROP TABLE old"
    ))?)
}

/// Takes all of the log over into the file, and cuts it.
pub(crate) fn empty_log(db: &Connection) -> Result<(), Error> {
    let is_busy: bool = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if is_busy { Err(Error::Io) } else { Ok(()) }
}

/// The parts that have rows. Reads no more rows than there are parts.
pub(crate) fn parts(db: &Connection) -> Result<Vec<u64>, Error> {
    let mut parts = Vec::new();
    let mut first = db.prepare_cached("SELECT owner FROM rows ORDER BY owner LIMIT 1")?;
    let mut after = db.prepare_cached("SELECT owner FROM rows WHERE owner > ?1 ORDER BY owner LIMIT 1")?;
    let mut next: Option<i64> = first.query_row([], |row| row.get(0)).optional()?;
    while let Some(part) = next {
        parts.push(part.cast_unsigned());
        // Where pages are in another order it would go round for ever.
        next = after.query_row([part], |row| row.get(0)).optional()?.filter(|next| *next > part);
    }
    Ok(parts)
}

pub(crate) fn read_manifest(db: &Connection) -> Result<Vec<u8>, Error> {
    Ok(db.query_row("SELECT manifest FROM vault", [], |row| row.get(0))?)
}

pub(crate) fn write_manifest(tx: &Transaction<'_>, manifest: &[u8]) -> Result<(), Error> {
    tx.prepare_cached("UPDATE vault SET manifest = ?1")?.execute([manifest])?;
    Ok(())
}

pub(crate) fn read_wrapped(db: &Connection) -> Result<Wrapped, Error> {
    let read = |row: &Row<'_>| {
        let slot: Option<u8> = row.get(0)?;
        Ok((slot, Wrapped { slot: None, salt: row.get(1)?, bytes: row.get(2)? }, row.get::<_, Vec<u8>>(3)?))
    };
    let stored = db.query_row("SELECT slot, salt, wrapped, checksum FROM vault", [], read).optional()?;
    let (slot, wrapped, checksum) = stored.ok_or(Error::Damaged)?;
    let slot = match slot {
        None => None,
        Some(0) => Some(Slot::First),
        Some(1) => Some(Slot::Second),
        Some(_) => return Err(Error::Damaged),
    };
    let wrapped = Wrapped { slot, ..wrapped };
    if checksum == wrapped.checksum() { Ok(wrapped) } else { Err(Error::Damaged) }
}

pub(crate) fn write_wrapped(tx: &Transaction<'_>, wrapped: &Wrapped, manifest: &[u8]) -> Result<(), Error> {
    let slot = wrapped.slot.map(Slot::number);
    tx.execute(
        "INSERT OR REPLACE INTO vault VALUES (1, ?1, ?2, ?3, ?4, ?5)",
        params![slot, wrapped.salt, wrapped.bytes, wrapped.checksum(), manifest],
    )?;
    Ok(())
}

impl Wrapped {
    /// Tells damage from a wrong key. It keeps no secret and stops nobody.
    fn checksum(&self) -> Vec<u8> {
        let slot = self.slot.map_or(u8::MAX, Slot::number);
        let hash = Sha256::new().chain_update([wrap::FORMAT, slot]).chain_update(self.salt.unwrap_or_default());
        hash.chain_update(&self.bytes).finalize().to_vec()
    }
}
