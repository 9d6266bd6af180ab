//! A process that is killed at any write, sync or cut of a commit leaves the old state or the new one, whole; and if what
//! it left is damaged then, that is found out. Needs strace, as `cargo xtask test` has it.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::{env, fs};

use flashpaper_vault::{Batch, Error, Finding, Key, KeyFile, Owner, Table, Vault};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tempfile::TempDir;

const NOTES: Table = Table::lasting(1);
const SESSIONS: Table = Table::fleeting(2);
const ROWS: u64 = 2;

fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

fn open(folder: &Path) -> Result<(Vault, Vec<Finding>), Error> {
    Vault::open(folder, Key::source(Arc::new(KeyFile::new(folder))), &mut rng(9))
}

/// All rows of an owner, filled with one byte.
fn fill(vault: &mut Vault, owner: Owner, byte: u8) {
    let mut batch = Batch::default();
    for table in [NOTES, SESSIONS] {
        (0..ROWS).for_each(|row| batch.put(owner, table, row, vec![byte; 700]));
    }
    vault.commit(batch, &mut rng(u64::from(byte))).unwrap();
}

/// Not a test: fills the last owner's rows anew, forgets the first, or has a new key, as each opening does.
#[test]
#[ignore = "a part of killed_anywhere"]
fn in_a_child() {
    let (Some(folder), Some(work)) = (env::var_os("VAULT"), env::var_os("WORK")) else { return };
    let (mut vault, _) = open(folder.as_ref()).unwrap();
    let owners = vault.owners();
    if work == "migrate" {
        return;
    }
    if work == "forget" {
        let fresh = vault.next_key().unwrap().seal(&mut rng(7)).unwrap();
        let old = vault.forget(&[owners[0]], fresh, &mut rng(8)).unwrap();
        assert_eq!(old.delete(), None);
    } else if work == "fill" {
        fill(&mut vault, owners[1], b'2');
    } else {
        assert_eq!(vault.renew(&mut rng(7)), None);
    }
}

type Files = Vec<(OsString, Vec<u8>)>;

fn files(folder: &Path) -> Files {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    entries.map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap())).collect()
}

fn folder_of(files: &Files) -> TempDir {
    let folder = TempDir::new().unwrap();
    files.iter().for_each(|(name, bytes)| fs::write(folder.path().join(name), bytes).unwrap());
    folder
}

/// What the next process sees: each owner's rows, where all have the same bytes. `None`: it is told that something is wrong.
fn seen(files: &Files) -> Option<Vec<(Owner, u8)>> {
    let folder = folder_of(files);
    let (vault, _) = open(folder.path()).ok().filter(|(_, findings)| findings.is_empty())?;
    let owners = vault.owners().into_iter().map(|owner| {
        let mut rows = Vec::new();
        vault.each(owner, |row| rows.push(row.bytes)).ok().filter(Vec::is_empty)?;
        let byte = rows.first().map_or(0, |row| row[0]);
        assert!(rows.len() as u64 == 2 * ROWS && rows.iter().all(|row| **row == [byte; 700]), "not whole");
        Some((owner, byte))
    });
    owners.collect()
}

#[test]
#[ignore = "needs strace: cargo xtask test"]
fn killed_anywhere() {
    let folder = TempDir::new().unwrap();
    let (mut vault, _) = open(folder.path()).unwrap();
    let mut batch = Batch::default();
    let (one, two) = (batch.add_owner(&mut rng(1)), batch.add_owner(&mut rng(2)));
    vault.commit(batch, &mut rng(3)).unwrap();
    fill(&mut vault, one, b'1');
    fill(&mut vault, two, b'1');
    let owners = vault.owners();
    drop(vault);
    let before = files(folder.path());
    let old = owners.iter().map(|owner| (*owner, b'1')).collect::<Vec<_>>();

    let (mut killed, mut hot) = (0, 0);
    let works = [
        ("fill", vec![(owners[0], b'1'), (owners[1], b'2')]),
        ("forget", vec![(owners[1], b'1')]),
        ("renew", old.clone()),
    ];
    for (work, new) in works {
        for call in ["pwrite64", "fsync", "ftruncate", "rename", "unlink"] {
            // What is sealed anew has many pages, each written as the one before.
            let step = if call == "pwrite64" && work != "fill" { 9 } else { 1 };
            for count in (1..).step_by(step) {
                let folder = folder_of(&before);
                let finished = child_killed_at(folder.path(), work, call, count);
                let left = files(folder.path());
                let found = seen(&left).expect("whole");
                assert!(found == new || found == old && !finished, "{work} {call} {count}: {found:?}");
                if finished {
                    break;
                }
                killed += 1;
                let is_hot = left.iter().any(|(name, bytes)| name == "vault.db-journal" && !bytes.is_empty());
                if is_hot {
                    hot += 1;
                }
                // It opens the vault forty times.
                if is_hot && hot % 8 == 0 {
                    damage(&left, hot, &[&old, &new]);
                }
            }
        }
    }
    println!("killed {killed} times, {hot} of them with a journal to roll back");
    assert!(killed > 40 && hot > 20, "{killed}, {hot}");
}

/// Runs [`in_a_child`], which is killed as it begins a system call for the `count`th time; whether it came to its end.
fn child_killed_at(folder: &Path, work: &str, call: &str, count: usize) -> bool {
    let (trace, inject) = (format!("trace={call}"), format!("inject={call}:signal=SIGKILL:when={count}"));
    let mut child = Command::new("strace");
    child.args(["-f", "-qq", "-e", &trace, "-e", &inject]).arg(env::current_exe().unwrap());
    child.args(["--exact", "in_a_child", "--ignored"]).env("VAULT", folder).env("WORK", work);
    child.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
}

#[test]
#[ignore = "needs strace: cargo xtask test"]
fn killed_while_an_earlier_version_is_taken_over() {
    let before = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/version_1"));
    let mut killed = 0;
    for (call, step) in [("pwrite64", 7), ("fsync", 1), ("ftruncate", 1)] {
        for count in (1..).step_by(step) {
            let folder = folder_of(&before);
            let finished = child_killed_at(folder.path(), "migrate", call, count);
            let (vault, findings) = open(folder.path()).unwrap();
            let mut rows = 0;
            for owner in vault.owners() {
                assert_eq!(vault.each(owner, |_| rows += 1), Ok(vec![]));
            }
            assert_eq!((findings, rows), (vec![], 15), "{call} {count}");
            if finished {
                break;
            }
            killed += 1;
        }
    }
    assert!(killed > 20, "{killed}");
}

/// The commit that was killed was never confirmed: should its journal be damaged, too, it may be there, but only whole.
fn damage(left: &Files, shift: usize, states: &[&Vec<(Owner, u8)>]) {
    for (file, (_, whole)) in left.iter().enumerate() {
        // Other places after each kill.
        for at in (shift * 97 % 4096..whole.len()).step_by(1 + whole.len() / 6) {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << (at % 8);
            for bytes in [flipped, whole[..at].to_vec()] {
                let mut damaged = left.clone();
                damaged[file].1 = bytes;
                let seen = seen(&damaged);
                assert!(seen.as_ref().is_none_or(|seen| states.contains(&seen)), "{seen:?}");
            }
        }
    }
}
