//! How burners are connected to their servers.

use std::time::Duration;

use flashpaper::{Connection, Error as FlashpaperError, Profile, Spread};

/// How a burner is connected to its server.
#[uniffi::remote(Enum)]
pub enum Connection {
    /// Not, and it does not try: nobody asked for it, or the engine is suspended.
    Offline,
    /// Not yet.
    Connecting,
    /// It is: messages come and go.
    Online,
    /// It is, but its server lets it talk to nobody: what went to two other servers was forbidden, and nobody has ever answered.
    /// A burner at another server is the way on.
    Quarantined,
    /// Not now; it tries again by itself.
    Waiting {
        /// Why not.
        why: FlashpaperError,
    },
    /// Not, and to try again would not help.
    Ended {
        /// Why.
        why: FlashpaperError,
    },
}

/// How soon a dead connection has to be noticed: what wakes the phone.
#[uniffi::remote(Enum)]
pub enum Profile {
    /// A user looks at the app: after a minute of silence the server is asked, and has half a minute.
    Foreground,
    /// Nobody looks: after five minutes the server is asked, and has a minute.
    Background,
}

/// How far apart the connections of several burners are kept.
#[uniffi::remote(Enum)]
pub enum Spread {
    /// What happens by itself (coming back after a sleep, a cut or another network) happens to each burner at a random moment
    /// within this time, at most ten minutes. Zero: at once, for all of them, which links them.
    Within {
        /// The time.
        time: Duration,
    },
    /// Never two at one time. One that is asked for while another is connected has that end first.
    OneAtATime,
}
