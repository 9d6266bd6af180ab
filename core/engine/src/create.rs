//! Making a burner: draw an identity, seal it, register it over circuits of its own, show that it can be reached.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use data_encoding::HEXLOWER;
use flashpaper_chat::History;
use flashpaper_xmpp::RegisterError;
use rand::{Rng as _, RngExt as _};
use tokio::sync::OwnedMutexGuard;
use tokio_util::sync::CancellationToken;

use crate::directory::Server;
use crate::event::{BurnerId, Event, Settlement, Step};
use crate::identity::{Identity, RecoveryWords};
use crate::inner::Inner;
use crate::network::connect::{self as link, within};
use crate::route::Way;
use crate::store::{Account, Content, State};
use crate::{Burner, BurnerState, Error, Route, limits, reconcile};

/// What kind of burner to make. The default is what one tap does.
#[derive(Clone, Default)]
pub struct CreateOptions {
    /// The server's domain; a random good one of the directory when absent.
    pub server: Option<String>,
    /// The route, and no other. When absent: the onion address where there is one, and the exit where that does not answer.
    pub route: Option<Route>,
    /// Derive the identity from twelve recovery words instead of drawing each part. The words are evidence that links
    /// their holder to the account; [`crate::Engine::recovery_words`] has them until they are dropped.
    pub recoverable: bool,
}

impl fmt::Debug for CreateOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateOptions").field("route", &self.route).finish_non_exhaustive()
    }
}

pub(crate) async fn create(
    inner: &Arc<Inner>,
    options: CreateOptions,
    cancel: &CancellationToken,
) -> Result<Unclaimed, Error> {
    let server = inner.choose_server(options.server.as_deref(), options.route)?;
    let way = server.way(options.route);
    server.endpoints(way.first)?;
    let mut outcome = Err(Error::NamesTaken);
    for _ in 0..limits::NAMES {
        // A form that was sent uses up its identity and its circuits: each attempt has new ones.
        outcome = attempt(inner, &server, way, options.recoverable, cancel).await;
        if !matches!(outcome, Err(Error::NamesTaken)) {
            break;
        }
    }
    outcome
}

async fn attempt(
    inner: &Arc<Inner>,
    server: &Server,
    way: Way,
    recoverable: bool,
    cancel: &CancellationToken,
) -> Result<Unclaimed, Error> {
    // Without Tor nothing is drawn or counted.
    inner.dialers().await?;
    let account = draw(inner, server, way, recoverable);
    let unclaimed = Unclaimed::seal(inner, &account)?;
    let id = BurnerId(account.id.clone());
    let mut report = |step| inner.reporter.report(Event::Creating { burner: id.clone(), step });
    report(Step::Sealed { via: way.first });

    let made = {
        let mut work = pin!(make(inner, &account, &unclaimed.may_exist, &mut report));
        match cancel.run_until_cancelled(&mut work).await {
            Some(made) => made,
            None => {
                if unclaimed.may_exist.load(Relaxed) {
                    // Whatever happens while this waits, the next start is to remove it.
                    let _ = inner.commit(|content| content.set_state(&account.id, State::Unwanted));
                    // Only the server's answer tells whether there is something to remove; the caller is gone already.
                    let _ = work.await;
                }
                Err(Error::Cancelled)
            }
        }
    };
    if let Err(error) = made {
        let (lock, may_exist) = (inner.lock_of(&account.id), unclaimed.may_exist.load(Relaxed));
        drop(unclaimed);
        if !may_exist {
            // Whoever is told the error does not find it in a list any more.
            let _forgotten = lock.lock().await;
        }
        return Err(error);
    }
    Ok(unclaimed)
}

/// An account that nobody has taken yet: on the way, or made but not handed over. Dropped, it is given up: forgotten if
/// it cannot exist, else removed in the background, or by the next start.
pub(crate) struct Unclaimed {
    inner: Arc<Inner>,
    burner: Burner,
    /// True while there may be an account at the server.
    may_exist: AtomicBool,
    claimed: bool,
    /// Nobody else works on the account meanwhile.
    lock: Option<OwnedMutexGuard<()>>,
}

impl Unclaimed {
    fn seal(inner: &Arc<Inner>, account: &Account) -> Result<Self, Error> {
        let now = inner.now();
        let lock = inner.lock_of(&account.id).try_lock_owned().map_err(|_| Error::Internal)?;
        inner.commit(|content| store(content, account, now))??;
        let burner = Burner { state: BurnerState::Active, ..Burner::of(account) };
        Ok(Self {
            inner: Arc::clone(inner),
            burner,
            may_exist: AtomicBool::new(false),
            claimed: false,
            lock: Some(lock),
        })
    }

    /// Makes it the caller's.
    pub(crate) fn claim(mut self) -> Result<Burner, Error> {
        self.inner.commit(|content| content.set_state(&self.burner.id.0, State::Active))?;
        self.burner = Burner::of(&self.inner.account(&self.burner.id.0)?);
        self.claimed = true;
        Ok(self.burner.clone())
    }
}

impl Drop for Unclaimed {
    fn drop(&mut self) {
        let id = self.burner.id.0.clone();
        // A commit that fails leaves the account as pending: the next start looks at it.
        if self.claimed {
            return;
        }
        if !*self.may_exist.get_mut() {
            let (inner, lock) = (Arc::clone(&self.inner), self.lock.take());
            self.inner.begin_blocking(move || {
                let forgotten = inner.forget_now(&id).is_ok();
                let outcome = if forgotten { Settlement::Absent } else { Settlement::Unknown };
                // Whoever gave up waiting has it in a list still.
                inner.reporter.report(Event::Settled { burner: BurnerId(id), outcome });
                drop(lock);
            });
        } else if self.inner.commit(|content| content.set_state(&id, State::Unwanted)).is_ok() {
            let inner = Arc::clone(&self.inner);
            self.inner.spawn(async move { reconcile::settle(&inner, &id).await });
        }
    }
}

/// `may_exist` is true while there may be an account.
async fn make(
    inner: &Inner,
    account: &Account,
    may_exist: &AtomicBool,
    report: &mut (dyn FnMut(Step) + Send),
) -> Result<(), Error> {
    let mut connection = link::open_for(inner, account, report).await?;
    if !connection.offers_safe_login() {
        // A registration tells the password: an account of no use is not worth that, and could not be removed.
        return Err(Error::NoSafeLogin);
    }
    let credentials = link::credentials(account);
    let mut ids = inner.ids();
    let form = within(limits::EXCHANGE, connection.ask_registration(&mut ids)).await??;
    may_exist.store(true, Relaxed);
    if let Err(error) = within(limits::EXCHANGE, connection.register(form, &credentials, &mut ids)).await? {
        may_exist.store(error == RegisterError::Lost, Relaxed);
        return Err(error.into());
    }
    report(Step::Registered);
    let mut session = link::bind(inner, connection, account, report).await?;
    if !session.offers_management() {
        return Err(Error::NoSafeDelivery);
    }
    let reachable = within(limits::EXCHANGE, session.ping_self()).await??;
    within(limits::EXCHANGE, session.refuse_archive()).await??;
    link::close(session).await;
    if !reachable {
        return Err(Error::ServerRefused);
    }
    report(Step::Reachable);
    Ok(())
}

fn draw(inner: &Inner, server: &Server, way: Way, recoverable: bool) -> Account {
    let domain = server.domain.as_str();
    let created = inner.now();
    let rng = &mut inner.rng();
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

/// Stores the account and counts the registration.
fn store(content: &mut Content, account: &Account, now: u64) -> Result<(), Error> {
    within_cap(content, now)?;
    let window = limits::CAP_WINDOW.as_secs();
    content.registrations.retain(|at| now < at.saturating_add(window));
    content.registrations.push(now);
    content.accounts.push(account.clone());
    Ok(())
}

/// The cap keeps this library from being of use for making accounts in bulk. A clock set back does not lift it.
pub(crate) fn within_cap(content: &Content, now: u64) -> Result<(), Error> {
    let window = limits::CAP_WINDOW.as_secs();
    let recent = content.registrations.iter().map(|at| at.saturating_add(window)).filter(|until| now < *until);
    let (count, first) = recent.fold((0, u64::MAX), |(count, first), until| (count + 1, first.min(until)));
    if count < limits::CAP {
        return Ok(());
    }
    let wait = Duration::from_secs((first - now).min(window));
    Err(Error::RateLimited { retry_after: Some(wait) })
}
