//! Dialers past Tor that note each stream: by which isolated dialer it was dialled, and where to.

use std::mem::take;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flashpaper::{Dial, Dialed, Dialers};
use flashpaper_lab::{Facts, Remote};
use flashpaper_tor::{DialError, Target};
use futures::future::BoxFuture;

/// Where every stream to an onion service seems to come from.
const ONION: &str = "127.0.0.1:0";
/// Where streams through exits come from.
const EXIT: &str = "127.0.0.2:0";

/// Dialers that note their streams.
pub(crate) struct Recorded {
    facts: Facts,
    /// The domain of the server behind every onion address. `None`: no onion service answers.
    behind: Option<String>,
    seen: Arc<Mutex<Seen>>,
    /// Its own number, if it is isolated.
    number: usize,
}

#[derive(Default)]
struct Seen {
    dialers: usize,
    streams: Vec<(usize, Target)>,
}

impl Recorded {
    pub(crate) fn new(lab: &Remote, behind: Option<&str>) -> Arc<Self> {
        let (facts, behind) = (lab.facts().clone(), behind.map(str::to_owned));
        Arc::new(Self { facts, behind, seen: Arc::default(), number: 0 })
    }

    /// The streams since the last look: the isolated dialer's number, and where to.
    pub(crate) fn take(&self) -> Vec<(usize, Target)> {
        take(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner).streams)
    }
}

impl Dialers for Recorded {
    fn isolated(&self) -> Arc<dyn Dial> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.dialers += 1;
        let (facts, behind) = (self.facts.clone(), self.behind.clone());
        Arc::new(Self { facts, behind, seen: Arc::clone(&self.seen), number: seen.dialers })
    }
}

impl Dial for Recorded {
    fn dial<'a>(&'a self, target: &'a Target, _: Duration) -> BoxFuture<'a, Result<Dialed, DialError>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).streams.push((self.number, target.clone()));
        Box::pin(async move {
            let (domain, port, from) = match target {
                Target::Host { name, port } => (name.as_str(), *port, EXIT),
                Target::Onion { port, .. } => {
                    (self.behind.as_deref().ok_or(DialError::OnionUnreachable)?, *port, ONION)
                }
                _ => return Err(DialError::Internal),
            };
            let address = self.facts.hosts.get(domain).ok_or(DialError::NoSuchHost)?;
            let stream = connect(from, &format!("{address}:{port}")).await.ok_or(DialError::HostUnreachable)?;
            Ok(Dialed { stream: Box::new(stream), circuit: Some(self.number.to_string()) })
        })
    }
}

#[expect(clippy::disallowed_types, reason = "the lab's servers are reached past Tor")]
async fn connect(from: &str, to: &str) -> Option<tokio::net::TcpStream> {
    let socket = tokio::net::TcpSocket::new_v4().ok()?;
    socket.bind(from.parse().ok()?).ok()?;
    let stream = socket.connect(to.parse::<SocketAddr>().ok()?).await.ok()?;
    stream.set_nodelay(true).ok()?;
    Some(stream)
}
