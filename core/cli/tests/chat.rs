//! Two burners of two installations, driven as a program drives them: `flashpaper chat --json`.

mod support;
mod trace;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use flashpaper_lab::{Peer, Remote};
use serde_json::{Value, json};
use support::{Home, PATIENCE, Tested};
use trace::Trace;

#[test]
#[ignore = "needs the lab: cargo xtask test"]
fn a_chat_locks_itself_when_it_is_told_to_and_by_another_process_awake_or_suspended() -> Tested {
    let home = Home::new(&Remote::from_env()?, "--exit")?;
    let ended = |chat: &mut Chat| {
        chat.until(|event| event["type"] == "locked")?;
        // What it reads as it ends gets no answer.
        Tested::Ok(chat.child.wait()?.code())
    };
    let mut chat = home.chat()?;
    chat.done(json!({ "command": "lock" }))?;
    assert_eq!(ended(&mut chat)?, Some(0));
    for is_suspended in [false, true] {
        let mut chat = home.chat()?;
        chat.connect()?;
        if is_suspended {
            chat.done(json!({ "command": "suspend" }))?;
        }
        let locked = home.command(&["lock"]).output()?;
        assert_eq!(String::from_utf8(locked.stdout)?, "locked: no chat has this folder open\n");
        assert_eq!((locked.status.code(), ended(&mut chat)?), (Some(0), Some(0)));
    }
    Ok(())
}

impl Home {
    fn chat(&self) -> Tested<Chat> {
        self.chat_under(&[])
    }

    fn chat_under(&self, under: &[&str]) -> Tested<Chat> {
        let mut chat = Chat::start(self.command_under(under, &["chat", &self.jid, "--json"]))?;
        assert_eq!(chat.until(|e| e["type"] == "ready")?["jid"], self.jid.as_str());
        Ok(chat)
    }
}

/// A running `chat --json`. Dropping it kills it.
struct Chat {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    asked: u32,
    /// What was read and not waited for yet.
    events: Vec<Value>,
}

impl Chat {
    fn start(mut command: Command) -> Tested<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdout = BufReader::new(child.stdout.take().ok_or("no output")?);
        let (sender, lines) = channel();
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).all(|line| sender.send(line).is_ok()));
        Ok(Self { stdin: child.stdin.take(), child, lines, asked: 0, events: Vec::new() })
    }

    fn write(&mut self, line: &str) -> Tested {
        Ok(writeln!(self.stdin.as_mut().ok_or("no input")?, "{line}")?)
    }

    /// Gives a command; its answer.
    fn ask(&mut self, mut command: Value) -> Tested<Value> {
        self.asked += 1;
        let id = Value::from(self.asked);
        command["id"] = id.clone();
        self.write(&command.to_string())?;
        self.until(|event| event["id"] == id)
    }

    /// Gives a command that has to be done.
    fn done(&mut self, command: Value) -> Tested<Value> {
        let answer = self.ask(command)?;
        assert!(matches!(answer["type"].as_str(), Some("done" | "uri")), "{answer}");
        Ok(answer)
    }

    /// The next event of a kind. Those before it stay for others to wait for.
    fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Tested<Value> {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = self.events.iter().position(&wanted) {
                return Ok(self.events.remove(found));
            }
            let left = end.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).map_err(|e| format!("{e}; {:#?}", self.events))?;
            let event: Value = serde_json::from_str(&line)?;
            assert!(event["type"].is_string(), "{line}");
            self.events.push(event);
        }
    }

    fn connect(&mut self) -> Tested {
        self.done(json!({ "command": "connect" }))?;
        self.until(|e| e["connection"] == "online").map(drop)
    }

    fn secured(&mut self, security: &str) -> Tested<Value> {
        self.until(|e| e["type"] == "conversation" && e["security"] == security)
    }

    /// Sends a text that `to` gets in private, and takes.
    fn say(&mut self, to: &mut Self, peer: &str, text: &str, security: &str) -> Tested {
        let sent = self.done(json!({ "command": "send", "peer": peer, "text": text }))?;
        let message = to.until(|e| e["type"] == "message" && e["text"] == text)?;
        assert_eq!(message["security"], security);
        to.done(json!({ "command": "taken", "message": message["message"] }))?;
        self.until(|e| e["message"] == sent["message"] && e["state"] == "delivered").map(drop)
    }

    /// Ends its input, or waits for the end that it comes to; its exit code.
    fn end(mut self) -> Tested<Option<i32>> {
        self.stdin.take();
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status.code());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err("it does not end".into())
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn private_verified_cut_and_burnt() -> Tested {
    let lab = Remote::from_env()?;
    lab.reset().await?;
    let (first, second) = (Home::new(&lab, "--exit")?, Home::new(&lab, "--onion")?);
    // Nothing of all this goes past Tor.
    let traces = [Trace::new()?, Trace::new()?, Trace::new()?];
    let (mut one, mut two) = (first.chat_under(&traces[0].under())?, second.chat_under(&traces[1].under())?);
    one.connect()?;
    two.connect()?;

    // With the key that the URI names, and without.
    let uri = two.done(json!({ "command": "uri" }))?;
    let added = one.done(json!({ "command": "contact_add", "address": uri["uri"] }))?;
    assert_eq!(added["peer"], second.jid.as_str());
    two.until(|e| e["type"] == "conversation" && e["relationship"] == "stranger")?;
    two.done(json!({ "command": "contact_accept", "peer": first.jid }))?;

    one.done(json!({ "command": "otr_start", "peer": second.jid }))?;
    let conversation = one.secured("private")?;
    assert_eq!((&conversation["key"], &conversation["expected"]), (&uri["fingerprint"], &uri["fingerprint"]));
    two.secured("private")?;
    one.say(&mut two, &second.jid, "hello\nthere", "private")?;
    two.say(&mut one, &first.jid, "hello yourself", "private")?;

    let ask = json!({ "command": "smp_start", "peer": second.jid, "secret": "Lisbon", "question": "Where?" });
    one.done(ask)?;
    assert_eq!(two.until(|e| e["comparison"] == "asked")?["question"], "Where?");
    let other = two.ask(json!({ "command": "smp_answer", "peer": first.jid, "secret": "Lisbon" }))?;
    assert_eq!(other["code"], "nothing_asked", "it was another question");
    two.done(json!({ "command": "smp_answer", "peer": first.jid, "secret": "Lisbon", "question": "Where?" }))?;
    one.until(|e| e["comparison"] == "verified")?;
    two.until(|e| e["comparison"] == "verified_us")?;
    one.secured("verified")?;
    let own = one.done(json!({ "command": "uri" }))?;
    let trust = json!({ "command": "trust", "peer": first.jid, "fingerprint": own["fingerprint"], "as": "verified" });
    two.done(trust)?;
    two.secured("verified")?;

    lab.cut().await?;
    one.say(&mut two, &second.jid, "through a cut", "verified")?;
    two.say(&mut one, &first.jid, "and back", "verified")?;

    one.done(json!({ "command": "suspend" }))?;
    let asleep = one.ask(json!({ "command": "send", "peer": second.jid, "text": "asleep" }))?;
    assert_eq!((&asleep["type"], &asleep["code"]), (&"error".into(), &"suspended".into()));
    two.done(json!({ "command": "send", "peer": first.jid, "text": "wake up" }))?;
    one.done(json!({ "command": "resume" }))?;
    one.until(|e| e["type"] == "message" && e["text"] == "wake up")?;

    // It was not taken, so it is told again.
    assert_eq!(one.end()?, Some(0));
    let mut one = first.chat_under(&traces[2].under())?;
    let again = one.until(|e| e["type"] == "message")?;
    assert_eq!(again["text"], "wake up");
    let kept = one.ask(json!({ "command": "messages" }))?;
    let kept = &kept["messages"][0];
    assert_eq!(
        (&kept["message"], &kept["state"], &again["from"]),
        (&again["message"], &"received".into(), &kept["peer"])
    );
    one.connect()?;

    assert_eq!(one.ask(json!({ "command": "burn" }))?["outcome"], "proven");
    assert_eq!(one.end()?, Some(0));
    two.secured("finished")?;
    assert_eq!(two.ask(json!({ "command": "burn" }))?["outcome"], "proven");
    assert_eq!(two.end()?, Some(0));
    // The first was online, was cut, and came back from sleep; the second was cut; the third came to be burnt.
    for (trace, streams) in traces.iter().zip([3, 2, 1]) {
        let calls = trace.calls(&lab)?;
        assert_eq!(calls.leak, None);
        assert!(calls.to_relays >= streams, "{} of {streams}", calls.to_relays);
    }
    Ok(())
}

#[test]
#[ignore = "needs the lab: cargo xtask test"]
fn bad_commands_are_told_and_passed_over() -> Tested {
    let lab = Remote::from_env()?;
    let home = Home::new(&lab, "--exit")?;
    let mut chat = home.chat()?;
    let long = format!("{{\"command\":\"send\",\"text\":\"{}\"}}", "x".repeat(200_000));
    for (line, code) in [
        ("hello", "not_json"),
        ("{\"command\":\"connect\"", "not_json"),
        (&long, "not_json"),
        ("[1]", "not_json"),
        (r#"{"command":"dance"}"#, "bad_command"),
        (r#"{"command":"send","peer":"a@b.example"}"#, "bad_command"),
        (r#"{"command":"send","peer":"a@b.example","text":"hi","more":1}"#, "bad_command"),
        (r#"{"command":"send","peer":"b.example","text":"hi"}"#, "invalid_input"),
        (r#"{"command":"send","peer":"a@b.example","text":""}"#, "invalid_input"),
        (r#"{"command":"contact_accept","peer":"a@b.example"}"#, "no_such_peer"),
        (r#"{"command":"contact_add","address":"xmpp:a@b.example?otr-fingerprint=12"}"#, "invalid_input"),
        (r#"{"command":"trust","peer":"a@b.example","fingerprint":"12","as":"verified"}"#, "invalid_input"),
        (r#"{"command":"import","fingerprints":"a@b.example is who he says"}"#, "invalid_input"),
    ] {
        chat.write(line)?;
        assert_eq!(chat.until(|e| e["type"] == "error")?["code"], code, "{line}");
    }
    chat.stdin.as_mut().ok_or("no input")?.write_all(b"{\"command\":\"send\",\"text\":\"gr\xfc\xdfe\"}\n")?;
    let latin = chat.until(|e| e["type"] == "error")?;
    assert_eq!((&latin["code"], &latin["detail"]), (&"not_json".into(), &"no UTF-8".into()));
    for (text, detail) in [
        ("a".repeat(12_345), "too long: 12,345 of 10,000 bytes"),
        ("bell\u{7}".to_owned(), "character U+0007 at 5 cannot be sent"),
        (String::new(), "the text is empty"),
    ] {
        let answer = chat.ask(json!({ "command": "send", "peer": "a@b.example", "text": text }))?;
        assert_eq!((&answer["code"], &answer["detail"]), (&"invalid_input".into(), &detail.into()));
    }
    let blank = chat.ask(json!({ "command": "smp_start", "peer": "a@b.example", "secret": "\u{200b} " }))?;
    assert_eq!((&blank["code"], &blank["detail"]), (&"invalid_input".into(), &"the secret is empty".into()));
    chat.write("")?;
    chat.done(json!({ "command": "contact_add", "address": "a@b.example" }))?;
    let early = chat.ask(json!({ "command": "smp_start", "peer": "a@b.example", "secret": "x" }))?;
    assert_eq!((&early["code"], &early["command"]), (&"not_private".into(), &"smp_start".into()));
    let answer = chat.ask(json!({ "command": "smp_answer", "peer": "a@b.example", "secret": "x" }))?;
    assert_eq!(answer["code"], "nothing_asked");
    let snapshot = chat.ask(json!({ "command": "snapshot" }))?;
    assert_eq!(snapshot["burners"][0]["conversations"][0]["peer"], "a@b.example");
    // Nothing of it has touched the network.
    assert_eq!(snapshot["tor"], Value::Null);

    let known = format!("d@b.example\tme\tprpl-jabber\t{}\tverified\n", "ab".repeat(20));
    assert_eq!(chat.done(json!({ "command": "import", "fingerprints": known }))?["keys"], 1);
    chat.done(json!({ "command": "history", "seconds": 60 }))?;
    chat.done(json!({ "command": "idle_timeout", "seconds": 0 }))?;
    chat.done(json!({ "command": "expire", "at": 4_102_444_800_u64 }))?;
    assert_eq!(chat.ask(json!({ "command": "expire", "at": 1 }))?["code"], "invalid_input");
    let snapshot = chat.ask(json!({ "command": "snapshot" }))?;
    let burner = &snapshot["burners"][0];
    assert_eq!(
        (&burner["history"]["keep"], &burner["conversations"][1]["keys"][0]["verified"], &burner["expires_at"]),
        (&"expire".into(), &true.into(), &4_102_444_800_u64.into())
    );

    let sent = json!({ "command": "send", "peer": "a@b.example", "text": "one\r\ntwo" });
    let message = chat.done(sent)?["message"].clone();
    let kept = chat.ask(json!({ "command": "messages" }))?;
    let kept = kept["messages"].as_array().and_then(|all| all.iter().find(|kept| kept["message"] == message));
    assert_eq!(kept.ok_or("not kept")?["text"], "one\ntwo", "a line break is one, of any system");
    let label = |label: &str| json!({ "command": "label", "peer": "a@b.example", "label": label });
    assert_eq!(chat.done(label("friend"))?["label"], "friend");
    assert_eq!(chat.done(label("  "))?["label"], Value::Null);
    let snapshot = chat.ask(json!({ "command": "snapshot" }))?;
    assert_eq!(snapshot["burners"][0]["conversations"][0]["label"], Value::Null);
    chat.done(json!({ "command": "label", "label": "mine" }))?;
    assert_eq!(chat.end()?, Some(0));
    let list = String::from_utf8(home.command(&["list", "--json"]).output()?.stdout)?;
    assert!(list.contains(r#""label":"mine""#) && list.contains(r#""expires_at":4102444800"#), "{list}");
    let expire = |time: &str| home.command(&["expire", &home.jid, time]).output();
    assert!(String::from_utf8(expire("7d")?.stdout)?.starts_with("expires: "));
    assert_eq!(expire("2000-01-01T00:00:00Z")?.status.code(), Some(2));
    assert_eq!(expire("never")?.stdout, b"expires: never\n");
    let list = String::from_utf8(home.command(&["list", "--json"]).output()?.stdout)?;
    assert!(!list.contains("expires_at"), "{list}");
    assert!(home.command(&["label", &home.jid, "yours", "--peer", "a@b.example"]).status()?.success());
    assert_eq!(home.command(&["label", &home.jid, "x", "--peer", "c@b.example"]).status()?.code(), Some(2));
    let uri = String::from_utf8(home.command(&["uri", &home.jid]).output()?.stdout)?;
    assert!(uri.starts_with(&format!("xmpp:{}?otr-fingerprint=", home.jid)), "{uri}");
    let again = String::from_utf8(home.command(&["uri", uri.trim_end()]).output()?.stdout)?;
    assert_eq!(again, uri, "what it prints is a name");
    assert!(home.command(&["burn", &home.jid]).status()?.success());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_message_before_many_others_is_told_and_each_page_can_be_read() -> Tested {
    let lab = Remote::from_env()?;
    let home = Home::new(&lab, "--exit")?;
    let mut peer = Peer::register(lab.facts()).await?;
    let mut chat = home.chat()?;
    chat.done(json!({ "command": "contact_add", "address": peer.jid() }))?;
    chat.connect()?;
    peer.send(&home.jid, "unread").await?;
    chat.until(|e| e["text"] == "unread")?;
    chat.done(json!({ "command": "disconnect" }))?;
    // More than are read at once.
    let nobody = "nobody-at-all@burner.test";
    let mut sent = Vec::new();
    for number in 0..205 {
        let text = json!({ "command": "send", "peer": nobody, "text": number.to_string() });
        sent.push(chat.done(text)?["message"].clone());
    }
    let mut page = |command: Value| -> Tested<Vec<String>> {
        let page = chat.ask(command)?;
        let texts = page["messages"].as_array().ok_or_else(|| page.to_string())?.iter();
        Ok(texts.map(|message| message["text"].as_str().unwrap_or_default().to_owned()).collect())
    };
    let texts: Vec<_> = std::iter::once("unread".to_owned()).chain((0..205).map(|n| n.to_string())).collect();
    assert_eq!(page(json!({ "command": "messages" }))?, texts);
    assert_eq!(page(json!({ "command": "messages", "peer": nobody }))?, texts[1..]);
    assert_eq!(page(json!({ "command": "messages", "before": sent[203] }))?, texts[..204]);
    assert_eq!(page(json!({ "command": "messages", "limit": 2 }))?, texts[204..]);
    assert_eq!(page(json!({ "command": "messages", "peer": nobody, "before": sent[2], "limit": 9 }))?, ["0", "1"]);
    assert_eq!(chat.end()?, Some(0));

    let mut again = home.chat()?;
    again.until(|e| e["text"] == "unread")?;
    assert_eq!(again.end()?, Some(0));
    let received = home.command(&["receive", &home.jid, "--count", "1", "--timeout", "60"]).output()?;
    assert!(String::from_utf8(received.stdout)?.ends_with(": unread\n"));
    assert!(home.command(&["burn", &home.jid]).status()?.success());
    Ok(peer.remove().await?)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn people_see_words_and_nothing_that_steers_their_terminal() -> Tested {
    let lab = Remote::from_env()?;
    let home = Home::new(&lab, "--exit")?;
    let mut peer = Peer::register(lab.facts()).await?;
    peer.send(&home.jid, "\u{202e}one\n[verified] you: two").await?;
    let stranger = peer.jid().to_owned();
    let mut child = home.command(&["chat", &home.jid]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut stdin = child.stdin.take().ok_or("no input")?;
    let (sender, lines) = channel();
    let stdout = BufReader::new(child.stdout.take().ok_or("no output")?);
    std::thread::spawn(move || stdout.lines().map_while(Result::ok).all(|line| sender.send(line).is_ok()));
    let until = |wanted: &str| -> Tested<Vec<String>> {
        let mut seen: Vec<String> = Vec::new();
        while seen.last().is_none_or(|line| !line.contains(wanted)) {
            seen.push(lines.recv_timeout(PATIENCE).map_err(|e| format!("{e}: {wanted} in {seen:?}"))?);
        }
        Ok(seen)
    };
    until(&format!("[plaintext] {stranger}: \u{fffd}one"))?;
    assert_eq!(until("two")?, ["    | [verified] you: two"]);
    stdin.write_all(b"gr\xfc\xdfe\n")?;
    until("-- error: the line is no UTF-8; nothing was done")?;
    writeln!(stdin, "/nonsense\n/fingerprint\nto whom?")?;
    until("/help")?;
    until("  yours")?;
    until("error: no such peer")?;
    writeln!(stdin, "/to {stranger}\n/label friend\n/who\nhello")?;
    until("[plaintext] ")?;
    assert!(until("waits for the peer")?.iter().all(|line| !line.contains('\u{1b}')));
    writeln!(stdin, "/burn")?;
    until("burned: proven")?;
    assert!(child.wait()?.success());
    peer.remove().await?;
    let mut rest = String::new();
    let list = home.command(&["list"]).stdout(Stdio::piped()).spawn()?;
    list.stdout.ok_or("no output")?.read_to_string(&mut rest)?;
    assert_eq!(rest, "no burners\n");
    Ok(())
}
