//! An installation of the story, driven by the program.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use crate::lab;
use crate::run::{Done, built, run};

pub(super) fn timed<T>(name: &str, work: impl FnOnce() -> Done<T>) -> Done<T> {
    let started = Instant::now();
    let result = work()?;
    println!("  {:>6.2} s  {name}", started.elapsed().as_secs_f64());
    Ok(result)
}

/// An installation.
pub(super) struct Story {
    pub(super) home: PathBuf,
    pub(super) network: PathBuf,
}

impl Story {
    pub(super) fn play(&self, route: &str) -> Done {
        let burner = self.last(&["new", &format!("--{route}")], "burner")?;
        let jid = burner["jid"].as_str().ok_or("no address")?;
        println!("burner: {jid}\nvia: {}", burner["via"].as_str().unwrap_or_default());

        self.receive(jid)?;
        println!("received: ok");
        self.burn(jid)
    }

    pub(super) fn burn(&self, jid: &str) -> Done {
        let burned = self.last(&["burn", jid], "burned")?;
        let outcome = burned["outcome"].as_str().unwrap_or_default();
        println!("burned: {outcome}");
        if outcome == "proven" { Ok(()) } else { Err("the burn is not proven".into()) }
    }

    /// Logs the burner in, has the lab's peer write to it, and compares.
    fn receive(&self, jid: &str) -> Done {
        let text = format!("hello, {jid}");
        let mut events = self.start(&["receive", jid, "--count", "1", "--timeout", "60"], Stdio::null())?;
        events.until("online")?;
        timed("the lab's peer has logged in and written", || {
            run(lab::program().args(["send", "--to", jid, "--text", &text]).env("FLASHPAPER_LAB", &self.network))
        })?;
        let message = events.until("message")?;
        events.end()?;
        if message["text"] == text.as_str() { Ok(()) } else { Err("another text arrived".into()) }
    }

    /// Runs a command of `flashpaper` to its end; the last event of a type.
    pub(super) fn last(&self, args: &[&str], kind: &str) -> Done<Value> {
        let mut events = self.start(args, Stdio::null())?;
        let event = events.until(kind)?;
        events.end()?;
        Ok(event)
    }

    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut command = built("flashpaper");
        command.args(args).arg("--json").arg("--home").arg(&self.home).arg("--network").arg(&self.network);
        command
    }

    pub(super) fn start(&self, args: &[&str], input: Stdio) -> Done<Events> {
        let mut child = self.command(args).stdin(input).stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().ok_or("no output")?;
        Ok(Events { child, lines: BufReader::new(stdout), last: Instant::now() })
    }
}

/// The events of a running `flashpaper`, printed as steps with their times. Dropping it waits for the program.
pub(super) struct Events {
    child: Child,
    lines: BufReader<ChildStdout>,
    last: Instant,
}

impl Events {
    pub(super) fn until(&mut self, kind: &str) -> Done<Value> {
        while let Some(event) = self.next()? {
            if event["type"] == kind {
                return Ok(event);
            }
        }
        Err(format!("flashpaper ended without \"{kind}\"").into())
    }

    /// The next event; `None` at the end.
    pub(super) fn next(&mut self) -> Done<Option<Value>> {
        let mut line = String::new();
        if self.lines.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let event = serde_json::from_str(&line)?;
        self.print(&event);
        Ok(Some(event))
    }

    /// Writes to the program's input, which has to be a pipe.
    pub(super) fn say(&mut self, object: &Value) -> Done {
        Ok(writeln!(self.child.stdin.as_mut().ok_or("no input")?, "{object}")?)
    }

    /// Waits for the program, which has to have done all that it was asked for.
    pub(super) fn end(&mut self) -> Done {
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { Err(format!("flashpaper ended with {status}").into()) }
    }

    fn print(&mut self, event: &Value) {
        let word = |key: &str| event[key].as_str().unwrap_or_default().replace('_', " ");
        let name = match event["type"].as_str().unwrap_or_default() {
            "tor" if event["ready"] == true => "Tor is ready".to_owned(),
            "creating" | "restoring" | "burning" | "settled" => {
                format!("{} {}{}{}", word("type"), word("step"), word("outcome"), with(event, "circuit"))
            }
            "online" => "online, waiting for a message".to_owned(),
            "message" => "a message arrived".to_owned(),
            "error" => format!("error: {}", word("code")),
            _ => return,
        };
        println!("  {:>6.2} s  {name}", self.last.elapsed().as_secs_f64());
        self.last = Instant::now();
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        let _ = self.child.wait();
    }
}

fn with(event: &Value, key: &str) -> String {
    event[key].as_str().map_or_else(String::new, |value| format!(" ({value})"))
}
