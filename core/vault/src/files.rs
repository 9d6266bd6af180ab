//! Files that nobody else reads and that a crash leaves whole.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use crate::error::Error;

/// The first file that is made in a folder.
pub(crate) const LOCK: &str = "lock";

/// The lock of a folder. Dropping it frees the folder at once, though a program that another thread starts just now has the same
/// file open until it runs.
pub(crate) struct FolderLock(File);

impl Drop for FolderLock {
    fn drop(&mut self) {
        // It is freed as the file is closed, at the latest.
        let _ = self.0.unlock();
    }
}

impl FolderLock {
    /// Whether the folder has its file still: [`crate::destroy`] asks nobody for it, and what is in the folder since is another's.
    pub(crate) fn is_there(&self) -> bool {
        self.0.metadata().is_ok_and(|file| file.nlink() > 0)
    }
}

/// Makes the folder if it is absent, and takes its lock.
pub(crate) fn lock(folder: &Path) -> Result<FolderLock, Error> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let lock = private().read(true).write(true).create(true).open(folder.join(LOCK))?;
    match lock.try_lock() {
        Ok(()) => Ok(FolderLock(lock)),
        Err(TryLockError::WouldBlock) => Err(Error::InUse),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Replaces a file so that after a crash either the old or the new content is there, whole.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = private().write(true).create(true).truncate(true).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    sync_folder_of(path)
}

pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// How to open what is for this user alone.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}
