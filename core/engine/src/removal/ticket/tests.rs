use std::time::{Duration, Instant};

use flashpaper_chat::{History, Talk};
use tempfile::TempDir;

use super::*;
use crate::account::State;
use crate::account::tests::account;
use crate::connection::supervisor::tests::{burner, engine, id};
use crate::{Engine, PanicReport};

const BAD: Error = Error::InvalidInput { input: Input::Ticket };

fn jids(engine: &Engine) -> Vec<String> {
    let mut jids: Vec<String> = engine.pending_removals().unwrap().into_iter().map(|removal| removal.jid).collect();
    jids.sort();
    jids
}

/// The ticket of a panic in a folder with these burners.
async fn ticket(names: &[&str]) -> Ticket {
    let home = TempDir::new().unwrap();
    let (_engine, _) = engine(&home, names).await;
    Engine::panic_with_ticket(home.path(), None).1.unwrap()
}

#[tokio::test]
async fn what_a_panic_leaves_is_a_queue_of_removals_in_another_folder_and_nothing_else_of_the_burners() {
    let (home, other_home) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (ended, _) = engine(&home, &["a", "b", "c"]).await;
    // One that a server may not have, and one that waits for its server already.
    burner(&ended, "b").change(|account| account.set_state(State::Pending)).unwrap();
    ended.wipe(&id("c")).await.unwrap();
    burner(&ended, "a").change(|account| account.label = Some("work".to_owned())).unwrap();
    let (report, ticket) = Engine::panic_with_ticket(home.path(), None);
    assert_eq!((report, ended.burners().err()), (PanicReport::default(), Some(Error::Closed)));
    let ticket = ticket.unwrap();
    assert_eq!(format!("{ticket:?}"), "Ticket(..)");

    let (other, _) = engine(&other_home, &["d"]).await;
    let queued = other.redeem(ticket.expose()).await.unwrap();
    let addresses = ["nobody@a.example", "nobody@b.example", "nobody@c.example"];
    assert_eq!(
        (queued.len(), jids(&other), other.burners().unwrap().len()),
        (3, addresses.map(str::to_owned).into(), 1)
    );
    for queued in &queued {
        let left = other.context.burners.get(queued).unwrap();
        let account = left.account();
        assert_eq!((account.state, account.password.as_str()), (State::Queued, "correct horse"));
        assert_eq!((account.otr.is_none(), &account.label, account.history), (true, &None, History::None));
        assert!(account.id.len() == 16, "it is named anew");
    }
    let waits = |engine: &Engine| {
        let removals = engine.pending_removals().unwrap();
        removals.iter().map(|removal| removal.until.duration_since(removal.since).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(waits(&other), [Duration::from_secs(30 * 86_400); 3], "from the redeeming on");

    let mut again = other.redeem(&format!("\n {}\n", ticket.expose())).await.unwrap();
    let mut queued = queued;
    [&mut again, &mut queued].into_iter().for_each(|ids| ids.sort_by(|a, b| a.0.cmp(&b.0)));
    assert_eq!((again, jids(&other).len()), (queued, 3), "once more doubles nothing");
    other.close().await;
    let config = crate::Config {
        home: other_home.path().to_owned(),
        key: crate::Key::File,
        network: crate::Network::Public,
        resolvers: None,
    };
    let other = Engine::open(config).await.unwrap();
    assert_eq!(jids(&other).len(), 3, "they are in the vault");
    other.close().await;
}

#[tokio::test]
async fn tickets_that_are_redeemed_at_one_time_double_nothing_and_leave_a_burner_that_is_here() {
    let ticket = ticket(&["a", "b"]).await;
    let home = TempDir::new().unwrap();
    let (engine, noted) = engine(&home, &["b"]).await;
    let (one, two) = tokio::join!(engine.redeem(ticket.expose()), engine.redeem(ticket.expose()));
    assert_eq!(one.unwrap(), two.unwrap());
    assert_eq!((jids(&engine), engine.burners().unwrap().len()), (vec!["nobody@a.example".to_owned()], 1));
    engine.set_spread(crate::Spread::Within { time: Duration::ZERO });
    let removal = engine.pending_removals().unwrap()[0].burner.clone();
    assert_eq!(engine.burn(&removal).await.unwrap().outcome, crate::BurnOutcome::Queued);
    assert!(!lock(&noted.dialled).is_empty(), "its server is asked");
    engine.close().await;
}

#[tokio::test]
async fn what_is_no_ticket_changes_nothing() {
    let text = ticket(&["a"]).await.expose().to_owned();
    let home = TempDir::new().unwrap();
    let (engine, _) = engine(&home, &[]).await;
    // Its JSON is as good as before: a server would refuse the password, as that of an account that is gone.
    let mut bytes = BASE64URL_NOPAD.decode(text.strip_prefix(VERSION).unwrap().as_bytes()).unwrap();
    let password = bytes.windows(5).position(|bytes| bytes == b"horse").unwrap();
    bytes[password + 2] = b'u';
    let damaged = format!("{VERSION}{}", BASE64URL_NOPAD.encode(&bytes));
    let mut nameless = account("a");
    nameless.username.clear();
    for bad in [
        String::new(),
        "x".to_owned(),
        VERSION.to_owned(),
        text[..text.len() - 4].to_owned(),
        damaged,
        text.replace("ticket-1", "ticket-2"),
        format!("{text}{}", "A".repeat(limits::TICKET)),
        Ticket::of(&[nameless]).unwrap().expose().to_owned(),
    ] {
        assert_eq!(engine.redeem(&bad).await, Err(BAD), "{bad}");
    }
    assert!(jids(&engine).is_empty());
    let _ = engine.suspend(Duration::ZERO).await;
    assert_eq!(engine.redeem(&text).await, Err(Error::Suspended));
    engine.lock().await.unwrap();
    assert_eq!(engine.redeem(&text).await, Err(Error::VaultLocked));
    let closed = engine.clone();
    engine.close().await;
    assert_eq!(closed.redeem(&text).await, Err(Error::Closed));
}

#[tokio::test]
async fn without_an_unlocked_engine_or_an_account_a_panic_leaves_no_ticket() {
    let home = TempDir::new().unwrap();
    assert!(Engine::panic_with_ticket(home.path(), None).1.is_none());
    let (_empty, _) = engine(&home, &[]).await;
    assert!(Engine::panic_with_ticket(home.path(), None).1.is_none());
    let (locked, _) = engine(&home, &["a"]).await;
    locked.lock().await.unwrap();
    assert!(Engine::panic_with_ticket(home.path(), None).1.is_none());
    // Asleep, it is unlocked.
    let (asleep, _) = engine(&home, &["a"]).await;
    let _ = asleep.suspend(Duration::ZERO).await;
    assert!(Engine::panic_with_ticket(home.path(), None).1.is_some());
    assert!(!home.path().join("vault.db").exists());
}

#[tokio::test]
async fn a_ticket_does_not_wait_for_what_hangs() {
    let home = TempDir::new().unwrap();
    let (engine, _) = engine(&home, &["a"]).await;
    let held = burner(&engine, "a");
    let (begun, waits) = (std::sync::mpsc::channel(), std::sync::mpsc::channel::<()>());
    let hanging = std::thread::spawn(move || {
        held.converse(move |_: &mut Talk<'_>| {
            begun.0.send(()).unwrap();
            let _ = waits.1.recv_timeout(Duration::from_secs(20));
        })
    });
    begun.1.recv().unwrap();
    let begin = Instant::now();
    let (report, ticket) = Engine::panic_with_ticket(home.path(), None);
    assert_eq!((report, read(ticket.unwrap().expose()).unwrap().len()), (PanicReport::default(), 1));
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    drop(waits.0);
    let _ = hanging.join().unwrap();
}
