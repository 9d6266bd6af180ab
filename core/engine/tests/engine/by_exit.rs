//! At an onion service all of Tor is one address: where it has made an account too many for that, it is asked once more
//! through an exit.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use flashpaper::{BurnOutcome, Config, CreateOptions, Engine, Error, Event, Key, Network, PrivateNetwork, Route, Step};
use flashpaper_lab::{LabServer, Remote, ServerKind};
use flashpaper_tor::Target;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::recorded::Recorded;
use crate::registering::{all, forms_in, log, refusals};
use crate::support::Tested;

/// An ejabberd that has made no account within ten minutes.
async fn rested(lab: &Remote) -> Tested<LabServer> {
    // A restart makes it forget addresses.
    lab.stop(ServerKind::EjabberdThrottle.name()).await?;
    Ok(lab.server(ServerKind::EjabberdThrottle).await?)
}

/// An engine that knows this server alone, by an onion address that is another server's: dialers past Tor mind that.
async fn open_with_onion(home: &Path, lab: &Remote, server: &LabServer) -> Tested<Engine> {
    let mut facts: Value = serde_json::from_str(&std::fs::read_to_string(lab.facts_file())?)?;
    let onion = lab.facts().network.servers.iter().map(|server| &server.onion).find(|onion| !onion.is_empty());
    facts["network"]["servers"] =
        json!([{ "domain": server.domain(), "onion": onion.ok_or("no onion")?, "in_band_registration": "yes" }]);
    let network = Network::Private(PrivateNetwork::parse(&facts.to_string())?);
    Ok(Engine::open(Config { home: home.to_owned(), key: Key::File, network, resolvers: None }).await?)
}

/// The identities that were drawn, each with the route that it was for.
fn drawn(events: &[Event]) -> Vec<(String, Route)> {
    let sealed = |event: &Event| match event {
        Event::Creating { burner, step: Step::Sealed { via, .. } } => Some((burner.to_string(), *via)),
        _ => None,
    };
    events.iter().filter_map(sealed).collect()
}

/// The isolated dialers of one route's streams.
fn dialers(streams: &[(usize, Target)], route: Route) -> BTreeSet<usize> {
    let is_of = |target: &Target| matches!(target, Target::Onion { .. }) == (route == Route::Onion);
    streams.iter().filter(|(_, target)| is_of(target)).map(|(dialer, _)| *dialer).collect()
}

/// What the server was told since then, names and passwords. ejabberd's log may be a second late.
async fn told(server: &LabServer, before: usize) -> Tested<Vec<[String; 2]>> {
    sleep(Duration::from_secs(2)).await;
    Ok(forms_in(&log(server)?.split_off(before)))
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn an_onion_service_that_is_asked_too_much_is_asked_by_an_exit_as_somebody_else() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    let server = rested(&lab).await?;
    let engine = open_with_onion(home.path(), &lab, &server).await?;
    let recorded = Recorded::new(&lab, Some(server.domain()));
    engine.start_on(recorded.clone()).await?;
    let accounts = server.accounts().await?;
    let early = engine.create_burner(CreateOptions::default()).await?;
    assert_eq!(dialers(&recorded.take(), Route::Exit), BTreeSet::new());
    sleep(Duration::from_secs(2)).await;
    let (before, mut events) = (log(&server)?.len(), engine.events(None));

    let burner = engine.create_burner(CreateOptions::default()).await?;
    let events = all(&mut events);
    assert_eq!(refusals(&events), [(server.domain().to_owned(), "rate_limited")]);
    let [(refused, first), (made, second)] =
        <[_; 2]>::try_from(drawn(&events)).map_err(|drawn| format!("{drawn:?}"))?;
    assert_eq!((first, second), (Route::Onion, Route::Exit));
    assert!(refused != made && made == burner.id.to_string());
    let streams = recorded.take();
    let [by_onion, by_exit] = [Route::Onion, Route::Exit].map(|route| dialers(&streams, route));
    assert_eq!((by_onion.len(), by_exit.len()), (1, 1), "{streams:?}");
    assert!(by_onion.is_disjoint(&by_exit), "no circuit carries both: {streams:?}");
    let told = told(&server, before).await?;
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told.iter().flatten().collect::<BTreeSet<_>>().len(), 4, "another name and password: {told:?}");
    assert!(!burner.jid.starts_with(&format!("{}@", told[0][0])), "{told:?}");
    assert_eq!(server.accounts().await?.difference(&accounts).count(), 2);

    for burner in [early, burner] {
        assert_eq!(engine.burn(&burner.id).await?.outcome, BurnOutcome::Proven);
    }
    engine.close().await;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn an_exit_that_was_taken_for_a_dead_onion_service_is_not_taken_twice() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    let server = rested(&lab).await?;
    let engine = open_with_onion(home.path(), &lab, &server).await?;
    engine.start_on(Recorded::new(&lab, None)).await?;
    let early = engine.create_burner(CreateOptions::default()).await?;
    sleep(Duration::from_secs(2)).await;
    let (before, mut events) = (log(&server)?.len(), engine.events(None));

    let refused = engine.create_burner(CreateOptions::default()).await;
    assert_eq!(refused.err(), Some(Error::RateLimited { retry_after: None }));
    let events = all(&mut events);
    let is_by_exit =
        |event: &Event| matches!(event, Event::Creating { step: Step::OtherRoute { via: Route::Exit }, .. });
    assert!(events.iter().any(is_by_exit), "{events:?}");
    assert_eq!(drawn(&events).len(), 1, "{events:?}");
    assert_eq!(told(&server, before).await?.len(), 1);

    assert_eq!(engine.burn(&early.id).await?.outcome, BurnOutcome::Proven);
    engine.close().await;
    Ok(())
}
