//! How a burn ended, the removals that wait, the end of all at once, and what is for the whole process.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use flashpaper::{BurnOutcome, BurnReport, Burned, BurnerId, Error as FlashpaperError, PanicReport};

use crate::key_source::{Adapter, KeySource};

/// How a burn ended.
#[uniffi::remote(Record)]
pub struct BurnReport {
    /// How sure it is that the account is gone.
    pub outcome: BurnOutcome,
    /// What stood in the way, for the outcomes that are not final.
    pub reason: Option<FlashpaperError>,
}

/// How sure it is that an account is gone. A server may keep other data of it for longer; nobody can see that from here.
#[uniffi::remote(Enum)]
pub enum BurnOutcome {
    /// It could log in, was removed, and then could not log in on a new stream with a checked certificate. Forgotten.
    Proven,
    /// Its server removes no accounts. It could log in, was given a password that nobody keeps, and then could not log in on a new
    /// stream with a checked certificate. Its contacts were taken off the server's list. Forgotten.
    Disabled,
    /// It could not log in before anything was removed. The server has said so twice, ten minutes apart and by other circuits,
    /// or has confirmed the removal before. Forgotten.
    AlreadyGone,
    /// The server confirmed the removal, but that the login is refused could not be shown; or it neither removes the account nor
    /// takes another password (`ServerRefused`). All but the removal is forgotten: see `pending_removals`.
    Unproven,
    /// The server could not be asked, or it has refused the login (`Auth`) for the first time. A server with a broken
    /// password check does that, too. All but the removal is forgotten: see `pending_removals`.
    Queued,
}

/// What a burn of all burners has come to, for one of them.
#[uniffi::remote(Record)]
pub struct Burned {
    /// Which burner.
    pub burner: BurnerId,
    /// How its burn ended.
    pub report: Option<BurnReport>,
    /// Why it has no report: what `burn` would have failed with.
    pub failed: Option<FlashpaperError>,
}

/// A removal that waits for its server. Printing one does not show the address.
#[derive(uniffi::Record)]
#[uniffi::export(Debug)]
pub struct PendingRemoval {
    /// The name that the burner had within this installation. `burn` takes it, and tries at once.
    pub burner: BurnerId,
    /// The bare JID that is to be removed.
    pub jid: String,
    /// Since when it waits, by the device's clock.
    pub since: SystemTime,
    /// When it is dropped: 30 days later.
    pub until: SystemTime,
    /// The server has confirmed the removal, or that it took a password that nobody keeps: only the proof is missing.
    pub confirmed: bool,
}

impl From<flashpaper::PendingRemoval> for PendingRemoval {
    fn from(removal: flashpaper::PendingRemoval) -> Self {
        let flashpaper::PendingRemoval { burner, jid, since, until, confirmed } = removal;
        Self { burner, jid, since, until, confirmed }
    }
}

// The generated languages would print every field.
impl fmt::Debug for PendingRemoval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (burner, confirmed) = (self.burner.to_string(), &self.confirmed);
        f.debug_struct("PendingRemoval").field("burner", &burner).field("confirmed", confirmed).finish_non_exhaustive()
    }
}

/// Ends everything of a home folder: takes all keys and contents out of memory, has the key store delete its keys, and removes
/// all files of this library there, Tor's too. What an engine of this process does is cut off; each call of it fails with
/// `Closed` from then on. Accounts stay at their servers, where nobody knows their passwords any more.
///
/// From any thread, also where the folder is open in another process, locked, or not there; it can be called again. Takes
/// milliseconds, and what `source` takes. `source`: the key store that sealed the folder; without one, a file or a
/// passphrase did.
#[uniffi::export]
pub fn panic(home: String, source: Option<Arc<dyn KeySource>>) -> PanicReport {
    let source = source.map(|source| Arc::new(Adapter(source)) as _);
    flashpaper::Engine::panic(Path::new(&home), source)
}

/// `panic`, and leaves a ticket, by which the accounts can be removed at their servers later, from any device: see
/// `Engine.redeem`. **With the ticket one can log into the accounts**, so that it undoes a part of what a panic is for. It is nothing where no
/// unlocked engine of this process has the folder, or there is no account in it. As fast, and without a network.
#[uniffi::export]
pub fn panic_with_ticket(home: String, source: Option<Arc<dyn KeySource>>) -> TicketedPanic {
    let source = source.map(|source| Arc::new(Adapter(source)) as _);
    let (report, ticket) = flashpaper::Engine::panic_with_ticket(Path::new(&home), source);
    TicketedPanic { report, ticket: ticket.map(|ticket| ticket.expose().as_bytes().to_vec()) }
}

/// What a panic has not done, and what it leaves. Printing one does not show the ticket.
#[derive(uniffi::Record)]
#[uniffi::export(Debug)]
pub struct TicketedPanic {
    /// What it has not done.
    pub report: PanicReport,
    /// The ticket, as UTF-8. It is a secret, and not encrypted: where it is kept is the app's to decide. Wipe the bytes after use.
    pub ticket: Option<Vec<u8>>,
}

// The generated languages would print every field.
impl fmt::Debug for TicketedPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TicketedPanic").field("report", &self.report).finish_non_exhaustive()
    }
}

/// Keeps this process's memory out of core dumps and from debuggers of the same user, from here on: to be called before
/// anything secret is in it. It holds for all of the process, so that it is for the app to decide; `root` reads on. `false`:
/// the platform has no such thing (Linux and Android have), or has refused.
#[uniffi::export]
pub fn forbid_dumps() -> bool {
    flashpaper::Engine::forbid_dumps()
}

/// Keeps this process's memory out of swap, from here on. It holds for all of the process, so that it is for the app to decide.
/// `false`: the platform has no such thing (Linux and Android have), or does not let this process lock as much memory as it likes.
#[uniffi::export]
pub fn forbid_swap() -> bool {
    flashpaper::Engine::forbid_swap()
}

/// What a panic has not done: nothing, by default. Called again, it tries once more.
#[uniffi::remote(Record)]
pub struct PanicReport {
    /// Why the key store has kept a key.
    pub key_kept: Option<FlashpaperError>,
    /// Why files are left.
    pub files_left: Option<FlashpaperError>,
}
