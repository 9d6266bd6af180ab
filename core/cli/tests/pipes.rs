//! Output that cannot be written: devices that are full, readers that have gone away. Nothing is lost, nothing is called
//! done, and nothing panics.

mod support;

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, PipeReader, PipeWriter, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use flashpaper_lab::{Peer, Remote};
use rustix::io::ioctl_fionbio;
use rustix::process::{Pid, Signal, kill_process};
use support::{Home, PATIENCE, Tested, under_another};
use tempfile::TempDir;

/// How a command ends when its result could not be printed.
const UNWRITTEN: Option<i32> = Some(10);

/// Where nothing can be written.
#[derive(Clone, Copy, Debug)]
enum Nowhere {
    Full,
    /// A pipe that nobody reads.
    Closed,
    /// A file for reading only.
    ReadOnly,
    /// Standard output is not there at all, as with `>&-`.
    Absent,
}

use Nowhere::{Absent, Closed, Full, ReadOnly};

impl Nowhere {
    const ALL: [Self; 4] = [Full, Closed, ReadOnly, Absent];

    fn open(self) -> Tested<Stdio> {
        Ok(match self {
            Full => OpenOptions::new().write(true).open("/dev/full")?.into(),
            Closed => std::io::pipe()?.1.into(),
            ReadOnly => File::open("/dev/null")?.into(),
            Absent => Stdio::null(),
        })
    }

    /// A program under which standard output is so.
    const fn under(self) -> &'static [&'static str] {
        if matches!(self, Absent) { &["sh", "-c", r#"exec "$@" >&-"#, "sh"] } else { &[] }
    }
}

#[test]
fn help_and_lists_that_could_not_be_printed_are_not_done() -> Tested {
    let folder = TempDir::new()?;
    let home = folder.path().join("home").display().to_string();
    let list = ["--home", &home, "list"];
    let run = |args: &[&str], out: Option<Nowhere>, err: Nowhere| -> Tested<Option<i32>> {
        let under = out.map(Nowhere::under).unwrap_or_default();
        let mut command = under_another(under);
        command.args(args).stdin(Stdio::null()).stderr(err.open()?);
        command.stdout(out.map_or_else(|| Ok(Stdio::null()), Nowhere::open)?);
        Ok(command.status()?.code())
    };
    for err in [Full, Closed] {
        for out in Nowhere::ALL {
            for args in [&["--help"][..], &["new", "--help"], &["--version"], &list] {
                assert_eq!(run(args, Some(out), err)?, UNWRITTEN, "{args:?} {out:?} {err:?}");
            }
            assert_eq!(run(&["dance"], Some(out), err)?, Some(2));
        }
        for args in [&["--version"][..], &list] {
            let null = || OpenOptions::new().read(true).write(true).open("/dev/null");
            let status =
                under_another(&[]).args(args).stdin(Stdio::null()).stdout(null()?).stderr(err.open()?).status()?;
            assert_eq!(status.code(), Some(0), "{args:?}: what takes everything may be for reading, too");
        }
        let new = folder.path().join(format!("{err:?}")).display().to_string();
        assert_eq!(run(&["--home", &new, "list"], None, err)?, Some(0), "a warning that nobody sees stops nothing");
        assert_eq!(run(&list, None, err)?, Some(0));
    }
    Ok(())
}

/// A pipe without room: who writes to it waits for its reader, or is told to come again.
fn full_pipe(waits: bool) -> Tested<(PipeReader, PipeWriter)> {
    let (reader, mut writer) = std::io::pipe()?;
    ioctl_fionbio(&writer, true)?;
    while writer.write(&[b'x'; 4096]).is_ok() {}
    while writer.write(b"x").is_ok() {}
    ioctl_fionbio(&writer, !waits)?;
    Ok((reader, writer))
}

/// Tells a program to end; how it did.
fn terminate(child: &mut Child) -> Tested<Option<i32>> {
    kill_process(Pid::from_child(child), Signal::TERM)?;
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if let Some(status) = child.try_wait()? {
            return Ok(status.code());
        }
        sleep(Duration::from_millis(20));
    }
    child.kill()?;
    child.wait()?;
    Err("it does not end".into())
}

#[test]
fn a_reader_that_does_not_read_is_waited_for_until_the_program_is_told_to_end() -> Tested {
    let folder = TempDir::new()?;
    let home = folder.path().join("home").display().to_string();
    let list = |out: PipeWriter| -> Tested<Child> {
        let mut command = under_another(&[]);
        command.args(["--home", &home, "list"]).stdin(Stdio::null()).stderr(Stdio::null());
        let mut child = command.stdout(out).spawn()?;
        // Then it has something to print.
        let signed = || std::fs::read(Path::new(&home).join("lock")).is_ok_and(|holder| !holder.is_empty());
        while !signed() && child.try_wait()?.is_none() {
            sleep(Duration::from_millis(5));
        }
        sleep(Duration::from_millis(500));
        assert_eq!(child.try_wait()?, None, "it waits");
        Ok(child)
    };
    for waits in [true, false] {
        let (mut reader, writer) = full_pipe(waits)?;
        let ended = terminate(&mut list(writer.try_clone()?)?)?;
        // Cancelled, where it had nothing to print yet.
        assert!([UNWRITTEN, Some(130)].contains(&ended), "{ended:?}");
        let mut child = list(writer)?;
        let mut text = String::new();
        reader.read_to_string(&mut text)?;
        assert!(text.ends_with("xno burners\n") && child.wait()?.success(), "a reader that reads at last");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn messages_that_could_not_be_printed_are_kept() -> Tested {
    let lab = Remote::from_env()?;
    let home = Home::new(&lab, "--exit")?;
    let mut peer = Peer::register(lab.facts()).await?;
    for text in ["one", "two", "three"] {
        peer.send(&home.jid, text).await?;
    }
    fail_to_send(&home)?;
    let patience = PATIENCE.as_secs().to_string();
    let receive = |under: &[&str], args: &[&str]| {
        home.command_under(under, &[&["receive", &home.jid, "--timeout", &patience], args].concat())
    };
    for nowhere in Nowhere::ALL {
        let under = nowhere.under();
        assert_eq!(receive(under, &[]).stdout(nowhere.open()?).status()?.code(), UNWRITTEN, "{nowhere:?}");
        assert_eq!(receive(under, &["--json"]).stdout(nowhere.open()?).status()?.code(), UNWRITTEN, "{nowhere:?}");
        let mut chat = home.command_under(under, &["chat", &home.jid]);
        let chat = chat.stdin(Stdio::piped()).stdout(nowhere.open()?).status()?;
        assert_eq!(chat.code(), UNWRITTEN, "{nowhere:?}");
    }
    let (_reader, writer) = full_pipe(true)?;
    let after = |seconds| -> Tested<Option<i32>> {
        let mut waiting = receive(&[], &[]).stdout(writer.try_clone()?).spawn()?;
        sleep(Duration::from_secs(seconds));
        terminate(&mut waiting)
    };
    let mut ended = after(10)?;
    if ended == Some(130) {
        // Cancelled: it had nothing to print yet, on a busy machine.
        ended = after(90)?;
    }
    assert_eq!(ended, UNWRITTEN);
    // A reader that goes away while it waits.
    let mut child = receive(&[], &[]).stdout(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
    lines.find(|line| line.as_ref().is_ok_and(|line| line.ends_with("three"))).ok_or("not all three")??;
    drop(lines);
    peer.send(&home.jid, "four").await?;
    assert_eq!(child.wait()?.code(), UNWRITTEN);

    let rest = String::from_utf8(receive(&[], &["--count", "1"]).output()?.stdout)?;
    assert!(rest.trim_end().ends_with("four") && !rest.contains("three"), "{rest}");
    let told = || -> Tested<String> { Ok(String::from_utf8(home.command(&["chat", &home.jid]).output()?.stdout)?) };
    assert!(told()?.contains("-- \u{201c}lost\u{201d} to a@b.example: will not arrive, "), "it was not told before");
    assert!(!told()?.contains("will not arrive"), "it was told");
    assert!(home.command(&["burn", &home.jid]).status()?.success());
    peer.remove().await?;
    Ok(())
}

/// A text that will not arrive, of which nobody was told.
fn fail_to_send(home: &Home) -> Tested {
    let mut chat = home.command(&["chat", &home.jid, "--json"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut stdin = chat.stdin.take().ok_or("no input")?;
    writeln!(stdin, r#"{{"command":"send","peer":"a@b.example","text":"lost","within":1}}"#)?;
    let mut lines = BufReader::new(chat.stdout.take().ok_or("no output")?).lines();
    lines
        .find(|line| line.as_ref().is_ok_and(|line| line.contains(r#""state":"failed""#)))
        .ok_or("it did not fail")??;
    drop(stdin);
    assert!(chat.wait()?.success());
    Ok(())
}

#[test]
#[ignore = "needs the lab: cargo xtask test"]
fn a_burn_is_done_also_where_its_progress_cannot_be_printed() -> Tested {
    let lab = Remote::from_env()?;
    for err in [Full, Closed] {
        let home = Home::new(&lab, "--exit")?;
        assert_eq!(home.command(&["uri", &home.jid]).stdout(err.open()?).status()?.code(), UNWRITTEN);
        assert_eq!(home.command(&["burn", &home.jid]).stderr(err.open()?).status()?.code(), Some(0), "{err:?}");
        let home = Home::new(&lab, "--exit")?;
        let burn = home.command(&["burn", &home.jid]).stdout(err.open()?).stderr(err.open()?).status()?;
        assert_eq!(burn.code(), UNWRITTEN, "{err:?}: its result could not be printed");
        assert_eq!(String::from_utf8(home.command(&["list"]).output()?.stdout)?, "no burners\n", "but it was done");
    }
    Ok(())
}
