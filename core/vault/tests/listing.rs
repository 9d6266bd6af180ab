//! Rows are read one at a time or a page at a time, and one that is gone or older than it should be is noticed then.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use flashpaper_vault::{Batch, End, Finding, Key, KeyFile, Owner, Table, Vault};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rusqlite::Connection;
use tempfile::TempDir;

const TEXTS: Table = Table::lasting(1);
const OTHERS: Table = Table::lasting(2);
const SESSIONS: Table = Table::fleeting(3);
const ROWS: u64 = 200;

fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

fn open(folder: &Path) -> (Vault, Vec<Finding>) {
    Vault::open(folder, Key::source(Arc::new(KeyFile::new(folder))), &mut rng(9)).unwrap()
}

/// An owner with texts, of which each seventh is gone, rows of another table between them, and sessions.
fn filled(folder: &Path) -> Owner {
    let (mut vault, _) = open(folder);
    let mut batch = Batch::default();
    let owner = batch.add_owner(&mut rng(1));
    for row in 1..=ROWS {
        batch.put(owner, TEXTS, row, row.to_string().into_bytes());
        batch.put(owner, OTHERS, row << 40, b"another".to_vec());
        batch.put(owner, SESSIONS, row, row.to_string().into_bytes());
    }
    vault.commit(batch, &mut rng(2)).unwrap();
    let mut batch = Batch::default();
    (1..=ROWS).filter(|row| row % 7 == 0).for_each(|row| batch.remove(owner, TEXTS, row));
    vault.commit(batch, &mut rng(3)).unwrap();
    owner
}

/// The numbers of a page; its rows are checked to be those that were put there.
fn page(vault: &Vault, owner: Owner, table: Table, before: u64, limit: usize) -> Vec<u64> {
    let (rows, lost) = vault.page(owner, table, (0..before, End::Last), limit).unwrap();
    assert_eq!(lost, []);
    let is_right = |row: &flashpaper_vault::Row| table == OTHERS || *row.bytes == row.number.to_string().into_bytes();
    assert!(rows.iter().all(is_right));
    rows.iter().map(|row| row.number).collect()
}

#[test]
fn a_table_is_read_page_by_page_from_its_end() {
    let folder = TempDir::new().unwrap();
    let owner = filled(folder.path());
    let (vault, findings) = open(folder.path());
    for (table, step, shift, gap) in [(TEXTS, 30, 0, 7), (OTHERS, 30, 40, ROWS + 1), (SESSIONS, 30, 0, ROWS + 1)] {
        let (mut before, mut read) = (u64::MAX, Vec::new());
        loop {
            let page = page(&vault, owner, table, before, step);
            assert!(page.len() <= step);
            let Some(last) = page.last() else { break };
            before = *last;
            read.extend(page);
        }
        let expected: Vec<u64> = (1..=ROWS).rev().filter(|row| row % gap > 0).map(|row| row << shift).collect();
        assert_eq!(read, expected);
    }
    for table in [TEXTS, SESSIONS] {
        for (end, limit, expected) in [(End::Last, 100, vec![12, 11, 10]), (End::First, 2, vec![10, 11])] {
            let (rows, _) = vault.page(owner, table, (10..13, end), limit).unwrap();
            assert_eq!(rows.iter().map(|row| row.number).collect::<Vec<_>>(), expected);
        }
    }
    assert_eq!((findings, vault.take_noticed()), (vec![], vec![]));
}

fn raw(folder: &Path) -> Connection {
    Connection::open(folder.join("vault.db")).unwrap()
}

/// Changes the folder in each way that takes one of the rows that a change of row 5 has written back, or away.
fn each_row_back(mut look: impl FnMut(&Path, Owner, bool)) -> usize {
    let folder = TempDir::new().unwrap();
    let owner = filled(folder.path());
    let number = format!("{owner:?}").trim_matches(|c: char| !c.is_ascii_digit()).parse::<u64>().unwrap().cast_signed();
    let old = folder.path().join("old.db");
    fs::copy(folder.path().join("vault.db"), &old).unwrap();
    let (mut vault, _) = open(folder.path());
    let mut batch = Batch::default();
    batch.put(owner, TEXTS, 5, b"again".to_vec());
    vault.commit(batch, &mut rng(5)).unwrap();
    drop(vault);
    let db = raw(folder.path());
    db.execute("ATTACH ?1 AS old", [old.to_str().unwrap()]).unwrap();
    let changed = "SELECT name FROM rows JOIN old.rows AS before USING (owner, name)
        WHERE owner = ?1 AND rows.nonce <> before.nonce";
    let mut statement = db.prepare(changed).unwrap();
    let names: Vec<[u8; 16]> = statement.query_map([number], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    drop(statement);
    drop(db);
    for name in &names {
        for is_back in [true, false] {
            let copy = TempDir::new().unwrap();
            for file in ["key.0", "mark", "vault.db", "old.db"] {
                fs::copy(folder.path().join(file), copy.path().join(file)).unwrap();
            }
            let db = raw(copy.path());
            db.execute("ATTACH ?1 AS old", [copy.path().join("old.db").to_str().unwrap()]).unwrap();
            let which = (number, name);
            db.execute("DELETE FROM main.rows WHERE owner = ?1 AND name = ?2", which).unwrap();
            if is_back {
                db.execute("INSERT INTO main.rows SELECT * FROM old.rows WHERE owner = ?1 AND name = ?2", which)
                    .unwrap();
            }
            drop(db);
            look(copy.path(), owner, is_back);
        }
    }
    names.len()
}

#[test]
fn a_row_that_is_gone_or_older_is_noticed_when_it_is_read() {
    let mut at_opening = 0;
    let count = each_row_back(|folder, owner, _| {
        let (vault, findings) = open(folder);
        at_opening += findings.len();
        let told = [Finding::RowsMissing(owner)];
        assert!(findings.is_empty() || findings == told);
        drop(vault.row(owner, TEXTS, 5).unwrap());
        assert_eq!(vault.take_noticed(), told);
        let (rows, _) = vault.page(owner, TEXTS, (0..10, End::Last), 5).unwrap();
        assert!(rows.len() >= 4 && vault.take_noticed() == told, "{}", rows.len());
        // The other tables are good, and say so.
        assert_eq!(page(&vault, owner, OTHERS, u64::MAX, 500).len() as u64, ROWS);
        assert_eq!(vault.take_noticed(), []);
    });
    // The row, the node with its number, and the top, which is missed at the opening.
    assert_eq!((count, at_opening), (3, 2));
}

#[test]
fn it_is_told_until_something_is_written_and_all_that_is_there_is_listed_then() {
    each_row_back(|folder, owner, is_back| {
        for _ in 0..2 {
            let (vault, _) = open(folder);
            drop(vault.row(owner, TEXTS, 5).unwrap());
            assert_eq!(vault.take_noticed(), [Finding::RowsMissing(owner)]);
        }
        let (mut vault, _) = open(folder);
        drop(vault.row(owner, TEXTS, 5).unwrap());
        let mut batch = Batch::default();
        batch.put(owner, TEXTS, ROWS + 1, b"201".to_vec());
        vault.commit(batch, &mut rng(6)).unwrap();
        drop(vault);
        let (vault, findings) = open(folder);
        let there = vault.row(owner, TEXTS, 5).unwrap().is_some();
        let (rows, lost) = vault.page(owner, TEXTS, (0..u64::MAX, End::Last), 500).unwrap();
        let all = (1..=ROWS + 1).filter(|row| row % 7 > 0).count();
        assert_eq!((rows.len(), lost), (all - usize::from(!there), vec![]));
        assert!(there || !is_back);
        assert_eq!((findings, vault.take_noticed(), vault.each(owner, |_| ())), (vec![], vec![], Ok(vec![])));
    });
}

#[test]
fn a_page_goes_on_behind_rows_that_are_damaged() {
    let folder = TempDir::new().unwrap();
    let owner = filled(folder.path());
    let file = || Connection::open(folder.path().join("vault.db")).unwrap();
    let names = || -> HashSet<Vec<u8>> {
        let file = file();
        let mut rows = file.prepare("SELECT name FROM rows").unwrap();
        rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let mut damaged = Vec::new();
    for row in ROWS + 1..=ROWS + 10 {
        let before = names();
        let (mut vault, _) = open(folder.path());
        let mut batch = Batch::default();
        batch.put(owner, TEXTS, row, row.to_string().into_bytes());
        vault.commit(batch, &mut rng(row)).unwrap();
        drop(vault);
        let new: Vec<_> = names().difference(&before).cloned().collect();
        // Now and then there is a new node, too.
        if let [name] = new.as_slice() {
            let damage = "UPDATE rows SET sealed = zeroblob(length(sealed)) WHERE name = ?1";
            assert_eq!(file().execute(damage, [name]).unwrap(), 1);
            damaged.push(row);
        }
    }
    let limit = 3;
    assert!(damaged.len() > 2 * limit);
    let (vault, _) = open(folder.path());
    let good = |row: &u64| !row.is_multiple_of(7) || *row > ROWS;
    let good: Vec<u64> = (1..=ROWS + 10).filter(|row| good(row) && !damaged.contains(row)).collect();
    let first = damaged[0] - 1;
    for (range, end, expected) in [
        (0..u64::MAX, End::Last, good.iter().rev().copied().take(limit).collect::<Vec<_>>()),
        (first..u64::MAX, End::First, good.iter().copied().filter(|row| *row >= first).take(limit).collect()),
    ] {
        let (rows, lost) = vault.page(owner, TEXTS, (range, end), limit).unwrap();
        let numbers: Vec<u64> = rows.iter().map(|row| row.number).collect();
        assert_eq!(numbers, expected);
        assert!(lost.len() > limit && lost.iter().all(|finding| *finding == Finding::RowLost(owner)));
    }
}
