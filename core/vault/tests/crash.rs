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

const NOTES: Table = Table(1);
const ROWS: u64 = 8;

fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

fn open(folder: &Path) -> Result<(Vault, Vec<Finding>), Error> {
    Vault::open(folder, Key::source(Arc::new(KeyFile::new(folder))), &mut rng(9))
}

/// All rows of an owner, filled with one byte.
fn fill(vault: &mut Vault, owner: Owner, byte: u8) {
    let mut batch = Batch::default();
    (0..ROWS).for_each(|row| batch.put(owner, NOTES, row, vec![byte; 700]));
    vault.commit(batch, &mut rng(u64::from(byte))).unwrap();
}

/// Not a test: fills the last owner's rows anew, or forgets the first.
#[test]
#[ignore = "a part of killed_anywhere"]
fn in_a_child() {
    let (Some(folder), Some(work)) = (env::var_os("VAULT"), env::var_os("WORK")) else { return };
    let (mut vault, _) = open(folder.as_ref()).unwrap();
    let owners = vault.owners();
    if work == "forget" {
        let fresh = vault.next_key().unwrap().seal(&mut rng(7)).unwrap();
        let old = vault.forget(&[owners[0]], fresh, &mut rng(8)).unwrap();
        assert_eq!(old.delete(), None);
    } else {
        fill(&mut vault, owners[1], b'2');
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
        let rows = vault.rows(owner, NOTES).ok().filter(|rows| rows.lost.is_empty())?.good;
        let byte = rows.first().map_or(0, |row| row.bytes[0]);
        assert!(rows.len() as u64 == ROWS && rows.iter().all(|row| *row.bytes == [byte; 700]), "not whole");
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
    for (work, new) in [("fill", vec![(owners[0], b'1'), (owners[1], b'2')]), ("forget", vec![(owners[1], b'1')])] {
        for call in ["pwrite64", "fsync", "ftruncate", "rename", "unlink"] {
            for count in 1.. {
                let folder = folder_of(&before);
                let (trace, inject) = (format!("trace={call}"), format!("inject={call}:signal=SIGKILL:when={count}"));
                let mut child = Command::new("strace");
                child.args(["-f", "-qq", "-e", &trace, "-e", &inject]).arg(env::current_exe().unwrap());
                child.args(["--exact", "in_a_child", "--ignored"]).env("VAULT", folder.path()).env("WORK", work);
                let finished = child.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success();
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
                    damage(&left, hot, &[&old, &new]);
                }
            }
        }
    }
    println!("killed {killed} times, {hot} of them with a journal to roll back");
    assert!(killed > 40 && hot > 20, "{killed}, {hot}");
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
