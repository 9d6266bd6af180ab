//! A home folder with a burner of the lab.

use std::process::{Command, Stdio};
use std::time::Duration;

use flashpaper_lab::Remote;
use serde_json::Value;
use tempfile::TempDir;

pub(crate) type Tested<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// The program.
pub(crate) const FLASHPAPER: &str = env!("CARGO_BIN_EXE_flashpaper");

/// The time limit of every wait. `tor` as the host of an onion service makes no new introduction points for five minutes after it
/// has lost them several times, and one dial may take another minute.
pub(crate) const PATIENCE: Duration = Duration::from_secs(420);

/// A home folder with one burner.
pub(crate) struct Home {
    pub(crate) folder: TempDir,
    lab: Remote,
    pub(crate) jid: String,
}

impl Home {
    pub(crate) fn new(lab: &Remote, route: &str) -> Tested<Self> {
        let mut home = Self { folder: TempDir::new()?, lab: lab.clone(), jid: String::new() };
        let made = home.command(&["new", route, "--json"]).output()?;
        let events =
            String::from_utf8(made.stdout)?.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
        let burner = events.iter().find(|event| event["type"] == "burner").ok_or("no burner")?;
        home.jid = burner["jid"].as_str().ok_or("no address")?.to_owned();
        Ok(home)
    }

    /// A command line for this folder.
    pub(crate) fn args<'a>(&'a self, args: &[&'a str]) -> Vec<&'a str> {
        let folder = self.folder.path().to_str().unwrap_or_default();
        let facts = self.lab.facts_file().to_str().unwrap_or_default();
        args.iter().copied().chain(["--home", folder, "--network", facts]).collect()
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        self.command_under(&[], args)
    }

    /// The same, run by another program.
    pub(crate) fn command_under(&self, under: &[&str], args: &[&str]) -> Command {
        let mut command = under_another(under);
        command.args(self.args(args)).stdin(Stdio::null()).stderr(Stdio::null());
        command
    }
}

/// The program, run by another.
pub(crate) fn under_another(under: &[&str]) -> Command {
    let mut words = under.iter().copied().chain([FLASHPAPER]);
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words);
    command
}
