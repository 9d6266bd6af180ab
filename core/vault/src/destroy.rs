//! Removing a vault, also while a process has it open.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::files::LOCK;
use crate::mark;
use crate::opening::{FILE, NEW};
use crate::source::{KeyFile, KeySource as _, Slot};

/// Removes a vault's files, the key files first. Asks nobody for the folder's lock: a process that has the vault open goes on with
/// files that no folder has any more. What is not there is as good as removed.
///
/// # Errors
/// The first error. All the rest was tried.
pub fn destroy(folder: &Path) -> io::Result<()> {
    let key_file = KeyFile::new(folder);
    let keys = [Slot::First, Slot::Second].map(|slot| key_file.delete(slot).map_err(io::Error::other));
    let names = [FILE, NEW, mark::FILE, LOCK].map(str::to_owned);
    let beside = ["wal", "shm", "journal"].map(|of| format!("{FILE}-{of}"));
    let half_written = [mark::FILE, "key"].map(|of| Path::new(of).with_extension("new").display().to_string());
    let files =
        names.into_iter().chain(beside).chain(half_written).map(|name| match fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        });
    keys.into_iter().chain(files.collect::<Vec<_>>()).collect()
}

/// Whether somebody has begun to open a folder since it was destroyed.
#[must_use]
pub fn is_begun(folder: &Path) -> bool {
    folder.join(LOCK).exists()
}
