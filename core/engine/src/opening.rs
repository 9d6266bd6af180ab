//! Opening a folder: anew, again where this process has it open, or under duress.

use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use flashpaper_chat::Random;
use flashpaper_tor as tor;
use flashpaper_xmpp::Tls;

use crate::config::{Config, Network};
use crate::context::Context;
use crate::directory::Directory;
use crate::directory::current::CurrentDirectory;
use crate::error::Input;
use crate::network::tor_client::TorClient;
use crate::removal::panic::{self, Opening, same_folder};
use crate::removal::shared::go_on_clearing;
use crate::seams::Seams;
use crate::services::Services;
use crate::store::{FolderKey, Installation, Opened, Store};
use crate::tasks::blocking;
use crate::{Engine, Error};

/// The engines of this process. Held while one is opened.
static OPEN: tokio::sync::Mutex<Vec<Weak<Context>>> = tokio::sync::Mutex::const_new(Vec::new());

impl Engine {
    /// Opens the home folder. No network is touched, nor will it be before [`Engine::start_tor`] or [`Engine::sync_once`]. A folder
    /// that this process has open already gives the same engine, unlocked: closing it closes it for all. One that was
    /// suspended or locked is suspended then.
    ///
    /// With the duress passphrase it gives an empty engine: see [`Engine::set_duress`].
    ///
    /// # Errors
    /// The folder cannot be used, is in use by another process or for another network, is sealed with another key, or is
    /// damaged; the key store does not hand its key out; the configuration is invalid.
    pub async fn open(config: Config) -> Result<Self, Error> {
        Self::begin(config, Seams::real()).await
    }

    /// [`Engine::open`] with other seams, for tests.
    #[cfg(any(test, feature = "lab"))]
    pub async fn open_with(config: Config, seams: Seams) -> Result<Self, Error> {
        Self::begin(config, seams).await
    }

    /// Goes on when the caller's future is dropped. The next opening waits for its end, and does not find the folder in use. It is
    /// no task of an engine: with the duress passphrase it ends the engine that has the folder, with all its tasks.
    async fn begin(config: Config, seams: Seams) -> Result<Self, Error> {
        tokio::spawn(Self::begin_now(config, seams)).await.map_err(|_| Error::Internal)?
    }

    async fn begin_now(config: Config, seams: Seams) -> Result<Self, Error> {
        let Config { home, key, network, resolvers } = config;
        let resolvers = resolvers.unwrap_or_else(|| network.resolvers());
        if resolvers.iter().any(|address| tor::Target::resolver(*address).is_err()) {
            return Err(Error::InvalidInput { input: Input::Resolver });
        }
        let key = FolderKey::new(&home, &key)?;
        let Seams { clock, rng } = seams;
        let rng = Random::new(rng);
        let mut open = OPEN.lock().await;
        open.retain(|engine| engine.strong_count() > 0);
        if let Some(context) = present(&open, &home).await {
            if context.network != network {
                return Err(Error::InUse);
            }
            match Self::open_again(Arc::clone(&context), key.clone()).await {
                Ok(Opened::Duress) => {}
                // Meanwhile.
                _ if context.tasks.are_closed() => context.ended().await,
                again => return again.map(|_| Self { context }),
            }
        }
        let (tor_network, tls, directory) = match network.clone() {
            Network::Public => (tor::Network::Public, Tls::public_roots(), Directory::built_in()?),
            Network::Private(private) => {
                let tls =
                    Tls::only_roots_in(&private.ca_pem).map_err(|_| Error::InvalidInput { input: Input::Network })?;
                (tor::Network::Private(private.arti), tls, Directory::new(private.servers))
            }
        };
        let tor = tor::Config {
            state_dir: home.join("tor/state"),
            cache_dir: home.join("tor/cache"),
            network: tor_network,
            access: tor::Access::Direct,
        };
        let (opening, store, read) = open_folder(&home, &key, &rng, clock.since_boot()).await?;
        let services = Services::new(clock, rng, store, read.latest);
        let tor = TorClient::new(tor);
        let takes_updates = network == Network::Public;
        let directory =
            CurrentDirectory::new(directory, takes_updates, (read.directory.as_ref(), read.own_servers.as_deref()));
        let context = Context::new(
            (home, network, resolvers),
            (tls, directory),
            tor,
            services,
            (read.registrations, read.learnt),
        );
        context.burners.replace(read.burners);
        let context = Arc::new(context);
        panic::opened(&opening, &context)?;
        open.push(Arc::downgrade(&context));
        context.begin_to_forget();
        Ok(Self { context })
    }

    /// Unlocks an engine that this process has open already, unless that ends under duress.
    async fn open_again(context: Arc<Context>, key: FolderKey) -> Result<Opened<()>, Error> {
        context.interrupt_sync();
        let _one_at_a_time = context.transition.lock().await;
        let opened = Arc::clone(&context);
        let open = move || {
            let done = opened.services.store.open_again(&key, |read| opened.take_over(read))?;
            Ok(ended_under_duress(done, &opened.home, &key))
        };
        let done = blocking(open).await?;
        if let Opened::Folder(()) = done {
            context.tasks.unlock();
            context.auto_lock.opened(context.services.since_boot());
            context.watch_auto_lock();
            if context.tasks.are_asleep() {
                // That was to see whether the key is right.
                context.let_go(Store::suspend).await;
                context.burners.forget_sessions();
            }
            context.services.reporter.changed();
        }
        Ok(done)
    }
}

/// The engine that has this folder open. One that is being closed has let go of it before this returns.
async fn present(open: &[Weak<Context>], home: &Path) -> Option<Arc<Context>> {
    let same = open.iter().filter_map(Weak::upgrade).filter(|context| same_folder(&context.home, home));
    let (closing, mut present): (Vec<_>, Vec<_>) = same.partition(|context| context.tasks.closing.is_cancelled());
    for context in closing {
        context.ended().await;
    }
    present.pop()
}

/// Opens the folder; under duress the empty one that takes its place.
async fn open_folder(
    home: &Path,
    key: &FolderKey,
    rng: &Random,
    since_boot: Duration,
) -> Result<(Arc<Opening>, Store, Installation), Error> {
    for _ in 0..2 {
        // A panic ends this as well.
        let opening = panic::opening(home);
        let (home, key, rng) = (home.to_owned(), key.clone(), rng.clone());
        let open = move || {
            let mut opened = Store::open(home.clone(), &key, rng, since_boot)?;
            if let Opened::Folder((store, read)) = &mut opened {
                go_on_clearing(store, &home, read);
            }
            Ok(ended_under_duress(opened, &home, &key))
        };
        if let Opened::Folder((store, read)) = blocking(open).await? {
            return Ok((opening, store, read));
        }
    }
    // It could not be removed.
    Err(Error::Storage)
}

/// Under duress, ends everything of the folder. On the thread that has found it out: an app that does not wait any more does not
/// keep it from that.
fn ended_under_duress<T>(opened: Opened<T>, home: &Path, key: &FolderKey) -> Opened<T> {
    if let Opened::Duress = opened {
        // What it leaves is replaced, or told as it is at any opening.
        let _ = Engine::panic(home, key.source());
    }
    opened
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;
    use tokio::time::timeout;

    use super::*;
    use crate::VaultReport;
    use crate::config::Key;
    use crate::connection::supervisor::tests::{burner, engine};

    const PASSPHRASE: &str = "swordfish";
    const DURESS: &str = "marlin";

    fn bytes(passphrase: &str) -> Option<zeroize::Zeroizing<Vec<u8>>> {
        Some(passphrase.as_bytes().to_vec().into())
    }

    async fn open(home: &TempDir, passphrase: &str) -> Result<Engine, Error> {
        let (home, key) = (home.path().to_owned(), Key::passphrase(passphrase));
        Engine::open(Config { home, key, network: Network::Public, resolvers: None }).await
    }

    /// An engine with a burner, under a passphrase and with another one for duress.
    async fn under_passphrases(home: &TempDir) -> Engine {
        let (engine, _) = engine(home, &["a"]).await;
        assert_eq!(
            engine.set_duress(bytes(DURESS)).await,
            Err(Error::InvalidInput { input: Input::NoPassphrase }),
            "a key file opens it"
        );
        engine.change_key(Key::passphrase(PASSPHRASE)).await.unwrap();
        for (passphrase, input) in [("", Input::Passphrase), (PASSPHRASE, Input::SamePassphrase)] {
            assert_eq!(engine.set_duress(bytes(passphrase)).await, Err(Error::InvalidInput { input }));
        }
        engine.set_duress(bytes(DURESS)).await.unwrap();
        let same = Error::InvalidInput { input: Input::SamePassphrase };
        assert_eq!(engine.change_key(Key::passphrase(DURESS)).await, Err(same));
        engine
    }

    #[tokio::test]
    async fn an_opening_that_nobody_waits_for_keeps_no_later_one_out() {
        let home = TempDir::new().unwrap();
        under_passphrases(&home).await.close().await;
        // It takes a tenth of a second and more.
        assert!(timeout(Duration::from_millis(5), open(&home, PASSPHRASE)).await.is_err());
        open(&home, PASSPHRASE).await.unwrap().close().await;
    }

    /// What an app is shown, and which files there are.
    fn shown(engine: &Engine, home: &TempDir) -> (String, Vec<String>) {
        let mut files: Vec<String> =
            fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        files.sort();
        (format!("{:?} {:?}", engine.snapshot(), engine.vault_report().unwrap()), files)
    }

    #[tokio::test]
    async fn under_duress_all_is_gone_and_a_folder_is_there_as_if_it_were_new() {
        let (home, new_home) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        under_passphrases(&home).await.close().await;
        fs::create_dir_all(home.path().join("tor/state")).unwrap();
        let before = fs::read(home.path().join("vault.db")).unwrap();
        assert_eq!(open(&home, "wrong").await.err(), Some(Error::VaultLocked));
        assert!(fs::read(home.path().join("vault.db")).unwrap() == before && home.path().join("tor/state").exists());
        let again = open(&home, PASSPHRASE).await.unwrap();
        assert_eq!(again.burners().unwrap().len(), 1);
        again.close().await;

        let (empty, new) = (open(&home, DURESS).await.unwrap(), open(&new_home, DURESS).await.unwrap());
        assert_eq!(shown(&empty, &home), shown(&new, &new_home));
        assert!(open(&home, DURESS).await.unwrap() == empty);
        assert_eq!(open(&home, PASSPHRASE).await.err(), Some(Error::VaultLocked));
        let (mut events, mut of_new) = (empty.events(None), new.events(None));
        assert!(events.try_next().is_none() && of_new.try_next().is_none());
        empty.close().await;
        new.close().await;

        assert_eq!(open(&home, PASSPHRASE).await.err(), Some(Error::VaultLocked));
        let empty = open(&home, DURESS).await.unwrap();
        assert_eq!((empty.burners().unwrap().len(), empty.vault_report().unwrap()), (0, VaultReport::default()));
        // It is a folder like any other.
        empty.set_duress(bytes("another")).await.unwrap();
        empty.close().await;
    }

    #[tokio::test]
    async fn an_engine_of_this_process_ends_under_duress_whether_it_is_awake_asleep_or_locked() {
        for state in ["awake", "asleep", "locked"] {
            let home = TempDir::new().unwrap();
            let engine = under_passphrases(&home).await;
            let held = burner(&engine, "a");
            match state {
                "asleep" => engine.suspend(Duration::from_secs(3)).await.unwrap(),
                // The test holds a burner.
                "locked" => assert_eq!(engine.lock().await, Err(Error::Timeout)),
                _ => {}
            }
            assert_eq!(open(&home, "wrong").await.err(), Some(Error::VaultLocked), "{state}");
            let empty = open(&home, DURESS).await.unwrap();
            assert!(empty != engine && empty.burners().unwrap().is_empty(), "{state}");
            assert_eq!(engine.burners().err(), Some(Error::Closed), "{state}");
            // A lock has let go of it, and the test alone has it still.
            assert!(held.account().password.is_empty() || state == "locked", "{state}");
            tokio::time::sleep(Duration::from_millis(200)).await;
            assert!(home.path().join("vault.db").exists(), "the end of the one before takes nothing from it");
            assert!(open(&home, DURESS).await.unwrap() == empty, "{state}");
            empty.close().await;
        }
    }

    #[tokio::test]
    async fn an_app_that_does_not_wait_does_not_keep_a_folder_from_its_end() {
        let home = TempDir::new().unwrap();
        under_passphrases(&home).await.close().await;
        // Argon2id takes longer.
        assert!(timeout(Duration::from_millis(1), open(&home, DURESS)).await.is_err());
        assert_eq!(open(&home, PASSPHRASE).await.err(), Some(Error::VaultLocked));
        let empty = open(&home, DURESS).await.unwrap();
        assert!(empty.burners().unwrap().is_empty());
        empty.close().await;
    }

    #[tokio::test]
    async fn who_watches_the_state_is_told_of_an_old_key_that_was_kept() {
        let home = TempDir::new().unwrap();
        let (engine, _) = engine(&home, &["a"]).await;
        let mut states = engine.states();
        assert_eq!(states.next().await.unwrap().vault, VaultReport::default());
        let keys = ["key.0", "key.1"].map(|name| home.path().join(name));
        let key = keys.iter().find(|key| key.is_file()).unwrap();
        fs::remove_file(key).unwrap();
        // No file is deleted where a folder is, for root neither.
        fs::create_dir(key).unwrap();
        engine.change_key(Key::passphrase(PASSPHRASE)).await.unwrap();
        let told = async { while !states.next().await.unwrap().vault.old_key_kept {} };
        timeout(Duration::from_secs(60), told).await.unwrap();
        engine.close().await;
    }

    #[tokio::test]
    async fn a_duress_passphrase_that_was_taken_away_is_a_wrong_one() {
        let home = TempDir::new().unwrap();
        let engine = under_passphrases(&home).await;
        engine.set_duress(None).await.unwrap();
        assert_eq!(open(&home, DURESS).await.err(), Some(Error::VaultLocked));
        engine.close().await;
        assert_eq!(open(&home, DURESS).await.err(), Some(Error::VaultLocked));
    }
}
