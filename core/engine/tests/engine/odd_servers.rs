//! Servers that do not get on, one that removes no account, and one that does everything at once.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use flashpaper::{BurnOutcome, BurnReport, CreateOptions, Dial, Dialed, Dialers, Engine, Error, Event, Step};
use flashpaper_lab::{LabServer, Remote, ServerKind};
use flashpaper_tor::{DialError, Target};
use futures::future::BoxFuture;
use tempfile::TempDir;
use tokio::io::DuplexStream;

use crate::challenges::form;
use crate::recorded::Recorded;
use crate::registering::{all, at, direct, forms_in, log, open_with_servers, refusals};
use crate::support::{Direct, SERVER, Tested, config};

/// What opening a stream may take, and what this machine may need besides.
const OPENING: [Duration; 2] = [Duration::from_secs(55), Duration::from_secs(80)];

/// A creation at a server that does not get on, alone: it ends in time, and nothing is left.
async fn ends_in_time(lab: &Remote, server: &LabServer) -> Tested {
    let (home, begin) = (TempDir::new()?, Instant::now());
    let engine = direct(&home, lab).await?;
    let ended = engine.create_burner(at(server.domain())).await;
    let took = begin.elapsed();
    assert_eq!(ended.err(), Some(Error::Timeout), "{}", server.domain());
    assert!(OPENING[0] < took && took < OPENING[1], "{}: {took:?}", server.domain());
    assert!(engine.burners()?.is_empty(), "{}", server.domain());
    engine.close().await;
    Ok(())
}

/// A creation that meets such a server first goes on to the next one.
async fn goes_on(lab: &Remote, server: &LabServer) -> Tested {
    let home = TempDir::new()?;
    // The one that is said to ask something comes last.
    let engine = open_with_servers(home.path(), lab, &[(server.domain(), "yes"), (SERVER, "captcha")]).await?;
    engine.start_on(Direct::plain(lab)).await?;
    let mut events = engine.events(None);
    let burner = engine.create_burner(CreateOptions::default()).await?;
    assert!(burner.jid.ends_with(SERVER), "{}", burner.jid);
    assert_eq!(refusals(&all(&mut events)), [(server.domain().to_owned(), "timeout")]);
    assert_eq!(engine.burners()?.len(), 1);
    assert_eq!(engine.burn(&burner.id).await?.outcome, BurnOutcome::Proven);
    engine.close().await;
    Ok(())
}

/// The slow one is scripted to send a byte a second: what it offers takes minutes, so it is left as well.
#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_stream_that_stalls_or_is_slow_is_left_in_time() -> Tested {
    let lab = Remote::from_env()?;
    let (stall, slow) = (lab.server(ServerKind::Stall).await?, lab.server(ServerKind::Slow).await?);
    let (stalls, slows, on) =
        tokio::join!(ends_in_time(&lab, &stall), ends_in_time(&lab, &slow), goes_on(&lab, &stall));
    stalls.and(slows).and(on)?;
    for server in [stall, slow] {
        let heard = std::fs::read_to_string(&server.facts().log)?;
        assert!(heard.contains("<stream:stream"), "{heard}");
        assert!(!heard.contains("<username") && !heard.contains("<auth"), "no name was told: {heard}");
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn an_account_that_its_server_does_not_remove_gets_a_password_that_nobody_keeps() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    let server = lab.server(ServerKind::Undeletable).await?;
    let before = server.accounts().await?;
    let engine = direct(&home, &lab).await?;
    let burner = engine.create_burner(at(server.domain())).await?;
    let name = burner.jid.split('@').next().ok_or("no name")?.to_owned();
    engine.add_contact(&burner.id, "peer@burner.test")?;
    let mut events = engine.events(None);
    assert_eq!(engine.burn(&burner.id).await?, BurnReport { outcome: BurnOutcome::Disabled, reason: None });
    let disabled = Event::Burning { burner: burner.id.clone(), step: Step::Disabled };
    assert!(all(&mut events).contains(&disabled), "the same login was refused behind that");
    assert!(engine.burners()?.is_empty() && engine.pending_removals()?.is_empty());
    engine.close().await;
    assert_eq!(server.accounts().await?.difference(&before).collect::<BTreeSet<_>>(), BTreeSet::from([&name]));
    Ok(())
}

/// It has made the account and says that it failed: the account is looked for and removed before anybody else is asked.
#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn an_account_that_a_server_has_made_and_says_it_has_not_is_removed_before_another_is_made() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    let server = lab.server(ServerKind::Faulty).await?;
    let before = log(&server)?.len();
    // The one that is said to ask something comes last.
    let engine = open_with_servers(home.path(), &lab, &[(server.domain(), "yes"), (SERVER, "captcha")]).await?;
    engine.start_on(Direct::plain(&lab)).await?;
    let mut events = engine.events(None);
    let burner = engine.create_burner(CreateOptions::default()).await?;
    assert!(burner.jid.ends_with(SERVER), "{}", burner.jid);
    assert_eq!(forms_in(&log(&server)?.split_off(before)).len(), 1);
    assert!(server.accounts().await?.is_empty());
    let ends: Vec<_> = all(&mut events)
        .into_iter()
        .filter_map(|event| match event {
            Event::Settled { outcome, .. } => Some(format!("{outcome:?}")),
            Event::Creating { step: Step::MovingOn { why, .. }, .. } => Some(why.code().to_owned()),
            _ => None,
        })
        .collect();
    assert_eq!(ends, ["Removed", "server_failed"], "the account was there");
    assert_eq!(engine.burn(&burner.id).await?.outcome, BurnOutcome::Proven);
    engine.close().await;
    Ok(())
}

fn refused_with(condition: &str) -> String {
    format!(
        "<iq type='error' id='{{id}}'><error type='cancel'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
         </error></iq>"
    )
}

/// By the scripted server, as no real one says each of them to a name and a password that were drawn.
#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_name_that_is_taken_is_drawn_anew_and_what_else_is_wrong_with_a_plain_form_ends_it() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    let engine = Engine::open(config(home.path(), &lab)?).await?;
    let recorded = Recorded::new(&lab, None);
    engine.start_on(recorded.clone()).await?;
    let server = lab.server(ServerKind::Malformed).await?;
    for (condition, why, tries) in [
        ("conflict", Error::NamesTaken, 3),
        ("not-acceptable", Error::WeakPassword, 1),
        ("not-allowed", Error::PolicyDenied, 1),
    ] {
        std::fs::write(&server.facts().log, [])?;
        server.answer_with(&[&form(""), &refused_with(condition)]).await?;
        recorded.take();
        assert_eq!(engine.create_burner(at(server.domain())).await.err(), Some(why), "{condition}");
        // The log of a scripted server has no lines.
        let told = forms_in(&log(&server)?.replace("<iq ", "\nRECV: <iq "));
        let words: BTreeSet<_> = told.iter().flatten().collect();
        assert_eq!((told.len(), words.len()), (tries, 2 * tries), "{condition}: {told:?}");
        let streams = recorded.take();
        let is_to_server = |target: &Target| matches!(target, Target::Host { name, .. } if name == server.domain());
        let dialers: Vec<_> = streams.iter().filter(|(_, to)| is_to_server(to)).map(|(dialer, _)| dialer).collect();
        assert_eq!(dialers.len(), tries, "{condition}: {streams:?}");
        assert_eq!(dialers.into_iter().collect::<BTreeSet<_>>().len(), tries, "{condition}: {streams:?}");
        assert!(engine.burners()?.is_empty(), "{condition}");
    }
    engine.close().await;
    Ok(())
}

/// Prosody 13 logs in and binds in one round trip; all else is as anywhere.
#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_burner_is_made_and_burnt_at_a_server_with_sasl2() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    let server = lab.server(ServerKind::Sasl2).await?;
    let before = (server.accounts().await?, log(&server)?.len());
    let engine = direct(&home, &lab).await?;
    let burner = engine.create_burner(at(server.domain())).await?;
    assert_eq!(server.accounts().await?.difference(&before.0).count(), 1);
    assert_eq!(engine.burn(&burner.id).await?.outcome, BurnOutcome::Proven);
    assert_eq!(server.accounts().await?, before.0);
    let log = log(&server)?.split_off(before.1);
    assert!(log.contains("<authenticate") && log.contains("urn:xmpp:sasl:2"), "by SASL2");
    assert!(!log.contains("<auth "), "and not as before it");
    engine.close().await;
    Ok(())
}

/// Dialers to which port 5223 drops whatever comes, as a firewall does: a stream through an exit is open all the same.
struct Dropping {
    direct: Arc<dyn Dialers>,
    dial: Arc<dyn Dial>,
    drops: Arc<AtomicBool>,
    /// The far ends, which say nothing.
    far: Arc<Mutex<Vec<DuplexStream>>>,
}

impl Dropping {
    fn over(direct: Arc<dyn Dialers>) -> Arc<Self> {
        let (dial, drops, far) = (direct.isolated(), Arc::new(AtomicBool::new(true)), Arc::default());
        Arc::new(Self { direct, dial, drops, far })
    }
}

impl Dialers for Dropping {
    fn isolated(&self) -> Arc<dyn Dial> {
        let (direct, dial) = (Arc::clone(&self.direct), self.direct.isolated());
        Arc::new(Self { direct, dial, drops: Arc::clone(&self.drops), far: Arc::clone(&self.far) })
    }
}

impl Dial for Dropping {
    fn dial<'a>(&'a self, target: &'a Target, limit: Duration) -> BoxFuture<'a, Result<Dialed, DialError>> {
        if !(self.drops.load(Relaxed) && matches!(target, Target::Host { port: 5223, .. })) {
            return self.dial.dial(target, limit);
        }
        let (near, far) = tokio::io::duplex(65_536);
        self.far.lock().unwrap_or_else(PoisonError::into_inner).push(far);
        Box::pin(async { Ok(Dialed { stream: Box::new(near), circuit: None }) })
    }
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn where_one_port_drops_what_comes_the_other_is_tried() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    let dialers = Dropping::over(Direct::plain(&lab));
    let engine = Engine::open(config(home.path(), &lab)?).await?;
    engine.start_on(Arc::clone(&dialers) as _).await?;
    let burner = engine.create_burner(at(SERVER)).await?;
    assert_eq!(dialers.far.lock().unwrap().len(), 1, "it was tried first");
    dialers.drops.store(false, Relaxed);
    assert_eq!(engine.burn(&burner.id).await?.outcome, BurnOutcome::Proven);
    engine.close().await;
    Ok(())
}
