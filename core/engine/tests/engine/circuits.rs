//! Burners share no circuit, whatever they do: each stream over real relays is looked at, with the circuit that carries it.

use std::collections::{BTreeMap, HashSet};
use std::mem::take;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flashpaper::{BurnOutcome, Connection, CreateOptions, Dial, Dialed, Dialers, Engine, Event, Events, Route, Spread};
use flashpaper_lab::Remote;
use flashpaper_tor::{Access, Config, DialError, Dialer, Network, Target, Tor};
use futures::future::BoxFuture;
use tempfile::TempDir;
use tokio::time::timeout;

use crate::support::{PATIENCE, Tested, open};

/// Two burners at two servers: where a stream leads tells which of them it is of.
const SERVERS: [&str; 2] = ["burner.test", "starttls.test"];

/// The circuits of streams, by the host that each leads to.
type Seen = Arc<Mutex<BTreeMap<String, HashSet<String>>>>;

/// Tor, looked at.
struct Watched {
    tor: Tor,
    seen: Seen,
}

impl Dialers for Watched {
    fn isolated(&self) -> Arc<dyn Dial> {
        Arc::new(WatchedDialer { dialer: self.tor.isolated(), seen: Arc::clone(&self.seen) })
    }
}

struct WatchedDialer {
    dialer: Dialer,
    seen: Seen,
}

impl Dial for WatchedDialer {
    fn dial<'a>(&'a self, target: &'a Target, deadline: Duration) -> BoxFuture<'a, Result<Dialed, DialError>> {
        Box::pin(async move {
            let dialed = Dial::dial(&self.dialer, target, deadline).await?;
            let Target::Host { name, .. } = target else { return Err(DialError::OnionUnreachable) };
            let circuit = dialed.circuit.clone().unwrap_or_default();
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.entry(name.clone()).or_default().insert(circuit);
            drop(seen);
            Ok(dialed)
        })
    }
}

/// Both come online.
async fn online(events: &mut Events) -> Tested {
    let mut left: HashSet<_> = HashSet::new();
    let both = async {
        while left.len() < SERVERS.len() {
            let event = events.next().await.ok_or("closed")?;
            if let Event::Connection { burner, connection: Connection::Online } = event {
                left.insert(burner);
            }
        }
        Tested::Ok(())
    };
    timeout(PATIENCE, both).await?
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn no_circuit_carries_two_burners_from_creation_to_burn() -> Tested {
    let lab = Remote::from_env()?;
    let done = from_creation_to_burn(&lab).await;
    // The lab is whole again before the next test.
    lab.reset().await?;
    done
}

async fn from_creation_to_burn(lab: &Remote) -> Tested {
    let (home, tor_home, seen) = (TempDir::new()?, TempDir::new()?, Seen::default());
    let tor = Tor::start(Config {
        state_dir: tor_home.path().join("state"),
        cache_dir: tor_home.path().join("cache"),
        network: Network::Private(lab.facts().network.arti.clone()),
        access: Access::Direct,
    })
    .await?;
    tor.ready(PATIENCE).await.map_err(|_| "Tor is not ready")?;
    let engine = open(home.path(), lab).await?;
    engine.start_on(Arc::new(Watched { tor, seen: Arc::clone(&seen) })).await?;
    engine.set_spread(Spread::Within { time: Duration::from_millis(500) });
    let mut used: [HashSet<String>; 2] = Default::default();
    let mut look = |step: &str| {
        let mut now = take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
        for (used, server) in used.iter_mut().zip(SERVERS) {
            let circuits = now.remove(server).unwrap_or_default();
            assert!(!circuits.is_empty() && !circuits.contains(""), "{step}: no circuit was seen of {server}");
            used.extend(circuits);
        }
        assert!(now.is_empty(), "{step}: {now:?}");
        assert!(used[0].is_disjoint(&used[1]), "{step}: {used:?}");
    };

    let mut burners = Vec::new();
    for server in SERVERS {
        let options = CreateOptions {
            server: Some(server.into()),
            route: Some(Route::Exit),
            recoverable: false,
            ..CreateOptions::default()
        };
        burners.push(engine.create_burner(options).await?);
    }
    look("created");
    let mut events = engine.events(None);
    connect(&engine, &burners)?;
    online(&mut events).await?;
    look("connected");
    lab.cut().await?;
    online(&mut events).await?;
    look("connected again after a cut");
    engine.suspend(Duration::from_secs(3)).await?;
    let mut events = engine.events(None);
    engine.resume().await?;
    online(&mut events).await?;
    look("resumed");
    let (one, two) = tokio::join!(engine.burn(&burners[0].id), engine.burn(&burners[1].id));
    assert_eq!([one?.outcome, two?.outcome], [BurnOutcome::Proven; 2]);
    look("burnt");
    engine.close().await;
    Ok(())
}

fn connect(engine: &Engine, burners: &[flashpaper::Burner]) -> Tested {
    Ok(burners.iter().try_for_each(|burner| engine.connect(&burner.id))?)
}
