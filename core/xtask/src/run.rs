//! Running other programs, from the workspace's root, and timing them.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) type Done<T = ()> = Result<T, Box<dyn Error>>;

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map_or_else(PathBuf::new, Path::to_path_buf)
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    // The running xtask lies in `<target>/<profile>/`.
    let own = std::env::current_exe().unwrap_or_default();
    own.ancestors().nth(2).map_or_else(|| root().join("target"), PathBuf::from)
}

/// A program of the workspace, built.
pub(crate) fn built(name: &str) -> Command {
    at_root(target().join("debug").join(name))
}

pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = at_root(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args);
    // Set for xtask itself. `ring` is built anew, with all that stands on it, whenever these change: a cargo by hand has none.
    let own = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(own)) {
        command.env_remove(name);
    }
    // What the next build would take from this one is half of the target folder.
    if std::env::var_os("CI").is_some_and(|ci| !ci.is_empty()) {
        command.env("CARGO_INCREMENTAL", "0");
    }
    command
}

pub(crate) fn at_root(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// The same command, which runs only while nothing else wants a processor. The lowest `nice` would still take turns.
pub(crate) fn at_low_priority(command: &Command) -> Command {
    let mut idle = at_root("chrt");
    idle.args(["--idle", "0"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => idle.env(name, value),
            None => idle.env_remove(name),
        };
    }
    idle
}

/// A program that is killed if it hangs: the tests of other languages have no hard limits of their own.
pub(crate) fn limited(program: &str) -> Command {
    let mut command = at_root("timeout");
    command.args(["--signal=KILL", "25m", program]);
    command
}

/// Runs to the end; a failure names the program.
pub(crate) fn run(command: &mut Command) -> Done {
    let status = command.stdin(Stdio::null()).status().map_err(|e| format!("{}: {e}", shown(command)))?;
    if status.success() { Ok(()) } else { Err(format!("failed: {}", shown(command)).into()) }
}

fn shown(command: &Command) -> String {
    let name = command.get_program().to_string_lossy().into_owned();
    let args = command.get_args().map(|a| a.to_string_lossy().into_owned());
    std::iter::once(name).chain(args).collect::<Vec<_>>().join(" ")
}

/// Times the steps of a run and prints them at its end, whatever that is.
pub(crate) struct Steps {
    done: Vec<(&'static str, Duration)>,
}

impl Steps {
    pub(crate) const fn new() -> Self {
        Self { done: Vec::new() }
    }

    pub(crate) fn step<T>(&mut self, name: &'static str, work: impl FnOnce() -> Done<T>) -> Done<T> {
        println!("== {name}");
        let started = Instant::now();
        let result = work();
        self.done.push((name, started.elapsed()));
        result.map_err(|e| format!("{name}: {e}").into())
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        println!("\nminutes  step");
        for (name, time) in &self.done {
            println!("{:>7.1}  {name}", time.as_secs_f64() / 60.0);
        }
        let total: Duration = self.done.iter().map(|(_, time)| *time).sum();
        println!("{:>7.1}  total", total.as_secs_f64() / 60.0);
    }
}
