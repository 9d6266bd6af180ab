//! A way past Tor to the lab's servers.

use std::sync::Arc;
use std::time::Duration;

use flashpaper::{ByteStream, Dial, Dialed, Dialers};
use flashpaper_lab::{Facts, Remote, direct};
use flashpaper_tor::{DialError, Target};
use futures::future::BoxFuture;

/// What is done to each stream that is dialled.
type Wrap = Arc<dyn Fn(Box<dyn ByteStream>) -> Box<dyn ByteStream> + Send + Sync>;

/// Dials past Tor, and wraps what it dialled.
pub(crate) struct Direct {
    facts: Facts,
    wrap: Wrap,
}

impl Direct {
    pub(crate) fn plain(lab: &Remote) -> Arc<Self> {
        Self::wrapped(lab, |stream| stream)
    }

    pub(crate) fn wrapped(
        lab: &Remote,
        wrap: impl Fn(Box<dyn ByteStream>) -> Box<dyn ByteStream> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { facts: lab.facts().clone(), wrap: Arc::new(wrap) })
    }
}

impl Dialers for Direct {
    fn isolated(&self) -> Arc<dyn Dial> {
        Arc::new(Self { facts: self.facts.clone(), wrap: Arc::clone(&self.wrap) })
    }
}

impl Dial for Direct {
    fn dial<'a>(&'a self, target: &'a Target, _: Duration) -> BoxFuture<'a, Result<Dialed, DialError>> {
        Box::pin(async move {
            let Target::Host { name, port } = target else { return Err(DialError::OnionUnreachable) };
            let stream = direct::connect(&self.facts, name, *port).await.map_err(|_| DialError::HostUnreachable)?;
            Ok(Dialed { stream: (self.wrap)(Box::new(stream)), circuit: None })
        })
    }
}
