//! Burns at real servers that cannot be proven at once: one bans an address after failed logins, as each proof is one, and one has
//! another certificate all at once. Neither is called proven, and the next start settles what is left once the server lets it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use flashpaper::{
    BurnOutcome, BurnReport, Burner, BurnerId, Dial, Dialed, Dialers, Engine, Error, Event, Settlement, Spread, Step,
};
use flashpaper_lab::{LabServer, Remote, ServerKind, direct};
use flashpaper_tor::{DialError, Target};
use flashpaper_xmpp::{Connection, Credentials, Domain, Security, Tls};
use futures::future::BoxFuture;
use tempfile::TempDir;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

use crate::registering::{at, log};
use crate::support::{Direct, PATIENCE, Tested, open};

/// How many failed logins of an address [`ServerKind::Bans`] takes.
const GUESSES: usize = 3;
/// More streams than any of these tests dials.
const MANY: usize = 1000;

/// Dialers past Tor that count their streams to servers, and dial no more of them than there is leave for.
struct Gated {
    direct: Arc<dyn Dialers>,
    dial: Arc<dyn Dial>,
    leave: Arc<Semaphore>,
    dialled: Arc<AtomicUsize>,
}

impl Gated {
    fn new(lab: &Remote) -> Arc<Self> {
        let direct: Arc<dyn Dialers> = Direct::plain(lab);
        Arc::new(Self {
            dial: direct.isolated(),
            direct,
            leave: Arc::new(Semaphore::new(MANY)),
            dialled: Arc::default(),
        })
    }

    /// The streams so far.
    fn dialled(&self) -> usize {
        self.dialled.load(SeqCst)
    }
}

impl Dialers for Gated {
    fn isolated(&self) -> Arc<dyn Dial> {
        let (direct, dial) = (Arc::clone(&self.direct), self.direct.isolated());
        Arc::new(Self { direct, dial, leave: Arc::clone(&self.leave), dialled: Arc::clone(&self.dialled) })
    }
}

impl Dial for Gated {
    fn dial<'a>(&'a self, target: &'a Target, limit: Duration) -> BoxFuture<'a, Result<Dialed, DialError>> {
        Box::pin(async move {
            if matches!(target, Target::Host { .. }) {
                self.leave.acquire().await.map_err(|_| DialError::Closed)?.forget();
                self.dialled.fetch_add(1, SeqCst);
            }
            self.dial.dial(target, limit).await
        })
    }
}

/// An engine with two burners at a server.
struct Pair {
    engine: Engine,
    gate: Arc<Gated>,
    burners: [Burner; 2],
}

impl Pair {
    async fn new(home: &Path, lab: &Remote, server: &LabServer) -> Tested<Self> {
        let (engine, gate) = (open(home, lab).await?, Gated::new(lab));
        engine.set_spread(Spread::Within { time: Duration::ZERO });
        engine.start_on(Arc::clone(&gate) as _).await?;
        let options = at(server.domain());
        let burners = [engine.create_burner(options.clone()).await?, engine.create_burner(options).await?];
        Ok(Self { engine, gate, burners })
    }

    /// Burns the first; `happens` between the removal and its proof.
    async fn burn_the_first(&self, happens: impl Future<Output = Tested>) -> Tested<BurnReport> {
        let Self { engine, gate, burners: [burner, _] } = self;
        let mut events = engine.events(None);
        // The stream of the removal alone.
        gate.leave.forget_permits(MANY);
        gate.leave.add_permits(1);
        let meanwhile = async {
            let is_it = |event: &Event| matches!(event, Event::Burning { step: Step::Removed, .. });
            while !is_it(&events.next().await.ok_or("closed")?) {}
            happens.await?;
            gate.leave.add_permits(MANY);
            Tested::Ok(())
        };
        let both = async { tokio::join!(engine.burn(&burner.id), meanwhile) };
        let (report, happened) = timeout(PATIENCE, both).await?;
        happened?;
        Ok(report?)
    }

    /// Has what a start does be done again; what becomes of each removal in the queue.
    async fn start_again(&self) -> Tested<HashMap<BurnerId, Settlement>> {
        let mut events = self.engine.events(None);
        let (mut settled, waiting) = (HashMap::new(), self.engine.pending_removals()?.len());
        self.engine.start_on(Arc::clone(&self.gate) as _).await?;
        let all = async {
            while settled.len() < waiting {
                if let Event::Settled { burner, outcome } = events.next().await.ok_or("closed")? {
                    assert_eq!(settled.insert(burner, outcome), None, "each is asked for once");
                }
            }
            Tested::Ok(())
        };
        timeout(PATIENCE, all).await??;
        Ok(settled)
    }

    /// Whether the removals of both are in the queue: that of the first is confirmed.
    fn both_wait(&self) -> Tested<bool> {
        let waiting = self.engine.pending_removals()?.into_iter().map(|removal| (removal.burner, removal.confirmed));
        let waiting: HashMap<_, _> = waiting.collect();
        let expected = [true, false].into_iter().zip(&self.burners).map(|(is, burner)| (burner.id.clone(), is));
        Ok(waiting == expected.collect())
    }

    fn each(&self, outcomes: [Settlement; 2]) -> HashMap<BurnerId, Settlement> {
        self.burners.iter().map(|burner| burner.id.clone()).zip(outcomes).collect()
    }
}

fn report(outcome: BurnOutcome, reason: Error) -> BurnReport {
    BurnReport { outcome, reason: Some(reason) }
}

fn name(burner: &Burner) -> &str {
    burner.jid.split('@').next().unwrap_or_default()
}

/// Somebody else behind the same exit guesses passwords, until the address is banned.
async fn guess(lab: &Remote, server: &LabServer) -> Tested {
    let domain = Domain::parse(server.domain())?;
    let tls = Tls::only_roots_in(&lab.facts().network.ca_pem)?;
    for _ in 0..GUESSES {
        let stream = direct::connect(lab.facts(), server.domain(), 5223).await?;
        let link = Connection::open(stream, &domain, Security::DirectTls, &tls).await?;
        let credentials = Credentials::new("somebody".to_owned(), Zeroizing::new("a guess".to_owned()));
        assert_ne!(link.try_login(&credentials).await, Ok(()));
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn while_a_server_bans_the_address_nothing_is_proven_and_nobody_asks_again_and_again() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    let server = lab.server(ServerKind::Bans).await?;
    // A run that has failed may have left it so.
    server.unban().await?;
    let pair = Pair::new(home.path(), &lab, &server).await?;
    let [first, second] = &pair.burners;

    let proof = pair.burn_the_first(guess(&lab, &server)).await?;
    assert_eq!(proof, report(BurnOutcome::Unproven, Error::ServerUnreachable));
    let removal = pair.engine.burn(&second.id).await?;
    assert_eq!(removal, report(BurnOutcome::Queued, Error::ServerUnreachable));
    let before = pair.gate.dialled();
    assert!(pair.both_wait()?);
    let there = server.accounts().await?;
    assert!(!there.contains(name(first)) && there.contains(name(second)));

    // Nobody asks by itself for ten minutes, and each start asks once for each, at the two ports.
    sleep(Duration::from_secs(1)).await;
    assert_eq!(pair.gate.dialled(), before);
    assert_eq!(pair.start_again().await?, pair.each([Settlement::Unknown; 2]));
    assert_eq!(pair.gate.dialled(), before + 2 * 2);
    assert!(pair.both_wait()?);

    server.unban().await?;
    assert_eq!(pair.start_again().await?, pair.each([Settlement::Absent, Settlement::Removed]));
    assert!(pair.engine.pending_removals()?.is_empty());
    assert!(!server.accounts().await?.contains(name(second)));
    pair.engine.close().await;
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_server_that_has_another_certificate_is_told_nothing_and_proves_nothing() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    let server = lab.server(ServerKind::Open).await?;
    // A run that has failed may have left it so.
    server.distrust(false).await?;
    let pair = Pair::new(home.path(), &lab, &server).await?;
    let [first, second] = &pair.burners;

    let mut heard = 0;
    let happens = async {
        server.distrust(true).await?;
        heard = log(&server)?.len();
        Ok(())
    };
    assert_eq!(pair.burn_the_first(happens).await?, report(BurnOutcome::Unproven, Error::Untrusted));
    let removal = pair.engine.burn(&second.id).await?;
    assert_eq!(removal, report(BurnOutcome::Queued, Error::Untrusted));
    let before = pair.gate.dialled();
    assert_eq!(pair.start_again().await?, pair.each([Settlement::Unknown; 2]));
    assert_eq!(pair.gate.dialled() - before, 2);
    assert!(pair.both_wait()?);
    let there = server.accounts().await?;
    assert!(!there.contains(name(first)) && there.contains(name(second)));
    let said = log(&server)?.split_off(heard);
    assert!(said.contains("Starting TLS now"), "{said}");
    assert!(!said.contains("RECV"), "not a byte inside TLS: {said}");

    server.distrust(false).await?;
    assert_eq!(pair.start_again().await?, pair.each([Settlement::Absent, Settlement::Removed]));
    assert!(pair.engine.pending_removals()?.is_empty());
    assert!(!server.accounts().await?.contains(name(second)));
    pair.engine.close().await;
    Ok(())
}
