//! One connection of a burner: its login, and what the server says of the stream before.

use std::sync::Arc;
use std::time::Duration;

use flashpaper_chat::stanza_queue;
use flashpaper_xmpp::{LoginError, Start};

use super::handle::ConnectionHandle;
use super::say::Session;
use super::turn::Turn;
use super::work::Work;
use crate::account::State;
use crate::burner::LiveBurner;
use crate::context::Context;
use crate::event::{Connection, Event, Step};
use crate::network::connect::{self as link, within};
use crate::tasks::blocking;
use crate::{Error, limits};

/// How far an attempt came.
#[derive(Default)]
pub(super) struct Reached {
    /// A stream was open, with a certificate that was checked.
    pub(super) server: bool,
    /// Since when the burner was online, by the time since the device was started.
    pub(super) online: Option<Duration>,
}

/// One connection, from its beginning to its end. `Ok`: it was told to end.
pub(super) async fn attempt(
    context: &Arc<Context>,
    burner: &Arc<LiveBurner>,
    handle: &ConnectionHandle,
    reached: &mut Reached,
) -> Result<(), Error> {
    burner.note_connection(handle, Connection::Connecting);
    let start = async {
        // Burning, say, comes first.
        let turn = Turn::of(burner).await;
        if burner.account().state != State::Active {
            return Err(Error::NoSuchBurner);
        }
        let session = start(context, &turn, &mut reached.server).await?;
        Ok((turn, session))
    };
    let (turn, session) = tokio::select! {
        started = start => started?,
        _ = handle.ended() => return Ok(()),
    };
    burner.note_connection(handle, Connection::Online);
    let quiet_since = context.services.since_boot();
    reached.online = Some(quiet_since);
    let mut work = Work::new(context, turn, handle, session);
    // Whatever the server has for us comes before its answer.
    work.ask(context.profile().response()).await?;
    work.run().await
}

/// Logs in, and stores what the server says of the stanzas of the stream before.
async fn start(context: &Arc<Context>, turn: &Turn, reached_server: &mut bool) -> Result<Session, Error> {
    let burner = &turn.burner;
    let mailbox = Arc::clone(burner);
    let earlier = stanza_queue::resumption(&*blocking(move || mailbox.mailbox()).await?);
    let link = link::open_for(context, burner, &mut |step| {
        if let Step::OtherRoute { via } = step {
            context.services.reporter.report(Event::OtherRoute { burner: burner.id.clone(), via });
        }
    })
    .await?;
    *reached_server = true;
    let (credentials, ids) = (link::credentials(&burner.account()), context.services.ids());
    let login = link.log_in_to_stay(&credentials, ids, earlier.as_ref());
    let login = within(limits::EXCHANGE, login).await?;
    if login.as_ref().err() == Some(&LoginError::WrongStream) {
        turn.converse(|talk| talk.stream_lost()).await?;
    }
    let (mut session, start) = login?;
    link::remember(burner, session.binding()).await?;
    // Presence comes next.
    let (resumption, limit) = (session.resumption(1), session.limit());
    turn.converse(move |talk| talk.stream_began(start, resumption, limit)).await?;
    // It is the first stanza of every stream. Before the commit above it would have the server deliver to a stream that the
    // next process does not know.
    if matches!(start, Start::New { .. } | Start::Resumed { acked: 0 }) {
        within(limits::EXCHANGE, session.send_presence()).await??;
    }
    Ok(session)
}
