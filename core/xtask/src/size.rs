//! How large the library is that an app gets, and how large it may be: see decision 060.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::package::HOST;
use crate::parts::{Building, LIBRARY, split};
use crate::run::{Done, at_low_priority, at_root, root, run, target};

/// Without symbols, on Linux with x86-64: not larger than it was. The goal is 9,000,000…
const LARGEST: u64 = 11_150_000;
/// …and as `gzip -9` packs it: the goal is 4,300,000.
const LARGEST_GZ: u64 = 5_520_000;

/// In bytes.
pub(crate) struct Size {
    pub(crate) stripped: u64,
    pub(crate) gz: u64,
}

/// A build of the library that runs beside something else. Dropping it ends it.
pub(crate) struct InBackground(Child);

impl InBackground {
    /// Begins a build that leaves the processors to whatever else wants them.
    pub(crate) fn start() -> Done<Self> {
        Ok(Self(at_low_priority(&build()?).stdin(Stdio::null()).spawn()?))
    }

    /// Waits for the build, then fails if the library is larger than it may be.
    pub(crate) fn check(mut self) -> Done {
        if !self.0.wait()?.success() {
            return Err("the library was not built; see above".into());
        }
        let (_, size) = measure()?;
        println!("{} bytes of {LARGEST}, by gzip {} of {LARGEST_GZ}", size.stripped, size.gz);
        size.is_allowed()
    }
}

impl Drop for InBackground {
    fn drop(&mut self) {
        // Its compilers would go on without it. Each thread of cargo has started some.
        const KILL: &str = "kill -KILL $0 $(cat /proc/$0/task/*/children)";
        if let Ok(None) = self.0.try_wait() {
            let _ = at_root("sh").args(["-c", KILL, &self.0.id().to_string()]).status();
        }
        let _ = self.0.wait();
    }
}

impl Size {
    fn is_allowed(&self) -> Done {
        if self.stripped <= LARGEST && self.gz <= LARGEST_GZ {
            return Ok(());
        }
        Err(format!("the library may have {LARGEST} bytes, {LARGEST_GZ} by gzip; decision 060 says what is in it")
            .into())
    }
}

/// Builds the library; where it is without its symbols, and its size.
pub(crate) fn library() -> Done<(PathBuf, Size)> {
    run(&mut build()?)?;
    measure()
}

fn build() -> Done<Command> {
    Building { root: root(), target: target() }.cargo("build", HOST)
}

fn measure() -> Done<(PathBuf, Size)> {
    let out = target().join("size");
    let library = out.join(LIBRARY);
    split(&target().join(HOST).join("dist").join(LIBRARY), &library, &out.join("symbols"), "objcopy")?;
    let packed = at_root("gzip").args(["-9", "--no-name", "--stdout"]).arg(&library).output()?;
    if !packed.status.success() {
        return Err(format!("gzip: {}", String::from_utf8_lossy(&packed.stderr)).into());
    }
    let size = Size { stripped: fs::metadata(&library)?.len(), gz: packed.stdout.len() as u64 };
    Ok((library, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_too_many_is_refused_packed_or_not() {
        let is_allowed = |stripped, gz| Size { stripped, gz }.is_allowed().is_ok();
        assert!(is_allowed(LARGEST, LARGEST_GZ));
        assert!(!is_allowed(LARGEST + 1, LARGEST_GZ));
        assert!(!is_allowed(LARGEST, LARGEST_GZ + 1));
    }
}
