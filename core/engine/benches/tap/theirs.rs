//! The other side: Debian's `tor`, and slixmpp of PyPI through its SOCKS port.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Instant;

use flashpaper_lab::{Facts, TorClient};
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{UnixListener, UnixStream};
use tokio::runtime::Runtime;

use crate::counted::Counted;
use crate::{Done, Figures, SERVER, SETTLING, Tap, Told, peak};

/// Names the Python that has slixmpp.
const PYTHON: &str = "FLASHPAPER_SLIXMPP";
/// What SOCKS with a user name says before it connects: with tor itself, through no circuit.
const GREETINGS: u32 = 2;

pub(crate) fn round(figures: &mut Figures, facts: &Facts, sasl2: &str) -> Done {
    let folder = TempDir::new()?;
    let (tor_folder, socks) = (folder.path().join("tor"), folder.path().join("counted"));
    let mut tor = None;
    for bootstrap in [&mut figures.bootstrap_cold, &mut figures.bootstrap_warm] {
        drop(tor.take());
        // It says there that it is up.
        let _ = std::fs::remove_file(tor_folder.join("tor.log"));
        let began = Instant::now();
        tor = Some(TorClient::start(facts, &tor_folder)?);
        bootstrap.push(began.elapsed().as_secs_f64());
    }
    let tor = tor.ok_or("no tor")?;
    let runtime = Runtime::new()?;
    let round_trips = runtime.block_on(count(&socks, tor.socks()))?;
    let python = std::env::var_os(PYTHON).ok_or("run as `cargo xtask bench tap`")?;
    let mut program = Command::new(python);
    program.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/tap/slixmpp_tap.py"));
    program.arg(&socks).arg(facts.authority.join("ca.pem"));
    let mut app = Told::start(program)?;
    std::thread::sleep(SETTLING);
    let mut tap = |server: &str| {
        round_trips.store(0, Relaxed);
        let [open_to_logged_in] = app.order(server)?;
        let trips = round_trips.load(Relaxed).saturating_sub(GREETINGS);
        let [after] = app.order("ready")?;
        let tap_to_ready = open_to_logged_in + after;
        Done::Ok(Tap { open_to_logged_in, tap_to_ready, round_trips: trips.into() })
    };
    figures.add(&tap(SERVER)?);
    figures.round_trips_sasl2.push(tap(sasl2)?.round_trips);
    figures.peak.push(peak(app.pid())? + peak(tor.pid())?);
    Ok(())
}

/// Listens in front of tor's SOCKS port; the round trips of what goes through.
async fn count(socks: &Path, tor: &Path) -> Done<Arc<AtomicU32>> {
    let (listener, tor) = (UnixListener::bind(socks)?, tor.to_owned());
    let round_trips = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&round_trips);
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let (tor, counter) = (tor.clone(), Arc::clone(&counter));
            tokio::spawn(async move {
                let far = UnixStream::connect(tor).await?;
                copy_bidirectional(&mut near, &mut Counted::new(far, counter)).await
            });
        }
    });
    Ok(round_trips)
}
