//! The parts that all of the engine's work shares.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flashpaper_chat::UnixTime;
use flashpaper_xmpp::Tls;
use tokio_util::sync::CancellationToken;

use crate::Error;
use crate::auto_lock::AutoLock;
use crate::burner::LiveBurner;
use crate::burner::registry::Registry;
use crate::config::Network;
use crate::connection::handle::{ConnectionHandle, Profile};
use crate::directory::current::CurrentDirectory;
use crate::event::BurnerId;
use crate::locks::lock;
use crate::network::tor_client::TorClient;
use crate::registration::learnt::{Learnt, Lessons};
use crate::registration::questions::Questions;
use crate::registration::quota::Registrations;
use crate::services::Services;
use crate::spread::{Spread, moment};
use crate::tasks::Tasks;

/// The parts that all of the engine's work shares.
pub(crate) struct Context {
    pub(crate) home: PathBuf,
    pub(crate) network: Network,
    /// The DNS servers that may be asked by an exit.
    pub(crate) resolvers: Vec<SocketAddr>,
    pub(crate) tls: Tls,
    pub(crate) directory: CurrentDirectory,
    pub(crate) services: Arc<Services>,
    pub(crate) burners: Registry,
    pub(crate) registrations: Registrations,
    pub(crate) learnt: Learnt,
    /// What servers ask of the user.
    pub(crate) questions: Questions,
    pub(crate) tor: TorClient,
    pub(crate) tasks: Tasks,
    pub(crate) auto_lock: AutoLock,
    /// Held while connections are begun, or told to end.
    pub(crate) connecting: Mutex<()>,
    /// Connections that were told to end and may not have yet.
    pub(crate) leaving: Mutex<Vec<Arc<ConnectionHandle>>>,
    pub(crate) profile: Mutex<Profile>,
    pub(crate) spread: Mutex<Spread>,
    /// Held while the engine falls asleep or wakes.
    pub(crate) transition: tokio::sync::Mutex<()>,
    /// Cancelled to end [`crate::Engine::sync_once`].
    sync: Mutex<CancellationToken>,
    /// Held while all is ended.
    pub(crate) ending: Arc<tokio::sync::Mutex<()>>,
    /// Held while a ticket is looked at and its removals are added on disk.
    pub(crate) redeeming: Mutex<()>,
    /// Held together by all that make a burner; by one alone while what burners share is forgotten.
    pub(crate) beginning: tokio::sync::RwLock<()>,
    /// Held while a burner is forgotten, and with the last one what all share.
    pub(crate) clearing: tokio::sync::Mutex<()>,
}

impl Context {
    /// To be made within a runtime.
    pub(crate) fn new(
        (home, network, resolvers): (PathBuf, Network, Vec<SocketAddr>),
        (tls, directory): (Tls, CurrentDirectory),
        tor: TorClient,
        services: Services,
        (registrations, learnt): (Vec<UnixTime>, Lessons),
    ) -> Self {
        let auto_lock = AutoLock::new(services.since_boot());
        let services = Arc::new(services);
        Self {
            home,
            network,
            resolvers,
            tls,
            directory,
            burners: Registry::new(Arc::clone(&services)),
            services,
            registrations: Registrations::new(registrations),
            learnt: Learnt::new(learnt),
            questions: Questions::default(),
            tor,
            tasks: Tasks::new(),
            auto_lock,
            connecting: Mutex::default(),
            leaving: Mutex::default(),
            profile: Mutex::default(),
            spread: Mutex::default(),
            transition: tokio::sync::Mutex::default(),
            sync: Mutex::default(),
            ending: Arc::default(),
            redeeming: Mutex::default(),
            beginning: tokio::sync::RwLock::default(),
            clearing: tokio::sync::Mutex::default(),
        }
    }

    /// A burner that an app can see.
    pub(crate) fn burner(&self, id: &BurnerId) -> Result<Arc<LiveBurner>, Error> {
        let burner = self.burners.get(id)?;
        if burner.is_queued() { Err(Error::NoSuchBurner) } else { Ok(burner) }
    }

    pub(crate) fn profile(&self) -> Profile {
        *lock(&self.profile)
    }

    pub(crate) fn spread(&self) -> Spread {
        *lock(&self.spread)
    }

    /// How long what happens to a burner by itself is put off, within a time: where there is one alone, nothing links it.
    pub(crate) fn apart(&self, within: Duration) -> Duration {
        // Locked, there is nothing to be done.
        let several = self.burners.all().is_ok_and(|burners| burners.len() > 1);
        if several { moment(&mut self.services.rng(), within) } else { Duration::ZERO }
    }

    /// Ends a sync that is under way; a token for the next.
    pub(crate) fn interrupt_sync(&self) -> CancellationToken {
        let next = self.tasks.closing.child_token();
        std::mem::replace(&mut *lock(&self.sync), next.clone()).cancel();
        next
    }
}
