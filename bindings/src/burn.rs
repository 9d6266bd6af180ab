//! How a burn ended, and the end of all at once.

use std::path::Path;
use std::sync::Arc;

use flashpaper::{BurnOutcome, BurnReport, Error as FlashpaperError, PanicReport};

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
    /// It could not log in before anything was removed. The server has said so twice, ten minutes apart and by other circuits,
    /// or has confirmed the removal before. Forgotten.
    AlreadyGone,
    /// The server confirmed the removal, but that the login is refused could not be shown. The next start goes on.
    Unproven,
    /// The server could not be asked, or it has refused the login (`Auth`) for the first time. A server with a broken password
    /// check does that, too, so it is asked again ten to twenty minutes later. The next start goes on, too.
    Queued,
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

/// What a panic has not done: nothing, by default. Called again, it tries once more.
#[uniffi::remote(Record)]
pub struct PanicReport {
    /// Why the key store has kept a key.
    pub key_kept: Option<FlashpaperError>,
    /// Why files are left.
    pub files_left: Option<FlashpaperError>,
}
