//! The commands: each opens the engine, makes one call, and prints what came of it.

use std::fs;
use std::io::{BufRead as _, BufReader, stdin};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use flashpaper::{
    BurnOutcome, BurnReport, Burner, BurnerId, BurnerState, BurnerStatus, Config, Connection, CreateOptions, Engine,
    Error, Event, Events, Key, Message, MessageState, Network, PrivateNetwork, Route, VaultReport,
};
use serde_json::{Value, json};
use tokio::signal::ctrl_c;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::args::{Args, Command};
use crate::chat;
use crate::chat::colour::Paint;
use crate::exit::Failure;
use crate::output::{Output, Screen, printable, route_text, with_type};

pub(crate) async fn run(args: Args, output: &Output) -> Result<(), Failure> {
    let engine = Engine::open(config(&args, output)?).await?;
    warn(engine.vault_report()?, output);
    let mut screen = Screen { output, events: engine.events(None) };
    let done = tokio::select! {
        done = command(&engine, &args, &mut screen) => done,
        _ = ctrl_c() => Err(Error::Cancelled.into()),
    };
    // Removes what a cancelled creation may have made. Whoever cannot wait interrupts again; the next start does it.
    tokio::select! {
        () = screen.during(engine.close()) => {}
        _ = ctrl_c() => {}
    }
    done
}

/// What a person is to know of the store before anything else.
fn warn(VaultReport { lost, incomplete, old_key_kept }: VaultReport, output: &Output) {
    if lost > 0 {
        output.warning("vault_lost", "a part of the store was lost or tampered with; the rest is good");
    }
    if incomplete {
        output.warning(
            "vault_incomplete",
            "somebody has put older data in the place of newer, or removed some; private conversations begin anew",
        );
    }
    if old_key_kept {
        output.warning(
            "vault_old_key_kept",
            "the key of the store could not be changed, or older data not be erased: it may be readable",
        );
    }
}

async fn command(engine: &Engine, args: &Args, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let output = screen.output;
    // Each first finds what can be wrong with its input: that is told before Tor is started.
    let start = engine.start_tor(args.tor_timeout);
    match &args.command {
        Command::List => list(engine, output),
        Command::Words { name } => words(engine, output, &find(engine, name)?),
        Command::New { server, recoverable, route } => {
            let options = CreateOptions { server: server.clone(), route: route.route(), recoverable: *recoverable };
            engine.check_options(&options)?;
            screen.during(start).await?;
            new(engine, screen, options).await
        }
        Command::Burn { name } => {
            let burner = find(engine, name)?;
            screen.during(start).await?;
            burn(engine, screen, &burner).await
        }
        Command::Receive { name, count, timeout } => {
            let burner = find(engine, name)?;
            screen.during(start).await?;
            receive(engine, output, &burner, *count, *timeout).await
        }
        Command::Chat { name, peer } => {
            let burner = find(engine, name)?;
            let peer = peer.as_deref().map(|peer| engine.add_contact(&burner.id, peer)).transpose()?;
            chat::chat(engine, screen, &burner, peer, args.tor_timeout).await
        }
        Command::Uri { name } => uri(engine, output, &find(engine, name)?),
        Command::Label { name, label, peer } => {
            let burner = find(engine, name)?;
            Ok(engine.set_label(&burner.id, peer.as_deref(), label.as_deref())?)
        }
        Command::Doctor { server, route } => {
            engine.check_server(server.as_deref(), route.route())?;
            check(output, "home", None);
            let started = Instant::now();
            screen.during(start).await?;
            check(output, "tor", Some(started.elapsed()));
            check(output, "clock", None);
            doctor(engine, screen, server.as_deref(), route.route()).await
        }
    }
}

async fn new(engine: &Engine, screen: &mut Screen<'_>, options: CreateOptions) -> Result<(), Failure> {
    let output = screen.output;
    let burner = screen.during(engine.create_burner(options)).await?;
    output.burner(&burner);
    output.line(&format!("burner: {}\nvia: {}", burner.jid, route_text(burner.via)));
    words(engine, output, &burner)
}

/// Shows the recovery words if there are any, and forgets them once they were written out.
fn words(engine: &Engine, output: &Output, burner: &Burner) -> Result<(), Failure> {
    let Some(words) = engine.recovery_words(&burner.id)? else { return Ok(()) };
    let object = json!({ "type": "words", "burner": burner.id, "words": words.as_str() });
    let line = Zeroizing::new(format!("words: {}", words.as_str()));
    if output.object(&object) && output.line(&line) {
        engine.drop_recovery_words(&burner.id)?;
    }
    Ok(())
}

fn list(engine: &Engine, output: &Output) -> Result<(), Failure> {
    for BurnerStatus { burner, label, .. } in engine.snapshot()?.burners {
        let mut object = with_type("burner", &burner);
        let state = object["state"].as_str().unwrap_or_default().to_owned();
        let name = label.as_deref().map_or_else(String::new, |label| format!(" {}", printable(label)));
        if let Some(label) = label {
            object["label"] = label.into();
        }
        output.object(&object);
        output.line(&format!("{:<44} {:<6} {:<8} {}{name}", burner.jid, route_text(burner.via), state, burner.id));
    }
    Ok(())
}

fn uri(engine: &Engine, output: &Output, burner: &Burner) -> Result<(), Failure> {
    let object = uri_object(engine, &burner.id)?;
    output.object(&object);
    output.line(object["uri"].as_str().unwrap_or_default());
    Ok(())
}

/// A burner's address and key, for programs.
pub(crate) fn uri_object(engine: &Engine, id: &BurnerId) -> Result<Value, Error> {
    Ok(json!({ "type": "uri", "burner": id, "uri": engine.uri(id)?, "fingerprint": engine.fingerprint(id)? }))
}

async fn burn(engine: &Engine, screen: &mut Screen<'_>, burner: &Burner) -> Result<(), Failure> {
    let output = screen.output;
    let report = match screen.during(engine.burn(&burner.id)).await {
        // The start has gone on with a burn that was begun before, and finished it.
        Err(Error::NoSuchBurner) if burner.state == BurnerState::Burning => {
            BurnReport { outcome: BurnOutcome::AlreadyGone, reason: None }
        }
        report => report?,
    };
    output.object(&with_type("burned", &report));
    output.line(&burned_line(&report));
    burned(report)
}

pub(crate) fn burned_line(report: &BurnReport) -> String {
    let object = with_type("", report);
    format!("burned: {}", object["outcome"].as_str().unwrap_or_default().replace('_', " "))
}

/// Whether a burn ended as it should.
pub(crate) fn burned(report: BurnReport) -> Result<(), Failure> {
    match report.outcome {
        BurnOutcome::Proven | BurnOutcome::AlreadyGone => Ok(()),
        outcome => Err(Failure::NotProven(outcome, report.reason)),
    }
}

async fn receive(
    engine: &Engine,
    output: &Output,
    burner: &Burner,
    count: Option<u32>,
    patience: Option<Duration>,
) -> Result<(), Failure> {
    let mut events = engine.events(None);
    engine.connect(&burner.id)?;
    loop {
        match events.next().await.ok_or(Error::Closed)? {
            Event::Connection { connection: Connection::Online, .. } => break,
            Event::Connection { connection: Connection::Waiting { why } | Connection::Ended { why }, .. } => {
                return Err(why.into());
            }
            _ => {}
        }
    }
    output.object(&json!({ "type": "online", "burner": burner.id }));
    output.line("online");
    let mut left = count;
    loop {
        for message in engine.messages(&burner.id, None)?.iter().filter(|m| m.state == MessageState::Received) {
            let Message { peer: from, text, security, .. } = message;
            output.object(&json!({ "type": "message", "from": from, "text": text, "security": security }));
            let lock = Paint::for_stdout().lock(*security);
            output.line(&format!("{lock} {}: {}", printable(from), printable(text)));
            engine.taken(&burner.id, message.id)?;
            left = left.map(|n| n - 1);
            if left == Some(0) {
                return Ok(());
            }
        }
        let arrived = arrived(&mut events);
        match patience {
            Some(patience) => timeout(patience, arrived).await.map_err(|_| Failure::NothingArrived)??,
            None => arrived.await?,
        }
    }
}

/// Waits for a message.
async fn arrived(events: &mut Events) -> Result<(), Error> {
    loop {
        match events.next().await.ok_or(Error::Closed)? {
            Event::Message { state: MessageState::Received, .. } | Event::Lagged { .. } => return Ok(()),
            Event::Connection { connection: Connection::Ended { why }, .. } => return Err(why),
            _ => {}
        }
    }
}

async fn doctor(
    engine: &Engine,
    screen: &mut Screen<'_>,
    server: Option<&str>,
    route: Option<Route>,
) -> Result<(), Failure> {
    let output = screen.output;
    let started = Instant::now();
    let probe = screen.during(engine.probe(server, route)).await?;
    check(output, "server", Some(started.elapsed()));
    output.object(&with_type("probe", &probe));
    let accounts = if probe.registration { "makes accounts" } else { "makes no accounts" };
    let silent = if probe.onion_is_silent { ", its onion service does not answer" } else { "" };
    output.line(&format!("{} via {}{silent}: {accounts}", probe.domain, route_text(probe.via)));
    Ok(())
}

/// Something that the doctor has looked at and found well.
fn check(output: &Output, name: &str, took: Option<Duration>) {
    output.object(&json!({ "type": "check", "name": name, "seconds": took.map(|s| s.as_secs_f64()) }));
    let took = took.map_or_else(String::new, |s| format!("{:.2} s", s.as_secs_f64()));
    output.line(&format!("{name:<10} ok {took}"));
}

/// The burner that a person means: by address, by the part before the @, or by id.
fn find(engine: &Engine, name: &str) -> Result<Burner, Failure> {
    let fits = |b: &Burner| {
        let username = b.jid.split('@').next();
        b.jid == name || username == Some(name) || b.id.to_string() == name
    };
    let mut found = engine.burners()?.into_iter().filter(fits);
    match (found.next(), found.next()) {
        (Some(burner), None) => Ok(burner),
        (Some(_), Some(_)) => Err(Failure::Ambiguous),
        (None, _) => Err(Error::NoSuchBurner.into()),
    }
}

fn config(args: &Args, output: &Output) -> Result<Config, Failure> {
    let home = args.home.clone().or_else(default_home).ok_or(Failure::NoHome)?;
    let key = match &args.passphrase {
        Some(file) => Key::passphrase(&first_line(file)?),
        None => {
            output.warning(
                "key_file",
                "without --passphrase the key lies in a file beside the accounts: whoever reads the folder reads both",
            );
            Key::File
        }
    };
    let network = match &args.network {
        Some(file) => {
            let text = fs::read_to_string(file).map_err(|_| Failure::File("--network"))?;
            Network::Private(PrivateNetwork::parse(&text)?)
        }
        None => Network::Public,
    };
    Ok(Config { home, key, network })
}

fn default_home() -> Option<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let data = absolute("XDG_DATA_HOME").or_else(|| Some(absolute("HOME")?.join(".local/share")))?;
    Some(data.join("flashpaper"))
}

fn first_line(file: &Path) -> Result<Zeroizing<String>, Failure> {
    let mut line = Zeroizing::new(String::new());
    // What is behind the first line of standard input may be for `chat`.
    let read = if file == Path::new("-") {
        stdin().read_line(&mut line).is_ok()
    } else {
        fs::File::open(file).and_then(|file| BufReader::new(file).read_line(&mut line)).is_ok()
    };
    if line.ends_with('\n') {
        line.pop();
        if line.ends_with('\r') {
            line.pop();
        }
    }
    if read { Ok(line) } else { Err(Failure::File("--passphrase")) }
}
