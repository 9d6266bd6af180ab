//! Parts that an engine takes from outside, so that tests can put their own in their place: dialers, clock, randomness.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use flashpaper_tor::{DialError, Dialer, Target, Tor};
use futures::future::BoxFuture;
use rand::CryptoRng;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use rustix::time::{ClockId, clock_gettime};
use tokio::io::{AsyncRead, AsyncWrite};

/// Hands out dialers that share nothing with each other.
pub trait Dialers: Send + Sync + 'static {
    /// A dialer with circuits of its own.
    fn isolated(&self) -> Arc<dyn Dial>;
}

/// Opens streams.
pub trait Dial: Send + Sync + 'static {
    /// Opens a stream to a target, within the deadline.
    fn dial<'a>(&'a self, target: &'a Target, deadline: Duration) -> BoxFuture<'a, Result<Dialed, DialError>>;
}

/// An open stream.
pub struct Dialed {
    /// The bytes.
    pub stream: Box<dyn ByteStream>,
    /// What carries them, for comparing only.
    pub circuit: Option<String>,
}

impl fmt::Debug for Dialed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dialed(..)")
    }
}

/// Any stream of bytes.
pub trait ByteStream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> ByteStream for S {}

impl Dialers for Tor {
    fn isolated(&self) -> Arc<dyn Dial> {
        Arc::new(Self::isolated(self))
    }
}

impl Dial for Dialer {
    fn dial<'a>(&'a self, target: &'a Target, deadline: Duration) -> BoxFuture<'a, Result<Dialed, DialError>> {
        Box::pin(async move {
            let stream = Self::dial(self, target, deadline).await?;
            let circuit = stream.circuit().map(|c| c.to_string());
            Ok(Dialed { stream: Box::new(stream), circuit })
        })
    }
}

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// The time of day, which the user can change: seconds since 1970.
    fn unix_seconds(&self) -> u64;
    /// The time since some moment before the engine was opened, with what the device has slept: nobody can change it.
    fn since_boot(&self) -> Duration;
}

/// The device's clock.
struct SystemClock;

impl Clock for SystemClock {
    fn unix_seconds(&self) -> u64 {
        // A clock before 1970 is wrong, and Tor will say so.
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs())
    }

    fn since_boot(&self) -> Duration {
        // Elsewhere, as on iOS, the monotonic clock goes on while the device sleeps.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        const CLOCK: ClockId = ClockId::Boottime;
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        const CLOCK: ClockId = ClockId::Monotonic;
        clock_gettime(CLOCK).try_into().unwrap_or_default()
    }
}

/// The seams of an engine that do not come with Tor.
pub struct Seams {
    /// The clock.
    pub clock: Box<dyn Clock>,
    /// All randomness: identities, ids, nonces.
    pub rng: Box<dyn CryptoRng + Send>,
}

impl Seams {
    /// The device's clock and its random source.
    #[must_use]
    pub fn real() -> Self {
        Self { clock: Box::new(SystemClock), rng: Box::new(UnwrapErr(SysRng)) }
    }
}

impl fmt::Debug for Seams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seams(..)")
    }
}
