//! How long and how often: every figure of the engine's own, in one place.

use std::time::Duration;

/// Opening one stream. A circuit takes seconds, an onion rendezvous tens of them.
pub(crate) const DIAL: Duration = Duration::from_secs(60);
/// TLS, stream header and features on an open stream.
pub(crate) const OPEN: Duration = Duration::from_secs(60);
/// Registration, login, ping or removal on a ready stream.
pub(crate) const EXCHANGE: Duration = Duration::from_secs(60);

/// Ending a stream in order.
pub(crate) const GOODBYE: Duration = Duration::from_secs(5);

/// Registrations that one installation tries within [`CAP_WINDOW`]: enough for a person, useless for bulk.
pub(crate) const CAP: usize = 5;
/// The window that the cap counts in.
pub(crate) const CAP_WINDOW: Duration = Duration::from_secs(3600);

/// Identities drawn before a server's "name taken" is believed to be about something else.
pub(crate) const NAMES: usize = 3;

/// A registration that was on its way when the process died may reach the server this much later. Until then a login
/// that fails does not show that there is no account.
pub(crate) const IN_FLIGHT: Duration = Duration::from_secs(120);

/// How long a start looks at what an earlier run left behind.
pub(crate) const SETTLING: Duration = Duration::from_secs(60);

/// How long closing waits for accounts that have to be removed; what is left is done at the next start.
pub(crate) const CLOSING: Duration = Duration::from_secs(30);
