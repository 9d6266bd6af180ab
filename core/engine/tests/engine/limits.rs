//! The engine's own rules, where no server is needed: the cap, errors of dialers, panics, what a closed engine does.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use flashpaper::{
    Config, CreateOptions, Dial, Dialed, Dialers, Engine, Error, Event, Input, Key, Network, PrivateNetwork, Seams,
};
use flashpaper_tor::{DialError, Target};
use futures::future::BoxFuture;
use tempfile::TempDir;

use crate::support::{Hands, Tested};

/// One of the directory, so that the creation goes to no other.
fn one_server() -> CreateOptions {
    CreateOptions { server: Some("jabber.fr".into()), ..CreateOptions::default() }
}

/// A network where every dial does the same.
pub(crate) struct Always(pub(crate) fn() -> DialError);

impl Dialers for Always {
    fn isolated(&self) -> Arc<dyn Dial> {
        Arc::new(Self(self.0))
    }
}

impl Dial for Always {
    fn dial<'a>(&'a self, _: &'a Target, _: Duration) -> BoxFuture<'a, Result<Dialed, DialError>> {
        let error = self.0;
        Box::pin(async move { Err(error()) })
    }
}

async fn engine(home: &Path, dial: fn() -> DialError) -> Tested<(Engine, Hands)> {
    let hands = Hands::default();
    hands.0.store(1_000_000, SeqCst);
    let seams = Seams { clock: Box::new(hands.clone()), ..Seams::real() };
    let config = Config { home: home.to_owned(), key: Key::File, network: Network::Public, resolvers: None };
    let engine = Engine::open_with(config, seams).await?;
    engine.start_on(Arc::new(Always(dial))).await?;
    Ok((engine, hands))
}

#[tokio::test]
async fn a_few_registrations_an_hour_whatever_the_clock_says() -> Tested {
    let home = TempDir::new()?;
    let (engine, hands) = engine(home.path(), || DialError::HostUnreachable).await?;
    let create = || engine.create_burner(one_server());
    for _ in 0..5 {
        assert_eq!(create().await.err(), Some(Error::ServerUnreachable));
    }
    let limited = |seconds| Some(Error::RateLimited { retry_after: Some(Duration::from_secs(seconds)) });
    assert_eq!(create().await.err(), limited(3600));
    hands.0.fetch_add(3599, SeqCst);
    assert_eq!(create().await.err(), limited(1));
    hands.0.store(10, SeqCst);
    assert_eq!(create().await.err(), limited(3600), "a clock set back does not lift it");
    hands.0.store(1_003_600, SeqCst);
    assert_eq!(create().await.err(), Some(Error::ServerUnreachable));
    assert!(engine.burners()?.is_empty(), "nothing was sent, so nothing is left");
    Ok(())
}

#[tokio::test]
async fn every_failure_to_dial_has_its_error() -> Tested {
    for (dial, error) in [
        ((|| DialError::Timeout) as fn() -> DialError, Error::Timeout),
        (|| DialError::TorUnavailable, Error::TorBlocked),
        (|| DialError::NoSuchHost, Error::ServerUnreachable),
        (|| DialError::HostUnreachable, Error::ServerUnreachable),
        (|| DialError::OnionUnreachable, Error::OnionUnreachable),
        (|| DialError::Closed, Error::TorNotStarted),
    ] {
        let home = TempDir::new()?;
        let (engine, _) = engine(home.path(), dial).await?;
        assert_eq!(engine.create_burner(one_server()).await.err(), Some(error));
        assert!(engine.burners()?.is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn a_panic_below_is_an_error_and_the_engine_lives_on() -> Tested {
    let home = TempDir::new()?;
    let (engine, _) = engine(home.path(), || panic!("a library's bug")).await?;
    assert_eq!(engine.create_burner(one_server()).await.err(), Some(Error::Internal));
    engine.start_on(Arc::new(Always(|| DialError::Timeout))).await?;
    assert_eq!(engine.create_burner(one_server()).await.err(), Some(Error::Timeout));
    Ok(())
}

#[tokio::test]
async fn without_tor_nothing_is_drawn() -> Tested {
    let home = TempDir::new()?;
    let config = || Config { home: home.path().to_owned(), key: Key::File, network: Network::Public, resolvers: None };
    let engine = Engine::open(config()).await?;
    assert_eq!(engine.create_burner(one_server()).await.err(), Some(Error::TorNotStarted));
    assert!(engine.burners()?.is_empty());
    for (server, input) in [("localhost", Input::Server), ("127.0.0.1", Input::Server), ("", Input::Server)] {
        let options = CreateOptions { server: Some(server.into()), ..one_server() };
        assert_eq!(engine.create_burner(options).await.err(), Some(Error::InvalidInput { input }));
    }
    Ok(())
}

#[tokio::test]
async fn a_dns_server_is_of_the_public_network() -> Tested {
    let home = TempDir::new()?;
    for address in ["192.168.0.1:53", "9.9.9.9:0", "[fe80::1]:53"] {
        let (home, resolvers) = (home.path().to_owned(), Some(vec!["9.9.9.9:53".parse()?, address.parse()?]));
        let config = Config { home, key: Key::File, network: Network::Public, resolvers };
        let refused = Some(Error::InvalidInput { input: Input::Resolver });
        assert_eq!(Engine::open(config).await.err(), refused, "{address}");
    }
    Ok(())
}

#[tokio::test]
async fn a_closed_engine_says_so_and_its_events_end() -> Tested {
    let home = TempDir::new()?;
    let (engine, _) = engine(home.path(), || DialError::Timeout).await?;
    let mut events = engine.events(None);
    let again = engine.clone();
    engine.create_burner(one_server()).await.err();
    engine.close().await;
    assert_eq!(again.burners().err(), Some(Error::Closed));
    assert_eq!(again.create_burner(one_server()).await.err(), Some(Error::Closed));
    drop(again);
    assert!(matches!(events.next().await, Some(Event::Creating { .. })));
    while events.next().await.is_some() {}
    Ok(())
}

#[tokio::test]
async fn a_folder_that_is_open_gives_the_same_engine() -> Tested {
    let home = TempDir::new()?;
    let lab = || PrivateNetwork::parse(r#"{"network":{"arti":"","ca_pem":"","servers":[]}}"#);
    let config = |key, network| Config { home: home.path().join("home"), key, network, resolvers: None };
    let open = |key: &str, network| Engine::open(config(Key::passphrase(key), network));
    let (first, second) = tokio::join!(open("swordfish", Network::Public), open("swordfish", Network::Public));
    let (first, second) = (first?, second?);
    assert_eq!(open("Swordfish", Network::Public).await.err(), Some(Error::VaultLocked));
    assert_eq!(Engine::open(config(Key::File, Network::Public)).await.err(), Some(Error::VaultLocked));
    assert_eq!(open("swordfish", Network::Private(lab()?)).await.err(), Some(Error::InUse));
    // By another name, too.
    std::os::unix::fs::symlink(home.path().join("home"), home.path().join("link"))?;
    let linked = Config { home: home.path().join("link"), ..config(Key::passphrase("swordfish"), Network::Public) };
    let third = Engine::open(linked).await?;

    let mut events = second.events(None);
    first.start_on(Arc::new(Always(|| DialError::Timeout))).await?;
    assert_eq!(third.create_burner(one_server()).await.err(), Some(Error::Timeout));
    assert!(matches!(events.next().await, Some(Event::Creating { .. })));
    first.close().await;
    assert_eq!(second.burners().err(), Some(Error::Closed));
    // And then there is a new one.
    let again = open("swordfish", Network::Public).await?;
    assert!(again.burners()?.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn opened_and_resumed_at_once_it_wakes_once() -> Tested {
    let home = TempDir::new()?;
    let open = || {
        Engine::open(Config { home: home.path().to_owned(), key: Key::File, network: Network::Public, resolvers: None })
    };
    let engine = open().await?;
    for _ in 0..50 {
        engine.suspend(Duration::from_secs(3)).await?;
        let (again, resumed) = tokio::join!(open(), engine.resume());
        resumed?;
        assert!(again? == engine && engine.burners()?.is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn another_key_opens_after_a_change_and_only_that() -> Tested {
    let home = TempDir::new()?;
    let open =
        |key| Engine::open(Config { home: home.path().to_owned(), key, network: Network::Public, resolvers: None });
    let engine = open(Key::File).await?;
    assert_eq!(
        engine.change_key(Key::passphrase("")).await.err(),
        Some(Error::InvalidInput { input: Input::Passphrase })
    );
    for key in [|| Key::passphrase("swordfish"), || Key::passphrase("other")] {
        engine.change_key(key()).await?;
        // The open engine knows it at once.
        assert_eq!(open(Key::File).await.err(), Some(Error::VaultLocked));
        assert!(open(key()).await? == engine);
    }
    engine.clone().close().await;
    assert_eq!(open(Key::passphrase("swordfish")).await.err(), Some(Error::VaultLocked));
    assert!(open(Key::passphrase("other")).await? != engine);
    assert_eq!(engine.change_key(Key::File).await.err(), Some(Error::Closed));
    Ok(())
}
