//! `burn`, and what is left of burners.

use std::fs;
use std::path::Path;

use flashpaper::{BurnOutcome, BurnReport, BurnerId, BurnerState, Engine, Error, Settlement};
use serde_json::json;

use crate::burner::{burned, burned_line, find, is_address};
use crate::exit::Failure;
use crate::output::{Output, SERVER, Screen, with_type};
use crate::text::printable;

/// What is to be burnt: the burner or the waiting removal of that name; without one all of them.
pub(crate) fn found(engine: &Engine, name: Option<&str>) -> Result<Vec<BurnerId>, Failure> {
    let waiting = engine.pending_removals()?;
    let Some(name) = name else {
        let burners = engine.burners()?.into_iter().map(|burner| burner.id);
        return Ok(burners.chain(waiting.into_iter().map(|removal| removal.burner)).collect());
    };
    let is_meant = |removal: &flashpaper::PendingRemoval| is_address(name, &removal.jid, &removal.burner);
    match (find(engine, name), waiting.iter().find(|removal| is_meant(removal))) {
        (Ok(burner), _) => Ok(vec![burner.id]),
        (Err(_), Some(removal)) => Ok(vec![removal.burner.clone()]),
        (Err(error), None) => Err(error),
    }
}

pub(crate) async fn wipe(engine: &Engine, output: &Output, burners: &[BurnerId]) -> Result<(), Failure> {
    for burner in burners {
        engine.wipe(burner).await?;
        output.object(&json!({ "type": "wiped", "burner": burner }));
        output.line("wiped: its removal is all that is left of it here");
    }
    Ok(())
}

/// Puts the removals of a ticket into the queue; gives them.
pub(crate) async fn redeem(engine: &Engine, output: &Output, ticket: &str) -> Result<Vec<BurnerId>, Failure> {
    let burners = engine.redeem(ticket).await?;
    output.object(&json!({ "type": "redeemed", "burners": burners }));
    output.line(&format!("the removals of {} accounts wait here from now on", burners.len()));
    Ok(burners)
}

pub(crate) async fn burn(engine: &Engine, screen: &mut Screen<'_>, burners: &[BurnerId]) -> Result<(), Failure> {
    let output = screen.output;
    let mut done = Ok(());
    for burner in burners {
        let was_begun = engine.burners()?.iter().all(|of| of.id != *burner || of.state == BurnerState::Burning);
        let report = match screen.during(SERVER, engine.burn(burner)).await {
            // The engine has gone on with it by itself, and finished it.
            Err(Error::NoSuchBurner) if was_begun => {
                let outcome = match screen.settled.get(burner) {
                    Some(Settlement::Removed) => BurnOutcome::Proven,
                    Some(Settlement::Disabled) => BurnOutcome::Disabled,
                    _ => BurnOutcome::AlreadyGone,
                };
                BurnReport { outcome, reason: None }
            }
            report => report?,
        };
        output.object(&with_type("burned", &report));
        output.line(&burned_line(&report));
        done = done.and(burned(report));
    }
    done
}

pub(crate) async fn burn_all(engine: &Engine, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let output = screen.output;
    let mut done = Ok(());
    for of in screen.during(SERVER, engine.burn_all()).await? {
        let ended = match (of.report, of.failed) {
            (Some(report), _) => {
                let mut object = with_type("burned", &report);
                object["burner"] = json!(of.burner);
                output.object(&object);
                output.line(&burned_line(&report));
                burned(report)
            }
            // A start that has gone on with it was quicker.
            (None, Some(Error::NoSuchBurner) | None) => Ok(()),
            (None, Some(error)) => Err(error.into()),
        };
        done = done.and(ended);
    }
    done
}

/// What is left in the folder and in the queue.
pub(crate) fn show_left(engine: &Engine, output: &Output, home: &Path) -> Result<(), Failure> {
    let (burners, removals) = (engine.burners()?.len(), engine.pending_removals()?);
    let (mut files, mut bytes) = (0_u64, 0);
    count(home, &mut files, &mut bytes);
    let has_tor = home.join("tor").exists();
    let left = json!({ "type": "left", "burners": burners, "removals": removals.len(), "files": files, "bytes": bytes,
        "tor": has_tor });
    output.object(&left);
    let tor = if has_tor { "Tor's among them" } else { "none of Tor" };
    output.line(&format!("on disk    {burners} burners; {files} files, {} KiB, {tor}", bytes.div_ceil(1024)));
    for removal in removals {
        output.object(&with_type("removal", &removal));
        let proof = if removal.confirmed { "to be shown to be gone" } else { "to be removed" };
        output.line(&format!("in queue   {}: {proof}", printable(&removal.jid)));
    }
    Ok(())
}

/// Counts the files below a folder. What cannot be read is left out.
fn count(folder: &Path, files: &mut u64, bytes: &mut u64) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(data) = entry.metadata() else { continue };
        if data.is_dir() {
            count(&entry.path(), files, bytes);
        } else {
            *files += 1;
            *bytes += data.len();
        }
    }
}
