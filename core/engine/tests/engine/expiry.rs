//! A burner that ends by itself at a real server.

use std::time::{Duration, SystemTime};

use flashpaper::{CreateOptions, Event, Route, Settlement, Step};
use flashpaper_lab::{Remote, accounts};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::registering::direct;
use crate::support::{PATIENCE, SERVER, Tested};

/// How long the burner lives: its creation takes less.
const LIFE: Duration = Duration::from_secs(20);

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_burner_that_was_made_to_expire_is_gone_at_its_server_by_itself() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    lab.reset().await?;
    let engine = direct(&home, &lab).await?;
    let mut events = engine.events(None);
    let expires_at = Some(SystemTime::now() + LIFE);
    let options =
        CreateOptions { server: Some(SERVER.into()), route: Some(Route::Exit), expires_at, ..CreateOptions::default() };
    let burner = engine.create_burner(options).await?;
    let username = burner.jid.split('@').next().unwrap_or_default().to_owned();
    assert!(accounts::names(lab.facts(), SERVER)?.contains(&username));
    // In this order, and nobody asks for it: it is not even connected.
    let mut steps = vec!["expiring", "expired", "removed", "proven", "settled"].into_iter();
    let mut next = steps.next();
    let end = async {
        while let Some(step) = next {
            let Some(event) = events.next().await else { return };
            let is_it = match (step, event) {
                ("expiring", Event::Expiring { .. })
                | ("expired", Event::Expired { .. })
                | ("removed", Event::Burning { step: Step::Removed, .. })
                | ("proven", Event::Burning { step: Step::ProvenGone, .. }) => true,
                ("settled", Event::Settled { outcome, .. }) => outcome == Settlement::Removed,
                _ => false,
            };
            next = if is_it { steps.next() } else { next };
        }
    };
    timeout(PATIENCE, end).await?;
    assert_eq!(next, None);
    assert!(SystemTime::now() >= expires_at.ok_or("set")?);
    assert!(!accounts::names(lab.facts(), SERVER)?.contains(&username) && engine.burners()?.is_empty());
    engine.close().await;
    Ok(())
}
