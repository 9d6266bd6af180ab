//! The program that is looked at: an app that has an engine, and nothing else that could wake it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use flashpaper::{
    Clock, Config, Connection, CreateOptions, Engine, Event, Key, Network, PrivateNetwork, Profile, Route, Seams,
    TorAccess,
};
use flashpaper_lab::Remote;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::Done;

/// The lab's server that makes accounts.
pub(crate) const SERVER: &str = "burner.test";
const PATIENCE: Duration = Duration::from_secs(180);

/// Obeys a line of input after the other, and says so, until there is none.
pub(crate) fn run(home: &Path) -> Done {
    let runtime = Runtime::new()?;
    let ahead = Ahead { clock: Seams::real().clock, by: Arc::default() };
    let by = Arc::clone(&ahead.by);
    let engine = runtime.block_on(start(home, ahead))?;
    for line in std::io::stdin().lines() {
        runtime.block_on(obey(&engine, &line?))?;
        // More registrations than the user makes in an hour.
        by.fetch_add(3600, Relaxed);
        println!("done");
    }
    Ok(())
}

async fn start(home: &Path, clock: Ahead) -> Done<Engine> {
    let network = PrivateNetwork::parse(&std::fs::read_to_string(Remote::from_env()?.facts_file())?)?;
    let config = Config { home: home.to_owned(), key: Key::File, network: Network::Private(network), resolvers: None };
    let engine = Engine::open_with(config, Seams { clock: Box::new(clock), ..Seams::real() }).await?;
    engine.start_tor(TorAccess::Direct, PATIENCE).await?;
    Ok(engine)
}

async fn obey(engine: &Engine, order: &str) -> Done {
    match order {
        "connect" => timeout(PATIENCE, connect(engine)).await??,
        "background" => engine.set_profile(Profile::Background),
        "suspend" => engine.suspend(Duration::from_secs(3)).await?,
        _ => return Err("no such order".into()),
    }
    Ok(())
}

/// One more burner, which stays online.
async fn connect(engine: &Engine) -> Done {
    // As the other side: through an exit.
    let options = CreateOptions { server: Some(SERVER.into()), route: Some(Route::Exit), ..CreateOptions::default() };
    let made = engine.create_burner(options).await?;
    let mut events = engine.events(None);
    engine.connect(&made.id)?;
    loop {
        match events.next().await.ok_or("closed")? {
            Event::Connection { burner, connection: Connection::Online } if burner == made.id => return Ok(()),
            _ => {}
        }
    }
}

/// The device's clock, with a time of day that is set ahead.
struct Ahead {
    clock: Box<dyn Clock>,
    by: Arc<AtomicU64>,
}

impl Clock for Ahead {
    fn unix_seconds(&self) -> u64 {
        self.clock.unix_seconds() + self.by.load(Relaxed)
    }

    fn since_boot(&self) -> Duration {
        self.clock.since_boot()
    }
}
