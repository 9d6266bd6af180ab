//! A process that is killed anywhere while it tries a removal in the queue. Nothing is forgotten before the server has confirmed it
//! and refuses the login, and nothing is there twice. A burn is killed in `crash`.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::Ordering::SeqCst;
use std::time::SystemTime;

use flashpaper::{PendingRemoval, Settlement};
use flashpaper_lab::{Remote, accounts};
use tempfile::TempDir;

use crate::crash::{child, child_killed_at, name, options, settled};
use crate::support::{Direct, Hands, SERVER, Tested, open, open_with};

/// A folder with the removal of one burner alone, which was wiped without a network.
async fn queued(lab: &Remote) -> Tested<(TempDir, PendingRemoval)> {
    let folder = TempDir::new()?;
    let home = folder.path();
    let engine = open(home, lab).await?;
    engine.start_on(Direct::plain(lab)).await?;
    let burner = engine.create_burner(options()).await?;
    engine.close().await;
    let engine = open(home, lab).await?;
    engine.wipe(&burner.id).await?;
    let removal = engine.pending_removals()?.pop().ok_or("it waits")?;
    engine.close().await;
    Ok((folder, removal))
}

/// What a killed run has left of a removal: whether the account is at its server, and whether it is known here that it is not. `None`:
/// it is settled. The next start settles what the server has removed already.
async fn next_start(home: &Path, lab: &Remote, removal: &PendingRemoval, at: &str) -> Tested<Option<(bool, bool)>> {
    let clock = Hands::default();
    clock.0.store(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs(), SeqCst);
    let engine = open_with(home, lab, &clock).await?;
    let there = accounts::names(lab.facts(), SERVER)?.contains(&name(&removal.jid));
    let waiting = engine.pending_removals()?;
    assert!(engine.burners()?.is_empty(), "{at}");
    assert!(waiting.iter().all(|it| it.jid == removal.jid) && waiting.len() <= 1, "{at}: {waiting:?}");
    assert!(!there || waiting == [removal.clone()], "{at}: it is at its server, and not known of: {waiting:?}");
    let left = waiting.first().map(|it| (there, it.confirmed));
    if left.is_some() && !there {
        let mut events = engine.events(None);
        engine.start_on(Direct::plain(lab)).await?;
        let mut outcome = settled(&mut events).await?;
        // The server's word was lost. One refused login shows nothing, and a second one later does.
        if (outcome, left) == (Settlement::Unknown, Some((false, false))) {
            clock.0.fetch_add(1200, SeqCst);
            engine.start_on(Direct::plain(lab)).await?;
            outcome = settled(&mut events).await?;
        }
        assert_eq!(outcome, Settlement::Absent, "{at}");
    }
    assert!(there || engine.pending_removals()?.is_empty(), "{at}");
    engine.close().await;
    Ok(left)
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_removal_in_the_queue_that_is_killed_anywhere_is_settled_by_the_next_start() -> Tested {
    let lab = Remote::from_env()?;
    let (mut killed, mut left) = (0, BTreeSet::new());
    for call in [None, Some("ftruncate"), Some("fsync"), Some("rename"), Some("unlink")] {
        let mut before = None;
        for count in 0.. {
            let (home, removal) = match before.take() {
                Some(before) => before,
                None => queued(&lab).await?,
            };
            let finished = match call {
                None => child(home.path(), count, &[])?,
                Some(call) => child_killed_at(home.path(), call, count + 1)?,
            };
            let at = format!("{call:?} {count}");
            let found = next_start(home.path(), &lab, &removal, &at).await?;
            if finished {
                assert_eq!(found, None, "{at}");
                break;
            }
            left.insert(found);
            killed += 1;
            // Where nothing was removed, the next run goes on, and is killed a step later.
            before = (found == Some((true, false))).then_some((home, removal));
        }
    }
    println!("killed {killed} times, and found {left:?}");
    // Two logins' reads and writes, and the commits.
    assert!(killed >= 30, "{killed}");
    // The account and its removal; the removal alone, before and after the server's word is stored; nothing.
    for state in [Some((true, false)), Some((false, false)), Some((false, true))] {
        assert!(left.contains(&state), "{state:?} is not in {left:?}");
    }
    Ok(())
}
