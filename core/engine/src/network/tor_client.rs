//! The one Tor client of an engine, and what dials over it.

use std::sync::{Arc, Mutex};

use flashpaper_tor as tor;
use flashpaper_tor::Tor;
use tokio::sync::watch;

use super::bridges::TorAccess;
use super::circuits::Circuits;
use crate::event::BurnerId;
use crate::locks::lock;
use crate::seams::Dialers;

/// The one Tor client, and what is known of it.
pub(crate) struct TorClient {
    pub(super) config: tor::Config,
    pub(super) client: watch::Sender<Option<Arc<Tor>>>,
    /// Held while Tor is started or ended. How it was started, and is to be whenever the engine is awake.
    pub(super) starting: Arc<tokio::sync::Mutex<Option<TorAccess>>>,
    /// A copy is held by each call that has Tor start, and waits for it.
    starts: Arc<()>,
    pub(super) dialers: watch::Sender<Option<Arc<dyn Dialers>>>,
    pub(super) circuits: Mutex<Circuits>,
}

impl TorClient {
    /// Not started yet.
    pub(crate) fn new(config: tor::Config) -> Self {
        Self {
            config,
            client: watch::Sender::default(),
            starting: Arc::default(),
            starts: Arc::default(),
            dialers: watch::Sender::default(),
            circuits: Mutex::default(),
        }
    }

    /// To be held while Tor is started and waited for.
    pub(crate) fn start(&self) -> Arc<()> {
        Arc::clone(&self.starts)
    }

    pub(super) fn is_waited_for(&self) -> bool {
        Arc::strong_count(&self.starts) > 1
    }

    /// Forgets which circuits an account has, or somebody else of this name.
    pub(crate) fn forget(&self, id: &BurnerId) {
        lock(&self.circuits).forget(&id.0);
    }

    /// Whether there are dialers, or will be.
    pub(crate) fn can_dial(&self) -> bool {
        self.client.borrow().is_some() || self.dialers.borrow().is_some()
    }

    /// Waits until Tor was started: it need not be ready yet.
    pub(crate) async fn begun(&self) {
        let mut client = self.client.subscribe();
        tokio::select! {
            // The sender is ours.
            _ = client.wait_for(Option::is_some) => {}
            () = self.dialing() => {}
        }
    }

    /// Waits until there are dialers.
    pub(crate) async fn dialing(&self) {
        // The sender is ours.
        let _ = self.dialers.subscribe().wait_for(Option::is_some).await;
    }
}
