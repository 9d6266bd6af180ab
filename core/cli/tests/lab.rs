//! `flashpaper` as people and programs run it, on the lab.

mod trace;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use flashpaper_lab::{LabServer, MOVED, Remote, ServerKind, accounts};
use serde_json::Value;
use tempfile::TempDir;

use trace::Trace;

type Tested<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// A home folder and the lab's network.
struct Flashpaper {
    home: TempDir,
    facts: PathBuf,
}

/// What a run printed and how it ended.
struct Run {
    events: Vec<Value>,
    code: Option<i32>,
    took: Duration,
}

impl Run {
    fn of(&self, kind: &str) -> Tested<&Value> {
        let found = self.events.iter().rev().find(|event| event["type"] == kind);
        found.ok_or_else(|| format!("no {kind} in {:?}, exit code {:?}", self.events, self.code).into())
    }

    /// The code of the error that it ended with, and the exit code.
    fn failure(&self) -> Tested<(&str, i32)> {
        Ok((self.of("error")?["code"].as_str().unwrap_or_default(), self.code.unwrap_or_default()))
    }
}

impl Flashpaper {
    fn new(lab: &Remote) -> Tested<Self> {
        Ok(Self { home: TempDir::new()?, facts: lab.facts_file().clone() })
    }

    fn command(&self, under: &[&str]) -> Command {
        let mut command = self.command_of_people(under);
        command.arg("--json");
        command
    }

    fn command_of_people(&self, under: &[&str]) -> Command {
        let mut words = under.iter().copied().chain([env!("CARGO_BIN_EXE_flashpaper")]);
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).arg("--home").arg(self.home.path()).arg("--network").arg(&self.facts);
        command.stdin(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Tested<Run> {
        self.run_under(&[], args)
    }

    fn run_under(&self, under: &[&str], args: &[&str]) -> Tested<Run> {
        let started = Instant::now();
        let Output { stdout, status, .. } = self.command(under).args(args).output()?;
        let text = String::from_utf8(stdout)?;
        let events = text.lines().map(serde_json::from_str).collect::<Result<Vec<Value>, _>>()?;
        assert!(events.iter().all(|event| event["type"].is_string()), "{text}");
        Ok(Run { events, code: status.code(), took: started.elapsed() })
    }

    /// Makes a burner, and burns it.
    fn works(&self) -> Tested {
        let burner = self.run(&["new", "--exit"])?.of("burner")?["jid"].as_str().unwrap_or_default().to_owned();
        let burn = self.run(&["burn", &burner])?;
        assert_eq!(burn.of("burned")?["outcome"], "proven", "{:?} after {:?}", burn.events, burn.took);
        Ok(())
    }
}

#[test]
#[ignore = "needs the lab: cargo xtask test"]
fn new_list_burn() -> Tested {
    let lab = Remote::from_env()?;
    let flashpaper = Flashpaper::new(&lab)?;
    assert_eq!(flashpaper.run(&["list"])?.code, Some(0));
    let made = flashpaper.run(&["new", "--onion", "--recoverable"])?;
    let burner = made.of("burner")?.clone();
    assert_eq!((made.code, &burner["via"], &burner["state"]), (Some(0), &"onion".into(), &"active".into()));
    assert_eq!(made.of("words")?["words"].as_str().map(|w| w.split(' ').count()), Some(12));
    assert!(flashpaper.run(&["words", burner["jid"].as_str().unwrap_or_default()])?.of("words").is_err(), "shown once");
    assert_eq!(flashpaper.run(&["list"])?.of("burner")?, &burner);
    // Found by its address, by the part before the @, and by its id.
    let jid = burner["jid"].as_str().ok_or("no address")?;
    let names = [jid, jid.split('@').next().unwrap_or_default(), burner["id"].as_str().unwrap_or_default()];
    for name in names {
        let waited = flashpaper.run(&["receive", name, "--timeout", "1"])?;
        assert_eq!((waited.failure()?, waited.of("online").is_ok()), (("timeout", 6), true));
    }
    assert_eq!(flashpaper.run(&["burn", names[1]])?.of("burned")?["outcome"], "proven");
    assert!(flashpaper.run(&["list"])?.of("burner").is_err());
    assert_eq!(flashpaper.run(&["burn", jid])?.failure()?, ("no_such_burner", 2));
    Ok(())
}

#[test]
#[ignore = "needs the lab: cargo xtask test"]
fn a_burner_comes_back_from_its_words_in_another_folder() -> Tested {
    let lab = Remote::from_env()?;
    let (lost, found) = (Flashpaper::new(&lab)?, Flashpaper::new(&lab)?);
    let made = lost.run(&["new", "--exit", "--recoverable"])?;
    let jid = made.of("burner")?["jid"].as_str().ok_or("no address")?.to_owned();
    let domain = jid.split('@').next_back().unwrap_or_default();
    let words = made.of("words")?["words"].as_str().ok_or("no words")?.to_owned();
    let file = found.home.path().join("words");
    let restore = |words: &str, domain: &str| {
        std::fs::write(&file, words)?;
        found.run(&["restore", domain, file.to_str().unwrap_or_default(), "--exit"])
    };
    let mistyped = restore(&words.replacen(|letter: char| letter.is_ascii_lowercase(), "zz", 1), domain)?;
    assert_eq!((mistyped.failure()?, mistyped.of("tor_starting").is_err()), (("invalid_input", 2), true));
    let detail = mistyped.of("error")?["detail"].as_str().unwrap_or_default().to_owned();
    assert!(detail.starts_with("word 1 is not in the list; is \u{201c}"), "{detail}");
    let restored = restore(&words, domain)?;
    assert_eq!((restored.code, &restored.of("burner")?["jid"]), (Some(0), &jid.as_str().into()));
    let steps: Vec<_> = restored.events.iter().filter(|event| event["type"] == "restoring").collect();
    assert_eq!(steps.last().ok_or("no steps")?["step"], "logged_in");
    assert_eq!(restore(&words, domain)?.failure()?, ("already_here", 2));
    let fingerprint = |of: &Flashpaper| Tested::Ok(of.run(&["uri", &jid])?.of("uri")?["fingerprint"].clone());
    assert_eq!(fingerprint(&found)?, fingerprint(&lost)?);
    assert_eq!(found.run(&["burn", &jid])?.of("burned")?["outcome"], "proven");
    let gone = restore(&words, domain)?;
    assert_eq!(gone.failure()?, ("no_such_burner", 2));
    Ok(())
}

#[test]
#[ignore = "needs the lab: cargo xtask test"]
fn a_panic_ends_a_folder_that_another_process_has_open() -> Tested {
    let lab = Remote::from_env()?;
    let flashpaper = Flashpaper::new(&lab)?;
    let jid = flashpaper.run(&["new", "--exit"])?.of("burner")?["jid"].as_str().ok_or("no address")?.to_owned();
    let mut receive = flashpaper.command(&[]);
    let mut other = receive.args(["receive", &jid, "--timeout", "60"]).stdout(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(other.stdout.take().ok_or("no output")?).lines();
    while !lines.next().ok_or("it has ended")??.contains("\"online\"") {}
    let panicked = flashpaper.run(&["panic"])?;
    assert_eq!((panicked.code, panicked.of("panicked").is_ok()), (Some(0), true), "{:?}", panicked.events);
    // It is no chat, which would have locked itself.
    assert_eq!(panicked.of("warning")?["code"], "in_memory");
    assert!(panicked.took < Duration::from_secs(5), "{:?}", panicked.took);
    let is_gone = || std::fs::read_dir(flashpaper.home.path()).map_or(true, |mut entries| entries.next().is_none());
    assert!(is_gone());
    Command::new("kill").arg(other.id().to_string()).status()?;
    other.wait()?;
    assert!(is_gone(), "what the other process does at its end makes no file");
    assert!(flashpaper.run(&["list"])?.of("burner").is_err());
    Ok(())
}

#[test]
#[ignore = "needs the lab: cargo xtask test"]
fn the_ticket_of_a_panic_removes_the_accounts_from_another_folder() -> Tested {
    let lab = Remote::from_env()?;
    let (ended, other) = (Flashpaper::new(&lab)?, Flashpaper::new(&lab)?);
    let jid = ended.run(&["new", "--exit"])?.of("burner")?["jid"].as_str().ok_or("no address")?.to_owned();
    let file = other.home.path().with_extension("ticket");
    let ticket = file.to_str().ok_or("no path")?;
    let panicked = ended.run(&["panic", "--ticket", ticket])?;
    assert_eq!((panicked.code, &panicked.of("panicked")?["ticket"]), (Some(0), &true.into()));
    assert!(panicked.of("tor_starting").is_err());
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file)?.permissions());
    assert_eq!(mode & 0o777, 0o600);
    let (user, domain) = jid.split_once('@').ok_or("no address")?;
    assert!(accounts::names(lab.facts(), domain)?.iter().any(|name| name == user), "it is there still");

    let redeemed = other.run(&["burn", "--ticket", ticket])?;
    // Also where the engine, which tries by itself, too, was first.
    assert_eq!((redeemed.code, &redeemed.of("burned")?["outcome"]), (Some(0), &"proven".into()));
    assert!(!accounts::names(lab.facts(), domain)?.iter().any(|name| name == user));
    Ok(std::fs::remove_file(file)?)
}

#[test]
#[ignore = "needs the lab: cargo xtask test"]
fn words_that_could_not_be_written_are_kept() -> Tested {
    let lab = Remote::from_env()?;
    let flashpaper = Flashpaper::new(&lab)?;
    let nowhere = std::fs::OpenOptions::new().write(true).open("/dev/full")?;
    let made = flashpaper.command(&[]).args(["new", "--recoverable", "--exit"]).stdout(nowhere).status()?;
    assert_eq!(made.code(), Some(10), "nobody knows of it");
    let jid = flashpaper.run(&["list"])?.of("burner")?["jid"].as_str().unwrap_or_default().to_owned();
    let shown = flashpaper.run(&["words", &jid])?;
    assert_eq!(shown.of("words")?["words"].as_str().map(|w| w.split(' ').count()), Some(12));
    assert!(flashpaper.run(&["words", &jid])?.of("words").is_err(), "shown once");
    assert_eq!(flashpaper.run(&["burn", &jid])?.of("burned")?["outcome"], "proven");
    Ok(())
}

#[test]
#[ignore = "needs the lab: cargo xtask test"]
fn servers_that_cannot_be_trusted_or_used_are_refused() -> Tested {
    let lab = Remote::from_env()?;
    let flashpaper = Flashpaper::new(&lab)?;
    for (server, failure) in [
        ("closed.test", ("registration_closed", 8)),
        ("notls.test", ("untrusted", 7)),
        ("plain.test", ("no_safe_login", 7)),
        ("nowhere.example", ("server_unreachable", 6)),
    ] {
        let run = flashpaper.run(&["new", "--exit", "--server", server])?;
        assert_eq!(run.failure()?, failure, "{server}");
    }
    // A registration would have told it the password.
    assert!(accounts::names(lab.facts(), "plain.test")?.is_empty());
    // Only STARTTLS is to be had here, and it is as good.
    let home = Flashpaper::new(&lab)?;
    let made = home.run(&["new", "--server", "starttls.test"])?;
    assert_eq!(home.run(&["burn", made.of("burner")?["jid"].as_str().unwrap_or_default()])?.code, Some(0));
    Ok(())
}

/// A program that answers what `new --json` asks.
struct Program {
    new: std::process::Child,
    input: Option<std::process::ChildStdin>,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Program {
    fn begin(flashpaper: &Flashpaper, server: &LabServer) -> Tested<Self> {
        let mut command = flashpaper.command(&[]);
        command.args(["new", "--exit", "--server", server.domain()]);
        let mut new = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let lines = BufReader::new(new.stdout.take().ok_or("no output")?).lines();
        Ok(Self { input: new.stdin.take(), lines, new })
    }

    fn say(&mut self, line: &str) -> Tested {
        Ok(writeln!(self.input.as_mut().ok_or("no input")?, "{line}")?)
    }

    /// The next object of a kind.
    fn next(&mut self, kind: &str) -> Tested<Value> {
        for line in &mut self.lines {
            let object: Value = serde_json::from_str(&line?)?;
            if object["type"] == kind {
                return Ok(object);
            }
        }
        Err(format!("no {kind}").into())
    }

    fn end(&mut self) -> Tested<Option<i32>> {
        self.input = None;
        Ok(self.new.wait()?.code())
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_program_answers_a_captcha() -> Tested {
    let lab = Remote::from_env()?;
    let server = lab.server(ServerKind::Captcha).await?;
    let flashpaper = Flashpaper::new(&lab)?;
    let mut program = Program::begin(&flashpaper, &server)?;
    let question = program.next("question")?;
    let fields = question["form"]["fields"].as_array().ok_or("no fields")?;
    let place = fields.iter().position(|field| !field["picture"].is_null()).ok_or("no picture")?;
    let picture = &fields[place]["picture"];
    assert_eq!((&question["server"], &picture["media_type"]), (&server.domain().into(), &"image/png".into()));
    assert!(picture["bytes"].as_str().is_some_and(|bytes| bytes.starts_with("iVBORw0KGgo")), "a PNG in base64");

    program.say("dance")?;
    assert_eq!(program.next("error")?["code"], "not_json");
    let id = &question["id"];
    program.say(&format!(r#"{{"answer":{{"question":{id},"fields":{{"{place}":true}}}}}}"#))?;
    let refused = program.next("error")?;
    assert_eq!(
        (&refused["code"], &refused["field"], &refused["question"]),
        (&"invalid_input".into(), &place.into(), id)
    );
    program.say(&format!(r#"{{"another":{id}}}"#))?;
    assert_eq!(program.next("question_ended")?["end"], "replaced");
    let id = program.next("question")?["id"].clone();
    let answer = server.captcha_answer().await?;
    program.say(&format!(r#"{{"answer":{{"question":{id},"fields":{{"{place}":"{answer}"}}}}}}"#))?;
    assert_eq!(program.next("question_ended")?["end"], "answered");
    let burner = program.next("burner")?;
    assert_eq!(program.end()?, Some(0));
    assert_eq!(flashpaper.run(&["burn", burner["jid"].as_str().unwrap_or_default()])?.code, Some(0));

    // Who says nothing any more has declined.
    let mut program = Program::begin(&flashpaper, &server)?;
    program.next("question")?;
    program.input = None;
    assert_eq!((program.next("error")?["code"].clone(), program.end()?), ("declined".into(), Some(8)));
    let nobody = flashpaper.run(&["new", "--exit", "--server", server.domain(), "--ask-nothing"])?;
    assert_eq!(nobody.failure()?, ("nobody_to_ask", 8));
    assert!(nobody.of("question").is_err());
    let mut people = flashpaper.command_of_people(&[]);
    let people = people.args(["new", "--exit", "--server", server.domain()]).stderr(Stdio::piped()).output()?;
    let told = String::from_utf8(people.stderr)?;
    assert!(
        told.contains("error: the server asks something, and nobody is to be asked: ")
            && people.status.code() == Some(8),
        "{told}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn an_invitation_is_taken_and_told_to_nobody() -> Tested {
    let lab = Remote::from_env()?;
    let server = lab.server(ServerKind::Invite).await?;
    let flashpaper = Flashpaper::new(&lab)?;
    let uninvited = flashpaper.run(&["new", "--exit", "--server", server.domain()])?;
    assert_eq!(uninvited.failure()?, ("needs_invite", 8));
    let link = server.invitation().await?;
    let file = flashpaper.home.path().join("invitation");
    std::fs::write(&file, format!("{link}\n"))?;
    let made = flashpaper.run(&["new", "--exit", "--invitation", &text(&file)?])?;
    let jid = made.of("burner")?["jid"].as_str().ok_or("no address")?;
    let token = link.rsplit('=').next().unwrap_or_default();
    assert!(jid.ends_with(server.domain()) && !format!("{:?}", made.events).contains(token));
    assert_eq!(
        flashpaper.run(&["new", "--exit", "--invitation", &link])?.failure()?,
        ("needs_invite", 8),
        "it is spent"
    );
    assert_eq!(flashpaper.run(&["burn", jid])?.code, Some(0));
    Ok(())
}

#[test]
#[ignore = "needs the lab: cargo xtask test"]
fn doctor_says_what_is_wrong() -> Tested {
    let lab = Remote::from_env()?;
    let flashpaper = Flashpaper::new(&lab)?;
    let run = flashpaper.run(&["doctor", "--server", "burner.test", "--onion"])?;
    assert_eq!((run.code, &run.of("probe")?["registration"]), (Some(0), &true.into()));
    let run = flashpaper.run(&["doctor", "--server", "closed.test", "--exit"])?;
    assert_eq!(run.of("probe")?["registration"], false);
    assert_eq!(flashpaper.run(&["doctor", "--server", "notls.test", "--exit"])?.failure()?, ("untrusted", 7));
    Ok(())
}

#[test]
#[ignore = "needs the lab: cargo xtask test"]
fn doctor_looks_at_every_server_and_writes_a_directory() -> Tested {
    let lab = Remote::from_env()?;
    let flashpaper = Flashpaper::new(&lab)?;
    let out = TempDir::new()?;
    let file = out.path().join("directory.csv");
    let before = accounts::names(lab.facts(), "burner.test")?;
    let run = flashpaper.run(&["doctor", "--servers", "--out", file.to_str().ok_or("a path")?])?;
    let told = run.of("directory")?;
    assert_eq!((run.code, &told["servers"], &told["reached"]), (Some(0), &6.into(), &6.into()), "{:?}", run.events);
    let of = |domain: &str| -> Tested<[Value; 5]> {
        let probe = run.events.iter().find(|event| event["type"] == "server" && event["domain"] == domain);
        let probe = probe.ok_or_else(|| format!("no {domain} in {:?}", run.events))?;
        assert!(probe["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0) && probe["of"] == 6, "{probe}");
        Ok(["via", "trusted", "safe_login", "registration", "error"].map(|member| probe[member].clone()))
    };
    let null = Value::Null;
    let is = |via: &str, trusted, safe_login, registration, error| -> [Value; 5] {
        [via.into(), Value::Bool(trusted), Value::Bool(safe_login), registration, error]
    };
    assert_eq!(of("burner.test")?, is("onion", true, true, "plain".into(), null.clone()));
    assert_eq!(of("starttls.test")?, is("exit", true, true, "plain".into(), null.clone()));
    assert_eq!(of("closed.test")?, is("onion", true, true, "closed".into(), null.clone()));
    assert_eq!(of("plain.test")?, is("exit", true, false, "plain".into(), null.clone()));
    assert_eq!(of("notls.test")?, is("exit", false, false, null, "untrusted".into()));
    let written = std::fs::read_to_string(&file)?;
    assert_eq!(told["file"], written);
    let kind = |domain: &str| {
        let row = written.lines().find(|row| row.starts_with(&format!("{domain},")));
        row.and_then(|row| row.split(',').nth(3))
    };
    let kinds = ["burner.test", "starttls.test", "closed.test", "plain.test", "notls.test"].map(kind);
    assert_eq!(kinds, [Some("yes"), Some("yes"), Some("no"), Some("no"), None]);
    assert_eq!(accounts::names(lab.facts(), "burner.test")?, before, "nobody was registered");
    Ok(())
}

/// Breaks the lab, looks at what a `new` says, mends the lab, and makes sure that the same folder works again.
async fn broken(lab: &Remote, stop: &[&str], args: &[&str], expected: &[(&str, i32)], limit: Duration) -> Tested {
    let flashpaper = Flashpaper::new(lab)?;
    flashpaper.works()?;
    for name in stop {
        lab.stop(name).await?;
    }
    let run = flashpaper.run(args);
    lab.reset().await?;
    let run = run?;
    assert!(run.took < limit, "{:?}", run.took);
    assert!(expected.contains(&run.failure()?), "{:?}", run.failure()?);
    flashpaper.works()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn server_down() -> Tested {
    let lab = Remote::from_env()?;
    let expected = [("server_unreachable", 6)];
    broken(&lab, &["prosody"], &["new", "--exit"], &expected, Duration::from_secs(120)).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn onion_gone() -> Tested {
    let lab = Remote::from_env()?;
    let flashpaper = Flashpaper::new(&lab)?;
    flashpaper.works()?;
    lab.stop("onion").await?;
    let started = Instant::now();
    let new = flashpaper.command_of_people(&[]).args(["new", "--onion"]).stderr(Stdio::piped()).output();
    lab.reset().await?;
    let (new, took) = (new?, started.elapsed());
    assert!(took < Duration::from_secs(180), "{took:?}");
    let said = String::from_utf8(new.stderr)?;
    let wrong = said.lines().rfind(|line| line.starts_with("error: ")).ok_or("no error")?;
    assert!(wrong.ends_with(": --exit goes to the server's domain instead of its onion address"), "{wrong}");
    assert_eq!(new.status.code(), Some(6));
    flashpaper.works()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn tor_blocked() -> Tested {
    let lab = Remote::from_env()?;
    let relays: Vec<&str> = lab.facts().relays.iter().map(|r| r.name.as_str()).collect();
    let expected = [("offline", 4), ("tor_blocked", 4)];
    // With a directory in the cache…
    let args = ["new", "--exit", "--tor-timeout", "20"];
    broken(&lab, &relays, &args, &expected, Duration::from_secs(90)).await?;
    // …and without.
    for relay in &relays {
        lab.stop(relay).await?;
    }
    let flashpaper = Flashpaper::new(&lab)?;
    let run = flashpaper.run(&args);
    lab.reset().await?;
    let run = run?;
    assert!(expected.contains(&run.failure()?), "{:?}", run.failure()?);
    flashpaper.works()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn one_relay_down_is_no_obstacle() -> Tested {
    let lab = Remote::from_env()?;
    for relay in ["exit0", "auth1"] {
        let flashpaper = Flashpaper::new(&lab)?;
        flashpaper.works()?;
        lab.stop(relay).await?;
        let works = flashpaper.works();
        lab.reset().await?;
        works?;
        flashpaper.works()?;
    }
    Ok(())
}

#[test]
#[ignore = "needs the lab: cargo xtask test"]
fn clock_wrong_by_a_day() -> Tested {
    let lab = Remote::from_env()?;
    for offset in ["+1d", "-1d"] {
        let flashpaper = Flashpaper::new(&lab)?;
        // The clock that only counts is left alone: a wrong time of day does not make time pass.
        let under = ["env", "FAKETIME_DONT_FAKE_MONOTONIC=1", "faketime", "-f", offset];
        let run = flashpaper.run_under(&under, &["new", "--exit"])?;
        assert_eq!(run.failure()?, ("clock_wrong", 5), "{offset}");
        assert!(run.took < Duration::from_secs(60), "{:?}", run.took);
        flashpaper.works()?;
    }
    Ok(())
}

#[test]
#[ignore = "needs the lab: cargo xtask test"]
fn killed_at_any_time_and_started_again() -> Tested {
    let lab = Remote::from_env()?;
    let before = flashpaper_lab::accounts::names(lab.facts(), "burner.test")?;
    for tenth in 1..12 {
        let flashpaper = Flashpaper::new(&lab)?;
        let mut child = flashpaper.command(&[]).args(["new", "--exit"]).stdout(Stdio::null()).spawn()?;
        std::thread::sleep(Duration::from_millis(tenth * 100));
        child.kill()?;
        child.wait()?;
        // Any start settles; this one has nothing else to do.
        assert_eq!(flashpaper.run(&["doctor", "--server", "burner.test", "--exit"])?.code, Some(0));
        let list = flashpaper.run(&["list"])?;
        let known: Vec<String> = list.events.iter().filter_map(|e| e["jid"].as_str().map(str::to_owned)).collect();
        for name in flashpaper_lab::accounts::names(lab.facts(), "burner.test")?.difference(&before) {
            assert!(known.contains(&format!("{name}@burner.test")), "after {tenth}00 ms: {name} is not known");
        }
        for burner in list.events.iter().filter(|e| e["state"] == "active") {
            let jid = burner["jid"].as_str().unwrap_or_default();
            assert_eq!(flashpaper.run(&["burn", jid])?.of("burned")?["outcome"], "proven");
        }
    }
    Ok(())
}

/// Chat, cuts, sleep and the burn in a chat are traced by `private_verified_cut_and_burnt`.
#[test]
#[ignore = "needs the lab: cargo xtask test"]
fn nothing_goes_past_tor() -> Tested {
    let lab = Remote::from_env()?;
    let flashpaper = Flashpaper::new(&lab)?;
    // What was done, and whether it has to do with the network.
    let traced = |args: &[&str], network: bool| -> Tested<Run> {
        let trace = Trace::new()?;
        let run = flashpaper.run_under(&trace.under(), args)?;
        assert_eq!(run.code, Some(0), "{args:?}: {:?}", run.events);
        let calls = trace.calls(&lab)?;
        assert_eq!((calls.leak, calls.to_relays > 0), (None, network), "{args:?}");
        Ok(run)
    };
    for route in ["--exit", "--onion"] {
        let made = traced(&["new", route], true)?;
        let jid = made.of("burner")?["jid"].as_str().ok_or("no address")?.to_owned();
        let probe = traced(&["doctor", "--server", "burner.test", route], true)?;
        assert_eq!(probe.of("probe")?["registration"], true);
        assert_eq!(traced(&["list"], false)?.of("burner")?["jid"], jid.as_str());
        assert_eq!(traced(&["burn", &jid], true)?.of("burned")?["outcome"], "proven");
    }
    Ok(())
}

/// To what is on loopback an exit connects from no address of its own. That one asked shows by this: the DNS server was asked,
/// and the program connected to relays alone.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn dns_is_asked_by_an_exit() -> Tested {
    let lab = Remote::from_env()?;
    lab.start("dns").await?;
    let done = made_where_dns_says(&lab);
    lab.reset().await?;
    done
}

fn made_where_dns_says(lab: &Remote) -> Tested {
    let (flashpaper, trace) = (Flashpaper::new(lab)?, Trace::new()?);
    let made = flashpaper.run_under(&trace.under(), &["new", "--server", MOVED])?;
    let jid = made.of("burner")?["jid"].as_str().ok_or("no address")?.to_owned();
    assert_eq!(std::fs::read_to_string(&lab.facts().dns_log)?.matches("query[SRV]").count(), 2);
    assert_eq!(trace.calls(lab)?.leak, None);
    assert_eq!(flashpaper.run(&["burn", &jid])?.of("burned")?["outcome"], "proven");
    Ok(())
}

/// Debian's obfs4proxy as a client, run as an app would (pt-spec, section 3). Dropping it ends it.
struct Obfs4 {
    child: Child,
    /// Where it takes SOCKS.
    address: String,
    _state: TempDir,
}

impl Obfs4 {
    fn start() -> Tested<Self> {
        let state = TempDir::new()?;
        let mut command = Command::new("obfs4proxy");
        command.env("TOR_PT_MANAGED_TRANSPORT_VER", "1").env("TOR_PT_CLIENT_TRANSPORTS", "obfs4");
        command.env("TOR_PT_STATE_LOCATION", state.path()).env("TOR_PT_EXIT_ON_STDIN_CLOSE", "1");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut address = None;
        for line in BufReader::new(child.stdout.take().ok_or("no output")?).lines() {
            let line = line?;
            address = address.or_else(|| line.strip_prefix("CMETHOD obfs4 socks5 ").map(str::to_owned));
            if line == "CMETHODS DONE" {
                break;
            }
        }
        Ok(Self { child, address: address.ok_or("no obfs4")?, _state: state })
    }
}

impl Drop for Obfs4 {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A burner is made and burnt over a bridge, then the bridge is gone. `only`: all that the program may connect to.
async fn bridge_and_nothing_else(lab: &Remote, name: &str, options: &[&str], only: &str) -> Tested {
    let flashpaper = Flashpaper::new(lab)?;
    let traced = |args: &[&str]| -> Tested<Run> {
        let trace = Trace::new()?;
        let run = flashpaper.run_under(&trace.under(), &[args, options].concat())?;
        let calls = trace.calls_to(&[only.to_owned()])?;
        assert_eq!((calls.leak, calls.to_relays > 0), (None, true), "{args:?}: {:?}", run.events);
        Ok(run)
    };
    let made = traced(&["new", "--exit"])?;
    let jid = made.of("burner")?["jid"].as_str().ok_or("no address")?.to_owned();
    assert_eq!(traced(&["burn", &jid])?.of("burned")?["outcome"], "proven");
    assert_eq!(traced(&["doctor", "--server", "burner.test", "--onion"])?.code, Some(0));
    // It knows the relays now, and has used them.
    flashpaper.works()?;
    lab.stop(name).await?;
    let dead = traced(&["new", "--exit", "--tor-timeout", "20"])?;
    assert!([("tor_blocked", 4), ("offline", 4)].contains(&dead.failure()?), "{:?}", dead.events);
    let fresh = Flashpaper::new(lab)?;
    let trace = Trace::new()?;
    let dead = fresh.run_under(&trace.under(), &[&["new", "--exit", "--tor-timeout", "20"], options].concat())?;
    assert!([("tor_blocked", 4), ("offline", 4)].contains(&dead.failure()?), "{:?}", dead.events);
    let calls = trace.calls_to(&[only.to_owned()])?;
    assert_eq!((calls.leak, calls.to_relays > 0), (None, true));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_bridge_is_all_that_is_connected_to_also_when_it_is_dead() -> Tested {
    let lab = Remote::from_env()?;
    let line = lab.bridge("bridge").await?;
    let only = line.split(' ').next().unwrap_or_default();
    let done = bridge_and_nothing_else(&lab, "bridge", &["--bridge", &line], only).await;
    lab.reset().await?;
    done
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_transport_is_all_that_is_connected_to_also_when_the_bridge_is_dead() -> Tested {
    let lab = Remote::from_env()?;
    let (line, client) = (lab.bridge("obfs4").await?, Obfs4::start()?);
    let options = ["--bridge", &line, "--transport", &format!("obfs4={}", client.address)];
    let done = bridge_and_nothing_else(&lab, "obfs4", &options, &client.address).await;
    lab.reset().await?;
    done
}

/// The first call of a command that is not allowed.
fn leak(lab: &Remote, command: &[&str]) -> Tested<Option<String>> {
    let trace = Trace::new()?;
    let mut words = trace.under();
    words.extend(command);
    let mut strace = Command::new(words.remove(0));
    let status = strace.args(words).env("FLASHPAPER_LAB", lab.facts_file()).stdin(Stdio::null());
    let status = status.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    if !status.success() {
        return Err(format!("the traced command failed: {status}").into());
    }
    Ok(trace.calls(lab)?.leak)
}

#[test]
#[ignore = "needs the lab: cargo xtask test"]
fn a_planted_leak_is_found() -> Tested {
    let lab = Remote::from_env()?;
    let home = TempDir::new()?;
    let (home, facts) = (text(home.path())?, text(lab.facts_file())?);
    let flashpaper = format!("{} --home {home} --network {facts}", env!("CARGO_BIN_EXE_flashpaper"));
    let lab_program = Path::new(env!("CARGO_BIN_EXE_flashpaper")).with_file_name("flashpaper-lab");
    let lab_program = text(&lab_program)?;
    for (plant, call) in [
        (format!("{flashpaper} new --exit && {lab_program} dial burner.test 5222"), "connect("),
        ("python3 -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)'".to_owned(), "SOCK_DGRAM"),
        (
            "python3 -c 'import socket\ntry: socket.getaddrinfo(\"burner.test\", 1)\nexcept OSError: pass'".to_owned(),
            "/etc/",
        ),
    ] {
        let found = leak(&lab, &["sh", "-c", &plant])?.ok_or("not found")?;
        assert!(found.contains(call), "{plant}: {found}");
    }
    // A relay is no place to go before Tor is started.
    let relay = lab.facts().relays.first().map(|r| format!("('{}', {})", r.address, r.or_port)).unwrap_or_default();
    let early = format!("python3 -c 'import socket; socket.create_connection({})'", relay.replace('\'', "\""));
    let found = leak(&lab, &["sh", "-c", &early])?.ok_or("not found")?;
    assert!(found.contains("AF_INET, SOCK_STREAM"), "{found}");
    Ok(())
}

fn text(path: &Path) -> Tested<String> {
    Ok(path.to_str().ok_or("a path that is no text")?.to_owned())
}
