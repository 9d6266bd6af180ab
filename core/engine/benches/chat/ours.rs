//! Two installations of ours that write to each other.

use flashpaper::{
    Burner, Config, Connection, CreateOptions, Engine, Event, Events, Key, MessageState, Network, PrivateNetwork, Route,
};
use flashpaper_lab::Remote;
use tempfile::TempDir;

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

    /// So many, without a pause.
    pub(crate) async fn texts(&mut self, count: u32) -> Done {
        for _ in 0..count {
            self.from.engine.send(&self.from.burner.id, &self.to.burner.jid, TEXT, None)?;
        }
        for _ in 0..count {
            self.to.read().await?;
        }
        Ok(())
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
        let config = Config { home: home.path().to_owned(), key: Key::File, network: Network::Private(network) };
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

    async fn read(&mut self) -> Done {
        loop {
            let event = self.events.next().await.ok_or("closed")?;
            if let Event::Message { message, state: MessageState::Received, .. } = event {
                return Ok(self.engine.taken(&self.burner.id, message)?);
            }
        }
    }
}
