//! A process that is killed at any write, sync or cut of a commit leaves the old state or the new one, whole; and if what
//! it left is damaged then, that is found out. Needs strace, as `cargo xtask test` has it.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::{env, fs};

use flashpaper_vault::{Batch, Error, Finding, Key, KeyFile, Owner, Table, Vault};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tempfile::{NamedTempFile, TempDir};

const NOTES: Table = Table::lasting(1);
const SESSIONS: Table = Table::fleeting(2);
const ROWS: u64 = 8;

fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

const PASSPHRASE: &[u8] = b"swordfish";
const DURESS: &[u8] = b"hunter2";

/// With the key file that is there; without one, where there is a vault, with the passphrase.
fn open(folder: &Path) -> Result<(Vault, Vec<Finding>), Error> {
    let is_there = |name: &str| folder.join(name).exists();
    let by_passphrase = is_there("vault.db") && !is_there("key.0") && !is_there("key.1");
    let key = if by_passphrase { Key::passphrase(PASSPHRASE) } else { Key::source(Arc::new(KeyFile::new(folder))) };
    Vault::open(folder, key, &mut rng(9))
}

/// All rows of an owner, filled with one byte.
fn fill(vault: &mut Vault, owner: Owner, byte: u8) {
    let mut batch = Batch::default();
    for table in [NOTES, SESSIONS] {
        (0..ROWS).for_each(|row| batch.put(owner, table, row, vec![byte; 700]));
    }
    vault.commit(batch, &mut rng(u64::from(byte))).unwrap();
}

/// Not a test: fills the last owner's rows anew, forgets the first, sets a duress passphrase, or has a new key, as each opening does.
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
    } else if work == "duress" {
        let fresh =
            vault.next_key().unwrap().with_duress(Some(DURESS), &mut rng(7)).unwrap().seal(&mut rng(7)).unwrap();
        assert_eq!(vault.change_key(fresh, &mut rng(8)).unwrap().delete(), None);
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

/// How many steps of a kind a process is killed at, from the first to the last: SQLite writes a hundred pages one like the
/// other. At each with FLASHPAPER_SOAK.
const SAMPLE: usize = 6;

fn is_soak() -> bool {
    env::var_os("FLASHPAPER_SOAK").is_some()
}

/// Runs [`in_a_child`] under strace; whether it came to its end.
fn child(folder: &Path, work: &str, options: &[&str]) -> bool {
    let mut child = Command::new("strace");
    child.args(["-f", "-qq"]).args(options).arg(env::current_exe().unwrap());
    child.args(["--exact", "in_a_child", "--ignored"]).env("VAULT", folder).env("WORK", work);
    child.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
}

/// Has a child do its work on copies of a folder: once to the end, then killed as it begins a step of each kind, which is a
/// system call on a file. Gives what each leaves, and the step; none for the end. How often it was killed.
fn kill(before: &Files, work: &str, mut look: impl FnMut(&Files, Option<&str>)) -> usize {
    let (folder, trace) = (folder_of(before), NamedTempFile::new().unwrap());
    let to_trace = ["-s0", "-y", "-e", "trace=pwrite64,fsync,ftruncate,rename,unlink", "-o"];
    assert!(child(folder.path(), work, &[&to_trace[..], &[trace.path().to_str().unwrap()]].concat()), "{work}");
    look(&files(folder.path()), None);

    let mut counts = BTreeMap::<String, usize>::new();
    let mut kinds = BTreeMap::<(String, String), Vec<usize>>::new();
    for line in fs::read_to_string(trace.path()).unwrap().lines() {
        // 12 pwrite64(3</tmp/a/vault.db>, ""..., 4096, 0) = 4096
        let (call, rest) = line.split_once(' ').unwrap().1.trim_start().split_once('(').unwrap();
        let file = rest.rsplit_once('/').unwrap().1.split(['>', '"']).next().unwrap();
        let count = counts.entry(call.to_owned()).or_default();
        *count += 1;
        kinds.entry((call.to_owned(), file.to_owned())).or_default().push(*count);
    }
    let mut killed = 0;
    for ((call, file), counts) in kinds {
        let sample = if is_soak() { counts.len() } else { counts.len().min(SAMPLE) };
        for step in 0..sample {
            let count = counts[step * (counts.len() - 1) / (sample - 1).max(1)];
            let (trace, inject) = (format!("trace={call}"), format!("inject={call}:signal=SIGKILL:when={count}"));
            let (folder, step) = (folder_of(before), format!("{work}: {call} {count} on {file}"));
            assert!(!child(folder.path(), work, &["-e", &trace, "-e", &inject]), "{step}: not killed");
            look(&files(folder.path()), Some(&step));
            killed += 1;
        }
    }
    killed
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
        killed += kill(&before, work, |left, step| {
            let found = seen(left).expect("whole");
            assert!(found == new || found == old && step.is_some(), "{work} {step:?}: {found:?}");
            if left.iter().any(|(name, bytes)| name == "vault.db-wal" && !bytes.is_empty()) {
                hot += 1;
                // It opens the vault eighty times.
                if is_soak() || hot % 16 == 0 {
                    damage(left, hot, &[&old, &new]);
                }
            }
        });
    }
    println!("killed {killed} times, {hot} of them with a log to take over");
    assert!(killed > 40 && hot > 20, "{killed}, {hot}");
}

#[test]
#[ignore = "needs strace: cargo xtask test"]
fn killed_while_a_duress_passphrase_is_set() {
    let folder = TempDir::new().unwrap();
    let (mut vault, _) = Vault::open(folder.path(), Key::passphrase(PASSPHRASE), &mut rng(9)).unwrap();
    let mut batch = Batch::default();
    let owner = batch.add_owner(&mut rng(1));
    vault.commit(batch, &mut rng(3)).unwrap();
    fill(&mut vault, owner, b'1');
    drop(vault);
    let mut set = 0;
    let killed = kill(&files(folder.path()), "duress", |left, step| {
        assert_eq!(seen(left), Some(vec![(owner, b'1')]), "{step:?}");
        match Vault::open(folder_of(left).path(), Key::passphrase(DURESS), &mut rng(9)).err() {
            Some(Error::Duress) => set += 1,
            error => assert!(error == Some(Error::WrongKey) && step.is_some(), "{error:?} {step:?}"),
        }
    });
    assert!(killed > 10 && set > 1 && set < killed, "{killed}, {set}");
}

#[test]
#[ignore = "needs strace: cargo xtask test"]
fn killed_while_an_earlier_version_is_taken_over() {
    for (version, expected) in [("version_1", 15), ("version_2", 7), ("version_3", 4)] {
        let before = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(version));
        let killed = kill(&before, "migrate", |left, step| {
            let folder = folder_of(left);
            let (vault, findings) = open(folder.path()).unwrap();
            let mut rows = 0;
            for owner in vault.owners() {
                assert_eq!(vault.each(owner, |_| rows += 1), Ok(vec![]));
            }
            assert_eq!((findings, rows), (vec![], expected), "{version} {step:?}");
        });
        assert!(killed > 10, "{killed}");
    }
}

/// The commit that was killed was never confirmed: should its log be damaged, too, it may be gone, but only as a whole.
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
