//! Bringing a burner back from its recovery words: log in as what the words give, then store it. Nothing is registered.

use std::sync::Arc;

use flashpaper_chat::{Address, Mailbox};
use flashpaper_vault::Batch;
use tokio_util::sync::CancellationToken;

use crate::account::{Account, State};
use crate::burner::summary::Burner;
use crate::context::Context;
use crate::directory::Server;
use crate::event::{BurnerId, Event, Step};
use crate::identity::{Identity, RecoveryWords};
use crate::network::connect::{self as link, within};
use crate::route::Route;
use crate::tasks::blocking;
use crate::{Error, limits};

/// What is brought back, and from where.
pub(crate) struct Restore {
    pub(crate) words: RecoveryWords,
    pub(crate) server: Server,
    pub(crate) route: Option<Route>,
}

impl Restore {
    /// Cancelled, it has stored nothing.
    pub(crate) async fn run(self, context: &Arc<Context>, cancel: &CancellationToken) -> Result<Burner, Error> {
        let Self { words, server, route } = self;
        let _shares = context.beginning.read().await;
        // It ends with the last burner.
        context.run_tor(None, true).await?;
        let (domain, way) = (server.domain.as_str(), server.way(route));
        server.endpoints(way.first)?;
        let identity = Identity::from_words(&words, domain);
        let mut account = Account::new(identity, domain, way, context.services.now(), &mut context.services.rng());
        // The user has named the server.
        (account.named, account.state) = (true, State::Active);
        let id = BurnerId(account.id.clone());
        let find = find(context, &id, &server, &mut account);
        let found = cancel.run_until_cancelled(find).await.unwrap_or(Err(Error::Cancelled));
        // A burner has its circuits from its own first connection on.
        context.tor.forget(&id);
        let contacts = found?;
        let (context, restored) = (Arc::clone(context), Burner::of(&account));
        blocking(move || {
            check_absent(&context, &account)?;
            // With its contacts in one commit: without them it would answer nobody.
            let mut mailbox = Mailbox::default();
            for contact in &contacts {
                let peer = mailbox.peer(contact);
                mailbox.befriend(peer);
            }
            context.burners.add_with(account, mailbox, Batch::default()).map(drop)
        })
        .await?;
        Ok(restored)
    }
}

fn check_absent(context: &Context, account: &Account) -> Result<(), Error> {
    let jid = account.jid();
    let is_here = context.burners.all()?.iter().any(|burner| burner.account().jid() == jid);
    if is_here { Err(Error::AlreadyHere) } else { Ok(()) }
}

/// Logs in, which shows that the account is there. Notes how it did; gives the contacts that its server knows.
async fn find(
    context: &Arc<Context>,
    id: &BurnerId,
    server: &Server,
    account: &mut Account,
) -> Result<Vec<Address>, Error> {
    check_absent(context, account)?;
    let reporter = &context.services.reporter;
    let mut report = |step| reporter.report(Event::Restoring { burner: id.clone(), step });
    let opened = link::open(context, id, server, account.way(), &mut report).await?;
    let credentials = link::credentials(account);
    let login = within(limits::EXCHANGE, opened.log_in(&credentials, context.services.ids())).await?;
    let mut session = login.map_err(|error| match Error::from(error) {
        Error::Auth => Error::NoSuchBurner,
        error => error,
    })?;
    account.note_login(session.binding());
    report(Step::LoggedIn);
    let contacts = within(limits::EXCHANGE, session.contacts(limits::RESTORED_CONTACTS)).await??;
    link::close(session).await;
    Ok(contacts.iter().filter_map(|jid| Address::parse(jid)).collect())
}
