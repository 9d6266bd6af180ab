//! Changes by somebody who has the folder, but not the key, are found out; untouched records can be read.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use flashpaper_vault::{Batch, Error, Finding, Key, KeyFile, Owner, Table, Vault};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rusqlite::Connection;
use tempfile::TempDir;

const NOTES: Table = Table::lasting(1);
const OTHERS: Table = Table::lasting(2);
const SESSIONS: Table = Table::fleeting(3);
/// Rows of each owner.
const ROWS: usize = 27;

fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

fn open(folder: &Path) -> Result<(Vault, Vec<Finding>), Error> {
    Vault::open(folder, Key::source(Arc::new(KeyFile::new(folder))), &mut rng(9))
}

/// What a row has, but for those of `OTHERS`.
fn text(row: u64) -> Vec<u8> {
    row.to_string().into_bytes()
}

/// Two owners, the first by number being the first, with nine rows in each of three tables.
fn filled(folder: &Path) -> [Owner; 2] {
    let (mut vault, _) = open(folder).unwrap();
    let mut batch = Batch::default();
    let mut owners = [batch.add_owner(&mut rng(1)), batch.add_owner(&mut rng(2))];
    for owner in owners {
        for row in 1..10 {
            batch.put(owner, NOTES, row, text(row));
            batch.put(owner, OTHERS, row, vec![7; 700]);
            batch.put(owner, SESSIONS, row, text(row));
        }
    }
    vault.commit(batch, &mut rng(3)).unwrap();
    // As SQLite sorts them.
    owners.sort_by_key(|owner| number(*owner));
    owners
}

fn number(owner: Owner) -> i64 {
    format!("{owner:?}").trim_matches(|c: char| !c.is_ascii_digit()).parse::<u64>().unwrap().cast_signed()
}

/// What is read: each good row is what was put there.
fn check(vault: &Vault, owner: Owner) -> (usize, Vec<Finding>) {
    let mut good = 0;
    let lost = vault.each(owner, |row| {
        let is = row.bytes.to_vec();
        assert_eq!(is, if row.table == OTHERS { vec![7; 700] } else { text(row.number) });
        good += 1;
    });
    (good, lost.unwrap())
}

fn raw(folder: &Path) -> Connection {
    Connection::open(folder.join("vault.db")).unwrap()
}

/// What a change by SQL leads to, with the first owner's number for `FIRST` and the other's for `SECOND`: findings at the
/// opening, and what is read of the first.
fn after(sql: &str) -> (Vec<Finding>, usize, Vec<Finding>, [Owner; 2]) {
    let folder = TempDir::new().unwrap();
    let owners = filled(folder.path());
    let [first, second] = owners.map(|owner| number(owner).to_string());
    raw(folder.path()).execute_batch(&sql.replace("FIRST", &first).replace("SECOND", &second)).unwrap();
    let (vault, findings) = open(folder.path()).unwrap();
    if !findings.contains(&Finding::RowsMissing(owners[1])) {
        assert_eq!(check(&vault, owners[1]), (ROWS, vec![]));
    }
    if !vault.owners().contains(&owners[0]) {
        return (findings, 0, vec![], owners);
    }
    let (good, lost) = check(&vault, owners[0]);
    (findings, good, lost, owners)
}

/// One of the first owner's rows; which one is not to be seen.
const ONE: &str = "owner = FIRST AND name = (SELECT min(name) FROM rows WHERE owner = FIRST AND length(sealed) = 528)";

#[test]
fn a_row_that_was_changed() {
    let (findings, good, lost, [owner, _]) =
        after(&format!("UPDATE rows SET sealed = zeroblob(length(sealed)) WHERE {ONE}"));
    assert_eq!((findings, lost), (vec![], vec![Finding::RowLost(owner)]));
    assert!(good + 1 >= ROWS);
}

#[test]
fn rows_that_were_swapped() {
    let other = ONE.replace("min(", "max(");
    let (findings, good, lost, [owner, _]) =
        after(&format!("UPDATE rows SET sealed = (SELECT sealed FROM rows WHERE {other}) WHERE {ONE}"));
    assert_eq!((findings, lost), (vec![], vec![Finding::RowLost(owner)]));
    assert!(good + 1 >= ROWS);
    for change in ["name = randomblob(16)", "nonce = randomblob(24)"] {
        let (findings, _, lost, [owner, _]) = after(&format!("UPDATE rows SET {change} WHERE {ONE}"));
        assert_eq!([lost, findings].concat(), [Finding::RowLost(owner), Finding::RowsMissing(owner)]);
    }
}

#[test]
fn a_row_of_another_owner() {
    let of_another = ONE.replace("FIRST", "SECOND");
    let (findings, _, lost, [owner, _]) =
        after(&format!("UPDATE rows SET sealed = (SELECT sealed FROM rows WHERE {of_another}) WHERE {ONE}"));
    assert_eq!((findings, lost), (vec![], vec![Finding::RowLost(owner)]));
    // Those that last are none of those that do not.
    let fleeting = "UPDATE rows SET name = randomblob(16) WHERE owner = FIRST + 1";
    let (findings, good, lost, [owner, _]) = after(fleeting);
    assert_eq!((findings, good), (vec![Finding::RowsMissing(owner)], 18));
    assert!(lost.len() >= 9 && lost.iter().all(|lost| *lost == Finding::RowLost(owner)));
}

#[test]
fn rows_that_were_removed() {
    for part in ["FIRST", "FIRST + 1"] {
        let (findings, good, lost, [owner, _]) = after(&format!("DELETE FROM rows WHERE owner = {part}"));
        assert_eq!((findings, lost), (vec![Finding::RowsMissing(owner)], vec![]));
        assert_eq!(good, if part == "FIRST" { 9 } else { 18 });
    }
    // One of many is missed when they are read.
    let (findings, _, lost, [owner, _]) = after(&format!("DELETE FROM rows WHERE {ONE}"));
    assert_eq!([findings, lost].concat(), [Finding::RowsMissing(owner)]);
}

/// The changes that take what the vault knows of one part, one after the other: it has a row for each, and fillers.
fn each_root_row(change: &str, mut look: impl FnMut(Vec<Finding>, &Vault)) {
    for row in 0..16 {
        let folder = TempDir::new().unwrap();
        filled(folder.path());
        let this =
            format!("owner = 0 AND name = (SELECT name FROM rows WHERE owner = 0 ORDER BY name LIMIT 1 OFFSET {row})");
        raw(folder.path()).execute_batch(&format!("{change} WHERE {this}")).unwrap();
        let (vault, findings) = open(folder.path()).unwrap();
        look(findings, &vault);
    }
}

#[test]
fn an_owner_that_was_removed() {
    let removed = "DELETE FROM rows WHERE owner = FIRST OR owner = FIRST + 1; DELETE FROM rows WHERE owner = 0";
    let (findings, ..) = after(&removed.replace("DELETE FROM rows WHERE owner = 0", ""));
    assert!(matches!(*findings, [Finding::RowsMissing(_)]), "{findings:?}");
    for (change, is_seen) in [("DELETE FROM rows", true), ("UPDATE rows SET sealed = x'00'", false)] {
        let (mut lost, mut incomplete) = (0, 0);
        each_root_row(change, |findings, vault| {
            assert_eq!(findings.contains(&Finding::OwnersMissing), is_seen);
            let gone = findings.iter().filter(|finding| matches!(finding, Finding::OwnerLost(_))).count();
            assert_eq!(vault.owners().len() + gone, 2);
            lost += gone;
            incomplete += findings.iter().filter(|finding| matches!(finding, Finding::RowsMissing(_))).count();
        });
        assert_eq!(
            (lost, incomplete),
            (2, 2),
            "of the 16 there are two that have an owner's key, and two its other one"
        );
    }
}

#[test]
fn what_is_left_of_a_lost_owner_goes_with_the_next_change_of_keys() {
    let mut lost = 0;
    for row in 0..16 {
        let folder = TempDir::new().unwrap();
        filled(folder.path());
        let this = "owner = 0 AND name = (SELECT name FROM rows WHERE owner = 0 ORDER BY name LIMIT 1 OFFSET ?1)";
        raw(folder.path()).execute(&format!("DELETE FROM rows WHERE {this}"), [row]).unwrap();
        let (_, findings) = open(folder.path()).unwrap();
        let (mut vault, again) = open(folder.path()).unwrap();
        assert_eq!(findings, again);
        if vault.owners().len() == 2 {
            continue;
        }
        lost += 1;
        assert_eq!(vault.renew(&mut rng(4)), None);
        drop(vault);
        let (vault, findings) = open(folder.path()).unwrap();
        assert_eq!((findings, vault.owners().len()), (vec![], 1));
        drop(vault);
        let parts = raw(folder.path()).query_row("SELECT count(DISTINCT owner) FROM rows", [], |row| row.get(0));
        assert_eq!(parts, Ok(3), "the vault's own, and two of an owner");
    }
    assert_eq!(lost, 2);
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
        batch.put(owner, SESSIONS, 1, b"1".to_vec());
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
        // It goes on, and says so until something is written.
        let mut batch = Batch::default();
        for (owner, table) in [owner, other].into_iter().flat_map(|owner| [(owner, NOTES), (owner, SESSIONS)]) {
            batch.put(owner, table, 10, text(10));
        }
        vault.commit(batch, &mut rng(6)).unwrap();
        drop(vault);
        let (vault, findings) = open(folder.path()).unwrap();
        assert_eq!(findings, []);
        assert_eq!(check(&vault, other), (ROWS + 2, vec![]));
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
        let mut right = true;
        let lost = vault.each(*owner, |row| {
            good += 1;
            right &= *row.bytes == if row.table == OTHERS { vec![7; 700] } else { text(row.number) };
        });
        let Ok(lost) = lost else { return Met::Refused };
        findings.extend(lost);
        // Where the end of the log is gone, it is an older state, and that is told.
        assert!(right || findings.contains(&Finding::OwnersMissing));
    }
    assert!(good == 2 * ROWS || !findings.is_empty(), "{good} rows, and no word");
    if findings.is_empty() { Met::Harmless } else { Met::Found }
}

#[test]
fn a_file_that_was_cut_off() {
    let folder = TempDir::new().unwrap();
    let owners = filled(folder.path());
    let path = folder.path().join("vault.db");
    let whole = fs::read(&path).unwrap();
    for length in (0..whole.len()).step_by(1 + whole.len() / 300) {
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
    for at in (0..whole.len()).step_by(1 + whole.len() / 300) {
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
        for at in (0..whole.len()).step_by(1 + whole.len() / 100) {
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
        "CREATE INDEX old ON rows (owner, name, nonce);
        CREATE TABLE aside AS SELECT * FROM sqlite_schema WHERE name = 'old';
        DELETE FROM sqlite_schema WHERE name = 'old'",
    );
    unsafe_sql("DELETE FROM rows WHERE owner <> 0 AND name > x'80'; INSERT INTO sqlite_schema SELECT * FROM aside");
    unsafe_sql("DROP TABLE aside");
    assert_ne!(meet(folder.path(), &owners), Met::Harmless);
}
