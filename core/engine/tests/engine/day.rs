//! A phone's day, without Tor in between: lines that die, sleep, a full disk, an account that is gone, an app that locks.

use std::cell::Cell;
use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use std::{env, fs};

use flashpaper::{
    Burner, BurnerId, BurnerState, ByteStream, Config, Connection, CreateOptions, Dial, Dialers, Engine, Error, Event,
    Key, Message, MessageState, Profile, Route,
};
use flashpaper_lab::{OtrLibrary, Peer, Remote};
use flashpaper_tor::DialError;
use futures::future::BoxFuture;
use rustix::mount::{MountFlags, mount};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{sleep, timeout};

use crate::peers::Scene;
use crate::support::{Direct, Friend, Hands, PATIENCE, SERVER, Tested, config, open_with};

/// A connected burner, somebody to talk to, and what can happen to them.
struct Day {
    lab: Remote,
    clock: Hands,
    wire: Wire,
    profile: Cell<Profile>,
    engine: Engine,
    burner: Burner,
    peer: Peer,
}

impl Day {
    async fn begin(home: &Path) -> Tested<Self> {
        let (lab, clock, wire) = (Remote::from_env()?, Hands::default(), Wire::default());
        clock.0.store(1_000_000, SeqCst);
        let engine = open_with(home, &lab, &clock).await?;
        engine.start_on(wire.dialers(&lab)).await?;
        let burner = engine.create_burner(direct()).await?;
        engine.connect(&burner.id)?;
        let peer = Peer::register(lab.facts()).await?;
        let mut day = Self { lab, clock, wire, profile: Cell::default(), engine, burner, peer };
        day.comes("hello").await?;
        Ok(day)
    }

    /// Time goes by, and something happens that has everybody look at the clock.
    async fn pass(&self, seconds: u64) {
        self.clock.0.fetch_add(seconds, SeqCst);
        self.engine.set_profile(self.profile.get());
        sleep(Duration::from_millis(200)).await;
    }

    fn set_profile(&self, profile: Profile) {
        self.profile.set(profile);
        self.engine.set_profile(profile);
    }

    fn connection(&self) -> Tested<Connection> {
        let status = self.engine.snapshot().burners.into_iter().find(|status| status.burner.id == self.burner.id);
        Ok(status.ok_or("no burner")?.connection)
    }

    /// Waits for a state of the connection; time passes meanwhile, so that no back-off keeps it.
    async fn becomes(&self, wanted: impl Fn(&Connection) -> bool) -> Tested<Connection> {
        let end = Instant::now() + PATIENCE;
        loop {
            let connection = self.connection()?;
            if wanted(&connection) {
                return Ok(connection);
            }
            assert!(Instant::now() < end, "{connection:?}");
            sleep(Duration::from_millis(20)).await;
        }
    }

    async fn comes_online(&self) -> Tested {
        let end = Instant::now() + PATIENCE;
        while self.connection()? != Connection::Online {
            assert!(Instant::now() < end, "{:?}", self.connection()?);
            self.clock.0.fetch_add(1, SeqCst);
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// The peer writes, and the text comes; once.
    async fn comes(&mut self, text: &str) -> Tested {
        self.peer.send(&self.burner.jid, text).await?;
        self.came(text).await
    }

    async fn came(&self, text: &str) -> Tested {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(message) = self.unread()?.first() {
                assert_eq!(message.text, text);
                self.engine.taken(&self.burner.id, message.id)?;
                break;
            }
            assert!(Instant::now() < end, "{text}: {:?}", self.connection()?);
            sleep(Duration::from_millis(20)).await;
        }
        assert!(self.unread()?.is_empty(), "{text}: twice");
        Ok(())
    }

    fn unread(&self) -> Tested<Vec<Message>> {
        let messages = self.engine.messages(&self.burner.id, None, None, u32::MAX)?;
        Ok(messages.into_iter().filter(|m| m.state == MessageState::Received).collect())
    }

    async fn end(self) -> Tested {
        self.peer.remove().await?;
        self.engine.burn(&self.burner.id).await?;
        self.engine.close().await;
        Ok(())
    }
}

fn direct() -> CreateOptions {
    CreateOptions {
        server: Some(SERVER.into()),
        route: Some(Route::Exit),
        recoverable: false,
        ..CreateOptions::default()
    }
}

/// The streams that were dialled, and which of them still carry anything.
#[derive(Clone, Default)]
struct Wire {
    dialled: Arc<AtomicUsize>,
    /// Streams with a number below are dead: nothing comes, and what is written goes nowhere.
    dead_below: Arc<AtomicUsize>,
    /// Streams with a number below end where the next byte would come.
    ended_below: Arc<AtomicUsize>,
}

impl Wire {
    fn dialers(&self, lab: &Remote) -> Arc<Direct> {
        let wire = self.clone();
        Direct::wrapped(lab, move |inner| {
            let number = wire.dialled.fetch_add(1, SeqCst);
            Box::new(Line { inner, number, wire: wire.clone() })
        })
    }

    /// All streams of now die without a word.
    fn dies(&self) {
        self.dead_below.store(self.dialled.load(SeqCst), SeqCst);
    }

    /// All streams of now end once something comes.
    fn ends(&self) {
        self.ended_below.store(self.dialled.load(SeqCst), SeqCst);
    }
}

struct Line {
    inner: Box<dyn ByteStream>,
    number: usize,
    wire: Wire,
}

impl Line {
    fn is_dead(&self) -> bool {
        self.number < self.wire.dead_below.load(SeqCst)
    }
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let filled = buf.filled().len();
        let read = Pin::new(&mut self.inner).poll_read(cx, buf);
        if self.is_dead() {
            buf.set_filled(filled);
            return Poll::Pending;
        }
        if self.number < self.wire.ended_below.load(SeqCst) {
            buf.set_filled(filled);
        }
        read
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        if self.is_dead() { Poll::Ready(Ok(buf.len())) } else { Pin::new(&mut self.inner).poll_write(cx, buf) }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

const fn is_waiting(connection: &Connection) -> bool {
    matches!(connection, Connection::Waiting { .. })
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_dead_line_is_noticed_in_the_time_of_the_profile() -> Tested {
    let home = TempDir::new()?;
    let mut day = Day::begin(home.path()).await?;
    for (profile, silence, response) in [(Profile::Foreground, 60, 30), (Profile::Background, 300, 60)] {
        day.set_profile(profile);
        // A server that is asked answers, and the line lives on.
        day.pass(silence).await;
        day.pass(response).await;
        assert_eq!(day.connection()?, Connection::Online);
        day.comes("still there").await?;
        day.wire.dies();
        day.peer.send(&day.burner.jid, "into the dead line").await?;
        day.pass(silence).await;
        day.pass(response - 1).await;
        assert_eq!(day.connection()?, Connection::Online, "{profile:?}");
        day.pass(1).await;
        assert_eq!(day.becomes(is_waiting).await?, Connection::Waiting { why: Error::Timeout });
        day.comes_online().await?;
        day.came("into the dead line").await?;
    }
    day.end().await
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_hint_shows_a_dead_line_in_seconds_and_ends_a_wait() -> Tested {
    let home = TempDir::new()?;
    let mut day = Day::begin(home.path()).await?;
    day.engine.network_changed();
    day.pass(9).await;
    day.pass(1000).await;
    assert_eq!(day.connection()?, Connection::Online, "a line that lives shows it");
    day.comes("still there").await?;
    day.wire.dies();
    day.engine.network_changed();
    sleep(Duration::from_millis(200)).await;
    day.pass(9).await;
    assert_eq!(day.connection()?, Connection::Online);
    day.pass(1).await;
    day.becomes(is_waiting).await?;
    // By the clock that stands still it would wait for ever.
    sleep(Duration::from_secs(3)).await;
    assert!(is_waiting(&day.connection()?));
    day.engine.network_changed();
    day.becomes(|connection| *connection == Connection::Online).await?;
    day.comes("and again").await?;
    day.end().await
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn asleep_it_holds_nothing_and_awake_it_goes_on() -> Tested {
    let home = TempDir::new()?;
    let mut day = Day::begin(home.path()).await?;
    let id = day.burner.id.clone();
    let mut events = day.engine.events(None);
    let begin = Instant::now();
    day.engine.suspend(Duration::from_secs(3)).await?;
    assert!(begin.elapsed() < Duration::from_secs(30));
    assert_eq!(open_below(home.path())?, Vec::<PathBuf>::new());
    assert_eq!(day.connection()?, Connection::Offline);
    let dialled = day.wire.dialled.load(SeqCst);
    day.peer.send(&day.burner.jid, "good night").await?;
    for _ in 0..2 {
        assert_eq!(day.engine.connect(&id), Err(Error::Suspended));
        assert_eq!(day.engine.send(&id, day.peer.jid(), "text", None).err(), Some(Error::Suspended));
        assert_eq!(day.engine.create_burner(direct()).await.err(), Some(Error::Suspended));
        assert_eq!(day.engine.burn(&id).await.err(), Some(Error::Suspended));
        assert_eq!(day.engine.burners()?.len(), 1, "what is known can be shown");
        day.pass(10_000).await;
        day.engine.network_changed();
        // Once more changes nothing.
        day.engine.suspend(Duration::from_secs(3)).await?;
    }
    assert_eq!(day.wire.dialled.load(SeqCst), dialled);
    day.engine.resume().await?;
    day.came("good night").await?;
    day.engine.resume().await?;
    day.comes("good morning").await?;
    let online = Event::Connection { burner: id, connection: Connection::Online };
    let mut seen = Vec::new();
    while let Ok(Some(event)) = timeout(Duration::from_millis(50), events.next()).await {
        seen.push(event);
    }
    assert_eq!(seen.iter().filter(|event| **event == online).count(), 1, "{seen:?}");
    day.end().await
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_burn_that_sleep_interrupts_as_it_says_goodbye_goes_on() -> Tested {
    let wire = Wire::default();
    let mut scene = Scene::begin_on(OtrLibrary::Libotr, SERVER, |lab| wire.dialers(lab)).await?;
    scene.says("hello").await?;
    // Nobody hears the goodbye, so it takes its time.
    wire.dies();
    let (engine, id) = (scene.engine.clone(), scene.burner.id.clone());
    let burn = tokio::spawn(async move { engine.burn(&id).await });
    sleep(Duration::from_secs(1)).await;
    scene.engine.suspend(Duration::from_secs(3)).await?;
    assert_eq!(burn.await?.err(), Some(Error::Suspended));
    assert_eq!(scene.engine.burners()?[0].state, BurnerState::Burning);
    scene.engine.resume().await?;
    let end = Instant::now() + PATIENCE;
    while !scene.engine.burners()?.is_empty() {
        assert!(Instant::now() < end);
        sleep(Duration::from_millis(20)).await;
    }
    scene.engine.close().await;
    Ok(scene.peer.remove().await?)
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn locked_it_says_nothing_without_the_key() -> Tested {
    let home = TempDir::new()?;
    let mut day = Day::begin(home.path()).await?;
    let id = day.burner.id.clone();
    let key = || Key::passphrase("swordfish");
    day.engine.change_key(key()).await?;
    let open = |key| Ok::<_, Box<dyn std::error::Error>>(Config { key, ..config(home.path(), &day.lab)? });
    for asleep in [false, true] {
        if asleep {
            day.engine.suspend(Duration::from_secs(3)).await?;
        }
        day.engine.lock().await?;
        // Suspending what is locked does not open or end anything.
        day.engine.suspend(Duration::from_secs(3)).await?;
        assert_eq!(day.engine.burners().err(), Some(Error::VaultLocked));
        assert_eq!(day.engine.snapshot().life, flashpaper::Life::Locked);
        assert_eq!(day.engine.messages(&id, None, None, u32::MAX).err(), Some(Error::VaultLocked));
        assert_eq!(day.engine.send(&id, "a@b.example", "text", None).err(), Some(Error::VaultLocked));
        assert_eq!(day.engine.resume().await, Err(Error::VaultLocked));
        assert_eq!(Engine::open(open(Key::passphrase("other"))?).await.err(), Some(Error::VaultLocked));
        assert!(Engine::open(open(key())?).await? == day.engine);
        let state = day.engine.snapshot();
        assert_eq!((state.life, state.tor, state.burners.len()), (flashpaper::Life::Suspended, None, 1));
        assert_eq!(open_below(home.path())?, Vec::<PathBuf>::new(), "that it was opened starts nothing");
        day.engine.resume().await?;
        assert_eq!(day.engine.snapshot().life, flashpaper::Life::Awake);
        assert_eq!(day.connection()?, Connection::Offline, "a locked engine has forgotten who was connected");
    }
    day.engine.connect(&id)?;
    day.comes("here again").await?;
    day.end().await
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn an_account_that_is_gone_ends_the_connection() -> Tested {
    let home = TempDir::new()?;
    let day = Day::begin(home.path()).await?;
    day.engine.disconnect(&day.burner.id)?;
    day.becomes(|connection| *connection == Connection::Offline).await?;
    let name = day.burner.jid.split('@').next().unwrap_or_default();
    let file = format!("{}/accounts/{name}.dat", SERVER.replace('.', "%2e"));
    fs::remove_file(day.lab.facts().accounts.join(file))?;
    day.engine.connect(&day.burner.id)?;
    let ended = day.becomes(|connection| matches!(connection, Connection::Ended { .. })).await?;
    assert_eq!(ended, Connection::Ended { why: Error::Auth });
    // A server that gets refused logins again and again locks the account out.
    let dialled = day.wire.dialled.load(SeqCst);
    day.pass(100_000).await;
    day.engine.network_changed();
    sleep(Duration::from_millis(500)).await;
    assert_eq!(day.wire.dialled.load(SeqCst), dialled);
    // A new request is answered again.
    day.engine.connect(&day.burner.id)?;
    day.becomes(|connection| matches!(connection, Connection::Ended { .. })).await?;
    day.end().await
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_full_disk_loses_nothing() -> Tested {
    const NAME: &str = "day::a_full_disk_loses_nothing";
    if env::var_os("OWN_MOUNTS").is_none() {
        // The mount ends with the process.
        let mut inside = Command::new("unshare");
        inside.arg("--mount").arg(env::current_exe()?).args(["--exact", NAME, "--ignored", "--nocapture"]);
        assert!(inside.env("OWN_MOUNTS", "").status()?.success());
        return Ok(());
    }
    let home = TempDir::new()?;
    mount("tmpfs", home.path(), "tmpfs", MountFlags::empty(), &*CString::new("size=4m,mode=700")?)?;
    let mut day = Day::begin(home.path()).await?;
    let id = day.burner.id.clone();
    let mut friend = Friend::register(&day.lab, false).await?;
    day.engine.send(&id, friend.jid(), "before", None)?;
    let filler = home.path().join("filler");
    let _full = fs::write(&filler, vec![0; 5 << 20]);
    day.peer.send(&day.burner.jid, "came to a full disk").await?;
    assert_eq!(day.becomes(is_waiting).await?, Connection::Waiting { why: Error::StorageFull });
    assert_eq!(day.engine.send(&id, friend.jid(), "not stored", None).err(), Some(Error::StorageFull));
    assert!(day.unread()?.is_empty());
    day.clock.0.fetch_add(60, SeqCst);
    sleep(Duration::from_secs(3)).await;
    assert!(is_waiting(&day.connection()?) || day.connection()? == Connection::Connecting);
    fs::remove_file(filler)?;
    day.comes_online().await?;
    day.came("came to a full disk").await?;
    day.comes("and then").await?;
    day.engine.send(&id, friend.jid(), "after", None)?;
    for text in ["before", "after"] {
        assert_eq!(friend.read().await?, text);
    }
    friend.end().await?;
    day.end().await
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_change_of_the_wall_clock_ends_no_wait() -> Tested {
    let home = TempDir::new()?;
    let mut day = Day::begin(home.path()).await?;
    day.wire.ends();
    // The clock of waits stands still from the beginning, so none ends however busy the machine is.
    day.peer.send(&day.burner.jid, "at last").await?;
    // Requests of the user before the stream ends belong to that stream: they shorten no wait.
    let asking = async {
        while day.connection()? == Connection::Online {
            day.engine.connect(&day.burner.id)?;
            tokio::task::yield_now().await;
        }
        Tested::Ok(())
    };
    timeout(PATIENCE, asking).await??;
    day.becomes(is_waiting).await?;
    let dialled = day.wire.dialled.load(SeqCst);
    day.clock.1.store(86_400, SeqCst);
    // The longest first wait: the clock is looked at again after it.
    sleep(Duration::from_secs(3)).await;
    assert_eq!(day.wire.dialled.load(SeqCst), dialled);
    day.clock.1.store(0, SeqCst);
    day.comes_online().await?;
    day.came("at last").await?;
    day.end().await
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn burners_connect_apart() -> Tested {
    let home = TempDir::new()?;
    let day = Day::begin(home.path()).await?;
    let mut ids: Vec<BurnerId> = vec![day.burner.id.clone()];
    for _ in 0..2 {
        ids.push(day.engine.create_burner(direct()).await?.id);
    }
    day.engine.suspend(Duration::from_secs(3)).await?;
    let before = day.wire.dialled.load(SeqCst);
    // The clock that they wait by stands still, so none connects: nor the one that is asked for first.
    day.engine.resume().await?;
    ids.iter().try_for_each(|id| day.engine.connect(id))?;
    sleep(Duration::from_millis(500)).await;
    assert_eq!(day.wire.dialled.load(SeqCst), before);
    // A user waits for five seconds at most.
    day.clock.0.fetch_add(5, SeqCst);
    let end = Instant::now() + PATIENCE;
    while day.wire.dialled.load(SeqCst) < before + ids.len() {
        assert!(Instant::now() < end);
        sleep(Duration::from_millis(100)).await;
    }
    for id in ids.iter().skip(1) {
        day.engine.burn(id).await?;
    }
    day.end().await
}

/// Dialers that panic where they are told to.
struct Fragile {
    inner: Arc<Direct>,
    panics: Arc<AtomicUsize>,
}

impl Dialers for Fragile {
    fn isolated(&self) -> Arc<dyn Dial> {
        Arc::new(Self { inner: Arc::clone(&self.inner), panics: Arc::clone(&self.panics) })
    }
}

impl Dial for Fragile {
    fn dial<'a>(
        &'a self,
        target: &'a flashpaper_tor::Target,
        deadline: Duration,
    ) -> BoxFuture<'a, Result<flashpaper::Dialed, DialError>> {
        let left = self.panics.load(SeqCst);
        self.panics.store(left.saturating_sub(1), SeqCst);
        assert!(left == 0, "a library's bug");
        self.inner.dial(target, deadline)
    }
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_panic_below_is_one_more_reason_to_try_again() -> Tested {
    let home = TempDir::new()?;
    let mut day = Day::begin(home.path()).await?;
    day.engine.disconnect(&day.burner.id)?;
    day.becomes(|connection| *connection == Connection::Offline).await?;
    let panics = Arc::new(AtomicUsize::new(2));
    let dialers = Fragile { inner: day.wire.dialers(&day.lab), panics: Arc::clone(&panics) };
    day.engine.start_on(Arc::new(dialers)).await?;
    day.engine.connect(&day.burner.id)?;
    assert_eq!(day.becomes(is_waiting).await?, Connection::Waiting { why: Error::Internal });
    day.comes_online().await?;
    assert_eq!(panics.load(SeqCst), 0);
    day.comes("after all").await?;
    day.end().await
}

fn open_below(folder: &Path) -> Tested<Vec<PathBuf>> {
    let files = fs::read_dir("/proc/self/fd")?.filter_map(|fd| fs::read_link(fd.ok()?.path()).ok());
    Ok(files.filter(|file| file.starts_with(folder)).collect())
}
