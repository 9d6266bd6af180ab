//! A creation or a burn that is killed or cancelled at every point of its own reads, writes and commits leaves no account
//! at the server that the next start does not know of.

use std::collections::BTreeSet;
use std::env;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use flashpaper::{CreateOptions, Engine, Error, Event, Events, Route, Settlement};
use flashpaper_lab::{Remote, accounts};
use rustix::process::{Signal, getpid, kill_process};
use tempfile::TempDir;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::support::{Direct, PATIENCE, SERVER, Tested, killed_at, open, own_test, points};

pub(crate) fn options() -> CreateOptions {
    CreateOptions {
        server: Some(SERVER.into()),
        route: Some(Route::Exit),
        recoverable: false,
        ..CreateOptions::default()
    }
}

/// Not a test: what the tests below run as a process of its own, to be killed at point `FLASHPAPER_POINT`.
#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn in_a_child() -> Tested {
    let (Ok(home), Ok(point)) = (env::var("FLASHPAPER_HOME"), env::var("FLASHPAPER_POINT")) else { return Ok(()) };
    let (lab, point) = (Remote::from_env()?, point.parse::<usize>()?);
    let engine = open(Path::new(&home), &lab).await?;
    let dialers = points(&lab, move |at| {
        if at == point {
            let _ = kill_process(getpid(), Signal::KILL);
        }
    });
    let (mut events, removals) = (engine.events(None), engine.pending_removals()?);
    engine.start_on(dialers).await?;
    // A burner that is there already is to be burnt. A removal in the queue is tried by itself.
    match engine.burners()?.first() {
        _ if !removals.is_empty() => drop(settled(&mut events).await?),
        Some(burner) => drop(engine.burn(&burner.id).await?),
        None => drop(engine.create_burner(options()).await?),
    }
    engine.close().await;
    Ok(())
}

/// What becomes of the next account that is settled.
pub(crate) async fn settled(events: &mut Events) -> Tested<Settlement> {
    let next = async {
        loop {
            if let Event::Settled { outcome, .. } = events.next().await.ok_or("closed")? {
                return Tested::Ok(outcome);
            }
        }
    };
    timeout(PATIENCE, next).await?
}

/// Runs the child; whether it came to its end.
pub(crate) fn child(home: &Path, point: usize, under: &[&str]) -> Tested<bool> {
    let mut run = own_test("crash::in_a_child", under)?;
    run.env("FLASHPAPER_HOME", home).env("FLASHPAPER_POINT", point.to_string());
    Ok(run.stdout(Stdio::null()).stderr(Stdio::null()).status()?.success())
}

/// Runs the child, which is killed as it begins a system call for the `count`th time.
pub(crate) fn child_killed_at(home: &Path, call: &str, count: usize) -> Tested<bool> {
    let under = killed_at(call, count);
    child(home, usize::MAX, &under.each_ref().map(String::as_str))
}

/// What the next start makes of it.
async fn next_start(home: &Path, lab: &Remote, before: &BTreeSet<String>, at: &str) -> Tested<usize> {
    let engine = open(home, lab).await?;
    engine.start_on(Direct::plain(lab)).await?;
    let known = no_account_is_unknown(&engine, lab, before, at).await?;
    engine.close().await;
    Ok(known)
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn killed_at_every_read_and_write() -> Tested {
    let lab = Remote::from_env()?;
    let before = accounts::names(lab.facts(), SERVER)?;
    let (mut kept, mut point) = (0, 0);
    loop {
        let home = TempDir::new()?;
        let finished = child(home.path(), point, &[])?;
        kept += next_start(home.path(), &lab, &before, &format!("point {point}")).await?;
        if finished {
            break;
        }
        point += 1;
    }
    println!("{point} points, {kept} accounts known after them");
    // A creation has at least: handshake, header, fields, form, SASL twice, header, bind, ping, pong, end.
    assert!(point >= 30, "{point} points");
    assert!(kept >= point / 4, "{kept} of {point} left an account");
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn killed_at_every_commit() -> Tested {
    let lab = Remote::from_env()?;
    let before = accounts::names(lab.facts(), SERVER)?;
    let mut killed = 0;
    // The signal comes as the call begins. strace counts by thread, and the vault is made by another one: so once with
    // that to do, once without.
    let calls = ["ftruncate", "fsync", "rename", "unlink"];
    for (call, prepared) in calls.into_iter().flat_map(|call| [(call, false), (call, true)]) {
        for count in 1.. {
            let home = TempDir::new()?;
            if prepared {
                open(home.path(), &lab).await?.close().await;
            }
            let finished = child_killed_at(home.path(), call, count)?;
            next_start(home.path(), &lab, &before, &format!("{call} {count}")).await?;
            if finished {
                break;
            }
            killed += 1;
        }
    }
    println!("killed {killed} times");
    // Two commits, as the account is sealed and active: each syncs once. So does the log's header, before the first.
    assert!(killed >= 2 * 3, "{killed}");
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_burn_killed_anywhere_is_finished_by_the_next_start() -> Tested {
    let lab = Remote::from_env()?;
    let before = accounts::names(lab.facts(), SERVER)?;
    let mut killed = 0;
    for call in [None, Some("ftruncate"), Some("fsync"), Some("rename"), Some("unlink")] {
        for count in 0.. {
            let home = TempDir::new()?;
            let engine = open(home.path(), &lab).await?;
            engine.start_on(Direct::plain(&lab)).await?;
            engine.create_burner(options()).await?;
            engine.close().await;
            let finished = match call {
                None => child(home.path(), count, &[])?,
                Some(call) => child_killed_at(home.path(), call, count + 1)?,
            };
            next_start(home.path(), &lab, &before, &format!("{call:?} {count}")).await?;
            assert!(accounts::names(lab.facts(), SERVER)?.is_subset(&before), "{call:?} {count}: it is still there");
            if finished {
                break;
            }
            killed += 1;
        }
    }
    println!("killed {killed} times");
    // Two logins' reads and writes, one commit to begin with, and one with fresh keys at the end.
    assert!(killed >= 30, "{killed}");
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn cancelled_at_every_read_and_write() -> Tested {
    let lab = Remote::from_env()?;
    let before = accounts::names(lab.facts(), SERVER)?;
    for point in 0.. {
        let home = TempDir::new()?;
        let engine = open(home.path(), &lab).await?;
        let reached = Arc::new(Notify::new());
        let signal = Arc::clone(&reached);
        let dialers = points(&lab, move |at| {
            if at == point {
                signal.notify_one();
            }
        });
        engine.start_on(dialers).await?;
        let cancelled = tokio::select! {
            biased;
            () = reached.notified() => true,
            made = engine.create_burner(options()) => { made?; false }
        };
        let at = format!("cancelled at {point}");
        if cancelled {
            // The rest of a cancelled creation is done in the background.
            engine.clone().close().await;
            let left = open_when_free(home.path(), &lab, engine).await?;
            assert_eq!(left, 0, "{at}");
        } else {
            no_account_is_unknown(&engine, &lab, &before, &at).await?;
            assert!(point >= 30, "{point} points");
            return Ok(());
        }
        next_start(home.path(), &lab, &before, &at).await?;
        let orphans = accounts::names(lab.facts(), SERVER)?;
        assert!(orphans.is_subset(&before), "{at}");
    }
    Ok(())
}

/// How many accounts the folder holds once the closed engine has let go of it.
async fn open_when_free(home: &Path, lab: &Remote, closed: Engine) -> Tested<usize> {
    assert_eq!(closed.burners().err(), Some(Error::Closed));
    drop(closed);
    let engine = open(home, lab).await?;
    let count = engine.burners()?.len();
    engine.close().await;
    Ok(count)
}

/// Asks the server itself: every account that was not there `before` has to be one that the engine knows. Burns them.
async fn no_account_is_unknown(engine: &Engine, lab: &Remote, before: &BTreeSet<String>, at: &str) -> Tested<usize> {
    let burners = engine.burners()?.into_iter().map(|burner| burner.jid);
    let jids = burners.chain(engine.pending_removals()?.into_iter().map(|removal| removal.jid));
    let known: BTreeSet<String> = jids.map(|jid| name(&jid)).collect();
    let there = accounts::names(lab.facts(), SERVER)?;
    let orphans: Vec<_> = there.difference(before).filter(|name| !known.contains(*name)).collect();
    if !orphans.is_empty() {
        return Err(format!("{at}: at the server but not known: {orphans:?}").into());
    }
    for burner in engine.burners()? {
        if burner.state == flashpaper::BurnerState::Active {
            assert!(there.contains(&name(&burner.jid)), "{at}: active but not at the server");
            engine.burn(&burner.id).await?;
        }
    }
    Ok(known.len())
}

pub(crate) fn name(jid: &str) -> String {
    jid.split('@').next().unwrap_or_default().to_owned()
}
