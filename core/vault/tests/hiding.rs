//! What a file tells without its key: how many owners there are, and of each a number of rows that hides how many there are.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use flashpaper_vault::{Batch, Key, KeyFile, Owner, Table, Vault};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tempfile::TempDir;

const TEXTS: Table = Table::lasting(1);
const PEERS: Table = Table::lasting(2);
const SESSIONS: Table = Table::fleeting(3);

fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

/// A vault with one owner.
fn new(folder: &Path, seed: u64) -> (Vault, Owner) {
    let key = Key::source(Arc::new(KeyFile::new(folder)));
    let (mut vault, _) = Vault::open(folder, key, &mut rng(seed)).unwrap();
    let mut batch = Batch::default();
    let owner = batch.add_owner(&mut rng(seed + 1));
    vault.commit(batch, &mut rng(seed + 2)).unwrap();
    (vault, owner)
}

fn raw(folder: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(folder.join("vault.db")).unwrap()
}

/// How many rows there are by owner, in the order of their numbers, and by length; and what they are called.
fn seen(folder: &Path) -> (Vec<BTreeMap<usize, u32>>, BTreeSet<Vec<u8>>) {
    let db = raw(folder);
    let columns: Vec<String> = db
        .prepare("SELECT name FROM pragma_table_info('rows')")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(columns, ["owner", "name", "nonce", "sealed"]);
    let (mut counts, mut names) = (BTreeMap::<u64, BTreeMap<usize, u32>>::new(), BTreeSet::new());
    let mut statement = db.prepare("SELECT owner, name, nonce, sealed FROM rows").unwrap();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let [name, nonce, sealed]: [Vec<u8>; 3] = [1, 2, 3].map(|column| row.get(column).unwrap());
        assert_eq!((name.len(), nonce.len()), (16, 24));
        assert!(names.insert(name));
        let owner = row.get::<_, i64>(0).unwrap().cast_unsigned();
        *counts.entry(owner).or_default().entry(sealed.len()).or_default() += 1;
    }
    // Numbers are random, but for the last bit.
    let mut counts: Vec<_> = counts.into_iter().map(|(owner, count)| (owner != 0, owner % 2, count)).collect();
    counts.sort();
    (counts.into_iter().map(|(_, _, count)| count).collect(), names)
}

/// With one `rng` for all tables: no nonce comes twice.
fn fill(vault: &mut Vault, (owner, table): (Owner, Table), rows: u64, length: usize, rng: &mut StdRng) {
    for row in 1..=rows {
        let mut batch = Batch::default();
        batch.put(owner, table, row, vec![b'x'; length]);
        vault.commit(batch, rng).unwrap();
    }
}

#[test]
fn many_contacts_and_texts_look_like_none() {
    let (many, few) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (mut vault, owner) = new(many.path(), 10);
    let random = &mut rng(30);
    fill(&mut vault, (owner, TEXTS), 21, 300, random);
    fill(&mut vault, (owner, PEERS), 8, 7000, random);
    fill(&mut vault, (owner, SESSIONS), 6, 3000, random);
    // Their texts were taken, and are not kept.
    for row in 4..=21 {
        let mut batch = Batch::default();
        batch.remove(owner, TEXTS, row);
        vault.commit(batch, &mut rng(row)).unwrap();
    }
    drop(vault);
    drop(new(few.path(), 20));
    let ((counts, names), (other_counts, other_names)) = (seen(many.path()), seen(few.path()));
    assert_eq!(counts, other_counts);
    assert_eq!(names.intersection(&other_names).count(), 0);
    // Nor are names of one vault alike: a row that is numbered one more is anywhere.
    let first: BTreeSet<u8> = names.iter().map(|name| name[0]).collect();
    assert!(first.len() > 80, "{}", first.len());
}

#[test]
fn numbers_are_rounded_up_and_sizes_doubled() {
    let folder = TempDir::new().unwrap();
    let (mut vault, owner) = new(folder.path(), 10);
    let count = |length| *seen_while_closed(folder.path())[1].get(&length).unwrap_or(&0);
    let mut rows = 0;
    // Rows, what is seen of the smallest, and of those that are too long to be hidden by as many from the start. With more
    // than one row, a table has one more of the smallest for each 64, which lists them.
    for (put, small, large) in
        [(1, 32, 1), (30, 32, 32), (31, 64, 32), (70, 128, 128), (40, 128, 128), (20, 32, 32), (5, 32, 8)]
    {
        let mut batch = Batch::default();
        for row in rows.min(put)..rows.max(put) {
            if put < rows {
                batch.remove(owner, TEXTS, row);
                batch.remove(owner, PEERS, row);
            } else {
                batch.put(owner, TEXTS, row, vec![0; 498]);
                batch.put(owner, PEERS, row, vec![0; 16_371]);
            }
        }
        vault.commit(batch, &mut rng(put)).unwrap();
        rows = put;
        // 14 bytes in front, a tag behind.
        assert_eq!((count(512 + 16), count(32_768 + 16)), (small, large), "{put}");
    }
}

/// The file as it is while a vault has it open: another process looks at a copy, and at that of the log.
fn seen_while_closed(folder: &Path) -> Vec<BTreeMap<usize, u32>> {
    let copy = TempDir::new().unwrap();
    for file in ["vault.db", "vault.db-wal"] {
        fs::copy(folder.join(file), copy.path().join(file)).unwrap();
    }
    seen(copy.path()).0
}

#[test]
fn what_was_removed_is_written_over() {
    let folder = TempDir::new().unwrap();
    let (mut vault, owner) = new(folder.path(), 10);
    let random = &mut rng(30);
    for table in [TEXTS, SESSIONS] {
        fill(&mut vault, (owner, table), 90, 5000, random);
    }
    drop(vault);
    let nonces = |folder: &Path| -> BTreeSet<[u8; 24]> {
        let db = raw(folder);
        let mut statement = db.prepare("SELECT nonce FROM rows").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let before = nonces(folder.path());
    let (mut vault, _) =
        Vault::open(folder.path(), Key::source(Arc::new(KeyFile::new(folder.path()))), &mut rng(5)).unwrap();
    let mut batch = Batch::default();
    (1..=90).for_each(|row| batch.remove(owner, TEXTS, row));
    vault.commit(batch, &mut rng(6)).unwrap();
    assert_eq!(vault.renew(&mut rng(7)), None);
    drop(vault);
    let (after, file) = (nonces(folder.path()), fs::read(folder.path().join("vault.db")).unwrap());
    let gone: BTreeSet<_> = before.difference(&after).copied().collect();
    // The texts, three rows that listed them, and the fillers for which there are too many now; what had the key: 128 and
    // the least numbers, 16 owners.
    assert_eq!(gone.len(), (90 + 3 + 30) + (128 + 4 * 8) + 16);
    assert!(file.windows(24).all(|window| !gone.contains(window)));
    // Nothing is left on pages that are free: they are zero but for the list of themselves.
    let free: u32 = raw(folder.path()).query_row("PRAGMA freelist_count", [], |row| row.get(0)).unwrap();
    let zero = file.chunks(4096).filter(|page| page[2000..].iter().all(|byte| *byte == 0)).count();
    assert!(free > 50 && zero >= free as usize, "{free} free, {zero} zero");
}
