//! The process that is searched: an app with two burners, which does as it is told by lines on standard input.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use flashpaper::{BurnOutcome, BurnerId, Connection, Engine, Event, Events, History, Key, MessageState, PanicReport};
use flashpaper_lab::Remote;
use rustix::process::Pid;
use tokio::time::timeout;

use crate::Done;
use crate::friend::{open, options};

/// Names the folder to the process.
pub(crate) const HOME: &str = "FLASHPAPER_REMAINS_HOME";
const PATIENCE: Duration = Duration::from_secs(300);

/// The process, from outside.
pub(crate) struct Subject {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    jids: Vec<String>,
}

impl Subject {
    pub(crate) fn start(home: &Path, passphrase: &str) -> Done<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .env(HOME, home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (orders, answers) = (process.stdin.take().ok_or("input")?, process.stdout.take().ok_or("output")?);
        let mut subject = Self { process, orders, answers: BufReader::new(answers), jids: Vec::new() };
        writeln!(subject.orders, "{passphrase}")?;
        Ok(subject)
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.process)
    }

    pub(crate) fn jid(&self, number: usize) -> &str {
        &self.jids[number]
    }

    fn order(&mut self, order: &str) -> Done<String> {
        writeln!(self.orders, "{order}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        let answer = answer.trim_end();
        answer
            .strip_prefix("ok")
            .map(|answer| answer.trim_start().to_owned())
            .ok_or_else(|| format!("{order}: {answer}").into())
    }

    /// Makes a burner with a contact; its JID.
    pub(crate) fn create(&mut self, number: usize, peer: &str) -> Done<String> {
        let jid = self.order(&format!("create {number} {peer}"))?;
        self.jids.push(jid.clone());
        Ok(jid)
    }

    pub(crate) fn send(&mut self, number: usize, text: &str) -> Done {
        self.order(&format!("send {number} {text}")).map(drop)
    }

    pub(crate) fn receive(&mut self, number: usize, text: &str) -> Done {
        self.order(&format!("receive {number} {text}")).map(drop)
    }

    /// Has the app show the recovery words of its burners, for the only time.
    pub(crate) fn show_words(&mut self) -> Done {
        self.order("words 0").and_then(|_| self.order("words 1")).map(drop)
    }

    pub(crate) fn end(&mut self, end: &str) -> Done {
        self.order(&format!("{end} 0")).map(drop)
    }

    /// Has it leak the bytes of a file.
    pub(crate) fn plant(&mut self, file: &Path) -> Done {
        self.order(&format!("plant 0 {}", file.display())).map(drop)
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The process.
pub(crate) fn run(home: &Path) -> Done {
    let runtime = Engine::runtime(2)?;
    // Both without buffers of their own, which would keep what passes through.
    let (mut input, mut output) = (File::open("/dev/stdin")?, File::create("/dev/stdout")?);
    let passphrase = line(&mut input)?.ok_or("no passphrase")?;
    let mut app = runtime.block_on(App::open(home, passphrase))?;
    while let Some(line) = line(&mut input)? {
        let answer = match runtime.block_on(app.obey(&line)) {
            Ok(answer) => format!("ok {answer}\n"),
            Err(error) => format!("{error}\n"),
        };
        output.write_all(answer.as_bytes())?;
    }
    Ok(())
}

fn line(input: &mut File) -> Done<Option<String>> {
    let (mut line, mut byte) = (Vec::new(), [0]);
    while input.read(&mut byte)? == 1 {
        if byte == *b"\n" {
            return Ok(Some(String::from_utf8(line)?));
        }
        line.extend(byte);
    }
    Ok(None)
}

struct App {
    home: OsString,
    engine: Engine,
    events: Events,
    burners: Vec<(BurnerId, String)>,
}

impl App {
    async fn open(home: &Path, passphrase: String) -> Done<Self> {
        let key = Key::Passphrase(passphrase.into_bytes().into());
        let engine = open(&Remote::from_env()?, home, key).await?;
        Ok(Self { home: home.into(), events: engine.events(None), engine, burners: Vec::new() })
    }

    async fn obey(&mut self, line: &str) -> Done<String> {
        let mut parts = line.splitn(3, ' ');
        let mut part = || parts.next().unwrap_or_default();
        let (order, number, rest) = (part(), part().parse::<usize>()?, part());
        match order {
            "create" => return self.create(rest).await,
            "send" => self.send(number, rest).await?,
            "receive" => self.receive(number, rest).await?,
            "words" => {
                let id = &self.burners[number].0;
                // An app draws them.
                drop(self.engine.recovery_words(id)?.ok_or("no words")?);
                self.engine.drop_recovery_words(id)?;
            }
            "burn" => {
                let report = self.engine.burn(&self.burners[number].0).await?;
                if report.outcome != BurnOutcome::Proven {
                    return Err(format!("{report:?}").into());
                }
                self.forget(1);
            }
            "lock" => {
                self.engine.lock().await?;
                self.forget(2);
            }
            "panic" => {
                let report = Engine::panic(Path::new(&self.home), None);
                if report != PanicReport::default() {
                    return Err(format!("{report:?}").into());
                }
                self.forget(2);
            }
            _ => {
                Box::leak(std::fs::read(rest)?.into_boxed_slice());
            }
        }
        Ok(String::new())
    }

    /// What an app shows of burners that are gone goes, too: here it is all in memory that is wiped as it is freed.
    fn forget(&mut self, first: usize) {
        self.burners.iter_mut().take(first).for_each(|(_, peer)| *peer = String::new());
        while self.events.try_next().is_some() {}
    }

    async fn create(&mut self, peer: &str) -> Done<String> {
        let burner = self.engine.create_burner(options()).await?;
        self.engine.set_history(&burner.id, History::UntilBurn)?;
        self.engine.add_contact(&burner.id, peer)?;
        self.engine.connect(&burner.id)?;
        let id = burner.id.clone();
        let is_online = |event: &Event| matches!(event, Event::Connection { burner, connection: Connection::Online, .. } if *burner == id);
        self.until(is_online).await?;
        self.burners.push((burner.id, peer.to_owned()));
        Ok(burner.jid)
    }

    async fn send(&mut self, number: usize, text: &str) -> Done {
        let (id, peer) = self.burners[number].clone();
        let sent = self.engine.send(&id, &peer, text, None)?;
        let is_delivered = |event: &Event| matches!(event, Event::Message { burner, message, state: MessageState::Delivered, .. } if *burner == id && *message == sent);
        self.until(is_delivered).await
    }

    async fn receive(&mut self, number: usize, text: &str) -> Done {
        let (id, peer) = self.burners[number].clone();
        let came = self.engine.messages(&id, Some(&peer), None, 1)?;
        let message = match came.first() {
            Some(message) if message.text == text => message.id,
            _ => loop {
                let event = timeout(PATIENCE, self.events.next()).await?.ok_or("closed")?;
                if let Event::Message { burner, message, state: MessageState::Received, .. } = event
                    && burner == id
                    && self.engine.message(&id, message)?.text == text
                {
                    break message;
                }
            },
        };
        self.engine.taken(&id, message)?;
        // As it shows a conversation.
        drop(self.engine.messages(&id, Some(&peer), None, 10)?);
        Ok(())
    }

    async fn until(&mut self, is_it: impl Fn(&Event) -> bool) -> Done {
        let events = &mut self.events;
        timeout(PATIENCE, async {
            while !is_it(&events.next().await.ok_or("closed")?) {}
            Ok(())
        })
        .await?
    }
}
