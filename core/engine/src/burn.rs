//! Burning: remove the account at its server, then show that its login is refused, then forget it.

use std::sync::Arc;

use flashpaper_xmpp::removal::Accepted;
use serde::Serialize;
use tokio::time::timeout;

use crate::connection::handle::Ending;
use crate::event::{BurnerId, Connection, Event, Step};
use crate::inner::{Inner, lock};
use crate::network::connect::{self as link, within};
use crate::store::{Account, State};
use crate::{Error, limits, refusal};

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
    /// It could not log in before anything was removed. The server has said so twice, ten minutes apart and by other circuits,
    /// or has confirmed the removal before. Forgotten.
    AlreadyGone,
    /// The server confirmed the removal, but that the login is refused could not be shown. The next start goes on.
    Unproven,
    /// The server could not be asked, or it has refused the login ([`Error::Auth`]) for the first time. A server with a broken
    /// password check does that, too, so it is asked again ten to twenty minutes later. The next start goes on, too.
    Queued,
}

pub(crate) async fn burn(inner: &Arc<Inner>, id: &BurnerId) -> Result<BurnReport, Error> {
    // Before anybody is told: from here on it is burnt, whenever the process ends. One that is being made is waited for.
    if inner.account(&id.0)?.state == State::Active {
        inner.commit(|content| content.set_state(&id.0, State::Burning))?;
    }
    say_goodbye(inner, id).await;
    let was_connected = inner.hang_up(id, Ending::Pause);
    let report = {
        // A creation that is under way is waited for: only then it is known what there is to burn.
        let _one_at_a_time = inner.lock_of(&id.0).lock_owned().await;
        burn_locked(inner, id).await
    };
    if was_connected && report == Err(Error::ServerRefused) {
        inner.pick_up(id, true, inner.soon())?;
    }
    report
}

/// [`burn`] for whoever holds the account's lock.
pub(crate) async fn burn_locked(inner: &Arc<Inner>, id: &BurnerId) -> Result<BurnReport, Error> {
    let account = inner.account(&id.0)?;
    // An account that nobody wanted does not become a burner by a refusal.
    let before = if account.state == State::Unwanted { State::Unwanted } else { State::Active };
    inner.commit(|content| content.set_state(&id.0, State::Burning))?;
    let mut report = |step| inner.reporter.report(Event::Burning { burner: id.clone(), step });
    let shows_absence = refusal::shows_absence(inner, &account);
    let outcome = match remove(inner, &account, &mut report).await {
        Ok(accepted) => match prove(inner, &account, accepted, &mut report).await {
            Ok(()) => BurnOutcome::Proven,
            Err(reason) => return Ok(BurnReport { outcome: BurnOutcome::Unproven, reason: Some(reason) }),
        },
        Err(Error::Auth) if shows_absence => BurnOutcome::AlreadyGone,
        Err(Error::ServerRefused) => {
            inner.commit(|content| content.set_state(&id.0, before))?;
            return Err(Error::ServerRefused);
        }
        Err(reason) => {
            if reason == Error::Auth {
                refusal::note(inner, &account)?;
            }
            return Ok(BurnReport { outcome: BurnOutcome::Queued, reason: Some(reason) });
        }
    };
    inner.forget(&id.0).await?;
    Ok(BurnReport { outcome, reason: None })
}

/// Tells peers that private conversations end, where there is a connection to tell them by.
async fn say_goodbye(inner: &Inner, id: &BurnerId) {
    let handle = lock(&inner.handles).get(&id.0).cloned();
    // One that is connected has its conversations in memory: none is read for this.
    let Some(handle) = handle.filter(|handle| handle.connection() == Connection::Online) else { return };
    if inner.converse(&id.0, |talk| talk.finish_all()).is_ok() {
        let _ = timeout(limits::GOODBYE, handle.drained_anew()).await;
    }
}

/// Logs in, which shows that the account exists, takes everybody off its list of contacts, and removes it. [`Error::Auth`]
/// means that there was none.
async fn remove(inner: &Inner, account: &Account, report: &mut (dyn FnMut(Step) + Send)) -> Result<Accepted, Error> {
    let mut session = link::log_in(inner, account, report).await?;
    within(limits::EXCHANGE, session.empty_roster()).await??;
    let accepted = within(limits::EXCHANGE, session.remove_account()).await??;
    inner.commit(|content| content.account_mut(&account.id).map(|account| account.removed = true))?;
    report(Step::Removed);
    Ok(accepted)
}

/// The same credentials on a new stream have to be refused.
async fn prove(
    inner: &Inner,
    account: &Account,
    accepted: Accepted,
    report: &mut (dyn FnMut(Step) + Send),
) -> Result<(), Error> {
    let link = link::open_for(inner, account, report).await?;
    let login = within(limits::EXCHANGE, link.try_login(&link::credentials(account))).await?;
    accepted.proven_by(login)?;
    report(Step::ProvenGone);
    Ok(())
}
