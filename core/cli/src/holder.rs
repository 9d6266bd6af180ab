//! Which program holds a folder: its lock file says so to others. There is nothing secret in it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;
use std::process;

use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::process::{Flock, FlockType, Pid, fcntl_getlk};

use crate::text::printable;

/// The file that the engine holds locked.
const FILE: &str = "lock";

/// Longer than what is written.
const LIMIT: u64 = 64;

/// This program, as the holder of a folder.
pub(crate) struct Holder {
    file: Option<File>,
    command: &'static str,
}

impl Holder {
    /// Only who has the engine open may sign. A file that cannot be written costs others a name, and nothing else.
    pub(crate) fn sign(home: &Path, command: &'static str) -> Self {
        let file = OpenOptions::new().read(true).write(true).open(home.join(FILE)).ok();
        let holder = Self { file, command };
        holder.sign_again();
        holder
    }

    /// Another may have held the folder meanwhile.
    pub(crate) fn sign_again(&self) {
        let _ = self.write(&self.text());
    }

    /// Before the folder is let go of; also where it may be another's by now.
    pub(crate) fn sign_off(&self) {
        let mut text = String::new();
        let read = self.file.as_ref().map(|mut file| file.rewind().and_then(|()| file.read_to_string(&mut text)));
        if read.is_some_and(|read| read.is_ok()) && text == self.text() {
            let _ = self.write("");
        }
    }

    /// Has the kernel tell others the number of this process: see [`marked_by`]. Until any file of that name is closed in this process,
    /// as the engine does where it lets go of the folder. Where it cannot be had, on some network file systems say, nobody is told.
    pub(crate) fn mark(&self) {
        let _ = self.file.as_ref().map(|file| fcntl_lock(file, FlockOperation::NonBlockingLockExclusive));
    }

    fn text(&self) -> String {
        format!("flashpaper {}, process {}\n", self.command, process::id())
    }

    fn write(&self, text: &str) -> std::io::Result<()> {
        let Some(mut file) = self.file.as_ref() else { return Ok(()) };
        file.rewind()?;
        file.set_len(0)?;
        file.write_all(text.as_bytes())
    }
}

/// Who holds a folder, as far as that is known.
pub(crate) fn of(home: &Path) -> Option<String> {
    let mut text = String::new();
    File::open(home.join(FILE)).ok()?.take(LIMIT).read_to_string(&mut text).ok()?;
    let text = printable(text.trim_end());
    (!text.is_empty()).then_some(text)
}

/// The process that has marked a folder by [`Holder::mark`].
pub(crate) fn marked_by(home: &Path) -> Option<Pid> {
    let file = File::open(home.join(FILE)).ok()?;
    fcntl_getlk(file, &Flock::from(FlockType::ReadLock)).ok()??.pid
}

/// Whether a program holds a folder now.
pub(crate) fn is_held(home: &Path) -> bool {
    let file = File::open(home.join(FILE));
    file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Whether anything was ever kept in a folder.
pub(crate) fn is_new(home: &Path) -> bool {
    fs::exists(home.join("vault.db")).is_ok_and(|exists| !exists)
}
