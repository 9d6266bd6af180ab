//! What commands do with a burner and `chat` does alike.

use flashpaper::{Address, BurnOutcome, BurnReport, Burner, BurnerId, Engine, Error};
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
    let status = engine.snapshot().burners.into_iter().find(|status| status.burner.id == *id);
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
        BurnOutcome::Proven | BurnOutcome::Disabled | BurnOutcome::AlreadyGone => Ok(()),
        outcome => Err(Failure::NotProven(outcome, report.reason)),
    }
}

/// The burner that the user means.
pub(crate) fn find(engine: &Engine, name: &str) -> Result<Burner, Failure> {
    let mut found = engine.burners()?.into_iter().filter(|burner| is_address(name, &burner.jid, &burner.id));
    match (found.next(), found.next()) {
        (Some(burner), None) => Ok(burner),
        (Some(_), Some(_)) => Err(Failure::Ambiguous),
        (None, _) => Err(Error::NoSuchBurner.into()),
    }
}

/// Whether a name is a burner's: its address in any form, what `uri` prints (RFC 5122), the part before the @, or its id.
pub(crate) fn is_address(name: &str, jid: &str, id: &BurnerId) -> bool {
    let short = name.trim().to_lowercase();
    let address = Address::parse(name);
    address.is_some() && address == Address::parse(jid)
        || jid.split('@').next() == Some(&*short)
        || id.to_string() == short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burner_is_named_by_its_address_in_any_form() {
        let (jid, id) = ("me@m\u{fc}nchen.example", BurnerId::from("9f1c2a77b0e4d613".to_owned()));
        let key = "AB".repeat(20);
        for name in [
            "me",
            "Me",
            "9F1C2A77B0E4D613",
            "me@m\u{fc}nchen.example",
            "ME@M\u{dc}NCHEN.example.",
            "me@xn--mnchen-3ya.example",
            "xmpp:me@m%C3%BCnchen.example",
            &format!("xmpp:me@m%C3%BCnchen.example?otr-fingerprint={key}"),
            &format!("XMPP:me%40xn--mnchen-3ya.example?otr-fingerprint={key}\n"),
        ] {
            assert!(is_address(name, jid, &id), "{name}");
        }
        for name in ["", "you", "m\u{fc}nchen.example", "you@m\u{fc}nchen.example", "me@munchen.example", "xmpp:", "@"]
        {
            assert!(!is_address(name, jid, &id), "{name}");
        }
    }
}
