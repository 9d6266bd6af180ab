//! Somebody to talk to in OTR: an XMPP client and an OTR library that share nothing with Flashpaper, as programs of
//! their own. They do not go through Tor.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::facts::Facts;
use crate::otr_library::OtrLibrary;
use crate::{LabError, Result, prosody};

/// How long anything may take that a command asks for. A key is made in seconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// A peer that is logged in. Dropping it ends its programs and leaves its account at the server.
#[derive(Debug)]
pub struct OtrPeer {
    child: Child,
    stdin: Option<ChildStdin>,
    events: UnboundedReceiver<OtrEvent>,
    done: UnboundedReceiver<Option<String>>,
    full_jid: String,
    password: String,
}

/// What happened at a peer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum OtrEvent {
    /// It has logged in.
    Online {
        /// Its full JID.
        jid: String,
        /// Its password.
        password: String,
    },
    /// Its stream has ended.
    Offline,
    /// A message came, as it was on the wire. What the OTR library makes of it follows.
    Received {
        /// The sender.
        from: String,
        /// The stanza's id.
        id: String,
        /// Its body.
        body: String,
    },
    /// A message went out.
    Sent {
        /// The receiver.
        to: String,
        /// The stanza's id.
        id: String,
        /// Its body.
        body: String,
    },
    /// There is something to read.
    Text {
        /// As the library gives it: with marks and entities, if the sender wrote them.
        text: String,
        /// Whether it came encrypted.
        private: bool,
    },
    /// A private conversation has begun.
    Secure,
    /// It has begun anew.
    StillSecure,
    /// The other side has ended it.
    Finished,
    /// The other side compares a secret.
    SmpAsked {
        /// Its question.
        question: Option<String>,
    },
    /// The secrets are the same.
    SmpEqual,
    /// They are not.
    SmpDifferent,
    /// The other side has stopped the comparison.
    SmpAbort,
    /// The other side does not keep to the protocol.
    SmpCheated,
    /// A step of a comparison that is not going on.
    SmpError,
    /// An extra symmetric key, which either side asked for.
    ExtraKey {
        /// In hex.
        key: String,
    },
    /// A message has arrived (XEP-0184).
    Receipt {
        /// Its id.
        id: String,
    },
    /// The server could not deliver a message.
    Bounced {
        /// Its receiver.
        to: String,
    },
    /// Somebody comes or goes.
    Presence {
        /// The full JID.
        jid: String,
        /// Whether it is there now.
        available: bool,
    },
    /// Other news of the library: libotr's message events by name, otr3's errors.
    Other {
        /// In its words.
        news: String,
    },
}

/// A line of the peer's program.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Event(OtrEvent),
    Done { done: Option<String> },
}

impl OtrPeer {
    /// Registers an account at the lab's server and logs it in.
    ///
    /// # Errors
    /// A program is missing, or the server does not do as expected.
    pub async fn register(facts: &Facts, library: OtrLibrary) -> Result<Self> {
        Self::start(facts, library, &[]).await
    }

    /// Logs an account in that exists: a further client of it, with a resource and an OTR key of its own.
    ///
    /// # Errors
    /// A program is missing, or the server refuses.
    pub async fn log_in(facts: &Facts, library: OtrLibrary, jid: &str, password: &str) -> Result<Self> {
        Self::start(facts, library, &["--jid", jid, "--password", password]).await
    }

    /// Its bare JID.
    #[must_use]
    pub fn jid(&self) -> &str {
        self.full_jid.split('/').next().unwrap_or_default()
    }

    /// Its JID with the resource, which stays the same.
    #[must_use]
    pub fn full_jid(&self) -> &str {
        &self.full_jid
    }

    /// Its password.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Has it do something, and waits until it has: see `core/lab/peers/otr_peer.py` for the words.
    ///
    /// # Errors
    /// It says why it cannot.
    pub async fn command(&mut self, command: &str) -> Result<()> {
        self.command_line(&command.replace('\\', r"\\").replace('\n', r"\n")).await
    }

    /// The same, of a command that is escaped already.
    pub(crate) async fn command_line(&mut self, line: &str) -> Result<()> {
        let stdin = self.stdin.as_mut().ok_or_else(ended)?;
        stdin.write_all(format!("{line}\n").as_bytes())?;
        match timeout(PATIENCE, self.done.recv()).await {
            Ok(Some(None)) => Ok(()),
            Ok(Some(Some(why))) => Err(LabError::new(format!("peer: {why}"))),
            Ok(None) => Err(ended()),
            Err(_) => Err(LabError::new(format!("peer: no end to {line}"))),
        }
    }

    /// What happened next.
    ///
    /// # Errors
    /// Nothing did for so long, or its program has ended.
    pub async fn next(&mut self, limit: Duration) -> Result<OtrEvent> {
        let event = timeout(limit, self.events.recv()).await;
        event.map_err(|_| LabError::new("peer: nothing happens"))?.ok_or_else(ended)
    }

    /// The next event that is looked for; those before it are left out.
    ///
    /// # Errors
    /// None came in time, or its program has ended.
    pub async fn until(&mut self, limit: Duration, mut found: impl FnMut(&OtrEvent) -> bool) -> Result<OtrEvent> {
        let end = Instant::now() + limit;
        let mut before = String::new();
        loop {
            let event = timeout(end.saturating_duration_since(Instant::now()), self.events.recv()).await;
            match event {
                Ok(Some(event)) if found(&event) => return Ok(event),
                // Bodies are long; their beginning tells what they are.
                Ok(Some(event)) => before += &format!("\n  {:.160}", format!("{event:?}")),
                Ok(None) => return Err(ended()),
                Err(_) => return Err(LabError::new(format!("peer: not in time; what came instead:{before}"))),
            }
        }
    }

    /// The next text that can be read.
    ///
    /// # Errors
    /// None came in time, or its program has ended.
    pub async fn text(&mut self, limit: Duration) -> Result<String> {
        match self.until(limit, |event| matches!(event, OtrEvent::Text { .. })).await? {
            OtrEvent::Text { text, .. } => Ok(text),
            _ => Err(ended()),
        }
    }

    /// What has happened since this was asked for last.
    pub fn events(&mut self) -> Vec<OtrEvent> {
        std::iter::from_fn(|| self.events.try_recv().ok()).collect()
    }

    /// Removes the account from the server and ends.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn remove(mut self) -> Result<()> {
        self.command("remove").await
    }

    async fn start(facts: &Facts, library: OtrLibrary, account: &[&str]) -> Result<Self> {
        let folder = facts.dir.join("otr");
        let building = folder.clone();
        let program = spawn_blocking(move || library.program(&building)).await.map_err(|_| ended())??;
        let address = facts.hosts.get(prosody::DEFAULT).ok_or_else(|| LabError::new("no server"))?;
        // Debian's own Python is the one that has its packages.
        let mut python = Command::new("/usr/bin/python3");
        python.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/peers/otr_peer.py")).args(["--domain", prosody::DEFAULT]);
        python.args(["--address", address, "--port", "5223", "--ca"]).arg(facts.authority.join("ca.pem"));
        python.arg("--program").arg(program).arg("--folder").arg(folder).args(account);
        // A group of its own, so that nothing of it is left behind.
        let mut child = python.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().ok_or_else(ended)?;
        let ((event, events), (done, dones)) = (unbounded_channel(), unbounded_channel());
        std::thread::Builder::new().name("lab-otr-peer".into()).spawn(move || read(stdout, &event, &done))?;
        let (full_jid, password) = Default::default();
        let mut peer = Self { child, stdin, events, done: dones, full_jid, password };
        match peer.next(PATIENCE).await {
            Ok(OtrEvent::Online { jid, password }) => (peer.full_jid, peer.password) = (jid, password),
            _ => return Err(LabError::new("the peer does not log in; cargo xtask test installs what it needs")),
        }
        Ok(peer)
    }
}

impl Drop for OtrPeer {
    fn drop(&mut self) {
        const PATIENCE: Duration = Duration::from_secs(3);
        // The end of its input is the end of it, so that it ends too when this process is killed.
        drop(self.stdin.take());
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}

/// Sorts what the program says until it ends.
fn read(stdout: ChildStdout, events: &UnboundedSender<OtrEvent>, done: &UnboundedSender<Option<String>>) {
    for line in BufReader::new(stdout).lines().map_while(std::io::Result::ok) {
        // A peer that was dropped takes nothing any more.
        let _ = match serde_json::from_str(&line) {
            Ok(Line::Event(event)) => events.send(event).is_ok(),
            Ok(Line::Done { done: why }) => done.send(why).is_ok(),
            Err(_) => events.send(OtrEvent::Other { news: line }).is_ok(),
        };
    }
}

fn ended() -> LabError {
    LabError::new("peer: its program has ended")
}
