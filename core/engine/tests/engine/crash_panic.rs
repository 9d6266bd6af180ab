//! A process that is killed anywhere while it panics. All is taken out of memory first, then the keys go, then the vault's files, and
//! Tor's last: what is left is whole, or no key opens it, and one more panic ends it.

use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{env, fs, thread};

use flashpaper::{Config, Engine, Error, Key, KeySlot, KeySource, KeySourceError, PanicReport};
use flashpaper_lab::Remote;
use rustix::process::Signal;
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::crash::options;
use crate::support::{Direct, Tested, config, killed_at, own_test};

/// A key store with its keys as files in a folder of its own.
struct Drawer {
    folder: PathBuf,
    /// What has to have ended before a key is deleted.
    ends: Mutex<Option<Engine>>,
}

impl Drawer {
    fn new(folder: &Path) -> Arc<Self> {
        Arc::new(Self { folder: folder.to_owned(), ends: Mutex::default() })
    }

    fn file(&self, slot: KeySlot) -> PathBuf {
        self.folder.join(format!("{slot:?}"))
    }
}

impl KeySource for Drawer {
    fn seal(&self, slot: KeySlot, bytes: &[u8]) -> Result<Vec<u8>, KeySourceError> {
        fs::write(self.file(slot), bytes).map_err(|_| KeySourceError::Unavailable)?;
        Ok(b"in the drawer".to_vec())
    }

    fn unseal(&self, slot: KeySlot, _: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeySourceError> {
        fs::read(self.file(slot)).map(Zeroizing::new).map_err(|_| KeySourceError::Invalidated)
    }

    fn delete(&self, slot: KeySlot) -> Result<(), KeySourceError> {
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        if ends.as_ref().is_some_and(|engine| engine.burners().err() != Some(Error::Closed)) {
            return Err(KeySourceError::Unavailable);
        }
        // What is not there is as good as deleted.
        let _ = fs::remove_file(self.file(slot));
        Ok(())
    }
}

/// A folder, and the key store beside it where its key is in none of its own files.
struct Place {
    root: TempDir,
    drawer: Option<Arc<Drawer>>,
}

impl Place {
    fn new(root: TempDir, has_drawer: bool) -> Tested<Self> {
        let drawer = root.path().join("drawer");
        fs::create_dir_all(&drawer)?;
        Ok(Self { drawer: has_drawer.then(|| Drawer::new(&drawer)), root })
    }

    /// With a burner, and files of Tor's.
    async fn with_a_burner(lab: &Remote, has_drawer: bool) -> Tested<Self> {
        let place = Self::new(TempDir::new()?, has_drawer)?;
        let engine = place.open(lab).await?;
        engine.start_on(Direct::plain(lab)).await?;
        engine.create_burner(options()).await?;
        engine.close().await;
        for file in ["state/guards.json", "cache/dir.sqlite3"] {
            let file = place.home().join("tor").join(file);
            fs::create_dir_all(file.parent().ok_or("a folder")?)?;
            fs::write(file, "when and by which guards")?;
        }
        Ok(place)
    }

    fn copy(&self) -> Tested<Self> {
        let root = TempDir::new()?;
        for file in files(self.root.path()) {
            let to = root.path().join(&file);
            fs::create_dir_all(to.parent().ok_or("a folder")?)?;
            fs::copy(self.root.path().join(&file), to)?;
        }
        Self::new(root, self.drawer.is_some())
    }

    fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    async fn open(&self, lab: &Remote) -> Tested<Engine> {
        let key = self.drawer.clone().map_or(Key::File, |source| Key::Source { source, passphrase: None });
        Ok(Engine::open(Config { key, ..config(&self.home(), lab)? }).await?)
    }

    fn panic(&self) -> PanicReport {
        Engine::panic(&self.home(), self.drawer.clone().map(|source| source as _))
    }

    /// Whether there is a key that was not written over.
    fn has_key(&self) -> bool {
        let is_one = |file: &PathBuf| {
            let bytes = fs::read(self.root.path().join(file)).unwrap_or_default();
            is_key(file) && bytes.iter().any(|byte| *byte != 0)
        };
        files(self.root.path()).iter().any(is_one)
    }

    /// What a panic that was killed has left; it ends with one more.
    async fn look(&self, before: &[PathBuf], lab: &Remote, at: &str) -> Tested {
        let left = files(self.root.path());
        let is_tor = |file: &&PathBuf| file.starts_with("home/tor");
        // Each opening has another key.
        let stays = |file: &&PathBuf| file.starts_with("home") && !is_tor(file) && !is_key(file);
        let is_whole = before.iter().filter(stays).all(|file| left.contains(file));
        let (has_key, vault) = (self.has_key(), self.home().join("vault.db").exists());
        assert!(is_whole || !has_key, "{at}: the keys go first: {left:?}");
        let tor = |files: &[PathBuf]| files.iter().filter(is_tor).count();
        assert!(tor(&left) == tor(before) || !vault, "{at}: Tor's files go last: {left:?}");
        let copy = self.copy()?;
        match copy.open(lab).await {
            Ok(engine) => {
                assert_eq!(engine.burners()?.len(), usize::from(has_key), "{at}: {left:?}");
                assert_eq!(vault, has_key, "{at}: {left:?}");
                engine.close().await;
            }
            Err(error) => {
                let error = error.downcast_ref::<Error>().ok_or("another error")?;
                assert_eq!((error, has_key), (&Error::KeyLost, false), "{at}: {left:?}");
            }
        }
        assert_eq!(self.panic(), PanicReport::default(), "{at}");
        assert!(!self.home().exists() && files(self.root.path()).is_empty(), "{at}");
        Ok(())
    }
}

/// Whether a file is, or was, a key: of the key store beside a folder, or of the folder itself.
fn is_key(file: &Path) -> bool {
    file.starts_with("drawer") || file.to_str().is_some_and(|file| file.starts_with("home/key."))
}

/// The files of a folder and of those in it, by their paths there.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(folder.join(&inner)).into_iter().flatten().flatten() {
            let path = inner.join(entry.file_name());
            if entry.path().is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// How often the thread that panics has begun these calls before. strace counts by thread: the others, which have opened the folder,
/// have begun each less often, and are not killed.
const BEFORE: usize = 50;
/// What a panic does to the key and the files of a vault. An opening does it, too.
const OF_A_VAULT: &[(&str, usize)] = &[("write", BEFORE + 1), ("fsync", BEFORE), ("unlink", BEFORE)];
/// What it does to folders.
const OF_FOLDERS: &[(&str, usize)] = &[("unlinkat", 0), ("rmdir", 0)];
/// Said by the child as it begins: one more write.
const PANICS: &str = "> panics";

/// Not a test: panics with an engine open, to be killed.
#[test]
#[ignore = "needs the lab: cargo xtask test"]
fn in_a_child() -> Tested {
    let (Some(root), Some(has_drawer)) = (env::var_os("FLASHPAPER_ROOT"), env::var_os("FLASHPAPER_DRAWER")) else {
        return Ok(());
    };
    let drawer = (has_drawer == "yes").then(|| Drawer::new(&Path::new(&root).join("drawer")));
    let home = Path::new(&root).join("home");
    let key = drawer.clone().map_or(Key::File, |source| Key::Source { source, passphrase: None });
    let config = Config { key, ..config(&home, &Remote::from_env()?)? };
    let runtime = tokio::runtime::Runtime::new()?;
    let engine = runtime.block_on(Engine::open(config))?;
    assert_eq!(engine.burners()?.len(), 1);
    if let Some(drawer) = &drawer {
        *drawer.ends.lock().unwrap_or_else(PoisonError::into_inner) = Some(engine.clone());
    }
    let mut nothing = fs::OpenOptions::new().write(true).open("/dev/null")?;
    let panicking = thread::spawn(move || {
        for _ in 0..BEFORE {
            let _ = nothing.write(b"nothing");
            let _ = nothing.sync_all();
            let _ = fs::remove_file("/nowhere/at/all");
        }
        println!("{PANICS}");
        Engine::panic(&home, drawer.map(|source| source as _))
    });
    assert_eq!(panicking.join().map_err(|_| "it fails")?, PanicReport::default());
    assert_eq!(engine.burners().err(), Some(Error::Closed));
    // What ends behind it.
    thread::sleep(Duration::from_millis(100));
    Ok(())
}

/// Runs the child; whether it came to its end.
fn child_killed_at(place: &Place, call: &str, count: usize) -> Tested<bool> {
    let under = killed_at(call, count);
    let mut run = own_test("crash_panic::in_a_child", &under.each_ref().map(String::as_str))?;
    let has_drawer = if place.drawer.is_some() { "yes" } else { "no" };
    run.env("FLASHPAPER_ROOT", place.root.path()).env("FLASHPAPER_DRAWER", has_drawer);
    let output = run.stderr(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    // strace ends as its child has.
    let killed = output.status.signal() == Some(Signal::KILL.as_raw());
    assert!(said.contains(PANICS), "{call} {count}: before the panic: {}", output.status);
    assert!(killed || output.status.success(), "{call} {count}: {}: {said}", output.status);
    Ok(!killed)
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_panic_that_is_killed_anywhere_leaves_all_or_what_no_key_opens_and_one_more_ends_it() -> Tested {
    let lab = Remote::from_env()?;
    // Tor's files go in the same way where there is a key store.
    for (has_drawer, calls) in [(false, [OF_A_VAULT, OF_FOLDERS].concat()), (true, OF_A_VAULT.to_vec())] {
        let (place, mut killed) = (Place::with_a_burner(&lab, has_drawer).await?, 0);
        let before = files(place.root.path());
        for (call, first) in calls {
            for count in first + 1.. {
                let copy = place.copy()?;
                let finished = child_killed_at(&copy, call, count)?;
                copy.look(&before, &lab, &format!("{has_drawer} {call} {count}")).await?;
                if finished {
                    break;
                }
                killed += 1;
            }
        }
        println!("killed {killed} times");
        // Each name that a file of a vault may have, at least.
        assert!(killed >= 10, "{killed}");
        let engine = place.open(&lab).await?;
        engine.start_on(Direct::plain(&lab)).await?;
        let burner = engine.burners()?.pop().ok_or("it is whole")?;
        engine.burn(&burner.id).await?;
        engine.close().await;
    }
    Ok(())
}
