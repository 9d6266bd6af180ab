//! `chat --json`: commands in, events out. Commands are done one after the other; each gets one answer.

use std::time::{Duration, SystemTime};

use flashpaper::{Burner, BurnerId, Engine, Error, Event, Fingerprint, History, Input, Message, MessageId};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::command::{Asked, Command, Request, Trust, not_json};
use super::news::{News, TorStart, Watch};
use crate::burner::{burned, set_label, uri_object};
use crate::editor::input;
use crate::exit::Failure;
use crate::lock::is_locked;
use crate::output::{Output, Screen, with_type};
use crate::pages;

/// How long a `suspend` may take to let go of everything.
const SUSPENDING: Duration = Duration::from_secs(3);

pub(crate) async fn chat(
    engine: &Engine,
    screen: &mut Screen<'_>,
    burner: &Burner,
    tor_start: TorStart,
) -> Result<(), Failure> {
    let watch = Watch::begin(engine, &burner.id)?;
    let connecting = JoinSet::new();
    let mut program = Program { engine, id: &burner.id, screen, watch, connecting, tor_start };
    program.print(&with_type("ready", burner));
    let unread = program.watch.unread();
    program.tell(unread);
    let mut lines = input::lines();
    loop {
        let line = program.next_line(&mut lines).await;
        let request = match line {
            None => return Ok(()),
            Some(Ok(line)) if line.trim().is_empty() => continue,
            Some(Ok(line)) => Request::read(&line),
            Some(Err(bad)) => Err(not_json(Some(bad))),
        };
        engine.touch();
        match request {
            Ok(Request { asked, command: Command::Burn {} }) => {
                if let Some(done) = program.burn(&asked).await {
                    return done;
                }
            }
            Ok(Request { asked, command }) => {
                let answer = program.obey(&asked, command).await;
                let answer = answer.unwrap_or_else(|failure| failure.object());
                program.print(&asked.answered(answer));
            }
            Err(error) => program.print(&error),
        }
    }
}

struct Program<'a, 's> {
    engine: &'a Engine,
    id: &'a BurnerId,
    screen: &'a mut Screen<'s>,
    watch: Watch<'a>,
    /// Tor may take minutes: other commands do not wait for it.
    connecting: JoinSet<(Asked, Result<(), Error>)>,
    tor_start: TorStart,
}

impl Program<'_, '_> {
    /// The next line. Tells what happens until there is one.
    async fn next_line(&mut self, lines: &mut tokio::sync::mpsc::Receiver<input::Line>) -> Option<input::Line> {
        loop {
            if self.screen.output.is_unwritten() || is_locked(self.engine) {
                return None;
            }
            tokio::select! {
                biased;
                Some(event) = self.screen.events.next() => self.event(event),
                Some(connected) = self.connecting.join_next() => {
                    if let Ok((asked, Err(error))) = connected {
                        self.print(&asked.answered(Failure::from(error).object()));
                    }
                }
                line = lines.recv() => return line,
            }
        }
    }

    /// Does what was asked; its answer.
    async fn obey(&mut self, asked: &Asked, command: Command) -> Result<Value, Failure> {
        let (engine, id) = (self.engine, self.id);
        match command {
            Command::Connect {} => self.connect(asked.clone()),
            Command::Disconnect {} => engine.disconnect(id)?,
            Command::Suspend {} => {
                self.screen.holder.sign_off();
                let suspended = self.during(engine.suspend(SUSPENDING)).await;
                // It has closed the lock file.
                self.screen.holder.mark();
                suspended?;
            }
            Command::Resume {} => {
                self.during(engine.resume()).await?;
                self.screen.holder.sign_again();
            }
            Command::Lock {} => self.during(engine.lock()).await?,
            Command::Snapshot {} => return Ok(with_type("snapshot", &engine.snapshot())),
            Command::Uri {} => return Ok(uri_object(engine, id)?),
            Command::Messages { peer, before, limit } => {
                return Ok(self.messages(peer.as_deref(), before.map(MessageId::from), limit)?);
            }
            Command::Taken { message } => engine.taken(id, message.into())?,
            Command::Label { peer, label } => {
                let label = set_label(engine, id, peer.as_deref(), label.as_deref())?;
                return Ok(json!({ "type": "done", "label": label }));
            }
            Command::ContactAdd { address } => {
                return Ok(json!({ "type": "done", "peer": engine.add_contact(id, &address)? }));
            }
            Command::KeyExpect { address } => {
                return Ok(json!({ "type": "done", "peer": engine.expect_key(id, &address)? }));
            }
            Command::ContactAccept { peer } => engine.accept(id, &peer)?,
            Command::ContactBlock { peer } => engine.set_blocked(id, &peer, true)?,
            Command::ContactUnblock { peer } => engine.set_blocked(id, &peer, false)?,
            Command::Send { peer, text, within } => {
                let message = engine.send(id, &peer, &text, within.map(Duration::from_secs))?;
                return Ok(json!({ "type": "done", "message": message }));
            }
            Command::OtrStart { peer } => engine.start_private(id, &peer)?,
            Command::OtrEnd { peer } => engine.end_private(id, &peer)?,
            Command::SmpStart { peer, secret, question } => {
                engine.compare(id, &peer, &secret, question.as_deref()).map_err(Failure::Secret)?;
            }
            Command::SmpAnswer { peer, secret, question } => {
                engine.answer_comparison(id, &peer, &secret, question.as_deref()).map_err(Failure::Secret)?;
            }
            Command::SmpAbort { peer } => engine.abort_comparison(id, &peer)?,
            Command::Trust { peer, fingerprint, r#as } => trust(engine, id, &peer, &fingerprint, r#as)?,
            Command::Import { fingerprints, account } => {
                let imported = engine.import_fingerprints(id, &fingerprints, account.as_deref())?;
                let (keys, lines) = (imported.keys, imported.unread_lines);
                return Ok(json!({ "type": "done", "keys": keys, "unread_lines": lines }));
            }
            Command::History { seconds } => engine.set_history(id, history(seconds))?,
            Command::IdleTimeout { seconds } => engine.set_idle_timeout(id, Duration::from_secs(seconds))?,
            Command::OtrVersion2 { may } => engine.set_version_2(id, may)?,
            Command::Timer { peer, seconds } => engine.set_timer(id, &peer, seconds.map(Duration::from_secs))?,
            Command::Expire { at } => engine.set_expiry(id, at.map(unix_time).transpose()?)?,
            // The one that ends it all; see `burn`.
            Command::Burn {} => return Err(Error::Internal.into()),
        }
        Ok(json!({ "type": "done" }))
    }

    fn messages(&self, peer: Option<&str>, before: Option<MessageId>, limit: Option<u32>) -> Result<Value, Error> {
        let messages = match limit {
            Some(limit) => self.engine.messages(self.id, peer, before, limit)?,
            None => pages::all(self.engine, self.id, peer, before, |_| true)?,
        };
        let messages: Vec<_> = messages.iter().map(kept_object).collect();
        Ok(json!({ "type": "messages", "messages": messages }))
    }

    /// Starts Tor if it does not run, then connects.
    fn connect(&mut self, asked: Asked) {
        let (engine, id, (access, deadline)) = (self.engine.clone(), self.id.clone(), self.tor_start.clone());
        self.connecting.spawn(async move {
            let connected = engine.start_tor(access, deadline).await.and_then(|()| engine.connect(&id));
            (asked, connected)
        });
    }

    /// `None` if the burner stays: it was told why.
    async fn burn(&mut self, asked: &Asked) -> Option<Result<(), Failure>> {
        let (engine, id, (access, deadline)) = (self.engine, self.id, self.tor_start.clone());
        let work = async move {
            engine.start_tor(access, deadline).await?;
            engine.burn(id).await
        };
        match self.during(work).await {
            Ok(report) => {
                self.print(&asked.answered(with_type("burned", &report)));
                Some(burned(report))
            }
            Err(error) => {
                self.print(&asked.answered(Failure::from(error).object()));
                None
            }
        }
    }

    /// Tells what happens during some work, before what comes of it.
    async fn during<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        let done = loop {
            tokio::select! {
                biased;
                Some(event) = self.screen.events.next() => self.event(event),
                done = &mut work => break done,
            }
        };
        while let Some(event) = self.screen.events.try_next() {
            self.event(event);
        }
        done
    }

    fn event(&mut self, event: Event) {
        let news = self.watch.of(event);
        self.tell(news);
    }

    fn tell(&self, news: Vec<News>) {
        for news in news {
            match news {
                News::Message(message) => self.print(&message_object(self.id, &message)),
                News::Conversation(change) => {
                    let mut object = with_type("conversation", &change.now);
                    object["burner"] = self.id.to_string().into();
                    self.print(&object);
                }
                News::Event(event) => self.print(&serde_json::to_value(event).unwrap_or_default()),
            }
        }
    }

    fn print(&self, object: &Value) {
        self.output().object(object);
    }

    const fn output(&self) -> &Output {
        self.screen.output
    }
}

/// A message that came.
fn message_object(burner: &BurnerId, message: &Message) -> Value {
    let mut object = with_type("message", &kept_object(message));
    object["burner"] = burner.to_string().into();
    object["from"] = object["peer"].take();
    if let Value::Object(members) = &mut object {
        ["peer", "state", "maybe_twice"].iter().for_each(|name| drop(members.remove(*name)));
    }
    object
}

/// A message with its state. The state's members are beside the message's, as in events.
fn kept_object(message: &Message) -> Value {
    let mut object = serde_json::to_value(message).unwrap_or_default();
    object["message"] = object["id"].take();
    let state = object["state"].take();
    if let (Value::Object(members), Value::Object(state)) = (&mut object, state) {
        members.remove("id");
        members.extend(state);
    }
    object
}

fn unix_time(seconds: u64) -> Result<SystemTime, Error> {
    let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
    time.ok_or(Error::InvalidInput { input: Input::Expiry })
}

const fn history(seconds: Option<u64>) -> History {
    match seconds {
        None => History::UntilBurn,
        Some(0) => History::None,
        Some(seconds) => History::Expire { after: Duration::from_secs(seconds) },
    }
}

fn trust(engine: &Engine, id: &BurnerId, peer: &str, fingerprint: &str, trust: Trust) -> Result<(), Error> {
    let invalid = Error::InvalidInput { input: Input::Fingerprints };
    let fingerprint = Fingerprint::parse(fingerprint).ok_or(invalid)?;
    match trust {
        Trust::Accepted => engine.accept_key(id, peer, fingerprint),
        Trust::Verified => engine.set_verified(id, peer, fingerprint, true),
        Trust::Unverified => engine.set_verified(id, peer, fingerprint, false),
    }
}
