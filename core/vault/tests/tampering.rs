//! What whoever has the folder, but not the key, changes is found out, and what they left alone can be read.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use flashpaper_vault::{Batch, Error, Finding, Key, KeyFile, Owner, Row, Table, Vault};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rusqlite::Connection;
use tempfile::TempDir;

const NOTES: Table = Table(1);
const OTHERS: Table = Table(2);

fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

fn open(folder: &Path) -> Result<(Vault, Vec<Finding>), Error> {
    Vault::open(folder, Key::source(Arc::new(KeyFile::new(folder))), &mut rng(9))
}

/// Two owners with rows "1" to "9" in a table, and a part of a text in each row of another.
fn filled(folder: &Path) -> [Owner; 2] {
    let (mut vault, _) = open(folder).unwrap();
    let mut batch = Batch::default();
    let owners = [batch.add_owner(&mut rng(1)), batch.add_owner(&mut rng(2))];
    for owner in owners {
        for row in 1..10 {
            batch.put(owner, NOTES, row, row.to_string().into_bytes());
            batch.put(owner, OTHERS, row, vec![7; 700]);
        }
    }
    vault.commit(batch, &mut rng(3)).unwrap();
    owners
}

/// What is read: each good row is what was put there.
fn check(vault: &Vault, owner: Owner) -> (usize, Vec<Finding>) {
    let rows = vault.rows(owner, NOTES).unwrap();
    for row in &rows.good {
        assert_eq!(*row.bytes, row.number.to_string().into_bytes());
    }
    (rows.good.len(), rows.lost)
}

fn raw(folder: &Path) -> Connection {
    Connection::open(folder.join("vault.db")).unwrap()
}

/// What a change by SQL leads to: findings at the opening, and rows of the first owner that are lost.
fn after(sql: &str) -> (Vec<Finding>, usize, Vec<Finding>, [Owner; 2]) {
    let folder = TempDir::new().unwrap();
    let owners = filled(folder.path());
    let db = raw(folder.path());
    let sql = sql.replace("FIRST", "(SELECT min(owner) FROM rows WHERE owner <> 0)");
    db.execute_batch(&sql.replace("SECOND", "(SELECT max(owner) FROM rows)")).unwrap();
    drop(db);
    let (vault, findings) = open(folder.path()).unwrap();
    let mut owners = owners;
    // As SQLite sorts them.
    owners.sort_by_key(|owner| {
        format!("{owner:?}").trim_matches(|c: char| !c.is_ascii_digit()).parse::<u64>().unwrap().cast_signed()
    });
    if !vault.owners().contains(&owners[0]) {
        assert_eq!(check(&vault, owners[1]), (9, vec![]));
        return (findings, 0, vec![], owners);
    }
    let (good, lost) = check(&vault, owners[0]);
    if !findings.contains(&Finding::RowsMissing(owners[1])) {
        assert_eq!(check(&vault, owners[1]), (9, vec![]));
    }
    (findings, good, lost, owners)
}

#[test]
fn a_row_that_was_changed() {
    let (findings, good, lost, [owner, _]) =
        after("UPDATE rows SET sealed = zeroblob(length(sealed)) WHERE owner = FIRST AND tbl = 2 AND row = 3");
    assert_eq!((findings, good, lost), (vec![], 8, vec![Finding::RowLost(owner, NOTES, 3)]));
}

#[test]
fn rows_that_were_swapped() {
    let (findings, good, lost, [owner, _]) = after(
        "UPDATE rows SET sealed = (SELECT sealed FROM rows WHERE owner = FIRST AND tbl = 2 AND row = 4)
            WHERE owner = FIRST AND tbl = 2 AND row = 3;",
    );
    assert_eq!((findings, good, lost), (vec![], 8, vec![Finding::RowLost(owner, NOTES, 3)]));
    let (findings, _, lost, [owner, _]) =
        after("UPDATE rows SET row = 100 - row WHERE owner = FIRST AND tbl = 2 AND row = 3");
    assert_eq!((findings, lost), (vec![Finding::RowsMissing(owner)], vec![Finding::RowLost(owner, NOTES, 97)]));
}

#[test]
fn a_row_of_another_owner() {
    let (findings, good, lost, [owner, _]) = after(
        "UPDATE rows SET sealed = (SELECT sealed FROM rows WHERE owner = SECOND AND tbl = 2 AND row = 3)
            WHERE owner = FIRST AND tbl = 2 AND row = 3",
    );
    assert_eq!((findings, good, lost), (vec![], 8, vec![Finding::RowLost(owner, NOTES, 3)]));
}

#[test]
fn rows_that_were_removed() {
    let (findings, good, lost, [owner, _]) = after("DELETE FROM rows WHERE owner = FIRST AND tbl = 2 AND row > 5");
    assert_eq!((findings, good, lost), (vec![Finding::RowsMissing(owner)], 5, vec![]));
}

#[test]
fn an_owner_that_was_removed() {
    let (findings, _, _, _) = after(
        "DELETE FROM rows WHERE owner = FIRST; DELETE FROM rows WHERE owner = 0 AND row = (SELECT min(row) FROM rows WHERE owner = 0)",
    );
    assert_eq!(findings, [Finding::OwnersMissing]);
    let (findings, _, _, [owner, _]) = after("DELETE FROM rows WHERE owner = 0 AND row = FIRST");
    assert_eq!(findings, [Finding::OwnerLost(owner), Finding::OwnersMissing]);
    let (findings, _, _, [owner, _]) = after("UPDATE rows SET sealed = x'00' WHERE owner = 0 AND row = FIRST");
    assert_eq!(findings, [Finding::OwnerLost(owner)]);
}

#[test]
fn what_is_left_of_a_lost_owner_goes_with_the_next_that_is_forgotten() {
    let folder = TempDir::new().unwrap();
    let [lost, other] = filled(folder.path());
    let sql = "DELETE FROM rows WHERE owner = 0 AND tbl = 0 AND row = ?1";
    let number = format!("{lost:?}").trim_matches(|c: char| !c.is_ascii_digit()).parse::<u64>().unwrap();
    raw(folder.path()).execute(sql, [number.cast_signed()]).unwrap();
    for _ in 0..2 {
        let (_, findings) = open(folder.path()).unwrap();
        assert_eq!(findings, [Finding::OwnerLost(lost), Finding::OwnersMissing]);
    }
    let (mut vault, _) = open(folder.path()).unwrap();
    let fresh = vault.next_key().unwrap().seal(&mut rng(4)).unwrap();
    assert_eq!(vault.forget(&[other], fresh, &mut rng(5)).unwrap().delete(), None);
    drop(vault);
    let (vault, findings) = open(folder.path()).unwrap();
    assert_eq!((findings, vault.owners()), (vec![], vec![]));
    drop(vault);
    assert_eq!(raw(folder.path()).query_row("SELECT count(*) FROM rows", [], |row| row.get(0)), Ok(0));
}

#[test]
fn states_from_before() {
    // What is replayed, what is found, and what "1" was before.
    for (replayed, found) in [("owner <> 0", true), ("owner = 0", true), ("owner >= 0 OR owner < 0", true)] {
        let folder = TempDir::new().unwrap();
        let [owner, other] = filled(folder.path());
        let old = TempDir::new().unwrap();
        fs::copy(folder.path().join("vault.db"), old.path().join("vault.db")).unwrap();
        let (mut vault, _) = open(folder.path()).unwrap();
        let mut batch = Batch::default();
        batch.remove(owner, NOTES, 2);
        batch.put(owner, NOTES, 1, b"1".to_vec());
        vault.commit(batch, &mut rng(5)).unwrap();
        drop(vault);
        let db = raw(folder.path());
        let path = old.path().join("vault.db");
        db.execute("ATTACH ?1 AS old", [path.to_str().unwrap()]).unwrap();
        db.execute_batch(&format!(
            "DELETE FROM rows WHERE {replayed}; INSERT INTO rows SELECT * FROM old.rows WHERE {replayed}"
        ))
        .unwrap();
        drop(db);
        let (mut vault, findings) = open(folder.path()).unwrap();
        assert_eq!(!findings.is_empty(), found, "{replayed}: {findings:?}");
        // It goes on, and says so once.
        let mut batch = Batch::default();
        batch.put(owner, NOTES, 10, b"10".to_vec());
        batch.put(other, NOTES, 10, b"10".to_vec());
        vault.commit(batch, &mut rng(6)).unwrap();
        drop(vault);
        let (vault, findings) = open(folder.path()).unwrap();
        assert_eq!(findings, []);
        assert_eq!(check(&vault, other), (10, vec![]));
    }
}

/// How a changed file is met.
#[derive(Debug, PartialEq)]
enum Met {
    Refused,
    Found,
    /// Nothing is missing or wrong.
    Harmless,
}

fn meet(folder: &Path, owners: &[Owner]) -> Met {
    let (vault, mut findings) = match open(folder) {
        Ok(opened) => opened,
        Err(error) => {
            assert!(matches!(error, Error::Damaged | Error::KeyLost), "{error}");
            return Met::Refused;
        }
    };
    let mut good = 0;
    for owner in owners.iter().filter(|owner| vault.owners().contains(owner)) {
        for (table, text) in [(NOTES, None), (OTHERS, Some(vec![7; 700]))] {
            let Ok(rows) = vault.rows(*owner, table) else { return Met::Refused };
            good += rows.good.len();
            let right = |row: &Row| *row.bytes == text.clone().unwrap_or_else(|| row.number.to_string().into_bytes());
            assert!(rows.good.iter().all(right));
            findings.extend(rows.lost);
        }
    }
    assert!(good == 36 || !findings.is_empty(), "{good} rows, and no word");
    if findings.is_empty() { Met::Harmless } else { Met::Found }
}

#[test]
fn a_file_that_was_cut_off() {
    let folder = TempDir::new().unwrap();
    let owners = filled(folder.path());
    let path = folder.path().join("vault.db");
    let whole = fs::read(&path).unwrap();
    for length in (0..whole.len()).step_by(509) {
        fs::write(&path, &whole[..length]).unwrap();
        let met = meet(folder.path(), &owners);
        // Of the last page, what is cut off may have been empty.
        assert!(met == Met::Refused || length + 4096 > whole.len(), "{length} of {}: {met:?}", whole.len());
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(meet(folder.path(), &owners), Met::Harmless);
}

#[test]
fn any_bit_that_was_flipped() {
    let folder = TempDir::new().unwrap();
    let owners = filled(folder.path());
    let path = folder.path().join("vault.db");
    let whole = fs::read(&path).unwrap();
    let mut count = [0; 3];
    for at in (0..whole.len()).step_by(101) {
        let mut changed = whole.clone();
        changed[at] ^= 1 << (at % 8);
        fs::write(&path, &changed).unwrap();
        count[meet(folder.path(), &owners) as usize] += 1;
    }
    // Where SQLite keeps its own books there is little.
    let [refused, found, _] = count;
    assert!(found > 5 * refused && refused > 0, "{count:?}");
}

#[test]
fn whatever_a_killed_process_left() {
    let folder = TempDir::new().unwrap();
    let owners = filled(folder.path());
    let change = |vault: &mut Vault, owner, one: &str, two: bool| {
        let mut batch = Batch::default();
        batch.put(owner, NOTES, 1, one.as_bytes().to_vec());
        if two {
            batch.put(owner, NOTES, 2, b"2".to_vec());
        } else {
            batch.remove(owner, NOTES, 2);
        }
        vault.commit(batch, &mut rng(5)).unwrap();
    };
    let (mut vault, _) = open(folder.path()).unwrap();
    owners.iter().for_each(|owner| change(&mut vault, *owner, "before", false));
    drop(vault);
    let (mut vault, _) = open(folder.path()).unwrap();
    owners.iter().for_each(|owner| change(&mut vault, *owner, "1", true));
    // It closes nothing: what is on the disk now is what a kill leaves.
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    let left: Vec<_> = left.iter().map(|path| (path.file_name().unwrap(), fs::read(path).unwrap())).collect();
    let meet_with = |changed: &OsStr, bytes: &[u8]| {
        let folder = TempDir::new().unwrap();
        for (name, whole) in &left {
            fs::write(folder.path().join(name), if *name == changed { bytes } else { whole }).unwrap();
        }
        meet(folder.path(), &owners)
    };
    for (name, whole) in &left {
        assert_eq!(meet_with(name, whole), Met::Harmless);
        for at in (0..whole.len()).step_by(101.min(1 + whole.len() / 16)) {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << (at % 8);
            meet_with(name, &flipped);
            meet_with(name, &whole[..at]);
        }
    }
}

#[test]
fn rows_in_another_order() {
    let folder = TempDir::new().unwrap();
    let owners = filled(folder.path());
    let path = folder.path().join("vault.db");
    let whole = fs::read(&path).unwrap();
    // A leaf of an index: its type, the number of its cells at byte 3, their places from byte 8 on.
    let leaves = (0..whole.len()).step_by(4096).filter(|page| whole[*page] == 10);
    let mut count = 0;
    for page in leaves {
        let mut changed = whole.clone();
        let cells = usize::from(u16::from_be_bytes([whole[page + 3], whole[page + 4]]));
        let places: Vec<_> = whole[page + 8..][..2 * cells].chunks(2).rev().flatten().copied().collect();
        changed[page + 8..][..2 * cells].copy_from_slice(&places);
        fs::write(&path, &changed).unwrap();
        assert_ne!(meet(folder.path(), &owners), Met::Harmless);
        count += 1;
    }
    assert!(count > 3, "{count}");
}

#[test]
fn an_index_that_hides_what_was_removed() {
    let folder = TempDir::new().unwrap();
    let owners = filled(folder.path());
    let unsafe_sql =
        |sql: &str| raw(folder.path()).execute_batch(&format!("PRAGMA writable_schema = ON; {sql}")).unwrap();
    unsafe_sql(
        "CREATE INDEX old ON rows (owner, tbl, row, generation);
        CREATE TABLE aside AS SELECT * FROM sqlite_schema WHERE name = 'old';
        DELETE FROM sqlite_schema WHERE name = 'old'",
    );
    unsafe_sql(
        "DELETE FROM rows WHERE owner <> 0 AND tbl = 2 AND row > 5; INSERT INTO sqlite_schema SELECT * FROM aside",
    );
    unsafe_sql("DROP TABLE aside");
    assert_ne!(meet(folder.path(), &owners), Met::Harmless);
}
