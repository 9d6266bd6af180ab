//! Which program holds a folder: its lock file says so to others. There is nothing secret in it.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;
use std::process;

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
        let file = OpenOptions::new().write(true).open(home.join(FILE)).ok();
        let holder = Self { file, command };
        holder.sign_again();
        holder
    }

    /// Another may have held the folder meanwhile.
    pub(crate) fn sign_again(&self) {
        let _ = self.write(&format!("flashpaper {}, process {}\n", self.command, process::id()));
    }

    /// Before the folder is let go of.
    pub(crate) fn sign_off(&self) {
        let _ = self.write("");
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

/// Whether anything was ever kept in a folder.
pub(crate) fn is_new(home: &Path) -> bool {
    fs::exists(home.join("vault.db")).is_ok_and(|exists| !exists)
}
