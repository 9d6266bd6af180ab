//! Commits are in the log before they are in the file. An end of the log that is gone is told, as is an older pair of both.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use flashpaper_vault::{Batch, Error, Finding, Key, KeyFile, Owner, Table, Vault};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tempfile::TempDir;

const TEXTS: Table = Table::lasting(1);
/// What is committed, one by one.
const COMMITS: u64 = 5;

fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

fn open(folder: &Path) -> Result<(Vault, Vec<Finding>), Error> {
    Vault::open(folder, Key::source(Arc::new(KeyFile::new(folder))), &mut rng(9))
}

type Files = BTreeMap<String, Vec<u8>>;

fn files(folder: &Path) -> Files {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}

fn folder_of(files: &Files) -> TempDir {
    let folder = TempDir::new().unwrap();
    files.iter().for_each(|(name, bytes)| fs::write(folder.path().join(name), bytes).unwrap());
    folder
}

fn put(vault: &mut Vault, owner: Owner, row: u64) {
    let mut batch = Batch::default();
    batch.put(owner, TEXTS, row, row.to_string().into_bytes());
    vault.commit(batch, &mut rng(row)).unwrap();
}

/// What a kill leaves after each commit, from none on.
fn states() -> Vec<Files> {
    let folder = TempDir::new().unwrap();
    let (mut vault, _) = open(folder.path()).unwrap();
    let mut batch = Batch::default();
    let owner = batch.add_owner(&mut rng(1));
    vault.commit(batch, &mut rng(2)).unwrap();
    drop(vault);
    let (mut vault, _) = open(folder.path()).unwrap();
    let mut states = vec![files(folder.path())];
    for row in 1..=COMMITS {
        put(&mut vault, owner, row);
        states.push(files(folder.path()));
    }
    states
}

/// How many commits are there, and whether it is told that some are missing. `None`: it cannot be opened.
fn seen(files: &Files) -> Option<(u64, bool)> {
    let folder = folder_of(files);
    let (vault, mut findings) = open(folder.path()).ok()?;
    let mut rows = 0;
    findings.extend(vault.each(vault.owners()[0], |_| rows += 1).ok()?);
    Some((rows, findings.contains(&Finding::OwnersMissing)))
}

#[test]
fn an_end_of_the_log_that_is_gone_is_told() {
    let states = states();
    let last = states.last().unwrap();
    let log = &last["vault.db-wal"];
    assert_eq!(seen(last), Some((COMMITS, false)));
    let mut older = 0;
    // At each frame, and within: 32 bytes of header, frames of a page with 24 bytes in front.
    let frames = (32..log.len()).step_by(4096 + 24);
    for at in frames.flat_map(|frame| [frame, frame + 7, frame + 2000]).chain([0, 9]).filter(|at| *at < log.len()) {
        let mut flipped = log.clone();
        flipped[at] ^= 1;
        for bytes in [flipped, log[..at].to_vec()] {
            let mut damaged = last.clone();
            damaged.insert("vault.db-wal".to_owned(), bytes);
            match seen(&damaged) {
                Some((rows, is_told)) => {
                    assert_eq!(is_told, rows < COMMITS, "{rows} at {at} of {}", log.len());
                    older += usize::from(is_told);
                }
                None => older += 1,
            }
        }
    }
    assert!(older > 20, "{older}");
    let mut removed = last.clone();
    removed.remove("vault.db-wal");
    assert_eq!(seen(&removed), Some((0, true)));
}

#[test]
fn an_older_file_and_log_are_told_until_something_is_written() {
    let states = states();
    for (commits, state) in (0..COMMITS).zip(&states) {
        let mut replayed = state.clone();
        replayed.insert("mark".to_owned(), states.last().unwrap()["mark"].clone());
        assert_eq!(seen(&replayed), Some((commits, true)));
        let folder = folder_of(&replayed);
        for _ in 0..2 {
            let (vault, findings) = open(folder.path()).unwrap();
            assert_eq!((findings, vault.owners().len()), (vec![Finding::OwnersMissing], 1));
        }
        let (mut vault, _) = open(folder.path()).unwrap();
        let owner = vault.owners()[0];
        put(&mut vault, owner, 100);
        drop(vault);
        assert_eq!(open(folder.path()).unwrap().1, []);
    }
}

#[test]
fn a_mark_that_is_gone_is_told_and_one_that_is_behind_is_not() {
    let states = states();
    let last = states.last().unwrap();
    let with = |mark: Option<Vec<u8>>| {
        let mut files = last.clone();
        files.remove("mark");
        files.extend(mark.map(|mark| ("mark".to_owned(), mark)));
        seen(&files)
    };
    // As a power cut leaves it, or a kill before it was written.
    for state in &states {
        assert_eq!(with(Some(state["mark"].clone())), Some((COMMITS, false)));
    }
    for mark in [None, Some(vec![]), Some(vec![0; last["mark"].len()])] {
        assert_eq!(with(mark), Some((COMMITS, true)));
    }
}

#[test]
fn the_log_of_a_file_that_is_gone_is_not_that_of_a_new_one() {
    let mut left = states().pop().unwrap();
    left.remove("vault.db");
    let folder = folder_of(&left);
    for _ in 0..2 {
        let (vault, findings) = open(folder.path()).unwrap();
        assert_eq!((findings, vault.owners()), (vec![], vec![]));
    }
}

#[test]
fn of_threads_that_commit_at_once_each_hears_of_its_own() {
    let folder = TempDir::new().unwrap();
    let (mut vault, _) = open(folder.path()).unwrap();
    let mut batch = Batch::default();
    let (owner, gone) = (batch.add_owner(&mut rng(1)), batch.add_owner(&mut rng(2)));
    vault.commit(batch, &mut rng(3)).unwrap();
    let fresh = vault.next_key().unwrap().seal(&mut rng(4)).unwrap();
    assert_eq!(vault.forget(&[gone], fresh, &mut rng(5)).unwrap().delete(), None);
    let shared = flashpaper_vault::Shared::new(vault);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let shared = &shared;
            scope.spawn(move || {
                for number in 0..20 {
                    let row = thread * 100 + number;
                    let is_good = row % 3 > 0;
                    let mut batch = Batch::default();
                    batch.put(owner, TEXTS, row, row.to_string().into_bytes());
                    if !is_good {
                        batch.put(gone, TEXTS, row, vec![]);
                    }
                    let result = shared.commit(batch, &mut rng(row));
                    assert_eq!(result, if is_good { Ok(()) } else { Err(Error::NoSuchOwner) });
                    let there = shared.lock().row(owner, TEXTS, row).unwrap();
                    assert_eq!(there.is_some(), is_good);
                }
            });
        }
    });
    drop(shared);
    let (vault, findings) = open(folder.path()).unwrap();
    let mut rows = 0;
    assert_eq!((findings, vault.each(owner, |_| rows += 1)), (vec![], Ok(vec![])));
    assert_eq!(rows, (0..800).filter(|row| row % 100 < 20 && row % 3 > 0).count());
}
