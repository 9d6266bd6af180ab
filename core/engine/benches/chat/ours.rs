//! Two installations of ours that write to each other.

use flashpaper::{
    Burner, Config, Connection, CreateOptions, Engine, Event, Events, Key, MessageId, MessageState, Network,
    PrivateNetwork, Route,
};
use flashpaper_lab::Remote;
use tempfile::TempDir;
use tokio::task::{JoinSet, spawn_blocking};

use crate::direct::Direct;
use crate::{Done, TEXT};

/// The lab's server that makes accounts.
const SERVER: &str = "burner.test";

/// Both, in private with each other.
pub(crate) struct Pair {
    from: Installation,
    to: Installation,
}

struct Installation {
    engine: Engine,
    burner: Burner,
    events: Events,
    _home: TempDir,
}

impl Pair {
    pub(crate) async fn private(lab: &Remote) -> Done<Self> {
        let (from, to) = (Installation::begin(lab).await?, Installation::begin(lab).await?);
        from.engine.add_contact(&from.burner.id, &to.burner.jid)?;
        to.engine.add_contact(&to.burner.id, &from.burner.jid)?;
        let mut pair = Self { from, to };
        // The first waits for the key exchange.
        pair.text().await?;
        Ok(pair)
    }

    /// One text, from the one's app to the other's.
    pub(crate) async fn text(&mut self) -> Done {
        self.texts(1).await
    }

    /// So many, without a pause; the other's app takes each as it comes.
    pub(crate) async fn texts(&mut self, count: u32) -> Done {
        let (engine, from, to) = (self.from.engine.clone(), self.from.burner.id.clone(), self.to.burner.jid.clone());
        let sending =
            spawn_blocking(move || (0..count).try_for_each(|_| engine.send(&from, &to, TEXT, None).map(drop)));
        let mut taking = JoinSet::new();
        for _ in 0..count {
            let (engine, burner, message) = (self.to.engine.clone(), self.to.burner.id.clone(), self.to.next().await?);
            // What comes next can be read meanwhile.
            taking.spawn_blocking(move || engine.taken(&burner, message));
        }
        while let Some(taken) = taking.join_next().await {
            taken??;
        }
        Ok(sending.await??)
    }

    pub(crate) async fn end(self) -> Done {
        for side in [self.from, self.to] {
            side.engine.burn(&side.burner.id).await?;
            side.engine.close().await;
        }
        Ok(())
    }
}

impl Installation {
    async fn begin(lab: &Remote) -> Done<Self> {
        let home = TempDir::new()?;
        let network = PrivateNetwork::parse(&std::fs::read_to_string(lab.facts_file())?)?;
        let config = Config {
            home: home.path().to_owned(),
            key: Key::File,
            network: Network::Private(network),
            resolvers: None,
        };
        let engine = Engine::open(config).await?;
        engine.start_on(Direct::plain(lab)).await?;
        let options =
            CreateOptions { server: Some(SERVER.into()), route: Some(Route::Exit), ..CreateOptions::default() };
        let burner = engine.create_burner(options).await?;
        let mut events = engine.events(None);
        engine.connect(&burner.id)?;
        while !matches!(events.next().await.ok_or("closed")?, Event::Connection { connection: Connection::Online, .. })
        {
        }
        Ok(Self { engine, burner, events, _home: home })
    }

    /// The next text that comes.
    async fn next(&mut self) -> Done<MessageId> {
        loop {
            let event = self.events.next().await.ok_or("closed")?;
            if let Event::Message { message, state: MessageState::Received, .. } = event {
                return Ok(message);
            }
        }
    }
}
