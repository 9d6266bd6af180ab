//! Children that die with the lab, however it ends.

use std::fs::OpenOptions;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::{LabError, Result};

/// Starts a program under `setpriv --pdeathsig`: the kernel kills it when the thread that started it ends. That thread
/// is one of the lab's that lives as long as the lab.
#[derive(Clone)]
pub(crate) struct Spawner(mpsc::Sender<(Command, mpsc::Sender<std::io::Result<Child>>)>);

impl Spawner {
    pub(crate) fn start() -> Result<Self> {
        let (sender, orders) = mpsc::channel::<(Command, mpsc::Sender<std::io::Result<Child>>)>();
        std::thread::Builder::new().name("lab-spawner".into()).spawn(move || {
            for (mut command, answer) in orders {
                let _ = answer.send(command.spawn());
            }
            // Orders end with the lab; its children are dead by then.
        })?;
        Ok(Self(sender))
    }

    /// Starts a server with its output in `log`, and waits until it listens at all of these ports.
    pub(crate) fn serve(&self, program: &str, args: &[&str], log: &Path, ports: &[SocketAddr]) -> Result<Running> {
        if let Some(taken) = ports.iter().find(|port| TcpStream::connect(port).is_ok()) {
            return Err(LabError::new(format!(
                "another server of this machine listens at {taken}, maybe at all its addresses: stop it while the lab runs"
            )));
        }
        let mut running = self.spawn(program, args, log)?;
        running.wait_for_ports(ports)?;
        Ok(running)
    }

    /// Starts `program` with its output in `log`.
    pub(crate) fn spawn(&self, program: &str, args: &[&str], log: &Path) -> Result<Running> {
        let out = OpenOptions::new().create(true).append(true).open(log)?;
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--", program]).args(args);
        command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
        let (sender, answer) = mpsc::channel();
        let gone = || LabError::new("the lab is ending");
        self.0.send((command, sender)).map_err(|_| gone())?;
        let child = answer.recv().map_err(|_| gone())?;
        let child = child.map_err(|e| LabError::new(format!("cannot start {program} by setpriv: {e}")))?;
        Ok(Running { child, name: program.to_owned(), log: log.display().to_string() })
    }
}

/// A running child; dropping it ends it.
pub(crate) struct Running {
    child: Child,
    name: String,
    log: String,
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// An error if it has ended.
    pub(crate) fn check(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => Err(LabError::new(format!("{} ended ({status}); see {}", self.name, self.log))),
        }
    }

    fn wait_for_ports(&mut self, ports: &[SocketAddr]) -> Result<()> {
        const PATIENCE: Duration = Duration::from_secs(30);
        let end = Instant::now() + PATIENCE;
        while !ports.iter().all(|port| TcpStream::connect(port).is_ok()) {
            self.check()?;
            if Instant::now() > end {
                return Err(LabError::new(format!("{} does not listen; see {}", self.name, self.log)));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        // A child that has ended is noticed by `check`.
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        const PATIENCE: Duration = Duration::from_secs(3);
        self.signal(Signal::INT);
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
