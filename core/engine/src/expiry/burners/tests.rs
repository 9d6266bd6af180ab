use std::collections::BTreeSet;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use crate::connection::supervisor::tests::{Noted, engine_on};
use crate::event::BurnerId;
use crate::expiry::tests::{Hands, NOW, add_burner, at, open, open_at, pass, until};
use crate::seams::Seams;
use crate::{CreateOptions, Engine, Error, Event, Events, Input, Spread, TorStage, TorStatus};

/// What has been told of expiries.
fn told(events: &mut Events) -> Vec<&'static str> {
    let name = |event| match event {
        Event::Expiring { .. } => Some("expiring"),
        Event::Expired { .. } => Some("expired"),
        _ => None,
    };
    std::iter::from_fn(|| events.try_next()).filter_map(name).collect()
}

/// How many burners there are, and how many removals.
fn left(engine: &Engine) -> (usize, usize) {
    (engine.burners().unwrap().len(), engine.pending_removals().unwrap().len())
}

fn in_seconds(seconds: u64) -> Option<SystemTime> {
    Some(SystemTime::UNIX_EPOCH + at(NOW + seconds))
}

#[tokio::test]
async fn a_burner_ends_at_its_time_and_its_user_is_reminded_once_whatever_the_clock_is_set_to() {
    let home = TempDir::new().unwrap();
    let (engine, clock) = open(&home).await;
    let (id, mut events) = (add_burner(&engine).id.clone(), engine.events(None));
    engine.set_expiry(&id, in_seconds(1000)).unwrap();
    assert_eq!(engine.snapshot().burners[0].expires_at, in_seconds(1000));
    pass(&engine, &clock, NOW + 899, 899).await;
    assert_eq!(told(&mut events), Vec::<&str>::new());
    pass(&engine, &clock, NOW + 900, 900).await;
    until(|| told(&mut events) == ["expiring"]).await;
    engine.close().await;

    // Set back while the engine is closed: what the earlier run has seen counts, and nothing is told again.
    let (engine, clock) = open_at(&home, 0).await;
    let mut events = engine.events(None);
    pass(&engine, &clock, 0, 99).await;
    assert_eq!((told(&mut events), left(&engine)), (vec![], (1, 0)));
    pass(&engine, &clock, 0, 100).await;
    until(|| told(&mut events) == ["expired"]).await;
    until(|| left(&engine) == (0, 1)).await;
    pass(&engine, &clock, 0, 5000).await;
    assert_eq!(told(&mut events), Vec::<&str>::new());
    // It cannot be had back.
    assert_eq!(engine.set_expiry(&id, None), Err(Error::NoSuchBurner));
    engine.close().await;
}

#[tokio::test]
async fn a_clock_that_tor_doubts_ends_no_burner_and_reminds_of_none() {
    let home = TempDir::new().unwrap();
    let (engine, clock) = open(&home).await;
    let (id, mut events) = (add_burner(&engine).id.clone(), engine.events(None));
    engine.set_expiry(&id, in_seconds(1000)).unwrap();
    let doubt = |blocked: Option<Error>| {
        let status = TorStatus { fraction: 0.5, stage: TorStage::Directory, ready: blocked.is_none(), blocked };
        engine.context.services.set_tor_status(Some(status));
    };
    doubt(Some(Error::ClockWrong { by: None }));
    // Neither by what it shows, nor by what has passed.
    for since_boot in [0, 950, 2000] {
        pass(&engine, &clock, NOW + 86_400, since_boot).await;
        assert_eq!((told(&mut events), left(&engine)), (vec![], (1, 0)));
    }
    // Tor ends, as at a restart or as the phone falls asleep: that makes the clock no better.
    engine.context.services.set_tor_status(None);
    pass(&engine, &clock, NOW + 86_400, 2000).await;
    assert_eq!((told(&mut events), left(&engine)), (vec![], (1, 0)));
    doubt(None);
    pass(&engine, &clock, NOW, 2000).await;
    until(|| told(&mut events) == ["expired"]).await;
    until(|| left(&engine) == (0, 1)).await;
    engine.close().await;
}

#[tokio::test]
async fn what_has_expired_is_burnt_in_the_background_and_what_has_not_stays() {
    let (home, clock, noted) = (TempDir::new().unwrap(), Hands::default(), Noted::default());
    clock.0.store(NOW, Relaxed);
    let seams = Seams { clock: Box::new(clock.clone()), ..Seams::real() };
    let engine = engine_on(&home, &["a", "b", "c"], &noted, seams).await;
    engine.set_spread(Spread::Within { time: Duration::ZERO });
    let mut events = engine.events(None);
    for (name, seconds) in [("a", 60), ("b", 60), ("c", 61)] {
        engine.set_expiry(&BurnerId(name.to_owned()), in_seconds(seconds)).unwrap();
    }
    pass(&engine, &clock, NOW + 60, 60).await;
    let mut settled = 0;
    until(|| {
        settled += events.try_next().into_iter().filter(|event| matches!(event, Event::Settled { .. })).count();
        settled == 2
    })
    .await;
    let dialled: BTreeSet<_> = noted.first().into_iter().map(|(name, _)| name).collect();
    assert_eq!(dialled, ["a.example", "b.example"].map(str::to_owned).into());
    // Their servers do not answer: their removals are all that is left.
    assert_eq!(left(&engine), (1, 2));
    engine.close().await;
}

#[tokio::test]
async fn an_expiry_is_taken_away_again_and_one_that_is_past_is_not_taken() {
    let home = TempDir::new().unwrap();
    let (engine, clock) = open(&home).await;
    let (id, mut events) = (add_burner(&engine).id.clone(), engine.events(None));
    let past = Err(Error::InvalidInput { input: Input::Expiry });
    assert_eq!(engine.set_expiry(&id, in_seconds(0)), past);
    let options = CreateOptions { expires_at: Some(SystemTime::UNIX_EPOCH), ..CreateOptions::default() };
    assert_eq!(engine.check_options(&options), past);
    // Never before its time: a part of a second is a whole one.
    engine.set_expiry(&id, in_seconds(999).map(|time| time + Duration::from_millis(1))).unwrap();
    assert_eq!(engine.snapshot().burners[0].expires_at, in_seconds(1000));
    engine.set_expiry(&id, None).unwrap();
    pass(&engine, &clock, NOW + 2000, 2000).await;
    assert_eq!((told(&mut events), left(&engine)), (vec![], (1, 0)));
    assert_eq!(engine.set_expiry(&id, in_seconds(1500)), past);
    engine.close().await;
}
