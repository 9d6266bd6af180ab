//! `panic`: without an engine, unless it is to leave a ticket.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use flashpaper::{Engine, PanicReport};
use serde_json::json;

use crate::ask;
use crate::exit::Failure;
use crate::output::Output;
use crate::{holder, lock};

/// The option that takes the file.
const TICKET: &str = "--ticket";

/// The folder may be under a passphrase, in use or damaged. A `chat` that has it open locks itself then; another program goes on with
/// what it has in memory, which is told.
pub(crate) fn panic(home: &Path, output: &Output) -> Result<(), Failure> {
    let (chat, is_held, holder) = (lock::running(home), holder::is_held(home), holder::of(home));
    let report = Engine::panic(home, None);
    ask::remove_left(home);
    match chat {
        Some(chat) => chat.ask(),
        None if is_held => {
            let holder = holder.unwrap_or_else(|| "another program".to_owned());
            output.warning("in_memory", &format!("{holder} has its keys in memory until it ends: end it"));
        }
        None => {}
    }
    ended(report)?;
    output.object(&json!({ "type": "panicked" }));
    output.line(DONE);
    Ok(())
}

/// Opens the folder first. Where that or the file cannot be had, nothing is ended. `open`: `None` where nothing was ever in the
/// folder.
pub(crate) async fn with_ticket(
    home: &Path,
    file: &Path,
    output: &Output,
    open: impl Future<Output = Result<Option<Engine>, Failure>>,
) -> Result<(), Failure> {
    let unwritable = |_| Failure::Unwritable(TICKET);
    // A file that is there may be an earlier ticket.
    let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).map_err(unwritable)?;
    let opened = open.await.inspect_err(|_| drop(fs::remove_file(file)))?;
    let (report, ticket) = Engine::panic_with_ticket(home, None);
    drop(opened);
    let is_left = ticket.is_some();
    let written = match &ticket {
        Some(ticket) => writeln!(out, "{}", ticket.expose()).and_then(|()| out.sync_all()),
        None => fs::remove_file(file),
    };
    if let (Some(ticket), Err(_)) = (&ticket, &written) {
        // The disk is full, say, and nobody has the passwords any more.
        output.object(&json!({ "type": "ticket", "ticket": ticket.expose() }));
        output.line(&format!("the file cannot be written; the ticket: {}", ticket.expose()));
    }
    ended(report)?;
    written.map_err(unwritable)?;
    output.object(&json!({ "type": "panicked", "ticket": is_left }));
    output.line(if is_left { LEFT } else { DONE });
    Ok(())
}

const DONE: &str = "all keys, accounts and files of the folder are gone; at their servers the accounts stay";
const LEFT: &str = "all keys, accounts and files of the folder are gone; `burn --ticket FILE` removes the accounts at their servers. \
    Until then one can log into them with the ticket";

fn ended(report: PanicReport) -> Result<(), Failure> {
    let left =
        report.files_left.map(|error| Failure::Advised(error, "files are left in the folder: try again".to_owned()));
    left.map_or(Ok(()), Err)
}
