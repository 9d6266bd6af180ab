//! The two sides that are compared: each some processes, one of which does what it is told by lines.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use flashpaper_lab::{Facts, TorClient};
use tempfile::TempDir;

use crate::{Done, measured};

/// Has this program be the measured one, with a folder behind it.
pub(crate) const MEASURED: &str = "--measured";

/// One side. Dropping it ends it.
pub(crate) struct Side {
    pub(crate) pids: Vec<u32>,
    program: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    _tor: Option<TorClient>,
    _folder: TempDir,
}

impl Side {
    /// An engine, Tor within.
    pub(crate) fn ours() -> Done<Self> {
        let folder = TempDir::new()?;
        let mut program = Command::new(std::env::current_exe()?);
        program.arg(MEASURED).arg(folder.path());
        Self::start(program, None, folder)
    }

    /// Debian's `tor` and slixmpp.
    pub(crate) fn theirs(facts: &Facts) -> Done<Self> {
        let folder = TempDir::new()?;
        let tor = TorClient::start(facts, &folder.path().join("tor"))?;
        // Debian's own Python, which has Debian's packages.
        let mut program = Command::new("/usr/bin/python3");
        program.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/idle/slixmpp_accounts.py"));
        program.arg(tor.socks()).arg(facts.authority.join("ca.pem")).arg(measured::SERVER);
        Self::start(program, Some(tor), folder)
    }

    fn start(mut program: Command, tor: Option<TorClient>, folder: TempDir) -> Done<Self> {
        // The end of its input is the end of it, however this program ends.
        let mut program = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (orders, answers) = (program.stdin.take().ok_or("no input")?, program.stdout.take().ok_or("no output")?);
        let pids = std::iter::once(program.id()).chain(tor.as_ref().map(TorClient::pid)).collect();
        Ok(Self { pids, program, orders, answers: BufReader::new(answers), _tor: tor, _folder: folder })
    }

    /// Has the program do something, and waits until it is done. slixmpp knows one order only: another account.
    pub(crate) fn order(&mut self, order: &str) -> Done {
        writeln!(self.orders, "{order}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        if answer == "done\n" { Ok(()) } else { Err(format!("{order}: a measured program has ended").into()) }
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
