//! One attempt to make an account: carries out over the network what its plan says.

use std::mem::take;
use std::pin::pin;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use flashpaper_chat::History;
use flashpaper_xmpp::Ids;
use flashpaper_xmpp::registration::{Answers, Filled};
use rand::{Rng as _, RngExt as _};
use tokio_util::sync::CancellationToken;

use super::pending::PendingBurner;
use super::plan::{Act, Failure, Found};
use crate::account::{Account, State};
use crate::burner::LiveBurner;
use crate::context::Context;
use crate::directory::Server;
use crate::event::{Event, Step};
use crate::identity::{Identity, RecoveryWords};
use crate::network::connect::{self as link, Bound, Link, within};
use crate::route::{Route, Way};
use crate::{Error, limits};

/// Draws an identity, stores it, and has the server make an account of it. Cancelled before the form is sent, it ends at
/// once.
pub(super) async fn attempt(
    context: &Arc<Context>,
    server: &Server,
    way: Way,
    recoverable: bool,
    cancel: &CancellationToken,
) -> Result<PendingBurner, Error> {
    // Without Tor nothing is drawn or counted.
    context.dialers().await?;
    let account = draw(context, server, way, recoverable);
    let mut pending = PendingBurner::seal(context, account).await?;
    let burner = Arc::clone(&pending.burner);
    report(context, &burner, Step::Sealed { via: way.first });
    let work = Work { context, burner, ids: context.services.ids(), stream: Stream::None };
    match follow(work, &mut pending, cancel).await {
        Ok(()) => Ok(pending),
        Err(why) => {
            pending.give_up().await;
            Err(why)
        }
    }
}

/// Goes on until the account is made or given up.
async fn follow(mut work: Work<'_>, pending: &mut PendingBurner, cancel: &CancellationToken) -> Result<(), Error> {
    loop {
        let act = match pending.plan.act() {
            Act::HandOver => return Ok(()),
            Act::GiveUp { why, .. } => return Err(why.clone()),
            act => act.clone(),
        };
        let mut under_way = pin!(work.carry_out(&act));
        let came = tokio::select! {
            biased;
            () = cancel.cancelled(), if !pending.plan.may_exist() => Err(Error::Cancelled.into()),
            // The form has begun to be sent before a cancel is looked at again.
            came = &mut under_way => came,
            () = cancel.cancelled(), if !pending.plan.is_cancelled() => {
                pending.cancel().await;
                under_way.await
            }
        };
        pending.plan.next(came);
    }
}

/// What the acts of an attempt work with.
struct Work<'a> {
    context: &'a Context,
    burner: Arc<LiveBurner>,
    ids: Ids,
    stream: Stream,
}

/// How far the attempt's one stream is.
#[derive(Default)]
enum Stream {
    #[default]
    None,
    Open(Link),
    WithForm(Link, Filled),
    Registered(Link),
    LoggedIn(Bound),
}

impl Work<'_> {
    /// Carries out one act. When it fails, the stream is gone.
    async fn carry_out(&mut self, act: &Act) -> Result<Found, Failure> {
        let (context, burner) = (self.context, &self.burner);
        let mut report = |step| report(context, burner, step);
        Ok(match (act, take(&mut self.stream)) {
            (Act::OpenStream, Stream::None) => {
                let link = link::open_to_register(context, burner, &mut self.ids, &mut report).await?;
                let safe_login = link.offers_safe_login();
                self.stream = Stream::Open(link);
                Found::Stream { safe_login }
            }
            (Act::AskForForm, Stream::Open(mut link)) => {
                let form = within(limits::EXCHANGE, link.ask_registration(&mut self.ids)).await??;
                let credentials = link::credentials(&burner.account());
                // No person is asked, and no work is done.
                let form = form.fill(&credentials, &Answers::default()).map_err(|_| Error::NeedsForm)?;
                self.stream = Stream::WithForm(link, form);
                Found::Done
            }
            (Act::SendForm, Stream::WithForm(mut link, form)) => {
                let account = burner.account();
                let credentials = link::credentials(&account);
                // At an onion address everybody seems to come from one place, and a refused login may count against it.
                match account.route {
                    Route::Exit => {
                        let sent = link.register_to_log_in(form, &credentials, &mut self.ids);
                        within(limits::EXCHANGE, sent).await??;
                    }
                    Route::Onion => within(limits::EXCHANGE, link.register(form, &mut self.ids)).await??,
                }
                report(Step::Registered);
                self.stream = Stream::Registered(link);
                Found::Done
            }
            (Act::LogIn, Stream::Registered(link)) => {
                let session = link::bind(context, link, burner, &mut report).await?;
                let safe_delivery = session.offers_management();
                self.stream = Stream::LoggedIn(session);
                Found::Session { safe_delivery }
            }
            (Act::PingSelf, Stream::LoggedIn(mut session)) => {
                let reachable = within(limits::EXCHANGE, session.ping_self()).await?.map_err(Error::from)?;
                self.stream = Stream::LoggedIn(session);
                Found::Pong { reachable }
            }
            (Act::RefuseArchive { .. }, Stream::LoggedIn(mut session)) => {
                within(limits::EXCHANGE, session.refuse_archive()).await?.map_err(Error::from)?;
                self.stream = Stream::LoggedIn(session);
                Found::Done
            }
            (Act::CloseStream { reachable }, Stream::LoggedIn(session)) => {
                link::close(session).await;
                if *reachable {
                    report(Step::Reachable);
                }
                Found::Done
            }
            // An act that the stream is not ready for.
            _ => return Err(Error::Internal.into()),
        })
    }
}

fn report(context: &Context, burner: &LiveBurner, step: Step) {
    context.services.reporter.report(Event::Creating { burner: burner.id.clone(), step });
}

fn draw(context: &Context, server: &Server, way: Way, recoverable: bool) -> Account {
    let domain = server.domain.as_str();
    let created = context.services.now();
    let rng = &mut context.services.rng();
    let (identity, words) = if recoverable {
        let words = RecoveryWords::generate(rng);
        (Identity::from_words(&words, domain), Some(words.expose().to_string()))
    } else {
        (Identity::random(rng), None)
    };
    let mut id = [0; 8];
    rng.fill_bytes(&mut id);
    Account {
        id: HEXLOWER.encode(&id),
        domain: domain.to_owned(),
        username: identity.username.clone(),
        password: identity.password.to_string(),
        words,
        route: way.first,
        then_exit: way.then_exit,
        state: State::Pending,
        created,
        history: History::default(),
        otr: identity.otr.clone(),
        // What every client takes (otr: `Settings::tag`).
        tag: rng.random_range(0x100..=0x1111_1111),
        label: None,
        session_life: limits::SESSION_LIFE,
        wanted: false,
        removed: false,
        refused: None,
        binds: false,
        version_3_only: false,
    }
}
