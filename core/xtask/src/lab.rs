//! The lab as a program beside this one: it lives as long as this process holds its standard input.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::run::{Done, built, cargo, run, target};
use crate::{packages, swift};

/// A running lab. Dropping it ends it and waits for that.
pub(crate) struct Lab {
    child: Child,
    folder: PathBuf,
    facts: Value,
}

impl Lab {
    /// Starts the lab; its keys are kept in the target folder.
    pub(crate) fn start(delay_ms: u32) -> Done<Self> {
        Self::start_in("lab", delay_ms)
    }

    /// Starts another lab beside it, in a folder of this name.
    pub(crate) fn start_beside(name: &str) -> Done<Self> {
        Self::start_in(name, 0)
    }

    fn start_in(name: &str, delay_ms: u32) -> Done<Self> {
        let folder = target().join(name);
        let mut lab = program();
        lab.args(["up", "--delay", &delay_ms.to_string(), "--dir"]).arg(&folder);
        if let Ok(system) = swift::system() {
            lab.arg("--system").arg(system);
        }
        let mut child = lab.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let facts = serde_json::from_str(&line).map_err(|_| "the lab did not start; see its messages above")?;
        Ok(Self { child, folder, facts })
    }

    /// The lab's facts, as a file that `--network` takes.
    pub(crate) fn facts_file(&self) -> PathBuf {
        self.folder.join("facts.json")
    }

    pub(crate) const fn facts(&self) -> &Value {
        &self.facts
    }

    /// Gives the lab an order; what it answers.
    pub(crate) fn order(&self, order: &str) -> Done<String> {
        let mut stream = TcpStream::connect(self.facts["control"].as_str().ok_or("no control port")?)?;
        writeln!(stream, "{order}")?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer)?;
        let answer = answer.trim_end();
        let said = answer.strip_prefix("ok").ok_or_else(|| format!("the lab, to {order}: {answer}"))?;
        Ok(said.trim_start().to_owned())
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// The lab's program.
pub(crate) fn program() -> Command {
    built("flashpaper-lab")
}

/// Builds what the lab and the demo run.
pub(crate) fn build() -> Done {
    // Without the bindings: a demo has no use for their generator.
    run(&mut cargo(&["build", "--quiet", "--workspace", "--exclude", "flashpaper-ffi"]))
}

/// `cargo xtask lab`.
pub(crate) fn stay_up(delay_ms: u32) -> Done {
    packages::need(&[packages::LAB])?;
    build()?;
    let lab = Lab::start(delay_ms)?;
    println!("{}", lab.facts());
    // Ctrl-C reaches the lab as well, as it is of the same group.
    for _ in std::io::stdin().lines() {}
    Ok(())
}
