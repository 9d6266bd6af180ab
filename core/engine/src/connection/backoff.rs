//! When a connection that has failed is tried again, and by which circuits.

use std::time::Duration;

use futures::FutureExt as _;
use tokio::time::sleep;

use super::handle::ConnectionHandle;
use crate::burner::LiveBurner;
use crate::context::Context;
use crate::event::Connection;
use crate::{Error, limits};

/// Waits for Tor and then for this time, by the clock that goes on while the device sleeps, or until the network has changed.
pub(super) async fn pausing(
    context: &Context,
    burner: &LiveBurner,
    handle: &ConnectionHandle,
    pause: Duration,
    failures: &mut u32,
) {
    // The waits of several burners begin with Tor, or they would end with it.
    if context.tor.dialing().now_or_never().is_none() {
        context.tor.begun().await;
        if handle.connection() == (Connection::Waiting { why: Error::TorNotStarted }) {
            burner.note_connection(handle, Connection::Connecting);
        }
        context.tor.dialing().await;
        let _ = handle.hint.notified().now_or_never();
    }
    let mut until = context.services.clock.since_boot() + pause;
    loop {
        let begin = context.services.clock.since_boot();
        let left = until.saturating_sub(begin);
        if left.is_zero() {
            return;
        }
        // In slices: the timer stands still while the device sleeps.
        let slice = left.min(limits::MAX_SLEEP);
        tokio::select! {
            () = sleep(slice) => {
                if let Some(rests_until) = overslept(context, begin + slice) {
                    until = until.max(rests_until);
                }
            }
            () = handle.hurry.notified() => until = until.min(context.services.clock.since_boot() + context.soon()),
            () = handle.hint.notified() => {
                *failures = 0;
                return;
            }
        }
    }
}

/// Where the device has slept through the end of a wait: up to when the connection does nothing by itself. All connections wake
/// with the device, and would speak at one moment.
pub(super) fn overslept(context: &Context, was_to_end: Duration) -> Option<Duration> {
    let now = context.services.clock.since_boot();
    (now > was_to_end + limits::OVERSLEPT).then(|| now + context.apart(context.spread().time()))
}

/// Whether it is the network that has failed. What a server says on its stream, or a peer by it, does not choose circuits, nor
/// does the end of a stream: where the circuit is dead the next attempt shows it.
pub(super) const fn is_of_network(why: &Error, reached_server: bool) -> bool {
    match why {
        Error::Timeout => true,
        Error::ServerUnreachable | Error::OnionUnreachable | Error::TorBlocked | Error::Untrusted => !reached_server,
        _ => false,
    }
}

/// Whether to try again would be of no use, or harm: a server that is asked with wrong credentials again and again locks
/// the account. A server that refuses does that for a reason: it has disabled the account, say.
pub(super) const fn is_final(error: &Error) -> bool {
    matches!(
        error,
        Error::Auth
            | Error::NoSafeLogin
            | Error::NoSafeDelivery
            | Error::ServerRefused
            | Error::NoServer
            | Error::NoSuchBurner
            | Error::VaultLocked
            | Error::VaultDamaged
            | Error::Unreadable
            | Error::Suspended
            | Error::Closed
            | Error::InvalidInput { .. }
    )
}

#[cfg(test)]
mod tests;
