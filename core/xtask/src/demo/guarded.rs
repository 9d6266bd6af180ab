//! Servers that guard their registration, with real Prosody and ejabberd: one asks what a picture shows, one refuses, one
//! puts new accounts aside. What the user would see and type goes through `flashpaper new --json`.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::story::{Events, Story, timed};
use crate::lab::Lab;
use crate::run::{Done, target};

pub(super) fn play(home: &Path, lab: &Lab) -> Done {
    let story = |name: &str| Story { home: home.join(name), network: lab.facts_file() };

    println!("\n-- a server that asks what a picture shows");
    let captcha = serve(lab, "captcha")?;
    create(&story("captcha"), &["--server", &captcha], lab)?;

    println!("\n-- two servers to choose from: one makes no accounts");
    let closed = serve(lab, "closed")?;
    // What asks nothing is tried first.
    let network = home.join("two-servers.json");
    let servers = json!([server(&closed, "yes"), server(&captcha, "captcha")]);
    let mut facts = lab.facts().clone();
    facts["network"]["servers"] = servers;
    fs::write(&network, facts.to_string())?;
    let refusals = create(&Story { network, ..story("two-servers") }, &[], lab)?;
    if refusals != [(closed, "registration_closed".to_owned())] {
        return Err(format!("moved on from other servers, or for another reason: {refusals:?}").into());
    }

    println!("\n-- a server that lets new accounts write to nobody");
    quarantined(&story("quarantine"), lab)
}

/// Starts a server of the lab; its domain.
fn serve(lab: &Lab, kind: &str) -> Done<String> {
    let facts: Value = timed(&format!("the server is up: {kind}"), || {
        Ok(serde_json::from_str(&lab.order(&format!("serve {kind}"))?)?)
    })?;
    Ok(facts["domain"].as_str().ok_or("no domain")?.to_owned())
}

/// An entry of the server directory.
fn server(domain: &str, kind: &str) -> Value {
    json!({ "domain": domain, "onion": "", "in_band_registration": kind })
}

/// Makes a burner where a picture is asked about, and burns it. The servers that were moved on from, and why.
fn create(story: &Story, args: &[&str], lab: &Lab) -> Done<Vec<(String, String)>> {
    let mut new = story.start(&[&["new", "--exit"], args].concat(), Stdio::piped())?;
    let name = story.home.file_name().ok_or("no name")?;
    let picture = target().join(name).with_extension("png");
    let (mut refusals, mut is_answered) = (Vec::new(), false);
    let burner = loop {
        let event = new.next()?.ok_or("flashpaper ended without a burner")?;
        match event["type"].as_str() {
            Some("creating") if event["step"] == "moving_on" => {
                let text = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
                let (from, why) = (text("from"), text("why"));
                println!("moved on from {from}: {why}");
                refusals.push((from, why));
            }
            Some("question") => answer(&mut new, &event, &picture, lab)?,
            Some("question_ended") => is_answered = event["end"] == "answered",
            Some("burner") => break event,
            _ => {}
        }
    };
    new.end()?;
    if !is_answered {
        return Err("no question was asked and answered".into());
    }
    let jid = burner["jid"].as_str().ok_or("no address")?;
    println!("burner: {jid}");
    story.burn(jid)?;
    Ok(refusals)
}

/// Saves the picture of a question, and answers as the user who has looked at it.
fn answer(new: &mut Events, question: &Value, file: &Path, lab: &Lab) -> Done {
    let fields = question["form"]["fields"].as_array().ok_or("no fields")?;
    let place = fields.iter().position(|field| !field["picture"].is_null()).ok_or("no picture")?;
    let picture = &fields.get(place).ok_or("no field")?["picture"];
    let bytes = BASE64.decode(picture["bytes"].as_str().ok_or("no bytes")?.as_bytes())?;
    if picture["media_type"] != "image/png" || !bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Err("the picture is no PNG".into());
    }
    fs::write(file, bytes)?;
    println!("asked: what a picture shows ({})", file.display());
    let shown = lab.order("captcha captcha")?;
    new.say(&json!({ "answer": { "question": question["id"], "fields": { place.to_string(): shown } } }))?;
    println!("answered: {shown}");
    Ok(())
}

/// Has a server make an account that is of no use: that is told, and nothing of it is left.
fn quarantined(story: &Story, lab: &Lab) -> Done {
    let domain = serve(lab, "quarantine")?;
    let mut new = story.start(&["new", "--exit", "--server", &domain], Stdio::null())?;
    let (mut is_made, mut error) = (false, Value::Null);
    while let Some(event) = new.next()? {
        is_made |= event["step"] == "registered";
        if event["step"] == "server_says" {
            println!("{domain} says: {}", event["words"]);
        }
        if event["type"] == "error" {
            error = event;
        }
    }
    if !is_made || error["code"] != "quarantined" {
        return Err(format!("made: {is_made}, told: {error}").into());
    }
    println!("quarantine: told, and no burner handed over");

    let accounts = lab.order("accounts quarantine")?;
    let is_listed = story.start(&["list"], Stdio::null())?.until("burner").is_ok();
    if accounts != "[]" || is_listed {
        return Err(format!("left: {accounts} there, here: {is_listed}").into());
    }
    println!("left of it: nothing, there and here");
    Ok(())
}
