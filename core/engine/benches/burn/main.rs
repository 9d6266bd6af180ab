//! How long it takes to burn a burner, to panic and to lock. Prints a table, or with `--json` one object:
//!
//! - `burn_s`, `round_trips`: from the call until the burner is shown to be gone, and how often on the way something is waited
//!   for that comes through the circuit; at Debian's Prosody, by an exit. `burn_sasl2_s`, `round_trips_sasl2`: at one with SASL 2.
//! - `proof_s`: the part of it from the dial of the stream on which the login has to be refused.
//! - `panic_ms`, `lock_ms`: with ten burners and 10,000 messages that wait, in memory and on disk. The goal of a panic is 100.
//!
//! Medians of five rounds. Needs a lab with a delay, as `cargo xtask bench burn` starts one.

#[path = "../tap/counted.rs"]
mod counted;

use std::error::Error;
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use flashpaper::{
    BurnOutcome, Burner, Config, CreateOptions, Engine, Key, Network, PanicReport, PrivateNetwork, Route,
};
use flashpaper_lab::{Remote, ServerKind};
use flashpaper_tor::{self as tor, Tor};
use flashpaper_vault::{self as vault, Batch, KeyFile, Table, Vault};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use zeroize::Zeroizing;

use counted::{Counting, Dials};

type Done<T = ()> = Result<T, Box<dyn Error>>;

const ROUNDS: usize = 5;
const PATIENCE: Duration = Duration::from_secs(180);
const SERVER: &str = "burner.test";
const BURNERS: usize = 10;
const TEXTS_OF_EACH: usize = 1000;
/// Where a vault has an account.
const ACCOUNT: Table = Table::lasting(0);

fn main() -> Done {
    let figures = tokio::runtime::Runtime::new()?.block_on(measure())?;
    if std::env::args().any(|arg| arg == "--json") {
        let object: Map<_, _> = figures.into_iter().map(|(name, figure)| (name.to_owned(), json!(figure))).collect();
        println!("{}", Value::Object(object));
    } else {
        figures.iter().for_each(|(name, figure)| println!("{name:<20}{figure:>10.2}"));
    }
    Ok(())
}

async fn measure() -> Done<[(&'static str, f64); 7]> {
    let lab = Remote::from_env()?;
    let sasl2 = lab.server(ServerKind::Sasl2).await?;
    let (mut burns, mut burns_sasl2) = (Vec::new(), Vec::new());
    let (mut proofs, mut panics, mut locks) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS}");
        // Each with a folder of its own: there is a cap on registrations.
        let folder = TempDir::new()?;
        let home = folder.path().join("home");
        let (tor, dials) = (bootstrap(folder.path(), &lab).await?, Arc::new(Dials::default()));
        let engine = open(&home, &lab).await?;
        engine.start_on(Arc::new(Counting { tor: Arc::clone(&tor), dials: Arc::clone(&dials) })).await?;
        // The last one takes along what burners share, which is not measured here.
        let last = create(&engine, SERVER).await?;
        for (server, burns) in [(SERVER, &mut burns), (sasl2.domain(), &mut burns_sasl2)] {
            let burner = create(&engine, server).await?;
            dials.round_trips.store(0, Relaxed);
            let began = Instant::now();
            let report = engine.burn(&burner.id).await?;
            let took = began.elapsed().as_secs_f64();
            let proof_began = dials.last.lock().unwrap_or_else(PoisonError::into_inner).ok_or("nothing was dialled")?;
            proofs.push(proof_began.elapsed().as_secs_f64());
            if report.outcome != BurnOutcome::Proven {
                return Err(format!("{report:?}").into());
            }
            burns.push((took, f64::from(dials.round_trips.load(Relaxed))));
        }
        engine.clone().close().await;
        fill(&home).await?;
        let engine = open(&home, &lab).await?;
        let mut total = 0;
        for burner in engine.burners()? {
            for number in 0..TEXTS_OF_EACH {
                engine.send(&burner.id, "friend@burner.test", &format!("text {number}"), None)?;
                total += 1;
            }
        }
        if total != BURNERS * TEXTS_OF_EACH {
            return Err(format!("{total} texts").into());
        }
        let began = Instant::now();
        engine.lock().await?;
        locks.push(began.elapsed().as_secs_f64() * 1000.0);
        let engine = open(&home, &lab).await?;
        let began = Instant::now();
        let report = Engine::panic(&home, None);
        panics.push(began.elapsed().as_secs_f64() * 1000.0);
        if report != PanicReport::default() || home.exists() {
            return Err(format!("{report:?}").into());
        }
        drop(engine);
        // Its account stays at the server, where nobody uses it any more.
        drop(last);
    }
    let of = |figures: &[(f64, f64)]| {
        let [seconds, trips] = [0, 1].map(|part| median(figures.iter().map(|it| [it.0, it.1][part])));
        [seconds, trips]
    };
    let ([burn, trips], [burn_sasl2, trips_sasl2]) = (of(&burns), of(&burns_sasl2));
    let (panic, lock) = (median(panics.into_iter()), median(locks.into_iter()));
    Ok([
        ("burn_s", burn),
        ("round_trips", trips),
        ("burn_sasl2_s", burn_sasl2),
        ("round_trips_sasl2", trips_sasl2),
        ("proof_s", median(proofs.into_iter())),
        ("panic_ms", panic),
        ("lock_ms", lock),
    ])
}

async fn bootstrap(folder: &Path, lab: &Remote) -> Done<Arc<Tor>> {
    let network = tor::Network::Private(lab.facts().network.arti.clone());
    let (state_dir, cache_dir) = (folder.join("tor-state"), folder.join("tor-cache"));
    let tor = Tor::start(tor::Config { state_dir, cache_dir, network, access: tor::Access::Direct }).await?;
    tor.ready(PATIENCE).await.map_err(|_| "Tor is not ready")?;
    Ok(Arc::new(tor))
}

async fn open(home: &Path, lab: &Remote) -> Done<Engine> {
    let network = PrivateNetwork::parse(&std::fs::read_to_string(lab.facts_file())?)?;
    let config = Config { home: home.to_owned(), key: Key::File, network: Network::Private(network), resolvers: None };
    Ok(Engine::open(config).await?)
}

async fn create(engine: &Engine, server: &str) -> Done<Burner> {
    // Through an exit.
    let (server, route) = (Some(server.to_owned()), Some(Route::Exit));
    Ok(engine.create_burner(CreateOptions { server, route, ..CreateOptions::default() }).await?)
}

/// Has a folder with one burner have ten: with the records of the one, but for their names.
async fn fill(home: &Path) -> Done {
    let home = home.to_owned();
    let fill = move || {
        let rng = &mut UnwrapErr(SysRng);
        let key = vault::Key::source(Arc::new(KeyFile::new(&home)));
        let (mut vault, _) = Vault::open(&home, key, rng).map_err(|error| error.to_string())?;
        let owner = vault.owners().into_iter().next().ok_or("no burner")?;
        let row = vault.row(owner, ACCOUNT, 0).map_err(|error| error.to_string())?.ok_or("no account")?;
        let row = row.map_err(|finding| format!("{finding:?}"))?;
        let mut account: Value = serde_json::from_slice(&row.bytes).map_err(|error| error.to_string())?;
        let mut batch = Batch::default();
        for number in 1..BURNERS {
            account["id"] = format!("{number:016x}").into();
            account["username"] = format!("another{number}").into();
            let owner = batch.add_owner(rng);
            batch.put(owner, ACCOUNT, 0, Zeroizing::new(account.to_string().into_bytes()));
        }
        vault.commit(batch, rng).map_err(|error| error.to_string())
    };
    Ok(tokio::task::spawn_blocking(fill).await??)
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = figures.collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
