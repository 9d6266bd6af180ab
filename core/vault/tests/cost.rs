//! What a commit and an opening cost, counted from system calls: time depends on the machine. Needs strace, as
//! `cargo xtask test` has it.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::{env, fs};

use flashpaper_vault::{Batch, Finding, Key, KeyFile, Owner, Shared, Table, Vault};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tempfile::{NamedTempFile, TempDir};

const POSITION: Table = Table::lasting(2);
const MESSAGES: Table = Table::lasting(3);
const SEEN: Table = Table::lasting(8);
const SESSIONS: Table = Table::fleeting(7);
/// How many texts are committed, each alone.
const TEXTS: u64 = 50;
/// How many threads commit as many at once.
const THREADS: u64 = 8;

fn open(folder: &Path) -> (Vault, Vec<Finding>) {
    Vault::open(folder, Key::source(Arc::new(KeyFile::new(folder))), &mut StdRng::seed_from_u64(9)).unwrap()
}

/// What is written as a text comes: its row, where the mailbox is, what has come before, and the state of a ratchet.
fn text(batch: &mut Batch, owner: Owner, row: u64) {
    message(batch, owner, row);
    batch.put(owner, POSITION, 0, vec![b'p'; 100]);
    batch.put(owner, SEEN, 1, vec![b'd'; 8000]);
    batch.put(owner, SESSIONS, 1, vec![b's'; 3000]);
}

fn message(batch: &mut Batch, owner: Owner, row: u64) {
    batch.put(owner, MESSAGES, row, vec![b'x'; 300]);
}

/// A folder with an owner that keeps so many texts, closed.
fn keeping(rows: u64) -> TempDir {
    let folder = TempDir::new().unwrap();
    let (mut vault, _) = open(folder.path());
    let (mut batch, rng) = (Batch::default(), &mut StdRng::seed_from_u64(1));
    let owner = batch.add_owner(rng);
    (1..=rows).for_each(|row| message(&mut batch, owner, row));
    text(&mut batch, owner, 0);
    vault.commit(batch, rng).unwrap();
    folder
}

/// Not a test: opens the folder and commits texts, with marks before and after that a trace shows.
#[test]
#[ignore = "a part of the others"]
fn in_a_child() {
    let Some(folder) = env::var_os("VAULT") else { return };
    let rng = &mut StdRng::seed_from_u64(2);
    let mark = |name: &str| drop(fs::remove_file(Path::new(&folder).join(name)));
    mark("opening");
    let (mut vault, findings) = open(folder.as_ref());
    mark("renewing");
    assert_eq!((findings, vault.renew(rng)), (vec![], None));
    let owner = vault.owners()[0];
    for row in 0..=TEXTS {
        // The first begins the log, which has a header with a sync of its own.
        mark(["beginning", "committing"][usize::from(row > 0)]);
        let mut batch = Batch::default();
        text(&mut batch, owner, 200_000 + row);
        vault.commit(batch, rng).unwrap();
    }
    mark("renewing again");
    assert_eq!(vault.renew(rng), None);
    mark("closing");
    drop(vault);
    let shared = Shared::new(open(folder.as_ref()).0);
    mark("sharing");
    std::thread::scope(|scope| {
        for thread in 1..=THREADS {
            let shared = &shared;
            scope.spawn(move || {
                for row in 0..TEXTS {
                    let mut batch = Batch::default();
                    message(&mut batch, owner, thread * 2_000_000 + row);
                    shared.commit(batch, &mut StdRng::seed_from_u64(thread << 32 | row)).unwrap();
                }
            });
        }
    });
    mark("done");
}

/// What one phase of the child does.
#[derive(Debug, Default, PartialEq)]
struct Cost {
    syncs: usize,
    cuts: usize,
    written: usize,
    read: usize,
}

/// What the child does, in this order.
const PHASES: [&str; 8] =
    ["opening", "renewing", "beginning", "committing", "renewing again", "closing", "sharing", "done"];

/// The cost of each phase.
fn costs(rows: u64) -> [Cost; PHASES.len()] {
    let (folder, trace) = (keeping(rows), NamedTempFile::new().unwrap());
    let mut child = Command::new("strace");
    child.args(["-f", "-qq", "-s0", "-y", "-e", "trace=pread64,pwrite64,fsync,fdatasync,ftruncate,unlink", "-o"]);
    child.arg(trace.path()).arg(env::current_exe().unwrap()).args(["--exact", "in_a_child", "--ignored"]);
    let status = child.env("VAULT", folder.path()).stdout(Stdio::null()).status().unwrap();
    assert!(status.success());
    let (mut costs, mut phase) = ([(); PHASES.len()].map(|()| Cost::default()), None);
    for line in fs::read_to_string(trace.path()).unwrap().lines() {
        // 12 pwrite64(3</tmp/a/vault.db>, ""..., 4096, 0) = 4096; where threads change in between, it ends on another line.
        let (call, rest) = line.split_once(' ').unwrap().1.trim_start().split_once('(').unwrap_or_default();
        let bytes = || rest.rsplit(' ').next().unwrap().parse::<usize>().unwrap_or(0);
        if call == "unlink" {
            phase = PHASES.iter().position(|phase| rest.contains(&format!("/{phase}\""))).or(phase);
        }
        let Some(cost) = phase.map(|phase| &mut costs[phase]) else { continue };
        match call {
            "fsync" | "fdatasync" => cost.syncs += 1,
            "ftruncate" => cost.cuts += 1,
            "pwrite64" => cost.written += bytes(),
            "pread64" => cost.read += bytes(),
            _ => {}
        }
    }
    costs
}

#[test]
#[ignore = "needs strace: cargo xtask test"]
fn a_commit_is_one_sync_and_costs_no_more_where_much_is_kept() {
    let [few, many] = [0, if env::var_os("FLASHPAPER_SOAK").is_some() { 100_000 } else { 10_000 }].map(|rows| {
        let costs = costs(rows);
        PHASES.iter().zip(&costs).for_each(|(phase, cost)| println!("{rows} kept, {phase}: {cost:?}"));
        costs
    });
    let texts = usize::try_from(TEXTS).unwrap();
    let [opening, renewing, committing, again, sharing] = [0, 1, 3, 4, 6].map(|phase| (&few[phase], &many[phase]));
    assert_eq!((committing.0.syncs, committing.0.cuts), (texts, 0));
    // As SQLite takes the log over, which it does for each four megabytes, there are three more.
    assert!(committing.1.syncs <= texts + 3 && committing.1.cuts == 0, "{committing:?}");
    // What was replaced, more than a sixteenth of what is kept, has nothing written anew.
    for (few, many) in [opening, renewing, committing, again] {
        assert!(2 * many.written <= 3 * few.written && 2 * many.read <= 3 * few.read, "{few:?} {many:?}");
    }
    // Commits of threads that wait at the same time go together.
    let commits = usize::try_from(THREADS).unwrap() * texts;
    assert!(2 * sharing.0.syncs < commits, "{sharing:?}");
}
