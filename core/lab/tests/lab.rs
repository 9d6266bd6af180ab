//! The lab keeps its own promises: tests of the product stand on them.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use flashpaper_lab::{Facts, Peer, Remote, ServerFacts, ServerKind, accounts, direct};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

type Tested<T = ()> = Result<T, Box<dyn std::error::Error>>;

const PATIENCE: Duration = Duration::from_secs(60);

/// Connects to a relay and asks for its TLS; how long the first byte took.
async fn greet(facts: &Facts) -> Tested<(TcpStream, Duration)> {
    let relay = facts.relays.last().ok_or("no relay")?;
    let started = Instant::now();
    let mut stream = TcpStream::connect((relay.address.as_str(), relay.or_port)).await?;
    // No TLS: the relay answers with an alert, or ends the connection.
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await?;
    let mut byte = [0];
    timeout(PATIENCE, stream.read(&mut byte)).await??;
    Ok((stream, started.elapsed()))
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn a_connection_past_tor_shows_by_its_address() -> Tested {
    let lab = Remote::from_env()?;
    let stream = direct::connect(lab.facts(), "burner.test", 5222).await?;
    assert_eq!(stream.local_addr()?.ip().to_string(), "127.0.0.1");
    for relay in &lab.facts().relays {
        assert!(relay.address.starts_with(&lab.facts().subnet));
    }
    assert!(direct::connect(lab.facts(), "burner.test", 1).await.is_err());
    assert!(direct::connect(lab.facts(), "nowhere.test", 5222).await.is_err());
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn links_delay_and_refuse() -> Tested {
    let lab = Remote::from_env()?;
    // On a busy machine one answer alone may be slow: the quickest of some is the link's own time.
    let mut quick = Duration::MAX;
    for _ in 0..10 {
        quick = quick.min(greet(lab.facts()).await?.1);
    }
    lab.delay(300).await?;
    let slow = greet(lab.facts()).await;
    lab.reset().await?;
    let (_, slow) = slow?;
    // What the relay answers to noise is the end of the connection, which is not delayed.
    assert!(slow >= Duration::from_millis(300) + quick / 2, "took {slow:?}, without delay {quick:?}");

    let name = &lab.facts().relays.last().ok_or("no relay")?.name;
    lab.stop(name).await?;
    let refused = greet(lab.facts()).await.is_err();
    lab.start(name).await?;
    assert!(refused);
    greet(lab.facts()).await?;
    assert!(lab.stop("nobody").await.is_err());
    Ok(())
}

#[tokio::test]
#[ignore = "needs the lab: cargo xtask test"]
async fn servers_stop_and_start_and_peers_talk() -> Tested {
    let lab = Remote::from_env()?;
    lab.stop("prosody").await?;
    let refused = direct::connect(lab.facts(), "burner.test", 5222).await.is_err();
    lab.start("prosody").await?;
    assert!(refused);
    let (mut one, mut two) = (Peer::register(lab.facts()).await?, Peer::register(lab.facts()).await?);
    let name = one.jid().split('@').next().unwrap_or_default().to_owned();
    assert!(accounts::names(lab.facts(), "burner.test")?.contains(&name));
    one.send(two.jid(), "hello").await?;
    assert_eq!(timeout(PATIENCE, two.next()).await??.text, "hello");
    one.remove().await?;
    assert!(!accounts::names(lab.facts(), "burner.test")?.contains(&name));
    two.remove().await?;
    Ok(())
}

/// A lab of the test's own, in a folder.
fn up(dir: &Path) -> Tested<(Child, Facts)> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_flashpaper-lab"))
        .args(["up", "--dir"])
        .arg(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
    match serde_json::from_str(&line) {
        Ok(facts) => Ok((child, facts)),
        Err(_) => Err(format!("the lab ended: {}", child.wait()?).into()),
    }
}

/// Has a lab start a server, and notes its process.
fn serve(facts: &mut Facts, kind: ServerKind) -> Tested {
    let mut stream = std::net::TcpStream::connect(&facts.control)?;
    stream.write_all(format!("serve {kind}\n").as_bytes())?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer)?;
    let server: ServerFacts = serde_json::from_str(answer.strip_prefix("ok ").ok_or(answer.as_str())?)?;
    facts.pids.insert(server.domain, server.pid.ok_or("no process")?);
    Ok(())
}

fn alive(facts: &Facts) -> Vec<u32> {
    let lives = |pid: &u32| fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|s| !s.contains(") Z "));
    facts.pids.values().copied().filter(lives).collect()
}

fn all_dead_within(facts: &Facts, limit: Duration) -> bool {
    let started = Instant::now();
    while !alive(facts).is_empty() && started.elapsed() < limit {
        std::thread::sleep(Duration::from_millis(100));
    }
    alive(facts).is_empty()
}

#[test]
#[ignore = "needs the lab: cargo xtask test"]
fn nothing_outlives_it_and_keys_are_kept() -> Tested {
    let dir = TempDir::new()?;
    let (mut killed, mut first) = up(dir.path())?;
    assert!(up(dir.path()).is_err(), "two labs in one folder");
    assert_eq!(alive(&first).len(), 9, "seven relays, the onion host, the server");
    assert!(!dir.path().join("servers").exists(), "a server that nobody asked for");
    serve(&mut first, ServerKind::Throttle)?;
    serve(&mut first, ServerKind::EjabberdThrottle)?;
    assert_eq!(alive(&first).len(), 11);
    killed.kill()?;
    killed.wait()?;
    assert!(all_dead_within(&first, PATIENCE), "{:?} outlive a lab that was killed", alive(&first));

    let (mut ended, mut second) = up(dir.path())?;
    serve(&mut second, ServerKind::Throttle)?;
    serve(&mut second, ServerKind::EjabberdThrottle)?;
    assert_ne!(first.pids, second.pids);
    assert_eq!(first.network.ca_pem, second.network.ca_pem);
    let onion = |facts: &Facts| facts.network.servers.first().map(|s| s.onion.clone());
    assert_eq!(onion(&first), onion(&second));
    // The end of its input is the end of it.
    drop(ended.stdin.take());
    ended.wait()?;
    assert!(alive(&second).is_empty());
    assert!(!dir.path().join("facts.json").exists());
    Ok(())
}
