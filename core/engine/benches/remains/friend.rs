//! Somebody whom a burner of the subject talks with.

use std::path::Path;
use std::time::Duration;

use data_encoding::HEXLOWER;
use flashpaper::{
    Burner, Config, CreateOptions, Engine, Event, Events, Key, MessageState, Network, PrivateNetwork, Route,
};
use flashpaper_lab::Remote;
use rand::Rng as _;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tokio::time::timeout;

use crate::Done;
use crate::direct::Direct;
use crate::subject::Subject;

/// The lab's server that makes accounts.
pub(crate) const SERVER: &str = "burner.test";
const PATIENCE: Duration = Duration::from_secs(300);

pub(crate) struct Friend {
    engine: Engine,
    burner: Burner,
    events: Events,
}

impl Friend {
    pub(crate) async fn begin(lab: &Remote, home: &Path) -> Done<Self> {
        let engine = open(lab, home, Key::File).await?;
        let burner = engine.create_burner(options()).await?;
        let events = engine.events(None);
        engine.connect(&burner.id)?;
        Ok(Self { engine, burner, events })
    }

    pub(crate) fn jid(&self) -> &str {
        &self.burner.jid
    }

    /// A text each way; both.
    pub(crate) async fn talk(&mut self, subject: &mut Subject, number: usize) -> Done<[String; 2]> {
        let [there, back] = [random_text(), random_text()];
        self.engine.accept(&self.burner.id, subject.jid(number)).ok();
        subject.send(number, &there)?;
        timeout(PATIENCE, self.take(&there)).await??;
        let id = self.engine.send(&self.burner.id, subject.jid(number), &back, None)?;
        subject.receive(number, &back)?;
        timeout(PATIENCE, self.until(|event| matches!(event, Event::Message { message, state: MessageState::Delivered, .. } if *message == id))).await??;
        Ok([there, back])
    }

    async fn take(&mut self, text: &str) -> Done {
        loop {
            if let Event::Message { message, state: MessageState::Received, .. } =
                self.events.next().await.ok_or("closed")?
            {
                let is_it = self.engine.message(&self.burner.id, message)?.text == text;
                self.engine.taken(&self.burner.id, message)?;
                if is_it {
                    return Ok(());
                }
            }
        }
    }

    async fn until(&mut self, is_it: impl Fn(&Event) -> bool) -> Done {
        while !is_it(&self.events.next().await.ok_or("closed")?) {}
        Ok(())
    }

    pub(crate) async fn end(self) -> Done {
        self.engine.burn(&self.burner.id).await?;
        self.engine.close().await;
        Ok(())
    }
}

pub(crate) async fn open(lab: &Remote, home: &Path, key: Key) -> Done<Engine> {
    let network = PrivateNetwork::parse(&std::fs::read_to_string(lab.facts_file())?)?;
    let config = Config { home: home.to_owned(), key, network: Network::Private(network), resolvers: None };
    let engine = Engine::open(config).await?;
    engine.start_on(Direct::plain(lab)).await?;
    Ok(engine)
}

pub(crate) fn options() -> CreateOptions {
    CreateOptions {
        server: Some(SERVER.into()),
        route: Some(Route::Exit),
        recoverable: true,
        ..CreateOptions::default()
    }
}

pub(crate) fn random_text() -> String {
    let mut bytes = [0; 16];
    UnwrapErr(SysRng).fill_bytes(&mut bytes);
    HEXLOWER.encode(&bytes)
}
