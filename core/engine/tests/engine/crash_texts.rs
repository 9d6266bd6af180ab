//! A process that is killed before or after any commit while a text goes out or comes in loses none and doubles none.
//!
//! The commits of a text that goes out: the text queued; the stream begun, or taken up; the private conversation asked for,
//! and each step of its key exchange; the text encrypted, with its number on the stream; the server's acknowledgement. Of
//! one that comes in: the stream; the text, before the server is told; that the app has it. Of a burn with a private
//! conversation: the stream; that it is to be burnt; the goodbye, with its number on the stream; the server's
//! acknowledgement; the end of the stream; the account forgotten, under fresh keys.
//! Those of a creation, and of a burn that is not connected, are killed in `crash`.

use std::env;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use flashpaper::{Burner, BurnerState, Connection, CreateOptions, Engine, History, MessageState, Route, Snapshot};
use flashpaper_lab::{Remote, accounts};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::support::{Direct, Friend, PATIENCE, SERVER, Tested, killed_at, open, own_test};

/// A commit is written to the log, which is synced once. Killed as that begins, and as the log is cut at an opening. Each
/// write is killed in core/vault/tests/crash.rs.
const CALLS: [&str; 2] = ["ftruncate", "fsync"];

/// How many commits there are before a child's mark depends on how busy the machine is: where no kill came behind it, all are
/// done once more.
const ROUNDS: u32 = 3;

/// Not a test: sends the text `FLASHPAPER_TEXT` to `FLASHPAPER_PEER`, takes it from there, or burns the burner: what
/// `FLASHPAPER_ACT` says.
#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn in_a_child() -> Tested {
    let (Ok(home), Ok(peer), Ok(text)) =
        (env::var("FLASHPAPER_HOME"), env::var("FLASHPAPER_PEER"), env::var("FLASHPAPER_TEXT"))
    else {
        return Ok(());
    };
    let (engine, burner) = connected(Path::new(&home), &Remote::from_env()?).await?;
    match env::var("FLASHPAPER_ACT")?.as_str() {
        "send" => {
            engine.send(&burner.id, &peer, &text, None)?;
            println!("> stored");
            in_state(&engine, &burner, &text, is_at_the_server).await?;
        }
        "take" => {
            in_state(&engine, &burner, &text, |state| state == MessageState::Received).await?;
            println!("> shown");
            let messages = engine.messages(&burner.id, None, None, u32::MAX)?;
            let message = messages.iter().find(|message| message.text == text).ok_or("it was there")?;
            engine.taken(&burner.id, message.id)?;
        }
        _ => {
            online(&engine, &burner).await?;
            println!("> burning");
            engine.burn(&burner.id).await?;
        }
    }
    engine.close().await;
    Ok(())
}

async fn connected(home: &Path, lab: &Remote) -> Tested<(Engine, Burner)> {
    let engine = open(home, lab).await?;
    engine.start_on(Direct::plain(lab)).await?;
    let burner = engine.burners()?.pop().ok_or("no burner")?;
    engine.connect(&burner.id)?;
    Ok((engine, burner))
}

async fn online(engine: &Engine, burner: &Burner) -> Tested {
    let is_online = |snapshot: &Snapshot| {
        snapshot.burners.iter().any(|shown| shown.burner.id == burner.id && shown.connection == Connection::Online)
    };
    let end = Instant::now() + PATIENCE;
    while !is_online(&engine.snapshot()) {
        assert!(Instant::now() < end, "not connected");
        sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

async fn in_state(engine: &Engine, burner: &Burner, text: &str, wanted: fn(MessageState) -> bool) -> Tested {
    let end = Instant::now() + PATIENCE;
    loop {
        let messages = engine.messages(&burner.id, None, None, u32::MAX)?;
        if messages.iter().any(|message| message.text == text && wanted(message.state)) {
            return Ok(());
        }
        assert!(Instant::now() < end, "{text}: {messages:?}");
        sleep(Duration::from_millis(10)).await;
    }
}

fn is_at_the_server(state: MessageState) -> bool {
    matches!(state, MessageState::Acked | MessageState::Delivered)
}

/// An installation with one burner that keeps its history, and somebody to talk to.
async fn prepare(lab: &Remote) -> Tested<(TempDir, Burner, Friend)> {
    let home = TempDir::new()?;
    let engine = open(home.path(), lab).await?;
    engine.start_on(Direct::plain(lab)).await?;
    let options = CreateOptions {
        server: Some(SERVER.into()),
        route: Some(Route::Exit),
        recoverable: false,
        ..CreateOptions::default()
    };
    let burner = engine.create_burner(options).await?;
    engine.set_history(&burner.id, History::UntilBurn)?;
    let friend = Friend::register(lab, true).await?;
    engine.add_contact(&burner.id, friend.jid())?;
    engine.close().await;
    Ok((home, burner, friend))
}

/// Runs the child, to be killed; whether it came to its end, and whether it got as far as its mark.
async fn child(home: &Path, peer: &str, text: &str, act: &str, call: &str, count: usize) -> Tested<(bool, bool)> {
    let under = killed_at(call, count);
    let mut run = own_test("crash_texts::in_a_child", &under.each_ref().map(String::as_str))?;
    run.env("FLASHPAPER_HOME", home).env("FLASHPAPER_PEER", peer).env("FLASHPAPER_TEXT", text);
    run.env("FLASHPAPER_ACT", act);
    // The friend answers meanwhile.
    let output = tokio::task::spawn_blocking(move || run.stderr(Stdio::null()).output()).await??;
    let marked = String::from_utf8_lossy(&output.stdout).lines().any(|line| line.contains("> "));
    Ok((output.status.success(), marked))
}

/// Burns the burner: whatever has happened to it, it is whole.
async fn end(home: &Path, lab: &Remote, friend: Friend) -> Tested {
    let (engine, burner) = connected(home, lab).await?;
    engine.burn(&burner.id).await?;
    assert!(engine.burners()?.is_empty());
    engine.close().await;
    friend.end().await
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_text_that_goes_out() -> Tested {
    let lab = Remote::from_env()?;
    let (home, burner, mut friend) = prepare(&lab).await?;
    let (mut came, mut killed, mut stored_then_killed) = (Vec::new(), 0, 0);
    for (round, call) in (0..ROUNDS).flat_map(|round| CALLS.map(|call| (round, call))) {
        if round > 0 && stored_then_killed > 0 {
            break;
        }
        for count in 1.. {
            let text = format!("{call} {count} of {round}");
            let (finished, stored) = child(home.path(), friend.jid(), &text, "send", call, count).await?;
            let (engine, _) = connected(home.path(), &lab).await?;
            let messages = engine.messages(&burner.id, None, None, u32::MAX)?;
            let listed = messages.iter().any(|message| message.text == text);
            assert!(listed || !stored, "{text}: it was stored");
            if listed {
                assert_eq!(friend.read().await?, text);
                came.push(text.clone());
                in_state(&engine, &burner, &text, is_at_the_server).await?;
            }
            let out: Vec<String> =
                engine.messages(&burner.id, None, None, u32::MAX)?.iter().map(|m| m.text.clone()).collect();
            assert_eq!(out, came, "{text}");
            engine.close().await;
            if finished {
                break;
            }
            killed += 1;
            stored_then_killed += u32::from(stored);
        }
    }
    println!("killed {killed} times, {stored_then_killed} of them with the text stored");
    // Of each connection what it begins with, what is asked, the text, what has become of it, and the end; each is one sync.
    assert!(killed >= 12 && stored_then_killed >= 1, "{killed}, {stored_then_killed}");
    // Nothing comes late or twice.
    let (engine, _) = connected(home.path(), &lab).await?;
    engine.send(&burner.id, friend.jid(), "the last", None)?;
    assert_eq!(friend.read().await?, "the last");
    engine.close().await;
    end(home.path(), &lab, friend).await
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_text_that_comes_in() -> Tested {
    let lab = Remote::from_env()?;
    let (home, burner, friend) = prepare(&lab).await?;
    let (mut sent, mut killed, mut shown_then_killed) = (Vec::new(), 0, 0);
    for (round, call) in (0..ROUNDS).flat_map(|round| CALLS.map(|call| (round, call))) {
        if round > 0 && shown_then_killed > 0 {
            break;
        }
        for count in 1.. {
            let text = format!("{call} {count} of {round}");
            friend.write(&burner.jid, &text);
            sent.push(text.clone());
            let (finished, shown) = child(home.path(), friend.jid(), &text, "take", call, count).await?;
            let engine = open(home.path(), &lab).await?;
            let stored = engine.messages(&burner.id, None, None, u32::MAX)?.iter().any(|message| message.text == text);
            assert!(stored || !shown, "{text}: the app was shown it");
            engine.start_on(Direct::plain(&lab)).await?;
            engine.connect(&burner.id)?;
            online(&engine, &burner).await?;
            in_state(&engine, &burner, &text, |state| matches!(state, MessageState::Received | MessageState::Taken))
                .await?;
            let messages = engine.messages(&burner.id, None, None, u32::MAX)?;
            let came: Vec<&str> = messages.iter().map(|message| message.text.as_str()).collect();
            assert_eq!(came, sent, "{text}");
            engine.close().await;
            if finished {
                break;
            }
            killed += 1;
            shown_then_killed += u32::from(shown);
        }
    }
    println!("killed {killed} times, {shown_then_killed} of them after the text was shown");
    // What a connection begins with, the text, that it was taken, and the end; each is one sync.
    assert!(killed >= 9 && shown_then_killed >= 1, "{killed}, {shown_then_killed}");
    end(home.path(), &lab, friend).await
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_goodbye() -> Tested {
    let lab = Remote::from_env()?;
    let (mut killed, mut begun_then_killed, mut told_then_killed) = (0, 0, 0);
    for call in CALLS {
        for count in 1.. {
            let at = format!("{call} {count}");
            let (home, burner, mut friend) = prepare(&lab).await?;
            let (engine, _) = connected(home.path(), &lab).await?;
            engine.send(&burner.id, friend.jid(), "hello", None)?;
            assert_eq!(friend.read().await?, "hello");
            in_state(&engine, &burner, "hello", is_at_the_server).await?;
            engine.close().await;
            let (finished, begun) = child(home.path(), friend.jid(), "", "burn", call, count).await?;
            let engine = open(home.path(), &lab).await?;
            let is_wanted = engine.burners()?.iter().any(|burner| burner.state == BurnerState::Active);
            assert!(!(is_wanted && finished), "{at}");
            engine.start_on(Direct::plain(&lab)).await?;
            if is_wanted {
                // As if nothing had been asked for: nobody was told, and the conversation goes on.
                engine.connect(&burner.id)?;
                engine.send(&burner.id, friend.jid(), "still here", None)?;
                assert_eq!(friend.read().await?, "still here", "{at}");
                engine.burn(&burner.id).await?;
            } else {
                // The peer may not have been told: a burn does not wait for that.
                let told = if finished { Some(friend.read().await?) } else { friend.read_now() };
                assert!(told.as_deref().is_none_or(|text| text == Friend::ENDED), "{at}: {told:?}");
                told_then_killed += u32::from(told.is_some() && !finished);
            }
            // After a kill between the removal and its record the account is asked for once more.
            let is_known = |left: &Burner| !finished && left.state == BurnerState::Burning;
            assert!(engine.burners()?.iter().all(is_known), "{at}");
            let name = burner.jid.split('@').next().unwrap_or_default();
            assert!(!accounts::names(lab.facts(), SERVER)?.contains(name), "{at}: it is still there");
            engine.close().await;
            friend.end().await?;
            if finished {
                break;
            }
            killed += 1;
            begun_then_killed += u32::from(begun);
        }
    }
    println!(
        "killed {killed} times, {begun_then_killed} of them in the burn, {told_then_killed} once the peer was told"
    );
    // Commits of the burn: it is to be, the goodbye on its way, removed, forgotten; each is one sync, and two runs need not have
    // their syncs in the same order. So whether one is hit between two of them differs, too.
    assert!(killed >= 12 && begun_then_killed >= 1, "{killed}, {begun_then_killed}, {told_then_killed}");
    Ok(())
}
