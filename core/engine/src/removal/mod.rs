//! Burning: remove the account at its server, then show that its login is refused, then forget it.
//!
//! `plan` decides what is done next; here it is done. `queue` has the removals that wait for their servers, `shared` what goes with
//! the last burner, and `panic` needs none of them; `ticket` is what it may leave to a queue elsewhere.

mod forget;
pub(crate) mod panic;
pub(crate) mod plan;
pub(crate) mod queue;
pub(crate) mod shared;
pub(crate) mod ticket;

use std::mem::take;
use std::sync::Arc;

use flashpaper_chat::UnixTime;
use flashpaper_xmpp::Binding;
use flashpaper_xmpp::removal::Accepted;
use serde::Serialize;
use tokio::time::timeout;

use self::plan::{Act, End, Found, Gone, Known, Outcome, Plan};
use crate::account::{Account, State};
use crate::burner::LiveBurner;
use crate::connection::handle::Ending;
use crate::context::Context;
use crate::event::{Event, ServerWords, Step};
use crate::identity::password_of_nobody;
use crate::network::connect::{self as link, Bound, within};
use crate::{Error, limits};

/// How a burn ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BurnReport {
    /// How sure it is that the account is gone.
    pub outcome: BurnOutcome,
    /// What stood in the way, for the outcomes that are not final.
    #[serde(skip)]
    pub reason: Option<Error>,
}

/// How sure it is that an account is gone. A server may keep other data of it for longer; nobody can see that from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BurnOutcome {
    /// It could log in, was removed, and then could not log in on a new stream with a checked certificate. Forgotten.
    Proven,
    /// Its server removes no accounts. It could log in, was given a password that nobody keeps, and then could not log in on a new
    /// stream with a checked certificate. Its contacts were taken off the server's list. Forgotten.
    Disabled,
    /// It could not log in before anything was removed. The server has said so twice, ten minutes apart and by other circuits,
    /// or has confirmed the removal before. Forgotten.
    AlreadyGone,
    /// The server confirmed the removal, but that the login is refused could not be shown; or it neither removes the account nor
    /// takes another password ([`Error::ServerRefused`]). All but the removal is forgotten: see
    /// [`crate::Engine::pending_removals`].
    Unproven,
    /// The server could not be asked, or it has refused the login ([`Error::Auth`]) for the first time. A server with a broken
    /// password check does that, too. All but the removal is forgotten: see [`crate::Engine::pending_removals`].
    Queued,
}

/// Burns an account, or tries a removal in the queue. Where the end says that the server is to be asked again, that is left to the
/// caller.
pub(crate) async fn burn(context: &Arc<Context>, burner: &Arc<LiveBurner>) -> Result<End, Error> {
    // Before anybody is told: from here on it is burnt, whenever the process ends. One that is being made is waited for.
    if burner.account().state == State::Active {
        burner.change_on_disk(|account| account.set_state(State::Burning)).await?;
    }
    say_goodbye(burner).await;
    context.hang_up(burner, Ending::Pause);
    // A creation that is under way is waited for: only then it is known what there is to burn.
    let _one_at_a_time = burner.work.lock().await;
    // Forgotten or queued meanwhile, say.
    let burner = context.burners.get(&burner.id)?;
    if burner.is_queued() {
        // A key store may have refused that.
        context.wipe().await?;
    }
    Ok(follow(context, &burner, Plan::burn).await)
}

/// Takes a burner off this device at once: what is left is its removal, in the queue.
pub(crate) async fn wipe(context: &Arc<Context>, burner: &Arc<LiveBurner>) -> Result<(), Error> {
    context.hang_up(burner, Ending::Goodbye);
    if !burner.is_queued() {
        // A burn or a settlement that waits for the server is not waited for.
        burner.wiping.cancel();
    }
    let _one_at_a_time = burner.work.lock().await;
    context.queue_removal(&context.burners.get(&burner.id)?).await
}

/// What the caller of a burn is told.
pub(crate) fn report(outcome: Outcome) -> Result<BurnReport, Error> {
    let (outcome, reason) = match outcome {
        Outcome::Gone(Gone::Proven) => (BurnOutcome::Proven, None),
        Outcome::Gone(Gone::Disabled) => (BurnOutcome::Disabled, None),
        Outcome::Gone(Gone::Already) => (BurnOutcome::AlreadyGone, None),
        Outcome::Unproven(why) => (BurnOutcome::Unproven, Some(why)),
        Outcome::Queued(why) => (BurnOutcome::Queued, Some(why)),
        Outcome::Failed(why) => return Err(why),
        // A burn keeps none.
        Outcome::Kept => return Err(Error::Internal),
    };
    Ok(BurnReport { outcome, reason })
}

/// Carries out a plan to its end. For the holder of the account's lock.
pub(crate) async fn follow(
    context: &Arc<Context>,
    burner: &Arc<LiveBurner>,
    begin: fn(Known, UnixTime) -> Plan,
) -> End {
    let account = burner.account();
    let Account { state, removed, denied, refused, .. } = *account;
    let known = Known { state, removed, denied, refused };
    let mut plan = begin(known, context.services.now());
    let mut work = Work { context, burner, stream: Stream::None };
    loop {
        let act = match plan.act() {
            Act::End(end) => return end.clone(),
            act => act.clone(),
        };
        let came = if act.asks_the_server() {
            let came = burner.wiping.run_until_cancelled(work.carry_out(&act)).await;
            came.unwrap_or(Err(Error::Cancelled))
        } else {
            work.carry_out(&act).await
        };
        plan.next(came, context.services.now());
    }
}

async fn look_for_it(context: &Arc<Context>, burner: &Arc<LiveBurner>) -> Result<Found, Error> {
    let mut session = link::log_in(context, burner, &mut |_| ()).await?;
    // The process may have died before it came to that.
    let is_of_use = if burner.account().state == State::Pending {
        is_of_use(context, burner, &mut session).await?
    } else {
        let _ = within(limits::EXCHANGE, session.refuse_archive()).await;
        true
    };
    link::close(session).await;
    Ok(if is_of_use { Found::Done } else { Found::OfNoUse })
}

/// Whether an account that was to become a burner can be one: what its creation would have seen, had it come so far.
async fn is_of_use(context: &Arc<Context>, burner: &LiveBurner, session: &mut Bound) -> Result<bool, Error> {
    let tried = within(limits::EXCHANGE, session.try_out()).await??;
    // Of use to the user as much as in a creation that was not cut off.
    for words in tried.words {
        let step = Step::ServerSays { words: ServerWords(words) };
        context.services.reporter.report(Event::Creating { burner: burner.id.clone(), step });
    }
    if tried.quarantined {
        context.learn(&burner.account(), &Error::Quarantined).await;
    }
    // Somebody in the middle of this stream may have brought it about that the login was not bound: none may stay so.
    let is_safe = session.binding() != Binding::Unbound && session.offers_management();
    Ok(is_safe && tried.reachable && !tried.quarantined)
}

/// Tells peers that private conversations end, where there is a connection to tell them by.
async fn say_goodbye(burner: &Arc<LiveBurner>) {
    // One that is connected has its conversations in memory: none is read for this.
    let Some(handle) = burner.connection().filter(|handle| handle.connection().is_online()) else { return };
    if burner.converse_on_disk(|talk| talk.finish_all()).await.is_ok() {
        let _ = timeout(limits::GOODBYE, handle.drained_anew()).await;
    }
}

/// What the acts of a plan work with.
struct Work<'a> {
    context: &'a Arc<Context>,
    burner: &'a Arc<LiveBurner>,
    stream: Stream,
}

/// How far the removal's stream is.
#[derive(Default)]
enum Stream {
    #[default]
    None,
    LoggedIn(Box<Bound>),
    Removed(Accepted),
}

impl Work<'_> {
    /// Carries out one act. When it fails, the stream is gone.
    async fn carry_out(&mut self, act: &Act) -> Result<Found, Error> {
        let (context, burner) = (self.context, self.burner);
        let mut report = |step| context.services.reporter.report(Event::Burning { burner: burner.id.clone(), step });
        match (act, take(&mut self.stream)) {
            (Act::RenewCircuits, _) if !context.new_circuits(&burner.id) => return Ok(Found::NoNewCircuits),
            (Act::RenewCircuits, _) => {}
            (Act::LookForIt, _) => return look_for_it(context, burner).await,
            (Act::LogIn, _) => {
                self.stream = Stream::LoggedIn(Box::new(link::log_in(context, burner, &mut report).await?))
            }
            (Act::EmptyRoster, Stream::LoggedIn(mut session)) => {
                within(limits::EXCHANGE, session.empty_roster()).await??;
                self.stream = Stream::LoggedIn(session);
            }
            (Act::Remove, Stream::LoggedIn(session)) => {
                let accepted = within(limits::EXCHANGE, session.remove_account()).await??;
                self.stream = Stream::Removed(accepted);
            }
            (Act::NoteDenial, _) => burner.change_on_disk(|account| account.denied = true).await?,
            (Act::ChangePassword, Stream::LoggedIn(session)) => {
                let password = password_of_nobody(&mut context.services.rng());
                let accepted = within(limits::EXCHANGE, session.change_password(&password)).await??;
                self.stream = Stream::Removed(accepted);
            }
            (Act::NoteRemoval, Stream::Removed(accepted)) => {
                burner.change_on_disk(|account| account.removed = true).await?;
                report(if burner.account().denied { Step::Disabled } else { Step::Removed });
                self.stream = Stream::Removed(accepted);
            }
            (Act::Prove, Stream::Removed(accepted)) => {
                let link = link::open_for(context, burner, &mut report).await?;
                let login = within(limits::EXCHANGE, link.try_login(&link::credentials(&burner.account()))).await?;
                accepted.proven_by(login)?;
                report(Step::ProvenGone);
            }
            (Act::Keep, _) => set_state(burner, State::Active).await?,
            (Act::BeginRemoval, _) => set_state(burner, State::Burning).await?,
            (Act::NoteRefusal { at }, _) => {
                let at = *at;
                burner.change_on_disk(move |account| account.refused = Some(at)).await?;
            }
            (Act::Queue(_), _) => context.queue_removal(burner).await?,
            (Act::Forget(_), _) => context.forget_with_shared(&burner.id).await?,
            // An act that the stream is not ready for.
            _ => return Err(Error::Internal),
        }
        Ok(Found::Done)
    }
}

async fn set_state(burner: &Arc<LiveBurner>, state: State) -> Result<(), Error> {
    burner.change_on_disk(move |account| account.set_state(state)).await
}

#[cfg(test)]
mod tests;
