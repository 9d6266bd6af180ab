//! Servers that bind logins to their TLS connection (RFC 5802, section 6): one until something is in between that cannot, and
//! one that offers it and cannot.

use std::time::{Duration, Instant};

use flashpaper::{BurnOutcome, Connection, CreateOptions, Engine, Error, Route};
use flashpaper_lab::{Remote, ServerKind};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::liar::server::Server;
use crate::support::{Direct, PATIENCE, SERVER, Tested, open};

/// The connection of the only burner, once it is more than begun.
async fn connection(engine: &Engine) -> Tested<Connection> {
    let end = Instant::now() + PATIENCE;
    loop {
        let connection = engine.snapshot().burners.pop().ok_or("no burner")?.connection;
        if !matches!(connection, Connection::Offline | Connection::Connecting) {
            return Ok(connection);
        }
        assert!(Instant::now() < end, "{connection:?}");
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_binds_logins_no_more_gets_none_and_a_burn_waits() -> Tested {
    for is_bound_from_the_start in [true, false] {
        let (server, home) = (Server::new(0)?, TempDir::new()?);
        server.state().binds = is_bound_from_the_start;
        let engine = server.open(home.path()).await?;
        let options = CreateOptions {
            server: Some(SERVER.into()),
            route: Some(Route::Exit),
            recoverable: false,
            ..CreateOptions::default()
        };
        let burner = engine.create_burner(options).await?;
        let first = if is_bound_from_the_start { "SCRAM-SHA-256-PLUS" } else { "SCRAM-SHA-256" };
        assert_eq!(std::mem::take(&mut server.state().logins), [first]);
        if !is_bound_from_the_start {
            server.state().binds = true;
            engine.connect(&burner.id)?;
            assert_eq!(connection(&engine).await?, Connection::Online);
            engine.disconnect(&burner.id)?;
            assert_eq!(std::mem::take(&mut server.state().logins), ["SCRAM-SHA-256-PLUS"]);
        }
        engine.close().await;

        server.state().binds = false;
        let engine = server.open(home.path()).await?;
        engine.connect(&burner.id)?;
        assert_eq!(connection(&engine).await?, Connection::Waiting { why: Error::Untrusted });
        let report = engine.burn(&burner.id).await?;
        assert_eq!((report.outcome, report.reason), (BurnOutcome::Queued, Some(Error::Untrusted)));
        assert_eq!(server.state().logins, [""; 0]);

        server.state().binds = true;
        assert_eq!(engine.burn(&burner.id).await?.outcome, BurnOutcome::Proven);
        engine.close().await;
    }
    Ok(())
}

/// As ejabberd is in Debian 12.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the lab: cargo xtask test"]
async fn an_old_server_that_cannot_bind_what_it_offers_has_burners_that_come_back_and_go() -> Tested {
    let (lab, home) = (Remote::from_env()?, TempDir::new()?);
    let server = lab.server(ServerKind::OldBinding).await?;
    let before = server.accounts().await?;
    let engine = open(home.path(), &lab).await?;
    engine.start_on(Direct::plain(&lab)).await?;
    let options = CreateOptions {
        server: Some(server.domain().to_owned()),
        route: Some(Route::Exit),
        ..CreateOptions::default()
    };
    let burner = engine.create_burner(options).await?;
    engine.connect(&burner.id)?;
    assert_eq!(connection(&engine).await?, Connection::Online);
    assert_eq!(engine.burn(&burner.id).await?.outcome, BurnOutcome::Proven);
    assert_eq!(server.accounts().await?, before);
    engine.close().await;
    Ok(())
}
