//! Looking at servers for the directory, without an account.

use std::sync::Arc;

use flashpaper::{Config, Engine, Error, Input, Key, Needs, Network, Route, ServerProbe};
use flashpaper_tor::DialError;
use tempfile::TempDir;

use crate::liar::server::Server;
use crate::limits::Always;
use crate::support::{SERVER, Tested};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_says_what_it_wants_and_makes_no_account() -> Tested {
    let (server, home) = (Server::new(0)?, TempDir::new()?);
    let engine = server.open(home.path()).await?;
    assert_eq!(engine.known_servers(), [SERVER]);
    let probe = engine.probe_server(SERVER).await?;
    assert_eq!((probe.via, probe.trusted, probe.safe_login), (Some(Route::Exit), true, true));
    assert_eq!((probe.registration, &probe.error, probe.onion_is_silent), (Some(Needs::Plain), &None, false));
    assert_eq!(server.state().logins, [""; 0]);
    assert!(engine.burners()?.is_empty());
    let file = ServerProbe::directory(&[probe])?;
    assert!(file.lines().nth(1).is_some_and(|row| row.starts_with(&format!("{SERVER},,,yes,"))), "{file}");
    let other = engine.probe_server("localhost").await;
    assert_eq!(other.err(), Some(Error::InvalidInput { input: Input::Server }));
    engine.close().await;
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_silent_has_no_new_entry_and_a_device_without_tor_looks_at_none() -> Tested {
    let home = TempDir::new()?;
    let config = Config { home: home.path().to_owned(), key: Key::File, network: Network::Public, resolvers: None };
    let engine = Engine::open(config).await?;
    engine.start_on(Arc::new(Always(|| DialError::HostUnreachable))).await?;
    let probe = engine.probe_server("jabjab.de").await?;
    assert_eq!((probe.via, &probe.error), (None, &Some(Error::ServerUnreachable)));
    assert!(probe.onion_is_silent && !probe.trusted && probe.registration.is_none());
    assert_eq!(ServerProbe::directory(&[probe])?.lines().count(), 1);
    engine.start_on(Arc::new(Always(|| DialError::Internal))).await?;
    assert_eq!(engine.probe_server("jabjab.de").await.err(), Some(Error::Internal));
    engine.close().await;
    Ok(())
}
