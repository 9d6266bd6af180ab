//! The user's own list of servers.

use std::sync::Arc;

use flashpaper_vault::Batch;

use super::Engine;
use crate::Error;
use crate::store::schema::put_own_servers;
use crate::tasks::blocking;

impl Engine {
    /// Takes a list of servers that the user has made: a file of the server directory, unsigned, in the place of the one before.
    /// Its servers are drawn like those of the directory; where both know a server, the list counts. It is kept sealed, until `None`
    /// takes it away. With a private network it is checked, and not taken.
    ///
    /// # Errors
    /// [`crate::Input::Directory`] says what is wrong with it, and in which line; storage errors,
    /// [`Error::Suspended`], [`Error::VaultLocked`], [`Error::Closed`]. Nothing has changed then.
    pub async fn set_own_servers(&self, file: Option<Vec<u8>>) -> Result<(), Error> {
        let context = Arc::clone(&self.context);
        blocking(move || {
            let store = &context.services.store;
            store.check_awake()?;
            context.directory.set_own(file.as_deref(), |list| {
                let mut batch = Batch::default();
                put_own_servers(&mut batch, list)?;
                store.commit(batch)
            })
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tempfile::TempDir;

    use super::*;
    use crate::directory::update::tests::body;
    use crate::error::{DirectoryFault, Input, RowFault};
    use crate::{Config, CreateOptions, Key, Network, Route, VaultReport};

    const ONION: &str = "jabjabdea2eewo3gzfurscj2sjqgddptwumlxi3wur57rzf5itje2rid.onion";

    async fn open(home: &TempDir) -> Engine {
        let config = Config { home: home.path().to_owned(), key: Key::File, network: Network::Public, resolvers: None };
        Engine::open(config).await.unwrap()
    }

    /// Whether the list's server is drawn: no other with an onion address asks nothing.
    fn is_drawn(engine: &Engine) -> bool {
        let options = CreateOptions { route: Some(Route::Onion), asks_nothing: true, ..CreateOptions::default() };
        let is_drawn = engine.check_options(&options).is_ok();
        assert_eq!(engine.known_servers().contains(&"mine.example".to_owned()), is_drawn);
        is_drawn
    }

    #[tokio::test]
    async fn a_list_of_the_users_own_is_drawn_from_until_it_is_taken_away() {
        let home = TempDir::new().unwrap();
        let own = body(&[&format!("mine.example,{ONION},,yes,,me,2020-01-01")]);
        let engine = open(&home).await;
        assert!(!is_drawn(&engine));
        assert_eq!(engine.set_own_servers(Some(own.clone())).await, Ok(()));
        assert!(is_drawn(&engine));
        engine.suspend(Duration::from_secs(1)).await.unwrap();
        assert_eq!(engine.set_own_servers(None).await, Err(Error::Suspended));
        engine.resume().await.unwrap();
        assert!(is_drawn(&engine));
        engine.close().await;
        let engine = open(&home).await;
        assert!(is_drawn(&engine), "after a new start");
        let fault = DirectoryFault::Malformed { line: 2, fault: RowFault::Columns };
        let refused = Err(Error::InvalidInput { input: Input::Directory { fault } });
        assert_eq!(engine.set_own_servers(Some(body(&["mine.example"]))).await, refused);
        assert!(is_drawn(&engine));
        assert_eq!(engine.set_own_servers(None).await, Ok(()));
        assert!(!is_drawn(&engine));
        engine.close().await;
        let engine = open(&home).await;
        assert!(!is_drawn(&engine));
        assert_eq!(engine.vault_report(), Ok(VaultReport::default()));
        engine.close().await;
    }
}
