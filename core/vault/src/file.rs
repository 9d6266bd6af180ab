//! The SQLite file: its tables, and each statement on them.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, Transaction, params};
use sha2::{Digest as _, Sha256};

use crate::error::Error;
use crate::seal::{Name, Nonce, Sealed};
use crate::source::Slot;
use crate::wrap::{self, Wrapped};

/// The schema's number. Before it, 1: see [`crate::version_1`].
pub(crate) const VERSION: u32 = 2;

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

/// Whatever is committed is on the device when the call returns, and in the main file: of a log that SQLite reads up to its
/// first bad frame, an end that is missing would not be missed. FULL syncs the journal, the file, and the end of the
/// journal; EXTRA would sync the folder of one that is deleted, which this is not. What was removed is written over, but for
/// what [`write_anew`] is for; no second connection; a file that was tampered with has SQLite do nothing but fail.
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

/// The file, and its schema's number.
pub(crate) fn open(path: &Path) -> Result<(Connection, u32), Error> {
    let db = connect(path)?;
    db.execute_batch(SETTINGS)?;
    let version: u32 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    match version {
        1..=VERSION => {}
        0 => return Err(Error::Damaged),
        _ => return Err(Error::TooNew),
    }
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

/// Looks at each row of a part.
pub(crate) fn each(db: &Connection, part: u64, mut look: impl FnMut(&Sealed)) -> Result<(), Error> {
    let mut statement = db.prepare_cached("SELECT name, nonce, sealed FROM rows WHERE owner = ?1")?;
    let mut rows = statement.query([part.cast_signed()])?;
    while let Some(row) = rows.next()? {
        look(&Sealed { name: row.get(0)?, nonce: row.get(1)?, bytes: row.get(2)? });
    }
    Ok(())
}

/// Looks at the place and the nonce of each row, without reading it. `false`: they are not in SQLite's order, so that it
/// does not find all of them when it is asked for some.
pub(crate) fn places(db: &Connection, mut look: impl FnMut(u64, Name, Nonce)) -> Result<bool, Error> {
    let mut statement = db.prepare("SELECT owner, name, nonce FROM rows")?;
    let mut rows = statement.query([])?;
    let (mut in_order, mut before) = (true, None);
    while let Some(row) = rows.next()? {
        let (part, name): (i64, Name) = (row.get(0)?, row.get(1)?);
        look(part.cast_unsigned(), name, row.get(2)?);
        in_order &= before < Some((part, name));
        before = Some((part, name));
    }
    Ok(in_order)
}

/// Writes all rows to other pages, in the order of their names. As SQLite spreads rows over pages it leaves copies of them
/// behind, which it does not write over when they are removed; nor do places of rows tell any more when they were written.
pub(crate) fn write_anew(db: &mut Connection) -> Result<(), Error> {
    let tx = db.transaction()?;
    tx.execute_batch(&format!(
        "ALTER TABLE rows RENAME TO old; {ROWS} INSERT INTO rows SELECT * FROM old; DROP TABLE old"
    ))?;
    Ok(tx.commit()?)
}

/// The parts that have rows.
pub(crate) fn parts(tx: &Transaction<'_>) -> Result<Vec<u64>, Error> {
    let mut statement = tx.prepare("SELECT DISTINCT owner FROM rows")?;
    let owners = statement.query_map([], |row| Ok(row.get::<_, i64>(0)?.cast_unsigned()))?;
    Ok(owners.collect::<Result<_, _>>()?)
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
