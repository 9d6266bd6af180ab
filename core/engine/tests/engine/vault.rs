//! Damage to the sealed store is told, and unreadable parts of it stand in the way of nothing else.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use flashpaper::{BurnOutcome, Config, CreateOptions, Engine, Error, Key, Network, Seams, VaultReport};
use flashpaper_tor::DialError;
use flashpaper_vault as vault;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tempfile::TempDir;

use crate::limits::Always;
use crate::support::{Hands, Tested};

/// One of the directory, so that the creation goes to no other.
fn one_server() -> CreateOptions {
    CreateOptions { server: Some("jabber.fr".into()), ..CreateOptions::default() }
}

async fn open(home: &Path) -> Result<Engine, Error> {
    Engine::open(Config { home: home.to_owned(), key: Key::File, network: Network::Public, resolvers: None }).await
}

/// Leaves an account behind that no server knows of: it could not be forgotten, as the next key could not be made.
async fn leave_an_account(home: &Path) -> Tested {
    let engine = open(home).await?;
    engine.start_on(Arc::new(Always(|| DialError::HostUnreachable))).await?;
    let next = if home.join("key.0").exists() { "key.1" } else { "key.0" };
    fs::create_dir(home.join(next))?;
    assert_eq!(engine.create_burner(one_server()).await.err(), Some(Error::ServerUnreachable));
    assert_eq!(engine.burners()?.len(), 1);
    engine.close().await;
    fs::remove_dir(home.join(next))?;
    Ok(())
}

/// Writes rows past the engine.
fn write(home: &Path, rows: impl Iterator<Item = (u64, Vec<u8>)>) -> Tested {
    const MESSAGES: vault::Table = vault::Table::lasting(3);
    let (key, rng) = (vault::Key::source(Arc::new(vault::KeyFile::new(home))), &mut UnwrapErr(SysRng));
    let (mut vault, _) = vault::Vault::open(home, key, rng)?;
    let owner = vault.owners().into_iter().next().ok_or("no owner")?;
    let mut batch = vault::Batch::default();
    rows.for_each(|(row, bytes)| batch.put(owner, MESSAGES, row, bytes));
    Ok(vault.commit(batch, rng)?)
}

#[tokio::test]
async fn a_burner_that_was_filled_is_listed_and_burnt() -> Tested {
    let home = TempDir::new()?;
    leave_an_account(home.path()).await?;
    write(home.path(), (1..=68).map(|row| (row, vec![b'x'; 1_000_000])))?;
    let engine = open(home.path()).await?;
    let [burner] = engine.burners()?.try_into().map_err(|_| "one burner")?;
    let [status] = engine.snapshot().burners.try_into().map_err(|_| "one burner")?;
    assert_eq!((status.unreadable, status.conversations.len()), (Some(Error::Unreadable), 0));
    assert_eq!(engine.messages(&burner.id, None, None, u32::MAX), Err(Error::Unreadable));
    assert_eq!(engine.conversation(&burner.id, "peer@b.example").err(), Some(Error::Unreadable));
    engine.start_on(Arc::new(Always(|| DialError::HostUnreachable))).await?;
    let report = engine.burn(&burner.id).await?;
    assert_eq!((report.outcome, report.reason), (BurnOutcome::Queued, Some(Error::ServerUnreachable)));
    engine.close().await;
    Ok(())
}

#[tokio::test]
async fn older_rows_are_told_in_the_snapshot_and_over_a_sleep() -> Tested {
    let home = TempDir::new()?;
    leave_an_account(home.path()).await?;
    write(home.path(), (1..3).map(|row| (row, b"{}".to_vec())))?;
    let engine = open(home.path()).await?;
    assert_eq!(engine.vault_report()?, VaultReport { lost: 2, ..VaultReport::default() }, "they make no sense");
    engine.close().await;
    let db = rusqlite::Connection::open(home.path().join("vault.db"))?;
    let owner = "(SELECT max(owner) FROM rows WHERE owner % 2 = 0 AND owner <> 0)";
    db.execute_batch(&format!("DELETE FROM rows WHERE owner = {owner} AND length(sealed) = 528"))?;
    drop(db);
    let engine = open(home.path()).await?;
    let expected = VaultReport { incomplete: true, ..VaultReport::default() };
    assert_eq!((engine.snapshot().vault, engine.vault_report()?), (expected, expected));
    // Once something is written there, the store itself does not know it any more.
    let [burner] = engine.burners()?.try_into().map_err(|_| "one burner")?;
    engine.set_label(&burner.id, None, Some("mine"))?;
    engine.suspend(Duration::from_secs(3)).await?;
    engine.resume().await?;
    assert!(engine.snapshot().vault.incomplete);
    engine.close().await;
    Ok(())
}

/// The key file of the one key that there is.
fn key_of(home: &Path) -> Tested<Vec<u8>> {
    let mut files = ["key.0", "key.1"].map(|name| home.join(name)).into_iter().filter(|path| path.exists());
    let file = files.next().ok_or("no key")?;
    assert_eq!(files.next(), None);
    Ok(fs::read(file)?)
}

#[tokio::test]
async fn the_key_is_another_at_each_opening_and_once_a_day_at_waking() -> Tested {
    let home = TempDir::new()?;
    open(home.path()).await?.close().await;
    let first = key_of(home.path())?;
    let hands = Hands::default();
    let seams = Seams { clock: Box::new(hands.clone()), ..Seams::real() };
    let config = Config { home: home.path().to_owned(), key: Key::File, network: Network::Public, resolvers: None };
    let engine = Engine::open_with(config, seams).await?;
    let mut before = key_of(home.path())?;
    assert_ne!(before, first);
    for (seconds, is_changed) in [(86_399, false), (1, true), (10, false), (90_000, true)] {
        hands.0.fetch_add(seconds, std::sync::atomic::Ordering::SeqCst);
        engine.suspend(Duration::from_secs(3)).await?;
        engine.resume().await?;
        let after = key_of(home.path())?;
        assert_eq!(before != after, is_changed, "{seconds}");
        before = after;
    }
    engine.close().await;
    Ok(())
}
