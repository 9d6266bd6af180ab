//! `panic`: without an engine, unless it is to leave a ticket.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use flashpaper::{Engine, PanicReport};
use serde_json::json;

use crate::exit::Failure;
use crate::output::Output;

/// The option that takes the file.
const TICKET: &str = "--ticket";

/// The folder may be under a passphrase, in use or damaged.
pub(crate) fn panic(home: &Path, output: &Output) -> Result<(), Failure> {
    ended(Engine::panic(home, None))?;
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
    written.map_err(unwritable)?;
    ended(report)?;
    output.object(&json!({ "type": "panicked", "ticket": is_left }));
    output.line(if is_left { LEFT } else { DONE });
    Ok(())
}

const DONE: &str = "all keys, accounts and files of the folder are gone; at their servers the accounts stay";
const LEFT: &str = "all keys, accounts and files of the folder are gone; `burn --ticket FILE` removes the accounts at their servers. \
    Until then whoever has the ticket can log into them";

fn ended(report: PanicReport) -> Result<(), Failure> {
    let left =
        report.files_left.map(|error| Failure::Advised(error, "files are left in the folder: try again".to_owned()));
    left.map_or(Ok(()), Err)
}
