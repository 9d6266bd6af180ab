//! A conversation between a session of ours and another implementation.

use std::collections::VecDeque;
use std::error::Error;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use flashpaper_otr::{Identity, Output, Session, Settings};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tempfile::TempDir;

pub(crate) type Tested<T = ()> = Result<T, Box<dyn Error>>;

/// The command that builds the peer's program at a path.
pub(crate) type Build = fn(&Path) -> Command;

/// A program around another implementation, as commands and what it says to each: see `libotr.c`.
pub(crate) struct Peer {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    /// Its key and instance tag are there.
    folder: TempDir,
    limit: usize,
}

impl Peer {
    /// `build` makes the program; messages longer than `limit` it sends in fragments (0: none).
    fn start(build: Build, limit: usize) -> Tested<Self> {
        let folder = TempDir::new()?;
        let built = build(&folder.path().join("peer")).status()?;
        assert!(built.success(), "the peer's library or its compiler is missing: cargo xtask test installs them");
        Self::start_in(folder, limit)
    }

    fn start_in(folder: TempDir, limit: usize) -> Tested<Self> {
        let mut command = Command::new(folder.path().join("peer"));
        command.arg(folder.path()).arg(limit.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let (stdin, stdout) = (child.stdin.take().ok_or("no stdin")?, child.stdout.take().ok_or("no stdout")?);
        Ok(Self { child, stdin, stdout: BufReader::new(stdout), folder, limit })
    }

    /// A new process that knows its key and tag, and nothing of the conversation.
    pub(crate) fn restart(&mut self) -> Tested {
        let folder = std::mem::replace(&mut self.folder, TempDir::new()?);
        *self = Self::start_in(folder, self.limit)?;
        Ok(())
    }

    /// The file of its long-term key.
    pub(crate) fn key_file(&self) -> PathBuf {
        self.folder.path().join("key")
    }

    pub(crate) fn command(&mut self, line: &str) -> Tested<Vec<String>> {
        writeln!(self.stdin, "{}", line.replace('\\', r"\\").replace('\n', r"\n"))?;
        let mut said = Vec::new();
        loop {
            let mut line = String::new();
            if self.stdout.read_line(&mut line)? == 0 {
                return Err("the peer has ended".into());
            }
            match line.trim_end_matches('\n') {
                "." => return Ok(said),
                text => said.push(unescaped(text)),
            }
        }
    }
}

/// What a line of its stands for: see `libotr.c`.
fn unescaped(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(next) = rest.next() {
        text.push(match next {
            '\\' => rest.next().map_or('\\', |escaped| if escaped == 'n' { '\n' } else { escaped }),
            plain => plain,
        });
    }
    text
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A session of ours and the peer, with a wire between them.
pub(crate) struct Talk {
    pub(crate) ours: Session,
    pub(crate) peer: Peer,
    now: Duration,
    /// What ours has for its owner.
    pub(crate) news: Vec<Output>,
    /// What the peer has for its, but for the wire.
    pub(crate) theirs: Vec<String>,
    pub(crate) wire: VecDeque<Wire>,
    /// Texts of ours that wait for a private conversation.
    waiting: VecDeque<String>,
    /// All that the wire has carried.
    pub(crate) log: Vec<Wire>,
}

#[derive(Clone)]
pub(crate) enum Wire {
    ToPeer(String),
    ToUs(String),
}

impl Talk {
    pub(crate) fn new(build: Build, limit: Option<usize>, seed: u64) -> Tested<Self> {
        let identity = Arc::new(Identity::random(&mut StdRng::seed_from_u64(seed)));
        let settings = Settings { limit, version_2: true, ..Settings::default() };
        let ours = Session::new(identity, settings, Box::new(StdRng::seed_from_u64(seed)), Duration::ZERO);
        let peer = Peer::start(build, limit.unwrap_or(0))?;
        let (now, news, theirs, wire, waiting, log) = Default::default();
        Ok(Self { ours, peer, now, news, theirs, wire, waiting, log })
    }

    pub(crate) fn private(build: Build, limit: Option<usize>, seed: u64) -> Tested<Self> {
        let mut talk = Self::new(build, limit, seed)?;
        let start = talk.ours.start();
        talk.we(start)?;
        assert!(talk.ours.is_private());
        talk.forget();
        Ok(talk)
    }

    pub(crate) fn forget(&mut self) {
        self.news.clear();
        self.theirs.clear();
    }

    /// We say something.
    pub(crate) fn say(&mut self, text: &str) -> Tested {
        self.write(text);
        self.carry()
    }

    /// We say something that is not carried yet.
    pub(crate) fn write(&mut self, text: &str) {
        self.waiting.push_back(text.to_owned());
        self.ours_out(vec![]);
    }

    /// We did something.
    pub(crate) fn we(&mut self, outputs: Vec<Output>) -> Tested {
        self.ours_out(outputs);
        self.carry()
    }

    /// The peer is to do something.
    pub(crate) fn they(&mut self, command: &str) -> Tested {
        let said = self.peer.command(command)?;
        self.theirs_out(said);
        self.carry()
    }

    pub(crate) fn ours_out(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Send(wire) => self.wire.push_back(Wire::ToPeer(wire)),
                news => self.news.push(news),
            }
        }
        while let Some(text) = self.waiting.front()
            && let Ok((_, sent)) = self.ours.send(text, "label")
        {
            self.waiting.pop_front();
            self.ours_out(sent);
        }
    }

    pub(crate) fn theirs_out(&mut self, said: Vec<String>) {
        for line in said {
            match line.strip_prefix("S ") {
                Some(wire) => self.wire.push_back(Wire::ToUs(wire.to_owned())),
                None => self.theirs.push(line),
            }
        }
    }

    /// Time goes by.
    pub(crate) fn pass(&mut self, time: Duration) -> Tested {
        self.now += time;
        let outputs = self.ours.tick(self.now);
        self.we(outputs)
    }

    pub(crate) fn carry(&mut self) -> Tested {
        for _ in 0..100_000 {
            self.log.extend(self.wire.front().cloned());
            match self.wire.pop_front() {
                None => return Ok(()),
                Some(Wire::ToPeer(wire)) => {
                    let said = self.peer.command(&format!("R {wire}"))?;
                    self.theirs_out(said);
                }
                Some(Wire::ToUs(wire)) => {
                    let outputs = self.ours.receive(&wire);
                    self.ours_out(outputs);
                }
            }
        }
        Err("they do not stop".into())
    }

    /// A text each way, which have to arrive.
    pub(crate) fn exchange(&mut self, text: &str) -> Tested {
        self.forget();
        self.say(text)?;
        assert_eq!(self.theirs, [format!("T {text}")]);
        self.they(&format!("M re: {text}"))?;
        let texts: Vec<_> = self
            .news
            .iter()
            .filter_map(|o| if let Output::Text { text, .. } = o { Some(text) } else { None })
            .collect();
        assert_eq!(texts, [&format!("re: {text}")]);
        Ok(())
    }
}
