//! Suspended, the engine does nothing at all, also after Tor has run; with Tor stopped, nothing on the network. Seen from outside: a
//! process of its own has it.

use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use flashpaper::{BurnOutcome, Connection, CreateOptions, Engine, Event, Events, Route, TorAccess};
use flashpaper_lab::{Remote, Watch};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::support::{PATIENCE, Tested, open};

/// Tokio's threads for blocking work end when they had nothing to do for 10 s.
const FALLING_ASLEEP: Duration = Duration::from_secs(15);

#[test]
#[ignore = "needs the lab: cargo xtask test"]
fn suspended_it_has_no_connection_and_never_wakes() -> Tested {
    let home = TempDir::new()?;
    let mut app = App::start(home.path())?;
    // Awake, everything is seen, so that zeros below mean something.
    let beginning = Watch::begin(&[app.process.id()])?;
    app.says("online")?;
    let awake = beginning.end_after(Duration::ZERO)?;
    assert!(awake.sockets > 0 && awake.bytes > 10_000 && awake.woken.contains_key("flashpaper-tor"), "{awake:?}");

    app.is_told("stop")?;
    app.says("stopped")?;
    let stopped = Watch::begin(&[app.process.id()])?.end_after(Duration::from_secs(10))?;
    assert_eq!((stopped.sockets, stopped.bytes), (0, 0), "{stopped:?}");
    app.is_told("start")?;
    app.says("online")?;

    app.is_told("suspend")?;
    app.says("suspended")?;
    std::thread::sleep(FALLING_ASLEEP);
    let asleep = Watch::begin(&[app.process.id()])?.end_after(Duration::from_secs(60))?;
    assert_eq!((asleep.wakeups(), asleep.sockets, asleep.bytes), (0, 0, 0), "{asleep:?}");

    app.is_told("wake")?;
    app.says("burnt")?;
    assert!(app.process.wait()?.success());
    Ok(())
}

/// Not a test: an app that has a burner online, sleeps when it is told to, and wakes.
#[test]
#[ignore = "needs the lab: cargo xtask test"]
fn app() -> Tested {
    let Ok(home) = env::var("FLASHPAPER_HOME") else { return Ok(()) };
    let (runtime, mut orders) = (Runtime::new()?, std::io::stdin().lines());
    // On this thread, as nothing else is to wait for orders.
    let mut order = || orders.next().ok_or("no order").map(drop);
    let (engine, mut events, burner) = runtime.block_on(async {
        let engine = open(Path::new(&home), &Remote::from_env()?).await?;
        engine.start_tor(TorAccess::Direct, PATIENCE).await?;
        let burner = engine.create_burner(CreateOptions { route: Some(Route::Exit), ..Default::default() }).await?.id;
        let mut events = engine.events(None);
        engine.connect(&burner)?;
        comes_online(&mut events).await?;
        Tested::Ok((engine, events, burner))
    })?;
    println!("> online");
    order()?;
    runtime.block_on(engine.stop_tor())?;
    println!("> stopped");
    order()?;
    runtime.block_on(async {
        engine.start_tor(TorAccess::Direct, PATIENCE).await?;
        comes_online(&mut events).await
    })?;
    println!("> online");
    order()?;
    runtime.block_on(engine.suspend(Duration::from_secs(3)))?;
    println!("> suspended");
    order()?;
    runtime.block_on(async {
        engine.resume().await?;
        comes_online(&mut events).await?;
        assert_eq!(engine.burn(&burner).await?.outcome, BurnOutcome::Proven);
        Engine::close(engine).await;
        Tested::Ok(())
    })?;
    println!("> burnt");
    Ok(())
}

async fn comes_online(events: &mut Events) -> Tested {
    let online = |event: &Event| matches!(event, Event::Connection { connection: Connection::Online, .. });
    let comes = async {
        while !online(&events.next().await.ok_or("closed")?) {}
        Tested::Ok(())
    };
    timeout(PATIENCE, comes).await?
}

/// [`app`], as the test holds it.
struct App {
    process: Child,
    lines: BufReader<ChildStdout>,
}

impl App {
    fn start(home: &Path) -> Tested<Self> {
        let mut process = Command::new(env::current_exe()?)
            // One thread: the harness would wake by itself to look how long its tests take.
            .args(["--exact", "asleep::app", "--ignored", "--nocapture", "--test-threads=1"])
            .env("FLASHPAPER_HOME", home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let lines = BufReader::new(process.stdout.take().ok_or("no output")?);
        Ok(Self { process, lines })
    }

    fn is_told(&mut self, order: &str) -> Tested {
        Ok(writeln!(self.process.stdin.as_mut().ok_or("no input")?, "{order}")?)
    }

    /// Waits for a line, past those of the harness.
    fn says(&mut self, wanted: &str) -> Tested {
        let mut line = String::new();
        while self.lines.read_line(&mut line)? > 0 {
            if line.trim_end().ends_with(&format!("> {wanted}")) {
                return Ok(());
            }
            line.clear();
        }
        Err(format!("it ended before it was {wanted}").into())
    }
}

impl Drop for App {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
