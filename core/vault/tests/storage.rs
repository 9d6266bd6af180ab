//! A device that is full or read-only, on real file systems of their own: needs root, as `cargo xtask test` has it.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::ffi::CString;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::{env, fs};

use flashpaper_vault::{Batch, Error, Finding, Key, KeyFile, Owner, Table, Vault};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rustix::mount::{MountFlags, UnmountFlags, mount, mount_remount, unmount};
use tempfile::TempDir;

const NOTES: Table = Table::lasting(1);

fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

/// Runs this test once more, in a mount namespace: what it mounts ends with it, whatever happens. `false`: it has run.
fn is_inside(test: &str) -> bool {
    if env::var_os("OWN_MOUNTS").is_some() {
        return true;
    }
    let mut inside = Command::new("unshare");
    inside.arg("--mount").arg(env::current_exe().unwrap()).args(["--exact", test, "--ignored", "--nocapture"]);
    assert!(inside.env("OWN_MOUNTS", "").status().unwrap().success());
    false
}

/// A file system in memory, for as long as this lives.
struct Disk(TempDir);

impl Disk {
    fn new(size: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let options = CString::new(format!("size={size},mode=700")).unwrap();
        mount("tmpfs", folder.path(), "tmpfs", MountFlags::empty(), &*options).unwrap();
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn open(&self) -> Result<(Vault, Vec<Finding>), Error> {
        Vault::open(self.path(), Key::source(Arc::new(KeyFile::new(self.path()))), &mut rng(9))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = unmount(self.path(), UnmountFlags::DETACH);
    }
}

fn put(vault: &mut Vault, owner: Owner, row: u64, bytes: Vec<u8>) -> Result<(), Error> {
    let mut batch = Batch::default();
    batch.put(owner, NOTES, row, bytes);
    vault.commit(batch, &mut rng(row))
}

fn add_owner(vault: &mut Vault) -> Owner {
    let mut batch = Batch::default();
    let owner = batch.add_owner(&mut rng(2));
    vault.commit(batch, &mut rng(3)).unwrap();
    owner
}

fn count(vault: &Vault, owner: Owner) -> u64 {
    let mut count = 0;
    assert_eq!(vault.each(owner, |_| count += 1), Ok(vec![]));
    count
}

fn forget(vault: &mut Vault, owner: Owner) -> Result<Option<Finding>, Error> {
    let fresh = vault.next_key()?.seal(&mut rng(4))?;
    Ok(vault.forget(&[owner], fresh, &mut rng(5))?.delete())
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_full_device() {
    if !is_inside("a_full_device") {
        return;
    }
    let disk = Disk::new("3m");
    let (mut vault, _) = disk.open().unwrap();
    let owner = add_owner(&mut vault);
    let mut written = 0;
    let error = loop {
        match put(&mut vault, owner, written, vec![7; 10_000]) {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 1000, "it is never full");
    };
    assert_eq!(error, Error::Full);
    // What was there can be read, and after a new start, too.
    assert_eq!(count(&vault, owner), written);
    drop(vault);
    let (mut vault, findings) = disk.open().unwrap();
    assert_eq!((findings, count(&vault, owner)), (vec![], written));
    // The key is not renewed for want of room, which is told.
    let rest = disk.path().join("rest");
    assert_eq!(fs::write(&rest, vec![0; 3 << 20]).map_err(|error| error.kind()), Err(ErrorKind::StorageFull));
    assert_eq!(vault.renew(&mut rng(6)), Some(Finding::OldKeyKept));
    // What makes room goes on working as soon as there is any.
    assert_eq!(put(&mut vault, owner, 1000, vec![7; 100_000]), Err(Error::Full));
    drop(vault);
    fs::remove_file(rest).unwrap();
    mount_remount(disk.path(), MountFlags::empty(), c"size=8m").unwrap();
    let (mut vault, findings) = disk.open().unwrap();
    assert_eq!(findings, []);
    put(&mut vault, owner, 1000, vec![7; 100_000]).unwrap();
    assert_eq!(forget(&mut vault, owner), Ok(None));

    let none = Disk::new("4k");
    assert_eq!(none.open().err(), Some(Error::Full));
}

#[test]
#[ignore = "needs root: cargo xtask test"]
fn a_folder_that_cannot_be_written() {
    if !is_inside("a_folder_that_cannot_be_written") {
        return;
    }
    let disk = Disk::new("8m");
    let (mut vault, _) = disk.open().unwrap();
    let owner = add_owner(&mut vault);
    put(&mut vault, owner, 1, vec![7]).unwrap();
    drop(vault);
    let before = fs::read(disk.path().join("vault.db")).unwrap();
    mount_remount(disk.path(), MountFlags::RDONLY, c"size=8m").unwrap();
    assert_eq!(disk.open().err(), Some(Error::ReadOnly));
    mount_remount(disk.path(), MountFlags::empty(), c"size=8m").unwrap();
    assert!(fs::read(disk.path().join("vault.db")).unwrap() == before);
    let (vault, findings) = disk.open().unwrap();
    assert_eq!((findings, count(&vault, owner)), (vec![], 1));
}
