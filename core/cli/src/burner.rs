//! What commands do with a burner and `chat` does alike.

use flashpaper::{BurnOutcome, BurnReport, BurnerId, Engine, Error};
use serde_json::{Value, json};

use crate::exit::Failure;
use crate::output::with_type;

/// A burner's address and key, for programs.
pub(crate) fn uri_object(engine: &Engine, id: &BurnerId) -> Result<Value, Error> {
    Ok(json!({ "type": "uri", "burner": id, "uri": engine.uri(id)?, "fingerprint": engine.fingerprint(id)? }))
}

/// Gives a burner, or a peer of it, a label, or takes it away; which one there is then.
pub(crate) fn set_label(
    engine: &Engine,
    id: &BurnerId,
    peer: Option<&str>,
    label: Option<&str>,
) -> Result<Option<String>, Error> {
    engine.set_label(id, peer, label)?;
    if let Some(peer) = peer {
        return Ok(engine.conversation(id, peer)?.label);
    }
    let status = engine.snapshot()?.burners.into_iter().find(|status| status.burner.id == *id);
    Ok(status.and_then(|status| status.label))
}

/// How a burn ended, for people.
pub(crate) fn burned_line(report: &BurnReport) -> String {
    let object = with_type("", report);
    format!("burned: {}", object["outcome"].as_str().unwrap_or_default().replace('_', " "))
}

/// Whether a burn ended as it should.
pub(crate) fn burned(report: BurnReport) -> Result<(), Failure> {
    match report.outcome {
        BurnOutcome::Proven | BurnOutcome::AlreadyGone => Ok(()),
        outcome => Err(Failure::NotProven(outcome, report.reason)),
    }
}
