//! How burners end, and how one comes back: one at its time, by itself; one restored from its recovery words in another folder;
//! one by a duress passphrase, one by a panic. The server's own list of accounts says what became of each.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Stdio;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::story::{Story, timed};
use super::talk::Chat;
use crate::lab::Lab;
use crate::run::{Done, run};

/// How long the burner that ends by itself has left, in seconds.
const LIFE: u64 = 5;

pub(super) fn play(home: &Path, lab: &Lab) -> Done {
    let story = |name: &str| Story { home: home.join(name), network: lab.facts_file() };

    println!("\n-- a burner ends by itself");
    expires(&story("expiry"), lab)?;

    println!("\n-- a burner comes back from its recovery words, in another folder");
    comes_back(&story("lost"), &story("found"), lab)?;

    println!("\n-- a folder is opened with its duress passphrase");
    opened_under_duress(&story("duress"), lab)?;

    println!("\n-- a panic");
    panics(&story("panic"), lab)
}

/// Has a burner's time run out while a program has it open, which asks for nothing more.
fn expires(story: &Story, lab: &Lab) -> Done {
    let jid = create(story, &[], lab)?;
    let mut chat = Chat::start(story, &jid)?;
    let at = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() + LIFE;
    chat.done(json!({ "command": "expire", "at": at }))?;
    println!("expires: in {LIFE} s");
    chat.done(json!({ "command": "connect" }))?;
    timed("its time is over", || chat.until(|event| event["type"] == "expired"))?;
    let settled = timed("it was burnt by itself", || chat.until(|event| event["type"] == "settled"))?;
    if settled["outcome"] != "removed" {
        return Err(format!("the expired burner: {}", settled["outcome"]).into());
    }
    drop(chat);
    let here = listed(story, &[])?;
    if is_at_server(lab, &jid)? || !here.is_empty() {
        return Err(format!("the expired burner is still there; here: {here:?}").into());
    }
    println!("left of it: nothing, there and here");
    Ok(())
}

/// Restores in one folder a burner of another.
fn comes_back(lost: &Story, found: &Story, lab: &Lab) -> Done {
    let mut new = lost.start(&["new", "--exit", "--recoverable"], Stdio::null())?;
    let burner = new.until("burner")?;
    let words = new.until("words")?;
    new.end()?;
    let jid = address(&burner)?;
    println!("burner: {jid}");
    let mut again = lost.start(&["words", jid], Stdio::null())?;
    let is_shown = again.until("words").is_ok();
    again.end()?;
    if is_shown {
        return Err("the recovery words were shown twice".into());
    }
    println!("recovery words: shown once");

    let file = found.home.with_extension("words");
    fs::write(&file, words["words"].as_str().ok_or("no words")?)?;
    let domain = jid.split('@').next_back().unwrap_or_default();
    let restored = found.last(&["restore", domain, &file.display().to_string(), "--exit"], "burner")?;
    let key = |story: &Story| -> Done<String> {
        Ok(story.last(&["uri", jid], "uri")?["fingerprint"].as_str().ok_or("no fingerprint")?.to_owned())
    };
    let (before, after) = (key(lost)?, key(found)?);
    println!("restored: {}", address(&restored)?);
    println!("its OTR fingerprint before: {before}\nits OTR fingerprint now:    {after}");
    if restored["jid"] != *jid || before != after {
        return Err("another burner came back".into());
    }
    found.burn(jid)?;
    if is_at_server(lab, jid)? { Err("it is still at its server".into()) } else { Ok(()) }
}

/// Opens a folder with a burner in it with the passphrase that ends it.
fn opened_under_duress(story: &Story, lab: &Lab) -> Done {
    let file = |name: &str, passphrase: &str| -> Done<String> {
        let file = story.home.with_extension(name);
        fs::write(&file, passphrase)?;
        Ok(file.display().to_string())
    };
    let (own, duress) = (file("own", "seven quiet herons")?, file("other", "six loud gulls")?);
    let with_own = ["--passphrase", &own];
    let jid = create(story, &with_own, lab)?;
    timed("a duress passphrase is set", || {
        story.last(&[&["passphrase", "--duress", &duress], &with_own[..]].concat(), "duress")
    })?;
    let burners = timed("opened with the passphrase", || listed(story, &with_own))?;
    if burners != [jid.as_str()] {
        return Err(format!("the folder has {burners:?}").into());
    }
    println!("burners: {}", burners.len());
    let burners = timed("opened with the duress passphrase", || listed(story, &["--passphrase", &duress]))?;
    if !burners.is_empty() {
        return Err(format!("still there: {burners:?}").into());
    }
    println!("burners: none");
    let refused = story.start(&[&["list"], &with_own[..]].concat(), Stdio::null())?.until("error")?;
    if refused["code"] != "vault_locked" {
        return Err(format!("the passphrase: {refused}").into());
    }
    println!("the passphrase opens nothing any more");
    stays(lab, &jid)
}

/// Ends a folder with a burner in it at once.
fn panics(story: &Story, lab: &Lab) -> Done {
    let jid = create(story, &[], lab)?;
    let before = entries(&story.home)?;
    let mut panic = story.command(&["panic"]);
    let started = Instant::now();
    run(panic.stdout(Stdio::null()))?;
    let took = started.elapsed();
    println!("panic: done in {} ms", took.as_millis());
    let after = entries(&story.home)?;
    println!("in the folder: {before} entries before, {after} now");
    if before == 0 || after > 0 {
        return Err("files are left in the folder".into());
    }
    stays(lab, &jid)
}

/// Makes a burner, which its server has then; its address.
fn create(story: &Story, args: &[&str], lab: &Lab) -> Done<String> {
    let burner = story.last(&[&["new", "--exit"], args].concat(), "burner")?;
    let jid = address(&burner)?.to_owned();
    println!("burner: {jid}");
    if is_at_server(lab, &jid)? { Ok(jid) } else { Err("it is not at its server".into()) }
}

fn address(burner: &Value) -> Done<&str> {
    Ok(burner["jid"].as_str().ok_or("no address")?)
}

/// The addresses of a folder's burners.
fn listed(story: &Story, args: &[&str]) -> Done<Vec<String>> {
    let mut list = story.start(&[&["list"], args].concat(), Stdio::null())?;
    let mut addresses = Vec::new();
    while let Some(event) = list.next()? {
        if event["type"] == "burner" {
            addresses.push(address(&event)?.to_owned());
        }
    }
    list.end()?;
    Ok(addresses)
}

/// Says that an account stays, as it does where only the folder ends.
fn stays(lab: &Lab, jid: &str) -> Done {
    if !is_at_server(lab, jid)? {
        return Err("the account is gone at its server".into());
    }
    println!("at its server the account stays: {jid}");
    Ok(())
}

/// Whether the server itself has an account: Prosody stores each in a file.
fn is_at_server(lab: &Lab, jid: &str) -> Done<bool> {
    let data = lab.facts()["accounts"].as_str().ok_or("no folder of accounts")?;
    let (name, domain) = jid.split_once('@').ok_or("no domain")?;
    // It escapes what is no letter or digit.
    let folder = Path::new(data).join(domain.replace('.', "%2e")).join("accounts");
    Ok(folder.join(format!("{name}.dat")).try_exists()?)
}

/// How many files and folders are in a folder; none where it is gone.
fn entries(folder: &Path) -> Done<usize> {
    match fs::read_dir(folder) {
        Ok(entries) => Ok(entries.count()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error.into()),
    }
}
