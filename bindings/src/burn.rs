//! How a burn ended.

use flashpaper::{BurnOutcome, BurnReport, Error as FlashpaperError};

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
