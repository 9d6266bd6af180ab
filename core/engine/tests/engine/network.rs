//! Ways to servers and into Tor: SRV records, and bridges.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use flashpaper::{
    BridgePart, BurnOutcome, Config, CreateOptions, Dial, Dialed, Dialers, Engine, Error, Input, Key, Network, Route,
    TorAccess, Transport,
};
use flashpaper_lab::{MOVED, Remote, ServerKind};
use flashpaper_tor::{DialError, Target};
use futures::future::BoxFuture;
use simple_dns::rdata::{RData, SRV};
use simple_dns::{CLASS, Name, Packet, ResourceRecord};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

use crate::support::{Direct, PATIENCE, SERVER, Tested, config, open};

fn at(server: &str) -> CreateOptions {
    CreateOptions { server: Some(server.to_owned()), route: Some(Route::Exit), ..CreateOptions::default() }
}

fn over(line: &str) -> TorAccess {
    TorAccess::Bridges { lines: vec![line.to_owned()], transports: Vec::new() }
}

async fn lives_at(engine: &Engine, server: &str) -> Tested {
    let burner = engine.create_burner(at(server)).await?;
    assert_eq!(engine.burn(&burner.id).await?.outcome, BurnOutcome::Proven);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_server_is_found_by_its_records() -> Tested {
    let lab = Remote::from_env()?;
    lab.start("dns").await?;
    let done = found_by_its_records(&lab).await;
    lab.reset().await?;
    done
}

async fn found_by_its_records(lab: &Remote) -> Tested {
    let home = TempDir::new()?;
    // An app that names no DNS server has none asked.
    let none = Config { resolvers: Some(Vec::new()), ..config(home.path(), lab)? };
    let engine = Engine::open(none).await?;
    engine.start_tor(TorAccess::Direct, PATIENCE).await?;
    assert_eq!(engine.create_burner(at(MOVED)).await.err(), Some(Error::ServerUnreachable));
    engine.close().await;
    assert!(!fs::read_to_string(&lab.facts().dns_log).unwrap_or_default().contains(MOVED));

    let engine = open(home.path(), lab).await?;
    engine.start_tor(TorAccess::Direct, PATIENCE).await?;
    lives_at(&engine, MOVED).await?;
    let log = fs::read_to_string(&lab.facts().dns_log)?;
    let names = log.lines().filter_map(|line| line.split_once(" query[SRV] ")?.1.split(' ').next());
    let services = ["_xmpp-client._tcp.moved.test", "_xmpps-client._tcp.moved.test"];
    assert_eq!(names.collect::<BTreeSet<_>>(), BTreeSet::from(services), "{log}");
    // A server of the directory is where it always was, and DNS hears nothing of it.
    lives_at(&engine, SERVER).await?;
    assert!(!fs::read_to_string(&lab.facts().dns_log)?.contains(SERVER));
    // Who does not answer is as good as no record, and at the domain itself there is nobody.
    lab.stop("dns").await?;
    assert_eq!(engine.create_burner(at(MOVED)).await.err(), Some(Error::ServerUnreachable));
    engine.close().await;
    Ok(())
}

/// Dialers past Tor to which DNS says that every server is at a host of somebody else's.
struct Misleading(Arc<Direct>);

impl Dialers for Misleading {
    fn isolated(&self) -> Arc<dyn Dial> {
        Arc::new(Self(Arc::clone(&self.0)))
    }
}

impl Dial for Misleading {
    fn dial<'a>(&'a self, target: &'a Target, limit: Duration) -> BoxFuture<'a, Result<Dialed, DialError>> {
        if !matches!(target, Target::Resolver { .. }) {
            return self.0.dial(target, limit);
        }
        let (near, far) = tokio::io::duplex(4096);
        tokio::spawn(mislead(far));
        Box::pin(async { Ok(Dialed { stream: Box::new(near), circuit: None }) })
    }
}

/// Answers both questions.
async fn mislead(mut stream: DuplexStream) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let elsewhere = ServerKind::Misnamed.domain();
    for _ in 0..2 {
        let mut query = vec![0; stream.read_u16().await?.into()];
        stream.read_exact(&mut query).await?;
        let query = Packet::parse(&query)?;
        let mut answer = Packet::new_reply(query.id());
        answer.questions.clone_from(&query.questions);
        let name = query.questions.first().ok_or("no question")?.qname.clone();
        if name.to_string().starts_with("_xmpps-client.") {
            let record = SRV { priority: 0, weight: 0, port: 5223, target: Name::new(&elsewhere)? };
            answer.answers.push(ResourceRecord::new(name, CLASS::IN, 60, RData::SRV(record)));
        }
        let answer = answer.build_bytes_vec()?;
        stream.write_u16(answer.len().try_into()?).await?;
        stream.write_all(&answer).await?;
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_forged_record_alone_does_not_decide() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    let (server, _elsewhere) = (lab.server(ServerKind::Closed).await?, lab.server(ServerKind::Misnamed).await?);
    let engine = open(home.path(), &lab).await?;
    engine.start_on(Arc::new(Misleading(Direct::plain(&lab)))).await?;
    let asked = engine.create_burner(at(server.domain())).await;
    assert_eq!(asked.err(), Some(Error::RegistrationClosed), "the server itself is asked in the end");
    server.stop().await?;
    assert_eq!(
        engine.create_burner(at(server.domain())).await.err(),
        Some(Error::Untrusted),
        "and nothing else is hidden"
    );
    engine.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn tor_runs_by_the_way_that_was_named_last() -> Tested {
    let lab = Remote::from_env()?;
    let line = lab.bridge("bridge").await?;
    let done = named_last(&lab, &line).await;
    lab.reset().await?;
    done
}

async fn named_last(lab: &Remote, line: &str) -> Tested {
    let home = TempDir::new()?;
    let engine = open(home.path(), lab).await?;
    engine.start_tor(TorAccess::Direct, PATIENCE).await?;
    assert_eq!(engine.start_tor(over("192.0.2.1:443"), PATIENCE).await, bad(1, BridgePart::Fingerprint));
    lives_at(&engine, SERVER).await?;
    engine.start_tor(over(line), PATIENCE).await?;
    lives_at(&engine, SERVER).await?;
    // A sleep does not change it, nor does a bridge that is gone.
    lab.stop("bridge").await?;
    engine.suspend(Duration::from_secs(3)).await?;
    engine.resume().await?;
    let short = Duration::from_secs(20);
    assert_eq!(engine.start_tor(over(line), short).await, Err(Error::TorBlocked));
    lab.bridge("bridge").await?;
    engine.start_tor(over(line), PATIENCE).await?;
    lives_at(&engine, SERVER).await?;
    engine.suspend(Duration::from_secs(3)).await?;
    engine.sync_once(TorAccess::Direct, PATIENCE).await?;
    engine.close().await;
    Ok(())
}

fn bad(line: u32, part: BridgePart) -> Result<(), Error> {
    Err(Error::InvalidInput { input: Input::Bridge { line, part } })
}

#[tokio::test]
async fn what_is_no_bridge_is_told_and_nothing_starts() -> Tested {
    const FINGERPRINT: &str = "0BAC39417268B96B9F514E7F63FA6FBA1A788955";
    let home = TempDir::new()?;
    let config = Config { home: home.path().to_owned(), key: Key::File, network: Network::Public, resolvers: None };
    let engine = Engine::open(config).await?;
    let start = async |lines: &[&str], address: &str| {
        let transports =
            vec![Transport { name: "obfs4".into(), address: address.parse().map_err(|_| Error::Internal)? }];
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        engine.start_tor(TorAccess::Bridges { lines, transports }, PATIENCE).await
    };
    let (here, line) = ("127.0.0.1:4000", format!("obfs4 192.0.2.1:443 {FINGERPRINT} cert=x"));
    assert_eq!(start(&[], here).await, bad(1, BridgePart::Address));
    assert_eq!(start(&[&line, "", "bridge"], here).await, bad(3, BridgePart::Address));
    assert_eq!(start(&[&line, "192.0.2.1:443 x"], here).await, bad(2, BridgePart::Fingerprint));
    assert_eq!(start(&[&line.replace("obfs4", "webtunnel")], here).await, bad(1, BridgePart::Transport));
    assert_eq!(start(&[&line, &format!("{line} x")], here).await, bad(2, BridgePart::Argument));
    let elsewhere = start(&[&line], "192.0.2.2:4000").await;
    assert_eq!(elsewhere, Err(Error::InvalidInput { input: Input::Transport }));
    assert!(engine.snapshot().tor.is_none() && !home.path().join("tor").exists());
    engine.close().await;
    Ok(())
}
