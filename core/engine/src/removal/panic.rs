//! The end of all at once: no network, no key, no open engine is needed, and nothing is waited for.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, Weak};

use flashpaper_vault::{self as vault, KeySource as _, Slot};

use super::shared::remove_tor;
use super::ticket::Ticket;
use crate::account::Account;
use crate::context::Context;
use crate::key_source::{Adapter, KeySource};
use crate::locks::lock;
use crate::{Engine, Error};

/// What a panic has to end.
static LIVE: Mutex<Live> = Mutex::new(Live { engines: Vec::new(), openings: Vec::new() });

struct Live {
    engines: Vec<Weak<Context>>,
    openings: Vec<Weak<Opening>>,
}

impl Live {
    /// Ends the engines of a folder that have not ended, and has its openings give none. `taken`: what a ticket needs of each account is
    /// taken before.
    fn end(&self, home: &Path, mut taken: Option<&mut Vec<Account>>) -> Vec<Arc<Context>> {
        let openings = self.openings.iter().filter_map(Weak::upgrade);
        openings.filter(|it| same_folder(&it.home, home)).for_each(|it| it.is_over.store(true, Relaxed));
        let engines = self.engines.iter().filter_map(Weak::upgrade);
        let live = engines.filter(|it| !it.tasks.closing.is_cancelled() && same_folder(&it.home, home));
        live.inspect(|context| {
            if let Some(taken) = &mut taken {
                taken.extend(context.for_ticket());
            }
            context.abandon();
        })
        .collect()
    }

    /// Whether a folder is open in this process, or is being opened, and no panic has come since.
    fn has(&self, home: &Path) -> bool {
        let opened = |it: &Arc<Context>| !it.tasks.closing.is_cancelled() && same_folder(&it.home, home);
        let opening = |it: &Arc<Opening>| !it.is_over.load(Relaxed) && same_folder(&it.home, home);
        self.engines.iter().filter_map(Weak::upgrade).any(|it| opened(&it))
            || self.openings.iter().filter_map(Weak::upgrade).any(|it| opening(&it))
    }
}

/// A folder that is being opened.
pub(crate) struct Opening {
    home: PathBuf,
    /// A panic came meanwhile: no engine is to come of it.
    is_over: AtomicBool,
}

/// What a panic has not done: nothing, by default. Called again, it tries once more.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PanicReport {
    /// Why the key store has kept a key.
    pub key_kept: Option<Error>,
    /// Why files are left.
    pub files_left: Option<Error>,
}

impl Engine {
    /// Ends everything of a home folder: takes all keys and contents out of memory, has the key store delete its keys, and removes
    /// all files of this library there, Tor's too. What an engine of this process does is cut off; each call of it fails with
    /// [`Error::Closed`] from then on. Accounts stay at their servers, where nobody knows their passwords any more.
    ///
    /// From any thread, also where the folder is open in another process, locked, or not there; it can be called again. Takes
    /// milliseconds, and what `source` takes. `source`: the key store that sealed the folder; without one, a file or a
    /// passphrase did.
    #[must_use]
    pub fn panic(home: &Path, source: Option<Arc<dyn KeySource>>) -> PanicReport {
        panic(home, source, None)
    }

    /// [`Engine::panic`], and leaves a [`Ticket`], by which the accounts can be removed at their servers later, from any device: see
    /// [`Engine::redeem`]. **With the ticket one can log into the accounts**, so that it undoes a part of what a panic is for. It is `None` where no
    /// unlocked engine of this process has the folder, or there is no account in it. As fast, and without a network.
    #[must_use]
    pub fn panic_with_ticket(home: &Path, source: Option<Arc<dyn KeySource>>) -> (PanicReport, Option<Ticket>) {
        let mut accounts = Vec::new();
        let report = panic(home, source, Some(&mut accounts));
        (report, Ticket::of(&accounts))
    }
}

fn panic(home: &Path, source: Option<Arc<dyn KeySource>>, mut taken: Option<&mut Vec<Account>>) -> PanicReport {
    let mut ended = lock(&LIVE).end(home, taken.as_deref_mut());
    // Not under the lock: it is an app's.
    let key_kept = source.and_then(|source| delete_keys(&Adapter(source)));
    let files_left = {
        let live = lock(&LIVE);
        // What was begun meanwhile.
        ended.extend(live.end(home, taken));
        remove_files(home).err()
    };
    for context in ended {
        let (runtime, home) = (context.tasks.runtime().clone(), home.to_owned());
        // Tor takes a moment to end, and may write meanwhile. What was begun anew since is not to be removed.
        runtime.spawn(async move {
            Engine { context }.close().await;
            // Nobody here begins meanwhile.
            let live = lock(&LIVE);
            if !live.has(&home) && !vault::is_begun(&home) {
                let _ = remove_files(&home);
            }
        });
    }
    PanicReport { key_kept, files_left }
}

/// A folder begins to be opened.
pub(crate) fn opening(home: &Path) -> Arc<Opening> {
    let opening = Arc::new(Opening { home: home.to_owned(), is_over: AtomicBool::new(false) });
    let mut live = lock(&LIVE);
    live.openings.retain(|opening| opening.strong_count() > 0);
    live.openings.push(Arc::downgrade(&opening));
    opening
}

/// It was opened: panics end this engine. [`Error::Closed`]: there was one meanwhile.
pub(crate) fn opened(opening: &Opening, context: &Arc<Context>) -> Result<(), Error> {
    let mut live = lock(&LIVE);
    if opening.is_over.load(Relaxed) {
        return Err(Error::Closed);
    }
    live.engines.retain(|engine| engine.strong_count() > 0);
    live.engines.push(Arc::downgrade(context));
    Ok(())
}

/// Whether both are the same folder, not just alike.
pub(crate) fn same_folder(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

fn delete_keys(source: &Adapter) -> Option<Error> {
    let deleted = [Slot::First, Slot::Second].map(|slot| source.delete(slot));
    deleted.into_iter().find_map(Result::err).map(|error| vault::Error::from(error).into())
}

/// Removes the files of this library, and the folder where nothing else is in it.
fn remove_files(home: &Path) -> Result<(), Error> {
    let vault = vault::destroy(home).map_err(|error| vault::Error::from(error).into());
    let tor = remove_tor(home);
    // An app may keep something of its own there.
    let _ = fs::remove_dir(home);
    vault.and(tor)
}

impl Context {
    /// Ends all work, and takes everything out of memory.
    fn abandon(&self) {
        self.tasks.abandon();
        self.services.store.abandon();
        for burner in self.burners.all().into_iter().flatten() {
            burner.wipe();
        }
        self.burners.shut(Error::Closed);
        self.let_go_of_shared();
        self.services.reporter.forget();
        self.services.reporter.end();
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use flashpaper_chat::Talk;
    use tempfile::TempDir;
    use tokio::time::sleep;

    use super::*;
    use crate::config::{Config, Key, Network};
    use crate::connection::supervisor::tests::{burner, engine};

    fn listing(folder: &Path) -> Vec<String> {
        let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn queue(talk: &mut Talk<'_>) {
        talk.queue(&"p@b.example".to_owned().into(), "text", None).unwrap();
    }

    #[tokio::test]
    async fn a_panic_ends_everything_of_its_folder_and_nothing_of_another() {
        let (home, other_home) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let (engine, _) = engine(&home, &["a", "b"]).await;
        let (other, _) = crate::connection::supervisor::tests::engine(&other_home, &["c"]).await;
        fs::create_dir_all(home.path().join("tor/state")).unwrap();
        let held = burner(&engine, "a");
        held.converse(queue).unwrap();
        let mut events = engine.events(None);
        let begin = Instant::now();
        let path = home.path().to_owned();
        // From a thread that is none of a runtime.
        let report = std::thread::spawn(move || Engine::panic(&path, None)).join().unwrap();
        assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
        assert_eq!(report, PanicReport::default());
        assert!(listing(home.path()).is_empty(), "{:?}", listing(home.path()));
        assert_eq!(engine.burners().err(), Some(Error::Closed));
        assert_eq!(engine.send(&held.id, "p@b.example", "text", None), Err(Error::Closed));
        assert_eq!((held.account().password.as_str(), held.mailbox().err()), ("", Some(Error::Closed)));
        while events.next().await.is_some() {}
        assert_eq!(Engine::panic(home.path(), None), PanicReport::default(), "once more");

        sleep(Duration::from_millis(200)).await;
        assert!(listing(home.path()).is_empty(), "the end of an engine writes nothing: {:?}", listing(home.path()));
        let config = Config { home: home.path().to_owned(), key: Key::File, network: Network::Public, resolvers: None };
        let anew = Engine::open(config).await.unwrap();
        assert!(anew.burners().unwrap().is_empty());
        anew.close().await;
        assert_eq!(other.burners().unwrap().len(), 1);
        other.close().await;
    }

    #[tokio::test]
    async fn a_locked_folder_one_without_an_engine_and_none_at_all_end_as_well() {
        let home = TempDir::new().unwrap();
        let (engine, _) = engine(&home, &["a"]).await;
        engine.lock().await.unwrap();
        assert_eq!(Engine::panic(home.path(), None), PanicReport::default());
        assert!(listing(home.path()).is_empty());
        let (engine, _) = crate::connection::supervisor::tests::engine(&home, &["a"]).await;
        sleep(Duration::from_millis(200)).await;
        assert_eq!(engine.burners().unwrap().len(), 1, "the end of the one before takes nothing from it");
        assert!(home.path().join("vault.db").exists());
        engine.close().await;
        fs::write(home.path().join("an app's own"), "kept").unwrap();
        assert_eq!(Engine::panic(home.path(), None), PanicReport::default());
        assert_eq!(listing(home.path()), ["an app's own"]);
        assert_eq!(Engine::panic(&home.path().join("nowhere"), None), PanicReport::default());
    }

    #[tokio::test]
    async fn a_folder_that_is_being_opened_meanwhile_gives_no_engine() {
        let home = TempDir::new().unwrap();
        let opening = opening(home.path());
        assert_eq!(Engine::panic(home.path(), None), PanicReport::default());
        let elsewhere = TempDir::new().unwrap();
        let (engine, _) = engine(&elsewhere, &[]).await;
        assert_eq!(opened(&opening, &engine.context), Err(Error::Closed));
        engine.close().await;
    }

    #[tokio::test]
    async fn what_hangs_is_not_waited_for() {
        let home = TempDir::new().unwrap();
        let (engine, _) = engine(&home, &["a"]).await;
        let held = burner(&engine, "a");
        // A change that does not end.
        let (begun, waits) = (std::sync::mpsc::channel(), std::sync::mpsc::channel::<()>());
        let hanging = std::thread::spawn(move || {
            held.converse(move |talk| {
                begun.0.send(()).unwrap();
                let _ = waits.1.recv_timeout(Duration::from_secs(20));
                queue(talk)
            })
        });
        begun.1.recv().unwrap();
        let begin = Instant::now();
        assert_eq!(Engine::panic(home.path(), None), PanicReport::default());
        assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
        assert!(listing(home.path()).is_empty());
        drop(waits.0);
        assert_eq!(hanging.join().unwrap(), Err(Error::Closed), "and it is stored nowhere");
        assert!(listing(home.path()).is_empty());
    }
}
