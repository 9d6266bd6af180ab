//! The engine's public calls: thin. Its beginning and end are in `lifecycle`.

mod burners;
pub(crate) mod contacts;
pub(crate) mod diagnostics;
pub(crate) mod directory;
mod messages;
mod own_servers;
pub(crate) mod removals;

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::burner::LiveBurner;
use crate::config::{Key, Network};
use crate::connection::handle::Profile;
use crate::context::Context;
#[cfg(feature = "lab")]
use crate::event::Event;
use crate::event_log::Events;
use crate::locks::lock;
use crate::snapshot::{BurnerStatus, Life, NetworkKind, Snapshot};
use crate::spread::Spread;
use crate::store::{Store, VaultReport};
use crate::tasks::blocking;
use crate::time::system_time;
use crate::watched::{Look, Watched, watched};
use crate::{Burner, Error};

/// The library. One per home folder; cheap to clone, all clones are the same engine.
#[derive(Clone)]
pub struct Engine {
    pub(crate) context: Arc<Context>,
}

impl Engine {
    /// What was wrong with the sealed store when it was opened, and with what was read since. [`Snapshot::vault`] is the same.
    ///
    /// # Errors
    /// [`Error::VaultLocked`], [`Error::Closed`].
    pub fn vault_report(&self) -> Result<VaultReport, Error> {
        self.context.burners.all().map(|_| self.context.services.store.report())
    }

    /// Has another key open the folder from now on, and only that. Takes as long as [`Engine::open`]. The duress passphrase stays,
    /// unless there is no passphrase any more.
    ///
    /// # Errors
    /// Storage errors, [`Error::KeyDenied`]: nothing has changed. [`Error::InvalidInput`], [`Error::Suspended`],
    /// [`Error::VaultLocked`], [`Error::Closed`].
    pub async fn change_key(&self, key: Key) -> Result<(), Error> {
        let context = Arc::clone(&self.context);
        blocking(move || context.services.with_store(|store| store.change_key(&key))).await
    }

    /// Sets the duress passphrase, in the place of an earlier one, or takes it away. Who types it at [`Engine::open`], or to unlock,
    /// does what [`Engine::panic`] does, and gets an empty engine, which the same passphrase opens from then on: nothing in it tells that
    /// there was another. Whether one is set can be told neither from the folder nor from how long opening it takes.
    ///
    /// It keeps nothing from somebody who has a copy of the folder: it does nothing to that, and can be tried on it. Takes as
    /// long as [`Engine::open`].
    ///
    /// # Errors
    /// [`Error::InvalidInput`]: it is empty or the passphrase itself, or the folder has none. Otherwise as [`Engine::change_key`].
    pub async fn set_duress(&self, passphrase: Option<Zeroizing<Vec<u8>>>) -> Result<(), Error> {
        let context = Arc::clone(&self.context);
        let set = move |store: &Store| store.set_duress(passphrase.as_ref().map(|bytes| &***bytes));
        blocking(move || context.services.with_store(set)).await
    }

    /// Subscribes to what happens after an event (see [`Snapshot::sequence`]), or from now on.
    #[must_use]
    pub fn events(&self, since: Option<u64>) -> Events {
        self.context.services.reporter.subscribe(since)
    }

    /// The number of the last event; 0 before the first.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.context.services.reporter.sequence()
    }

    /// Everything that a screen shows, at one moment. Nothing is missing between it and [`Engine::events`] since its
    /// [`Snapshot::sequence`]; what happens while it is taken may be in both.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        snapshot(&self.context)
    }

    /// [`Engine::snapshot`] as it changes. Of a closed engine it gives one, which is the last; else that comes as the engine is
    /// closed. It changes at most every 20 milliseconds.
    #[must_use]
    pub fn states(&self) -> Watched<Snapshot> {
        // Its threads may have ended.
        if self.context.burners.all().err() == Some(Error::Closed) {
            return Watched::last(snapshot(&self.context));
        }
        watched(&self.context, |context| {
            let seen = snapshot(context);
            if seen.life == Life::Closed { Look::IsLast(seen) } else { Look::Is(seen) }
        })
    }

    /// Reports an event once the slowest reader is not far behind. For tests of what carries events to an app.
    #[cfg(feature = "lab")]
    pub async fn report_for_tests(&self, event: Event) {
        self.context.services.reporter.report_paced(event).await;
    }

    /// How far apart the connections of several burners are kept, from now on. It is not stored: the app sets it after each
    /// opening. Of several burners that are connected when it becomes [`Spread::OneAtATime`] one stays, drawn at random.
    pub fn set_spread(&self, spread: Spread) {
        self.context.set_spread(spread);
    }

    /// How soon a dead connection has to be noticed, for all burners.
    pub fn set_profile(&self, profile: Profile) {
        *lock(&self.context.profile) = profile;
        self.context.connections().iter().for_each(|(_, handle)| handle.wake());
    }

    /// Hints that the device's network may be another: connections are asked whether they live, and those that wait try
    /// again; several burners each at a random moment (see [`Engine::set_spread`]).
    pub fn network_changed(&self) {
        self.context.network_changed();
    }
}

fn snapshot(context: &Context) -> Snapshot {
    // Before anything else is looked at: what is reported later may be seen twice, but not never.
    let (sequence, revision) = (context.services.reporter.sequence(), context.services.reporter.revision());
    let life = match context.services.store.check_awake() {
        Ok(()) => Life::Awake,
        Err(Error::Suspended) => Life::Suspended,
        Err(Error::VaultLocked) => Life::Locked,
        Err(_) => Life::Closed,
    };
    let network = match context.network {
        Network::Public => NetworkKind::Public,
        Network::Private(_) => NetworkKind::Private,
    };
    let tor = lock(&context.services.tor_status).clone();
    let vault = context.services.store.report();
    let is_shown = matches!(life, Life::Awake | Life::Suspended);
    let burners = context.burners.listed().ok().filter(|_| is_shown).unwrap_or_default();
    let burners = burners.iter().map(|burner| status(burner)).collect();
    let questions = if is_shown { context.questions.all() } else { Vec::new() };
    Snapshot { sequence, revision, life, network, tor, vault, burners, questions }
}

fn status(burner: &LiveBurner) -> BurnerStatus {
    let account = burner.account();
    let (conversations, unreadable) = match burner.conversations() {
        Ok(conversations) => (conversations, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    BurnerStatus {
        burner: Burner::of(&account),
        connection: burner.connection().map(|handle| handle.connection()).unwrap_or_default(),
        history: account.history,
        expires_at: account.expiry.map(|expiry| system_time(expiry.at)),
        label: account.label.clone(),
        conversations,
        unreadable,
    }
}

/// Whether both are the same engine, not just alike.
impl PartialEq for Engine {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.context, &other.context)
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Engine(..)")
    }
}
