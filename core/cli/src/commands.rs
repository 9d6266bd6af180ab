//! The commands: each opens the engine, makes one call, and prints what came of it.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead as _, BufReader, IsTerminal as _, stdin};
use std::iter;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use flashpaper::{
    Burner, BurnerState, BurnerStatus, Config, CreateOptions, Engine, Error, FormFault, Input, Key, Network,
    PrivateNetwork, RecoveryWords, Route, VaultReport,
};
use serde_json::json;
use zeroize::Zeroizing;

use crate::args::{Args, Command, Expiry};
use crate::burner::{find, set_label, uri_object};
use crate::chat;
use crate::chat::terminal::Terminal;
use crate::exit::Failure;
use crate::holder::{self, Holder};
use crate::output::{Output, SERVER, Screen, route_text, with_type};
use crate::paint::Paint;
use crate::receive::receive;
use crate::stop::Stop;
use crate::text::{printable, width};
use crate::tty::Quiet;
use crate::wording::time;
use crate::{ask, lock, panic, qr, removals, servers, tty};

pub(crate) async fn run(args: Args, output: &Output) -> Result<(), Failure> {
    let mut stop = Stop::listen();
    let home = args.home.clone().or_else(default_home).ok_or(Failure::NoHome)?;
    match &args.command {
        Command::Lock => return lock::lock(&home, output).await,
        Command::Panic { ticket: None } => return panic::panic(&home, output),
        Command::Panic { ticket: Some(file) } => {
            let open = async { if holder::is_new(&home) { Ok(None) } else { open(&args, &home).await.map(Some) } };
            return panic::with_ticket(&home, file, output, open).await;
        }
        _ => {}
    }
    let makes_key_file = args.passphrase.is_none() && holder::is_new(&home);
    let ends_key_file = matches!(args.command, Command::Passphrase { duress: false, no_duress: false, .. });
    // What is typed to `chat` before that can draw it is not shown either.
    let chats = matches!(args.command, Command::Chat { .. }) && !args.json;
    let quiet = if chats { Terminal::quiet() } else { None };
    let engine = open(&args, &home).await?;
    if makes_key_file && !ends_key_file {
        output.warning("key_file", KEY_FILE);
    }
    let holder = Holder::sign(&home, args.command.name());
    warn(engine.vault_report()?, output);
    let events = engine.events(None);
    let mut screen = Screen { output, events, settled: HashMap::new(), holder, home: &home };
    let done = tokio::select! {
        done = command(&engine, &args, &mut screen, quiet) => done,
        () = stop.told() => Err(Error::Cancelled.into()),
        never = output.keep_fit() => match never {},
    };
    if makes_key_file && ends_key_file && done.is_err() {
        output.warning("key_file", KEY_FILE);
    }
    screen.holder.sign_off();
    // Removes what a cancelled creation may have made. A user who cannot wait interrupts again; the next start does it.
    tokio::select! {
        () = screen.during("the folder", engine.close()) => {}
        () = stop.told() => {}
    }
    done
}

async fn open(args: &Args, home: &Path) -> Result<Engine, Failure> {
    let config = config(args, home.to_owned())?;
    Engine::open(config).await.map_err(|error| cannot_open(error, home, args.passphrase.is_some()))
}

/// What the user is to know of the store before anything else.
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

const KEY_FILE: &str = "without --passphrase the key of this new folder lies in a file beside the accounts: anybody who reads \
    the folder reads both; `flashpaper passphrase` changes that";

/// Why a folder cannot be opened, and what helps; `given`: a passphrase was.
fn cannot_open(error: Error, home: &Path, given: bool) -> Failure {
    let advice = match error {
        Error::VaultLocked if given => {
            "the passphrase is not this folder's; --home DIR takes another folder".to_owned()
        }
        Error::VaultLocked | Error::KeyLost => {
            "--passphrase FILE opens it if it is under a passphrase; --home DIR takes another folder".to_owned()
        }
        Error::Storage | Error::VaultDamaged | Error::VaultTooNew => "--home DIR takes another folder".to_owned(),
        Error::InvalidInput { input: Input::Passphrase } => {
            "the first line of the file of --passphrase is empty".to_owned()
        }
        Error::InUse => {
            let holder = holder::of(home).unwrap_or_else(|| "another program".to_owned());
            format!("by {holder}; end it first, or take a folder of its own for each: --home DIR")
        }
        error => return error.into(),
    };
    Failure::Advised(error, advice)
}

async fn command(engine: &Engine, args: &Args, screen: &mut Screen<'_>, quiet: Option<Quiet>) -> Result<(), Failure> {
    let output = screen.output;
    // Each first finds what can be wrong with its input: that is told before Tor is started.
    let start = engine.start_tor(args.bridges.access(), args.tor_timeout);
    match &args.command {
        // They have ended by now.
        Command::Panic { .. } | Command::Lock => Ok(()),
        Command::List => list(engine, output),
        Command::Passphrase { no_duress: true, .. } => set_duress(engine, screen, None).await,
        Command::Passphrase { file, duress: true, .. } => {
            let passphrase = new_passphrase(file.as_deref(), "the duress passphrase: ")?;
            set_duress(engine, screen, Some(passphrase)).await
        }
        Command::Passphrase { file, .. } => {
            let passphrase = new_passphrase(file.as_deref(), "the new passphrase: ")?;
            change_passphrase(engine, screen, &passphrase).await
        }
        Command::Words { name } => words(engine, output, &find(engine, name)?),
        Command::New { server, recoverable, ask_nothing, invitation, expires, route } => {
            let options = CreateOptions {
                server: server.clone(),
                route: route.route(),
                recoverable: *recoverable,
                // Where nobody could answer, nobody is asked.
                asks_nothing: *ask_nothing || !args.json && !stdin().is_terminal(),
                invitation: invitation.as_deref().map(invited).transpose()?,
                expires_at: *expires,
            };
            engine.check_options(&options)?;
            screen.during("Tor", start).await?;
            new(engine, screen, options).await
        }
        Command::Restore { server, file, route } => {
            let file = file.as_deref().unwrap_or(Path::new("-"));
            let words = first_line(file, "recovery words", "recovery words: ")?;
            RecoveryWords::parse(&words).map_err(|fault| Error::InvalidInput { input: Input::Words { fault } })?;
            screen.during("Tor", start).await?;
            restore(engine, screen, &words, server, route.route()).await
        }
        Command::Burn { ticket: Some(file), .. } => {
            let ticket = first_line(file, "--ticket", "ticket: ")?;
            let burners = removals::redeem(engine, output, &ticket).await?;
            if !burners.is_empty() {
                screen.during("Tor", start).await?;
            }
            removals::burn(engine, screen, &burners).await
        }
        Command::Burn { name, wipe_now, .. } => {
            let burners = removals::found(engine, name.as_deref())?;
            if *wipe_now {
                removals::wipe(engine, output, &burners).await?;
            }
            if !burners.is_empty() {
                screen.during("Tor", start).await?;
            }
            match name {
                Some(_) => removals::burn(engine, screen, &burners).await,
                None => removals::burn_all(engine, screen).await,
            }
        }
        Command::Expire { name, time } => expire(engine, output, &find(engine, name)?, *time),
        Command::Receive { name, count, timeout } => {
            let burner = find(engine, name)?;
            screen.during("Tor", start).await?;
            receive(engine, screen, &burner, *count, *timeout).await
        }
        Command::Chat { name, peer, auto_lock } => {
            let burner = find(engine, name)?;
            let peer = peer.as_deref().map(|peer| engine.add_contact(&burner.id, peer)).transpose()?;
            engine.set_auto_lock(*auto_lock)?;
            lock::listen(engine, &screen.holder);
            chat::chat(engine, screen, &burner, peer, (args.bridges.access(), args.tor_timeout), quiet).await
        }
        Command::Uri { name } => uri(engine, output, &find(engine, name)?),
        Command::Label { name, label, peer } => {
            let burner = find(engine, name)?;
            let label = set_label(engine, &burner.id, peer.as_deref(), label.as_deref())?;
            output.line(if label.is_none() { "label: none" } else { "label: set" });
            Ok(())
        }
        Command::Directory { file, own, .. } => {
            let is_private = args.network.is_some();
            match file {
                Some(file) if !own => servers::update(engine, output, file, is_private).await,
                file => servers::set_own(engine, output, file.as_deref(), is_private).await,
            }
        }
        Command::Doctor { server, route, servers: all, out } => {
            match out {
                Some(out) => servers::write(out, &[])?,
                None => engine.check_server(server.as_deref(), route.route())?,
            }
            check(output, "home", None);
            removals::show_left(engine, output, screen.home)?;
            let started = Instant::now();
            screen.during("Tor", start).await?;
            check(output, "tor", Some(started.elapsed()));
            check(output, "clock", None);
            if *all {
                return servers::servers(engine, screen, out.as_deref()).await;
            }
            doctor(engine, screen, server.as_deref(), route.route()).await
        }
    }
}

async fn new(engine: &Engine, screen: &mut Screen<'_>, options: CreateOptions) -> Result<(), Failure> {
    let output = screen.output;
    let work = ask::while_asking(engine, screen, engine.create_burner(options));
    let burner = work.await.map_err(|error| not_created(error, output.via()))?;
    output.burner(&burner);
    output.line(&format!("burner: {}\nvia: {}", burner.jid, route_text(burner.via)));
    qr::print(output, &engine.uri(&burner.id)?, Paint::for_stdout());
    words(engine, output, &burner)
}

async fn restore(
    engine: &Engine,
    screen: &mut Screen<'_>,
    words: &str,
    server: &str,
    route: Option<Route>,
) -> Result<(), Failure> {
    let burner =
        screen.during("the server", engine.restore(words, server, route)).await.map_err(|error| match error {
            Error::NoSuchBurner => {
                let advice = format!("{} knows no account of these words", printable(server));
                Failure::Advised(error, advice)
            }
            error => error.into(),
        })?;
    let output = screen.output;
    output.burner(&burner);
    output.line(&format!("burner: {}\nvia: {}", burner.jid, route_text(burner.via)));
    Ok(())
}

/// Why there is no burner, and what helps where that is known; `via`: how a server was dialed last.
fn not_created(error: Error, via: Option<Route>) -> Failure {
    let advice = match error {
        Error::OnionUnreachable | Error::Timeout if via == Some(Route::Onion) => {
            "--exit goes to the server's domain instead of its onion address"
        }
        Error::Unanswerable { fault: FormFault::NobodyToAsk } => {
            "on a terminal, or with --json, and without --ask-nothing it can be answered"
        }
        Error::Unanswerable { fault: FormFault::PictureLost } if via == Some(Route::Onion) => {
            "it may come through an exit relay: --exit, or no route at all"
        }
        Error::NeedsInvite => "--invitation LINK takes one",
        error => return error.into(),
    };
    Failure::Advised(error, advice.to_owned())
}

/// A passphrase that is to be set: typed twice, or a file's.
fn new_passphrase(file: Option<&Path>, question: &str) -> Result<Zeroizing<String>, Failure> {
    match file {
        None if stdin().is_terminal() => {
            let first = tty::hidden_line(question).filter(|line| !line.is_empty());
            let first = first.ok_or(Failure::NoPassphrase)?;
            let again = tty::hidden_line("once more: ");
            again.filter(|again| *again == first).ok_or(Failure::NoPassphrase)
        }
        file => first_line(file.unwrap_or(Path::new("-")), "passphrase", "passphrase: "),
    }
}

async fn change_passphrase(engine: &Engine, screen: &mut Screen<'_>, passphrase: &str) -> Result<(), Failure> {
    screen.during("the folder", engine.change_key(Key::passphrase(passphrase))).await.map_err(not_set)?;
    screen.output.object(&json!({ "type": "passphrase" }));
    screen.output.line("the folder is under this passphrase now: every command needs it, with --passphrase FILE");
    Ok(())
}

async fn set_duress(
    engine: &Engine,
    screen: &mut Screen<'_>,
    passphrase: Option<Zeroizing<String>>,
) -> Result<(), Failure> {
    let is_set = passphrase.is_some();
    let passphrase = passphrase.map(|text| Zeroizing::new(text.as_bytes().to_vec()));
    screen.during("the folder", engine.set_duress(passphrase)).await.map_err(not_set)?;
    screen.output.object(&json!({ "type": "duress", "set": is_set }));
    screen.output.line(if is_set {
        "any command with the duress passphrase ends everything of the folder from now on, without a word"
    } else {
        "the folder has no duress passphrase"
    });
    Ok(())
}

/// Why a passphrase was not set, and what helps.
fn not_set(error: Error) -> Failure {
    let advice = match error {
        Error::InvalidInput { input: Input::Passphrase } => "the first line of the file is empty",
        Error::InvalidInput { input: Input::SamePassphrase } => "take another",
        Error::InvalidInput { input: Input::NoPassphrase } => "`flashpaper passphrase` sets one first",
        error => return error.into(),
    };
    Failure::Advised(error, advice.to_owned())
}

/// Shows the recovery words if there are any, and forgets them once they were written out.
fn words(engine: &Engine, output: &Output, burner: &Burner) -> Result<(), Failure> {
    let Some(words) = engine.recovery_words(&burner.id)? else { return Ok(()) };
    let object = json!({ "type": "words", "burner": burner.id, "words": words.as_str() });
    let line = Zeroizing::new(format!("words: {}", words.as_str()));
    if output.object(&object) && output.whole(&line) {
        engine.drop_recovery_words(&burner.id)?;
    }
    Ok(())
}

fn list(engine: &Engine, output: &Output) -> Result<(), Failure> {
    let burners = engine.snapshot().burners;
    for BurnerStatus { burner, label, expires_at, .. } in &burners {
        let mut object = with_type("burner", burner);
        if let Some(label) = label {
            object["label"] = label.as_str().into();
        }
        if let Some(at) = expires_at {
            object["expires_at"] = unix_seconds(*at).into();
        }
        output.object(&object);
    }
    for row in table(&burners) {
        output.line(&row);
    }
    Ok(())
}

/// Burners as rows, with a header. With an address of up to 43 columns they fit a terminal of 80, but for long labels and times of
/// expiry.
fn table(burners: &[BurnerStatus]) -> Vec<String> {
    if burners.is_empty() {
        return vec!["no burners".to_owned()];
    }
    let header = ["ADDRESS", "ROUTE", "STATE", "ID", "LABEL"].map(str::to_owned);
    let cells = burners.iter().map(|BurnerStatus { burner, label, expires_at, .. }| {
        let state = serde_json::to_value(burner.state).unwrap_or_default();
        let until = expires_at.filter(|_| burner.state == BurnerState::Active);
        let until = until.map_or_else(String::new, |at| format!(" until {}", time(at)));
        let state = format!("{}{until}", state.as_str().unwrap_or_default());
        let label = label.as_deref().map_or_else(String::new, printable);
        [printable(&burner.jid), route_text(burner.via).to_owned(), state, burner.id.to_string(), label]
    });
    let cells: Vec<_> = iter::once(header).chain(cells).collect();
    let row = |row: &[String; 5]| {
        let padded = row.iter().enumerate().map(|(column, cell)| {
            let widest =
                cells.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max().unwrap_or_default();
            format!("{cell}{} ", " ".repeat(widest - width(cell)))
        });
        padded.collect::<String>().trim_end().to_owned()
    };
    cells.iter().map(row).collect()
}

fn expire(engine: &Engine, output: &Output, burner: &Burner, Expiry(at): Expiry) -> Result<(), Failure> {
    engine.set_expiry(&burner.id, at)?;
    output.object(&json!({ "type": "expiry", "burner": burner.id, "expires_at": at.map(unix_seconds) }));
    output.line(&at.map_or_else(|| "expires: never".to_owned(), |at| format!("expires: {}", time(at))));
    Ok(())
}

fn unix_seconds(at: SystemTime) -> u64 {
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn uri(engine: &Engine, output: &Output, burner: &Burner) -> Result<(), Failure> {
    let object = uri_object(engine, &burner.id)?;
    output.object(&object);
    let uri = object["uri"].as_str().unwrap_or_default();
    output.whole(uri);
    qr::print(output, uri, Paint::for_stdout());
    Ok(())
}

async fn doctor(
    engine: &Engine,
    screen: &mut Screen<'_>,
    server: Option<&str>,
    route: Option<Route>,
) -> Result<(), Failure> {
    let output = screen.output;
    let started = Instant::now();
    let probe = screen.during(SERVER, engine.probe(server, route)).await?;
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

fn config(args: &Args, home: PathBuf) -> Result<Config, Failure> {
    let key = match &args.passphrase {
        Some(file) => Key::passphrase(&first_line(file, "--passphrase", "passphrase: ")?),
        None => Key::File,
    };
    let network = match &args.network {
        Some(file) => {
            let text = fs::read_to_string(file).map_err(|_| Failure::File("--network"))?;
            Network::Private(PrivateNetwork::parse(&text)?)
        }
        None => Network::Public,
    };
    Ok(Config { home, key, network, resolvers: None })
}

fn default_home() -> Option<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let data = absolute("XDG_DATA_HOME").or_else(|| Some(absolute("HOME")?.join(".local/share")))?;
    Some(data.join("flashpaper"))
}

/// An invitation: the link itself, or where it is.
fn invited(given: &str) -> Result<String, Failure> {
    let is_link = ["xmpp:", "https:"]
        .iter()
        .any(|scheme| given.trim_start().get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    if is_link {
        return Ok(given.to_owned());
    }
    first_line(Path::new(given), "--invitation", "invitation: ").map(|line| line.as_str().to_owned())
}

/// A secret: the first line of a file, or of standard input (`-`), where a terminal does not show it.
fn first_line(file: &Path, option: &'static str, question: &str) -> Result<Zeroizing<String>, Failure> {
    let is_stdin = file == Path::new("-");
    if is_stdin && stdin().is_terminal() {
        return tty::hidden_line(question).ok_or(Failure::NotTyped(option));
    }
    let mut line = Zeroizing::new(String::new());
    // What is behind the first line of standard input may be for `chat`.
    let read = if is_stdin {
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
    if read { Ok(line) } else { Err(Failure::File(option)) }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use flashpaper::{Connection, History};

    use super::*;

    #[test]
    fn a_list_fits_a_terminal_of_80_columns() {
        let status = |jid: &str, via, state, label: Option<&str>| BurnerStatus {
            burner: Burner {
                id: "9f1c2a77b0e4d613".to_owned().into(),
                jid: jid.to_owned(),
                via,
                state,
                created: SystemTime::UNIX_EPOCH,
            },
            connection: Connection::Offline,
            label: label.map(str::to_owned),
            history: History::None,
            expires_at: None,
            conversations: Vec::new(),
            unreadable: None,
        };
        let long = format!("{}@jabber.example", "r".repeat(28));
        let burners = [
            status(&long, Route::Onion, BurnerState::Burning, None),
            status("me@m\u{fc}nchen.example", Route::Exit, BurnerState::Active, Some("\u{5bb6}")),
            status("me@\u{6f22}\u{5b57}.example", Route::Exit, BurnerState::Pending, Some("work")),
        ];
        let rows = table(&burners);
        assert!(rows.iter().all(|row| width(row) <= 80), "{rows:#?}");
        let columns = |row: &String, word: &str| row.find(word).map(|at| width(&row[..at]));
        assert!(rows.iter().skip(1).all(|row| columns(row, "9f1c") == columns(&rows[0], "ID")), "{rows:#?}");
        assert_eq!((columns(&rows[2], "\u{5bb6}"), columns(&rows[3], "work")), (Some(75), Some(75)));
        assert_eq!(rows[0].trim_end_matches("LABEL").len(), 75);
        assert_eq!(table(&[]), ["no burners"]);
    }

    #[test]
    fn the_exit_is_advised_where_the_onion_address_was_dialed_last() {
        for (via, advised) in [(Some(Route::Onion), true), (Some(Route::Exit), false), (None, false)] {
            for error in [Error::Timeout, Error::OnionUnreachable] {
                assert_eq!(not_created(error, via).line().contains("--exit"), advised, "{via:?}");
            }
        }
        assert!(!not_created(Error::ServerUnreachable, Some(Route::Onion)).line().contains("--exit"));
    }

    #[test]
    fn who_was_not_asked_is_told_how_to_be() {
        use FormFault::{Kind, NobodyToAsk, Picture, PictureLost, Work};
        for (fault, via, advice) in [
            (NobodyToAsk, Some(Route::Exit), Some("--json")),
            (Kind, Some(Route::Onion), None),
            (Work, Some(Route::Onion), None),
            (Picture, Some(Route::Onion), None),
            (PictureLost, Some(Route::Onion), Some("--exit")),
            (PictureLost, Some(Route::Exit), None),
        ] {
            let (error, line) = (Error::Unanswerable { fault }, not_created(Error::Unanswerable { fault }, via).line());
            match advice {
                Some(advice) => assert!(line.starts_with(&format!("{error}: ")) && line.contains(advice), "{line}"),
                None => assert_eq!(line, error.to_string()),
            }
        }
        assert!(not_created(Error::NeedsInvite, None).line().contains("--invitation"));
    }

    #[test]
    fn an_invitation_is_a_link_or_the_first_line_of_a_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let link = "xmpp:burner.test?register;preauth=s3cret";
        fs::write(file.path(), format!("{link}\nmore")).unwrap();
        assert_eq!(invited(file.path().to_str().unwrap()).unwrap(), link);
        for link in [link, "XMPP:burner.test?register;preauth=x", "https://x.example/#burner.test?register;preauth=x"] {
            assert_eq!(invited(link).unwrap(), link);
        }
        assert_eq!(invited("missing").unwrap_err().line(), "the file of --invitation cannot be read");
    }
}
