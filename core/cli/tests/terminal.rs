//! `flashpaper` in a pseudo-terminal, as a user types and sees it.

mod support;

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::num::NonZeroU16;
use std::os::fd::AsFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Child;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use flashpaper_lab::{OtrLibrary, OtrPeer, Peer, Remote, ServerKind};
use pty_process::Size;
use pty_process::blocking::{Command, Pty, open};
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use support::{FLASHPAPER, Home, PATIENCE, Tested};
use tempfile::TempDir;

/// More than a dialogue fills at the narrowest: what scrolled off cannot be looked at.
const ROWS: u16 = 60;

/// A terminal with a program in it. Dropping it ends the program.
struct Terminal {
    pty: Pty,
    child: Child,
    seen: Arc<Mutex<Seen>>,
}

/// What the program has written.
struct Seen {
    /// All of it.
    raw: Vec<u8>,
    screen: vt100::Parser,
}

impl Terminal {
    fn run(columns: u16, program: &str, args: &[&str]) -> Tested<Self> {
        let (pty, pts) = open()?;
        pty.resize(Size::new(ROWS, columns))?;
        let command = Command::new(program).args(args).env("TERM", "xterm-256color").env("NO_COLOR", "1");
        let child = command.env("PS1", "$ ").env("LC_ALL", "C.UTF-8").spawn(pts)?;
        let screen = vt100::Parser::new(size(ROWS)?, size(columns)?, 0);
        let seen = Arc::new(Mutex::new(Seen { raw: Vec::new(), screen }));
        let (mut output, sink) = (File::from(pty.as_fd().try_clone_to_owned()?), Arc::clone(&seen));
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = output.read(&mut bytes) {
                let mut seen = sink.lock().unwrap_or_else(PoisonError::into_inner);
                let bytes = &bytes[..read];
                seen.raw.extend_from_slice(bytes);
                seen.screen.process(bytes);
            }
        });
        Ok(Self { pty, child, seen })
    }

    fn flashpaper(columns: u16, args: &[&str]) -> Tested<Self> {
        Self::run(columns, FLASHPAPER, args)
    }

    fn press(&mut self, keys: &str) -> Tested {
        Ok(self.pty.write_all(keys.as_bytes())?)
    }

    fn rows(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let screen = seen.screen.screen();
        screen.rows(0, screen.size().1.get()).map(|row| row.trim_end().to_owned()).collect()
    }

    /// All that was ever on its way to the screen.
    fn raw(&self) -> String {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&seen.raw).into_owned()
    }

    fn has_shown(&self, text: &str) -> bool {
        self.raw().contains(text)
    }

    /// Waits until the rows are as they have to be.
    fn until(&self, what: &str, wanted: impl Fn(&[String]) -> bool) -> Tested<Vec<String>> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            let rows = self.rows();
            if wanted(&rows) {
                return Ok(rows);
            }
            thread::sleep(Duration::from_millis(20));
        }
        Err(format!("no {what} in {:#?}", self.rows()).into())
    }

    fn until_row(&self, start: &str) -> Tested<Vec<String>> {
        self.until(start, |rows| rows.iter().any(|row| row.starts_with(start)))
    }

    fn until_raw(&self, text: &str) -> Tested {
        self.until(text, |_| self.has_shown(text)).map(drop)
    }

    fn resize(&self, columns: u16) -> Tested {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.screen.screen_mut().set_size(size(ROWS)?, size(columns)?);
        Ok(self.pty.resize(Size::new(ROWS, columns))?)
    }

    /// Whether the terminal itself shows what is typed, and hands on whole lines only.
    fn is_cooked(&self) -> Tested<bool> {
        Ok(tcgetattr(&self.pty)?.local_modes.contains(LocalModes::ECHO | LocalModes::ICANON))
    }

    fn until_cooked(&self, cooked: bool) -> Tested {
        let end = Instant::now() + PATIENCE;
        while self.is_cooked()? != cooked {
            if Instant::now() > end {
                return Err(format!("the terminal is not cooked: {cooked}").into());
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    fn end(&mut self) -> Tested<Option<i32>> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status.code());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Err(format!("it does not end: {:#?}", self.rows()).into())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn size(number: u16) -> Tested<NonZeroU16> {
    Ok(NonZeroU16::new(number).ok_or("no size")?)
}

/// A burner of the lab, and somebody who writes to it.
async fn with_peer() -> Tested<(Home, Peer)> {
    let lab = Remote::from_env()?;
    let home = Home::new(&lab, "--exit")?;
    let peer = Peer::register(lab.facts()).await?;
    Ok((home, peer))
}

fn burn(home: &Home) -> Tested {
    assert!(home.command(&["burn", &home.jid]).status()?.success());
    Ok(())
}

/// The process that says it holds the folder.
fn holder(home: &Home) -> Tested<i32> {
    let text = std::fs::read_to_string(home.folder.path().join("lock"))?;
    Ok(text.trim_end().rsplit(' ').next().unwrap_or_default().parse()?)
}

fn chat(home: &Home, columns: u16) -> Tested<Terminal> {
    let terminal = Terminal::flashpaper(columns, &home.args(&["chat", &home.jid]))?;
    terminal.until_row("-- online")?;
    Ok(terminal)
}

#[test]
fn help_wraps_at_the_width_and_a_folder_without_burners_says_so() -> Tested {
    let mut help = Terminal::flashpaper(40, &["--help"])?;
    assert_eq!(help.end()?, Some(0));
    // A terminal that has to wrap by itself leaves no blank at the edge.
    help.until("help", |rows| rows.iter().any(|row| row.contains("--json") || row.contains("-V")))?;
    let raw = help.raw();
    assert!(raw.lines().all(|line| line.trim_end().chars().count() <= 40), "{raw}");

    let home = TempDir::new()?;
    let home = home.path().join("home").display().to_string();
    let mut list = Terminal::flashpaper(40, &["--home", &home, "list"])?;
    list.until_row("no burners")?;
    assert_eq!(list.end()?, Some(0));
    assert!(list.has_shown("warning: without --passphrase"), "a new folder says so once");
    let mut list = Terminal::flashpaper(40, &["--home", &home, "list"])?;
    list.until_row("no burners")?;
    assert_eq!((list.end()?, list.has_shown("warning")), (Some(0), false));
    Ok(())
}

#[test]
fn a_passphrase_is_asked_for_twice_and_never_shown() -> Tested {
    let folder = TempDir::new()?;
    let home = folder.path().join("home").display().to_string();
    let change = |second: &str| -> Tested<(Terminal, Option<i32>)> {
        let mut terminal = Terminal::flashpaper(80, &["--home", &home, "passphrase"])?;
        terminal.until_row("the new passphrase:")?;
        // As a shell leaves it that goes on with a program that was stopped.
        let mut cooked = tcgetattr(&terminal.pty)?;
        cooked.local_modes |= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        tcsetattr(&terminal.pty, OptionalActions::Now, &cooked)?;
        terminal.until_cooked(false)?;
        terminal.press("sword\x7f\x7f\x7fordfish\r")?;
        terminal.until_row("once more:")?;
        terminal.press(second)?;
        let code = terminal.end()?;
        assert!(!terminal.has_shown("fish") && terminal.is_cooked()?);
        Ok((terminal, code))
    };
    let (terminal, code) = change("swordfisch\r")?;
    assert_eq!(code, Some(2), "they differ");
    assert!(terminal.has_shown("warning: without --passphrase"), "the folder is new, and its key in a file");
    let (terminal, code) = change("swoordfish\r")?;
    assert_eq!((code, terminal.has_shown("warning")), (Some(2), false), "they differ");
    assert_eq!(change("swordfish\x7f\x03")?.1, Some(2), "Ctrl-C");
    let (terminal, code) = change("swoordfish\x01\x1b[C\x1b[C\x1b[3~\r")?;
    assert_eq!(code, Some(0), "{:?}", terminal.rows());

    let mut list = Terminal::flashpaper(80, &["--home", &home, "list"])?;
    list.until("advice", |rows| rows.iter().any(|row| row.contains("--passphrase FILE")))?;
    assert_eq!(list.end()?, Some(3));
    let mut list = Terminal::flashpaper(80, &["--home", &home, "--passphrase", "-", "list"])?;
    list.until_row("passphrase:")?;
    list.press("swordfish\r")?;
    list.until_row("no burners")?;
    assert_eq!((list.end()?, list.has_shown("sword")), (Some(0), false));
    Ok(())
}

#[test]
fn a_program_that_is_told_to_end_leaves_the_terminal_as_it_was() -> Tested {
    let folder = TempDir::new()?;
    let home = folder.path().join("home").display().to_string();
    for (args, question) in
        [(&["passphrase"][..], "the new passphrase:"), (&["--passphrase", "-", "list"], "passphrase:")]
    {
        for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
            let mut terminal = Terminal::flashpaper(80, &[&["--home", &home], args].concat())?;
            terminal.until_row(question)?;
            assert!(!terminal.is_cooked()?);
            kill_process(Pid::from_child(&terminal.child), signal)?;
            assert_eq!((terminal.end()?, terminal.is_cooked()?), (Some(2), true), "{args:?} {signal:?}");
            assert!(!terminal.has_shown("once more"));
        }
    }
    Ok(())
}

#[test]
fn an_invitation_is_asked_for_and_never_shown() -> Tested {
    let folder = TempDir::new()?;
    let home = folder.path().join("home").display().to_string();
    for (typed, told) in [
        ("xmpp:burner.test?roster;preauth=s3cret\r", "error: that is no invitation"),
        ("s3cret\x03", "error: nothing was typed for --invitation"),
    ] {
        let mut new = Terminal::flashpaper(120, &["--home", &home, "new", "--invitation", "-"])?;
        new.until_row("invitation:")?;
        new.press(typed)?;
        new.until_row(told)?;
        assert_eq!((new.end()?, new.is_cooked()?, new.has_shown("s3cret")), (Some(2), true, false));
    }
    Ok(())
}

/// A `new` at the lab's server with a CAPTCHA.
fn new_with_captcha(lab: &Remote, home: &str) -> Tested<Terminal> {
    let (facts, server) = (lab.facts_file().display().to_string(), ServerKind::Captcha.domain());
    Terminal::flashpaper(120, &["--home", home, "--network", &facts, "new", "--exit", "--server", &server])
}

/// The row that names the file of a picture, and whether the prompt comes behind it, so many questions having been asked.
fn picture_of(rows: &[String], questions: usize) -> Option<&str> {
    let asked = rows.iter().filter(|row| row.contains("asks before it makes an account:")).count();
    let row = rows.iter().rfind(|row| row.starts_with("the picture, until this is answered: "))?;
    let is_prompted = rows.iter().rfind(|row| !row.is_empty())? == ">";
    (asked == questions && is_prompted).then(|| row.split_once(": ").unwrap_or_default().1)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_captcha_is_answered_on_the_terminal() -> Tested {
    let lab = Remote::from_env()?;
    let server = lab.server(ServerKind::Captcha).await?;
    let folder = TempDir::new()?;
    let home = folder.path().join("home").display().to_string();
    let mut new = new_with_captcha(&lab, &home)?;
    let rows = new.until("question", |rows| picture_of(rows, 1).is_some())?;
    let path = picture_of(&rows, 1).unwrap_or_default();
    let mode = std::fs::metadata(path)?.permissions().mode();
    assert_eq!((mode & 0o777, std::fs::read(path)?.starts_with(b"\x89PNG")), (0o600, true));
    new.press("\r")?;
    new.until_row("  it has to be answered")?;
    let first = server.captcha_answer().await?;
    new.press("/another\r")?;
    new.until("another question", |rows| picture_of(rows, 2).is_some())?;
    assert_ne!(server.captcha_answer().await?, first);
    new.press("no such number\r")?;
    new.until("refusal", |rows| rows.iter().any(|row| row.contains(": the answer is wrong")))?;
    new.until("third question", |rows| picture_of(rows, 3).is_some())?;
    new.press(&format!("{}\r", server.captcha_answer().await?))?;
    let rows = new.until_row("burner: ")?;
    assert_eq!((new.end()?, Path::new(path).exists()), (Some(0), false), "the picture is gone");
    let jid = rows.iter().find_map(|row| row.strip_prefix("burner: ")).unwrap_or_default();
    let facts = lab.facts_file().display().to_string();
    let mut burn = Terminal::flashpaper(120, &["--home", &home, "--network", &facts, "burn", jid])?;
    burn.until_row("burned: proven")?;
    assert_eq!(burn.end()?, Some(0));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_captcha_is_drawn_where_the_terminal_says_so_and_given_up() -> Tested {
    let lab = Remote::from_env()?;
    let server = lab.server(ServerKind::Captcha).await?;
    let before = server.accounts().await?;
    let folder = TempDir::new()?;
    let home = folder.path().join("home").display().to_string();
    let (kitty, sixels) = ("\x1b_Gi=31;OK\x1b\\\x1b[?62;c", "\x1b[?62;4;22c");
    for (draws, picture, keys, told, code) in [
        (kitty, "\x1b_Ga=T,f=100,q=2,m=", "/decline\r", "error: the question was declined", 8),
        (kitty, "\x1b_Ga=T,f=100,q=2,m=", "\x04", "error: the question was declined", 8),
        (sixels, "\x1bP0;1q\"1;1;", "\x03", "error: cancelled", 130),
    ] {
        let mut new = new_with_captcha(&lab, &home)?;
        new.until_raw("\x1b_Gi=31,")?;
        new.press(draws)?;
        new.until("prompt", |rows| rows.iter().rfind(|row| !row.is_empty()).is_some_and(|row| row == ">"))?;
        assert!(new.has_shown(picture) && new.is_cooked()?);
        let files: Vec<_> =
            std::fs::read_dir(&home)?.map(|file| file.map(|file| file.file_name())).collect::<Result<_, _>>()?;
        assert!(!files.iter().any(|name| name.to_string_lossy().starts_with("question")), "{files:?}");
        new.press(keys)?;
        new.until_row(told)?;
        assert_eq!((new.end()?, new.is_cooked()?), (Some(code), true));
    }
    assert_eq!(server.accounts().await?, before);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_secret_that_a_server_asks_for_is_never_shown() -> Tested {
    let lab = Remote::from_env()?;
    let server = lab.server(ServerKind::Malformed).await?;
    let form = "<iq type='result' id='{id}'><query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='form'>\
        <field var='username'><required/></field><field var='password' type='text-private'><required/></field>\
        <field var='code' type='text-private' label='Code'><required/></field>\
        <field var='colour' type='list-single' label='Colour'><required/><option label='red'><value>r</value></option>\
        <option label='blue'><value>b</value></option></field></x></query></iq>";
    server.answer_with(&[form]).await?;
    let folder = TempDir::new()?;
    let (home, facts) = (folder.path().display().to_string(), lab.facts_file().display().to_string());
    let args = ["--home", &home, "--network", &facts, "new", "--exit", "--server", server.domain()];
    let mut new = Terminal::flashpaper(120, &args)?;
    new.until("prompt", |rows| rows.iter().any(|row| row == ">"))?;
    assert!(new.rows().iter().any(|row| row == "1 of 2, required, one line, which is not shown:"), "{:?}", new.rows());
    assert!(!new.is_cooked()?);
    new.press("s3cret\r")?;
    let rows = new.until_row("2 of 2, required, the number of one:")?;
    assert!(rows.iter().any(|row| row == "    | 2: blue"), "{rows:#?}");
    new.until_cooked(true)?;
    new.press("3\r")?;
    new.until_row("  the number of one of them")?;
    assert!(!new.has_shown("s3cret"));
    new.press("\x03")?;
    assert_eq!((new.end()?, new.is_cooked()?), (Some(130), true));

    // Also where it ends while nothing is shown.
    let mut new = Terminal::flashpaper(120, &args)?;
    new.until("prompt", |rows| rows.iter().any(|row| row == ">"))?;
    new.press("s3cret\x03")?;
    assert_eq!((new.end()?, new.is_cooked()?, new.has_shown("s3cret")), (Some(130), true, false));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn suspended_and_resumed_the_prompt_is_there_and_secrets_are_hidden() -> Tested {
    let (home, peer) = with_peer().await?;
    let mut shell = Terminal::run(80, "sh", &["-i"])?;
    shell.until_row("$")?;
    let words = home.args(&["chat", &home.jid, peer.jid()]);
    shell.press(&format!("{FLASHPAPER} {}\r", words.join(" ")))?;
    shell.until_row("-- online")?;
    let prompt =
        |rows: &[String]| rows.iter().rfind(|row| !row.is_empty()).is_some_and(|row| row.starts_with("[plaintext] "));
    shell.until("prompt", prompt)?;
    for _ in 0..3 {
        shell.press("\x1a")?;
        // This shell does not mend a terminal that a program has left.
        shell.until_cooked(true)?;
        shell.until("shell's prompt", |rows| rows.iter().rfind(|row| !row.is_empty()).is_some_and(|row| row == "$"))?;
        shell.press("fg\r")?;
        shell.until_cooked(false)?;
        shell.until("prompt", prompt)?;
        shell.press("/verify swordfish")?;
        shell.until("stars", |rows| rows.iter().any(|row| row.ends_with("> /verify**********")))?;
        assert!(!shell.has_shown("swordfish"));
        shell.press("\x15")?;
        shell.until("prompt", prompt)?;
    }

    // Stopped by another, and the terminal set by a third.
    let pid = holder(&home)?;
    let pid = Pid::from_raw(pid).ok_or("no process")?;
    let raw = tcgetattr(&shell.pty)?;
    let mut cooked = raw.clone();
    cooked.local_modes |= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
    tcsetattr(&shell.pty, OptionalActions::Now, &cooked)?;
    kill_process(pid, Signal::CONT)?;
    shell.until_cooked(false)?;
    shell.press("/verify swordfish")?;
    shell.until("stars", |rows| rows.iter().any(|row| row.ends_with("> /verify**********")))?;
    assert!(!shell.has_shown("swordfish"));

    // What nobody sees to is put back as it was.
    shell.press("\x03")?;
    shell.until_cooked(true)?;
    peer.remove().await?;
    burn(&home)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_terminal_that_shows_secrets_compares_none() -> Tested {
    let (home, peer) = with_peer().await?;
    let words = home.args(&["chat", &home.jid, peer.jid()]).join(" ");
    for line in [format!("TERM=dumb exec {FLASHPAPER} {words}"), format!("{FLASHPAPER} {words} | cat")] {
        let mut chat = Terminal::run(80, "sh", &["-c", &line])?;
        chat.until_row("-- online")?;
        chat.press("/verify swordfish\r")?;
        chat.until_row("-- error: nothing was compared")?;
        chat.press("/quit\r")?;
        assert_eq!(chat.end()?, Some(0));
    }
    peer.remove().await?;
    burn(&home)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_peers_text_never_begins_a_row() -> Tested {
    let (home, mut peer) = with_peer().await?;
    let mut chat = chat(&home, 40)?;
    // Of strangers only so many are kept.
    chat.press(&format!("/to {}\r", peer.jid()))?;
    chat.until("contact", |rows| rows.iter().any(|row| row.ends_with(" contact")))?;
    let forged = ["[verified] you: forged", "-- forged", "> forged", "12:34 [private] you: forged"];
    for (number, forged) in forged.iter().enumerate() {
        for blanks in 0..42 {
            let text = format!("{number}{}{forged}", "\u{a0} ".repeat(blanks / 2) + &"\u{3000}".repeat(blanks % 2));
            peer.send(&home.jid, &text).await?;
        }
        peer.send(
            &home.jid,
            &format!("{}\n{forged}\r\n{forged}\u{2028}{forged}\t{forged}", "漢e\u{301}👩\u{200d}👧".repeat(9)),
        )
        .await?;
    }
    peer.send(&home.jid, "the end").await?;
    chat.until("the end", |rows| rows.iter().any(|row| row.ends_with("the end")))?;
    let raw = chat.raw();
    // All rows, also those that are gone: a terminal of the same width that has room for them.
    let mut screen = vt100::Parser::new(size(5000)?, size(40)?, 0);
    screen.process(raw.as_bytes());
    let rows: Vec<String> = screen.screen().rows(0, 40).collect();
    assert!(rows.iter().filter(|row| row.contains("forged")).count() > 4 * 42, "{rows:#?}");
    for row in rows.iter().filter(|row| row.contains("forged")) {
        let own = row.starts_with("    | ") || row.contains("[plaintext] ") && !row.starts_with('[');
        assert!(own && forged.iter().all(|forged| !row.starts_with(forged)), "{row:?}");
    }
    chat.press("/quit\r")?;
    assert_eq!(chat.end()?, Some(0));
    peer.remove().await?;
    burn(&home)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_terminal_that_becomes_narrower_begins_no_row_with_a_peers_text() -> Tested {
    let (home, mut peer) = with_peer().await?;
    for command in ["chat", "receive"] {
        let mut terminal = Terminal::flashpaper(100, &home.args(&[command, &home.jid]))?;
        terminal.until("connection", |rows| rows.iter().any(|row| row.ends_with("online")))?;
        // Nothing of others' is there yet.
        terminal.resize(95)?;
        let text = format!("{command} {}", "[verified] you: forged ".repeat(6));
        peer.send(&home.jid, &text).await?;
        let count = |rows: &[String]| rows.iter().map(|row| row.matches("forged").count()).sum::<usize>();
        terminal.until("text", |rows| count(rows) == 6)?;
        assert!(!terminal.has_shown("\x1b[3J"), "what the user's shell has shown is not cleared for nothing");
        for columns in [60, 37] {
            terminal.resize(columns)?;
            let rows = terminal.until("rows", |rows| {
                let all = rows.join("");
                all.replace("    | ", "").matches("forged").count() == 6 && all.contains("is narrower")
            })?;
            for row in rows.iter().filter(|row| row.contains("forged") || row.contains("[verified]")) {
                assert!(row.starts_with("    | ") || row.contains("[plaintext] "), "{rows:#?}");
            }
            assert!(terminal.has_shown("\x1b[3J"), "what was scrolled off would be broken anew, too");
        }
        terminal.press("\x03")?;
        assert_eq!(terminal.end()?, Some(130));
    }
    peer.remove().await?;
    burn(&home)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn an_old_version_of_otr_is_told_and_can_be_refused() -> Tested {
    let lab = Remote::from_env()?;
    let home = Home::new(&lab, "--exit")?;
    let mut peer = OtrPeer::register(lab.facts(), OtrLibrary::Libotr).await?;
    let told = format!("-- {} offers version 2 of OTR only", peer.jid());
    let mut first = chat(&home, 120)?;
    first.press(&format!("/to {}\r", peer.jid()))?;
    first.until("contact", |rows| rows.iter().any(|row| row.ends_with(" contact")))?;
    peer.command(&format!("to {}", home.jid)).await?;
    peer.command("version 2").await?;
    peer.command("start").await?;
    first.until_row(&told)?;
    first.press("/who\r")?;
    first.until("version", |rows| rows.iter().any(|row| row.ends_with(", OTR version 2")))?;
    first.press(&format!("/trust {}\r", "0123456789".repeat(4)))?;
    first.until_row("-- that is not the key in use; nothing was done")?;
    first.press("/quit\r")?;
    assert_eq!(first.end()?, Some(0));

    // Gone on with, and then no more.
    let mut second = Terminal::flashpaper(120, &home.args(&["chat", &home.jid, peer.jid()]))?;
    second.until_row(&told)?;
    second.press("/version2\r")?;
    second.until_row("-- either /version2 on, or /version2 off")?;
    second.press("/version2 off\r")?;
    second.until_row("-- version 2 of OTR is refused")?;
    second.press("/who\r")?;
    second.until("no version", |rows| {
        rows.iter().any(|row| row.starts_with('[') && row.contains(peer.jid()) && !row.contains("OTR version"))
    })?;
    second.press("/quit\r")?;
    assert_eq!(second.end()?, Some(0));
    peer.remove().await?;
    burn(&home)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_burn_that_is_suspended_leaves_the_terminal_as_it_was() -> Tested {
    let (home, peer) = with_peer().await?;
    let lab = Remote::from_env()?;
    let mut shell = Terminal::run(80, "sh", &["-i"])?;
    shell.until_row("$")?;
    shell.press(&format!("{FLASHPAPER} {}\r", home.args(&["chat", &home.jid]).join(" ")))?;
    shell.until_row("-- online")?;
    // A burn that lasts.
    for relay in &lab.facts().relays {
        lab.stop(&relay.name).await?;
    }
    shell.press("/burn\r")?;
    shell.until("burn", |rows| rows.iter().any(|row| row.starts_with("> /burn")))?;
    shell.until_cooked(true)?;
    shell.press("\x1a")?;
    shell.until("shell's prompt", |rows| rows.iter().rfind(|row| !row.is_empty()).is_some_and(|row| row == "$"))?;
    assert!(shell.is_cooked()? && !shell.has_shown("burned: "));
    shell.press("fg\r")?;
    thread::sleep(Duration::from_secs(1));
    shell.press("\x03\x03")?;
    shell.until("shell's prompt", |rows| rows.iter().rfind(|row| !row.is_empty()).is_some_and(|row| row == "$"))?;
    assert!(shell.is_cooked()?);
    lab.reset().await?;
    peer.remove().await?;
    burn(&home)
}

#[test]
#[ignore = "needs the lab: cargo xtask test"]
fn receive_shows_that_it_waits_for_the_server() -> Tested {
    let lab = Remote::from_env()?;
    let home = Home::new(&lab, "--exit")?;
    let mut receive = Terminal::flashpaper(80, &home.args(&["receive", &home.jid]))?;
    receive.until_row("online")?;
    assert!(receive.has_shown("waiting for the server, through an exit relay"), "{}", receive.raw());
    receive.press("\x03")?;
    assert_eq!(receive.end()?, Some(130));
    burn(&home)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_block_ends_by_unblocking_alone() -> Tested {
    let (home, peer) = with_peer().await?;
    let mut first = chat(&home, 120)?;
    first.press(&format!("/to {}\r/block\r", peer.jid()))?;
    first.until("block", |rows| rows.iter().any(|row| row.ends_with(" is blocked")))?;
    first.press(&format!("/to {}\r", peer.jid()))?;
    first.until_row("-- error: the peer is blocked; in chat, /unblock ADDRESS ends that")?;
    first.press("/quit\r")?;
    assert_eq!(first.end()?, Some(0));
    let mut second = Terminal::flashpaper(120, &home.args(&["chat", &home.jid, peer.jid()]))?;
    second.until_row("error: the peer is blocked")?;
    assert_eq!(second.end()?, Some(2));
    let mut third = chat(&home, 120)?;
    third.press(&format!("/unblock {}\r/to {}\rhello\r", peer.jid(), peer.jid()))?;
    third.until_row("-- \u{201c}hello\u{201d}: waits")?;
    third.press("\x04")?;
    assert_eq!(third.end()?, Some(0));
    peer.remove().await?;
    burn(&home)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn commands_are_for_the_peer_that_they_name_and_what_was_not_sent_is_told() -> Tested {
    let (home, mut stranger) = with_peer().await?;
    let mut friend = Peer::register(&Remote::from_env()?.facts().clone()).await?;
    stranger.send(&home.jid, "hi").await?;
    let mut first = chat(&home, 120)?;
    first.until_row(&format!("-- {} is a stranger: /accept or /block ADDRESS", stranger.jid()))?;
    first.press(&format!("/to {}\rhello\r", friend.jid()))?;
    first.until_row("-- \u{201c}hello\u{201d}: waits")?;
    first.press(&format!("/block {}\r", stranger.jid()))?;
    first.until_row(&format!("-- {} is blocked", stranger.jid()))?;
    first.press("/burn now\r")?;
    first.until_row("-- nothing may follow /burn; nothing was done")?;
    first.press("/quit\r")?;
    let unsent = format!("-- 1 text to {} not sent yet", friend.jid());
    first.until_row(&unsent)?;
    assert_eq!(first.end()?, Some(0));
    assert!(!first.has_shown(&format!("{} is blocked", friend.jid())));
    let mut second = chat(&home, 120)?;
    second.until_row(&unsent)?;
    second.press("/quit\r")?;
    assert_eq!(second.end()?, Some(0));

    let mut receive = Terminal::flashpaper(120, &home.args(&["receive", &home.jid]))?;
    receive.until_row("online")?;
    friend.send(&home.jid, "?OTR:AAMDAAABAAAAAAA=.").await?;
    receive.until_row(&format!("-- a malformed message of {} was ignored", friend.jid()))?;
    receive.press("\x03")?;
    assert_eq!(receive.end()?, Some(130));
    for peer in [stranger, friend] {
        peer.remove().await?;
    }
    burn(&home)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn what_is_typed_while_the_folder_opens_is_kept_and_secrets_are_hidden() -> Tested {
    let (home, peer) = with_peer().await?;
    let secret = home.folder.path().join("passphrase").display().to_string();
    std::fs::write(&secret, "swordfish\n")?;
    assert!(home.command(&["passphrase", &secret]).status()?.success());
    for typed in ["swordfish\rhello there\r", "swordfish\r/verify marlin"] {
        let mut chat = Terminal::flashpaper(120, &home.args(&["--passphrase", "-", "chat", &home.jid, peer.jid()]))?;
        chat.until_row("passphrase:")?;
        chat.press(typed)?;
        let end = if typed.ends_with('\r') { "> hello there" } else { "> /verify*******" };
        chat.until("typed", |rows| rows.iter().any(|row| row.ends_with(end)))?;
        assert!(!chat.has_shown("marlin") && !chat.has_shown("sword"), "{}", chat.raw());
        chat.press("\x03")?;
        assert_eq!((chat.end()?, chat.is_cooked()?), (Some(130), true));
    }
    peer.remove().await?;
    assert!(home.command(&["--passphrase", &secret, "burn", &home.jid]).status()?.success());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn pasted_lines_arrive_and_a_resize_keeps_the_line() -> Tested {
    let (home, peer) = with_peer().await?;
    let mut chat = chat(&home, 80)?;
    // Without marks around it, as some terminals paste, and with.
    chat.press(&format!("/to {}\rone\rtwo\r", peer.jid()))?;
    chat.until_row("-- \u{201c}one\u{201d}: waits")?;
    chat.until_row("-- \u{201c}two\u{201d}: waits")?;
    chat.press("\x1b[200~three\r\nfour\x1b[201~\r")?;
    chat.until_row("-- \u{201c}three\u{21b5}four\u{201d}: waits")?;
    // A line that is no UTF-8 is answered, not dropped and not guessed.
    chat.pty.write_all(b"gr\xfc\xdfe\r")?;
    chat.until_row("-- error: the line is no UTF-8; nothing was done")?;
    chat.press("bell\x1b[200~\x07\x1b[201~\r")?;
    chat.until_row("-- error: character U+0007 at 5 cannot be sent")?;

    chat.press("a line of its own")?;
    chat.until("line", |rows| rows.iter().any(|row| row.ends_with("> a line of its own")))?;
    for columns in [40, 30, 20, 60, 80] {
        chat.resize(columns)?;
        let fits = |row: &String| row.contains("> ") && row.ends_with("own");
        chat.until(&format!("line in {columns} columns"), |rows| rows.iter().any(fits))?;
    }
    chat.press("\x17\x17\x17two words\r")?;
    chat.until_row("-- \u{201c}a line two words\u{201d}: waits")?;

    // While it runs, others are told who holds the folder.
    let mut other = Terminal::flashpaper(120, &home.args(&["list"]))?;
    other.until("holder", |rows| rows.iter().any(|row| row.contains("in use: by flashpaper chat, process")))?;
    assert_eq!(other.end()?, Some(3));
    chat.press("\x04")?;
    assert_eq!((chat.end()?, chat.is_cooked()?), (Some(0), true));

    let mut list = Terminal::flashpaper(120, &home.args(&["list"]))?;
    list.until_row("ADDRESS")?;
    list.until_row(&home.jid)?;
    assert_eq!(list.end()?, Some(0));
    let uri = Terminal::flashpaper(120, &home.args(&["uri", &home.jid]))?;
    uri.until("QR code", |rows| rows.iter().filter(|row| row.starts_with('\u{2588}')).count() > 15)?;
    peer.remove().await?;
    burn(&home)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn what_is_waited_for_is_shown_from_the_first_seconds_on() -> Tested {
    let lab = Remote::from_env()?;
    let relays: Vec<&str> = lab.facts().relays.iter().map(|relay| relay.name.as_str()).collect();
    for relay in &relays {
        lab.stop(relay).await?;
    }
    let (eyes, pipe) = (wait_for_tor(&lab, false), wait_for_tor(&lab, true));
    lab.reset().await?;
    let ((soon, bars), (too, lines)) = (eyes?, pipe?);
    assert!(soon.max(too) < Duration::from_secs(3), "{soon:?}, {too:?}");
    assert!(bars == 0 && lines > 0, "a bar goes, a line stays: {bars}, {lines}");
    Ok(())
}

/// Begins what cannot succeed, on a terminal or in a pipe: when it said what it waits for, and how many rows say so after
/// the end.
fn wait_for_tor(lab: &Remote, piped: bool) -> Tested<(Duration, usize)> {
    let folder = TempDir::new()?;
    let (home, facts) = (folder.path().display().to_string(), lab.facts_file().display().to_string());
    let args = ["--home", &home, "--network", &facts, "new", "--exit", "--tor-timeout", "15"];
    let line = format!("{FLASHPAPER} {} 2>&1 | cat", args.join(" "));
    let started = Instant::now();
    let new = if piped { Terminal::run(80, "sh", &["-c", &line])? } else { Terminal::flashpaper(80, &args)? };
    let waits = |rows: &[String]| rows.iter().filter(|row| row.contains("waiting for Tor")).count();
    new.until("what it waits for", |rows| waits(rows) > 0)?;
    let soon = started.elapsed();
    let rows = new.until("the end", |rows| rows.iter().any(|row| row.starts_with("error: ")))?;
    Ok((soon, waits(&rows)))
}
