//! Our side: an app that has an engine, Tor within, in a process of its own.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use flashpaper::{Config, CreateOptions, Engine, Event, Key, Network, PrivateNetwork, Route, Step};
use flashpaper_lab::Remote;
use flashpaper_tor::{self as tor, Tor};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::counted::{Counting, Dials};
use crate::{Done, Figures, PATIENCE, SERVER, SETTLING, Tap, Told, peak};

/// Has this program be the measured one, with a folder behind it.
pub(crate) const MEASURED: &str = "--measured";

pub(crate) fn round(figures: &mut Figures, sasl2: &str) -> Done {
    let folder = TempDir::new()?;
    let mut program = Command::new(std::env::current_exe()?);
    program.arg(MEASURED).arg(folder.path());
    let mut app = Told::start(program)?;
    for bootstrap in [&mut figures.bootstrap_cold, &mut figures.bootstrap_warm] {
        let [took] = app.order("bootstrap")?;
        bootstrap.push(took);
    }
    std::thread::sleep(SETTLING);
    let mut tap = |server: &str| {
        let [open_to_logged_in, tap_to_ready, round_trips] = app.order(server)?;
        Done::Ok(Tap { open_to_logged_in, tap_to_ready, round_trips })
    };
    figures.add(&tap(SERVER)?);
    figures.round_trips_sasl2.push(tap(sasl2)?.round_trips);
    figures.peak.push(peak(app.pid())?);
    Ok(())
}

/// Obeys a line of input after the other: to bootstrap (anew), or to make an account at a server.
pub(crate) fn run(home: &Path) -> Done {
    let runtime = Runtime::new()?;
    let lab = Remote::from_env()?;
    let mut app: Option<(Engine, Arc<Tor>, Arc<Dials>)> = None;
    for line in std::io::stdin().lines() {
        let line = line?;
        if line == "bootstrap" {
            if let Some((engine, tor, dials)) = app.take() {
                runtime.block_on(engine.close());
                drop(dials);
                runtime.block_on(Arc::into_inner(tor).ok_or("Tor is in use")?.close());
            }
            let began = Instant::now();
            let tor = Arc::new(runtime.block_on(bootstrap(home, &lab))?);
            println!("{}", began.elapsed().as_secs_f64());
            let dials = Arc::new(Dials::default());
            let engine = runtime.block_on(open(home, &lab, &tor, &dials))?;
            app = Some((engine, tor, dials));
        } else {
            let (engine, _, dials) = app.as_ref().ok_or("no Tor")?;
            let Tap { open_to_logged_in, tap_to_ready, round_trips } = runtime.block_on(tap(engine, dials, line))?;
            println!("{open_to_logged_in} {tap_to_ready} {round_trips}");
        }
    }
    Ok(())
}

async fn bootstrap(home: &Path, lab: &Remote) -> Done<Tor> {
    let network = tor::Network::Private(lab.facts().network.arti.clone());
    let (state_dir, cache_dir) = (home.join("tor-state"), home.join("tor-cache"));
    let config = tor::Config { state_dir, cache_dir, network, access: tor::Access::Direct };
    let tor = Tor::start(config).await?;
    tor.ready(PATIENCE).await.map_err(|_| "Tor is not ready")?;
    Ok(tor)
}

async fn open(home: &Path, lab: &Remote, tor: &Arc<Tor>, dials: &Arc<Dials>) -> Done<Engine> {
    let network = PrivateNetwork::parse(&std::fs::read_to_string(lab.facts_file())?)?;
    let config =
        Config { home: home.join("home"), key: Key::File, network: Network::Private(network), resolvers: None };
    let engine = Engine::open(config).await?;
    engine.start_on(Arc::new(Counting { tor: Arc::clone(tor), dials: Arc::clone(dials) })).await?;
    Ok(engine)
}

async fn tap(engine: &Engine, dials: &Dials, server: String) -> Done<Tap> {
    dials.round_trips.store(0, Relaxed);
    let mut events = engine.events(None);
    let logged_in = async {
        loop {
            if let Event::Creating { step: Step::LoggedIn, .. } = events.next().await.ok_or("closed")? {
                return Done::Ok((Instant::now(), dials.round_trips.load(Relaxed)));
            }
        }
    };
    let began = Instant::now();
    // As the other side: through an exit.
    let options = CreateOptions { server: Some(server), route: Some(Route::Exit), ..CreateOptions::default() };
    let create = async {
        let made = engine.create_burner(options).await?;
        Done::Ok((made, Instant::now()))
    };
    let (logged_in, made) = timeout(PATIENCE, async { tokio::join!(logged_in, create) }).await?;
    let ((logged_in, round_trips), (made, ready)) = (logged_in?, made?);
    let opened = dials.last.lock().unwrap_or_else(PoisonError::into_inner).ok_or("nothing was dialled")?;
    engine.burn(&made.id).await?;
    Ok(Tap {
        open_to_logged_in: (logged_in - opened).as_secs_f64(),
        tap_to_ready: (ready - began).as_secs_f64(),
        round_trips: round_trips.into(),
    })
}
