//! Two burners on circuits of their own, driven as any program may drive them (`flashpaper chat --json`): they talk in
//! private, verify each other, lose every connection in between, talk to somebody with real libotr, and are burnt.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::story::{Story, timed};
use crate::lab::Lab;
use crate::run::Done;

/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(300);

pub(super) fn play(home: &Path, lab: &Lab) -> Done {
    let new = |name: &str, route: &str| -> Done<Chat> {
        let story = Story { home: home.join(name), network: lab.facts_file() };
        let burner = story.last(&["new", route], "burner")?;
        let chat = Chat::start(&story, burner["jid"].as_str().ok_or("no address")?)?;
        println!("{name}: {}", chat.jid);
        Ok(chat)
    };
    let (mut one, mut two) = (new("one", "--exit")?, new("two", "--onion")?);
    timed("both are online", || one.connect().and_then(|()| two.connect()))?;

    timed("one has scanned two's code, two accepts, a key exchange", || {
        let uri = two.done(json!({ "command": "uri" }))?;
        one.done(json!({ "command": "contact_add", "address": uri["uri"] }))?;
        two.until(|e| e["type"] == "conversation" && e["relationship"] == "stranger")?;
        two.done(json!({ "command": "contact_accept", "peer": one.jid }))?;
        one.done(json!({ "command": "otr_start", "peer": two.jid }))?;
        one.secured("private")?;
        two.secured("private").map(drop)
    })?;
    println!("private: ok");

    timed("a text each way", || {
        one.say(&mut two, "do you read me?")?;
        two.say(&mut one, "every word")
    })?;
    println!("exchanged: ok");

    timed("they compare a secret", || {
        let (secret, question) = ("the blue one", "Which door?");
        one.done(json!({ "command": "smp_start", "peer": two.jid, "secret": secret, "question": question }))?;
        two.until(|e| e["comparison"] == "asked" && e["question"] == question)?;
        let answer = json!({ "command": "smp_answer", "peer": one.jid, "secret": secret, "question": question });
        two.done(answer)?;
        one.until(|e| e["comparison"] == "verified")?;
        one.secured("verified").map(drop)
    })?;
    println!("verified: ok");

    timed("every connection to Tor is cut, and a text each way arrives", || {
        lab.order("cut")?;
        one.say(&mut two, "still there?")?;
        two.say(&mut one, "again")
    })?;
    println!("cut: ok");

    let pidgin = timed("somebody with libotr has logged in", || lab.order("otr libotr"))?;
    timed("one talks to libotr in private", || with_libotr(&mut one, lab, &pidgin))?;
    println!("libotr: ok");

    for (name, chat) in [("one", one), ("two", two)] {
        let outcome = timed("removed, and the login is refused", || chat.burn())?;
        println!("{name} is burnt: {outcome}");
        if outcome != "proven" {
            return Err("the burn is not proven".into());
        }
    }
    happened(lab, &pidgin, |event| event["event"] == "finished")?;
    lab.order(&format!("otr-end {pidgin}")).map(drop)
}

/// `pidgin`: the full JID of the lab's peer.
fn with_libotr(one: &mut Chat, lab: &Lab, pidgin: &str) -> Done {
    let peer = pidgin.split('/').next().unwrap_or_default();
    let text = "hello from Flashpaper";
    one.done(json!({ "command": "send", "peer": peer, "text": text }))?;
    happened(lab, pidgin, |e| e["event"] == "text" && e["text"] == text && e["private"] == true)?;
    lab.order(&format!("otr-say {pidgin} say hello from libotr"))?;
    let message = one.until(|e| e["type"] == "message" && e["text"] == "hello from libotr")?;
    if message["security"] == "private" { Ok(()) } else { Err("it was not private".into()) }
}

/// Waits for something at the lab's peer.
fn happened(lab: &Lab, pidgin: &str, wanted: impl Fn(&Value) -> bool) -> Done {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        let events: Vec<Value> = serde_json::from_str(&lab.order(&format!("otr-lines {pidgin}"))?)?;
        if events.iter().any(&wanted) {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(100));
    }
    Err("libotr does not see what it should".into())
}

/// A running `flashpaper chat --json`. Dropping it ends its input and waits for it.
pub(super) struct Chat {
    jid: String,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    /// What came and was not waited for yet.
    events: Vec<Value>,
    asked: u64,
}

impl Chat {
    pub(super) fn start(story: &Story, jid: &str) -> Done<Self> {
        let mut command = story.command(&["chat", jid]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (stdin, stdout) = (child.stdin.take(), BufReader::new(child.stdout.take().ok_or("no output")?));
        let (sender, lines) = channel();
        thread::spawn(move || stdout.lines().map_while(Result::ok).all(|line| sender.send(line).is_ok()));
        let mut chat = Self { jid: jid.to_owned(), child, stdin, lines, events: Vec::new(), asked: 0 };
        chat.until(|event| event["type"] == "ready")?;
        Ok(chat)
    }

    fn connect(&mut self) -> Done {
        self.done(json!({ "command": "connect" }))?;
        self.until(|event| event["connection"] == "online").map(drop)
    }

    /// Sends a text to the other, in private.
    fn say(&mut self, to: &mut Self, text: &str) -> Done {
        self.done(json!({ "command": "send", "peer": to.jid, "text": text }))?;
        let message = to.until(|event| event["type"] == "message" && event["text"] == text)?;
        to.done(json!({ "command": "taken", "message": message["message"] }))?;
        let is_private = ["private", "verified"].iter().any(|security| message["security"] == *security);
        if is_private { Ok(()) } else { Err("it was not private".into()) }
    }

    fn secured(&mut self, security: &str) -> Done<Value> {
        self.until(|event| event["type"] == "conversation" && event["security"] == security)
    }

    fn burn(mut self) -> Done<String> {
        let burned = self.done(json!({ "command": "burn" }))?;
        let status = self.child.wait()?;
        let outcome = burned["outcome"].as_str().unwrap_or_default().to_owned();
        if status.success() { Ok(outcome) } else { Err(format!("{outcome}; flashpaper ended with {status}").into()) }
    }

    /// Gives a command that has to be done; its answer.
    pub(super) fn done(&mut self, mut command: Value) -> Done<Value> {
        self.asked += 1;
        let id = Value::from(self.asked);
        command["id"] = id.clone();
        writeln!(self.stdin.as_mut().ok_or("no input")?, "{command}")?;
        let answer = self.until(|event| event["id"] == id)?;
        if answer["type"] == "error" { Err(format!("{answer}").into()) } else { Ok(answer) }
    }

    /// The next event of a kind. Those before it stay for others to wait for.
    pub(super) fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Done<Value> {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = self.events.iter().position(&wanted) {
                return Ok(self.events.remove(found));
            }
            let left = end.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).map_err(|_| "flashpaper chat does not say what it should")?;
            self.events.push(serde_json::from_str(&line)?);
        }
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}
