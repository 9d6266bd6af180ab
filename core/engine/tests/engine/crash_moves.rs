//! A creation that moves on from one server to another and asks a person there, killed or cancelled on its way. Whatever is at
//! either server after the next start is a burner.
//!
//! The first server makes an account and keeps it apart: it is removed before another is made. The second asks what a picture
//! shows. Every so many points are looked at, and all of them in a soak. A creation at one server is killed in `crash`.

use std::collections::BTreeSet;
use std::env;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use flashpaper::{BurnOutcome, Burner, BurnerState, CreateOptions, Engine};
use flashpaper_lab::{LabServer, Remote, ServerKind};
use rustix::process::{Signal, getpid, kill_process};
use tempfile::TempDir;
use tokio::runtime;
use tokio::sync::Notify;

use crate::registering::{accounts, answer, open_question, open_with_servers};
use crate::support::{Direct, Tested, killed_at, own_test, points};

/// Points of a person's part: a question is open, and its answer is given.
const OF_A_QUESTION: [&str; 2] = ["asked", "answered"];

/// The two servers, and who was there before.
struct Servers {
    lab: Remote,
    both: [LabServer; 2],
    before: BTreeSet<String>,
}

impl Servers {
    async fn start() -> Tested<Self> {
        let lab = Remote::from_env()?;
        let both = [lab.server(ServerKind::Quarantine).await?, lab.server(ServerKind::Captcha).await?];
        let before = accounts(&both).await?;
        Ok(Self { lab, both, before })
    }

    /// An engine that knows these alone. What asks a person comes last.
    async fn open(&self, home: &Path) -> Tested<Engine> {
        let [first, second] = &self.both;
        open_with_servers(home, &self.lab, &[(first.domain(), "yes"), (second.domain(), "captcha")]).await
    }

    /// Makes a burner. `at` is called as the question has come, and as it is answered.
    async fn create(&self, engine: &Engine, at: impl Fn(&str)) -> Tested<Burner> {
        let [_, asking] = &self.both;
        let answers = async {
            let question = open_question(engine).await?;
            at("asked");
            engine.answer(question.id, answer(&asking.captcha_answer().await?))?;
            at("answered");
            std::future::pending().await
        };
        tokio::select! {
            made = engine.create_burner(CreateOptions::default()) => Ok(made?),
            failed = answers => failed,
        }
    }

    /// The addresses at either server that were not there before.
    async fn new_accounts(&self) -> Tested<BTreeSet<String>> {
        Ok(accounts(&self.both).await?.difference(&self.before).cloned().collect())
    }

    /// What the next start makes of it: burners are all that is left at the servers, and they are burnt. How many there were.
    async fn next_start(&self, home: &Path, at: &str) -> Tested<usize> {
        let engine = self.open(home).await?;
        engine.start_on(Direct::plain(&self.lab)).await?;
        let mut usable = engine.burners()?;
        usable.retain(|burner| burner.state == BurnerState::Active);
        let addresses: BTreeSet<_> = usable.iter().map(|burner| burner.jid.clone()).collect();
        assert_eq!(self.new_accounts().await?, addresses, "{at}: at the servers, and what can be used");
        let [first, _] = &self.both;
        let kept_apart = |address: &String| address.ends_with(first.domain());
        assert!(!addresses.iter().any(kept_apart), "{at}: {addresses:?}");
        for burner in &usable {
            assert_eq!(engine.burn(&burner.id).await?.outcome, BurnOutcome::Proven, "{at}");
        }
        assert_eq!(self.new_accounts().await?, BTreeSet::new(), "{at}");
        engine.close().await;
        Ok(usable.len())
    }

    /// Runs the child in a folder that is there already, and looks at what it leaves behind. Whether it came to its end.
    async fn kill(&self, point: &str, under: &[&str]) -> Tested<bool> {
        let home = TempDir::new()?;
        self.open(home.path()).await?.close().await;
        let mut run = own_test("crash_moves::in_a_child", under)?;
        run.env("FLASHPAPER_HOME", home.path()).env("FLASHPAPER_POINT", point);
        let status = run.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        // strace ends as its child has.
        let killed = status.signal() == Some(Signal::KILL.as_raw());
        assert!(killed || status.success(), "{under:?} {point}: {status}");
        let finished = !killed;
        let usable = self.next_start(home.path(), &format!("{under:?} {point}")).await?;
        assert!(usable == 1 || !finished && usable == 0, "{under:?} {point}: {usable} burners");
        Ok(finished)
    }
}

/// What is called at each point, and calls `reached` at one.
fn at_point(point: String, reached: impl Fn() + Clone + Send + Sync + 'static) -> impl Fn(&str) + Clone + Send + Sync {
    move |here: &str| {
        if here == point {
            reached();
        }
    }
}

/// Of how many points one is looked at.
fn stride(in_ci: usize) -> usize {
    if env::var_os("FLASHPAPER_SOAK").is_some() { 1 } else { in_ci }
}

/// Not a test: what the tests below run as a process of its own, to be killed at point `FLASHPAPER_POINT`.
#[test]
#[ignore = "needs the lab: cargo xtask test"]
fn in_a_child() -> Tested {
    let (Ok(home), Ok(point)) = (env::var("FLASHPAPER_HOME"), env::var("FLASHPAPER_POINT")) else { return Ok(()) };
    let at = at_point(point, || {
        let _ = kill_process(getpid(), Signal::KILL);
    });
    // strace counts by thread: a single one has the store to do with.
    let runtime = runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build()?;
    runtime.block_on(async {
        let servers = Servers::start().await?;
        let engine = servers.open(Path::new(&home)).await?;
        let on_the_way = at.clone();
        engine.start_on(points(&servers.lab, move |number| on_the_way(&number.to_string()))).await?;
        servers.create(&engine, at).await?;
        engine.close().await;
        Ok(())
    })
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn killed_on_the_way_to_a_second_server_and_while_a_person_is_asked() -> Tested {
    let servers = Servers::start().await?;
    for point in OF_A_QUESTION {
        assert!(!servers.kill(point, &[]).await?, "{point}");
    }
    let mut point = 0;
    while !servers.kill(&point.to_string(), &[]).await? {
        point += stride(11);
    }
    println!("{point} points");
    // Two creations and a removal.
    assert!(point >= 80, "{point} points");
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn killed_at_the_commits_on_the_way_to_a_second_server() -> Tested {
    let servers = Servers::start().await?;
    let mut killed = 0;
    for call in ["ftruncate", "fsync", "rename", "unlink", "write", "pwrite64"] {
        let mut count = 1;
        loop {
            let under = killed_at(call, count);
            if servers.kill("nowhere", &under.each_ref().map(String::as_str)).await? {
                break;
            }
            killed += 1;
            // Of writes to the store there are more than a thousand.
            count += stride(if call == "pwrite64" { 150 } else { 4 });
        }
    }
    println!("killed {killed} times");
    assert!(killed >= 15, "{killed}");
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn cancelled_on_the_way_to_a_second_server_and_while_a_person_is_asked() -> Tested {
    let servers = Servers::start().await?;
    for point in OF_A_QUESTION {
        assert!(cancelled(&servers, point).await?, "{point}");
    }
    let mut point = 0;
    while cancelled(&servers, &point.to_string()).await? {
        point += stride(11);
    }
    println!("{point} points");
    assert!(point >= 80, "{point} points");
    Ok(())
}

/// Drops a creation at a point, and looks at what it leaves behind; whether it came there.
async fn cancelled(servers: &Servers, point: &str) -> Tested<bool> {
    let home = TempDir::new()?;
    let engine = servers.open(home.path()).await?;
    let reached = Arc::new(Notify::new());
    let signal = Arc::clone(&reached);
    let at = at_point(point.to_owned(), move || signal.notify_one());
    let on_the_way = at.clone();
    engine.start_on(points(&servers.lab, move |number| on_the_way(&number.to_string()))).await?;
    let is_cancelled = tokio::select! {
        biased;
        () = reached.notified() => true,
        made = servers.create(&engine, at) => { made?; false }
    };
    // The rest of a cancelled creation is done in the background.
    engine.close().await;
    if is_cancelled {
        assert_eq!(servers.new_accounts().await?, BTreeSet::new(), "cancelled at {point}");
    }
    let usable = servers.next_start(home.path(), &format!("cancelled at {point}")).await?;
    assert_eq!(usable, usize::from(!is_cancelled), "cancelled at {point}");
    Ok(is_cancelled)
}
