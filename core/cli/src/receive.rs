//! `receive`: prints what arrives, and takes it.

use std::time::Duration;

use flashpaper::{Burner, BurnerId, Connection, Engine, Error, Event, Events, Message, MessageId, MessageState};
use serde_json::json;
use tokio::time::timeout;

use crate::exit::Failure;
use crate::output::{Output, Screen, server_text};
use crate::pages;
use crate::paint::Paint;
use crate::text::printable;
use crate::wording::{message_lines, notice_line};

pub(crate) async fn receive(
    engine: &Engine,
    screen: &mut Screen<'_>,
    burner: &Burner,
    count: Option<u32>,
    patience: Option<Duration>,
) -> Result<(), Failure> {
    let (output, id) = (screen.output, &burner.id);
    let mut events = engine.events(None);
    engine.connect(id)?;
    screen.during(server_text(burner.via), online(&mut events)).await?;
    output.object(&json!({ "type": "online", "burner": id }));
    output.line("online");
    let mut left = count;
    let mut messages = pages::all(engine, id, None, None, is_unread)?;
    loop {
        if output.is_unwritten() {
            return Err(Failure::Unwritten);
        }
        for message in messages {
            print(output, &message)?;
            engine.taken(id, message.id)?;
            left = left.map(|n| n - 1);
            if left == Some(0) {
                return Ok(());
            }
        }
        let arrived = arrived(&mut events);
        let event = match patience {
            Some(patience) => timeout(patience, arrived).await.map_err(|_| Failure::NothingArrived)??,
            None => arrived.await?,
        };
        messages = match &event {
            Event::Message { message, .. } => unread(engine, id, *message)?,
            Event::Notice { peer, notice, .. } => {
                output.has_words();
                output.object(&serde_json::to_value(&event).unwrap_or_default());
                output.line(&format!("-- {}", notice_line(notice, &printable(peer.as_str()))));
                Vec::new()
            }
            // Events were lost.
            _ => pages::all(engine, id, None, None, is_unread)?,
        };
    }
}

/// One that is not printed is not taken: it comes again.
fn print(output: &Output, message: &Message) -> Result<(), Failure> {
    output.has_words();
    let Message { peer: from, text, security, .. } = message;
    let object = json!({ "type": "message", "from": from, "text": text, "security": security });
    let printed =
        output.object(&object) && output.line(&message_lines(message, &printable(from.as_str()), Paint::for_stdout()));
    if printed { Ok(()) } else { Err(Failure::Unwritten) }
}

fn is_unread(message: &Message) -> bool {
    message.state == MessageState::Received
}

/// The message, if it was not taken meanwhile.
fn unread(engine: &Engine, id: &BurnerId, message: MessageId) -> Result<Vec<Message>, Error> {
    match engine.message(id, message) {
        Ok(message) if is_unread(&message) => Ok(vec![message]),
        Ok(_) | Err(Error::NoSuchMessage) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Waits for the connection.
async fn online(events: &mut Events) -> Result<(), Error> {
    loop {
        match events.next().await.ok_or(Error::Closed)? {
            Event::Connection { connection: Connection::Online, .. } => return Ok(()),
            Event::Connection { connection: Connection::Waiting { why } | Connection::Ended { why }, .. } => {
                return Err(why);
            }
            _ => {}
        }
    }
}

/// Waits for a message, for something to tell of one, or for the loss of events.
async fn arrived(events: &mut Events) -> Result<Event, Error> {
    loop {
        match events.next().await.ok_or(Error::Closed)? {
            event @ (Event::Message { state: MessageState::Received, .. }
            | Event::Lagged { .. }
            | Event::Notice { .. }) => return Ok(event),
            Event::Connection { connection: Connection::Ended { why }, .. } => return Err(why),
            _ => {}
        }
    }
}
