//! The platform's key store: what it seals is there again, what it refuses or loses is told, and nobody else waits for it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flashpaper::{
    Action, BurnerState, Config, CreateOptions, Engine, Error, Event, Input, Key, KeySlot, KeySource, KeySourceError,
    Network, PanicReport, Step, VaultReport,
};
use flashpaper_tor::DialError;
use tempfile::TempDir;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::limits::Always;
use crate::support::Tested;

/// One of the directory, so that the creation goes to no other.
fn one_server() -> CreateOptions {
    CreateOptions { server: Some("jabber.fr".into()), ..CreateOptions::default() }
}

/// A key store in memory: it keeps what it seals, under a number that it gives for it.
#[derive(Default)]
struct Chip {
    keys: Mutex<BTreeMap<KeySlot, (u64, Vec<u8>)>>,
    made: AtomicU64,
    does: Mutex<Does>,
}

/// What a chip does when it is asked to seal or unseal.
#[derive(Default)]
enum Does {
    #[default]
    Well,
    Fail(KeySourceError),
    Panic(fn()),
    /// Says that it was asked, and waits for the answer.
    Wait(UnboundedSender<()>, Receiver<()>),
}

impl Chip {
    fn is_to(&self, does: Does) {
        *self.does.lock().unwrap_or_else(PoisonError::into_inner) = does;
    }

    /// The slots that have a key.
    fn slots(&self) -> Vec<KeySlot> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    fn asked(&self) -> Result<(), KeySourceError> {
        match &*self.does.lock().unwrap_or_else(PoisonError::into_inner) {
            Does::Well => {}
            Does::Fail(error) => return Err(*error),
            Does::Panic(panic) => panic(),
            Does::Wait(asked, answer) => {
                asked.send(()).map_err(|_| KeySourceError::Unavailable)?;
                answer.recv_timeout(Duration::from_secs(20)).map_err(|_| KeySourceError::Unavailable)?;
            }
        }
        Ok(())
    }
}

impl KeySource for Chip {
    fn seal(&self, slot: KeySlot, bytes: &[u8]) -> Result<Vec<u8>, KeySourceError> {
        assert!(matches!(bytes.len(), 72 | 112), "{} bytes", bytes.len());
        self.asked()?;
        let number = self.made.fetch_add(1, SeqCst);
        let mut keys = self.keys.lock().map_err(|_| KeySourceError::Unavailable)?;
        keys.insert(slot, (number, bytes.to_vec()));
        Ok(number.to_be_bytes().to_vec())
    }

    fn unseal(&self, slot: KeySlot, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeySourceError> {
        self.asked()?;
        let keys = self.keys.lock().map_err(|_| KeySourceError::Unavailable)?;
        let kept = keys.get(&slot).filter(|(number, _)| number.to_be_bytes() == *sealed);
        kept.map(|(_, bytes)| bytes.clone().into()).ok_or(KeySourceError::Invalidated)
    }

    fn delete(&self, slot: KeySlot) -> Result<(), KeySourceError> {
        self.keys.lock().map_err(|_| KeySourceError::Unavailable)?.remove(&slot);
        Ok(())
    }
}

fn key(chip: &Arc<Chip>) -> Key {
    Key::Source { source: Arc::clone(chip) as _, passphrase: None }
}

fn key_and(chip: &Arc<Chip>, passphrase: &str) -> Key {
    Key::Source { source: Arc::clone(chip) as _, passphrase: Some(passphrase.as_bytes().to_vec().into()) }
}

async fn open(home: &Path, key: Key) -> Result<Engine, Error> {
    Engine::open(Config { home: home.to_owned(), key, network: Network::Public, resolvers: None }).await
}

/// Makes an account that no server comes to know of: it is forgotten, and counts against the cap.
async fn count_a_registration(engine: &Engine) -> Tested {
    engine.start_on(Arc::new(Always(|| DialError::HostUnreachable))).await?;
    assert_eq!(engine.create_burner(one_server()).await.err(), Some(Error::ServerUnreachable));
    assert!(engine.burners()?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_creation_that_no_server_takes_asks_the_key_store_once() -> Tested {
    let (home, chip) = (TempDir::new()?, Arc::new(Chip::default()));
    let engine = open(home.path(), key(&chip)).await?;
    engine.start_on(Arc::new(Always(|| DialError::HostUnreachable))).await?;
    let mut events = engine.events(None);
    let before = chip.made.load(SeqCst);
    assert_eq!(engine.create_burner(CreateOptions::default()).await.err(), Some(Error::ServerUnreachable));
    assert_eq!(chip.made.load(SeqCst), before + 1);
    let moves = std::iter::from_fn(|| events.try_next())
        .filter(|event| matches!(event, Event::Creating { step: Step::MovingOn { .. }, .. }));
    assert_eq!(moves.count(), 7);
    assert!(engine.burners()?.is_empty());
    engine.close().await;
    Ok(())
}

#[tokio::test]
async fn the_folder_goes_from_file_to_source_and_back() -> Tested {
    let (home, chip) = (TempDir::new()?, Arc::new(Chip::default()));
    let empty = Error::InvalidInput { input: Input::Passphrase };
    assert_eq!(open(home.path(), key_and(&chip, "")).await.err(), Some(empty));
    let mut engine = open(home.path(), Key::File).await?;
    // Where the passphrase does not tell, a key that another source does not have looks lost.
    let (locked, lost) = (Error::VaultLocked, Error::KeyLost);
    let right = || Key::passphrase("right");
    let (none, with, file) = (|| key(&chip), || key_and(&chip, "right"), || Key::File);
    let changes: [(&dyn Fn() -> Key, _); 4] = [
        (&none, vec![(right(), &locked), (with(), &locked), (file(), &lost), (key(&Arc::default()), &lost)]),
        (&with, vec![(right(), &locked), (none(), &locked), (file(), &locked), (key_and(&chip, "wrong"), &locked)]),
        (&none, vec![(with(), &locked)]),
        (&file, vec![(right(), &locked), (with(), &locked), (none(), &lost)]),
    ];
    for (change, wrong) in changes {
        engine.change_key(change()).await?;
        // What was stored is there again: the cap counts these.
        count_a_registration(&engine).await?;
        let is_source = matches!(change(), Key::Source { .. });
        assert_eq!(chip.slots().len(), usize::from(is_source), "one key, and none where there is another");
        engine.close().await;
        for (wrong, error) in wrong {
            assert_eq!(open(home.path(), wrong).await.err().as_ref(), Some(error));
        }
        engine = open(home.path(), change()).await?;
        assert_eq!(engine.vault_report()?, VaultReport::default());
    }
    count_a_registration(&engine).await?;
    let limited = engine.create_burner(one_server()).await.err();
    assert!(matches!(limited, Some(Error::RateLimited { .. })), "{limited:?}");
    Ok(())
}

#[tokio::test]
async fn what_the_source_says_comes_out_as_it_is_meant() -> Tested {
    let (home, chip) = (TempDir::new()?, Arc::new(Chip::default()));
    let engine = open(home.path(), key(&chip)).await?;
    for (does, error, action) in [
        (Does::Fail(KeySourceError::Invalidated), Error::KeyLost, Action::Report),
        (Does::Fail(KeySourceError::NeedsUserAuth), Error::KeyDenied, Action::Unlock),
        (Does::Fail(KeySourceError::Full), Error::StorageFull, Action::FreeSpace),
        (Does::Fail(KeySourceError::LockedUntilFirstUnlock), Error::KeyLocked, Action::Unlock),
        (Does::Fail(KeySourceError::Unavailable), Error::KeyUnavailable, Action::TryLater),
        (Does::Panic(|| panic!("a bug in the app")), Error::KeyUnavailable, Action::TryLater),
    ] {
        chip.is_to(does);
        assert_eq!(error.action(), action);
        assert_eq!(engine.change_key(key(&chip)).await, Err(error.clone()));
        // A folder that is open says it as well as one that is not, and so does one that was asleep.
        assert_eq!(open(home.path(), key(&chip)).await.err(), Some(error.clone()));
        engine.suspend(Duration::from_secs(3)).await?;
        assert_eq!(engine.resume().await, Err(error.clone()));
        chip.is_to(Does::Well);
        engine.resume().await?;
        assert!(open(home.path(), key(&chip)).await? == engine);
    }
    assert_eq!(format!("{:?}", key_and(&chip, "right")), "Key::Source(..)");
    engine.close().await;
    chip.delete(chip.slots().into_iter().next().ok_or("no key")?)?;
    assert_eq!(open(home.path(), key(&chip)).await.err(), Some(Error::KeyLost));
    Ok(())
}

#[tokio::test]
async fn what_is_forgotten_takes_a_key_with_it() -> Tested {
    let (home, chip) = (TempDir::new()?, Arc::new(Chip::default()));
    let engine = open(home.path(), key_and(&chip, "right")).await?;
    // A new folder begins with the first; each opening has the other take its place.
    assert_eq!(chip.slots(), [KeySlot::Second]);
    count_a_registration(&engine).await?;
    assert_eq!(chip.slots(), [KeySlot::First]);

    // Without the person it is left for later, and said.
    chip.is_to(Does::Fail(KeySourceError::NeedsUserAuth));
    assert_eq!(engine.create_burner(one_server()).await.err(), Some(Error::ServerUnreachable));
    assert_eq!(engine.burners()?.iter().map(|burner| burner.state).collect::<Vec<_>>(), [BurnerState::Pending]);
    assert_eq!(chip.slots(), [KeySlot::First]);
    chip.is_to(Does::Well);
    engine.close().await;
    assert_eq!(open(home.path(), key_and(&chip, "right")).await?.burners()?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn under_duress_the_keys_of_the_source_are_others() -> Tested {
    let (home, chip) = (TempDir::new()?, Arc::new(Chip::default()));
    let engine = open(home.path(), key_and(&chip, "right")).await?;
    engine.set_duress(Some(b"duress".to_vec().into())).await?;
    count_a_registration(&engine).await?;
    engine.close().await;
    let made = chip.made.load(SeqCst);
    let empty = open(home.path(), key_and(&chip, "duress")).await?;
    assert_eq!((empty.vault_report()?, chip.slots()), (VaultReport::default(), vec![KeySlot::Second]));
    assert_eq!(chip.made.load(SeqCst), made + 2, "as for a new folder");
    assert_eq!(open(home.path(), key_and(&chip, "right")).await.err(), Some(Error::VaultLocked));
    empty.close().await;
    empty_again(home.path(), &chip).await
}

/// The folder is opened by what was typed under duress, and by that alone.
async fn empty_again(home: &Path, chip: &Arc<Chip>) -> Tested {
    assert_eq!(open(home, key_and(chip, "right")).await.err(), Some(Error::VaultLocked));
    assert!(open(home, key_and(chip, "duress")).await?.burners()?.is_empty());
    Ok(())
}

/// On one thread: a wait for the source there would last for ever.
#[tokio::test]
async fn nobody_else_waits_for_a_source() -> Tested {
    let (home, chip) = (TempDir::new()?, Arc::new(Chip::default()));
    let engine = open(home.path(), key(&chip)).await?;
    let ((asked, mut is_asked), (answer, answers)) = (unbounded_channel(), channel());
    chip.is_to(Does::Wait(asked, answers));
    let change = || {
        let (engine, key) = (engine.clone(), key(&chip));
        tokio::spawn(async move { engine.change_key(key).await })
    };
    let changing = change();
    is_asked.recv().await.ok_or("gone")?;
    assert!(engine.burners()?.is_empty() && engine.snapshot().burners.is_empty());
    answer.send(())?;
    changing.await??;

    // Forgetting an account, too.
    engine.start_on(Arc::new(Always(|| DialError::HostUnreachable))).await?;
    let creation = tokio::spawn({
        let engine = engine.clone();
        async move { engine.create_burner(one_server()).await.err() }
    });
    is_asked.recv().await.ok_or("gone")?;
    assert_eq!(engine.burners()?.len(), 1);
    answer.send(())?;
    assert_eq!(creation.await?, Some(Error::ServerUnreachable));
    assert!(engine.burners()?.is_empty());

    // Waking up.
    engine.suspend(Duration::from_secs(3)).await?;
    let waking = tokio::spawn({
        let engine = engine.clone();
        async move { engine.resume().await }
    });
    is_asked.recv().await.ok_or("gone")?;
    assert!(engine.burners()?.is_empty());
    answer.send(())?;
    waking.await??;

    // A source that never answers keeps the folder: a second engine on it would use the same slots.
    let changing = change();
    is_asked.recv().await.ok_or("gone")?;
    timeout(Duration::from_secs(10), engine.clone().close()).await?;
    assert_eq!(open(home.path(), key(&chip)).await.err(), Some(Error::InUse));
    answer.send(())?;
    assert_eq!(changing.await?, Err(Error::Closed));
    chip.is_to(Does::Well);
    open(home.path(), key(&chip)).await?;
    assert_eq!(chip.slots().len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_panic_has_the_keys_deleted_and_tells_where_one_is_kept() -> Tested {
    let (home, chip) = (TempDir::new()?, Arc::new(Chip::default()));
    let engine = open(home.path(), key(&chip)).await?;
    assert!(!chip.slots().is_empty());
    // It is asked to seal and unseal nothing.
    chip.is_to(Does::Fail(KeySourceError::NeedsUserAuth));
    assert_eq!(Engine::panic(home.path(), Some(chip.clone())), PanicReport::default());
    assert!(chip.slots().is_empty());
    assert_eq!(engine.burners().err(), Some(Error::Closed));

    let (home, chip) = (TempDir::new()?, Arc::new(Chip::default()));
    open(home.path(), key(&chip)).await?;
    let breaking = Arc::clone(&chip);
    let broken = std::thread::spawn(move || {
        let _keys = breaking.keys.lock();
        panic!("the key store breaks");
    });
    assert!(broken.join().is_err());
    let report = Engine::panic(home.path(), Some(chip));
    assert_eq!(report, PanicReport { key_kept: Some(Error::KeyUnavailable), files_left: None });
    assert!(!home.path().exists());
    Ok(())
}
